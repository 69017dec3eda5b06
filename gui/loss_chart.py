"""LossChart draws the columns of a loss history: raw and smoothed curves, log axis, zoom, read-out.

It knows no session; the panel around it is gui/loss_plot.py.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Any, cast

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from core.translate import tr
from gui.loss_axes import LossAxis, LossView
from gui.loss_curves import Along, Columns, Curve, OtherRun, Series, View, curves_of, nearest, places_along
from gui.loss_lines import NO_DATA, Lines
from gui.theme import CAPTION_PX, CONTROL_PX, current_theme, run_colour, theme_watch, ui_font

_WORDS = 4  # of the read-out in a line
_MARGIN = 0.05  # free space above and below, as a share of the curves' height


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
        for unseen in ("top", "right"):  # they would follow every range, and write their labels anew
            plot.getAxis(unseen).unlinkFromView()
        self._columns: Columns = {}
        self._view = View.MSE
        self._log = False
        self._weight = 0.0
        self._follows = False
        self._hidden: frozenset[str] = frozenset()
        self._span: tuple[float, float] | None = None  # the steps in view; None: all of them
        self._heights: tuple[float, float] | None = None  # chosen by hand, as drawn; None: those in view
        self._read_at: int | None = None
        self._lines: list[Lines] = []
        self._others: tuple[OtherRun, ...] = ()
        self._hidden_runs: frozenset[str] = frozenset()
        self._along = Along.STEP
        self._pictures = 0
        self._places: Series = NO_DATA  # along the axis, of each record
        self._places_of: dict[str, Series] = {}  # the same of other runs, by their keys
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
        return curves_of(self._view)

    @property
    def is_fitted(self) -> bool:
        """Whether the whole history is in view."""
        return self._span is None and self._heights is None

    @property
    def follows(self) -> bool:
        """Whether a zoomed view moves along with the newest step."""
        return self._follows

    def shown(self, column: str, run: str = "") -> tuple[Series, Series, Series]:
        """Places along the axis, raw and smoothed values of a curve as they are on the screen.

        run: the key of another run; without one the open run's.
        """
        for lines in self._lines:
            key = "" if lines.other is None else lines.other.key
            if (lines.curve.column, key) == (column, run):
                return lines.x, lines.y, lines.average
        return NO_DATA, NO_DATA, NO_DATA

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

    def set_others(self, others: Sequence[OtherRun]) -> None:
        """Draw other runs beside the open one."""
        self._others = tuple(others)
        self._place_others()
        self._make_lines()
        self._draw()
        self.fit()

    def set_hidden_runs(self, keys: frozenset[str]) -> None:
        """Leave some of the other runs out."""
        self._hidden_runs = keys
        self._draw()

    def set_along(self, along: Along, pictures: int) -> None:
        """Count steps along the axis, or epochs; pictures: those of the open run's epoch."""
        if (along, pictures) == (self._along, self._pictures):
            return
        is_other = along is not self._along
        self._along, self._pictures = along, pictures
        self._unit.setText(tr("step") if along is Along.STEP else tr("epoch"))
        self._place_labels()  # the words are not of one width
        self._place_others()
        self._draw()
        if is_other:
            self.fit()

    def colour_of(self, key: str) -> QColor:
        """The colour of another run's curves."""
        place = next((at for at, other in enumerate(self._others) if other.key == key), 0)
        return run_colour(current_theme(), place)

    def _place_others(self) -> None:
        self._places_of = {
            other.key: places_along(other.columns, self._along, other.pictures) for other in self._others
        }

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
        count = len(self._places)
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
        curves = curves_of(self._view)
        self._lines = [Lines(curve) for curve in curves]
        for place, other in enumerate(self._others):
            self._lines += [Lines(curve, other, place, stroke) for stroke, curve in enumerate(curves)]
        for lines in self._lines:
            for item in (lines.raw, lines.smooth):
                self.addItem(item)

    def _draw(self) -> None:
        self._places = places_along(self._columns, self._along, self._pictures)
        for lines in self._lines:
            curve, other = lines.curve, lines.other
            columns = self._columns if other is None else other.columns
            values = np.asarray(columns.get(curve.column, NO_DATA))
            places = self._places if other is None else self._places_of[other.key]
            is_hidden = curve.column in self._hidden or (other is not None and other.key in self._hidden_runs)
            lines.is_shown = not is_hidden
            weight = 0.0 if curve.sparse else self._weight
            lines.series.follow(places, values, log=self._log, weight=weight)
        if not len(self._places):  # the crosshair goes along the longest of those that there are
            self._places = max(self._places_of.values(), key=len, default=NO_DATA)
        self._set_ranges()
        self._show_readout()

    def _draw_lines(self) -> None:
        """Hand the curves over, thinned to what the screen can show of the steps in view."""
        theme = current_theme()
        first, last = self.viewRange()[0]
        columns = max(1, round(self._view_box.width()))
        for lines in self._lines:
            lines.draw(theme, (first, last), columns, log=self._log)

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
        # pyqtgraph leaves this to the paint, which then asks for a second one.
        self._view_box.updateMatrix()
        self._unit.setVisible(bool(known))
        for axis in (self._left, self._bottom):
            axis.set_empty(not known)

    def _heights_in(self, known: list[Lines], first: float, last: float) -> tuple[float, float]:
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
        at = self._read_at
        if at is None or at >= len(self._places):
            self._readout.hide()
            self._cursor.setVisible(False)
            self._dots.setVisible(False)
            return
        theme, place = current_theme(), float(self._places[at])
        words = [self._place_text(at)]
        told: set[str] = set()
        spots: list[dict[str, object]] = []
        for lines in self._lines:
            point = int(np.searchsorted(lines.x, place, side="right")) - 1
            if point < 0:
                continue
            colour, value = lines.colour(theme), float(lines.y[point])
            drawn = math.log10(value) if self._log else value
            spots.append({"pos": (float(lines.x[point]), drawn), "brush": pg.mkBrush(colour), "pen": None})
            name = lines.curve.title if lines.other is None else lines.other.name
            if lines.other is not None and lines.other.key in told:
                continue  # of another run its first curve is told, or there would be no end of it
            if lines.other is not None:
                told.add(lines.other.key)
            words.append(f'<span style="color:{colour.name()}">{escape(name)}</span> {value:.4g}')
        rows = [" · ".join(words[first : first + _WORDS]) for first in range(0, len(words), _WORDS)]
        self._readout.setText("<br>".join(rows))
        self._dots.setData(spots)
        self._cursor.setValue(place)
        for item in (self._cursor, self._dots):
            item.setVisible(True)
        self._place_labels()
        self._readout.show()

    def _place_text(self, at: int) -> str:
        """Where the crosshair stands: "step 120 · epoch 3"; of other runs alone, the place on the axis."""
        steps, epochs = self._columns.get("step", ()), self._columns.get("epoch", ())
        if len(steps) <= at:
            if self._along is Along.STEP:
                return tr("step {step}", step=f"{self._places[at]:,.0f}")
            return tr("epoch {epoch}", epoch=f"{self._places[at]:.2f}")
        words = [tr("step {step}", step=f"{int(steps[at]):,}")]
        if len(epochs) > at:
            words.append(tr("epoch {epoch}", epoch=f"{float(epochs[at]):g}"))
        return " · ".join(words)

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
        if not self._view_box.sceneBoundingRect().contains(place):
            self.read_at(None)
            return
        self.read_at(nearest(self._places, self._view_box.mapSceneToView(place).x()))

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
        records = len(self._places)
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
