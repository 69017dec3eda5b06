"""SessionKeeper: keeps a window's work on the disk while it lives, and its documents when it leaves them.

While a window lives its work is written to its own folder (gui/session_folder.py), so that nothing is lost
when it dies. When it leaves a document in peace, that is written to where every window finds it, unless
another has saved it meanwhile: then both stay. No file is written in the window's thread.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal, Slot

from core.atomic import write_text
from core.locking import lock_file
from core.places import state_folder
from core.translate import tr
from gui import memory
from gui.memory import SavedDocument
from gui.saved_work import Basis, SavedWork, Work
from gui.session_folder import SessionFolder
from gui.session_writer import SessionWriter

SAVE_DELAY_MS = 400
LONGEST_WAIT_MS = 1_000  # however busy the hand: whoever edits on and on loses no more than that
_LOCK_PATIENCE_S = 2.0
_LOCK_POLL_S = 0.01
_WORK, _LEAVE = "work", "leave"


class SessionKeeper(QObject):
    """Has the work written a moment after it has changed, and never while a hand holds a dial.

    Signals:
        kept(int): the work is on the disk as it was at the write of this number.
        kept_aside(str): the sentence that says that another window has saved the same document meanwhile.
        failed(str): the sentence that says why it cannot be kept; once, until it can be kept again.
    """

    kept = Signal(int)
    kept_aside = Signal(str)
    failed = Signal(str)

    def __init__(self, work: Callable[[], Work | None], parent: QObject) -> None:
        super().__init__(parent)
        self.folder: SessionFolder | None = None  # made by the thread that writes, unless it is given
        self.waits_for_edits = False  # while lost work is offered, which is worth more than a new start
        self._work = work
        self._is_held = False
        self._is_closed = False
        self._number = 0  # of the last write
        self._has_failed = False
        self._is_uncommitted = False  # what was to be committed last; of the thread that writes
        self._writer = SessionWriter(self)
        self._writer.done.connect(self._on_done)
        self._writer.failed.connect(self._on_failed)
        self._waiting = QElapsedTimer()
        self._timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._timer.timeout.connect(self._on_timeout)

    @Slot()
    def note_change(self) -> None:
        """The work has changed: it is written in a moment."""
        if self._is_closed:  # a window that goes away still moves its docks
            return
        if not self._timer.isActive():
            self._waiting.start()
            self._timer.start()
        elif self._waiting.elapsed() < LONGEST_WAIT_MS:
            self._timer.start()

    def write_now(self) -> int:
        """Have the work written without delay; the number of the write."""
        self._timer.stop()
        self._waiting.invalidate()
        work = None if self._is_closed else self._work()
        if work is not None and (work.history.steps or not self.waits_for_edits):
            self._number += 1
            number = self._number
            self._writer.submit(_WORK, lambda: self._write(work, number))
        return self._number

    def hold(self, held: bool) -> None:
        """A hand is on a dial: writing waits until it has gone."""
        self._is_held = held
        if not held and self._waiting.isValid() and not self._timer.isActive():
            self._timer.start()

    def commit(self) -> None:
        """Write the document to where every window finds it, and what is open now."""
        work = None if self._is_closed else self._work()
        if work is not None:
            name = str(work.basis.path) if work.basis is not None else ""
            self._writer.submit(name, lambda: self._commit(work))

    def save(self) -> bool:
        """Write everything now, and wait until it is written; whether it could be."""
        self.commit()
        self.write_now()
        self._writer.wait_until_written()
        return not self._is_uncommitted

    def read(self, path: Path) -> tuple[Basis, SavedDocument | None]:
        """The document that is saved at path, and the basis that work on it has from now on."""
        self._writer.wait_until_written(str(path))  # what was just left may be what is taken up again
        saved = memory.load(path, SavedDocument)
        return Basis(path, saved.sequence if saved is not None else 0), saved

    def close(self) -> None:
        """Commit, wait, and leave nothing to be offered, unless it could not be committed."""
        if self._is_closed:
            return
        self._timer.stop()
        self.commit()
        work = self._work()
        self._is_closed = True
        self._writer.submit(_LEAVE, lambda: self._leave(work))
        self._writer.finish_and_wait()

    # ---- in the window's thread ------------------------------------------------------------------------

    @Slot()
    def _on_timeout(self) -> None:
        if not self._is_held:
            self.write_now()

    @Slot(str, object)
    def _on_done(self, name: str, result: object) -> None:
        if isinstance(result, str):
            self.kept_aside.emit(result)
        elif name == _WORK:
            self._has_failed = False
            self.kept.emit(result)

    @Slot(str, object)
    def _on_failed(self, _name: str, error: object) -> None:
        if self._has_failed:  # it is tried again at every change, and said once
            return
        self._has_failed = True
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        self.failed.emit(
            tr(
                "The editing session could not be saved in {folder}: {reason}. Your work goes on and is saved"
                " as soon as that is possible.",
                folder=state_folder(),
                reason=reason,
            )
        )

    # ---- in the thread that writes ---------------------------------------------------------------------

    def _write(self, work: Work, number: int) -> int:
        if self.folder is not None and not self.folder.path.is_dir():  # somebody has cleared the place out
            self.folder.release()
            self.folder = None
        if self.folder is None:
            self.folder = SessionFolder.begin()
        write_text(self.folder.work_path, SavedWork.of(work).model_dump_json())
        return number

    def _commit(self, work: Work) -> str | None:
        """Write the document unless another window has; the sentence that says so, or None."""
        self._is_uncommitted = True
        memory.save(memory.session_path(), work.open_now)
        basis, document, said = work.basis, work.saved_document(), None
        is_same = basis is None or (work.edits, work.view) == (basis.edits, basis.view)
        if basis is not None and document is not None and not is_same:
            basis.path.parent.mkdir(parents=True, exist_ok=True)
            with _one_at_a_time(basis.path):
                newer = memory.load(basis.path, SavedDocument)
                if newer is None or newer.sequence == basis.sequence:
                    following = document.model_copy(update={"sequence": basis.sequence + 1})
                    memory.save(basis.path, following)
                    basis.sequence, basis.edits, basis.view = following.sequence, work.edits, work.view
                elif work.edits != basis.edits:
                    said = _keep_aside(work)
                    basis.edits = work.edits
        self._is_uncommitted = False
        return said

    def _leave(self, work: Work | None) -> None:
        if self._is_uncommitted and work is not None:
            try:
                self._write(work, 0)
            finally:
                if self.folder is not None:
                    self.folder.release()  # the next start offers it
        elif self.folder is not None:
            self.folder.remove()


def _keep_aside(work: Work) -> str:
    folder = SessionFolder.begin()
    try:
        write_text(folder.work_path, SavedWork.of(work, is_aside=True).model_dump_json())
    finally:
        folder.release()
    return tr(
        "Another window has saved other edits of the same pictures meanwhile. They stay, and yours are kept"
        " beside them: the next start offers them."
    )


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Keep other windows from writing here; one that does not answer is not waited for without end."""
    end = time.monotonic() + _LOCK_PATIENCE_S
    with path.with_name(".lock").open("ab") as file:
        while time.monotonic() < end:
            try:
                lock_file(file.fileno())
                break
            except OSError:
                time.sleep(_LOCK_POLL_S)
        yield
