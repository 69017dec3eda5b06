"""The window follows a run that another process trains: curve, dials, previews, words; what may go wrong."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.config import TrainConfig
from core.runs import Run
from core.training import train
from gui.session import Session
from gui.training_panel import TrainingPanel
from tests.gui.conftest import toy_dataset

ROOT = Path(__file__).resolve().parents[2]
DATA = "faces:count=200,size=16"
WAIT_MS = 60_000


@pytest.fixture
def quick(session: Session) -> Session:
    """A session that looks twenty times a second."""
    session.follower.interval_ms = 50
    return session


@contextmanager
def trained_elsewhere(run: Path, epochs: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that trains a small network into run, as a person starts one."""
    words = f"train --data {DATA} --network fc --objective ae --latent-dim 4 --batch-size 16 --device cpu"
    arguments = [*words.split(), "--epochs", str(epochs), "--checkpoint-interval-s", "1", "--out", str(run)]
    process = subprocess.Popen(
        [sys.executable, ROOT / "main.py", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def step_of(session: Session) -> int:
    steps = session.trainer.history.columns()["step"]
    return int(steps[-1]) if len(steps) else 0


def test_a_run_that_a_process_trains_is_followed(quick: Session, tmp_path: Path, qtbot: QtBot) -> None:
    session, path = quick, tmp_path / "elsewhere"
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    with trained_elsewhere(path, epochs=100_000) as process:
        qtbot.waitUntil((path / "config.json").exists, timeout=WAIT_MS)
        session.open_run(path)
        qtbot.waitUntil(lambda: session.follower.is_live and session.pictures is not None, timeout=WAIT_MS)
        assert panel.device_label.text() == "trained elsewhere"
        assert "epoch" in panel.status_label.text()
        assert panel.settings().latent_dim == 4  # as the run was asked for
        assert not session.can_continue
        with qtbot.waitSignal(session.failed) as refused:
            panel.continue_run()
        assert "trained elsewhere right now" in str(refused.args)

        session.type_on_dial(1, "+20")
        seen, codec, previews = step_of(session), session.codec, session.trainer.previews
        qtbot.waitUntil(
            lambda: (
                step_of(session) > seen
                and session.codec is not codec
                and session.trainer.previews is not previews
                and session.is_idle
            ),
            timeout=WAIT_MS,
        )
        assert session.edit.text() == "z1 +20"
        assert session.undo_stack.count() == 1
        assert session.codec is not None
        assert session.pictures is not None
        original = session.original()
        assert original is not None
        np.testing.assert_array_equal(session.pictures.code, session.codec.encode(original[None])[0])

        process.send_signal(signal.SIGINT)  # it writes a checkpoint and ends
        process.wait()
    session.follower.patience_s = 0.2
    qtbot.waitUntil(lambda: not session.follower.is_live, timeout=WAIT_MS)
    run = Run.open(path)
    qtbot.waitUntil(
        lambda: session.codec is not None and session.codec.fingerprint == Codec.from_run(run).fingerprint
    )
    assert session.trainer.history.columns()["step"].tolist() == run.metrics().step.tolist()
    assert session.can_continue
    assert session.edit.text() == "z1 +20"


def advance(run: Run, epochs: int, resume: bool = True) -> bool:
    """Train the toy for one report and stop, as another program would; gives whether it has finished."""
    records = train(toy_dataset(), run.with_epochs(epochs), run, resume=resume)
    record = next(records)
    records.close()
    return record.finished


@pytest.fixture
def followed(quick: Session, tmp_path: Path) -> Run:
    """An unfinished run of the toy data, open in the session; what is given is another view of its folder."""
    config = TrainConfig(network="fc", objective="ae", latent_dim=4, epochs=3, batch_size=16, device="cpu")
    run = Run.create(tmp_path / "toy", config, toy_dataset().identity)
    quick.put_dataset(toy_dataset(), 0)
    quick.open_run(run.path)
    return run


def test_a_run_without_weights_gets_its_dials_with_the_first(
    quick: Session, followed: Run, qtbot: QtBot
) -> None:
    assert quick.codec is None
    advance(followed, 3, resume=False)
    qtbot.waitUntil(lambda: quick.pictures is not None, timeout=WAIT_MS)
    assert quick.codec is not None
    assert quick.codec.fingerprint == Codec.from_run(followed, "last").fingerprint


def test_a_run_that_finishes_elsewhere_is_shown_as_finished(
    quick: Session, followed: Run, qtbot: QtBot
) -> None:
    said: list[str] = []
    quick.message_posted.connect(said.append)
    resume = False
    while not advance(followed, 3, resume):
        resume = True
    qtbot.waitUntil(lambda: any("has finished: 3 epochs" in text for text in said), timeout=WAIT_MS)
    assert not quick.follower.is_live
    assert quick.codec is not None
    assert quick.codec.fingerprint == Codec.from_run(followed).fingerprint
    qtbot.waitUntil(lambda: (followed.path / "codes.safetensors").exists(), timeout=WAIT_MS)


def test_more_epochs_asked_for_elsewhere_are_shown(quick: Session, followed: Run, qtbot: QtBot) -> None:
    advance(followed, 3, resume=False)
    qtbot.waitUntil(lambda: quick.codec is not None, timeout=WAIT_MS)
    advance(followed, 50)
    qtbot.waitUntil(lambda: quick.run is not None and quick.run.config.train.epochs == 50, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: step_of(quick) == followed.metrics().step[-1], timeout=WAIT_MS)
    assert "of 50" in quick.follower.text()


def test_a_folder_that_vanishes_is_said_once(quick: Session, followed: Run, qtbot: QtBot) -> None:
    said: list[str] = []
    quick.failed.connect(said.append)
    shutil.rmtree(followed.path)
    with qtbot.waitSignal(quick.failed, timeout=WAIT_MS):
        pass
    assert len(said) == 1
    assert "is gone" in said[0]
    assert not quick.follower.is_following
    assert quick.run is not None


def test_the_window_s_own_training_is_not_taken_for_another_s(
    quick: Session, followed: Run, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(quick.trainer.ended, timeout=WAIT_MS):
        quick.start_training(followed.config.train)
    said: list[str] = []
    quick.message_posted.connect(said.append)
    qtbot.waitUntil(lambda: quick.analyst.effects is not None, timeout=WAIT_MS)
    assert not quick.follower.is_live
    assert said == []
    assert quick.run is not None
    advance(quick.run, 50)  # and now it is another's
    qtbot.waitUntil(lambda: quick.follower.is_live, timeout=WAIT_MS)
    assert len(said) == 1
    assert step_of(quick) == quick.run.metrics().step[-1]
