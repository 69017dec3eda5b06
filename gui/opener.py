"""Opening: pictures, runs, recipes, and what was open when the window closed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from PySide6.QtCore import QObject, Signal, Slot

from core.config import ImportConfig
from core.errors import EditError, ExportError, LatentDialsError
from core.places import runs_folder
from core.run_files import CONFIG, MODEL, is_run
from core.translate import tr
from gui import heavy, memory, recipes
from gui.background import Runner
from gui.edit_state import Document
from gui.memory import SavedSession
from resources import resource_path

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset, ImportProgress
    from core.export.recipe import Recipe
    from core.runs import Run

BUNDLED_RUN = ("bundled", "faces-conv-vae")
BUILT_IN = "faces"
# At the very first start these are shown while all are drawn, which takes longer than all else at a start;
# they are the same pictures.
FIRST_FACES = "faces:count=128,size=64,seed=0"


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
    may_grow: bool = False  # the first of the built-in faces will do, where they have yet to be drawn
    grows: bool = False  # these are the built-in faces, whose first are open already
    path: Path | None = None  # opened by what it holds, once what that needs is loaded


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
        dataset_grown(object): an ImageDataset that begins with the pictures that are open.
        run_opened(object, object): a Run, and its Codec or None.
        document_opened(object, str): a Document from a recipe, and the name of the step.
        detail_opened(bool): after it, whether the recipe has the original's detail.
        progressed(str, int, int): what is being opened, how much is done, of how much (0: not known).
        ended(): nothing is being opened any more.
        message_posted(str), warned(str): one sentence of news, or of warning.
        failed(object): the exception that ended the opening.
    """

    dataset_opened = Signal(object, int)
    dataset_grown = Signal(object)
    run_opened = Signal(object, object)
    document_opened = Signal(object, str)
    detail_opened = Signal(bool)
    progressed = Signal(str, int, int)
    ended = Signal()
    message_posted = Signal(str)
    warned = Signal(str)
    failed = Signal(object)

    def __init__(self, situation: Situation, parent: QObject) -> None:
        super().__init__(parent)
        self._now = situation
        self._opening: Opening | None = None
        self._pictures: ImageDataset | None = None  # of what is being opened, once they are here
        self._waits = False  # for begin()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_progress)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)

    @property
    def is_busy(self) -> bool:
        """Whether something is being opened."""
        return self._opening is not None

    @property
    def is_growing(self) -> bool:
        """Whether the open pictures are, or may be, the first of those that are being drawn."""
        return self._opening is not None and (self._opening.may_grow or self._opening.grows)

    @property
    def run_to_come(self) -> Path | None:
        """The run that is opened as soon as its pictures are here."""
        return self._opening.run if self._opening else None

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
            run = heavy.runs.Run.open(path)
        except LatentDialsError as error:
            self.failed.emit(error)
            return
        data = run.config.data
        is_open = now.dataset is not None and now.dataset.identity.fingerprint == data.fingerprint
        if is_open or not heavy.datasets.is_at_hand(data.source):
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
            recipe = heavy.recipe.read_recipe(path)
        except ExportError as error:
            self.failed.emit(error)
            return
        run, note = _find_run(recipe, now.run)
        data = recipe.data
        same_data = data is None or (
            now.dataset is not None and now.dataset.identity.fingerprint == data.fingerprint
        )
        if not same_data and data is not None and heavy.datasets.is_at_hand(data.source):
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
        self._import(_last_time())

    def open_again(self, saved: SavedSession) -> bool:
        """Open what another window had open; whether that may be."""
        if not self._may_switch():
            return False
        self._import(replace(_opening_of(saved), fall_back=False))
        return True

    def prepare(self, source: str | None) -> None:
        """Announce what begin() will open: a source, or for None what restore() opens."""
        if source is None:
            opening = _last_time()
        else:
            path = None if _is_built_in(source) and not Path(source).exists() else Path(source)
            opening = Opening(source, ImportConfig(), path=path)
        self._announce(opening)
        self._waits = True

    @Slot()
    def begin(self) -> None:
        """Open what was prepared, unless something else was opened or this was closed meanwhile."""
        if self._waits and self._opening is not None:
            self._import(self._opening)

    def cancel(self) -> None:
        """Give up the import; what was open stays."""
        self._waits = False
        self._runner.drop()
        self._end()
        self.message_posted.emit(
            tr("Opening was cancelled; nothing has changed. Opening the same again goes on from there.")
        )

    def close(self) -> None:
        """Stop and wait."""
        self._waits = False
        self._runner.close()

    def _may_switch(self) -> bool:
        if self._now.is_training:
            self.warned.emit(tr("A run is being trained on these pictures: stop it first, then open others."))
            return False
        return True

    def _announce(self, opening: Opening) -> None:
        self._opening, self._pictures = opening, None
        self.progressed.emit(tr("Opening {name}", name=_name(opening.source)), 0, 0)

    def _import(self, opening: Opening) -> None:
        self._waits = False
        self._announce(opening)
        self._runner.start(lambda: _read_pictures(opening))

    def _end(self) -> None:
        self._opening = self._pictures = None
        self.ended.emit()

    @Slot(list)
    def _on_progress(self, items: list[ImportProgress]) -> None:
        newest = items[-1]
        self.progressed.emit(newest.text, newest.done, newest.total)

    @Slot(object)
    def _on_done(self, result: object) -> None:
        opening, pictures = self._opening, self._pictures
        if opening is None:
            return
        if opening.path is not None:
            self._end()
            self.open_path(opening.path)
        elif pictures is not None:
            if not self._now.is_training:
                self._put_run(*cast("tuple[Run, Codec | None]", result))
            self._on_all_read(opening, pictures)
        else:
            self._on_pictures_read(opening, cast("ImageDataset", result))

    def _on_pictures_read(self, opening: Opening, dataset: ImageDataset) -> None:
        if opening.grows:
            if not self._now.is_training:  # a run keeps the pictures that it was begun with
                self.dataset_grown.emit(dataset)
            self._on_all_read(opening, dataset)
            return
        self._pictures = dataset
        self.dataset_opened.emit(dataset, opening.select)
        run = opening.run
        if run is None:
            self._on_all_read(opening, dataset)
        else:
            self.progressed.emit(tr("Opening {name}", name=run.name), 0, 0)
            self._runner.start(lambda: _read_run_beside(run))

    def _on_all_read(self, opening: Opening, dataset: ImageDataset) -> None:
        self._end()
        if opening.may_grow and dataset.identity.source == FIRST_FACES:
            self._import(Opening(BUILT_IN, opening.policy, grows=True))
            return
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
        opening, pictures = self._opening, self._pictures
        if opening is not None and pictures is not None:  # the run cannot be read; its pictures are here
            self.failed.emit(error)
            self._on_all_read(opening, pictures)
            return
        self._end()
        self.failed.emit(error)
        if opening is not None and opening.fall_back:
            self._import(Opening(BUILT_IN, ImportConfig(), run=opening.run))

    def _show_run(self, path: Path) -> None:
        try:
            self._put_run(*_read_run(path))
        except LatentDialsError as error:
            self.failed.emit(error)

    def _put_run(self, run: Run, codec: Codec | None) -> None:
        dataset = self._now.dataset
        if codec is not None and dataset is not None and codec.picture_shape != dataset.picture_shape:
            if not run.config.data.source:  # imported without pictures
                self.warned.emit(
                    tr(
                        "{name} reads pictures of {shape}: open such, then the run, {path}.",
                        name=run.name,
                        shape=heavy.codec.shape_text(codec.picture_shape),
                        path=run.path,
                    )
                )
                return
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
        self.detail_opened.emit(recipe.detail)
        if note:
            self.warned.emit(note)
        else:
            self.message_posted.emit(tr("The edit of the picture is restored."))


