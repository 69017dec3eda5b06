"""DirectionReadings: what every dial of a direction shows, in standard deviations from the data's mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gui.dial_face import Reading
from gui.session import Session

if TYPE_CHECKING:
    from core.directions import Found

_SIGMAS = 4.0  # the arc's ends


class DirectionReadings:
    """The readings of all directions, by their places; refresh() gives those that are other ones now."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: list[Reading] = []
        self._facts: dict[Found, str] = {}  # which a hand on a dial does not change

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, place: int) -> Reading:
        return self._known[place]

    def refresh(self) -> list[Reading]:
        """Read everything again; gives the readings that are other ones."""
        readings = self._read()
        changed = [
            reading
            for place, reading in enumerate(readings)
            if place >= len(self._known) or reading != self._known[place]
        ]
        self._known = readings
        return changed

    def _read(self) -> list[Reading]:
        session = self._session
        found, pictures = session.directions, session.pictures
        if pictures is None or any(len(one.direction.vector) != len(pictures.code) for one in found):
            values = starts = np.zeros(len(found))
        else:
            values = session.positions()
            starts = session.positions(session.edit.start_code(pictures.code))
        along = session.along if session.along is not None and len(session.along.std) == len(found) else None
        readings: list[Reading] = []
        for place, one in enumerate(found):
            value, start = float(values[place]), float(starts[place])
            amount = session.edit.amount(one.direction)
            if not amount and abs(value - start) < 1e-5:  # what the two sums differ by
                value = start
            facts = self._facts.get(one)
            if facts is None:
                facts = self._facts[one] = one.facts()
            readings.append(
                Reading(
                    dim=place,
                    value=value,
                    start=start,
                    lowest=-_SIGMAS,
                    highest=_SIGMAS,
                    low=float(along.low[place]) if along is not None else 0.0,
                    high=float(along.high[place]) if along is not None else 0.0,
                    sigma=1.0,
                    rarity=along.rarity(place, value) if along is not None else 0.0,
                    name=one.name,
                    facts=facts,
                    is_locked=one.name in session.locked_directions,
                    is_carried=value != start and not amount,
                )
            )
        return readings
