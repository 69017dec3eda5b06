"""How much noise on the code a model stands: reconstruction error against the noise's size."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.batches import spread_indices
from core.encoding import EncodeProgress
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.spread import Spread, Verdict, better, jackknife, spread_of
from core.lab.subjects import Subject, check_subjects
from core.translate import tr

SIGMAS = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
# The size that sentences are about: the code stays its own picture's. At 1 the noise is as large as all that
# codes say, and at 2 it is all that is left.
AT_SIGMA = 0.5
NOISE_PICTURES = 512
DRAWS = 4  # of the noise on each picture's code, of which an error is the mean
USED_SHARE = 0.05  # of the error that a code takes away at least, where it is called used


@dataclass(frozen=True, eq=False)
class NoiseCurve:
    """One model's mean squared error in [-1,1] of each picture at each size of noise, (S, n).

    rise is the error that the noise adds, at each size as a spread over the pictures; low and high (S,) are
    the 10 % and 90 % quantiles of the error itself. unread is the error where every picture is given the same
    code, the mean of the data's; gain is what a picture's own code takes away from that, and lost the share
    of the gain that each size of noise takes back: 0 none of it, 1 all of it.
    """

    name: str
    errors: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rise: tuple[Spread, ...]
    unread: Spread
    gain: Spread
    lost: tuple[Spread, ...]

    @property
    def gain_share(self) -> float:
        """The share of the error that a picture's own code takes away."""
        return self.gain.mean / max(self.unread.mean, 1e-12)

    @property
    def uses_code(self) -> bool:
        """Whether pictures are reconstructed from their codes at all.

        A decoder that ignores its code, as after posterior collapse, stands any noise: there is nothing to
        spoil, and that is no tolerance. The same decoder with one code for all pictures is the test of it,
        since only the code differs: how good or sharp its pictures are leaves both errors alike. The code
        counts as used where it takes a twentieth of that error away, by an interval without 0. Eight epochs
        on 4,050 real faces take 44 % (vae) and 58 % (ae) away, first weights about nothing.
        """
        return self.gain.low > 0.0 and self.gain_share >= USED_SHARE


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """The curves of all subjects over the same sizes of noise, each in the spread of its own codes.

    verdicts and differences (first - second) compare the first two at each size, over the same pictures.
    rise_differences and rise_verdicts compare what the noise adds, lost_differences and lost_verdicts which
    share of the code's gain it takes. None of them tells who tolerates noise unless uses_codes.
    """

    sigmas: tuple[float, ...]
    curves: tuple[NoiseCurve, ...]
    differences: tuple[Spread, ...]
    verdicts: tuple[Verdict, ...]
    rise_differences: tuple[Spread, ...]
    rise_verdicts: tuple[Verdict, ...]
    lost_differences: tuple[Spread, ...]
    lost_verdicts: tuple[Verdict, ...]
    seed: int

    @property
    def row(self) -> int:
        """The row of the size of noise that sentences are about."""
        return min(range(len(self.sigmas)), key=lambda row: abs(self.sigmas[row] - AT_SIGMA))

    @property
    def verdict(self) -> Verdict:
        """Who tolerates that noise better; both measures of it agree, and both models use their codes."""
        rise, lost = self.rise_verdicts[self.row], self.lost_verdicts[self.row]
        return rise if self.uses_codes and rise is lost else Verdict.UNCERTAIN

    @property
    def uses_codes(self) -> bool:
        """Whether every model uses its code, without which noise on it says nothing."""
        return all(curve.uses_code for curve in self.curves)


