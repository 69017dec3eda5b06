"""The fully connected network: the assignment's own at 64x64x3 with 64 dimensions.

12288-1024-512-256-128-64 and back, LeakyReLU(0.1) between layers, none after the code, Tanh at the end;
pictures are flattened in C,H,W order. Other pictures and codes change its outermost widths only. An
autoencoder as in Hinton and Salakhutdinov (2006, Science 313), trained in one go. A vae differs in one
line: the encoder's last layer gives mean and log_std.
"""

from itertools import pairwise

from torch import Tensor, nn

from core.models.network import Network, NetworkConfig, Posterior

NEGATIVE_SLOPE = 0.1


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

    def posterior(self, x: Tensor) -> Posterior:
        return super().posterior(x.flatten(1))  # (N, C*H*W)

    def decode(self, z: Tensor) -> Tensor:
        config = self.config
        return self.decoder(z).unflatten(1, (config.channels, config.height, config.width))  # (N, C, H, W)
