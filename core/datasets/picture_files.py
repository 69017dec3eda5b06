"""The import of many picture files, wherever they lie: look at headers, decode in parallel, cache.

folder.py and zipped.py say which files there are and how one is opened.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.cache import CacheWriter, check_room, load_entry
from core.datasets.dataset import ImportProgress, Inspection, Skipped
from core.datasets.decoding import Header, decode, read_header
from core.datasets.labels import folder_columns
from core.datasets.parallel import REPORT_INTERVAL_S, in_order
from core.datasets.resizing import policy_text, size_of_files
from core.datasets.source import About, Import, inspection_of, sample_indices
from core.errors import DataError
from core.translate import tr

HEADERS_IN_A_LOOK = 256


@dataclass(frozen=True)
class _Plan:
    """What all pictures become, and what was seen of their own sizes."""

    size: int
    channels: int
    sizes: frozenset[tuple[int, int]]

    def reading(self, policy: ImportConfig, count: int) -> str:
        colour = tr("colour") if self.channels == 3 else tr("grey")
        if len(self.sizes) > 1:
            seen = tr("{count:,} pictures of several sizes", count=count)
        elif self.sizes:
            ((width, height),) = self.sizes
            seen = tr("{count:,} pictures of {width}×{height}", count=count, width=width, height=height)
        else:
            seen = tr("{count:,} pictures", count=count)
        if self.sizes == {(self.size, self.size)}:
            return tr("{seen}, kept as they are, read as {colour}", seen=seen, colour=colour)
        how = policy_text(policy, self.size)
        return tr("{seen}, {how}, read as {colour}", seen=seen, how=how, colour=colour)


class PictureFiles(ABC):
    """A source of picture files: about it, the files' names in order, and how one is opened."""

    def __init__(self, about: About, files: tuple[str, ...], refused: tuple[Skipped, ...] = ()) -> None:
        self.about = about
        self.files = files
        self._refused = refused
        if not files:
            self._raise_nothing(refused)

    @abstractmethod
    def open(self, index: int) -> Path | BytesIO:
        """The file at index, for Pillow; called from several threads. Raises: DataError with the reason."""

    def inspect(self) -> Inspection:
        """What a few headers and eight pictures tell. Raises: DataError when none of them can be read."""
        if entry := load_entry(self.about.fingerprint):
            return inspection_of(self.about.cached_dataset(entry))
        looked = sample_indices(len(self.files), HEADERS_IN_A_LOOK).tolist()
        headers = {index: header for index in looked if isinstance(header := self._header(index), Header)}
        plan = self._plan(list(headers.values()))
        readable = list(headers)
        samples: list[NDArray[np.uint8]] = []
        for place in sample_indices(len(readable)).tolist():
            pixels = self._decode(readable[place], plan)
            if not isinstance(pixels, Skipped):
                samples.append(pixels)
        return Inspection(
            kind=self.about.kind,
            name=self.about.name,
            count=len(self.files),
            reading=plan.reading(self.about.policy, len(self.files)),
            height=plan.size,
            width=plan.size,
            channels=plan.channels,
            samples=np.stack(samples)
            if samples
            else np.zeros((0, plan.size, plan.size, plan.channels), np.uint8),
            cached=False,
            label_names=tuple(label.name for label in folder_columns(self.files)),
        )

    def load(self) -> Import:
        """Import, or open what an earlier import left in the cache."""
        entry = load_entry(self.about.fingerprint)
        if entry is None:
            with CacheWriter(self.about.fingerprint) as writer:
                plan = yield from self._look()
                check_room(len(self.files) * plan.size * plan.size * plan.channels, self.about.source)
                kept, skipped = yield from self._decode_all(plan, writer)
                if not kept:
                    self._raise_nothing(skipped)
                files = tuple(self.files[index] for index in kept)
                reading = plan.reading(self.about.policy, len(kept))
                skipped = (*self._refused, *skipped)
                entry = writer.finish(reading, folder_columns(files), files, skipped)
        return self.about.cached_dataset(entry)

    def _look(self) -> Generator[ImportProgress, None, _Plan]:
        """Read all headers where the policy leaves something to them."""
        headers: list[Header] = []
        if not self.about.policy.size or self.about.policy.colour == "auto":
            text = tr("Looking at {name}", name=self.about.name)
            done, reported = 0, 0.0
            with closing(in_order(self._header, range(len(self.files)))) as results:
                for header in results:
                    if header is not None:
                        done += 1
                        if isinstance(header, Header):
                            headers.append(header)
                    if header is None or time.monotonic() - reported >= REPORT_INTERVAL_S:
                        reported = time.monotonic()
                        yield ImportProgress(done, len(self.files), text)
        return self._plan(headers)

    def _decode_all(
        self, plan: _Plan, writer: CacheWriter
    ) -> Generator[ImportProgress, None, tuple[list[int], tuple[Skipped, ...]]]:
        kept: list[int] = []
        skipped: list[Skipped] = []
        text = tr("Importing {name}", name=self.about.name)
        done, reported = 0, 0.0
        with closing(in_order(lambda index: self._decode(index, plan), range(len(self.files)))) as results:
            for result in results:
                if isinstance(result, Skipped):
                    skipped.append(result)
                elif result is not None:
                    writer.append(result[None])
                    kept.append(done)
                done += result is not None
                if result is None or time.monotonic() - reported >= REPORT_INTERVAL_S:
                    reported = time.monotonic()
                    yield ImportProgress(done, len(self.files), text)
        yield ImportProgress(done, len(self.files), text)
        return kept, tuple(skipped)

    def _plan(self, headers: list[Header]) -> _Plan:
        policy = self.about.policy
        sizes = frozenset((header.width, header.height) for header in headers)
        grey = {"grey": True, "colour": False, "auto": bool(headers) and all(h.grey for h in headers)}
        return _Plan(size_of_files(set(sizes), policy), 1 if grey[policy.colour] else 3, sizes)

    def _header(self, index: int) -> Header | Skipped:
        try:
            return read_header(self.open(index))
        except DataError as error:  # decoding will meet it again, and then it is listed
            return Skipped(self.files[index], str(error))

    def _decode(self, index: int, plan: _Plan) -> NDArray[np.uint8] | Skipped:
        try:
            return decode(self.open(index), plan.channels, plan.size, self.about.policy.fit)
        except DataError as error:
            return Skipped(self.files[index], str(error))

    def _raise_nothing(self, skipped: tuple[Skipped, ...]) -> None:
        if skipped:
            raise DataError(
                tr(
                    "None of the {count:,} pictures in {source} can be read; the first, {file}: {reason}",
                    count=len(skipped),
                    source=self.about.source,
                    file=skipped[0].file,
                    reason=skipped[0].reason,
                )
            )
        raise DataError(
            tr(
                "{source} holds no pictures: choose a folder, .zip, .npy, .npz or idx file with pictures"
                " (png, jpg, bmp, gif, webp, tiff or ppm).",
                source=self.about.source,
            )
        )
