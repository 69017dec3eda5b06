"""Several processes together read just what one reads, each its own part, and ask for it beforehand once."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core import batches
from core.batches import Batches
from core.datasets.dataset import ImageDataset
from core.datasets.order import epoch_order, window_edges
from core.ranks import Ranks
from tests.core.tiny import tiny_config, tiny_dataset

CPU = torch.device("cpu")


@dataclass(eq=False)
class Recorded:
    """Pictures that write down what is asked for: a PixelStore over an array."""

    pixels: NDArray[np.uint8]
    prefetched: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    early: bool = True  # all that was read had been prefetched

    @property
    def shape(self) -> tuple[int, int, int, int]:
        count, height, width, channels = self.pixels.shape
        return count, height, width, channels

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        return self.pixels.dtype

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
        self.early = self.early and set(wanted.tolist()) <= set(self.prefetched)
        self.read += wanted.tolist()
        return self.pixels[wanted]

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        self.prefetched += indices.tolist()


def recorded(count: int) -> tuple[ImageDataset, Recorded]:
    tiny = tiny_dataset(count)
    store = Recorded(np.asarray(tiny.pixels))
    return ImageDataset(store, tiny.identity, tiny.reading), store


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes windows of about so many pictures of 8x8 in colour, as a large file has."""

    def of(pictures: int) -> None:
        sizes = {"full_shuffle_bytes": 0, "window_bytes": pictures * 8 * 8 * 3}
        monkeypatch.setattr(batches, "window_edges", partial(window_edges, **sizes))
        monkeypatch.setattr(batches, "epoch_order", partial(epoch_order, **sizes, block_bytes=4 * 8 * 8 * 3))

    return of


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(("count", "batch_size"), [(41, 16), (97, 32), (40, 1), (33, 2)])
def test_the_parts_of_all_are_the_batches_of_one(size: int, count: int, batch_size: int) -> None:
    dataset, config = tiny_dataset(count), tiny_config(batch_size=batch_size)
    whole = Batches(dataset, config, CPU, Ranks())
    parts = [Batches(dataset, config, CPU, Ranks(rank, size)) for rank in range(size)]
    assert {part.count for part in parts} == {math.ceil(len(whole.train_indices) / batch_size)}
    for epoch in range(2):
        visited: list[int] = []
        for each in (whole, *parts):
            each.begin(epoch)
        for batch in range(whole.count):
            indices = whole.indices(batch)
            shares = [Ranks(rank, size).share(len(indices)) for rank in range(size)]
            own = [part.indices(batch)[share] for part, share in zip(parts, shares, strict=True)]
            np.testing.assert_array_equal(np.concatenate(own), indices)
            pictures = [part.pictures(mine) for part, mine in zip(parts, own, strict=True)]
            assert torch.equal(torch.cat(pictures), whole.pictures(indices))
            visited += indices.tolist()
        np.testing.assert_array_equal(np.sort(visited), whole.train_indices)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(("window", "batch_size"), [(64, 16), (50, 16), (37, 10), (20, 64), (64, 1)])
def test_each_process_asks_for_its_own_pictures_once_and_before_it_reads_them(
    windows: Callable[[int], None], size: int, window: int, batch_size: int
) -> None:
    windows(window)
    config = tiny_config(batch_size=batch_size, val_fraction=0.1)
    for rank in range(size):
        dataset, store = recorded(300)
        ranks = Ranks(rank, size)
        each = Batches(dataset, config, CPU, ranks)
        for epoch in range(2):
            store.prefetched.clear()
            store.read.clear()
            each.begin(epoch)
            assert len(store.prefetched) < 200 / size  # the first window, not all of them
            for batch in range(each.count):
                indices = each.indices(batch)
                each.pictures(indices[ranks.share(len(indices))])
            assert store.early
            assert sorted(store.prefetched) == sorted(store.read)
            assert len(set(store.read)) == len(store.read)


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("first", range(1, 17, 3))
def test_an_epoch_that_is_gone_on_with_asks_for_the_rest(
    windows: Callable[[int], None], size: int, first: int
) -> None:
    windows(60)
    dataset, store = recorded(300)
    ranks = Ranks(size - 1, size)
    each = Batches(dataset, tiny_config(batch_size=16), CPU, ranks)
    assert each.count == 17
    each.begin(1, first)
    for batch in range(first, each.count):
        indices = each.indices(batch)
        each.pictures(indices[ranks.share(len(indices))])
    assert store.early
    assert sorted(store.prefetched) == sorted(store.read)


def test_what_fits_in_memory_is_not_asked_for() -> None:
    dataset, store = recorded(40)
    each = Batches(dataset, tiny_config(), CPU, Ranks())
    each.begin(0)
    for batch in range(each.count):
        each.pictures(each.indices(batch))
    assert store.prefetched == []
    assert len(store.read) == 36
