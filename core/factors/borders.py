"""Where along a dial the classes of a factor change: Fayyad and Irani 1993 (IJCAI), section 3."""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray


def class_borders(code: NDArray[np.float64], values: NDArray[np.int64], most: int) -> list[float]:
    """The borders that part codes (N,) into pieces of few classes (N,): at most so many, the best first.

    Each parts a piece so that the classes' entropy falls most, if saying where the border is takes fewer
    bits than it saves. So codes that know nothing of the classes have none.
    """
    order = np.argsort(code, kind="stable")
    code, values = code[order], values[order]
    borders: list[float] = []
    waiting: list[tuple[float, int, int, int]] = []  # (-bits, start, middle, end) of pieces worth parting

    def look(start: int, end: int) -> None:
        place, bits = _best_border(code[start:end], values[start:end])
        if place:
            heapq.heappush(waiting, (-bits, start, start + place, end))

    look(0, len(code))
    while waiting and len(borders) < most:
        _, start, middle, end = heapq.heappop(waiting)
        borders.append(float(code[middle - 1] + code[middle]) / 2.0)
        look(start, middle)
        look(middle, end)
    return borders


def _best_border(code: NDArray[np.float64], values: NDArray[np.int64]) -> tuple[int, float]:
    """Before which of sorted codes (n,) the best border is, 0 if it is not worth it; the bits it saves."""
    places = np.flatnonzero(code[1:] > code[:-1])
    _, values, total = np.unique(values, return_inverse=True, return_counts=True)
    if not len(places) or len(total) < 2:
        return 0, 0.0
    left = np.cumsum(np.eye(len(total))[values], axis=0)[places]
    right = total - left
    lefts, rights, whole = _bits(left), _bits(right), float(_bits(total))
    best = int((lefts + rights).argmin())
    saved = whole - float(lefts[best] + rights[best])
    # Equation 9, times n: the border's place, and which of the classes there are on either side.
    classes = len(total)
    which = classes * np.log2(3.0) + np.log2(1.0 - 2.0 * 3.0**-classes)  # log2(3^k - 2)
    known = classes * whole / len(code)
    for counts, bits in ((left[best], lefts[best]), (right[best], rights[best])):
        known -= (counts > 0).sum() * bits / counts.sum()
    return (int(places[best]) + 1, saved) if saved > np.log2(len(code) - 1) + which - known else (0, 0.0)


def _bits(counts: NDArray[Any]) -> NDArray[np.float64]:
    """n times the entropy in bits of counts (..., K) whose sum is n."""
    return _by_its_log(counts.sum(axis=-1)) - _by_its_log(counts).sum(axis=-1)


def _by_its_log(counts: NDArray[Any]) -> NDArray[np.float64]:
    return counts * np.log2(np.maximum(counts, 1.0))
