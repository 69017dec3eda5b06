"""Networks of other programs: any line of common layers, kept as a list of their names and sizes, no code.

Which layers there are, and what may be said of each, is the table below; all else is refused when a config is
read. What is done with such a list is in core/models/layered.py.
"""

import inspect
import math
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator, model_validator
from torch import nn

from core.config import Settings
from core.translate import tr

ValueRange = Literal["-1..1", "0..1", "0..255"]
PictureOrder = Literal["pictures", "CHW", "HWC"]  # not flattened, or flattened in this order
SpreadMeaning = Literal["log_std", "log_variance"]
Option = bool | int | float | str | tuple[int, ...] | None

MOST_LAYERS = 1000
MOST_WEIGHTS = 2**30
MOST_NUMBERS = 2**24  # between two layers, of one picture: 64 times the largest picture's pixels
LARGEST = 2**22  # of any number in a layer's description

_CONVOLUTION = "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode"
_POOL = "kernel_size stride padding ceil_mode"
# Every layer that a description may name, with what it may say of it: the names of torch's own arguments.
LAYERS: dict[str, tuple[Callable[..., nn.Module], str]] = {
    "Linear": (nn.Linear, "in_features out_features bias"),
    "Conv2d": (nn.Conv2d, _CONVOLUTION),
    "ConvTranspose2d": (nn.ConvTranspose2d, _CONVOLUTION + " output_padding"),
    "BatchNorm1d": (nn.BatchNorm1d, "num_features eps affine track_running_stats"),
    "BatchNorm2d": (nn.BatchNorm2d, "num_features eps affine track_running_stats"),
    "InstanceNorm2d": (nn.InstanceNorm2d, "num_features eps affine track_running_stats"),
    "GroupNorm": (nn.GroupNorm, "num_groups num_channels eps affine"),
    "LayerNorm": (nn.LayerNorm, "normalized_shape eps elementwise_affine bias"),
    "ReLU": (nn.ReLU, ""),
    "ReLU6": (nn.ReLU6, ""),
    "LeakyReLU": (nn.LeakyReLU, "negative_slope"),
    "PReLU": (nn.PReLU, "num_parameters"),
    "ELU": (nn.ELU, "alpha"),
    "SELU": (nn.SELU, ""),
    "CELU": (nn.CELU, "alpha"),
    "GELU": (nn.GELU, "approximate"),
    "SiLU": (nn.SiLU, ""),
    "Mish": (nn.Mish, ""),
    "Softplus": (nn.Softplus, "beta threshold"),
    "Softsign": (nn.Softsign, ""),
    "Hardtanh": (nn.Hardtanh, "min_val max_val"),
    "Hardsigmoid": (nn.Hardsigmoid, ""),
    "Hardswish": (nn.Hardswish, ""),
    "Tanh": (nn.Tanh, ""),
    "Sigmoid": (nn.Sigmoid, ""),
    "Identity": (nn.Identity, ""),
    "Dropout": (nn.Dropout, "p"),
    "Dropout2d": (nn.Dropout2d, "p"),
    "Flatten": (nn.Flatten, "start_dim end_dim"),
    "Unflatten": (nn.Unflatten, "dim unflattened_size"),
    "MaxPool2d": (nn.MaxPool2d, _POOL + " dilation"),
    "AvgPool2d": (nn.AvgPool2d, _POOL + " count_include_pad divisor_override"),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d, "output_size"),
    "AdaptiveMaxPool2d": (nn.AdaptiveMaxPool2d, "output_size"),
    "Upsample": (nn.Upsample, "size scale_factor mode align_corners"),
    "UpsamplingNearest2d": (nn.UpsamplingNearest2d, "size scale_factor"),
    "UpsamplingBilinear2d": (nn.UpsamplingBilinear2d, "size scale_factor"),
    "PixelShuffle": (nn.PixelShuffle, "upscale_factor"),
    "PixelUnshuffle": (nn.PixelUnshuffle, "downscale_factor"),
    "ZeroPad2d": (nn.ZeroPad2d, "padding"),
    "ReflectionPad2d": (nn.ReflectionPad2d, "padding"),
    "ReplicationPad2d": (nn.ReplicationPad2d, "padding"),
    "ConstantPad2d": (nn.ConstantPad2d, "padding value"),
}
# What each must be told, since torch has no default for it.
_NEEDED = {
    kind: [
        name
        for name, parameter in inspect.signature(made).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    for kind, (made, _options) in LAYERS.items()
}
# What the options are. torch takes zeros and signs in many of them, and divides by them later.
_COUNTS = (
    "in_features", "out_features", "in_channels", "out_channels", "groups", "num_features", "num_groups",
    "num_channels", "num_parameters", "upscale_factor", "downscale_factor",
)  # fmt: skip
_SIZES = (
    "kernel_size", "stride", "dilation", "output_size", "size", "normalized_shape", "divisor_override",
)  # fmt: skip
_WHOLE = ("padding", "output_padding", "dim", "start_dim", "end_dim", "unflattened_size")
_SWITCHES = (
    "bias", "affine", "track_running_stats", "elementwise_affine", "ceil_mode", "count_include_pad",
    "align_corners",
)  # fmt: skip
_WORDS = ("padding_mode", "mode", "approximate", "padding")
_MAY_BE_NONE = ("stride", "output_size", "size", "scale_factor", "divisor_override", "align_corners")
_LONGEST_WORD = 20


class Layer(Settings):
    """One layer: the name of its class in torch.nn, and the arguments that it is made with."""

    kind: str
    options: dict[str, Option] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Layer":
        if self.kind not in LAYERS:
            raise ValueError(f"{self.kind[:40]} is not a layer that can be read")
        for name, value in self.options.items():
            if name not in LAYERS[self.kind][1].split():
                raise ValueError(f"{self.kind} has no {name[:40]}")
            if not _may_be(name, value):
                raise ValueError(f"{name} of {self.kind} is out of range")
        for name in _NEEDED[self.kind]:
            if name not in self.options:
                raise ValueError(f"{self.kind} is without its {name}")
        return self

    def build(self) -> nn.Module:
        """The layer. Raises: ValueError, TypeError or RuntimeError for arguments that torch refuses."""
        return LAYERS[self.kind][0](**self.options)


def _may_be(name: str, value: Option) -> bool:
    """Whether an option may have a value, as far as that does not depend on others."""
    match value:
        case None:
            return name in _MAY_BE_NONE
        case bool():
            return name in _SWITCHES
        case str():
            return name in _WORDS and len(value) <= _LONGEST_WORD
        case tuple():
            is_few = name not in _COUNTS and 1 <= len(value) <= 4
            return is_few and all(not isinstance(n, bool) and _may_be(name, n) for n in value)
        case int():
            least = 1 if name in (*_COUNTS, *_SIZES) else -LARGEST
            return name not in _SWITCHES and least <= value <= LARGEST
        case float():
            is_number = name not in (*_COUNTS, *_SIZES, *_WHOLE, *_SWITCHES, *_WORDS)
            return is_number and -LARGEST <= value <= LARGEST


Layers = Annotated[tuple[Layer, ...], Field(max_length=MOST_LAYERS)]


class LayerNetwork(Settings):
    """The layers of a network and what its pictures are.

    A vae has mean and spread, which both read what encoder gives; to an autoencoder that is the code.
    Codes are kept flat; code_shape is what the decoder takes.
    """

    encoder: Layers
    decoder: Layers
    mean: Layers = ()
    spread: Layers = ()
    spread_meaning: SpreadMeaning = "log_variance"
    code_shape: Annotated[
        tuple[Annotated[int, Field(ge=1, le=LARGEST)], ...], Field(min_length=1, max_length=3)
    ]
    value_range: ValueRange = "-1..1"
    order: PictureOrder = "pictures"

    @field_validator("decoder")
    @classmethod
    def _some(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        if not layers:
            raise ValueError("there are no layers")
        return layers

    @model_validator(mode="after")
    def _bounded(self) -> "LayerNetwork":
        weights = 0
        for layer in (*self.encoder, *self.mean, *self.spread, *self.decoder):
            options = layer.options
            names = (f"{side}_{what}" for side in ("in", "out") for what in ("features", "channels"))
            sizes = [options.get(name, 1) for name in names]
            kernel = options.get("kernel_size", 1) if "in_channels" in options else 1
            sizes += kernel if isinstance(kernel, tuple) else (kernel,)
            weights += math.prod(n for n in sizes if isinstance(n, int))
        if weights > MOST_WEIGHTS:
            raise ValueError(f"its layers have more than {MOST_WEIGHTS:,} weights")
        return self


def build_line(layers: tuple[Layer, ...]) -> nn.Sequential:
    """The layers one after the other."""
    return nn.Sequential(*(layer.build() for layer in layers))


def shape_after(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one picture or code of shape after layers; nothing is computed.

    Raises: ValueError with the reason where a layer cannot take what the one before it gives.
    """
    for layer in layers:
        if not LAYERS[layer.kind][1]:  # what can be told nothing keeps the shape, and takes 0.7 ms to ask
            continue
        try:
            with torch.device("meta"), torch.inference_mode():
                given = tuple(layer.build().eval()(torch.empty(1, *shape)).shape[1:])
        except (ValueError, TypeError, RuntimeError, IndexError, AttributeError, AssertionError) as error:
            reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
            raise ValueError(
                tr(
                    "layer {layer} does not take {shape}: {reason}",
                    layer=layer.kind,
                    shape="×".join(map(str, shape)) or "0",
                    reason=reason,
                )
            ) from None
        if math.prod(given) > MOST_NUMBERS:
            raise ValueError(
                tr("layer {layer} makes {count} numbers", layer=layer.kind, count=math.prod(given))
            )
        shape = given
    return shape
