"""FreeMemory: the system gets back what the heap holds and nobody uses, when the window has come to rest."""

from PySide6.QtCore import QObject, QTimer, Slot

from core.allocation import give_back_free_memory
from gui.session import Session

QUIET_MS = 200  # after the last change, what it let go of is free


class FreeMemory(QObject):
    """Gives back after pictures, a run, or long work came or went; while a network trains it is kept."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._timer.timeout.connect(self._on_timeout)
        for changed in (session.dataset_changed, session.run_changed, session.task_changed):
            changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self._timer.start()

    @Slot()
    def _on_timeout(self) -> None:
        give_back_free_memory()
