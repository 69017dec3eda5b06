"""The laboratory's measures against closed forms, independent code and controls whose answer is known."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.codec import Codec
from core.encoding import finished
from core.lab.betweens import draw_pairs, reach_of, single_pictures
from core.lab.blur import high_frequency_energy, measure_blur, sharpness
from core.lab.damages import Damage, equal_damages
from core.lab.features import fit_features
from core.lab.ghosts import GhostJudge, auc_of, blurred, cross_fade, fit_judge
from core.lab.imitation import copying_z
from core.lab.neighbours import nearest
from core.lab.noise import measure_noise, noisy_codes, noisy_picture
from core.lab.sampling import density_coverage, frechet_distance, gaussian_frechet
from core.lab.spread import Verdict, better, jackknife, ratio_values, spread_of
from core.lab.ssim import ssim
from core.lab.subjects import Subject, make_subject
from core.latents import statistics
from tests.core.lab_material import shapes, untrained


def test_the_spread_of_ten_values_has_students_interval() -> None:
    values = np.arange(10.0)
    spread = spread_of(values)
    sd = math.sqrt(110 / 12)  # of 0..9, with n - 1
    assert (spread.mean, spread.count) == (4.5, 10)
    assert spread.sd == pytest.approx(sd)
    assert spread.high - 4.5 == pytest.approx(2.262157 * sd / math.sqrt(10), rel=5e-4)  # t of 9, tabulated


@pytest.mark.parametrize(("count", "quantile"), [(2, 12.7062), (4, 3.18245), (5, 2.77645), (31, 2.04227)])
def test_intervals_of_few_values_are_as_wide_as_the_tables_say(count: int, quantile: float) -> None:
    values = np.arange(count, dtype=float)
    spread = spread_of(values)
    assert (spread.high - spread.mean) * math.sqrt(count) / spread.sd == pytest.approx(quantile, rel=3e-3)


def test_a_verdict_needs_an_interval_without_zero() -> None:
    random = np.random.default_rng(0)
    noise = random.standard_normal(400)
    assert better(spread_of(noise - 1.0)) is Verdict.FIRST
    assert better(spread_of(noise + 1.0)) is Verdict.SECOND
    assert better(spread_of(noise - 1.0), lower_is_better=False) is Verdict.SECOND
    assert better(spread_of(noise - noise.mean())) is Verdict.UNCERTAIN
    assert better(spread_of(np.ones(1))) is Verdict.UNCERTAIN


def test_the_jackknife_of_a_mean_is_the_means_own_standard_error() -> None:
    values = np.random.default_rng(0).standard_normal(20)
    without = np.array([np.delete(values, i).mean() for i in range(20)])
    assert jackknife(float(values.mean()), without).sd == pytest.approx(values.std(ddof=1) / math.sqrt(20))


def test_the_spread_of_a_ratio_is_that_of_the_jackknife() -> None:
    random = np.random.default_rng(3)
    under = random.normal(2.0, 1.0, 60)
    over = 0.6 * under + random.normal(0.0, 0.3, 60)
    ratio = spread_of(ratio_values(over, under))
    assert ratio.mean == pytest.approx(over.sum() / under.sum())
    rows = np.arange(60)
    without = np.array([over[rows != row].sum() / under[rows != row].sum() for row in rows])
    assert ratio.high - ratio.mean == pytest.approx(jackknife(ratio.mean, without).high - ratio.mean, rel=0.1)
    assert np.isnan(ratio_values(over, np.zeros(60))).all()


def test_the_frechet_distance_of_gaussians_has_its_closed_form() -> None:
    # in one dimension (m1 - m2)^2 + (s1 - s2)^2, and diagonal covariances add up
    mean_a, mean_b = np.array([1.0, -2.0, 0.0]), np.array([0.0, 1.0, 0.0])
    sd_a, sd_b = np.array([1.0, 2.0, 0.5]), np.array([3.0, 1.0, 0.0])
    expected = np.square(mean_a - mean_b).sum() + np.square(sd_a - sd_b).sum()
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    found = gaussian_frechet(
        turn @ mean_a, turn @ np.diag(sd_a**2) @ turn.T, turn @ mean_b, turn @ np.diag(sd_b**2) @ turn.T
    )
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_frechet_distance_of_covariances_that_do_not_commute() -> None:
    random = np.random.default_rng(1)
    a, b = (random.standard_normal((4, 4)) for _ in range(2))
    cov_a, cov_b = a @ a.T, b @ b.T
    # tr (S_a S_b)^(1/2) from the eigenvalues of the product itself, which is not symmetric
    cross = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real).sum()
    expected = np.trace(cov_a) + np.trace(cov_b) - 2 * cross
    assert gaussian_frechet(np.zeros(4), cov_a, np.zeros(4), cov_b) == pytest.approx(expected, rel=1e-9)


def test_the_frechet_distance_of_samples_is_zero_for_the_same_and_nears_its_limit() -> None:
    random = np.random.default_rng(0)
    a = random.standard_normal((20_000, 3))
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(a, 2 * random.standard_normal((20_000, 3)) + [1, 0, 0]) == pytest.approx(
        4.0, rel=0.03
    )


def test_density_and_coverage_of_the_same_set() -> None:
    real = np.random.default_rng(0).standard_normal((200, 5))
    density, coverage = density_coverage(real, real, 5)
    # every ball holds its centre and its five neighbours, the fifth on its edge
    assert density == pytest.approx(6 / 5)
    assert coverage == 1.0


def test_density_and_coverage_of_what_is_far_away_and_of_one_point() -> None:
    random = np.random.default_rng(0)
    real = random.standard_normal((200, 5))
    assert density_coverage(real, real + 100.0) == (0.0, 0.0)
    density, coverage = density_coverage(real, np.zeros((200, 5)))
    assert coverage < 0.7  # one picture over and over
    assert density > 1.0  # which lies in many balls: density alone would praise it


def test_two_samples_of_one_distribution_have_the_coverage_that_theory_says() -> None:
    random = np.random.default_rng(0)
    found = [density_coverage(*random.standard_normal((2, 300, 4))) for _ in range(5)]
    density, coverage = np.mean(found, axis=0)
    assert density == pytest.approx(1.0, abs=0.08)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.02)  # Naeem et al. 2020, lemma 2, in the limit


def test_nearest_agrees_with_every_distance_written_out() -> None:
    random = np.random.default_rng(0)
    queries, reference = random.standard_normal((700, 6)), random.standard_normal((90, 6))
    distances, rows = nearest(queries, reference, 3)
    every = np.sqrt(np.square(queries[:, None] - reference).sum(axis=2))
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :3])
    np.testing.assert_array_equal(rows, np.argsort(every, axis=1)[:, :3])
    assert nearest(reference, reference, 1)[0].max() == 0.0
    assert nearest(reference, reference, 1, itself=True)[0].min() > 0.0
    with pytest.raises(ValueError, match="neighbours"):
        nearest(queries, reference, 91)


def test_copies_are_found_and_new_pictures_are_not() -> None:
    random = np.random.default_rng(0)
    held = random.uniform(1, 2, 300)
    assert copying_z(held * 0.5, held) < -5
    assert copying_z(held * 2.0, held) > 5
    assert abs(copying_z(random.uniform(1, 2, 300), held)) < 2.5
    assert auc_of(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == pytest.approx(3.5 / 4)  # a tie counts half


def _ssim_by_loops(a: NDArray[np.float64], b: NDArray[np.float64], value_range: float) -> float:
    """Wang's formula window by window, as scikit-image has it with gaussian_weights."""
    offsets = np.arange(-5, 6)
    weight = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weight /= weight.sum()
    c1, c2 = (0.01 * value_range) ** 2, (0.03 * value_range) ** 2
    found = []
    for channel in range(a.shape[2]):
        for row in range(5, a.shape[0] - 5):
            for column in range(5, a.shape[1] - 5):
                place = np.s_[row - 5 : row + 6, column - 5 : column + 6, channel]
                u, v = a[place], b[place]
                mu, mv = (weight * u).sum(), (weight * v).sum()
                su, sv = (weight * (u - mu) ** 2).sum(), (weight * (v - mv) ** 2).sum()
                suv = (weight * (u - mu) * (v - mv)).sum()
                found.append(
                    (2 * mu * mv + c1) * (2 * suv + c2) / ((mu * mu + mv * mv + c1) * (su + sv + c2))
                )
    return float(np.mean(found))


