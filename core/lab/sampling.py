"""Random codes decoded: how far their pictures lie from real ones as a whole, and how much of those they
cover.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from core.batches import spread_indices
from core.encoding import EncodeProgress
from core.errors import DataError
from core.lab.features import FeatureSpace, fit_features
from core.lab.keeping import Arrays, KeptMeasures, Layout, kept_or_measured
from core.lab.neighbours import nearest
from core.lab.spread import Spread, Verdict, better, jackknife
from core.lab.subjects import Material, Subject, check_subjects
from core.translate import tr

MOST_SAMPLES = 1000
NEIGHBOURS = 5  # Naeem et al. 2020, section 4.3
GROUPS = 20  # of the jackknife
SHOWN = 16
LEAST_VARIED = 0.05  # of real pictures' variance: samples that differ by less are one picture


class CodeSource(Enum):
    """Where random codes are drawn from."""

    PRIOR = "prior"  # N(0, 1)
    FITTED = "fitted"  # a Gaussian with the mean and covariance of the data's codes


@dataclass(frozen=True, eq=False)
class SampleScore:
    """One model's samples from one source, or the real held-out pictures, against the same real reference.

    frechet is in squared standard deviations of real pictures' features, 0 is the same; density is about 1
    and coverage about 0.97 for real pictures. pictures are the first SHOWN samples.
    """

    name: str
    source: CodeSource | None
    frechet: Spread
    density: float
    coverage: float
    pictures: NDArray[np.uint8]

    @property
    def is_near_none(self) -> bool:
        """Whether no sample to speak of lies among real pictures: then the lower distance is no merit."""
        return max(self.density, self.coverage) < 0.005


@dataclass(frozen=True, eq=False)
class SamplingStudy:
    """The scores of every subject from N(0, 1) and from its fitted Gaussian; floor is that of real pictures.

    own_source is where each subject's samples come from by right: its prior where it has one, else the fitted
    Gaussian. differences, first - second, and verdicts compare the first two subjects' Fréchet distances,
    from N(0, 1), from the fitted Gaussian, and each from its own source. features is how many numbers a
    picture is compared by.
    """

    scores: tuple[SampleScore, ...]
    floor: SampleScore
    own_source: tuple[CodeSource, ...]
    differences: dict[str, Spread]
    verdicts: dict[str, Verdict]
    features: int
    count: int
    seed: int

    def score(self, name: str, source: CodeSource) -> SampleScore:
        """The score of a subject from a source."""
        return next(one for one in self.scores if one.name == name and one.source is source)

    def pair(self, way: str) -> tuple[SampleScore, SampleScore]:
        """The scores of the first two subjects that differences[way] is of."""
        own = self.own_source
        first, second = {
            "prior": (CodeSource.PRIOR,) * 2,
            "fitted": (CodeSource.FITTED,) * 2,
            "own": own[:2],
        }[way]
        each = len(CodeSource)
        return (
            next(one for one in self.scores[:each] if one.source is first),
            next(one for one in self.scores[each : 2 * each] if one.source is second),
        )

    def is_one_picture(self, score: SampleScore) -> bool:
        """Whether samples are about one average picture, as of a decoder that ignores its code.

        The variance of each pixel over the samples shown, against that over real pictures.
        """
        found, real = (pictures.var(axis=0).mean() for pictures in (score.pictures, self.floor.pictures))
        return bool(found < LEAST_VARIED * real)

    def ahead(self, way: str) -> int | None:
        """The number of the subject whose samples are nearer; None where that is uncertain."""
        return {Verdict.FIRST: 0, Verdict.SECOND: 1}.get(self.verdicts[way])

    def is_hollow(self, way: str) -> bool:
        """Whether the nearer samples win nothing: they are one average picture, or lie by no real ones."""
        number = self.ahead(way)
        if number is None:
            return False
        score = self.pair(way)[number]
        return self.is_one_picture(score) or score.is_near_none


def drawn_codes(subject: Subject, source: CodeSource, count: int, seed: int) -> NDArray[np.float32]:
    """Random codes (count,D) of a subject; the same seed gives the same draws from N(0, 1) to each."""
    random = np.random.default_rng(seed)
    match source:
        case CodeSource.PRIOR:
            return random.standard_normal((count, subject.codec.latent_dim), np.float32)
        case CodeSource.FITTED:
            noise = random.standard_normal((count, subject.stats.factor.shape[1]), np.float32)
            return (subject.stats.mean + noise @ subject.stats.factor.T).astype(np.float32)


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)) of the Gaussians fitted to features (n,F) and (m,F).

    Dowson and Landau 1982; of networks' features Heusel et al. 2017 (arXiv:1706.08500), whose numbers are of
    other features. Few pictures make it too large: compare only what is of equally many (Chong and Forsyth
    2020, arXiv:1911.07023).
    """
    return gaussian_frechet(*_moments(a), *_moments(b))


