"""What every network has in common: its config, encode, decode, forward. The networks are files beside."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from torch import Tensor, nn

from core.config import (
    MAX_PICTURE_PX,
    MIN_PICTURE_PX,
    NetworkName,
    ObjectiveName,
    Settings,
    is_variational,
)
from core.models.layer_list import LayerNetwork

# exp(10) is a noise of 22,026 standard deviations and exp(-10) none at all: between them nothing is
# changed, beyond them float32 would overflow in exp(2 log_std) before a loss could be told from noise.
LOG_STD_LIMIT = 10.0

MAX_WIDTH = 2**16  # of a layer, and
MAX_HIDDEN = 64  # layers, and
MAX_WEIGHTS = 2**32  # of an encoder, which bounds what a config can ask of the machine

# What a vae draws from: a generator, or the noise itself (N, D), drawn from N(0, 1); None for none.
Noise = torch.Generator | Tensor | None


class NetworkConfig(Settings):
    """All that the shape of a network depends on; with its weights it is the whole model.

    hidden is the width of each hidden layer of the encoder, mirrored in the decoder; only fc uses it.
    layers describes a network of another program, and nothing else has it.
    """

    network: NetworkName | Literal["layers"]
    objective: ObjectiveName
    height: Annotated[int, Field(ge=MIN_PICTURE_PX, le=MAX_PICTURE_PX)]
    width: Annotated[int, Field(ge=MIN_PICTURE_PX, le=MAX_PICTURE_PX)]
    channels: Annotated[int, Field(ge=1, le=3)]
    latent_dim: Annotated[int, Field(ge=1, le=MAX_WIDTH)]
    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=MAX_WIDTH)], ...], Field(max_length=MAX_HIDDEN)] = (
        1024,
        512,
        256,
        128,
    )
    layers: LayerNetwork | None = None

    @model_validator(mode="after")
    def _whole(self) -> "NetworkConfig":
        if (self.network == "layers") != (self.layers is not None):
            raise ValueError("layers belong to a network of the kind layers, which has them")
        if self.layers is not None and math.prod(self.layers.code_shape) != self.latent_dim:
            raise ValueError("latent_dim is not the size of the code")
        widths = (self.channels * self.height * self.width, *self.hidden, self.code_outputs)
        if self.network == "fc" and sum(a * b for a, b in pairwise(widths)) > MAX_WEIGHTS:
            raise ValueError("more weights than any machine holds")
        return self

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A network of ours is written as it was before there were others: its text is hashed."""
        values = handler(self)
        if self.layers is None:
            values.pop("layers", None)
        return values

    @property
    def code_outputs(self) -> int:
        """Numbers that the encoder gives per picture: the code, or the mean and log_std of a vae."""
        return (2 if is_variational(self.objective) else 1) * self.latent_dim


class Posterior(NamedTuple):
    """What the encoder says of each picture's code, (N, D) each; log_std is None for an ae."""

    mean: Tensor
    log_std: Tensor | None


class Forward(NamedTuple):
    """One pass: recon (N,C,H,W) in [-1,1], the code z it was decoded from, and the posterior, (N, D) each."""

    recon: Tensor
    z: Tensor
    mean: Tensor
    log_std: Tensor | None


class Network(nn.Module):
    """An encoder and a decoder of pictures (N,C,H,W) in [-1,1]; children fill in both.

    A vae (Kingma and Welling 2013, arXiv:1312.6114, section 2.4 and appendix B) has an encoder of two
    outputs, mean and log_std, and z = mean + exp(log_std) * e with e from N(0, 1).
    """

    encoder: nn.Sequential
    decoder: nn.Sequential

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config

    def begin(self, sample: Callable[[], Tensor], generator: torch.Generator) -> None:
        """Give weights that are as torch's layers draw them the values that training is to begin at.

        Called before training, once; here it does nothing. sample() gives some of the pictures (N,C,H,W),
        and what is drawn comes from generator, on the processor.
        """

    def posterior(self, x: Tensor) -> Posterior:
        """Mean and log_std of the codes of pictures x; log_std is kept within ±10."""
        code = self.encoder(x)  # (N, D), or (N, 2D) for a vae
        if not is_variational(self.config.objective):
            return Posterior(code, None)
        mean, log_std = code.float().chunk(2, dim=1)  # (N, D) each
        return Posterior(mean, log_std.clamp(-LOG_STD_LIMIT, LOG_STD_LIMIT))

    def encode(self, x: Tensor) -> Tensor:
        """The codes (N, D) of pictures x: the posterior's mean."""
        return self.posterior(x).mean

    def decode(self, z: Tensor) -> Tensor:
        """The pictures (N,C,H,W) in [-1,1] of codes z (N, D)."""
        return self.decoder(z)

    def forward(self, x: Tensor, noise: Noise = None) -> Forward:
        """Encode and decode x. A vae adds noise to the code, and without it decodes the mean."""
        mean, log_std = self.posterior(x)
        z = mean
        if log_std is not None and noise is not None:
            if isinstance(noise, torch.Generator):
                noise = torch.randn(mean.shape, generator=noise, device=noise.device).to(mean.device)
            z = mean + log_std.exp() * noise  # (N, D)
        return Forward(self.decode(z), z, mean, log_std)
