"""The card that shows a picture beside a place of the map, painted over it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from core.errors import one_line
from gui.qimage import to_qimage
from gui.theme import CAPTION_PX, RADIUS_PX, current_theme, ui_font

PICTURE_PX = 88
_PAD_PX = 6
_LINE_PX = 15
_AWAY_PX = 14


def paint_card(painter: QPainter, area: QRect, at: QPointF, pixels: NDArray[np.uint8], text: str) -> None:
    """A picture (H,W,C) with lines of text, beside a point and inside of an area."""
    theme = current_theme()
    lines = [one_line(line) for line in text.splitlines()]
    metrics = QFontMetrics(ui_font(CAPTION_PX))
    widest = max((metrics.horizontalAdvance(line) for line in lines), default=0)
    width = min(max(PICTURE_PX, widest), PICTURE_PX + 60) + 2 * _PAD_PX
    height = PICTURE_PX + _LINE_PX * len(lines) + 2 * _PAD_PX + (2 if lines else 0)
    left = at.x() + _AWAY_PX if at.x() + _AWAY_PX + width < area.right() else at.x() - _AWAY_PX - width
    left = min(max(left, area.left() + 2.0), max(area.right() - width - 2.0, 2.0))
    top = min(max(at.y() - height / 2, area.top() + 2.0), max(area.bottom() - height - 2.0, 2.0))
    card = QRectF(left, top, width, height)
    painter.setPen(QPen(theme.color("line"), 1))
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(card, RADIUS_PX, RADIUS_PX)
    rows, columns = pixels.shape[:2]
    scale = PICTURE_PX / max(rows, columns)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1.0)
    box = QRectF(0, 0, columns * scale, rows * scale)
    box.moveCenter(QPointF(card.center().x(), card.top() + _PAD_PX + PICTURE_PX / 2))
    painter.drawImage(box, to_qimage(pixels))
    painter.setFont(ui_font(CAPTION_PX))
    painter.setPen(theme.color("text"))
    for at_line, line in enumerate(lines):
        below = QRectF(
            card.left() + _PAD_PX, card.top() + _PAD_PX + PICTURE_PX + 2 + at_line * _LINE_PX,
            width - 2 * _PAD_PX, _LINE_PX,
        )  # fmt: skip
        shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(below.width()))
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), shown)
        painter.setPen(theme.color("secondary"))
