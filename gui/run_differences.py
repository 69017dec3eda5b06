"""RunDifferences: in what two runs differ, as a table below the table of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.icons import wear_icon
from gui.plain import PlainLabel
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from gui.run_folders import Compared


class RunDifferences(QWidget):
    """A line a difference: what it is, and its value in the one run and the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runDifferences")
        self.title = PlainLabel(parent=self)
        self.title.setProperty("role", "title")
        self.close_button = QToolButton(self)
        self.close_button.setObjectName("closeDifferences")
        self.close_button.setAccessibleName(tr("Close the comparison"))
        self.close_button.setToolTip(tr("Close the comparison"))
        self.close_button.setAutoRaise(True)
        wear_icon(self.close_button, "close", "secondary")
        self.close_button.clicked.connect(self.hide)
        self.table = QTableWidget(0, 4, self)
        self.table.setObjectName("differencesTable")
        self.table.setAccessibleName(tr("In what the two runs differ"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(3 * UNIT_PX)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, UNIT_PX, 0, 0)
        layout.setSpacing(UNIT_PX // 2)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)

    @Slot(object)
    def show_them(self, compared: Compared) -> None:
        """Show in what two runs differ."""
        found = compared.differences
        names = {"first": compared.first, "second": compared.second}
        if found:
            self.title.setText(tr("{first} against {second}: {count} differences", count=len(found), **names))
        else:
            self.title.setText(tr("{first} and {second} do not differ", **names))
        self.table.setRowCount(len(found))
        self.table.setHorizontalHeaderLabels([tr("Of"), tr("What"), compared.first, compared.second])
        group = ""
        for row, one in enumerate(found):
            for column, text in enumerate((one.group if one.group != group else "", one.name)):
                self.table.setItem(row, column, QTableWidgetItem(text))
            for column, text in enumerate((one.first, one.second), start=2):
                item = QTableWidgetItem(" ".join(text.split()) or tr("—"))
                item.setData(Qt.ItemDataRole.AccessibleTextRole, text or tr("none"))
                self.table.setItem(row, column, item)
            group = one.group
        header = self.table.horizontalHeader()
        for column, mode in enumerate(
            (*(QHeaderView.ResizeMode.ResizeToContents,) * 2, *(QHeaderView.ResizeMode.Stretch,) * 2)
        ):
            header.setSectionResizeMode(column, mode)
        self.table.setVisible(bool(found))
        self.show()
