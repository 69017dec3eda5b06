"""An animated WebP, written a frame at a time: Pillow encodes the frames, the container is made here.

The container: https://developers.google.com/speed/webp/docs/riff_container. Pillow's own writer cannot be
watched or stopped, and drops frames that equal the one before.
"""

import struct
from io import BytesIO

from PIL import Image, ImageChops

LARGEST_SIDE = 16_383
_ANIMATED = 0x02
_BEGINNING = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_IN_PLACE = 0x02  # flags of a frame: it replaces what is below it, and stays


class WebpFrames:
    """Makes the bytes of an animated WebP of one size: header(), frame() for each, and the header again.

    Frames are lossless: enlarged pixels stay squares. The header holds the file's length, so it is written a
    second time, over the first, when all frames are known.
    """

    def __init__(self, size: tuple[int, int], is_loop: bool) -> None:
        self.size = size
        self._is_loop = is_loop
        self._length = 0
        self._before: Image.Image | None = None

    def header(self) -> bytes:
        """What stands before the frames, for as many bytes of them as there have been."""
        width, height = self.size
        canvas = struct.pack("<I", _ANIMATED) + _three_bytes(width - 1) + _three_bytes(height - 1)
        times = 0 if self._is_loop else 1
        inner = _chunk(b"VP8X", canvas) + _chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, times))
        return _BEGINNING.pack(b"RIFF", 4 + len(inner) + self._length, b"WEBP") + inner

    def frame(self, image: Image.Image, delay_ms: int) -> bytes:
        """The bytes of the next frame, of what changed in it, shown for delay_ms."""
        box: tuple[int, int, int, int] = (0, 0, *self.size)
        if self._before is not None:
            box = ImageChops.difference(image, self._before).getbbox() or (0, 0, 1, 1)
            box = (box[0] & ~1, box[1] & ~1, box[2], box[3])  # places are kept in steps of two
        self._before = image
        buffer = BytesIO()
        image.crop(box).save(buffer, "WEBP", lossless=True, method=3)
        place = _three_bytes(box[0] // 2) + _three_bytes(box[1] // 2)
        size = _three_bytes(box[2] - box[0] - 1) + _three_bytes(box[3] - box[1] - 1)
        head = place + size + _three_bytes(delay_ms) + bytes([_IN_PLACE])
        made = _chunk(b"ANMF", head + _picture_chunks(buffer.getvalue()))
        self._length += len(made)
        return made


def _picture_chunks(file: bytes) -> bytes:
    """The chunks of a still WebP that hold the picture itself."""
    found, place = b"", _BEGINNING.size
    while place + _CHUNK.size <= len(file):
        name, size = _CHUNK.unpack_from(file, place)
        end = place + _CHUNK.size + size + size % 2
        if name in (b"ALPH", b"VP8 ", b"VP8L"):
            found += file[place:end]
        place = end
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(name, len(content)) + content + b"\0" * (len(content) % 2)


def _three_bytes(value: int) -> bytes:
    return value.to_bytes(3, "little")
