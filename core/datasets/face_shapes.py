"""The paint box of the built-in faces: batches of small pictures, and shapes as signed distances.

A distance is negative inside, zero on the edge, positive outside. A picture shows the square of half-width
VIEW_HALF about (0, VIEW_CENTRE_Y) of the plane in which the shapes lie. All arrays
are float32 (pictures, pixels) and the parameters of a shape (pictures, 1) or plain numbers, so that one call
draws a shape into every picture of a batch.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[
    np.floating[Any]
]  # float32 always; numpy's types do not know that a Python number keeps it so
Value = Floats | float
Box = tuple[float, float, float, float]  # left, top, right, bottom; y downwards

EVERYWHERE: Final[Box] = (-1.0, -1.0, 1.0, 1.0)
VIEW_CENTRE_Y: Final = -0.035  # the picture shows the square of this middle and half-width
VIEW_HALF: Final = 0.91
_TINY: Final = np.float32(1e-12)


def colours(table: list[str]) -> Floats:
    """Colours "#rrggbb" as float32 (3, colours, 1), 0..255."""
    rows = [[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in table]
    return np.array(rows, np.float32).T[:, :, None].copy()


def blend(first: Floats, second: Floats, share: Value) -> Floats:
    """first moved towards second by share."""
    return first + (second - first) * share


def ellipse(x: Floats, y: Floats, rx: Value, ry: Value) -> Floats:
    """Distance to an ellipse about the origin, to first order: f / |grad f| of its equation."""
    u = x / rx
    v = y / ry
    u *= u
    v *= v
    slope = u * (1.0 / (rx * rx)) + v * (1.0 / (ry * ry))
    slope += _TINY
    np.sqrt(slope, out=slope)
    u += v
    u -= 1.0
    u *= 0.5
    u /= slope
    return u


def oval(x: Floats, y: Floats, rx: Value, ry: Value) -> Floats:
    """About the distance to an ellipse about the origin: cheaper, and good enough for a soft edge."""
    u = x * (1.0 / rx)
    v = y * (1.0 / ry)
    u *= u
    v *= v
    u += v
    np.sqrt(u, out=u)
    u -= 1.0
    u *= (rx + ry) * 0.5
    return u


def circle(x: Floats, y: Floats, radius: Value) -> Floats:
    """Distance to a circle about the origin."""
    d = x * x
    d += y * y
    np.sqrt(d, out=d)
    d -= radius
    return d


def box(x: Floats, y: Floats, half_width: Value, half_height: Value, corner: Value = 0.0) -> Floats:
    """Distance to a box about the origin with rounded corners."""
    u = np.abs(x)
    u -= half_width - corner
    v = np.abs(y)
    v -= half_height - corner
    inside = np.maximum(u, v)
    np.minimum(inside, 0.0, out=inside)
    np.maximum(u, 0.0, out=u)
    np.maximum(v, 0.0, out=v)
    d = circle(u, v, corner)
    d += inside
    return d


def capsule(
    x: Floats,
    y: Floats,
    ax: Value,
    ay: Value,
    bx: Value,
    by: Value,
    radius: Value,
    end_radius: Value | None = None,
) -> Floats:
    """Distance to a thick line from a to b; its radius runs to end_radius at b."""
    dx, dy = bx - ax, by - ay
    u = x - ax
    v = y - ay
    along = u * dx
    along += v * dy
    along /= dx * dx + dy * dy
    np.clip(along, 0.0, 1.0, out=along)
    u = u - along * dx
    v = v - along * dy
    d = circle(u, v, radius)
    if end_radius is not None:
        d -= along * (end_radius - radius)
    return d


def wave(t: Floats) -> Floats:
    """A smooth wave of period 1 between -1 and 1, from parabolas (no sine: it differs between machines)."""
    t = t - np.floor(t)
    t -= 0.5
    return t * (np.abs(t) * 16.0 - 8.0)


def _pixels_between(low: float, high: float, size: int) -> slice:
    """The pixels of a row that reach into low … high, and one more on either side."""
    first, last = ((value / VIEW_HALF + 1.0) * size / 2.0 for value in (low, high))
    return slice(max(int(first) - 1, 0), max(int(last) + 2, 0))


class Patch:
    """A rectangle of some pictures of a batch, taken out to be painted on; put() lays it back.

    x and y are (1, pixels): where the pixels' centres lie in the picture.
    """

    def __init__(self, canvas: "Canvas", window: Box, who: NDArray[np.intp] | None) -> None:
        size = canvas.size
        left, top, right, bottom = window if canvas.windows else EVERYWHERE
        self.unit = np.float32(size / (2.0 * VIEW_HALF))  # pixels to a unit
        self._rows = _pixels_between(top - VIEW_CENTRE_Y, bottom - VIEW_CENTRE_Y, size)
        self._columns = _pixels_between(left, right, size)
        self._canvas, self._who = canvas, who
        centres = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(2.0 * VIEW_HALF / size)
        centres -= np.float32(VIEW_HALF)
        rows, columns = centres[self._rows] + np.float32(VIEW_CENTRE_Y), centres[self._columns]
        self.x = np.tile(columns, len(rows))[None, :]
        self.y = np.repeat(rows, len(columns))[None, :]
        region = canvas.planes[:, slice(None) if who is None else who, self._rows, self._columns]
        self._shape = region.shape
        self.planes = region.reshape(*region.shape[:2], -1)  # a view where the whole canvas is taken

    def cover(self, distance: Floats, soft: float = 0.0) -> Floats:
        """How much of each pixel lies inside, 0..1; soft spreads the edge over that many units.

        The distance is used up: its memory holds the answer.
        """
        distance *= np.float32(-1.0 / (1.0 / self.unit + soft))
        distance += np.float32(0.5)
        return np.clip(distance, 0.0, 1.0, out=distance)

    def paint(self, distance: Floats, colour: Floats, opacity: Value = 1.0, soft: float = 0.0) -> Floats:
        """Lay colour over what is inside; gives the share of each pixel that it now holds."""
        share = self.cover(distance, soft)
        if isinstance(opacity, np.ndarray) or opacity != 1.0:
            share *= opacity
        self.mix(share, colour)
        return share

    def mix(self, share: Floats, colour: Floats) -> None:
        """Lay colour (3, pictures, 1 or pixels) over each pixel by its share."""
        scratch = self._canvas.scratch[: self.planes[0].size].reshape(self.planes[0].shape)
        for plane, tone in zip(self.planes, colour, strict=True):
            np.subtract(tone, plane, out=scratch)
            np.multiply(scratch, share, out=scratch)
            np.add(plane, scratch, out=plane)

    def put(self) -> None:
        """Lay the painted patch back on the canvas."""
        if not np.may_share_memory(self.planes, self._canvas.planes):
            who = slice(None) if self._who is None else self._who
            self._canvas.planes[:, who, self._rows, self._columns] = self.planes.reshape(self._shape)


class Canvas:
    """A batch of square pictures being painted: planes (3, pictures, size, size), 0..255.

    windows=False makes every patch the whole picture; the outcome is the same, only slower.
    """

    def __init__(self, count: int, size: int, windows: bool = True) -> None:
        self.size, self.windows = size, windows
        self.planes = np.empty((3, count, size, size), np.float32)
        self.scratch = np.empty(count * size * size, np.float32)

    def patch(self, window: Box = EVERYWHERE, who: NDArray[np.intp] | None = None) -> Patch:
        """The part of the pictures who (all of them, if None) within window."""
        return Patch(self, window, who)

    def pixels(self) -> NDArray[np.uint8]:
        """The finished pictures, uint8 (pictures, size, size, 3)."""
        self.planes += 0.5
        np.clip(self.planes, 0.0, 255.0, out=self.planes)
        pixels = np.empty((*self.planes.shape[1:], 3), np.uint8)
        for channel, plane in enumerate(self.planes):
            np.copyto(pixels[..., channel], plane, casting="unsafe")
        return pixels
