"""What a picture file may ask of the machine, looked at before a decoder sees it.

A decoder reads what the file's own lengths say: 2 GB for a note of a PNG that is mostly a hole on the disk,
16 bytes a pixel for a WebP, another look at each pixel for every scan of a JPEG. Measured with Pillow 13.0
(bytes a pixel at the most, once what it gives is flattened in strips): PNG, GIF, BMP, TIFF 4, WebP 16,
progressive JPEG 8; other JPEGs are decoded small.
"""

import os
import struct
from typing import BinaryIO

from core.errors import DataError
from core.translate import tr

MAX_PIXELS = 60_000_000
MAX_PIXELS_OF = {"JPEG": 89_478_485, "WEBP": 16_000_000}  # 89 million is where Pillow itself warns of a bomb
MAX_PROGRESSIVE_PIXELS = 30_000_000
MAX_SCANS = 100  # of a progressive JPEG: encoders make about ten
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_RAW_BYTES = 256 * 1024 * 1024  # of formats that do not pack their pixels, or need not
SMALL_BYTES = 2 * 1024 * 1024  # a file of less cannot ask for much by its notes
MAX_NOTE_BYTES = 16 * 1024 * 1024
MAX_CHUNKS = 100_000
MAX_TAG_NUMBERS = 1_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_RAW = (b"BM", b"II", b"MM", b"P")
_BYTES_TYPES = (1, 2, 6, 7)  # TIFF's: kept as they are, not as a number each


def check_file(stream: BinaryIO) -> None:
    """Look at a file's size and notes; leaves the stream at its beginning. Raises: DataError."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size <= SMALL_BYTES:
        return
    start = stream.read(8)
    if size > (MAX_RAW_BYTES if start.startswith(_RAW) else MAX_FILE_BYTES):
        raise DataError(tr("It has {size:,} bytes, too many for a picture.", size=size))
    try:
        if start == _PNG:
            _check_chunks(stream)
        elif start[:4] in (b"II*\0", b"MM\0*"):
            _check_tags(stream, "<" if start[:1] == b"I" else ">")
    except struct.error:  # it ends too early, which decoding will tell
        pass
    stream.seek(0)


def check_pixels(kind: str, width: int, height: int) -> None:
    """Raises: DataError where a picture claims more pixels than its format is decoded in 500 MB with."""
    _check_pixels(width * height, MAX_PIXELS_OF.get(kind, MAX_PIXELS))


def check_progressive(stream: BinaryIO, pixels: int) -> None:
    """Look at the scans of a progressive JPEG, each of which goes over all its pixels. Raises: DataError."""
    _check_pixels(pixels, MAX_PROGRESSIVE_PIXELS)
    place = stream.tell()
    stream.seek(0)
    scans = stream.read(MAX_FILE_BYTES).count(b"\xff\xda")
    stream.seek(place)
    if scans > MAX_SCANS:
        raise DataError(tr("It has {scans:,} scans, too many for a picture.", scans=scans))


def _check_pixels(pixels: int, limit: int) -> None:
    if pixels > limit:
        raise DataError(tr("It claims more than {limit} megapixels.", limit=limit // 1_000_000))


def _check_chunks(stream: BinaryIO) -> None:
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", stream.read(8))
        if kind == b"IEND":
            return
        if length > MAX_NOTE_BYTES and kind != b"IDAT":
            raise DataError(tr("It holds a note of {size:,} bytes, too many for a picture.", size=length))
        stream.seek(length + 4, os.SEEK_CUR)
    raise DataError(tr("It has more than {count:,} parts, too many for a picture.", count=MAX_CHUNKS))


def _check_tags(stream: BinaryIO, order: str) -> None:
    stream.seek(4)
    (place,) = struct.unpack(f"{order}I", stream.read(4))
    stream.seek(place)
    (tags,) = struct.unpack(f"{order}H", stream.read(2))
    for _ in range(tags):
        _, kind, count, _ = struct.unpack(f"{order}HHI4s", stream.read(12))
        if count > MAX_TAG_NUMBERS and kind not in _BYTES_TYPES:
            raise DataError(tr("It holds a list of {count:,} numbers, too many for a picture.", count=count))
