"""The reference: how the course trains, written plainly in float32; and what the machine could do."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, Dataset

from core.batches import SAMPLE, spread_indices
from core.config import TrainConfig
from core.models import NetworkConfig, build_network
from core.objectives import OBJECTIVES, PLAIN
from tests.benchmarks.rows import median_seconds

GEMM_SIZE = 2048
COPY_FLOATS = 64 * 1024 * 1024
ADAM_BYTES = 28  # a weight: read it, its gradient and two moments, write three of them, float32 each


class Pictures(Dataset[torch.Tensor]):
    """One picture at a time as a float tensor, as the course does it."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.from_numpy(self.pixels[index].copy()).permute(2, 0, 1).float() / 127.5 - 1.0  # (C, H, W)


def train_plainly(
    pixels: NDArray[np.uint8],
    config: NetworkConfig,
    orders: Sequence[NDArray[np.int64]],
    batch_size: int,
    noise_seed: int,
) -> tuple[float, float]:
    """Seconds from the end of the first epoch, and the mean loss of the last; an epoch for each order."""
    first_weights = torch.Generator().manual_seed(0)
    network = build_network(config, first_weights).train()
    rate = TrainConfig.model_validate({"network": config.network}).learning_rate
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    noise = torch.Generator().manual_seed(noise_seed)
    pictures, criterion = Pictures(pixels), nn.MSELoss()
    sample = spread_indices(len(pictures), SAMPLE)
    network.begin(lambda: torch.stack([pictures[int(index)] for index in sample]), first_weights)
    losses: list[float] = []
    start = 0.0
    for epoch, order in enumerate(orders):
        if epoch == 1:
            start = time.perf_counter()
        losses.clear()
        for x in DataLoader(pictures, batch_size, sampler=order.tolist()):
            if config.objective == "ae":
                loss = criterion(network(x).recon, x)
            else:
                loss = OBJECTIVES[config.objective](network, x, noise, 1.0, PLAIN).total
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return time.perf_counter() - start, float(np.mean(losses))


def products_per_second() -> float:
    """Floating point operations a second of a large matrix product, in bfloat16 or float32, as is faster."""
    best = 0.0
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(GEMM_SIZE, GEMM_SIZE).to(dtype)
        best = max(best, 2 * GEMM_SIZE**3 / median_seconds(lambda a=a: a @ a, 7))
    return best


def copied_bytes_per_second() -> float:
    """Bytes read and written a second by a large copy."""
    source = torch.ones(COPY_FLOATS)
    target = torch.empty_like(source)
    return 2 * source.nbytes / median_seconds(lambda: target.copy_(source), 7)


def limit(parameters: int, batch_size: int) -> float:
    """Pictures a second that arithmetic and memory allow: three products a weight, Adam over all weights."""
    arithmetic = batch_size * 6 * parameters / products_per_second()
    return batch_size / (arithmetic + parameters * ADAM_BYTES / copied_bytes_per_second())
