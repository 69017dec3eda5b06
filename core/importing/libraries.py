"""Networks of two libraries by their weights' names: pythae's standard ones, disentangling-vae's Burgess.

pythae: Chadebec et al. 2022 (arXiv:2206.08309). disentangling-vae: the networks of Burgess et al. 2018
(arXiv:1804.03599). Both take pictures in [0,1] and write their settings beside the weights.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.importing.chains import draft_of_state_dict, rows
from core.importing.draft import Draft, Numbers, Piece
from core.importing.pickles import RefusedError
from core.models.layer_list import Layer
from core.translate import tr

PYTHAE_CONFIG = "model_config.json"
DISENTANGLING_CONFIG = "specs.json"
MOST_JSON_BYTES = 1_000_000
# Parts of pythae's models that only training uses; any other part changes what a code is.
_ONLY_FOR_TRAINING = ("discriminator.", "adversarial_discriminator.", "pseudo_inputs", "idle_input")
_CODE = ("kernel_size", "stride", "padding")


def is_disentangling(tensors: Mapping[str, Numbers]) -> bool:
    """Whether a state dict is of disentangling-vae."""
    return "encoder.mu_logvar_gen.weight" in tensors and "decoder.convT1.weight" in tensors


def draft_of_disentangling(path: Path, tensors: Mapping[str, Numbers]) -> Draft:
    """The network of disentangling-vae, held against specs.json beside it. Raises: RefusedError."""
    weights = dict(tensors)
    side = 64 if "encoder.conv_64.weight" in weights else 32
    latent_dim = _shape(weights, "decoder.lin1.weight")[1]
    channels = _shape(weights, "encoder.conv1.weight")[1]
    hidden = _shape(weights, "encoder.conv1.weight")[0]

    def take(name: str, kind: str, **options: Any) -> list[Piece]:
        numbers = {
            part: weights.pop(f"{name}.{part}") for part in ("weight", "bias") if f"{name}.{part}" in weights
        }
        return [Piece(Layer(kind=kind, options=options | {"bias": "bias" in numbers}), numbers)]

    def convolution(name: str, kind: str = "Conv2d") -> list[Piece]:
        shape = _shape(weights, f"{name}.weight")
        ins, outs = (shape[1], shape[0]) if kind == "Conv2d" else (shape[0], shape[1])
        return take(
            name,
            kind,
            in_channels=ins,
            out_channels=outs,
            kernel_size=shape[2:],
            stride=(2, 2),
            padding=(1, 1),
        )

    def linear(name: str) -> list[Piece]:
        outs, ins = _shape(weights, f"{name}.weight")
        return take(name, "Linear", in_features=ins, out_features=outs)

    relu, deep = [Piece(Layer(kind="ReLU"))], ["conv_64"] if side == 64 else []
    encoder: list[Piece] = []
    for name in ("conv1", "conv2", "conv3", *deep):
        encoder += [*convolution(f"encoder.{name}"), *relu]
    encoder += [Piece(Layer(kind="Flatten"))]
    for name in ("lin1", "lin2"):
        encoder += [*linear(f"encoder.{name}"), *relu]
    (both,) = linear("encoder.mu_logvar_gen")
    decoder: list[Piece] = []
    for name in ("lin1", "lin2", "lin3"):
        decoder += [*linear(f"decoder.{name}"), *relu]
    folded = (hidden, 4, 4)
    decoder += [Piece(Layer(kind="Unflatten", options={"dim": 1, "unflattened_size": folded}))]
    for name in (*(["convT_64"] if deep else []), "convT1", "convT2"):
        decoder += [*convolution(f"decoder.{name}", "ConvTranspose2d"), *relu]
    decoder += [*convolution("decoder.convT3", "ConvTranspose2d"), Piece(Layer(kind="Sigmoid"))]
    if weights:
        raise RefusedError(
            tr(
                "it has a part {name} that the library's own network has not",
                name=ascii(next(iter(weights)))[1:-1][:60],
            )
        )
    notes = _specs_notes(path.parent / DISENTANGLING_CONFIG, [channels, side, side], latent_dim)
    options = {"in_features": both.layer.options["in_features"], "out_features": latent_dim, "bias": True}
    # Mean and log variance of each dimension lie beside each other: every second row is one of them.
    mean, spread = (
        Piece(
            Layer(kind="Linear", options=options),
            {name: rows(tensor, slice(start, None, 2), latent_dim) for name, tensor in both.numbers.items()},
        )
        for start in (0, 1)
    )
    return Draft(
        kind=tr("a network of disentangling-vae (Burgess)"),
        encoder=encoder,
        mean=[mean],
        spread=[spread],
        decoder=decoder,
        channels=channels,
        height=side,
        width=side,
        value_range="0..1",
        notes=tuple(notes),
    )


def _specs_notes(path: Path, picture: list[int], latent_dim: int) -> list[str]:
    if not path.is_file():
        return [
            tr("There is no {name} beside it; sizes are read off the weights.", name=DISENTANGLING_CONFIG)
        ]
    specs = read_json(path)
    model = str(specs.get("model_type", "Burgess"))
    if model.lower() != "burgess":
        raise RefusedError(
            tr("its {name} asks for a network {model}", name=path.name, model=ascii(model)[:40])
        )
    if specs.get("img_size", picture) != picture or specs.get("latent_dim", latent_dim) != latent_dim:
        raise RefusedError(tr("its {name} tells other sizes than its weights have", name=path.name))
    return []


def draft_of_pythae(path: Path, tensors: Mapping[str, Numbers]) -> Draft:
    """The standard network of pythae, by model_config.json beside it. Raises: RefusedError."""
    folder = path.parent
    if not (folder / PYTHAE_CONFIG).is_file():
        raise RefusedError(
            tr("{name} is not beside it, without which its pictures' size is not known", name=PYTHAE_CONFIG)
        )
    config = read_json(folder / PYTHAE_CONFIG)
    for part in ("encoder", "decoder"):
        if (folder / f"{part}.pkl").exists() or config.get(f"uses_default_{part}") is False:
            raise RefusedError(
                tr(
                    "its {part} is its author's own, kept in {part}.pkl as code that would run on reading",
                    part=part,
                )
            )
    shape, latent_dim = config.get("input_dim"), config.get("latent_dim")
    fits = type(shape) is list and len(shape) == 3 and all(type(n) is int and 0 < n <= 4096 for n in shape)
    if not fits or type(latent_dim) is not int:
        raise RefusedError(tr("its {name} has no input_dim of three numbers", name=PYTHAE_CONFIG))
    channels, height, width = shape  # pyright: ignore[reportGeneralTypeIssues]
    kept: dict[str, Numbers] = {}
    left_out: list[str] = []
    for name, tensor in tensors.items():
        if name.startswith(("encoder.", "decoder.")):
            kept[name] = tensor
        elif name.startswith(_ONLY_FOR_TRAINING):
            left_out.append(name.partition(".")[0])
        else:
            raise RefusedError(
                tr(
                    "its {model} has a part {name}, which changes codes in a way that is not known here",
                    model=ascii(str(config.get("name", "model")))[1:-1][:40],
                    name=ascii(name)[1:-1][:60],
                )
            )
    if any("log_concentration" in name for name in kept):
        raise RefusedError(tr("its codes lie on a sphere, which is not known here"))
    draft = draft_of_state_dict(kept)
    relu, sigmoid = Piece(Layer(kind="ReLU")), Piece(Layer(kind="Sigmoid"))
    closed = {"hidden": relu, "output": sigmoid}
    encoder, mean, spread, decoder = (
        [closed[piece.is_open] if piece.is_open else piece for piece in line]
        for line in (draft.encoder, draft.mean, draft.spread, draft.decoder)
    )
    return Draft(
        kind=tr("a network of pythae ({name})", name=ascii(str(config.get("name", "?")))[1:-1][:40]),
        encoder=encoder,
        mean=mean,
        spread=spread,
        decoder=decoder,
        channels=channels,
        height=height,
        width=width,
        value_range="0..1",
        order="CHW",
        notes=tuple(
            tr("Its part {name} is only used in training and is left out.", name=name)
            for name in dict.fromkeys(left_out)
        ),
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a small JSON file. Raises: RefusedError."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_JSON_BYTES + 1)
        values = json.loads(text) if len(text) <= MOST_JSON_BYTES else None
    except (OSError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise RefusedError(tr("{name} beside it cannot be read", name=path.name))
    return values


def _shape(tensors: Mapping[str, Numbers], name: str) -> tuple[int, ...]:
    """A weight's shape, of a convolution or of a linear layer. Raises: RefusedError where it is neither."""
    if name not in tensors or len(tensors[name].shape) not in (2, 4):
        raise RefusedError(tr("it has no fitting weight {name}", name=name))
    return tuple(tensors[name].shape)
