"""A disk that is really full: a small one of memory, mounted for the test."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import ImportConfig
from core.datasets import open_dataset
from core.errors import DataError, ExportError, RunError
from core.export.recipe import save_png
from core.runs import Run
from core.training import train
from tests.core.faulty import files_of
from tests.core.test_training import contents
from tests.core.tiny import tiny_config, tiny_dataset

DISK_MB = 128
BALLAST = "ballast"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk of DISK_MB."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("a small disk of memory is mounted on Linux alone")
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    if (done := subprocess.run(words, capture_output=True, text=True)).returncode:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with (disk / BALLAST).open("ab", buffering=0) as file:
        size = 2**20
        while size:
            try:
                file.write(b"0" * size)
            except OSError:
                size //= 2


def test_training_goes_on_while_the_disk_is_full(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr("core.training.LAST_POLL_S", 0.01)
    monkeypatch.setattr("core.saving.CHECKPOINT_RETRY_S", 0.02)
    dataset = tiny_dataset()
    config = tiny_config(checkpoint_interval_s=0.1, epochs=6)
    whole = Run.create(tmp_path / "whole", config, dataset.identity)
    list(train(dataset, config, whole))
    run = Run.create(disk / "run", config, dataset.identity)
    problems: list[str] = []
    training = train(dataset, config, run)
    saved, kept = 0, {}
    for record in training:
        if run.has_checkpoint and not saved:
            saved = run.progress().step
            kept = contents(run)
            fill(disk)
        if record.problem and not any(problems):
            assert contents(run) == kept
            assert not [name for name in files_of(run.path) if name.endswith(".part")]
        problems.append(record.problem)
        if len([problem for problem in problems if "checkpoint" in problem]) == 2:
            (disk / BALLAST).unlink(missing_ok=True)
    said = next(problem for problem in problems if "checkpoint" in problem)
    assert said.startswith(f"No checkpoint can be written to {run.path}: the disk is full; make room on it.")
    assert f"of step {saved}, is whole" in said
    assert problems[-1] == ""
    assert contents(run) == contents(whole)
    assert run.metrics().step.tolist() == whole.metrics().step.tolist()


def test_everything_else_says_so_in_a_sentence(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_DIALS_HOME", str(disk / "home"))
    (disk / "home" / "cache" / "pictures").mkdir(parents=True)
    (disk / "run").mkdir()
    np.savez_compressed(tmp_path / "pictures.npz", x=np.zeros((5, 16, 16, 3), np.uint8))
    fill(disk)
    before = files_of(disk)
    with pytest.raises(ExportError, match="the disk is full"):
        save_png(Image.new("L", (64, 64)), None, disk / "picture.png")
    with pytest.raises(RunError, match="the disk is full"):
        Run.create(disk / "run", tiny_config(), tiny_dataset().identity)
    with pytest.raises(DataError, match=r"MB free|the disk is full"):
        open_dataset(tmp_path / "pictures.npz", ImportConfig(size=8))
    assert files_of(disk).keys() == before.keys()
