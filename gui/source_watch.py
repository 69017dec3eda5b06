"""SourceWatch: says when what is open was changed, or is gone, behind the program's back."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.translate import tr
from gui.background import LatestOnly

INTERVAL_MS = 2000

Stamp = tuple[int, int, int] | None  # size, time and inode; None where it is absent


@dataclass
class Watched:
    """A file or folder, and how it was when it was looked at last."""

    path: Path
    stamp: Stamp = None
    is_known: bool = field(default=False)  # whether stamp is


def _look(watched: Watched) -> Stamp:
    """How it is now, asked in a thread of its own: a drive that is going may take its time."""
    try:
        status = watched.path.stat()
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):  # whose pictures are in the cache, and in which exports are saved
        return 0, 0, status.st_ino
    return status.st_size, status.st_mtime_ns, status.st_ino


class SourceWatch(QObject):
    """Looks at the open pictures' own file or folder every other second.

    Signals:
        changed(str): one sentence on what has happened to it.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watched: Watched | None = None
        self._lane = LatestOnly(_look, self)
        self._lane.answered.connect(self._on_looked)
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def interval_ms(self) -> int:
        """The time between two looks."""
        return self._timer.interval()

    @interval_ms.setter
    def interval_ms(self, interval: int) -> None:
        self._timer.setInterval(interval)

    def watch(self, source: str | None) -> None:
        """Look at this source from now on, where it is a path; None: at none."""
        path = Path(source) if source else None
        if path is None or not path.is_absolute():  # the built-in faces, say
            self._watched = None
            self._timer.stop()
            return
        self._watched = Watched(path)
        self._timer.start()
        self._lane.submit(self._watched)

    def close(self) -> None:
        """Stop looking, and wait for the last look."""
        self._timer.stop()
        self._watched = None
        self._lane.stop_and_wait()

    @Slot()
    def _on_timeout(self) -> None:
        if self._watched is not None and self._lane.idle:  # a disk that does not answer is not asked twice
            self._lane.submit(self._watched)

    @Slot(object, object)
    def _on_looked(self, watched: Watched, stamp: Stamp) -> None:
        if watched is not self._watched:
            return
        before, was_known = watched.stamp, watched.is_known
        watched.stamp, watched.is_known = stamp, True
        if not was_known or stamp == before:
            return
        if stamp is None:
            text = tr(
                "{path} is gone. Your edits stay, what is open as far as it can be read; it has to be back"
                " before it can be opened again.",
                path=watched.path,
            )
        elif before is None:
            text = tr("{path} is there again.", path=watched.path)
        else:
            text = tr(
                "{path} was changed while it was open: what you see may be older. Open it again to see it as"
                " it is now.",
                path=watched.path,
            )
        self.changed.emit(text)
