"""In which order the layers of a state dict follow each other: their names' numbers, the file's order, sizes.

A file need not hold layers in the order of their use: safetensors sorts names by letters, fc10 before fc2.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.importing.draft import Numbers

# Names of a decoder's parts, and of an encoder's: decoder.0, net.dec1, d1.
_DECODER = re.compile(r"(^|[._])dec|^de?_?\d")
_ENCODER = re.compile(r"(^|[._])enc|^en?_?\d")
_NUMBER = re.compile(r"\d{1,6}")
MOST_CHAINED = 100  # layers whose order is sought by their sizes
_MOST_TRIED = 5000  # steps of that search


@dataclass(frozen=True, eq=False)
class Step:
    """A layer with weights: its name without ".weight", what it takes and gives, and its numbers."""

    name: str
    takes: int
    gives: int
    numbers: Mapping[str, Numbers]
    is_norm: bool = False

    @cached_property
    def place(self) -> tuple[int, ...]:
        """The numbers in its name."""
        return tuple(map(int, _NUMBER.findall(self.name)))

    @cached_property
    def series(self) -> str:
        """Its name without them: layers of one series follow each other by their numbers."""
        return _NUMBER.sub("#", self.name)

    @cached_property
    def is_encoder(self) -> bool:
        """Whether it is named as a part of an encoder."""
        return bool(_ENCODER.search(self.name.lower())) and not self.is_decoder

    @cached_property
    def is_decoder(self) -> bool:
        """Whether it is named as a part of a decoder."""
        return bool(_DECODER.search(self.name.lower()))


@dataclass(frozen=True, eq=False)
class Order:
    """Layers one after the other; is_by_shapes: as what one gives is what the next takes."""

    steps: Sequence[Step]
    is_by_shapes: bool = False


def orders(steps: Sequence[Step]) -> Iterator[Order]:
    """Orders to try, the likeliest first; steps are in the order of their file."""
    return (order for order in _all_orders(steps) if _is_forward(order.steps))


def _all_orders(steps: Sequence[Step]) -> Iterator[Order]:
    by_name = sorted(steps, key=lambda step: [int(p) if p.isdecimal() else p for p in _parts(step.name)])
    for order in (steps, by_name):
        if _is_counted(order):
            yield Order(_decoder_last(order))  # some programs make their decoder first
            yield Order(order)  # and call its last layer otherwise
    if len(steps) <= MOST_CHAINED:
        series: dict[str, list[Step]] = {}
        for step in by_name:
            series.setdefault(step.series, []).append(step)
        yield from _chains(list(series.values()))
    # Numbers may be names of another kind: fc1, fc21, fc22, fc3.
    yield Order(_decoder_last(steps))
    yield Order(steps)
    if len(steps) <= MOST_CHAINED:
        yield from _chains([[step] for step in steps])


def _parts(name: str) -> list[str]:
    """Text and numbers of a name by turns, text first."""
    return re.split(r"(\d{1,6})", name)


def _decoder_last(steps: Sequence[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.is_decoder)


def _is_forward(steps: Sequence[Step]) -> bool:
    """Whether no part of an encoder comes after one of a decoder: the sizes of a ring fit from anywhere."""
    decoder = next((place for place, step in enumerate(steps) if step.is_decoder), len(steps))
    return not any(step.is_encoder for step in steps[decoder:])


def _is_counted(steps: Sequence[Step]) -> bool:
    """Whether the numbers of each series go up."""
    last: dict[str, tuple[int, ...]] = {}
    for step in steps:
        if step.place < last.get(step.series, ()):
            return False
        last[step.series] = step.place
    return True


def _chains(series: Sequence[Sequence[Step]]) -> Iterator[Order]:
    """All orders in which each layer can take what the one before it gives, and each series is in its own."""
    total, tried = sum(map(len, series)), 0
    at = [0] * len(series)
    chain: list[Step] = []

    def next_places() -> list[int]:
        """The series that can go on, the likeliest first."""
        heads = [(place, line[at[place]]) for place, line in enumerate(series) if at[place] < len(line)]
        if not chain:
            # Pictures mostly have more numbers than what is made of them.
            heads.sort(key=lambda head: (not head[1].is_encoder, -head[1].takes))
        else:
            last = chain[-1]
            heads = [head for head in heads if _follows(last, head[1])]
            heads.sort(
                key=lambda head: (
                    head[1].takes != last.gives,
                    head[1].is_norm == last.is_norm,
                    head[1].is_decoder,
                )
            )
        return [place for place, _head in heads]

    def going_on() -> Iterator[Order]:
        nonlocal tried
        if len(chain) == total:
            yield Order(list(chain), is_by_shapes=True)
            return
        for place in next_places():
            tried += 1
            if tried > _MOST_TRIED:
                return
            chain.append(series[place][at[place]])
            at[place] += 1
            yield from going_on()
            at[place] -= 1
            chain.pop()

    yield from going_on()


def _follows(before: Step, after: Step) -> bool:
    """Whether a layer can come after another: it takes what it gives, or half of it, or is a second head."""
    is_second_head = (before.takes, before.gives) == (after.takes, after.gives)
    return before.gives in (after.takes, 2 * after.takes) or is_second_head
