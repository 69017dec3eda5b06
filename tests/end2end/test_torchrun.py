"""One run trained by two processes that torchrun starts: the numbers of one process, and what a loss costs.

The one process that they are compared with is the test's own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from core import cli
from core.datasets import open_dataset
from core.datasets.faces import draw_faces
from core.metrics import Metrics
from core.runs import Run
from core.training import train
from tests.core.tiny import tiny_config

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torchrun is for Linux and macOS")

ROOT = Path(__file__).resolve().parents[2]
CLOSE = 1e-4
Options = dict[str, object]
# 225 pictures are left to train on: 8 batches, the last of one picture, of which one process has none.
UNEVEN = 250
FC: Options = {"network": "fc", "objective": "ae", "batch_size": 32, "latent_dim": 4, "epochs": 2}
CONV: Options = FC | {"network": "conv", "objective": "vae", "batch_size": 31}
# Whose losses are those of a whole batch, whoever has its pictures.
COUPLED: dict[str, Options] = {
    "tc": FC | {"objective": "beta-tcvae", "kl_warmup_epochs": 1},
    "mmd": FC | {"objective": "mmd-vae"},
    "denoising": FC | {"objective": "denoising-ae"},
}
# 54 batches of 8, enough for a checkpoint by the clock before the end.
LONG = 480
SLOW: Options = FC | {"batch_size": 8, "checkpoint_interval_s": 1.0}
LATEST = 100  # a process is lost at this step where there was no checkpoint before


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Files of UNEVEN and of LONG built-in faces of 16x16."""
    folder = tmp_path_factory.mktemp("pictures")
    files = {count: folder / f"{count}.npy" for count in (UNEVEN, LONG)}
    for count, file in files.items():
        np.save(file, draw_faces(count, size=16).pixels)
    return files


def by_one(folder: Path, data: object, options: Options, steps: int | None = None) -> Run:
    """A run trained in this process, to its end or closed after steps; one that is there is gone on with."""
    dataset = open_dataset(str(data))
    config = tiny_config(**options)
    resume = (folder / "config.json").exists()
    run = Run.open(folder) if resume else Run.create(folder, config, dataset.identity)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.training.REPORT_INTERVAL_S", 0.0)  # a row each step
        records = train(dataset, config, run, resume=resume)
        for _ in islice(records, steps):
            pass
        records.close()
    return Run.open(folder)


def command(folder: Path, data: object, options: Options, *more: str) -> list[str]:
    """The command line that asks for the same."""
    values = {"precision": "float32", "device": "cpu"} | options | {"data": data, "out": folder}
    pairs = [(f"--{name.replace('_', '-')}", str(value)) for name, value in values.items()]
    return ["train", *(word for pair in pairs for word in pair), *more]


def by_two(*launcher: str, **task: object) -> str:
    """What two processes that torchrun starts say on standard output when they have done their task."""
    words = [*launcher, "--nproc-per-node", "2", "-m", "tests.end2end.together", json.dumps(task)]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, pictures: dict[int, Path]) -> Path:
    """A folder of runs that two processes trained without a loss, and those of one process beside them."""
    folder = tmp_path_factory.mktemp("together")
    uneven, long = pictures[UNEVEN], pictures[LONG]
    begun = by_one(folder / "begun", uneven, CONV, steps=11)  # by one, to the midst of the second epoch
    assert begun.progress().batch == 3
    by_one(folder / "stopped", uneven, FC, steps=3)
    shutil.copytree(folder / "stopped", folder / "never-lost-first")
    said = by_two(
        commands=[
            command(folder / "fc", uneven, FC),
            command(folder / "conv", uneven, CONV),
            command(folder / "begun", uneven, CONV, "--resume"),
            command(folder / "never-lost-first", uneven, FC, "--resume"),
            command(folder / "never-lost", long, SLOW),
            *(command(folder / name, uneven, options) for name, options in COUPLED.items()),
        ]
    )
    assert said.count("Done: ") == 5 + len(COUPLED)  # one of two speaks
    for name, options in COUPLED.items():
        by_one(folder / f"{name}-by-one", uneven, options)
    by_one(folder / "fc-by-one", uneven, FC)
    by_one(folder / "conv-by-one", uneven, CONV)
    return folder


