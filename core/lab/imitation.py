"""Whether samples are new pictures or copies: their distance to the nearest training pictures.

Whatever is smooth lies near to everything, so samples can be nearer to training pictures than new pictures
are without being like any of them. The control is what the same decoder makes of pictures that were held out:
just as smooth, and new. Only samples that are nearer than those too are called imitation.

The control is none where the decoder gives training pictures back for whatever it is asked. It then knows
training pictures, whose reconstructions are nearest to themselves, and not new ones, whose reconstructions
are nearest to a training picture. A decoder that is merely smooth treats both alike.
"""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from core.batches import spread_indices
from core.encoding import EncodeProgress
from core.errors import DataError
from core.lab.features import LEAST_DISTANCE, FeatureSpace, fit_features
from core.lab.ghosts import auc_of
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.neighbours import nearest
from core.lab.sampling import CodeSource, drawn_codes
from core.lab.spread import Z95
from core.lab.subjects import Material, Subject, check_subjects
from core.translate import tr

MOST_COMPARED = 500
SHOWN_SAMPLES = 8
SHOWN_NEIGHBOURS = 3
RESAMPLED = 1000
LEAST_NEARER = 0.05  # of a distance: a model whose pictures are all alike is 0.003 nearer, and clearly so
LEAST_RECALLED = 0.25  # of pictures: an honest network knows training pictures a little better than new ones


class Copying(Enum):
    """What two comparisons say of samples: with held-out pictures, and with reconstructions of those."""

    IMITATES = "imitates"  # nearer to training pictures than either, or than held-out ones and recalled
    SMOOTH = "smooth"  # nearer than held-out pictures, but their reconstructions are so too
    LEANS = "leans"  # nearer than the reconstructions alone, or than neither by a decoder that recalls
    NEW = "new"  # surely nearer than neither by enough to matter
    OPEN = "open"  # not nearer, but the intervals leave room for it
    UNKNOWN = "unknown"  # the others' own distances are about 0: nothing to hold samples against
    FOREIGN = "foreign"  # the reference is not what the model was trained on
    SEEN = "seen"  # pictures that were trained on are among those held out


@dataclass(frozen=True)
class Nearness:
    """Samples' distances to training pictures, held against those of other pictures.

    ratio is that of the medians, with its 95 % interval low to high; z is Meehan's statistic: far below 0
    samples lie nearer to training pictures than the others do, far above farther. ratio, low and high are nan
    where the others lie at a distance of about 0.
    """

    ratio: float
    low: float
    high: float
    z: float

    @property
    def is_nearer(self) -> bool:
        """Whether samples are nearer than the others, by both numbers, and by enough to matter."""
        return self.z < -Z95 and self.high < 1.0 and self.ratio <= 1.0 - LEAST_NEARER

    @property
    def is_farther(self) -> bool:
        """Whether samples are farther than the others, by both numbers."""
        return self.z > Z95 and self.low > 1.0

    @property
    def is_surely_no_nearer(self) -> bool:
        """Whether it can be ruled out that samples are nearer than the others by enough to matter."""
        return self.is_farther or self.low >= 1.0 - LEAST_NEARER


@dataclass(frozen=True)
class Recall:
    """How often reconstructions lie nearer to a training picture than to the picture that they are of.

    held_out is the share among pictures that were held out, known that among training pictures, by another
    one; low is the lower end of the 95 % interval of their difference. gap is the median distance of the
    reconstructions of held-out pictures to the nearest training picture.
    """

    held_out: float
    known: float
    low: float
    gap: float

    @property
    def is_exact(self) -> bool:
        """Whether reconstructions of held-out pictures are training pictures."""
        return self.gap < LEAST_DISTANCE

    @property
    def gives_back(self) -> bool:
        """Whether the decoder gives training pictures back even for new ones: as a rule, and for those alone.

        A smooth reconstruction may lie nearer to some other picture too, but no more so of a new picture.
        """
        return self.is_exact or (self.held_out > 0.5 and self.low > LEAST_RECALLED)


