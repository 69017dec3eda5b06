"""The convolutional pair: sharper pictures than fc from a fifteenth of its weights.

Strided convolutions down, pixel shuffle (Shi et al. 2016, arXiv:1609.05158) up, residual blocks with group
normalisation (Wu and He 2018, arXiv:1803.08494) and SiLU between. Nothing is computed at the full size of
the picture: the first convolution halves it and the last shuffle doubles it, which is what makes training
bearable on a processor. Sizes that are not a multiple of the total stride are padded by repeating their
edge, and cropped back.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.models.network import Network, NetworkConfig, Posterior

WIDTHS = (32, 64, 128)  # channels after each halving; further halvings keep the last
BOTTLENECK = 32  # channels that the code is read from and written to
COARSEST_PX = 8  # pictures are halved until they are no larger than this, at least three times
LARGEST_MEAN = 0.99  # of a colour that training begins at: tanh reaches 1 nowhere
GROUP = 16  # channels normalised together


class Block(nn.Module):
    """x + f(x), f being normalise, SiLU, 3x3 convolution, twice (He et al. 2016, arXiv:1603.05027)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(channels // GROUP, channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.GroupNorm(channels // GROUP, channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)  # (N, channels, h, w)


def up(inputs: int, outputs: int) -> list[nn.Module]:
    """(N, inputs, h, w) -> (N, outputs, 2h, 2w)."""
    return [nn.Conv2d(inputs, 4 * outputs, 3, padding=1), nn.PixelShuffle(2)]


class Convolutional(Network):
    """Halvings with a residual block after each but the first, a linear code, and the same back."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        halvings = max(3, math.ceil(math.log2(max(config.height, config.width) / COARSEST_PX)))
        widths = [*WIDTHS, *([WIDTHS[-1]] * halvings)][:halvings]
        self.stride = 2**halvings
        self.padding = (-config.width % self.stride, -config.height % self.stride)
        grid = (
            BOTTLENECK,
            (config.height + self.padding[1]) // self.stride,
            (config.width + self.padding[0]) // self.stride,
        )

        down: list[nn.Module] = [nn.Conv2d(config.channels, widths[0], 4, stride=2, padding=1)]
        for inputs, outputs in pairwise(widths):
            down += [nn.SiLU(), nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), Block(outputs)]
        self.encoder = nn.Sequential(
            *down,
            nn.Conv2d(widths[-1], BOTTLENECK, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(math.prod(grid), config.code_outputs),
        )

        back: list[nn.Module] = []
        for inputs, outputs in pairwise(reversed(widths)):
            back += [Block(inputs), *up(inputs, outputs)]
        self.decoder = nn.Sequential(
            nn.Linear(config.latent_dim, math.prod(grid)),
            nn.Unflatten(1, grid),
            nn.Conv2d(BOTTLENECK, widths[-1], 3, padding=1),
            *back,
            nn.SiLU(),
            *up(widths[0], config.channels),
            nn.Tanh(),
        )

    @torch.no_grad()
    def begin(self, sample: Callable[[], Tensor], generator: torch.Generator) -> None:
        """Begin with the mean colour of the pictures of sample() everywhere.

        All pixels share the last bias. On digits, black for nine tenths, six steps drive it so far towards
        black that tanh has no gradient left, and a vae's code is given up before it says anything.
        """
        mean = sample().mean(dim=(0, 2, 3)).clamp(-LARGEST_MEAN, LARGEST_MEAN)  # (C,)
        last = next(layer for layer in reversed(self.decoder) if isinstance(layer, nn.Conv2d))
        assert last.bias is not None
        # The shuffle takes the channels of a colour one after the other.
        last.bias.copy_(mean.atanh().repeat_interleave(len(last.bias) // len(mean)))

    def posterior(self, x: Tensor) -> Posterior:
        right, bottom = self.padding
        return super().posterior(functional.pad(x, (0, right, 0, bottom), mode="replicate"))

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)[:, :, : self.config.height, : self.config.width]  # (N, C, H, W)
