"""The one way in which files are written: whole or not at all.

What grows by lines is appended to here as well, each line whole or not at all. Every write is checked, since
a disk may take a part and then be full. tests/core/test_atomic.py holds the rest of the program to this room.
"""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.translate import tr

# A temporary file is named after the one that it will replace, so that what a killed process left is known.
PART_SUFFIX = ".part"
_PART_NAME = re.compile(rf"\.(.+)\.[0-9a-f]+{re.escape(PART_SUFFIX)}", re.DOTALL)
LONGEST_NAME = 40  # characters of it that are kept, lest the whole is too long for the disk
LARGEST_WRITE = 64 * 2**20  # bytes at a time, so that Ctrl+C is heard between two
# What folders answer on disks that cannot bring one to the disk by itself.
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)
_BINARY = getattr(os, "O_BINARY", 0)  # for Windows
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class CheckedFile:
    """A file that is being written, by its handle: write() takes all or raises OSError, as all here does."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.closed = False

    @classmethod
    def growing(cls, path: Path, *, anew: bool) -> "CheckedFile":
        """A file of an unfinished folder, which rename_folder will put in its place; anew: emptied first."""
        flags = os.O_RDWR | _BINARY | (os.O_CREAT | os.O_TRUNC if anew else 0)
        return cls(os.open(path, flags, 0o666))

    def write(self, content: bytes | memoryview) -> int:
        """Write all of content and give its bytes."""
        view = memoryview(content)
        if not (size := view.nbytes):  # which cannot be cast
            return 0
        view = view.cast("B")
        while view:  # a write may be short; what it returns is what was taken
            view = view[os.write(self._handle, view[:LARGEST_WRITE]) :]
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset, where the next write begins; gives it as counted from the file's beginning."""
        return os.lseek(self._handle, offset, whence)

    def truncate(self, size: int) -> None:
        """Cut the file to size bytes."""
        os.ftruncate(self._handle, size)

    def sync(self) -> None:
        """Bring what was written to the disk."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Let go of the file; calling it again does nothing."""
        if not self.closed:
            self.closed = True
            os.close(self._handle)


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[CheckedFile]:
    """A file to write to, which replaces path at the end of the block: after a crash the old one or the new
    one is there, whole.

    A temporary file in the same folder, fsync, os.replace, fsync of the folder, the mode that the umask
    gives. Raises: OSError as the system reports it. After that, or where the block raises, no temporary file
    stays and path is untouched, unless it was the folder's fsync that failed: then the new one is there.
    What need not outlive a power cut is not durable, and spared the two fsyncs.
    """
    temporary, file = _temporary(path)
    try:
        try:
            yield file
            if durable:
                file.sync()
        finally:
            file.close()
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # the folder may be what is gone; the first error says so
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def check_place(path: Path) -> None:
    """Raises: OSError where path could not be replaced: a folder, or one that is missing or closed to us."""
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary, file = _temporary(path)
    file.close()
    temporary.unlink(missing_ok=True)


def is_same_place(first: str | Path, second: str | Path) -> bool:
    """Whether both are one file or folder, by whatever names or links; not where one is absent."""
    try:
        return os.path.samefile(first, second)
    except (OSError, ValueError):  # ValueError: what can be no file's name
        return False


def write_bytes(path: Path, *contents: bytes | memoryview) -> None:
    """Replace path by contents, as replacing does. Raises: OSError."""
    with replacing(path) as file:
        for content in contents:
            file.write(content)


def write_text(path: Path, content: str) -> None:
    """write_bytes of content in UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def append_line(path: Path, line: bytes, header: bytes) -> None:
    """Add a line, of which header is the first where path is new; both end with a newline.

    A line of which a part was written is taken back, by the next call if not by this one. Nothing is known
    to be on the disk before sync_file. Raises: OSError.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY, 0o666)
    try:
        size = os.lseek(handle, 0, os.SEEK_END)
        if size and os.lseek(handle, size - 1, os.SEEK_SET) >= 0 and os.read(handle, 1) != b"\n":
            size = _end_of_whole_lines(handle, size)
            os.ftruncate(handle, size)
        try:
            CheckedFile(handle).write(line if size else header + line)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Bring what was appended to path to the disk. Raises: OSError."""
    handle = os.open(path, os.O_RDWR | _BINARY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def making_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which becomes path at the end of the block; where it raises, nothing stays.

    What is written in it must be on the disk by then; path may be there if it is empty. Raises: OSError.
    """
    part = _part(path)
    try:
        part.mkdir(parents=True)
        yield part
        if path.is_dir():
            path.rmdir()
        rename_folder(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def copy_file(source: Path, target: Path) -> None:
    """Replace target by what source holds, as replacing does. Raises: OSError."""
    with source.open("rb") as file, replacing(target) as copy:
        while piece := file.read(LARGEST_WRITE):
            copy.write(piece)


def rename_folder(folder: Path, target: Path) -> None:
    """Put a folder, whose files are on the disk already, in its place. Raises: OSError."""
    sync_folder(folder)
    folder.rename(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in folder to the disk, where the disk can do that by itself. Raises: OSError."""
    if os.name == "nt":  # a folder cannot be opened there, and replace is journalled
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def remove_parts(path: Path, older_than_s: float = 0.0) -> None:
    """Remove the temporary files of killed writers of path, where nothing was written for older_than_s."""
    with suppress(OSError):  # what is not removed costs its room and nothing else
        for name in os.listdir(path.parent):
            part = path.parent / name
            is_part = written_to(name) == path.name[:LONGEST_NAME]
            if is_part and time.time() - part.stat().st_mtime >= older_than_s:
                part.unlink(missing_ok=True)


def _temporary(path: Path) -> tuple[Path, CheckedFile]:
    """A new file beside path, and it opened. Raises: OSError."""
    if path.exists() and not path.is_file() and not path.is_dir():  # a device would be gone for every program
        raise OSError(errno.EINVAL, tr("it is not a regular file"), str(path))
    temporary = _part(path)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    return temporary, CheckedFile(handle)


def _part(path: Path) -> Path:
    """A place beside path that nothing has yet."""
    return path.parent / f".{path.name[:LONGEST_NAME]}.{secrets.token_hex(8)}{PART_SUFFIX}"


def written_to(name: str) -> str:
    """The name, LONGEST_NAME characters at most, of what a temporary file is to become; empty if not ours."""
    found = _PART_NAME.fullmatch(name)
    return found[1] if found else ""


def failure_text(error: OSError) -> str:
    """Why something cannot be written, and the way out, to end a sentence with."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return tr("the disk is full; make room on it")
    if error.errno in _FORBIDDEN:
        return tr("{reason}; choose a folder that you may write to", reason=reason)
    if error.errno == errno.ENOENT:
        return tr("its folder is not there; make it or choose another")
    if error.errno == errno.EIO:
        return tr("{reason}; look after that disk or choose another", reason=reason)
    return reason


def _end_of_whole_lines(handle: int, size: int) -> int:
    """The offset after the last newline of a file of size bytes."""
    os.lseek(handle, 0, os.SEEK_SET)
    content = b""
    while len(content) < size and (piece := os.read(handle, size - len(content))):
        content += piece
    return content.rfind(b"\n") + 1
