"""Networks of other programs, built from the list of layers in their config. They are used, not trained.

Their pictures may have been other than ours: of another range of values, or flattened in another order. That
is part of the description, so that outside of this file every network takes and gives (N,C,H,W) in [-1,1].
"""

import math
from typing import cast

from torch import Tensor

from core.errors import ModelError
from core.models.layer_list import LayerNetwork, build_line, shape_after
from core.models.network import LOG_STD_LIMIT, Network, NetworkConfig, Posterior
from core.translate import tr


def check_layers(config: NetworkConfig) -> None:
    """Raises: ModelError where no picture comes out of the layers of a config for a picture put in."""
    layers = config.layers
    if layers is None:
        return
    picture = (config.channels, config.height, config.width)
    try:
        between = shape_after(
            layers.encoder, picture if layers.order == "pictures" else (math.prod(picture),)
        )
        codes = [shape_after(head, between) for head in (layers.mean, layers.spread) if head] or [between]
        if any(math.prod(code) != config.latent_dim for code in codes):
            raise ValueError(tr("they make no code of {count} dimensions", count=config.latent_dim))
        leaving = shape_after(layers.decoder, layers.code_shape)
        if leaving != picture and (layers.order == "pictures" or math.prod(leaving) != math.prod(picture)):
            raise ValueError(tr("they give {shape}", shape="×".join(map(str, leaving))))
    except ValueError as error:
        raise ModelError(
            tr("The layers of the network do not fit each other: {reason}.", reason=str(error).rstrip("."))
        ) from None


class Layered(Network):
    """The network that a LayerNetwork describes; it is used, not trained. Raises: ModelError."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        check_layers(config)
        self.layers = cast(LayerNetwork, config.layers)
        self.encoder = build_line(self.layers.encoder)
        self.mean = build_line(self.layers.mean) if self.layers.mean else None
        self.spread = build_line(self.layers.spread) if self.layers.spread else None
        self.decoder = build_line(self.layers.decoder)

    def posterior(self, x: Tensor) -> Posterior:
        h = self.encoder(self._taken(x))
        mean = (h if self.mean is None else self.mean(h)).flatten(1)  # (N, D)
        if self.spread is None:
            return Posterior(mean, None)
        log_std = self.spread(h).flatten(1)
        if self.layers.spread_meaning == "log_variance":
            log_std = log_std / 2
        return Posterior(mean, log_std.clamp(-LOG_STD_LIMIT, LOG_STD_LIMIT))

    def decode(self, z: Tensor) -> Tensor:
        if len(self.layers.code_shape) > 1:
            z = z.unflatten(1, self.layers.code_shape)
        return self._given(self.decoder(z))

    def _taken(self, x: Tensor) -> Tensor:
        """Pictures (N,C,H,W) in [-1,1] as the layers take them."""
        match self.layers.value_range:
            case "-1..1":
                pass
            case "0..1":
                x = (x + 1) / 2
            case "0..255":
                x = (x + 1) * 127.5
        match self.layers.order:
            case "pictures":
                return x
            case "CHW":
                return x.flatten(1)
            case "HWC":
                return x.permute(0, 2, 3, 1).flatten(1)

    def _given(self, y: Tensor) -> Tensor:
        """What the layers give as pictures (N,C,H,W) in [-1,1]."""
        config = self.config
        match self.layers.order:
            case "pictures":
                pass
            case "CHW":
                y = y.reshape(-1, config.channels, config.height, config.width)
            case "HWC":
                y = y.reshape(-1, config.height, config.width, config.channels).permute(0, 3, 1, 2)
        match self.layers.value_range:
            case "-1..1":
                return y
            case "0..1":
                return y * 2 - 1
            case "0..255":
                return y / 127.5 - 1
