"""Small charts of the laboratory, in the theme's colours: curves with their spread, and histograms."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import CAPTION_PX, CONTROL_PX, UNIT_PX, current_theme, theme_watch, ui_font

_TICKS = 5  # about so many a side
_LINE_PX = 17
_BAND_SHARE = 0.16  # of a curve's colour in its band


@dataclass(frozen=True, eq=False)
class ChartCurve:
    """A curve y over x (n,) with a band from low to high where there is one, in a theme's colour."""

    name: str
    token: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class ChartBars:
    """A histogram: shares (n,) between edges (n+1,), and its median's place; a control is a dotted line."""

    name: str
    token: str
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    median: float
    is_control: bool = False


def ticks(low: float, high: float, wanted: int = _TICKS) -> list[float]:
    """Round numbers from low to high, about so many."""
    if not high > low:
        return [low]
    rough = (high - low) / max(1, wanted)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if size * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [step * n for n in range(first, math.floor(high / step + 1e-9) + 1)]


class Chart(QWidget):
    """Axes with round numbers, the names of what is drawn above, words where there is nothing yet.

    The vertical axis begins at 0, so that what looks twice as high is.
    """

    def __init__(self, name: str, title: str, across: str, up: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._across, self._up = across, up
        self._curves: tuple[ChartCurve, ...] = ()
        self._bars: tuple[ChartBars, ...] = ()
        self._marker: float | None = None
        self._words = ""
        self._small = ui_font(CAPTION_PX)
        self._plain = ui_font(CONTROL_PX)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def marker(self) -> float | None:
        """The place on the horizontal axis that is marked."""
        return self._marker

    @property
    def names(self) -> tuple[str, ...]:
        """What is drawn."""
        return tuple(item.name for item in (*self._curves, *self._bars))

    def set_axes(self, across: str, up: str) -> None:
        """Call the axes something else."""
        self._across, self._up = across, up

    def show_curves(self, *curves: ChartCurve) -> None:
        """Draw curves in place of what is there, without points that have no number."""
        known = (_with_numbers(curve) for curve in curves)
        self._curves, self._bars = tuple(curve for curve in known if len(curve.x)), ()
        self._told()

    def show_bars(self, *bars: ChartBars) -> None:
        """Draw histograms in place of what is there."""
        self._curves, self._bars = (), bars
        self._told()

    def show_words(self, words: str) -> None:
        """Say something in place of a chart."""
        self._curves, self._bars, self._words = (), (), words
        self._told()

    def set_marker(self, at: float | None) -> None:
        """Mark a place on the horizontal axis."""
        if at != self._marker:
            self._marker = at
            self.update()

    def sizeHint(self) -> QSize:
        """A chart beside pictures."""
        return QSize(360, 240)

    def minimumSizeHint(self) -> QSize:
        """As small as its numbers can be read."""
        return QSize(200, 130)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, axes, bands, curves, bars and the marker."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        if not self.names:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(self.rect(), UNIT_PX // 2, UNIT_PX // 2)
            painter.setPen(theme.color("secondary"))
            painter.setFont(self._plain)
            inner = self.rect().adjusted(UNIT_PX, UNIT_PX, -UNIT_PX, -UNIT_PX)
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._words)
            return
        left, right, top = self._span()
        small = QFontMetrics(self._small)
        heights = ticks(0.0, top)
        labels = [_number(value, heights) for value in heights]
        margin = max(small.horizontalAdvance(label) for label in labels) + UNIT_PX
        head = self._draw_names(painter) + _LINE_PX  # the upward axis is named above it
        plot = QRectF(
            margin, head + 2, self.width() - margin - UNIT_PX, self.height() - head - 2 - 2 * _LINE_PX
        )
        painter.setFont(self._small)
        painter.setPen(theme.color("secondary"))
        vertically = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, head - _LINE_PX, self.width(), _LINE_PX), int(vertically), self._up)
        for value, label in zip(heights, labels, strict=True):
            y = plot.bottom() - value / top * plot.height()
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(theme.color("secondary"))
            box = QRectF(0, y - _LINE_PX / 2, margin - UNIT_PX / 2, _LINE_PX)
            painter.drawText(box, int(vertically | Qt.AlignmentFlag.AlignRight), label)
        places = ticks(left, right, max(2, int(plot.width() // 70)))
        for value in places:
            x = plot.left() + (value - left) / (right - left) * plot.width()
            box = QRectF(x - 30, plot.bottom() + 2, 60, _LINE_PX)
            if box.right() > self.width():
                box.moveRight(self.width())
            painter.drawText(box, int(Qt.AlignmentFlag.AlignHCenter | vertically), _number(value, places))
        foot = QRectF(plot.left(), plot.bottom() + _LINE_PX, plot.width(), _LINE_PX)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight | vertically), self._across)

        def at(x: float, y: float) -> QPointF:
            across = (x - left) / (right - left) * plot.width()
            return QPointF(plot.left() + across, plot.bottom() - min(y, top * 1.02) / top * plot.height())

        for curve in self._curves:
            colour = theme.color(curve.token)
            if curve.low is not None and curve.high is not None:
                there = [at(float(x), float(y)) for x, y in zip(curve.x, curve.high, strict=True)]
                back = [at(float(x), float(y)) for x, y in zip(curve.x[::-1], curve.low[::-1], strict=True)]
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(_faint(colour))
                painter.drawPolygon(QPolygonF([*there, *back]))
            painter.setPen(QPen(colour, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            points = [at(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=True)]
            painter.drawPolyline(QPolygonF(points))
        for bars in self._bars:
            colour = theme.color(bars.token)
            outline = [at(float(bars.edges[0]), 0.0)]
            for share, start, end in zip(bars.shares, bars.edges[:-1], bars.edges[1:], strict=True):
                outline += [at(float(start), float(share)), at(float(end), float(share))]
            outline.append(at(float(bars.edges[-1]), 0.0))
            if bars.is_control:
                painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DotLine))
                painter.drawPolyline(QPolygonF(outline))
                continue
            painter.setPen(QPen(colour, 1.5))
            painter.setBrush(_faint(colour))
            painter.drawPolygon(QPolygonF(outline))
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
            painter.drawLine(at(bars.median, 0.0), at(bars.median, top))
        if self._marker is not None and left <= self._marker <= right:
            painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(at(self._marker, 0.0), at(self._marker, top))
            for curve in self._curves:
                painter.setPen(QPen(theme.color("panel"), 1))
                painter.setBrush(theme.color(curve.token))
                painter.drawEllipse(at(self._marker, float(np.interp(self._marker, curve.x, curve.y))), 4, 4)

    def _span(self) -> tuple[float, float, float]:
        """The horizontal ends, and the top of the vertical axis."""
        if self._curves:
            left = min(float(curve.x[0]) for curve in self._curves)
            right = max(float(curve.x[-1]) for curve in self._curves)
            tops = [
                np.max(curve.y if curve.high is None else np.maximum(curve.y, curve.high))
                for curve in self._curves
            ]
        else:
            left = min(float(bars.edges[0]) for bars in self._bars)
            right = max(float(bars.edges[-1]) for bars in self._bars)
            tops = [np.max(bars.shares) for bars in self._bars]
        top = float(np.nanmax(tops))
        return left, right if right > left else left + 1.0, top * 1.05 if top > 0 else 1.0

    def _draw_names(self, painter: QPainter) -> int:
        """The names with their colours, in as many lines as they need; gives the height of it."""
        theme = current_theme()
        painter.setFont(self._plain)
        metrics = QFontMetrics(self._plain)
        x, y = 0, 0
        for item in (*self._curves, *self._bars):
            width = metrics.horizontalAdvance(item.name) + 22
            if x and x + width > self.width():
                x, y = 0, y + _LINE_PX
            is_control = isinstance(item, ChartBars) and item.is_control
            style = Qt.PenStyle.DotLine if is_control else Qt.PenStyle.SolidLine
            painter.setPen(QPen(theme.color(item.token), 3, style))
            painter.drawLine(QPointF(x + 1, y + _LINE_PX / 2), QPointF(x + 13, y + _LINE_PX / 2))
            painter.setPen(theme.color("text"))
            room = QRect(x + 18, y, max(0, self.width() - x - 18), _LINE_PX)
            said = metrics.elidedText(item.name, Qt.TextElideMode.ElideMiddle, room.width())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), said)
            x += width + UNIT_PX
        return y + _LINE_PX

    def _told(self) -> None:
        self.setAccessibleDescription(", ".join(self.names) or self._words)
        self.update()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()


def _with_numbers(curve: ChartCurve) -> ChartCurve:
    """The curve by those of its points that have a place."""
    known = np.isfinite(curve.x) & np.isfinite(curve.y)
    if known.all():
        return curve
    low, high = (None if band is None else band[known] for band in (curve.low, curve.high))
    return replace(curve, x=curve.x[known], y=curve.y[known], low=low, high=high)


def _faint(colour: QColor) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(_BAND_SHARE)
    return faint


def _number(value: float, beside: list[float]) -> str:
    """A tick's text, with the decimals that tell it from its neighbours."""
    if len(beside) < 2:
        return f"{value:.3g}"
    step = abs(beside[1] - beside[0])
    digits = max(0, min(6, -math.floor(math.log10(step) + 1e-9)))
    if round(step, digits) != round(step, 10):
        digits += 1  # 0.25
    return f"{value:.{digits}f}"
