"""WebDataset's tar shards: imported into the cache where that is small, else decoded whenever they are read.

Either way each picture is decoded once before it is used, by all cores, so that a damaged one is skipped and
told of, and does not stop a training hours later. What that pass found is kept; it goes on after a break.
"""

import os
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.cache import CacheEntry
from core.datasets.dataset import ImageDataset, LabelColumn
from core.datasets.decode_pool import Target, cores
from core.datasets.decoding import decode
from core.datasets.labels import label_columns
from core.datasets.picture_files import PictureFiles
from core.datasets.source import About, content_digest, digest
from core.datasets.storage import FetchedPictures
from core.datasets.tar_index import index_of, label_values
from core.errors import DataError
from core.translate import tr

IMPORTED_BYTES = 4 * 1024**3  # of decoded pictures: more than that is not copied to the cache's disk
PICTURES_IN_A_TASK = 16


class Members:
    """The bytes of pictures in shards (N,), read at random from any number of threads."""

    def __init__(
        self,
        paths: Sequence[Path],
        shards: NDArray[np.int32],
        offsets: NDArray[np.int64],
        sizes: NDArray[np.int64],
        names: Sequence[str],
    ) -> None:
        self.paths = paths
        self.shards = shards
        self.offsets = offsets
        self.sizes = sizes
        self.names = names

    def take(self, kept: NDArray[np.int64]) -> "Members":
        """Some of them."""
        names = [self.names[int(index)] for index in kept]
        return Members(self.paths, self.shards[kept], self.offsets[kept], self.sizes[kept], names)

    def read(self, index: int) -> BytesIO:
        """One picture's file. Raises: DataError."""
        path, size = self.paths[self.shards[index]], int(self.sizes[index])
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(int(self.offsets[index]))
                content = file.read(size)
        except OSError as error:
            raise DataError(tr("It cannot be read ({reason}).", reason=error.strerror or error)) from None
        if len(content) != size:
            raise DataError(tr("The shard became shorter."))
        return BytesIO(content)


class TarPictures(FetchedPictures):
    """A PixelStore that decodes; see storage.py for what it offers."""

    def __init__(self, members: Members, target: Target) -> None:
        self._members = members
        self._target = target
        super().__init__((len(members.names), target.size, target.size, target.channels))
        self._files: dict[int, int] = {}

    def _fetch(self, indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        def decode_some(start: int) -> None:
            for place in range(start, min(start + PICTURES_IN_A_TASK, len(indices))):
                pictures[place] = self._decoded(int(indices[place]))

        starts = range(0, len(indices), PICTURES_IN_A_TASK)
        workers = min(cores(), len(starts))
        if workers <= 1:
            for start in starts:
                decode_some(start)
        else:
            with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
                list(pool.map(decode_some, starts))

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Tell the system which members are read next."""
        if not hasattr(os, "posix_fadvise"):
            return
        members = self._members
        for index in np.sort(indices).tolist():
            file = self._file(int(members.shards[index]))
            place, size = int(members.offsets[index]), int(members.sizes[index])
            os.posix_fadvise(file, place, size, os.POSIX_FADV_WILLNEED)

    def _decoded(self, index: int) -> NDArray[np.uint8]:
        target = self._target
        try:
            return decode(self._members.read(index), target.channels, target.size, target.fit)
        except DataError as error:  # it was sound when the set was opened
            path = self._members.paths[self._members.shards[index]]
            raise DataError(
                tr(
                    "{member} cannot be read any more ({file}): {reason}",
                    member=self._members.names[index],
                    file=str(path),
                    reason=error,
                )
            ) from error

    def _file(self, shard: int) -> int:
        file = self._files.get(shard)
        if file is None:
            file = self._files[shard] = os.open(self._members.paths[shard], os.O_RDONLY)
            weakref.finalize(self, os.close, file)
        return file


class TarShardsSource(PictureFiles):
    """The pictures of tar shards, in the order of the shards and of the samples in them."""

    def __init__(self, paths: Sequence[Path], source: str, name: str, policy: ImportConfig) -> None:
        indices = [index_of(path) for path in paths]
        counts = [len(index.names) for index in indices]
        unique = len({path.name for path in paths}) == len(paths)
        names = tuple(
            f"{path.name if unique else path}/{name}"
            for path, index in zip(paths, indices, strict=True)
            for name in index.names
        )
        self._members = Members(
            tuple(paths),
            np.repeat(np.arange(len(paths), dtype=np.int32), counts),
            np.concatenate([index.offsets for index in indices]),
            np.concatenate([index.sizes for index in indices]),
            names,
        )
        self._labels = tuple(label for index in indices for label in index.labels)
        content = digest("tar shards", *(content_digest(path) for path in paths))
        super().__init__(About("tar", name, source, policy, content), names)

    def open(self, index: int) -> BytesIO:
        return self._members.read(index)

    def is_streamed(self, picture_bytes: int) -> bool:
        return len(self.files) * picture_bytes > IMPORTED_BYTES

    def labels_of(self, kept: Sequence[int]) -> tuple[LabelColumn, ...]:
        found = label_values(self._labels[index] for index in kept)
        return () if found is None else tuple(label_columns("class", *found))

    def dataset_of(self, entry: CacheEntry) -> ImageDataset:
        dataset = self.about.cached_dataset(entry)
        if entry.pixels.shape[1] == entry.pixels.shape[2]:
            return dataset
        # What is kept of a streamed picture is its first line: of that shape, and sound.
        broken = {skipped.file for skipped in entry.skipped}
        kept = np.array([at for at, name in enumerate(self.files) if name not in broken], np.int64)
        target = Target(entry.pixels.shape[2], entry.pixels.shape[3], self.about.policy.fit)
        store = TarPictures(self._members.take(kept), target)
        identity = dataset.identity.model_copy(update={"height": target.size})
        return replace(dataset, pixels=store, identity=identity)
