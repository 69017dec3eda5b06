"""Whole models that torch.save pickled: the layers that their shells describe."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from core.importing.allowed import LAYERS as CLASSES
from core.importing.allowed import Shell
from core.importing.draft import Draft, Piece
from core.importing.pickles import RefusedError, TensorPlace
from core.models.layer_list import LAYERS, MOST_LAYERS, Layer, Option
from core.translate import tr

MOST_NESTED = 16
_MEANS = ("enc_out_1", "mu", "mean", "fc_mu", "fc_mean", "fc1_mu", "to_mu", "z_mean", "mu_layer")
_SPREADS = (
    "enc_out_2", "logvar", "log_var", "var", "fc_logvar", "fc_log_var", "fc_var", "logvar_layer", "z_log_var",
    "log_std", "logstd", "fc_std", "std", "sigma", "fc_sigma", "to_logvar",
)  # fmt: skip


def draft_of_module(root: Shell) -> Draft:
    """The network of a pickled model with Sequentials named encoder and decoder. Raises: RefusedError."""
    while CLASSES.get(root.path) == "DataParallel":
        root = _children(root).get("module", Shell())
    children: Mapping[str, Shell] = _children(root)
    if CLASSES.get(root.path) == "Sequential" and len(children) == 2:
        children = dict(zip(("encoder", "decoder"), children.values(), strict=True))
    encoder, decoder = _part(children, "enc"), _part(children, "dec")
    if not encoder or not decoder:
        raise RefusedError(
            tr(
                "{name} has no parts named encoder and decoder (it has {parts}); save the model's"
                " state_dict() and import that",
                name=_name(root),
                parts=", ".join(map(_short, list(children)[:8])) or tr("none"),
            )
        )
    for group in ("_parameters", "_buffers"):
        for name, tensor in _mapping(root.state.get(group)).items():
            if tensor is not None:
                raise RefusedError(
                    tr(
                        "its class has numbers of its own, {name}, and what it does with them is code",
                        name=_short(str(name)),
                    )
                )
    means = [name for name in children if name.lower() in _MEANS]
    spreads = [name for name in children if name.lower() in _SPREADS]
    heads = means[:1] + spreads[:1] if means and spreads else []
    notes: list[str] = []
    for name, child in children.items():
        if name in (encoder, decoder, *heads):
            continue
        if (CLASSES.get(child.path) or "").endswith("Loss"):
            continue
        if any(piece.numbers for piece in _line(child, name)):
            raise RefusedError(
                tr(
                    "it has a part {name}, whose place in the network its file does not say",
                    name=_short(name),
                )
            )
        notes.append(tr("Its part {name} has no weights and is left out.", name=_short(name)))
    return Draft(
        kind=tr("a whole model, class {name}", name=_name(root)),
        encoder=_line(children[encoder], encoder),
        decoder=_line(children[decoder], decoder),
        mean=_line(children[heads[0]], heads[0]) if heads else (),
        spread=_line(children[heads[1]], heads[1]) if heads else (),
        spread_meaning="log_std" if heads and "std" in heads[1].lower() else "log_variance",
        notes=tuple(notes),
    )


def _part(children: Mapping[str, Shell], start: str) -> str:
    """The name of the child that is the encoder or decoder; empty where it is not clear."""
    full = {"enc": "encoder", "dec": "decoder"}[start]
    if full in children:
        return full
    like = [n for n in children if n.lower().startswith(start) and n.lower() not in (*_MEANS, *_SPREADS)]
    return like[0] if len(like) == 1 else ""


def _line(shell: Shell, name: str) -> list[Piece]:
    """The layers of a part one after the other."""
    pieces: list[Piece] = []
    _collect(shell, name, pieces, MOST_NESTED)
    return pieces


def _collect(shell: Shell, name: str, pieces: list[Piece], deeper: int) -> None:
    kind = CLASSES.get(shell.path)
    children = _children(shell)
    if deeper == 0 or len(pieces) > MOST_LAYERS:
        raise RefusedError(tr("its layers are nested too deep or are too many"))
    # A class of one's own that holds one Sequential can hardly do anything but call it.
    is_wrapper = kind is None and list(map(_kind, children.values())) == ["Sequential"]
    if kind == "Sequential" or is_wrapper:
        for child_name, child in children.items():
            _collect(child, f"{name}.{child_name}", pieces, deeper - 1)
    elif kind in LAYERS:
        pieces.append(_piece(shell, kind))
    else:
        raise RefusedError(
            tr(
                "its part {name} is a {kind}, whose way through its layers is code that is not read; save the"
                " model's state_dict() and import that",
                name=_short(name),
                kind=kind or _name(shell),
            )
        )


def _piece(shell: Shell, kind: str) -> Piece:
    numbers = {
        name: tensor
        for group in ("_parameters", "_buffers")
        for name, tensor in _mapping(shell.state.get(group)).items()
        if isinstance(tensor, Tensor | TensorPlace)
    }
    options: dict[str, Option] = {}
    for name in LAYERS[kind][1].split():
        if name == "bias":
            options[name] = "bias" in numbers
        elif name in shell.state:
            options[name] = _option(shell.state[name])
    try:
        return Piece(Layer(kind=kind, options=options), numbers)
    except ValidationError as error:
        raise RefusedError(str(error.errors()[0]["msg"])[:160]) from None


def _option(value: Any) -> Any:
    """A layer's argument as the config keeps it; what is odd about it is found when it is checked."""
    if isinstance(value, list | tuple):
        return tuple(int(n) if type(n) is float and n.is_integer() else n for n in value)
    return value


def _children(shell: Shell) -> dict[str, Shell]:
    modules = _mapping(shell.state.get("_modules"))
    return {str(name): child for name, child in modules.items() if isinstance(child, Shell)}


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _kind(shell: Shell) -> str | None:
    return CLASSES.get(shell.path)


def _name(shell: Shell) -> str:
    return _short(shell.path.rpartition(".")[2] or "?")


def _short(name: str) -> str:
    """A name from a file as it can be shown."""
    return ascii(name)[1:-1][:60]
