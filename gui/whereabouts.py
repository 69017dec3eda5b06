"""Where the code that is shown lies among the data's: how unusual it is, its nearest pictures, its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.showing import Showing

if TYPE_CHECKING:
    from core.encoding import Codes
    from core.mapping import CodeMap, Rarity

NEAREST = 8


@dataclass(frozen=True, eq=False)
class WhereRequest:
    """Where does code (D,) lie among codes; map and nearest only where they are looked at."""

    codes: Codes
    code: NDArray[np.float32]
    map: CodeMap | None = None
    with_nearest: bool = False


@dataclass(frozen=True, eq=False)
class Where:
    """The share of the data that is less unusual; the nearest pictures with distances; the place on a map."""

    rarity: float
    nearest: tuple[tuple[int, float], ...] = ()
    place: NDArray[np.float32] | None = None
    map: CodeMap | None = None


@dataclass(frozen=True, eq=False)
class LikenessRequest:
    """How far are all codes from code (D,), in a data set of count pictures."""

    codes: Codes
    code: NDArray[np.float32]
    count: int


class Whereabouts(QObject):
    """Follows the edited code of a session, the newest one only, in a lane of its own.

    Signals:
        changed(): where is another, or None while it is not known.
        likeness_changed(): likeness, the distance of each picture's code from the one sought, is another.
        failed(object): the exception of either.
    """

    changed = Signal()
    likeness_changed = Signal()
    failed = Signal(object)

    def __init__(self, session: Showing) -> None:
        super().__init__(session)
        self._session = session
        self.where: Where | None = None
        self.likeness: NDArray[np.float32] | None = None  # (N,), nan where a code is not known
        self._sought: NDArray[np.float32] | None = None
        self._map: CodeMap | None = None
        self._with_nearest = False
        self._judge = _Judge()
        self._lane = LatestOnly(self._judge.answer, self, prepare=_use_one_thread)
        self._lane.answered.connect(self._on_answered)
        self._lane.failed.connect(self._on_failed)
        self._search = LatestOnly(measure_likeness, self, prepare=_use_one_thread)
        self._search.answered.connect(self._on_found)
        self._search.failed.connect(self._on_failed)
        session.pictures_changed.connect(self._ask)
        session.analyst.statistics_changed.connect(self._on_codes_changed)
        session.analyst.every_changed.connect(self._on_every_changed)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked for is known."""
        return self._lane.idle and self._search.idle

    @property
    def codes(self) -> Codes | None:
        """The codes that others are held against: of all pictures once they are known, else of some."""
        analyst = self._session.analyst
        return analyst.every if analyst.every is not None else analyst.codes

    def look_at(self, shown: CodeMap | None, *, with_nearest: bool) -> None:
        """Say the place on a map that is shown as well, and the nearest pictures where they are."""
        self._map, self._with_nearest = shown, with_nearest
        self._ask()

    def search_like_edited(self) -> None:
        """Measure how like each picture's code is to the edited one; likeness_changed follows."""
        pictures, codec = self._session.pictures, self._session.codec
        if pictures is None or codec is None:
            self._session.failed.emit(
                tr("There is no code to search by yet: open pictures and a model first.")
            )
            return
        self._sought = pictures.edited_code
        self._measure_likeness()
        if self._session.analyst.every is None:
            self._session.analyst.request_every()

    def close(self) -> None:
        """End both lanes."""
        self._lane.stop_and_wait()
        self._search.stop_and_wait()

    @Slot()
    def _ask(self) -> None:
        pictures, codes = self._session.pictures, self.codes
        if pictures is None or codes is None or codes.codes.shape[1] != len(pictures.edited_code):
            if self.where is not None:
                self.where = None
                self.changed.emit()
            return
        shown = self._map
        if shown is not None and shown.codes.shape[1] != codes.codes.shape[1]:
            shown = None
        self._lane.submit(WhereRequest(codes, pictures.edited_code, shown, self._with_nearest))

    @Slot()
    def _on_codes_changed(self) -> None:
        if self._session.analyst.codes is None and self.likeness is not None:
            self.likeness = self._sought = None
            self.likeness_changed.emit()
        self._ask()

    @Slot()
    def _on_every_changed(self) -> None:
        self._ask()
        if self._session.analyst.every is not None:
            self._measure_likeness()

    def _measure_likeness(self) -> None:
        codes, sought, dataset = self.codes, self._sought, self._session.dataset
        if codes is None or sought is None or dataset is None or codes.codes.shape[1] != len(sought):
            return
        self._search.submit(LikenessRequest(codes, sought, len(dataset)))

    @Slot(object, object)
    def _on_answered(self, request: WhereRequest, where: Where) -> None:
        if request.codes is self.codes and self._session.pictures is not None:
            self.where = where
            self.changed.emit()

    @Slot(object, object)
    def _on_found(self, request: LikenessRequest, likeness: NDArray[np.float32]) -> None:
        dataset = self._session.dataset
        if dataset is not None and request.count == len(dataset) and request.code is self._sought:
            self.likeness = likeness
            self.likeness_changed.emit()

    @Slot(object, object)
    def _on_failed(self, _request: object, error: object) -> None:
        self.failed.emit(error)


class _Judge:
    """Answers in the lane's thread; remembers what it measured of the codes that it was asked about last."""

    def __init__(self) -> None:
        self._codes: Codes | None = None
        self._rarity: Rarity | None = None

    def answer(self, request: WhereRequest) -> Where:
        mapping = heavy.mapping
        if self._rarity is None or self._codes is not request.codes:
            self._rarity = mapping.measure_rarity(request.codes.codes)
            self._codes = request.codes
        found: tuple[tuple[int, float], ...] = ()
        if request.with_nearest:
            near = mapping.nearest(request.codes.codes, request.code, NEAREST)
            indices = request.codes.indices[near.rows].tolist()
            found = tuple(zip(indices, near.distances.tolist(), strict=True))
        place = None if request.map is None else request.map.place(request.code)
        return Where(self._rarity.share(request.code), found, place, request.map)


def measure_likeness(request: LikenessRequest) -> NDArray[np.float32]:
    """The distances (count,) of the pictures' codes from a code; nan where a code is not known."""
    likeness = np.full(request.count, np.nan, np.float32)
    squared = heavy.mapping.squared_distances(request.codes.codes, request.code)
    likeness[request.codes.indices] = np.sqrt(squared)
    return likeness


def rarity_texts(share: float) -> tuple[str, ...]:
    """How unusual a whole code is, longest first."""
    percent = int(share * 100.0)
    if share >= 1.0:
        return tr("code: rarer than all of the data"), tr("rarer than all data"), tr("rarest")
    if percent < 50:
        return (
            tr("code: common, rarer than {percent} % of the data", percent=percent),
            tr("code: common ({percent} %)", percent=percent),
            tr("common"),
        )
    return (
        tr("code: rarer than {percent} % of the data", percent=percent),
        tr("code: rarer than {percent} %", percent=percent),
        tr("{percent} %", percent=percent),
    )


def _use_one_thread() -> None:
    heavy.threads.use_one()