def gaussian_frechet(
    mean_a: NDArray[np.float64],
    cov_a: NDArray[np.float64],
    mean_b: NDArray[np.float64],
    cov_b: NDArray[np.float64],
) -> float:
    """The Fréchet distance of two Gaussians; tr (S_a S_b)^(1/2) is that of (R S_b R)^(1/2), R R = S_a."""
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0.0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0.0)).sum()
    offset = float(np.square(mean_a - mean_b).sum())
    return max(0.0, offset + float(np.trace(cov_a) + np.trace(cov_b) - 2.0 * cross))


def density_coverage(
    real: NDArray[np.floating], fake: NDArray[np.floating], neighbours: int = NEIGHBOURS
) -> tuple[float, float]:
    """Density and coverage of features fake (m,F) in the balls around real (n,F), each to its k-th neighbour.

    density = 1/(k m) sum over fakes of the balls that hold it; coverage = share of balls that hold a fake.
    Naeem et al. 2020, arXiv:2002.09797, section 3. For two sets of real pictures of the same size, density is
    about 1 and coverage about 1 - 2^-k. Density can be above 1: average pictures lie in many balls.
    """
    radius = nearest(real, real, neighbours, itself=True)[0][:, -1]  # (n,)
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    squared = np.square(real).sum(1)[:, None] + np.square(fake).sum(1) - 2 * real @ fake.T  # (n, m)
    # equal pictures are at distance 0 whatever the product's rounding
    inside = squared <= np.square(radius)[:, None] * (1 + 1e-9) + 1e-9
    return float(inside.sum() / (neighbours * len(fake))), float(inside.any(axis=1).mean())


def measure_samples(
    subjects: Sequence[Subject],
    material: Material,
    space: Callable[[], FeatureSpace] | None = None,
    most: int = MOST_SAMPLES,
    seed: int = 0,
    kept: KeptMeasures | None = None,
) -> Generator[EncodeProgress, None, SamplingStudy]:
    """Sample each subject from N(0, 1) and from a Gaussian fitted to its codes; hold both against real
    pictures.

    As many samples are taken as there are held-out pictures, at most `most`, so that every distance has the
    same bias, and the held-out pictures' own distance is the floor. Raises: ModelError for another shape,
    DataError for too few pictures.
    """
    check_subjects(subjects, material.held_out.shape[1:])
    check_enough(material)
    count = min(most, len(material.held_out))
    ways = [(number, source) for number in range(len(subjects)) for source in CodeSource]
    names = ["real", *(_key(*way) for way in ways)]
    shown = Layout.pictures(min(SHOWN, count), *material.held_out.shape[1:])
    layout = (
        {"features": Layout.numbers(1)}
        | {f"scores/{name}": Layout((3,), low=0.0) for name in names}
        | {f"without/{name}": Layout((_groups(count),), low=0.0) for name in names}
        | {f"pictures/{name}": shown for name in names[1:]}
    )
    arrays = yield from kept_or_measured(
        kept, "samples", [count, seed], layout, _measured(subjects, material, space, count, seed)
    )

    def score(name: str, title: str, source: CodeSource | None, pictures: NDArray[np.uint8]) -> SampleScore:
        whole, density, coverage = arrays[f"scores/{name}"].tolist()
        return SampleScore(
            title, source, jackknife(whole, arrays[f"without/{name}"]), density, coverage, pictures
        )

    scores = {
        (number, source): score(
            _key(number, source), subjects[number].name, source, arrays[f"pictures/{_key(number, source)}"]
        )
        for number, source in ways
    }
    held = material.held_out[spread_indices(len(material.held_out), count)][:SHOWN]
    own = tuple(CodeSource.PRIOR if subject.has_prior else CodeSource.FITTED for subject in subjects)
    differences: dict[str, Spread] = {}
    if len(subjects) > 1:
        pairs = {"prior": (CodeSource.PRIOR,) * 2, "fitted": (CodeSource.FITTED,) * 2, "own": own[:2]}
        for way, (first, second) in pairs.items():
            whole = scores[0, first].frechet.mean - scores[1, second].frechet.mean
            without = arrays[f"without/{_key(0, first)}"] - arrays[f"without/{_key(1, second)}"]
            differences[way] = jackknife(whole, without)
    return SamplingStudy(
        tuple(scores.values()),
        score("real", tr("real pictures, held out"), None, held),
        own,
        differences,
        {way: better(difference) for way, difference in differences.items()},
        int(arrays["features"][0]),
        count,
        seed,
    )


