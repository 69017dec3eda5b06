"""RunTable: the table of runs, whose columns fit a window of 1024; the run's name takes what is left over."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from core.translate import tr
from gui.run_model import RunFilter, columns
from gui.theme import UNIT_PX

_NAME_PX, _WIDEST_NAME_PX = 132, 280
_LEAST_PX = 40  # Qt's own least width is that of its widest letter, twice
_WIDTHS = {
    "name": _NAME_PX, "state": 68, "data": 84, "network": 64, "objective": 70, "latent": 46, "epochs": 68,
    "val": 68, "best": 72, "time": 58, "size": 70, "changed": 118,
}  # fmt: skip


class RunTable(QTableView):
    """Sorted by any column, the newest first at the beginning; rows are chosen, notes are edited."""

    def __init__(self, shown: RunFilter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("runsTable")
        self.setAccessibleName(tr("Runs"))
        self.setModel(shown)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.SelectedClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(3 * UNIT_PX + 4)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(_LEAST_PX)
        names = [column.name for column in columns()]
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(len(names) - 1, QHeaderView.ResizeMode.Stretch)
        self._name_at = names.index("name")
        for at, name in enumerate(names[:-1]):
            self.setColumnWidth(at, _WIDTHS[name])
        self.sortByColumn(names.index("changed"), Qt.SortOrder.DescendingOrder)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Half of the room that the other columns leave is the name's, the rest the notes'."""
        super().resizeEvent(event)
        others = [at for at in range(self.model().columnCount() - 1) if at != self._name_at]
        room = self.viewport().width() - sum(self.columnWidth(at) for at in others)
        self.setColumnWidth(self._name_at, min(max(room // 2, _NAME_PX), _WIDEST_NAME_PX))
