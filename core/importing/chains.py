"""State dicts of fully connected networks: sizes from shapes, the order from orders.py, the rest is open."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from core.importing.draft import Draft, Numbers, Piece
from core.importing.orders import Order, Step, orders
from core.importing.pickles import RefusedError, TensorPlace
from core.models.layer_list import Layer, SpreadMeaning
from core.translate import tr

# Wrappers that put their own name before every other.
_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.", "autoencoder.", "ae.", "vae.")
MOST_WRAPPERS = 8  # of each other
_MEAN = re.compile(r"mu|mean|embed")
_SPREAD = re.compile(r"var|std|sig")


def draft_of_state_dict(tensors: Mapping[str, Numbers]) -> Draft:
    """The network of linear layers that a state dict holds. Raises: RefusedError where it holds another."""
    steps = _steps(unwrapped(tensors))
    reason: RefusedError | None = None
    for order in orders(steps):
        try:
            return _draft(order)
        except RefusedError as error:
            reason = reason or error
    raise reason or RefusedError(tr("its state dict holds no chain of linear layers"))


def _draft(order: Order) -> Draft:
    """The network of layers in an order. Raises: RefusedError where one does not take what another gives."""
    steps = order.steps
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
    _check_norms(steps)
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
    halves = heads is None and linear[code].gives == 2 * linear[decoder_first].takes
    if (heads is not None or halves) and any(step.is_norm for step in steps[ends:at]):
        raise RefusedError(tr("it normalises its mean or its spread, which is not known here"))
    mean: list[Piece] = []
    spread: list[Piece] = []
    meaning: SpreadMeaning = "log_variance"
    dense = _dense(steps)
    if heads is not None:
        encoder = _line(steps[:ends], dense, closes=True)
        mean, spread = [_piece(heads[0])], [_piece(heads[1])]
        meaning = "log_std" if "std" in heads[1].name.lower() else "log_variance"
    elif halves:
        encoder = _line(steps[:ends], dense, closes=True)
        mean, spread = _halves(linear[code])
        meaning = "log_std"
    else:
        encoder = _line(steps[:at], dense)
    after_code = [Piece(is_open="hidden")] if _gap(linear[code], linear[decoder_first]) > 1 else []
    decoder = [*after_code, *_line(steps[at:], dense), Piece(is_open="output")]
    notes = [tr("A state dict does not say its activations: those given or tried are taken.")]
    if dense:
        notes.append(
            tr(
                "Its layers are numbered one after the other, so the same activation is taken to be between"
                " any two of them, and none after the code."
            )
        )
    if order.is_by_shapes:
        notes.append(tr("Its names do not tell the order of its layers: they follow as their sizes fit."))
    sizes = "-".join(str(n) for n in (first.takes, *(step.gives for step in linear)))
    return Draft(
        kind=tr("a state dict of linear layers, {sizes}", sizes=sizes),
        encoder=encoder,
        mean=mean,
        spread=spread,
        spread_meaning=meaning,
        decoder=decoder,
        notes=tuple(notes),
    )


def unwrapped(tensors: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The tensors without names that all of them begin with and that mean nothing."""
    names = dict(tensors)
    for _ in range(MOST_WRAPPERS):
        wrapper = next((w for w in _WRAPPERS if names and all(n.startswith(w) for n in names)), "")
        names = {name.removeprefix(wrapper): tensor for name, tensor in names.items()}
    return names


def _steps(tensors: Mapping[str, Numbers]) -> list[Step]:
    """The layers with weights, in the order of the file. Raises: RefusedError for other than linear ones."""
    layers: dict[str, dict[str, Numbers]] = {}
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition(".")
        layers.setdefault(layer, {})[part] = tensor
    steps: list[Step] = []
    for name, numbers in layers.items():
        shapes = {part: tuple(tensor.shape) for part, tensor in numbers.items()}
        weight = shapes.get("weight", ())
        kept = {part: tensor for part, tensor in numbers.items() if part != "num_batches_tracked"}
        if (
            len(weight) == 2
            and set(kept) <= {"weight", "bias"}
            and shapes.get("bias", weight[:1]) == weight[:1]
        ):
            steps.append(Step(name, weight[1], weight[0], kept))
        elif len(weight) == 1 and set(kept) == {"weight", "bias", "running_mean", "running_var"}:
            steps.append(Step(name, weight[0], weight[0], kept, is_norm=True))
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


def _pairs(linear: Sequence[Step], heads: tuple[Step, Step] | None) -> list[tuple[Step, Step]]:
    """Layers of which the second takes what the first gives."""
    pairs = []
    for place, after in enumerate(linear[1:], start=1):
        before = linear[place - 1]
        if heads is not None and {before, after} == set(heads):
            before = linear[place - 2] if place > 1 else None
        if before is not None:
            pairs.append((before, after))
    return pairs


