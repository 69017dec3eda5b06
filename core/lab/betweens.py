"""In-betweens: what a model decodes halfway between two codes, and how believable that is."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.activity import ACTIVE_NATS
from core.encoding import EncodeProgress
from core.errors import DataError
from core.lab.features import LEAST_DISTANCE, FeatureSpace, fit_features
from core.lab.ghosts import auc_of, cross_fade, fit_judge
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.neighbours import nearest
from core.lab.spread import Spread, Verdict, better, ratio_values, spread_of
from core.lab.subjects import Material, Subject, check_subjects
from core.latents import interpolate
from core.objectives import kl_of_dims
from core.translate import tr

PAIRS = 500
FEWEST_PAIRS = 8  # for a verdict: over fewer, neither mean nor spread are known well enough
# What the judge must know, as an area under the curve, for a verdict: of real pictures, and of each model's
# single pictures. Where it knew reconstructions, which are sharper, by 0.54 to 0.62, four draws of pairs gave
# differences from -0.07 to 1.2.
LEAST_AUC, LEAST_KNOWN = 0.7, 0.65
# So many times as far as the noise in training a decoder is expected to know its way, by a rule of thumb: a
# vae was ahead on digits at 1.3 and 2.6, and not on faces at 4.5 and 5.1.
REACH = 3.0
STRIP_STEPS = 9


@dataclass(frozen=True, eq=False)
class Betweens:
    """How believable one model's middles are, over pairs of pictures.

    ghost (n,): 0 where the middle looks as much like one picture as single_pictures do, 1 where it looks as
    double as the two reconstructions' plain cross-fade; its mean is a ratio of means, and its spread that
    ratio's. distance (n,): the middle's to the nearest real picture over that of the two single_pictures;
    faded (n,) the same of their cross-fade, which is why it decides nothing. known is how well the judge
    knows this model's single_pictures from those cross-fades (area under the curve). reach is how many times
    as far the middle lies from either end as the noise that the model was trained with goes; None for a model
    without any.
    """

    name: str
    ghost: NDArray[np.float64]
    ghost_spread: Spread
    distance: NDArray[np.float64]
    distance_spread: Spread
    faded_spread: Spread
    known: float
    reach: float | None

    @property
    def is_known(self) -> bool:
        """Whether the judge tells this model's single pictures from double ones, so that ghost means much."""
        return self.known > LEAST_KNOWN

    @property
    def is_reached(self) -> bool:
        """Whether the noise in training came near enough to the middles for a vae's to be expected better."""
        return self.reach is not None and self.reach <= REACH


@dataclass(frozen=True, eq=False)
class BetweensStudy:
    """The middles of all subjects over the same pairs (n,2) of the material's held-out pictures.

    judge_auc is the judge's on real pictures against their cross-fades: near 0.5 it knows nothing, and there
    is no verdict. difference is first - second of ghost over the pairs.
    """

    subjects: tuple[Betweens, ...]
    pairs: NDArray[np.int64]
    judge_auc: float
    judge_is_sound: bool
    difference: Spread | None
    seed: int

    @property
    def has_enough_pairs(self) -> bool:
        """Whether there are pairs enough for a verdict."""
        return len(self.pairs) >= FEWEST_PAIRS

    @property
    def verdict(self) -> Verdict:
        """Whose middles are more believable, where that may be said."""
        if self.difference is None or not self.judge_is_sound or not self.has_enough_pairs:
            return Verdict.UNCERTAIN
        return better(self.difference)


def strip(
    subject: Subject, a: NDArray[np.uint8], b: NDArray[np.uint8], steps: int = STRIP_STEPS
) -> NDArray[np.uint8]:
    """Pictures (steps,H,W,C) decoded on the straight line between the codes of pictures a and b (H,W,C)."""
    first, last = subject.codec.encode(np.stack([a, b]))
    return subject.codec.decode(interpolate(first, last, steps))