def _last_time() -> Opening:
    saved = memory.load(memory.session_path(), SavedSession)
    if saved is None or saved.source == FIRST_FACES:
        run = resource_path(*BUNDLED_RUN)
        return Opening(BUILT_IN, ImportConfig(), run=run if is_run(run) else None, may_grow=True)
    return _opening_of(saved)


def _opening_of(saved: SavedSession) -> Opening:
    run = Path(saved.run) if saved.run else None
    is_first = saved.source == FIRST_FACES
    source = BUILT_IN if is_first else saved.source
    return Opening(source, saved.policy, saved.index, run=run, fall_back=True, may_grow=is_first)


def _read_pictures(opening: Opening) -> Generator[ImportProgress, None, ImageDataset | None]:
    """The pictures of an opening, in a thread of its own; None where the path must be looked at first."""
    if opening.path is not None:
        heavy.need("recipe")  # and with it all that a run or a recipe is read by
        return None
    source = opening.source
    if opening.may_grow and not heavy.datasets.inspect_source(source, opening.policy).cached:
        source = FIRST_FACES
    return (yield from heavy.datasets.import_dataset(source, opening.policy))


def _read_run_beside(path: Path) -> Generator[object, None, tuple[Run, Codec | None]]:
    """A run and its codec, in a thread of its own."""
    yield from ()
    return _read_run(path)


def _read_run(path: Path) -> tuple[Run, Codec | None]:
    """A run and its codec, or None where it has no weights. Raises: LatentDialsError."""
    run = heavy.runs.Run.open(path)
    return run, heavy.codec.Codec.from_run(run) if run.has_weights else None


def _is_built_in(source: str) -> bool:
    return source == BUILT_IN or source.startswith(BUILT_IN + ":")


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
        if weights.is_file() and heavy.codec.weights_fingerprint(weights) == wanted.fingerprint:
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
