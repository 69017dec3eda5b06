"""ExportDialog: the comparison as it will be saved, what goes into it, and the person's words on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.errors import ExportError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.adjustment_row import AdjustmentRow
from gui.background import LatestOnly
from gui.edit_state import Kept
from gui.export_request import FigureRequest, draw_figure, export_subject
from gui.picture_label import PictureLabel
from gui.plain import PlainLabel
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.style import set_look
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.export.recipe import Recipe
    from core.export.typeset import ThemeName

_SIDE_PX = 320
_COMFORTABLE_PX = 256  # a picture's side in the figure at first


class ExportDialog(QDialog):
    """Save the comparison as one PNG with its recipe, each picture on its own, or copy it.

    export_to(), export_each() and copy() work without any further dialog.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._subject = export_subject(session)
        self._folder = Path.home()
        self.rows: list[AdjustmentRow] = []
        self.setObjectName("exportDialog")
        self.setWindowTitle(tr("Export comparison"))
        self._lane = LatestOnly(draw_figure, self)
        self._lane.answered.connect(self._on_drawn)
        self._lane.failed.connect(self._on_not_drawn)

        self.preview = PictureLabel(tr("The comparison as it will be saved"), self)
        self._make_options()
        side = QVBoxLayout()
        side.setSpacing(UNIT_PX)
        side.addLayout(self._options)
        side.addWidget(self.difference_box)
        side.addWidget(self.detail_box)
        heading = QLabel(tr("Adjustments and your words on them"), self)
        heading.setProperty("role", "title")
        side.addSpacing(UNIT_PX // 2)
        side.addWidget(heading)
        side.addWidget(self._make_rows(), 1)

        self.message_label = PlainLabel(parent=self)
        self.message_label.setProperty("role", "caption")
        self.message_label.setWordWrap(True)
        self.save_button = _button(
            self, "exportSave", tr("Save…"), tr("One PNG that carries its recipe (Ctrl+S)")
        )
        self.save_button.setProperty("primary", True)
        self.save_button.setShortcut("Ctrl+S")
        self.save_button.clicked.connect(self._on_save_clicked)
        self.each_button = _button(
            self, "exportEach", tr("Save each picture…"), tr("Every picture as a PNG of its own, in a folder")
        )
        self.each_button.clicked.connect(self._on_each_clicked)
        self.copy_button = _button(
            self, "exportCopy", tr("Copy"), tr("The figure to the clipboard (Ctrl+Shift+C)")
        )
        self.copy_button.setShortcut("Ctrl+Shift+C")
        self.copy_button.clicked.connect(self._on_copy_clicked)
        close = _button(self, "exportClose", tr("Close"), "")
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.message_label, 1)
        for button in (close, self.copy_button, self.each_button, self.save_button):
            buttons.addWidget(button)
            button.setEnabled(self._subject is not None or button is close)

        body = QHBoxLayout()
        body.setSpacing(2 * UNIT_PX)
        body.addWidget(self.preview, 1)
        holder = QWidget(self)
        holder.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(_SIDE_PX)
        body.addWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(12)
        layout.addLayout(body, 1)
        layout.addLayout(buttons)
        self.setMinimumSize(760, 420)
        self.resize(980, 600)
        self._refresh()

    @property
    def is_drawing(self) -> bool:
        """Whether the preview is about to change."""
        return not self._lane.idle

    @property
    def theme(self) -> ThemeName:
        """The appearance of the figure."""
        return "dark" if self.theme_choice.current == "dark" else "light"

    def export_to(self, path: Path) -> None:
        """Write the figure with its recipe as a PNG. Raises: LatentDialsError."""
        self._commit_notes()
        heavy.recipe.save_png(self._needed_request().image(), self._recipe(), path)

    def export_each(self, folder: Path) -> tuple[Path, ...]:
        """Write every picture as a PNG of its own at the chosen scale; nothing is overwritten.

        Raises: LatentDialsError.
        """
        self._commit_notes()
        comparison, recipe = self._needed_request().comparison(), self._recipe()
        names = ["original"] if comparison.original is not None else []
        names += ["reconstruction", *(f"adjusted-{n}" for n in range(1, len(comparison.adjustments) + 1))]
        stem = _free_stem(folder, f"picture-{recipe.index}", names)
        paths = tuple(folder / f"{stem}-{name}.png" for name in names)
        for panel, path in zip(comparison.panels, paths, strict=True):
            heavy.recipe.save_picture(panel.pixels, path, self.scale_box.value(), recipe)
        return paths

    def copy(self) -> None:
        """Put the figure on the clipboard. Raises: ExportError."""
        self._commit_notes()
        QGuiApplication.clipboard().setImage(draw_figure(self._needed_request()))

    def done(self, result: int) -> None:
        """Closed in whatever way: the words are kept, the drawing in the background ends."""
        self._commit_notes()
        self._lane.stop_and_wait()
        super().done(result)

    def _make_options(self) -> None:
        self._options = QGridLayout()
        self._options.setHorizontalSpacing(UNIT_PX)
        self._options.setVerticalSpacing(UNIT_PX)
        self.scale_box = QSpinBox(self)
        self.scale_box.setRange(1, heavy.comparison.MAX_SCALE)
        self.scale_box.setSuffix(" ×")
        self.scale_box.lineEdit().setTextMargins(6, 0, 0, 0)
        self.scale_box.setAccessibleName(tr("Scale"))
        self.scale_box.setToolTip(tr("Each pixel of a picture becomes a square of this side"))
        if self._subject is not None:
            side = max(self._subject.original.shape[:2])
            self.scale_box.setValue(max(1, _COMFORTABLE_PX // side))
        self.theme_choice = SegmentedControl(
            [Choice("light", tr("Light")), Choice("dark", tr("Dark"))], tr("Appearance of the figure"), self
        )
        self.theme_choice.set_current("light")
        self.difference_box = QCheckBox(tr("Row of differences"), self)
        self.difference_box.setToolTip(tr("Below each picture, where and how much it differs"))
        self.detail_box = QCheckBox(tr("Original's detail"), self)
        self.detail_box.setObjectName("exportDetail")
        self.detail_box.setToolTip(
            tr("Put back what the network lost of the original where nothing was edited")
        )
        self.detail_box.setChecked(self._session.has_detail)
        self.detail_box.toggled.connect(self._on_detail_toggled)
        for row, (text, field) in enumerate(
            ((tr("Scale"), self.scale_box), (tr("Appearance"), self.theme_choice))
        ):
            label = QLabel(text, self)
            label.setProperty("role", "caption")
            label.setBuddy(field)
            self._options.addWidget(label, row, 0)
            self._options.addWidget(field, row, 1)
        self._options.setColumnStretch(1, 1)
        self.scale_box.valueChanged.connect(self._on_option_changed)
        self.theme_choice.chosen.connect(self._on_option_changed)
        self.difference_box.toggled.connect(self._on_option_changed)

    def _make_rows(self) -> QWidget:
        session = self._session
        kept = list(session.adjustments())
        measured = self._measured(kept)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT_PX)
        for position, (adjustment, facts) in enumerate(zip(kept, measured, strict=True)):
            row = AdjustmentRow(adjustment, facts, position if position < len(session.kept) else None, box)
            row.edited.connect(self._on_option_changed)
            self.rows.append(row)
            column.addWidget(row)
        if not self.rows:
            hint = QLabel(
                tr("Nothing is adjusted yet: the figure shows the picture and its reconstruction."), box
            )
            hint.setProperty("role", "caption")
            hint.setWordWrap(True)
            column.addWidget(hint)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the keys
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(box)
        return scroll

    def _measured(self, kept: list[Kept]) -> list[str]:
        """The measured facts about each adjustment, in words."""
        if self._subject is None:
            return [""] * len(kept)
        adjustments = tuple((adjustment.state.as_edits(), None) for adjustment in kept)
        request = FigureRequest(self._subject, adjustments, 1, "light", False, self.detail_box.isChecked())
        return [panel.note for panel in request.comparison().adjustments]

    def _chosen(self) -> list[AdjustmentRow]:
        return [row for row in self.rows if row.is_included]

    def _request(self) -> FigureRequest | None:
        if self._subject is None:
            return None
        adjustments = tuple((row.adjustment.state.as_edits(), row.words) for row in self._chosen())
        return FigureRequest(
            self._subject,
            adjustments,
            self.scale_box.value(),
            self.theme,
            self.difference_box.isChecked(),
            self.detail_box.isChecked(),
        )

    def _needed_request(self) -> FigureRequest:
        request = self._request()
        if request is None:
            raise ExportError(tr("There is no picture to export: open pictures and a model first."))
        return request

    def _recipe(self) -> Recipe:
        chosen = self._chosen()
        positions = tuple(row.position for row in chosen if row.position is not None)
        recipe = self._session.recipe(positions, any(row.position is None for row in chosen))
        with_words = [
            adjustment.model_copy(update={"note": row.own_words})
            for adjustment, row in zip(recipe.adjustments, chosen, strict=False)
        ]
        detail = self.detail_box.isChecked()
        return recipe.model_copy(update={"adjustments": with_words, "detail": detail})

    def _commit_notes(self) -> None:
        for row in self.rows:
            if row.position is not None:
                self._session.set_note(row.position, row.own_words)

    def _refresh(self) -> None:
        request = self._request()
        if request is None:
            self.preview.set_text(tr("There is no picture to export: open pictures and a model first."))
        else:
            self._lane.submit(request)

    def _say(self, text: str, role: str = "caption") -> None:
        set_look(self.message_label, "role", role)
        self.message_label.setText(text)

    @Slot()
    def _on_option_changed(self) -> None:
        self._say("")
        self._refresh()

    @Slot()
    def _on_detail_toggled(self) -> None:
        facts = self._measured([row.adjustment for row in self.rows])
        for row, measured in zip(self.rows, facts, strict=True):
            row.show_facts(measured)
        self._on_option_changed()

    @Slot(object, object)
    def _on_drawn(self, _request: FigureRequest, image: QImage) -> None:
        self.preview.set_image(image)
        size = tr("{width}×{height} pixels", width=image.width(), height=image.height())
        self.preview.setToolTip(size)
        if not self.message_label.text():
            self._say(size)

    @Slot(object, object)
    def _on_not_drawn(self, _request: FigureRequest, error: Exception) -> None:
        self.preview.set_text(str(error))
        if not isinstance(error, LatentDialsError):
            raise error

    @Slot()
    def _on_save_clicked(self) -> None:
        name = f"picture-{self._subject.index}-comparison.png" if self._subject else "comparison.png"
        dialog = QFileDialog(
            self, tr("Save the comparison"), str(self._folder / name), tr("PNG pictures (*.png)")
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_file_chosen)
        dialog.open()

    @Slot()
    def _on_each_clicked(self) -> None:
        dialog = QFileDialog(self, tr("Save each picture"), str(self._folder))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_folder_chosen)
        dialog.open()

    @Slot(str)
    def _on_file_chosen(self, name: str) -> None:
        path = Path(name)
        self._folder = path.parent
        try:
            self.export_to(path)
        except (LatentDialsError, OSError) as error:
            self._say(str(error), "unusual")
        else:
            self._say(tr("Saved {path}.", path=path))
            self._session.message_posted.emit(tr("Saved {path}.", path=path))

    @Slot(str)
    def _on_folder_chosen(self, name: str) -> None:
        self._folder = Path(name)
        try:
            paths = self.export_each(self._folder)
        except (LatentDialsError, OSError) as error:
            self._say(str(error), "unusual")
        else:
            self._say(tr("Saved {count} pictures in {folder}.", count=len(paths), folder=name))

    @Slot()
    def _on_copy_clicked(self) -> None:
        try:
            self.copy()
        except (LatentDialsError, OSError) as error:
            self._say(str(error), "unusual")
        else:
            self._say(tr("Copied."))


def _free_stem(folder: Path, stem: str, names: list[str]) -> str:
    """stem, or stem-2, stem-3 …: the first under which no file of names is there."""
    number = 1
    while True:
        candidate = stem if number == 1 else f"{stem}-{number}"
        if not any((folder / f"{candidate}-{name}.png").exists() for name in names):
            return candidate
        number += 1


def _button(dialog: QDialog, name: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(text, dialog)
    button.setObjectName(name)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
