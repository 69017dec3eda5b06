"""Encoding a whole data set, reading and conversion included, against the network alone on ready batches."""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from core.codec import Codec
from core.config import ImportConfig
from core.datasets import ImageDataset, open_dataset
from core.encoding import CodesFile, encode_dataset, finished, measure_errors, measured_codes
from core.models import NetworkConfig, build_network
from core.pixels import to_float
from tests.benchmarks.rows import Row, at_least, seconds_of

SIZE = 64
BARE_BATCH = 256
COUNTS = {"fc": (5_000, 20_000), "conv": (1_280,)}  # conv has a fifth of fc's rate
RUNS = 5
GOAL = 0.8


def rows() -> Iterator[Row]:
    """Rates of encode_dataset and of the errors that come after, and what keeping the codes costs."""
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for network, counts in COUNTS.items():
            shape = {"height": SIZE, "width": SIZE, "channels": 3}
            config = NetworkConfig.model_validate(
                {"network": network, "objective": "ae", "latent_dim": 64, **shape}
            )
            codec = Codec(build_network(config, torch.Generator().manual_seed(0)))
            for count in counts:
                path = Path(folder) / f"{count}.npy"
                np.save(path, generator.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8))
                yield from _rows(codec, open_dataset(path, ImportConfig()), Path(folder))
                path.unlink()


def _rows(codec: Codec, dataset: ImageDataset, folder: Path) -> Iterator[Row]:
    count, network = len(dataset), codec.config.network
    ready = to_float(dataset.pictures(slice(0, BARE_BATCH)))

    def bare() -> None:
        with torch.inference_mode():
            for _ in range(0, count, BARE_BATCH):
                codec.network.encode(ready)

    def ours() -> None:
        finished(encode_dataset(codec, dataset, count))

    bare_rate, our_rate = _rates(count, bare, ours)
    name = f"{network}, {count:,} pictures of {SIZE}x{SIZE}"
    yield at_least(f"{name}: encoding", our_rate, bare_rate, GOAL, "pictures/s")
    if count != COUNTS[network][0]:
        return

    codes = finished(encode_dataset(codec, dataset, count))

    def bare_decoding() -> None:
        z = torch.from_numpy(codes.codes[:BARE_BATCH])
        with torch.inference_mode():
            for _ in range(0, count, BARE_BATCH):
                codec.network.decode(z)

    bare_rate, our_rate = _rates(
        count, bare_decoding, lambda: finished(measure_errors(codec, dataset, codes))
    )
    yield at_least(f"{name}: errors, after it", our_rate, bare_rate, GOAL, "pictures/s")

    def kept() -> None:
        finished(measured_codes(codec, dataset, count, CodesFile(folder, codec, dataset, count)))

    kept()
    taken = statistics.median(seconds_of(kept) for _ in range(RUNS))
    yield Row(f"{name}: codes that were kept", f"{1000 * taken:.0f} ms")


def _rates(count: int, *works: Callable[[], object]) -> list[float]:
    """Pictures a second of each, taken in turns so that a slow moment of the machine meets them all.

    The median passes over the first turn, which warms up.
    """
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS):
        for work, taken in zip(works, seconds, strict=True):
            taken.append(seconds_of(work))
    return [count / statistics.median(taken) for taken in seconds]
