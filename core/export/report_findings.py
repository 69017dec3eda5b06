"""What the report's sentences say: each is chosen by the numbers, in the words that they allow."""

import math
from dataclasses import dataclass

from core.export.document import Finding
from core.lab.betweens import LEAST_AUC, LEAST_KNOWN, REACH
from core.lab.noise import NoiseCurve
from core.lab.spread import Spread, Verdict
from core.lab.study import Study
from core.lab.subjects import told_apart
from core.translate import tr


@dataclass(frozen=True)
class Names:
    """Two models as sentences call them; vae is the number of the one with a prior, None unless it is one."""

    first: str
    second: str
    vae: int | None

    def of(self, number: int) -> str:
        return (self.first, self.second)[number]


def names_of(study: Study) -> Names:
    """The names of a study's models, told apart where they are equal."""
    names = told_apart([subject.name for subject in study.subjects])
    variational = [number for number, subject in enumerate(study.subjects) if subject.has_prior]
    return Names(*names, variational[0] if len(variational) == 1 else None)


def finding(
    names: Names, verdict: Verdict, what: str, difference: Spread, *, expected: int | None
) -> Finding:
    """Who is better at what. expected is the number of the model that theory says is, None for neither."""
    interval = _interval_of(names, difference)
    if verdict is Verdict.UNCERTAIN:
        text = tr(
            "{what}: uncertain. {first} and {second} cannot be told apart {interval}.",
            what=what,
            first=names.first,
            second=names.second,
            interval=interval,
        )
        return Finding(text, certain=False)
    winner = 0 if verdict is Verdict.FIRST else 1
    text = tr("{what}: {name} does better {interval}.", what=what, name=names.of(winner), interval=interval)
    if expected is not None and names.vae is not None:
        if winner == expected:
            text += " " + tr("That is what theory says.")
        elif expected == names.vae:
            text += " " + tr("Theory says that the vae should; here it does not win.")
        else:
            text += " " + tr("Theory says that the ae should; here it does not.")
    return Finding(text)


def _interval_of(names: Names, difference: Spread) -> str:
    return tr(
        "(95 % interval of {first} less {second}: {low} to {high})",
        first=names.first,
        second=names.second,
        low=number_text(difference.low),
        high=number_text(difference.high),
    )


def noise_finding(study: Study, names: Names) -> Finding:
    """What noise of half a standard deviation adds to the error, and whether that tells of tolerance."""
    noise = study.noise
    row = noise.row
    first, second = (curve.rise[row] for curve in noise.curves)
    numbers = {
        "first": number_text(first.mean),
        "a": names.first,
        "second": number_text(second.mean),
        "b": names.second,
    }
    what = tr(
        "Noise of {sigma:g} σ adds {first} to the error of {a} and {second} to that of {b}",
        sigma=noise.sigmas[row],
        **numbers,
    )
    if not noise.uses_codes:
        text = tr(
            "{what}, but who tolerates noise cannot be said. {unused}",
            what=what,
            unused=_unused_texts(study, names),
        )
        return Finding(text, certain=False)
    share = tr(
        "Of what its own code gains a picture over one mean code for all, that is {first} for {a} and"
        " {second} for {b}",
        first=percent(noise.curves[0].lost[row].mean),
        a=names.first,
        second=percent(noise.curves[1].lost[row].mean),
        b=names.second,
    )
    if noise.lost_verdicts[row] is noise.rise_verdicts[row]:
        said = finding(names, noise.rise_verdicts[row], what, noise.rise_differences[row], expected=names.vae)
        return Finding(f"{said.text} {share}.", said.certain)
    text = tr(
        "Uncertain: two measures of what noise of {sigma:g} σ does disagree. It adds {first} to the error of"
        " {a} and {second} to that of {b}: by that alone, {by_rise} {interval}. {share}: by that alone,"
        " {by_share}.",
        sigma=noise.sigmas[row],
        by_rise=_ahead(names, noise.rise_verdicts[row]),
        interval=_interval_of(names, noise.rise_differences[row]),
        share=share,
        by_share=_ahead(names, noise.lost_verdicts[row]),
        **numbers,
    )
    return Finding(text, certain=False)


def _ahead(names: Names, verdict: Verdict) -> str:
    """Who is ahead by one measure of several."""
    return {
        Verdict.FIRST: tr("{name} is ahead", name=names.first),
        Verdict.SECOND: tr("{name} is ahead", name=names.second),
        Verdict.UNCERTAIN: tr("they cannot be told apart"),
    }[verdict]


