"""The whole window for tests: made as the program makes it, on toy data, and closed as a person closes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from core.config import TrainConfig
from core.datasets import open_dataset
from core.runs import Run
from core.training import train
from gui import app
from gui.main_window import MainWindow
from tests.gui.conftest import toy_dataset

WAIT_MS = 20_000


def save_toy(path: Path, count: int = 60, size: int = 16) -> Path:
    """The toy pictures as an .npy file."""
    np.save(path, toy_dataset(count, size).pixels)
    return path


def train_toy(path: Path, data: Path, latent_dim: int = 8) -> Path:
    """A run on the pictures of a file, trained for a moment."""
    dataset = open_dataset(data)
    config = TrainConfig(
        network="fc", objective="vae", latent_dim=latent_dim, epochs=4, batch_size=16, device="cpu"
    )
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return path


def until(qtbot: QtBot, holds: Callable[[], bool]) -> None:
    """Let the window live until something holds."""
    qtbot.waitUntil(holds, timeout=WAIT_MS)


def is_settled(window: MainWindow) -> bool:
    """Whether everything that was asked for has been shown, statistics of the codes included."""
    session = window.session
    if not session.is_idle or session.dataset is None or session.task is not None:
        return False
    if session.codec is None:
        return True
    return session.pictures is not None and session.traversal is not None and session.analyst.effects is not None


@contextmanager
def opened(qtbot: QtBot, *argv: str | Path, size: tuple[int, int] = (1440, 900)) -> Iterator[MainWindow]:
    """The program's window with something open in it; closed at the end."""
    window = app.create([str(argument) for argument in argv])
    qtbot.addWidget(window)
    window.resize(*size)
    window.show()
    try:
        until(qtbot, lambda: is_settled(window))
        yield window
    finally:
        window.close()
