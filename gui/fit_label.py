"""FitLabel: a label that shows the longest of its texts that fits, so that nothing is ever cut."""

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from gui.plain import plain_tip


class FitLabel(QLabel):
    """Shows the first of its texts that fits into its width, or the last; the first is its tooltip then."""

    def __init__(self, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._texts: tuple[str, ...] = ("",)

    def show_texts(self, texts: Sequence[str]) -> None:
        """Show the first of texts that fits; they say the same, longest first."""
        new = tuple(texts) or ("",)
        if new != self._texts:
            self._texts = new
            self._fit()
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As wide as the longest text."""
        return QSize(self._width_of(self._texts[0]), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """As wide as the shortest text."""
        return QSize(self._width_of(self._texts[-1]), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _width_of(self, text: str) -> int:
        self.ensurePolished()
        return self.fontMetrics().horizontalAdvance(text) + 2

    def _fit(self) -> None:
        texts = self._texts
        chosen = next((text for text in texts if self._width_of(text) <= self.width()), texts[-1])
        if chosen != self.text():
            self.setText(chosen)
        self.setToolTip("" if chosen == texts[0] else plain_tip(texts[0]))
