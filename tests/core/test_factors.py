"""MIG, DCI and mutual information: closed forms, constructed codes with known answers, independent code."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.codec import Codec
from core.datasets.dataset import LabelColumn
from core.datasets.face_factors import sample_factors
from core.encoding import Codes, finished
from core.errors import DataError
from core.factors import (
    FactorReport,
    FactorsFile,
    discretised,
    factors_of,
    gaps,
    measure_factors,
    mutual_information,
    score_lines,
)
from core.factors.borders import class_borders
from core.factors.importance import Importance
from core.models import NetworkConfig, build_network
from tests.core.tiny import tiny_dataset

COUNT = 3000


def report(codes: NDArray[Any], columns: tuple[LabelColumn, ...]) -> FactorReport:
    missing = np.full(len(codes), np.nan, np.float32)
    return finished(measure_factors(Codes(codes.astype(np.float32), missing, np.arange(len(codes))), columns))


def categories(count: int = COUNT, seed: int = 0) -> tuple[NDArray[np.int64], tuple[LabelColumn, ...]]:
    values = np.random.default_rng(seed).integers(0, [3, 5, 8], (count, 3))
    names = tuple(str(number) for number in range(8))
    return values, tuple(LabelColumn(f"f{at}", values[:, at].astype(np.int32), names) for at in range(3))


def noise(dims: int, count: int = COUNT) -> NDArray[np.float64]:
    return np.random.default_rng(9).standard_normal((count, dims))


def test_mutual_information_of_a_noisy_channel() -> None:
    """A fair bit that is flipped with probability 1/4: I = ln 2 − H(1/4)."""
    sent = np.array([0] * 4 + [1] * 4)
    received = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    flipped = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert mutual_information(sent, received) == pytest.approx(math.log(2) - flipped, abs=1e-12)


def test_mutual_information_of_what_is_the_same_and_of_what_is_not() -> None:
    grid = np.array(list(itertools.product(range(4), range(6))))
    assert mutual_information(grid[:, 0], grid[:, 1]) == pytest.approx(0.0, abs=1e-12)
    assert mutual_information(grid[:, 0], grid[:, 0]) == pytest.approx(math.log(4), abs=1e-12)
    assert mutual_information(grid[:, 0], grid[:, 0] // 2) == pytest.approx(math.log(2), abs=1e-12)


def test_mutual_information_is_that_of_an_independent_sum() -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(0, 7, 500)
    b = (a + rng.integers(0, 3, 500)) % 5
    joint = np.zeros((7, 5))
    for x, y in zip(a, b, strict=True):
        joint[x, y] += 1 / 500
    expected = sum(
        p * math.log(p / (joint[x].sum() * joint[:, y].sum())) for (x, y), p in np.ndenumerate(joint) if p
    )
    assert mutual_information(a, b) == pytest.approx(expected, abs=1e-12)


def test_twenty_bins_of_equal_width_as_numpy_s_histogram_has_them() -> None:
    codes = np.random.default_rng(0).standard_normal((400, 3)).astype(np.float32)
    bins = discretised(codes)
    for dim in range(3):
        column = codes[:, dim].astype(np.float64)
        counts, _ = np.histogram(column, 20)
        np.testing.assert_array_equal(np.bincount(bins[:, dim], minlength=20), counts)
    assert discretised(np.ones((5, 1), np.float32)).tolist() == [[0]] * 5


def test_codes_that_are_the_factors_have_every_score_1() -> None:
    values, columns = categories()
    found = report(np.concatenate([values, noise(4)], axis=1), columns)
    assert found.mig > 0.98
    assert found.overall_disentanglement == pytest.approx(1.0, abs=1e-3)
    assert found.overall_completeness == pytest.approx(1.0, abs=1e-3)
    assert found.informativeness == pytest.approx(1.0, abs=0.001)
    assert [found.best_dial(at) for at in range(3)] == [0, 1, 2]
    assert found.accuracy == pytest.approx(np.ones(3), abs=1e-3)


@pytest.mark.parametrize("shares", [(0.98, 0.02), (0.94, 0.06), (0.49, 0.02, 0.49), (0.1,) * 10])
def test_classes_of_any_share_that_a_dial_tells_exactly_are_read_exactly(shares: tuple[float, ...]) -> None:
    values = np.random.default_rng(4).choice(len(shares), COUNT, p=shares)
    column = LabelColumn("f", values.astype(np.int32), tuple(map(str, range(len(shares)))))
    found = report(np.concatenate([values[:, np.newaxis] + 0.01 * noise(1), noise(2)], axis=1), (column,))
    assert found.score[0] > 0.995
    assert found.accuracy[0] == 1.0


@pytest.mark.parametrize("threshold", [0.13, 0.5])
def test_a_class_that_begins_anywhere_along_a_dial_is_read(threshold: float) -> None:
    code = np.random.default_rng(4).uniform(size=(COUNT, 1))
    column = LabelColumn("f", (code[:, 0] < threshold).astype(np.int32), ("no", "yes"))
    assert report(np.concatenate([code, noise(2)], axis=1), (column,)).score[0] > 0.98


def test_turned_classes_stay_apart_from_no_dial() -> None:
    """Every dial of a turned grid tells each of its places from each other, but none is a factor's own."""
    values = np.random.default_rng(0).integers(0, [4, 5, 3, 8], (4000, 4))
    names = tuple(str(number) for number in range(8))
    columns = tuple(LabelColumn(f"f{at}", values[:, at].astype(np.int32), names) for at in range(4))
    turn = np.linalg.qr(noise(4, 4))[0]
    found = report((values - values.mean(axis=0)) / values.std(axis=0) @ turn, columns)
    assert max(found.overall_disentanglement, found.overall_completeness) < 0.2


