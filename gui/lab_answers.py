"""What two runs make of the same picture: the same nudge in standard deviations, the same noise. No widgets.

For the laboratory's lane beside the window; requests and answers are values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gui import heavy
from gui.edit_state import EditState
from gui.lab_side import Side

BY_EFFECT, BY_INDEX = "effect", "index"  # how the dials of two runs are paired


@dataclass(frozen=True)
class Nudge:
    """One dial turned by so many standard deviations of the run's own codes."""

    dim: int
    sigmas: float


@dataclass(frozen=True, eq=False)
class PictureRequest:
    """The picture (H,W,C) of an index, under both sides."""

    a: Side
    b: Side | None
    index: int
    original: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class NudgeRequest(PictureRequest):
    """The edit of the session and the laboratory's own dial, of a place in the order of effects."""

    edit: EditState
    rank: int
    sigmas: float
    pairing: str


@dataclass(frozen=True, eq=False)
class Base:
    """A picture (H,W,C) under one run: its code (D,), its reconstruction (H,W,C), the mse in [-1,1]."""

    side: Side
    index: int
    original: NDArray[np.uint8]
    code: NDArray[np.float32]
    reconstruction: NDArray[np.uint8]
    mse: float


@dataclass(frozen=True, eq=False)
class Nudged:
    """What one run answers: the nudged picture, its mse to the original, its change in levels of 255."""

    base: Base
    nudges: tuple[Nudge, ...]
    unpaired: int  # dials of the other run that have no partner here
    code: NDArray[np.float32]
    picture: NDArray[np.uint8]
    mse: float
    change: float


@dataclass(frozen=True, eq=False)
class NudgeAnswer:
    """The answers of both; that of side B is None where there is no second run."""

    a: Nudged
    b: Nudged | None


def nudges_of(edit: EditState, code: NDArray[np.float32], side: Side) -> tuple[Nudge, ...]:
    """An edit of a picture's own code (D,) in standard deviations; a start code is no nudge, and left out.

    A dimension whose codes do not vary has no standard deviation, and is left out too.
    """
    stats = side.statistics
    if stats is None:
        return ()
    moved = EditState(edits=edit.edits).code(code)
    return tuple(
        Nudge(dim, float(moved[dim] - code[dim]) / float(stats.std[dim]))
        for dim in edit.dims()
        if stats.std[dim] > 0.0 and moved[dim] != code[dim]
    )


def partner(dim: int, a: Side, b: Side, pairing: str) -> int | None:
    """The dial of b that goes with dial dim of a; None where b has fewer."""
    if a.ranks is None or b.ranks is None:
        return None
    if pairing == BY_INDEX:
        return dim if dim < b.codec.latent_dim else None
    if pairing != BY_EFFECT:
        raise ValueError(f"dials are paired by effect or index, not by {pairing}")
    place = int(np.flatnonzero(a.ranks == dim)[0])
    return int(b.ranks[place]) if place < len(b.ranks) else None


def together(nudges: Iterable[Nudge]) -> tuple[Nudge, ...]:
    """Nudges of the same dial added up, in the order in which they came; none that has come to nothing."""
    sums: dict[int, float] = {}
    for nudge in nudges:
        sums[nudge.dim] = sums.get(nudge.dim, 0.0) + nudge.sigmas
    return tuple(Nudge(dim, sigmas) for dim, sigmas in sums.items() if sigmas)


def moved_code(code: NDArray[np.float32], nudges: Iterable[Nudge], side: Side) -> NDArray[np.float32]:
    """A code (D,) moved by nudges of a side's own standard deviations."""
    moved = code.copy()
    if side.statistics is not None:
        for nudge in nudges:
            moved[nudge.dim] += np.float32(nudge.sigmas) * side.statistics.std[nudge.dim]
    return moved


class Lockstep:
    """Answers requests in one thread, and keeps each side's newest base so that a drag decodes only."""

    def __init__(self) -> None:
        self._known: dict[str, Base] = {}

    def base(self, letter: str, side: Side, index: int, original: NDArray[np.uint8]) -> Base:
        """A picture under a side. Raises: ModelError."""
        known = self._known.get(letter)
        if (
            known is not None
            and known.side.codec is side.codec
            and known.index == index
            # which other pictures that were opened have as well, and one that was just chosen before it comes
            and np.array_equal(known.original, original)
        ):
            return known if known.side is side else self._keep(letter, known, side)
        code = side.codec.encode(original[None])[0]
        mse = float(side.codec.errors(original[None], code[None])[0])
        base = Base(side, index, original, code, side.codec.decode(code)[0], mse)
        self._known[letter] = base
        return base

    def _keep(self, letter: str, known: Base, side: Side) -> Base:
        base = replace(known, side=side)
        self._known[letter] = base
        return base

    def nudged(self, request: NudgeRequest) -> NudgeAnswer:
        """The answers of both sides to the same nudge. Raises: ModelError."""
        a, b = request.a, request.b
        own = self.base("A", a, request.index, request.original)
        nudges = nudges_of(request.edit, own.code, a)
        if request.sigmas and a.ranks is not None and request.rank < len(a.ranks):
            nudges = (*nudges, Nudge(int(a.ranks[request.rank]), request.sigmas))
        nudges = together(nudges)
        answer = _answered(own, nudges, 0, request.original)
        if b is None or b.statistics is None:
            self._known.pop("B", None)
            return NudgeAnswer(answer, None)
        partners = [(partner(nudge.dim, a, b, request.pairing), nudge.sigmas) for nudge in nudges]
        theirs = together(Nudge(dim, sigmas) for dim, sigmas in partners if dim is not None)
        unpaired = sum(dim is None for dim, _sigmas in partners)
        base = self.base("B", b, request.index, request.original)
        return NudgeAnswer(answer, _answered(base, theirs, unpaired, request.original))

    def noisy(self, request: NoiseRequest) -> NoiseAnswer:
        """Both sides' pictures with noise on their codes. Raises: ModelError."""

        def answered(letter: str, side: Side) -> tuple[Base, NDArray[np.uint8], float]:
            base = self.base(letter, side, request.index, request.original)
            if not request.sigmas or side.statistics is None:
                return base, base.reconstruction, base.mse
            code = heavy.lab_noise.noisy_codes(side.subject(), base.code[None], request.sigmas, request.seed)
            mse = float(side.codec.errors(request.original[None], code)[0])
            return base, side.codec.decode(code)[0], mse

        b = request.b
        return NoiseAnswer(answered("A", request.a), answered("B", b) if b is not None else None)

    def forget(self) -> None:
        """Let go of both runs."""
        self._known.clear()


def _answered(base: Base, nudges: tuple[Nudge, ...], unpaired: int, original: NDArray[np.uint8]) -> Nudged:
    if not nudges:
        return Nudged(base, (), unpaired, base.code, base.reconstruction, base.mse, 0.0)
    code = moved_code(base.code, nudges, base.side)
    picture = base.side.codec.decode(code)[0]
    mse = float(base.side.codec.errors(original[None], code[None])[0])
    change = float(np.abs(picture.astype(np.int16) - base.reconstruction).mean())
    return Nudged(base, nudges, unpaired, code, picture, mse, change)


@dataclass(frozen=True, eq=False)
class NoiseRequest(PictureRequest):
    """The same picture with noise of so many standard deviations on its code, drawn from a seed."""

    sigmas: float
    seed: int


@dataclass(frozen=True, eq=False)
class NoiseAnswer:
    """(base, noisy picture, its mse) of each side."""

    a: tuple[Base, NDArray[np.uint8], float]
    b: tuple[Base, NDArray[np.uint8], float] | None