def _heads(linear: Sequence[Step]) -> tuple[Step, Step] | None:
    """The two neighbours that both read the encoder's end and give the mean and the spread of a code."""
    for one, two in pairwise(linear):
        same = (one.takes, one.gives) == (two.takes, two.gives)
        names = one.name.lower(), two.name.lower()
        told = any(_MEAN.search(n) for n in names) and any(_SPREAD.search(n) for n in names)
        if same and (one.gives != one.takes or told):
            return (two, one) if _SPREAD.search(names[0]) and not _SPREAD.search(names[1]) else (one, two)
    return None


def _code_place(linear: Sequence[Step], heads: tuple[Step, Step] | None) -> int:
    """Which layer gives the code: the one before the first that is named as a decoder's, or the middle one of
    sizes that are the same from both ends, or the narrowest.
    """
    if heads is not None:
        return min(linear.index(heads[0]), linear.index(heads[1]))
    named = [place for place, step in enumerate(linear) if step.is_decoder]
    if named and named[0] > 0:
        return named[0] - 1
    sizes = [linear[0].takes, *(step.gives for step in linear)]
    if len(linear) % 2 == 0 and sizes == sizes[::-1]:
        return len(linear) // 2 - 1
    inner = linear[:-1]
    return min(range(len(inner)), key=lambda place: inner[place].gives)


def _check_norms(steps: Sequence[Step]) -> None:
    """Raises: RefusedError where a normalisation is not of as many numbers as pass through it."""
    width = next(step.takes for step in steps if not step.is_norm)
    for step in steps:
        if step.is_norm and step.takes != width:
            raise RefusedError(
                tr(
                    "its layer {after} takes {takes} numbers, and there are {gives}",
                    after=ascii(step.name)[1:-1][:60],
                    takes=step.takes,
                    gives=width,
                )
            )
        width = step.gives


def _line(steps: Sequence[Step], dense: frozenset[str], closes: bool = False) -> list[Piece]:
    """The layers with open places for activations between them, and at the end where it closes.

    dense are the lists whose numbers do not say what is between.
    """
    pieces: list[Piece] = []
    for place, step in enumerate(steps):
        pieces.append(_piece(step))
        following = steps[place + 1] if place + 1 < len(steps) else None
        if following is None:
            is_apart = closes
        else:
            gap = 0 if _numbered(following)[0] in dense else _gap(step, following)
            is_apart = gap > 1 if gap else not following.is_norm
        if is_apart:
            pieces.append(Piece(is_open="hidden"))
    return pieces


def _gap(before: Step, after: Step) -> int:
    """How far two layers of one Sequential are apart, where their names tell; otherwise 0.

    At 1 there is nothing between them, at more there is something without weights: an activation.
    """
    (one, first), (two, second) = _numbered(before), _numbered(after)
    return max(second - first, 0) if one == two and min(first, second) >= 0 else 0


def _dense(steps: Sequence[Step]) -> frozenset[str]:
    """The lists of linear layers without a number left out, as a ModuleList has them.

    Its activations are in a forward(): linear layers with nothing between them would be one.
    """
    numbers: dict[str, list[int]] = {}
    linear: Counter[str] = Counter()
    for step in steps:
        name, number = _numbered(step)
        if number >= 0:
            numbers.setdefault(name, []).append(number)
            linear[name] += not step.is_norm
    return frozenset(
        name
        for name, found in numbers.items()
        if linear[name] > 1 and all(two - one == 1 for one, two in pairwise(found))
    )


def _numbered(step: Step) -> tuple[str, int]:
    """The name of the list that a layer is in, and its number there; -1 where it has none."""
    name, _, number = step.name.rpartition(".")
    return name, int(number[:6]) if number.isdecimal() else -1


def _piece(step: Step) -> Piece:
    if step.is_norm:
        return Piece(Layer(kind="BatchNorm1d", options={"num_features": step.gives}), step.numbers)
    options = {"in_features": step.takes, "out_features": step.gives, "bias": "bias" in step.numbers}
    return Piece(Layer(kind="Linear", options=options), step.numbers)


def _halves(step: Step) -> tuple[list[Piece], list[Piece]]:
    """A layer that gives mean and spread one after the other as two layers."""
    half = step.gives // 2

    def of(part: slice) -> list[Piece]:
        numbers = {name: rows(tensor, part, half) for name, tensor in step.numbers.items()}
        return [_piece(Step(step.name, step.takes, half, numbers))]

    return of(slice(0, half)), of(slice(half, None))


def rows(numbers: Numbers, part: slice, count: int) -> Numbers:
    """Some rows of a layer's numbers, count of them."""
    if isinstance(numbers, TensorPlace):
        return TensorPlace((count, *numbers.shape[1:]))
    return numbers[part].contiguous()