def test_ssim_is_wangs_formula() -> None:
    random = np.random.default_rng(0)
    a = random.uniform(0, 255, (20, 24, 3))
    b = np.clip(a + random.normal(0, 30, a.shape), 0, 255)
    assert ssim(a, b) == pytest.approx(_ssim_by_loops(a, b, 255.0), abs=1e-12)
    assert ssim(a, a) == pytest.approx(1.0)
    assert ssim(a, b) == ssim(b, a)
    assert ssim(a / 255, b / 255, 1.0) == pytest.approx(ssim(a, b))
    assert ssim(a[:8, :8], a[:8, :8]) == pytest.approx(1.0)  # smaller than the window


@pytest.mark.parametrize("seed", range(4))
def test_damages_cost_the_same_squared_error(seed: int) -> None:
    study = equal_damages(shapes(1, seed)[0], seed)
    assert {one.damage for one in study.damages} == set(Damage)
    exact = study.original.astype(np.float64) / 127.5 - 1
    shifted = np.concatenate([exact[:, :1], exact[:, :-1]], axis=1)
    assert study.budget == pytest.approx(np.square(shifted - exact).sum(), rel=1e-12)
    for one in study.damages:
        again = np.square(one.exact - exact).sum()  # not from the study's own number
        assert again == pytest.approx(study.budget, rel=1e-6)
        assert one.mse == pytest.approx(study.budget / exact.size, rel=1e-6)
        rounded = one.pixels / 127.5 - 1.0  # "a few percent as a rule", as the page says
        assert np.square(rounded - exact).mean() == pytest.approx(one.mse, rel=0.05)
        assert np.abs(one.exact).max() <= 1.0
        np.testing.assert_array_equal(one.pixels, ((one.exact + 1) * 127.5).round())
    structures = [one.ssim for one in study.damages]
    assert structures == sorted(structures, reverse=True)
    assert structures[0] > structures[-1] + 0.1  # the loss calls equal what structure tells apart


