"""FreeMemory: the system gets back what nobody uses, when the window has come to rest."""

from PySide6.QtCore import QObject, QTimer, Slot

from core.allocation import give_back_free_memory
from gui.background import LatestOnly
from gui.session import Session

QUIET_MS = 200  # after the last change, what it let go of is free
ENDING_MS = 50  # and threads that wait have ended


class FreeMemory(QObject):
    """Gives back after pictures, a run, or long work came or went; while a network trains it is kept.

    The threads of lanes that wait end first: each keeps up to 64 kernels, of networks that are gone.
    """

    def __init__(self, session: Session, window: QObject) -> None:
        """window: whose children the lanes are."""
        super().__init__(window)
        self._window = window
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._quiet.timeout.connect(self._on_quiet)
        self._ended = QTimer(self, singleShot=True, interval=ENDING_MS)
        self._ended.timeout.connect(self._on_ended)
        for changed in (session.dataset_changed, session.run_changed, session.task_changed):
            changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self._quiet.start()

    @Slot()
    def _on_quiet(self) -> None:
        for lane in self._window.findChildren(LatestOnly):
            lane.let_go()
        self._ended.start()

    @Slot()
    def _on_ended(self) -> None:
        give_back_free_memory()
