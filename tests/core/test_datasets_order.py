"""The order of an epoch: always a permutation, decided by its arguments, and well mixed by windows."""

from itertools import pairwise

import numpy as np
import pytest

from core.datasets.order import BLOCK_BYTES, FULL_SHUFFLE_BYTES, WINDOW_BYTES, epoch_order, window_edges

PICTURE_BYTES = 64 * 64 * 3
TIGHT = {"full_shuffle_bytes": 0, "block_bytes": 8 * PICTURE_BYTES, "window_bytes": 1000 * PICTURE_BYTES}


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 999, 1000, 1001, 5003])
@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_each_picture_comes_once(count: int, epoch: int) -> None:
    indices = np.sort(np.random.default_rng(3).choice(3 * count, count, replace=False))
    order = epoch_order(indices, 4, epoch, PICTURE_BYTES, **TIGHT)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), indices)
    assert np.array_equal(order, epoch_order(indices.copy(), 4, epoch, PICTURE_BYTES, **TIGHT))


def test_seed_and_epoch_decide() -> None:
    indices = np.arange(5000)
    orders = [
        epoch_order(indices, seed, epoch, PICTURE_BYTES, **bounds)
        for seed in (0, 1)
        for epoch in (0, 1)
        for bounds in (TIGHT, {})
    ]
    for at, order in enumerate(orders):
        assert all((order != other).mean() > 0.99 for other in orders[:at])


def test_small_sets_are_permuted_as_a_whole() -> None:
    indices = np.arange(0, 9000, 2)
    random = np.random.default_rng(np.random.SeedSequence(11, spawn_key=(1, 2)))
    assert np.array_equal(epoch_order(indices, 11, 2, PICTURE_BYTES), random.permutation(indices))
    fits = FULL_SHUFFLE_BYTES // PICTURE_BYTES
    assert window_edges(fits, PICTURE_BYTES) == [0, fits]
    assert len(window_edges(fits + 1, PICTURE_BYTES)) > 2


def test_windows_are_of_one_size_and_within_their_bound() -> None:
    for count in (1_000_000, 349_526, 900_001):
        edges = window_edges(count, PICTURE_BYTES)
        lengths = [stop - start for start, stop in pairwise(edges)]
        assert edges[0] == 0
        assert edges[-1] == count
        assert max(lengths) - min(lengths) <= 1
        assert (max(lengths) - 1) * PICTURE_BYTES <= WINDOW_BYTES


def test_a_window_reads_whole_blocks_and_its_batches_mix_them() -> None:
    count, batch = 1_000_000, 256
    order = epoch_order(np.arange(count), 0, 3, PICTURE_BYTES)
    block = BLOCK_BYTES // PICTURE_BYTES
    for start, stop in list(pairwise(window_edges(count, PICTURE_BYTES)))[::5]:
        window = order[start:stop]
        pieces = 1 + np.count_nonzero(np.diff(np.sort(window)) > 1)
        assert pieces <= (stop - start) / block + 3  # what the disk has to seek for
        # Neighbours in the order are as far apart in the file as two pictures drawn at random.
        assert np.abs(np.diff(window)).mean() == pytest.approx(count / 3, rel=0.1)
        for first in range(0, len(window) - batch, batch * 40):
            places = np.unique(window[first : first + batch] // block)
            # 512 blocks, each absent with (1 - 256/43000)^85 = 0.6: about 200 are there.
            assert len(places) > 150


def test_a_batch_of_a_sorted_set_holds_its_share_of_every_kind() -> None:
    """Chi-square of the kinds in a batch: 9 for a full permutation, and at most 1.5 times that by windows."""
    count, kinds, batch = 400_000, 10, 256
    kind = np.arange(count) * kinds // count

    def mean_chi_square(order: np.ndarray) -> float:
        batches = order[: count // batch * batch].reshape(-1, batch)
        counts = np.stack([(kind[batches] == one).sum(axis=1) for one in range(kinds)])
        return float(((counts - batch / kinds) ** 2 / (batch / kinds)).sum(axis=0).mean())

    full = epoch_order(np.arange(count), 1, 0, PICTURE_BYTES, full_shuffle_bytes=2**50)
    windows = epoch_order(np.arange(count), 1, 0, PICTURE_BYTES)
    assert mean_chi_square(full) == pytest.approx(9, abs=0.6)
    assert 8.5 < mean_chi_square(windows) < 9 * 1.5 * 1.1
