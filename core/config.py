"""What a person may set, declared once: type, default, range, unit and one sentence.

The command line, the window's form, config.json and the documentation are all made from these models.
A field's title is its label in the form, its description the sentence; both pass through tr() where shown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from core.errors import ConfigError
from core.flaws import first_flaw
from core.translate import tr

NetworkName = Literal["fc", "conv"]
ObjectiveName = Literal["ae", "denoising-ae", "vae", "beta-vae", "beta-tcvae", "mmd-vae"]
ReconstructionName = Literal["mse", "l1", "bce", "ms-ssim"]
MIN_PICTURE_PX = 8
MAX_PICTURE_PX = 512

# Those whose encoder gives a mean and a log_std, and whose codes are to lie as N(0, 1) does.
VARIATIONAL: tuple[ObjectiveName, ...] = ("vae", "beta-vae", "beta-tcvae", "mmd-vae")
# beta where nobody says one. 4 is the least of Higgins et al. (2017), 6 what Chen et al. (2018) settle on;
# the distance of mmd-vae is of the order of 0.1 where a KL is of 100 nats.
BETAS: dict[ObjectiveName, float] = {"beta-vae": 4.0, "beta-tcvae": 6.0, "mmd-vae": 1000.0}
# learning_rate where nobody says one: that with the least validation error of 3e-4 and 1e-3 on faces.
LEARNING_RATES: dict[NetworkName, float] = {"fc": 3e-4, "conv": 1e-3}

S = TypeVar("S", bound="Settings")


def is_variational(objective: ObjectiveName) -> bool:
    """Whether a code has a mean, a log_std and the prior N(0, 1), rather than being one point."""
    return objective in VARIATIONAL


def dependent_defaults(network: NetworkName, objective: ObjectiveName) -> dict[str, float]:
    """The settings of TrainConfig whose default depends on network or objective, where nobody says them."""
    return {"beta": BETAS.get(objective, 1.0), "learning_rate": LEARNING_RATES[network]}


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
            description=(
                "ae: autoencoder. denoising-ae: an autoencoder that gets noisy pictures and is to give clean"
                " ones. vae: variational, with noise on the code. beta-vae, beta-tcvae and mmd-vae: vaes that"
                " ask something else of the codes."
            ),
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
    ] = 64
    learning_rate: Annotated[
        float,
        Field(
            title="Learning rate",
            description="Adam's step size. conv takes 0.001 where none is given.",
            gt=0.0,
            le=1.0,
            json_schema_extra={"defaults": {**LEARNING_RATES}},
        ),
    ] = LEARNING_RATES["fc"]
    reconstruction: Annotated[
        ReconstructionName,
        Field(
            title="Reconstruction",
            description=(
                "How a picture is compared with its reconstruction. mse: squared differences. l1: absolute"
                " ones. bce: binary cross-entropy, for pictures in black and white. ms-ssim: structure at"
                " several scales, which needs the package pytorch-msssim."
            ),
            json_schema_extra={"advanced": True},
        ),
    ] = "mse"
    beta: Annotated[
        float,
        Field(
            title="Beta",
            description=(
                "Weight of what is asked of the codes: of the KL term (vae: 1, the evidence lower bound;"
                " beta-vae: 4), of the total correlation (beta-tcvae: 6), of the distance to the prior"
                " (mmd-vae: 1000). These are taken where none is given."
            ),
            ge=0.0,
            le=1000.0,
            json_schema_extra={
                "advanced": True,
                "objectives": list(VARIATIONAL),
                "defaults": {**BETAS},
            },
        ),
    ] = 1.0
    kl_warmup_epochs: Annotated[
        int,
        Field(
            title="KL warm-up",
            description=(
                "Epochs over which beta, or all that is asked of the codes, grows evenly from nothing, so"
                " that they learn to say something first; 0 asks for all of it at once."
            ),
            ge=0,
            le=100_000,
            json_schema_extra={"advanced": True, "unit": "epochs", "objectives": list(VARIATIONAL)},
        ),
    ] = 0
    noise_std: Annotated[
        float,
        Field(
            title="Noise on pictures",
            description=(
                "Standard deviation of the noise on the pictures of a denoising-ae, which go from -1 to 1."
            ),
            ge=0.0,
            le=2.0,
            json_schema_extra={"advanced": True, "objectives": ["denoising-ae"]},
        ),
    ] = 0.3
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
    keep_epochs: Annotated[
        int,
        Field(
            title="Keep epochs",
            description="How many epochs' weights are kept beside the last, early ones closer together, to"
            " replay an edit over them; 0 keeps none. fc's take 53 MB each.",
            ge=0,
            le=100,
            json_schema_extra={"advanced": True, "unit": "epochs"},
        ),
    ] = 8
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

    @model_validator(mode="before")
    @classmethod
    def _with_dependent_defaults(cls, values: Any) -> Any:
        """A beta that nobody gave is that of the objective, a learning rate that of the network."""
        if not isinstance(values, dict):
            return values
        network, objective = values.get("network", "fc"), values.get("objective", "ae")
        if network not in get_args(NetworkName) or objective not in get_args(ObjectiveName):
            return values  # and these are refused where their turn comes
        return dependent_defaults(network, objective) | values

    @field_validator("patience")
    @classmethod
    def _has_what_it_waits_for(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("val_fraction") == 0:
            raise ValueError(tr("it needs a validation share above 0"))
        return value


def objective_text(train: TrainConfig) -> str:
    """What a network is trained for, in one line: objective, reconstruction term, beta, warm-up, noise."""
    parts = [train.objective, tr("reconstruction {term}", term=train.reconstruction)]
    if is_variational(train.objective):
        parts.append(tr("beta {beta}", beta=f"{train.beta:g}"))
        if train.kl_warmup_epochs:
            parts.append(tr("KL warm-up over {epochs} epochs", epochs=train.kl_warmup_epochs))
        else:
            parts.append(tr("no KL warm-up"))
    if train.objective == "denoising-ae":
        parts.append(tr("noise of {std} on the pictures", std=f"{train.noise_std:g}"))
    return ", ".join(parts)


@dataclass(frozen=True)
class Setting:
    """One field as a form needs it; minimum and maximum are None where there is no such bound.

    objectives are those that use it, empty where all do; defaults has those of objectives and networks where
    they are not default.
    """

    name: str
    title: str
    description: str
    default: Any
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    unit: str
    advanced: bool
    objectives: tuple[str, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)

    def is_used_by(self, objective: str) -> bool:
        """Whether the objective looks at this setting."""
        return not self.objectives or objective in self.objectives

    def default_for(self, chosen: Collection[str]) -> Any:
        """What the setting is for the chosen objective and network where nobody says it."""
        return next((self.defaults[name] for name in chosen if name in self.defaults), self.default)


def settings_of(model: type[Settings]) -> tuple[Setting, ...]:
    """Every field of a settings model, in the order of its declaration."""
    return tuple(_setting(name, info) for name, info in model.model_fields.items())


def _setting(name: str, info: FieldInfo) -> Setting:
    extra: dict[str, Any] = dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}
    bounds: dict[str, float] = {}
    for constraint in info.metadata:
        for key in ("ge", "gt", "le", "lt"):
            if (bound := getattr(constraint, key, None)) is not None:
                bounds["minimum" if key[0] == "g" else "maximum"] = bound
    return Setting(
        name=name,
        title=info.title or name,
        description=info.description or "",
        default=info.default,
        choices=tuple(get_args(info.annotation)),
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        unit=str(extra.get("unit", "")),
        advanced=bool(extra.get("advanced", False)),
        objectives=tuple(extra.get("objectives", ())),
        defaults=extra.get("defaults", {}),
    )


def checked(model: type[S], values: dict[str, Any]) -> S:
    """The settings model made from values. Raises: ConfigError naming the first setting that is wrong."""
    try:
        return model(**values)
    except ValidationError as error:
        flaw = first_flaw(error)
        raise ConfigError(
            tr(
                "{name} cannot be {value}: {reason}.",
                name=flaw.place or model.__name__,
                value=repr(flaw.value)[:80],
                reason=flaw.reason,
            )
        ) from None
