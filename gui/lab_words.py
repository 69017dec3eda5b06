"""What the laboratory's numbers say, a sentence a measure; intervals decide the words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.translate import tr

if TYPE_CHECKING:
    from core.lab.betweens import BetweensStudy
    from core.lab.blur import BlurStudy
    from core.lab.imitation import Imitation, ImitationStudy, Nearness
    from core.lab.noise import NoiseStudy
    from core.lab.sampling import SamplingStudy
    from core.lab.spread import Spread, Verdict

_MOST_DIGITS = 7


def interval(spread: Spread, digits: int = 3) -> str:
    """A mean with its 95 % interval: "0.021 (0.019 to 0.023)"; more digits where so few would say 0."""
    if math.isnan(spread.mean):
        return "–"
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
    """Which run stands noise of half a standard deviation better, by what it adds to the error and by the
    share of what a code is good for that it takes; nothing of a run that does not use its code.
    """
    at = study.row
    first, second = (curve.rise[at] for curve in study.curves[:2])
    sigma, said = f"{study.sigmas[at]:g}", ""
    side, share_side = winner(study.rise_verdicts[at]), winner(study.lost_verdicts[at])
    if study.uses_codes and side != share_side:
        said = tr("Which tolerates noise better is uncertain, as two measures disagree.") + " "
    said += tr(
        "{sigma} σ of noise adds {first} to the error of A and {second} to that of B:",
        sigma=sigma,
        first=interval(first),
        second=interval(second),
    )
    if not study.uses_codes:
        return said + " " + _unused(study)
    if side != share_side:
        first, second = (curve.lost[at].mean for curve in study.curves[:2])
        said += " " + _by_it(side)
        said += " " + tr(
            "It takes {first} % of what its own code gains a picture from A and {second} % from B:",
            first=f"{100 * first:.0f}",
            second=f"{100 * second:.0f}",
        )
        said += " " + _by_it(share_side)
    elif side:
        said += " " + tr("{side} tolerates noise better.", side=side)
    else:
        said += " " + tr("which tolerates noise better is uncertain.")
    if side := winner(study.verdicts[at]):
        said += " " + tr("With it {side} has the lower error.", side=side)
    return said


def _by_it(side: str) -> str:
    """What one measure of two says."""
    if side:
        return tr("by that alone, {side} is ahead.", side=side)
    return tr("by that alone, they cannot be told apart.")


def _unused(study: NoiseStudy) -> str:
    """Which runs do not use their codes, and what follows."""
    unused = [letter for letter, curve in zip("AB", study.curves, strict=False) if not curve.uses_code]
    if len(unused) > 1:
        return tr("neither run uses its code, so noise on it has nothing to spoil.")
    return tr(
        "but {side} does not use its code: one mean code for all pictures gives it about the same error, so"
        " noise has nothing to spoil there.",
        side=unused[0],
    )


def blur_words(study: BlurStudy) -> str:
    """Which run's reconstructions have the originals' fine detail, neither less nor noise beside it."""
    if not len(study.subjects[0].kept):
        return tr("None of these pictures has fine detail to keep, so nothing is said of blur.")
    first, second = (subject.spread for subject in study.subjects[:2])
    said = tr(
        "Of the energy of the originals' detail finer than {px} pixels, A has {first} % and B {second} %:",
        px=f"{1 / study.cutoff:g}",
        first=_percent(first),
        second=_percent(second),
    )
    if side := winner(study.verdict):
        said += " " + tr("{side} is nearer to the originals.", side=side)
    else:
        said += " " + tr("which is nearer to the originals is uncertain.")
    for letter, one in zip("AB", study.subjects, strict=False):
        if one.is_noisy:
            said += " " + tr("What {side} has beyond 100 % is noise, not detail.", side=letter)
    return said


def _percent(spread: Spread) -> str:
    return tr(
        "{mean} ({low} to {high})",
        mean=f"{100 * spread.mean:.0f}",
        low=f"{100 * spread.low:.0f}",
        high=f"{100 * spread.high:.0f}",
    )


def betweens_words(study: BetweensStudy) -> str:
    """Whose middles are more believable, by how double they look, and how far a vae's noise reaches."""
    return f"{_doubleness_words(study)} {_reach_words(study)}".rstrip()


