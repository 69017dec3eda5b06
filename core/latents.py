"""What a data set's codes look like: statistics, effects of dimensions, traversals and random codes."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.batches import spread_indices
from core.codec import BATCH, Codec
from core.config import ObjectiveName, is_variational
from core.encoding import EncodeProgress, finished
from core.errors import ModelError
from core.translate import tr

QUANTILES = 401  # every quarter of a percent: finer than what is said to a person
DEAD_STD = 0.02  # of the largest standard deviation among the dimensions
MOST_DECOMPOSED = 1024  # dimensions whose covariance is decomposed; twice as many take eight times as long
MOST_MOVED = 16_384  # codes moved to measure effects: fewer for each dimension where there are thousands
MOST_CORRELATED = 2**33  # products of codes: 20,000 codes of 640 dimensions, fewer codes of more
DEAD_EFFECT = 0.25  # of 255: a change of one standard deviation that nobody can see


@dataclass(frozen=True, eq=False)
class CodeStatistics:
    """How each dimension (D) is distributed over the data's own codes.

    low and high are the 5 % and 95 % quantiles; quantiles is (Q,D), evenly spaced from 0 to 1. active is
    False for a dimension whose codes hardly vary. factor (D,K): factor @ factor.T is the covariance.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    quantiles: NDArray[np.float32]
    active: NDArray[np.bool_]
    factor: NDArray[np.float32]
    count: int

    def percentile(self, percent: float) -> NDArray[np.float32]:
        """The value (D,) that so many percent of the codes do not exceed, in steps of a quarter of one."""
        return self.quantiles[round(percent / 100.0 * (len(self.quantiles) - 1))]

    def rarity(self, dim: int, value: float) -> float:
        """Share of the data that is nearer to the median (by rank) than value: 0.97 is rarer than 97 %."""
        column = self.quantiles[:, dim]
        last = len(column) - 1
        ranked = column.astype(np.float64)  # as numpy would at each search; a hand on a dial waits for it
        below = float(ranked.searchsorted(value, side="left"))
        above = float(ranked.searchsorted(value, side="right"))
        if below == above:  # between two quantiles
            if below in (0, last + 1):
                return 1.0
            left, right = column[int(below) - 1], column[int(below)]
            rank = below - 1 + (value - left) / (right - left)
        else:  # on one, or on a run of equal ones: the nearest of them to the middle
            rank = float(np.clip(last / 2, below, above - 1))
        return float(min(1.0, abs(2.0 * rank / last - 1.0)))

    def sigmas(self, dim: int, delta: float) -> float:
        """delta in standard deviations of the data's codes; infinite where they do not vary at all."""
        std = float(self.std[dim])
        if std > 0.0:
            return delta / std
        return 0.0 if delta == 0.0 else float(np.copysign(np.inf, delta))


def statistics(codes: NDArray[np.float32]) -> CodeStatistics:
    """The statistics of codes (M,D). Raises: ModelError when there are none or they are not finite."""
    if codes.ndim != 2 or not len(codes):
        raise ModelError(tr("There are no codes to measure."))
    if not np.isfinite(codes).all():
        raise ModelError(tr("Some codes are not finite: the weights are damaged, or training diverged."))
    exact = codes.astype(np.float64)
    std = exact.std(axis=0)
    quantiles = np.quantile(exact, np.linspace(0.0, 1.0, QUANTILES), axis=0)
    low, high = np.quantile(exact, (0.05, 0.95), axis=0)
    centred = exact - exact.mean(axis=0)
    return CodeStatistics(
        mean=exact.mean(axis=0).astype(np.float32),
        std=std.astype(np.float32),
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        quantiles=quantiles.astype(np.float32),
        active=std > max(DEAD_STD * float(std.max()), 1e-6),
        factor=_factor(centred),
        count=len(codes),
    )


