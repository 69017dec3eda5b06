"""Networks by name. Adding one is one file beside this and one line in NETWORKS."""

import math

import torch
from torch import nn

from core.config import NetworkName
from core.models.conv import Convolutional
from core.models.fc import FullyConnected
from core.models.network import Forward, Network, NetworkConfig, Posterior

__all__ = ["NETWORKS", "Forward", "Network", "NetworkConfig", "Posterior", "blank_network", "build_network"]

NETWORKS: dict[NetworkName, type[Network]] = {"fc": FullyConnected, "conv": Convolutional}


def build_network(config: NetworkConfig, generator: torch.Generator | None = None) -> Network:
    """The network of config on the processor, in training mode, with first weights drawn from generator.

    The draws are those of torch's own layers in their order, so a generator seeded with s gives the weights
    that torch.manual_seed(s) gives to the same layers. Without a generator the seed is 0.
    """
    network = blank_network(config).to_empty(device="cpu")
    _initialise(network, generator or torch.Generator().manual_seed(0))
    return network


def blank_network(config: NetworkConfig) -> Network:
    """The network of config with shapes and names but no numbers: its weights are on torch's meta device."""
    with torch.device("meta"):  # elsewhere each layer would draw from torch's global generator
        return NETWORKS[config.network](config)


def _initialise(network: Network, generator: torch.Generator) -> None:
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), generator=generator)
            if module.bias is not None:
                bound = 1 / math.sqrt(module.weight[0].numel())
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
        elif isinstance(module, nn.GroupNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif any(True for _ in module.parameters(recurse=False)):
            raise NotImplementedError(f"no first weights for {type(module).__name__}")
