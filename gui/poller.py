"""Poller: asks about something on a disk again and again, beside the window."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from gui.background import LatestOnly


class Poller(QObject):
    """Looks every interval_ms in a thread of its own, a shared disk may be slow; subclasses say at what."""

    def __init__(self, look: Callable[[Any], object], interval_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = LatestOnly(look, self)
        self._lane.answered.connect(self._on_looked)
        self._timer = QTimer(self, interval=interval_ms)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def interval_ms(self) -> int:
        """The time between two looks."""
        return self._timer.interval()

    @interval_ms.setter
    def interval_ms(self, interval: int) -> None:
        self._timer.setInterval(interval)

    def close(self) -> None:
        """Stop looking, and wait for the last look."""
        self._timer.stop()
        self._lane.stop_and_wait()

    @Slot()
    def _on_timeout(self) -> None:
        if not self._lane.idle:  # a disk that does not answer is not asked twice
            return
        request = self._request()
        if request is not None:
            self._lane.submit(request)

    def _request(self) -> object | None:
        """What is looked at next; None: nothing."""
        raise NotImplementedError

    def _on_looked(self, looked_at: Any, found: Any) -> None:
        raise NotImplementedError
