"""Difference maps of two pictures, their colours and the scale that explains them."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.translate import tr
from gui.theme import CAPTION_PX, current_theme, theme_watch, ui_font

# Dark to bright with even steps of lightness, after matplotlib's inferno (CC0).
_ANCHORS = np.array(
    [(0, 0, 4), (40, 11, 84), (101, 21, 110), (159, 42, 99), (212, 72, 66), (245, 125, 21), (250, 193, 39),
     (252, 255, 164)],
    dtype=np.float64,
)  # fmt: skip
COLOURS = np.stack(
    [np.interp(np.linspace(0, 7, 256), np.arange(8), _ANCHORS[:, c]) for c in range(3)], axis=1
).round().astype(np.uint8)  # fmt: skip
_LIMITS = (8, 16, 32, 64, 128, 192, 255)
_BAR_PX = 10


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest change among the channels of each pixel, (H,W) in levels of 255."""
    change = np.maximum(first, second) - np.minimum(first, second)  # (H, W, C), and no wider type than bytes
    levels = change[..., 0]
    for channel in range(1, change.shape[2]):  # a reduction over three neighbours is ten times as slow
        levels = np.maximum(levels, change[..., channel])
    return np.ascontiguousarray(levels)


def limit_for(levels: NDArray[np.uint8]) -> int:
    """The top of the scale for a map: the first round figure that its largest value does not exceed."""
    largest = int(levels.max(initial=0))
    return next(limit for limit in _LIMITS if limit >= largest)


def coloured(levels: NDArray[np.uint8], limit: int) -> NDArray[np.uint8]:
    """A map (H,W) as colours (H,W,3): 0 is the first colour, limit and above the last."""
    steps = np.minimum(np.arange(256) * 255 // limit, 255)
    return COLOURS[steps].take(levels, axis=0)


class ColourScale(QWidget):
    """The colours of a difference map from 0 to its limit, with numbers."""

    WIDTH_PX = 38

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit = 0
        self.setFont(ui_font(CAPTION_PX))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFixedWidth(self.WIDTH_PX)
        self.set_limit(255)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def limit(self) -> int:
        """The change, of 255, that has the last colour."""
        return self._limit

    def set_limit(self, limit: int) -> None:
        """The change, of 255, that has the last colour."""
        if limit == self._limit:
            return
        self._limit = limit
        text = tr("Colours of the difference: from 0 to {limit} of 255", limit=limit)
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QSize:
        """A narrow, tall column."""
        return QSize(self.WIDTH_PX, 120)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The bar, and numbers beside it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(2, 3, _BAR_PX, self.height() - 6)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        for step in range(0, 256, 17):
            red, green, blue = (int(value) for value in COLOURS[step])
            gradient.setColorAt(step / 255, QColor(red, green, blue))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 3, 3)
        painter.setPen(current_theme().color("secondary"))
        height = 14.0
        for part, value in ((0.0, self._limit), (0.5, self._limit // 2), (1.0, 0)):
            top = bar.top() + (bar.height() - height) * part
            area = QRectF(bar.right() + 4, top, self.width() - bar.right() - 4, height)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, f"{value}")

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
