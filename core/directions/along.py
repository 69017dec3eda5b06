"""Where codes lie along directions, and codes that stay where another lies along some of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.edits import Direction


def projections(
    codes: NDArray[np.float32], directions: Sequence[Direction], mean: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How many standard deviations codes (N,D) lie from mean (D,) along each of K directions: (N,K)."""
    axes = np.stack([direction.array / direction.length_squared for direction in directions], axis=1)
    return ((codes.astype(np.float64) - mean) @ axes).astype(np.float32)


def with_coordinates_of(
    code: NDArray[np.float32],
    like: NDArray[np.float32],
    dims: Sequence[int] = (),
    directions: Sequence[Direction] = (),
) -> NDArray[np.float32]:
    """The code nearest to code (D,) that lies where like (D,) does in dims and along directions."""
    if not dims and not directions:
        return code
    held = code.astype(np.float64)
    if directions:
        rows = np.zeros((len(dims) + len(directions), len(held)))
        rows[np.arange(len(dims)), list(dims)] = 1.0
        for place, direction in enumerate(directions, start=len(dims)):
            rows[place] = direction.array / math.sqrt(direction.length_squared)
        held += np.linalg.lstsq(rows, rows @ (like - held), rcond=1e-10)[0]
    held[list(dims)] = like[list(dims)]  # exactly
    return held.astype(np.float32)
