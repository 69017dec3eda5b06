"""Training for other objectives than ae and vae: resuming, warm-up, the KL of each dimension, collapse."""

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import cli
from core.activity import FIRST_STEPS, DimensionKl, active_count, collapse_text, is_settled, read_kl, write_kl
from core.batches import Batches
from core.codec import Codec
from core.config import (
    VARIATIONAL,
    ImportConfig,
    NetworkName,
    ObjectiveName,
    TrainConfig,
    is_variational,
    objective_text,
)
from core.errors import ConfigError
from core.latents import random_codes, statistics
from core.models import NetworkConfig, build_network
from core.models.architecture import architecture_text
from core.objectives import OBJECTIVES
from core.run_files import CONFIG, KL
from core.runs import Run
from core.training import TrainRecord, train
from core.verbs.facts import run_facts, run_text
from core.verbs.train import parse_train
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)


def stopped_and_whole(
    folder: Path, config: TrainConfig
) -> tuple[list[TrainRecord], list[TrainRecord], Run, Run]:
    """Records and runs of a training that was closed three times on its way, and of one that was not."""
    dataset = tiny_dataset(37)
    whole = Run.create(folder / "whole", config, dataset.identity)
    parts = Run.create(folder / "parts", config, dataset.identity)
    expected = list(train(dataset, config, whole))
    found: list[TrainRecord] = []
    for count in (2, 1, 4, 100):
        training = train(dataset, config, Run.open(parts.path), resume=True)
        found += islice(training, count)
        training.close()
    return found, expected, parts, whole


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize(
    ("objective", "reconstruction"),
    [("denoising-ae", "l1"), ("beta-vae", "mse"), ("beta-tcvae", "bce"), ("mmd-vae", "mse")],
)
def test_stopping_in_the_midst_of_warm_up_gives_the_same_bits(
    tmp_path: Path, objective: str, reconstruction: str
) -> None:
    config = tiny_config(
        objective=objective, reconstruction=reconstruction, batch_size=8, kl_warmup_epochs=2, epochs=3
    )
    found, expected, parts, whole = stopped_and_whole(tmp_path, config)
    assert [record.step for record in found] == list(range(1, 16))
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.loss, ours.reconstruction, ours.kl) == (theirs.loss, theirs.reconstruction, theirs.kl)
        if theirs.kl_of_dims is not None:
            assert ours.kl_of_dims is not None
            np.testing.assert_array_equal(ours.kl_of_dims, theirs.kl_of_dims)
    weights = whole.load_network("last").state_dict()
    for name, weight in parts.load_network("last").state_dict().items():
        assert torch.equal(weight, weights[name]), name


def test_the_sums_of_a_report_outlive_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, config = tiny_dataset(37), tiny_config(objective="vae", batch_size=8, epochs=1)
    whole = Run.create(tmp_path / "whole", config, dataset.identity)
    parts = Run.create(tmp_path / "parts", config, dataset.identity)
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)
    each = [record.kl_of_dims for record in train(dataset, config, whole)]
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 1e9)
    with monkeypatch.context() as patched:
        patched.setattr("core.batches.Batches.indices", _interrupted_at(Batches.indices, 3))
        with pytest.raises(KeyboardInterrupt):
            list(train(dataset, config, parts))
    assert parts.progress().pending_steps == 2  # of the steps after the first, which is reported
    found = next(train(dataset, config, parts, resume=True))
    assert found.step == 4
    assert found.kl_of_dims is not None
    mean = np.mean([kl for kl in each[1:4] if kl is not None], axis=0)
    np.testing.assert_allclose(found.kl_of_dims, mean, rtol=1e-5)


def _interrupted_at(indices: Callable[..., Any], last: int) -> Callable[..., Any]:
    """Batches.indices(), with Ctrl+C at a batch."""

    def interrupted(batches: Batches, batch: int) -> Any:
        if batch == last:
            raise KeyboardInterrupt
        return indices(batches, batch)

    return interrupted


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize("objective", VARIATIONAL)
def test_warm_up_asks_for_nothing_at_first_and_for_all_in_the_end(
    tmp_path: Path, objective: ObjectiveName
) -> None:
    dataset = tiny_dataset(37)  # 33 to train on: 5 steps an epoch
    config = tiny_config(objective=objective, batch_size=8, kl_warmup_epochs=2, beta=3.0, epochs=3)
    records = list(train(dataset, config, Run.create(tmp_path / "run", config, dataset.identity)))
    assert records[0].loss == records[0].reconstruction
    if objective in ("vae", "beta-vae"):
        shares = [(r.loss - r.reconstruction) / (3.0 * r.kl) for r in records if r.kl > 0]
        expected = [min(1.0, step / 10) for step in range(15)]
        assert shares == pytest.approx(expected, abs=1e-3)


