"""The import of arrays, and .npy: mapped in place when they are bytes already, else through the cache."""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.cache import CacheEntry, CacheWriter, check_room, load_entry
from core.datasets.dataset import ImageDataset, ImportProgress, Inspection, LabelColumn
from core.datasets.npyheader import check_complete, mapped_npy, read_npy_header
from core.datasets.parallel import REPORT_INTERVAL_S, in_order
from core.datasets.reading import (
    Extent,
    as_pictures,
    channels_after,
    converted,
    extent_of,
    find_layout,
    find_range,
    reading_text,
)
from core.datasets.resizing import check_size, fit_pixels, policy_text, to_channels
from core.datasets.source import About, Import, content_digest, digest, inspection_of, sample_indices
from core.datasets.storage import numbers
from core.translate import tr

CHUNK_BYTES = 4 * 1024 * 1024  # of the source: some milliseconds of work between two reports
PICTURES_IN_A_LOOK = 256

Unpack = Generator[ImportProgress, None, NDArray[Any]]


class ArraySource(ABC):
    """A source of one array of pictures, in any layout and of any numbers; shape and dtype as stored.

    stamp tells a change of the file that the sampled content digest could miss; it is part of the cache's
    key and not of the data's identity, since a copy of the file is the same data.
    """

    def __init__(self, about: About, shape: tuple[int, ...], dtype: np.dtype[Any], stamp: str) -> None:
        self.about = about
        self.shape = shape
        self.dtype = dtype
        self._key = digest(about.fingerprint, stamp)
        self._layout = find_layout(shape, dtype, about.policy, about.source)
        self._channels = channels_after(self._layout, about.policy)

    @abstractmethod
    def mapped(self) -> NDArray[Any] | None:
        """The array mapped from its own file, or None where it lies packed."""

    @abstractmethod
    def first(self, count: int) -> NDArray[Any]:
        """About the first count pictures of a packed array, read without unpacking the rest."""

    @abstractmethod
    def unpack(self, folder: Path) -> Unpack:
        """Unpack a packed array into folder as a generator; the mapped array is its return value."""

    def labels(self) -> tuple[LabelColumn, ...]:
        """The pictures' labels, read anew. Raises: DataError."""
        return ()

    def label_names(self) -> tuple[str, ...]:
        """The names of labels() where they can be known quickly."""
        return tuple(label.name for label in self.labels())

    def inspect(self) -> Inspection:
        """What the header and a few pictures tell; the range is a guess from these pictures."""
        array = self.mapped()
        value_range = self._range_in_place(array) if array is not None else None
        if array is not None and value_range and self._is_direct(value_range):
            return inspection_of(self._direct(array, value_range, ()), self.label_names())
        if entry := load_entry(self._key):
            return inspection_of(self.about.cached_dataset(entry), self.label_names())
        some = array[sample_indices(len(array))] if array is not None else self.first(8)
        if value_range is None:
            extent = extent_of(some, 0, self.about.source) if len(some) else Extent(0.0, 1.0)
            value_range = find_range(extent, self.dtype, self.about.policy, self.about.source)
        pixels = converted(some, self._layout, value_range, self._channels)
        height, width = self._size()
        if len(pixels) and pixels.shape[1:3] != (height, width):
            pixels = np.stack([fit_pixels(one, height, self.about.policy.fit) for one in pixels])
        return Inspection(
            kind=self.about.kind,
            name=self.about.name,
            count=self.shape[0],
            reading=self._reading(value_range),
            height=height,
            width=width,
            channels=self._channels,
            samples=np.ascontiguousarray(pixels),
            cached=False,
            label_names=self.label_names(),
        )

    def load(self) -> Import:
        """Open in place, or what an earlier import left in the cache, or import."""
        array = self.mapped()
        if (
            array is not None
            and (value_range := self._range_in_place(array))
            and self._is_direct(value_range)
        ):
            return self._direct(array, value_range, self.labels())
        entry = load_entry(self._key)
        if entry is None:
            entry = yield from self._import(array)
        return self.about.cached_dataset(entry)

    def _import(self, array: NDArray[Any] | None) -> Generator[ImportProgress, None, CacheEntry]:
        labels = self.labels()
        height, width = self._size()
        check_room(self.shape[0] * height * width * self._channels, self.about.source)
        with CacheWriter(self._key) as writer:
            if array is None:
                array = yield from self.unpack(writer.folder)
            value_range = self._range_in_place(array)
            if value_range is None:
                extent = yield from self._measure(array)
                value_range = find_range(extent, self.dtype, self.about.policy, self.about.source)
            yield from self._convert(array, value_range, writer)
            del array  # an unpacked one is mapped from a file in the folder that is now put in place
            for file in writer.folder.glob("unpacked*"):
                file.unlink()
            return writer.finish(self._reading(value_range), labels)

    def _size(self) -> tuple[int, int]:
        size = self.about.policy.size
        if not size:
            return self._layout.height, self._layout.width
        check_size(size, size, tr("The size asked for"))
        return size, size

    def _is_direct(self, value_range: str) -> bool:
        """Whether the file's own bytes are the pixels, seen through a view."""
        same_size = self._size() == (self._layout.height, self._layout.width)
        stored = 1 if self._layout.channels == 1 else 3
        return (
            self.dtype == np.uint8
            and value_range == "0..255"
            and same_size
            and (stored == self._channels or self._channels == 3)
        )

    def _direct(self, array: NDArray[Any], value_range: str, labels: tuple[LabelColumn, ...]) -> ImageDataset:
        pixels = to_channels(as_pictures(array, self._layout), self._channels)
        return self.about.dataset(pixels, self._reading(value_range), labels)

    def _range_in_place(self, array: NDArray[Any]) -> str | None:
        """The range where a look at some pictures is enough: bytes above 1. None where all must be seen."""
        policy, source = self.about.policy, self.about.source
        if policy.value_range != "auto" and self.dtype.kind != "f":
            return find_range(Extent(0.0, 0.0), self.dtype, policy, source)
        if self.dtype == np.uint8:
            # By position: a touch of the map reads what lies around it too, on some disks 8 MB each time.
            top = 0
            for index in sample_indices(len(array), PICTURES_IN_A_LOOK):
                top = max(top, int(numbers(array[index]).max()))
                if top > 1:
                    break
            if top != 1:
                return "0..255"
        return None

    def _measure(self, array: NDArray[Any]) -> Generator[ImportProgress, None, Extent]:
        text = tr("Measuring {name}", name=self.about.name)
        extent, reported = Extent(np.inf, -np.inf), 0.0
        for start, chunk in self._chunks(array):
            here = extent_of(chunk, start, self.about.source)
            extent = Extent(min(extent.low, here.low), max(extent.high, here.high))
            if time.monotonic() - reported >= REPORT_INTERVAL_S:
                reported = time.monotonic()
                yield ImportProgress(start + len(chunk), len(array), text)
        return extent

    def _convert(
        self, array: NDArray[Any], value_range: str, writer: CacheWriter
    ) -> Generator[ImportProgress, None, None]:
        height, width = self._size()
        fit = self.about.policy.fit

        def prepared(chunk: tuple[int, NDArray[Any]]) -> NDArray[np.uint8]:
            pixels = converted(chunk[1], self._layout, value_range, self._channels)
            if pixels.shape[1:3] != (height, width):
                return np.stack([fit_pixels(one, height, fit) for one in pixels])
            return pixels

        text = tr("Importing {name}", name=self.about.name)
        reported = 0.0
        with closing(in_order(prepared, self._chunks(array))) as results:
            for pixels in results:
                if pixels is not None:
                    writer.append(pixels)
                if pixels is None or time.monotonic() - reported >= REPORT_INTERVAL_S:
                    reported = time.monotonic()
                    yield ImportProgress(writer.count, len(array), text)
        yield ImportProgress(writer.count, len(array), text)

    def _chunks(self, array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
        picture_bytes = max(1, array.nbytes // max(1, len(array)))
        step = max(1, CHUNK_BYTES // picture_bytes)
        for start in range(0, len(array), step):
            yield start, numbers(array[start : start + step])

    def _reading(self, value_range: str) -> str:
        reading = reading_text(self.shape, self.dtype, self._layout, value_range, self._channels)
        size = self.about.policy.size
        if size and self._size() != (self._layout.height, self._layout.width):
            return tr("{reading}, {how}", reading=reading, how=policy_text(self.about.policy, size))
        return reading


class NpySource(ArraySource):
    """A .npy file of pictures."""

    def __init__(self, path: Path, policy: ImportConfig) -> None:
        self._path = path
        header = read_npy_header(path)
        check_complete(header, str(path))
        about = About("npy", path.stem, str(path), policy, content_digest(path))
        super().__init__(about, header.shape, header.dtype, file_stamp(path))

    def mapped(self) -> NDArray[Any]:
        return mapped_npy(self._path)

    def first(self, count: int) -> NDArray[Any]:
        return self.mapped()[:count]

    def unpack(self, folder: Path) -> Unpack:
        yield from ()
        return self.mapped()


def file_stamp(path: Path) -> str:
    """What changes on this machine when the file is written: its size and time."""
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"
