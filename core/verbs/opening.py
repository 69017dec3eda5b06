"""What verbs do alike: read options by a run, look where to write, open pictures, show progress."""

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.atomic import check_place, failure_text, write_text
from core.codec import Codec
from core.config import ImportConfig, Settings, checked
from core.datasets import ImageDataset, import_dataset
from core.directions import read_directions
from core.edits import AnyEdit, moves_of, parse_edits
from core.encoding import CODES_LIMIT, Codes, CodesFile, measured_codes
from core.errors import ConfigError, DataError, RunError
from core.export.folders import check_new_folder, not_written
from core.labels import read_labels, with_labels
from core.places import kept_folder
from core.run_files import CONFIG
from core.runs import Run, check_new_run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import About, RunOptions, parse
from core.verbs.inputs import Input, check_no_input

T = TypeVar("T")
OfRun = TypeVar("OfRun", bound=RunOptions)


class Progress(Protocol):
    """How far long work is."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def text(self) -> str: ...


def asked(model: type[OfRun], about: About, args: Sequence[str], *settings: Settings) -> tuple[Run, OfRun]:
    """The run that a command line names, and the options, by which pictures are read as the run's own are
    unless it says otherwise. Raises: ConfigError, RunError.
    """
    run = Run.open(parse(model, about, args, *settings, ImportConfig()).run)
    return run, parse(model, about, args, *settings, run.config.data.policy)


def check_out(path: str, *suffixes: str, inputs: Sequence[Input], option: str = "--out") -> Path:
    """Where an option says that a file is to be written, tried before any work is done for it.

    Raises: ConfigError for an ending that is none of suffixes, ExportError where no file can be written, or
    where one of inputs would be replaced.
    """
    out = Path(os.path.expanduser(path))
    if out.suffix.lower() not in suffixes:
        endings = tr(" or ").join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
        raise ConfigError(
            tr("{option} {path} must end in {endings}.", option=option, path=path, endings=endings)
        )
    check_no_input(out, inputs, option)
    try:
        check_place(out)
    except OSError as error:
        raise not_written(out, error) from None
    return out


def check_out_folder(path: str, or_file: str = "") -> Path:
    """Where --out says that a new folder is to be made, tried before any work.

    or_file: as in check_new_folder. Raises: ExportError.
    """
    out = Path(os.path.expanduser(path))
    check_new_folder(out, or_file)
    try:
        _check_folder(out)
    except OSError as error:
        raise not_written(out, error) from None
    return out


def check_out_run(path: str, pictures: str = "") -> None:
    """Raises: RunError where --out names no place for a new run, before any work; pictures are its --data."""
    folder = check_new_run(path, pictures)
    try:
        _check_folder(folder)
    except OSError as error:
        raise RunError(
            tr("A run cannot be made in {path}: {reason}.", path=folder, reason=failure_text(error))
        ) from None


def _check_folder(folder: Path) -> None:
    """Raises: OSError where nothing can be written into folder, or into what is there of the way to it."""
    there = next((one for one in (folder, *folder.parents) if os.path.exists(one)), folder)
    check_place(there / CONFIG)


def write_out(out: Path, text: str) -> None:
    """Write a text whole or not at all. Raises: ExportError."""
    try:
        write_text(out, text)
    except OSError as error:
        raise not_written(out, error) from None


def opened(source: str, policy: dict[str, Any], line: ProgressLine) -> ImageDataset:
    """The pictures of source, read by policy, settings not yet checked. Raises: ConfigError, DataError."""
    return shown(import_dataset(source, checked(ImportConfig, policy)), line)


def opened_for(run: Run, options: RunOptions, line: ProgressLine) -> ImageDataset:
    """The pictures of --data; without it those of the run, with a word if they changed."""
    source = options.data or run.config.data.source
    dataset = opened(source, options.policy, line)
    if not options.data and dataset.identity.fingerprint != run.config.data.fingerprint:
        line.milestone(tr("{source} has changed since the run was trained on it.", source=source))
    return dataset


def labelled(dataset: ImageDataset, labels: str, line: ProgressLine) -> ImageDataset:
    """The pictures with the labels of a file too, where --labels names one. Raises: DataError."""
    if not labels:
        return dataset
    line.show(tr("Reading {path}", path=labels))
    found = read_labels(labels, dataset)
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


def check_seed(seed: int) -> None:
    """Raises: ConfigError for a number that no generator begins with."""
    if not 0 <= seed < 2**63:
        raise ConfigError(tr("--seed is {seed}; it must be 0 or a positive whole number.", seed=seed))


def adjustments_of(
    run: Run, codec: Codec, texts: Sequence[str], line: ProgressLine
) -> list[tuple[AnyEdit, ...]]:
    """What texts ask for, by the directions that the run keeps too; says which of those may mean less now.

    Raises: EditError, RunError.
    """
    found = read_directions(run.path, codec.latent_dim) if "@" in "".join(texts) else ()
    adjustments = [parse_edits(text, codec.latent_dim, [one.direction for one in found]) for text in texts]
    used = {move.direction for edits in adjustments for move in moves_of(edits)}
    old = [one.name for one in found if one.direction in used and one.weights != codec.fingerprint]
    if old:
        line.milestone(
            tr(
                "The run was trained on since {names} was found: find it again to be sure of it.",
                names=", ".join(old),
            )
        )
    return adjustments


def adjustment_of(run: Run, codec: Codec, text: str, line: ProgressLine) -> tuple[AnyEdit, ...]:
    """What one text asks for, as adjustments_of; nothing where it is empty."""
    return adjustments_of(run, codec, [text], line)[0] if text else ()


def only_adjustment(texts: Sequence[str]) -> str:
    """The one that --adjust gives, empty where there is none. Raises: ConfigError for more."""
    if len(texts) > 1:
        raise ConfigError(
            tr(
                "There are {count} adjustments, and this verb takes one: give --adjust once, with commas"
                " between what it changes.",
                count=len(texts),
            )
        )
    return texts[0] if texts else ""


def codes_of(
    run: Run, codec: Codec, dataset: ImageDataset, line: ProgressLine, most: int = CODES_LIMIT
) -> Codes:
    """Codes of the data, of at most so many pictures, kept for the next time."""
    kept = CodesFile(kept_folder(run.path), codec, dataset, most)
    codes = shown(measured_codes(codec, dataset, most, kept), line)
    if kept.failed:  # a run on a read-only disk can be edited all the same
        line.milestone(tr("The codes could not be kept in {path}.", path=kept.path.parent))
    return codes


def shown(work: Generator[Progress, None, T], line: ProgressLine) -> T:
    """The return value of a generator of progress, which is shown on the way."""
    while True:
        try:
            line.show(next(work).text)
        except StopIteration as end:
            line.clear()
            return end.value
