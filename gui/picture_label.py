"""PictureLabel: an image shown as large as fits, never larger than it is, or a sentence in its place."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import RADIUS_PX, current_theme

_MARGIN_PX = 8


class PictureLabel(QWidget):
    """An image on a ground of its own; text while there is none."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self._text = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_image(self, image: QImage) -> None:
        """Show an image."""
        self.image, self._text = image, ""
        self.update()

    def set_text(self, text: str) -> None:
        """Show a sentence instead."""
        self.image, self._text = QImage(), text
        self.update()

    def sizeHint(self) -> QSize:
        """Room for a figure of a few pictures."""
        return QSize(600, 360)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The image in the middle, shrunk where it must be."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        theme = current_theme()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("window"))
        painter.drawRoundedRect(self.rect(), RADIUS_PX, RADIUS_PX)
        if self.image.isNull():
            painter.setPen(theme.color("secondary"))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._text
            )
            return
        room = self.size() - QSize(2 * _MARGIN_PX, 2 * _MARGIN_PX)
        size = self.image.size()
        if size.width() > room.width() or size.height() > room.height():
            size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        box = QRectF(
            (self.width() - size.width()) // 2,
            (self.height() - size.height()) // 2,
            size.width(),
            size.height(),
        )
        # Two steps: a single one leaves pixels out when it shrinks by more than half.
        fine = size * self.devicePixelRatioF()
        shown = self.image
        if fine.width() < shown.width():
            shown = shown.scaled(
                fine, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        painter.drawImage(box, shown)
