"""All measures of the laboratory of two models at once, on the same real pictures, as one value."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.lab.betweens import BetweensStudy, measure_betweens, strip
from core.lab.blur import BlurStudy, measure_blur
from core.lab.damages import DamageStudy, equal_damages
from core.lab.features import fit_features
from core.lab.ghosts import fit_judge
from core.lab.imitation import ImitationStudy, measure_imitation
from core.lab.noise import NoiseStudy, measure_noise, noisy_picture
from core.lab.sampling import SamplingStudy, measure_samples
from core.lab.spread import Spread, Verdict, better, spread_of
from core.lab.subjects import Material, Subject
from core.translate import tr

STRIPS = 2  # pairs of pictures that the strips are shown of
SHOWN_SIGMAS = (0.0, 0.5, 1.0, 2.0)


@dataclass(frozen=True, eq=False)
class Strip:
    """One model's interpolation (steps,H,W,C) between two held-out pictures."""

    name: str
    pair: tuple[int, int]
    pictures: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Study:
    """What was measured of two subjects. errors (2,n) are their reconstruction errors of all held-out
    pictures.

    noisy holds for each subject one picture under SHOWN_SIGMAS of noise (S,H,W,C).
    """

    subjects: tuple[Subject, Subject]
    material: Material
    errors: NDArray[np.float64]
    error_difference: Spread
    error_verdict: Verdict
    noise: NoiseStudy
    noisy: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    betweens: BetweensStudy
    strips: tuple[Strip, ...]
    sampling: SamplingStudy
    imitation: ImitationStudy
    damages: DamageStudy
    blur: BlurStudy
    feature_count: int
    seed: int


def measure_study(
    subjects: tuple[Subject, Subject],
    material: Material,
    picture: NDArray[np.uint8] | None = None,
    place: tuple[int, int] | None = None,
    seed: int = 0,
) -> Generator[EncodeProgress, None, Study]:
    """Run every measure on two subjects; picture (H,W,C) is damaged, at place, without it a held-out one.

    A minute on two cores for 64x64 pictures. Raises: ModelError for pictures of another shape, DataError for
    too few of them.
    """
    noise = yield from measure_noise(subjects, material.held_out, seed=seed)
    blur = yield from measure_blur(subjects, material.held_out)
    yield EncodeProgress(0, 2, tr("Learning what real pictures look like"))
    space = fit_features(material.reference, seed=seed)
    yield EncodeProgress(1, 2, tr("Learning what a cross-fade looks like"))
    judge = fit_judge(material.reference, material.held_out, seed)
    betweens = yield from measure_betweens(subjects, material, space, judge, seed=seed)
    sampling = yield from measure_samples(subjects, material, space, seed=seed)
    imitation = yield from measure_imitation(subjects, material, space, seed=seed)
    shown = material.held_out[0] if picture is None else picture
    strips = tuple(
        Strip(subject.name, (int(a), int(b)), strip(subject, *material.held_out[[a, b]]))
        for a, b in betweens.pairs[:STRIPS]
        for subject in subjects
    )
    errors = np.stack([subject.codec.errors(material.held_out) for subject in subjects]).astype(np.float64)
    difference = spread_of(errors[0] - errors[1])
    noisy = [
        np.stack([noisy_picture(subject, shown, sigma, seed)[0] for sigma in SHOWN_SIGMAS])
        for subject in subjects
    ]
    return Study(
        subjects,
        material,
        errors,
        difference,
        better(difference),
        noise,
        (noisy[0], noisy[1]),
        betweens,
        strips,
        sampling,
        imitation,
        equal_damages(shown, seed, place),
        blur,
        space.axes.shape[1],
        seed,
    )
