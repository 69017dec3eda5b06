"""Still: what changes within a panel is laid out there, and the window's panels are left where they are."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget


class Still(QWidget):
    """Holds a panel and asks the window for another layout only where the panel's least size is another.

    Qt passes every new text of a label up to the main window, which lays all docks out again and paints the
    lines between them: 0.6 ms each time, two or three times for each move of a hand on a dial.
    """

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self._panel = panel
        panel.setParent(self)
        self.setSizePolicy(panel.sizePolicy())
        self._least = self.minimumSizeHint()

    def sizeHint(self) -> QSize:
        """That of the panel."""
        return self._panel.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """The least size of the panel."""
        return self._panel.minimumSizeHint().expandedTo(self._panel.minimumSize())

    def event(self, event: QEvent) -> bool:
        """The panel was laid out: tell the window where it needs more room, or less."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._tell()
        return done

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The panel fills the place."""
        super().resizeEvent(event)
        self._panel.setGeometry(self.rect())

    def showEvent(self, event: QShowEvent) -> None:
        """Qt tells nothing to a widget that is hidden."""
        super().showEvent(event)
        self._tell()

    def _tell(self) -> None:
        least = self.minimumSizeHint()
        if least != self._least:
            self._least = least
            self.updateGeometry()
