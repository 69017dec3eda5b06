"""The pictures of each epoch as batches on a device: which are held out, the order, and this rank's part."""

import math
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config import TrainConfig
from core.datasets.dataset import ImageDataset
from core.datasets.order import epoch_order, window_edges
from core.pixels import to_float
from core.ranks import Ranks
from core.seeds import SPLIT, random_stream

# A card that keeps the pictures themselves needs none from the host; half of it stays for the network.
RESIDENT_SHARE = 0.5
SAMPLE = 64  # pictures whose mean is near that of all


def split_indices(count: int, val_fraction: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices to train on and to hold out, each sorted, decided by the arguments alone.

    At least one picture is held out when val_fraction is above 0, and at least one is left to train on.
    """
    held_out = min(max(round(count * val_fraction), 1 if val_fraction > 0 else 0), count - 1)
    shuffled = random_stream(seed, SPLIT).permutation(count)
    return np.sort(shuffled[held_out:]), np.sort(shuffled[:held_out])


def spread_indices(count: int, limit: int) -> NDArray[np.int64]:
    """At most limit indices, evenly spread over count pictures, in order."""
    kept = min(count, limit)
    return np.arange(kept, dtype=np.int64) * count // max(kept, 1)


class Batches:
    """The training pictures of a data set, a batch at a time, in an order that (seed, epoch) decides.

    Every rank knows the whole order and reads its own part of each batch.
    """

    def __init__(
        self, dataset: ImageDataset, config: TrainConfig, device: torch.device, ranks: Ranks
    ) -> None:
        self.train_indices, self.val_indices = split_indices(len(dataset), config.val_fraction, config.seed)
        self.count = math.ceil(len(self.train_indices) / config.batch_size)  # batches of an epoch
        self.largest = min(config.batch_size, len(self.train_indices))  # pictures in the largest of them
        self._dataset = dataset
        self._device = device
        self._ranks = ranks
        self._size = config.batch_size
        self._seed = config.seed
        self._picture_bytes = math.prod(dataset.picture_shape)
        self._resident = self._on_card()
        self._order = self.train_indices
        # Where the file is larger than memory its pictures come in windows, each read before it begins.
        edges = window_edges(len(self.train_indices), self._picture_bytes)
        # A batch belongs to the window in which it begins: (first, last) batches, last excluded.
        firsts = sorted({math.ceil(edge / self._size) for edge in edges})
        self._windows = list(pairwise(firsts)) if len(edges) > 2 and self._resident is None else []
        self._window = -1  # the one after which the next is being asked for
        self._wanted = np.empty(0, np.int64)  # this rank's pictures of the next one, sorted
        self._asked = 0  # how many of those the system knows of

    def begin(self, epoch: int, batch: int = 0) -> None:
        """Put the pictures in the order of an epoch, of which batch is the first that will be asked for."""
        self._order = epoch_order(self.train_indices, self._seed, epoch, self._picture_bytes)
        self._window = -1
        for first, last in self._windows:
            if first <= batch < last:
                self._dataset.prefetch(self._own(batch, last))

    def indices(self, batch: int) -> NDArray[np.int64]:
        """The indices of a batch of the epoch, of all ranks; sorted, so that a file is read in one sweep."""
        self._prefetch(batch)
        start = batch * self._size
        return np.sort(self._order[start : start + self._size])

    def pictures(self, indices: NDArray[np.int64]) -> Tensor:
        """The pictures at indices on the device: float32 (n,C,H,W) in [-1,1]."""
        if self._resident is not None:
            return to_float(self._resident[torch.from_numpy(indices).to(self._device)], self._device)
        return to_float(self._dataset.pictures(indices), self._device)

    def sample(self) -> Tensor:
        """Some pictures, spread over those to train on, as pictures() gives them; no more than a batch."""
        return self.pictures(
            self.train_indices[spread_indices(len(self.train_indices), min(self.largest, SAMPLE))]
        )

    def _prefetch(self, batch: int) -> None:
        """Ask for a piece of the next window, so that it has been read when this one is done."""
        for window, ((first, last), (_, end)) in enumerate(pairwise(self._windows)):
            if first <= batch < last:
                if self._window != window:
                    self._window, self._asked = window, 0
                    self._wanted = np.sort(self._own(last, end))
                until = len(self._wanted) * (batch + 1 - first) // (last - first)
                if until > self._asked:
                    self._dataset.prefetch(self._wanted[self._asked : until])
                    self._asked = until

    def _own(self, first: int, last: int) -> NDArray[np.int64]:
        """What this rank reads of batches first to last, last excluded, in no particular order."""
        if self._ranks.size == 1:
            return self._order[first * self._size : last * self._size]
        batches = [self._order[batch * self._size :][: self._size] for batch in range(first, last)]
        return np.concatenate([np.sort(whole)[self._ranks.share(len(whole))] for whole in batches])

    def _on_card(self) -> Tensor | None:
        """All pixels, uint8 (N,H,W,C), on a card where they fit there, so that no step waits for the host."""
        if self._device.type != "cuda":
            return None
        free, _total = torch.cuda.mem_get_info(self._device)
        if len(self._dataset) * self._picture_bytes > free * RESIDENT_SHARE:
            return None
        return torch.from_numpy(self._dataset.pictures(slice(None))).to(self._device)
