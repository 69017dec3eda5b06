"""The canvas: how pictures are compared, what is said about them, the traversal strip and the kept ones."""

from typing import cast

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.change_text import change_text
from gui.edit_state import move_text
from gui.kept_strip import KeptStrip, sigma_text
from gui.paint_bar import PaintBar
from gui.paint_layer import PaintLayer
from gui.painter import Painter
from gui.renderer import Pictures
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.stage import Mode, Stage
from gui.theme import CONTROL_PX, ui_font
from gui.traversal_strip import TraversalStrip

WIDE_PX = 740  # from here on there is room for whole words and the hint on Space
TALL_PX = 520  # below, the strips make room for the pictures
MOST_NAMED = 6  # dials in the caption of the edited picture; of more, how many
_SIDE_PX = 9
_COMBO_PX = 38  # of a combo box beside its text


class CanvasPanel(QWidget):
    """Original, reconstruction and edited picture of the session, and everything to compare them with.

    Signals:
        export_requested(): the person wants the comparison as a file.
        save_requested(str): the person wants one picture as a file: "original", "reconstruction" or "edited".
    """

    export_requested = Signal()
    save_requested = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._window: QWidget | None = None
        self.modes = SegmentedControl(
            (
                Choice(Mode.SIDE_BY_SIDE.value, tr("Side by side"), tr("All three pictures")),
                Choice(Mode.WIPE.value, tr("Wipe"), tr("Drag a divider over the picture")),
                Choice(Mode.BLINK.value, tr("Blink"), tr("Show both in turn, in one place")),
                Choice(Mode.DIFFERENCE.value, tr("Difference"), tr("Show how much each pixel changed")),
            ),
            tr("How pictures are compared"),
        )
        self.modes.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hint = QLabel(tr("hold Space to see the original"))
        self.hint.setProperty("role", "caption")
        self.against = QComboBox()
        self.against.addItem(tr("Reconstruction"), False)
        self.against.addItem(tr("Original"), True)
        names = QFontMetrics(ui_font(CONTROL_PX))
        texts = (self.against.itemText(at) for at in range(self.against.count()))
        self.against.setFixedWidth(max(names.horizontalAdvance(text) for text in texts) + _COMBO_PX)
        self.against.setAccessibleName(tr("Compare the edited picture with"))
        self.against.setToolTip(tr("Compare the edited picture with the reconstruction or the original"))
        self.keep = QPushButton(tr("Keep adjustment"))
        self.keep.setObjectName("keepButton")
        self.keep.setAccessibleName(tr("Keep adjustment"))
        self.keep.setToolTip(tr("Keep this adjustment beside the picture, to compare and export it"))
        self.export = QPushButton(tr("Export…"))
        self.export.setObjectName("exportButton")
        self.export.setProperty("primary", True)
        self.export.setAccessibleName(tr("Export the comparison"))
        self.export.setToolTip(tr("Save original, reconstruction and adjustments as one picture"))
        self.paint = QPushButton(tr("Paint"))
        self.paint.setObjectName("paintButton")
        self.paint.setCheckable(True)
        self.paint.setAccessibleName(tr("Paint on the edited picture"))
        self.paint.setToolTip(tr("Paint or erase on the edited picture, and the code follows"))
        self._tips = {button: button.toolTip() for button in (self.keep, self.export)}
        self.stage = Stage()
        self.painter = Painter(session, self)
        self.paint_bar = PaintBar(PaintLayer(self.stage.edited, self.painter), self.painter, session)
        self.traversal = TraversalStrip(session)
        self.kept = KeptStrip(session)
        self.setMinimumSize(560, 330)
        self._lay_out()
        self._connect()
        self._on_pictures_changed()
        self._on_mode_chosen(self.modes.current)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(3, 0, 3, 0)
        bar.setSpacing(8)
        bar.addWidget(self.modes)
        bar.addWidget(self.against)
        bar.addStretch(1)
        bar.addWidget(self.hint)
        bar.addWidget(self.paint)
        bar.addWidget(self.keep)
        bar.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE_PX, 12, _SIDE_PX, 10)
        layout.setSpacing(10)
        self._column = layout
        layout.addLayout(bar)
        layout.addWidget(self.paint_bar)
        layout.addWidget(self.stage, 1000)
        layout.addWidget(self.traversal)
        layout.addWidget(self.kept)
        layout.addStretch(1)

    def _connect(self) -> None:
        session = self._session
        self.modes.chosen.connect(self._on_mode_chosen)
        self.against.currentIndexChanged.connect(self._on_against_chosen)
        self.paint.toggled.connect(self._on_paint_toggled)
        self.painter.changed.connect(self._on_pictures_changed)
        session.detail_changed.connect(self._on_pictures_changed)
        self.keep.clicked.connect(session.keep_adjustment)
        self.export.clicked.connect(self.export_requested)
        self.stage.shown_changed.connect(self._tell)
        self.stage.original.save_requested.connect(self._on_save_original)
        self.stage.reconstruction.save_requested.connect(self._on_save_reconstruction)
        self.stage.edited.save_requested.connect(self._on_save_edited)
        self.traversal.frame_changed.connect(self._on_frame_changed)
        session.dataset_changed.connect(self._on_pictures_changed)
        session.model_changed.connect(self._on_pictures_changed)
        session.selection_changed.connect(self._on_pictures_changed)
        session.pictures_changed.connect(self._on_pictures_changed)
        session.opening_changed.connect(self._on_pictures_changed)
        session.replay.changed.connect(self._on_pictures_changed)
        session.edit_changed.connect(self._on_edit_changed)
        session.traversal_changed.connect(self._on_traversal_changed)
        session.kept_changed.connect(self._on_kept_changed)
        session.heat.changed.connect(self._on_heat_changed)
        session.analyst.statistics_changed.connect(self._tell)

    def set_mode(self, mode: Mode) -> None:
        """Compare in another way, as if its segment had been chosen."""
        self.modes.set_current(mode.value)
        self._on_mode_chosen(mode.value)

    @Slot(bool)
    def set_smooth(self, smooth: bool) -> None:
        """Blend between pixels, or show them sharp."""
        self.stage.lens.set_smooth(smooth)

    # From the session

    def _pictures(self) -> Pictures | None:
        """What is shown: the pictures of an earlier epoch while they are replayed, else those of now."""
        return self._session.replay.pictures or self._session.pictures

    @Slot()
    def _on_pictures_changed(self) -> None:
        session, pictures = self._session, self._pictures()
        original = session.original()
        if session.awaits_pictures:
            self.stage.set_hints(tr("Opening…"), "")
        elif session.awaits_model:
            self.stage.set_hints("", tr("Opening the model…"))
        elif session.dataset is None:
            self.stage.set_hints(
                tr("Drop pictures here, or choose File > Open pictures."),
                tr("Its reconstruction stands here as soon as there are pictures and a model."),
            )
        else:
            self.stage.set_hints(
                tr("Choose a picture in the gallery."),
                tr("Train a model, or open a run, to see the picture through its code."),
            )
        if pictures is None or original is None or pictures.original.shape != original.shape:
            self.stage.set_pictures(original, None, None, changed=False)
        else:
            if np.array_equal(original, pictures.original):
                original = pictures.original  # the very array, so that its view need not be painted again
            changed = not session.edit.is_empty
            edited = session.shown_edited(pictures)
            self.stage.set_pictures(original, pictures.reconstruction, edited, changed=changed)
        self._fit()
        self._on_edit_changed()

    @Slot()
    def _on_edit_changed(self) -> None:
        is_now = self._session.replay.epoch is None
        has_pictures = self._session.pictures is not None and is_now
        self.keep.setEnabled(has_pictures and not self._session.edit.is_empty)
        self.export.setEnabled(has_pictures)
        self.paint.setEnabled(has_pictures)
        if not has_pictures:
            self.paint.setChecked(False)
        why_not = tr("An earlier epoch is shown: go back to now first, at the right end of its slider.")
        self.keep.setToolTip(self._tips[self.keep] if is_now else why_not)
        self.export.setToolTip(self._tips[self.export] if is_now else why_not)

    @Slot()
    def _on_frame_changed(self) -> None:
        walk, place = self.traversal.frame, self.traversal.place
        is_replay = self._session.replay.pictures is not None  # whose dials the strip does not walk
        self.stage.set_guest(None if walk is None or is_replay else walk.pictures[place])

    @Slot()
    def _on_traversal_changed(self) -> None:
        self._on_frame_changed()
        self._fit()

    @Slot()
    def _on_heat_changed(self) -> None:
        self.stage.set_heat(None if self.paint.isChecked() else self._session.heat.shown)  # one paints on it

    @Slot()
    def _on_kept_changed(self) -> None:
        self._fit()

    # From the person

    @Slot(bool)
    def _on_paint_toggled(self, on: bool) -> None:
        if on:
            self.set_mode(Mode.SIDE_BY_SIDE)
        self.painter.set_on(on)
        self._on_heat_changed()
        self._fit()

    @Slot(str)
    def _on_mode_chosen(self, key: str) -> None:
        mode = Mode(key)
        if mode is not Mode.SIDE_BY_SIDE:
            self.paint.setChecked(False)
        self.stage.set_mode(mode)
        self.against.setVisible(mode is not Mode.SIDE_BY_SIDE)
        self._fit()

    @Slot()
    def _on_against_chosen(self) -> None:
        self.stage.set_against_original(bool(self.against.currentData()))

    @Slot()
    def _on_save_original(self) -> None:
        self.save_requested.emit("original")

    @Slot()
    def _on_save_reconstruction(self) -> None:
        self.save_requested.emit("reconstruction")

    @Slot()
    def _on_save_edited(self) -> None:
        self.save_requested.emit("edited")

    # Captions

    @Slot()
    def _tell(self) -> None:
        session, stage, pictures = self._session, self.stage, self._pictures()
        dataset, index = session.dataset, session.index
        number, label = "", ""
        if dataset is not None and index >= 0:
            number = tr("#{index}", index=f"{index:,}")
            classes = [column for column in dataset.labels if column.classes]
            label = classes[0].text(index) if len(classes) == 1 else ""  # of many, one alone would say little
        stage.captions[stage.original].set_text(tr("Original"), number, label)
        error = "" if pictures is None else tr("mse {mse}", mse=f"{pictures.mse:.4f}")
        then = ""
        if session.replay.pictures is not None:
            epoch, epochs = session.replay.shown_epoch, session.replay.epochs_asked
            then = tr("epoch {epoch} of {epochs}", epoch=epoch, epochs=max(epoch, epochs))
        stage.captions[stage.reconstruction].set_text(tr("Reconstruction"), then, error)
        edited = stage.captions[stage.edited]
        if stage.shows_original:
            edited.set_text(tr("Original"), number, label)
        elif stage.shows_reconstruction:
            edited.set_text(tr("Reconstruction"), then, error)
        elif stage.shows_guest and session.traversal is not None and self.traversal.place >= 0:
            at = self.traversal.tiles.caption(self.traversal.place)
            name = session.traversal.direction or f"z{session.traversal.dim}"
            edited.set_text(tr("Traversal of {name}", name=name), at)
        elif pictures is None or session.edit.is_empty:
            edited.set_text(tr("Edited"), then, "" if pictures is None else tr("nothing yet: turn a dial"))
        else:
            title = tr("Edited")
            if stage.mode is Mode.WIPE:
                title = tr("Original | Edited") if stage.against_original else tr("Reconstruction | Edited")
            change = change_text(pictures.reconstruction, pictures.edited)
            if session.has_detail:
                change = tr("with the original's detail")
            edited.set_text(title, *((then, self._edit_text()) if then else (self._edit_text(), change)))
        if stage.levels is not None:
            mean = tr("mean {level}", level=f"{stage.levels.mean():.1f}")
            most = tr("most {level} of 255", level=int(stage.levels.max()))
            stage.captions[stage.difference].set_text(tr("Difference"), mean, most)
        else:
            stage.captions[stage.difference].set_text(tr("Difference"))

    def _edit_text(self) -> str:
        """The edit in short: "z12 +2.4σ" where the data's spread is known."""
        session, dims, moves = self._session, self._session.edit.dims(), self._session.edit.moves()
        statistics = session.analyst.statistics
        if session.edit.start is None and len(dims) > MOST_NAMED:  # a stroke moves them all
            turned = tr("{count} dials turned", count=len(dims))
            return ", ".join([turned, *(move_text(move) for move in moves)])
        if session.edit.start is not None or not 1 <= len(dims) + len(moves) <= 2:
            return session.edit.text()
        deltas = {dim: session.edit.own_change(dim, session.start_value(dim)) for dim in dims}
        moved = [sigma_text(statistics, dim, delta, f"z{dim} ") for dim, delta in deltas.items()]
        moved += [move_text(move) for move in moves]
        return ", ".join(moved) if all(moved) else session.edit.text()

    # Space shows the original

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Space that no one else wanted: buttons and text boxes take theirs before the window gets it."""
        if watched is self._window:
            if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                key = cast(QKeyEvent, event)
                plain = key.modifiers() == Qt.KeyboardModifier.NoModifier
                if key.key() == Qt.Key.Key_Space and plain:
                    if not key.isAutoRepeat():
                        self.hold_original(event.type() is QEvent.Type.KeyPress)
                    return True
            elif event.type() is QEvent.Type.WindowDeactivate:
                self.hold_original(False)
            elif event.type() is QEvent.Type.Close:  # what comes after it may meet a panel half taken apart
                self._watch(None)
        return super().eventFilter(watched, event)

    @Slot(bool)
    def hold_original(self, held: bool) -> None:
        """Show the original in the place of the edited picture for as long as it is held."""
        self.stage.hold_original(held)

    @Slot()
    def _on_focus_changed(self) -> None:
        # The release of the key may go to whoever has the focus now.
        self.hold_original(False)

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the window for Space."""
        super().showEvent(event)
        self._watch(self.window())
        cast(QApplication, QApplication.instance()).focusChanged.connect(
            self._on_focus_changed, Qt.ConnectionType.UniqueConnection
        )
        self._fit()

    def _watch(self, window: QWidget | None) -> None:
        """Hear what happens to a window, and to no other one."""
        if window is not self._window:
            if self._window is not None:
                self._window.removeEventFilter(self)
            self._window = window
            if window is not None:
                window.installEventFilter(self)

    def hideEvent(self, event: QHideEvent) -> None:
        """Let go."""
        self.hold_original(False)
        super().hideEvent(event)

    # Room

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the controls and the stage to the room."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """The size it has in a window of 1440 by 900."""
        return QSize(790, 650)

    def _fit(self) -> None:
        wide = self.width() >= WIDE_PX
        comparing = self.modes.current != Mode.SIDE_BY_SIDE.value
        self.hint.setVisible(wide and not comparing)
        self.paint.setVisible(wide or not comparing)  # which is side by side
        self.keep.setText(tr("Keep adjustment") if wide else tr("Keep"))
        self.modes.button(Mode.SIDE_BY_SIDE.value).setText(
            tr("Side by side") if wide or not comparing else tr("Side")
        )
        compact = self.height() < TALL_PX
        self.traversal.set_compact(compact)
        self.kept.set_compact(compact)
        self._column.setContentsMargins(_SIDE_PX, 8 if compact else 12, _SIDE_PX, 8)
        self._column.setSpacing(6 if compact else 10)
        margins, spacing = self._column.contentsMargins(), self._column.spacing()
        others = sum(part.sizeHint().height() for part in (self.modes, self.traversal, self.kept))
        if self.painter.is_on:
            others += self.paint_bar.sizeHint().height() + spacing
        room = self.height() - others - margins.top() - margins.bottom() - 4 * spacing
        tall = self.stage.height_for(self.width() - 2 * _SIDE_PX, max(room, self.stage.minimumHeight()))
        self.stage.setMaximumHeight(max(self.stage.minimumHeight(), tall))
