"""HeatMap: where the dial that a person looks at acts on the picture, measured beside the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.showing import Showing
from gui.theme import current_theme, theme_watch

if TYPE_CHECKING:
    from core.acting import Acting
    from core.codec import Codec

REST_MS = 450  # after the last turn: a picture that changes under a hand is not covered


@dataclass(frozen=True, eq=False)
class HeatRequest:
    """Where the move ±step (D,) acts on the picture (H,W,C) of code (D,); colour is that of the heat."""

    codec: Codec
    name: str
    code: NDArray[np.float32]
    step: NDArray[np.float32]
    picture: NDArray[np.uint8]
    colour: str


@dataclass(frozen=True, eq=False)
class Heat:
    """The answer: the picture under its heat map (H,W,3), what was measured, and the top of the scale."""

    name: str
    acting: Acting
    pixels: NDArray[np.uint8]
    limit: float

    def sentence(self) -> str:
        """What was measured."""
        return self.acting.sentence(tr("{name} +1σ", name=self.name))


def develop_heat(request: HeatRequest) -> Heat:
    """The answer to a request: three decodes in one batch."""
    act = heavy.acting.measure_acting(request.codec, request.code, request.step)
    limit = max(float(act.heat.max()), 1.0)
    pixels = heavy.acting.heated(request.picture, act.heat, limit, request.colour)
    return Heat(request.name, act, pixels, limit)


class HeatMap(QObject):
    """The heat map of the dial that is pointed at, or of the one in hand while it is kept on.

    It goes as soon as the edit changes and comes back when it rests, so it never hides what a hand does, and
    costs a drag nothing.

    Signals:
        changed(): shown is another heat map, or None.
        kept_changed(): is_kept is another.
    """

    changed = Signal()
    kept_changed = Signal()

    def __init__(self, session: Showing) -> None:
        super().__init__(session)
        self._session = session
        self.shown: Heat | None = None
        self.is_kept = False
        self._is_held = False
        self._asked: HeatRequest | None = None
        self._lane = LatestOnly(develop_heat, self, prepare=_use_one_thread)
        self._lane.answered.connect(self._on_answered)
        self._lane.failed.connect(self._on_failed)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._renew)
        session.pointed_changed.connect(self._renew)
        session.dial_changed.connect(self._renew)
        session.pictures_changed.connect(self._on_pictures_changed)
        session.edit_changed.connect(self._on_edit_changed)
        session.hand_changed.connect(self._on_hand_changed)
        session.analyst.statistics_changed.connect(self._on_pictures_changed)
        theme_watch().theme_changed.connect(self._renew)

    @property
    def idle(self) -> bool:
        """Whether nothing is being measured."""
        return self._lane.idle

    @Slot(bool)
    def keep(self, kept: bool) -> None:
        """Show the heat map of the dial in hand until this is called with False."""
        if kept != self.is_kept:
            self.is_kept = kept
            self.kept_changed.emit()
            self._renew()

    @Slot()
    def close(self) -> None:
        """End the thread."""
        self._rest.stop()
        self._lane.stop_and_wait()

    @Slot()
    def _renew(self) -> None:
        if self._rest.isActive():  # it comes when the edit rests
            return
        request = self._request()
        self._asked = request
        if request is None:
            self._show(None)
        else:
            self._lane.submit(request)

    def _request(self) -> HeatRequest | None:
        session = self._session
        pictures, codec = session.pictures, session.codec
        if session.pointed is None and not self.is_kept:
            return None
        if pictures is None or codec is None:
            return None
        name, step = session.step_of(*session.looked_at())
        if step is None or len(step) != len(pictures.edited_code):
            return None
        colour = current_theme().accent
        return HeatRequest(codec, name, pictures.edited_code, step, pictures.edited, colour)

    def _show(self, heat: Heat | None) -> None:
        if heat is not self.shown:
            self.shown = heat
            self.changed.emit()

    @Slot()
    def _on_pictures_changed(self) -> None:
        asked, pictures = self._asked, self._session.pictures
        is_same = (
            asked is not None
            and pictures is not None
            and asked.codec is self._session.codec
            and asked.code is pictures.edited_code
            and asked.picture is pictures.edited
        )
        if not is_same and not self._is_held:
            self._renew()

    @Slot()
    def _on_edit_changed(self) -> None:
        self._asked = None
        self._show(None)
        if not self._is_held:
            self._rest.start()

    @Slot(bool)
    def _on_hand_changed(self, held: bool) -> None:
        self._is_held = held
        if held:
            self._rest.stop()
        elif self.shown is None:
            self._rest.start()

    @Slot(object, object)
    def _on_answered(self, request: HeatRequest, heat: Heat) -> None:
        if request is self._asked:
            self._show(heat)

    @Slot(object, object)
    def _on_failed(self, request: HeatRequest, error: Exception) -> None:
        if request is self._asked:
            self._asked = None
            self._show(None)
            self._session.report(error)


def _use_one_thread() -> None:
    heavy.threads.use_one()  # as the lanes of gui/renderer.py do
