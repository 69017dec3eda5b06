"""Training by two processes that torchrun starts against one, each with one thread; and what it costs them.

The processes themselves run this module as a program: python -m tests.benchmarks.machines FOLDER. Rates are
those of whole steps of train(), reading, averaging and records included, after the first two.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from core import cli, training
from core.datasets.faces import draw_faces
from core.models import build_network
from core.ranks import joined
from core.runs import Run
from tests.benchmarks.rows import Row

ROOT = Path(__file__).resolve().parents[2]
SIZE, BATCH = 64, 256
STEPS = {"fc": 12, "conv": 8}
FACES = 512  # drawn, and then repeated
FIRST = 2  # steps that warm up
SMALL, SMALL_BATCH, SMALL_STEPS = 16, 64, 18
INTERVAL_S = 60.0
REDUCTIONS = 5
CLOSE = 1e-4


def rows() -> Iterator[Row]:
    """Rates, losses, bytes and seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, count in ((SIZE, BATCH * max(STEPS.values())), (SMALL, SMALL_BATCH * SMALL_STEPS)):
            faces = draw_faces(FACES, size=side).pixels
            np.save(folder / f"{side}.npy", faces[np.arange(count) % FACES])
        alone, both = (_facts_of(folder, processes) for processes in (1, 2))
    for network in STEPS:
        one, two = alone["rates"][network], both["rates"][network]
        yield Row(
            f"{network}, batch {BATCH}, {alone['precision']}: 2 processes, 1 thread each, against 1",
            f"{two:,.0f} pictures/s",
            f"{one:,.0f} pictures/s",
            f"{two / one:.2f}",
        )
        megabytes, seconds = alone["parameters"][network] * 4 / 1e6, both["reductions"][network]
        step_s = BATCH / two
        yield Row(
            f"{network}: {megabytes:.1f} MB of gradients averaged by gloo, alone",
            f"{1000 * seconds:.0f} ms",
            f"{1000 * step_s:.0f} ms a step",
            f"{seconds / step_s:.2f}",
        )
    for name, what, steps in (
        ("small", "fc float32", SMALL_STEPS),
        *((network, f"{network} {alone['precision']}", steps) for network, steps in STEPS.items()),
    ):
        pairs = zip(both["losses"][name], alone["losses"][name], strict=True)
        difference = max(abs(a - b) / abs(b) for a, b in pairs)
        is_promised = name == "small"
        yield Row(
            f"{what}, {steps} steps: the largest difference of 2 processes' loss from that of 1",
            f"{difference:.1e} of it",
            goal=f"<= {CLOSE:g}" if is_promised else "",
            met=difference <= CLOSE if is_promised else None,
        )
    seconds, megabytes = alone["checkpoint_s"], alone["checkpoint_mb"]
    yield Row(
        f"fc: a checkpoint of {megabytes:.0f} MB to the disk, every {INTERVAL_S:.0f} s",
        f"{1000 * seconds:.0f} ms",
        ratio=f"{seconds / INTERVAL_S:.4f}",
    )


def _facts_of(folder: Path, processes: int) -> dict[str, Any]:
    """What so many processes measured."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m"]
    module = "tests.benchmarks.machines"
    words = [*(launcher if processes > 1 else []), module, str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(folder: Path) -> dict[str, Any]:
    """What this process, with the others where there are some, measures with the pictures in folder."""
    training.REPORT_INTERVAL_S = 0.0  # a row each step
    facts: dict[str, Any] = {"rates": {}, "losses": {}, "parameters": {}, "reductions": {}}
    with joined("cpu") as ranks:
        for network, steps in STEPS.items():
            run = _trained(folder / f"{network}-{ranks.size}", folder / f"{SIZE}.npy", network, BATCH, steps)
            seconds = np.diff(run.metrics().seconds)[FIRST - 1 :]
            facts["rates"][network] = BATCH / statistics.median(seconds)
            facts["losses"][network] = run.metrics().loss.tolist()
            facts["precision"] = run.progress().precision
            weights = build_network(run.config.network, torch.Generator()).parameters()
            count = facts["parameters"][network] = sum(weight.numel() for weight in weights)
            gradients = torch.zeros(count)
            times = [_seconds(lambda: ranks.summed(gradients)) for _ in range(REDUCTIONS)]  # noqa: B023
            facts["reductions"][network] = statistics.median(times)
            if network == "fc" and ranks.size == 1:
                checkpoint = run.load_checkpoint()
                times = [_seconds(lambda: run.save_checkpoint(checkpoint)) for _ in range(3)]  # noqa: B023
                facts["checkpoint_s"] = statistics.median(times)
                facts["checkpoint_mb"] = (run.path / "checkpoint.safetensors").stat().st_size / 1e6
        small = folder / f"small-{ranks.size}"
        data = folder / f"{SMALL}.npy"
        run = _trained(small, data, "fc", SMALL_BATCH, SMALL_STEPS, "--precision", "float32")
        facts["losses"]["small"] = run.metrics().loss.tolist()
        return facts if ranks.writes else {}


def _trained(out: Path, data: Path, network: str, batch: int, steps: int, *more: str) -> Run:
    """The run that train makes of one epoch of so many steps, nothing held out; of the first pictures."""
    cut = out.with_suffix(".npy")
    if int(os.environ.get("RANK") or 0) == 0:
        np.save(cut, np.load(data, mmap_mode="r")[: batch * steps])
    if distributed.is_initialized():
        distributed.barrier()
    options = {"data": cut, "out": out, "network": network, "batch-size": batch}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    if cli.main(["train", *words, "--epochs", "1", "--val-fraction", "0", "--device", "cpu", *more]):
        raise SystemExit(1)
    if distributed.is_initialized():
        distributed.barrier()  # what rank 0 writes last is there for all
    return Run.open(out)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    found = measure(Path(sys.argv[1]))
    if found:
        print(json.dumps(found))