def _unused_texts(study: Study, names: Names) -> str:
    """Which models do not use their codes."""
    return " ".join(
        _unused_text(curve, names.of(number))
        for number, curve in enumerate(study.noise.curves)
        if not curve.uses_code
    )


def _unused_text(curve: NoiseCurve, name: str) -> str:
    """That a model does not use its code, with the number that says so."""
    if curve.gain.low <= 0.0:
        gain = tr("its error is no lower than with one mean code for all pictures")
    else:
        gain = tr(
            "its error is {share} lower than with one mean code for all", share=percent(curve.gain_share)
        )
    return tr(
        "{name} does not use its code to tell pictures apart ({gain}), so that what is done to the code says"
        " nothing.",
        name=name,
        gain=gain,
    )


def noise_total(study: Study, names: Names) -> str:
    """From which noise on which model has the lower error in all, which is another question."""
    parts = []
    for name, wanted in ((names.first, Verdict.FIRST), (names.second, Verdict.SECOND)):
        sizes = [s for s, v in zip(study.noise.sigmas, study.noise.verdicts, strict=True) if v is wanted]
        if sizes:
            parts.append(tr("{name} at {sizes} σ", name=name, sizes=", ".join(f"{size:g}" for size in sizes)))
    if not parts:
        return tr("In all, their errors cannot be told apart at any size of noise.")
    return tr("The lower error in all, without and with noise, has {who}.", who=tr(" and ").join(parts))


def between_expected(study: Study, names: Names) -> int | None:
    """The number of the model whose in-betweens are expected better: the vae, where its noise comes near."""
    return names.vae if names.vae is not None and study.betweens.subjects[names.vae].is_reached else None


def reach_text(study: Study, names: Names) -> str:
    """Whether the noise of the one vae in training came near to the middles; empty without one."""
    if names.vae is None or (reach := study.betweens.subjects[names.vae].reach) is None:
        return ""
    values = {"vae": names.of(names.vae), "reach": reach, "limit": REACH}
    if between_expected(study, names) is not None:
        return tr(
            "In theory {vae} does better here: halfway lies {reach:.1f} times as far from either end as the"
            " noise goes that it was trained with. Up to {limit:g} times that counts, by a rule of thumb.",
            **values,
        )
    return tr(
        "Theory promises no advantage here: halfway lies {reach:.1f} times as far from either end as the"
        " noise goes that {vae} was trained with. Up to {limit:g} times that counts, by a rule of thumb.",
        **values,
    )


def between_finding(study: Study, names: Names) -> Finding:
    """How double the middles look."""
    betweens = study.betweens
    if betweens.difference is None or not betweens.judge_is_sound:
        text = tr(
            "In-betweens: no verdict. The judge does not know pictures of this kind well enough from two laid"
            " over each other: areas under the curve of {real:.2f} for real pictures, {first:.2f} for those"
            " of {a} and {second:.2f} for those of {b}, where {least_real} and {least} are needed. {reach}",
            real=betweens.judge_auc,
            a=names.first,
            b=names.second,
            first=betweens.subjects[0].known,
            second=betweens.subjects[1].known,
            least_real=LEAST_AUC,
            least=LEAST_KNOWN,
            reach=reach_text(study, names),
        )
        return Finding(text.rstrip(), certain=False)
    first, second = (one.ghost_spread for one in betweens.subjects)
    what = tr(
        "Halfway between two pictures {a} has a doubleness of {first} and {b} one of {second}",
        a=names.first,
        first=number_text(first.mean),
        b=names.second,
        second=number_text(second.mean),
    )
    if not betweens.has_enough_pairs:
        text = tr(
            "{what}, but {count} pairs of pictures are too few for a verdict.",
            what=what,
            count=len(betweens.pairs),
        )
        return Finding(text, certain=False)
    if not study.noise.uses_codes:
        text = tr(
            "{what}, but whose middles are better cannot be said. {unused}",
            what=what,
            unused=_unused_texts(study, names),
        )
        return Finding(text, certain=False)
    said = finding(names, betweens.verdict, what, betweens.difference, expected=None)
    return Finding(f"{said.text} {reach_text(study, names)}".rstrip(), certain=said.certain)


