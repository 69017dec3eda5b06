"""Dots painted straight into a picture's pixels: a hundred thousand of them in a few milliseconds.

pyqtgraph's ScatterPlotItem and QPainter take each point through Python or one call; here numpy writes them
all.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

MARGIN_PX = 6  # around what is seen, so that a dot at its edge needs no care
LEAST, LARGEST = 2, 9  # pixels across
_ROOM = 0.75  # of the side of the square that each dot had, were they evenly spread


@cache
def stamp(size: int) -> tuple[tuple[int, int, float], ...]:
    """The pixels (dy, dx, cover) of a dot so many pixels across; large ones have soft edges."""
    if size <= 2:
        return tuple((dy, dx, 1.0) for dy in range(size) for dx in range(size))
    half = (size - 1) / 2.0
    pixels = []
    for dy in range(size):
        for dx in range(size):
            cover = float(np.clip(size / 2.0 - np.hypot(dy - half, dx - half) + 0.5, 0.0, 1.0))
            if cover > 0.15:
                at = (dy - size // 2, dx - size // 2)
                pixels.append((*at, 1.0 if cover > 0.9 or size <= 3 else cover))
    return tuple(pixels)


def size_for(count: int, area: int) -> int:
    """How many pixels across dots are when so many are in sight on so many pixels."""
    return int(np.clip(round(_ROOM * (area / max(count, 1)) ** 0.5), LEAST, LARGEST))


def paint_dots(
    canvas: NDArray[np.uint32], x: NDArray[np.float32], y: NDArray[np.float32], colours: NDArray[np.uint32]
) -> int:
    """Paint dots at x, y (M,), in pixels of what is seen, later ones over earlier ones; gives their size.

    canvas (H,W) is what is seen with MARGIN_PX more on each side, filled with the ground; colours (M,) and
    canvas are 0xffRRGGBB.
    """
    height, width = canvas.shape
    inside = (x >= 0) & (x < width - 2 * MARGIN_PX) & (y >= 0) & (y < height - 2 * MARGIN_PX)
    rows = np.flatnonzero(inside)
    size = size_for(len(rows), height * width)
    if not len(rows):
        return size
    at = (y[rows].astype(np.int32) + MARGIN_PX) * width + (x[rows].astype(np.int32) + MARGIN_PX)
    chosen = colours[rows]
    flat = canvas.reshape(-1)
    for dy, dx, cover in stamp(size):
        place = at + (dy * width + dx)
        flat[place] = chosen if cover == 1.0 else _blend(flat[place], chosen, cover)
    return size


def _blend(below: NDArray[np.uint32], above: NDArray[np.uint32], cover: float) -> NDArray[np.uint32]:
    share = round(cover * 256)
    under, over = below.view(np.uint8).astype(np.uint16), above.view(np.uint8).astype(np.uint16)
    return ((under * (256 - share) + over * share) >> 8).astype(np.uint8).view(np.uint32)


def dimmed(colours: NDArray[np.uint32], ground: int, cover: float) -> NDArray[np.uint32]:
    """Colours (M,) as they look when they cover the ground by a share only."""
    return _blend(np.full(len(colours), ground, np.uint32), colours, cover)
