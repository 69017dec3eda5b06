"""How pictures are fetched from where they lie: PixelStore for any place, FileRows for a file that is mapped.

To touch a map whose file was cut short, or whose drive was unplugged, ends the process at once (SIGBUS). So a
map only says what lies where: what is small is read into memory when it is opened (47 ms for 123 MB, and each
picture is then had faster than from the map), what is large is read by position, and an error is an error.

A map is read through the page tables, and every page that was touched counts as the program's own memory:
a hundred thousand pictures drawn from a file of 3 GB left 2.1 GB behind. FileRows reads the same bytes by
pread into the fresh array that is asked for anyway. Measured for 256 pictures of 64x64 out of 250,000: 1.1 ms
and 7 MB, against 1.1 to 2.7 ms for the map, and 2.4 ms for a map whose pages are handed back each time.
"""

import os
import weakref
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from core.errors import DataError
from core.translate import tr

# Less than this is held in memory: that is faster, and never gives the interpreter's lock away.
SMALL_BYTES = 128 * 1024 * 1024
MERGED_GAP_BYTES = 32 * 1024  # reading that much for nothing is cheaper than seeking past it
ADVICE_BYTES = 128 * 1024  # the kernel cuts one piece of advice off at the device's own read-ahead
CAN_PREAD = hasattr(os, "preadv")
CAN_ADVISE = hasattr(os, "posix_fadvise")

Indices = NDArray[np.int64] | NDArray[np.bool_] | list[int] | slice


