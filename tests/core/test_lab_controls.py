"""The laboratory's controls: what must not be praised as tolerance, nor blamed as imitation."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.encoding import finished
from core.export.document import Chart, Table
from core.export.report import make_report
from core.export.report_findings import (
    between_finding,
    names_of,
    noise_finding,
    sampling_finding,
)
from core.export.report_imitation import imitation_finding, imitation_part
from core.export.report_parts import ReportParts
from core.lab.features import FeatureSpace, fit_features
from core.lab.imitation import Copying, Imitation, Recall, held_against, measure_imitation, recall_of
from core.lab.neighbours import nearest
from core.lab.noise import measure_noise, noisy_codes
from core.lab.spread import Verdict
from core.lab.study import Study, measure_study
from core.lab.subjects import Material, Subject
from core.latents import statistics
from core.runs import Run
from tests.core.lab_material import copier, deaf, material_of, principal, shapes, untrained
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture(scope="module")
def reference() -> NDArray[np.uint8]:
    """What was trained on."""
    return shapes(200, 0, 16)


@pytest.fixture(scope="module")
def material(reference: NDArray[np.uint8]) -> Material:
    """With pictures that were held out."""
    return material_of(shapes(80, 1, 16), reference)


@pytest.fixture(scope="module")
def space(reference: NDArray[np.uint8]) -> FeatureSpace:
    """What pictures are compared by."""
    return fit_features(reference)


@pytest.fixture(scope="module")
def able(reference: NDArray[np.uint8]) -> Subject:
    """A model that uses its code."""
    return principal(reference, 12)


def test_a_decoder_that_ignores_its_code_tolerates_nothing(able: Subject, material: Material) -> None:
    ignoring = deaf(able)
    study = finished(measure_noise((able, ignoring), material.held_out, (0.0, 1.0), seed=5))
    used, unused = study.curves
    assert used.uses_code
    assert unused.gain_share == 0.0  # to the bit: whatever the code, it gives the same picture
    assert unused.rise[1].mean == 0.0
    assert not unused.uses_code
    assert not study.uses_codes
    assert study.rise_verdicts[1] is Verdict.SECOND  # what the numbers alone would praise
    assert study.lost_verdicts[1] is Verdict.UNCERTAIN


def test_first_weights_do_not_use_their_code(material: Material) -> None:
    study = finished(measure_noise((untrained("ae", material.held_out, 0),), material.held_out, (0.0,)))
    assert not study.uses_codes


def test_the_gain_is_that_over_the_pictures_mean_and_noise_takes_a_share_of_it(
    able: Subject, material: Material
) -> None:
    pictures, codec = material.held_out, able.codec
    study = finished(measure_noise((able, able), pictures, (0.0, 0.5, 1.0), seed=3))
    curve = study.curves[0]
    z = codec.encode(pictures)
    alike = np.tile(codec.encode(material.reference).mean(axis=0), (len(pictures), 1))
    unread, still = codec.errors(pictures, alike), codec.errors(pictures, z)
    assert curve.unread.mean == pytest.approx(float(unread.mean()), rel=1e-5)
    assert curve.gain_share == pytest.approx(1.0 - float(still.mean() / unread.mean()), rel=1e-4)
    draws = [codec.errors(pictures, noisy_codes(able, z, 1.0, 3 * 4 + draw)) for draw in range(4)]
    rise = np.mean(draws, axis=0) - still
    gain = unread - still
    share = float(rise.sum() / gain.sum())
    assert curve.lost[0].mean == 0.0
    assert curve.lost[2].mean == pytest.approx(share, rel=1e-4)
    # the linearised deviation of a ratio of means, by independent code
    residual = (rise - share * gain) / gain.mean()
    half = (curve.lost[2].high - curve.lost[2].low) / 2
    assert half == pytest.approx(1.99 * residual.std(ddof=1) / np.sqrt(len(residual)), rel=0.05)
    assert study.lost_verdicts[2] is Verdict.UNCERTAIN  # it beside itself
    assert study.lost_differences[2].sd == 0.0


def test_one_picture_has_no_interval(able: Subject, material: Material) -> None:
    curve = finished(measure_noise((able,), material.held_out[:1], (0.0, 1.0))).curves[0]
    assert np.isinf(curve.lost[1].high)
    assert not curve.uses_code


def test_smooth_samples_are_not_called_imitation(
    reference: NDArray[np.uint8], material: Material, space: FeatureSpace
) -> None:
    smooth = principal(reference, 3)
    found = finished(measure_imitation((smooth,), material, lambda: space)).subjects[0]
    decoded = smooth.codec.reconstruct(material.held_out)
    distances = nearest(space.of(decoded), space.reference)[0][:, 0]
    np.testing.assert_allclose(found.decoded, distances, rtol=1e-6)
    assert found.nearness.is_nearer  # by the distances alone it would be called so
    assert not found.control.is_nearer
    assert found.copying is Copying.SMOOTH


def test_samples_that_give_training_pictures_back_are_imitation(
    reference: NDArray[np.uint8], material: Material, space: FeatureSpace
) -> None:
    model = principal(reference, 40)
    few = model.codec.encode(reference[[3] * 50])
    copier = dataclasses.replace(model, stats=statistics(few))  # whatever it draws, it is that picture
    study = finished(measure_imitation((copier, model), material, lambda: space))
    assert study.subjects[0].neighbour_indices[0, 0] == 1003
    assert study.subjects[0].copying is Copying.IMITATES
    assert study.subjects[1].copying is not Copying.IMITATES


@pytest.mark.parametrize(("noise", "is_exact"), [(0.0, True), (6.0, False)])
def test_a_decoder_that_gives_training_pictures_back_is_no_control_of_itself(
    able: Subject,
    reference: NDArray[np.uint8],
    material: Material,
    space: FeatureSpace,
    noise: float,
    is_exact: bool,
) -> None:
    memorised = copier(able, reference, noise)
    found = finished(measure_imitation((memorised,), material, lambda: space)).subjects[0]
    assert not found.control.is_nearer  # by that alone it would only be smooth, or nothing could be said
    assert found.recall.is_exact is is_exact
    assert found.recall.held_out == 1.0
    assert found.recall.known < 0.1
    assert found.copying is Copying.IMITATES
    said = imitation_finding(found, "m")
    assert said.certain
    assert said.text.startswith("m imitates or averages.")
    assert "nan" not in said.text
    if is_exact:
        assert "at a distance of about 0 from training pictures: it gives those back" in said.text
    else:
        assert "nearer to a training picture than to the new one in 100 % of cases" in said.text
    far = dataclasses.replace(found, nearness=held_against(found.distances + 9.0, found.distances + 5.0))
    assert far.copying is Copying.LEANS
    assert "no nearer than new pictures are. " in imitation_finding(far, "m").text


@pytest.mark.parametrize("dims", [1, 3, 6, 12, 100])
def test_a_smooth_decoder_recalls_no_picture(
    reference: NDArray[np.uint8], material: Material, space: FeatureSpace, dims: int
) -> None:
    found = finished(measure_imitation((principal(reference, dims),), material, lambda: space)).subjects[0]
    assert not found.recall.gives_back
    assert found.copying in (Copying.SMOOTH, Copying.NEW, Copying.OPEN)
    if dims <= 6:  # so smooth that other pictures are nearer than their own, of training pictures too
        assert min(found.recall.held_out, found.recall.known) > 0.5
        assert found.copying is Copying.SMOOTH


def test_what_is_recalled_is_a_share_with_its_interval() -> None:
    near, far = np.array([0.5] * 30 + [2.0] * 10), np.ones(40)
    found = recall_of(near, far, np.ones(100), np.full(100, 2.0))
    assert (found.held_out, found.known, found.gap) == (0.75, 0.0, 0.5)
    # Agresti and Caffo's interval: 31 of 42 less 1 of 102
    p, q = 31 / 42, 1 / 102
    low = p - q - 1.96 * np.sqrt(p * (1 - p) / 42 + q * (1 - q) / 102)
    assert found.low == pytest.approx(low, rel=1e-4)
    assert found.gives_back
    few = recall_of(near[26:34], far[:8], np.ones(3), np.full(3, 2.0))
    assert few.held_out == 0.5
    assert not few.gives_back


def test_of_pictures_that_were_not_trained_on_nothing_is_said(able_copy: Imitation) -> None:
    for change, why in (
        ({"trained_on": False}, "not known to be those that it was trained on"),
        ({"is_unseen": False}, "it was trained on some of the pictures"),
    ):
        found = imitation_finding(dataclasses.replace(able_copy, **change), "m")
        assert not found.certain
        assert found.text.startswith("Whether m copies cannot be said")
        assert why in found.text


def test_copies_are_ruled_out_only_where_the_interval_does(able_copy: Imitation) -> None:
    random = np.random.default_rng(0)
    few, many = random.uniform(0.5, 2.0, 16), random.uniform(0.5, 2.0, 4000)
    against = held_against(few, few)
    assert against.low < 0.9
    one = dataclasses.replace(able_copy, nearness=against, control=against)
    assert one.copying is Copying.OPEN
    found = imitation_finding(one, "m")
    assert not found.certain
    assert found.text.startswith("Whether m copies is uncertain.")
    assert "does not copy" not in found.text
    sure = held_against(many, many)
    assert dataclasses.replace(one, nearness=sure, control=sure).copying is Copying.NEW
    assert dataclasses.replace(one, nearness=held_against(few * 9, few)).copying is Copying.NEW


@pytest.mark.parametrize(
    ("held", "decoded", "copying"),
    [
        (2.0, 2.0, Copying.IMITATES),
        (2.0, 1.0, Copying.SMOOTH),
        (1.0, 2.0, Copying.LEANS),
        (1.0, 1.0, Copying.NEW),
        (0.5, 0.5, Copying.NEW),
    ],
)
def test_both_comparisons_decide(able_copy: Imitation, held: float, decoded: float, copying: Copying) -> None:
    random = np.random.default_rng(0)
    samples = random.uniform(1.0, 2.0, 200)
    against = [held_against(samples, factor * random.uniform(1.0, 2.0, 300)) for factor in (held, decoded)]
    one = dataclasses.replace(able_copy, nearness=against[0], control=against[1])
    assert one.copying is copying
    assert against[0].ratio == pytest.approx(1.0 / held, rel=0.08)
    assert against[0].low < against[0].ratio < against[0].high
    start = {
        Copying.IMITATES: "m imitates or averages.",
        Copying.SMOOTH: "m shows no imitation beyond its smoothness.",
        Copying.LEANS: "m leans on training pictures.",
        Copying.NEW: "m does not copy.",
    }[copying]
    assert imitation_finding(one, "m").text.startswith(start)


def test_nothing_is_held_against_a_distance_of_nothing(able_copy: Imitation) -> None:
    samples = np.random.default_rng(0).uniform(1.0, 2.0, 200)
    fine, none = held_against(samples, samples), held_against(samples, np.zeros(300))
    for against in ((none, fine), (fine, none)):
        one = dataclasses.replace(able_copy, nearness=against[0], control=against[1])
        assert one.copying is Copying.UNKNOWN
        found = imitation_finding(one, "m")
        assert not found.certain
        assert found.text.startswith("Whether m copies cannot be said")
        assert not re.search(r"\d{4}|nan", found.text)
    few = held_against(samples, np.repeat([0.0, 1.0], [99, 101]))  # a few pictures more, and it were 0
    assert np.isnan(few.ratio)


def test_nearer_by_a_hair_is_no_imitation() -> None:
    others = np.random.default_rng(0).normal(1.0, 0.01, 2000)
    hair, tenth = held_against(others * 0.997, others), held_against(others * 0.9, others)
    assert hair.z < -2.0
    assert hair.high < 1.0
    assert not hair.is_nearer
    assert tenth.is_nearer


@pytest.fixture(scope="module")
def able_copy(able: Subject, material: Material, space: FeatureSpace) -> Imitation:
    """A measured value, whose numbers a test may replace."""
    return finished(measure_imitation((able,), material, lambda: space)).subjects[0]


@pytest.fixture(scope="module")
def study(able: Subject, material: Material) -> Study:
    """All measures of a model that uses its code and of one that does not."""
    return finished(measure_study((able, deaf(able)), material))


def test_the_report_praises_no_decoder_that_ignores_its_code(study: Study) -> None:
    middles = between_finding(study, names_of(study))
    assert not middles.certain
    assert "does better" not in middles.text
    found = noise_finding(study, names_of(study))
    assert not found.certain
    assert "better" not in found.text
    assert "who tolerates noise cannot be said" in found.text
    assert "deaf does not use its code" in found.text
    assert "principal does not use" not in found.text
    turned = dataclasses.replace(study.noise.curves[0], gain=study.noise.curves[1].gain)
    neither = dataclasses.replace(study.noise, curves=(turned, study.noise.curves[1]))
    text = noise_finding(dataclasses.replace(study, noise=neither), names_of(study)).text
    assert "principal does not use its code" in text


def test_the_report_does_not_call_other_pictures_training_pictures(study: Study) -> None:
    def titles(trained_on: tuple[bool, bool], *, is_unseen: bool = True) -> tuple[str, str]:
        material = dataclasses.replace(study.material, trained_on=trained_on, is_unseen=is_unseen)
        subjects = tuple(
            dataclasses.replace(one, trained_on=own, is_unseen=is_unseen)
            for one, own in zip(study.imitation.subjects, trained_on, strict=True)
        )
        imitation = dataclasses.replace(study.imitation, subjects=subjects)
        turned = dataclasses.replace(study, material=material, imitation=imitation)
        blocks = imitation_part(turned, names_of(study))
        charts = [block for block in blocks if isinstance(block, Chart)]
        return "|".join(chart.title for chart in charts), "|".join(chart.caption for chart in charts)

    title, caption = titles((True, False))
    assert title == (
        "principal: distance to the nearest training picture|deaf: distance to the nearest real picture"
    )
    assert caption.startswith("Samples left of the reconstructions lie closer")
    assert caption.endswith("it is not known to have been trained on these pictures.")
    title, caption = titles((False, False))
    assert "training" not in title
    assert "smoothness" not in caption
    assert "smoothness" not in titles((True, True), is_unseen=False)[1]


def test_reconstructions_that_are_training_pictures_are_no_control_in_the_charts(study: Study) -> None:
    known = Recall(held_out=1.0, known=0.0, low=0.9, gap=0.5)
    nearer = held_against(np.full(60, 0.5), np.random.default_rng(0).uniform(1.0, 2.0, 60))
    first, second = (
        dataclasses.replace(one, recall=known, nearness=nearer) for one in study.imitation.subjects
    )
    unknown = dataclasses.replace(second, nearness=held_against(np.ones(60), np.zeros(60)))
    imitation = dataclasses.replace(study.imitation, subjects=(first, unknown))
    blocks = imitation_part(dataclasses.replace(study, imitation=imitation), names_of(study))
    captions = [block.caption for block in blocks if isinstance(block, Chart)]
    assert captions[0].startswith("The reconstructions are no control here")
    assert "no control" not in captions[1]  # where held-out pictures lie there too, nothing is said


def _table(study: Study, tmp_path: Path) -> dict[str, str]:
    """What the page's first table says who is ahead, by question."""
    dataset = tiny_dataset(40, 16, 16)
    runs = [Run.create(tmp_path / name, tiny_config(), dataset.identity) for name in "ab"]
    blocks = make_report(ReportParts(study, (runs[0], runs[1]))).blocks
    table = next(block for block in blocks if isinstance(block, Table))
    return {row[0]: row[2] for row in table.rows}


