"""The numbers behind the loss plot: which curves there are, what is drawn of them, their CSV. No Qt."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from core.translate import tr

Columns = Mapping[str, NDArray[np.floating] | NDArray[np.integer]]
Series = NDArray[np.float64]

_BLOCK = 128


class View(Enum):
    """What the plot compares: the error per pixel in training and validation, or the parts of the loss."""

    MSE = "mse"
    PARTS = "parts"


class Along(Enum):
    """What the axis counts: optimiser steps, or passes over the pictures, by which other runs compare."""

    STEP = "step"
    EPOCH = "epoch"


class Tone(Enum):
    """The theme colour of a curve."""

    FIRST = "accent"
    SECOND = "unusual"
    THIRD = "third"


@dataclass(frozen=True)
class Curve:
    """One column as a curve. sparse: measured once an epoch, so drawn as measured and never smoothed."""

    column: str
    title: str
    tone: Tone
    sparse: bool = False


@dataclass(frozen=True, eq=False)
class OtherRun:
    """A run beside the open one: its folder's path, its name, its history, its pictures in an epoch."""

    key: str
    name: str
    columns: Columns
    pictures: int


def curves_of(view: View) -> tuple[Curve, ...]:
    """The curves of a view, in the order of their legend."""
    match view:
        case View.MSE:
            return (
                Curve("mse", tr("train"), Tone.FIRST),
                Curve("val_mse", tr("validation"), Tone.SECOND, sparse=True),
            )
        case View.PARTS:
            return (
                Curve("loss", tr("loss"), Tone.FIRST),
                Curve("reconstruction", tr("reconstruction"), Tone.SECOND),
                Curve("kl", tr("KL"), Tone.THIRD),
            )


def places_along(columns: Columns, along: Along, pictures: int) -> Series:
    """Where each report stands on the axis (n,). pictures: those of an epoch, asked where none has ended.

    An epoch's end is told by the reports: the last of each has seen that many times its pictures.
    """
    steps = np.asarray(columns.get("step", ()), dtype=np.float64)
    images, epochs = columns.get("images"), columns.get("epoch")
    if along is Along.STEP or images is None or epochs is None or not len(steps):
        return steps
    seen, numbers = np.asarray(images, np.float64), np.asarray(epochs, np.float64)
    ends = np.flatnonzero(np.diff(numbers) > 0)
    if len(ends):
        each = seen[ends[-1]] / numbers[ends[-1]]
    else:
        measured = np.isfinite(np.asarray(columns.get("val_mse", ()), np.float64))
        is_end = len(measured) == len(seen) and bool(measured[-1])
        each = seen[-1] / numbers[-1] if is_end else float(pictures)
    return seen / each if each > 0 else numbers


def has_parts(columns: Columns) -> bool:
    """Whether the loss has a second part: some KL that is not zero."""
    kl = columns.get("kl")
    return kl is not None and bool(np.any(np.greater(kl, 0.0)) or np.any(np.less(kl, 0.0)))


def drawable(steps: NDArray[np.generic], values: NDArray[np.generic], *, log: bool) -> tuple[Series, Series]:
    """The points of a series that the axis can show: finite, and above zero on a log axis."""
    count = min(len(steps), len(values))
    x = np.asarray(steps[:count], dtype=np.float64)
    y = np.asarray(values[:count], dtype=np.float64)
    shown = np.isfinite(x) & np.isfinite(y)
    if log:
        shown &= y > 0.0
    return x[shown], y[shown]


def smoothed(values: Series, weight: float) -> Series:
    """The exponential moving average of finite values, corrected for its start (Kingma, Ba 2015, section 3).

    weight is the share of the past in each average, 0 (no smoothing) to below 1. In blocks, each one matrix
    product: a loop in Python over 100,000 steps would hold the window up.
    """
    if weight <= 0.0 or len(values) == 0:
        return values.copy()
    return _averages(values, weight, 0.0) / (1.0 - weight ** np.arange(1.0, len(values) + 1.0))


def _averages(values: Series, weight: float, carried: float) -> Series:
    """The same without the correction, going on from the average carried."""
    blocks = -(-len(values) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK)
    padded[: len(values)] = values
    age = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)[None, :]
    kernel = np.where(age >= 0, (1.0 - weight) * weight ** np.maximum(age, 0), 0.0)
    averages = padded.reshape(blocks, _BLOCK) @ kernel.T  # (blocks, _BLOCK), each as if nothing came before
    fading = weight ** np.arange(1, _BLOCK + 1)
    for block in averages:
        block += carried * fading
        carried = block[-1]
    return averages.reshape(-1)[: len(values)]


