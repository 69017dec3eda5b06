"""A foreign network that is this program's own fc by another name is taken as that, and needs no list."""

from typing import cast

import torch
from torch import Tensor

from core.importing.draft import ACTIVATIONS, Numbers
from core.models.layer_list import Layer, LayerNetwork
from core.models.network import NetworkConfig

_BETWEEN = cast(Layer, ACTIVATIONS["leaky_relu_0.1"])


def as_fc(config: NetworkConfig, numbers: dict[str, Numbers]) -> tuple[NetworkConfig, dict[str, Numbers]]:
    """The same network as fc where it is one: the assignment's layers at any widths. Otherwise as it is."""
    layers = config.layers
    if layers is None or layers.order != "CHW" or layers.value_range != "-1..1":
        return config, numbers
    encoder = _encoder(layers)
    down, up = _widths(encoder), _widths(layers.decoder[:-1])
    if not down or not up or layers.decoder[-1].kind != "Tanh" or up != down[::-1]:
        return config, numbers
    renamed = dict(numbers)
    if layers.spread:  # mean and log_std are one layer there
        place = len(encoder) - 1
        for part in ("weight", "bias"):
            mean, spread = renamed.pop(f"mean.0.{part}"), renamed.pop(f"spread.0.{part}")
            if isinstance(mean, Tensor) and isinstance(spread, Tensor):
                renamed[f"encoder.{place}.{part}"] = torch.cat([mean, spread])
            else:
                renamed[f"encoder.{place}.{part}"] = mean
    values = config.model_dump(exclude={"layers", "network", "hidden"})
    return NetworkConfig(network="fc", hidden=tuple(down[1:-1]), **values), renamed


def _encoder(layers: LayerNetwork) -> tuple[Layer, ...]:
    """The encoder with the layer of the mean at its end, where that of the spread is of the same kind."""
    if not layers.mean:
        return layers.encoder
    alike = layers.mean == layers.spread and len(layers.mean) == 1 and layers.spread_meaning == "log_std"
    return (*layers.encoder, *layers.mean) if alike else ()


def _widths(layers: tuple[Layer, ...]) -> list[int]:
    """The widths from first to last of linear layers with LeakyReLU(0.1) between them; none for all else."""
    linear, between = layers[::2], layers[1::2]
    if len(linear) != len(between) + 1 or any(layer != _BETWEEN for layer in between):
        return []
    if any(layer.kind != "Linear" or layer.options.get("bias") is not True for layer in linear):
        return []
    ends = [(int(str(one.options["in_features"])), int(str(one.options["out_features"]))) for one in linear]
    return [ends[0][0], *(out for _, out in ends)]
