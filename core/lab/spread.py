"""Means with their uncertainty, and what may be said of two of them."""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964  # the normal distribution's 97.5 % quantile


class Verdict(Enum):
    """Which of two models does better; UNCERTAIN where the interval of their difference holds 0."""

    FIRST = "first"
    SECOND = "second"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Spread:
    """A mean, the standard deviation of single values (nan for one), and the 95 % interval of the mean."""

    mean: float
    sd: float
    low: float
    high: float
    count: int


def spread_of(values: NDArray[np.floating]) -> Spread:
    """The spread of independent values (n,), Student's t for the interval. Raises: ValueError for none."""
    if not len(values):
        raise ValueError("there are no values")
    exact = np.asarray(values, np.float64)
    mean, count = float(exact.mean()), len(exact)
    if count < 2:
        return Spread(mean, math.nan, -math.inf, math.inf, count)
    sd = float(exact.std(ddof=1))
    half = _student(count - 1) * sd / math.sqrt(count)
    return Spread(mean, sd, mean - half, mean + half, count)


def jackknife(whole: float, without: NDArray[np.floating]) -> Spread:
    """The spread of a statistic of many values, from its values (g,) without each of g equal groups.

    Variance (g-1)/g sum (t_i - mean t)^2 (Efron and Stein 1981); sd is then the statistic's own.
    """
    groups = len(without)
    if groups < 2:
        return Spread(whole, math.nan, -math.inf, math.inf, groups)
    sd = math.sqrt((groups - 1) / groups * float(np.square(without - without.mean()).sum()))
    half = _student(groups - 1) * sd
    return Spread(whole, sd, whole - half, whole + half, groups)


def ratio_values(over: NDArray[np.floating], under: NDArray[np.floating]) -> NDArray[np.float64]:
    """Values (n,) whose mean is mean(over) / mean(under) and whose spread is that ratio's; nan where under
    has a mean of 0.

    By linearisation: over and under (n,) vary together from one sample to another (Cochran 1977, Sampling
    Techniques, section 6.3).
    """
    mean = float(under.mean())
    if abs(mean) <= 1e-9:
        return np.full(len(over), np.nan)
    ratio = float(over.mean()) / mean
    return ratio + (over - ratio * under) / mean


def better(difference: Spread, *, lower_is_better: bool = True) -> Verdict:
    """What the difference first - second of a measure says; nothing where it is no number."""
    if not (difference.low > 0.0 or difference.high < 0.0):
        return Verdict.UNCERTAIN
    return Verdict.FIRST if (difference.mean < 0.0) == lower_is_better else Verdict.SECOND


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (Abramowitz and Stegun 1964, 26.7.5: to 0.3 % from 4 degrees on)."""
    exact = {1: 12.7062, 2: 4.3027, 3: 3.1824}
    if freedom in exact:
        return exact[freedom]
    z, n = Z95, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
