"""The training panel: buttons in every state, what Train asks for, what the records say."""

import errno
import os
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from core.config import TrainConfig
from core.locking import held
from core.models.architecture import architecture_text
from core.run_files import LOCK
from core.runs import Run
from gui.architecture_dialog import ArchitectureDialog
from gui.session import Session
from gui.theme import apply_theme
from gui.trainer import TrainingState
from gui.training_panel import TrainingPanel, duration_text
from tests.gui.conftest import toy_dataset

SHORT = TrainConfig(latent_dim=4, epochs=1, batch_size=16, device="cpu")
LONG = SHORT.model_copy(update={"epochs": 5000})


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> TrainingPanel:
    session.put_dataset(toy_dataset(), 0)
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    panel.resize(300, 200)
    panel.show()
    return panel


def _click(qtbot: QtBot, button: QPushButton) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def _wait(qtbot: QtBot, session: Session, state: TrainingState) -> None:
    qtbot.waitUntil(lambda: session.trainer.state is state, timeout=20_000)


def _enabled(panel: TrainingPanel) -> tuple[bool, bool, bool]:
    return panel.train_button.isEnabled(), panel.pause_button.isEnabled(), panel.stop_button.isEnabled()


def test_without_pictures_nothing_can_be_trained(session: Session, qtbot: QtBot) -> None:
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    assert _enabled(panel) == (False, False, False)
    assert panel.status_label.text() == "Open pictures to train on."


def test_buttons_follow_the_state_from_train_to_stop(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    panel.set_settings(LONG)
    assert _enabled(panel) == (True, False, False)
    assert panel.train_button.property("primary") is True
    _click(qtbot, panel.train_button)
    assert session.trainer.state is TrainingState.STARTING
    assert _enabled(panel) == (False, True, True)
    assert panel.status_label.text() == "Starting…"
    _wait(qtbot, session, TrainingState.RUNNING)
    assert _enabled(panel) == (False, True, True)
    assert panel.pause_button.text() == "Pause"
    assert panel.pause_button.property("primary") is True
    assert not panel.form.fields["epochs"].isEnabled()
    assert session.run is not None
    assert session.run.config.train == LONG

    _click(qtbot, panel.pause_button)
    _wait(qtbot, session, TrainingState.PAUSED)
    assert panel.pause_button.text() == "Resume"
    assert panel.status_label.text().startswith("Paused")
    assert _enabled(panel) == (False, True, True)
    _click(qtbot, panel.pause_button)
    _wait(qtbot, session, TrainingState.RUNNING)
    assert panel.pause_button.text() == "Pause"

    _click(qtbot, panel.stop_button)
    assert session.trainer.state is TrainingState.STOPPING
    assert _enabled(panel) == (False, False, False)
    _wait(qtbot, session, TrainingState.IDLE)
    assert _enabled(panel) == (True, False, False)
    assert panel.form.fields["epochs"].isEnabled()
    assert panel.train_button.text() == "Continue"
    assert panel.choice_button.isVisible()


def test_a_stopped_run_is_continued_and_a_new_one_can_be_chosen(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    panel.set_settings(LONG)
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.RUNNING)
    _click(qtbot, panel.stop_button)
    _wait(qtbot, session, TrainingState.IDLE)
    assert session.run is not None
    first, seen = session.run.path, len(session.trainer.history)
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.RUNNING)
    assert session.run.path == first
    qtbot.waitUntil(lambda: len(session.trainer.history) > seen, timeout=20_000)
    _click(qtbot, panel.stop_button)
    _wait(qtbot, session, TrainingState.IDLE)
    panel.new_action.trigger()
    _wait(qtbot, session, TrainingState.RUNNING)
    assert session.run.path != first
    _click(qtbot, panel.stop_button)
    _wait(qtbot, session, TrainingState.IDLE)


def test_other_settings_than_those_of_the_stopped_run_train_a_new_one(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    panel.set_settings(LONG)
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.RUNNING)
    _click(qtbot, panel.stop_button)
    _wait(qtbot, session, TrainingState.IDLE)
    assert session.run is not None
    first = session.run.path
    assert panel.train_button.text() == "Continue"
    panel.set_settings(SHORT.model_copy(update={"latent_dim": 5}))
    assert panel.train_button.text() == "Train"
    assert panel.choice_button.isVisible(), "the stopped run can still be continued from the menu"
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.IDLE)
    assert session.run.path != first
    assert session.run.config.train.latent_dim == 5


def test_a_finished_run_continues_only_for_more_epochs(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    panel.set_settings(SHORT)
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.IDLE)
    assert panel.train_button.text() == "Train"
    assert panel.status_label.text() == "Finished: 1 epochs"
    assert panel.progress_bar.value() == panel.progress_bar.maximum()
    epochs = panel.form.fields["epochs"]
    qtbot.keyClick(epochs, Qt.Key.Key_Up)
    assert panel.train_button.text() == "Continue"
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.IDLE)
    assert session.trainer.history.columns()["epoch"].max() == 2


