"""A small table of numbers: right-aligned, in tabular figures, a row a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from gui.theme import UNIT_PX


@dataclass(frozen=True)
class Row:
    """What stands in a row: its name, in a role of the style sheet, and a text a column."""

    name: str
    cells: tuple[str, ...]
    role: str = ""


class NumbersTable(QWidget):
    """A head of columns with their tooltips, and rows of numbers; empty until show_rows()."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(3 * UNIT_PX)
        self._grid.setVerticalSpacing(UNIT_PX // 2)
        self._labels: list[QLabel] = []

    @property
    def texts(self) -> tuple[str, ...]:
        """All that stands in it, row by row."""
        return tuple(label.text() for label in self._labels)

    def show_rows(self, head: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
        """Show other numbers; head is (text, tooltip) of each column, that of the names included."""
        for label in self._labels:
            label.hide()
            label.deleteLater()
        self._labels = []
        for column, (text, tip) in enumerate(head):
            self._put(0, column, text, "caption", tip)
        for number, row in enumerate(rows, start=1):
            self._put(number, 0, row.name, row.role)
            for column, cell in enumerate(row.cells, start=1):
                self._put(number, column, cell, "")
        self._grid.setColumnStretch(len(head), 1)
        self.setAccessibleDescription("; ".join(f"{row.name}: {', '.join(row.cells)}" for row in rows))

    def _put(self, row: int, column: int, text: str, role: str, tip: str = "") -> None:
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setToolTip(tip)
        if role:
            label.setProperty("role", role)
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        self._grid.addWidget(label, row, column, side | Qt.AlignmentFlag.AlignVCenter)
        self._labels.append(label)
