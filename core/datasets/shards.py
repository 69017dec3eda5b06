"""Many .npy files as one data set: arrays of pictures of one shape, seen end to end without being copied.

Files are mapped when they are first read and a bounded number of maps stays open, so that a set may have
thousands of shards. What a place in the list of files is, is the place in the data set for ever.
"""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.arrays import PICTURES_IN_A_LOOK
from core.datasets.dataset import Inspection
from core.datasets.npyheader import check_complete, mapped_npy, read_npy_header, shape_text
from core.datasets.reading import (
    Extent,
    as_pictures,
    channels_after,
    find_layout,
    find_range,
    reading_text,
)
from core.datasets.resizing import to_channels
from core.datasets.source import About, Import, content_digest, digest, inspection_of, sample_indices
from core.datasets.storage import FetchedPictures, FileRows, file_rows
from core.errors import DataError
from core.translate import tr

OPEN_FILES = 64


class NpyShards(FetchedPictures):
    """A PixelStore over .npy files; see storage.py for what it offers."""

    def __init__(self, paths: Sequence[Path], policy: ImportConfig) -> None:
        """Read the headers only. Raises: DataError when one does not fit to the first."""
        headers = [read_npy_header(path) for path in paths]
        first = headers[0]
        for path, header in zip(paths, headers, strict=True):
            check_complete(header, str(path))
            if header.shape[1:] != first.shape[1:] or header.dtype != first.dtype:
                raise DataError(
                    tr(
                        "{file} holds {shape} {dtype}, but {other} holds {expected} {kind}: all shards of a"
                        " set have pictures of one shape and type.",
                        file=str(path),
                        shape=shape_text(header.shape),
                        dtype=str(header.dtype),
                        other=str(paths[0]),
                        expected=shape_text(first.shape),
                        kind=str(first.dtype),
                    )
                )
        self.starts = np.cumsum([0, *(header.shape[0] for header in headers)])
        self.stored_shape = (int(self.starts[-1]), *first.shape[1:])
        self.layout = find_layout(self.stored_shape, first.dtype, policy, str(paths[0]))
        self.stored_dtype = first.dtype
        channels = channels_after(self.layout, policy)
        super().__init__((int(self.starts[-1]), self.layout.height, self.layout.width, channels))
        self._paths = tuple(paths)
        self._lock = Lock()
        self._open: OrderedDict[int, tuple[NDArray[np.uint8], FileRows | None]] = OrderedDict()

    def _fetch(self, indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        for shard, places, rows in self._by_shard(indices):
            pixels, reader = self._shard(shard)
            pictures[places] = pixels[rows] if reader is None else reader.read(rows)

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Tell the system which pictures are read next."""
        for shard, _, rows in self._by_shard(indices):
            reader = self._shard(shard)[1]
            if reader is not None:
                reader.prefetch(rows)

    def _by_shard(self, indices: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """(shard, places in indices, rows of the shard), each shard once."""
        shards = np.searchsorted(self.starts, indices, side="right") - 1
        groups = []
        for shard in np.unique(shards).tolist():
            places = np.flatnonzero(shards == shard)
            groups.append((shard, places, indices[places] - self.starts[shard]))
        return groups

    def _shard(self, shard: int) -> tuple[NDArray[np.uint8], FileRows | None]:
        with self._lock:
            found = self._open.get(shard)
            if found is None:
                path = self._paths[shard]
                try:
                    array = mapped_npy(path)
                except OSError as error:
                    raise DataError(
                        tr(
                            "The shard {file} cannot be read any more: {reason}.",
                            file=str(path),
                            reason=error.strerror or str(error),
                        )
                    ) from error
                expected = (int(self.starts[shard + 1] - self.starts[shard]), *self.stored_shape[1:])
                if array.shape != expected or array.dtype != self.stored_dtype:
                    raise DataError(
                        tr("The shard {file} was changed while it was open; open it again.", file=str(path))
                    )
                pixels = to_channels(as_pictures(array, self.layout), self._shape[3])
                found = self._open[shard] = (pixels, file_rows(pixels, small_bytes=0))
            self._open.move_to_end(shard)
            while len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)
            return found


class NpyShardsSource:
    """Shards of bytes; others are refused, since to convert them would copy what is too large."""

    def __init__(self, paths: Sequence[Path], source: str, name: str, policy: ImportConfig) -> None:
        self._store = store = NpyShards(paths, policy)
        content = digest("npy shards", *(content_digest(path) for path in paths))
        self._about = About("npy", name, source, policy, content)
        self._check(str(paths[0]))
        reading = reading_text(store.stored_shape, store.stored_dtype, store.layout, "0..255", store.shape[3])
        self._reading = tr("{count:,} files, {reading}", count=len(paths), reading=reading)

    def inspect(self) -> Inspection:
        """What the headers tell, and a few pictures."""
        return inspection_of(self._about.dataset(self._store, self._reading, ()))

    def load(self) -> Import:
        """Open in place."""
        yield from ()
        return self._about.dataset(self._store, self._reading, ())

    def _check(self, file: str) -> None:
        store, policy = self._store, self._about.policy
        layout = store.layout
        is_direct = (
            store.stored_dtype == np.uint8
            and policy.size in (0, layout.height)
            and layout.height * (policy.size > 0) == layout.width * (policy.size > 0)
            and policy.colour in ("auto", "colour" if layout.channels > 1 else "grey", "colour")
        )
        if is_direct and policy.value_range in ("auto", "0..255"):
            some = store[sample_indices(len(store), PICTURES_IN_A_LOOK)]
            extent = Extent(float(some.min()), float(some.max()))
            is_direct = (
                policy.value_range != "auto" or find_range(extent, some.dtype, policy, file) == "0..255"
            )
        else:
            is_direct = False
        if not is_direct:
            raise DataError(
                tr(
                    "{source} is a set of several .npy files, which are read where they lie: save them as"
                    " uint8 from 0 to 255 in the size and colour that are wanted, and set neither here.",
                    source=self._about.source,
                )
            )
