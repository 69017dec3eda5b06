"""A million pictures in one file: training against training on 50,000, and a picture that is selected."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.config import TrainConfig
from core.datasets import open_dataset
from core.models import build_network
from core.runs import Run
from tests.benchmarks.live_window import opened, wait
from tests.benchmarks.rows import Row, at_least, at_most, percentile

FEW, MANY = 50_000, 1_000_000
PICTURE = (64, 64, 3)
ROUNDS = 3
SELECTIONS = 60
# Trains on a file for some seconds; prints pictures/s, and by how many MB the process has grown meanwhile.
TRAINING = """
import json, sys, time
import core.training
from pathlib import Path
from core.config import TrainConfig
from core.datasets import open_dataset
from core.runs import Run

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024

dataset = open_dataset(sys.argv[1])
config = TrainConfig(val_fraction=0.0, batch_size=256)
training = core.training.train(dataset, config, Run.create(sys.argv[2], config, dataset.identity))
first = None
for record in training:
    if record.seconds > 10.5 and first is None:  # two copies of the weights lie beside each other by then
        first, began, memory = record.images, time.perf_counter(), resident()
    if record.seconds > 21.0:
        break
print(json.dumps([(record.images - first) / (time.perf_counter() - began), resident() - memory]))
sys.stdout.flush()
import os
os._exit(0)
"""


def sparse_file(path: Path, count: int) -> Path:
    """An .npy of count black pictures that takes no room on the disk."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, *PICTURE)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + count * int(np.prod(PICTURE)))
    return path


def rows() -> Iterator[Row]:
    """Training's rate and memory, and from a selection to its reconstruction."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = (sparse_file(folder / f"{count}.npy", count) for count in (FEW, MANY))
        rates: dict[Path, list[float]] = {few: [], many: []}
        grown = 0.0
        for number in range(ROUNDS):
            for path in rates:
                rate, more = _train(path, folder / f"run-{path.stem}-{number}")
                rates[path].append(rate)
                grown = max(grown, more) if path is many else grown
        medians = [statistics.median(values) for values in rates.values()]
        yield at_least(
            f"fc: training on {MANY:,} against {FEW:,}", medians[1], medians[0], 0.95, "pictures/s"
        )
        yield at_most(f"memory more after 10 s of training on {MANY:,}", grown, 50.0, "MB", 0)
        times = _selections(many, folder / "untrained")
        what = f"fc: from a selection among {MANY:,} to its reconstruction"
        yield at_most(what, statistics.median(times), 50.0, "ms")
        yield at_most("the same, 99 of 100", percentile(times, 99), 50.0, "ms")


def _train(path: Path, run: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", TRAINING, str(path), str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rate, more = json.loads(done.stdout)
    return rate, more


def _selections(path: Path, folder: Path) -> list[float]:
    """Milliseconds from asking for a picture until the session holds its reconstruction."""
    dataset = open_dataset(path)
    run = Run.create(folder, TrainConfig(), dataset.identity)
    run.save_weights(build_network(run.config.network).state_dict())
    times: list[float] = []
    with opened(folder) as window:
        session = window.session
        for index in np.random.default_rng(0).choice(MANY, SELECTIONS, replace=False).tolist():
            before, began = session.pictures, time.perf_counter()
            session.select_image(index)
            wait("the reconstruction", lambda before=before: session.pictures is not before, pause_s=0.0002)
            times.append(1000.0 * (time.perf_counter() - began))
    return times
