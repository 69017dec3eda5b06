"""The epoch scrubber: the current edit by the networks of earlier epochs, and a clean way back to now."""

import gc
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.config import TrainConfig
from core.models.network import Network
from core.run_files import EPOCHS
from core.runs import Run
from core.snapshots import kept_snapshots, load_snapshot
from core.training import train
from gui.animation_dialog import AnimationWindow
from gui.animation_request import What
from gui.canvas_panel import CanvasPanel
from gui.epoch_scrubber import EpochScrubber
from gui.main_window import MainWindow
from gui.session import Session
from tests.gui.conftest import toy_dataset


@pytest.fixture
def scrubber(toy_session: Session, qtbot: QtBot) -> EpochScrubber:
    scrubber = EpochScrubber(toy_session)
    qtbot.addWidget(scrubber)
    scrubber.resize(400, 24)
    scrubber.show()
    return scrubber


def shown(session: Session, epoch: int, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: session.replay.pictures is not None and session.replay.shown_epoch == epoch, timeout=10_000
    )


def networks() -> list[Network]:
    """Those that are alive."""
    gc.collect()
    return [one for one in gc.get_objects() if issubclass(type(one), Network)]


def test_it_has_a_place_for_each_epoch_and_now(scrubber: EpochScrubber, toy_session: Session) -> None:
    assert toy_session.run is not None
    epochs = [snapshot.epoch for snapshot in kept_snapshots(toy_session.run.path)]
    assert len(epochs) >= 4
    assert (scrubber.slider.minimum(), scrubber.slider.maximum()) == (0, len(epochs))
    assert scrubber.slider.value() == len(epochs)
    assert scrubber.label.text() == "now"


def test_the_edit_is_replayed_by_the_network_of_an_epoch(
    scrubber: EpochScrubber, toy_session: Session, qtbot: QtBot
) -> None:
    session = toy_session
    assert session.run is not None
    session.turn_dial(2, 3.0)
    qtbot.waitUntil(lambda: session.is_idle)
    document, steps, pictures = session._document, session.undo_stack.count(), session.pictures
    panel = CanvasPanel(session)
    qtbot.addWidget(panel)
    panel.resize(900, 500)
    panel.show()
    epoch = session.replay.epochs[1]
    scrubber.slider.setValue(1)
    shown(session, epoch, qtbot)
    # Independently: the network of that epoch, its own code of the picture, the edit, its own decoder.
    codec = Codec(load_snapshot(session.run, epoch))
    original = toy_dataset().pictures([session.index])
    code = codec.encode(original)[0]
    expected = codec.decode(session.edit.code(code))[0]
    assert session.replay.pictures is not None
    assert np.array_equal(session.replay.pictures.edited, expected)
    assert np.array_equal(session.replay.pictures.reconstruction, codec.reconstruct(original)[0])
    assert scrubber.label.text() == f"epoch {epoch} of 12"
    assert panel.stage.edited.pixels is session.replay.pictures.edited
    assert f"epoch {epoch} of 12" in panel.stage.captions[panel.stage.edited].text
    assert not panel.keep.isEnabled()
    assert not panel.export.isEnabled()
    assert "now" in panel.export.toolTip()
    # The dials still turn, and what is shown follows by the same epoch's network.
    session.turn_dial(1, -2.0)
    qtbot.waitUntil(
        lambda: (
            session.replay.pictures is not None
            and np.array_equal(session.replay.pictures.edited, codec.decode(session.edit.code(code))[0])
        ),
        timeout=10_000,
    )
    session.undo_stack.undo()
    scrubber.slider.setValue(scrubber.slider.maximum())
    qtbot.waitUntil(lambda: session.is_idle)
    assert session.replay.pictures is None
    assert (session._document, session.undo_stack.index()) == (document, steps)
    assert session.pictures is not None
    assert pictures is not None
    assert np.array_equal(session.pictures.edited, pictures.edited)
    assert panel.stage.edited.pixels is session.pictures.edited
    assert panel.export.isEnabled()
    assert "epoch" not in panel.stage.captions[panel.stage.edited].text


