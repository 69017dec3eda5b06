"""RunChooser: which run is the second one, among those that fit or from another folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from core.places import runs_folder
from core.translate import tr
from gui.lab_side import Side, kind_of
from gui.lab_sides import LabSides
from gui.theme import UNIT_PX

_BOX_PX = 232


class RunChooser(QWidget):
    """A box of the runs that read pictures of the open size, and a button for any other folder."""

    def __init__(self, sides: LabSides, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sides = sides
        self.box = QComboBox(self)
        self.box.setObjectName(f"{prefix}Chooser")
        self.box.setAccessibleName(tr("The second run, side B"))
        self.box.setToolTip(tr("Runs that read pictures of this size; the newest stand first"))
        self.box.setFixedWidth(_BOX_PX)
        self.box.activated.connect(self._on_chosen)
        self.other_button = QPushButton(tr("Other folder…"), self)
        self.other_button.setObjectName(f"{prefix}Other")
        self.other_button.setToolTip(tr("Take a run from another folder for side B"))
        self.other_button.clicked.connect(self._on_other_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT_PX)
        row.addWidget(self.box)
        row.addWidget(self.other_button)
        row.addStretch(1)
        sides.choices_changed.connect(self._on_choices_changed)
        self._on_choices_changed()

    @Slot()
    def _on_choices_changed(self) -> None:
        with QSignalBlocker(self.box):
            self.box.clear()
            paths = [choice.path for choice in self._sides.choices]
            for place, choice in enumerate(self._sides.choices):
                self.box.addItem(short(choice.path.name), choice.path)
                tip = f"{choice.path}\n{choice.kind}"
                self.box.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
            chosen = self._sides.chosen
            if chosen is not None and chosen not in paths:
                self.box.insertItem(0, short(chosen.name), chosen)
                paths.insert(0, chosen)
            self.box.setCurrentIndex(paths.index(chosen) if chosen is not None else -1)
            self.box.setPlaceholderText(tr("choose a run") if paths else tr("no other run"))
            self.box.setEnabled(bool(paths))

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        self._sides.choose(self.box.itemData(row))

    @Slot()
    def _on_other_asked(self) -> None:
        dialog = QFileDialog(self, tr("Choose the folder of a run"), str(runs_folder()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_folder_chosen)
        dialog.open()

    @Slot(str)
    def _on_folder_chosen(self, folder: str) -> None:
        self._sides.choose(Path(folder))


def short(name: str, limit: int = 28) -> str:
    """A run's name, its middle left out where it is long."""
    return name if len(name) <= limit else f"{name[: limit // 2 - 1]}…{name[-limit // 2 :]}"


def described(side: Side, *, named: bool = True) -> str:
    """A run in a line: its name, what it is, whether it is variational."""
    variational = tr("variational") if side.is_variational else tr("not variational")
    name = [short(side.name, 24)] if named else []
    return " · ".join([*name, kind_of(side.run), variational])
