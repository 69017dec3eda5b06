"""Whom the laboratory studies: two models, and the real pictures that they are held against."""

from collections.abc import Sequence
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
    what was taken. The indices (n,) are those in the data sets that the pictures came from.
    """

    held_out: NDArray[np.uint8]
    held_out_indices: NDArray[np.int64]
    reference: NDArray[np.uint8]
    reference_indices: NDArray[np.int64]
    reference_name: str
    training: bool
    note: str


def make_subject(name: str, codec: Codec, stats: CodeStatistics) -> Subject:
    """A model as a subject: it has a prior when it is one of the variational kind."""
    return Subject(name, codec, stats, is_variational(codec.config.objective))


def check_subjects(subjects: Sequence[Subject], picture_shape: tuple[int, ...]) -> None:
    """Raises: ModelError where a subject does not take pictures of that shape."""
    for subject in subjects:
        if subject.codec.picture_shape != picture_shape:
            raise ModelError(
                tr(
                    "{name} takes pictures of {shape}, and these are {found}: compare models of one shape"
                    " on pictures of that shape.",
                    name=subject.name,
                    shape=shape_text(subject.codec.picture_shape),
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

    Held out are those that no run was trained on: of its own data its validation share, of other data all.
    The reference are pictures that the runs were trained on: of dataset, or of training, the data of one of
    them, where dataset is another. Without such pictures dataset is halved. Raises: DataError for fewer than
    four pictures.
    """
    count = len(dataset)
    if count < 4:
        raise DataError(tr("{name} has too few pictures to compare models on.", name=dataset.identity.name))
    own = [
        run
        for run in runs
        if run.config.imported is None and run.config.data.fingerprint == dataset.identity.fingerprint
    ]
    seen = np.zeros(count, np.bool_)
    for run in own:
        kept, _ = split_indices(count, run.config.train.val_fraction, run.config.train.seed)
        seen[kept] = True
    unseen = np.flatnonzero(~seen)
    if own and len(unseen) >= FEWEST_HELD_OUT:
        held, reference, source = unseen, np.flatnonzero(seen), dataset
        note = tr(
            "{held} pictures of {name} that no run was trained on, held against {count} that were.",
            held=min(len(held), most_held_out),
            name=dataset.identity.name,
            count=min(len(reference), most_reference),
        )
        is_training = True
    elif own:
        everything = np.arange(count)
        held, reference, source = everything[1::2], everything[::2], dataset
        note = tr(
            "The runs hold out fewer than {fewest} pictures in common: half of {name} is measured on,"
            " half is the reference; pictures that were trained on are among both, and errors are lower"
            " than on new pictures.",
            fewest=FEWEST_HELD_OUT,
            name=dataset.identity.name,
        )
        is_training = True
    elif training is not None:
        held, reference, source = np.arange(count), np.arange(len(training)), training
        note = tr(
            "{held} pictures of {name}, which is not the data of the runs, held against {count} of"
            " {training}, which is.",
            held=min(count, most_held_out),
            name=dataset.identity.name,
            count=min(len(training), most_reference),
            training=training.identity.name,
        )
        is_training = True
    else:
        everything = np.arange(count)
        held, reference, source = everything[1::2], everything[::2], dataset
        note = tr(
            "{name} is not the data of the runs, and what they were trained on is not at hand: half of it is"
            " measured on, the other half is the reference, and nothing can be said of copies of training"
            " pictures.",
            name=dataset.identity.name,
        )
        is_training = False
    held = held[spread_indices(len(held), most_held_out)]
    reference = reference[spread_indices(len(reference), most_reference)]
    return Material(
        dataset.pictures(held),
        held.astype(np.int64),
        source.pictures(reference),
        reference.astype(np.int64),
        source.identity.name,
        is_training,
        note,
    )