def test_it_plays_through_the_epochs_to_now(
    scrubber: EpochScrubber, toy_session: Session, qtbot: QtBot
) -> None:
    replay = toy_session.replay
    replay._frame.setInterval(1)
    seen: list[int] = []
    replay.changed.connect(lambda: seen.append(replay.shown_epoch) if replay.pictures is not None else None)
    qtbot.mouseClick(scrubber.play_button, Qt.MouseButton.LeftButton)
    assert replay.is_playing
    qtbot.waitUntil(lambda: not replay.is_playing, timeout=20_000)
    assert list(dict.fromkeys(seen)) == list(replay.epochs)
    assert replay.epoch is None
    replay._frame.setInterval(60_000)
    scrubber.play_button.click()
    scrubber.play_button.click()
    assert not replay.is_playing
    assert replay.epoch == replay.epochs[0]


def test_another_picture_or_run_is_shown_as_it_is_now(
    scrubber: EpochScrubber, toy_session: Session, qtbot: QtBot
) -> None:
    session = toy_session
    session.replay.show(session.replay.epochs[0])
    shown(session, session.replay.epochs[0], qtbot)
    session.select_image(5)
    qtbot.waitUntil(
        lambda: (
            session.replay.pictures is not None
            and np.array_equal(session.replay.pictures.original, toy_dataset().pictures([5])[0])
        ),
        timeout=10_000,
    )
    session.put_dataset(toy_dataset(), 0)
    assert session.replay.epoch is None
    session.replay.show(session.replay.epochs[0])
    session.put_run(None, None)
    assert session.replay.epoch is None
    assert session.replay.epochs == ()
    assert scrubber.isHidden()


def test_a_damaged_epoch_is_said_and_left_out(session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    dataset = toy_dataset()
    config = TrainConfig(latent_dim=4, epochs=4, batch_size=16, device="cpu")
    run = Run.create(tmp_path / "run", config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    (run.path / EPOCHS / "000002.safetensors").write_bytes(b"damaged")
    session.put_dataset(dataset, 0)
    session.open_run(run.path)
    qtbot.waitUntil(lambda: session.is_idle and session.pictures is not None, timeout=20_000)
    assert session.replay.epochs == (1, 2, 3)
    with qtbot.waitSignal(session.failed, timeout=10_000) as failed:
        session.replay.show(2)
    assert "000002" in str(failed.args)
    assert session.replay.epoch is None
    assert session.replay.epochs == (1, 3)


def test_exports_wait_until_now_is_shown(toy_session: Session, qtbot: QtBot) -> None:
    window = MainWindow(toy_session)
    qtbot.addWidget(window)
    toy_session.turn_dial(0, 2.0)
    qtbot.waitUntil(lambda: toy_session.is_idle)
    actions = [
        window.findChild(QAction, name) for name in ("exportAction", "copyComparison", "keepAdjustment")
    ]
    assert all(action is not None and action.isEnabled() for action in actions)
    toy_session.replay.show(toy_session.replay.epochs[0])
    assert not any(action is not None and action.isEnabled() for action in actions)
    toy_session.replay.show(None)
    assert all(action is not None and action.isEnabled() for action in actions)
    window.close()


def test_the_button_beside_the_slider_leads_to_the_replay_as_a_file(
    toy_session: Session, qtbot: QtBot
) -> None:
    window = MainWindow(toy_session)
    qtbot.addWidget(window)
    window.show()
    button = window.loss_plot.epoch_scrubber.save_button
    qtbot.waitUntil(button.isVisible)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    tool = window.tools.show("animation")
    assert isinstance(tool, AnimationWindow)
    assert tool.what.currentData() is What.EPOCHS
    qtbot.waitUntil(lambda: not tool.preview.image.isNull(), timeout=10_000)
    window.close()


def test_networks_of_epochs_go_when_another_run_is_opened(toy_session: Session, qtbot: QtBot) -> None:
    session = toy_session
    assert session.run is not None
    before = {id(one) for one in networks()}
    session.replay.show(session.replay.epochs[0])
    shown(session, session.replay.epochs[0], qtbot)
    assert len([one for one in networks() if id(one) not in before]) == 1
    session.put_run(None, None)
    qtbot.waitUntil(lambda: not [one for one in networks() if id(one) not in before])


def test_networks_of_epochs_go_a_while_after_the_slider_is_back_at_now(
    toy_session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay, before = toy_session.replay, {id(one) for one in networks()}
    replay.show(replay.epochs[0])
    shown(toy_session, replay.epochs[0], qtbot)
    monkeypatch.setattr("gui.replay.KEPT_MS", 1)
    replay.show(None)
    qtbot.waitUntil(lambda: not [one for one in networks() if id(one) not in before])
    replay.show(replay.epochs[1])
    shown(toy_session, replay.epochs[1], qtbot)
