"""uint8 pictures (N,H,W,C) <-> float batches (N,C,H,W) in [-1,1]; the only place that knows both."""

import numpy as np
import torch
from numpy.typing import NDArray


def to_float(pixels: NDArray[np.uint8] | torch.Tensor, device: torch.device | str = "cpu") -> torch.Tensor:
    """Float32 pictures (N,C,H,W) in [-1,1] on device from uint8 pictures (N,H,W,C): x / 127.5 - 1."""
    if isinstance(pixels, np.ndarray):
        # a copy of what is read-only, as a map is, or lies the wrong way round
        pixels = torch.from_numpy(np.require(pixels, requirements=("C", "W")))
    batch = pixels.to(device).permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    return batch.div_(127.5).sub_(1.0)


def to_uint8(pictures: torch.Tensor) -> NDArray[np.uint8]:
    """uint8 pictures (N,H,W,C) from float pictures (N,C,H,W), clipped to [-1,1] and rounded to nearest."""
    scaled = pictures.detach().float().clamp(-1.0, 1.0).add(1.0).mul_(127.5).round_()
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