def test_borders_are_where_classes_change_and_nowhere_in_noise() -> None:
    code = np.arange(1000.0)
    values = (code >= 130).astype(np.int64) + (code >= 700)
    assert sorted(class_borders(code, values, 20)) == [129.5, 699.5]
    assert len(class_borders(code, values, 1)) == 1
    assert class_borders(code, np.random.default_rng(0).integers(0, 3, 1000), 20) == []
    assert class_borders(np.ones(1000), values, 20) == []


def test_one_factor_alone_says_nothing_of_disentanglement(tmp_path: Path) -> None:
    values, columns = categories()
    found = report(np.concatenate([values, noise(1)], axis=1), columns[:1])
    facts = found.facts()
    assert facts["scores"]["disentanglement"] is facts["disentanglement_of_dials"] is None
    name, value, meaning = score_lines(found)[1]
    assert (name, value) == ("Disentanglement", "–")
    assert "two factors" in meaning
    kept = FactorsFile(tmp_path, tiny_codec(), tiny_dataset(10), COUNT)
    kept.save(found)
    again = kept.load()
    assert again is not None
    assert json.dumps(again.facts()) == json.dumps(facts)


def tiny_codec() -> Codec:
    config = NetworkConfig(
        network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(4,)
    )
    return Codec(build_network(config))


def test_the_order_of_classes_along_a_dial_does_not_matter() -> None:
    values, columns = categories()
    shuffled = np.random.default_rng(1).permutation(8)[values]
    found = report(np.concatenate([shuffled, noise(4)], axis=1), columns)
    assert min(found.mig, found.overall_disentanglement, found.informativeness) > 0.98


def test_numbers_that_are_the_codes_have_every_score_1() -> None:
    numbers = np.random.default_rng(2).uniform(-1, 1, (COUNT, 3))
    columns = tuple(LabelColumn(f"n{at}", numbers[:, at].astype(np.float32)) for at in range(3))
    found = report(np.concatenate([numbers, noise(4)], axis=1), columns)
    assert (
        found.mig > 0.9
    )  # numbers are read in 10 classes, dials in 20 bins whose borders do not meet theirs
    assert found.overall_disentanglement == pytest.approx(1.0, abs=1e-3)
    assert found.overall_completeness == pytest.approx(1.0, abs=1e-3)
    assert found.informativeness > 0.98
    assert np.isnan(found.accuracy).all()


