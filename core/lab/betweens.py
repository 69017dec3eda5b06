"""In-betweens: what a model decodes halfway between two codes, and how believable that is."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.errors import DataError
from core.lab.features import FeatureSpace, fit_features
from core.lab.ghosts import GhostJudge, auc_of, cross_fade, fit_judge
from core.lab.neighbours import nearest
from core.lab.spread import Spread, Verdict, better, spread_of
from core.lab.subjects import Material, Subject, check_subjects
from core.latents import interpolate
from core.translate import tr

PAIRS = 200
STRIP_STEPS = 9


@dataclass(frozen=True, eq=False)
class Betweens:
    """How believable one model's middles are, over pairs of pictures.

    ghost (n,): 0 where the middle looks as much like one picture as the two reconstructions do, 1 where it
    looks as double as their plain cross-fade. distance (n,): the middle's to the nearest real picture over
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
    verdict: Verdict
    seed: int


def strip(
    subject: Subject, a: NDArray[np.uint8], b: NDArray[np.uint8], steps: int = STRIP_STEPS
) -> NDArray[np.uint8]:
    """Pictures (steps,H,W,C) decoded on the straight line between the codes of pictures a and b (H,W,C)."""
    first, last = subject.codec.encode(np.stack([a, b]))
    return subject.codec.decode(interpolate(first, last, steps))


def draw_pairs(count: int, most: int = PAIRS, seed: int = 0) -> NDArray[np.int64]:
    """At most `most` pairs (n,2) of different numbers below count, in which each comes up equally often."""
    random = np.random.default_rng(seed)
    pairs = []
    while sum(map(len, pairs)) < min(most, count * (count - 1)):
        order = random.permutation(count)
        pairs.append(np.stack([order, np.roll(order, 1)], axis=1))
    return np.concatenate(pairs)[:most] if pairs else np.empty((0, 2), np.int64)


def measure_betweens(
    subjects: Sequence[Subject],
    material: Material,
    space: FeatureSpace | None = None,
    judge: GhostJudge | None = None,
    most: int = PAIRS,
    seed: int = 0,
) -> Generator[EncodeProgress, None, BetweensStudy]:
    """Decode the middle of pairs of held-out pictures and judge it against reconstructions and cross-fades.

    ghost = (J(middle) - (J(ra) + J(rb)) / 2) / mean over pairs of (J((ra + rb) / 2) - (J(ra) + J(rb)) / 2), J
    the judge of core.lab.ghosts, ra and rb the reconstructions. So blur, which both share, counts for
    nothing. space and judge may be given where they were fitted before. Raises: ModelError for another shape,
    DataError for fewer than two pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    if len(material.held_out) < 2:
        raise DataError(tr("There are fewer than two pictures to go between."))
    total, done = 2 + len(subjects), 0
    yield EncodeProgress(done, total, tr("Learning what real pictures look like"))
    if space is None:
        space = fit_features(material.reference, seed=seed)
    reference = space.reference
    done += 1
    yield EncodeProgress(done, total, tr("Learning what a cross-fade looks like"))
    if judge is None:
        judge = fit_judge(material.reference, material.held_out, seed)
    done += 1
    pairs = draw_pairs(len(material.held_out), most, seed)
    found = []
    for subject in subjects:
        yield EncodeProgress(done, total, tr("In-betweens of {name}", name=subject.name))
        found.append(_measured(subject, material, pairs, space, reference, judge))
        done += 1
    difference = spread_of(found[0].ghost - found[1].ghost) if len(found) > 1 else None
    is_known = judge.auc > 0.7 and min(one.known for one in found) > 0.6
    verdict = better(difference) if difference is not None and is_known else Verdict.UNCERTAIN
    yield EncodeProgress(total, total, tr("In-betweens measured"))
    return BetweensStudy(tuple(found), pairs, judge.auc, is_known, difference, verdict, seed)


def _measured(
    subject: Subject,
    material: Material,
    pairs: NDArray[np.int64],
    space: FeatureSpace,
    reference: NDArray[np.float32],
    judge: GhostJudge,
) -> Betweens:
    used, places = np.unique(pairs, return_inverse=True)
    first, second = places.reshape(pairs.shape).T
    codes = subject.codec.encode(material.held_out[used])
    recon = subject.codec.decode(codes)
    middle = subject.codec.decode((codes[first] + codes[second]) / np.float32(2.0))
    faded = cross_fade(recon[first], recon[second])
    single, between, double = (judge.scores(pictures) for pictures in (recon, middle, faded))
    base = (single[first] + single[second]) / 2
    step = float((double - base).mean())
    ghost = (between - base) / step if abs(step) > 1e-9 else np.full(len(pairs), np.nan)
    near, near_middle, near_faded = (
        nearest(space.of(pictures), reference)[0][:, 0] for pictures in (recon, middle, faded)
    )
    usual = np.maximum((near[first] + near[second]) / 2, 1e-12)
    return Betweens(
        subject.name,
        ghost,
        spread_of(ghost),
        near_middle / usual,
        spread_of(near_middle / usual),
        spread_of(near_faded / usual),
        auc_of(single, double),
    )
