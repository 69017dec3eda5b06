"""ToolWindow: what the windows beside the main one have in common; gui/tool_windows.py shows them."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QWidget


class ToolWindow(QWidget):
    """A window of its own that draws the session beside the main one; made when it is first asked for.

    Closing hides it. One with threads of its own ends them on session.closing.
    """

    def __init__(self, title: str, name: str, size: QSize, owner: QWidget | None) -> None:
        super().__init__(owner, Qt.WindowType.Window)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.resize(size)
