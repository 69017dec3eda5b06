"""SessionFolder: the folder that belongs to one window while it lives, and what dead windows left.

The owner holds a lock on a file in the folder, which the system takes back however the process ends: a folder
that nobody has locked is that of a window that ended without saying goodbye, by kill, crash or power cut.
"""

import secrets
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from core.locking import lock_file
from core.places import state_folder

LOCK = "lock"
WORK = "session.json"
DECLINED = "declined"
_KEPT_DECLINED = 5


def sessions_folder() -> Path:
    """Where the folders of all windows are."""
    return state_folder() / "sessions"


def declined_folder() -> Path:
    """Where the last few sessions are that were offered and not taken up."""
    return sessions_folder() / DECLINED


@dataclass(frozen=True)
class SessionFolder:
    """A folder of one window, owned by this process until released."""

    path: Path
    _lock: BinaryIO

    @classmethod
    def begin(cls) -> "SessionFolder":
        """A new folder for a window of this process. Raises: OSError."""
        name = f"{datetime.now().strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        hidden = sessions_folder() / f".{name}"  # others see it when it is locked
        hidden.mkdir(parents=True)
        file = (hidden / LOCK).open("ab")
        try:
            lock_file(file.fileno())
            return cls(hidden.rename(sessions_folder() / name), file)
        except BaseException:
            file.close()
            raise

    @property
    def name(self) -> str:
        """What tells this window from all others: when it began, and a few random digits."""
        return self.path.name

    @property
    def work_path(self) -> Path:
        """The file that the window's work is kept in."""
        return self.path / WORK

    def release(self) -> None:
        """Let go: from now on it counts as one that was left behind."""
        self._lock.close()

    def remove(self) -> None:
        """Remove it: there is nothing in it that is not kept elsewhere."""
        if sys.platform == "win32":  # a file that is open cannot be removed there
            self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def decline(self) -> None:
        """Remove it from what is offered; the work of the last few stays in declined_folder()."""
        with suppress(OSError):
            declined_folder().mkdir(exist_ok=True)
            (self.path / WORK).replace(declined_folder() / f"{self.name}.json")
            for old in sorted(declined_folder().glob("*.json"))[:-_KEPT_DECLINED]:
                old.unlink()
        self.remove()


def lost_folders() -> list[SessionFolder]:
    """What dead windows left, the newest first, owned by this process from now on."""
    found = (_claimed(path) for path in _folders())
    return [folder for folder in found if folder is not None]


def living_folders() -> list[Path]:
    """The folders of the windows that live, this one's too."""
    living: list[Path] = []
    for path in _folders():
        dead = _claimed(path)
        if dead is None:
            living.append(path)
        else:
            dead.release()
    return living


def _folders() -> list[Path]:
    """The folders of all windows, dead or alive, the newest first."""
    try:
        paths = sorted(sessions_folder().iterdir(), reverse=True)
    except OSError:
        return []
    return [path for path in paths if not path.name.startswith(".") and path.name != DECLINED]


def _claimed(path: Path) -> SessionFolder | None:
    try:
        file = (path / LOCK).open("ab")
    except OSError:  # its owner has just removed it
        return None
    try:
        lock_file(file.fileno())
        if not path.is_dir():
            raise FileNotFoundError(path)
    except OSError:
        file.close()
        return None
    return SessionFolder(path, file)
