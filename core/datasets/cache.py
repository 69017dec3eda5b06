"""Imported pixels in cache_folder()/pictures/<key>: pixels.npy, meta.json and labels, whole or not at all.

An entry is written to a temporary folder and renamed when it is complete. One that does not fit its own
description is taken for absent and made again. What was written of one may be kept, to be gone on with.
Nothing here knows where pixels come from.
"""

import io
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from core.atomic import (
    CheckedFile,
    failure_text,
    rename_folder,
    replacing,
    write_bytes,
    write_text,
)
from core.datasets.dataset import LabelColumn, Skipped
from core.datasets.npyheader import mapped_npy, read_npy_header
from core.datasets.unfinished import LOCK, Claim, claim, remove_stale
from core.errors import DataError
from core.places import cache_folder
from core.translate import tr

CACHE_VERSION = 2  # part of each key: raise it when the same source would give other pixels
PIXELS = "pixels.npy"
ROWS = "rows.json"  # in an unfinished entry
PART_PREFIX = ".part-"
STALE_AFTER_S = 24 * 3600.0


class _Labels(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    classes: tuple[str, ...]


class _Meta(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    count: int
    reading: str
    labels: tuple[_Labels, ...]
    files: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


class _Rows(BaseModel):
    """What of pixels.npy is on the disk for certain, and the writer's state then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int
    shape: tuple[int, int, int]
    state: str


@dataclass(frozen=True, eq=False)
class CacheEntry:
    """What an import left in the cache; pixels are mapped from it, uint8 (N,H,W,C)."""

    pixels: NDArray[np.uint8]
    reading: str
    labels: tuple[LabelColumn, ...]
    files: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def pictures_folder() -> Path:
    """Where all entries are."""
    return cache_folder() / "pictures"


def _entry_folder(key: str) -> Path:
    return pictures_folder() / f"{key[:40]}-{CACHE_VERSION}"


def load_entry(key: str) -> CacheEntry | None:
    """The entry of this key, or None when there is none or it is damaged."""
    folder = _entry_folder(key)
    try:
        meta = _Meta.model_validate_json((folder / "meta.json").read_bytes())
        header = read_npy_header(folder / PIXELS)
        if (
            meta.version != CACHE_VERSION
            or header.dtype != np.uint8
            or header.fortran_order
            or len(header.shape) != 4
            or header.shape[0] != meta.count
            or not header.is_exact
        ):
            return None
        labels = tuple(
            LabelColumn(label.name, _label_values(folder, index, label, meta.count), label.classes)
            for index, label in enumerate(meta.labels)
        )
        if meta.files and len(meta.files) != meta.count:
            return None
        return CacheEntry(
            pixels=mapped_npy(folder / PIXELS),
            reading=meta.reading,
            labels=labels,
            files=meta.files,
            skipped=tuple(Skipped(file, reason) for file, reason in meta.skipped),
        )
    except (OSError, ValueError, ValidationError, DataError):  # absent or damaged: the same to the caller
        return None


def _label_values(folder: Path, index: int, label: _Labels, count: int) -> NDArray[np.int32]:
    values = np.load(folder / f"labels-{index}.npy", allow_pickle=False)
    expected = np.int32 if label.classes else np.float32
    if values.shape != (count,) or values.dtype != expected:
        raise ValueError(label.name)
    if label.classes and count and int(values.max()) >= len(label.classes):
        raise ValueError(label.name)
    return values


class CacheWriter:
    """Writes one entry row by row.

    folder is the temporary folder, where a source may put files of its own until finish(). Leaving the with
    block before finish() leaves nothing behind, unless state is given: a function that tells how many of the
    rows are worth keeping, and in JSON all that is needed to go on after them. Both then stay, and the next
    writer of this key finds them in count and resumed. What save() has written survives the end of the
    process, too.
    """

    def __init__(self, key: str, state: Callable[[], tuple[int, str]] | None = None) -> None:
        """Claim the unfinished rows of this key, or begin anew; beside another process always anew."""
        self._key = key
        self._state = state
        self._claim: Claim | None = None
        self._file: CheckedFile | None = None
        self._shape: tuple[int, int, int] = (0, 0, 0)
        self._is_finished = False
        self.count = 0
        self.resumed: str | None = None
        with _disk_errors():
            pictures_folder().mkdir(parents=True, exist_ok=True)
            _remove_stale()
            remove_stale(pictures_folder())
            if state is not None:
                self._claim = claim(pictures_folder(), f"{key[:40]}-{CACHE_VERSION}")
            if self._claim is not None:
                self.folder = self._claim.folder
                self._resume()
            else:
                self.folder = Path(tempfile.mkdtemp(prefix=PART_PREFIX, dir=pictures_folder()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_finished:
            return
        # After an error of ours the rest is of no use, and of a full disk it would be the reason.
        keep = self._claim is not None and self.count > 0 and not isinstance(error, DataError)
        with suppress(DataError):
            if keep:
                self.save()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        if self._claim is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif keep:
            self._claim.release()
        else:
            self._claim.remove()

    def append(self, pixels: NDArray[np.uint8]) -> None:
        """Add pictures uint8 (n,H,W,C); the first ones decide H, W and C."""
        with _disk_errors():
            if self._file is None:
                height, width, channels = pixels.shape[1:]
                self._shape = (height, width, channels)
                self._file = CheckedFile.growing(self.folder / PIXELS, anew=True)
                self._write_header(0)
            self._file.write(np.ascontiguousarray(pixels).data)
        self.count += len(pixels)

    def save(self) -> None:
        """Bring the rows so far and the state to the disk, in this order."""
        if self._claim is None or self._state is None or self._file is None or self._file.closed:
            return
        with _disk_errors():
            self._file.sync()
            count, state = self._state()
            rows = _Rows(count=count, shape=self._shape, state=state)
            write_text(self.folder / ROWS, rows.model_dump_json())

    def restart(self) -> None:
        """Forget the rows so far."""
        if self._file is not None:
            self._file.close()
            self._file = None
        (self.folder / ROWS).unlink(missing_ok=True)
        self.count = 0

    def _resume(self) -> None:
        """Take up the rows that an earlier writer left, where they are all there."""
        try:
            rows = _Rows.model_validate_json((self.folder / ROWS).read_bytes())
            self._file = CheckedFile.growing(self.folder / PIXELS, anew=False)
            self._shape = rows.shape
            self._write_header(0)
            end = self._file.seek(0, os.SEEK_CUR) + rows.count * math.prod(rows.shape)
            if self._file.seek(0, os.SEEK_END) < end:
                raise ValueError(end)
            self._file.truncate(end)
            self._file.seek(end)
        except (OSError, ValueError):  # none, or damaged; a ValidationError is a ValueError
            self.restart()
        else:
            self.count, self.resumed = rows.count, rows.state

    def finish(
        self,
        reading: str,
        labels: Sequence[LabelColumn] = (),
        files: Sequence[str] = (),
        skipped: Sequence[Skipped] = (),
    ) -> CacheEntry:
        """Complete the entry, put it in its place and map it."""
        assert self._file is not None, "finish() before append(): the source checks that something was read"
        meta = _Meta(
            version=CACHE_VERSION,
            count=self.count,
            reading=reading,
            labels=tuple(_Labels(name=label.name, classes=label.classes) for label in labels),
            files=tuple(files),
            skipped=tuple((item.file, item.reason) for item in skipped),
        )
        with _disk_errors():
            self._file.seek(0)
            self._write_header(self.count)
            self._file.sync()
            self._file.close()
            for index, label in enumerate(labels):
                content = io.BytesIO()
                np.save(content, label.values)
                write_bytes(self.folder / f"labels-{index}.npy", content.getbuffer())
            write_text(self.folder / "meta.json", meta.model_dump_json())
            self.folder.chmod(0o755)
            target = _entry_folder(self._key)
            if target.exists() and load_entry(self._key) is None:
                shutil.rmtree(target)
            (self.folder / ROWS).unlink(missing_ok=True)
            if self._claim is not None and os.name == "nt":  # a folder with an open file has to stay there
                self._claim.release()
            if not target.exists():
                rename_folder(self.folder, target)
                (target / LOCK).unlink(missing_ok=True)
            else:  # another process was faster, with the same pixels
                shutil.rmtree(self.folder, ignore_errors=True)
            self._is_finished = True
            if self._claim is not None:
                self._claim.release()
        entry = load_entry(self._key)
        if entry is None:
            raise DataError(
                tr("The cache in {folder} was damaged while it was written; open again.", folder=str(target))
            )
        return entry

    def _write_header(self, count: int) -> None:
        # numpy pads the header so that it has one length whatever the count; tests hold it to that.
        assert self._file is not None
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, *self._shape)}
        content = io.BytesIO()
        np.lib.format.write_array_header_1_0(content, header)
        self._file.write(content.getvalue())


class ScratchFile:
    """What is unpacked into a writer's folder, to be converted and removed: write() raises DataError."""

    def __init__(self, file: CheckedFile) -> None:
        self._file = file

    def write(self, content: bytes) -> None:
        """Write all of content. Raises: DataError where the cache's disk does not take it."""
        with _disk_errors():
            self._file.write(content)


@contextmanager
def scratch_file(path: Path) -> Iterator[ScratchFile]:
    """A file in a writer's folder, there whole after the block or not at all. Raises: DataError."""
    with ExitStack() as stack:
        with _disk_errors():
            file = stack.enter_context(replacing(path, durable=False))
        yield ScratchFile(file)
        with _disk_errors():
            stack.close()


def check_room(needed: int, what: str) -> None:
    """Raises: DataError when the cache's disk has less than needed bytes free."""
    with _disk_errors():
        pictures_folder().mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(pictures_folder()).free
    if needed > free:
        raise DataError(
            tr(
                "{what} needs {needed:,} MB in the cache {folder}, which has {free:,} MB free: make room or"
                " choose a smaller size.",
                what=what,
                needed=-(-needed // 10**6),
                free=free // 10**6,
                folder=str(pictures_folder()),
            )
        )


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            tr(
                "The cache in {folder} cannot be written: {reason}, or set LATENT_DIALS_HOME to another"
                " folder.",
                folder=str(pictures_folder()),
                reason=failure_text(error),
            )
        ) from error


def _remove_stale() -> None:
    """Remove what imports left that were killed: nothing else can leave a temporary folder."""
    for folder in pictures_folder().glob(f"{PART_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime > STALE_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
