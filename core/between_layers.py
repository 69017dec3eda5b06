"""Calls at every layer of a network in training, forward and back: there a hand on a dial is waited for."""

from collections.abc import Callable

from torch.nn import Module
from torch.utils.hooks import RemovableHandle

from core.clocks import WorkClock
from core.devices import exact_products


class LayerPauses:
    """What is called between the layers of a network, until remove().

    torch holds what a weight's gradient calls where Python's collector does not look: left in place, it would
    keep the network and Adam's state for good.
    """

    def __init__(self) -> None:
        self._hooks: list[RemovableHandle] = []

    def add(self, network: Module, clock: WorkClock, between: Callable[[], None]) -> None:
        """Call between after each layer's forward pass and each weight's gradient; its time is no work."""

        def pause(*_: object) -> None:
            with clock.paused(), exact_products():
                between()

        for layer in network.modules():
            if next(layer.children(), None) is None:
                self._hooks.append(layer.register_forward_hook(pause))
        for weight in network.parameters():
            self._hooks.append(weight.register_post_accumulate_grad_hook(pause))

    def remove(self) -> None:
        """Call nothing between layers any more."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
