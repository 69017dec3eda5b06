"""DialModel: the numbers of all dials as Qt's models have them, sorted here: idle dials stay last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from core.translate import tr
from gui.theme import CONTROL_PX, current_theme, ui_font

if TYPE_CHECKING:
    from core.dial_numbers import DialNumbers

Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
_DIGITS = {"effect": 2}


class DialModel(QAbstractTableModel):
    """A row a dial; the columns are those of core.dial_numbers but the last, which is greyness."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.numbers: DialNumbers | None = None
        self._columns: dict[str, NDArray[Any]] = {}
        self._dead: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sorted_by = ("dial", Qt.SortOrder.AscendingOrder)

    def show_numbers(self, numbers: DialNumbers | None) -> None:
        """Show other numbers, in the order of before."""
        self.beginResetModel()
        self.numbers = numbers
        self._columns = {} if numbers is None else numbers.columns()
        self._dead = np.zeros(0, np.bool_) if numbers is None else numbers.dead
        self._columns.pop("active", None)
        self._arrange()
        self.endResetModel()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns by their short names."""
        return tuple(self._columns)

    def dial_of(self, row: int) -> int:
        """The dial in a row."""
        return int(self._order[row])

    def row_of(self, dial: int) -> int:
        """The row of a dial; -1 where there is none."""
        found = np.flatnonzero(self._order == dial)
        return int(found[0]) if len(found) else -1

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; idle dials stay last."""
        if 0 <= column < len(self.names):
            self._sorted_by = (self.names[column], order)
            self.beginResetModel()
            self._arrange()
            self.endResetModel()

    def _arrange(self) -> None:
        name, order = self._sorted_by
        if not self._columns:
            self._order = np.zeros(0, np.int64)
            return
        values = self._columns.get(name, self._columns["dial"]).astype(np.float64)
        if order is Qt.SortOrder.DescendingOrder:
            values = -values
        is_last = np.zeros(len(values), np.bool_) if name == "dial" else self._dead
        self._order = np.lexsort((values, is_last)).astype(np.int64)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  (Qt's own default)
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        name, dial = self.names[index.column()], self.dial_of(index.row())
        if role == _ROLE.DisplayRole:
            value = self._columns[name][dial]
            return f"z{dial}" if name == "dial" else f"{value:.{_DIGITS.get(name, 3)}f}".replace("-", "−")
        if role == _ROLE.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if name == "dial" else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == _ROLE.ForegroundRole:
            return current_theme().color("disabled") if self._dead[dial] else None
        if role == _ROLE.FontRole:
            weight = QFont.Weight.DemiBold if name == "dial" else QFont.Weight.Normal
            return ui_font(CONTROL_PX, weight)
        if role == _ROLE.ToolTipRole and self._dead[dial]:
            return tr("Idle: turning it changes nothing that can be seen.")
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.names):
            return None
        name = self.names[section]
        if role == _ROLE.DisplayRole:
            return _title(name)
        if role == _ROLE.ToolTipRole:
            return _meaning(name)
        if role == _ROLE.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if name == "dial" else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


def _title(name: str) -> str:
    titles = {
        "dial": tr("Dial"),
        "mean": tr("Mean"),
        "std": tr("Spread"),
        "kl": tr("KL"),
        "effect": tr("Effect"),
    }
    return titles.get(name) or tr("{percent} %", percent=name[1:])


def _meaning(name: str) -> str:
    meanings = {
        "dial": tr("The dimension of the code"),
        "mean": tr("Mean of the data's codes"),
        "std": tr("Standard deviation of the data's codes"),
        "kl": tr("KL of the dial to N(0, 1) in nats, averaged over the data: how much it says of a picture"),
        "effect": tr("Mean change of the picture, of 255, when the dial moves by one standard deviation"),
    }
    return meanings.get(name) or tr("{percent} % of the data's codes are not above it", percent=name[1:])
