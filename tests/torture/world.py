"""The files that a torture program opens: good pictures, runs and recipes, and such as cannot be read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from core.config import TrainConfig
from core.datasets import ImageDataset, open_dataset
from core.runs import Run
from core.training import train
from tests.gui.conftest import toy_dataset

Answer = Callable[[str], str]


@dataclass(frozen=True)
class World:
    """Paths: pictures, runs that were trained on some of them, and what is broken or absent.

    far is a run whose pictures are not at hand.
    """

    folder: Path
    pictures: tuple[Path, ...]
    runs: tuple[Path, ...]
    broken: tuple[Path, ...]
    far: Path

    def everything(self) -> tuple[Path, ...]:
        """All that a person might try to open."""
        return (*self.pictures, *self.runs, *self.broken, self.far)


def make_world(folder: Path, count: int, side: int) -> World:
    """Write it: count pictures of side × side pixels in colour and in grey, a folder of some, two runs."""
    folder.mkdir(parents=True, exist_ok=True)
    colour = toy_dataset(count, side).pictures(slice(None))
    np.save(folder / "discs.npy", colour)
    grey = colour.mean(axis=3).astype(np.uint8)
    np.savez(folder / "grey.npz", pictures=grey, labels=np.arange(count) % 3)
    files = folder / "files"
    for number, picture in enumerate(colour[:24]):
        kind = files / ("even" if number % 2 == 0 else "odd")
        kind.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(kind / f"disc-{number}.png")
    (files / "odd" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    runs = (
        _trained(folder / "run-discs", open_dataset(folder / "discs.npy"), "vae"),
        _trained(folder / "run-grey", open_dataset(folder / "grey.npz"), "ae"),
    )
    far = _trained(folder / "run-far", toy_dataset(count, side), "ae")
    (folder / "empty").mkdir()
    (folder / "saved").mkdir()
    (folder / "noise.npy").write_bytes(np.random.default_rng(0).bytes(999))
    (folder / "plain.png").write_bytes((files / "even" / "disc-0.png").read_bytes())
    damaged = folder / "run-damaged"
    damaged.mkdir()
    (damaged / "config.json").write_text("{")
    broken = (folder / "empty", folder / "noise.npy", folder / "plain.png", damaged, folder / "absent.npy")
    return World(folder, (folder / "discs.npy", folder / "grey.npz", files), runs, broken, far)


def _trained(path: Path, dataset: ImageDataset, objective: str) -> Path:
    config = TrainConfig.model_validate(
        {"objective": objective, "latent_dim": 8, "epochs": 2, "batch_size": 32, "device": "cpu"}
    )
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return path


@contextmanager
def answered(answer: Answer) -> Iterator[None]:
    """Questions for a file are answered at once by answer("folder" | "file" | "save")."""

    def folder(*_: Any, **__: Any) -> str:
        return answer("folder")

    def file(*_: Any, **__: Any) -> tuple[str, str]:
        return answer("file"), ""

    def save(*_: Any, **__: Any) -> tuple[str, str]:
        return answer("save"), ""

    def reveal(*_: Any) -> bool:
        return True

    replaced = (
        (QFileDialog, "getExistingDirectory", folder),
        (QFileDialog, "getOpenFileName", file),
        (QFileDialog, "getSaveFileName", save),
        (QDesktopServices, "openUrl", reveal),
    )
    before = [(kind, name, getattr(kind, name)) for kind, name, _ in replaced]
    for kind, name, stand_in in replaced:
        setattr(kind, name, staticmethod(stand_in))
    try:
        yield
    finally:
        for kind, name, function in before:
            setattr(kind, name, function)
