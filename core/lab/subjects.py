"""Whom the laboratory studies: two models, and the real pictures that they are held against."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.batches import split_indices
from core.codec import Codec, shape_text
from core.config import is_variational
from core.datasets.dataset import ImageDataset
from core.encoding import spread_indices
from core.errors import DataError, ModelError
from core.latents import CodeStatistics
from core.runs import Run
from core.translate import tr

MOST_HELD_OUT = 1000  # pictures to measure on: intervals are narrow enough, and a study takes a minute
MOST_REFERENCE = 4000  # real pictures that others are held against
FEWEST = 4  # pictures to compare models on at all
BLOCK = 512  # pictures at a time that are looked through for copies
FEWEST_HELD_OUT = 16  # with fewer in common, pictures that were trained on are taken as well


@dataclass(frozen=True, eq=False)
class Subject:
    """One model under study; stats are of its codes of the data, has_prior whether N(0, 1) is its prior."""

    name: str
    codec: Codec
    stats: CodeStatistics
    has_prior: bool


@dataclass(frozen=True, eq=False)
class Material:
    """Real pictures uint8 (n,H,W,C): those to measure on, and a reference that they do not overlap.

    training says whether the reference are pictures that the models were trained on; note says in a sentence
    what was taken, left_out, its end, which pictures were not, empty where all were. The indices (n,) are
    those in the data sets that the pictures came from.
    """

    held_out: NDArray[np.uint8]
    held_out_indices: NDArray[np.int64]
    reference: NDArray[np.uint8]
    reference_indices: NDArray[np.int64]
    reference_name: str
    training: bool
    note: str
    left_out: str = ""


def make_subject(name: str, codec: Codec, stats: CodeStatistics) -> Subject:
    """A model as a subject: it has a prior when it is one of the variational kind."""
    return Subject(name, codec, stats, is_variational(codec.config.objective))


def check_subjects(subjects: Sequence[Subject], picture_shape: tuple[int, ...]) -> None:
    """Raises: ModelError where a subject does not take pictures of that shape."""
    for subject in subjects:
        check_shape(subject.name, subject.codec, picture_shape)


def check_shape(name: str, codec: Codec, picture_shape: tuple[int, ...]) -> None:
    """Raises: ModelError, by the model's name, where it does not take pictures of that shape."""
    if codec.picture_shape != picture_shape:
        raise ModelError(
            tr(
                "{name} takes pictures of {shape}, and these are {found}: compare models of one shape"
                " on pictures of that shape.",
                name=name,
                shape=shape_text(codec.picture_shape),
                found=shape_text(picture_shape),
            )
        )


