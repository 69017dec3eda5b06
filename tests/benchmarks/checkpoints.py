"""What checkpoints cost a training of the assignment's network, and how much a kill could take at most."""

import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from core.config import TrainConfig
from core.datasets import open_dataset
from core.datasets.dataset import ImageDataset
from core.run_files import CHECKPOINT
from core.runs import Run
from core.training import train
from tests.benchmarks.rows import Row, at_most

OFTEN_S = 6.0  # so that a short training has many; what one costs is the same
USUAL_S = 60.0
SECONDS = 27.0
PAIRS = 2
GOAL_PERCENT = 3.0


def rows() -> Iterator[Row]:
    """What one checkpoint takes of training, its share at the usual interval, and the work at risk."""
    dataset = open_dataset("faces:count=2048")
    costs, risks, size = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PAIRS):  # in turn, so that a slow moment of the machine meets both
            often, seldom = (Path(folder) / f"{name}-{number}" for name in ("often", "seldom"))
            rate, _none = _train(dataset, seldom, 3600.0)
            rate_often, saved = _train(dataset, often, OFTEN_S)
            # Seconds in which rate / rate_often as much could have been done, for each checkpoint.
            costs.append(SECONDS / (len(saved) - 1) * (1 - rate_often / rate))
            # Killed when the next is nearly whole: all since the state in the one before is lost.
            risks += [written - state for (state, _), (_, written) in pairwise(saved)]
            size = (often / CHECKPOINT).stat().st_size
    cost = max(0.0, sum(costs) / len(costs))
    yield Row(f"fc: a checkpoint of {size / 1e6:,.0f} MB, as training feels it", f"{cost:.2f} s")
    what = f"fc: share of the time, a checkpoint every {USUAL_S:.0f} s"
    yield at_most(what, 100 * cost / USUAL_S, GOAL_PERCENT, "%", 2)
    what = f"fc: most work that a kill can take, a checkpoint every {OFTEN_S:.0f} s"
    yield at_most(what, max(risks), OFTEN_S, "s", 2)


def _train(dataset: ImageDataset, folder: Path, interval_s: float) -> tuple[float, list[tuple[float, float]]]:
    """Pictures a second; for each checkpoint the seconds of work in it, and at which it was on the disk."""
    config = TrainConfig(epochs=1000, batch_size=256, val_fraction=0.0, checkpoint_interval_s=interval_s)
    run = Run.create(folder, config, dataset.identity)
    training = train(dataset, config, run, snapshot_interval_s=3.0)
    first = next(training)
    begun, saved, stamp = time.perf_counter(), [(0.0, 0.0)], 0
    last = first
    for record in training:
        last = record
        path = run.path / CHECKPOINT
        if path.exists() and path.stat().st_mtime_ns != stamp:
            stamp = path.stat().st_mtime_ns
            saved.append((run.progress().seconds, first.seconds + time.perf_counter() - begun))
        if time.perf_counter() - begun > SECONDS:
            break
    rate = (last.images - first.images) / (time.perf_counter() - begun)
    training.close()
    return rate, saved
