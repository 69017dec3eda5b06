"""Session: the single source of truth of the window. Panels draw what it holds and ask it to change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, Signal, Slot

from core.config import ImportConfig, TrainConfig
from core.errors import EditError, LatentDialsError
from core.places import kept_folder
from core.translate import tr
from gui import heavy
from gui.analyst import QUICK_LIMIT, Subject
from gui.compared_runs import ComparedRuns
from gui.edit_state import Document
from gui.follower import Follower
from gui.heat_map import HeatMap
from gui.keeping import Keeping
from gui.labeller import Labeller
from gui.loading import Loading
from gui.memory import SavedSession
from gui.new_run import new_run_path, safe_name
from gui.opener import BUILT_IN, FIRST_FACES, Opener
from gui.replay import Replay
from gui.saved_work import SavedWork
from gui.source_watch import SourceWatch
from gui.trainer import PreviewRequest, Trained, Trainer, TrainingState
from gui.whereabouts import Whereabouts

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset
    from core.export.recipe import Recipe
    from core.labels import Labels
    from core.runs import Run

PREVIEW_COUNT = 6
# While a network trains, its codes are measured again: soon at first, when it changes most, then less and
# less often, since each time costs training about 5 % of its next 5 s (fc, two cores).
FIRST_STUDY_INTERVAL_MS = 4_000
STUDY_INTERVAL_GROWTH = 3
STUDY_INTERVAL_MS = 60_000


@dataclass(frozen=True)
class Task:
    """Long work that the status bar shows; total 0 means that its length is not known."""

    text: str
    done: int = 0
    total: int = 0
    cancellable: bool = True


class Session(Keeping):
    """Data, run, training; the document is in Editing, its pictures in Showing, what stays of it in Keeping.

    Signals, beside those of Keeping:
        dataset_changed(): dataset is another, or none.
        run_changed(): run is another, or none.
        model_changed(): codec has other weights, or there is none.
        task_changed(): task is another, or None.
        opening_changed(): awaits_pictures or awaits_model is another.
        labels_changed(): dataset has other labels, and is the same otherwise.
        taken_up(bool): take_up() has come to its end, and whether the work is shown; why not was said.
        closing(): the window goes, and whoever has a thread of his own ends it before this returns.
    """

    dataset_changed = Signal()
    run_changed = Signal()
    model_changed = Signal()
    task_changed = Signal()
    opening_changed = Signal()
    labels_changed = Signal()
    taken_up = Signal(bool)
    closing = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.task: Task | None = None
        self._awaited = (False, False)
        self._to_take_up: SavedWork | None = None
        self.pictures_changed.connect(self._on_pictures_changed)
        self.analyst.progressed.connect(self._on_analyst_progressed)
        self.heat = HeatMap(self)
        self.closing.connect(self.heat.close)
        self.whereabouts = Whereabouts(self)
        self.whereabouts.failed.connect(self._on_failed)
        self.trainer = Trainer(self)
        self.trainer.weights_arrived.connect(self._on_weights_arrived)
        self.trainer.ended.connect(self._on_training_ended)
        self.trainer.failed.connect(self._on_failed)
        self.follower = Follower(self.trainer, self)
        self.follower.state_changed.connect(self._share_cores)
        self.follower.config_changed.connect(self.run_changed)
        self.follower.codec_arrived.connect(self._on_newer_codec)
        self.follower.message_posted.connect(self.message_posted)
        self.follower.lost.connect(self._on_failed)
        self.trainer.state_changed.connect(self._follow)
        self.compared = ComparedRuns(self.closing, self)
        self.compared.failed.connect(self._on_failed)
        self.replay = Replay(self, (self.dataset_changed, self.run_changed), self.closing)
        self.replay.failed.connect(self._on_failed)
        self.model_changed.connect(self.replay.look)
        self.source_watch = SourceWatch(self)
        self.source_watch.changed.connect(self.failed)
        self.labeller = Labeller(self)
        self.labeller.labels_read.connect(self._on_labels_read)
        self.labeller.failed.connect(self._on_failed)
        self.model_changed.connect(self._on_model_changed)
        self.loading = Loading(self)
        self.loading.failed.connect(self._on_failed)
        self.opener = Opener(self, self)
        self.opener.dataset_opened.connect(self.put_dataset)
        self.opener.dataset_grown.connect(self.put_more)
        self.opener.run_opened.connect(self.put_run)
        self.opener.document_opened.connect(self.put_document)
        self.opener.detail_opened.connect(self.set_detail)
        self.opener.progressed.connect(self._on_opener_progressed)
        self.opener.ended.connect(self._on_opener_ended)
        self.opener.message_posted.connect(self.message_posted)
        self.opener.warned.connect(self.failed)
        self.opener.failed.connect(self._on_failed)
        self.trainer.state_changed.connect(self._share_cores)
        self._late_weights: dict[str, object] | None = None  # that came while a hand was on a dial
        self._studied = QElapsedTimer()
        self._study_interval_ms = FIRST_STUDY_INTERVAL_MS

    # ---- what is ---------------------------------------------------------------------------------------

    @property
    def is_training(self) -> bool:
        """Whether a run is being trained, paused or stopped right now."""
        return self.trainer.is_active

    @property
    def is_idle(self) -> bool:
        """Whether every picture asked for has been shown."""
        return self._renderer.idle and not self.opener.is_busy

    @property
    def awaits_pictures(self) -> bool:
        """Whether there are no pictures yet and some are being opened."""
        return self.dataset is None and self.opener.is_busy

    @property
    def awaits_model(self) -> bool:
        """Whether there is no model yet and one is being opened."""
        return self.codec is None and self.opener.run_to_come is not None

    @property
    def kept_folder(self) -> Path | None:
        """Where what is measured of the open run is kept: its own folder, unless it is the bundled one."""
        return kept_folder(self.run.path) if self.run is not None else None

    # ---- hands ------------------------------------------------------------------------------------------

    def hold_hand(self, held: bool) -> None:
        """A hand is on a dial: training waits, measurements leave it the cores, pictures may be sketches."""
        self._is_held = held
        self.hand_changed.emit(held)
        self.trainer.hold(held)
        self.keeper.hold(held)
        self._share_cores()
        if self.pictures is not None and (held or not self.edit.is_empty):
            self._request_pictures()  # so that what decodes them is warm; in full once the hand has gone
        late, self._late_weights = self._late_weights, None
        if late is not None:
            self._on_weights_arrived(late)

    # ---- previews --------------------------------------------------------------------------------------

    def set_previews(self, indices: tuple[int, ...]) -> None:
        """Choose the pictures that are reconstructed anew while a network learns."""
        if self.dataset is None:
            return
        indices = tuple(dict.fromkeys(index for index in indices if 0 <= index < len(self.dataset)))
        if indices != self.preview_indices:
            self.preview_indices = indices
            self.previews_chosen.emit()
            self._request_previews()

    def toggle_preview(self, index: int) -> None:
        """Put a picture among the previews, or take it out."""
        chosen = self.preview_indices
        without = tuple(known for known in chosen if known != index)
        self.set_previews(without if index in chosen else (*chosen, index))

    # ---- opening ---------------------------------------------------------------------------------------

    def open_dataset(
        self, source: str | Path, policy: ImportConfig | None = None, then_select: int = 0
    ) -> None:
        """Import pictures in the background; the model stays where it fits them."""
        self.opener.open_dataset(str(source), policy or ImportConfig(), then_select)

    def open_run(self, path: Path) -> None:
        """Open a run's folder, with its own data where they can be found."""
        self.opener.open_run(path)

    def open_path(self, path: Path) -> None:
        """Open whatever a path is: a run, a PNG with a recipe, or pictures."""
        self.opener.open_path(path)

    def open_labels(self, path: Path) -> None:
        """Read labels for the open pictures from a CSV or CelebA's list_attr file, in the background."""
        if self.dataset is None:
            self.failed.emit(tr("Open pictures first: labels are matched to them."))
        elif self.opener.is_growing:
            self.failed.emit(tr("The built-in faces are still being drawn: open their labels in a moment."))
        else:
            self.message_posted.emit(tr("Reading {name}…", name=path.name))
            self.labeller.read(path, self.dataset)

    def cancel_task(self) -> None:
        """Give up the long work that task shows."""
        if self.opener.is_busy:
            self.opener.cancel()
        else:
            self.analyst.cancel()
            self.message_posted.emit(
                self.codes_missing or tr("Measuring was cancelled; what is known stays.")
            )

    @property
    def codes_missing(self) -> str:
        """That the codes will not be known by themselves, and the way on; empty where they will."""
        if self.run is None or not self.can_measure_codes:
            return ""
        return tr(
            "The codes of {name} were not measured to the end: Model > Measure the codes goes on with it.",
            name=self.run.name,
        )

    @property
    def can_measure_codes(self) -> bool:
        """Whether the codes of the weights that are shown are not all measured, and nobody is at it."""
        if self.codec is None or self.dataset is None:
            return False
        if self.is_training or self.follower.is_live:  # the weights change soon
            return False
        return self.analyst.lacks(self.codec, heavy.encoding.CODES_LIMIT)

    def measure_codes(self) -> None:
        """Go on with the measurement of the codes, which was cancelled, or failed, or has not begun."""
        if self.can_measure_codes:
            self._study(heavy.encoding.CODES_LIMIT)

    # ---- training --------------------------------------------------------------------------------------

    def start_training(self, config: TrainConfig) -> None:
        """Train a new run of the data that are open."""
        if self.dataset is None:
            self.failed.emit(tr("There is nothing to train on: open pictures first."))
            return
        if self.trainer.is_active:
            self.failed.emit(tr("A run is being trained: stop it first."))
            return
        if self.opener.is_growing:
            self.failed.emit(tr("The built-in faces are still being drawn: train in a moment."))
            return
        try:
            run = heavy.runs.Run.create(_new_run_path(config, self.dataset), config, self.dataset.identity)
        except (LatentDialsError, OSError) as error:
            self.failed.emit(str(error))
            return
        self.put_run(run, None)
        self.trainer.start(self.dataset, config, run, resume=False)

    @property
    def can_continue(self) -> bool:
        """Whether the open run can be trained further."""
        run = self.run
        return (
            run is not None
            and self.dataset is not None
            and not self.trainer.is_active
            and not self.follower.is_live
            and run.has_checkpoint
            and run.config.data.fingerprint == self.dataset.identity.fingerprint
        )

    def continue_training(self, epochs: int | None = None) -> None:
        """Train the open run further, from its last checkpoint, up to epochs in all."""
        if self.follower.is_live and self.run is not None:
            self.failed.emit(
                tr(
                    "{name} is being trained elsewhere right now: stop it there first, or train a new run.",
                    name=self.run.name,
                )
            )
            return
        if not self.can_continue or self.run is None or self.dataset is None:
            self.failed.emit(
                tr("This run cannot be continued: its checkpoint or its pictures are not at hand.")
            )
            return
        try:
            run = self.run
            config = run.with_epochs(epochs) if epochs else run.config.train
            self.trainer.start(self.dataset, config, run, resume=True)
        except LatentDialsError as error:
            self.failed.emit(str(error))

    # ---- what was opened ----------------------------------------------------------------------

    @Slot(object, int)
    def put_dataset(self, dataset: ImageDataset, select: int) -> None:
        """Take over pictures that were opened. A model that does not fit is closed."""
        self.keeper.commit()
        self._basis = None
        self.dataset = dataset
        self.groups = ((), ())
        self.source_watch.watch(dataset.identity.source)
        self.target_index = -1
        self._document = Document()
        self.undo_stack.clear()
        self.pictures = self._shown = None
        self.preview_indices = _spread(len(dataset), PREVIEW_COUNT)
        keeps_model = self.codec is not None and self.codec.picture_shape == dataset.picture_shape
        self.dataset_changed.emit()
        self.groups_changed.emit()
        self.labeller.recall(dataset)
        if not keeps_model and self.run is not None:
            self.put_run(None, None)
        self.previews_chosen.emit()
        self._take_up_document(min(max(select, 0), len(dataset) - 1))
        if self.codec is not None:
            self._study(heavy.encoding.CODES_LIMIT)
        self._request_previews()
        self.keeper.commit()  # of which the next start needs to know what is open

    @Slot(object)
    def put_more(self, dataset: ImageDataset) -> None:
        """Take over pictures that begin with those that are open; the document and its history stay."""
        self.dataset = dataset
        self._basis, _saved = self._read_document()
        self.dataset_changed.emit()
        self.selection_changed.emit()
        if self.codec is not None:
            self._study(heavy.encoding.CODES_LIMIT)
        self.keeper.commit()

    @Slot(object, object)
    def put_run(self, run: Run | None, codec: Codec | None) -> None:
        """Take over a run that was opened or made, with its codec if it has weights."""
        self.keeper.commit()
        self._basis = None
        self._late_weights = None
        self.run, self.codec = run, codec
        self.dial = 0
        self.pictures = self.traversal = self._shown = None
        self.kept_pictures = ()
        self.presets = {}
        self.analyst.clear()
        self.trainer.show_history(run)
        self._take_up_directions(run.path if run is not None else None)
        self.run_changed.emit()
        self.model_changed.emit()
        index = self.index
        self._document = Document()
        self.undo_stack.clear()
        self._take_up_document(max(index, 0))
        self.pictures_changed.emit()
        self.traversal_changed.emit()
        if codec is not None and self.dataset is not None:
            self._study(heavy.encoding.CODES_LIMIT)
        self._request_previews()
        self._follow()
        self.keeper.commit()

    @Slot(object, str)
    def put_document(self, document: Document, text: str) -> None:
        """Show the picture, edit and kept adjustments of a recipe; a step to undo. Other pictures' stay."""
        merged = self._document.with_kept(document.index, document.kept_of(document.index))
        self._push(text, replace(merged, index=document.index, edit=document.edit))

    def show_task(self, task: Task | None) -> None:
        """Show long work, or that it has ended."""
        if task != self.task:
            self.task = task
            self.task_changed.emit()

    def recipe(self, positions: tuple[int, ...] | None = None, with_edit: bool = True) -> Recipe:
        """How what is on the canvas was made: adjustments(positions, with_edit) of this picture by this run.

        Raises: EditError while there is no picture.
        """
        if self.pictures is None or self.run is None or self.dataset is None:
            raise EditError(tr("There is no edited picture yet: open pictures and a model first."))
        adjustments = [(kept.state.as_edits(), kept.note) for kept in self.adjustments(positions, with_edit)]
        code, data = self.pictures.code, self.dataset.identity
        return heavy.recipe.make_recipe(self.run, data, self.index, code, adjustments, detail=self.has_detail)

    def take_up(self, saved: SavedWork) -> None:
        """Open what another window had open and show what it held; taken_up follows."""
        self._to_take_up = saved
        is_here = self._is_open(saved.open_now) and not self.opener.is_busy
        if is_here or not self.opener.open_again(saved.open_now):
            self._finish_taking_up()

    def close(self) -> None:
        """Save, stop training so that the run is whole, and end every thread."""
        self.closing.emit()
        self.keeper.close()
        self.loading.close()
        self.opener.close()
        self.labeller.close()
        self._close_directions()
        self.source_watch.close()
        self.trainer.close()
        self.follower.close()
        self.analyst.close()
        self.whereabouts.close()
        self._renderer.close()

    # ---- inside ----------------------------------------------------------------------------------------

    def _run_to_keep(self) -> Path | None:
        return self.run.path if self.run else self.opener.run_to_come

    def _is_open(self, saved: SavedSession) -> bool:
        """Whether these pictures and this run are open; the first faces count as all of them."""
        if self.dataset is None:
            return False
        identity, run = self.dataset.identity, str(self.run.path) if self.run else None
        sources = {identity.source, saved.source}
        same_source = len(sources) == 1 or sources == {BUILT_IN, FIRST_FACES}
        return same_source and identity.policy == saved.policy and run == saved.run

    def _finish_taking_up(self) -> None:
        saved, self._to_take_up = self._to_take_up, None
        if saved is None:
            return
        is_open = self._is_open(saved.open_now)
        try:
            if is_open:
                self.put_work(saved)
        except EditError as error:
            self.failed.emit(str(error))
            is_open = False
        self.taken_up.emit(is_open)

    @Slot()
    def _on_pictures_changed(self) -> None:
        if self.pictures is not None:
            self.loading.go_on()

    def _request_previews(self) -> None:
        codec, dataset = self.codec, self.dataset
        if codec is None or dataset is None or codec.picture_shape != dataset.picture_shape:
            self.trainer.request_previews(None)
            return
        record = self.trainer.record
        if record is not None:
            epoch = float(record.epoch)
        else:
            epochs = self.trainer.history.columns()["epoch"]
            epoch = float(epochs[-1]) if len(epochs) else 0.0
        self.trainer.request_previews(PreviewRequest(codec, dataset, self.preview_indices, epoch))

    @Slot()
    def _share_cores(self) -> None:
        self.analyst.leave_cores(self._is_held or self.trainer.is_active or self.follower.is_live)

    @Slot()
    def _follow(self) -> None:
        """Look for what others write into the open run's folder, unless this window trains it."""
        self.follower.follow(None if self.trainer.is_active else self.run, self.codec is not None)

    @Slot(object, bool)
    def _on_newer_codec(self, codec: Codec, at_rest: bool) -> None:
        if self.dataset is not None and codec.picture_shape != self.dataset.picture_shape:
            return
        self._use_codec(codec, heavy.encoding.CODES_LIMIT if at_rest else QUICK_LIMIT)

    def _study(self, limit: int) -> None:
        if self.codec is None or self.dataset is None:
            return
        folder = self.kept_folder if limit == heavy.encoding.CODES_LIMIT else None
        self._studied.start()
        self.analyst.study(Subject(self.codec, self.dataset, limit, folder))

    def _use_codec(self, codec: Codec, limit: int) -> None:
        first = self.codec is None
        self.codec = codec
        if first and self.run is not None:
            self._take_up_directions(self.run.path)
        self.model_changed.emit()
        if first:
            self._take_up_document(max(self.index, 0))
        self._request_pictures()
        is_due = not self._studied.isValid() or self._studied.elapsed() > self._study_interval_ms
        if limit == heavy.encoding.CODES_LIMIT or first:
            self._study_interval_ms = FIRST_STUDY_INTERVAL_MS
            self._study(limit)
        elif is_due and not self.analyst.is_running:
            self._study_interval_ms = min(STUDY_INTERVAL_GROWTH * self._study_interval_ms, STUDY_INTERVAL_MS)
            self._study(limit)
        self._request_previews()

    @Slot(object)
    def _on_weights_arrived(self, weights: dict[str, object]) -> None:
        run = self.run
        if run is None or not self.trainer.is_active:
            return
        if self._is_held:  # the picture does not change under a hand, nor wait for a new code
            self._late_weights = weights
            return
        codec = self.codec or heavy.codec.Codec(heavy.models.blank_network(run.config.network))
        self._use_codec(codec.update(weights), QUICK_LIMIT)  # pyright: ignore[reportArgumentType]

    @Slot(object)
    def _on_training_ended(self, trained: Trained) -> None:
        if self.run is None or trained.run.path != self.run.path:
            return
        if trained.problem:
            self.failed.emit(trained.problem)
        elif trained.codec is not None:
            self._use_codec(trained.codec, heavy.encoding.CODES_LIMIT)
        self.run_changed.emit()

    @Slot(object)
    def _on_analyst_progressed(self, progress: object) -> None:
        if self.opener.is_busy:
            return
        if progress is None or self.trainer.state is not TrainingState.IDLE or self.follower.is_live:
            self.show_task(None)
        else:
            self.show_task(Task(progress.text, progress.done, progress.total))  # pyright: ignore[reportAttributeAccessIssue]

    @Slot(str, int, int)
    def _on_opener_progressed(self, text: str, done: int, total: int) -> None:
        self.show_task(Task(text, done, total))
        self._tell_awaited()

    def _tell_awaited(self) -> None:
        awaited = (self.awaits_pictures, self.awaits_model)
        if awaited != self._awaited:
            self._awaited = awaited
            self.opening_changed.emit()

    @Slot(object, object, bool)
    def _on_labels_read(self, dataset: ImageDataset, labels: Labels, is_asked: bool) -> None:
        if self.dataset is None or dataset.pixels is not self.dataset.pixels:
            return
        self.dataset = heavy.labels.with_labels(self.dataset, labels)
        self.labels_changed.emit()
        if is_asked:
            self.message_posted.emit(labels.text())

    @Slot()
    def _on_model_changed(self) -> None:
        self._renderer.keep_only(self.codec)
        if self.trainer.is_active and self.codec is not None:
            self._weights = (self.codec, "")  # no direction was found with weights that change
            self.directions_changed.emit()
        else:
            self._ask_fingerprint()

    @Slot()
    def _on_opener_ended(self) -> None:
        self.show_task(None)
        self._tell_awaited()
        if self.codec is None:
            self.loading.go_on()
        self._finish_taking_up()


def _spread(count: int, wanted: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(int)))


def _new_run_path(config: TrainConfig, dataset: ImageDataset) -> Path:
    """A folder that is not there yet, named after what is trained."""
    data = safe_name(Path(dataset.identity.name).stem) or "pictures"
    return new_run_path(f"{data}-{config.network}-{config.objective}-{config.latent_dim}")
