"""The import of many picture files, wherever they lie: decode in parallel, cache, go on after a break.

folder.py and zipped.py say which files there are and how one is opened. What all pictures become follows from
all their headers; it is guessed from some of them, and where a later one differs all is done again. That is
rare, and saves a pass over all files.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.cache import CacheEntry, CacheWriter, check_room, load_entry
from core.datasets.dataset import ImageDataset, ImportProgress, Inspection, LabelColumn, Skipped
from core.datasets.decode_pool import File, Target, decode_files
from core.datasets.decoding import Header, decode, read_header
from core.datasets.import_state import ImportState
from core.datasets.labels import folder_columns
from core.datasets.parallel import REPORT_INTERVAL_S
from core.datasets.resizing import policy_text, size_of_files
from core.datasets.source import About, Import, inspection_of, sample_indices
from core.errors import DataError
from core.translate import tr

HEADERS_IN_A_LOOK = 256
SAVE_INTERVAL_S = 2.0  # what is lost when the program is killed


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

    def labels_of(self, kept: Sequence[int]) -> tuple[LabelColumn, ...]:
        """The labels of some of the files, by default from the folders that they lie in."""
        return folder_columns([self.files[index] for index in kept])

    def is_streamed(self, picture_bytes: int) -> bool:
        """Whether pictures of so many bytes are too many to be kept; then the first line of each is."""
        return False

    def dataset_of(self, entry: CacheEntry) -> ImageDataset:
        """The data set of what the import left in the cache."""
        return self.about.cached_dataset(entry)

    def inspect(self) -> Inspection:
        """What a few headers and eight pictures tell. Raises: DataError when none of them can be read."""
        if entry := load_entry(self.about.fingerprint):
            return inspection_of(self.dataset_of(entry))
        headers = {index: header for index in self._looked() if (header := self._header(index))}
        seen = ImportState()
        seen.see(headers.values())
        plan = self._plan(seen)
        readable = list(headers)
        samples: list[NDArray[np.uint8]] = []
        for place in sample_indices(len(readable)).tolist():
            try:
                file = self.open(readable[place])
                samples.append(decode(file, plan.channels, plan.size, self.about.policy.fit))
            except DataError:
                continue
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
            label_names=tuple(label.name for label in self.labels_of(range(len(self.files)))),
        )

    def load(self) -> Import:
        """Import, go on with an import, or open what an earlier one left in the cache."""
        entry = load_entry(self.about.fingerprint)
        if entry is None:
            done = ImportState()
            with CacheWriter(self.about.fingerprint, done.saved) as writer:
                entry = load_entry(self.about.fingerprint)  # by whom the writer has waited for
                if entry is None:
                    entry = yield from self._import(done, writer)
        return self.dataset_of(entry)

    def _import(self, done: ImportState, writer: CacheWriter) -> Generator[ImportProgress, None, CacheEntry]:
        if writer.resumed is None or not done.take_up(writer.resumed, writer.count, len(self.files)):
            writer.restart()
            done.see(self._header(index) for index in self._looked())
        plan = self._plan(done)
        lines = 1 if self.is_streamed(plan.size * plan.size * plan.channels) else plan.size
        check_room((len(self.files) - done.files) * lines * plan.size * plan.channels, self.about.source)
        while not (yield from self._decode_all(plan, done, writer)):
            plan = self._plan(done)
            done.start_over()
            writer.restart()
        skipped = tuple(Skipped(self.files[index], reason) for index, reason in done.skipped)
        if not writer.count:
            self._raise_nothing(skipped)
        unread = {index for index, _ in done.skipped}
        kept = [index for index in range(len(self.files)) if index not in unread]
        files = tuple(self.files[index] for index in kept)
        reading = plan.reading(self.about.policy, len(files))
        return writer.finish(reading, self.labels_of(kept), files, (*self._refused, *skipped))

    def _decode_all(
        self, plan: _Plan, done: ImportState, writer: CacheWriter
    ) -> Generator[ImportProgress, None, bool]:
        """Decode what is not done; False as soon as a header says that the plan was wrong."""
        text = tr("Importing {name}", name=self.about.name)
        target = Target(plan.size, plan.channels, self.about.policy.fit)
        lines = 1 if self.is_streamed(plan.size * plan.size * plan.channels) else plan.size
        remaining = range(done.files, len(self.files))
        saved = time.monotonic()
        reported = 0.0
        with closing(decode_files(self._open, remaining, target)) as results:
            for answers in results:
                if answers is not None:
                    done.see(answer.header for answer in answers)
                    now = self._plan(done)
                    if (now.size, now.channels) != (plan.size, plan.channels):
                        return False
                    if pictures := [one.pixels[:lines] for one in answers if one.pixels is not None]:
                        writer.append(np.stack(pictures))
                    done.add(answers)
                if answers is None or time.monotonic() - reported >= REPORT_INTERVAL_S:
                    reported = time.monotonic()
                    yield ImportProgress(done.files, len(self.files), text)
                if time.monotonic() - saved >= SAVE_INTERVAL_S:
                    writer.save()
                    saved = time.monotonic()
        yield ImportProgress(done.files, len(self.files), text)
        return True

    def _looked(self) -> list[int]:
        """The files whose headers are looked at first."""
        return sample_indices(len(self.files), HEADERS_IN_A_LOOK).tolist()

    def _plan(self, state: ImportState) -> _Plan:
        policy = self.about.policy
        grey = {"grey": True, "colour": False, "auto": state.grey is True}
        size = size_of_files(state.sizes, policy)
        return _Plan(size, 1 if grey[policy.colour] else 3, frozenset(state.sizes))

    def _header(self, index: int) -> Header | None:
        try:
            return read_header(self.open(index))
        except DataError:  # decoding will meet it again, and then it is listed
            return None

    def _open(self, index: int) -> File:
        try:
            return self.open(index)
        except DataError as error:
            return str(error)

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


def unsafe_name() -> str:
    """Why a file whose name is not plain text is skipped: it could not be shown or kept in JSON."""
    return tr("Its name holds control characters or is not valid UTF-8: rename it.")
