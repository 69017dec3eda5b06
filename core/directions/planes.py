"""What tells two sets of codes apart: the way between their means, and the normal of a linear classifier."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import EditError
from core.latents import DEAD_STD
from core.translate import tr

PENALTY = 1.0  # half the squared length of the weights against the summed loss, as in most libraries
MOST_STEPS = 200  # of the classifier's optimiser, which takes 10 to 40


def difference(
    positive: NDArray[np.float32], negative: NDArray[np.float32]
) -> tuple[NDArray[np.float64], float]:
    """The mean of positive less that of negative, of length 1, and the place halfway between them on it."""
    high, low = positive.mean(axis=0, dtype=np.float64), negative.mean(axis=0, dtype=np.float64)
    vector = _unit(high - low)
    return vector, float((high + low) @ vector) / 2


def normal(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """The normal, of length 1, of the plane between both sides, and where the plane lies on it.

    Logistic regression on standardised codes, both sides with equal weight however many they are, with a
    penalty on the squared weights; the normal as in Shen et al. 2020 (InterFaceGAN, arXiv:1907.10786).
    torch's own optimiser solves it, so nothing is installed for it; dimensions that hardly vary are left out,
    since the normal divides by their spread.
    """
    codes = np.concatenate([positive, negative]).astype(np.float64)
    mean, std = codes.mean(axis=0), codes.std(axis=0)
    used = std > max(DEAD_STD * float(std.max()), 1e-9)
    if not used.any():
        raise EditError(tr("All the codes are alike: nothing tells the two sides apart."))
    scaled = torch.from_numpy((codes[:, used] - mean[used]) / std[used])  # (p + n, d)
    sign = torch.cat([torch.ones(len(positive)), -torch.ones(len(negative))]).double()
    share = torch.where(sign > 0, len(codes) / (2 * len(positive)), len(codes) / (2 * len(negative)))
    with torch.enable_grad():
        weight = torch.zeros(scaled.shape[1], dtype=torch.float64, requires_grad=True)
        bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.LBFGS(
            [weight, bias],
            max_iter=MOST_STEPS,
            tolerance_grad=1e-7 * len(codes),
            tolerance_change=1e-12,
            line_search_fn="strong_wolfe",
        )

        def loss() -> torch.Tensor:
            optimiser.zero_grad()
            margin = sign * (scaled @ weight + bias)
            value = (
                share * torch.nn.functional.softplus(-margin)
            ).sum() + PENALTY / 2 * weight.square().sum()
            value.backward()
            return value

        optimiser.step(loss)
    raw = np.zeros(codes.shape[1])
    raw[used] = weight.detach().numpy() / std[used]
    length = float(np.linalg.norm(raw))
    vector = _unit(raw)
    return vector, float(raw @ mean - bias.detach()) / length


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    if not math.isfinite(length) or length <= 1e-12:
        raise EditError(tr("Both sides have the same mean code: there is no direction between them."))
    return vector / length