@dataclass(frozen=True, eq=False)
class Imitation:
    """One model's samples beside their nearest training pictures, in standard deviations of features.

    samples (k,H,W,C), neighbours (k,3,H,W,C) and neighbour_indices (k,3), numbers in the reference's own
    data. distances (n,) are of all samples, decoded (m,) of the model's reconstructions of held-out pictures;
    nearness holds the samples against held-out pictures, control against those reconstructions; recall says
    whether that control is one. nearer is the share of samples nearer than 99 % of held-out pictures are.
    trained_on and is_unseen are the material's: without both nothing is said.
    """

    name: str
    source: CodeSource
    samples: NDArray[np.uint8]
    neighbours: NDArray[np.uint8]
    neighbour_indices: NDArray[np.int64]
    distances: NDArray[np.float64]
    decoded: NDArray[np.float64]
    nearness: Nearness
    control: Nearness
    recall: Recall
    nearer: float
    trained_on: bool
    is_unseen: bool

    @property
    def copying(self) -> Copying:
        """What the numbers say."""
        if not self.trained_on:
            return Copying.FOREIGN
        if not self.is_unseen:
            return Copying.SEEN
        if math.isnan(self.nearness.ratio):
            return Copying.UNKNOWN
        if self.recall.gives_back or self.control.is_nearer:
            return Copying.IMITATES if self.nearness.is_nearer else Copying.LEANS
        if math.isnan(self.control.ratio):
            return Copying.UNKNOWN
        if self.nearness.is_nearer:
            return Copying.SMOOTH
        return Copying.NEW if self.nearness.is_surely_no_nearer else Copying.OPEN


@dataclass(frozen=True, eq=False)
class ImitationStudy:
    """All subjects' samples, and what held-out pictures' distances to the same reference are (n,)."""

    subjects: tuple[Imitation, ...]
    held_out: NDArray[np.float64]
    seed: int

    @property
    def training(self) -> bool:
        """Whether every subject was trained on the reference."""
        return all(one.trained_on for one in self.subjects)


