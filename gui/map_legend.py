"""MapLegend: what the colours of the map mean, in as few lines as its width allows."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetrics, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.errors import one_line
from core.translate import tr
from gui.map_colours import Legend
from gui.theme import CAPTION_PX, current_theme, theme_watch, ui_font

_LINE_PX = 17
_DOT_PX = 8
_GAP_PX = 12
_BAR_PX = 8
_LONGEST_PX = 120
MOST_LINES = 3


class MapLegend(QWidget):
    """A dot and a name for each class, or a bar with the ends of its numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mapLegend")
        self.setAccessibleName(tr("What the colours mean"))
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._legend = Legend()
        theme_watch().theme_changed.connect(self._on_theme_changed)
        self.hide()

    @property
    def legend(self) -> Legend:
        """What is shown."""
        return self._legend

    def show_legend(self, legend: Legend) -> None:
        """Explain other colours."""
        if legend == self._legend:
            return
        self._legend = legend
        self.setVisible(bool(legend.classes or legend.ramp))
        names = ", ".join(name for name, _colour in legend.classes) or f"{legend.low} – {legend.high}"
        self.setAccessibleDescription(one_line(f"{legend.title}: {names}") if legend.title else "")
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        """More classes than fit beside each other go on below."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The lines that are needed at a width."""
        if self._legend.ramp:
            return _LINE_PX + _BAR_PX + 4
        return _LINE_PX * (self._places(width)[-1][1] + 1) if self._legend.classes else 0

    def sizeHint(self) -> QSize:
        """As wide as it is given."""
        return QSize(200, self.heightForWidth(max(self.width(), 100)))

    def _places(self, width: int) -> list[tuple[int, int, str, str]]:
        """(left, line, text, colour) of every class, those on the last line ending in a count of the rest."""
        metrics = QFontMetrics(ui_font(CAPTION_PX))
        found: list[tuple[int, int, str, str]] = []
        left, line = 0, 0
        for name, colour in self._legend.classes:
            text = metrics.elidedText(
                one_line(name), Qt.TextElideMode.ElideRight, min(_LONGEST_PX, width - 14)
            )
            needed = _DOT_PX + 5 + metrics.horizontalAdvance(text)
            if left and left + needed > width:
                left, line = 0, line + 1
            if line >= MOST_LINES:
                break
            found.append((left, line, text, colour))
            left += needed + _GAP_PX
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dots with names, or the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(CAPTION_PX))
        theme, legend = current_theme(), self._legend
        if legend.ramp:
            bar = QRectF(0, 3, self.width(), _BAR_PX)
            gradient = QLinearGradient(bar.topLeft(), bar.topRight())
            for at, colour in enumerate(legend.ramp):
                gradient.setColorAt(at / (len(legend.ramp) - 1), colour)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(gradient)
            painter.drawRoundedRect(bar, 3, 3)
            painter.setPen(theme.color("secondary"))
            below = QRectF(0, _BAR_PX + 3, self.width(), _LINE_PX)
            painter.drawText(
                below, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), legend.low
            )
            painter.drawText(
                below, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), legend.high
            )
            painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), one_line(legend.title))
            return
        for left, line, text, colour in self._places(self.width()):
            middle = line * _LINE_PX + _LINE_PX / 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawEllipse(QPointF(left + _DOT_PX / 2, middle), _DOT_PX / 2, _DOT_PX / 2)
            painter.setPen(theme.color("secondary"))
            box = QRectF(left + _DOT_PX + 5, line * _LINE_PX, self.width() - left, _LINE_PX)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
