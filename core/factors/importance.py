"""DCI: how well factors can be read from codes, and by which dials (Eastwood and Williams 2018).

The paper leaves the regressor open and takes the Lasso and random forests. Ours lies between both: a sum of
a free curve a dial (its code, 20 bins of equal counts, and more where a factor's classes change), of which
the group Lasso keeps few (Yuan and Lin 2006; Ravikumar et al. 2009, SpAM, arXiv:0711.4555). Like the Lasso it
is convex, needs no seed, and gives an exact zero to dials that are of no use; like a forest it reads curves
and classes in any order. It is one matrix product a round for all factors together, in numpy.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.factors.borders import class_borders
from core.factors.columns import Factor
from core.translate import tr

CURVE_BINS = 20
BORDERED = 3  # dials of each factor, those that know most of it, that have bins between its classes too
MOST_DIALS = 128  # those that know most of any factor are read from; the others count as of no use
MOST_READ = 6_000  # pictures, evenly spread: three parts fit the curves, one chooses, one measures
PENALTIES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
ROUNDS = 60  # of accelerated descent at each penalty, fewer where no weight moves any more
STILL = 1e-4  # by as much
# The weights are those of the fewest dials whose score is this near to the best one, or within its standard
# error (Hastie, Tibshirani and Friedman 2009, section 7.10): a great penalty shrinks them, so the score is
# the best one's. Less, or less than two standard errors, is no score at all.
NEARLY = 0.01
_TINY = 1e-6

Reals = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Importance:
    """How factors are read from codes: weights (D,F), columns with a sum of 1 or 0, and scores (F,).

    score: on pictures that were not used to fit, the share of the squared error of a constant guess that is
    avoided, at least 0: R² for numbers, and for classes the same of their indicators (Brier 1950's skill
    score), which a rare class does not blind as it does accuracy. accuracy (F,) is the share of right classes
    there, nan for numbers.
    """

    weights: NDArray[np.float64]
    score: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    def disentanglement(self) -> NDArray[np.float64]:
        """D_i = 1 − H_F(P_i.) of each dial (D,), P its row with a sum of 1; 0 for one of no use."""
        return _concentration(self.weights)

    def completeness(self) -> NDArray[np.float64]:
        """C_j = 1 − H_D(P_.j) of each factor (F,), P its column; 0 for one that no dial tells of."""
        return _concentration(self.weights.T)

    def overall_disentanglement(self) -> float:
        """The mean of D_i, each dial by its share in all weights: the paper's section 2."""
        rows = self.weights.sum(axis=1)
        return float((rows * self.disentanglement()).sum() / rows.sum()) if rows.sum() > 0.0 else 0.0


