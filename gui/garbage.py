"""GarbageCollection: looks for garbage in the window's thread, and in no other.

Python looks wherever the count is reached, which may be in a worker. What it finds may be what is left of a
dialog or a window, and Qt's objects must not be destroyed in another thread than their own: the process ends.
"""

import gc

from PySide6.QtCore import QObject, QTimer, Slot

INTERVAL_MS = 1000


class GarbageCollection(QObject):
    """Collects by a timer, as Python's own counts ask for it, until it is closed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def close(self) -> None:
        """The threads are gone: Python may look where it likes."""
        self._timer.stop()
        gc.enable()

    @Slot()
    def freeze(self) -> None:
        """What is imported stays, and is never looked through again."""
        gc.freeze()

    @Slot()
    def _on_timeout(self) -> None:
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return
