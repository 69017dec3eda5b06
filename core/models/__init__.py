"""Networks by name. Adding one is one file beside this and one line in NETWORKS.

Networks of other programs (core/models/layered.py) have no name there, since nobody can ask for one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from core.config import NetworkName
from core.models.conv import Convolutional
from core.models.fc import FullyConnected
from core.models.layered import Layered
from core.models.network import Forward, Network, NetworkConfig, Posterior

__all__ = [
    "NETWORKS",
    "Forward",
    "Network",
    "NetworkConfig",
    "Posterior",
    "blank_network",
    "build_network",
    "empty_network",
]

NETWORKS: dict[NetworkName, type[Network]] = {"fc": FullyConnected, "conv": Convolutional}


def build_network(config: NetworkConfig, generator: torch.Generator | None = None) -> Network:
    """The network of config on the processor, in training mode, with first weights drawn from generator.

    The draws are those of torch's own layers in their order, so a generator seeded with s gives the weights
    that torch.manual_seed(s) gives to the same layers. Without a generator the seed is 0.
    """
    network = empty_network(config)
    _initialise(network, generator or torch.Generator().manual_seed(0))
    return network


def blank_network(config: NetworkConfig) -> Network:
    """The network of config with shapes and names but no numbers: its weights are on torch's meta device."""
    with torch.device("meta"):
        return empty_network(config)


def empty_network(config: NetworkConfig) -> Network:
    """The network of config on the processor, its weights being whatever the memory holds: fill them."""
    with _NoDraws():
        if config.network == "layers":
            return Layered(config)
        return NETWORKS[config.network](config)


class _NoDraws(TorchFunctionMode):
    """Lets layers be made without first weights, which each would draw from torch's global generator.

    A network of the meta device and its to_empty() give the same, but imported sympy, a third of a second.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Nothing for what fills a tensor, and everything else as it is."""
        if getattr(func, "__name__", "") in _FILLS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


_FILLS = ("kaiming_uniform_", "uniform_", "normal_", "fill_", "zero_")


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
