"""Every kind of save on a disk that fails at its n-th operation: what is left is whole, and it is said."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.checkpoints import MOMENTS, Checkpoint, Progress
from core.clocks import WorkClock
from core.config import ImportConfig
from core.datasets import open_dataset
from core.datasets.cache import CacheWriter, load_entry, pictures_folder
from core.encoding import Codes, save_codes
from core.errors import DataError, LatentDialsError, TrainingError
from core.export.recipe import save_png
from core.runs import Run
from core.training import train
from tests.core.faulty import CODES, OPERATIONS, FaultyDisk, files_of
from tests.core.test_training import contents
from tests.core.tiny import tiny_config, tiny_dataset

MOST = 60  # operations of one save


def _checkpoint(run: Run, version: int) -> None:
    weights = {name: torch.full((3, 2), float(version)) for name in ("a", "b")}
    noise = torch.zeros(5, dtype=torch.uint8)
    run.save_checkpoint(Checkpoint(Progress(step=version), weights, dict.fromkeys(MOMENTS, weights), noise))


def _weights(run: Run, version: int) -> None:
    run.save_weights({"a": torch.full((3, 2), float(version))})


def _config(run: Run, version: int) -> None:
    run.update_train(run.with_epochs(version))


def _rows(run: Run, version: int) -> None:
    run.keep_metrics_to(4 - version)


def _picture(run: Run, version: int) -> None:
    save_png(Image.new("L", (9, 9), version), None, run.path / "picture.png")


def _codes(run: Run, version: int) -> None:
    codes = np.full((4, 4), version, np.float32)
    save_codes(run.path / "codes.safetensors", Codes(codes, codes[:, 0], np.arange(4)), "key")


KINDS: dict[str, Callable[[Run, int], None]] = {
    "checkpoint": _checkpoint,
    "weights": _weights,
    "config": _config,
    "rows": _rows,
    "picture": _picture,
    "codes": _codes,
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_old_or_the_new_file_is_whole(tmp_path: Path, kind: str, operation: str, code: int) -> None:
    run = Run.create(tmp_path / "run", tiny_config(), tiny_dataset(4).identity)
    (run.path / "metrics.csv").write_text(
        "step,epoch,images,seconds,loss,reconstruction,kl,mse,val_mse\n"
        + "".join(f"{step},1,{step},1,1,1,0,1,nan\n" for step in range(1, 5))
    )
    save = KINDS[kind]
    save(run, 1)
    old = files_of(run.path)
    save(run, 2)
    new = files_of(run.path)
    assert old != new
    for number in range(1, MOST):
        for name, content in old.items():
            (run.path / name).write_bytes(content)
        disk = FaultyDisk(operation, number, code)
        said = ""
        with disk.failing():
            try:
                save(run, 2)
            except (OSError, LatentDialsError) as error:
                said = str(error)
        assert bool(said) == disk.has_failed
        assert files_of(run.path) in (old, new)
        if not disk.has_failed:
            assert files_of(run.path) == new
            return
    pytest.fail("it never came to an end")


def test_an_export_says_which_file_and_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    with FaultyDisk("write", 1, CODES[0]).failing(), pytest.raises(LatentDialsError) as caught:
        save_png(Image.new("L", (9, 9)), None, path)
    assert str(caught.value) == f"{path} cannot be written: the disk is full; make room on it."


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_import_is_kept_whole_or_not_at_all(operation: str, code: int) -> None:
    pixels = np.arange(2 * 8 * 8 * 3, dtype=np.uint8).reshape(2, 8, 8, 3)
    for number in range(1, MOST):
        disk = FaultyDisk(operation, number, code)
        said = ""
        with disk.failing():
            try:
                with CacheWriter(f"{operation}{code}{number}") as writer:
                    writer.append(pixels[:1])
                    writer.append(pixels[1:])
                    writer.finish("as they are")
            except DataError as error:
                said = str(error)
        entry = load_entry(f"{operation}{code}{number}")
        if entry is None:
            assert "cannot be written" in said
        else:
            np.testing.assert_array_equal(entry.pixels, pixels)
        left = [path.name for path in pictures_folder().iterdir() if path.name.startswith(".")]
        assert left == []
        if not disk.has_failed:
            assert entry is not None
            return
        shutil.rmtree(pictures_folder())
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("code", CODES)
def test_pictures_that_cannot_be_unpacked_are_a_sentence(tmp_path: Path, code: int) -> None:
    np.savez_compressed(tmp_path / "pictures.npz", x=np.zeros((5, 16, 16, 3), np.uint8))
    for number in (1, 2, 3):
        disk = FaultyDisk("write", number, code)
        with disk.failing(), pytest.raises(DataError, match="cannot be written"):
            open_dataset(tmp_path / "pictures.npz", ImportConfig(size=8))
    assert len(open_dataset(tmp_path / "pictures.npz", ImportConfig(size=8))) == 5


@pytest.fixture
def _a_report_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr("core.training.LAST_POLL_S", 0.01)


@pytest.fixture
def _a_clock_that_counts_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is 5 ms later, so that the n-th write is the same one on any machine."""
    looks = itertools.count()
    monkeypatch.setattr(WorkClock, "now", lambda _clock: 0.005 * next(looks))


@pytest.mark.usefixtures("_a_report_each_step", "_a_clock_that_counts_looks")
def test_training_survives_what_fails_and_ends_the_same(tmp_path: Path) -> None:
    dataset = tiny_dataset(20)
    config = tiny_config(epochs=2, batch_size=8, checkpoint_interval_s=0.1, keep_epochs=0)
    whole = Run.create(tmp_path / "whole", config, dataset.identity)
    list(train(dataset, config, whole))
    said: set[str] = set()
    # From the first report on: what fails before the first step ends with a sentence, and nothing is lost.
    cases = [("open", n) for n in (5, 7, 8, 10)] + [("write", n) for n in (3, 5, 7, 20)]
    cases += [("fsync", n) for n in (3, 4, 6)] + [("replace", 2), ("replace", 3)]
    for operation, number in cases:
        run = Run.create(tmp_path / f"{operation}-{number}", config, dataset.identity)
        disk = FaultyDisk(operation, number, CODES[number % 2])
        with disk.failing():
            records = list(train(dataset, config, run))
        said |= {record.problem.split(" to ")[0] for record in records if record.problem}
        assert disk.has_failed
        assert records[-1].problem == ""
        assert contents(run) == contents(whole)
        assert run.metrics().step.tolist() == whole.metrics().step.tolist()
        assert sorted(files_of(run.path)) == sorted(files_of(whole.path))
    assert {text.partition(" ")[0] for text in said} == {"No", "Reports"}


@pytest.mark.usefixtures("_a_report_each_step")
def test_the_end_that_is_never_taken_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.LAST_PATIENCE_S", 0.1)
    monkeypatch.setattr("core.saving.CHECKPOINT_RETRY_S", 0.02)

    def full(run: Run, checkpoint: Checkpoint) -> None:
        raise OSError(CODES[0], "No space left on device")

    monkeypatch.setattr(Run, "save_checkpoint", full)
    dataset, config = tiny_dataset(20), tiny_config(epochs=1)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    problems: list[str] = []
    training = train(dataset, config, run)

    def drain() -> None:
        problems.extend(record.problem for record in training)

    with pytest.raises(TrainingError, match="the disk is full; make room on it"):
        drain()
    assert problems[-1].endswith("tries again; there is none yet, so the run would begin anew.")
    assert run.metrics().step.tolist() == [1, 2]
