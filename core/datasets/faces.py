"""The built-in faces: portraits drawn by our own code, any number of them, at any size, from a seed.

How they are drawn: every shape (head, lid, iris, lock, collar …) is a signed distance function, a formula
that gives for each pixel how far it lies inside or outside the shape's edge. The formulas run over a whole
batch of faces at once, in numpy, each face with its own numbers; the distance gives how much of a pixel the
shape covers, so edges are smooth at every size, and the shape's colour is laid over the picture by that
share. Some hundred shapes make a face, from the background to the hat. A small part is drawn only in the
window where it can lie, a hat only for those who wear one. There is no picture, font or model behind it.

What is drawn comes from face_factors.py (skin, hair, glasses, gaze, light …), which also gives the labels.
face_shapes.py has the distances and the canvas; face_parts.py, face_features.py, face_hair.py and
face_headwear.py have the parts.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.datasets import face_features, face_hair, face_headwear, face_parts
from core.datasets.dataset import LabelColumn
from core.datasets.face_factors import Factors, sample_factors
from core.datasets.face_parts import Look, Part
from core.datasets.face_shapes import Canvas

# From the back to the front.
PARTS: Final[tuple[Part, ...]] = (
    face_parts.background,
    face_parts.body,
    face_hair.hair_behind,
    face_parts.neck,
    face_parts.ears,
    face_parts.head,
    face_features.beard,
    face_features.nose,
    face_features.mouth,
    face_features.eyes,
    face_hair.hair_before,
    face_features.brows,
    face_features.glasses,
    face_headwear.headwear,
    face_parts.daylight,
)
# 5,000 faces at 64 px took 3.9, 2.8, 2.3, 2.1 and 2.2 s with 2**17, 18, 19, 20 and 21: with small batches the
# two threads wait for the interpreter.
_PIXELS_AT_ONCE: Final = 2**20
_THREADS: Final = 2


@dataclass(frozen=True, eq=False)
class Faces:
    """Drawn faces: pixels uint8 (N,size,size,3), and the factors that drew them as labels."""

    pixels: NDArray[np.uint8]
    labels: tuple[LabelColumn, ...]


def draw_faces(count: int, size: int = 64, seed: int = 0, *, start: int = 0) -> Faces:
    """Pictures start … start + count - 1 of a seed; each depends on (seed, index, size) alone."""
    factors = sample_factors(count, seed, start)
    return Faces(render(factors, size), factors.labels())


def render(factors: Factors, size: int = 64) -> NDArray[np.uint8]:
    """The pictures of given factors: uint8 (N,size,size,3)."""
    pixels = np.empty((len(factors), size, size, 3), np.uint8)
    # Like with like: a batch then holds few hair styles and hats, and each shape is drawn for many at once.
    order = np.lexsort((factors.headwear, factors.hair_style))
    step = max(1, _PIXELS_AT_ONCE // (size * size))

    def draw(first: int) -> None:
        some = order[first : first + step]
        pixels[some] = _paint(factors.take(some), size)

    starts = range(0, len(factors), step)
    if len(starts) < _THREADS:
        for first in starts:
            draw(first)
    else:
        with ThreadPoolExecutor(_THREADS) as pool:  # numpy lets go of the lock while it works
            list(pool.map(draw, starts))
    return pixels


def _paint(factors: Factors, size: int, windows: bool = True) -> NDArray[np.uint8]:
    """One batch, part after part; windows=False draws each over the whole picture, to the same effect."""
    canvas, look = Canvas(len(factors), size, windows), Look.of(factors)
    for part in PARTS:
        part(canvas, look)
    return canvas.pixels()
