"""Factors from label columns: which can be measured, how numbers become classes, what is left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.dataset import LabelColumn
from core.translate import tr

NUMBER_BINS = 10  # classes that a column of numbers becomes, of equal counts
FEW_VALUES = 20  # a column with no more numbers than that keeps each as a class
LEAST_LABELLED = 50  # pictures with a label, and
LEAST_OF_SECOND = 10  # pictures outside of the commonest class, and
LEAST_A_CLASS = 5  # pictures in a class on average, below which chance looks like knowledge
MOST_FACTORS = 128  # columns measured, in their order


@dataclass(frozen=True, eq=False)
class Factor:
    """One factor of N pictures: values (N,) are classes, -1 without one; numbers (N,) where it has some."""

    name: str
    values: NDArray[np.int64]
    classes: int
    numbers: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class LeftOut:
    """A label column that is no factor, and why, in a few words."""

    name: str
    reason: str


def factors_of(
    columns: Sequence[LabelColumn], indices: NDArray[np.int64]
) -> tuple[tuple[Factor, ...], tuple[LeftOut, ...]]:
    """The factors of the pictures at indices, and the columns that are left out.

    Categories stay as they are. Numbers become at most 10 classes of equal counts, equal numbers staying
    together; up to 20 different numbers are a class each.
    """
    factors: list[Factor] = []
    left_out: list[LeftOut] = []
    for column in columns:
        factor = _factor(column, indices)
        reason = _objection(factor)
        if not reason and len(factors) == MOST_FACTORS:
            reason = tr("{count} factors are measured at most", count=MOST_FACTORS)
        if reason:
            left_out.append(LeftOut(column.name, reason))
        else:
            factors.append(factor)
    return tuple(factors), tuple(left_out)


def _factor(column: LabelColumn, indices: NDArray[np.int64]) -> Factor:
    values = column.values[indices]
    if column.classes:
        there = values >= 0
        _, places = np.unique(values[there], return_inverse=True)  # of the classes that occur here
        return Factor(column.name, *_spread_out(places, there))
    numbers = values.astype(np.float64)
    there = np.isfinite(numbers)
    known = numbers[there]
    different, places = np.unique(known, return_inverse=True)
    if len(different) > FEW_VALUES:
        edges = np.unique(np.quantile(known, np.arange(1, NUMBER_BINS) / NUMBER_BINS))
        _, places = np.unique(np.searchsorted(edges, known, side="left"), return_inverse=True)
    return Factor(column.name, *_spread_out(places, there), numbers)


def _spread_out(places: NDArray[np.int64], there: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    values = np.full(len(there), -1, np.int64)
    values[there] = places
    return values, int(places.max(initial=-1)) + 1


def _objection(factor: Factor) -> str:
    """Why a factor cannot be measured; empty where it can."""
    counts = np.bincount(factor.values[factor.values >= 0], minlength=1)
    labelled = int(counts.sum())
    if labelled < LEAST_LABELLED:
        return tr("only {count} pictures have a label", count=labelled)
    if factor.classes < 2:
        return tr("it is the same for every picture")
    if labelled - int(counts.max()) < LEAST_OF_SECOND:
        return tr("all but {count} pictures have the same value", count=labelled - int(counts.max()))
    if factor.classes * LEAST_A_CLASS > labelled:
        return tr("{classes} classes for {count} pictures", classes=factor.classes, count=labelled)
    return ""
