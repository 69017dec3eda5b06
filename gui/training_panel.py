"""TrainingPanel: the settings of a run, its buttons and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.config import TrainConfig
from core.errors import ConfigError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.advanced_popover import AdvancedPopover
from gui.architecture_dialog import ArchitectureDialog
from gui.elided_label import ElidedLabel
from gui.icons import wear_icon
from gui.session import Session
from gui.settings_form import SettingsForm
from gui.style import set_look
from gui.theme import UNIT_PX
from gui.trainer import TrainingState

if TYPE_CHECKING:
    from core.models import NetworkConfig
    from core.training import TrainRecord

_PRECISIONS = {"bfloat16": "bf16", "float32": "fp32"}


class TrainingPanel(QWidget):
    """A form of TrainConfig, Train or Continue, Pause or Resume, Stop, and what the newest record says.

    Signals:
        settings_edited(): a person changed a setting.
    """

    settings_edited = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._trainer = session.trainer
        self._continues = False
        self._is_elsewhere = False
        self.setObjectName("trainingPanel")
        self.setAccessibleName(tr("Training"))
        self.setMinimumWidth(364)
        self.form = SettingsForm(TrainConfig, self, columns=2)
        self.form.edited.connect(self._on_form_edited)
        self._popover: AdvancedPopover | None = None

        title = QLabel(tr("Training"), self)
        title.setProperty("role", "title")
        self.device_label = ElidedLabel(parent=self)
        self.device_label.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.advanced_button = QPushButton(tr("Advanced"), self)
        self.advanced_button.setObjectName("advancedButton")
        self.advanced_button.setProperty("flat", True)
        self.advanced_button.setStyleSheet("QPushButton { padding: 1px 6px; }")
        self.advanced_button.setAccessibleName(tr("Advanced settings"))
        self.advanced_button.setToolTip(
            tr("Reconstruction, beta, warm-up, validation share, seed, device, precision, checkpoints")
        )
        self.advanced_button.clicked.connect(self.show_advanced)
        head = QHBoxLayout()
        head.setSpacing(UNIT_PX)
        head.addWidget(title)
        head.addWidget(self.device_label, 1)
        head.addWidget(self.advanced_button)

        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        holding = QVBoxLayout(holder)
        holding.setContentsMargins(0, 0, 0, 0)
        holding.addWidget(self.form.basic)
        holding.addStretch(1)
        scroll.setWidget(holder)
        self._scroll = scroll

        self.train_button = self._button("trainButton", tr("Train"), "play")
        self.train_button.clicked.connect(self.train_or_continue)
        self.choice_button = QToolButton(self)
        self.choice_button.setObjectName("trainChoice")
        self.choice_button.setAccessibleName(tr("New run or continue"))
        self.choice_button.setToolTip(tr("Continue the open run, or train a new one"))
        self.choice_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.choice_button.setStyleSheet(
            "QToolButton { padding: 5px 3px; } QToolButton::menu-indicator { image: none; }"
        )
        wear_icon(self.choice_button, "chevron-down")
        menu = QMenu(self.choice_button)
        self.continue_action = menu.addAction(tr("Continue this run"))
        self.new_action = menu.addAction(tr("Train a new run"))
        self.continue_action.triggered.connect(self.continue_run)
        self.new_action.triggered.connect(self.train_new)
        self.choice_button.setMenu(menu)
        self.pause_button = self._button("pauseButton", tr("Pause"), "pause")
        self.pause_button.clicked.connect(self.pause_or_resume)
        self.stop_button = self._button("stopButton", tr("Stop"), "stop")
        self.stop_button.clicked.connect(self._on_stop_clicked)
        self.architecture_button = QPushButton(tr("Layers…"), self)
        self.architecture_button.setObjectName("architectureButton")
        self.architecture_button.setProperty("flat", True)
        self.architecture_button.setStyleSheet("QPushButton { padding: 5px 6px; }")
        self.architecture_button.setAccessibleName(tr("Architecture"))
        self.architecture_button.setToolTip(
            tr("The architecture of the open run or of these settings, layer by layer")
        )
        self.architecture_button.clicked.connect(self.show_architecture)
        buttons = QHBoxLayout()
        buttons.setSpacing(UNIT_PX // 2)
        for button in (self.train_button, self.choice_button, self.pause_button, self.stop_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.architecture_button)

        self.status_label = ElidedLabel(parent=self)
        self.status_label.setObjectName("trainingStatus")
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setObjectName("trainingProgress")
        self.progress_bar.setAccessibleName(tr("Training progress"))
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setFixedHeight(4)
        self.progress_bar.setRange(0, 1000)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(UNIT_PX + 2, UNIT_PX - 2, UNIT_PX + 2, UNIT_PX)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.status_label)
        layout.addWidget(self.progress_bar)

        self._trainer.state_changed.connect(self._on_changed)
        self._trainer.records_arrived.connect(self._on_records_arrived)
        session.follower.state_changed.connect(self._on_follower_changed)
        session.dataset_changed.connect(self._on_changed)
        session.run_changed.connect(self._on_run_changed)
        session.trainer.settings_suggested.connect(self._on_settings_suggested)
        self._on_run_changed()

    def settings(self) -> TrainConfig:
        """What the form says. Raises: ConfigError."""
        return self.form.value()

    def set_settings(self, settings: TrainConfig) -> None:
        """Show other settings."""
        self.form.set_value(settings)
        self._on_changed()

    @Slot()
    def train_or_continue(self) -> None:
        """What the first button says: continue the open run where that is meant, else train a new one."""
        if self._continues:
            self.continue_run()
        else:
            self.train_new()

    @Slot()
    def train_new(self) -> None:
        """Train a new run with the form's settings; a wrong field takes the focus instead."""
        try:
            config = self.settings()
        except ConfigError as error:
            self._refuse(str(error))
            return
        self._session.start_training(config)

    @Slot()
    def continue_run(self) -> None:
        """Train the open run further, up to the form's number of epochs where that is more."""
        try:
            epochs = self.settings().epochs
        except ConfigError as error:
            self._refuse(str(error))
            return
        run = self._session.run
        if run is not None and (self._session.can_continue or self._is_elsewhere):
            self._session.continue_training(max(epochs, run.config.train.epochs))

    @Slot()
    def pause_or_resume(self) -> None:
        """Pause a running training, resume a paused one."""
        if self._trainer.state is TrainingState.PAUSED:
            self._trainer.resume()
        else:
            self._trainer.pause()

    @Slot()
    def show_advanced(self) -> None:
        """Open the advanced settings above the panel."""
        if self._popover is None:
            self._popover = AdvancedPopover(self.form, self)
        self._popover.show_above(self.advanced_button)

    @Slot()
    def show_architecture(self) -> None:
        """Open the architecture of the open run, or of the form's settings where there is none."""
        config = self._network_config()
        if config is not None:
            run = self._session.run
            train = self.settings() if run is None else run.config.train if not run.config.imported else None
            dialog = ArchitectureDialog(config, self.window(), train)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def _network_config(self) -> NetworkConfig | None:
        if self._session.run is not None:
            return self._session.run.config.network
        try:
            train = self.settings()
        except ConfigError as error:
            self._refuse(str(error))
            return None
        dataset = self._session.dataset
        height, width, channels = dataset.picture_shape if dataset is not None else (64, 64, 3)
        return heavy.models.NetworkConfig(
            network=train.network,
            objective=train.objective,
            latent_dim=train.latent_dim,
            height=height,
            width=width,
            channels=channels,
        )

    def _button(self, name: str, text: str, picture: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setStyleSheet("QPushButton { padding: 5px 7px; }")
        wear_icon(button, picture)
        return button

    def _refuse(self, sentence: str) -> None:
        self.status_label.set_text(sentence, "unusual")
        field = self.form.wrong_field()
        if field is None:
            return
        if field.parent() is self.form.advanced:
            self.show_advanced()
        field.setFocus()

    def _may_continue(self) -> bool:
        """Whether continuing would train anything: the run is not finished, or more epochs are asked for."""
        run = self._session.run
        if run is not None and self._is_elsewhere:
            return True  # by the look of it; the session refuses with a sentence
        if run is None or not self._session.can_continue:
            return False
        try:
            return not run.is_finished or self.settings().epochs > run.config.train.epochs
        except (
            LatentDialsError
        ):  # a wrong field is said when the button is pressed; a broken checkpoint then too
            return True

    def _asks_for_this_run(self) -> bool:
        """Whether the form differs from the open run's settings in nothing but more epochs."""
        run = self._session.run
        if run is None:
            return False
        try:
            asked = self.settings()
        except ConfigError:
            return True
        return asked.model_copy(update={"epochs": run.config.train.epochs}) == run.config.train

    def _show_buttons(self) -> None:
        state = self._trainer.state
        idle = state is TrainingState.IDLE
        may_continue = idle and self._may_continue()
        self._continues = may_continue and self._asks_for_this_run()
        self.choice_button.setVisible(may_continue)
        self._dress(self.train_button, tr("Continue") if self._continues else tr("Train"), "play", idle)
        paused = state is TrainingState.PAUSED
        running = state in (TrainingState.STARTING, TrainingState.RUNNING)
        self._allow(
            self.train_button,
            tr("Train the open run further, up to the number of epochs above")
            if self._continues
            else tr("Train a new run with these settings"),
            self._why_not_train(),
        )
        why_not_stop = "" if running or paused else self._why_not_stop()
        self._allow(self.pause_button, tr("Wait between two steps; nothing is lost"), why_not_stop)
        self._allow(self.stop_button, tr("End training; the run is kept and can be continued"), why_not_stop)
        word, picture = (tr("Resume"), "play") if paused else (tr("Pause"), "pause")
        self._dress(self.pause_button, word, picture, running or paused)
        self.form.set_enabled(idle)

    def _why_not_train(self) -> str:
        """Why training cannot begin now, empty where it can."""
        if self._trainer.state is TrainingState.STOPPING:
            return tr("The run is being written: it ends in a moment.")
        if self._trainer.is_active:
            return tr("A run is being trained: stop it first.")
        if self._session.dataset is None:
            return tr("There is nothing to train on: open pictures first.")
        return ""

    def _why_not_stop(self) -> str:
        """Why nothing can be paused or stopped now."""
        if self._trainer.state is TrainingState.STOPPING:
            return tr("The run is being written: it ends in a moment.")
        return tr("Nothing is being trained here.")

    def _allow(self, button: QPushButton, tip: str, why_not: str) -> None:
        """Let a button be pressed, or say why it cannot be."""
        button.setEnabled(not why_not)
        button.setToolTip(why_not or tip)

    def _dress(self, button: QPushButton, text: str, picture: str, primary: bool) -> None:
        if button.text() == text and button.property("primary") == primary:
            return
        button.setText(text)
        button.setAccessibleName(text)
        set_look(button, "primary", primary)
        wear_icon(button, picture, "on_accent" if primary else "text")

    def _show_status(self) -> None:
        state, record = self._trainer.state, self._trainer.record
        self.device_label.set_text(self._device_text(record))
        if not self._trainer.is_active and (problem := self.form.problem()):
            self.status_label.set_text(problem, "unusual")
        elif record is not None and record.problem and state is not TrainingState.IDLE:
            self.status_label.set_text(record.problem, "unusual")
        elif record is not None and record.collapse and state is TrainingState.RUNNING:
            self.status_label.set_text(record.collapse, "unusual")
        else:
            self.status_label.set_text(self._progress_text(state, record), "caption")
        done = 0.0
        if record is not None and record.steps_total:
            done = record.step / record.steps_total
        elif self._is_elsewhere:
            done = self._session.follower.share_done()
        self.progress_bar.setValue(round(1000 * done))

    def _device_text(self, record: TrainRecord | None) -> str:
        if self._is_elsewhere:
            return tr("trained elsewhere")
        if record is None or self._trainer.state is TrainingState.IDLE:
            fields = self.form.fields
            return _device_name(str(fields["device"].value()))
        found = f"{_device_name(record.device)}, {_PRECISIONS.get(record.precision, record.precision)}"
        asked = self._session.run.config.train.device if self._session.run else "auto"
        return tr("auto: {device}", device=found) if asked == "auto" else found

    def _progress_text(self, state: TrainingState, record: TrainRecord | None) -> str:
        if state is TrainingState.STARTING:
            return tr("Starting…")
        if state is TrainingState.STOPPING:
            return tr("Stopping; the run is being written…")
        if state is TrainingState.IDLE:
            return self._idle_text(record)
        if record is None:
            return tr("Paused")
        epoch = tr("epoch {epoch} of {epochs}", epoch=record.epoch, epochs=record.epochs)
        if state is TrainingState.PAUSED:
            return f"{tr('Paused')} · {epoch}"
        rate = tr("{rate} pictures/s", rate=f"{record.images_per_s:,.0f}")
        return f"{epoch} · {rate} · {tr('{time} left', time=duration_text(record.eta_s))}"

    def _idle_text(self, record: TrainRecord | None) -> str:
        if self._is_elsewhere:
            return self._session.follower.text()
        if self._session.dataset is None:
            return tr("Open pictures to train on.")
        epochs = self._trainer.history.columns()["epoch"]
        run = self._session.run
        if run is None or not len(epochs):
            return tr("{count} pictures to train on", count=f"{len(self._session.dataset):,}")
        asked = run.config.train.epochs
        if record is not None and record.finished:
            return tr("Finished: {epochs} epochs", epochs=asked)
        return tr("Trained to epoch {epoch} of {epochs}", epoch=int(epochs[-1]), epochs=asked)

    @Slot()
    def _on_changed(self) -> None:
        self._show_buttons()
        self._show_status()

    @Slot()
    def _on_run_changed(self) -> None:
        # An unfinished run is shown as it was asked for, so that Continue continues what is seen.
        run = self._session.run
        if run is not None and self._may_continue():
            self.form.set_value(run.config.train)
        self._on_changed()

    @Slot()
    def _on_follower_changed(self) -> None:
        began = self._session.follower.is_live and not self._is_elsewhere
        self._is_elsewhere = self._session.follower.is_live
        if began:
            self._on_run_changed()
        else:
            self._on_changed()

    @Slot()
    def _on_form_edited(self) -> None:
        self._on_changed()
        self.settings_edited.emit()

    @Slot(dict)
    def _on_settings_suggested(self, values: dict[str, object]) -> None:
        self.form.set_values(values)
        self._on_form_edited()
        self.window().activateWindow()
        self.train_button.setFocus()

    @Slot(list)
    def _on_records_arrived(self, _records: list[TrainRecord]) -> None:
        self._show_status()

    @Slot()
    def _on_stop_clicked(self) -> None:
        self._trainer.stop()


def duration_text(seconds: float) -> str:
    """Seconds as a person reads them: 0:24, 12:05, 1:02:05."""
    whole = max(0, round(seconds)) if seconds == seconds and seconds < 1e9 else 0
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _device_name(device: str) -> str:
    return tr("processor") if device == "cpu" else device if device == "auto" else device.upper()
