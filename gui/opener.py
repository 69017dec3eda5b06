"""Opening: pictures, runs, recipes, and what was open when the window closed."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot

from core.codec import Codec, weights_fingerprint
from core.config import ImportConfig
from core.datasets import ImageDataset, ImportProgress, import_dataset
from core.errors import EditError, ExportError, LatentDialsError
from core.export.recipe import Recipe, read_recipe
from core.places import runs_folder
from core.runs import CONFIG, MODEL, Run, is_run
from core.translate import tr
from gui import memory, recipes
from gui.background import Runner
from gui.edit_state import Document
from resources import resource_path

BUNDLED_RUN = ("bundled", "faces-conv-vae")
BUILT_IN = "faces"


@dataclass(frozen=True)
class Opening:
    """What is being opened: pictures, and what is to follow when they are here."""

    source: str
    policy: ImportConfig
    select: int = 0
    run: Path | None = None
    recipe: Recipe | None = None
    recipe_note: str = ""  # what to say after the recipe was applied
    fall_back: bool = False  # to the built-in faces, when the pictures are gone


class Situation(Protocol):
    """What the opener needs to know of what is open now; the session is one."""

    @property
    def dataset(self) -> ImageDataset | None:
        """The open pictures."""
        ...

    @property
    def run(self) -> Run | None:
        """The open run."""
        ...

    @property
    def codec(self) -> Codec | None:
        """The run's codec, where it has weights."""
        ...

    @property
    def index(self) -> int:
        """The selected picture."""
        ...

    @property
    def is_training(self) -> bool:
        """Whether a run is being trained on the open pictures."""
        ...


