"""All measures of the laboratory of two models at once, on the same real pictures, as one value."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.lab.betweens import STRIP_STEPS, BetweensStudy, measure_betweens, strip
from core.lab.blur import BlurStudy, measure_blur
from core.lab.damages import DamageStudy, equal_damages
from core.lab.features import FeatureSpace, fit_features
from core.lab.imitation import ImitationStudy, measure_imitation
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.noise import NoiseStudy, measure_noise, noisy_picture
from core.lab.sampling import SamplingStudy, check_enough, measure_samples
from core.lab.spread import Spread, Verdict, better, spread_of
from core.lab.subjects import Material, Subject, check_subjects
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

    @property
    def betweens_verdict(self) -> Verdict:
        """Whose in-betweens are better: nobody's where a model does not use its code."""
        return self.betweens.verdict if self.noise.uses_codes else Verdict.UNCERTAIN

    def samples_verdict(self, way: str) -> Verdict:
        """Whose samples are better, way as in SamplingStudy; nobody's where a lower distance is no merit."""
        number = self.sampling.ahead(way)
        if number is None or self.sampling.is_hollow(way) or not self.noise.curves[number].uses_code:
            return Verdict.UNCERTAIN
        return self.sampling.verdicts[way]


def measure_study(
    subjects: tuple[Subject, Subject],
    material: Material,
    picture: NDArray[np.uint8] | None = None,
    place: tuple[int, int] | None = None,
    seed: int = 0,
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, Study]:
    """Run every measure on two subjects; picture (H,W,C) is damaged, at place, without it a held-out one.

    What is kept is not measured again, and what was measured is kept. A minute on two cores for 64x64
    pictures. Raises: ModelError for pictures of another shape, DataError for too few of them.
    """

    check_subjects(subjects, material.held_out.shape[1:])
    check_enough(material)  # before minutes of work

    @cache
    def space() -> FeatureSpace:
        return fit_features(material.reference, seed=seed)

    noise = yield from measure_noise(subjects, material.held_out, seed=seed, kept=kept)
    blur = yield from measure_blur(subjects, material.held_out, kept=kept)
    betweens = yield from measure_betweens(subjects, material, space, seed=seed, kept=kept)
    sampling = yield from measure_samples(subjects, material, space, seed=seed, kept=kept)
    imitation = yield from measure_imitation(subjects, material, space, seed=seed, kept=kept)
    shown = material.held_out[0] if picture is None else picture
    pairs = [(int(a), int(b)) for a, b in betweens.pairs[:STRIPS]]
    shape = shown.shape
    layout = {
        "errors": Layout((len(subjects), len(material.held_out)), low=0.0),
        "strips": Layout.pictures(len(pairs), len(subjects), STRIP_STEPS, *shape),
        "noisy": Layout.pictures(len(subjects), len(SHOWN_SIGMAS), *shape),
    }
    whose = hashlib.sha256(np.ascontiguousarray(shown).data).hexdigest()
    found = yield from kept_or_measured(
        kept, "figures", [whose, pairs, seed], layout, _figures(subjects, material, shown, pairs, seed)
    )
    errors, noisy = found["errors"], found["noisy"]
    difference = spread_of(errors[0] - errors[1])
    return Study(
        subjects,
        material,
        errors,
        difference,
        better(difference),
        noise,
        (noisy[0], noisy[1]),
        betweens,
        tuple(
            Strip(subject.name, pair, found["strips"][place, number])
            for place, pair in enumerate(pairs)
            for number, subject in enumerate(subjects)
        ),
        sampling,
        imitation,
        equal_damages(shown, seed, place),
        blur,
        sampling.features,
        seed,
    )


def _figures(
    subjects: tuple[Subject, Subject],
    material: Material,
    shown: NDArray[np.uint8],
    pairs: list[tuple[int, int]],
    seed: int,
) -> Generator[EncodeProgress, None, Arrays]:
    """Errors of all held-out pictures, interpolations of some pairs of them, and one picture under noise."""
    yield EncodeProgress(0, 1, tr("Reconstructing the pictures that were held out"))
    return {
        "errors": np.stack([one.codec.errors(material.held_out) for one in subjects]).astype(np.float64),
        "strips": np.stack(
            [[strip(subject, *material.held_out[list(pair)]) for subject in subjects] for pair in pairs]
        ),
        "noisy": np.stack(
            [
                [noisy_picture(subject, shown, sigma, seed)[0] for sigma in SHOWN_SIGMAS]
                for subject in subjects
            ]
        ),
    }