def _factor(centred: NDArray[np.float64]) -> NDArray[np.float32]:
    """A factor (D,K) of the covariance of codes (M,D) whose mean is zero."""
    count, dims = centred.shape
    if count < dims or dims > MOST_DECOMPOSED:
        # The codes themselves are one, some of them where they are many: to decompose 3,072 dimensions, as an
        # imported network without a linear layer has, took 8 s.
        some = centred[spread_indices(count, max(MOST_DECOMPOSED, dims // 2))]
        return (some.T / np.sqrt(len(some))).astype(np.float32)
    # eigh stands rank deficiency (dead dimensions), where Cholesky fails
    variances, directions = np.linalg.eigh(centred.T @ centred / count)
    return (directions * np.sqrt(variances.clip(0.0))).astype(np.float32)


def correlation(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pearson's correlation (D,D) of the dimensions of codes (M,D); 0 for one that does not vary at all.

    Of thousands of dimensions some of the codes are taken, evenly spread: no fewer than 512.
    """
    count, dims = codes.shape
    some = codes[spread_indices(count, max(512, MOST_CORRELATED // (dims * dims)))].astype(np.float64)
    some -= some.mean(axis=0)
    length = np.sqrt(np.square(some).sum(axis=0))
    varies = length > 1e-6 * np.sqrt(len(some))
    some[:, varies] /= length[varies]
    some[:, ~varies] = 0.0
    some = some.astype(np.float32)
    return np.clip(some.T @ some, -1.0, 1.0)


def measure_effects(
    codec: Codec, codes: NDArray[np.float32], stats: CodeStatistics, count: int = 16
) -> Generator[EncodeProgress, None, NDArray[np.float32]]:
    """Mean absolute change of the picture (D,), of 255, when a dimension moves by ±1 standard deviation.

    Averaged over count of the codes, both directions and all pixels; yields after every few dimensions.
    """
    count = min(count, max(2, MOST_MOVED // codec.latent_dim))
    sample = codes[spread_indices(len(codes), count)]
    base = codec.decode_float(sample).clamp(-1.0, 1.0)  # (n, C, H, W)
    effect = np.zeros(codec.latent_dim, np.float32)
    at_once = max(1, BATCH // (2 * len(sample)))
    for start in range(0, codec.latent_dim, at_once):
        dims = np.arange(start, min(start + at_once, codec.latent_dim))
        moved = np.broadcast_to(sample, (len(dims), 2, *sample.shape)).copy()  # (dims, 2, n, D)
        for row, dim in enumerate(dims):
            moved[row, 0, :, dim] += stats.std[dim]
            moved[row, 1, :, dim] -= stats.std[dim]
        pictures = codec.decode_float(moved.reshape(-1, codec.latent_dim)).clamp(-1.0, 1.0)
        with torch.inference_mode():
            change = pictures.view(len(dims), 2, *base.shape).sub(base).abs_().mean((1, 2, 3, 4, 5))
        effect[dims] = change.mul(127.5).cpu().numpy()
        done = int(dims[-1]) + 1
        yield EncodeProgress(
            done,
            codec.latent_dim,
            tr("Measuring the dials: {done} of {total}", done=done, total=codec.latent_dim),
        )
    return effect


def effects(
    codec: Codec, codes: NDArray[np.float32], stats: CodeStatistics, count: int = 16
) -> NDArray[np.float32]:
    """measure_effects run to its end."""
    return finished(measure_effects(codec, codes, stats, count))


def dead_dimensions(stats: CodeStatistics, effect: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which dimensions (D,) hardly vary, or change the picture by less than can be seen."""
    return ~stats.active | (effect < DEAD_EFFECT)


def traversal(z: NDArray[np.float32], dim: int, low: float, high: float, steps: int) -> NDArray[np.float32]:
    """Codes (steps,D) equal to z (D,) but for dim, which goes from low to high in equal steps."""
    codes = np.repeat(np.asarray(z, np.float32)[np.newaxis], steps, axis=0)
    codes[:, dim] = np.linspace(low, high, steps)
    return codes


def interpolate(a: NDArray[np.float32], b: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Codes (steps,D) on the straight line from a to b, both ends included."""
    share = np.linspace(0.0, 1.0, steps)[:, np.newaxis]
    return (a * (1.0 - share) + b * share).astype(np.float32)


def random_codes(
    stats: CodeStatistics | None,
    objective: ObjectiveName,
    count: int,
    seed: int,
    latent_dim: int | None = None,
) -> NDArray[np.float32]:
    """Codes (count,D): from the prior N(0,1) for a vae, from a Gaussian fitted to the codes for an ae.

    An ae has no prior: without statistics its codes come from N(0,1) too, which may look like nothing.
    latent_dim is needed only without statistics.
    """
    dims = len(stats.mean) if stats is not None else latent_dim
    if dims is None:
        raise ValueError("random_codes needs statistics or latent_dim")
    fitted = None if is_variational(objective) else stats
    drawn = dims if fitted is None else fitted.factor.shape[1]
    noise = np.random.default_rng(seed).standard_normal((count, drawn), np.float32)
    if fitted is not None:
        return (fitted.mean + noise @ fitted.factor.T).astype(np.float32)
    return noise
