"""What verbs do alike: open pictures, show progress, know the codes of a run's data."""

from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.atomic import failure_text, write_text
from core.codec import Codec
from core.config import ImportConfig, checked
from core.datasets import ImageDataset, import_dataset
from core.encoding import Codes, CodesFile, measured_codes
from core.errors import DataError, ExportError
from core.labels import read_labels, with_labels
from core.places import cache_folder
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from resources import resource_path

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


def labelled(dataset: ImageDataset, labels: str, line: ProgressLine) -> ImageDataset:
    """The pictures with the labels of a file too, where --labels names one. Raises: DataError."""
    if not labels:
        return dataset
    line.show(tr("Reading {path}", path=labels))
    found = read_labels(labels, dataset)
    line.clear()
    line.milestone(found.text())
    return with_labels(dataset, found)


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
    is_bundled = run.path.resolve().is_relative_to(resource_path())  # which may not be written to
    kept = CodesFile(cache_folder() / run.name if is_bundled else run.path, codec, dataset)
    codes = shown(measured_codes(codec, dataset, kept=kept), line)
    if kept.failed:  # a run on a read-only disk can be edited all the same
        line.milestone(tr("The codes could not be kept in {path}.", path=kept.path.parent))
    return codes


def write_out(path: str, text: str) -> None:
    """Write a text where --out says, whole or not at all. Raises: ExportError."""
    try:
        write_text(Path(path).expanduser(), text)
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error))
        ) from None


def shown(work: Generator[Progress, None, T], line: ProgressLine) -> T:
    """The return value of a generator of progress, which is shown on the way."""
    while True:
        try:
            line.show(next(work).text)
        except StopIteration as end:
            line.clear()
            return end.value