def test_a_wrong_setting_is_said_and_trains_nothing(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    field = panel.form.fields["batch_size"]
    field.selectAll()  # pyright: ignore[reportAttributeAccessIssue]
    qtbot.keyClicks(field, "0")
    assert panel.status_label.text() == "Batch size must be a whole number from 1 to 65,536."
    assert panel.status_label.property("role") == "unusual"
    _click(qtbot, panel.train_button)
    assert session.trainer.state is TrainingState.IDLE
    assert session.run is None
    qtbot.keyClicks(field, "8")  # 08
    assert panel.settings().batch_size == 8
    assert panel.status_label.text() == "60 pictures to train on"


def test_status_says_device_rate_and_time_left(panel: TrainingPanel, session: Session, qtbot: QtBot) -> None:
    panel.set_settings(SHORT.model_copy(update={"epochs": 5000, "device": "auto"}))
    _click(qtbot, panel.train_button)
    _wait(qtbot, session, TrainingState.RUNNING)
    assert session.trainer.record is not None
    session.trainer.pause()
    session.trainer.record = replace(
        session.trainer.record,
        epoch=12, epochs=20, images_per_s=1960.4, eta_s=24.2, device="cpu", precision="bfloat16", step=600,
        steps_total=1000,
    )  # fmt: skip
    session.trainer.resume()
    assert panel.device_label.text() == "auto: processor, bf16"
    assert panel.status_label.text() == "epoch 12 of 20 · 1,960 pictures/s · 0:24 left"
    assert panel.progress_bar.value() == 600
    session.trainer.stop()
    _wait(qtbot, session, TrainingState.IDLE)


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
def test_advanced_settings_open_above_and_count(panel: TrainingPanel, qtbot: QtBot) -> None:
    assert not panel.form.advanced.isVisible()
    _click(qtbot, panel.advanced_button)
    assert panel.form.advanced.isVisible()
    seed = panel.form.fields["seed"]
    seed.selectAll()  # pyright: ignore[reportAttributeAccessIssue]
    with qtbot.waitSignal(panel.settings_edited):
        qtbot.keyClicks(seed, "42")
    assert panel.settings() == TrainConfig(seed=42)
    panel.form.advanced.window().close()


def test_architecture_of_the_settings_and_of_the_run(
    panel: TrainingPanel, session: Session, toy_session: Session, qtbot: QtBot
) -> None:
    _click(qtbot, panel.architecture_button)
    dialog = panel.window().findChild(ArchitectureDialog)
    assert dialog is not None
    assert toy_session.run is not None
    text = dialog.text.toPlainText()
    assert text == architecture_text(toy_session.run.config.network, toy_session.run.config.train)
    assert "encoder.8" in text
    _click(qtbot, dialog.copy_button)
    assert QApplication.clipboard().text() == text
    dialog.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_at_the_smallest_size(panel: TrainingPanel, qtbot: QtBot, theme: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, theme)  # pyright: ignore[reportArgumentType]
    panel.resize(300, 196)
    panel.grab()
    for button in (panel.train_button, panel.pause_button, panel.stop_button, panel.architecture_button):
        text = button.fontMetrics().horizontalAdvance(button.text())
        assert panel.rect().contains(button.geometry())
        assert button.width() >= text + 8
    for field in (panel.form.fields[name] for name in ("network", "objective", "learning_rate")):
        right = field.mapTo(panel, field.rect().topRight()).x()
        assert right <= panel.width()
    last = panel.form.fields["learning_rate"]
    assert last.visibleRegion().boundingRect().height() == last.height()


def test_durations() -> None:
    assert [duration_text(s) for s in (24.2, 725, 3725, float("nan"), -1)] == [
        "0:24",
        "12:05",
        "1:02:05",
        "0:00",
        "0:00",
    ]


def test_what_cannot_be_written_is_said_while_training_goes_on(
    panel: TrainingPanel, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_run: Run, _checkpoint: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.saving.CHECKPOINT_RETRY_S", 0.05)
    panel.set_settings(LONG.model_copy(update={"checkpoint_interval_s": 0.1}))
    with monkeypatch.context() as patched:
        patched.setattr(Run, "save_checkpoint", full)
        panel.train_button.click()
        qtbot.waitUntil(lambda: "the disk is full" in panel.status_label.text(), timeout=20_000)
        assert session.trainer.state is TrainingState.RUNNING
    qtbot.waitUntil(lambda: "pictures/s" in panel.status_label.text(), timeout=20_000)
    session.trainer.stop()
    _wait(qtbot, session, TrainingState.IDLE)
    assert session.run is not None
    assert session.run.has_checkpoint


def test_a_run_that_is_trained_elsewhere_is_not_trained_here_too(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    panel.set_settings(SHORT)
    panel.train_button.click()
    qtbot.waitUntil(lambda: session.can_continue, timeout=20_000)
    assert session.run is not None
    config = (session.run.path / "config.json").read_bytes()
    with held(session.run.path / LOCK), qtbot.waitSignal(session.failed, timeout=20_000) as said:
        session.continue_training(9)
    assert said.args is not None
    assert f"is already being trained by process {os.getpid()}" in said.args[0]
    _wait(qtbot, session, TrainingState.IDLE)
    assert (session.run.path / "config.json").read_bytes() == config
