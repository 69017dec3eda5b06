"""What the report's sentences say: each is chosen by the numbers, in the words that they allow."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.export.document import Finding
from core.lab.imitation import Imitation
from core.lab.spread import Spread, Verdict
from core.lab.study import Study
from core.translate import tr

COPY_Z = -2.0  # Meehan et al. 2020: below it samples lie nearer than chance would have them
AT_SIGMA = 1.0  # the size of noise that the sentences are about


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
    first, second = (subject.name for subject in study.subjects)
    if first == second:
        first, second = tr("{name} (first)", name=first), tr("{name} (second)", name=second)
    variational = [number for number, subject in enumerate(study.subjects) if subject.has_prior]
    return Names(first, second, variational[0] if len(variational) == 1 else None)


def finding(
    names: Names, verdict: Verdict, what: str, difference: Spread, *, expected: int | None
) -> Finding:
    """Who is better at what. expected is the number of the model that theory says is, None for neither."""
    interval = tr(
        "(95 % interval of the difference {low} to {high})",
        low=number_text(difference.low),
        high=number_text(difference.high),
    )
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


def noise_finding(study: Study, names: Names) -> Finding:
    """What noise of one standard deviation adds to the error."""
    row = _row(study.noise.sigmas, AT_SIGMA)
    first, second = (curve.rise[row] for curve in study.noise.curves)
    what = tr(
        "Noise of {sigma:g} σ adds {first} to the error of {a} and {second} to that of {b}",
        sigma=study.noise.sigmas[row],
        first=number_text(first.mean),
        a=names.first,
        second=number_text(second.mean),
        b=names.second,
    )
    return finding(
        names, study.noise.rise_verdicts[row], what, study.noise.rise_differences[row], expected=names.vae
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


def between_finding(study: Study, names: Names) -> Finding:
    """How double the middles look."""
    betweens = study.betweens
    first, second = (one.ghost_spread for one in betweens.subjects)
    what = tr(
        "Halfway between two pictures {a} has a doubleness of {first} and {b} one of {second}",
        a=names.first,
        first=number_text(first.mean),
        b=names.second,
        second=number_text(second.mean),
    )
    if betweens.difference is None or not betweens.judge_is_sound:
        return Finding(tr("{what}, but the judge is not sound on these pictures.", what=what), certain=False)
    return finding(names, betweens.verdict, what, betweens.difference, expected=names.vae)


def sampling_finding(study: Study, names: Names, way: str) -> Finding:
    """Whose samples lie nearer to real pictures as a whole; way as in SamplingStudy."""
    sampling = study.sampling
    whole = sampling.differences[way]
    what = {
        "prior": tr("Codes drawn from N(0, 1) for both"),
        "fitted": tr("Codes drawn from a Gaussian fitted to each one's codes"),
        "own": tr(
            "Codes drawn as suits each, from N(0, 1) where it is the prior and else from the fitted Gaussian"
        ),
    }[way]
    return finding(names, sampling.verdicts[way], what, whole, expected=names.vae if way == "prior" else None)


def imitation_finding(one: Imitation, name: str) -> Finding:
    """Whether a model's samples lie nearer to training pictures than new pictures do."""
    numbers = tr(
        "the median distance of its samples to the nearest training picture is {ratio} of that of pictures"
        " that were held out (95 % interval {low} to {high}; Z = {z})",
        ratio=f"{one.ratio:.2f}",
        low=f"{one.ratio_low:.2f}",
        high=f"{one.ratio_high:.2f}",
        z=f"{one.z:.1f}",
    )
    if one.z < COPY_Z:
        text = tr(
            "{name} imitates or averages: {numbers}. Its samples stay closer to what it has seen than new"
            " pictures do; copies do so, and blurred pictures too, which are near to everything.",
            name=name,
            numbers=numbers,
        )
        return Finding(text)
    if one.z > -COPY_Z:
        text = tr(
            "{name} does not copy: {numbers}. Its samples lie farther from training pictures than new ones"
            " do.",
            name=name,
            numbers=numbers,
        )
        return Finding(text)
    text = tr(
        "{name} is as far from training pictures as new ones are: {numbers}.", name=name, numbers=numbers
    )
    return Finding(text, certain=False)


def blur_finding(study: Study, names: Names) -> Finding:
    """Whose reconstructions keep more detail; theory says those of the one without noise."""
    first, second = (one.spread for one in study.blur.subjects)
    what = tr(
        "{a} keeps {first} of the originals' fine detail and {b} {second}",
        a=names.first,
        first=percent(first.mean),
        b=names.second,
        second=percent(second.mean),
    )
    assert study.blur.difference is not None
    other = None if names.vae is None else 1 - names.vae
    return finding(names, study.blur.verdict, what, study.blur.difference, expected=other)


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
    """A number with three figures that count."""
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.3g}"


def interval_text(spread: Spread) -> str:
    """A mean with its interval."""
    return f"{number_text(spread.mean)} [{number_text(spread.low)}, {number_text(spread.high)}]"


def percent(share: float) -> str:
    """A share in percent."""
    return f"{share * 100:.1f} %" if abs(share) < 0.1 else f"{share * 100:.0f} %"


def _row(sigmas: Sequence[float], wanted: float) -> int:
    return min(range(len(sigmas)), key=lambda row: abs(sigmas[row] - wanted))
