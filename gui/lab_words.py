"""What the laboratory's numbers say, a sentence a measure; intervals decide the words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.translate import tr

if TYPE_CHECKING:
    from core.lab.betweens import BetweensStudy
    from core.lab.blur import BlurStudy
    from core.lab.imitation import Imitation, ImitationStudy
    from core.lab.noise import NoiseStudy
    from core.lab.sampling import SamplingStudy
    from core.lab.spread import Spread, Verdict

_MOST_DIGITS = 7
_CLEAR = 1.959964  # of a standardised statistic: beyond it chance is below 5 %


def interval(spread: Spread, digits: int = 3) -> str:
    """A mean with its 95 % interval: "0.021 (0.019 to 0.023)"; more digits where so few would say 0."""
    values = spread.mean, spread.low, spread.high
    largest = max(abs(value) for value in values)
    if 0.0 < largest < math.inf:
        digits = min(_MOST_DIGITS, max(digits, 1 - math.floor(math.log10(largest))))
    mean, low, high = (f"{value:.{digits}f}".replace("-", "−") for value in values)
    return tr("{mean} ({low} to {high})", mean=mean, low=low, high=high)


def winner(verdict: Verdict) -> str:
    """The letter of the side that does better; empty where that is uncertain."""
    return {"first": "A", "second": "B"}.get(verdict.value, "")


def noise_words(study: NoiseStudy) -> str:
    """Which run stands noise of one standard deviation better, by what it adds to the error."""
    at = min(range(len(study.sigmas)), key=lambda place: abs(study.sigmas[place] - 1.0))
    first, second = (curve.rise[at] for curve in study.curves[:2])
    said = tr(
        "{sigma} σ of noise adds {first} to the error of A and {second} to that of B:",
        sigma=f"{study.sigmas[at]:g}",
        first=interval(first),
        second=interval(second),
    )
    if side := winner(study.rise_verdicts[at]):
        said += " " + tr("{side} tolerates noise better.", side=side)
    else:
        said += " " + tr("which tolerates noise better is uncertain.")
    if side := winner(study.verdicts[at]):
        said += " " + tr("With it {side} has the lower error.", side=side)
    return said


def blur_words(study: BlurStudy) -> str:
    """Which run's reconstructions keep more of the fine detail."""
    first, second = (subject.spread for subject in study.subjects[:2])
    said = tr(
        "Of the originals' detail finer than {px} pixels, A keeps {first} % and B {second} %:",
        px=f"{1 / study.cutoff:g}",
        first=_percent(first),
        second=_percent(second),
    )
    if side := winner(study.verdict):
        return said + " " + tr("{side} is the sharper one.", side=side)
    return said + " " + tr("which is the sharper one is uncertain.")


def _percent(spread: Spread) -> str:
    return tr(
        "{mean} ({low} to {high})",
        mean=f"{100 * spread.mean:.0f}",
        low=f"{100 * spread.low:.0f}",
        high=f"{100 * spread.high:.0f}",
    )


def betweens_words(study: BetweensStudy) -> str:
    """Whose middles are more believable, by how double they look."""
    first, second = (found.ghost_spread for found in study.subjects[:2])
    said = tr(
        "Halfway between two pictures A looks double by {first} and B by {second}, over {count} pairs:",
        first=interval(first, 2),
        second=interval(second, 2),
        count=first.count,
    )
    if side := winner(study.verdict):
        return said + " " + tr("the in-betweens of {side} are the more believable ones.", side=side)
    if study.judge_auc <= 0.7:
        return (
            said + " " + tr("but the judge hardly knows cross-fades of these pictures, so it is uncertain.")
        )
    return said + " " + tr("whose in-betweens are more believable is uncertain.")


def samples_words(study: SamplingStudy) -> str:
    """Whose samples, each from where they come from by right, lie nearer to real pictures."""
    half = len(study.scores) // 2
    first, second = (
        next(score.frechet for score in scores if score.source is own)
        for scores, own in zip((study.scores[:half], study.scores[half:]), study.own_source[:2], strict=True)
    )
    said = tr(
        "Each from its own source, the samples of A are {first} from real pictures and those of B {second}:",
        first=interval(first, 1),
        second=interval(second, 1),
    )
    if side := winner(study.verdicts["own"]):
        said += " " + tr("those of {side} are nearer.", side=side)
    else:
        said += " " + tr("which are nearer is uncertain.")
    if side := winner(study.verdicts["prior"]):
        said += " " + tr("Drawn from N(0, 1) both, {side} is nearer.", side=side)
    return said


def imitation_words(study: ImitationStudy) -> str:
    """Whether samples are nearer to training pictures than new pictures are."""
    if not study.training:
        return tr("These pictures were not trained on, so nothing is said of copies.")
    return " ".join(_copied(letter, found) for letter, found in zip("AB", study.subjects, strict=False))


def _copied(letter: str, found: Imitation) -> str:
    said = tr(
        "{side}'s samples lie {ratio} times as far from training pictures as held-out pictures do",
        side=letter,
        ratio=tr(
            "{mean} ({low} to {high})",
            mean=f"{found.ratio:.2f}",
            low=f"{found.ratio_low:.2f}",
            high=f"{found.ratio_high:.2f}",
        ),
    )
    if found.z < -_CLEAR and found.ratio_high < 1.0:
        return said + tr(": nearer than new pictures, so they copy, or average what was trained on.")
    if found.z > _CLEAR and found.ratio_low > 1.0:
        return said + tr(": no copies.")
    return said + tr(": about as new pictures do.")
