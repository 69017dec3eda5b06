"""Mutual information of codes and factors, and the mutual information gap (Chen et al. 2018)."""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.factors.columns import Factor
from core.translate import tr

CODE_BINS = 20  # of equal width from a dimension's least to its greatest code, as is usual for this measure
AT_ONCE = 64  # dimensions between two reports


def discretised(codes: NDArray[np.float32], bins: int = CODE_BINS) -> NDArray[np.int64]:
    """The bin (N,D) of each code among so many of equal width between the dimension's own ends."""
    least, greatest = codes.min(axis=0).astype(np.float64), codes.max(axis=0).astype(np.float64)
    width = np.where(greatest > least, greatest - least, 1.0) / bins
    return np.clip(((codes - least) / width).astype(np.int64), 0, bins - 1)


def entropy(values: NDArray[np.int64]) -> float:
    """Entropy in nats of classes (N,), by their frequencies."""
    return _entropy_of(np.bincount(values))


def mutual_information(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """I(a; b) = H(a) + H(b) − H(a, b) in nats of two lists of classes (N,), by their frequencies."""
    columns = int(b.max(initial=0)) + 1
    joint = np.bincount(a * columns + b)
    return max(0.0, entropy(a) + entropy(b) - _entropy_of(joint))


def _entropy_of(counts: NDArray[np.int64]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def measure_information(
    codes: NDArray[np.float32], factors: tuple[Factor, ...]
) -> Generator[EncodeProgress, None, NDArray[np.float64]]:
    """I(z_d; v_f) / H(v_f), (D,F): the share of a factor's entropy that one dimension knows; 0 to 1."""
    bins = discretised(codes)
    dims = codes.shape[1]
    shares = np.zeros((dims, len(factors)))
    known = [factor.values >= 0 for factor in factors]
    heights = [entropy(factor.values[there]) for factor, there in zip(factors, known, strict=True)]
    for start in range(0, dims, AT_ONCE):
        end = min(start + AT_ONCE, dims)
        for place, (factor, there) in enumerate(zip(factors, known, strict=True)):
            values = factor.values[there]
            for dim in range(start, end):
                found = mutual_information(bins[there, dim], values)
                shares[dim, place] = min(1.0, found / heights[place])
        yield EncodeProgress(end, dims, tr("What each dial knows: {done} of {total}", done=end, total=dims))
    return shares


def chance_shares(factors: tuple[Factor, ...]) -> NDArray[np.float64]:
    """What an unrelated dimension of 20 full bins seems to know of each factor (F,), by chance.

    Of N pictures with a label, frequencies overstate mutual information by (bins − 1)(classes − 1) / 2N nats
    at most (Miller 1955); as a share of the factor's entropy.
    """
    labelled = [factor.values[factor.values >= 0] for factor in factors]
    return np.array(
        [
            min(1.0, (CODE_BINS - 1) * (factor.classes - 1) / (2.0 * len(values)) / entropy(values))
            for factor, values in zip(factors, labelled, strict=True)
        ]
    )


def gaps(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mutual information gap of each factor (F,): the best dimension's share less the second best's.

    Chen et al. 2018, arXiv:1802.04942, equation 6; MIG is their mean. One dimension alone has no second.
    """
    if len(shares) < 2:
        return shares.max(axis=0)
    best = np.sort(shares, axis=0)[-2:]
    return best[1] - best[0]
