"""torch's Adam, made without its compiler."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Adam(torch.optim.Adam):
    """torch.optim.Adam (Kingma and Ba 2014, arXiv:1412.6980) that does not import torch's compiler.

    Some methods of every optimiser are marked as not to be compiled, and at its first call each of them
    imports the compiler to say so: 809 modules, 0.9 s of the time to the first loss, in which the window
    hardly moves. Here the same methods are called without the mark.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As in torch.optim.Optimizer."""
        inspect.unwrap(Optimizer.add_param_group)(self, param_group)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As in torch.optim.Optimizer."""
        inspect.unwrap(Optimizer.load_state_dict)(self, state_dict)

    def state_dict(self) -> dict[str, Any]:
        """As in torch.optim.Optimizer."""
        return inspect.unwrap(Optimizer.state_dict)(self)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As in torch.optim.Optimizer."""
        inspect.unwrap(Optimizer.zero_grad)(self, set_to_none)

    @torch.no_grad()
    def step(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """As in torch.optim.Adam, which takes a closure as well."""
        inspect.unwrap(torch.optim.Adam.step)(self)


def moments_of(optimiser: Adam, network: nn.Module, moments: Sequence[str]) -> dict[str, dict[str, Tensor]]:
    """Adam's state of network's weights after a step, by moment, then by weight; the tensors themselves."""
    named = list(network.named_parameters())
    return {m: {name: optimiser.state[weight][m] for name, weight in named} for m in moments}


def load_moments(
    optimiser: Adam, network: nn.Module, moments: Mapping[str, Mapping[str, Tensor]], step: int
) -> None:
    """Give Adam a copy of its state as moments_of gave it after step."""
    state: dict[int, dict[str, Tensor]] = {}
    for index, (name, weight) in enumerate(network.named_parameters()):
        # Adam's moments must lie in memory as their weight does: the fused kernel does not look.
        own = {m: torch.empty_like(weight).copy_(by_name[name]) for m, by_name in moments.items()}
        state[index] = {"step": torch.tensor(float(step)), **own}
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
