"""What verbs do alike: open pictures, show progress, know the codes of a run's data."""

from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from core.codec import Codec
from core.config import ImportConfig, checked
from core.datasets import ImageDataset, import_dataset
from core.encoding import Codes, CodesFile, measured_codes
from core.errors import DataError
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr

T = TypeVar("T")


class Progress(Protocol):
    """How far long work is."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def text(self) -> str: ...


def opened(source: str, policy: dict[str, Any], line: ProgressLine) -> ImageDataset:
    """The pictures of source, read by policy, settings not yet checked. Raises: ConfigError, DataError."""
    return shown(import_dataset(source, checked(ImportConfig, policy)), line)


def opened_for(run: Run, data: str, policy: dict[str, Any], line: ProgressLine) -> ImageDataset:
    """The pictures of data; where it is empty those of the run, with a word if they changed."""
    source = data or run.config.data.source
    dataset = opened(source, policy, line)
    if not data and dataset.identity.fingerprint != run.config.data.fingerprint:
        line.milestone(tr("{source} has changed since the run was trained on it.", source=source))
    return dataset


def check_index(dataset: ImageDataset, index: int) -> None:
    """Raises: DataError where the data have no picture of that number."""
    if not 0 <= index < len(dataset):
        raise DataError(
            tr(
                "There is no picture {index}: {name} has {count}, numbered 0 to {last}.",
                index=index,
                name=dataset.identity.name,
                count=len(dataset),
                last=len(dataset) - 1,
            )
        )


def codes_of(run: Run, codec: Codec, dataset: ImageDataset, line: ProgressLine) -> Codes:
    """Codes of the data (at most core.encoding.CODES_LIMIT), kept in the run's folder for the next time."""
    kept = CodesFile(run.path, codec, dataset)
    codes = shown(measured_codes(codec, dataset, kept=kept), line)
    if kept.failed:  # a run on a read-only disk can be edited all the same
        line.milestone(tr("The codes could not be kept in {path}.", path=run.path))
    return codes


def shown(work: Generator[Progress, None, T], line: ProgressLine) -> T:
    """The return value of a generator of progress, which is shown on the way."""
    while True:
        try:
            line.show(next(work).text)
        except StopIteration as end:
            line.clear()
            return end.value
