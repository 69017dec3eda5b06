"""Text that comes from files is shown as it is: Qt takes what looks like HTML for HTML."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import QLabel, QWidget


class PlainLabel(QLabel):
    """A label whose text is never taken for HTML: names of files, runs and labels, sentences about them."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)


def plain_tip(text: str) -> str:
    """text for a tooltip, which has no format of its own: what would be taken for HTML shows its signs."""
    if not RichText.mightBeRichText(text):
        return text
    return f"<span>{escape(text).replace(chr(10), '<br>')}</span>"
