"""Whom the laboratory studies: two models, and the real pictures that they are held against."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.batches import split_indices, spread_indices
from core.codec import Codec, shape_text
from core.config import is_variational
from core.datasets.dataset import ImageDataset
from core.encoding import EncodeProgress
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
class Part:
    """Some pictures of a data set, by their indices (n,)."""

    dataset: ImageDataset
    indices: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Material:
    """Real pictures uint8 (n,H,W,C): those to measure on, and a reference that they do not overlap.

    trained_on says of each model whether its own training pictures are the reference, is_unseen whether no
    picture is held out that a model is known to have been trained on. note says in a sentence what was taken,
    left_out, its end, which pictures were not, empty where all were. The indices (n,) are those in the data
    sets that the pictures came from.
    """

    held_out: NDArray[np.uint8]
    held_out_indices: NDArray[np.int64]
    reference: NDArray[np.uint8]
    reference_indices: NDArray[np.int64]
    reference_name: str
    trained_on: tuple[bool, ...]
    is_unseen: bool
    note: str
    left_out: str = ""

    @property
    def training(self) -> bool:
        """Whether the reference are pictures that at least one of the models was trained on."""
        return any(self.trained_on)


def make_subject(name: str, codec: Codec, stats: CodeStatistics) -> Subject:
    """A model as a subject: it has a prior when it is one of the variational kind."""
    return Subject(name, codec, stats, is_variational(codec.config.objective))


def told_apart(names: Sequence[str]) -> tuple[str, str]:
    """Two models' names as a page calls them, with their order where they are equal."""
    first, second = names
    if first == second:
        return tr("{name} (first)", name=first), tr("{name} (second)", name=second)
    return first, second


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
    trainings: Sequence[ImageDataset] = (),
    most_held_out: int = MOST_HELD_OUT,
    most_reference: int = MOST_REFERENCE,
) -> Generator[EncodeProgress, None, Material]:
    """The pictures for a comparison of runs on dataset; yields how far the search for copies is.

    Held out are those that no run was trained on: of its own data its validation share, of other data all,
    in both cases without pictures that are among the training pictures byte for byte. trainings are the data
    of runs that were trained on others than dataset. The reference are pictures that runs were trained on: of
    dataset, or else of the first of trainings. Without such pictures dataset is halved. Raises: DataError for
    fewer than four pictures.
    """
    count, name = len(dataset), dataset.identity.name
    if count < FEWEST:
        raise DataError(tr("{name} has too few pictures to compare models on.", name=name))
    everything = np.arange(count)
    seen = _trained_on(dataset, runs)
    marked = [(dataset, seen), *((source, _trained_on(source, runs)) for source in trainings)]
    trained = [Part(source, np.flatnonzero(mask)) for source, mask in marked if mask.any()]
    halves = Part(dataset, everything[1::2]), Part(dataset, everything[::2])
    unseen, reference = (Part(dataset, np.flatnonzero(~seen)), trained[0]) if trained else halves
    held, left_out = yield from _apart(unseen, trained or [reference], is_training=bool(trained))
    is_unseen = not seen.any() or len(held) >= FEWEST_HELD_OUT
    if not is_unseen:
        unseen, reference = halves
        held, left_out = yield from _apart(unseen, [reference], is_training=False)
    trained_on = tuple(_is_of(run, reference.dataset) for run in runs)
    words = {
        "held": min(len(held), most_held_out),
        "name": name,
        "count": min(len(reference.indices), most_reference),
        "training": reference.dataset.identity.name,
    }
    if not is_unseen:
        note = tr(
            "The runs hold out fewer than {fewest} pictures in common: half of {name} is measured on,"
            " half is the reference; pictures that were trained on are among both, and errors are lower"
            " than on new pictures.",
            fewest=FEWEST_HELD_OUT,
            name=name,
        )
    elif seen.any():
        note = tr(
            "{held} pictures of {name} that no run was trained on, held against {count} that were.", **words
        )
    elif trained and all(trained_on):
        note = tr(
            "{held} pictures of {name}, which is not the data of the runs, held against {count} of"
            " {training}, which is.",
            **words,
        )
    elif trained:
        note = tr(
            "{held} pictures of {name}, which is not the data of the runs, held against {count} of"
            " {training}, which one of them was trained on.",
            **words,
        )
    else:
        note = tr(
            "{name} is not the data of the runs, and what they were trained on is not at hand: half of"
            " it is measured on, the other half is the reference, and nothing can be said of copies of"
            " training pictures.",
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
    shown_against = reference.indices[spread_indices(len(reference.indices), most_reference)]
    return Material(
        dataset.pictures(held),
        held.astype(np.int64),
        reference.dataset.pictures(shown_against),
        shown_against.astype(np.int64),
        reference.dataset.identity.name,
        trained_on,
        is_unseen,
        f"{note} {left_out}".rstrip(),
        left_out,
    )


def _trained_on(dataset: ImageDataset, runs: Sequence[Run]) -> NDArray[np.bool_]:
    """Which pictures (n,) any of the runs was trained on."""
    seen = np.zeros(len(dataset), np.bool_)
    for run in runs:
        if _is_of(run, dataset):
            kept, _ = split_indices(len(dataset), run.config.train.val_fraction, run.config.train.seed)
            seen[kept] = True
    return seen


def _is_of(run: Run, dataset: ImageDataset) -> bool:
    """Whether a run is known to have been trained on pictures of dataset; of an imported one nothing is."""
    return run.config.imported is None and run.config.data.fingerprint == dataset.identity.fingerprint


def _apart(
    candidates: Part, known: Sequence[Part], is_training: bool
) -> Generator[EncodeProgress, None, tuple[NDArray[np.int64], str]]:
    """Those of candidates that are none of the known pictures, each picture once; and what went, in words."""
    total = len(candidates.indices)
    everything = total + sum(len(part.indices) for part in known)
    digests: list[bytes] = []
    for digest in _digests(candidates):
        digests.append(digest)
        if len(digests) % BLOCK == 0:
            yield _looked_at(len(digests), everything)
    wanted, found, done = set(digests), set[bytes](), total
    for part in known:  # which may have a million pictures, and passes by
        for digest in _digests(part):
            if digest in wanted:
                found.add(digest)
            done += 1
            if done % BLOCK == 0:
                yield _looked_at(done, everything)
    firsts = {digest: place for place, digest in reversed(list(enumerate(digests)))}
    kept = sorted(place for digest, place in firsts.items() if digest not in found)
    copies = sum(digest in found for digest in digests)
    repeats = total - copies - len(kept)
    parts = []
    if copies and is_training:
        parts.append(
            tr(
                "{count} of the {total} pictures are training pictures of the runs and are left out.",
                count=copies,
                total=total,
            )
        )
    elif copies:
        parts.append(
            tr(
                "{count} of the {total} pictures to measure on are in the reference too and are left out.",
                count=copies,
                total=total,
            )
        )
    if repeats:
        parts.append(
            tr(
                "{count} of the {total} pictures are there before and are left out.",
                count=repeats,
                total=total,
            )
        )
    return candidates.indices[kept], " ".join(parts)


def _looked_at(done: int, total: int) -> EncodeProgress:
    return EncodeProgress(
        done,
        total,
        tr("Looking for training pictures among these: {done} of {total}", done=done, total=total),
    )


def _digests(part: Part) -> Iterator[bytes]:
    """A hash of each picture's bytes."""
    for start in range(0, len(part.indices), BLOCK):
        for picture in part.dataset.pictures(part.indices[start : start + BLOCK]):
            yield hashlib.blake2b(picture.data, digest_size=16).digest()
