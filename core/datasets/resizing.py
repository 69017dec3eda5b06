"""The one policy for size, crop and colour: what a picture of any shape and mode becomes.

Transparent pictures are laid on white, the paper that most of them were drawn for. Resampling is Lanczos
with its support widened when it shrinks (antialiased), on the stored values.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.config import MAX_PICTURE_PX, MIN_PICTURE_PX, ImportConfig
from core.errors import DataError
from core.translate import tr

Fit = Literal["crop", "pad", "stretch"]
DEFAULT_SIZE_PX = 64
LARGEST_KEPT_PX = 128


def size_of_files(sizes: set[tuple[int, int]], policy: ImportConfig) -> int:
    """The side that picture files become: policy.size, or by ImportConfig's rule from all their sizes."""
    if policy.size:
        check_size(policy.size, policy.size, tr("The size asked for"))
        return policy.size
    if len(sizes) == 1:
        ((width, height),) = sizes
        if width == height and MIN_PICTURE_PX <= width <= LARGEST_KEPT_PX:
            return width
    return DEFAULT_SIZE_PX


def check_size(height: int, width: int, what: str) -> None:
    """Raises: DataError unless pictures of this size can be used."""
    if not (MIN_PICTURE_PX <= height <= MAX_PICTURE_PX and MIN_PICTURE_PX <= width <= MAX_PICTURE_PX):
        raise DataError(
            tr(
                "{what} is {width}×{height} pixels, outside {low} to {high}: choose a size between them, for"
                " example --size 64.",
                what=what,
                width=width,
                height=height,
                low=MIN_PICTURE_PX,
                high=MAX_PICTURE_PX,
            )
        )


def flatten(image: Image.Image, channels: int) -> Image.Image:
    """The picture in mode L (channels 1) or RGB (channels 3), without transparency. Raises: DataError."""
    mode = "L" if channels == 1 else "RGB"
    if image.mode.startswith("I"):  # 16 bit: Pillow's own conversion clips at 255 and gives white
        deep = np.asarray(image)
        if deep.min() < 0 or deep.max() > 0xFFFF:
            raise DataError(tr("Its numbers do not fit 16 bits; save it as an 8 bit picture."))
        image = Image.fromarray((deep.astype(np.uint16) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise DataError(tr("Its pixels are floating point numbers; save it as an 8 bit picture."))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return image if image.mode == mode else image.convert(mode)


def fit_square(image: Image.Image, size: int, fit: Fit, whole: tuple[int, int] | None = None) -> Image.Image:
    """The picture (mode L or RGB) as a square of size pixels.

    whole is the width and height that it had where image is a smaller decoding of it; the cut is then made
    in fractions of image's pixels. Whole ones would shift the picture by up to half of one, which was
    measured as 17 grey levels at the edges of a face.
    """
    width, height = whole or image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return _resized(image, (size, size), (left, top, left + side, top + side), (width, height))
    if fit == "pad":
        scale = size / max(width, height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        square = Image.new(image.mode, (size, size))
        resized = _resized(image, inner, (0, 0, width, height), (width, height))
        square.paste(resized, ((size - inner[0]) // 2, (size - inner[1]) // 2))
        return square
    if fit == "stretch":
        return _resized(image, (size, size), (0, 0, width, height), (width, height))
    raise DataError(tr("{fit} is not a way to make a picture square: crop, pad or stretch.", fit=repr(fit)))


def _resized(
    image: Image.Image, size: tuple[int, int], box: tuple[int, int, int, int], whole: tuple[int, int]
) -> Image.Image:
    """The box of the whole picture, of which image may be a smaller decoding, in size."""
    if image.size != whole:
        scale = max(1, round(whole[0] / image.width))
        left, top, right, bottom = (place / scale for place in box)
        inside = (left, top, min(right, image.width), min(bottom, image.height))
        return image.resize(size, Image.Resampling.LANCZOS, inside)
    image = image if box == (0, 0, *whole) else image.crop(box)
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def fit_pixels(pixels: NDArray[np.uint8], size: int, fit: Fit) -> NDArray[np.uint8]:
    """One picture uint8 (H,W,C) as (size,size,C)."""
    channels = pixels.shape[2]
    flat = np.ascontiguousarray(pixels[:, :, 0] if channels == 1 else pixels)
    return to_pixels(fit_square(Image.fromarray(flat), size, fit))


def to_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 (H,W,C) of a picture of mode L or RGB."""
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def to_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Pictures (N,H,W,1 or 3) with the asked channels: luma of ITU-R BT.601 as Pillow's, or grey thrice.

    Grey to colour is a view without a copy.
    """
    if pixels.shape[-1] == channels:
        return pixels
    if channels == 3:
        return np.broadcast_to(pixels, (*pixels.shape[:-1], 3))
    weights = np.array([19595, 38470, 7471], dtype=np.uint32)
    return ((pixels.astype(np.uint32) @ weights + 0x8000) >> 16).astype(np.uint8)[..., None]


def policy_text(policy: ImportConfig, size: int) -> str:
    """How a picture that is not a square of size becomes one, as a person reads it."""
    sentences = {
        "crop": tr("the centre square cropped and resized to {size}×{size}", size=size),
        "pad": tr("padded with black to a square and resized to {size}×{size}", size=size),
        "stretch": tr("stretched to {size}×{size}", size=size),
    }
    return sentences[policy.fit]
