"""OfferBar: a question at the foot of the canvas that waits for its answer and stops nobody."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.translate import tr
from gui.plain import PlainLabel


class OfferBar(QFrame):
    """What the last session left, in one sentence, and what can be done about it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("offer")
        self.setProperty("role", "card")
        self._label = PlainLabel(parent=self)
        self._label.setObjectName("offerText")
        self._label.setWordWrap(True)
        self.show_log = self._button("showCrashLog", tr("Show the log"))
        self.fresh = self._button("startFresh", tr("Start fresh"))
        self.restore = self._button("restoreSession", tr("Restore"))
        self.restore.setProperty("primary", True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_log)
        buttons.addStretch(1)
        buttons.addWidget(self.fresh)
        buttons.addWidget(self.restore)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(self._label)
        column.addLayout(buttons)
        self.hide()

    @property
    def text(self) -> str:
        """What is asked; empty while hidden."""
        return "" if self.isHidden() else self._label.text()

    def ask(self, text: str, *, can_restore: bool, has_log: bool) -> None:
        """Show a question with those of the three answers that there are."""
        self._label.setText(text)
        self.setAccessibleName(text)
        self.show_log.setVisible(has_log)
        self.restore.setVisible(can_restore)
        self.fresh.setText(tr("Start fresh") if can_restore else tr("Close"))
        self.setEnabled(True)
        self.show()

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        return button
