"""A foreign network between file and run: its layers with their numbers, and what the file leaves open."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import ValidationError
from torch import Tensor

from core.config import MAX_PICTURE_PX, MIN_PICTURE_PX, ForeignConfig
from core.flaws import first_flaw
from core.importing.pickles import RefusedError, TensorPlace
from core.models.fc import NEGATIVE_SLOPE
from core.models.layer_list import (
    Layer,
    LayerNetwork,
    PictureOrder,
    SpreadMeaning,
    ValueRange,
    shape_after,
)
from core.models.network import NetworkConfig
from core.translate import tr

Numbers = Tensor | TensorPlace  # read, or only known by their shape
Open = Literal["", "hidden", "output"]

# What a person may say of activations that a file does not tell.
ACTIVATIONS: dict[str, Layer | None] = {
    "leaky_relu_0.1": Layer(kind="LeakyReLU", options={"negative_slope": NEGATIVE_SLOPE}),
    "leaky_relu_0.01": Layer(kind="LeakyReLU", options={"negative_slope": 0.01}),
    "leaky_relu_0.2": Layer(kind="LeakyReLU", options={"negative_slope": 0.2}),
    "relu": Layer(kind="ReLU"),
    "elu": Layer(kind="ELU"),
    "gelu": Layer(kind="GELU"),
    "silu": Layer(kind="SiLU"),
    "tanh": Layer(kind="Tanh"),
    "sigmoid": Layer(kind="Sigmoid"),
    "none": None,
}
# Sides that are tried where layers alone do not say how large pictures are; the course's own is first.
_SIDES = (64, 32, 28, 96, 128, 48, 256, 512, 40, 80, 16)


@dataclass(frozen=True, eq=False)
class Piece:
    """One layer with its numbers by their names in it; or a place where an unknown activation was."""

    layer: Layer = Layer(kind="Identity")  # noqa: RUF009 (frozen)
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    is_open: Open = ""


Line = Sequence[Piece]


@dataclass(frozen=True)
class Choice:
    """One answer to all that the file leaves open. Shape is (height, width, channels)."""

    shape: tuple[int, int, int]
    value_range: ValueRange
    order: PictureOrder
    hidden: str = "leaky_relu_0.1"
    output: str = "tanh"


@dataclass(frozen=True, eq=False)
class Draft:
    """A network as its file describes it.

    channels, height and width are 0 where the file does not say.
    """

    kind: str  # what the file is, for people
    encoder: Line
    decoder: Line
    mean: Line = ()
    spread: Line = ()
    spread_meaning: SpreadMeaning = "log_variance"
    channels: int = 0
    height: int = 0
    width: int = 0
    value_range: ValueRange | None = None  # where its format says it
    order: PictureOrder | None = None
    notes: tuple[str, ...] = ()  # what is assumed or was left out, a sentence each

    @property
    def is_flat(self) -> bool:
        """Whether the encoder's first layer takes a flattened picture."""
        return self._first is not None and self._first.kind == "Linear"

    @property
    def _first(self) -> Layer | None:
        """The first layer that asks for a shape."""
        return next((p.layer for p in self.encoder if p.layer.kind not in ("Dropout", "Identity")), None)

    @property
    def has_open(self) -> bool:
        """Whether the file does not tell its activations."""
        return self.leaves("hidden") or self.leaves("output")

    def leaves(self, which: Open) -> bool:
        """Whether the file does not tell its activations between layers, or at the end."""
        lines = (self.encoder, self.mean, self.spread, self.decoder)
        return any(piece.is_open == which for line in lines for piece in line)

    def guess(self, asked: ForeignConfig, shape: tuple[int, int, int] | None = None) -> Choice:
        """The likeliest answers, those asked for being given; shape is that of pictures at hand.

        Raises: RefusedError where pictures of no size pass through the layers, or for an activation where the
        file leaves none open.
        """
        if asked.activation != "auto" and not self.leaves("hidden"):
            raise RefusedError(
                tr(
                    "it leaves no activation between its layers open; do not ask for {name}",
                    name=asked.activation,
                )
            )
        if asked.output_activation != "auto" and not self.leaves("output"):
            raise RefusedError(
                tr(
                    "it leaves no activation at its end open; do not ask for {name}",
                    name=asked.output_activation,
                )
            )
        output = asked.output_activation
        if output == "auto":
            output = {"0..1": "sigmoid", "0..255": "none"}.get(asked.model_range, "tanh")
        known = self.value_range
        if asked.model_range != "auto":
            known = asked.model_range
        if known is None:
            last = self.decoder[-1]
            ends = ACTIVATIONS[output] if last.is_open else last.layer
            known = "0..1" if ends is not None and ends.kind == "Sigmoid" else "-1..1"
        order: PictureOrder = "pictures"
        if self.is_flat:
            order = self.order or "CHW"
            if asked.flatten_order != "auto":
                order = asked.flatten_order
        hidden = "leaky_relu_0.1" if asked.activation == "auto" else asked.activation
        first = Choice((0, 0, 0), known, order, hidden, output)
        return replace(first, shape=self._shape(asked, shape, first))

    def _shape(
        self, asked: ForeignConfig, at_hand: tuple[int, int, int] | None, choice: Choice
    ) -> tuple[int, int, int]:
        height, width = asked.picture_height or self.height, asked.picture_width or self.width
        height, width = height or width, width or height
        channels = self.channels or next(
            (
                int(str(p.layer.options["in_channels"]))
                for p in self.encoder
                if "in_channels" in p.layer.options
            ),
            0,
        )
        tried: list[tuple[int, int, int]] = []
        if height:
            tried = [(height, width, c) for c in (channels, 3, 1) if c]
        else:
            if at_hand is not None:
                tried.append(at_hand)
            if self.is_flat and self._first is not None:
                count = int(str(self._first.options["in_features"]))
                for c in (3, 1):
                    side = math.isqrt(count // c)
                    tried += [(side, side, c)] if side * side * c == count else []
            else:
                tried += [(side, side, c) for side in _SIDES for c in ([channels] if channels else [3, 1])]
        reason = tr("there is no square picture of that many numbers; give its height and width")
        for shape in tried:
            if not all(MIN_PICTURE_PX <= side <= MAX_PICTURE_PX for side in shape[:2]):
                reason = tr(
                    "pictures must be {least} to {most} pixels high and wide",
                    least=MIN_PICTURE_PX,
                    most=MAX_PICTURE_PX,
                )
                continue
            try:
                self.config(replace(choice, shape=shape))
            except RefusedError as error:
                reason = str(error)
            else:
                return shape
        raise RefusedError(tr("no picture passes through its layers ({reason})", reason=reason))

    def config(self, choice: Choice) -> NetworkConfig:
        """The network with the choice made. Raises: RefusedError where its layers do not fit each other."""
        return self.resolved(choice)[0]

    def resolved(self, choice: Choice) -> tuple[NetworkConfig, dict[str, Numbers]]:
        """The network with the choice made, and its numbers by their names in it. Raises: RefusedError."""
        height, width, channels = choice.shape
        picture = (channels, height, width)
        entering = (math.prod(picture),) if choice.order != "pictures" else picture
        encoder, between = _fitted(self._closed(self.encoder, choice), entering)
        mean, code_shape = _fitted(self._closed(self.mean, choice), between)
        spread, spread_shape = _fitted(self._closed(self.spread, choice), between)
        decoder, leaving = _fitted(self._closed(self.decoder, choice), code_shape)
        if math.prod(leaving) != math.prod(picture) or (len(leaving) == 3 and leaving != picture):
            raise RefusedError(
                tr(
                    "it makes {out} of pictures of {size}",
                    out="×".join(map(str, leaving)),
                    size="×".join(map(str, picture)),
                )
            )
        if self.spread and spread_shape != code_shape:
            raise RefusedError(tr("its two codes, for the mean and for the spread, differ in size"))
        if choice.order == "pictures" and len(leaving) == 1:
            decoder = [
                *decoder,
                Piece(Layer(kind="Unflatten", options={"dim": 1, "unflattened_size": picture})),
            ]
        lines = {"encoder": encoder, "mean": mean, "spread": spread, "decoder": decoder}
        numbers = {
            f"{name}.{place}.{part}": tensor
            for name, line in lines.items()
            for place, piece in enumerate(line)
            for part, tensor in piece.numbers.items()
        }
        try:
            network = LayerNetwork(
                **{name: tuple(piece.layer for piece in line) for name, line in lines.items()},
                spread_meaning=self.spread_meaning,
                code_shape=code_shape,
                value_range=choice.value_range,
                order=choice.order,
            )
            config = NetworkConfig(
                network="layers",
                objective="vae" if self.spread else "ae",
                height=height,
                width=width,
                channels=channels,
                latent_dim=math.prod(code_shape),
                layers=network,
            )
        except ValidationError as error:
            raise RefusedError(first_flaw(error).reason[:160]) from None
        return config, numbers

    def _closed(self, line: Line, choice: Choice) -> list[Piece]:
        """The line with the chosen activations in the open places."""
        names = {"hidden": choice.hidden, "output": choice.output}
        closed: list[Piece] = []
        for piece in line:
            if not piece.is_open:
                closed.append(piece)
            elif (layer := ACTIVATIONS[names[piece.is_open]]) is not None:
                closed.append(Piece(layer))
        return closed


def _fitted(line: Line, shape: tuple[int, ...]) -> tuple[list[Piece], tuple[int, ...]]:
    """The line with what its program did in between, and what comes out of it for one input of shape.

    Programs often flatten before a linear layer, and fold up after one, outside of their layers.
    """
    fitted: list[Piece] = []
    for piece in line:
        options = piece.layer.options
        pieces = [piece]
        if "in_features" in options and len(shape) == 3 and math.prod(shape) == options["in_features"]:
            pieces.insert(0, Piece(Layer(kind="Flatten")))
        elif "in_channels" in options and len(shape) == 1:
            channels = int(str(options["in_channels"]))
            side = math.isqrt(shape[0] // max(channels, 1))
            if side and channels * side * side == shape[0]:
                folded = (channels, side, side)
                pieces.insert(
                    0, Piece(Layer(kind="Unflatten", options={"dim": 1, "unflattened_size": folded}))
                )
        try:
            shape = shape_after(tuple(each.layer for each in pieces), shape)
        except ValueError as error:
            raise RefusedError(tr("its {reason}", reason=error)) from None
        fitted += pieces
    return fitted, shape
