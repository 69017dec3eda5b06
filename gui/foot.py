"""What lies over the foot of the canvas: the bar of long work and the news, a card each."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget

MARGIN_PX = 12
MOST_WIDTH_PX = 720


class Foot(QWidget):
    """Keeps its cards at the foot of the widget that it lies over, as high as those that are shown."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("foot")
        self._over = over
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(MARGIN_PX // 2)
        self._cards: list[QWidget] = []
        over.installEventFilter(self)

    def add(self, card: QWidget) -> None:
        """Put a card below those that are there."""
        self._column.addWidget(card)
        self._cards.append(card)
        card.installEventFilter(self)
        self._place()

    def _place(self) -> None:
        shown = any(not card.isHidden() for card in self._cards)
        self.setVisible(shown)
        if not shown:
            return
        width = min(self._over.width() - 2 * MARGIN_PX, MOST_WIDTH_PX)
        height = self._column.totalHeightForWidth(width)
        if height < 0:
            height = self._column.sizeHint().height()
        self.setGeometry(
            (self._over.width() - width) // 2, self._over.height() - height - MARGIN_PX, width, height
        )
        self.raise_()

    def event(self, event: QEvent) -> bool:
        """Take another height when a card wants one: its text is another."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return done

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of what is below, and the cards as they come and go."""
        kinds = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent)
        if event.type() in kinds or (event.type() == QEvent.Type.Resize and watched is self._over):
            self._place()
        return super().eventFilter(watched, event)
