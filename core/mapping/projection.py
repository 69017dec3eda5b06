"""Principal components: the two directions in which codes differ most, and where a code lies along them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.latents import MOST_DECOMPOSED
from core.translate import tr

ROWS = 8192  # codes at a time
ROUNDS = 30  # of the subspace iteration, for codes of more dimensions than are decomposed
BASIS = 12  # vectors that it turns; the first two of them are wanted


@dataclass(frozen=True, eq=False)
class Pca:
    """Codes seen along two orthonormal axes (2,D) from their mean (D,); shares (2,) of the whole variance."""

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    shares: NDArray[np.float32]

    def place(self, codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where codes (n,D) lie: (n,2), exactly as the data's own codes were placed."""
        return ((codes - self.mean) @ self.axes.T).astype(np.float32)


def fit_pca(codes: NDArray[np.float32]) -> Pca:
    """The first two principal components of codes (M,D), in closed form (Pearson 1901).

    The largest element of each axis is positive, so that the same codes give the same map. More dimensions
    than core.latents decomposes are brought down by subspace iteration. Raises: ModelError without codes.
    """
    if codes.ndim != 2 or not len(codes):
        raise ModelError(tr("There are no codes to measure."))
    dims = codes.shape[1]
    mean = codes.mean(axis=0, dtype=np.float64)
    if dims > MOST_DECOMPOSED:
        axes, variances, whole = _by_iteration((codes - mean).astype(np.float32))
    else:
        covariance = np.zeros((dims, dims))
        for start in range(0, len(codes), ROWS):
            centred = codes[start : start + ROWS] - mean
            covariance += centred.T @ centred
        values, directions = np.linalg.eigh(covariance / len(codes))
        axes, variances, whole = directions[:, ::-1][:, :2].T, values[::-1][:2], float(values.sum())
    if dims == 1:  # a line: everything at the same height
        axes, variances = np.concatenate([axes, np.zeros((1, 1))]), np.append(variances, 0.0)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), 1)
    axes = np.where(largest < 0, -axes, axes)
    shares = variances.clip(0.0) / whole if whole > 0 else np.zeros(2)
    return Pca(mean.astype(np.float32), axes.astype(np.float32), shares.astype(np.float32))


def _by_iteration(centred: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    basis = np.random.default_rng(0).standard_normal((centred.shape[1], BASIS)).astype(np.float32)
    for _round in range(ROUNDS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    seen = (centred @ basis).astype(np.float64)  # (M,BASIS)
    values, turned = np.linalg.eigh(seen.T @ seen / len(centred))
    whole = float(np.einsum("ij,ij->", centred, centred, dtype=np.float64)) / len(centred)
    return (basis @ turned[:, ::-1][:, :2]).T.astype(np.float64), values[::-1][:2], whole
