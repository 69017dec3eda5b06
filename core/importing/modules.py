"""Whole models that torch.save pickled: the layers that their shells describe.

What a class does in its own forward is never known. So classes that are not torch's are seen through in two
places alone: the model itself, and what it calls its encoder and decoder, where it is said.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from core.flaws import first_flaw
from core.importing.allowed import LAYERS as CLASSES
from core.importing.allowed import Shell
from core.importing.draft import Draft, Piece
from core.importing.pickles import RefusedError, TensorPlace
from core.models.layer_list import LAYERS, MOST_LAYERS, Layer, Option
from core.translate import tr

MOST_NESTED = 16
LONGEST_NAME = 60
MOST_VISITS = 4 * MOST_LAYERS  # of a layer or a Sequential; one may be held in many places
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "forward")  # the last: put into the place of the class's
_MEANS = ("enc_out_1", "mu", "mean", "fc_mu", "fc_mean", "fc1_mu", "to_mu", "z_mean", "mu_layer")
_SPREADS = (
    "enc_out_2", "logvar", "log_var", "var", "fc_logvar", "fc_log_var", "fc_var", "logvar_layer", "z_log_var",
    "log_std", "logstd", "fc_std", "std", "sigma", "fc_sigma", "to_logvar",
)  # fmt: skip


def draft_of_module(root: Shell) -> Draft:
    """The network of a pickled model with Sequentials named encoder and decoder. Raises: RefusedError."""
    for _ in range(MOST_NESTED):
        if CLASSES.get(root.path) != "DataParallel":
            break
        _check_hooks(root, "module")
        root = _children(root).get("module", Shell())
    else:
        raise RefusedError(tr("its layers are nested too deep or are too many"))
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
    _check_hooks(root, _name(root))
    _check_own_numbers(root)
    means = [name for name in children if name.lower() in _MEANS]
    spreads = [name for name in children if name.lower() in _SPREADS]
    heads = means[:1] + spreads[:1] if means and spreads else []
    walk = _Walk()
    lines = {name: walk.line(children[name], name) for name in (encoder, decoder, *heads)}
    if not lines[decoder]:
        raise RefusedError(tr("its part {name} has no layers", name=_short(decoder)))
    for name, child in children.items():
        if name in lines:
            continue
        if (CLASSES.get(child.path) or "").endswith("Loss"):
            continue
        if any(piece.numbers for piece in walk.line(child, name)):
            raise RefusedError(
                tr(
                    "it has a part {name}, whose place in the network its file does not say",
                    name=_short(name),
                )
            )
        walk.notes.append(tr("Its part {name} has no weights and is left out.", name=_short(name)))
    return Draft(
        kind=tr("a whole model, class {name}", name=_name(root)),
        encoder=lines[encoder],
        decoder=lines[decoder],
        mean=lines[heads[0]] if heads else (),
        spread=lines[heads[1]] if heads else (),
        spread_meaning="log_std" if heads and "std" in heads[1].lower() else "log_variance",
        notes=tuple(walk.notes),
    )


def _part(children: Mapping[str, Shell], start: str) -> str:
    """The name of the child that is the encoder or decoder; empty where it is not clear."""
    full = {"enc": "encoder", "dec": "decoder"}[start]
    if full in children:
        return full
    like = [n for n in children if n.lower().startswith(start) and n.lower() not in (*_MEANS, *_SPREADS)]
    return like[0] if len(like) == 1 else ""


class _Walk:
    """The way through the parts of one model: how much was visited, and what is to be said of it."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._visits = 0

    def line(self, part: Shell, name: str) -> list[Piece]:
        """The layers of a part one after the other. Raises: RefusedError."""
        pieces: list[Piece] = []
        children = _children(part)
        # A class of one's own that holds one Sequential is taken to call it.
        if CLASSES.get(part.path) is None and list(map(_kind, children.values())) == ["Sequential"]:
            _check_hooks(part, name)
            _check_own_numbers(part)
            self.notes.append(
                tr(
                    "The forward() of {kind}, its {name}, is code that is not read: the layers that it holds"
                    " are taken in their order, and nothing else.",
                    kind=_name(part),
                    name=_short(name),
                )
            )
            ((inside, part),) = children.items()
            name = f"{name}.{inside[:LONGEST_NAME]}"
        self._collect(part, name, pieces, MOST_NESTED)
        return pieces

    def _collect(self, shell: Shell, name: str, pieces: list[Piece], deeper: int) -> None:
        kind = CLASSES.get(shell.path)
        self._visits += 1 + len(_mapping(shell.state.get("_modules")))
        if deeper == 0 or len(pieces) > MOST_LAYERS or self._visits > MOST_VISITS:
            raise RefusedError(tr("its layers are nested too deep or are too many"))
        _check_hooks(shell, name)
        if kind == "Sequential":
            for child_name, child in _children(shell).items():
                self._collect(child, f"{name}.{child_name[:LONGEST_NAME]}", pieces, deeper - 1)
        elif kind in LAYERS:
            pieces.append(_piece(shell, kind))
        else:
            raise RefusedError(
                tr(
                    "its part {name} is a {kind}, whose way through its layers is code that is not read; save"
                    " the model's state_dict() and import that",
                    name=_short(name),
                    kind=kind or _name(shell),
                )
            )


def _check_hooks(shell: Shell, name: str) -> None:
    """Raises: RefusedError where code runs with a layer that its class does not tell of."""
    if any(shell.state.get(each) for each in _HOOKS):
        raise RefusedError(
            tr(
                "its part {name} has a hook, which changes what passes through it and is code that is not"
                " read; remove it and save the model again",
                name=_short(name),
            )
        )


def _check_own_numbers(shell: Shell) -> None:
    """Raises: RefusedError where a class that is not torch's has weights that are in none of its layers."""
    for group in ("_parameters", "_buffers"):
        for name, tensor in _mapping(shell.state.get(group)).items():
            if tensor is not None:
                raise RefusedError(
                    tr(
                        "its class has numbers of its own, {name}, and what it does with them is code",
                        name=_short(str(name)),
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
        raise RefusedError(first_flaw(error).reason[:160]) from None


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
    return ascii(name[:LONGEST_NAME])[1:-1][:LONGEST_NAME]
