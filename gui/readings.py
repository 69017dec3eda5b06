"""Readings: what every dial of the session's code shows, computed once and then only where it changed."""

import numpy as np
from numpy.typing import NDArray

from gui.dial_face import Reading
from gui.session import Session

_SIGMAS = 4.0  # the arc's ends, either side of the data's mean
_UNKNOWN_SPAN = 4.0  # the same around the start, while the data's codes are not known


class Readings:
    """The readings of all dimensions; refresh() gives those that are other ones now."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: list[Reading] = []

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, dim: int) -> Reading:
        return self._known[dim]

    def clear(self, latent_dim: int) -> None:
        """Start anew for a code of so many dimensions."""
        self._known = [Reading(dim) for dim in range(latent_dim)]

    def refresh(self) -> list[Reading]:
        """Read the values again; gives the readings whose value or start is another."""
        session = self._session
        if session.pictures is None or len(session.pictures.code) != len(self._known):
            return []  # between two checkpoints: the dials keep what they show
        starts = session.edit.start_code(session.pictures.code).astype(np.float64)
        values = session.edit.values(starts)
        own = set(session.edit.dims())
        changed: list[Reading] = []
        for dim, known in enumerate(self._known):
            value, start = float(values[dim]), float(starts[dim])
            is_carried = value != start and dim not in own
            if value != known.value or start != known.start or is_carried != known.is_carried:
                changed.append(self._read(dim, value, start))
        for reading in changed:
            self._known[reading.dim] = reading
        return changed

    def refresh_all(self) -> list[Reading]:
        """Read everything again, the data's bands as well; gives the readings that are other ones."""
        changed = {reading.dim: reading for reading in self.refresh()}
        for dim, known in enumerate(self._known):
            reading = self._read(dim, known.value, known.start)
            if reading != known:
                self._known[dim] = changed[dim] = reading
        return list(changed.values())

    def order_by(self, measure: NDArray[np.float32] | None) -> list[int]:
        """The dimensions, those with most of a measure (D,) first, dead ones last; by index without one."""
        if measure is None or len(measure) != len(self._known):
            return list(range(len(self._known)))
        strength: NDArray[np.float64] = measure.astype(np.float64).copy()
        for reading in self._known:
            if reading.is_dead:
                strength[reading.dim] -= 1e9
        return [int(dim) for dim in np.argsort(-strength, kind="stable")]

    def _read(self, dim: int, value: float, start: float) -> Reading:
        stats, dead = self._session.analyst.statistics, self._session.analyst.dead
        is_dead = dead is not None and len(dead) == len(self._known) and bool(dead[dim])
        is_locked = dim in self._session.locked
        is_carried = value != start and dim not in self._session.edit.dims()
        if stats is None or len(stats.std) != len(self._known):
            return Reading(
                dim,
                value,
                start,
                start - _UNKNOWN_SPAN,
                start + _UNKNOWN_SPAN,
                is_dead=is_dead,
                is_locked=is_locked,
                is_carried=is_carried,
            )
        mean, sigma = float(stats.mean[dim]), float(stats.std[dim])
        reach = _SIGMAS * sigma if sigma > 1e-4 else 1.0
        return Reading(
            dim=dim,
            value=value,
            start=start,
            lowest=mean - reach,
            highest=mean + reach,
            low=float(stats.low[dim]),
            high=float(stats.high[dim]),
            sigma=sigma,
            rarity=0.0 if is_dead and value == start else stats.rarity(dim, value),
            is_dead=is_dead,
            is_locked=is_locked,
            is_carried=is_carried,
        )
