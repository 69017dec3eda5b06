"""The values that every source of pictures gives: the data set, its labels, its identity."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.config import ImportConfig
from core.datasets.storage import FileRows, Indices, Pixels, check_length, file_rows, index_array


class DataIdentity(BaseModel):
    """What tells one data set from another; kept in config.json and in recipes.

    fingerprint is a SHA-256 in hex over the source's content or its files' names, sizes and times,
    together with the import policy. source is the path as opened, or "faces…" for the built-in set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    kind: str
    count: Annotated[int, Field(ge=0, lt=2**53)]
    height: Annotated[int, Field(ge=0, lt=2**31)]
    width: Annotated[int, Field(ge=0, lt=2**31)]
    channels: Annotated[int, Field(ge=0, le=4)]
    policy: ImportConfig
    fingerprint: str


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """One label per picture: categories (values index classes), or numbers when classes is empty."""

    name: str
    values: NDArray[np.int32] | NDArray[np.float32]  # (N,)
    classes: tuple[str, ...] = ()

    def text(self, index: int) -> str:
        """The label of one picture as a person reads it; empty where it has none: a category below 0, nan."""
        value = self.values[index]
        if self.classes:
            return self.classes[int(value)] if value >= 0 else ""
        return "" if np.isnan(value) else f"{float(value):.3g}"


@dataclass(frozen=True)
class Skipped:
    """A file that could not be read, and why, in one sentence."""

    file: str
    reason: str


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Pictures, uint8 (N,H,W,C) with C 1 or 3: mapped from a large file, in a store, or in memory.

    pictures() is the way to read them: a large file's bytes never count as the program's memory there.
    reading says how the source was understood ("(4500,64,64,3) uint8, 0..255, read as colour").
    files names each picture's own file where it has one. Nothing here is ever changed.
    """

    pixels: Pixels
    identity: DataIdentity
    reading: str
    labels: tuple[LabelColumn, ...] = ()
    files: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = field(default=())

    def __post_init__(self) -> None:
        _ = self._rows  # opened with the map: later another file may have the name

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every picture."""
        _, height, width, channels = self.pixels.shape
        return height, width, channels

    @cached_property
    def _rows(self) -> FileRows | None:
        return file_rows(self.pixels)

    def pictures(self, indices: Indices) -> NDArray[np.uint8]:
        """A contiguous copy of the pictures at indices: uint8 (n,H,W,C), in any thread. Raises: DataError."""
        if self._rows is None:
            check_length(self.pixels)
            return np.ascontiguousarray(self.pixels[indices])
        return self._rows.read(index_array(indices, len(self)))

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Let the system begin to read the pictures at indices, in any order, that are wanted soon."""
        if self._rows is not None:
            self._rows.prefetch(indices)
        elif not isinstance(self.pixels, np.ndarray):
            self.pixels.prefetch(indices)

    @cached_property
    def folded_files(self) -> tuple[str, ...]:
        """The files' names as they are compared when one is searched for, whatever their case."""
        return tuple(name.casefold() for name in self.files)

    def file_of(self, index: int) -> Path | None:
        """The file that picture index came from, where it is a file of its own that can be shown."""
        if not self.files:
            return None
        path = Path(self.identity.source) / self.files[index]
        return path if path.exists() else None


@dataclass(frozen=True)
class ImportProgress:
    """How far an import has come: done of total, and what is being done as a person reads it."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a quick look at a source tells before it is imported; it never reads all of it.

    count is the pictures (or picture files) found; height, width and channels are those after the policy,
    0 where they cannot be known yet; samples holds up to 8 pictures as they will look, uint8 (k,H,W,C);
    cached says that opening will be instant.
    """

    kind: str
    name: str
    count: int
    reading: str
    height: int
    width: int
    channels: int
    samples: NDArray[np.uint8]
    cached: bool
    label_names: tuple[str, ...] = ()
