"""The one way in which files of ours are written: whole or not at all."""

import errno
import os
import tempfile
from pathlib import Path

from core.translate import tr


def write_bytes(path: Path, *contents: bytes | memoryview) -> None:
    """Replace path by contents so that after a crash the old or the new content is there, whole.

    A temporary file in the same folder, fsync, os.replace, fsync of the folder, the mode that the umask
    gives. Raises: OSError as the system reports it; path is then untouched and no temporary file stays.
    """
    if path.exists() and not path.is_file() and not path.is_dir():  # a device would be gone for every program
        raise OSError(errno.EINVAL, tr("it is not a regular file"), str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for content in contents:
                view = memoryview(content)
                while view:  # an unbuffered write may be short; what it returns is what was taken
                    view = view[file.write(view) :]
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_umask()) if hasattr(os, "fchmod") else None
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """write_bytes of content in UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def _umask() -> int:
    # The only portable way to read it; the gap in which it is 0o077 errs on the safe side.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and replace is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
