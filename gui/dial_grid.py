"""DialGrid: the dials of one page, in as many columns as fit; who goes where is the panel's decision."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from gui.dial import Dial

CELL_PX = 57  # the least width of a dial's cell: "z63 −0.44" fits
WIDE_CELL_PX = 64  # the same where there are dimensions of three digits
CELL_HEIGHT_PX = 68


NAMED_CELL_PX = 92  # the same where dials have names


class DialGrid(QWidget):
    """Keeps a Dial for every dimension once it was shown, and places those of the page.

    Signals:
        dial_made(dial: Dial): a new dial wants to be connected.
        pointer_left(): the pointer went elsewhere.
    """

    dial_made = Signal(Dial)
    pointer_left = Signal()

    def __init__(
        self, parent: QWidget | None = None, *, prefix: str = "dial", cell_px: int | None = None
    ) -> None:
        super().__init__(parent)
        self._prefix = prefix
        self._cell_px = cell_px
        self._dials: dict[int, Dial] = {}
        self._page: tuple[int, ...] = ()

    @property
    def page(self) -> tuple[int, ...]:
        """The dimensions that are shown, in their order."""
        return self._page

    @property
    def is_held(self) -> bool:
        """Whether a hand drags one of the dials."""
        return any(dial.is_held for dial in self.dials())

    @property
    def is_used(self) -> bool:
        """Whether a hand, the pointer or the keyboard is on the dials: then they stay where they are."""
        return (
            self.is_held
            or self.underMouse()
            or any(dial.hasFocus() or dial.is_typing for dial in self.dials())
        )

    @property
    def columns(self) -> int:
        """How many dials stand in a row."""
        wide = max(self._page, default=0) >= 100
        return max(1, self.width() // (self._cell_px or (WIDE_CELL_PX if wide else CELL_PX)))

    def dial(self, dim: int) -> Dial | None:
        """The dial of a dimension, if it was ever shown."""
        return self._dials.get(dim)

    def dials(self) -> list[Dial]:
        """The dials of the page, in their order."""
        return [self._dials[dim] for dim in self._page]

    def show_page(self, dims: Sequence[int]) -> None:
        """Show these dimensions in this order."""
        new = tuple(dims)
        if new == self._page:
            return
        for dim in set(self._page) - set(new):
            self._dials[dim].hide()
        self._page = new
        before: Dial | None = None
        for dim in new:
            dial = self._dials.get(dim)
            if dial is None:
                dial = self._dials[dim] = Dial(dim, self, prefix=self._prefix)
                dial.neighbour_requested.connect(self._on_neighbour_requested)
                self.dial_made.emit(dial)
            dial.show()
            if before is not None:
                QWidget.setTabOrder(before, dial)
            before = dial
        self._place()

    def clear(self) -> None:
        """Let every dial go: another model has other dimensions."""
        self._page = ()
        for dial in self._dials.values():
            dial.hide()
            dial.setParent(None)
            dial.deleteLater()
        self._dials.clear()

    def neighbour(self, dim: int, columns: int, rows: int) -> Dial | None:
        """The dial so many columns and rows away, or None beyond the page."""
        place = self._page.index(dim) + columns + rows * self.columns
        return self._dials[self._page[place]] if 0 <= place < len(self._page) else None

    @Slot(int, int, int)
    def _on_neighbour_requested(self, dim: int, columns: int, rows: int) -> None:
        dial = self.neighbour(dim, columns, rows)
        if dial is not None:
            dial.setFocus(Qt.FocusReason.TabFocusReason)

    def sizeHint(self) -> QSize:
        return QSize(CELL_PX * 5, CELL_HEIGHT_PX * 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._place()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer_left.emit()

    def _place(self) -> None:
        columns = self.columns
        width = self.width() / columns
        for place, dial in enumerate(self.dials()):
            row, column = divmod(place, columns)
            left, right = round(column * width), round((column + 1) * width)
            dial.setGeometry(left + 1, row * CELL_HEIGHT_PX, right - left - 2, CELL_HEIGHT_PX - 2)
        rows = -(-len(self._page) // columns)
        self.setMinimumHeight(rows * CELL_HEIGHT_PX)
