"""AnimationWindow: traversals, in-betweens and walks as moving pictures: chosen, seen, written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QSize, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent, QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.errors import ExportError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.animation_request import AnimationRequest, OverEpochs, PreviewFrame, What, preview, written
from gui.background import Runner
from gui.picture_label import PictureLabel
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import UNIT_PX
from gui.writing_window import WritingWindow

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from core.export.typeset import ThemeName
    from core.export.walks import Loop

_SIDE_PX = 332
_SETTLE_MS = 250  # after the last change, before the preview begins anew
_FORMATS = ("gif", "webp", "mp4", "png")
_SHEET_STEPS = 9


class AnimationWindow(WritingWindow):
    """Choose what moves and how, watch it, and write it; save_to() needs no further dialog."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(tr("Animation"), "animationWindow", QSize(940, 640), session, owner)
        self.setMinimumSize(760, 560)
        self._frames: list[PreviewFrame] = []
        self._at = 0
        self._preview = Runner(self)
        self._preview.items_arrived.connect(self._on_frames)
        self._preview.failed.connect(self._on_preview_failed)
        session.closing.connect(self._on_session_closing)
        self._play = QTimer(self)
        self._play.timeout.connect(self._on_tick)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._restart)
        self.preview = PictureLabel(tr("The animation as it will be written"), self)
        self._make_controls()
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(UNIT_PX)
        side.addLayout(self._grid)
        side.addWidget(self.captions_box)
        self.facts_label = QLabel(self)
        self.facts_label.setObjectName("animationFacts")
        self.facts_label.setProperty("role", "caption")
        self.facts_label.setWordWrap(True)
        side.addWidget(self.facts_label)
        side.addStretch(1)
        holder = QWidget(self)
        holder.setLayout(side)
        holder.setFixedWidth(_SIDE_PX)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT_PX)
        row.addWidget(self.preview, 1)
        row.addWidget(holder)
        self.body.addLayout(row, 1)
        for changed in (
            session.pictures_changed,
            session.dial_changed,
            session.selection_changed,
            session.model_changed,
            session.dataset_changed,
            session.analyst.statistics_changed,
            session.analyst.effects_changed,
            session.analyst.study_changed,
            session.detail_changed,
            session.replay.epochs_changed,
        ):
            changed.connect(self._on_changed)
        self.refresh()

    def _make_controls(self) -> None:
        self.what = self.choice("animationWhat", tr("What moves"), tr("What moves"))
        for what, text in (
            (What.DIAL, tr("The dial in hand")),
            (What.STRONGEST, tr("The strongest dials")),
            (What.TO_TARGET, tr("This picture to the target")),
            (What.TO_EDITED, tr("Reconstruction to edited")),
            (What.RANDOM, tr("A walk through random codes")),
            (What.EPOCHS, tr("The edit over the epochs of training")),
        ):
            self.what.addItem(text, what)
        self.dials = self.number("animationDials", tr("Dials"), tr("How many of the strongest"), 1, 16, 6)
        self.codes = self.number(
            "animationCodes", tr("Codes"), tr("How many random codes the walk goes through"), 2, 64, 8
        )
        self.seed = self.number("animationSeed", tr("Seed"), tr("Another seed, other codes"), 0, 999_999, 0)
        self.sigmas = self.fraction(
            "animationSigmas",
            tr("Range"),
            tr("Standard deviations to both sides of the data's mean"),
            10.0,
            0.5,
        )
        self.sigmas.setSpecialValueText(tr("90 % of the data"))
        self.sigmas.setSuffix(tr(" sigma"))
        self.format = self.choice("animationFormat", tr("Format"), tr("What kind of file"))
        missing = heavy.video.missing_video()
        for key, text in (
            ("gif", tr("GIF: everywhere, 256 colours")),
            ("webp", tr("WebP: browsers, all colours")),
            ("mp4", tr("MP4: slides and players")),
            ("png", tr("PNG: one sheet in steps")),
        ):
            self.format.addItem(text, key)
        if missing:
            item = cast(QStandardItemModel, self.format.model()).item(_FORMATS.index("mp4"))
            item.setEnabled(False)
            item.setToolTip(missing)
            self.format.setToolTip(missing)
        self.frames = self.number(
            "animationFrames", tr("Frames"), tr("More frames move more smoothly and longer"), 2, 2000, 60
        )
        self.fps = self.number("animationFps", tr("Frames a second"), tr("How fast it plays"), 1, 50, 25)
        self.pace = self.number(
            "animationPace", tr("Epochs a second"), tr("How fast the epochs follow each other"), 1, 25, 2
        )
        self.scale = self.number(
            "animationScale",
            tr("Scale"),
            tr("Each pixel of a picture becomes a square of this side"),
            1,
            32,
            4,
        )
        self.scale.setSuffix(" ×")
        self.loop = SegmentedControl(
            [
                Choice("back", tr("There and back"), tr("For ever, without a jump")),
                Choice("once", tr("Once"), tr("From one end to the other")),
            ],
            tr("Loop"),
            self,
        )
        self.theme = SegmentedControl(
            [Choice("light", tr("Light")), Choice("dark", tr("Dark"))], tr("Appearance"), self
        )
        self.captions_box = QCheckBox(tr("Title and captions"), self)
        self.captions_box.setObjectName("animationCaptions")
        self.captions_box.setChecked(True)
        self.captions_box.setToolTip(tr("Dial, value and standard deviations in the picture"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(UNIT_PX)
        self._grid.setVerticalSpacing(UNIT_PX)
        self._grid.setColumnStretch(1, 1)
        self._labels: dict[QWidget, QLabel] = {}
        for row, (text, field) in enumerate(
            (
                (tr("What"), self.what),
                (tr("Dials"), self.dials),
                (tr("Range"), self.sigmas),
                (tr("Codes"), self.codes),
                (tr("Seed"), self.seed),
                (tr("Format"), self.format),
                (tr("Frames"), self.frames),
                (tr("Frames/s"), self.fps),
                (tr("Epochs/s"), self.pace),
                (tr("Scale"), self.scale),
                (tr("Loop"), self.loop),
                (tr("Appearance"), self.theme),
            )
        ):
            self._labels[field] = self.add_row(self._grid, row, text, field)
        for combo in (self.what, self.format):
            combo.currentIndexChanged.connect(self._on_changed)
        for box in (self.dials, self.codes, self.seed, self.frames, self.fps, self.pace, self.scale):
            box.valueChanged.connect(self._on_changed)
        self.sigmas.valueChanged.connect(self._on_changed)
        self.loop.chosen.connect(self._on_changed)
        self.theme.chosen.connect(self._on_changed)
        self.captions_box.toggled.connect(self._on_changed)

    def show_replay(self) -> None:
        """Choose the edit over the epochs of training."""
        self.what.setCurrentIndex(self.what.findData(What.EPOCHS))

    # ---- what is asked for -----------------------------------------------------------------------------

    def request(self) -> AnimationRequest:
        """What is chosen now. Raises: ExportError where something that it needs is absent."""
        session = self._session
        codec, dataset, pictures, run = session.codec, session.dataset, session.pictures, session.run
        if codec is None or dataset is None or pictures is None or run is None:
            raise ExportError(tr("There is nothing to animate yet: open pictures and a model first."))
        what: What = self.what.currentData()
        dims: tuple[int, ...] = ()
        target_name = ""
        title = heavy.panels.comparison_title(session.index, dataset.identity.name)
        effects = session.analyst.effects
        if what is What.DIAL:
            dims = (session.dial,)
        elif what is What.STRONGEST:
            if effects is None:
                raise ExportError(
                    session.codes_missing or tr("The dials are still being measured: a moment.")
                )
            dims = heavy.moving.strongest_dims(effects, self.dials.value())
        elif what is What.TO_TARGET:
            if session.target_index < 0:
                raise ExportError(tr("No target is chosen: right-click a picture in the gallery first."))
            target_name = tr("picture {index}", index=session.target_index)
        elif what is What.TO_EDITED:
            if session.edit.is_empty:
                raise ExportError(tr("Nothing is adjusted yet: turn a dial first."))
            target_name = tr("edited")
        elif what is What.RANDOM:
            title = tr("Random codes, seed {seed}", seed=self.seed.value())
        over = self._over_epochs() if what is What.EPOCHS else None
        if dims and session.statistics is None:
            raise ExportError(session.codes_missing or tr("The codes are still being measured: a moment."))
        subtitle = heavy.panels.comparison_subtitle(codec.config, run.name)
        if over is not None and over.detail:
            subtitle += tr(", with the original's detail")
        theme: ThemeName = "dark" if self.theme.current == "dark" else "light"
        loop: Loop = "once" if self.loop.current == "once" else "back"
        return AnimationRequest(
            what=what,
            codec=codec,
            statistics=session.statistics,
            dataset=dataset,
            own_code=pictures.code,
            edited_code=pictures.edited_code,
            dims=dims,
            target=session.target_index,
            target_name=target_name,
            count=self.codes.value(),
            seed=self.seed.value(),
            sigmas=self.sigmas.value(),
            loop=loop,
            frames=0 if over else self.frames.value(),
            fps=self.pace.value() if over else self.fps.value(),
            scale=self.scale.value(),
            theme=theme,
            has_captions=self.captions_box.isChecked(),
            title=title,
            subtitle=subtitle,
            over=over,
        )

    def _over_epochs(self) -> OverEpochs:
        """The edited view as it is now. Raises: ExportError."""
        session = self._session
        run, pictures = session.run, session.pictures
        if run is None or pictures is None or not session.replay.epochs:
            raise ExportError(
                tr('This run has kept no epochs: train one with "Keep epochs" of 1 or more, under Advanced.')
            )
        is_live = session.trainer.is_active or session.follower.is_live
        epoch = 0 if is_live else heavy.epochs.epoch_now(run)
        edits = session.edit.as_edits()
        return OverEpochs(run, pictures.original, edits, session.has_detail, epoch)

    def save_to(self, path: Path) -> None:
        """Write what is chosen to path, in the background. Raises: LatentDialsError."""
        request = self.request()
        if path.suffix.lower() != ".png":
            heavy.animation.animation_format(path)
        self.write(lambda: written(request, path, _SHEET_STEPS), lambda _none: tr("Saved {path}.", path=path))

    def _on_save_clicked(self) -> None:
        key = self.format.currentData()
        name = f"{self.what.currentData().value}-{max(self._session.index, 0)}.{key}"
        self.ask_path(tr("Save the animation"), name, f"{key.upper()} (*.{key})", key)

    # ---- what is shown ---------------------------------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Show the fields that the choice needs, and begin the preview anew."""
        what = self.what.currentData()
        is_traversal = what in (What.DIAL, What.STRONGEST)
        is_sheet = self.format.currentData() == "png"
        for field, shown in (
            (self.dials, what is What.STRONGEST),
            (self.sigmas, is_traversal),
            (self.codes, what is What.RANDOM),
            (self.seed, what is What.RANDOM),
            (self.frames, not is_sheet and what is not What.EPOCHS),
            (self.fps, not is_sheet and what is not What.EPOCHS),
            (self.pace, not is_sheet and what is What.EPOCHS),
            (self.loop, not is_sheet and what not in (What.RANDOM, What.EPOCHS)),
        ):
            field.setVisible(shown)
            self._labels[field].setVisible(shown)
        self.save_button.setEnabled(not self.is_writing)
        if self.isVisible():
            self._settle.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to play."""
        super().showEvent(event)
        self._settle.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop playing; nothing is decoded for a window that is not seen."""
        super().hideEvent(event)
        self._settle.stop()
        self._play.stop()
        self._preview.drop()

    @Slot()
    def _restart(self) -> None:
        self._play.stop()
        self._frames = []
        self._at = 0
        try:
            request = self.request()
        except LatentDialsError as error:
            self._preview.drop()
            self.preview.set_text(str(error))
            self.facts_label.setText("")
            self.save_button.setEnabled(False)
            return
        self._preview.start(lambda: preview(request))

    @Slot(list)
    def _on_frames(self, items: list[PreviewFrame | EncodeProgress]) -> None:
        self._frames += [item for item in items if isinstance(item, PreviewFrame)]
        if not self._frames:
            if not isinstance(items[-1], PreviewFrame):
                self.preview.set_text(items[-1].text)
            return
        if not self._play.isActive():
            first = self._frames[0]
            width, height = first.size
            is_replay = self.what.currentData() is What.EPOCHS
            if is_replay and self.format.currentData() == "png":
                count = len(self._session.replay.epochs) + 1
                text = tr("One sheet of {count} pictures.", count=count)
            elif self.format.currentData() == "png":
                text = tr("One picture of {steps} steps.", steps=_SHEET_STEPS)
            else:
                text = tr(
                    "{frames} frames, {seconds} s, {width}×{height} px",
                    frames=first.frames,
                    seconds=f"{first.seconds:.1f}",
                    width=width,
                    height=height,
                )
            self.facts_label.setText(text)
            self._play.start(max(20, round(1000 * first.seconds / first.count)))
            self._on_tick()

    @Slot()
    def _on_tick(self) -> None:
        if self._frames:
            self.preview.set_image(self._frames[self._at % len(self._frames)].image)
            self._at += 1

    @Slot()
    def _on_session_closing(self) -> None:
        self._settle.stop()
        self._play.stop()
        self._preview.close()

    @Slot(object)
    def _on_preview_failed(self, error: Exception) -> None:
        self._play.stop()
        self.preview.set_text(str(error))
        if not isinstance(error, LatentDialsError):
            raise error
