"""RunModel: the table of runs as Qt's models have it; rows come from core.catalogue, notes go back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont

from core.errors import RunError
from core.notes import write_notes
from core.translate import tr
from gui.theme import CONTROL_PX, current_theme, ui_font
from gui.training_panel import duration_text

if TYPE_CHECKING:
    from core.catalogue import RunRow

Index = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Column:
    """One column: its head, what a cell says, by what it is sorted, and whether it holds numbers."""

    name: str
    title: str
    text: Callable[[RunRow], str]
    key: Callable[[RunRow], object]
    is_number: bool = False


def _error(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.5f}"


def _last_if_unknown(value: float) -> float:
    return math.inf if math.isnan(value) else value


def size_text(size: int) -> str:
    """Bytes as a person reads them."""
    return (
        tr("{size} GB", size=f"{size / 1e9:.2f}")
        if size >= 1e9
        else tr("{size} MB", size=f"{size / 1e6:.1f}")
    )


def _epochs(row: RunRow) -> str:
    return tr("{done} of {asked}", done=row.epochs, asked=row.epochs_asked) if row.epochs_asked else ""


def _date(row: RunRow) -> str:
    return datetime.fromtimestamp(row.changed).strftime("%Y-%m-%d %H:%M") if row.changed else ""


def state_text(row: RunRow) -> str:
    """How far a run is, in a word."""
    return {
        "training": tr("training"),
        "finished": tr("finished"),
        "stopped": tr("stopped"),
        "untrained": tr("not trained"),
        "imported": tr("imported"),
        "damaged": tr("damaged"),
    }[row.state.value]


def columns() -> tuple[Column, ...]:
    """The columns, from left to right."""
    return (
        Column("name", tr("Run"), lambda row: row.name, lambda row: row.name.lower()),
        Column("state", tr("State"), state_text, state_text),
        Column("data", tr("Data"), lambda row: row.problem or row.data, lambda row: row.data.lower()),
        Column("network", tr("Network"), lambda row: row.network, lambda row: row.network),
        Column("objective", tr("Objective"), lambda row: row.objective, lambda row: row.objective),
        Column("latent", tr("Code"), lambda row: f"{row.latent_dim or ''}", lambda row: row.latent_dim, True),
        Column("epochs", tr("Epochs"), _epochs, lambda row: row.epochs, True),
        Column("val", tr("Val mse"), lambda row: _error(row.val_mse),
               lambda row: _last_if_unknown(row.val_mse), True),
        Column("best", tr("Best val"), lambda row: _error(row.best_val_mse),
               lambda row: _last_if_unknown(row.best_val_mse), True),
        Column("time", tr("Time"), lambda row: duration_text(row.seconds) if row.seconds else "",
               lambda row: row.seconds, True),
        Column("size", tr("On disk"), lambda row: size_text(row.size), lambda row: row.size, True),
        Column("changed", tr("Changed"), _date, lambda row: row.changed, True),
        Column("notes", tr("Notes"), lambda row: row.notes, lambda row: row.notes.lower()),
    )  # fmt: skip


class RunModel(QAbstractTableModel):
    """A row a run.

    Signals:
        failed(object): the error with which notes could not be kept.
    """

    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns()
        self._rows: list[RunRow] = []
        self._open: Path | None = None
        self._bold = ui_font(CONTROL_PX, QFont.Weight.DemiBold)

    def row(self, place: int) -> RunRow:
        """The run in a row."""
        return self._rows[place]

    @property
    def rows(self) -> tuple[RunRow, ...]:
        """Every run that is there."""
        return tuple(self._rows)

    def take(self, rows: Sequence[RunRow]) -> None:
        """Put rows in, each in the place of the one of its path where there is one."""
        for row in rows:
            known = next((at for at, had in enumerate(self._rows) if had.path == row.path), None)
            if known is None:
                self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows))
                self._rows.append(row)
                self.endInsertRows()
            elif self._rows[known] != row:
                self._rows[known] = row
                self.dataChanged.emit(self.index(known, 0), self.index(known, len(self._columns) - 1))

    def keep_only(self, paths: set[Path]) -> None:
        """Take out the runs that are at none of these paths."""
        for at in range(len(self._rows) - 1, -1, -1):
            if self._rows[at].path not in paths:
                self.beginRemoveRows(QModelIndex(), at, at)
                del self._rows[at]
                self.endRemoveRows()

    def move(self, old: Path, new: Path) -> None:
        """A run's folder has another name."""
        for at, row in enumerate(self._rows):
            if row.path == old:
                self._rows[at] = replace(row, path=new)
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(self._columns) - 1))

    def set_open(self, path: Path | None) -> None:
        """Which run is open in the window."""
        if path != self._open and self._rows:
            self._open = path
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))
        self._open = path

    def rowCount(self, parent: Index | None = None) -> int:
        """How many runs there are."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """How many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The heads of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(self._columns[section])
        return self._columns[section].title if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says, and how it looks."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self._columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return " ".join(column.text(row).split())
            case Qt.ItemDataRole.EditRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                told = str(row.path) if column.name == "name" else column.text(row)
                return escape(row.problem or told).replace("\n", "<br>")
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._side(column)
            case Qt.ItemDataRole.ForegroundRole:
                return current_theme().color("unusual") if self._is_unusual(row, column) else None
            case Qt.ItemDataRole.FontRole:
                return self._bold if column.name == "name" and row.path == self._open else None
            case _ if role == SORT:
                return column.key(row)
            case _:
                return None

    def _side(self, column: Column) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def _is_unusual(self, row: RunRow, column: Column) -> bool:
        return bool(row.problem) and column.name in ("state", "data")

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Notes can be edited."""
        flags = super().flags(index)
        is_notes = index.isValid() and self._columns[index.column()].name == "notes"
        return flags | Qt.ItemFlag.ItemIsEditable if is_notes else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Keep the notes of a run in its folder."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        row = self._rows[index.row()]
        notes = str(value).strip()
        if notes == row.notes:
            return False
        try:
            write_notes(row.path, notes)
        except RunError as error:
            self.failed.emit(error)
            return False
        self._rows[index.row()] = replace(row, notes=notes)
        self.dataChanged.emit(index, index)
        return True

    def says(self, place: int, words: str) -> bool:
        """Whether a row holds each of some words, in any of its cells."""
        text = "\n".join(column.text(self._rows[place]) for column in self._columns).lower()
        return all(word in text for word in words.lower().split())


class RunFilter(QSortFilterProxyModel):
    """The rows that hold all words, sorted by what cells mean and not by what they say."""

    def __init__(self, model: RunModel) -> None:
        super().__init__(model)
        self._model = model
        self._words = ""
        self.setSortRole(SORT)
        self.setSourceModel(model)

    @Slot(str)
    def set_words(self, words: str) -> None:
        """Show rows that hold these words."""
        self._words = words
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Whether a row holds all words."""
        return self._model.says(source_row, self._words)