def assert_same_losses(ours: Metrics, theirs: Metrics) -> None:
    """Rows of the same steps, with the same losses to CLOSE of their size."""
    np.testing.assert_array_equal(ours.step, theirs.step)
    np.testing.assert_array_equal(ours.images, theirs.images)
    for name in ("loss", "reconstruction", "kl", "mse", "val_mse"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), CLOSE, 1e-7, err_msg=name)


def assert_whole(run: Run, epochs: int) -> None:
    """All epochs are done, and each report is there once."""
    assert run.progress().epoch == epochs
    metrics = run.metrics()
    assert metrics.step[-1] == run.progress().step
    assert (np.diff(metrics.step) > 0).all()
    assert len((run.path / "metrics.csv").read_text().splitlines()) == 1 + len(metrics)
    assert np.isfinite(metrics.val_mse).sum() == epochs
    run.load_network("best")


def assert_same_bits(ours: Run, theirs: Run) -> None:
    expected = theirs.load_network("last").state_dict()
    for name, weight in ours.load_network("last").state_dict().items():
        assert torch.equal(weight, expected[name]), name


@pytest.mark.parametrize(
    ("name", "expected"), [("fc", "fc"), ("conv", "conv"), ("begun", "conv"), *((n, n) for n in COUPLED)]
)
def test_two_processes_give_the_numbers_of_one(together: Path, name: str, expected: str) -> None:
    run, of_one = Run.open(together / name), Run.open(together / f"{expected}-by-one")
    assert_whole(run, 2)
    assert len(run.metrics()) == 2 * 8  # a second writer's rows would stand between
    assert_same_losses(run.metrics(), of_one.metrics())
    weights = of_one.load_network("last").state_dict()
    for key, weight in run.load_network("last").state_dict().items():
        # Adam goes a whole step where a gradient is nothing but rounding: one weight of 300,000 may.
        far = ~torch.isclose(weight, weights[key], rtol=CLOSE, atol=CLOSE)
        assert far.sum() <= len(far.flatten()) / 100_000, key
    kl, kl_of_one = run.kl(), of_one.kl()
    assert (kl is None) == (kl_of_one is None)
    if kl is not None and kl_of_one is not None:
        np.testing.assert_allclose(kl.kl, kl_of_one.kl, rtol=1e-3, atol=1e-6)


def test_one_process_goes_on_with_what_two_have_trained(together: Path, pictures: dict[int, Path]) -> None:
    further = FC | {"epochs": 3}
    run, of_one = (by_one(together / name, pictures[UNEVEN], further) for name in ("fc", "fc-by-one"))
    assert_same_losses(run.metrics(), of_one.metrics())


def test_a_lost_process_costs_only_the_steps_since_the_checkpoint(together: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = by_two(
        "--max-restarts=1",
        commands=[command(folder, f"faces:count={LONG},size=16", SLOW)],
        run=str(folder),
        lost_rank=1,
        lost_at_last=LATEST,
    )
    assert said.count("Done: ") == 1
    assert_whole(Run.open(folder), 2)
    assert_same_bits(Run.open(folder), Run.open(together / "never-lost"))


def test_the_process_that_writes_may_be_lost_too(together: Path, pictures: dict[int, Path]) -> None:
    folder = together / "stopped"
    said = by_two(
        "--max-restarts=1",
        commands=[command(folder, pictures[UNEVEN], FC, "--resume")],
        run=str(folder),
        lost_rank=0,
        lost_at_last=10,
    )
    assert said.count("Done: ") == 1
    assert_whole(Run.open(folder), 2)
    assert_same_bits(Run.open(folder), Run.open(together / "never-lost-first"))


def test_a_restart_goes_on_with_its_own_run_alone(
    together: Path,
    pictures: dict[int, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    folder = together / "conv-by-one"
    assert cli.main(command(folder, pictures[UNEVEN], CONV)) == 0  # lost after the last step: nothing is left
    assert "Done: " in capsys.readouterr().out
    assert cli.main(command(folder, pictures[UNEVEN], CONV | {"epochs": 9})) == 2  # refused before as well
    assert "already holds a run" in capsys.readouterr().err
    assert_whole(Run.open(folder), 2)
