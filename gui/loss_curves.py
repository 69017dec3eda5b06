"""The numbers behind the loss plot: which curves there are, what is drawn of them, their CSV. No Qt."""

import csv
import io
from collections.abc import Mapping
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


def has_parts(columns: Columns) -> bool:
    """Whether the loss has a second part: some KL that is not zero."""
    kl = columns.get("kl")
    return kl is not None and bool(np.any(np.nan_to_num(np.asarray(kl, dtype=np.float64))))


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
    blocks = -(-len(values) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK)
    padded[: len(values)] = values
    age = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)[None, :]
    kernel = np.where(age >= 0, (1.0 - weight) * weight ** np.maximum(age, 0), 0.0)
    averages = padded.reshape(blocks, _BLOCK) @ kernel.T  # (blocks, _BLOCK), each as if nothing came before
    fading = weight ** np.arange(1, _BLOCK + 1)
    carried = 0.0
    for block in averages:
        block += carried * fading
        carried = block[-1]
    return averages.reshape(-1)[: len(values)] / (1.0 - weight ** np.arange(1.0, len(values) + 1.0))


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
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns.keys())
    for row in zip(*(np.asarray(column).tolist() for column in columns.values()), strict=False):
        writer.writerow(["" if isinstance(value, float) and value != value else value for value in row])
    return out.getvalue()