class GrowingSeries:
    """The drawable points of a column that grows, and their moving average: only what is new is computed."""

    def __init__(self) -> None:
        self._log = False
        self._weight = 0.0
        self._points = np.empty((3, 0))  # step, value, average; more room than points
        self._start_over()

    def _start_over(self) -> None:
        self._read = self._count = 0
        self._last = (0.0, 0.0)  # step and value of the record that was read last
        self._carried = 0.0
        self.ascends = True

    @property
    def x(self) -> Series:
        """The steps (n,)."""
        return self._points[0, : self._count]

    @property
    def y(self) -> Series:
        """The values (n,)."""
        return self._points[1, : self._count]

    @property
    def average(self) -> Series:
        """The moving average (n,), empty without one."""
        return self._points[2, : self._count if self._weight > 0.0 else 0]

    def follow(
        self, steps: NDArray[np.generic], values: NDArray[np.generic], *, log: bool, weight: float
    ) -> None:
        """Take over a column, from where it was read before if these are the same numbers and more."""
        count = min(len(steps), len(values))
        same = self._read <= count and (log, weight) == (self._log, self._weight)
        if same and self._read:
            same = str(self._last) == str((float(steps[self._read - 1]), float(values[self._read - 1])))
        if not same:
            self._start_over()
            self._log, self._weight = log, weight
        if count == self._read:
            return
        x, y = drawable(steps[self._read : count], values[self._read : count], log=log)
        self._read, self._last = count, (float(steps[count - 1]), float(values[count - 1]))
        if not len(x):
            return
        first, self._count = self._count, self._count + len(x)
        if self._count > self._points.shape[1]:
            grown = np.empty((3, 2 * self._count))
            grown[:, :first] = self._points[:, :first]
            self._points = grown
        self.ascends = self.ascends and bool((np.diff(x) >= 0.0).all())
        self.ascends = self.ascends and (first == 0 or bool(x[0] >= self._points[0, first - 1]))
        self._points[0, first : self._count], self._points[1, first : self._count] = x, y
        if weight > 0.0:
            averages = _averages(y, weight, self._carried)
            self._carried = float(averages[-1])
            corrected = averages / (1.0 - weight ** np.arange(first + 1.0, self._count + 1.0))
            self._points[2, first : self._count] = corrected

    def within(self, first: float, last: float) -> slice:
        """The places of the points with steps from first to last, and of one more on either side."""
        if not self.ascends:
            return slice(0, self._count)
        begin = int(np.searchsorted(self.x, first, side="left"))
        end = int(np.searchsorted(self.x, last, side="right"))
        return slice(max(0, begin - 1), min(self._count, end + 1))


def peaks(x: Series, y: Series, columns: int) -> tuple[Series, Series]:
    """What a line through the points looks like in so many columns of the screen: at most four points each.

    Of as many neighbours as share a column the least and the greatest are kept, so that no peak is lost.
    """
    size = _thinning(len(x), columns)
    whole = len(x) - len(x) % size
    if size == 1:
        return x, y
    groups = y[:whole].reshape(-1, size)
    lines = np.stack([groups.min(axis=1), groups.max(axis=1)], axis=1).reshape(-1)
    return np.concatenate([np.repeat(x[:whole:size], 2), x[whole:]]), np.concatenate([lines, y[whole:]])


def every_few(x: Series, y: Series, columns: int) -> tuple[Series, Series]:
    """A smooth line in so many columns: one point of those that share a column, and the last."""
    size = _thinning(len(x), columns)
    return (x, y) if size == 1 else (np.append(x[::size], x[-1]), np.append(y[::size], y[-1]))


def _thinning(count: int, wanted: int) -> int:
    """How many neighbours become one: a power of two, so that the picture holds still while points arrive."""
    return 1 << max(0, (count // max(wanted, 1)).bit_length() - 1)


def nearest(steps: Series, step: float) -> int | None:
    """The place in ascending steps of the one nearest to step."""
    if not len(steps):
        return None
    right = int(np.searchsorted(steps, step))
    if right == 0:
        return 0
    if right == len(steps):
        return right - 1
    return right if steps[right] - step < step - steps[right - 1] else right - 1


def csv_text(columns: Columns) -> str:
    """Every column of the history as CSV: a head line, a row a record, empty where nothing was measured."""
    return _csv(list(columns), _rows(columns))


def csv_of_runs(runs: Sequence[tuple[str, Columns]]) -> str:
    """The same of several runs, each row after the name of its run."""
    names = list(runs[0][1])
    rows = ([name, *row] for name, columns in runs for row in _rows({key: columns[key] for key in names}))
    return _csv(["run", *names], rows)


def _rows(columns: Columns) -> Iterator[list[object]]:
    for row in zip(*(np.asarray(column).tolist() for column in columns.values()), strict=False):
        yield ["" if isinstance(value, float) and value != value else value for value in row]


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
