"""The gallery: search, filter, sort and choose among the data set's pictures. The tiles are TileGrid's."""

import sys
from pathlib import Path
from typing import cast

from PySide6.QtCore import QPoint, QProcess, QSignalBlocker, Qt, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices, QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.direction_dialog import LABEL_FILES
from gui.gallery_order import Query, Sort, find_pictures
from gui.session import Session
from gui.tile_grid import TileGrid

WIDE_PX = 250  # from here on sort and filter stand side by side
_BY_ERROR = (Sort.ERROR_WORST, Sort.ERROR_BEST)
_BY_MODEL = (*_BY_ERROR, Sort.LIKENESS)
MIN_THUMBNAIL_PX, MAX_THUMBNAIL_PX, THUMBNAIL_PX = 24, 256, 50


class GalleryPanel(QWidget):
    """The session's pictures as tiles, with search, filter and sort; a click selects."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._query = Query()
        self._menu_index = -1
        self.setMinimumWidth(180)

        self.title = QLabel(tr("Gallery"))
        self.title.setProperty("role", "title")
        self.count = QLabel()
        self.count.setProperty("role", "secondary")
        self.selection = QLabel()
        self.selection.setProperty("role", "secondary")
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search index or label"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(tr("Search index or label"))
        self.search.setToolTip(
            tr("An index (1204 or #1204), part of a label or of a file's name.\nEnter selects the first.")
        )
        self.sort = self._combo(tr("Sort"), tr("Order of the pictures"))
        self.filter_column = self._combo(tr("Filter by label"), tr("Show only pictures with a certain label"))
        self.filter_class = self._combo(tr("Label"), tr("The label that the shown pictures have"))
        self.filter_class.hide()
        self.grid = TileGrid()
        self.grid.setObjectName("gallery")
        self.thumbnail_px = QSlider(Qt.Orientation.Horizontal)
        self.thumbnail_px.setRange(MIN_THUMBNAIL_PX, MAX_THUMBNAIL_PX)
        self.thumbnail_px.setSingleStep(4)
        self.thumbnail_px.setPageStep(16)
        self.thumbnail_px.setValue(THUMBNAIL_PX)
        self.thumbnail_px.setAccessibleName(tr("Thumbnail size"))
        self.thumbnail_px.setToolTip(tr("Size of the thumbnails"))
        self.grid.set_thumbnail_px(THUMBNAIL_PX)

        self._lay_out()
        self._connect()
        self._on_dataset_changed()

    def _combo(self, name: str, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(tip)
        combo.setMinimumContentsLength(3)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return combo

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.selection)
        self._choices = QGridLayout()
        self._choices.setSpacing(8)
        self._wide: bool | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 6, 8)
        layout.setSpacing(8)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, 6, 0)
        top.setSpacing(8)
        top.addLayout(head)
        top.addWidget(self.search)
        top.addLayout(self._choices)
        layout.addLayout(top)
        tiles = QVBoxLayout()
        tiles.setContentsMargins(-3, 0, 0, 0)  # the rings of the tiles stand out, their pictures line up
        tiles.addWidget(self.grid)
        layout.addLayout(tiles, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 6, 0)
        foot.addWidget(self.thumbnail_px)
        layout.addLayout(foot)
        self._arrange_choices(False)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_query_changed)
        self.search.returnPressed.connect(self._on_search_confirmed)
        self.sort.currentIndexChanged.connect(self._on_sort_chosen)
        self.filter_column.currentIndexChanged.connect(self._on_column_chosen)
        self.filter_class.currentIndexChanged.connect(self._on_query_changed)
        self.thumbnail_px.valueChanged.connect(self.grid.set_thumbnail_px)
        self.grid.picked.connect(self._on_picked)
        self.grid.activated.connect(self._on_picked)
        self.grid.menu_requested.connect(self._on_menu_requested)
        # Said in a paint event: what it changes waits until that is over.
        self.grid.failed.connect(self._session.failed, Qt.ConnectionType.QueuedConnection)
        session = self._session
        session.dataset_changed.connect(self._on_dataset_changed)
        session.labels_changed.connect(self._on_labels_changed)
        session.groups_changed.connect(self._on_groups_changed)
        self.grid.group_toggled.connect(self._on_group_toggled)
        session.selection_changed.connect(self._on_selection_changed)
        session.previews_chosen.connect(self._on_selection_changed)
        session.opening_changed.connect(self._tell_count)
        session.model_changed.connect(self._on_model_changed)
        session.analyst.errors_changed.connect(self._on_errors_changed)
        session.whereabouts.likeness_changed.connect(self._on_likeness_changed)

    @property
    def query(self) -> Query:
        """What is asked of the gallery now."""
        return self._query

    # From the session

    @Slot()
    def _on_dataset_changed(self) -> None:
        dataset = self._session.dataset
        with QSignalBlocker(self.sort), QSignalBlocker(self.filter_column), QSignalBlocker(self.search):
            self.search.clear()
            self._fill_columns()
        for control in (self.search, self.sort, self.thumbnail_px):
            control.setEnabled(dataset is not None)
        self._on_model_changed()
        self.grid.set_dataset(dataset)
        self.grid.set_errors(self._session.analyst.errors)
        self._fill_classes()
        self._ask()
        self._on_selection_changed()
        self._on_groups_changed()

    def _fill_columns(self) -> None:
        dataset = self._session.dataset
        labels = () if dataset is None else dataset.labels
        self.sort.clear()
        self.sort.addItem(tr("Sort: index"), (Sort.INDEX, -1))
        self.sort.addItem(tr("Sort: largest error"), (Sort.ERROR_WORST, -1))
        self.sort.addItem(tr("Sort: smallest error"), (Sort.ERROR_BEST, -1))
        self.sort.addItem(tr("Sort: like the edit"), (Sort.LIKENESS, -1))
        for at, column in enumerate(labels):
            self.sort.addItem(tr("Sort: {label}", label=column.name), (Sort.LABEL, at))
        self.filter_column.clear()
        self.filter_column.addItem(tr("All labels"), -1)
        for at, column in enumerate(labels):
            if column.classes:
                self.filter_column.addItem(column.name, at)
        self.filter_column.setEnabled(self.filter_column.count() > 1)

    @Slot()
    def _on_labels_changed(self) -> None:
        """Offer the labels that the pictures have now; what is shown stays as it is."""
        dataset = self._session.dataset
        if dataset is None:
            return
        filtered = self.filter_column.currentText() if self.filter_column.currentIndex() > 0 else ""
        class_, sort = self.filter_class.currentText(), self.sort.currentText()
        search = self.search.text()
        with QSignalBlocker(self.sort), QSignalBlocker(self.filter_column), QSignalBlocker(self.search):
            self._fill_columns()
            self.sort.setCurrentIndex(max(0, self.sort.findText(sort)))
            self.filter_column.setCurrentIndex(max(0, self.filter_column.findText(filtered)))
            self.search.setText(search)
        self._on_model_changed()
        self.grid.set_labels(dataset)
        self._fill_classes()
        with QSignalBlocker(self.filter_class):
            self.filter_class.setCurrentIndex(max(0, self.filter_class.findText(class_)))
        self._ask()

    @Slot()
    def _on_groups_changed(self) -> None:
        self.grid.set_groups(self._session.groups)

    @Slot(int, str)
    def _on_group_toggled(self, index: int, name: str) -> None:
        self._session.toggle_in_group("A" if name == "A" else "B", index)

    @Slot()
    def _on_selection_changed(self) -> None:
        session = self._session
        self.grid.set_marks(session.target_index, session.preview_indices)
        self.grid.set_selected(session.index)
        self._tell_selection()

    @Slot()
    def _on_model_changed(self) -> None:
        items = cast(QStandardItemModel, self.sort.model())
        for at in range(self.sort.count()):
            by_model = self.sort.itemData(at)[0] in _BY_MODEL
            items.item(at).setEnabled(not by_model or self._session.codec is not None)

    @Slot()
    def _on_errors_changed(self) -> None:
        self.grid.set_errors(self._session.analyst.errors)
        if self._query.sort in _BY_ERROR:
            self._want_errors()
            self._ask()

    @Slot()
    def _on_likeness_changed(self) -> None:
        if self._query.sort is Sort.LIKENESS:
            self._ask()

    # From the person

    @Slot()
    def sort_by_likeness(self) -> None:
        """Show the pictures whose codes are most like the edited one first."""
        at = next(at for at in range(self.sort.count()) if self.sort.itemData(at)[0] is Sort.LIKENESS)
        if self.sort.currentIndex() == at:
            self._on_sort_chosen()  # by the edit as it is now
        else:
            self.sort.setCurrentIndex(at)

    @Slot()
    def _on_query_changed(self) -> None:
        self._ask()

    @Slot()
    def _on_sort_chosen(self) -> None:
        self._want_errors()
        if self.sort.currentData()[0] is Sort.LIKENESS and self._session.pictures is not None:
            self._session.whereabouts.search_like_edited()
        self._ask()

    @Slot()
    def _on_column_chosen(self) -> None:
        self._fill_classes()
        self._ask()

    @Slot()
    def _on_search_confirmed(self) -> None:
        if len(self.grid.order):
            self._session.select_image(int(self.grid.order[0]))

    @Slot(int)
    def _on_picked(self, index: int) -> None:
        self._session.select_image(index)

    @Slot(int, QPoint)
    def _on_menu_requested(self, index: int, place: QPoint) -> None:
        menu = self.menu_for(index)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu_for(self, index: int) -> QMenu:
        """The context menu of a picture."""
        session, dataset = self._session, self._session.dataset
        self._menu_index = index
        menu = QMenu(self)
        menu.addAction(self._action(menu, tr("Use as source"), self._on_use_as_source))
        menu.addAction(self._action(menu, tr("Use as target"), self._on_use_as_target))
        load = self._action(menu, tr("Load the code of this picture"), self._on_load_code)
        load.setEnabled(session.codec is not None and session.index >= 0)
        menu.addAction(load)
        preview = self._action(menu, tr("Use in preview"), self._on_use_in_preview)
        preview.setCheckable(True)
        preview.setChecked(index in session.preview_indices)
        menu.addAction(preview)
        like = self._action(menu, tr("Pictures like the edited one"), self.sort_by_likeness)
        like.setEnabled(session.pictures is not None)
        menu.addAction(like)
        menu.addSeparator()
        for text, slot, group in (
            (tr("Group A"), self._on_group_a, session.groups[0]),
            (tr("Group B"), self._on_group_b, session.groups[1]),
        ):
            member = self._action(menu, text, slot)
            member.setCheckable(True)
            member.setChecked(index in group)
            menu.addAction(member)
        clear = self._action(menu, tr("Clear the groups"), session.clear_groups)
        clear.setEnabled(any(session.groups))
        menu.addAction(clear)
        menu.addAction(self._action(menu, tr("Labels…"), self.ask_labels))
        menu.addSeparator()
        reveal = self._action(menu, tr("Reveal the file"), self._on_reveal)
        reveal.setEnabled(dataset is not None and dataset.file_of(index) is not None)
        menu.addAction(reveal)
        return menu

    def _action(self, menu: QMenu, text: str, slot: object) -> QAction:
        action = QAction(text, menu)
        action.triggered.connect(slot)
        return action

    @Slot()
    def _on_use_as_source(self) -> None:
        self._session.select_image(self._menu_index)

    @Slot()
    def _on_use_as_target(self) -> None:
        self._session.set_target(self._menu_index)

    @Slot()
    def _on_load_code(self) -> None:
        self._session.load_code_of(self._menu_index)

    @Slot()
    def _on_use_in_preview(self) -> None:
        self._session.toggle_preview(self._menu_index)

    @Slot()
    def _on_group_a(self) -> None:
        self._session.toggle_in_group("A", self._menu_index)

    @Slot()
    def _on_group_b(self) -> None:
        self._session.toggle_in_group("B", self._menu_index)

    @Slot()
    def ask_labels(self) -> None:
        """Ask for a file of labels for the open pictures."""
        file, _kind = QFileDialog.getOpenFileName(self, tr("Labels of these pictures"), "", LABEL_FILES)
        if file:
            self._session.open_labels(Path(file))

    @Slot()
    def _on_reveal(self) -> None:
        dataset = self._session.dataset
        file = None if dataset is None else dataset.file_of(self._menu_index)
        if file is not None:
            reveal(file)

    # The query

    def _want_errors(self) -> None:
        """Have the errors of all pictures measured; while a network trains, those of a few must do."""
        sort, _ = self.sort.currentData()
        session = self._session
        if sort in _BY_ERROR and session.codec is not None and not session.trainer.is_active:
            session.analyst.request_errors()

    def _fill_classes(self) -> None:
        dataset = self._session.dataset
        column = self.filter_column.currentData()
        with QSignalBlocker(self.filter_class):
            self.filter_class.clear()
            if dataset is not None and column is not None and column >= 0:
                for name in dataset.labels[column].classes:
                    self.filter_class.addItem(name)
        self.filter_class.setVisible(self.filter_class.count() > 0)

    def _ask(self) -> None:
        dataset = self._session.dataset
        sort, sort_column = self.sort.currentData()
        column = self.filter_column.currentData()
        self._query = Query(
            self.search.text(),
            -1 if column is None else column,
            self.filter_class.currentIndex(),
            sort,
            sort_column,
        )
        if dataset is not None:
            session = self._session
            order = find_pictures(dataset, self._query, session.analyst.errors, session.whereabouts.likeness)
            self.grid.set_order(order)
            if sort is Sort.INDEX:
                self.grid.show_picture(self._session.index)
        self._tell_count()

    @Slot()
    def _tell_count(self) -> None:
        dataset = self._session.dataset
        if dataset is None:
            self.count.setText("")
            self.grid.set_hint(
                tr("Opening…")
                if self._session.awaits_pictures
                else tr("Drop a folder, a .npy, .npz, .zip or MNIST file of pictures here.")
            )
            return
        shown, total = len(self.grid.order), len(dataset)
        if shown == total:
            text = f"{total:,}"
        elif self.width() >= WIDE_PX:
            text = tr("{shown} of {total}", shown=f"{shown:,}", total=f"{total:,}")
        else:
            text = f"{shown:,}"
        self.count.setText(text)
        self.count.setToolTip(
            tr("{shown} of {total} pictures are shown", shown=f"{shown:,}", total=f"{total:,}")
        )
        self.grid.set_hint(tr("No picture matches. Clear the search or the filter."))

    def _tell_selection(self) -> None:
        index = self._session.index
        if index < 0:
            self.selection.setText("")
        elif self.width() >= WIDE_PX:
            self.selection.setText(tr("#{index} selected", index=f"{index:,}"))
        else:
            self.selection.setText(tr("#{index}", index=f"{index:,}"))

    def _arrange_choices(self, wide: bool) -> None:
        if wide == self._wide:
            return
        self._wide = wide
        choices = self._choices
        for combo in (self.sort, self.filter_column, self.filter_class):
            choices.removeWidget(combo)
        if wide:
            choices.addWidget(self.sort, 0, 0)
            choices.addWidget(self.filter_column, 0, 1)
        else:
            choices.addWidget(self.sort, 0, 0, 1, 2)
            choices.addWidget(self.filter_column, 1, 0, 1, 2)
        choices.addWidget(self.filter_class, 2, 0, 1, 2)
        choices.setColumnStretch(0, 3)
        choices.setColumnStretch(1, 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the controls to the width."""
        super().resizeEvent(event)
        self._arrange_choices(self.width() >= WIDE_PX)
        self._tell_count()
        self._tell_selection()


def reveal(file: Path) -> None:
    """Show a file in the system's file browser, marked where the system can do that."""
    if sys.platform == "win32":
        QProcess.startDetached("explorer", ["/select,", str(file)])
    elif sys.platform == "darwin":
        QProcess.startDetached("open", ["-R", str(file)])
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(file.parent)))
