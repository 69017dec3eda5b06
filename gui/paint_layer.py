"""PaintLayer: what lies over the edited picture while a person paints: the brush, and the stroke in hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from core.translate import tr
from gui.painter import Painter
from gui.picture_view import PictureView
from gui.theme import current_theme

_LEAST, _GREATEST = 0.02, 0.5  # brush, as a share of the picture's side
_FINER = 1.25  # what a bracket changes it by
_OVERLAY = 0.55  # how much of the stroke is seen over the picture until the code has followed


class PaintLayer(QWidget):
    """Takes the mouse from a picture's view while painting is on.

    Signals:
        colour_picked(object): a QColor from the picture, by a click with Alt.
        size_changed(float): size_share is another.
    """

    colour_picked = Signal(object)
    size_changed = Signal(float)

    def __init__(self, view: PictureView, painter: Painter) -> None:
        super().__init__(view)
        self._view = view
        self._painter = painter
        self.setObjectName("paintLayer")
        self.setAccessibleName(tr("Paint on the edited picture"))
        self.setToolTip(tr("Drag to paint; Alt and a click take a colour from the picture"))
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.colour = QColor(230, 60, 60)
        self.erases = False
        self.size_share = 0.12  # of the brush, as a share of the picture's side
        self.opacity = 1.0
        self._mask: QImage | None = None  # of the stroke, at the picture's size: white where it covers
        self._last: QPointF | None = None
        self._hand: QPointF | None = None
        view.installEventFilter(self)
        painter.changed.connect(self._on_painter_changed)
        self._on_painter_changed()

    @property
    def is_painting(self) -> bool:
        """Whether the button is down."""
        return self._last is not None

    def set_size(self, share: float) -> None:
        """How wide the brush is, as a share of the picture's side."""
        share = min(max(share, _LEAST), _GREATEST)
        if share != self.size_share:
            self.size_share = share
            self.size_changed.emit(share)
            self.update()

    def covered(self) -> NDArray[np.float32]:
        """What the stroke covers (H,W), 0 to 1."""
        assert self._mask is not None
        height, width = self._mask.height(), self._mask.width()
        rows = np.frombuffer(self._mask.constBits(), np.uint8).reshape(height, self._mask.bytesPerLine())
        return rows[:, :width].astype(np.float32) / 255.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the view below, which has the keyboard: there brackets change the brush."""
        if watched is self._view and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        if watched is self._view and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            factor = {Qt.Key.Key_BracketLeft: 1 / _FINER, Qt.Key.Key_BracketRight: _FINER}.get(
                Qt.Key(event.key())
            )
            if factor is not None and self._painter.is_on:
                self.set_size(self.size_share * factor)
                return True
        return super().eventFilter(watched, event)

    def _to_picture(self, point: QPointF) -> QPointF:
        rect, pixels = self._view.shown_rect(), self._view.pixels
        if pixels is None or rect.isEmpty():
            return QPointF()
        return QPointF(
            (point.x() - rect.left()) / rect.width() * pixels.shape[1],
            (point.y() - rect.top()) / rect.height() * pixels.shape[0],
        )

    def _brush_px(self) -> float:
        pixels = self._view.pixels
        return 1.0 if pixels is None else max(1.0, self.size_share * max(pixels.shape[:2]))

    def _draw_to(self, point: QPointF) -> None:
        if self._mask is None or self._last is None:
            return
        painter = QPainter(self._mask)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(Qt.GlobalColor.white, self._brush_px())
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        # A line of no length would be drawn by no painter.
        painter.drawLine(self._last, point + QPointF(0.01, 0.0))
        painter.end()
        self._last = point
        self.update()

    def _colour(self) -> NDArray[np.uint8] | None:
        if self.erases:
            return None
        return np.array([self.colour.red(), self.colour.green(), self.colour.blue()], np.uint8)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A stroke begins, or with Alt a colour is taken."""
        pixels = self._view.pixels
        if event.button() != Qt.MouseButton.LeftButton or pixels is None:
            event.ignore()
            return
        point = self._to_picture(event.position())
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._pick(point, pixels)
            return
        goes_on = self._painter.is_busy and self._mask is not None
        if not self._painter.begin():
            return
        if not goes_on:
            self._mask = QImage(pixels.shape[1], pixels.shape[0], QImage.Format.Format_Grayscale8)
            self._mask.fill(0)
        self._last = point
        self._draw_to(point)
        self._painter.stroke(self._colour(), self.opacity, self.covered())

    def _pick(self, point: QPointF, pixels: NDArray[np.uint8]) -> None:
        row, column = int(point.y()), int(point.x())
        if 0 <= row < pixels.shape[0] and 0 <= column < pixels.shape[1]:
            red, green, blue = np.broadcast_to(pixels[row, column], (3,)).tolist()
            self.colour_picked.emit(QColor(red, green, blue))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The stroke goes on."""
        self._hand = event.position()
        if self._last is not None:
            self._draw_to(self._to_picture(event.position()))
            self._painter.stroke(self._colour(), self.opacity, self.covered())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The stroke is whole: the code is looked for in full."""
        if self._last is not None and event.button() == Qt.MouseButton.LeftButton:
            self._last = None
            self._painter.end(self._colour(), self.opacity, self.covered())

    def leaveEvent(self, event: QEvent) -> None:
        """The brush goes with the mouse."""
        self._hand = None
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The stroke over the picture until the code has followed, and the brush's ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = self._view.shown_rect()
        if self._mask is not None and self._painter.is_busy:
            painter.setOpacity(_OVERLAY)
            painter.drawImage(rect, self._tinted(self._mask))
            painter.setOpacity(1.0)
        pixels = self._view.pixels
        if self._hand is not None and pixels is not None:
            radius = self._brush_px() / 2.0 * rect.width() / pixels.shape[1]
            for width, colour in ((3.0, QColor(0, 0, 0, 120)), (1.2, QColor(255, 255, 255))):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(self._hand, radius, radius)

    def _tinted(self, mask: QImage) -> QImage:
        colour = current_theme().color("secondary") if self.erases else self.colour
        image = QImage(mask.size(), QImage.Format.Format_ARGB32)
        image.fill(colour)
        image.setAlphaChannel(mask)
        return image

    @Slot()
    def _on_painter_changed(self) -> None:
        if not self._painter.is_on:
            self._last = self._hand = None
        if not self._painter.is_busy:
            self._mask = None if self._last is None else self._mask
        self.setVisible(self._painter.is_on)
        self.setGeometry(self._view.rect())
        self.raise_()
        self.update()
