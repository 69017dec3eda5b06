"""What the canvas shows, computed beside the window: the pictures of the newest edit, strips, kept ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.edits import Direction, Move, apply_edits
from gui import heavy
from gui.background import LatestOnly
from gui.edit_state import EditState, Kept

if TYPE_CHECKING:
    from core.codec import Codec
    from core.sketch import Sketch

STRIP_STEPS = 9


@dataclass(frozen=True, eq=False)
class Pictures:
    """The picture in hand: uint8 (H,W,C) each, its own code and the edited one (D,), mse in [-1,1]."""

    original: NDArray[np.uint8]
    reconstruction: NDArray[np.uint8]
    edited: NDArray[np.uint8]
    code: NDArray[np.float32]
    edited_code: NDArray[np.float32]
    mse: float


@dataclass(frozen=True, eq=False)
class Traversal:
    """One dimension walked through its range, everything else as edited: pictures uint8 (K,H,W,C).

    direction is the name of the one that is walked along instead; values are then places along it, in sigmas.
    """

    dim: int
    values: NDArray[np.float32]  # (K,)
    pictures: NDArray[np.uint8]
    sigmas: tuple[float, ...] | None  # distance of each value from the data's mean, in standard deviations
    direction: str = ""


@dataclass(frozen=True)
class Walk:
    """A strip along a direction, and where the edited code lies along it."""

    direction: Direction
    position: float


@dataclass(frozen=True, eq=False)
class PictureRequest:
    """Show original under codec, edited by edit; known carries the picture's code if it was computed.

    in_motion: a hand is on a dial; the edited picture may be a sketch's, until it is asked for without.
    """

    codec: Codec
    index: int
    original: NDArray[np.uint8]
    edit: EditState
    known: Pictures | None = None
    in_motion: bool = False
    sketch: Sketch | None = None


@dataclass(frozen=True, eq=False)
class ExtrasRequest:
    """What may come a little later: the strip of one dial, and the kept adjustments as pictures."""

    codec: Codec
    code: NDArray[np.float32]
    edited_code: NDArray[np.float32]
    dim: int
    span: tuple[float, float]
    centre_spread: tuple[float, float] | None  # mean and standard deviation of the data's codes
    kept: tuple[Kept, ...]
    walk: Walk | None = None  # along a direction, in place of dim; span is then in places along it

    def rest(self) -> NDArray[np.float32]:
        """The code without what the strip walks through."""
        if self.walk is not None:
            return apply_edits([Move(self.walk.direction, -self.walk.position)], self.edited_code)
        rest = self.edited_code.copy()
        rest[self.dim] = 0.0
        return rest

    def is_answered_like(self, other: ExtrasRequest) -> bool:
        """Whether both have the same answer: the dial in hand may stand elsewhere, its strip shows all."""
        same_walk = self._way == other._way and (self._way is not None or self.dim == other.dim)
        if self.codec is not other.codec or not same_walk or len(self.code) != len(other.code):
            return False
        return (
            self.span == other.span
            and self.centre_spread == other.centre_spread
            and self.kept == other.kept
            and _same(self.rest(), other.rest(), exactly=self.walk is None)
            and (not self.kept or np.array_equal(self.code, other.code))
        )

    @property
    def _way(self) -> Direction | None:
        return self.walk.direction if self.walk is not None else None


@dataclass(frozen=True, eq=False)
class Extras:
    """The answer to an ExtrasRequest."""

    traversal: Traversal
    kept: tuple[NDArray[np.uint8], ...]


def develop(request: PictureRequest) -> Pictures:
    """The pictures for a request; encodes only when the picture or the codec is new."""
    codec, known = request.codec, request.known
    if known is None:
        code = codec.encode(request.original[None])[0]
        reconstruction = codec.decode(code)[0]
        mse = float(codec.errors(request.original[None])[0])
        known = Pictures(request.original, reconstruction, reconstruction, code, code, mse)
    if request.edit.is_empty:
        return replace(known, edited=known.reconstruction, edited_code=known.code)
    edited_code = request.edit.code(known.code)
    if request.sketch is not None:
        return replace(known, edited=request.sketch.decode(edited_code), edited_code=edited_code)
    return replace(known, edited=codec.decode(edited_code)[0], edited_code=edited_code)


def develop_extras(request: ExtrasRequest) -> Extras:
    """The strip and the kept pictures for a request, decoded in one batch."""
    low, high = request.span
    if request.walk is not None:
        return _strip_along(request, request.walk)
    codes = heavy.latents.traversal(request.edited_code, request.dim, low, high, STRIP_STEPS)
    kept = [kept.state.code(request.code) for kept in request.kept]
    pictures = request.codec.decode(np.stack([*codes, *kept]))
    values = codes[:, request.dim]
    sigmas = None
    if request.centre_spread is not None and request.centre_spread[1] > 0:
        centre, spread = request.centre_spread
        sigmas = tuple(float(sigma) for sigma in (values - centre) / spread)
    strip = Traversal(request.dim, values, pictures[: len(codes)], sigmas)
    return Extras(strip, tuple(pictures[len(codes) :]))


def _same(one: NDArray[np.float32], other: NDArray[np.float32], *, exactly: bool) -> bool:
    """Moved along and back again, a code is another in its last bits."""
    return np.array_equal(one, other) if exactly else np.allclose(one, other, rtol=1e-5, atol=1e-4)


def _strip_along(request: ExtrasRequest, walk: Walk) -> Extras:
    values = np.linspace(*request.span, STRIP_STEPS).astype(np.float32)
    rest = request.rest()
    codes = [apply_edits([Move(walk.direction, float(value))], rest) for value in values]
    kept = [kept.state.code(request.code) for kept in request.kept]
    pictures = request.codec.decode(np.stack([*codes, *kept]))
    name, places = walk.direction.name, tuple(float(value) for value in values)
    strip = Traversal(request.dim, values, pictures[: len(codes)], places, name)
    return Extras(strip, tuple(pictures[len(codes) :]))


class Renderer(QObject):
    """Lanes that answer only the newest request each: the edited picture first of all, the rest beside.

    Signals:
        pictures_ready(object, object): PictureRequest and its Pictures.
        extras_ready(object, object): ExtrasRequest and its Extras.
        failed(object): the exception of either.
    """

    pictures_ready = Signal(object, object)
    extras_ready = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = LatestOnly(develop, self, prepare=_use_one_thread)
        self._extras = LatestOnly(develop_extras, self, prepare=_use_one_thread)
        self._extras_asked: ExtrasRequest | None = None
        self._sketches = LatestOnly(_sketched, self, prepare=_use_one_thread)
        self._sketch: tuple[Codec, Sketch] | None = None
        self._sketch_asked: Codec | None = None
        self._sketches.answered.connect(self._on_sketched)
        self._sketches.failed.connect(self._on_failed)
        self._pictures.answered.connect(self.pictures_ready)
        self._extras.answered.connect(self.extras_ready)
        self._pictures.failed.connect(self._on_failed)
        self._extras.failed.connect(self._on_failed)

    @property
    def idle(self) -> bool:
        """Whether both lanes have nothing to do."""
        return self._pictures.idle and self._extras.idle

    def request_pictures(self, request: PictureRequest) -> None:
        """Ask for the pictures; an older request that still waits is dropped."""
        if not request.in_motion:
            self._pictures.submit(request)
            return
        if self._sketch is not None and self._sketch[0] is request.codec:
            request = replace(request, sketch=self._sketch[1])
        elif self._sketch_asked is not request.codec:
            self._sketch_asked = request.codec
            self._sketches.submit(request.codec)
        self._pictures.submit(request)

    def request_extras(self, request: ExtrasRequest, *, again: bool = False) -> None:
        """Ask for the strip and the kept pictures; an older request that still waits is dropped.

        What has the same answer as the request before is not computed, unless it is wanted again: nothing of
        a dial's own strip changes while it is turned.
        """
        if again or self._extras_asked is None or not request.is_answered_like(self._extras_asked):
            self._extras_asked = request
            self._extras.submit(request)

    def keep_only(self, codec: Codec | None) -> None:
        """Let go of what was made for another codec: a sketch holds that one's network, fc's 106 MB."""
        if self._sketch is not None and self._sketch[0] is not codec:
            self._sketch = None
        if self._sketch_asked is not codec:
            self._sketch_asked = None
        if self._extras_asked is not None and self._extras_asked.codec is not codec:
            self._extras_asked = None

    def close(self) -> None:
        """Stop every lane and wait for it."""
        self._sketches.stop_and_wait()
        self._pictures.stop_and_wait()
        self._extras.stop_and_wait()

    @Slot(object, object)
    def _on_sketched(self, codec: Codec, sketch: Sketch) -> None:
        if codec is self._sketch_asked:
            self._sketch = codec, sketch

    @Slot(object, object)
    def _on_failed(self, _request: object, error: object) -> None:
        self._extras_asked = None
        self.failed.emit(error)


def _sketched(codec: Codec) -> Sketch:
    return heavy.sketch.Sketch(codec)


def _use_one_thread() -> None:
    """Of torch's, for the lane that calls it: one picture is too little work to share.

    Decoding one 64x64 picture with conv took 6.4 ms with two threads and 2.8 ms with one, fc 2.6 and 2.5 ms;
    and two threads wait for each other whenever training or the window has one of the cores.
    """
    heavy.threads.use_one()