def test_turned_codes_say_as_much_but_score_low() -> None:
    numbers = np.random.default_rng(2).uniform(-1, 1, (COUNT, 4))
    columns = tuple(LabelColumn(f"n{at}", numbers[:, at].astype(np.float32)) for at in range(4))
    half = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2  # Hadamard's
    found = report(numbers @ half, columns)
    assert found.mig < 0.05
    assert found.overall_disentanglement < 0.05
    assert found.overall_completeness < 0.05
    assert found.informativeness > 0.98


def test_two_dials_for_one_factor_are_disentangled_but_not_complete() -> None:
    numbers = np.random.default_rng(2).uniform(-1, 1, (COUNT, 2))
    columns = tuple(LabelColumn(f"n{at}", numbers[:, at].astype(np.float32)) for at in range(2))
    halves = numbers[:, :1] / 2 + noise(1) * 0.2
    codes = np.concatenate([halves, numbers[:, :1] - halves, numbers[:, 1:]], axis=1)  # the first two add up
    found = report(codes, columns)
    assert found.disentanglement == pytest.approx(np.ones(3), abs=0.02)
    assert found.completeness[0] < 0.6
    assert found.completeness[1] == pytest.approx(1.0, abs=0.02)


def test_noise_knows_nothing() -> None:
    _, columns = categories()
    found = report(noise(6), columns)
    assert found.mig < 0.01
    assert found.overall_disentanglement == found.overall_completeness == found.informativeness == 0.0
    assert (found.shares.max(axis=0) < 1.5 * found.chance).all()


def test_disentanglement_and_completeness_are_the_paper_s() -> None:
    """Against the formulas written out, on an importance matrix by hand."""
    weights = np.array([[0.8, 0.0], [0.2, 0.5], [0.0, 0.5]])
    found = Importance(weights, np.ones(2), np.full(2, np.nan))

    def spread(shares: list[float], base: int) -> float:
        return -sum(p * math.log(p, base) for p in shares if p)

    rows = [[1.0, 0.0], [2 / 7, 5 / 7], [0.0, 1.0]]
    d = [1 - spread(row, 2) for row in rows]
    c = [1 - spread([0.8, 0.2, 0.0], 3), 1 - spread([0.0, 0.5, 0.5], 3)]
    assert found.disentanglement() == pytest.approx(d)
    assert found.completeness() == pytest.approx(c)
    overall = (0.8 * d[0] + 0.7 * d[1] + 0.5 * d[2]) / 2.0
    assert found.overall_disentanglement() == pytest.approx(overall)
    assert gaps(np.array([[0.9, 0.2], [0.3, 0.6], [0.1, 0.5]])) == pytest.approx([0.6, 0.1])


def test_numbers_become_classes_of_equal_counts_and_equal_numbers_stay_together() -> None:
    smooth = np.random.default_rng(0).permutation(1000) / 1000
    lumpy = np.maximum(0.0, smooth * 2 - 1)  # half of it 0
    few = np.arange(1000) % 4 / 2.0
    columns = [
        LabelColumn(name, v.astype(np.float32)) for name, v in (("a", smooth), ("b", lumpy), ("c", few))
    ]
    factors, left_out = factors_of(columns, np.arange(1000))
    assert left_out == ()
    assert np.bincount(factors[0].values).tolist() == [100] * 10
    zeros = factors[1].values[lumpy == 0.0]
    assert (zeros == 0).all()
    assert (factors[1].values[lumpy > 0.0] > 0).all()
    assert factors[2].classes == 4


