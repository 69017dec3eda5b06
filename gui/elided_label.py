"""A label of one line that ends in … where there is no room, and tells the whole as its tooltip."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain import PlainLabel, plain_tip
from gui.style import set_look


class ElidedLabel(PlainLabel):
    """A label that never asks for width; role is the style sheet's name of its look."""

    def __init__(self, text: str = "", role: str = "caption", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._shorter: tuple[str, ...] = ()
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str, role: str | None = None, shorter: Sequence[str] = ()) -> None:
        """Say something else, in another look where role is given; shorter ones are drawn before a cut."""
        self._shorter = tuple(shorter)
        if role is not None:
            set_look(self, "role", role)
        if text != self.text():
            self.setText(text)
            self.setToolTip(plain_tip(text))

    def minimumSizeHint(self) -> QSize:
        """No width of its own."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, cut at its end where it does not fit."""
        painter = QPainter(self)
        area = self.contentsRect()
        metrics, texts = self.fontMetrics(), (self.text(), *self._shorter)
        text = next((text for text in texts if metrics.horizontalAdvance(text) <= area.width()), texts[-1])
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), text)
