"""How unusual a whole code is: its percentile among the data's own codes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.latents import MOST_DECOMPOSED
from core.translate import tr

UNUSUAL = 0.95  # from this share on a code is called unusual
LEAST_VARIANCE = 1e-6  # of the largest: where the data do not vary, any step at all is unusual
# Codes for each dimension, below which the ellipsoid is more that of these codes than of their source:
# in 64 normal dimensions half of all new codes were rarer than 100 % of twice as many codes, than 94 % of
# five times and 61 % of twenty times as many; each dimension by itself says 56, 53 and 50 %.
ENOUGH = 20
NOISE = 1e-5  # of the codes' size: ten times that by which one differs that is computed once more
TIE = 1e-9  # of a distance: what float64 leaves of two that are equal
ROWS = 8192  # codes weighed at a time


@dataclass(frozen=True, eq=False)
class Rarity:
    """What share of the data's codes lie nearer to their middle than a code, by Mahalanobis distance.

    The squared distance (z-m)' S^-1 (z-m) with the codes' own mean m and covariance S (Mahalanobis 1936)
    counts every dimension in its own standard deviations and knows which go together: two dials turned
    against what the data do is unusual even where each alone is not. For normal codes the share is that of
    the chi-squared distribution with D degrees of freedom; it is taken from the data's own distances, so that
    a data code has its own rank whatever their shape. Of few codes the ellipsoid cannot be told, with D+1
    or fewer all are even equally far in it: each dimension counts by itself then. The share of nearer k-th
    neighbours was the other choice: in 64 dimensions all those distances are alike, and it says less about a
    dial that is turned.
    """

    mean: NDArray[np.float64]  # (D,)
    whiten: NDArray[np.float64]  # (D,D), or (D,) where each dimension counts by itself
    distances: NDArray[np.float64]  # (M,) of the data's codes, ascending
    slack: float  # by which a distance may change where a code is computed once more

    def squared_distance(self, z: NDArray[np.float32]) -> float:
        """The squared Mahalanobis distance of a code (D,)."""
        return float(_squared(np.asarray(z, np.float64)[np.newaxis], self.mean, self.whiten)[0])

    def share(self, z: NDArray[np.float32]) -> float:
        """The share of the data that is less unusual than a code (D,), 0 to 1: 0.98 is rarer than 98 %."""
        if not np.isfinite(z).all():
            return 1.0
        found = math.sqrt(self.squared_distance(z))
        # A data code computed once more differs in its last digits: it is as unusual as itself, not more.
        after = int(np.searchsorted(self.distances, found))
        around = self.distances[max(0, after - 1) : after + 1]
        nearest = float(around[np.abs(around - found).argmin()])
        if abs(nearest - found) <= self.slack:
            found = nearest * (1.0 - TIE)
        return float(np.searchsorted(self.distances, found, side="left")) / len(self.distances)


def measure_rarity(codes: NDArray[np.float32]) -> Rarity:
    """The rarity of codes among codes (M,D). Raises: ModelError where there are none, or not finite ones."""
    if codes.ndim != 2 or not len(codes):
        raise ModelError(tr("There are no codes to measure."))
    if not np.isfinite(codes).all():
        raise ModelError(tr("Some codes are not finite: the weights are damaged, or training diverged."))
    mean = codes.mean(axis=0, dtype=np.float64)
    count, dims = codes.shape
    is_alone = dims > MOST_DECOMPOSED or count < ENOUGH * dims
    total = np.zeros(dims if is_alone else (dims, dims))
    for start in range(0, count, ROWS):
        centred = codes[start : start + ROWS] - mean
        total += np.square(centred).sum(axis=0) if is_alone else centred.T @ centred
    variances, directions = (total / count, 1.0) if is_alone else np.linalg.eigh(total / count)
    whiten = directions / np.sqrt(variances.clip(_floor(variances)))
    squared = [
        _squared(codes[start : start + ROWS].astype(np.float64), mean, whiten)
        for start in range(0, count, ROWS)
    ]
    size = math.sqrt(float(np.square(mean).sum() + variances.sum()) / dims)
    slack = NOISE * size * float(np.linalg.norm(whiten))
    return Rarity(mean, whiten, np.sqrt(np.sort(np.concatenate(squared))), slack)


def _floor(variances: NDArray[np.float64]) -> float:
    largest = float(variances.max())
    return LEAST_VARIANCE * largest if largest > 0.0 else 1e-12


def _squared(
    codes: NDArray[np.float64], mean: NDArray[np.float64], whiten: NDArray[np.float64]
) -> NDArray[np.float64]:
    centred = codes - mean
    white = centred * whiten if whiten.ndim == 1 else centred @ whiten
    return np.einsum("ij,ij->i", white, white)
