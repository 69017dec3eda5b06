"""How much noise on the code a model stands: reconstruction error against the noise's size."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress, spread_indices
from core.lab.spread import Spread, Verdict, better, spread_of
from core.lab.subjects import Subject, check_subjects
from core.translate import tr

SIGMAS = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
NOISE_PICTURES = 256


@dataclass(frozen=True, eq=False)
class NoiseCurve:
    """One model's mean squared error in [-1,1] of each picture at each size of noise, (S, n).

    rise is the error that the noise adds, at each size as a spread over the pictures; low and high (S,) are
    the 10 % and 90 % quantiles of the error itself.
    """

    name: str
    errors: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rise: tuple[Spread, ...]


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """The curves of all subjects over the same sizes of noise, in standard deviations of each one's codes.

    verdicts and differences (first - second) compare the first two at each size, over the same pictures.
    rise_differences and rise_verdicts compare what the noise adds.
    """

    sigmas: tuple[float, ...]
    curves: tuple[NoiseCurve, ...]
    differences: tuple[Spread, ...]
    verdicts: tuple[Verdict, ...]
    rise_differences: tuple[Spread, ...]
    rise_verdicts: tuple[Verdict, ...]
    seed: int


def noisy_codes(subject: Subject, z: NDArray[np.float32], sigma: float, seed: int) -> NDArray[np.float32]:
    """z (n,D) or (D,) + sigma * std_d * e with e from N(0, 1), std_d the deviation of the data's codes.

    The same seed gives the same e to every model with codes of the same length.
    """
    e = np.random.default_rng(seed).standard_normal(z.shape, np.float32)
    return (z + np.float32(sigma) * subject.stats.std * e).astype(np.float32)


def noisy_picture(
    subject: Subject, picture: NDArray[np.uint8], sigma: float, seed: int
) -> tuple[NDArray[np.uint8], float]:
    """One picture (H,W,C) decoded from its code with noise, and its mean squared error in [-1,1]."""
    z = noisy_codes(subject, subject.codec.encode(picture[np.newaxis]), sigma, seed)
    error = float(subject.codec.errors(picture[np.newaxis], z)[0])
    return subject.codec.decode(z)[0], error


def measure_noise(
    subjects: Sequence[Subject],
    pictures: NDArray[np.uint8],
    sigmas: Sequence[float] = SIGMAS,
    most: int = NOISE_PICTURES,
    seed: int = 0,
) -> Generator[EncodeProgress, None, NoiseStudy]:
    """The error of decode(z + sigma * std * e) against the picture, for at most `most` of the pictures.

    Vincent et al. 2008 asked this of the input; a vae is trained on it for the code (Kingma and Welling
    2013). Raises: ModelError for pictures of another shape.
    """
    check_subjects(subjects, pictures.shape[1:])
    pictures = pictures[spread_indices(len(pictures), most)]
    total, done = len(subjects) * len(sigmas), 0
    curves: list[NoiseCurve] = []
    for subject in subjects:
        z = subject.codec.encode(pictures)
        errors = np.empty((len(sigmas), len(pictures)))
        for row, sigma in enumerate(sigmas):
            errors[row] = subject.codec.errors(pictures, noisy_codes(subject, z, sigma, seed))
            done += 1
            yield EncodeProgress(done, total, tr("Noise on the codes of {name}", name=subject.name))
        still = subject.codec.errors(pictures, z).astype(np.float64)
        curves.append(
            NoiseCurve(
                subject.name,
                errors,
                errors.mean(axis=1),
                np.quantile(errors, 0.1, axis=1),
                np.quantile(errors, 0.9, axis=1),
                tuple(spread_of(row - still) for row in errors),
            )
        )
    pairs = list(zip(curves[0].errors, curves[1].errors, strict=True)) if len(curves) > 1 else []
    differences = tuple(spread_of(a - b) for a, b in pairs)
    rises = tuple(spread_of((a - pairs[0][0]) - (b - pairs[0][1])) for a, b in pairs)
    return NoiseStudy(
        tuple(float(sigma) for sigma in sigmas),
        tuple(curves),
        differences,
        tuple(better(difference) for difference in differences),
        rises,
        tuple(better(difference) for difference in rises),
        seed,
    )