@pytest.mark.usefixtures("each_step")
def test_records_have_the_kl_of_each_dimension_and_the_run_keeps_it(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(37), tiny_config(objective="vae", batch_size=8)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    assert run.kl() is None
    records = list(train(dataset, config, run))
    for record in records:
        assert record.kl_of_dims is not None
        assert (record.kl_of_dims.dtype, record.kl_of_dims.shape) == (np.float32, (4,))
        assert record.kl_of_dims.sum() == pytest.approx(record.kl, rel=1e-5)
    kept = run.kl()
    assert kept is not None
    assert kept.step == records[-1].step
    last = records[-1].kl_of_dims
    assert last is not None
    np.testing.assert_allclose(kept.kl, last, rtol=1e-4)
    assert run_facts(run)["active_dims"] == active_count(kept.kl)


def test_an_ae_has_no_kl_of_its_dimensions(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config(objective="denoising-ae")
    run = Run.create(tmp_path / "run", config, dataset.identity)
    assert all(record.kl_of_dims is None and not record.collapse for record in train(dataset, config, run))
    assert not (run.path / KL).exists()
    assert run.kl() is None


def test_a_damaged_or_foreign_kl_file_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / KL
    assert read_kl(path, 3) is None
    write_kl(path, DimensionKl(7, np.array([0.5, 0.0, -1e-9], np.float32), True))
    kept = read_kl(path, 3)
    assert kept is not None
    assert (kept.step, kept.is_settled, kept.kl.tolist()) == (7, True, [0.5, 0.0, np.float32(-1e-9)])
    assert read_kl(path, 4) is None
    whole = json.loads(path.read_text())
    for change in ({"step": -1}, {"kl": [1.0, 2.0, "x"]}, {"more": 1}, {"format_version": 2}, {"kl": None}):
        path.write_text(json.dumps(whole | change))
        assert read_kl(path, 3) is None
    path.write_text('{"format_version":1,"step":1,"settled":true,"kl":[NaN,1,1]}')
    assert read_kl(path, 3) is None
    path.write_text("[" * 100_000)
    assert read_kl(path, 3) is None


# ---- collapse ---------------------------------------------------------------------------------


def test_collapse_is_named_with_what_to_try() -> None:
    config = TrainConfig(objective="vae", beta=30.0)
    idle = np.full(64, 0.005, np.float32)
    text = collapse_text(DimensionKl(500, idle, True), config)
    assert text.startswith("Posterior collapse: none of the 64 dimensions")
    assert "smaller beta than 30, a KL warm-up, or train longer" in text
    few = idle.copy()
    few[:3] = 2.0
    warmed = config.model_copy(update={"kl_warmup_epochs": 3})
    text = collapse_text(DimensionKl(500, few, True), warmed)
    assert "only 3 of 64" in text
    assert "a longer KL warm-up" in text
    few[3] = 2.0
    assert collapse_text(DimensionKl(500, few, True), config) == ""
    assert collapse_text(DimensionKl(500, idle, False), config) == ""


def test_collapse_is_not_judged_before_warm_up_and_the_first_epoch_are_over() -> None:
    config = TrainConfig(objective="vae", kl_warmup_epochs=3)
    assert not is_settled(config, 600, 200, finished=False)
    assert is_settled(config, 601, 200, finished=False)
    assert is_settled(config, 300, 200, finished=True)
    assert not is_settled(config, 20, 5, finished=False)
    assert is_settled(config, 20, 5, finished=True)  # nothing more is to come


def test_info_names_the_collapse_of_a_run_that_was_too_short_for_training_to_judge(tmp_path: Path) -> None:
    config = tiny_config(objective="vae", beta=1000.0, epochs=1)
    run = Run.create(tmp_path / "run", config, tiny_dataset().identity)
    for _record in train(tiny_dataset(), config, run):
        pass
    dims = config.latent_dim
    run.save_kl(DimensionKl(3, np.full(dims, 1e-6, np.float32), is_settled=False))
    assert run.is_finished
    assert f"Posterior collapse: none of the {dims} dimensions" in run_text(run)
    longer = Run(run.path, run.config.model_copy(update={"train": run.with_epochs(9)}))
    assert "Posterior collapse" not in run_text(longer)  # it is being trained on, and has only begun


def test_a_training_that_collapses_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.activity.FIRST_STEPS", 10)
    pictures = tmp_path / "pictures.npy"
    np.save(pictures, tiny_dataset().pictures(slice(None)))
    options = "--objective vae --beta 1000 --latent-dim 4 --batch-size 36 --epochs 20 --device cpu"
    out = tmp_path / "run"
    words = [*options.split(), "--precision", "float32", "--learning-rate", "3e-3"]
    assert cli.main(["train", "--data", str(pictures), *words, "--out", str(out)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "Posterior collapse" in line]
    assert len(said) == 1
    assert "none of the 4 dimensions" in said[0]
    assert "Posterior collapse" in run_text(Run.open(out))


def test_a_short_training_that_collapses_says_so_at_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures.npy"
    np.save(pictures, tiny_dataset().pictures(slice(None)))
    options = "--objective vae --beta 1000 --latent-dim 4 --batch-size 36 --epochs 20 --device cpu"
    out = tmp_path / "run"
    words = [*options.split(), "--precision", "float32", "--learning-rate", "3e-3"]
    assert cli.main(["train", "--data", str(pictures), *words, "--out", str(out)]) == 0
    assert Run.open(out).progress().step <= FIRST_STEPS
    said = capsys.readouterr().err.splitlines()
    collapse = [number for number, line in enumerate(said) if "Posterior collapse: none of the 4" in line]
    assert len(collapse) == 1
    assert "epoch 20/20" in said[collapse[0] + 1]
    kept = Run.open(out).kl()
    assert kept is not None
    assert kept.is_settled


# ---- settings ---------------------------------------------------------------------------------


def test_a_beta_that_nobody_gave_is_that_of_the_objective() -> None:
    expected = {"ae": 1, "denoising-ae": 1, "vae": 1, "beta-vae": 4, "beta-tcvae": 6, "mmd-vae": 1000}
    for objective in OBJECTIVES:
        assert TrainConfig(objective=objective).beta == expected[objective]
        assert TrainConfig(objective=objective, beta=2.0).beta == 2.0
        assert (
            TrainConfig.model_validate_json(json.dumps({"objective": objective})).beta == expected[objective]
        )
    with pytest.raises(ValueError, match="objective"):
        TrainConfig.model_validate({"objective": "gan"})


@pytest.mark.parametrize(
    ("words", "beta"),
    [("--objective beta-vae", 4.0), ("--objective beta-vae --beta 2", 2.0), ("--objective=mmd-vae", 1000.0)],
)
def test_the_command_line_knows_the_beta_of_an_objective(words: str, beta: float) -> None:
    options = parse_train(["--out", "run", *words.split()], TrainConfig(), ImportConfig())
    assert options.settings["beta"] == beta
    resumed = parse_train(["--out", "run"], TrainConfig(objective="beta-vae", beta=9.0), ImportConfig())
    assert resumed.settings["beta"] == 9.0


def test_a_run_of_before_there_were_other_objectives_opens(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config(objective="vae", epochs=1)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    list(train(dataset, config, run))
    values = json.loads((run.path / CONFIG).read_text())
    for name in ("reconstruction", "kl_warmup_epochs", "noise_std"):
        del values["train"][name]
    (run.path / CONFIG).write_text(json.dumps(values))
    (run.path / KL).unlink()
    old = Run.open(run.path)
    assert old.config.train == config
    assert old.kl() is None
    more = old.with_epochs(2)
    assert list(train(dataset, more, old, resume=True))[-1].finished


@pytest.mark.parametrize("network", ["fc", "conv"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_network_knows_which_objectives_have_a_posterior(
    network: NetworkName, objective: ObjectiveName
) -> None:
    config = NetworkConfig(network=network, objective=objective, height=8, width=8, channels=1, latent_dim=3)
    built = build_network(config)
    x = torch.zeros(2, 1, 8, 8)
    posterior = built.posterior(x)
    assert posterior.mean.shape == (2, 3)
    assert (posterior.log_std is not None) == is_variational(objective) == (objective in VARIATIONAL)
    codes = Codec(built).encode(np.zeros((30, 8, 8, 1), np.uint8)) + np.float32(5.0)
    drawn = random_codes(statistics(codes), objective, 200, seed=1)
    assert (abs(drawn.mean()) < 0.5) == is_variational(objective)  # from the prior, or where the codes lie


def test_info_and_the_architecture_say_what_a_run_is_trained_for(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    config = tiny_config(objective="beta-tcvae", reconstruction="l1", kl_warmup_epochs=2)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    aim = "beta-tcvae, reconstruction l1, beta 6, KL warm-up over 2 epochs"
    assert objective_text(config) == aim
    assert f"trained for {aim}\n" in architecture_text(run.config.network, config)
    assert f"Trained for  {aim}\n" in run_text(run)
    assert run_facts(run)["reconstruction"] == "l1"
    assert objective_text(tiny_config(objective="ae")) == "ae, reconstruction mse"
    assert objective_text(tiny_config(objective="vae")) == "vae, reconstruction mse, beta 1, no KL warm-up"
    noisy = objective_text(tiny_config(objective="denoising-ae", noise_std=0.25))
    assert noisy == "denoising-ae, reconstruction mse, noise of 0.25 on the pictures"


def test_a_term_whose_package_is_absent_is_refused_before_a_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_msssim.ssim", None)
    config = tiny_config(reconstruction="ms-ssim")
    with pytest.raises(ConfigError, match="pip install"):
        Run.create(tmp_path / "run", config, tiny_dataset().identity)
    assert not (tmp_path / "run").exists()
