"""One picture file at a time: what its header says, and its pixels after the policy.

Files come from strangers: formats are an allow-list whatever the suffix says, every picture is decoded in
full (a header or verify() passes on half a file), and one that claims too many pixels is refused unread.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

# Imported by name so that Pillow never searches for plugins, which it would do in a worker thread.
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from core.datasets.picture_limits import MAX_PIXELS_OF, check_file, check_pixels, check_progressive
from core.datasets.resizing import Fit, fit_square, flatten, to_pixels
from core.errors import DataError
from core.translate import tr

FORMATS: dict[str, tuple[type[ImageFile.ImageFile], tuple[str, ...]]] = {
    "BMP": (BmpImagePlugin.BmpImageFile, (".bmp", ".dib")),
    "GIF": (GifImagePlugin.GifImageFile, (".gif",)),
    "JPEG": (JpegImagePlugin.JpegImageFile, (".jpg", ".jpeg", ".jpe", ".jfif")),
    "PNG": (PngImagePlugin.PngImageFile, (".png",)),
    "PPM": (PpmImagePlugin.PpmImageFile, (".ppm", ".pgm", ".pbm", ".pnm")),
    "TIFF": (TiffImagePlugin.TiffImageFile, (".tif", ".tiff")),
    "WEBP": (WebPImagePlugin.WebPImageFile, (".webp",)),
}
SUFFIXES = frozenset(suffix for _, suffixes in FORMATS.values() for suffix in suffixes)
LARGE_PIXELS = 4_000_000  # as decoded: such are flattened in strips, and one at a time
KEPT_FACTOR = 4  # times the size that is wanted: what Lanczos is given of a large picture
STRIP_PIXELS = 1_000_000
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N"})
TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION_TAG = 0x0112

_one_at_a_time = Lock()

# A policy of the whole process: filters cannot be set for one thread, and nobody wants to load a bomb.
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Header:
    """What a picture file says of itself before it is decoded; width and height as stored."""

    width: int
    height: int
    grey: bool


def is_picture_name(name: str) -> bool:
    """Whether a file of this name is taken for a picture."""
    return Path(name).suffix.lower() in SUFFIXES


def read_header(file: Path | BytesIO) -> Header:
    """A picture's header. Raises: DataError with the reason, as in Skipped."""
    with _opened(file) as image:
        return _header(image)


@dataclass(frozen=True, eq=False)
class Decoded:
    """What became of one file: its header where that was sound, and its pixels, or why there are none."""

    header: Header | None
    pixels: NDArray[np.uint8] | None
    reason: str = ""


def decode(file: Path | BytesIO, channels: int, size: int, fit: Fit) -> NDArray[np.uint8]:
    """A picture's first frame, upright, uint8 (size,size,channels). Raises: DataError with the reason."""
    with _opened(file) as image:
        return _pixels(image, channels, size, fit)


def decode_any(file: Path | BytesIO, channels: int, size: int, fit: Fit) -> Decoded:
    """decode(), with the header that it read on the way; what is wrong with the file is told, not raised."""
    header = None
    try:
        with _opened(file) as image:
            header = _header(image)
            return Decoded(header, _pixels(image, channels, size, fit))
    except DataError as error:
        return Decoded(header, None, str(error))


def _header(image: Image.Image) -> Header:
    return Header(image.width, image.height, image.mode in GREY_MODES)


def _pixels(image: Image.Image, channels: int, size: int, fit: Fit) -> NDArray[np.uint8]:
    whole = image.size
    # JPEG can be decoded at 1/2, 1/4 or 1/8 for much less work; twice the size leaves Lanczos its due.
    image.draft(None, (2 * size, 2 * size))
    with _one_at_a_time if image.width * image.height > LARGE_PIXELS else nullcontext():
        image.load()
        flat = _flattened(image, channels, size)
    turn = TRANSPOSE.get(_orientation(image))
    if turn is None:
        return to_pixels(fit_square(flat, size, fit, whole))
    if flat.size == whole:
        return to_pixels(fit_square(flat.transpose(turn), size, fit))
    # A smaller decoding rounds its size up at the right and below: cut there before it is turned.
    return to_pixels(fit_square(flat, size, fit, whole).transpose(turn))


def _flattened(image: Image.Image, channels: int, size: int) -> Image.Image:
    """flatten(), and of a large picture only its means over small squares: some times size remains.

    Strip by strip, since what is between a palette's bytes and flat colours takes 12 bytes a pixel.
    """
    factor = min(image.size) // (KEPT_FACTOR * size)
    if image.width * image.height <= LARGE_PIXELS or factor < 2:
        return flatten(image, channels)
    width, height = (-(-length // factor) for length in image.size)
    small = Image.new("L" if channels == 1 else "RGB", (width, height))
    lines = max(1, STRIP_PIXELS // (image.width * factor))  # of small, in a strip
    for top in range(0, height, lines):
        box = (0, top * factor, image.width, min((top + lines) * factor, image.height))
        small.paste(flatten(image.crop(box), channels).reduce(factor), (0, top))
    return small


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # a damaged note beside a sound picture: Pillow raises whatever its parser met
        return 1


@contextmanager
def _opened(file: Path | BytesIO) -> Iterator[Image.Image]:
    try:
        with nullcontext(file) if isinstance(file, BytesIO) else file.open("rb") as stream:
            check_file(stream)
            with Image.open(stream, formats=tuple(FORMATS)) as image:
                check_pixels(image.format or "", *image.size)
                if "progressive" in image.info:
                    check_progressive(stream, image.width * image.height)
                yield image
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = MAX_PIXELS_OF["JPEG"] // 1_000_000
        raise DataError(tr("It claims more than {limit} megapixels.", limit=limit)) from None
    except UnidentifiedImageError:
        raise DataError(tr("It is no picture of a known format, or its beginning is damaged.")) from None
    except MemoryError:
        raise DataError(tr("There is not enough memory to read it.")) from None
    except PermissionError:
        raise DataError(tr("It may not be read: permission is denied.")) from None
    except FileNotFoundError:
        raise DataError(tr("It is not there any more.")) from None
    except Exception as error:  # decoders raise anything on damaged files: SyntaxError, struct.error, …
        reason = str(error).strip() or type(error).__name__
        raise DataError(tr("It is damaged or cut short ({reason}).", reason=reason)) from None
