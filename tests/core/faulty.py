"""A disk that fails at its n-th open, write, fsync or replace, as a full one or a dying one does."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

OPERATIONS = ("open", "write", "fsync", "replace")
CODES = (errno.ENOSPC, errno.EIO)


class FaultyDisk:
    """Lets the n-th call of one operation fail; a write that fails has taken a half before."""

    def __init__(self, operation: str, number: int, code: int) -> None:
        self._operation, self._number, self._code = operation, number, code
        self.calls = 0

    @property
    def has_failed(self) -> bool:
        """Whether it came to the call that fails."""
        return self.calls >= self._number

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Fail inside the block."""
        original: Callable[..., Any] = getattr(os, self._operation)

        def call(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls != self._number:
                return original(*args, **options)
            if self._operation == "write":
                handle, content = args
                original(handle, content[: len(content) // 2])
            raise OSError(self._code, os.strerror(self._code))

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, self._operation, call)
            yield


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below folder, by its name from there."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
