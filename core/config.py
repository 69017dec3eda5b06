"""What a person may set, declared once: type, default, range, unit and one sentence.

The command line, the window's form, config.json and the documentation are all made from these models.
A field's title is its label in the form, its description the sentence; both pass through tr() where shown.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from core.errors import ConfigError
from core.translate import tr

NetworkName = Literal["fc", "conv"]
ObjectiveName = Literal["ae", "vae"]
MIN_PICTURE_PX = 8
MAX_PICTURE_PX = 512

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """A frozen group of settings; unknown names and values out of range are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ImportConfig(Settings):
    """How pictures are read: the one policy for size and crop, and what an array's numbers mean."""

    size: Annotated[
        int,
        Field(
            title="Size",
            description=(
                "Side of the square pictures in pixels, 8 to 512. 0 keeps an array's own size; files keep"
                " theirs when all share one square size up to 128, and else become 64."
            ),
            ge=0,
            le=MAX_PICTURE_PX,
            json_schema_extra={"unit": "px"},
        ),
    ] = 0
    fit: Annotated[
        Literal["crop", "pad", "stretch"],
        Field(
            title="Fit",
            description=(
                "How a picture that is not square becomes square: crop its centre, pad it with black, or"
                " stretch it."
            ),
        ),
    ] = "crop"
    colour: Annotated[
        Literal["auto", "grey", "colour"],
        Field(
            title="Colour",
            description="Read pictures as grey or colour; auto keeps grey pictures grey.",
        ),
    ] = "auto"
    layout: Annotated[
        Literal["auto", "NHW", "NHWC", "NCHW"],
        Field(
            title="Array layout",
            description="The order of an array's axes; auto finds the axis of 1 or 3 channels.",
        ),
    ] = "auto"
    value_range: Annotated[
        Literal["auto", "0..255", "0..1", "-1..1"],
        Field(
            title="Value range",
            description="Black and white of an array of floats; auto looks at its least and greatest.",
        ),
    ] = "auto"


class ForeignConfig(Settings):
    """What a person knows of a network of another program that its file may not say."""

    model_range: Annotated[
        Literal["auto", "-1..1", "0..1", "0..255"],
        Field(
            title="Model's range",
            description=(
                "Black and white as the network knew them; auto tries them on the pictures, and without"
                " pictures looks at the last layer."
            ),
        ),
    ] = "auto"
    flatten_order: Annotated[
        Literal["auto", "CHW", "HWC"],
        Field(
            title="Flatten order",
            description=(
                "Order in which pictures were flattened: channel by channel (CHW) or pixel by pixel (HWC);"
                " auto tries both on the pictures, and without pictures takes CHW."
            ),
        ),
    ] = "auto"
    activation: Annotated[
        Literal[
            "auto", "leaky_relu_0.1", "leaky_relu_0.01", "leaky_relu_0.2", "relu", "elu", "gelu", "silu",
            "tanh", "sigmoid", "none",
        ],
        Field(
            title="Between layers",
            description=(
                "Activation between the layers of a state dict, which does not say it; auto tries them on"
                " the pictures, and without pictures takes leaky_relu_0.1."
            ),
        ),
    ] = "auto"  # fmt: skip
    output_activation: Annotated[
        Literal["auto", "tanh", "sigmoid", "none"],
        Field(
            title="At the end",
            description="Activation after the last layer of a state dict; auto as for those between layers.",
        ),
    ] = "auto"
    picture_height: Annotated[
        int,
        Field(
            title="Picture height",
            description="Height of the network's pictures; 0 finds it from the layers or the pictures.",
            ge=0,
            le=MAX_PICTURE_PX,
            json_schema_extra={"unit": "px"},
        ),
    ] = 0
    picture_width: Annotated[
        int,
        Field(
            title="Picture width",
            description="Width of the network's pictures; 0 finds it, or takes the height.",
            ge=0,
            le=MAX_PICTURE_PX,
            json_schema_extra={"unit": "px"},
        ),
    ] = 0


