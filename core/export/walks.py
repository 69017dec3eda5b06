"""Ways through the space of codes, as moments of a film: there and back, once, and round to the start.

All are smooth in time: they slow down where they turn. None shows a moment twice in a row, so that the last
frame of a loop leads into the first.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Loop = Literal["back", "once"]
PathName = Literal["line", "sphere"]


def eased_shares(count: int, loop: Loop) -> NDArray[np.float64]:
    """Where each of count frames stands between the beginning (0) and the end (1) of a way.

    back: up half a wave of the cosine and down another, whose next value would be the first; of an odd count
    the way up has one more, lest two at the turn were alike. once: half a wave, both ends shown.
    """
    if count < 2:
        return np.zeros(count)
    up = (count + 1) // 2 if loop == "back" else count - 1
    place = np.arange(count)
    phase = np.where(place <= up, place / up, 1.0 + (place - up) / max(count - up, 1))
    return (1.0 - np.cos(np.pi * phase)) / 2.0


def on_line(a: NDArray[np.float32], b: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """The code (D,) on the straight line from a (share 0) to b (share 1)."""
    return (a * (1.0 - share) + b * share).astype(np.float32)


def on_sphere(
    a: NDArray[np.float32], b: NDArray[np.float32], share: float, centre: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """The code (D,) on the arc from a to b about centre (the origin unless given).

    Spherical interpolation (Shoemake 1985; White 2016, arXiv:1609.04468, section 2.1): codes drawn from a
    Gaussian of many dimensions lie near a sphere, and the middle of a straight line between two lies inside
    it, where hardly any are. Opposite or equal directions and a code at the centre have no arc: a line then.
    """
    middle = np.zeros(len(a)) if centre is None else centre.astype(np.float64)
    p, q = a.astype(np.float64) - middle, b.astype(np.float64) - middle
    lengths = float(np.linalg.norm(p) * np.linalg.norm(q))
    cosine = float(np.clip(p @ q / lengths, -1.0, 1.0)) if lengths else 1.0
    angle = float(np.arccos(cosine))
    if np.sin(angle) < 1e-6:
        return on_line(a, b, share)
    mixed = (np.sin((1.0 - share) * angle) * p + np.sin(share * angle) * q) / np.sin(angle)
    return (middle + mixed).astype(np.float32)


def between(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    share: float,
    path: PathName,
    centre: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """on_line or on_sphere; the ends are a and b to the bit."""
    if share <= 0.0:
        return a
    if share >= 1.0:
        return b
    return on_line(a, b, share) if path == "line" else on_sphere(a, b, share, centre)


def round_trip(
    codes: NDArray[np.float32], moment: float, path: PathName, centre: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """The code (D,) at moment (0 to below 1) of a closed way through codes (M,D) in their order.

    It eases in and out of each code, so that each is seen, and ends where it began.
    """
    place = moment * len(codes)
    at = min(int(place), len(codes) - 1)
    share = (1.0 - np.cos(np.pi * (place - at))) / 2.0
    return between(codes[at], codes[(at + 1) % len(codes)], float(share), path, centre)