def test_one_average_picture_wins_nothing_by_its_distance(study: Study, tmp_path: Path) -> None:
    sampling, curves = study.sampling, study.noise.curves
    assert [sampling.is_one_picture(one) for one in sampling.pair("fitted")] == [False, True]
    won = dataclasses.replace(sampling, verdicts=dict.fromkeys(sampling.verdicts, Verdict.SECOND))
    turned = dataclasses.replace(study, sampling=won)
    for way in ("prior", "fitted", "own"):
        found = sampling_finding(turned, names_of(study), way)
        assert not found.certain
        assert "does better" not in found.text
        assert "deaf decodes whatever is drawn to about one average picture (density" in found.text
    said = _table(turned, tmp_path)
    assert said["samples from N(0, 1)"] == said["samples, each as suits it"] == "uncertain"
    # who is behind with one picture, is behind
    lost = dataclasses.replace(sampling, verdicts=dict.fromkeys(sampling.verdicts, Verdict.FIRST))
    assert sampling_finding(dataclasses.replace(study, sampling=lost), names_of(study), "own").certain
    unused = dataclasses.replace(study.noise, curves=(curves[1], curves[0]))
    unread = dataclasses.replace(study, sampling=lost, noise=unused)
    assert "principal decodes whatever" in sampling_finding(unread, names_of(study), "own").text


