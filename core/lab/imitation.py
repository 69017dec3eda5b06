"""Whether samples are new pictures or copies: their distance to the nearest training pictures.

Whatever is smooth lies near to everything, so samples can be nearer to training pictures than new pictures
are without being like any of them. The control is what the same decoder makes of pictures that were held out:
just as smooth, and new. Only samples that are nearer than those too are called imitation.
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
from core.lab.subjects import Material, Subject, check_subjects
from core.translate import tr

MOST_COMPARED = 500
SHOWN_SAMPLES = 8
SHOWN_NEIGHBOURS = 3
RESAMPLED = 1000
CLEAR_Z = 1.959964  # of a standardised statistic: beyond it chance is below 5 %
LEAST_NEARER = 0.05  # of a distance: a model whose pictures are all alike is 0.003 nearer, and clearly so


class Copying(Enum):
    """What two comparisons say of samples: with held-out pictures, and with reconstructions of those."""

    IMITATES = "imitates"  # nearer to training pictures than either
    SMOOTH = "smooth"  # nearer than held-out pictures, but their reconstructions are so too
    LEANS = "leans"  # nearer than the reconstructions alone
    NEW = "new"  # nearer than neither
    UNKNOWN = "unknown"  # the others' own distances are about 0: nothing to hold samples against


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
        return self.z < -CLEAR_Z and self.high < 1.0 and self.ratio <= 1.0 - LEAST_NEARER

    @property
    def is_farther(self) -> bool:
        """Whether samples are farther than the others, by both numbers."""
        return self.z > CLEAR_Z and self.low > 1.0


@dataclass(frozen=True, eq=False)
class Imitation:
    """One model's samples beside their nearest training pictures, in standard deviations of features.

    samples (k,H,W,C), neighbours (k,3,H,W,C) and neighbour_indices (k,3), numbers in the reference's own
    data. distances (n,) are of all samples, decoded (m,) of the model's reconstructions of held-out pictures;
    nearness holds the samples against held-out pictures, control against those reconstructions. nearer is the
    share of samples nearer than 99 % of held-out pictures are.
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
    nearer: float

    @property
    def copying(self) -> Copying:
        """What the numbers say."""
        if math.isnan(self.nearness.ratio) or math.isnan(self.control.ratio):
            return Copying.UNKNOWN
        if self.control.is_nearer:
            return Copying.IMITATES if self.nearness.is_nearer else Copying.LEANS
        return Copying.SMOOTH if self.nearness.is_nearer else Copying.NEW


@dataclass(frozen=True, eq=False)
class ImitationStudy:
    """All subjects' samples, and what held-out pictures' distances to the same reference are (n,).

    training says whether the reference was trained on: otherwise nothing is said of copies.
    """

    subjects: tuple[Imitation, ...]
    held_out: NDArray[np.float64]
    training: bool
    seed: int


def measure_imitation(
    subjects: Sequence[Subject],
    material: Material,
    space: Callable[[], FeatureSpace] | None = None,
    most: int = MOST_COMPARED,
    seed: int = 0,
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, ImitationStudy]:
    """Sample each subject from its own source and look up the nearest real pictures of the reference.

    The same is done with its reconstructions of held-out pictures, for the control.
    Meehan, Chaudhuri and Dasgupta 2020 (arXiv:2004.05675): Mann and Whitney's U of the samples' distances and
    those of held-out pictures, standardised: (U - nm/2) / sqrt(nm (n+m+1) / 12). Raises: ModelError for
    another shape, DataError for too few pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    if len(material.held_out) < 2 or len(material.reference) <= SHOWN_NEIGHBOURS:
        raise DataError(tr("There are too few pictures to look for copies among."))
    held = material.held_out[spread_indices(len(material.held_out), most)]
    layout = {"held out": Layout((len(held),), low=0.0)}
    for number in range(len(subjects)):
        shown = min(SHOWN_SAMPLES, most)
        layout |= {
            f"distances/{number}": Layout((most,), low=0.0),
            f"decoded/{number}": Layout((len(held),), low=0.0),
            f"samples/{number}": Layout.pictures(shown, *held.shape[1:]),
            f"rows/{number}": Layout.numbers(shown, SHOWN_NEIGHBOURS, end=len(material.reference)),
        }
    arrays = yield from kept_or_measured(
        kept, "imitation", [most, seed], layout, _measured(subjects, material, held, space, most, seed)
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
                float((own < np.quantile(usual, 0.01)).mean()),
            )
        )
    return ImitationStudy(tuple(found), usual, material.training, seed)


def _source(subject: Subject) -> CodeSource:
    return CodeSource.PRIOR if subject.has_prior else CodeSource.FITTED


def _measured(
    subjects: Sequence[Subject],
    material: Material,
    held: NDArray[np.uint8],
    space: Callable[[], FeatureSpace] | None,
    most: int,
    seed: int,
) -> Generator[EncodeProgress, None, Arrays]:
    """Distances to the nearest of the reference: of held-out pictures, their reconstructions, and samples."""
    total = 1 + len(subjects)
    yield EncodeProgress(0, total, tr("Real pictures against each other"))
    features = space() if space is not None else fit_features(material.reference, seed=seed)
    reference = features.reference
    found: Arrays = {"held out": nearest(features.of(held), reference)[0][:, 0]}
    for number, subject in enumerate(subjects):
        yield EncodeProgress(
            1 + number, total, tr("Samples of {name} beside real pictures", name=subject.name)
        )
        samples = subject.codec.decode(drawn_codes(subject, _source(subject), most, seed))
        distances, rows = nearest(features.of(samples), reference, SHOWN_NEIGHBOURS)
        decoded = nearest(features.of(subject.codec.reconstruct(held)), reference)[0][:, 0]
        found |= {
            f"distances/{number}": distances[:, 0],
            f"decoded/{number}": decoded,
            f"samples/{number}": samples[:SHOWN_SAMPLES],
            f"rows/{number}": rows[:SHOWN_SAMPLES],
        }
    yield EncodeProgress(total, total, tr("Copies looked for"))
    return found


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