def test_what_cannot_be_measured_is_left_out_and_said() -> None:
    count = 400
    same = LabelColumn("same", np.zeros(count, np.int32), ("a",))
    rare = LabelColumn("rare", (np.arange(count) < 3).astype(np.int32), ("no", "yes"))
    names = LabelColumn("names", np.arange(count, dtype=np.int32), tuple(str(at) for at in range(count)))
    empty = LabelColumn("empty", np.full(count, np.nan, np.float32))
    few = LabelColumn(
        "few", np.where(np.arange(count) < 20, np.arange(count) % 2, -1).astype(np.int32), ("a", "b")
    )
    good = LabelColumn("good", (np.arange(count) % 2).astype(np.int32), ("a", "b"))
    factors, left_out = factors_of([same, rare, names, empty, few, good], np.arange(count))
    assert [factor.name for factor in factors] == ["good"]
    assert [(left.name, left.reason) for left in left_out] == [
        ("same", "it is the same for every picture"),
        ("rare", "all but 3 pictures have the same value"),
        ("names", "400 classes for 400 pictures"),
        ("empty", "only 0 pictures have a label"),
        ("few", "only 20 pictures have a label"),
    ]
    with pytest.raises(DataError, match="same: it is the same"):
        report(noise(2, count), (same, rare))
    with pytest.raises(DataError, match="no labels"):
        report(noise(2, count), ())


def test_pictures_without_a_label_are_left_aside() -> None:
    values, _ = categories()
    half = np.where(np.arange(COUNT) % 2 == 0, values[:, 1], -1).astype(np.int32)
    columns = (
        LabelColumn("half", half, ("a", "b", "c", "d", "e")),
        LabelColumn("all", values[:, 2].astype(np.int32), tuple("abcdefgh")),
    )
    found = report(np.concatenate([values[:, 1:], noise(2)], axis=1), columns)
    assert found.shares[0, 0] == pytest.approx(1.0)
    assert found.score == pytest.approx(np.ones(2), abs=0.001)


def test_chance_is_that_of_the_pictures_with_a_label() -> None:
    """Held against dials with 20 full bins that know nothing of the labels."""
    rng = np.random.default_rng(0)
    codes = rng.uniform(size=(COUNT, 60))
    rare = np.full(COUNT, -1, np.int32)
    rare[rng.choice(COUNT, 300, replace=False)] = rng.integers(0, 4, 300)
    often = rng.integers(0, 4, COUNT).astype(np.int32)
    columns = tuple(LabelColumn(name, values, tuple("abcd")) for name, values in (("r", rare), ("o", often)))
    found = report(codes, columns)
    assert found.chance == pytest.approx(found.shares.mean(axis=0), rel=0.15)
    assert found.chance[0] == pytest.approx(found.chance[1] * COUNT / 300, rel=0.05)


def test_the_faces_own_factors_are_found_in_codes_that_hold_them() -> None:
    labels = sample_factors(2000).labels()
    codes = np.stack([label.values.astype(np.float64) for label in labels], axis=1)
    found = report(codes, labels)
    assert [found.best_dial(at) for at in range(len(labels))] == list(range(len(labels)))
    assert found.mig > 0.85
    assert found.overall_disentanglement > 0.99


def test_a_report_is_kept_and_a_file_of_another_key_or_damaged_is_measured_anew(tmp_path: Path) -> None:
    values, columns = categories(400)
    found = report(np.concatenate([values, noise(1, 400)], axis=1), columns)
    codec, dataset = tiny_codec(), tiny_dataset(10)
    kept = FactorsFile(tmp_path, codec, dataset, 400)
    assert kept.load() is None
    kept.save(found)
    again = kept.load()
    assert again is not None
    assert json.dumps(again.facts()) == json.dumps(found.facts())
    assert FactorsFile(tmp_path, codec, dataset, 300).load() is None
    text = kept.path.read_text("utf-8")
    for broken in (
        text[:-20],
        text.replace('"gaps": [', '"gaps": [7.0, '),
        text.replace('"count"', '"kount"'),
        "[]",
    ):
        kept.path.write_text(broken, "utf-8")
        assert kept.load() is None
