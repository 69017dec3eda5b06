"""What every source of pictures offers to opening.py, and how a source is told from another."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.cache import CacheEntry
from core.datasets.dataset import (
    DataIdentity,
    ImageDataset,
    ImportProgress,
    Inspection,
    LabelColumn,
)
from core.datasets.storage import Pixels

BLOCK_BYTES = 64 * 1024
BLOCKS = 64

Import = Generator[ImportProgress, None, ImageDataset]


class Source(Protocol):
    """One thing that pictures are read from, under one policy."""

    def inspect(self) -> Inspection:
        """A quick look; reads a few pictures at most. Raises: DataError."""
        ...

    def load(self) -> Import:
        """The import as a generator; the data set is its return value. Raises: DataError."""
        ...


@dataclass(frozen=True)
class About:
    """What is known of a source before its pixels; content is a digest of what it holds."""

    kind: str
    name: str
    source: str
    policy: ImportConfig
    content: str

    @property
    def fingerprint(self) -> str:
        """The data's identity: SHA-256 in hex over content and policy."""
        return digest(self.kind, self.content, self.policy.model_dump_json())

    def dataset(self, pixels: Pixels, reading: str, labels: tuple[LabelColumn, ...]) -> ImageDataset:
        """The data set of pixels that are mapped from the source itself."""
        return ImageDataset(pixels, self._identity(pixels), reading, labels)

    def cached_dataset(self, entry: CacheEntry) -> ImageDataset:
        """The data set of a cache entry."""
        return ImageDataset(
            entry.pixels,
            self._identity(entry.pixels),
            entry.reading,
            entry.labels,
            entry.files,
            entry.skipped,
        )

    def _identity(self, pixels: Pixels) -> DataIdentity:
        count, height, width, channels = pixels.shape
        return DataIdentity(
            name=self.name,
            source=self.source,
            kind=self.kind,
            count=count,
            height=height,
            width=width,
            channels=channels,
            policy=self.policy,
            fingerprint=self.fingerprint,
        )


def inspection_of(dataset: ImageDataset, label_names: tuple[str, ...] | None = None) -> Inspection:
    """The inspection of a data set that opens instantly; label_names are its own columns' unless given."""
    height, width, channels = dataset.picture_shape
    return Inspection(
        kind=dataset.identity.kind,
        name=dataset.identity.name,
        count=len(dataset),
        reading=dataset.reading,
        height=height,
        width=width,
        channels=channels,
        samples=dataset.pictures(sample_indices(len(dataset)).tolist()),
        cached=True,
        label_names=tuple(label.name for label in dataset.labels) if label_names is None else label_names,
    )


def digest(*parts: str) -> str:
    """SHA-256 in hex over texts; where one ends and the next begins counts."""
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogateescape")
        hashed.update(f"{len(encoded)}:".encode())
        hashed.update(encoded)
    return hashed.hexdigest()


def content_digest(path: Path) -> str:
    """SHA-256 in hex over a file's size and 64 blocks of 64 KiB, evenly spaced, first and last among them.

    It is the same for a copy on another machine and takes milliseconds at 12 GB. A file of up to 4 MiB is
    hashed in full. A larger one that was changed only between the blocks keeps its digest: that is enough
    to tell data sets apart, and is not meant against forgery.
    """
    size = path.stat().st_size
    hashed = hashlib.sha256(f"{size}:".encode())
    with path.open("rb") as file:
        if size <= BLOCKS * BLOCK_BYTES:
            hashed.update(file.read())
        else:
            for index in range(BLOCKS):
                file.seek((size - BLOCK_BYTES) * index // (BLOCKS - 1))
                hashed.update(file.read(BLOCK_BYTES))
    return hashed.hexdigest()


def sample_indices(count: int, wanted: int = 8) -> NDArray[np.int64]:
    """Up to wanted indices of count things, evenly spaced, first and last among them."""
    return np.unique(np.linspace(0, max(0, count - 1), min(wanted, count)).astype(np.int64))
