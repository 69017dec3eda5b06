"""What colours the dots of a map: classes, numbers or one colour, and the legend that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from core.translate import tr
from gui.theme import CLASS_COLOURS, RAMP, Theme

if TYPE_CHECKING:
    from core.datasets.dataset import LabelColumn

STEPS = 256
_ENDS = (0.02, 0.98)  # of the values: one outlier would take the colours of all others


@dataclass(frozen=True)
class Legend:
    """What the colours mean: classes with their colours, or a ramp of numbers from low to high."""

    title: str = ""
    classes: tuple[tuple[str, str], ...] = ()  # (name, colour)
    ramp: tuple[str, ...] = ()
    low: str = ""
    high: str = ""


@dataclass(frozen=True, eq=False)
class Colouring:
    """A colour for each dot, 0xffRRGGBB (M,), and their legend."""

    colours: NDArray[np.uint32]
    legend: Legend


def plain(count: int, theme: Theme) -> Colouring:
    """All dots in one colour."""
    return Colouring(np.full(count, rgb(theme.band), np.uint32), Legend())


def by_label(column: LabelColumn, indices: NDArray[np.int64], theme: Theme) -> Colouring:
    """By a column of labels: the most frequent classes have a colour each, the rest share one."""
    if not column.classes:
        return by_number(column.values[indices].astype(np.float32), column.name, theme)
    values = column.values[indices].astype(np.int64)
    counts = np.bincount(values[values >= 0], minlength=len(column.classes))
    palette = CLASS_COLOURS[theme.name]
    order = np.argsort(-counts, kind="stable")
    named = np.sort(order[counts[order] > 0][: len(palette)])
    table = np.full(len(column.classes) + 1, rgb(theme.band), np.uint32)  # the last one has no label
    classes = []
    for place, number in enumerate(named.tolist()):
        table[number] = rgb(palette[place])
        classes.append((column.classes[number], palette[place]))
    others = int((counts > 0).sum()) - len(named)
    if others:
        classes.append((tr("{count} others", count=others), theme.band))
    if (values < 0).any():
        classes.append((tr("without a label"), theme.band))
    return Colouring(table[np.maximum(values, -1)], Legend(column.name, tuple(classes)))


def by_number(values: NDArray[np.float32], title: str, theme: Theme) -> Colouring:
    """By numbers (M,) from low to high; those that are not known are grey."""
    known = np.isfinite(values)
    ramp = RAMP[theme.name]
    colours = np.full(len(values), rgb(theme.track), np.uint32)
    if not known.any():
        return Colouring(colours, Legend(title))
    low, high = (float(end) for end in np.quantile(values[known], _ENDS))
    spread = high - low if high > low else 1.0
    place = np.clip((values[known] - low) / spread * (STEPS - 1), 0, STEPS - 1).astype(np.intp)
    colours[known] = ramp_table(ramp)[place]
    return Colouring(colours, Legend(title, ramp=ramp, low=_text(low), high=_text(high)))


def _text(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def ramp_table(ramp: tuple[str, ...]) -> NDArray[np.uint32]:
    """A ramp of colours in STEPS even steps, 0xffRRGGBB."""
    stops = np.linspace(0, STEPS - 1, len(ramp))
    shades = [QColor(colour) for colour in ramp]
    parts = np.array([(one.red(), one.green(), one.blue()) for one in shades], np.float64)
    red, green, blue = (
        np.interp(np.arange(STEPS), stops, parts[:, at]).round().astype(np.uint32) for at in range(3)
    )
    return (np.uint32(0xFF000000) | (red << 16) | (green << 8) | blue).astype(np.uint32)


def rgb(colour: str) -> int:
    """A colour as 0xffRRGGBB."""
    return QColor(colour).rgb()
