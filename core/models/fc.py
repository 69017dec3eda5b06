"""The fully connected network: the assignment's own at 64x64x3 with 64 dimensions.

12288-1024-512-256-128-64 and back, LeakyReLU(0.1) between layers, none after the code, Tanh at the end;
pictures are flattened in C,H,W order. Other pictures and codes change its outermost widths only. An
autoencoder as in Hinton and Salakhutdinov (2006, Science 313), trained in one go. A vae differs in one
line: the encoder's last layer gives mean and log_std.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.models.network import Network, NetworkConfig, Posterior

NEGATIVE_SLOPE = 0.1
# Random rows that are so many times longer than they are many are as good as orthogonal, and made at once.
NEARLY_ORTHOGONAL = 8


def layers(widths: list[int]) -> list[nn.Module]:
    """Linear layers through widths with LeakyReLU between them; modules 0, 2, 4, … hold the weights."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        modules += [nn.Linear(inputs, outputs), nn.LeakyReLU(NEGATIVE_SLOPE)]
    return modules[:-1]


class FullyConnected(Network):
    """Linear layers from C*H*W to the code and back."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        pixels = config.channels * config.height * config.width
        self.encoder = nn.Sequential(*layers([pixels, *config.hidden, config.code_outputs]))
        self.decoder = nn.Sequential(
            *layers([config.latent_dim, *reversed(config.hidden), pixels]),
            nn.Tanh(),
        )

    @torch.no_grad()
    def begin(self, sample: Callable[[], Tensor], generator: torch.Generator) -> None:
        """Begin as a linear map that keeps lengths, with a log_std of 0.

        The looks-linear weights of Balduzzi et al. 2017 (arXiv:1702.08591): hidden units come in pairs of
        opposite weights, and LeakyReLU(u) - LeakyReLU(-u) is (1 + slope) u; what a pair stands for goes
        through orthogonal matrices. torch's own weights let a signal fade from layer to layer.
        """
        for part in (self.encoder, self.decoder):
            linear = [layer for layer in part if isinstance(layer, nn.Linear)]
            for number, layer in enumerate(linear):
                layer.weight.zero_()
                layer.bias.zero_()
                weight = layer.weight  # of a vae's code, the rows of its mean alone
                if layer is self.encoder[-1]:
                    weight = weight[: self.config.latent_dim]
                _make_looks_linear(weight, number > 0, number < len(linear) - 1, generator)

    def posterior(self, x: Tensor) -> Posterior:
        return super().posterior(x.flatten(1))  # (N, C*H*W)

    def decode(self, z: Tensor) -> Tensor:
        config = self.config
        return self.decoder(z).unflatten(1, (config.channels, config.height, config.width))  # (N, C, H, W)


def _make_looks_linear(
    weight: Tensor, has_pairs: bool, gives_pairs: bool, generator: torch.Generator
) -> None:
    """Fill the weight (outputs, inputs) of a layer whose inputs, or outputs, or both are pairs of units."""
    outputs, inputs = weight.shape
    rows = (outputs + 1) // 2 if gives_pairs else outputs
    columns = (inputs + 1) // 2 if has_pairs else inputs
    drawn = torch.empty(rows, columns)
    shorter, longer = sorted((rows, columns))
    if longer >= NEARLY_ORTHOGONAL * shorter:
        nn.init.normal_(drawn, std=longer**-0.5, generator=generator)
    else:
        nn.init.orthogonal_(drawn, generator=generator)
    if has_pairs:
        drawn /= 1.0 + NEGATIVE_SLOPE
    weight[:rows, :columns] = drawn
    weight[:rows, columns:] = -weight[:rows, : inputs - columns]
    weight[rows:] = -weight[: outputs - rows]
