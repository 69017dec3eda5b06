"""A line for news and for what went wrong; it never stops the hand."""

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from core.translate import tr
from gui.plain import PlainLabel
from gui.style import set_look

NEWS_MS = 6000


class Notice(QFrame):
    """Shows one sentence. News goes by itself; a failure stays until it is closed or replaced."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setProperty("role", "card")
        self._label = PlainLabel(parent=self)
        self._label.setObjectName("noticeText")
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton(self)
        self._close.setText("×")
        self._close.setObjectName("noticeClose")
        self._close.setAccessibleName(tr("Close this message"))
        self._close.setToolTip(tr("Close this message"))
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 8, 6)
        layout.addWidget(self._label)
        layout.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True, interval=NEWS_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown; empty while hidden."""
        return "" if self.isHidden() else self._label.text()

    @Slot(str)
    def show_news(self, text: str) -> None:
        """Say something that needs no answer; a failure that is still shown stays."""
        if not self.isHidden() and self._label.property("role") == "unusual":
            return
        self._show(text, "secondary")
        self._timer.start()

    @Slot(str)
    def show_failure(self, text: str) -> None:
        """Say what went wrong, until it is closed."""
        self._timer.stop()
        self._show(text, "unusual")

    def _show(self, text: str, role: str) -> None:
        set_look(self._label, "role", role)
        self._label.setText(text)
        self._label.setAccessibleName(text)
        self.show()
