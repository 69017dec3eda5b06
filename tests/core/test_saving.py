"""What is kept of a training and when: by time, in the midst of validation, where it ends early."""

import math
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import TrainConfig, checked
from core.datasets import open_dataset
from core.errors import ConfigError, DataError, TrainingError
from core.metrics import COLUMNS
from core.runs import METRICS, Run
from core.saving import RunWriter
from core.training import train
from tests.core.test_training import contents
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture(autouse=True)
def _a_report_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)


def made(folder: Path, config: TrainConfig) -> Run:
    return Run.create(folder, config, tiny_dataset().identity)


def test_a_checkpoint_is_done_before_the_interval_is_over(tmp_path: Path) -> None:
    now = [0.0]
    run = made(tmp_path / "run", tiny_config())
    writer = RunWriter(run, 60.0, lambda: now[0], None)
    begun = []
    while now[0] < 300:
        now[0] += 2.0  # a step takes two seconds
        if writer.is_due():
            begun.append(now[0])
            writer._saved_at, writer._cost_s = now[0], 5.0  # and a checkpoint five
            now[0] += 5.0
    # Killed at the worst moment, right before a checkpoint is whole: what came after the one before is lost.
    assert max(np.diff([0.0, *begun])) + 5.0 <= 60.0
    assert min(np.diff(begun)) > 40.0


def test_a_slow_disk_does_not_take_all_the_time(tmp_path: Path) -> None:
    now = [0.0]
    writer = RunWriter(made(tmp_path / "run", tiny_config()), 60.0, lambda: now[0], None)
    writer._cost_s = 59.0
    now[0] = 29.0
    assert not writer.is_due()
    now[0] = 30.0
    assert writer.is_due()


def test_validation_is_gone_on_with_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.SIGN_OF_LIFE_INTERVAL_S", 0.0)
    monkeypatch.setattr("core.training.VALIDATION_BATCH", 2)
    dataset, config = tiny_dataset(), tiny_config(epochs=2, val_fraction=0.3, objective="vae")
    whole = made(tmp_path / "whole", config)
    count = len([record for record in train(dataset, config, whole) if not record.reported])
    assert count == 2 * 6
    for stop in (1, 3, 6):
        run = made(tmp_path / f"run-{stop}", config)
        training = train(dataset, config, run)
        signs = (record for record in training if not record.reported)
        list(islice(signs, stop))
        training.close()
        assert (run.progress().batch, run.progress().val_images) == (2, 2 * stop)
        list(train(dataset, config, Run.open(run.path), resume=True))
        assert contents(run) == contents(whole)
        assert run.progress().best_val_mse == whole.progress().best_val_mse
        np.testing.assert_array_equal(run.metrics().val_mse, whole.metrics().val_mse)


def test_patience_ends_it_and_survives_a_stop(tmp_path: Path) -> None:
    dataset = tiny_dataset(30)
    config = tiny_config(epochs=60, learning_rate=0.02, batch_size=8, patience=2)
    whole = Run.create(tmp_path / "whole", config, dataset.identity)
    records = list(train(dataset, config, whole))
    measured = [record.val_mse for record in records if math.isfinite(record.val_mse)]
    best = min(range(len(measured)), key=measured.__getitem__)
    assert len(measured) == best + 3 < 60, "two epochs after the best one"
    assert records[-1].finished
    assert whole.is_finished
    run = Run.create(tmp_path / "run", config, dataset.identity)
    while not run.is_finished:
        training = train(dataset, config, run, resume=True)
        list(islice(training, 5))
        training.close()
    assert contents(run) == contents(whole)
    with pytest.raises(TrainingError, match=r"2 of them without getting better; ask for more patience"):
        next(train(dataset, config, run, resume=True))
    more = config.model_copy(update={"epochs": 61})
    assert len([r for r in train(dataset, more, run, resume=True) if math.isfinite(r.val_mse)]) >= 2


def test_patience_needs_pictures_held_out() -> None:
    with pytest.raises(ConfigError, match="patience cannot be 3: it needs a validation share above 0"):
        checked(TrainConfig, {"patience": 3, "val_fraction": 0.0})
    assert checked(TrainConfig, {"val_fraction": 0.0}).patience == 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("network", ["fc", "conv"])
def test_a_learning_rate_that_explodes_stops_on_what_was_kept(
    tmp_path: Path, network: str, precision: str
) -> None:
    dataset = tiny_dataset()
    config = tiny_config(network=network, precision=precision, objective="vae", epochs=9)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    training = train(dataset, config, run)
    list(islice(training, 2))
    training.close()
    kept = contents(run)
    wild = config.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(TrainingError, match=r"not finite at step \d+ and stopped.*step 2, is whole"):
        list(train(dataset, wild, run, resume=True))
    assert contents(run) == kept
    list(train(dataset, config, run, resume=True))
    assert all(torch.isfinite(tensor).all() for tensor in run.load_network("last").state_dict().values())


def test_adams_state_is_looked_at_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient of 1e30 is finite, and its square is not: Adam would stand still for ever."""
    dataset, config = tiny_dataset(), tiny_config()
    run = made(tmp_path / "run", config)
    training = train(dataset, config, run)
    next(training)
    original = torch.optim.Adam.step

    def step(self: torch.optim.Adam) -> None:
        for group in self.param_groups:
            group["params"][0].grad.fill_(1e30)
        original(self)

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    next(training)
    with pytest.raises(TrainingError, match="weights that are not finite"):
        training.close()
    assert not run.has_checkpoint


def test_pictures_with_nan_are_refused_before_training(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((20, 8, 8, 3), np.float32)
    pixels[7, 3, 3, 1] = np.nan
    np.save(tmp_path / "pictures.npy", pixels)
    with pytest.raises(DataError, match=r"pictures\.npy"):
        open_dataset(tmp_path / "pictures.npy")


def test_metrics_are_repaired_wherever_they_were_cut(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config(epochs=1)
    run = made(tmp_path / "run", config)
    list(train(dataset, config, run))
    path = run.path / METRICS
    content = path.read_bytes()
    rows = content.split(b"\n")[1:-1]
    assert len(rows) == 3
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n") - 1
        assert len(run.metrics()) == max(0, whole), cut
        run.keep_metrics_to(99)
        assert path.read_bytes() == b"\n".join([",".join(COLUMNS).encode(), *rows[: max(0, whole)], b""]), cut
