"""ManyWindow: one adjustment applied to many pictures, with a look at what it changes on the whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from core.errors import ExportError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.edit_state import EditState
from gui.picture_label import PictureLabel
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import UNIT_PX
from gui.tile_grid import TileGrid
from gui.writing_window import WritingWindow

if TYPE_CHECKING:
    from core.export.many import ManyEdited

_ALL, _SHOWN, _FIRST = "all", "shown", "first"


class ManyWindow(WritingWindow):
    """Choose an adjustment and pictures, and write the edited ones; save_to() needs no further dialog."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(tr("Apply to many pictures"), "manyWindow", QSize(820, 620), session, owner)
        self.setMinimumSize(640, 480)
        self.edit = self.choice("manyEdit", tr("Adjustment"), tr("What is done to each picture's code"))
        self.which = self.choice("manyWhich", tr("Pictures"), tr("Which pictures are edited"))
        self.first = self.number(
            "manyFirst", tr("How many"), tr("So many pictures from the first on"), 1, 2**31 - 1, 100
        )
        self.kind = SegmentedControl(
            [
                Choice("folder", tr("Folder of PNGs"), tr("A picture a file, named by its index")),
                Choice("npy", tr("One .npy"), tr("An array (N,H,W,C) of bytes, for other programs")),
            ],
            tr("What is written"),
            self,
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(UNIT_PX)
        grid.setVerticalSpacing(UNIT_PX)
        grid.setColumnStretch(1, 1)
        self._labels: dict[QWidget, QLabel] = {}
        for row, (text, field) in enumerate(
            (
                (tr("Adjustment"), self.edit),
                (tr("Pictures"), self.which),
                (tr("How many"), self.first),
                (tr("Write"), self.kind),
            )
        ):
            self._labels[field] = self.add_row(grid, row, text, field)
        self.result = PictureLabel(tr("Contact sheet of what was written"), self)
        self.body.addLayout(grid)
        self.body.addWidget(self.result, 1)
        self.which.currentIndexChanged.connect(self._on_changed)
        self.edit.currentIndexChanged.connect(self._on_changed)
        for changed in (
            session.edit_changed,
            session.presets_changed,
            session.dataset_changed,
            session.model_changed,
            session.pictures_changed,
        ):
            changed.connect(self._on_session_changed)
        self._on_session_changed()

    # ---- what is asked for -----------------------------------------------------------------------------

    def chosen_edit(self) -> EditState:
        """The adjustment. Raises: ExportError where there is none."""
        name = self.edit.currentData()
        state = self._session.presets.get(name, EditState()) if name else self._session.edit
        if state.is_empty:
            raise ExportError(tr("Nothing is adjusted yet: turn a dial first, or choose a preset."))
        return state

    def chosen_indices(self) -> NDArray[np.int64]:
        """The pictures. Raises: ExportError where there are none."""
        dataset = self._session.dataset
        if dataset is None or self._session.codec is None:
            raise ExportError(tr("There are no pictures to edit yet: open pictures and a model first."))
        which = self.which.currentData()
        if which == _SHOWN:
            grid = self._owner.findChild(TileGrid, "gallery")
            indices = np.asarray(grid.order if grid is not None else [], np.int64)
        else:
            count = len(dataset) if which == _ALL else min(self.first.value(), len(dataset))
            indices = np.arange(count, dtype=np.int64)
        if not len(indices):
            raise ExportError(tr("The gallery shows no pictures: clear its search or its filter."))
        return indices

    def save_to(self, path: Path) -> None:
        """Edit the pictures and write them to path, in the background. Raises: LatentDialsError."""
        indices, edits = self.chosen_indices(), self.chosen_edit().as_edits()
        session = self._session
        codec, dataset, run = session.codec, session.dataset, session.run
        assert codec is not None
        assert dataset is not None
        heavy.many.check_target(path)
        title = heavy.panels.comparison_subtitle(codec.config, run.name if run is not None else "")
        self.result.set_text("")
        self.write(
            lambda: heavy.many.edit_many(codec, dataset, indices, edits, path, title=title), self._told
        )

    def _told(self, result: ManyEdited) -> str:
        self.result.set_image(QImage(str(result.sheet)))
        return f"{result.text()} {tr('Saved {path}.', path=result.path)}"

    def _on_save_clicked(self) -> None:
        if self.kind.current == "npy":
            self.ask_path(tr("Save the edited pictures"), "edited.npy", tr("Arrays (*.npy)"), "npy")
        else:
            self.ask_path(tr("Name a new folder for the edited pictures"), "edited", "", "")

    # ---- what is shown ---------------------------------------------------------------------------------

    @Slot()
    def _on_session_changed(self) -> None:
        session = self._session
        chosen, which = self.edit.currentData(), max(self.which.currentIndex(), 0)
        for combo in (self.edit, self.which):
            combo.blockSignals(True)
            combo.clear()
        text = session.edit.text() if not session.edit.is_empty else tr("nothing yet")
        self.edit.addItem(tr("The current one: {text}", text=text), "")
        for name in session.presets:
            self.edit.addItem(tr("Preset {name}", name=name), name)
        self.edit.setCurrentIndex(max(self.edit.findData(chosen), 0))
        total = len(session.dataset) if session.dataset is not None else 0
        self.which.addItem(tr("All {count}", count=f"{total:,}"), _ALL)
        self.which.addItem(tr("Those that the gallery shows"), _SHOWN)
        self.which.addItem(tr("The first of them"), _FIRST)
        self.which.setCurrentIndex(which)
        for combo in (self.edit, self.which):
            combo.blockSignals(False)
        self.refresh()

    @Slot()
    def _on_changed(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Say what can be chosen now, and why nothing can be written yet."""
        is_first = self.which.currentData() == _FIRST
        self.first.setVisible(is_first)
        self._labels[self.first].setVisible(is_first)
        try:
            self.chosen_edit()
            if self._session.codec is None or self._session.dataset is None:
                self.chosen_indices()
        except LatentDialsError as error:
            self.save_button.setEnabled(False)
            if self.result.image.isNull():
                self.result.set_text(str(error))
            return
        self.save_button.setEnabled(not self.is_writing)
        if self.result.image.isNull():
            self.result.set_text(
                tr("Pictures before and after stand here when they are written, and what changed on average.")
            )