def sampling_finding(study: Study, names: Names, way: str) -> Finding:
    """Whose samples lie nearer to real pictures as a whole; way as in SamplingStudy."""
    sampling = study.sampling
    whole = sampling.differences[way]
    first, second = sampling.pair(way)
    drawn = {
        "prior": tr("Codes drawn from N(0, 1) for both"),
        "fitted": tr("Codes drawn from a Gaussian fitted to each one's codes"),
        "own": tr(
            "Codes drawn as suits each, from N(0, 1) where it is the prior and else from the fitted Gaussian"
        ),
    }[way]
    what = tr(
        "{drawn}, the samples of {a} have a Fréchet distance of {first} from real pictures and those of {b}"
        " of {second}, where held-out real pictures have {floor}",
        drawn=drawn,
        a=names.first,
        first=number_text(first.frechet.mean),
        b=names.second,
        second=number_text(second.frechet.mean),
        floor=number_text(sampling.floor.frechet.mean),
    )
    if reason := _nothing_won(study, names, way):
        text = tr("{what}, but whose samples are better cannot be said. {reason}", what=what, reason=reason)
        return Finding(text, certain=False)
    return finding(names, sampling.verdicts[way], what, whole, expected=names.vae if way == "prior" else None)


def _nothing_won(study: Study, names: Names, way: str) -> str:
    """Why the lower Fréchet distance of samples is no merit; empty where it is one, or there is none."""
    sampling = study.sampling
    number = sampling.ahead(way)
    if number is None or study.samples_verdict(way) is not Verdict.UNCERTAIN:
        return ""
    score, curve = sampling.pair(way)[number], study.noise.curves[number]
    what = (
        tr("No sample of {name} lies among real pictures", name=names.of(number))
        if curve.uses_code and not sampling.is_one_picture(score)
        else tr("{name} decodes whatever is drawn to about one average picture", name=names.of(number))
    )
    return tr(
        "{what} (density {density}, coverage {coverage}), so that nothing is won by the lower distance.",
        what=what,
        density=f"{score.density:.2f}",
        coverage=f"{score.coverage:.2f}",
    )


def blur_finding(study: Study, names: Names) -> Finding:
    """Whose reconstructions have detail as the originals do; theory says those of the one without noise."""
    blur = study.blur
    first, second = blur.subjects
    assert blur.difference is not None
    if not len(first.kept):
        text = tr("Whose reconstructions are sharper cannot be said: no original has fine detail to keep.")
        return Finding(text, certain=False)
    what = tr(
        "{a} has {first} of the energy of the originals' fine detail and {b} {second}, which is {off_first}"
        " and {off_second} away from 100 % as logarithms",
        a=names.first,
        first=percent(first.spread.mean),
        b=names.second,
        second=percent(second.spread.mean),
        off_first=number_text(float(first.off.mean())),
        off_second=number_text(float(second.off.mean())),
    )
    other = None if names.vae is None else 1 - names.vae
    said = finding(names, blur.verdict, what, blur.difference, expected=other)
    noisy = [names.of(number) for number, one in enumerate(blur.subjects) if one.is_noisy]
    more = [tr("What {name} has beyond 100 % is noise, not detail.", name=name) for name in noisy]
    return Finding(" ".join((said.text, *more)), said.certain)


def error_finding(study: Study, names: Names) -> Finding:
    """Who reconstructs with the lower error."""
    first, second = study.errors.mean(axis=1)
    what = tr(
        "The mean squared error of the reconstructions is {first} for {a} and {second} for {b}",
        first=number_text(float(first)),
        a=names.first,
        second=number_text(float(second)),
        b=names.second,
    )
    other = None if names.vae is None else 1 - names.vae
    return finding(names, study.error_verdict, what, study.error_difference, expected=other)


def number_text(value: float) -> str:
    """A number with three figures that count; a dash for none."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.3g}"


def interval_text(spread: Spread) -> str:
    """A mean with its interval; a dash for no number."""
    if math.isnan(spread.mean):
        return number_text(spread.mean)
    return f"{number_text(spread.mean)} [{number_text(spread.low)}, {number_text(spread.high)}]"


def plus_minus(spread: Spread) -> str:
    """A mean with half of its interval."""
    return f"{number_text(spread.mean)} ± {spread.high - spread.mean:.2g}"


def percent(share: float) -> str:
    """A share in percent; a dash for none."""
    if math.isnan(share):
        return number_text(share)
    return f"{share * 100:.1f} %" if abs(share) < 0.1 else f"{share * 100:.0f} %"
