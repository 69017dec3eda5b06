"""In-betweens: what a model decodes halfway between two codes, and how believable that is."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.errors import DataError
from core.lab.features import LEAST_DISTANCE, FeatureSpace, fit_features
from core.lab.ghosts import auc_of, cross_fade, fit_judge
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.neighbours import nearest
from core.lab.spread import Spread, Verdict, better, ratio_values, spread_of
from core.lab.subjects import Material, Subject, check_subjects
from core.latents import interpolate
from core.translate import tr

PAIRS = 200
FEWEST_PAIRS = 8  # for a verdict: over fewer, neither mean nor spread are known well enough
# What the judge must know, as an area under the curve, for a verdict: of real pictures, and of each model's
# reconstructions. Where it was 0.54 to 0.62, four draws of pairs gave differences from -0.07 to 1.2.
LEAST_AUC, LEAST_KNOWN = 0.7, 0.65
STRIP_STEPS = 9


@dataclass(frozen=True, eq=False)
class Betweens:
    """How believable one model's middles are, over pairs of pictures.

    ghost (n,): 0 where the middle looks as much like one picture as the two reconstructions do, 1 where it
    looks as double as their plain cross-fade; its mean is a ratio of means, and its spread that ratio's.
    distance (n,): the middle's to the nearest real picture over
    that of its two reconstructions; faded (n,) the same of their cross-fade, which is why it decides nothing.
    known is how well the judge knows this model's reconstructions from their cross-fades (area under the
    curve).
    """

    name: str
    ghost: NDArray[np.float64]
    ghost_spread: Spread
    distance: NDArray[np.float64]
    distance_spread: Spread
    faded_spread: Spread
    known: float


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
    """Decode the middle of pairs of held-out pictures and judge it against reconstructions and cross-fades.

    ghost = (J(middle) - (J(ra) + J(rb)) / 2) / mean over pairs of (J((ra + rb) / 2) - (J(ra) + J(rb)) / 2), J
    the judge of core.lab.ghosts, ra and rb the reconstructions. So blur, which both share, counts for
    nothing. Numerator and denominator vary together from one choice of pairs to another, and the spread is
    their ratio's. space may be given where others want it too. Raises: ModelError for another shape,
    DataError for fewer than two pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    if len(material.held_out) < 2:
        raise DataError(tr("There are fewer than two pictures to go between."))
    pairs = draw_pairs(len(material.held_out), most, seed)
    single, double = Layout((len(np.unique(pairs)),)), Layout((len(pairs),))
    layout = {"judge": Layout((1,), low=0.0, end=1.000001)}
    for number in range(len(subjects)):
        layout |= {f"{name}/{number}": single for name in ("single", "near")}
        layout |= {f"{name}/{number}": double for name in ("between", "double", "near middle", "near faded")}
    arrays = yield from kept_or_measured(
        kept, "betweens", [most, seed], layout, _measured(subjects, material, pairs, space, seed)
    )
    found = [_judged(subject.name, pairs, arrays, number) for number, subject in enumerate(subjects)]
    auc = float(arrays["judge"][0])
    difference = spread_of(found[0].ghost - found[1].ghost) if len(found) > 1 else None
    is_known = auc > LEAST_AUC and min(one.known for one in found) > LEAST_KNOWN
    return BetweensStudy(tuple(found), pairs, auc, is_known, difference, seed)


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
    first, second = places.reshape(pairs.shape).T
    found: Arrays = {"judge": np.array([judge.auc])}
    for number, subject in enumerate(subjects):
        yield EncodeProgress(2 + number, total, tr("In-betweens of {name}", name=subject.name))
        codes = subject.codec.encode(material.held_out[used])
        recon = subject.codec.decode(codes)
        middle = subject.codec.decode((codes[first] + codes[second]) / np.float32(2.0))
        faded = cross_fade(recon[first], recon[second])
        for name, pictures in (("single", recon), ("between", middle), ("double", faded)):
            found[f"{name}/{number}"] = judge.scores(pictures)
        for name, pictures in (("near", recon), ("near middle", middle), ("near faded", faded)):
            found[f"{name}/{number}"] = nearest(features.of(pictures), features.reference)[0][:, 0]
    yield EncodeProgress(total, total, tr("In-betweens measured"))
    return found


def _judged(name: str, pairs: NDArray[np.int64], arrays: Arrays, number: int) -> Betweens:
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
        name,
        ghost,
        spread_of(ghost),
        near_middle / usual,
        spread_of(near_middle / usual),
        spread_of(near_faded / usual),
        auc_of(single, double),
    )
