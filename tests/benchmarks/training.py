"""Training against the course's own loop and the machine's limit, on the same pictures and weights."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.config import NetworkName, ObjectiveName, TrainConfig
from core.datasets import open_dataset
from core.datasets.dataset import ImageDataset
from core.datasets.order import epoch_order
from core.devices import bfloat16_gain
from core.models.architecture import parameter_count
from core.runs import Run
from core.seeds import NOISE, stream_seed
from core.training import train
from tests.benchmarks.course import limit, train_plainly
from tests.benchmarks.rows import Row, at_least, at_most

RUNS = 3
# Prints the seconds from asking for a new run to its first loss, in a process that has trained nothing yet.
FIRST_LOSS = """
import sys, time
import core.training
from core.config import TrainConfig
from core.datasets import open_dataset
from core.runs import Run
dataset = open_dataset("faces:count=2000")
start = time.perf_counter()
config = TrainConfig(network=sys.argv[2])
records = core.training.train(dataset, config, Run.create(sys.argv[1], config, dataset.identity))
next(records)
print(time.perf_counter() - start)  # before it is let go of, which writes a checkpoint
"""


def rows() -> Iterator[Row]:
    """Rates of fc and conv, their losses against float32, and the time to the first loss."""
    gain = bfloat16_gain("cpu")
    yield Row("bfloat16 against float32, as the trial finds it", f"{gain:.1f} times")
    with tempfile.TemporaryDirectory() as folder:
        for network in ("fc", "conv"):  # first: a disk that still writes checkpoints would be waited for
            times = [_first_loss(Path(folder) / f"{network}-first-{run}", network) for run in range(RUNS)]
            yield at_most(f"{network}: from Start to the first loss", statistics.median(times), 1.5, "s", 2)
        yield from _rates(Path(folder), "fc", "ae", count=2048, epochs=4, batch_size=256, goal=3.0)
        yield from _rates(Path(folder), "conv", "vae", count=1024, epochs=4, batch_size=64, goal=2.0)


def _rates(
    folder: Path,
    network: NetworkName,
    objective: ObjectiveName,
    *,
    count: int,
    epochs: int,
    batch_size: int,
    goal: float,
) -> Iterator[Row]:
    dataset = open_dataset(f"faces:count={count}")
    config = TrainConfig(
        network=network,
        objective=objective,
        epochs=epochs,
        batch_size=batch_size,
        val_fraction=0.0,
        keep_epochs=0,  # the course's loop keeps none
    )
    size = dataset.pixels[0].size
    orders = [epoch_order(np.arange(count), config.seed, epoch, size) for epoch in range(epochs)]
    for order in orders:  # as ours: else a vae's noise would meet other pictures
        for start in range(0, count, batch_size):
            order[start : start + batch_size].sort()
    pictures = count * epochs
    ours, reference, limits, writings = [], [], [], []
    losses = (0.0, 0.0)
    for number in range(RUNS):  # in turn, so that a slow moment of the machine meets both
        run = Run.create(folder / f"{network}-{number}", config, dataset.identity)
        rate, loss, writing = _train(dataset, config, run)
        ours.append(rate)
        writings.append(writing)
        pixels = dataset.pictures(slice(None))
        plain_seconds, plain_loss = train_plainly(
            pixels, run.config.network, orders, batch_size, stream_seed(config.seed, NOISE, 0)
        )
        reference.append((pictures - count) / plain_seconds)
        losses = loss, plain_loss
        limits.append(limit(parameter_count(run.config.network), batch_size))
    name = f"{network} {objective}, batch {batch_size}"
    ratios = [a / b for a, b in zip(ours, reference, strict=True)]
    unit = "pictures/s"
    rate, plain = statistics.median(ours), statistics.median(reference)
    ratio = statistics.median(ratios)
    yield Row(f"{name}: its last weights and checkpoint written", f"{statistics.median(writings):.2f} s")
    yield Row(
        f"{name}: training against the course's loop, from epoch 2",
        f"{rate:,.0f} {unit}",
        f"{plain:,.0f} {unit}",
        f"{ratio:.2f}",
        f">= {goal:g}",
        ratio >= goal,
    )
    if network == "fc":
        what = f"{name}: training against the machine's limit, from epoch 2"
        yield at_least(what, rate, statistics.median(limits), 0.6, unit)
    difference = abs(losses[0] / losses[1] - 1)
    yield Row(
        f"{name}: loss after {epochs} epochs against float32",
        f"{losses[0]:.5g}",
        f"{losses[1]:.5g}",
        f"{difference:.2%} apart",
        "<= 2 %",
        difference <= 0.02,
    )


def _train(dataset: ImageDataset, config: TrainConfig, run: Run) -> tuple[float, float, float]:
    """Pictures a second after the first epoch, the last epoch's mean loss, seconds to write the end.

    In the first epoch memory is touched for the first time: 0.4 s of any training, however long it is.
    """
    start = time.perf_counter()
    records = [record for record in train(dataset, config, run, snapshot_interval_s=3.0) if record.reported]
    writing = time.perf_counter() - start - records[-1].seconds
    before = [record.step for record in records[:-1]]
    steps = np.diff([0, *before, records[-1].step])
    last = np.array([record.epoch == config.epochs for record in records])
    loss = np.array([record.loss for record in records])
    first = next(record for record in records if record.images == len(dataset))
    end = records[-1]
    rate = (end.images - first.images) / (end.seconds - first.seconds)
    return rate, float((loss * steps)[last].sum() / steps[last].sum()), writing


def _first_loss(run: Path, network: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_LOSS, str(run), network], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