def gather(
    dataset: ImageDataset,
    runs: Sequence[Run],
    training: ImageDataset | None = None,
    most_held_out: int = MOST_HELD_OUT,
    most_reference: int = MOST_REFERENCE,
) -> Material:
    """The pictures for a comparison of runs on dataset.

    Held out are those that no run was trained on: of its own data its validation share, of other data all,
    in both cases without pictures that are among the training pictures byte for byte. The reference are
    pictures that the runs were trained on: of dataset, or of training, the data of one of them, where dataset
    is another. Without such pictures dataset is halved. Raises: DataError for fewer than four pictures.
    """
    count, name = len(dataset), dataset.identity.name
    if count < FEWEST:
        raise DataError(tr("{name} has too few pictures to compare models on.", name=name))
    everything = np.arange(count)
    seen = _trained_on(dataset, runs)
    is_training, source = True, dataset
    held = left_out = None
    if seen.any():
        held, left_out = _apart(dataset, np.flatnonzero(~seen), dataset, np.flatnonzero(seen), is_training)
    if held is not None and left_out is not None and len(held) >= FEWEST_HELD_OUT:
        reference = np.flatnonzero(seen)
        note = tr(
            "{held} pictures of {name} that no run was trained on, held against {count} that were.",
            held=min(len(held), most_held_out),
            name=name,
            count=min(len(reference), most_reference),
        )
    elif held is not None:
        reference = everything[::2]
        held, left_out = _apart(dataset, everything[1::2], dataset, reference, is_training=False)
        note = tr(
            "The runs hold out fewer than {fewest} pictures in common: half of {name} is measured on,"
            " half is the reference; pictures that were trained on are among both, and errors are lower"
            " than on new pictures.",
            fewest=FEWEST_HELD_OUT,
            name=name,
        )
    elif training is not None:
        source, reference = training, np.flatnonzero(_trained_on(training, runs))
        held, left_out = _apart(dataset, everything, training, reference, is_training)
        note = tr(
            "{held} pictures of {name}, which is not the data of the runs, held against {count} of"
            " {training}, which is.",
            held=min(len(held), most_held_out),
            name=name,
            count=min(len(reference), most_reference),
            training=training.identity.name,
        )
    else:
        is_training, reference = False, everything[::2]
        held, left_out = _apart(dataset, everything[1::2], dataset, reference, is_training)
        note = tr(
            "{name} is not the data of the runs, and what they were trained on is not at hand: half of it is"
            " measured on, the other half is the reference, and nothing can be said of copies of training"
            " pictures.",
            name=name,
        )
    if left_out and len(held) < FEWEST:
        raise DataError(
            tr(
                "Too few pictures of {name} are left to compare models on: {left_out} Choose data with more"
                " pictures that the runs were not trained on.",
                name=name,
                left_out=left_out,
            )
        )
    held = held[spread_indices(len(held), most_held_out)]
    reference = reference[spread_indices(len(reference), most_reference)]
    return Material(
        dataset.pictures(held),
        held.astype(np.int64),
        source.pictures(reference),
        reference.astype(np.int64),
        source.identity.name,
        is_training,
        f"{note} {left_out}".rstrip(),
        left_out,
    )


def _trained_on(dataset: ImageDataset, runs: Sequence[Run]) -> NDArray[np.bool_]:
    """Which pictures (n,) any of the runs was trained on."""
    seen = np.zeros(len(dataset), np.bool_)
    for run in runs:
        if run.config.imported is None and run.config.data.fingerprint == dataset.identity.fingerprint:
            kept, _ = split_indices(len(dataset), run.config.train.val_fraction, run.config.train.seed)
            seen[kept] = True
    return seen


def _apart(
    dataset: ImageDataset,
    held: NDArray[np.int64],
    source: ImageDataset,
    reference: NDArray[np.int64],
    is_training: bool,
) -> tuple[NDArray[np.int64], str]:
    """Those of held (n,) that are none of source's at reference (m,), each picture once; and what went."""
    known, found = set(_digests(source, reference)), set[bytes]()
    copies, repeats, kept = 0, 0, list[int]()
    for index, digest in zip(held.tolist(), _digests(dataset, held), strict=True):
        if digest in known:
            copies += 1
        elif digest in found:
            repeats += 1
        else:
            found.add(digest)
            kept.append(index)
    parts = []
    if copies and is_training:
        parts.append(
            tr(
                "{count} of the {total} pictures are training pictures of the runs and are left out.",
                count=copies,
                total=len(held),
            )
        )
    elif copies:
        parts.append(
            tr(
                "{count} of the {total} pictures to measure on are in the reference too and are left out.",
                count=copies,
                total=len(held),
            )
        )
    if repeats:
        parts.append(
            tr(
                "{count} of the {total} pictures are there before and are left out.",
                count=repeats,
                total=len(held),
            )
        )
    return np.array(kept, np.int64), " ".join(parts)


def _digests(dataset: ImageDataset, indices: NDArray[np.int64]) -> Iterator[bytes]:
    """A hash of each picture's bytes."""
    for start in range(0, len(indices), BLOCK):
        for picture in dataset.pictures(indices[start : start + BLOCK]):
            yield hashlib.blake2b(picture.data, digest_size=16).digest()
