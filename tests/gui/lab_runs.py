"""A second run of the toy pictures for tests of the laboratory, and the window with both sides there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.config import TrainConfig
from core.places import runs_folder
from core.runs import Run
from core.training import train
from gui.lab_window import LabWindow
from gui.session import Session
from tests.gui.conftest import toy_dataset
from tests.gui.windows import until


def train_second(path: Path, size: int = 16) -> Path:
    """A run at path: fc ae with 5 dimensions of the toy pictures, trained for a moment."""
    dataset = toy_dataset(size=size)
    config = TrainConfig(network="fc", objective="ae", latent_dim=5, epochs=4, batch_size=16, device="cpu")
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return path


def keep(run: Path, name: str) -> Path:
    """A copy of a run in the folder where the window keeps runs, the newest there."""
    kept = runs_folder() / name
    shutil.copytree(run, kept, copy_function=shutil.copyfile)
    return kept


@contextmanager
def laboratory(qtbot: QtBot, session: Session) -> Iterator[LabWindow]:
    """The window as it is first shown, with both sides measured where there is a second run."""
    lab = LabWindow(session, None)
    lab.show()
    sides = lab.sides
    try:
        until(
            qtbot, lambda: not (sides.is_looking or sides.is_opening) and (sides.are_ready or sides.b is None)
        )
        yield lab
    finally:
        lab.end_threads()
        lab.close()
        lab.deleteLater()


def spread_of(codec: Codec) -> NDArray[np.float32]:
    """The standard deviation (D,) of the codes of all toy pictures."""
    return codec.encode(toy_dataset().pictures(slice(None))).std(axis=0, dtype=np.float64).astype(np.float32)
