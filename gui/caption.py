"""Caption: a title and facts under a picture, in one line, or two where there is little room."""

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.plain import plain_tip
from gui.theme import CONTROL_PX, current_theme, theme_watch, ui_font

LINE_PX = 17
_GAP_PX = 8


class Caption(QWidget):
    """A bold title, then facts: all in one line where they fit, else the rest goes to a second line.

    spread puts the facts of the first line at its right end, else they follow the title.
    """

    def __init__(self, parent: QWidget | None = None, *, spread: bool = True) -> None:
        super().__init__(parent)
        self._spread = spread
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._title = ""
        self._facts: tuple[str, ...] = ()
        self._bold = ui_font(CONTROL_PX, QFont.Weight.DemiBold)
        self._plain = ui_font(CONTROL_PX)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def text(self) -> str:
        """All that is said, in one line."""
        return " · ".join((self._title, *self._facts))

    def set_text(self, title: str, *facts: str) -> None:
        """Say something else; empty facts are left out."""
        kept = tuple(fact for fact in facts if fact)
        if (title, kept) != (self._title, self._facts):
            self._title, self._facts = title, kept
            self.setAccessibleName(self.text)
            self.setToolTip(plain_tip(self.text))
            self.update()

    def lines(self, width: int) -> int:
        """How many lines the text needs at a width: 1 or 2."""
        return 1 if self._one_line_px() <= width else 2

    def sizeHint(self) -> QSize:
        """Wide enough for one line."""
        return QSize(self._one_line_px(), LINE_PX * 2)

    def _one_line_px(self) -> int:
        plain = QFontMetrics(self._plain).horizontalAdvance(" · ".join(self._facts))
        return QFontMetrics(self._bold).horizontalAdvance(self._title) + _GAP_PX + plain + 2

    def paintEvent(self, event: QPaintEvent) -> None:
        """Title to the left, facts to the right or below."""
        painter = QPainter(self)
        theme = current_theme()
        bold, plain = QFontMetrics(self._bold), QFontMetrics(self._plain)
        title_px = bold.horizontalAdvance(self._title)
        painter.setFont(self._bold)
        painter.setPen(theme.color("text"))
        line = QRect(0, 0, self.width(), LINE_PX)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        elide = Qt.TextElideMode.ElideRight
        painter.drawText(line, left, bold.elidedText(self._title, elide, line.width()))
        painter.setFont(self._plain)
        painter.setPen(theme.color("secondary"))
        rest = self._facts
        if self.lines(self.width()) == 1:
            beside, rest = " · ".join(rest), ()
        elif rest and title_px + _GAP_PX + plain.horizontalAdvance(rest[0]) <= line.width() and len(rest) > 1:
            beside, rest = rest[0], rest[1:]
        else:
            beside = ""
        after = line.adjusted(title_px + _GAP_PX, 0, 0, 0)
        side = Qt.AlignmentFlag.AlignRight if self._spread else Qt.AlignmentFlag.AlignLeft
        painter.drawText(after, side | Qt.AlignmentFlag.AlignVCenter, beside)
        if rest:
            below = plain.elidedText(" · ".join(rest), elide, line.width())
            painter.drawText(line.translated(0, LINE_PX), left, below)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
