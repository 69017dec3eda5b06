"""The lines of the loss plot: what draws one curve of one run, and in which colours and strokes."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from gui.loss_curves import Curve, GrowingSeries, OtherRun, Series, every_few, peaks
from gui.theme import Theme, run_colour

_RAW_SHARE = 0.45  # of a raw curve's colour under its average; mixed, because see-through pens are slow
_ANTIALIAS_UP_TO = 2000  # points; beyond, antialiasing costs more than it shows
_DOTS_UP_TO = 40  # points of a sparse curve that are marked
NO_DATA = np.zeros(0)
# Of one run's curves, which have one colour where several runs are compared.
_STROKES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


class Lines:
    """The two items of one curve, and the points they show; of the open run, or of another beside it."""

    def __init__(self, curve: Curve, other: OtherRun | None = None, place: int = 0, stroke: int = 0) -> None:
        """place: of the other run among those compared; stroke: of the curve among those of its run."""
        self.curve = curve
        self.other = other
        self.raw = pg.PlotDataItem()
        self.smooth = pg.PlotDataItem()
        self.smooth.setZValue(10)
        self.series = GrowingSeries()
        self.is_shown = True
        self._place = place
        self._stroke = _STROKES[stroke % len(_STROKES)] if other is not None else _STROKES[0]

    @property
    def x(self) -> Series:
        """The places along the axis that are shown."""
        return self.series.x if self.is_shown else NO_DATA

    @property
    def y(self) -> Series:
        """The values that are shown."""
        return self.series.y if self.is_shown else NO_DATA

    @property
    def average(self) -> Series:
        """The moving average that is shown."""
        return self.series.average if self.is_shown and len(self.series.y) > 1 else NO_DATA

    def colour(self, theme: Theme) -> QColor:
        """The open run's curves have a colour each, another run's all have that of the run."""
        return theme.color(self.curve.tone.value) if self.other is None else run_colour(theme, self._place)

    def draw(self, theme: Theme, span: tuple[float, float], columns: int, *, log: bool) -> None:
        """Hand over what lies in a span of the axis, thinned to so many columns of the screen.

        pyqtgraph's own thinning goes through every point of the history at each update: a million took 0.2 s.
        """
        view = self.series.within(*span)
        smooth = len(self.average) > 0
        colour = self.colour(theme)
        faint = _mixed(colour, theme.color("panel"), _RAW_SHARE)
        dots = len(self.x) == 1 or (self.curve.sparse and len(self.x) <= _DOTS_UP_TO)
        fine = len(self.x) <= _ANTIALIAS_UP_TO
        x, y = peaks(self.x[view], self.y[view], columns)
        self.raw.setData(
            x,
            np.log10(y) if log else y,
            pen=pg.mkPen(faint if smooth else colour, width=1, style=self._stroke),
            symbol="o" if dots else None,
            symbolSize=4,
            symbolPen=None,
            symbolBrush=colour,
            antialias=fine,
        )
        x, y = every_few(self.x[view], self.average[view], columns) if smooth else (NO_DATA, NO_DATA)
        self.smooth.setData(x, np.log10(y) if log else y, pen=pg.mkPen(colour, width=2), antialias=fine)


def _mixed(colour: QColor, ground: QColor, share: float) -> QColor:
    """An opaque colour that looks like share of colour on ground."""
    parts = zip(colour.getRgb()[:3], ground.getRgb()[:3], strict=True)  # pyright: ignore[reportIndexIssue]
    return QColor(*(round(share * over + (1.0 - share) * under) for over, under in parts))
