"""How unusual a whole code is: its percentile among the data's own codes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.latents import MOST_DECOMPOSED
from core.translate import tr

UNUSUAL = 0.95  # from this share on a code is called unusual
LEAST_VARIANCE = 1e-6  # of the largest: where the data do not vary, any step at all is unusual
ROWS = 8192  # codes weighed at a time


@dataclass(frozen=True, eq=False)
class Rarity:
    """What share of the data's codes lie nearer to their middle than a code, by Mahalanobis distance.

    The squared distance (z-m)' S^-1 (z-m) with the codes' own mean m and covariance S (Mahalanobis 1936)
    counts every dimension in its own standard deviations and knows which go together: two dials turned
    against what the data do is unusual even where each alone is not. For normal codes the share is that of
    the chi-squared distribution with D degrees of freedom; it is taken from the data's own distances, so that
    a data code has its own rank whatever their shape. The share of nearer k-th neighbours was the other
    choice: in 64 dimensions all those distances are alike, and it says less about a dial that is turned.
    """

    mean: NDArray[np.float64]  # (D,)
    whiten: NDArray[np.float64]  # (D,D), or (D,) where there are too many dimensions: each by itself
    squared: NDArray[np.float64]  # (M,) of the data's codes, ascending

    def squared_distance(self, z: NDArray[np.float32]) -> float:
        """The squared Mahalanobis distance of a code (D,)."""
        return float(_squared(np.asarray(z, np.float64)[np.newaxis], self.mean, self.whiten)[0])

    def share(self, z: NDArray[np.float32]) -> float:
        """The share of the data that is less unusual than a code (D,), 0 to 1: 0.98 is rarer than 98 %."""
        if not np.isfinite(z).all():
            return 1.0
        found = self.squared_distance(z)
        # A data code computed once more differs in its last digits: it is as unusual as itself, not more.
        return float(np.searchsorted(self.squared, found * (1.0 - 1e-9), side="left")) / len(self.squared)


def measure_rarity(codes: NDArray[np.float32]) -> Rarity:
    """The rarity of codes among codes (M,D). Raises: ModelError where there are none, or not finite ones."""
    if codes.ndim != 2 or not len(codes):
        raise ModelError(tr("There are no codes to measure."))
    if not np.isfinite(codes).all():
        raise ModelError(tr("Some codes are not finite: the weights are damaged, or training diverged."))
    mean = codes.mean(axis=0, dtype=np.float64)
    if codes.shape[1] > MOST_DECOMPOSED:
        variances = codes.var(axis=0, dtype=np.float64)
        whiten = 1.0 / np.sqrt(variances.clip(_floor(variances)))
    else:
        covariance = np.zeros((codes.shape[1], codes.shape[1]))
        for start in range(0, len(codes), ROWS):
            centred = codes[start : start + ROWS] - mean
            covariance += centred.T @ centred
        variances, directions = np.linalg.eigh(covariance / len(codes))
        whiten = directions / np.sqrt(variances.clip(_floor(variances)))
    squared = [
        _squared(codes[start : start + ROWS].astype(np.float64), mean, whiten)
        for start in range(0, len(codes), ROWS)
    ]
    return Rarity(mean, whiten, np.sort(np.concatenate(squared)))


def _floor(variances: NDArray[np.float64]) -> float:
    largest = float(variances.max())
    return LEAST_VARIANCE * largest if largest > 0.0 else 1e-12


def _squared(
    codes: NDArray[np.float64], mean: NDArray[np.float64], whiten: NDArray[np.float64]
) -> NDArray[np.float64]:
    centred = codes - mean
    white = centred * whiten if whiten.ndim == 1 else centred @ whiten
    return np.einsum("ij,ij->i", white, white)
