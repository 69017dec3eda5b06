"""State dicts of fully connected networks: sizes from shapes, the order from names, the rest is open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from core.importing.draft import Draft, Numbers, Piece
from core.importing.pickles import RefusedError, TensorPlace
from core.models.layer_list import Layer, SpreadMeaning
from core.translate import tr

# Wrappers that put their own name before every other.
_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.", "autoencoder.", "ae.", "vae.")
_MEAN = re.compile(r"mu|mean|embed")
_SPREAD = re.compile(r"var|std|sig")
_DECODER = re.compile(r"(^|[._])dec")


@dataclass(frozen=True, eq=False)
class _Step:
    """A layer with weights: its name without ".weight", what it takes and gives, and its numbers."""

    name: str
    takes: int
    gives: int
    numbers: Mapping[str, Numbers]
    is_norm: bool = False


def draft_of_state_dict(tensors: Mapping[str, Numbers]) -> Draft:
    """The network of linear layers that a state dict holds. Raises: RefusedError where it holds another."""
    # Some programs make their decoder first.
    steps = sorted(_steps(unwrapped(tensors)), key=lambda step: bool(_DECODER.search(step.name.lower())))
    linear = [step for step in steps if not step.is_norm]
    if len(linear) < 2:
        raise RefusedError(tr("its state dict holds no chain of linear layers"))
    heads = _heads(linear)
    code = _code_place(linear, heads)
    decoder_first = code + (2 if heads is not None else 1)
    first, last = linear[0], linear[-1]
    if decoder_first >= len(linear) or last.gives != first.takes:
        raise RefusedError(
            tr(
                "its layers make {out} numbers of {size}; an autoencoder gives back as many as it takes",
                out=last.gives,
                size=first.takes,
            )
        )
    for before, after in _pairs(linear, heads):
        doubled = heads is None and after is linear[decoder_first] and before.gives == 2 * after.takes
        if before.gives != after.takes and not doubled:
            raise RefusedError(
                tr(
                    "its layer {after} takes {takes} numbers and {before}, which is before it, gives {gives}",
                    after=ascii(after.name)[1:-1][:60],
                    before=ascii(before.name)[1:-1][:60],
                    takes=after.takes,
                    gives=before.gives,
                )
            )
    at = steps.index(linear[decoder_first])
    ends = steps.index(linear[code])
    mean: list[Piece] = []
    spread: list[Piece] = []
    meaning: SpreadMeaning = "log_variance"
    if heads is not None:
        encoder = _line(steps[:ends], closes=True)
        mean, spread = _line([heads[0]]), _line([heads[1]])
        meaning = "log_std" if "std" in heads[1].name.lower() else "log_variance"
    elif linear[code].gives == 2 * linear[decoder_first].takes:
        encoder = _line(steps[:ends], closes=True)
        mean, spread = _halves(linear[code])
        meaning = "log_std"
    else:
        encoder = _line(steps[:at])
    after_code = [Piece(is_open="hidden")] if _gap(linear[code], linear[decoder_first]) > 1 else []
    decoder = [*after_code, *_line(steps[at:]), Piece(is_open="output")]
    note = tr("A state dict does not say its activations: those given or tried are taken.")
    sizes = "-".join(str(n) for n in (first.takes, *(step.gives for step in linear)))
    return Draft(
        kind=tr("a state dict of linear layers, {sizes}", sizes=sizes),
        encoder=encoder,
        mean=mean,
        spread=spread,
        spread_meaning=meaning,
        decoder=decoder,
        notes=(note,),
    )


def unwrapped(tensors: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The tensors without names that all of them begin with and that mean nothing."""
    names = dict(tensors)
    while wrapper := next((w for w in _WRAPPERS if names and all(n.startswith(w) for n in names)), None):
        names = {name.removeprefix(wrapper): tensor for name, tensor in names.items()}
    return names