def _doubleness_words(study: BetweensStudy) -> str:
    if not study.judge_is_sound:
        return tr("The judge hardly knows these pictures from two laid over each other: no verdict.")
    first, second = (found.ghost_spread for found in study.subjects[:2])
    said = tr(
        "Halfway between two pictures A looks double by {first} and B by {second}, over {count} pairs:",
        first=interval(first, 2),
        second=interval(second, 2),
        count=first.count,
    )
    if side := winner(study.verdict):
        return said + " " + tr("the in-betweens of {side} are the more believable ones.", side=side)
    if not study.has_enough_pairs:
        return said + " " + tr("so few pairs allow no verdict.")
    return said + " " + tr("whose in-betweens are more believable is uncertain.")


def _reach_words(study: BetweensStudy) -> str:
    """How far halfway is for the noise of each model that has any."""
    return " ".join(
        tr(
            "Halfway lies {reach:.1f} times as far from either end as {side}'s noise in training goes{end}",
            reach=found.reach,
            side=side,
            end="." if found.is_reached else tr(": too far for its training to help."),
        )
        for side, found in zip(("A", "B"), study.subjects, strict=False)
        if found.reach is not None
    )


def samples_words(study: SamplingStudy) -> str:
    """Whose samples, each from where they come from by right, lie nearer to real pictures."""
    first, second = (score.frechet for score in study.pair("own"))
    said = tr(
        "Each from its own source, the samples of A are {first} from real pictures and those of B {second}:",
        first=interval(first, 1),
        second=interval(second, 1),
    )
    if study.is_hollow("own"):
        said += " " + tr(
            "but those of {side} are about one average picture, or none is among real ones: nothing is won.",
            side=winner(study.verdicts["own"]),
        )
    elif side := winner(study.verdicts["own"]):
        said += " " + tr("those of {side} are nearer.", side=side)
    else:
        said += " " + tr("which are nearer is uncertain.")
    if not study.is_hollow("prior") and (side := winner(study.verdicts["prior"])):
        said += " " + tr("Drawn from N(0, 1) both, {side} is nearer.", side=side)
    return said


def imitation_words(study: ImitationStudy) -> str:
    """Whether samples are nearer to training pictures than new pictures are."""
    if not any(found.trained_on for found in study.subjects):
        return tr("These pictures were not trained on, so nothing is said of copies.")
    return " ".join(_copied(letter, found) for letter, found in zip("AB", study.subjects, strict=False))


def _copied(letter: str, found: Imitation) -> str:
    nothing = {
        "unknown": tr(
            "Whether {side} copies cannot be said: held-out pictures, or its reconstructions of them, lie at"
            " a distance of about 0 from training pictures.",
            side=letter,
        ),
        "foreign": tr(
            "Whether {side} copies cannot be said: it is not known to have been trained on these pictures.",
            side=letter,
        ),
        "seen": tr(
            "Whether {side} copies cannot be said: it was trained on some of the held-out pictures.",
            side=letter,
        ),
    }
    if found.copying.value in nothing:
        return nothing[found.copying.value]
    said = tr(
        "{side}'s samples lie {ratio} times as far from training pictures as held-out pictures do",
        side=letter,
        ratio=_ratio(found.nearness),
    )
    if found.recall.gives_back:
        nearer = {
            "imitates": tr("{said}: nearer.", said=said),
            "leans": tr("{said}: no nearer.", said=said),
        }[found.copying.value]
        return nearer + " " + tr("Of those, too, {side} gives training pictures back.", side=letter)
    said = tr(
        "{said}, and {control} times as far as its reconstructions of those",
        said=said,
        control=_ratio(found.control),
    )
    return (
        said
        + {
            "imitates": tr(": nearer than both, so they copy, or average what was trained on."),
            "smooth": tr(": nearer, but only as smooth pictures are: no sign of copies."),
            "leans": tr(": nearer than what it makes of new pictures, so they lean on what was trained on."),
            "new": tr(": no copies."),
            "open": tr(": no sign of copies, but they cannot be ruled out."),
        }[found.copying.value]
    )


def _ratio(one: Nearness) -> str:
    return tr(
        "{mean} ({low} to {high})", mean=f"{one.ratio:.2f}", low=f"{one.low:.2f}", high=f"{one.high:.2f}"
    )
