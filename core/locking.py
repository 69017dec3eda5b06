"""One writer at a time in a folder: a lock file that says who holds it, and for how long nothing was heard.

The lock is the system's own (flock), which is taken back however a process ends. Where a network disk knows
no locks, or keeps them to each machine, what stands in the file decides: its holder gives signs of life.
"""

import errno
import json
import os
import platform
import secrets
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from core.translate import tr

if sys.platform == "win32":
    import msvcrt

    _FAR = 2**30  # what is locked there cannot be read by others, so it is a byte that is not in the file

    def lock_file(handle: int) -> None:
        """Lock an open file for this process alone, at once. Raises: BlockingIOError, or OSError."""
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from None
else:
    import fcntl

    def lock_file(handle: int) -> None:
        """Lock an open file for this process alone, at once. Raises: BlockingIOError, or OSError."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


SIGN_OF_LIFE_S = 5.0
STALE_AFTER_S = 30.0  # without a sign of life; asked only of other machines, or where there are no locks
POLL_S = 0.25
LONGEST_FACTS = 4096  # bytes
# Not through a link to what lies elsewhere, and without waiting for the other end of a pipe.
_NO_SURPRISES = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the process, its machine, and since when, by that machine's clock."""

    pid: int
    host: str
    since: float

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since).strftime("%Y-%m-%d %H:%M:%S")
        return tr("process {pid} on {host} since {since}", pid=self.pid, host=self.host, since=since)


class HeldError(Exception):
    """Another holds the lock; holder is None where it has not said who it is."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(str(holder))
        self.holder = holder


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock file at path inside the block; the file is there only while somebody holds it.

    A file that a killed process left behind is taken over: at once on this machine, and from another one when
    nothing was heard of it for STALE_AFTER_S. Raises: HeldError where another holds it, OSError where no file
    can be made there.
    """
    handle = _taken(path)
    ended = threading.Event()
    life = threading.Thread(target=_give_signs_of_life, args=(handle, ended), name="lock", daemon=True)
    try:
        life.start()
        yield
    finally:
        ended.set()
        life.join()
        if os.name == "nt":  # a file that is open cannot be removed there
            os.close(handle)
        with suppress(OSError):  # it may be gone with its folder, and another's may be there
            if os.name == "nt" or os.path.samestat(os.fstat(handle), path.stat()):
                path.unlink()
        if os.name != "nt":
            os.close(handle)


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock file at path, or None where it does not say. A file may outlive its holder."""
    try:
        with _opened(path, os.O_RDONLY) as handle:
            facts = json.loads(os.read(handle, LONGEST_FACTS))
        holder = Holder(int(facts["pid"]), str(facts["host"]), float(facts["since"]))
        str(holder)  # a time may be beyond all calendars
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return holder


def seems_held(path: Path) -> Holder | None:
    """Who holds the lock file at path by the look of it, without asking for it: for a list, not for a claim.

    Its holder gave a sign of life lately, and runs where that is this machine.
    """
    holder = read_holder(path)
    try:
        is_fresh = holder is not None and abs(time.time() - _last_sign(path)) < STALE_AFTER_S
    except OSError:
        return None
    is_here = holder is not None and holder.host == platform.node()
    return holder if is_fresh and (not is_here or (holder is not None and _runs(holder.pid))) else None


def _taken(path: Path) -> int:
    """The open and locked file at path, with our name in it."""
    while True:
        handle = _handle(path, os.O_RDWR | os.O_CREAT)
        try:
            if _is_ours(handle, path):
                with suppress(OSError):  # a full disk: the lock is held all the same
                    os.ftruncate(handle, 0)
                    os.lseek(handle, 0, os.SEEK_SET)
                    facts = Holder(os.getpid(), platform.node(), time.time())
                    os.write(handle, json.dumps(asdict(facts)).encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """A handle of the file at path inside the block. Raises: OSError, as _handle does."""
    handle = _handle(path, flags)
    try:
        yield handle
    finally:
        os.close(handle)


def _handle(path: Path, flags: int) -> int:
    """The file at path, opened. Raises: OSError, also for a link or a pipe, as a strange folder may have."""
    handle = os.open(path, flags | _NO_SURPRISES, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, tr("it is not a regular file"), str(path))
    return handle


def _is_ours(handle: int, path: Path) -> bool:
    """Lock the open file; False where it is no longer the one at path. Raises: HeldError."""
    try:
        lock_file(handle)
        has_locks = True
    except BlockingIOError:
        raise HeldError(read_holder(path)) from None
    except OSError:  # this disk knows no locks
        has_locks = False
    try:  # its holder may remove it between our looks
        if not os.path.samestat(os.fstat(handle), path.stat()):
            return False
        holder = read_holder(path)
        if holder is None:
            return True
        if holder.host == platform.node():  # whose locks we would have met
            is_gone = has_locks or not _runs(holder.pid)
        else:
            is_gone = _falls_silent(path)
    except FileNotFoundError:
        return False
    if not is_gone:
        raise HeldError(holder)
    return True


def _falls_silent(path: Path) -> bool:
    """Whether no sign of life comes until the last one is STALE_AFTER_S old, by the disk's own clock."""
    last = _last_sign(path)
    left = STALE_AFTER_S - (_disk_time(path.parent) - last)
    deadline = time.monotonic() + min(left, STALE_AFTER_S)
    while time.monotonic() < deadline:
        if _last_sign(path) != last:
            return False
        time.sleep(POLL_S)
    return True


def _last_sign(path: Path) -> float:
    """When the file was last written to; a network disk looks anew when it is opened, and only then."""
    with _opened(path, os.O_RDONLY) as handle:
        return os.fstat(handle).st_mtime


def _disk_time(folder: Path) -> float:
    """The time that folder's disk gives to a file which is written now."""
    probe = folder / f".{secrets.token_hex(8)}.clock"
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and another person's
        return True
    return True


def _give_signs_of_life(handle: int, ended: threading.Event) -> None:
    while not ended.wait(SIGN_OF_LIFE_S):
        with suppress(OSError):  # the disk is gone for now, or for good
            os.utime(handle) if os.utime in os.supports_fd else None