def test_damages_of_what_cannot_be_shifted_or_blurred_as_much() -> None:
    board = np.indices((16, 16)).sum(axis=0) % 2
    study = equal_damages(np.repeat((board * 255).astype(np.uint8)[..., None], 3, axis=2))
    errors = [one.squared_error for one in study.damages]
    assert len(errors) == 5
    assert errors == pytest.approx([study.budget] * 5, rel=1e-6)
    plain = equal_damages(np.full((16, 16, 1), 90, np.uint8))
    assert {one.damage for one in plain.damages} == {Damage.BRIGHTER, Damage.NOISY}
    assert [one.squared_error for one in plain.damages] == pytest.approx([plain.budget] * 2, rel=1e-6)


def test_the_spot_to_erase_can_be_chosen() -> None:
    ramp = np.add.outer(np.arange(32) * 3, np.arange(32) * 4).astype(np.uint8)[..., None]
    study = equal_damages(ramp, place=(14, 20))
    erased = next(one for one in study.damages if one.damage is Damage.ERASED)
    changed = np.argwhere((erased.pixels != study.original).any(axis=2))
    assert study.place == (14, 20)
    assert np.hypot(*(changed.mean(axis=0) - (14, 20))) < 2


def test_high_frequency_energy_is_that_of_the_waves_above_the_cutoff() -> None:
    x = np.arange(64)
    waves = [127.5 + 100 * np.sin(2 * np.pi * frequency * x) for frequency in (1 / 16, 1 / 4)]
    low, high = (np.broadcast_to(wave.round()[None, None, :, None], (1, 64, 64, 1)) for wave in waves)
    low_energy, high_energy = (high_frequency_energy(wave.astype(np.uint8))[0] for wave in (low, high))
    assert low_energy < 1e-3 * high_energy
    # Parseval: a wave of amplitude a under a window w has energy a^2 / 2 sum w^2
    window = np.square(np.outer(*[np.hanning(66)[1:-1]] * 2)).sum()
    assert high_energy == pytest.approx((100 / 127.5) ** 2 / 2 * window, rel=0.01)