def test_samples_far_from_all_real_pictures_win_nothing(study: Study) -> None:
    able = study.sampling.pair("own")[0]
    far = dataclasses.replace(able, density=0.0, coverage=0.0)
    won = dict.fromkeys(study.sampling.verdicts, Verdict.FIRST)
    sampling = dataclasses.replace(study.sampling, scores=(far, far, able, able), verdicts=won)
    found = sampling_finding(dataclasses.replace(study, sampling=sampling), names_of(study), "own")
    assert "No sample of principal lies among real pictures (density 0.00, coverage 0.00)" in found.text
    assert not dataclasses.replace(sampling, scores=(able,) * 4).is_hollow("own")


def test_where_both_measures_of_noise_disagree_the_report_leaves_it_open(
    study: Study, tmp_path: Path
) -> None:
    used = study.noise.curves[0]
    row = study.noise.row
    both = dataclasses.replace(study.noise, curves=(used, used))
    others = list(both.lost_verdicts)
    others[row] = Verdict.FIRST
    noise = dataclasses.replace(both, lost_verdicts=tuple(others))
    found = noise_finding(dataclasses.replace(study, noise=noise), names_of(study))
    assert found.text.startswith("Uncertain: two measures of what noise of 0.5 σ does disagree.")
    assert "does better" not in found.text
    assert "That is what theory says" not in found.text
    assert re.search(r"It adds .* by that alone, deaf is ahead \(95 %", found.text)
    assert re.search(r"Of what its own code gains .* by that alone, principal is ahead\.", found.text)
    assert not found.certain
    assert _table(dataclasses.replace(study, noise=noise), tmp_path)["noise on the code"] == "uncertain"