def measure_imitation(
    subjects: Sequence[Subject],
    material: Material,
    space: Callable[[], FeatureSpace] | None = None,
    most: int = MOST_COMPARED,
    seed: int = 0,
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, ImitationStudy]:
    """Sample each subject from its own source and look up the nearest real pictures of the reference.

    The same is done with its reconstructions of held-out pictures, for the control, and with those of
    reference pictures, which say whether that is one.
    Meehan, Chaudhuri and Dasgupta 2020 (arXiv:2004.05675): Mann and Whitney's U of the samples' distances and
    those of held-out pictures, standardised: (U - nm/2) / sqrt(nm (n+m+1) / 12). Raises: ModelError for
    another shape, DataError for too few pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    if len(material.held_out) < 2 or len(material.reference) <= SHOWN_NEIGHBOURS:
        raise DataError(tr("There are too few pictures to look for copies among."))
    held = material.held_out[spread_indices(len(material.held_out), most)]
    known = spread_indices(len(material.reference), most)
    layout = {"held out": Layout((len(held),), low=0.0)}
    for number in range(len(subjects)):
        shown = min(SHOWN_SAMPLES, most)
        layout |= {
            f"distances/{number}": Layout((most,), low=0.0),
            f"decoded/{number}": Layout((len(held),), low=0.0),
            f"own/{number}": Layout((len(held),), low=0.0),
            f"known/{number}": Layout((2, len(known)), low=0.0),
            f"samples/{number}": Layout.pictures(shown, *held.shape[1:]),
            f"rows/{number}": Layout.numbers(shown, SHOWN_NEIGHBOURS, end=len(material.reference)),
        }
    arrays = yield from kept_or_measured(
        kept,
        "imitation",
        ["recall", most, seed],
        layout,
        _measured(subjects, material, held, known, space, most, seed),
    )
    usual = arrays["held out"]
    found = []
    for number, subject in enumerate(subjects):
        own, decoded, samples, rows = (
            arrays[f"{name}/{number}"] for name in ("distances", "decoded", "samples", "rows")
        )
        found.append(
            Imitation(
                subject.name,
                _source(subject),
                samples,
                material.reference[rows],
                material.reference_indices[rows],
                own,
                decoded,
                held_against(own, usual, seed),
                held_against(own, decoded, seed),
                recall_of(decoded, arrays[f"own/{number}"], *arrays[f"known/{number}"]),
                float((own < np.quantile(usual, 0.01)).mean()),
                material.trained_on[number],
                material.is_unseen,
            )
        )
    return ImitationStudy(tuple(found), usual, seed)


def _source(subject: Subject) -> CodeSource:
    return CodeSource.PRIOR if subject.has_prior else CodeSource.FITTED


def _measured(
    subjects: Sequence[Subject],
    material: Material,
    held: NDArray[np.uint8],
    known: NDArray[np.int64],
    space: Callable[[], FeatureSpace] | None,
    most: int,
    seed: int,
) -> Generator[EncodeProgress, None, Arrays]:
    """Distances to the nearest of the reference: of held-out pictures, their reconstructions, and samples.

    own are those of the reconstructions to their own originals; known those of the reconstructions of known,
    rows of the reference, to their own originals and to the nearest others.
    """
    total = 1 + len(subjects)
    yield EncodeProgress(0, total, tr("Real pictures against each other"))
    features = space() if space is not None else fit_features(material.reference, seed=seed)
    reference = features.reference
    new = features.of(held)
    found: Arrays = {"held out": nearest(new, reference)[0][:, 0]}
    for number, subject in enumerate(subjects):
        yield EncodeProgress(
            1 + number, total, tr("Samples of {name} beside real pictures", name=subject.name)
        )
        samples = subject.codec.decode(drawn_codes(subject, _source(subject), most, seed))
        distances, rows = nearest(features.of(samples), reference, SHOWN_NEIGHBOURS)
        decoded = features.of(subject.codec.reconstruct(held))
        again = features.of(subject.codec.reconstruct(material.reference[known]))
        near, who = nearest(again, reference, 2)
        others = np.where(who[:, 0] == known, near[:, 1], near[:, 0])
        found |= {
            f"distances/{number}": distances[:, 0],
            f"decoded/{number}": nearest(decoded, reference)[0][:, 0],
            f"own/{number}": _apart(decoded, new),
            f"known/{number}": np.stack([_apart(again, reference[known]), others]),
            f"samples/{number}": samples[:SHOWN_SAMPLES],
            f"rows/{number}": rows[:SHOWN_SAMPLES],
        }
    yield EncodeProgress(total, total, tr("Copies looked for"))
    return found


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """The distance (n,) of each of a to the same of b."""
    return np.linalg.norm(a.astype(np.float64) - b, axis=1)


def recall_of(
    decoded: NDArray[np.float64],
    own: NDArray[np.float64],
    known_own: NDArray[np.float64],
    known_others: NDArray[np.float64],
) -> Recall:
    """What a decoder recalls: of reconstructions of held-out pictures (m,) the distances to the nearest
    training pictures and to their originals, of those of training pictures (k,) to their originals and to the
    nearest others.
    """
    held_out, known = float((decoded < own).mean()), float((known_others < known_own).mean())
    # of a share of n with one more of each kind, so that 16 of 16 are not taken for certain (Agresti and
    # Caffo 2000)
    n, m = len(decoded) + 2, len(known_own) + 2
    p, q = (held_out * (n - 2) + 1) / n, (known * (m - 2) + 1) / m
    low = p - q - Z95 * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return Recall(held_out, known, low, float(np.median(decoded)))


def copying_z(samples: NDArray[np.floating], held_out: NDArray[np.floating]) -> float:
    """Meehan's Z of distances (n,) and (m,): below -2 samples are nearer than chance would have them."""
    n, m = len(samples), len(held_out)
    u = auc_of(held_out, samples) * n * m
    return (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def held_against(samples: NDArray[np.float64], others: NDArray[np.float64], seed: int = 0) -> Nearness:
    """The distances of samples (n,) against those of others (m,).

    The interval is the bootstrap's: both are drawn again with replacement (Efron 1979).
    """
    random = np.random.default_rng(seed)
    medians = [
        np.median(values[random.integers(len(values), size=(RESAMPLED, len(values)))], axis=1)
        for values in (samples, others)
    ]
    z = copying_z(samples, others)
    if min(np.median(others), np.quantile(medians[1], 0.01)) < LEAST_DISTANCE:
        return Nearness(math.nan, math.nan, math.nan, z)
    low, high = np.quantile(medians[0] / np.maximum(medians[1], LEAST_DISTANCE), [0.025, 0.975])
    return Nearness(float(np.median(samples) / np.median(others)), float(low), float(high), z)