class PixelStore(Protocol):
    """Pictures that are not one array: asked like one, uint8 (N,H,W,C), from any number of threads."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C)."""
        ...

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: Any) -> NDArray[np.uint8]:
        """The picture at an index (H,W,C), or those of a slice or array (n,H,W,C). Raises: DataError."""
        ...

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Let the system begin to read these pictures; returns soon, and does nothing where it cannot."""
        ...


Pixels = NDArray[np.uint8] | PixelStore


class FetchedPictures:
    """What PixelStores have in common that fetch pictures when asked; subclasses say how, and prefetch."""

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        """shape is (N, H, W, C)."""
        self._shape = shape

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C)."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, wanted: Any) -> NDArray[np.uint8]:
        """The picture at an index, or those of a slice or index array, a copy. Raises: DataError."""
        if isinstance(wanted, int | np.integer):
            return self[[int(wanted)]][0]
        indices = index_array(wanted, len(self))
        pictures = np.empty((len(indices), *self._shape[1:]), np.uint8)
        self._fetch(indices, pictures)
        return pictures

    def _fetch(self, indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        """Write the pictures at indices (n,) to pictures (n,H,W,C). Raises: DataError."""
        raise NotImplementedError


def index_array(wanted: Indices, count: int) -> NDArray[np.int64]:
    """Indices 0 to count - 1 (n,) from what numpy would take. Raises: IndexError as numpy does."""
    if isinstance(wanted, slice):
        return np.arange(*wanted.indices(count), dtype=np.int64)
    indices = np.asarray(wanted)
    if indices.dtype == np.bool_:
        indices = np.flatnonzero(indices)
    indices = indices.astype(np.int64, copy=False).reshape(-1)
    if len(indices) and (int(indices.min()) < -count or int(indices.max()) >= count):
        raise IndexError(f"index out of bounds for {count} pictures")
    return np.where(indices < 0, indices + count, indices) if len(indices) and indices.min() < 0 else indices


def runs(indices: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """(start, stop) places of indices (n,) between which they count up by one."""
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    edges = [0, *breaks.tolist(), len(indices)]
    return pairwise(edges) if len(indices) else iter(())


def numbers(view: NDArray[Any]) -> NDArray[Any]:
    """A copy of a view, read by position where it is one piece of a mapped file. Raises: DataError."""
    mapped = _mapped_base(view) if CAN_PREAD else None
    if mapped is None or mapped.filename is None or not view.flags.c_contiguous or not view.size:
        return np.array(view)
    read = np.empty(view.shape, view.dtype)
    _read_into(read, Path(mapped.filename), mapped.offset + view.ctypes.data - mapped.ctypes.data)
    return read


def in_memory(pixels: Pixels, small_bytes: int | None = None) -> Pixels:
    """The same view of a copy in memory where pixels are mapped from a small file. Raises: DataError."""
    small_bytes = SMALL_BYTES if small_bytes is None else small_bytes
    mapped = _mapped_base(pixels) if CAN_PREAD and isinstance(pixels, np.ndarray) else None
    if mapped is None or mapped.nbytes > small_bytes or mapped.filename is None or not pixels.shape[0]:
        return pixels
    assert isinstance(pixels, np.ndarray)
    copy = np.empty(mapped.nbytes, np.uint8)
    _read_into(copy, Path(mapped.filename), mapped.offset)
    at = pixels.ctypes.data - mapped.ctypes.data
    return as_strided(copy[at:], pixels.shape, pixels.strides, writeable=False)


def check_length(pixels: Pixels) -> None:
    """Raises: DataError where pixels are mapped from a file that became shorter; see FileRows for others."""
    mapped = _mapped_base(pixels) if isinstance(pixels, np.ndarray) else None
    if mapped is None or mapped.filename is None:
        return
    try:
        size = os.stat(mapped.filename).st_size
    except OSError:  # removed, and the map still has it; or its drive is gone, which cannot be told from here
        return
    if size < mapped.offset + mapped.nbytes:
        raise _unreadable(Path(mapped.filename), tr("it became shorter while it was open"))


def _read_into(target: NDArray[Any], path: Path, offset: int) -> None:
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    try:
        _fill(file, path, target.reshape(-1).view(np.uint8).data, offset)
    finally:
        os.close(file)


def _fill(file: int, path: Path, view: memoryview, offset: int) -> None:
    """Fill view from the file; a read may be short, at 2 GiB it is."""
    while len(view):
        try:
            got = os.preadv(file, [view], offset)
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        if not got:
            raise _unreadable(path, tr("it became shorter while it was open"))
        view, offset = view[got:], offset + got


class FileRows:
    """The pictures of an array that is mapped from a file, read by pread: no page of the map is touched.

    Each picture must lie within a row of its own in the file; what the view does within one (channels first,
    grey seen as colour, alpha left out) is done again on the bytes that were read.
    """

    def __init__(self, path: str | os.PathLike[str], offset: int, pixels: NDArray[np.uint8]) -> None:
        """Read pixels, whose first byte is at offset of path. Raises: OSError."""
        self._path = Path(path)
        self._offset = offset
        self._shape = pixels.shape
        self._stride = pixels.strides[0]
        self._strides = pixels.strides[1:]
        self._extent = _extent(pixels)
        self._is_packed = pixels[:1].flags.c_contiguous and self._extent == self._stride
        self._file = os.open(self._path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        weakref.finalize(self, os.close, self._file)

    def read(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A contiguous copy of the pictures at indices, each 0 to N - 1. Raises: DataError."""
        count = len(indices)
        # A row's last bytes may lie behind the end of the file, where alpha is left out: never asked for.
        rows = np.empty(count * self._stride, np.uint8)
        view, stride = rows.data, self._stride
        for start, stop in runs(indices):
            end = (stop - 1) * stride + self._extent
            place = self._offset + int(indices[start]) * stride
            _fill(self._file, self._path, view[start * stride : end], place)
        if self._is_packed:
            return rows.reshape(count, *self._shape[1:])
        seen = as_strided(rows, (count, *self._shape[1:]), (stride, *self._strides), writeable=False)
        return np.ascontiguousarray(seen)

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Tell the system which pictures are read next."""
        if not CAN_ADVISE or not len(indices):
            return
        ordered = np.sort(indices)
        gaps = np.flatnonzero(np.diff(ordered) * self._stride > self._stride + MERGED_GAP_BYTES) + 1
        edges = [0, *gaps.tolist(), len(ordered)]
        for first, last in pairwise(edges):
            start = self._offset + int(ordered[first]) * self._stride
            stop = self._offset + int(ordered[last - 1]) * self._stride + self._extent
            for place in range(start, stop, ADVICE_BYTES):
                length = min(ADVICE_BYTES, stop - place)
                os.posix_fadvise(self._file, place, length, os.POSIX_FADV_WILLNEED)


def file_rows(pixels: Pixels, small_bytes: int | None = None) -> FileRows | None:
    """The reader of pixels where they are a view of a mapped file and that is the better way, else None.

    A file of up to small_bytes is in memory; SMALL_BYTES unless given.
    """
    small_bytes = SMALL_BYTES if small_bytes is None else small_bytes
    if not CAN_PREAD or not isinstance(pixels, np.ndarray) or pixels.ndim != 4 or not len(pixels):
        return None
    mapped = _mapped_base(pixels)
    if mapped is None or mapped.nbytes <= small_bytes or mapped.filename is None:
        return None
    if min(pixels.strides) < 0 or pixels.strides[0] < _extent(pixels):  # Fortran order, pictures turned round
        return None
    offset = mapped.offset + pixels.ctypes.data - mapped.ctypes.data
    try:
        return FileRows(mapped.filename, offset, pixels)
    except OSError:  # it was renamed or removed since, and the map still has it
        return None


def _extent(pixels: NDArray[np.uint8]) -> int:
    """Bytes from the first to the last of one picture."""
    steps = zip(pixels.shape[1:], pixels.strides[1:], strict=True)
    return 1 + sum((length - 1) * step for length, step in steps)


def _mapped_base(pixels: NDArray[np.uint8]) -> np.memmap[Any, Any] | None:
    """The outermost array over a map, whose first number lies at its own offset in the file."""
    found: np.memmap[Any, Any] | None = None
    array: object = pixels
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            found = array
        array = array.base
    # Without a map below it, it is a copy that numpy still calls a memmap.
    return found if found is not None and getattr(found, "_mmap", None) is not None else None


def _unreadable(path: Path, reason: str) -> DataError:
    return DataError(
        tr("The pictures in {file} cannot be read any more: {reason}.", file=str(path), reason=reason)
    )
