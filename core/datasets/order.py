"""The order in which an epoch visits its pictures: a function of its arguments alone, on every machine.

Up to FULL_SHUFFLE_BYTES of pixels the order is a full permutation. In a file that does not fit in memory that
would cost a seek a picture, so above it pictures are taken in windows: neighbours in the file form blocks
of BLOCK_BYTES, which a disk reads at the speed of a sweep; the blocks are permuted over the whole set, and
then the pictures within windows of WINDOW_BYTES, two of which fit in the memory of any machine that trains.

Why that is random enough. A window holds about 512 blocks drawn from the whole set without replacement. Were
the file sorted, so that each block is of one kind, the mean of anything over a batch of n pictures would have
the variance s²/n + s²/512 instead of s²/n: for n = 256 that of a batch of 171. Where neighbours in the
file are not alike, it is that of a full permutation. Where blocks begin is drawn anew each epoch, so that
pictures are not bound to the same neighbours.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FULL_SHUFFLE_BYTES = 4 * 1024**3
BLOCK_BYTES = 1024**2
WINDOW_BYTES = 512 * 1024**2
ORDER = 1  # the stream of random numbers that orders are drawn from


def epoch_order(
    indices: NDArray[np.int64],
    seed: int,
    epoch: int,
    picture_bytes: int,
    *,
    full_shuffle_bytes: int = FULL_SHUFFLE_BYTES,
    block_bytes: int = BLOCK_BYTES,
    window_bytes: int = WINDOW_BYTES,
) -> NDArray[np.int64]:
    """A permutation of indices (n,), which are sorted; the bounds in bytes are part of what decides it."""
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ORDER, epoch)))
    count = len(indices)
    edges = window_edges(
        count, picture_bytes, full_shuffle_bytes=full_shuffle_bytes, window_bytes=window_bytes
    )
    if len(edges) <= 2:
        return random.permutation(indices)
    block = max(1, block_bytes // picture_bytes)
    first = int(random.integers(1, block + 1))  # pictures in the first block
    starts = np.concatenate([[0], np.arange(first, count, block)])
    lengths = np.diff(starts, append=count)
    shuffled = random.permutation(len(starts))
    lengths, starts = lengths[shuffled], starts[shuffled]
    places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(count)
    order = indices[places]
    for start, stop in pairwise(edges):
        random.shuffle(order[start:stop])
    return order


def window_edges(
    count: int,
    picture_bytes: int,
    *,
    full_shuffle_bytes: int = FULL_SHUFFLE_BYTES,
    window_bytes: int = WINDOW_BYTES,
) -> list[int]:
    """Where the windows of an epoch of count pictures begin, and count at the end; [0, count]: no windows.

    They are equally long to within one picture: a short last one would hold too few blocks.
    """
    total = count * picture_bytes
    windows = 1 if total <= full_shuffle_bytes else -(-total // window_bytes)
    return [count * window // windows for window in range(windows + 1)]