def test_blur_lowers_the_meter_step_by_step_and_equality_is_one() -> None:
    pictures = shapes(8, 0)
    kept = [sharpness(pictures, blurred(pictures, sigma)).mean() for sigma in (0.0, 0.5, 1.0, 2.0)]
    assert kept[0] == 1.0
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < 0.1
    plain = np.full((2, 16, 16, 1), 7, np.uint8)
    assert np.isnan(sharpness(plain, shapes(2, 0, 16)[..., :1])).all()  # whatever is made of it


class Answering(Codec):
    """A codec that gives the answer that it was made with to the pictures that it was made for."""

    def __init__(self, codec: Codec, pictures: NDArray[np.uint8], answer: NDArray[np.uint8]) -> None:
        super().__init__(codec.network)
        self._pictures, self._answer = pictures, answer

    def reconstruct(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The answer (n,H,W,C)."""
        np.testing.assert_array_equal(pixels, self._pictures)
        return self._answer


def answering(name: str, pictures: NDArray[np.uint8], answer: NDArray[np.uint8]) -> Subject:
    """A model of which it is known what it makes of pictures."""
    subject = untrained("ae", pictures, 0)
    return replace(subject, name=name, codec=Answering(subject.codec, pictures, answer))


def noisy(pictures: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Pictures with noise of so many grey levels."""
    noise = np.random.default_rng(0).normal(0.0, sigma, pictures.shape)
    return (pictures + noise).round().clip(0, 255).astype(np.uint8)


def test_noise_is_not_sharpness() -> None:
    pictures = shapes(40, 0)
    near, noise = blurred(pictures, 0.4), noisy(pictures, 60.0)
    subjects = answering("near", pictures, near), answering("noise", pictures, noise)
    study = finished(measure_blur(subjects, pictures))
    soft, loud = study.subjects
    assert 0.7 < soft.spread.mean < 1.0
    assert loud.spread.mean > 2.0
    assert (soft.is_noisy, loud.is_noisy) == (False, True)
    assert study.verdict is Verdict.FIRST
    assert finished(measure_blur(subjects[::-1], pictures)).verdict is Verdict.SECOND
    for one, made in ((soft, near), (loud, noise)):
        energy = high_frequency_energy(made).sum() / high_frequency_energy(pictures).sum()
        assert one.spread.mean == pytest.approx(energy)  # the ratio of means
        assert one.off.mean() == pytest.approx(abs(math.log(energy)))
        # the interval of the logarithm, by the jackknife
        before, after = high_frequency_energy(pictures), high_frequency_energy(made)
        rows = np.arange(40)
        without = np.array([abs(math.log(after[rows != n].sum() / before[rows != n].sum())) for n in rows])
        found, wanted = spread_of(one.off), jackknife(abs(math.log(energy)), without)
        assert found.high - found.mean == pytest.approx(wanted.high - wanted.mean, rel=0.1)


def test_pictures_without_detail_do_not_rule_the_blur_meter() -> None:
    detailed = shapes(20, 0)
    plain, faint = np.full((4, 32, 32, 3), 90, np.uint8), np.full((4, 32, 32, 3), 90, np.uint8)
    faint[:, 10:20, 10:20] += 2  # little detail, of which the same noise is a thousand times
    pictures = np.concatenate([detailed, plain, faint])
    made = np.concatenate([detailed, noisy(plain, 4.0), noisy(faint, 4.0)])
    study = finished(measure_blur((answering("a", pictures, made),), pictures))
    assert study.plain == 4
    assert len(study.subjects[0].kept) == 24
    assert study.subjects[0].kept.mean() > 3.0
    assert study.subjects[0].spread.mean == pytest.approx(1.0, abs=0.02)
    none = finished(measure_blur((answering("a", plain, plain),) * 2, plain))
    assert none.plain == 4
    assert none.verdict is Verdict.UNCERTAIN
    assert np.isnan(none.subjects[0].spread.mean)


def test_a_network_that_makes_nothing_of_detail_is_as_far_off_as_can_be() -> None:
    pictures = shapes(20, 0)
    grey = answering("grey", pictures, np.full_like(pictures, 128))
    study = finished(measure_blur((grey, answering("near", pictures, blurred(pictures, 0.4))), pictures))
    assert study.subjects[0].spread.mean == 0.0
    assert np.isfinite(study.subjects[0].off).all()
    assert study.verdict is Verdict.SECOND


def test_frequencies_that_small_pictures_do_not_have_are_left_open() -> None:
    pictures = shapes(6, 0, 8)
    study = finished(measure_blur((answering("same", pictures, pictures),), pictures))
    bands = study.subjects[0].bands
    held = np.unique(np.minimum(np.hypot(*np.meshgrid(*[np.fft.fftfreq(8)] * 2)) * 32, 15).astype(int))
    assert np.flatnonzero(~np.isnan(bands)).tolist() == held.tolist()
    assert 0 < len(held) < len(bands)
    np.testing.assert_array_equal(bands[held], 1.0)


def test_the_blur_study_compares_two_models() -> None:
    pictures = shapes(20, 0)
    study = finished(measure_blur((untrained("ae", pictures, 0), untrained("vae", pictures, 1)), pictures))
    assert [one.name for one in study.subjects] == ["ae", "vae"]
    assert study.subjects[0].kept.shape == (20,)
    assert study.difference is not None


def test_noise_varies_as_the_codes_of_each_model_do() -> None:
    pictures = shapes(64, 0)
    subject = untrained("ae", pictures, 0)
    codes = subject.codec.encode(pictures)
    noisy = noisy_codes(subject, np.zeros((40_000, 4), np.float32), 0.5, seed=3)
    expected = 0.25 * np.cov(codes.T, bias=True)
    np.testing.assert_allclose(np.cov(noisy.T), expected, atol=0.03 * expected.max())
    np.testing.assert_array_equal(noisy, noisy_codes(subject, np.zeros((40_000, 4), np.float32), 0.5, seed=3))


def test_noise_does_the_same_to_a_model_whose_code_is_mapped_linearly() -> None:
    pictures = shapes(200, 0)
    subject = untrained("ae", pictures, 0)
    mixed = np.random.default_rng(1).normal(size=(4, 4)).astype(np.float32) + 2 * np.eye(4, dtype=np.float32)
    weights = {key: value.clone() for key, value in subject.codec.network.state_dict().items()}
    last = max(key for key in weights if key.startswith("encoder.") and key.endswith(".weight"))
    there, back = torch.from_numpy(mixed), torch.from_numpy(np.linalg.inv(mixed))
    weights[last] = there @ weights[last]
    weights[last.replace("weight", "bias")] = there @ weights[last.replace("weight", "bias")]
    weights["decoder.0.weight"] = weights["decoder.0.weight"] @ back
    codec = subject.codec.update(weights)
    np.testing.assert_allclose(codec.errors(pictures), subject.codec.errors(pictures), rtol=1e-4)
    mapped = make_subject("mapped", codec, statistics(codec.encode(pictures)))
    study = finished(measure_noise((subject, mapped), pictures, (0.0, 1.0), seed=2))
    rises = [curve.rise[1] for curve in study.curves]
    assert rises[1].mean == pytest.approx(rises[0].mean, rel=0.15)  # other draws of the same noise
    alone = [rise_by_independent_noise(one, pictures) for one in (subject, mapped)]
    assert max(alone) > 1.5 * min(alone)  # which tells the two apart


def rise_by_independent_noise(subject: Subject, pictures: NDArray[np.uint8]) -> float:
    z = subject.codec.encode(pictures)
    noise = np.random.default_rng(2).standard_normal(z.shape).astype(np.float32)
    errors = subject.codec.errors(pictures, (z + subject.stats.std * noise).astype(np.float32))
    return float((errors - subject.codec.errors(pictures, z)).mean())


def test_the_noise_study_has_the_codecs_own_errors() -> None:
    pictures = shapes(30, 0)
    subjects = untrained("ae", pictures, 0), untrained("vae", pictures, 1)
    study = finished(measure_noise(subjects, pictures, (0.0, 1.0), seed=5))
    for curve, subject in zip(study.curves, subjects, strict=True):
        np.testing.assert_allclose(curve.errors[0], subject.codec.errors(pictures), rtol=1e-5)
        z = subject.codec.encode(pictures)
        draws = [subject.codec.errors(pictures, noisy_codes(subject, z, 1.0, 5 * 4 + n)) for n in range(4)]
        np.testing.assert_allclose(curve.errors[1], np.mean(draws, axis=0), rtol=1e-5)
        assert curve.rise[0].mean == pytest.approx(0.0, abs=1e-9)
    assert study.rise_verdicts[0] is Verdict.UNCERTAIN
    pixels, error = noisy_picture(subjects[0], pictures[0], 0.0, 0)
    np.testing.assert_array_equal(pixels, subjects[0].codec.reconstruct(pictures[:1])[0])
    assert error == pytest.approx(float(subjects[0].codec.errors(pictures[:1])[0]), rel=1e-6)


def test_features_of_the_reference_have_variance_one_and_no_correlation() -> None:
    pictures = shapes(200, 0)
    space = fit_features(pictures, 8)
    features = space.of(pictures)
    np.testing.assert_allclose(np.cov(features, rowvar=False, bias=True), np.eye(8), atol=2e-3)
    np.testing.assert_allclose(features.mean(axis=0), 0.0, atol=1e-3)
    again = fit_features(pictures, 8).of(pictures[:5])
    np.testing.assert_array_equal(again, space.of(pictures[:5]))
    assert fit_features(shapes(3, 0, 8)[..., :1]).of(shapes(2, 1, 8)[..., :1]).shape == (2, 1)


def test_damaged_pictures_are_farther_from_real_ones_than_real_ones_are() -> None:
    reference, held = shapes(400, 0), shapes(200, 1)
    space = fit_features(reference, 16)
    known = space.of(reference)
    floor = frechet_distance(space.of(held), known)
    controls = {
        "fade": cross_fade(held, np.roll(held, 1, axis=0)),
        "blur": blurred(held, 2.0),
        "one": np.repeat(held[:1], 200, axis=0),
    }
    for name, pictures in controls.items():
        assert frechet_distance(space.of(pictures), known) > 1.5 * floor, name


def doubleness(
    judge: GhostJudge, a: NDArray[np.uint8], b: NDArray[np.uint8], middle: NDArray[np.uint8]
) -> float:
    """The mean doubleness of pictures that stand for the middles of a and b: 0 as these, 1 as their fades."""
    base = (judge.scores(a) + judge.scores(b)) / 2
    step = (judge.scores(cross_fade(a, b)) - base).mean()
    return float((judge.scores(middle) - base).mean() / step)


def drawn_to(pictures: NDArray[np.uint8], centre: NDArray[np.floating], kept: float) -> NDArray[np.uint8]:
    """Pictures of which so much of the difference from centre is kept; above 1 they gain contrast."""
    return (centre + kept * (pictures - centre)).round().clip(0, 255).astype(np.uint8)


def check_judge(
    judge: GhostJudge, reference: NDArray[np.uint8], a: NDArray[np.uint8], b: NDArray[np.uint8]
) -> None:
    """Contrast, blur and nearness to the mean picture tell nothing; two pictures in one do."""
    fades = cross_fade(a, b)
    own, fade_own = (pictures.mean(axis=(1, 2), keepdims=True) for pictures in (a, fades))
    assert abs(doubleness(judge, a, b, drawn_to(a, own, 0.7))) < 0.35
    assert abs(doubleness(judge, a, b, drawn_to(a, reference.mean(axis=0), 0.71))) < 0.5
    assert doubleness(judge, a, b, drawn_to(fades, fade_own, 1.3)) > 0.7
    softened = blurred(a, 1.5), blurred(b, 1.5)
    assert auc_of(judge.scores(softened[0]), judge.scores(cross_fade(*softened))) > 0.6
    assert 0.35 < auc_of(judge.scores(a), judge.scores(b)) < 0.65  # other real pictures


def test_the_judge_knows_cross_fades_and_is_not_misled_by_blur_or_contrast() -> None:
    reference, held, other = shapes(1000, 0), shapes(150, 1), shapes(150, 2)
    judge = fit_judge(reference, held)
    assert judge.auc > 0.6
    check_judge(judge, reference, held, other)


def test_the_judge_knows_cross_fades_of_faces_where_distances_praise_them(real_data: Path) -> None:
    faces = np.load(real_data / "faces_train.npy", mmap_mode="r")
    reference, held, other = (
        np.array(faces[start : start + n]) for start, n in ((0, 400), (2000, 120), (3000, 120))
    )
    judge, space = fit_judge(reference, held), fit_features(reference)
    assert judge.auc > 0.7
    check_judge(judge, reference, held, other)
    fades = cross_fade(held, other)
    # why there is a judge at all: by distance, a cross-fade is more real than a real picture is
    near = [nearest(space.of(pictures), space.of(reference))[0] for pictures in (held, fades)]
    assert np.median(near[1]) < np.median(near[0])


def test_pairs_are_of_different_pictures() -> None:
    pairs = draw_pairs(300, 100, seed=1)
    assert pairs.shape == (100, 2)
    assert len(np.unique(pairs)) == 200  # a picture in two pairs would make them less than independent
    np.testing.assert_array_equal(pairs, draw_pairs(300, 100, seed=1))
    assert draw_pairs(2, 200).shape == (1, 2)


def test_single_pictures_lie_where_middles_do(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.random.default_rng(0).normal(2.0, 1.0, (4000, 4)).astype(np.float32)
    subject = replace(untrained("ae", shapes(40, 3), 0), stats=statistics(codes))
    drawn: list[NDArray[np.float32]] = []
    monkeypatch.setattr(subject.codec, "decode", drawn.append)
    single_pictures(subject, codes)
    middles = (codes[::2] + codes[1::2]) / 2.0
    np.testing.assert_allclose(drawn[0].mean(axis=0), middles.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(drawn[0].std(axis=0), middles.std(axis=0), rtol=0.05)


def test_reach_is_the_half_distance_over_the_noise() -> None:
    """Two dimensions at known places with known noise, and one that says nothing."""
    mean = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 3.0, 0.0], [8.0, -6.0, 0.0]], np.float32)
    log_std = np.log(np.array([[0.5, 0.25, 1.0]] * 4)).astype(np.float32)
    pairs = np.array([[0, 1], [2, 3]])
    expected = [np.sqrt(((2.0 / 0.5) ** 2 + 0.0) / 2), np.sqrt(((4.0 / 0.5) ** 2 + (4.5 / 0.25) ** 2) / 2)]
    np.testing.assert_allclose(reach_of(mean, log_std, pairs), expected, rtol=1e-5)
    assert reach_of(mean, None, pairs).tolist() == [0.0, 0.0]


def test_noise_itself_reaches_about_once_as_far() -> None:
    """Pairs whose half distance is a draw of the noise: over 64 dimensions the root mean square is near 1."""
    dice = np.random.default_rng(0)
    std = dice.uniform(0.2, 0.4, 64)
    ends = dice.normal(0.0, 1.0, (200, 64))
    others = ends + 2.0 * std * dice.normal(0.0, 1.0, (200, 64))
    log_std = np.tile(np.log(std), (400, 1)).astype(np.float32)
    pairs = np.stack([np.arange(200), np.arange(200, 400)], axis=1)
    found = reach_of(np.concatenate([ends, others]).astype(np.float32), log_std, pairs)
    assert found.mean() == pytest.approx(1.0, abs=0.02)
    assert found.std() < 0.1


@pytest.mark.parametrize("count", [4, 7, 20, 450, 1200])
def test_no_picture_is_in_two_pairs(count: int) -> None:
    pairs = draw_pairs(count)
    assert len(pairs) == min(500, count // 2)
    assert len(np.unique(pairs)) == 2 * len(pairs)
    assert set(pairs.flat) <= set(range(count))
