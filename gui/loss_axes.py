"""What the loss plot has beside its curves: axes in the theme's look, a view that zooms by our rules."""

import math

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent

from gui.theme import CAPTION_PX, Theme, ui_font

_MOST_LOG_TICKS = 7
# pyqtgraph scales the pen's opacity by this; 255 leaves the theme's line colour as it is.
_GRID_OPACITY = 255


def number_text(value: float) -> str:
    """A value of the axis in the fewest figures that tell it: 0.02, 120, 1e-05."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"


class LossAxis(pg.AxisItem):
    """An axis without frame or ticks: small secondary figures, and fine lines across on the left one.

    log: its positions are powers of ten, and its figures the values they stand for.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.log = False
        self._empty = True
        self.setStyle(tickLength=0, tickFont=ui_font(CAPTION_PX), tickTextOffset=6, maxTextLevel=0)
        self.enableAutoSIPrefix(False)
        if orientation == "left":
            self.setGrid(_GRID_OPACITY)
            self.setWidth(52)
        else:
            self.setHeight(20)

    def wear(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        line = theme.color("line")
        self.setPen(pg.mkPen(line if self.orientation == "bottom" else None))
        self.setTickPen(pg.mkPen(line, width=1))
        self.setTextPen(pg.mkPen(theme.color("secondary")))

    def set_empty(self, empty: bool) -> None:
        """Show no figures while there is nothing to read off."""
        if empty != self._empty:
            self._empty = empty
            self.picture = None
            self.update()

    def tickValues(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, low: float, high: float, size: float
    ) -> list[tuple[float | None, list[float]]]:
        """One level of ticks; on a log axis 1, 2, 5 of each decade, or whole decades where there are many."""
        if self._empty or not (math.isfinite(low) and math.isfinite(high)) or high <= low:
            return []
        if not self.log:
            if self.orientation == "left":
                return [(None, _even_ticks(low, high, max(2, int(size // 34))))]
            return [(None, _even_ticks(low, high, max(2, int(size // 90)), least=1.0))]
        first, last = math.floor(low), math.ceil(high)
        most = max(2, min(_MOST_LOG_TICKS, int(size // 22)))
        for leads in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,)):
            ticks = [decade + math.log10(lead) for decade in range(first, last + 1) for lead in leads]
            ticks = [tick for tick in ticks if low <= tick <= high]
            if len(ticks) <= most:
                break
        else:
            ticks = ticks[:: -(-len(ticks) // most)]
        if len(ticks) < 2:  # less than a decade in view: even steps of the values themselves
            values = _even_ticks(10.0**low, 10.0**high, most)
            ticks = [math.log10(value) for value in values if value > 0.0]
        return [(None, ticks)]

    def tickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:
        """The figures at the ticks."""
        return [number_text(10.0**value if self.log else value) for value in values]


def _even_ticks(low: float, high: float, most: int, least: float = 0.0) -> list[float]:
    """At most about most round values from low to high, in steps of 1, 2 or 5 times a power of ten."""
    span = (high - low) / most
    if span <= 0.0 or not math.isfinite(span):
        return []
    power = 10.0 ** math.floor(math.log10(span))
    step = max(next(power * lead for lead in (1, 2, 5, 10) if power * lead >= span * 0.999), least)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, min(last, first + 200) + 1)]


class LossView(pg.ViewBox):
    """The plot's view: the wheel and a dragged frame zoom, Shift or the middle button moves, no menu.

    Signals:
        wheel_turned(factor: float, place: QPointF, vertical: bool): zoom by factor around place.
        fit_requested(): a double click.
        menu_requested(place: QPointF): a right click, in screen pixels.
    """

    wheel_turned = Signal(float, QPointF, bool)
    fit_requested = Signal()
    menu_requested = Signal(QPointF)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, border=None, defaultPadding=0.0)
        self.setMouseMode(pg.ViewBox.RectMode)
        self.disableAutoRange()

    def wear(self, theme: Theme) -> None:
        """Take the colours of a theme: the frame that is dragged for a zoom."""
        accent = theme.color("accent")
        self.rbScaleBox.setPen(pg.mkPen(accent, width=1))
        accent.setAlpha(40)
        self.rbScaleBox.setBrush(pg.mkBrush(accent))

    def wheelEvent(self, ev, axis=None) -> None:
        """Zoom: a notch is a fifth; with Ctrl up and down, else along the steps."""
        place = self.mapSceneToView(ev.scenePos())
        vertical = axis == 1 or bool(ev.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self.wheel_turned.emit(1.2 ** (-ev.delta() / 120.0), place, vertical)
        ev.accept()

    def mouseClickEvent(self, ev) -> None:
        """A double click fits; a right click asks for the menu."""
        if ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.menu_requested.emit(QPointF(ev.screenPos().x(), ev.screenPos().y()))
        elif ev.double():
            ev.accept()
            self.fit_requested.emit()

    def mouseDragEvent(self, ev, axis=None) -> None:
        """A dragged frame zooms into it; with Shift or the middle button the view moves along."""
        if ev.button() == Qt.MouseButton.RightButton:
            ev.ignore()
            return
        moves = ev.button() == Qt.MouseButton.MiddleButton or bool(
            ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        )
        self.state["mouseMode"] = pg.ViewBox.PanMode if moves else pg.ViewBox.RectMode
        super().mouseDragEvent(ev, axis)

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """Keys belong to the chart."""
        ev.ignore()
