"""Fixtures for tests of the window: no display, the real session, a toy model."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from core.config import ImportConfig, TrainConfig
from core.datasets import open_dataset
from core.datasets.dataset import DataIdentity, ImageDataset, LabelColumn
from core.runs import Run
from core.training import train
from gui.session import Session

TOY_COUNT = 60

# torch keeps a thread for good, which it begins here: later it would have the name of a thread of ours.
torch.set_num_threads(torch.get_num_threads())


def toy_dataset(count: int = TOY_COUNT, size: int = 16) -> ImageDataset:
    """Colour pictures of a soft disc: its place, size and colour differ. Two label columns."""
    generator = np.random.default_rng(5)
    y, x = np.mgrid[0:size, 0:size] / size
    centre = generator.uniform(0.3, 0.7, (count, 2, 1, 1))
    radius = generator.uniform(0.15, 0.35, (count, 1, 1))
    colour = generator.uniform(80, 255, (count, 1, 1, 3))
    distance = np.hypot(x - centre[:, 0], y - centre[:, 1])
    inside = np.clip((radius - distance) * size + 0.5, 0, 1)[..., None]
    pixels = (40 + inside * (colour - 40)).astype(np.uint8)
    kinds = (radius[:, 0, 0] > 0.25).astype(np.int32)
    return ImageDataset(
        pixels=pixels,
        identity=DataIdentity(
            name="discs",
            source="discs.npy",
            kind="npy",
            count=count,
            height=size,
            width=size,
            channels=3,
            policy=ImportConfig(),
            fingerprint=f"discs-{count}-{size}",
        ),
        reading=f"({count},{size},{size},3) uint8, 0..255, read as colour",
        labels=(
            LabelColumn("class", kinds, ("small", "large")),
            LabelColumn("radius", radius[:, 0, 0].astype(np.float32)),
        ),
    )


@pytest.fixture(scope="session")
def toy_run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy data: fc vae with 8 dimensions, trained for a moment."""
    path = tmp_path_factory.mktemp("toy") / "toy-run"
    dataset = toy_dataset()
    config = TrainConfig(network="fc", objective="vae", latent_dim=8, epochs=12, batch_size=16, device="cpu")
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return path


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy pictures as an .npy file."""
    path = tmp_path_factory.mktemp("toy-file") / "discs.npy"
    np.save(path, toy_dataset().pictures(slice(None)))
    return path


def train_toy_file(path: Path, data: Path, latent_dim: int) -> Path:
    """A run at path on the pictures of a file, fc vae, trained for a moment."""
    dataset = open_dataset(data)
    config = TrainConfig(
        network="fc", objective="vae", latent_dim=latent_dim, epochs=4, batch_size=16, device="cpu"
    )
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return path


@pytest.fixture(scope="session")
def toy_file_run(toy_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy file with 8 dimensions."""
    return train_toy_file(tmp_path_factory.mktemp("toy-file-run") / "discs-run", toy_file, 8)


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    """The real session with nothing open."""
    session = Session()
    yield session
    session.close()
    session.deleteLater()


@pytest.fixture
def toy_session(session: Session, toy_run_path: Path, qtbot: QtBot) -> Session:
    """The real session with the toy data and run open, its pictures, strip and statistics computed."""
    session.put_dataset(toy_dataset(), 0)
    with qtbot.waitSignals([session.analyst.effects_changed, session.traversal_changed], timeout=20_000):
        session.open_run(toy_run_path)
    qtbot.waitUntil(
        lambda: session.is_idle and session.pictures is not None and session.analyst.effects is not None,
        timeout=20_000,
    )
    return session
