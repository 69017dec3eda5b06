"""RunSaving: the open run is saved once more in a new folder, also where its own was deleted meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from core.metrics import COLUMNS, WHOLE, MetricsRow
from core.run_files import is_run
from core.translate import tr
from gui import heavy, memory
from gui.background import Runner
from gui.new_run import new_run_path
from gui.session import Session

if TYPE_CHECKING:
    from core.codec import Codec
    from core.directions import Found
    from core.runs import Run


@dataclass(frozen=True)
class Saving:
    """The run and all that the window knows of it; documents are files of its edits, there and to be."""

    run: Run
    codec: Codec
    rows: tuple[MetricsRow, ...]
    directions: tuple[Found, ...]
    path: Path
    documents: tuple[Path, Path] | None


@dataclass(frozen=True)
class Saved:
    """Where the run is now, and whether that is all of it: what came from memory has no checkpoint."""

    path: Path
    is_whole: bool


def save(saving: Saving) -> Generator[Saved, None, None]:
    """Save it, its edits too. Raises: RunError, OSError."""
    run, is_whole = saving.run, is_run(saving.run.path)
    new = heavy.run_moves.save_run_as(run, saving.path, saving.codec.network.state_dict(), saving.rows)
    if not is_whole:
        heavy.directions.write_directions(new.path, saving.directions)
    if saving.documents is not None:
        there, to_be = saving.documents
        document = memory.load(there, memory.SavedDocument)
        if document is not None:
            memory.save(to_be, document)
    yield Saved(new.path, is_whole)


class RunSaving(QObject):
    """Asks where to, saves beside the window, and opens what was saved: the edits go on there."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_saved)
        self._runner.failed.connect(self._on_failed)
        session.closing.connect(self._on_closing)

    @property
    def is_running(self) -> bool:
        """Whether a run is being saved."""
        return self._runner.is_running

    @Slot()
    def ask(self) -> None:
        """Ask for the new folder."""
        run = self._session.run
        if run is None:
            return
        proposed = str(new_run_path(f"{run.name}-copy"))
        title = tr("Save the run as a new folder")
        file, _kind = QFileDialog.getSaveFileName(self._window, title, proposed)
        if file:
            self.save_to(Path(file))

    def save_to(self, path: Path) -> None:
        """Save the open run in a folder that is not there yet."""
        session = self._session
        run, codec = session.run, session.codec
        if run is None or codec is None or session.trainer.is_active or session.follower.is_live:
            session.failed.emit(tr("Only a run with weights that is not being trained can be saved."))
            return
        session.save()
        documents = None
        if session.dataset is not None:
            fingerprint = session.dataset.identity.fingerprint
            documents = (memory.document_path(run.path, fingerprint), memory.document_path(path, fingerprint))
        columns = session.trainer.history.columns()
        rows = tuple(
            MetricsRow(*(int(value) for value in row[: len(WHOLE)]), *row[len(WHOLE) :])
            for row in zip(*(columns[name].tolist() for name in COLUMNS), strict=True)
        )
        saving = Saving(run, codec, rows, session.directions, path, documents)
        self._runner.start(lambda: save(saving))

    @Slot(list)
    def _on_saved(self, items: list[Saved]) -> None:
        session, saved = self._session, items[-1]
        session.open_run(saved.path)
        if saved.is_whole:
            session.message_posted.emit(tr("The run is saved in {path}.", path=saved.path))
        else:  # which stays until it is closed
            session.failed.emit(
                tr(
                    "The run is saved in {path} without its checkpoint, which was deleted: it can be used,"
                    " and not be trained further.",
                    path=saved.path,
                )
            )

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._session.report(error)

    @Slot()
    def _on_closing(self) -> None:
        self._runner.close()