def check_enough(material: Material) -> None:
    """Raises: DataError for too few pictures to hold samples against."""
    fewest, held, reference = NEIGHBOURS + 2, len(material.held_out), len(material.reference)
    if min(held, reference) < fewest:
        raise DataError(
            tr(
                "There are too few pictures to hold samples against: {held} to measure on and {reference}"
                " others, where {fewest} of each are needed; choose data with more pictures that the runs"
                " were not trained on.",
                held=held,
                reference=reference,
                fewest=fewest,
            )
        )


def _key(number: int, source: CodeSource) -> str:
    return f"{number} {source.value}"


def _measured(
    subjects: Sequence[Subject],
    material: Material,
    space: Callable[[], FeatureSpace] | None,
    count: int,
    seed: int,
) -> Generator[EncodeProgress, None, Arrays]:
    """The distances and scores of held-out pictures, and of every subject from every source."""
    total, done = 2 + 2 * len(subjects), 1
    yield EncodeProgress(0, total, tr("Learning what real pictures look like"))
    known = space() if space is not None else fit_features(material.reference, seed=seed)
    balls = known.reference[spread_indices(len(known.reference), count)]
    moments = _moments(known.reference)
    found: Arrays = {"features": np.array([known.axes.shape[1]], np.int64)}

    def score(name: str, pictures: NDArray[np.uint8]) -> None:
        features = known.of(pictures)
        whole = gaussian_frechet(*_moments(features), *moments)
        found[f"scores/{name}"] = np.array([whole, *density_coverage(balls, features)])
        found[f"without/{name}"] = _without_groups(features, moments)

    yield EncodeProgress(done, total, tr("Real pictures against each other"))
    score("real", material.held_out[spread_indices(len(material.held_out), count)])
    done += 1
    for number, subject in enumerate(subjects):
        for source in CodeSource:
            yield EncodeProgress(done, total, tr("Samples of {name}", name=subject.name))
            pictures = subject.codec.decode(drawn_codes(subject, source, count, seed))
            score(_key(number, source), pictures)
            found[f"pictures/{_key(number, source)}"] = pictures[:SHOWN]
            done += 1
    yield EncodeProgress(total, total, tr("Samples measured"))
    return found


def _moments(features: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    exact = np.asarray(features, np.float64)
    return exact.mean(axis=0), np.atleast_2d(np.cov(exact, rowvar=False))


def _without_groups(
    features: NDArray[np.float32], moments: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The Fréchet distance to a Gaussian without each of GROUPS groups of features, (g,)."""
    groups = _groups(len(features))
    group = np.arange(len(features)) % groups
    return np.array([gaussian_frechet(*_moments(features[group != g]), *moments) for g in range(groups)])


def _groups(count: int) -> int:
    return min(GROUPS, count // 2)
