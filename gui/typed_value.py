"""ValueEditor: the field in which a person types "+20", "1.5", "*2" or a lone minus for a dimension."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolTip, QWidget

from core.translate import tr
from gui.style import set_look

LONE_MINUS_MS = 1000  # a minus that nothing follows negates after this while, without Enter
STARTERS = frozenset("0123456789+-−=*×.")
_MINUSES = ("-", "−")


class ValueEditor(QLineEdit):
    """Enter asks for what was typed, Esc gives up; a refusal is shown in place and the text stays.

    Signals:
        typed(text: str): Enter was pressed on a text; the listener calls refuse() or accept().
        negated(): a lone minus was entered, or stood alone for a second.
        left(): the field is no longer needed: Esc, or the focus went elsewhere.
    """

    typed = Signal(str)
    negated = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaxLength(32)
        self._lone_minus = QTimer(self, singleShot=True, interval=LONE_MINUS_MS)
        self._lone_minus.timeout.connect(self._on_lone_minus)
        self.textEdited.connect(self._on_text_edited)

    def begin(self, text: str) -> None:
        """Start with a text, the cursor after it."""
        self._show_wrong("")
        self.setText(text)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.end(False)
        self._watch_minus(text)

    def refuse(self, reason: str) -> None:
        """Say why the text cannot be taken; it stays to be mended."""
        self._show_wrong(reason)

    def accept(self) -> None:
        """The text was taken: the field is empty again."""
        self._show_wrong("")
        self.clear()

    def event(self, event: QEvent) -> bool:
        """Keep Esc and plain keys from the window's shortcuts while something is being typed."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            text = event.text()
            if event.key() == Qt.Key.Key_Escape or (text and text.isprintable()):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_enter()
        elif event.key() == Qt.Key.Key_Escape:
            self.accept()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._lone_minus.stop()
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self._show_wrong("")
            self.left.emit()

    def _on_enter(self) -> None:
        self._lone_minus.stop()
        text = self.text().strip()
        if text in _MINUSES:
            self.accept()
            self.negated.emit()
        elif text:
            self.typed.emit(text)
        else:
            self.left.emit()

    @Slot(str)
    def _on_text_edited(self, text: str) -> None:
        self._show_wrong("")
        self._watch_minus(text)

    def _watch_minus(self, text: str) -> None:
        if text.strip() in _MINUSES:
            self._lone_minus.start()
        else:
            self._lone_minus.stop()

    @Slot()
    def _on_lone_minus(self) -> None:
        if self.text().strip() in _MINUSES:
            self._on_enter()

    def _show_wrong(self, reason: str) -> None:
        wrong = bool(reason)
        if wrong:
            QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), reason, self)
        if wrong or self.property("wrong"):
            set_look(self, "wrong", wrong)
        self.setToolTip(reason or typing_tip())
        self.setAccessibleDescription(reason)


def typing_tip() -> str:
    """What may be typed for a dimension."""
    return tr("Type +20 or −3 to add, 1.5 or =−3 to set, *2 to multiply; a lone − negates. Enter applies.")
