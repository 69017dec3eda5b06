"""RunsWindow: every run in a table, to be found, opened, compared, described, drawn together, thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.background import Runner
from gui.elided_label import ElidedLabel
from gui.icons import wear_icon
from gui.run_differences import RunDifferences
from gui.run_folder_buttons import RunFolderButtons
from gui.run_folders import (
    Compared,
    Found,
    Renamed,
    Trashed,
    compare,
    move_to_trash,
    read_runs,
    rename,
)
from gui.run_model import Index, RunFilter, RunModel, columns, size_text
from gui.run_table import RunTable
from gui.session import Session
from gui.theme import UNIT_PX
from gui.tool_window import ToolWindow

if TYPE_CHECKING:
    from core.catalogue import RunRow

MOST_DRAWN = 12  # runs in one plot: more could not be told apart


class RunsWindow(ToolWindow):
    """The runs of the window's own folder, of folders that a person added, and the one that is open."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(tr("Runs"), "runsWindow", QSize(1240, 640), owner)
        self._session = session
        self._found = 0
        self._problems: tuple[str, ...] = ()
        self._reader = Runner(self)
        self._reader.items_arrived.connect(self._on_read)
        self._reader.done.connect(self._on_all_read)
        self._reader.failed.connect(self._on_failed)
        self._comparer = Runner(self)
        self._comparer.items_arrived.connect(self._on_compared)
        self._comparer.failed.connect(self._on_failed)
        self._trash = Runner(self)
        self._trash.items_arrived.connect(self._on_trashed)
        self._trash.failed.connect(self._on_failed)
        self._renamer = Runner(self)
        self._renamer.items_arrived.connect(self._on_renamed)
        self._renamer.failed.connect(self._on_failed)

        self.model = RunModel(self)
        self.model.failed.connect(self._on_failed)
        self.shown = RunFilter(self.model)
        self.filter_line = QLineEdit(self)
        self.filter_line.setObjectName("runsFilter")
        self.filter_line.setPlaceholderText(tr("Filter: names, data, notes …"))
        self.filter_line.setAccessibleName(tr("Filter the runs"))
        self.filter_line.setClearButtonEnabled(True)
        self.filter_line.textChanged.connect(self.shown.set_words)
        self.filter_line.textChanged.connect(self._on_selected)
        self.table = RunTable(self.shown, self)
        self.table.doubleClicked.connect(self._on_double_clicked)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self.differences = RunDifferences(self)
        self.differences.hide()

        self.places = RunFolderButtons(self)
        self.places.changed.connect(self.refresh)
        self.places.failed.connect(self._on_failed)
        self.refresh_button = self._button("runsRefresh", tr("Refresh"), "reset")
        self.refresh_button.clicked.connect(self.refresh)
        self.open_button = self._button("runsOpen", tr("Open"))
        self.open_button.clicked.connect(self.open_run)
        self.losses_button = self._button("runsLosses", tr("Show losses"))
        self.losses_button.setToolTip(tr("Draw the losses of the chosen runs in the window's loss plot"))
        self.losses_button.clicked.connect(self.show_losses)
        self.compare_button = self._button("runsCompare", tr("Compare"))
        self.compare_button.clicked.connect(self.compare)
        self.rename_button = self._button("runsRename", tr("Rename…"))
        self.rename_button.clicked.connect(self.ask_name)
        self.reveal_button = self._button("runsReveal", tr("Reveal folder"))
        self.reveal_button.clicked.connect(self.reveal)
        self.trash_button = self._button("runsTrash", tr("Move to trash…"), "trash")
        self.trash_button.clicked.connect(self.ask_trash)
        self.status = ElidedLabel(parent=self)
        self.status.setObjectName("runsStatus")
        self._lay_out()

        session.run_changed.connect(self._on_run_changed)
        session.trainer.state_changed.connect(self._on_run_changed)
        session.closing.connect(self._on_closing)
        self._on_selected()

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(UNIT_PX)
        above.addWidget(self.filter_line, 1)
        above.addWidget(self.places)
        above.addWidget(self.refresh_button)
        parts = QSplitter(Qt.Orientation.Vertical, self)
        parts.setObjectName("runsSplitter")
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(self.differences)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        below = QHBoxLayout()
        below.setSpacing(UNIT_PX)
        for button in (
            self.open_button,
            self.losses_button,
            self.compare_button,
            self.rename_button,
            self.reveal_button,
        ):
            below.addWidget(button)
        below.addWidget(self.status, 1)
        below.addWidget(self.trash_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(UNIT_PX + 4)
        layout.addLayout(above)
        layout.addWidget(parts, 1)
        layout.addLayout(below)

    def _button(self, name: str, text: str, picture: str = "") -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        if picture:
            wear_icon(button, picture)
        return button

    # What is chosen

    def chosen(self) -> tuple[RunRow, ...]:
        """The runs that are selected, from top to bottom."""
        places = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return tuple(self.model.row(self.shown.mapToSource(self.shown.index(at, 0)).row()) for at in places)

    def choose(self, names: Sequence[str]) -> None:
        """Select the runs of these names."""
        selection = self.table.selectionModel()
        selection.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for at in range(self.shown.rowCount()):
            if self.shown.index(at, 0).data() in names:
                selection.select(self.shown.index(at, 0), flags)

    @Slot()
    def _on_selected(self) -> None:
        rows = self.chosen()
        sound = [row for row in rows if not row.problem]
        self._allow(self.open_button, len(sound) == len(rows) == 1, tr("Choose one run that can be opened"))
        self._allow(self.losses_button, bool(sound), tr("Choose runs: Ctrl or Shift and click for several"))
        self._allow(
            self.compare_button,
            len(sound) == len(rows) == 2,
            tr("Choose two runs: Ctrl and click the second"),
        )
        self._allow(self.rename_button, len(sound) == len(rows) == 1, tr("Choose one run that can be opened"))
        self._allow(self.reveal_button, len(rows) == 1, tr("Choose one run"))
        self._allow(self.trash_button, bool(rows), tr("Choose the runs that shall go"))
        self._tell()

    def _allow(self, button: QPushButton, allowed: bool, why_not: str) -> None:
        button.setEnabled(allowed)
        if not allowed:
            button.setToolTip(why_not)
        else:
            button.setToolTip(button.text())

    def _tell(self) -> None:
        rows, count = self.chosen(), self.model.rowCount()
        if self._reader.is_running and count < self._found:
            text = tr("Reading {done} of {total} runs…", done=count, total=self._found)
        elif self._reader.is_running and not count:
            text = tr("Looking for runs…")
        elif self._problems:
            self.status.set_text(" ".join(self._problems), "unusual")
            return
        elif len(rows) == 1 and rows[0].problem:
            self.status.set_text(rows[0].problem, "unusual")
            return
        elif rows:
            size = size_text(sum(row.size for row in rows))
            text = tr("{count} chosen, {size}", count=len(rows), size=size)
        elif not count:
            text = tr("There are no runs yet: train one, or add a folder that holds some.")
        elif self.shown.rowCount() < count:
            text = tr("{shown} of {count} runs", shown=self.shown.rowCount(), count=count)
        else:
            size = size_text(sum(row.size for row in self.model.rows))
            text = (
                tr("1 run, {size}", size=size)
                if count == 1
                else tr("{count} runs, {size}", count=count, size=size)
            )
        self.status.set_text(text, "caption")

    # Reading

    @Slot()
    def refresh(self) -> None:
        """Read all runs anew, beside the window; those that are shown stay until then."""
        folders = self.places.folders
        run = self._session.run
        self._reader.start(lambda: read_runs(folders, run.path if run is not None else None))
        self._tell()

    @Slot(list)
    def _on_read(self, items: list[Found | RunRow]) -> None:
        rows: list[RunRow] = []
        for item in items:
            if isinstance(item, Found):
                self._found, self._problems = len(item.paths), item.problems
                self.model.keep_only(set(item.paths))
            else:
                rows.append(item)
        self.model.take(rows)
        self._on_open_changed()
        self._on_selected()

    @Slot(object)
    def _on_all_read(self, _result: object) -> None:
        self._tell()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._session.report(error)
        self.status.set_text(str(error), "unusual")

    @Slot()
    def _on_run_changed(self) -> None:
        self._on_open_changed()
        if self.isVisible():
            self.refresh()

    def _on_open_changed(self) -> None:
        run = self._session.run
        self.model.set_open(run.path if run is not None else None)

    def showEvent(self, event: QShowEvent) -> None:
        """What happened while it was hidden is read."""
        super().showEvent(event)
        self.refresh()

    # What a person does

    @Slot()
    def open_run(self) -> None:
        """Open the chosen run in the window."""
        if self.open_button.isEnabled():
            self._session.open_run(self.chosen()[0].path)

    @Slot()
    def show_losses(self) -> None:
        """Draw the losses of the chosen runs in one plot."""
        paths = [row.path for row in self.chosen() if not row.problem]
        if len(paths) > MOST_DRAWN:
            told = tr("Of {count} runs the first {most} are drawn.", count=len(paths), most=MOST_DRAWN)
            self._session.message_posted.emit(told)
        self._session.compared.show(paths[:MOST_DRAWN])
        self._owner_forward()

    @Slot()
    def compare(self) -> None:
        """Say in what the two chosen runs differ."""
        first, second = (row.path for row in self.chosen())
        self._comparer.start(lambda: compare(first, second))

    @Slot()
    def reveal(self) -> None:
        """Show the chosen run's folder in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.chosen()[0].path)))

    @Slot()
    def ask_name(self) -> None:
        """Ask for another name of the chosen run."""
        rows = self.chosen()
        if self._tell_open(rows):
            return
        self._to_rename = rows[0].path
        dialog = QInputDialog(self)
        dialog.setObjectName("renameRun")
        dialog.setWindowTitle(tr("Rename the run"))
        dialog.setLabelText(tr("The name of its folder:"))
        dialog.setTextValue(rows[0].name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self._on_name_chosen)
        dialog.open()

    @Slot(str)
    def _on_name_chosen(self, name: str) -> None:
        path, own = self._to_rename, self._session.keeper.folder
        self._renamer.start(lambda: rename(path, name.strip(), own))

    @Slot(list)
    def _on_renamed(self, items: list[Renamed]) -> None:
        old, new = items[-1].old, items[-1].new
        self.model.move(old, new)
        self._session.compared.remove(str(old))
        self._on_selected()

    def _tell_open(self, rows: Sequence[RunRow]) -> bool:
        """Whether one of these runs is open in this window, which is said then."""
        run = self._session.run
        is_open = run is not None and any(row.path == run.path for row in rows)
        if is_open and run is not None:
            self._session.failed.emit(tr("{name} is open: open another run first.", name=run.name))
        return is_open

    @Slot()
    def ask_trash(self) -> None:
        """Ask whether the chosen runs shall go, and move them to the trash."""
        rows = self.chosen()
        if self._tell_open(rows):
            return
        box = QMessageBox(self)
        box.setObjectName("trashQuestion")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(tr("Move to trash"))
        size = size_text(sum(row.size for row in rows))
        names = ", ".join(row.name for row in rows[:5]) + (" …" if len(rows) > 5 else "")
        count = len(rows)
        box.setText(
            tr("Move {count} runs ({size}) to the trash?\n{names}", count=count, size=size, names=names)
        )
        box.addButton(tr("Move to trash"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        self._to_trash = tuple(row.path for row in rows)
        box.accepted.connect(self._on_trash_accepted)
        box.open()

    @Slot()
    def _on_trash_accepted(self) -> None:
        paths = self._to_trash
        self._trash.start(lambda: move_to_trash(paths))

    @Slot(list)
    def _on_trashed(self, items: list[Trashed]) -> None:
        problems = [item.problem for item in items if item.problem]
        for problem in problems:
            self._session.failed.emit(problem)
        gone = {item.path for item in items if not item.problem}
        self.model.keep_only({row.path for row in self.model.rows} - gone)
        for path in gone:
            self._session.compared.remove(str(path))
        self._on_selected()
        if problems:
            self.status.set_text(" ".join(problems), "unusual")

    @Slot(list)
    def _on_compared(self, items: list[Compared]) -> None:
        self.differences.show_them(items[-1])

    @Slot(object)
    def _on_double_clicked(self, index: Index) -> None:
        if columns()[index.column()].name == "notes":
            self.table.edit(self.shown.index(index.row(), index.column()))
        else:
            self.open_run()

    def _owner_forward(self) -> None:
        if isinstance(owner := self.parent(), QWidget):
            owner.raise_()
            owner.activateWindow()

    @Slot()
    def _on_closing(self) -> None:
        for runner in (self._reader, self._comparer, self._trash, self._renamer):
            runner.close()
