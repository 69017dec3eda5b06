"""HeatCard: the legend of a heat map and the sentence about it, over the captions while it is shown."""

import math

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from core.translate import tr
from gui.heat_map import Heat
from gui.plain import plain_tip
from gui.theme import CAPTION_PX, CONTROL_PX, current_theme, theme_watch, ui_font

_LEGEND_PX = 96
_BAR_PX = 6


class HeatCard(QWidget):
    """A raised card: a bar from dark to the accent with its numbers, and beside it what was measured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heatCard")
        self._limit = 0
        self._text = ""
        theme_watch().theme_changed.connect(self._on_theme_changed)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def show_heat(self, heat: Heat | None) -> None:
        """Show another heat map's legend and sentence, or nothing."""
        self.setVisible(heat is not None)
        if heat is None:
            return
        self._limit, self._text = math.ceil(heat.limit), heat.sentence()
        self.setAccessibleName(tr("Where the dial acts: {sentence}", sentence=self._text))
        self.setToolTip(plain_tip(self._text))
        self.raise_()
        self.update()

    def sizeHint(self) -> QSize:
        """Two lines."""
        return QSize(400, 38)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The card, the bar and the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("line"), 1.0))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(area, 6, 6)
        bar = QRectF(area.left() + 10, area.top() + 8, _LEGEND_PX - 18, _BAR_PX)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        gradient.setColorAt(0.0, QColor("#24262b"))  # as dark as a picture under no heat
        gradient.setColorAt(1.0, theme.color("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 3, 3)
        painter.setFont(ui_font(CAPTION_PX))
        painter.setPen(theme.color("secondary"))
        under = QRectF(bar.left(), bar.bottom() + 1, bar.width(), area.bottom() - bar.bottom() - 4)
        painter.drawText(under, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "0")
        most = tr("{limit} at ±1σ", limit=self._limit)  # the mean of both moves; the words are of +1σ
        painter.drawText(under, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, most)
        painter.setFont(ui_font(CONTROL_PX))
        painter.setPen(theme.color("text"))
        words = area.adjusted(_LEGEND_PX + 6, 1, -8, -1)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(words, flags, self._text)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
