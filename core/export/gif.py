"""A GIF, written a frame at a time: one palette for the whole animation, only what changed in each frame.

Pillow's own writer keeps all frames in memory, drops those that equal the one before, and makes a palette a
frame, which flickers. What is in a frame's bytes (LZW) is Pillow's.
"""

import struct
from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, ImageChops

Dither = Literal["diffusion", "none"]

COLOURS = 256
LARGEST_SIDE = 65_535
_SAMPLED_PIXELS = 2**18  # of all frames together, to find a palette; more takes longer and changes nothing
_KMEANS = 3  # rounds of improvement after the median cut


def best_palette(pictures: Iterable[NDArray[np.uint8]], own_colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """256 colours (256,3): own_colours (k,3) first, and then what suits the pictures (H,W,3) best.

    Pictures of no more colours than there is room for keep them all; else the median cut (Heckbert 1982),
    improved by k-means.
    """
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
    pixels = pixels[:: max(1, len(pixels) // _SAMPLED_PIXELS)]
    room = COLOURS - len(own_colours)
    distinct = np.unique(pixels, axis=0)
    if len(distinct) > room:
        side = int(np.sqrt(len(pixels)))
        square = Image.fromarray(np.ascontiguousarray(pixels[: side * side].reshape(side, side, 3)))
        reduced = square.quantize(room, Image.Quantize.MEDIANCUT, kmeans=_KMEANS)
        distinct = np.array(reduced.getpalette() or [], np.uint8).reshape(-1, 3)[:room]
    palette = np.zeros((COLOURS, 3), np.uint8)
    palette[:] = own_colours[0]
    palette[: len(own_colours)] = own_colours
    palette[len(own_colours) : len(own_colours) + len(distinct)] = distinct
    return palette


class GifFrames:
    """Makes the bytes of a GIF of one size and palette: header(), frame() for each, END."""

    END = b";"

    def __init__(self, size: tuple[int, int], palette: NDArray[np.uint8], dither: Dither) -> None:
        self.size = size
        self._palette = Image.new("P", (1, 1))
        self._colours = palette.tobytes()
        self._palette.putpalette(self._colours)
        self._numbers = palette.astype(np.float32)
        self._dither = dither
        self._before: Image.Image | None = None

    def header(self, is_loop: bool) -> bytes:
        """What stands before the frames: size, palette, and whether it goes on for ever."""
        screen = b"GIF89a" + struct.pack("<HHBBB", *self.size, 0xF7, 0, 0) + self._colours
        return screen + (b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00" if is_loop else b"")

    def indexed(self, image: Image.Image, square: int = 0) -> Image.Image:
        """An RGB image in the colours of the palette; square is the side of a picture's pixels in it.

        Without a square it is no picture: only those are dithered, writing stays clean.
        """
        if square and self._dither == "diffusion":
            indexed = image.quantize(palette=self._palette, dither=Image.Dither.FLOYDSTEINBERG)
        else:  # Pillow's own way to the nearest is off by up to four steps of each channel
            side = max(square, 1)
            nearest = self._nearest(np.asarray(image)[::side, ::side])
            indexed = Image.fromarray(nearest.repeat(side, axis=0).repeat(side, axis=1))
        indexed.putpalette(self._colours)
        return indexed

    def _nearest(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The number of the nearest colour (H,W) of pixels (H,W,3)."""
        packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
        distinct, places = np.unique(packed, return_inverse=True)
        colours = np.stack([distinct >> 16, distinct >> 8 & 255, distinct & 255], axis=1).astype(np.float32)
        # of the squared distance what depends on the palette; exact, as all numbers are below 2 ** 24
        distance = np.square(self._numbers).sum(axis=1) - 2.0 * colours @ self._numbers.T
        return distance.argmin(axis=1).astype(np.uint8)[places].reshape(pixels.shape[:2])

    def frame(self, image: Image.Image, delay_cs: int) -> bytes:
        """The bytes of the next frame, an image in the palette, shown for delay_cs hundredths of a second."""
        box: tuple[int, int, int, int] = (0, 0, *self.size)
        if self._before is not None:
            changed = ImageChops.difference(_plain(image), _plain(self._before)).getbbox()
            box = changed or (0, 0, 1, 1)
        self._before = image
        part = image.crop(box)
        data = GifImagePlugin.getdata(part, box[:2], duration=10 * delay_cs, disposal=1)
        return b"".join(data)


def _plain(image: Image.Image) -> Image.Image:
    """The indices of an image in a palette, as levels of grey."""
    return Image.frombytes("L", image.size, image.tobytes())