def single_pictures(subject: Subject, z: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Pictures (n,H,W,C) of the codes z (n,D), each drawn to the mean of the data's codes by the root of 1/2.

    There lie the middles of pairs of independent codes, which have half the variance. A picture from there is
    paler and softer, and by that alone a judge may take it for two.
    """
    mean = subject.stats.mean
    return subject.codec.decode((mean + (z - mean) * np.float32(math.sqrt(0.5))).astype(np.float32))


def reach_of(
    mean: NDArray[np.float32], log_std: NDArray[np.float32] | None, pairs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How far the middle of each pair (n,2) of codes lies from its ends, over the noise, (n,); 0 without any.

    mean and log_std (m,D) are the posteriors of the pictures that pairs number.
    The root of the mean over active dimensions of the squared half distance over the posterior's variance,
    of both ends. That of the noise itself is about 1, the more closely the more dimensions are active.
    """
    if log_std is None:
        return np.zeros(len(pairs))
    kl = kl_of_dims(torch.from_numpy(mean), torch.from_numpy(log_std)).mean(dim=0).numpy()
    active = kl >= ACTIVE_NATS
    if not active.any():
        return np.zeros(len(pairs))
    first, second = pairs.T
    half = np.square(mean[first] - mean[second]).astype(np.float64)[:, active] / 4.0
    variance = np.exp(2.0 * log_std.astype(np.float64))[:, active]
    return np.sqrt((half / ((variance[first] + variance[second]) / 2.0)).mean(axis=1))


def draw_pairs(count: int, most: int = PAIRS, seed: int = 0) -> NDArray[np.int64]:
    """At most `most` pairs (n,2) of different numbers below count, each number in one pair at most.

    Pairs that shared pictures would not be independent, and intervals over them too narrow.
    """
    order = np.random.default_rng(seed).permutation(count)
    return order[: 2 * min(most, count // 2)].reshape(-1, 2)


def measure_betweens(
    subjects: Sequence[Subject],
    material: Material,
    space: Callable[[], FeatureSpace] | None = None,
    most: int = PAIRS,
    seed: int = 0,
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, BetweensStudy]:
    """Decode the middle of pairs of held-out pictures and judge it against single pictures and cross-fades.

    ghost = (J(middle) - (J(sa) + J(sb)) / 2) / mean over pairs of (J((ra + rb) / 2) - (J(sa) + J(sb)) / 2), J
    the judge of core.lab.ghosts, ra and rb the reconstructions, sa and sb the single_pictures of their codes.
    So blur, which all share, counts for nothing, nor how near to the mean of all a code lies. Numerator and
    denominator vary together from one choice of pairs to another, and the spread is their ratio's.
    space may be given where others want it too. Raises: ModelError for another shape, DataError for fewer
    than two pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    if len(material.held_out) < 2:
        raise DataError(tr("There are fewer than two pictures to go between."))
    pairs = draw_pairs(len(material.held_out), most, seed)
    single, double = Layout((len(np.unique(pairs)),)), Layout((len(pairs),))
    layout = {"judge": Layout((1,), low=0.0, end=1.000001)}
    for number in range(len(subjects)):
        layout |= {f"{name}/{number}": single for name in ("single", "near")}
        layout[f"reach/{number}"] = Layout((len(pairs),), low=0.0)
        layout |= {f"{name}/{number}": double for name in ("between", "double", "near middle", "near faded")}
    arrays = yield from kept_or_measured(
        kept, "betweens", [most, seed], layout, _measured(subjects, material, pairs, space, seed)
    )
    found = [_judged(subject, pairs, arrays, number) for number, subject in enumerate(subjects)]
    auc = float(arrays["judge"][0])
    difference = spread_of(found[0].ghost - found[1].ghost) if len(found) > 1 else None
    is_sound = auc > LEAST_AUC and all(one.is_known for one in found)
    return BetweensStudy(tuple(found), pairs, auc, is_sound, difference, seed)


def _measured(
    subjects: Sequence[Subject],
    material: Material,
    pairs: NDArray[np.int64],
    space: Callable[[], FeatureSpace] | None,
    seed: int,
) -> Generator[EncodeProgress, None, Arrays]:
    """The judge's scores and the distances of all that is compared, by subject."""
    total = 2 + len(subjects)
    yield EncodeProgress(0, total, tr("Learning what real pictures look like"))
    features = space() if space is not None else fit_features(material.reference, seed=seed)
    yield EncodeProgress(1, total, tr("Learning what a cross-fade looks like"))
    judge = fit_judge(material.reference, material.held_out, seed)
    used, places = np.unique(pairs, return_inverse=True)
    pictures, places = material.held_out[used], places.reshape(pairs.shape)
    first, second = places.T
    found: Arrays = {"judge": np.array([judge.auc])}
    for number, subject in enumerate(subjects):
        yield EncodeProgress(2 + number, total, tr("In-betweens of {name}", name=subject.name))
        codes, log_std = subject.codec.posterior(pictures)
        recon = subject.codec.decode(codes)
        middle = subject.codec.decode((codes[first] + codes[second]) / np.float32(2.0))
        faded = cross_fade(recon[first], recon[second])
        alone = single_pictures(subject, codes)
        found[f"reach/{number}"] = reach_of(codes, log_std, places)
        for name, shown in (("single", alone), ("between", middle), ("double", faded)):
            found[f"{name}/{number}"] = judge.scores(shown)
        for name, shown in (("near", alone), ("near middle", middle), ("near faded", faded)):
            found[f"{name}/{number}"] = nearest(features.of(shown), features.reference)[0][:, 0]
    yield EncodeProgress(total, total, tr("In-betweens measured"))
    return found


def _judged(subject: Subject, pairs: NDArray[np.int64], arrays: Arrays, number: int) -> Betweens:
    """What the scores and distances of a subject say."""
    first, second = np.unique(pairs, return_inverse=True)[1].reshape(pairs.shape).T
    single, between, double, near, near_middle, near_faded = (
        arrays[f"{part}/{number}"]
        for part in ("single", "between", "double", "near", "near middle", "near faded")
    )
    base = (single[first] + single[second]) / 2
    ghost = ratio_values(between - base, double - base)
    usual = (near[first] + near[second]) / 2
    usual[usual < LEAST_DISTANCE] = np.nan  # a ratio to nothing is none
    return Betweens(
        subject.name,
        ghost,
        spread_of(ghost),
        near_middle / usual,
        spread_of(near_middle / usual),
        spread_of(near_faded / usual),
        auc_of(single, double),
        (float(np.median(arrays[f"reach/{number}"])) or None) if subject.has_prior else None,
    )
