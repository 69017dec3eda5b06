"""What the canvas shows, computed beside the window: the pictures of the newest edit, strips, kept ones."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.codec import Codec
from core.latents import traversal
from gui.background import LatestOnly
from gui.edit_state import EditState, Kept

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
    """One dimension walked through its range, everything else as edited: pictures uint8 (K,H,W,C)."""

    dim: int
    values: NDArray[np.float32]  # (K,)
    pictures: NDArray[np.uint8]
    sigmas: tuple[float, ...] | None  # distance of each value from the data's mean, in standard deviations


@dataclass(frozen=True, eq=False)
class PictureRequest:
    """Show original under codec, edited by edit; known carries the picture's code if it was computed."""

    codec: Codec
    index: int
    original: NDArray[np.uint8]
    edit: EditState
    known: Pictures | None = None


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
    return replace(known, edited=codec.decode(edited_code)[0], edited_code=edited_code)


def develop_extras(request: ExtrasRequest) -> Extras:
    """The strip and the kept pictures for a request, decoded in one batch."""
    low, high = request.span
    codes = traversal(request.edited_code, request.dim, low, high, STRIP_STEPS)
    kept = [kept.state.code(request.code) for kept in request.kept]
    pictures = request.codec.decode(np.stack([*codes, *kept]))
    values = codes[:, request.dim]
    sigmas = None
    if request.centre_spread is not None and request.centre_spread[1] > 0:
        centre, spread = request.centre_spread
        sigmas = tuple(float(sigma) for sigma in (values - centre) / spread)
    strip = Traversal(request.dim, values, pictures[: len(codes)], sigmas)
    return Extras(strip, tuple(pictures[len(codes) :]))


class Renderer(QObject):
    """Two lanes, each answering only the newest request: the edited picture first of all, the rest beside.

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
        self._pictures = LatestOnly(develop, self)
        self._extras = LatestOnly(develop_extras, self)
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
        self._pictures.submit(request)

    def request_extras(self, request: ExtrasRequest) -> None:
        """Ask for the strip and the kept pictures; an older request that still waits is dropped."""
        self._extras.submit(request)

    def close(self) -> None:
        """Stop both lanes and wait for them."""
        self._pictures.stop_and_wait()
        self._extras.stop_and_wait()

    @Slot(object, object)
    def _on_failed(self, _request: object, error: object) -> None:
        self.failed.emit(error)
