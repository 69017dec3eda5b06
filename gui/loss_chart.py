"""LossChart draws the columns of a loss history: raw and smoothed curves, log axis, zoom, read-out.

It knows no session; the panel around it is gui/loss_plot.py.
"""

import math
from html import escape
from typing import Any, cast

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from core.translate import tr
from gui.loss_axes import LossAxis, LossView
from gui.loss_curves import Columns, Curve, GrowingSeries, Series, View, curves_of, every_few, nearest, peaks
from gui.theme import CAPTION_PX, CONTROL_PX, current_theme, theme_watch, ui_font

_RAW_SHARE = 0.45  # of a raw curve's colour under its average; mixed, because see-through pens are slow
_ANTIALIAS_UP_TO = 2000  # points; beyond, antialiasing costs more than it shows
_DOTS_UP_TO = 40  # points of a sparse curve that are marked
_MARGIN = 0.05  # free space above and below, as a share of the curves' height
_NO_DATA = np.zeros(0)


class _Lines:
    """The two items of one curve, and the points they show."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.raw = pg.PlotDataItem()
        self.smooth = pg.PlotDataItem()
        self.smooth.setZValue(10)
        self.series = GrowingSeries()
        self.is_shown = True

    @property
    def x(self) -> Series:
        """The steps that are shown."""
        return self.series.x if self.is_shown else _NO_DATA

    @property
    def y(self) -> Series:
        """The values that are shown."""
        return self.series.y if self.is_shown else _NO_DATA

    @property
    def average(self) -> Series:
        """The moving average that is shown."""
        return self.series.average if self.is_shown and len(self.series.y) > 1 else _NO_DATA


class LossChart(pg.PlotWidget):
    """A plot of loss against step. The whole history is shown until a person zooms; A or a double click fits.

    Signals:
        range_changed(): what is in view, or whether it follows the newest step, changed.
    """

    range_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self._view_box = LossView()
        self._bottom, self._left = LossAxis("bottom"), LossAxis("left")
        super().__init__(
            parent,
            viewBox=self._view_box,
            axisItems={"left": self._left, "bottom": self._bottom},
            enableMenu=False,
        )
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Loss curves"))
        self.setMinimumSize(120, 80)
        plot = cast(Any, self.getPlotItem())  # pyqtgraph's types say it may be None
        plot.hideButtons()
        plot.layout.setContentsMargins(0, 4, 10, 0)
        self._columns: Columns = {}
        self._view = View.MSE
        self._log = False
        self._weight = 0.0
        self._follows = False
        self._hidden: frozenset[str] = frozenset()
        self._span: tuple[float, float] | None = None  # the steps in view; None: all of them
        self._heights: tuple[float, float] | None = None  # chosen by hand, as drawn; None: those in view
        self._read_at: int | None = None
        self._lines: list[_Lines] = []
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._dots = pg.ScatterPlotItem(size=7, pxMode=True)
        self._readout = QLabel(self)
        self._unit = QLabel(tr("step"), self)
        for label in (self._readout, self._unit):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.hide()
        self._readout.setObjectName("lossReadout")
        for item, height in ((self._cursor, 20), (self._dots, 30)):
            item.setZValue(height)
            item.setVisible(False)
            plot.addItem(item, ignoreBounds=True)
        self._make_lines()
        self._view_box.wheel_turned.connect(self._on_wheel_turned)
        self._view_box.fit_requested.connect(self.fit)
        self._view_box.sigRangeChangedManually.connect(self._on_range_dragged)
        scene = cast(Any, self.scene())
        for action in scene.contextMenu:  # pyqtgraph's own export; ours is in the plot's menu
            action.setParent(None)
        scene.contextMenu.clear()
        scene.sigMouseMoved.connect(self._on_mouse_moved)
        theme_watch().theme_changed.connect(self._on_theme_changed)
        self._wear_theme()

    @property
    def view_box(self) -> LossView:
        """The view, for its signals."""
        return self._view_box

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves of the present view, hidden ones included."""
        return tuple(lines.curve for lines in self._lines)

    @property
    def is_fitted(self) -> bool:
        """Whether the whole history is in view."""
        return self._span is None and self._heights is None

    @property
    def follows(self) -> bool:
        """Whether a zoomed view moves along with the newest step."""
        return self._follows

    def shown(self, column: str) -> tuple[Series, Series, Series]:
        """Steps, raw values and smoothed values of a curve as they are on the screen, in their own unit."""
        for lines in self._lines:
            if lines.curve.column == column and column not in self._hidden:
                return lines.x, lines.y, lines.average
        return _NO_DATA, _NO_DATA, _NO_DATA

    def set_columns(self, columns: Columns) -> None:
        """Show other numbers; the zoom stays."""
        self._columns = columns
        self._draw()

    def set_view(self, view: View) -> None:
        """Compare other curves."""
        if view is not self._view:
            self._view = view
            self._heights = None
            self._make_lines()
            self._draw()

    def set_log(self, log: bool) -> None:
        """Spread the values by powers of ten; what is not above zero has no place there."""
        if log != self._log:
            self._log = self._left.log = log
            self._heights = None
            self._left.picture = None
            self._draw()

    def set_smoothing(self, weight: float) -> None:
        """Draw an exponential moving average over each dense curve; 0 draws none."""
        if weight != self._weight:
            self._weight = weight
            self._draw()

    def set_hidden(self, columns: frozenset[str]) -> None:
        """Leave some curves out."""
        self._hidden = columns
        self._draw()

    def set_follows(self, follows: bool) -> None:
        """Let a zoomed view move along with the newest step."""
        self._follows = follows
        self._draw()
        self.range_changed.emit()

    @Slot()
    def fit(self) -> None:
        """Show the whole history."""
        self._span = self._heights = None
        self._set_ranges()
        self.range_changed.emit()

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show factor times as many steps, around a step (the middle of the view without one)."""
        low, high = self.viewRange()[0]
        middle = (low + high) / 2 if around is None else around
        self.set_span(middle - (middle - low) * factor, middle + (high - middle) * factor)

    def set_span(self, first: float, last: float) -> None:
        """Show the steps from first to last; the height follows the curves in view."""
        if not (math.isfinite(first) and math.isfinite(last)) or last - first < 1e-6 or last - first > 1e12:
            return
        self._span, self._heights = (first, last), None
        self._set_ranges()
        self.range_changed.emit()

    def read_at(self, record: int | None) -> None:
        """Put the crosshair on one record of the history, or away."""
        count = len(self._columns.get("step", ()))
        self._read_at = None if record is None or not count else min(max(record, 0), count - 1)
        self._show_readout()

    @property
    def readout_text(self) -> str:
        """What the crosshair says, as rich text; empty while it is away."""
        return self._readout.text() if self._read_at is not None else ""

    def _make_lines(self) -> None:
        for lines in self._lines:
            self.removeItem(lines.raw)
            self.removeItem(lines.smooth)
        self._lines = [_Lines(curve) for curve in curves_of(self._view)]
        for lines in self._lines:
            for item in (lines.raw, lines.smooth):
                self.addItem(item)

    def _draw(self) -> None:
        steps = np.asarray(self._columns.get("step", _NO_DATA))
        for lines in self._lines:
            curve = lines.curve
            values = np.asarray(self._columns.get(curve.column, _NO_DATA))
            lines.is_shown = curve.column not in self._hidden
            weight = 0.0 if curve.sparse else self._weight
            lines.series.follow(steps, values, log=self._log, weight=weight)
        self._set_ranges()
        self._show_readout()

    def _draw_lines(self) -> None:
        """Hand the curves over, thinned to what the screen can show of the steps in view.

        pyqtgraph's own thinning goes through every point of the history at each update: a million took 0.2 s.
        """
        theme = current_theme()
        first, last = self.viewRange()[0]
        columns = max(1, round(self._view_box.width()))
        for lines in self._lines:
            curve = lines.curve
            view = lines.series.within(first, last)
            smooth = len(lines.average) > 0
            colour = theme.color(curve.tone.value)
            faint = _mixed(colour, theme.color("panel"), _RAW_SHARE)
            dots = len(lines.x) == 1 or (curve.sparse and len(lines.x) <= _DOTS_UP_TO)
            fine = len(lines.x) <= _ANTIALIAS_UP_TO
            x, y = peaks(lines.x[view], lines.y[view], columns)
            lines.raw.setData(
                x,
                self._as_drawn(y),
                pen=pg.mkPen(faint if smooth else colour, width=1),
                symbol="o" if dots else None,
                symbolSize=4,
                symbolPen=None,
                symbolBrush=colour,
                antialias=fine,
            )
            x, y = every_few(lines.x[view], lines.average[view], columns) if smooth else (_NO_DATA, _NO_DATA)
            lines.smooth.setData(x, self._as_drawn(y), pen=pg.mkPen(colour, width=2), antialias=fine)

    def _as_drawn(self, values: Series) -> Series:
        return np.log10(values) if self._log else values

    def _set_ranges(self) -> None:
        known = [lines for lines in self._lines if len(lines.x)]
        newest = max((float(lines.x[-1]) for lines in known), default=1.0)
        if self._span is not None and self._follows:
            width = self._span[1] - self._span[0]
            self._span = (newest - width, newest)
        oldest = min((float(lines.x[0]) for lines in known), default=0.0)
        first, last = self._span or (min(0.0, oldest), max(newest, 1.0))
        heights = self._heights or self._heights_in(known, first, last)
        self._view_box.setRange(xRange=(first, last), yRange=heights, padding=0.0, disableAutoRange=True)
        self._draw_lines()
        self._unit.setVisible(bool(known))
        for axis in (self._left, self._bottom):
            axis.set_empty(not known)

    def _heights_in(self, known: list[_Lines], first: float, last: float) -> tuple[float, float]:
        in_view: list[Series] = []
        for lines in known:
            near = lines.series.within(first, last)  # and one more on either side, which does not count
            x, y = lines.x[near], lines.y[near]
            if len(part := y[(x >= first) & (x <= last)]):
                in_view.append(part)
        in_view = [self._as_drawn(np.array([part.min(), part.max()])) for part in in_view]
        if not in_view:
            in_view = [self._as_drawn(lines.y) for lines in known]
        if not in_view:
            return (-2.0, 0.0) if self._log else (0.0, 1.0)
        low, high = min(float(part.min()) for part in in_view), max(float(part.max()) for part in in_view)
        if self._span is None and not self._log and low > 0.0:
            low = 0.0
        margin = (high - low) * _MARGIN or max(abs(high) * 0.1, 1e-9)
        return low - (margin if low != 0.0 else 0.0), high + margin

    def _show_readout(self) -> None:
        steps = np.asarray(self._columns.get("step", _NO_DATA))
        at = self._read_at
        if at is None or at >= len(steps):
            self._readout.hide()
            self._cursor.setVisible(False)
            self._dots.setVisible(False)
            return
        theme = current_theme()
        words = [tr("step {step}", step=f"{int(steps[at]):,}")]
        if len(epochs := self._columns.get("epoch", ())) > at:
            words.append(tr("epoch {epoch}", epoch=f"{float(epochs[at]):g}"))
        spots: list[dict[str, object]] = []
        for lines in self._lines:
            place = int(np.searchsorted(lines.x, float(steps[at]), side="right")) - 1
            if place < 0:
                continue
            colour, value = theme.color(lines.curve.tone.value), float(lines.y[place])
            name = escape(lines.curve.title)
            words.append(f'<span style="color:{colour.name()}">{name}</span> {value:.4g}')
            drawn = math.log10(value) if self._log else value
            spots.append({"pos": (float(lines.x[place]), drawn), "brush": pg.mkBrush(colour), "pen": None})
        self._readout.setText(" · ".join(words))
        self._dots.setData(spots)
        self._cursor.setValue(float(steps[at]))
        for item in (self._cursor, self._dots):
            item.setVisible(True)
        self._place_labels()
        self._readout.show()

    def _place_labels(self) -> None:
        area = self.mapFromScene(self._view_box.sceneBoundingRect()).boundingRect()
        self._unit.adjustSize()
        self._unit.move(area.left() - self._unit.width() - 6, area.bottom() + 5)  # under the figures
        self._readout.adjustSize()
        # The read-out stands where the curves are not: they fall, so the upper right is free.
        self._readout.move(max(0, area.right() - self._readout.width()), area.top())

    def _wear_theme(self) -> None:
        theme = current_theme()
        self.setBackground(theme.color("panel"))
        for axis in (self._left, self._bottom):
            axis.wear(theme)
        self._view_box.wear(theme)
        self._cursor.setPen(pg.mkPen(theme.color("secondary"), width=1, style=Qt.PenStyle.DashLine))
        self._readout.setFont(ui_font(CONTROL_PX, QFont.Weight.Medium))
        self._readout.setStyleSheet(
            f"background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.line};"
            f" border-radius: 5px; padding: 2px 6px; font-size: {CONTROL_PX}px;"
        )
        self._unit.setStyleSheet(f"color: {theme.secondary}; font-size: {CAPTION_PX}px;")
        self._draw()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._wear_theme()

    @Slot(float, QPointF, bool)
    def _on_wheel_turned(self, factor: float, place: QPointF, vertical: bool) -> None:
        if not vertical:
            self.zoom(factor, place.x())
            return
        low, high = self.viewRange()[1]
        taller = (place.y() - (place.y() - low) * factor, place.y() + (high - place.y()) * factor)
        if 1e-12 < taller[1] - taller[0] < 1e12:
            self._heights = taller
            self._set_ranges()
            self.range_changed.emit()

    @Slot(object)
    def _on_range_dragged(self, _which: object) -> None:
        (first, last), (low, high) = self.viewRange()
        self._span, self._heights = (first, last), (low, high)
        self._draw_lines()
        self.range_changed.emit()

    @Slot(object)
    def _on_mouse_moved(self, place: QPointF) -> None:
        steps = np.asarray(self._columns.get("step", _NO_DATA), dtype=np.float64)
        if not self._view_box.sceneBoundingRect().contains(place):
            self.read_at(None)
            return
        self.read_at(nearest(steps, self._view_box.mapSceneToView(place).x()))

    def leaveEvent(self, ev: QEvent) -> None:
        """The crosshair goes with the mouse."""
        self.read_at(None)
        super().leaveEvent(ev)

    def resizeEvent(self, ev: QResizeEvent | None) -> None:
        """Labels keep their corners."""
        super().resizeEvent(ev)
        if hasattr(self, "_unit"):  # the base class resizes itself while it is made
            self._place_labels()
            self._draw_lines()

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """A fits, plus and minus zoom, left and right move the read-out by a record."""
        records = len(self._columns.get("step", ()))
        at = records - 1 if self._read_at is None else self._read_at
        match ev.key():
            case Qt.Key.Key_A:
                self.fit()
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom(1 / 1.5)
            case Qt.Key.Key_Minus:
                self.zoom(1.5)
            case Qt.Key.Key_Left:
                self.read_at(at - 1)
            case Qt.Key.Key_Right:
                self.read_at(at + 1)
            case Qt.Key.Key_Escape if self._read_at is not None:
                self.read_at(None)
            case _:
                super().keyPressEvent(ev)


def _mixed(colour: QColor, ground: QColor, share: float) -> QColor:
    """An opaque colour that looks like share of colour on ground."""
    parts = zip(colour.getRgb()[:3], ground.getRgb()[:3], strict=True)  # pyright: ignore[reportIndexIssue]
    return QColor(*(round(share * over + (1.0 - share) * under) for over, under in parts))
