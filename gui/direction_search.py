"""What the dialog of a new direction asks for, as values, and what finds it beside the window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.translate import tr
from gui import heavy

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset
    from core.datasets.dataset import LabelColumn
    from core.directions import Found
    from core.encoding import Codes

_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Search:
    """In which codes to look; the kinds below say for what."""

    codec: Codec
    dataset: ImageDataset
    codes: Codes

    def work(self) -> Generator[str, None, tuple[Found, ...]]:
        """What is found; yields what is being done. Raises: LatentDialsError."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class ComponentsSearch(Search):
    """The first count principal components."""

    count: int

    def work(self) -> Generator[str, None, tuple[Found, ...]]:
        yield tr("Finding the principal components…")
        return heavy.directions.principal_components(self.codes.codes, self.count, self.codec.fingerprint)


@dataclass(frozen=True, eq=False)
class LabelSearch(Search):
    """Towards a class of a column, or beyond a threshold of one of numbers; by each method."""

    column: LabelColumn
    value: str | float
    name: str

    def work(self) -> Generator[str, None, tuple[Found, ...]]:
        directions = heavy.directions
        sides = directions.sides_of(self.column, self.value)
        sign = "" if self.column.classes else "> "
        shown = self.value if self.column.classes else f"{self.value:.3g}"
        source = tr("{column}: {value}", column=self.column.name, value=f"{sign}{shown}")
        found: list[Found] = []
        for kind in directions.METHODS:
            yield tr("Measuring {source}…", source=source)
            found.append(
                directions.attribute_direction(
                    self.codes, sides, self.name, kind, source, weights=self.codec.fingerprint
                )
            )
        return tuple(found)


@dataclass(frozen=True, eq=False)
class GroupSearch(Search):
    """From the pictures of group B to those of group A; by each method."""

    groups: tuple[tuple[int, ...], tuple[int, ...]]
    name: str

    def work(self) -> Generator[str, None, tuple[Found, ...]]:
        first, second = (np.asarray(indices, np.int64) for indices in self.groups)
        positive = yield from self._codes(first)
        negative = yield from self._codes(second)
        source, weights = tr("groups A and B"), self.codec.fingerprint
        found: list[Found] = []
        for kind in ("groups", "classifier"):
            yield tr("Measuring the groups…")
            found.append(
                heavy.directions.group_direction(
                    positive, negative, self.codes.codes, self.name, kind, source, weights=weights
                )
            )
        return tuple(found)

    def _codes(self, indices: NDArray[np.int64]) -> Generator[str, None, NDArray[np.float32]]:
        """The codes of pictures (n,D), those that are known already as they are."""
        known = self.codes
        found = np.empty((len(indices), known.codes.shape[1]), np.float32)
        rows = np.searchsorted(known.indices, indices).clip(max=len(known.indices) - 1)
        is_known = known.indices[rows] == indices
        found[is_known] = known.codes[rows[is_known]]
        missing = np.flatnonzero(~is_known)
        for start in range(0, len(missing), _AT_ONCE):
            yield tr("Encoding pictures: {done} of {total}", done=start, total=len(missing))
            part = missing[start : start + _AT_ONCE]
            found[part] = self.codec.encode(self.dataset.pictures(indices[part]))
        return found
