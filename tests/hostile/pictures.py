"""Pictures that claim too much, end too early, or carry more in their notes than in their pixels."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.hostile.case import PNG_SIGNATURE, Case, Place, chunk, png, zeros_packed


def saved(kind: str, mode: str = "RGB", size: tuple[int, int] = (32, 32), **options: object) -> bytes:
    """A sound picture of one colour."""
    file = BytesIO()
    Image.new(mode, size).save(file, kind, **options)
    return file.getvalue()


def cases(folder: Path) -> Iterator[Case]:
    """All of them, each alone in a folder."""
    place = Place(folder, "picture")
    for name, (suffix, make) in MAKERS.items():
        yield place.in_folder(name, f"a.{suffix}", make())
    whole = {
        "png": saved("PNG"),
        "jpg": saved("JPEG"),
        "gif": saved("GIF", "P"),
        "webp": saved("WEBP"),
        "tif": saved("TIFF"),
        "bmp": saved("BMP"),
        "ppm": saved("PPM"),
    }
    for suffix, content in whole.items():
        yield place.in_folder(f"half a {suffix}", f"a.{suffix}", content[: len(content) // 2])
        yield place.in_folder(f"the first 20 bytes of a {suffix}", f"a.{suffix}", content[:20])
        yield place.in_folder(
            f"noise after the head of a {suffix}", f"a.{suffix}", content[:16] + os.urandom(500)
        )
    yield place.in_folder("a program named as a picture", "a.png", b"#!/bin/sh\ntouch canary\n")
    yield place.in_folder(
        "PostScript named as a picture", "a.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )
    yield place.in_folder("SVG named as a picture", "a.png", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    yield place.in_folder("nothing", "a.png", b"")
    holes = place.folder("a note of 2 GB that is a hole")
    with (holes / "a.png").open("wb") as file:
        file.write(PNG_SIGNATURE + struct.pack(">I", 0x7FFF_FFFF) + b"iTXt")
        file.truncate(2**31 + 100)
    yield Case("picture: a note of 2 GB that is a hole", holes, "pictures", "a.png")
    holes = place.folder("a hole of a terabyte named WebP")
    with (holes / "a.webp").open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 2**32 - 10) + b"WEBPVP8 ")
        file.truncate(2**40)
    yield Case("picture: a hole of a terabyte named WebP", holes, "pictures", "a.webp")


def _jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame claims another size than it has."""
    content = bytearray(saved("JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def _scans() -> bytes:
    """A progressive JPEG of five megapixels with thousands of empty scans over all of them."""
    content = saved("JPEG", "L", (2240, 2240), progressive=True)
    first = content.index(b"\xff\xda")
    second = (
        content.index(b"\xff\xc4", first)
        if b"\xff\xc4" in content[first:]
        else content.index(b"\xff\xda", first + 2)
    )
    scan = content[first:second]
    return content[:first] + scan * 3000 + content[second:]


def _gif_of(width: int, height: int) -> bytes:
    content = bytearray(saved("GIF", "P"))
    content[6:10] = struct.pack("<HH", width, height)
    at = content.index(b"\x2c")
    content[at + 5 : at + 9] = struct.pack("<HH", width, height)
    return bytes(content)


def _webp_of(width: int, height: int) -> bytes:
    """An extended WebP whose canvas is larger than what is in it."""
    body = saved("WEBP")[12:]
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(extended) + len(body)) + b"WEBP" + extended + body


def _tiff_of(*tags: tuple[int, int, int, int]) -> bytes:
    """A TIFF of (tag, type, count, value) and nothing else."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def _tiff_size(width: int, height: int) -> bytes:
    return _tiff_of(
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 200),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, 100),
    )


def _text_bomb(kind: bytes) -> bytes:
    """A PNG with a text of 64 MB packed into 64 KB, and no pixels."""
    packed = zeros_packed(2**26)
    content = b"Comment\0\0" + packed if kind == b"zTXt" else b"Comment\0\1\0\0\0" + packed
    return png(32, 32, notes=chunk(kind, content))


MAKERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "PNG of 100 megapixels in 12 KB": (
        "png",
        lambda: png(10_000, 10_000, zeros_packed(12_510_000), bits=1, colour=0),
    ),
    "PNG of 88 megapixels with transparency": ("png", lambda: png(9400, 9400, b"", colour=6)),
    "PNG of 2**31 by 2**31": ("png", lambda: png(2**31 - 1, 2**31 - 1)),
    "PNG of 1 by 2**31": ("png", lambda: png(1, 2**31 - 1)),
    "PNG of 0 by 0": ("png", lambda: png(0, 0)),
    "PNG with too few pixels": ("png", lambda: png(64, 64, zlib.compress(bytes(100)))),
    "PNG of 17 channels": ("png", lambda: png(32, 32, zlib.compress(bytes(9999)), colour=17)),
    "PNG with a wrong length": ("png", lambda: PNG_SIGNATURE + chunk(b"IHDR", bytes(13), 2**31 - 1)),
    "PNG whose colour profile unpacks to 64 MB": (
        "png",
        lambda: png(32, 32, notes=chunk(b"iCCP", b"icc\0\0" + zeros_packed(2**26))),
    ),
    "PNG whose packed text unpacks to 64 MB": ("png", lambda: _text_bomb(b"zTXt")),
    "PNG whose international text unpacks to 64 MB": ("png", lambda: _text_bomb(b"iTXt")),
    "PNG with half a million notes": ("png", lambda: png(32, 32, notes=chunk(b"tEXt", b"a\0b") * 500_000)),
    "APNG of four billion frames": (
        "png",
        lambda: png(32, 32, b"x", notes=chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))),
    ),
    "APNG whose frame is larger than it": (
        "png",
        lambda: png(
            32,
            32,
            b"x",
            notes=chunk(b"acTL", struct.pack(">II", 2, 0))
            + chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 60_000, 60_000, 0, 0, 1, 1, 0, 0)),
        ),
    ),
    "GIF of 65535 by 65535": ("gif", lambda: _gif_of(65_535, 65_535)),
    "WebP of 16384 by 16384": ("webp", lambda: _webp_of(16_384, 16_384)),
    "WebP of 2**24 by 2**24": ("webp", lambda: _webp_of(2**24, 2**24)),
    "TIFF of 2**31 by 2**31": ("tif", lambda: _tiff_size(2**31 - 1, 2**31 - 1)),
    "TIFF of 60000 by 60000": ("tif", lambda: _tiff_size(60_000, 60_000)),
    "TIFF with a list of four billion numbers": (
        "tif",
        lambda: _tiff_of((256, 4, 2**32 - 1, 8), (257, 4, 1, 9)),
    ),
    "TIFF whose directory is itself": ("tif", lambda: b"II*\0" + struct.pack("<IHI", 8, 0, 8)),
    "JPEG of 65500 by 65500": ("jpg", lambda: _jpeg_of(65_500, 65_500)),
    "JPEG of 0 by 0": ("jpg", lambda: _jpeg_of(0, 0)),
    "JPEG of thousands of scans": ("jpg", _scans),
    "PPM of 10**9 by 10**9": ("ppm", lambda: b"P6 1000000000 1000000000 255\n" + bytes(100)),
    "PPM with a number of a million digits": ("ppm", lambda: b"P6 " + b"9" * 1_000_000 + b" 1 255\n"),
    "PPM with a comment without end": ("ppm", lambda: b"P6 #" + b"x" * 1_500_000),
    "BMP of 2**31 by 2**31": (
        "bmp",
        lambda: (
            b"BM"
            + struct.pack("<IHHI", 100, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0)
        ),
    ),
}
