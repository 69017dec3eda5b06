"""Line charts as SVG, drawn by hand: no library, no script, colours by class so that a page can set them."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from core.errors import one_line
from core.export.document import Chart, Series

WIDTH, PLOT_HEIGHT = 640, 228
LEFT, RIGHT, BOTTOM = 62, 16, 48
HEAD, LINE = 30, 18  # above the first line of the legend, and the height of one
LONGEST_NAME, CHARACTER = 44, 7.2  # in characters, and how wide one is about
DASHES = ("", "7 4", "2 3", "9 3 2 3")  # so that lines differ on paper too
STYLE = (
    ".grid{stroke:#dcdfe5}.axis{stroke:#9aa2b1}.words{fill:#1c1f26}.dim{fill:#606a7b}"
    ".s0{stroke:#1667d9}.s1{stroke:#b45f06}.s2{stroke:#12805c}.s3{stroke:#606a7b}"
    ".b0{fill:#1667d9}.b1{fill:#b45f06}.b2{fill:#12805c}.b3{fill:#606a7b}"
    "@media (prefers-color-scheme:dark){.grid{stroke:#30353f}.words{fill:#e8eaee}.dim{fill:#9aa2b1}"
    ".s0{stroke:#4c9bff}.s1{stroke:#ffb454}.s2{stroke:#5ccf9a}.s3{stroke:#9aa2b1}"
    ".b0{fill:#4c9bff}.b1{fill:#ffb454}.b2{fill:#5ccf9a}.b3{fill:#9aa2b1}}"
)
_FONT = 'font-family="system-ui,-apple-system,Segoe UI,Roboto,sans-serif" font-size="13"'


def chart_svg(chart: Chart, *, own_style: bool = False) -> str:
    """The chart as an SVG element that fills its width; own_style carries the colours where no page sets
    them.
    """
    legend, lines = _legend(chart.series)
    scale = _Scale(chart.series, HEAD + LINE * lines - 4)
    top, bottom, height = scale.top, scale.bottom, scale.bottom + BOTTOM
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
    parts = [f'{head} aria-label="{_safe(chart.title)}" {_FONT}>']
    if own_style:
        parts.append(f"<style>{STYLE}</style>")
    for tick in scale.x_ticks:
        x = scale.x(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 18, _tick(tick, scale.x_ticks), "dim", "middle"))
    for tick in scale.y_ticks:
        y = scale.y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(_text(LEFT - 8, y + 4, _tick(tick, scale.y_ticks), "dim", "end"))
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>')
    for number, series in enumerate(chart.series):
        parts += _lines(series, number % 4, scale)
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, height - 8, chart.x_label, "dim", "middle"))
    parts.append(_text(8, 14, chart.y_label, "dim", "start"))
    return "".join([*parts, *legend, "</svg>"])


class _Scale:
    """From values to places on the drawing, whose plot begins at top."""

    def __init__(self, series: Sequence[Series], top: int) -> None:
        self.top, self.bottom = top, top + PLOT_HEIGHT
        xs = [value for one in series for value in one.x if math.isfinite(value)]
        ys = [value for one in series for value in (*one.y, *one.low, *one.high) if math.isfinite(value)]
        self.x_ticks = _ticks(min(xs, default=0.0), max(xs, default=1.0))
        self.y_ticks = _ticks(min(0.0, *ys), max(ys)) if ys else _ticks(0.0, 1.0)
        self._x0, self._x1 = min(xs, default=0.0), max(xs, default=1.0)
        if self._x1 <= self._x0:
            self._x1 = self._x0 + 1.0
        self.x_ticks = [tick for tick in self.x_ticks if self._x0 - 1e-9 <= tick <= self._x1 + 1e-9]
        self._y0, self._y1 = self.y_ticks[0], self.y_ticks[-1]
        if self._y1 <= self._y0:  # nothing but noughts
            self.y_ticks = [self._y0, self._y0 + 1.0]
            self._y1 = self._y0 + 1.0

    def x(self, value: float) -> float:
        return LEFT + (value - self._x0) / (self._x1 - self._x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return self.bottom - (value - self._y0) / (self._y1 - self._y0) * PLOT_HEIGHT


def _lines(series: Series, number: int, scale: _Scale) -> list[str]:
    parts = []
    points = [
        (x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(x) and math.isfinite(y)
    ]
    if series.low and series.high:
        there, back = (
            [(x, y) for x, y in zip(series.x, edge, strict=True) if math.isfinite(x) and math.isfinite(y)]
            for edge in (series.low, series.high)
        )
        band = [*there, *reversed(back)]
        path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in band)
        parts.append(f'<polygon class="b{number}" opacity="0.14" points="{path}"/>')
    path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
    dash = f' stroke-dasharray="{DASHES[number]}"' if DASHES[number] else ""
    parts.append(
        f'<polyline class="s{number}" fill="none" stroke-width="2" stroke-linejoin="round"{dash}'
        f' points="{path}"/>'
    )
    if len(points) <= 12:
        parts += [f'<circle class="b{number}" cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3"/>'
                  for x, y in points]  # fmt: skip
    return parts


def _legend(series: Sequence[Series]) -> tuple[list[str], int]:
    """A name for each line, under the chart's upper edge, and how many lines of text they take."""
    parts: list[str] = []
    x, line = float(LEFT), 0
    for number, one in enumerate(series):
        dash = f' stroke-dasharray="{DASHES[number % 4]}"' if DASHES[number % 4] else ""
        name = one.name if len(one.name) <= LONGEST_NAME else one.name[: LONGEST_NAME - 1] + "…"
        width = 30 + CHARACTER * len(name)
        if x > LEFT and x + width > WIDTH - RIGHT:
            x, line = float(LEFT), line + 1
        y = HEAD + LINE * line
        parts.append(
            f'<line class="s{number % 4}" x1="{x:.0f}" y1="{y}" x2="{x + 24:.0f}" y2="{y}" stroke-width="2"'
            f"{dash}/>"
        )
        parts.append(_text(x + 30, y + 4, name, "words", "start"))
        x += width + 18
    return parts, line + 1


def _ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from at or below low to at or above high."""
    span = max(high - low, 1e-9)
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(factor for factor in (1.0, 2.0, 5.0, 10.0) if span / (step * factor) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(value) for value in np.arange(first, last + 1) * step]


def _tick(value: float, ticks: Sequence[float]) -> str:
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{digits}f}" if value or not digits else "0"


def _text(x: float, y: float, text: str, style: str, anchor: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_safe(text)}</text>'


def _safe(text: str) -> str:
    return escape(one_line(text))