class Opener(QObject):
    """Opens in the background, looks at the situation, and says what it opened.

    Signals, of which each is answered before the next is sent:
        dataset_opened(object, int): an ImageDataset, and the picture to select.
        run_opened(object, object): a Run, and its Codec or None.
        document_opened(object, str): a Document from a recipe, and the name of the step.
        progressed(str, int, int): what is being opened, how much is done, of how much (0: not known).
        ended(): nothing is being opened any more.
        message_posted(str), warned(str): one sentence of news, or of warning.
        failed(object): the exception that ended the opening.
    """

    dataset_opened = Signal(object, int)
    run_opened = Signal(object, object)
    document_opened = Signal(object, str)
    progressed = Signal(str, int, int)
    ended = Signal()
    message_posted = Signal(str)
    warned = Signal(str)
    failed = Signal(object)

    def __init__(self, situation: Situation, parent: QObject) -> None:
        super().__init__(parent)
        self._now = situation
        self._opening: Opening | None = None
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_progress)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)

    @property
    def is_busy(self) -> bool:
        """Whether pictures are being imported."""
        return self._opening is not None

    def open_dataset(self, source: str, policy: ImportConfig, select: int) -> None:
        """Import pictures; a model that fits them stays open."""
        if not self._may_switch():
            return
        self._import(Opening(source, policy, select))

    def open_run(self, path: Path) -> None:
        """Open a run, with its own pictures where they are at hand and others are open."""
        if not self._may_switch():
            return
        now = self._now
        try:
            run = Run.open(path)
        except LatentDialsError as error:
            self.failed.emit(error)
            return
        data = run.config.data
        is_open = now.dataset is not None and now.dataset.identity.fingerprint == data.fingerprint
        if is_open or not _is_at_hand(data.source):
            self._show_run(run.path)
        else:
            self._import(Opening(data.source, data.policy, max(now.index, 0), run=run.path))

    def open_path(self, path: Path) -> None:
        """Open a run's folder, a PNG with a recipe, or pictures, by what the path holds."""
        if is_run(path):
            self.open_run(path)
        elif path.name == CONFIG and path.is_file():
            self.open_run(path.parent)
        elif path.suffix.lower() == ".png" and path.is_file():
            self.open_recipe(path)
        else:
            self.open_dataset(str(path), ImportConfig(), 0)

    def open_bundled(self) -> None:
        """Open the model that comes with the program, and the faces that it was trained on."""
        self.open_run(resource_path(*BUNDLED_RUN))

    def open_recipe(self, path: Path) -> None:
        """Restore the edit that made an exported PNG: its run and pictures where they are at hand."""
        if not self._may_switch():
            return
        now = self._now
        try:
            recipe = read_recipe(path)
        except ExportError as error:
            self.failed.emit(error)
            return
        run, note = _find_run(recipe, now.run)
        data = recipe.data
        same_data = (
            data is None or (now.dataset is not None and now.dataset.identity.fingerprint == data.fingerprint)
        )
        if not same_data and data is not None and _is_at_hand(data.source):
            self._import(Opening(data.source, data.policy, recipe.index or 0, run, recipe, note))
            return
        if not same_data:
            note = " ".join(
                filter(None, [note, tr("Its pictures are not at hand; the edit is shown on yours.")])
            )
        if run is not None and (now.run is None or now.run.path != run):
            self._show_run(run)
        self._apply(recipe, note)

    def restore(self) -> None:
        """Open what was open last time; at the first start, the built-in faces and the bundled model."""
        saved = memory.load(memory.session_path(), memory.SavedSession)
        if saved is None:
            run = resource_path(*BUNDLED_RUN)
            first = run if is_run(run) else None
            self._import(Opening(BUILT_IN, ImportConfig(), run=first))
            return
        run = Path(saved.run) if saved.run else None
        self._import(Opening(saved.source, saved.policy, saved.index, run=run, fall_back=True))

    def cancel(self) -> None:
        """Give up the import; what was open stays."""
        self._runner.drop()
        self._end()
        self.message_posted.emit(tr("Opening was cancelled; nothing has changed."))

    def close(self) -> None:
        """Stop and wait."""
        self._runner.close()

    def _may_switch(self) -> bool:
        if self._now.is_training:
            self.warned.emit(tr("A run is being trained on these pictures: stop it first, then open others."))
            return False
        return True

    def _import(self, opening: Opening) -> None:
        self._opening = opening

        def make() -> Generator[ImportProgress, None, ImageDataset]:
            return import_dataset(opening.source, opening.policy)

        self.progressed.emit(tr("Opening {name}", name=_name(opening.source)), 0, 0)
        self._runner.start(make)

    def _end(self) -> None:
        self._opening = None
        self.ended.emit()

    @Slot(list)
    def _on_progress(self, items: list[ImportProgress]) -> None:
        newest = items[-1]
        self.progressed.emit(newest.text, newest.done, newest.total)

    @Slot(object)
    def _on_done(self, dataset: ImageDataset | None) -> None:
        opening = self._opening
        self._end()
        if opening is None or dataset is None:
            return
        self.dataset_opened.emit(dataset, opening.select)
        if opening.run is not None:
            self._show_run(opening.run)
        if opening.recipe is not None:
            self._apply(opening.recipe, opening.recipe_note)
            return
        skipped = len(dataset.skipped)
        message = tr("{name}: {reading}.", name=dataset.identity.name, reading=dataset.reading)
        if skipped:
            message += " " + tr(
                "{count} files could not be read: File > Skipped files lists them.", count=skipped
            )
        self.message_posted.emit(message)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        opening = self._opening
        self._end()
        self.failed.emit(error)
        if opening is not None and opening.fall_back:
            self._import(Opening(BUILT_IN, ImportConfig(), run=opening.run))

    def _show_run(self, path: Path) -> None:
        now = self._now
        try:
            run = Run.open(path)
            codec = Codec.from_run(run) if run.has_weights else None
        except LatentDialsError as error:
            self.failed.emit(error)
            return
        dataset = now.dataset
        if codec is not None and dataset is not None and codec.picture_shape != dataset.picture_shape:
            self.warned.emit(
                tr(
                    "{name} was trained on other pictures than those that are open, and its own are not at"
                    " hand ({source}).",
                    name=run.name,
                    source=run.config.data.source,
                )
            )
            return
        self.run_opened.emit(run, codec)

    def _apply(self, recipe: Recipe, note: str) -> None:
        now = self._now
        if now.codec is None or now.dataset is None:
            self.warned.emit(note or tr("The recipe needs a model: open its run first."))
            return
        wanted = now.index if recipe.index is None else recipe.index
        index = min(max(wanted, 0), len(now.dataset) - 1)
        try:
            document: Document = recipes.document_of(recipe, index, now.codec.latent_dim)
        except EditError as error:
            self.failed.emit(error)
            return
        self.document_opened.emit(document, tr("Restore a recipe"))
        if note:
            self.warned.emit(note)
        else:
            self.message_posted.emit(tr("The edit of the picture is restored."))


def _is_at_hand(source: str) -> bool:
    return source == BUILT_IN or source.startswith(BUILT_IN + ":") or Path(source).exists()


def _name(source: str) -> str:
    return Path(source).name or source


def _find_run(recipe: Recipe, current: Run | None) -> tuple[Path | None, str]:
    """The folder of a recipe's run, and what to say when it is absent or differs."""
    wanted = recipe.run
    candidates = [Path(wanted.path)]
    if current is not None:
        candidates.insert(0, current.path)
    folder = runs_folder()
    if folder.is_dir():
        candidates += sorted(path for path in folder.iterdir() if path.is_dir())
    candidates.append(resource_path(*BUNDLED_RUN))
    for path in candidates:
        weights = path / MODEL
        if weights.is_file() and weights_fingerprint(weights) == wanted.fingerprint:
            return path, ""
    if is_run(wanted.path):
        note = tr(
            "The run {name} was trained further since this picture: it looks different now.", name=wanted.name
        )
        return Path(wanted.path), note
    note = tr(
        "The run {name} of this picture is absent ({path}); the edit is shown with the open model.",
        name=wanted.name,
        path=wanted.path,
    )
    return None, note
