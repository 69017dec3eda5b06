"""The KL of each dimension in the window: live, from a run's folder, and collapse in words."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.activity import FIRST_STEPS, active_count
from core.config import TrainConfig
from core.runs import Run
from gui.kl_bars import BarPicture, KlBars
from gui.session import Session
from tests.gui.conftest import toy_dataset


@pytest.fixture
def bars(session: Session, qtbot: QtBot) -> KlBars:
    bars = KlBars(session)
    qtbot.addWidget(bars)
    bars.resize(260, 60)
    return bars


def test_nothing_is_shown_without_a_run_and_for_an_ae(bars: KlBars, session: Session, qtbot: QtBot) -> None:
    assert bars.isHidden()
    session.put_dataset(toy_dataset(), 0)
    session.start_training(TrainConfig(latent_dim=4, epochs=1, batch_size=16, device="cpu"))
    with qtbot.waitSignal(session.trainer.ended, timeout=20_000):
        pass
    assert bars.isHidden()


def test_it_is_live_while_a_vae_trains_and_comes_back_with_the_run(
    bars: KlBars, session: Session, qtbot: QtBot
) -> None:
    session.put_dataset(toy_dataset(), 0)
    config = TrainConfig(objective="vae", latent_dim=6, epochs=2, batch_size=16, device="cpu")
    with qtbot.waitSignal(session.trainer.ended, timeout=20_000):
        session.start_training(config)
    qtbot.waitUntil(lambda: not bars.isHidden())
    record = session.trainer.record
    assert record is not None
    assert record.kl_of_dims is not None
    assert bars.state is not None
    live = bars.state.kl
    np.testing.assert_allclose(live, record.kl_of_dims, rtol=1e-4)
    qtbot.waitUntil(lambda: f"{active_count(live)} of 6 dimensions active" in bars.label.text())
    assert (np.diff(live[bars.bars.order]) <= 0).all()
    run = session.run
    assert run is not None
    session.put_run(Run.open(run.path), None)
    assert bars.state is not None
    assert bars.state is not live
    np.testing.assert_allclose(bars.state.kl, live, rtol=1e-4)


def test_collapse_is_said_once_and_stays_beside_the_bars(
    bars: KlBars, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.activity.FIRST_STEPS", 5)
    session.put_dataset(toy_dataset(), 0)
    said: list[str] = []
    session.failed.connect(said.append)
    config = TrainConfig(
        objective="vae", beta=1000.0, learning_rate=3e-3, latent_dim=3, epochs=20, batch_size=16, device="cpu"
    )
    with qtbot.waitSignal(session.trainer.ended, timeout=60_000):
        session.start_training(config)
    assert len(said) == 1
    assert said[0].startswith("Posterior collapse: none of the 3 dimensions")
    qtbot.waitUntil(lambda: bars.label.text() == said[0])
    assert bars.label.property("role") == "unusual"
    assert bars.bars.accessibleDescription() == said[0]


def test_collapse_of_a_run_of_few_steps_is_said_at_its_end_and_when_it_is_opened(
    bars: KlBars, session: Session, qtbot: QtBot
) -> None:
    session.put_dataset(toy_dataset(), 0)
    said: list[str] = []
    session.failed.connect(said.append)
    config = TrainConfig(
        objective="vae", beta=1000.0, learning_rate=3e-3, latent_dim=3, epochs=20, batch_size=16, device="cpu"
    )
    with qtbot.waitSignal(session.trainer.ended, timeout=60_000):
        session.start_training(config)
    run = session.run
    assert run is not None
    assert run.progress().step <= FIRST_STEPS
    assert len(said) == 1
    assert said[0].startswith("Posterior collapse: none of the 3 dimensions")
    qtbot.waitUntil(lambda: bars.label.text() == said[0])
    kept = run.kl()
    assert kept is not None
    run.save_kl(replace(kept, is_settled=False))  # as programs of before have left it
    session.put_run(Run.open(run.path), None)
    assert bars.label.text() == said[0]
    (run.path / "checkpoint.safetensors").write_bytes(b"torn")
    session.put_run(Run.open(run.path), None)
    assert "dimensions active" in bars.label.text()


def test_a_bar_names_its_dimension_and_the_picture_is_drawn(qtbot: QtBot) -> None:
    picture = BarPicture()
    qtbot.addWidget(picture)
    picture.resize(120, 30)
    picture.set_kl(np.array([0.001, 2.0, 0.5], np.float32))
    assert picture.order.tolist() == [1, 2, 0]
    assert picture.text_at(1.0) == "z1: 2 nats"
    assert picture.text_at(20.0) == "z2: 0.5 nats"
    assert picture.text_at(30.0) == "z0: 0.001 nats, idle: below 0.01 it says nothing"
    assert picture.text_at(100.0) == ""
    image = picture.grab().toImage()
    ratio = image.devicePixelRatio()
    bar, above = (image.pixelColor(round(18 * ratio), round(y * ratio)) for y in (26, 10))
    assert bar != above  # the second is a quarter as high
    picture.set_kl(np.full(1024, 0.5, np.float32))
    assert not picture.grab().isNull()
