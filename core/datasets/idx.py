"""MNIST's idx files, plain or as .gz, with the labels that lie beside them.

The format is that of Y. LeCun's page on MNIST: two zero bytes, a type, the number of axes, each axis as a
big-endian 32 bit number, then the numbers, big-endian.
"""

import gzip
import math
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.arrays import ArraySource, Unpack, file_stamp
from core.datasets.cache import check_room, scratch_file
from core.datasets.dataset import ImportProgress, LabelColumn
from core.datasets.labels import label_columns
from core.datasets.npyheader import shape_text
from core.datasets.parallel import REPORT_INTERVAL_S
from core.datasets.source import About, content_digest
from core.datasets.zipped import check_unpacked
from core.errors import DataError
from core.translate import tr

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
READ_BYTES = 4 * 1024 * 1024
MAX_RATIO = 1100  # deflate packs at most 1032 to 1


@dataclass(frozen=True)
class _Header:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def offset(self) -> int:
        return 4 + 4 * len(self.shape)

    @property
    def data_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class IdxSource(ArraySource):
    """An idx file of pictures; …-images-idx3-… has its labels in …-labels-idx1-… beside it."""

    def __init__(self, path: Path, policy: ImportConfig) -> None:
        self._path = path
        self._header = _checked_header(path)
        if len(self._header.shape) == 1:
            raise DataError(
                tr("{file} holds labels, not pictures: open the file of images beside it.", file=str(path))
            )
        self._labels_path = _labels_beside(path)
        stamp = file_stamp(path) + (file_stamp(self._labels_path) if self._labels_path else "")
        about = About("idx", path.name.removesuffix(".gz"), str(path), policy, content_digest(path))
        super().__init__(about, self._header.shape, self._header.dtype, stamp)

    def mapped(self) -> NDArray[Any] | None:
        if _is_packed(self._path):
            return None
        return _mapped(self._path, self._header, self._header.offset)

    def first(self, count: int) -> NDArray[Any]:
        count = min(count, self.shape[0])
        picture_bytes = self._header.data_bytes // self.shape[0]
        content = _read(self._path, self._header, count * picture_bytes)
        return np.frombuffer(content, self.dtype).reshape((count, *self.shape[1:]))

    def unpack(self, folder: Path) -> Unpack:
        check_room(self._header.data_bytes, self.about.source)
        text = tr("Unpacking {name}", name=self.about.name)
        target = folder / "unpacked.raw"
        left, reported = self._header.data_bytes, 0.0
        try:
            with _opened(self._path) as stream, scratch_file(target) as file:
                stream.read(self._header.offset)
                while left:
                    content = stream.read(min(READ_BYTES, left))
                    if not content:
                        raise EOFError(tr("it is cut short"))
                    file.write(content)
                    left -= len(content)
                    if time.monotonic() - reported >= REPORT_INTERVAL_S:
                        reported = time.monotonic()
                        done = self.shape[0] * (self._header.data_bytes - left) // self._header.data_bytes
                        yield ImportProgress(done, self.shape[0], text)
                stream.read(1)  # reaching the end makes gzip compare its checksum
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(_damaged(self._path, str(error))) from None
        return _mapped(target, self._header, 0)

    def labels(self) -> tuple[LabelColumn, ...]:
        if self._labels_path is None:
            return ()
        header = _checked_header(self._labels_path)
        if header.shape != self.shape[:1]:
            raise DataError(
                tr(
                    "{labels} has {found:,} labels for the {count:,} pictures of {file}: put the right one"
                    " there, or move it away.",
                    labels=str(self._labels_path),
                    found=header.shape[0] if header.shape else 0,
                    count=self.shape[0],
                    file=str(self._path),
                )
            )
        content = _read(self._labels_path, header, header.data_bytes)
        values = np.frombuffer(content, header.dtype)
        return tuple(label_columns("label", values.astype(header.dtype.newbyteorder("="))))

    def label_names(self) -> tuple[str, ...]:
        return ("label",) if self._labels_path else ()


def is_idx(path: Path) -> bool:
    """Whether the file begins as an idx file, packed or not."""
    try:
        with _opened(path) as stream:
            start = stream.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in DTYPES and 1 <= start[3] <= 4


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if _is_packed(path) else path.open("rb")


def _checked_header(path: Path) -> _Header:
    """The header, after what it claims was compared with the file's size. Raises: DataError."""
    try:
        with _opened(path) as stream:
            start = stream.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in DTYPES:
                raise DataError(_damaged(path, tr("it does not begin as an idx file")))
            axes = np.frombuffer(stream.read(4 * start[3]), ">u4").tolist()
    except (EOFError, ValueError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(_damaged(path, str(error))) from None
    header = _Header(np.dtype(DTYPES[start[2]]), tuple(axes))
    file_bytes = path.stat().st_size
    claimed = header.offset + header.data_bytes
    is_packed = _is_packed(path)
    fits = claimed <= file_bytes * MAX_RATIO + READ_BYTES if is_packed else claimed <= file_bytes
    if len(axes) != start[3] or not fits:
        raise DataError(
            _damaged(path, tr("it claims {shape}, which it cannot hold", shape=shape_text(header.shape)))
        )
    if is_packed:
        check_unpacked(path, claimed, file_bytes)
    return header


def _read(path: Path, header: _Header, wanted: int) -> bytes:
    """The first wanted bytes of the numbers. Raises: DataError."""
    try:
        with _opened(path) as stream:
            stream.read(header.offset)
            content = stream.read(wanted)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(_damaged(path, str(error))) from None
    if len(content) < wanted:
        raise DataError(_damaged(path, tr("it is cut short")))
    return content


def _mapped(path: Path, header: _Header, offset: int) -> NDArray[Any]:
    if 0 in header.shape:
        return np.zeros(header.shape, header.dtype)
    return np.memmap(path, header.dtype, "r", offset, header.shape)


def _labels_beside(path: Path) -> Path | None:
    name = path.name.removesuffix(".gz")
    if "images" not in name:
        return None
    name = name.replace("images", "labels").replace("idx3", "idx1")
    beside = (path.with_name(name + suffix) for suffix in ("", ".gz"))
    return next((candidate for candidate in beside if candidate.is_file()), None)


def _damaged(path: Path, reason: str) -> str:
    return tr("{file} cannot be read: {reason}.", file=str(path), reason=reason)
