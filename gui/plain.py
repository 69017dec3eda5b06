"""Text that comes from files is shown as it is: Qt takes what looks like HTML for HTML."""

import re
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import QLabel, QWidget

BREAK = "\u200b"  # a space without width: Qt may begin a line after it
_LONG = 20  # characters without a space that may be too many for a line
_LONG_WORD = re.compile(rf"\S{{{_LONG + 1},}}")
_PART = re.compile(rf"[!-~]{{1,{_LONG - 1}}}[/\\_.-]+|[!-~]{{1,{_LONG}}}|[^!-~]+")
_SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard


class PlainLabel(QLabel):
    """A label whose text is never taken for HTML: names of files, runs and labels, sentences about them.

    A line may end within words as long as a path, unless their text can be copied: Qt cuts a word that is
    wider than its label.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show text as it is."""
        may_break = not self.textInteractionFlags() & _SELECTABLE
        super().setText(_LONG_WORD.sub(_with_breaks, text) if may_break else text)

    def text(self) -> str:
        """What was set."""
        return super().text().replace(BREAK, "")


def _with_breaks(word: re.Match[str]) -> str:
    """A word with places where a line may end: after the signs that divide paths and names, if it has any."""
    return BREAK.join(_PART.findall(word[0]))


def plain_tip(text: str) -> str:
    """text for a tooltip, which has no format of its own: what would be taken for HTML shows its signs."""
    if not RichText.mightBeRichText(text):
        return text
    return f"<span>{escape(text).replace(chr(10), '<br>')}</span>"
