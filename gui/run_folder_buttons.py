"""RunFolderButtons: add a folder to those whose runs are shown, or take one of them away again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QInputDialog, QPushButton, QWidget

from core.translate import tr
from gui.icons import wear_icon
from gui.run_folders import RunFolders, keep_folders, load_folders
from gui.theme import UNIT_PX


class RunFolderButtons(QWidget):
    """The added folders, which are kept for later starts, and the two buttons that change them.

    Signals:
        changed(): folders are others.
        failed(object): the OSError for which they are not kept.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.folders = load_folders().folders
        self.add_button = self._button("runsAddFolder", tr("Add folder…"))
        self.add_button.setToolTip(tr("Show the runs of another folder too; it is remembered"))
        self.add_button.clicked.connect(self.ask_folder)
        wear_icon(self.add_button, "folder")
        self.forget_button = self._button("runsForgetFolder", tr("Forget folder…"))
        self.forget_button.clicked.connect(self.ask_which)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT_PX)
        row.addWidget(self.add_button)
        row.addWidget(self.forget_button)
        self._allow()

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        return button

    def _allow(self) -> None:
        self.forget_button.setEnabled(bool(self.folders))
        self.forget_button.setToolTip(
            tr("Show the runs of an added folder no longer; the folder itself stays as it is")
            if self.folders
            else tr("No folder was added")
        )

    @Slot()
    def ask_folder(self) -> None:
        """Ask for a folder that holds runs."""
        folder = QFileDialog.getExistingDirectory(self, tr("A folder that holds runs"))
        if folder:
            self.add(folder)

    @Slot()
    def ask_which(self) -> None:
        """Ask which of the added folders is to go from the list."""
        dialog = QInputDialog(self)
        dialog.setObjectName("forgetFolder")
        dialog.setWindowTitle(tr("Forget a folder"))
        dialog.setLabelText(tr("Its runs are shown no longer, and stay where they are:"))
        dialog.setComboBoxItems(self.folders)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self.forget)
        dialog.open()

    def add(self, folder: str) -> None:
        """Show the runs of a folder too, now and at later starts."""
        self._keep(tuple(dict.fromkeys((*self.folders, folder))))

    @Slot(str)
    def forget(self, folder: str) -> None:
        """Show the runs of an added folder no longer."""
        self._keep(tuple(other for other in self.folders if other != folder))

    def _keep(self, folders: tuple[str, ...]) -> None:
        self.folders = folders
        self._allow()
        try:
            keep_folders(RunFolders(folders=folders))
        except OSError as error:
            self.failed.emit(error)
        self.changed.emit()
