"""SourceWatch: says when what is open was changed, or is gone, behind the program's back."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.translate import tr
from gui.poller import Poller

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


class SourceWatch(Poller):
    """Looks at the open pictures' own file or folder every other second.

    Signals:
        changed(str): one sentence on what has happened to it.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(_look, INTERVAL_MS, parent)
        self._watched: Watched | None = None

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
        self._watched = None
        super().close()

    def _request(self) -> Watched | None:
        return self._watched

    @Slot(object, object)
    def _on_looked(self, looked_at: Watched, found: Stamp) -> None:
        if looked_at is not self._watched:
            return
        watched, stamp = looked_at, found
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
