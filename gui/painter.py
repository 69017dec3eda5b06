"""Painter: strokes on the edited picture become a code, beside the window, and that one step to undo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.edits import Edit, Operation, simplified
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.edit_state import EditState
from gui.session import Session

if TYPE_CHECKING:
    from core.codec import Codec

STEPS_UNDER_WAY = 8  # while the stroke goes on: its beginning is seen soon, its end is computed in full
LEAST_MOVE = 1e-4  # of the data's standard deviation: what moves less stays


@dataclass(frozen=True, eq=False)
class PaintRequest:
    """The code to begin with, what was painted on its picture, and whether the stroke goes on."""

    codec: Codec
    index: int
    edit: EditState  # as it was when the stroke began
    code: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    mask: NDArray[np.float32]
    spread: NDArray[np.float32] | None
    locked: frozenset[int]
    gesture: object
    is_last: bool


def _painted(request: PaintRequest) -> NDArray[np.float32]:
    painting = heavy.painting.Painting(request.pixels, request.mask)
    steps = heavy.painting.STEPS if request.is_last else STEPS_UNDER_WAY
    work = heavy.painting.painted_code(
        request.codec, request.code, painting, spread=request.spread, locked=request.locked, steps=steps
    )
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def _use_one_thread() -> None:
    heavy.threads.use_one()


class Painter(QObject):
    """Turns strokes into edits.

    Signals:
        changed(): is_on or is_busy is another.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.is_on = False
        self._begun: PaintRequest | None = None  # the stroke in hand or still in work
        self._base: NDArray[np.uint8] | None = None
        self._put: EditState | None = None  # the edit that the stroke has come to
        self._lane = LatestOnly(_painted, self, prepare=_use_one_thread)
        self._lane.answered.connect(self._on_painted)
        self._lane.failed.connect(self._on_failed)
        session.closing.connect(self._on_closing)

    @property
    def is_busy(self) -> bool:
        """Whether the code of a stroke is still being looked for."""
        return self._begun is not None

    @property
    def can_paint(self) -> bool:
        """Whether there is a picture of the present network to paint on."""
        return self._session.pictures is not None and self._session.replay.epoch is None

    def set_on(self, on: bool) -> None:
        """Paint on the edited picture, or do not."""
        if on == self.is_on:
            return
        self.is_on = on
        if not on and self._begun is not None and not self._begun.is_last:
            # The layer that would say so is gone before the button is released.
            self._begun = replace(self._begun, is_last=True)
            self._lane.submit(self._begun)
        self.changed.emit()

    def begin(self) -> bool:
        """A stroke begins on the picture as it is; whether it may. One still in work is gone on with."""
        session = self._session
        pictures, codec = session.pictures, session.codec
        if not self.can_paint or pictures is None or codec is None:
            return False
        begun = self._begun
        if begun is not None and begun.codec is codec and begun.index == session.index:
            # What it has so far is kept: the strokes are painted together.
            self._begun = replace(begun, gesture=object(), edit=self._put or begun.edit, is_last=False)
            return True
        spread = session.statistics.std if session.statistics is not None else None
        blank = np.zeros(pictures.edited.shape[:2], np.float32)
        self._base, self._put = pictures.edited, session.edit
        self._begun = PaintRequest(
            codec, session.index, session.edit, pictures.edited_code, pictures.edited, blank, spread,
            session.locked, object(), is_last=False,
        )  # fmt: skip
        session.hold_hand(True)  # until the code has followed: measurements leave it the cores
        self.changed.emit()
        return True

    def stroke(self, colour: NDArray[np.uint8] | None, opacity: float, mask: NDArray[np.float32]) -> None:
        """What the stroke covers by now (H,W), and its colour (3,); None takes what is around it."""
        self._ask(colour, opacity, mask, is_last=False)

    def end(self, colour: NDArray[np.uint8] | None, opacity: float, mask: NDArray[np.float32]) -> None:
        """The stroke is whole."""
        self._ask(colour, opacity, mask, is_last=True)

    def _ask(
        self, colour: NDArray[np.uint8] | None, opacity: float, mask: NDArray[np.float32], *, is_last: bool
    ) -> None:
        if self._begun is None or self._base is None:
            return
        if colour is None:
            wanted = heavy.painting.erased(self._base, mask).astype(np.float32)
        else:
            value = colour if self._base.shape[2] == 3 else colour @ np.array([0.299, 0.587, 0.114])
            wanted = np.broadcast_to(np.asarray(value, np.float32), self._base.shape)
        pixels = np.rint(self._base * (1.0 - opacity) + wanted * opacity).astype(np.uint8)
        self._begun = replace(self._begun, pixels=pixels, mask=mask, is_last=is_last)
        self._lane.submit(self._begun)

    @Slot(object, object)
    def _on_painted(self, request: PaintRequest, code: NDArray[np.float32]) -> None:
        session = self._session
        if self._begun is None or request.gesture is not self._begun.gesture:
            return  # a newer stroke goes on from it, or begins on another picture
        is_here = request.codec is session.codec and request.index == session.index
        if not is_here or session.edit != self._put:  # another hand was quicker
            self._let_go()
            return
        edit = self._moved(request, session.with_locks(code))
        self._put = edit
        session.set_edit(edit, tr("Paint"), request.gesture)
        if request.is_last:
            self._let_go()

    def _moved(self, request: PaintRequest, code: NDArray[np.float32]) -> EditState:
        """The edit with which the stroke began, and each dimension moved to where it is in code (D,)."""
        deltas = code.astype(np.float64) - request.code
        least = LEAST_MOVE * (request.spread if request.spread is not None else np.ones(len(code)))
        adds = (
            Edit(int(dim), Operation.ADD, float(deltas[dim]))
            for dim in np.flatnonzero(np.abs(deltas) > least)
        )
        return replace(request.edit, edits=simplified((*request.edit.edits, *adds)))

    def _let_go(self) -> None:
        self._begun = self._base = self._put = None
        self._session.hold_hand(False)
        self.changed.emit()

    @Slot(object, object)
    def _on_failed(self, _request: object, error: Exception) -> None:
        self._let_go()
        self._session.report(error)

    @Slot()
    def _on_closing(self) -> None:
        self._lane.stop_and_wait()