def noisy_codes(subject: Subject, z: NDArray[np.float32], sigma: float, seed: int) -> NDArray[np.float32]:
    """z (n,D) or (D,) + sigma * e with e from N(0, C), C the covariance of the data's codes.

    Noise that varies as the codes do, of sigma standard deviations along each of their principal directions.
    A linear map of the code can be hidden in the encoder's last and the decoder's first weights without a
    change to any picture, and this is the noise that does not change with it either. Independent noise on
    each element does: where elements repeat each other, as in an ae, the decoder averages it away (fc on real
    faces: 64 elements that vary like 11, and a third of the error that this noise adds).
    """
    factor = subject.stats.factor  # (D, K)
    e = np.random.default_rng(seed).standard_normal((*z.shape[:-1], factor.shape[1]), np.float32)
    return (z + np.float32(sigma) * (e @ factor.T)).astype(np.float32)


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
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, NoiseStudy]:
    """The error of pictures decoded from noisy_codes, for at most `most` of the pictures.

    Vincent et al. 2008 asked this of the input; a vae is trained on it for the code (Kingma and Welling
    2013). Raises: ModelError for pictures of another shape.
    """
    check_subjects(subjects, pictures.shape[1:])
    pictures = pictures[spread_indices(len(pictures), most)]
    layout: dict[str, Layout] = {}
    for number in range(len(subjects)):
        layout[f"errors/{number}"] = Layout((len(sigmas), len(pictures)), low=0.0)
        layout |= {f"{name}/{number}": Layout((len(pictures),), low=0.0) for name in ("still", "unread")}
    sizes = [float(sigma) for sigma in sigmas]
    arrays = yield from kept_or_measured(
        kept, "noise", [sizes, len(pictures), seed, DRAWS], layout, _measured(subjects, pictures, sizes, seed)
    )
    curves: list[NoiseCurve] = []
    without: list[NDArray[np.float64]] = []  # the lost shares without each picture, (S, n) a subject
    for number, subject in enumerate(subjects):
        errors, still, unread = (arrays[f"{name}/{number}"] for name in ("errors", "still", "unread"))
        gain = unread - still
        without.append(_shares_without_each(errors - still, gain))
        curves.append(
            NoiseCurve(
                subject.name,
                errors,
                errors.mean(axis=1),
                np.quantile(errors, 0.1, axis=1),
                np.quantile(errors, 0.9, axis=1),
                tuple(spread_of(row - still) for row in errors),
                spread_of(unread),
                spread_of(gain),
                tuple(
                    jackknife(_share(row - still, gain), shares)
                    for row, shares in zip(errors, without[-1], strict=True)
                ),
            )
        )
    pairs = list(zip(curves[0].errors, curves[1].errors, strict=True)) if len(curves) > 1 else []
    differences = tuple(spread_of(a - b) for a, b in pairs)
    rises = tuple(spread_of((a - pairs[0][0]) - (b - pairs[0][1])) for a, b in pairs)
    losses = tuple(
        jackknife(curves[0].lost[row].mean - curves[1].lost[row].mean, without[0][row] - without[1][row])
        for row in range(len(pairs))
    )
    return NoiseStudy(
        tuple(sizes),
        tuple(curves),
        differences,
        tuple(better(difference) for difference in differences),
        rises,
        tuple(better(difference) for difference in rises),
        losses,
        tuple(better(difference) for difference in losses),
        seed,
    )


def _measured(
    subjects: Sequence[Subject], pictures: NDArray[np.uint8], sigmas: Sequence[float], seed: int
) -> Generator[EncodeProgress, None, Arrays]:
    """The errors of each picture under noise, without any, and where all are given the same code."""
    total, done = len(subjects) * len(sigmas), 0
    found: Arrays = {}
    for number, subject in enumerate(subjects):
        z = subject.codec.encode(pictures)
        still = subject.codec.errors(pictures, z).astype(np.float64)
        errors = np.empty((len(sigmas), len(pictures)))
        for row, sigma in enumerate(sigmas):
            errors[row] = _error(subject, pictures, z, sigma, seed) if sigma else still
            done += 1
            yield EncodeProgress(done, total, tr("Noise on the codes of {name}", name=subject.name))
        alike = np.repeat(subject.stats.mean[np.newaxis], len(pictures), axis=0)
        found[f"errors/{number}"] = errors
        found[f"still/{number}"] = still
        found[f"unread/{number}"] = subject.codec.errors(pictures, alike).astype(np.float64)
    return found


def _error(
    subject: Subject, pictures: NDArray[np.uint8], z: NDArray[np.float32], sigma: float, seed: int
) -> NDArray[np.float64]:
    """The error of each picture (n,), the mean over DRAWS of the noise."""
    draws = range(seed * DRAWS, (seed + 1) * DRAWS)
    found = [subject.codec.errors(pictures, noisy_codes(subject, z, sigma, draw)) for draw in draws]
    return np.stack(found).mean(axis=0, dtype=np.float64)


def _share(rise: NDArray[np.float64], gain: NDArray[np.float64]) -> float:
    """The share of the gain that noise takes; nan where there is no gain to take from."""
    return float(rise.sum() / gain.sum()) if gain.sum() > 0.0 else math.nan


def _shares_without_each(rises: NDArray[np.float64], gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """_share of rises (S,n) without each of n pictures, (S,n)."""
    rest = gain.sum() - gain
    rest = np.where(rest > 0.0, rest, math.nan)
    return (rises.sum(axis=1, keepdims=True) - rises) / rest
