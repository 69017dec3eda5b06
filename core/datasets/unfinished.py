"""A folder of an import that may be gone on with: found by its key, owned by one process at a time.

The owner holds a lock on a file in the folder, which the system takes back however a process ends.
Nothing here knows what is in the folder besides.
"""

import os
import shutil
import time
from pathlib import Path
from typing import BinaryIO

from core.locking import lock_file

PREFIX = ".unfinished-"
LOCK = "lock"
STALE_AFTER_S = 7 * 24 * 3600.0
PATIENCE_S = 3.0  # an import that was just cancelled still ends its work in hand
POLL_S = 0.02


class Claim:
    """The ownership of a folder; release() gives it up, and another process may go on."""

    def __init__(self, folder: Path, lock: BinaryIO) -> None:
        self.folder = folder
        self._lock = lock

    def release(self) -> None:
        """Let go; calling it again does nothing."""
        self._lock.close()

    def remove(self) -> None:
        """Remove the folder with all that is in it, and let go."""
        if os.name == "nt":  # a file that is open cannot be removed there
            self.release()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.release()


def claim(parent: Path, name: str, patience_s: float = PATIENCE_S) -> Claim | None:
    """The folder of this name in parent, made where it is absent; None when another has it.

    Raises: OSError.
    """
    folder = parent / f"{PREFIX}{name}"
    deadline = time.monotonic() + patience_s
    while True:
        folder.mkdir(exist_ok=True)
        try:
            claimed = _try(folder)
        except FileNotFoundError:  # its owner has just finished with it
            continue
        if claimed is not None or time.monotonic() > deadline:
            return claimed
        time.sleep(POLL_S)


def remove_stale(parent: Path) -> None:
    """Remove what nobody has gone on with for STALE_AFTER_S."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime > STALE_AFTER_S and (old := _try(folder)):
                old.remove()
        except OSError:
            continue


def _try(folder: Path) -> Claim | None:
    lock = (folder / LOCK).open("ab")
    try:
        lock_file(lock.fileno())
        # Between opening and locking the owner may have finished: then this is no file of the folder's.
        if os.fstat(lock.fileno()).st_ino != (folder / LOCK).stat().st_ino:
            raise FileNotFoundError(folder)
    except FileNotFoundError:
        lock.close()
        raise
    except OSError:
        lock.close()
        return None
    return Claim(folder, lock)