class TrainConfig(Settings):
    """How a network is made and trained."""

    network: Annotated[
        NetworkName,
        Field(
            title="Network",
            description="fc: fully connected, 1024-512-256-128 and back. conv: convolutional, small.",
        ),
    ] = "fc"
    objective: Annotated[
        ObjectiveName,
        Field(
            title="Objective",
            description="ae: autoencoder, mean squared error. vae: variational, with noise on the code.",
        ),
    ] = "ae"
    latent_dim: Annotated[
        int,
        Field(
            title="Code size",
            description="Dimensions of the code: one dial each.",
            ge=1,
            le=1024,
            json_schema_extra={"unit": "dimensions"},
        ),
    ] = 64
    epochs: Annotated[
        int,
        Field(title="Epochs", description="Passes over the training pictures.", ge=1, le=100_000),
    ] = 20
    batch_size: Annotated[
        int,
        Field(
            title="Batch size",
            description="Pictures in one optimiser step.",
            ge=1,
            le=65_536,
            json_schema_extra={"unit": "pictures"},
        ),
    ] = 256
    learning_rate: Annotated[
        float,
        Field(title="Learning rate", description="Adam's step size.", gt=0.0, le=1.0),
    ] = 1e-3
    beta: Annotated[
        float,
        Field(
            title="Beta",
            description="Weight of the KL term of a vae; 1 is the evidence lower bound. An ae ignores it.",
            ge=0.0,
            le=1000.0,
            json_schema_extra={"advanced": True},
        ),
    ] = 1.0
    val_fraction: Annotated[
        float,
        Field(
            title="Validation share",
            description="Share of the pictures held out to measure validation error; 0 holds out none.",
            ge=0.0,
            le=0.5,
            json_schema_extra={"advanced": True},
        ),
    ] = 0.1
    seed: Annotated[
        int,
        Field(
            title="Seed",
            description="Decides the first weights, the order of the pictures and the noise.",
            ge=0,
            le=2**31 - 1,
            json_schema_extra={"advanced": True},
        ),
    ] = 0
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Field(
            title="Device",
            description="Where to compute; auto takes CUDA, then MPS, then the processor.",
            json_schema_extra={"advanced": True},
        ),
    ] = "auto"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Field(
            title="Precision",
            description="Number format of the matrix products in training; auto takes bfloat16 where a short"
            " trial at the start finds it faster. Weights and codes are always float32.",
            json_schema_extra={"advanced": True},
        ),
    ] = "auto"
    checkpoint_interval_s: Annotated[
        float,
        Field(
            title="Checkpoint every",
            description="Longest time between two checkpoints on disk.",
            ge=0.1,
            le=3600.0,
            json_schema_extra={"advanced": True, "unit": "s"},
        ),
    ] = 60.0
    patience: Annotated[
        int,
        Field(
            title="Patience",
            description="Epochs without a better validation error after which training stops; 0 never stops"
            " it early.",
            ge=0,
            le=100_000,
            json_schema_extra={"advanced": True, "unit": "epochs"},
        ),
    ] = 0

    @field_validator("patience")
    @classmethod
    def _has_what_it_waits_for(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("val_fraction") == 0:
            raise ValueError(tr("it needs a validation share above 0"))
        return value


@dataclass(frozen=True)
class Setting:
    """One field as a form needs it; minimum and maximum are None where there is no such bound."""

    name: str
    title: str
    description: str
    default: Any
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    unit: str
    advanced: bool


def settings_of(model: type[Settings]) -> tuple[Setting, ...]:
    """Every field of a settings model, in the order of its declaration."""
    return tuple(_setting(name, field) for name, field in model.model_fields.items())


def _setting(name: str, field: FieldInfo) -> Setting:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    bounds: dict[str, float] = {}
    for constraint in field.metadata:
        for key in ("ge", "gt", "le", "lt"):
            if (bound := getattr(constraint, key, None)) is not None:
                bounds["minimum" if key[0] == "g" else "maximum"] = bound
    return Setting(
        name=name,
        title=field.title or name,
        description=field.description or "",
        default=field.default,
        choices=tuple(get_args(field.annotation)),
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        unit=str(extra.get("unit", "")),
        advanced=bool(extra.get("advanced", False)),
    )


def checked(model: type[S], values: dict[str, Any]) -> S:
    """The settings model made from values. Raises: ConfigError naming the first setting that is wrong."""
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or model.__name__
        raise ConfigError(
            tr(
                "{name} cannot be {value}: {reason}.",
                name=name,
                value=repr(first.get("input"))[:80],
                reason=first["msg"].removeprefix("Value error, "),
            )
        ) from None