def _steps(tensors: Mapping[str, Numbers]) -> list[_Step]:
    """The layers with weights, in the order of the file. Raises: RefusedError for other than linear ones."""
    layers: dict[str, dict[str, Numbers]] = {}
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition(".")
        layers.setdefault(layer, {})[part] = tensor
    steps: list[_Step] = []
    for name, numbers in layers.items():
        shapes = {part: tuple(tensor.shape) for part, tensor in numbers.items()}
        weight = shapes.get("weight", ())
        kept = {part: tensor for part, tensor in numbers.items() if part != "num_batches_tracked"}
        if (
            len(weight) == 2
            and set(kept) <= {"weight", "bias"}
            and shapes.get("bias", weight[:1]) == weight[:1]
        ):
            steps.append(_Step(name, weight[1], weight[0], kept))
        elif len(weight) == 1 and set(kept) == {"weight", "bias", "running_mean", "running_var"}:
            steps.append(_Step(name, weight[0], weight[0], kept, is_norm=True))
        else:
            raise RefusedError(
                tr(
                    "its state dict holds {name} of shape {shape}, and only of linear layers does one say how"
                    " they are joined; save the whole model, torch.save(model, …), and import that",
                    name=ascii(name or next(iter(shapes)))[1:-1][:60],
                    shape="×".join(map(str, next(iter(shapes.values())))) or "1",
                )
            )
    return steps


def _pairs(linear: list[_Step], heads: tuple[_Step, _Step] | None) -> list[tuple[_Step, _Step]]:
    """Layers of which the second takes what the first gives."""
    pairs = []
    for place, after in enumerate(linear[1:], start=1):
        before = linear[place - 1]
        if heads is not None and {before, after} == set(heads):
            before = linear[place - 2] if place > 1 else None
        if before is not None:
            pairs.append((before, after))
    return pairs


def _heads(linear: list[_Step]) -> tuple[_Step, _Step] | None:
    """The two neighbours that both read the encoder's end and give the mean and the spread of a code."""
    for one, two in pairwise(linear):
        same = (one.takes, one.gives) == (two.takes, two.gives)
        names = one.name.lower(), two.name.lower()
        told = any(_MEAN.search(n) for n in names) and any(_SPREAD.search(n) for n in names)
        if same and (one.gives != one.takes or told):
            return (two, one) if _SPREAD.search(names[0]) and not _SPREAD.search(names[1]) else (one, two)
    return None


def _code_place(linear: list[_Step], heads: tuple[_Step, _Step] | None) -> int:
    """Which layer gives the code: the one before the first that is named as a decoder's, or the narrowest."""
    if heads is not None:
        return min(linear.index(heads[0]), linear.index(heads[1]))
    named = [place for place, step in enumerate(linear) if _DECODER.search(step.name.lower())]
    if named and named[0] > 0:
        return named[0] - 1
    inner = linear[:-1]
    return min(range(len(inner)), key=lambda place: inner[place].gives)


def _line(steps: list[_Step], closes: bool = False) -> list[Piece]:
    """The layers with open places for activations between them, and at the end where it closes."""
    pieces: list[Piece] = []
    for place, step in enumerate(steps):
        pieces.append(_piece(step))
        following = steps[place + 1] if place + 1 < len(steps) else None
        if following is None:
            is_apart = closes
        else:
            gap = _gap(step, following)
            is_apart = gap > 1 if gap else not following.is_norm
        if is_apart:
            pieces.append(Piece(is_open="hidden"))
    return pieces


def _gap(before: _Step, after: _Step) -> int:
    """How far two layers of one Sequential are apart, where their names tell; otherwise 0.

    At 1 there is nothing between them, at more there is something without weights: an activation.
    """
    one, two = before.name.rpartition("."), after.name.rpartition(".")
    if one[0] != two[0] or not (one[2].isdecimal() and two[2].isdecimal()):
        return 0
    return max(int(two[2][:6]) - int(one[2][:6]), 0)


def _piece(step: _Step) -> Piece:
    if step.is_norm:
        return Piece(Layer(kind="BatchNorm1d", options={"num_features": step.gives}), step.numbers)
    options = {"in_features": step.takes, "out_features": step.gives, "bias": "bias" in step.numbers}
    return Piece(Layer(kind="Linear", options=options), step.numbers)


def _halves(step: _Step) -> tuple[list[Piece], list[Piece]]:
    """A layer that gives mean and spread one after the other as two layers."""
    half = step.gives // 2

    def of(part: slice) -> list[Piece]:
        numbers = {name: rows(tensor, part, half) for name, tensor in step.numbers.items()}
        return _line([_Step(step.name, step.takes, half, numbers)])

    return of(slice(0, half)), of(slice(half, None))


def rows(numbers: Numbers, part: slice, count: int) -> Numbers:
    """Some rows of a layer's numbers, count of them."""
    if isinstance(numbers, TensorPlace):
        return TensorPlace((count, *numbers.shape[1:]))
    return numbers[part].contiguous()
