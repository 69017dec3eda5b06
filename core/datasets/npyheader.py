"""numpy's .npy header, read with suspicion: what a file claims is compared with its size first."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.translate import tr

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 10_000
MAX_LENGTH = 2**48  # of an axis: no disk holds more, and longer numbers take for ever to print


@dataclass(frozen=True)
class NpyHeader:
    """What a .npy header says; offset is where the numbers begin, file_bytes the size of the file."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    offset: int
    file_bytes: int

    @property
    def is_exact(self) -> bool:
        """Whether the file holds the numbers that the header claims, neither fewer nor more."""
        return self.offset + self.data_bytes == self.file_bytes

    @property
    def data_bytes(self) -> int:
        """Bytes of the numbers that the header claims."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(path: Path) -> NpyHeader:
    """The header of a .npy file. Raises: DataError when it is none or holds Python objects."""
    with path.open("rb") as file:
        return parse_npy_header(file, path.stat().st_size, str(path))


def parse_npy_header(file: BinaryIO, file_bytes: int, name: str) -> NpyHeader:
    """The header at the start of a binary stream of file_bytes bytes. Raises: DataError."""
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, MAX_HEADER_BYTES)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file, MAX_HEADER_BYTES)
        else:
            raise ValueError(version)
    except Exception:  # numpy evaluates the header as a literal: SyntaxError, TypeError, TokenError, …
        raise DataError(
            tr("{file} has no readable .npy header: it is damaged or another kind of file.", file=name)
        ) from None
    if dtype.hasobject:
        raise DataError(
            tr(
                "{file} holds Python objects, which could run code when read: save its pictures as one array"
                " of uint8.",
                file=name,
            )
        )
    if any(not 0 <= length <= MAX_LENGTH for length in shape):
        raise DataError(
            tr("{file} claims an impossible shape: it is damaged, or another kind of file.", file=name)
        )
    return NpyHeader(tuple(int(length) for length in shape), dtype, bool(fortran), file.tell(), file_bytes)


def check_complete(header: NpyHeader, name: str) -> None:
    """Raises: DataError when the file is shorter than its header claims."""
    if header.offset + header.data_bytes > header.file_bytes:
        raise DataError(
            tr(
                "{file} claims {shape} {dtype}, {claimed:,} bytes, but holds {held:,}: it is cut short or"
                " damaged; copy or save it again.",
                file=name,
                shape=shape_text(header.shape),
                dtype=str(header.dtype),
                claimed=header.data_bytes,
                held=max(0, header.file_bytes - header.offset),
            )
        )


def mapped_npy(path: Path) -> NDArray[Any]:
    """The array of a .npy file, mapped read-only. Raises: DataError when the file is too short."""
    header = read_npy_header(path)
    check_complete(header, str(path))
    if 0 in header.shape:  # an empty map is an error to the system
        return np.zeros(header.shape, header.dtype)
    return np.memmap(
        path,
        dtype=header.dtype,
        mode="r",
        offset=header.offset,
        shape=header.shape,
        order="F" if header.fortran_order else "C",
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as a person reads it: (4500,64,64,3)."""
    return f"({','.join(str(length) for length in shape)})"
