"""Whether samples are new pictures or copies: their distance to the nearest training pictures."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress, spread_indices
from core.errors import DataError
from core.lab.features import FeatureSpace, fit_features
from core.lab.ghosts import auc_of
from core.lab.neighbours import nearest
from core.lab.sampling import CodeSource, drawn_codes
from core.lab.subjects import Material, Subject, check_subjects
from core.translate import tr

MOST_COMPARED = 500
SHOWN_SAMPLES = 8
SHOWN_NEIGHBOURS = 3
RESAMPLED = 1000


@dataclass(frozen=True, eq=False)
class Imitation:
    """One model's samples beside their nearest training pictures, in standard deviations of features.

    samples (k,H,W,C), neighbours (k,3,H,W,C) and neighbour_indices (k,3), numbers in the reference's own
    data. distances (n,) are of all samples, ratio the samples' median distance over that of held-out pictures
    with its 95 % interval. z is Meehan's statistic: far below 0, samples lie nearer to training pictures than
    new pictures do, which is copying or averaging; far above, they lie farther. nearer is the share of
    samples nearer than 99 % of held-out pictures are.
    """

    name: str
    source: CodeSource
    samples: NDArray[np.uint8]
    neighbours: NDArray[np.uint8]
    neighbour_indices: NDArray[np.int64]
    distances: NDArray[np.float64]
    ratio: float
    ratio_low: float
    ratio_high: float
    z: float
    nearer: float


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
    space: FeatureSpace | None = None,
    most: int = MOST_COMPARED,
    seed: int = 0,
) -> Generator[EncodeProgress, None, ImitationStudy]:
    """Sample each subject from its own source and look up the nearest real pictures of the reference.

    Meehan, Chaudhuri and Dasgupta 2020 (arXiv:2004.05675): Mann and Whitney's U of the samples' distances and
    those of held-out pictures, standardised: (U - nm/2) / sqrt(nm (n+m+1) / 12). Raises: ModelError for
    another shape, DataError for too few pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    if len(material.held_out) < 2 or len(material.reference) <= SHOWN_NEIGHBOURS:
        raise DataError(tr("There are too few pictures to look for copies among."))
    total = 1 + len(subjects)
    yield EncodeProgress(0, total, tr("Real pictures against each other"))
    if space is None:
        space = fit_features(material.reference, seed=seed)
    reference = space.reference
    held = material.held_out[spread_indices(len(material.held_out), most)]
    usual = nearest(space.of(held), reference)[0][:, 0]
    found = []
    for done, subject in enumerate(subjects, 1):
        yield EncodeProgress(done, total, tr("Samples of {name} beside real pictures", name=subject.name))
        source = CodeSource.PRIOR if subject.has_prior else CodeSource.FITTED
        samples = subject.codec.decode(drawn_codes(subject, source, most, seed))
        distances, rows = nearest(space.of(samples), reference, SHOWN_NEIGHBOURS)
        own = distances[:, 0]
        low, high = _ratio_interval(own, usual, seed)
        shown = rows[:SHOWN_SAMPLES]
        found.append(
            Imitation(
                subject.name,
                source,
                samples[:SHOWN_SAMPLES],
                material.reference[shown],
                material.reference_indices[shown],
                own,
                float(np.median(own) / max(np.median(usual), 1e-12)),
                low,
                high,
                copying_z(own, usual),
                float((own < np.quantile(usual, 0.01)).mean()),
            )
        )
    yield EncodeProgress(total, total, tr("Copies looked for"))
    return ImitationStudy(tuple(found), usual, material.training, seed)


def copying_z(samples: NDArray[np.floating], held_out: NDArray[np.floating]) -> float:
    """Meehan's Z of distances (n,) and (m,): below -2 samples are nearer than chance would have them."""
    n, m = len(samples), len(held_out)
    u = auc_of(held_out, samples) * n * m
    return (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def _ratio_interval(
    samples: NDArray[np.float64], held_out: NDArray[np.float64], seed: int
) -> tuple[float, float]:
    """The 95 % interval of the ratio of medians, from both drawn again with replacement (Efron 1979)."""
    random = np.random.default_rng(seed)
    medians = [
        np.median(values[random.integers(len(values), size=(RESAMPLED, len(values)))], axis=1)
        for values in (samples, held_out)
    ]
    low, high = np.quantile(medians[0] / np.maximum(medians[1], 1e-12), [0.025, 0.975])
    return float(low), float(high)
