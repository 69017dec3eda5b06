"""The slim bar above a dock by which it is moved; a double click lets it float."""

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QWidget

from core.translate import tr
from gui.theme import current_theme

HEIGHT_PX = 8


class DockGrip(QWidget):
    """Three dots in the panel's own colour; QDockWidget takes the mouse from here."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setToolTip(tr("Drag to move this panel; double-click to let it float"))
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self.setFixedHeight(HEIGHT_PX)

    def sizeHint(self) -> QSize:
        """As slim as the dots allow."""
        return QSize(32, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """As sizeHint."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The dots, brighter under the mouse."""
        theme = current_theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("panel"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("secondary" if self.underMouse() else "track"))
        for offset in (-6, 0, 6):
            painter.drawEllipse(QPointF(self.width() / 2 + offset, HEIGHT_PX / 2 + 1), 1.2, 1.2)
