"""torch's Adam, made without its compiler."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
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