def _concentration(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 − the entropy of each row (R,), to the base of its length."""
    total = rows.sum(axis=1, keepdims=True)
    share = np.divide(rows, total, out=np.zeros_like(rows), where=total > 0.0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0.0)
    spread = -(share * logs).sum(axis=1) / np.log(max(rows.shape[1], 2))
    return np.where(total[:, 0] > 0.0, 1.0 - spread, 0.0)


def measure_importance(
    codes: NDArray[np.float32], factors: tuple[Factor, ...], shares: NDArray[np.float64]
) -> Generator[EncodeProgress, None, Importance]:
    """Read every factor from codes (N,D); shares (D,F) is what each dial knows of it by itself."""
    dims = codes.shape[1]
    best = np.sort(np.argsort(-shares.max(axis=1), kind="stable")[:MOST_DIALS])
    weights = np.zeros((dims, len(factors)))
    score, accuracy = np.zeros(len(factors)), np.full(len(factors), np.nan)
    done = 0
    for places in _alike(factors):
        together = [factors[place] for place in places]
        rows = np.flatnonzero(together[0].values >= 0)
        rows = rows[np.arange(min(len(rows), MOST_READ)) * len(rows) // min(len(rows), MOST_READ)]
        reading = _Reading(codes[np.ix_(rows, best)], rows, together, shares[best][:, places])
        for number, _ in enumerate(reading.fit(), start=1):
            share = done + len(places) * number / len(PENALTIES)
            yield EncodeProgress(
                round(100 * share / len(factors)),
                100,
                tr("Reading factors from codes: {percent} %", percent=round(100 * share / len(factors))),
            )
        for place, (found, points, right) in zip(places, reading.results(), strict=True):
            weights[best, place], score[place], accuracy[place] = found, points, right
        done += len(places)
    return Importance(weights, score, accuracy)


def _alike(factors: tuple[Factor, ...]) -> list[list[int]]:
    """The places of factors, those together that the same pictures have labels of."""
    groups: dict[bytes, list[int]] = {}
    for place, factor in enumerate(factors):
        groups.setdefault(np.packbits(factor.values >= 0).tobytes(), []).append(place)
    return list(groups.values())


class _Reading:
    """One regression for several factors: targets beside each other, a group of basis columns a dial."""

    def __init__(
        self,
        codes: NDArray[np.float32],
        rows: NDArray[np.int64],
        factors: list[Factor],
        shares: NDArray[np.float64],
    ) -> None:
        fifth = np.arange(len(rows)) * 5 // len(rows)
        order = np.random.default_rng(0).permutation(len(rows))  # the data may be sorted by a factor
        self._part = np.empty(len(rows), np.int64)
        self._part[order] = fifth
        fit = self._part < 3
        self._factors = factors
        borders: list[list[float]] = [[] for _ in range(codes.shape[1])]
        for place, factor in enumerate(factors):
            for dim in np.argsort(-shares[:, place], kind="stable")[:BORDERED]:
                code, values = codes[fit, dim].astype(np.float64), factor.values[rows][fit]
                borders[dim] += class_borders(code, values, max(CURVE_BINS, factor.classes))
        basis = [_curve(codes[:, dim].astype(np.float64), fit, found) for dim, found in enumerate(borders)]
        self._widths = np.array([part.shape[1] for part in basis])
        self._starts = np.concatenate([[0], np.cumsum(self._widths)])[:-1]
        self._x = np.concatenate(basis, axis=1).astype(np.float32)  # (n, P)
        targets = [_target(factor, rows, fit) for factor in factors]
        self._scales = [scale for _, scale in targets]
        self._edges = np.concatenate([[0], np.cumsum([target.shape[1] for target, _ in targets])])
        self._y = np.concatenate([target for target, _ in targets], axis=1).astype(np.float32)  # (n, T)
        self._truth = [factor.values[rows] for factor in factors]
        self._found: list[Reals] = []

    def fit(self) -> Generator[None, None, None]:
        """The weights at each penalty, from the greatest; yields after each."""
        fit = self._part < 3
        x, y = self._x[fit], self._y[fit]
        gram, cross = x.T @ x / len(x), x.T @ y / len(x)
        length = 1.0 / max(_greatest_eigenvalue(gram), _TINY)
        weights = np.zeros_like(cross)
        for penalty in PENALTIES:
            weights = self._descend(gram, cross, weights, length, penalty)
            self._found.append(weights)
            yield

    def results(self) -> list[tuple[NDArray[np.float64], float, float]]:
        """The dials' weights, the score and the accuracy of each factor, at the penalty that it takes."""
        return [self._result(place) for place in range(len(self._factors))]

    def _descend(
        self,
        gram: Reals,
        cross: Reals,
        start: Reals,
        length: float,
        penalty: float,
    ) -> Reals:
        """FISTA (Beck and Teboulle 2009) with the shrinkage of the group Lasso."""
        weights = ahead = start
        pace = 1.0
        for _ in range(ROUNDS):
            moved = self._shrunk(ahead - length * (gram @ ahead - cross), penalty * length)
            faster = (1.0 + np.sqrt(1.0 + 4.0 * pace * pace)) / 2.0
            still = float(np.abs(moved - weights).max()) < STILL
            ahead = moved + np.float32((pace - 1.0) / faster) * (moved - weights)
            weights, pace = moved, faster
            if still:
                break
        return weights

    def _norms(self, weights: Reals) -> Reals:
        """The length (dials, factors) of each group of weights (P,T)."""
        by_dial = np.add.reduceat(np.square(weights), self._starts, axis=0)
        return np.sqrt(np.add.reduceat(by_dial, self._edges[:-1], axis=1))

    def _shrunk(self, weights: Reals, by: float) -> Reals:
        norms = self._norms(weights)
        keep = np.maximum(0.0, 1.0 - by / np.maximum(norms, _TINY)).astype(np.float32)
        keep = np.repeat(np.repeat(keep, self._widths, axis=0), np.diff(self._edges), axis=1)
        return weights * keep

    def _result(self, place: int) -> tuple[NDArray[np.float64], float, float]:
        columns = slice(self._edges[place], self._edges[place + 1])
        chooses = [self._scored(place, weights[:, columns], 3) for weights in self._found]
        best = max(range(len(chooses)), key=lambda at: chooses[at].score)
        enough = chooses[best].score - max(NEARLY, chooses[best].error)
        sparse = next(at for at, scored in enumerate(chooses) if scored.score >= enough)
        measured = self._scored(place, self._found[best][:, columns], 4)
        lengths = self._norms(self._found[sparse])[:, place].astype(np.float64)
        total = float(lengths.sum())
        if total <= _TINY or not (chooses[sparse].is_sure and measured.is_sure):
            return np.zeros_like(lengths), 0.0, measured.accuracy
        return lengths / total, measured.score, measured.accuracy

    def _scored(self, place: int, weights: Reals, part: int) -> "_Scored":
        columns = slice(self._edges[place], self._edges[place + 1])
        among = self._part == part
        guess, target = self._x[among] @ weights, self._y[among, columns]
        # The targets' mean is 0 in the part that fits: their squares are the errors of a constant guess.
        squares = np.square(target, dtype=np.float64).sum(axis=1)
        gains = squares - np.square(guess - target, dtype=np.float64).sum(axis=1)
        return _Scored.of(gains, float(squares.mean()), self._accuracy(place, guess, among))

    def _accuracy(self, place: int, guess: Reals, among: NDArray[np.bool_]) -> float:
        factor = self._factors[place]
        if factor.numbers is not None:
            return np.nan
        counts = np.bincount(self._truth[place][self._part < 3], minlength=factor.classes)
        likely = guess * self._scales[place] + counts / counts.sum()
        return float((likely.argmax(axis=1) == self._truth[place][among]).mean())


@dataclass(frozen=True)
class _Scored:
    """How much better than guessed, as a share of a guess's error; its standard error; right classes."""

    score: float
    error: float
    accuracy: float

    @classmethod
    def of(cls, gains: NDArray[np.float64], lacking: float, accuracy: float) -> "_Scored":
        """From what is gained on each picture."""
        gains = gains / max(lacking, _TINY)
        error = float(gains.std()) / np.sqrt(max(len(gains), 1))
        return cls(max(0.0, float(gains.mean())) if len(gains) else 0.0, float(error), accuracy)

    @property
    def is_sure(self) -> bool:
        """Whether it is better than guessed, and not by chance."""
        return self.score > max(NEARLY, 2.0 * self.error)


def _greatest_eigenvalue(gram: Reals) -> float:
    """Of a symmetric matrix, a little too large rather than too small."""
    vector = np.random.default_rng(0).standard_normal(len(gram)).astype(np.float32)
    for _ in range(30):
        vector = gram @ vector
        vector /= max(float(np.linalg.norm(vector)), _TINY)
    return 1.05 * float(np.linalg.norm(gram @ vector))


def _curve(code: NDArray[np.float64], fit: NDArray[np.bool_], borders: list[float]) -> NDArray[np.float64]:
    """Basis columns (n,M) of one dial's curve: uncorrelated, of mean 0 and variance 1 where fit is true.

    They span the code itself and its 20 bins of equal counts, parted further at borders. So the length of a
    dial's weights is the standard deviation of what it adds to the prediction.
    """
    edges = np.unique([*np.quantile(code[fit], np.arange(1, CURVE_BINS) / CURVE_BINS), *borders])
    bins = np.searchsorted(edges, code, side="left")
    spread = max(float(code[fit].std()), _TINY)
    steady = np.clip((code - code[fit].mean()) / spread, -10.0, 10.0)
    columns = np.concatenate([steady[:, np.newaxis], np.eye(len(edges) + 1)[bins]], axis=1)
    columns -= columns[fit].mean(axis=0)
    _, sizes, turn = np.linalg.svd(columns[fit], full_matrices=False)
    kept = sizes > 1e-4 * max(float(sizes[0]), _TINY) if float(sizes[0]) > _TINY else sizes < 0.0
    if not kept.any():
        return np.zeros((len(code), 1))
    return columns @ turn[kept].T / sizes[kept] * np.sqrt(fit.sum())


def _target(
    factor: Factor, rows: NDArray[np.int64], fit: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float]:
    """The targets (n,T) of a factor, with mean 0 and variance 1 together where fit is true; their scale."""
    if factor.numbers is not None:
        target = factor.numbers[rows][:, np.newaxis]
    else:
        target = np.eye(factor.classes)[factor.values[rows]]
    target = target - target[fit].mean(axis=0)
    scale = max(float(np.sqrt(np.square(target[fit]).mean(axis=0).sum())), _TINY)
    return target / scale, scale
