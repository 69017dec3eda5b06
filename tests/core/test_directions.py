"""Directions: against numpy's decompositions, by hand, on codes with known answers, and on real labels."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.codec import Codec
from core.datasets import open_dataset
from core.datasets.dataset import LabelColumn
from core.directions import (
    Found,
    attribute_direction,
    group_direction,
    middle_of,
    principal_components,
    projections,
    read_directions,
    sides_of,
    with_coordinates_of,
    write_directions,
)
from core.directions.files import DIRECTIONS
from core.directions.found import Accuracy
from core.edits import Direction, Move, apply_edits
from core.encoding import Codes, encode_dataset, finished
from core.errors import EditError, RunError
from core.runs import Run
from resources import resource_path


def codes_of(array: NDArray[np.float32]) -> Codes:
    return Codes(array, np.full(len(array), np.nan, np.float32), np.arange(len(array), dtype=np.int64))


def angle(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def gaussian(count: int, dims: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)


# ---- principal components ------------------------------------------------------------------------------


def test_components_are_those_of_numpys_svd() -> None:
    codes = (gaussian(500, 8) @ gaussian(8, 8, seed=1)) + 3.0
    found = principal_components(codes, 5)
    centred = codes.astype(np.float64) - codes.astype(np.float64).mean(axis=0)
    _left, lengths, right = np.linalg.svd(centred, full_matrices=False)
    shares = np.square(lengths) / np.square(lengths).sum()
    for place, one in enumerate(found):
        vector = one.direction.array
        assert one.name == f"PC {place + 1}"
        assert one.share == pytest.approx(shares[place], rel=1e-5)
        assert min(angle(vector, right[place]), angle(vector, -right[place])) < 0.01
        assert np.linalg.norm(vector) == pytest.approx(lengths[place] / np.sqrt(500), rel=1e-5)  # one sigma
        assert vector[np.abs(vector).argmax()] > 0


def test_components_of_thousands_of_dimensions_are_the_same() -> None:
    scale = np.concatenate([[9.0, 7.0, 5.0], np.full(1097, 0.05)]).astype(np.float32)
    codes = gaussian(300, 1100) * scale
    found = principal_components(codes, 3)
    _left, lengths, right = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
    for place, one in enumerate(found):
        assert min(angle(one.direction.array, sign * right[place]) for sign in (1, -1)) < 0.1
        assert one.share == pytest.approx(np.square(lengths)[place] / np.square(lengths).sum(), rel=1e-3)


def test_codes_that_do_not_vary_have_no_components() -> None:
    with pytest.raises(EditError, match="do not vary"):
        principal_components(np.ones((10, 4), np.float32), 2)
    flat = np.zeros((10, 4), np.float32)
    flat[:, 1] = np.arange(10)
    assert len(principal_components(flat, 4)) == 1


# ---- attributes ----------------------------------------------------------------------------------------


def test_the_mean_difference_by_hand() -> None:
    codes = np.array([[0, 0], [2, 0], [0, 4], [2, 4]], np.float32)
    found = attribute_direction(
        codes_of(codes), np.array([-1, -1, 1, 1], np.int8), "up", "mean-difference", "row"
    )
    assert found.direction.vector == pytest.approx((0.0, 2.0))  # the way is (0, 1), and sigma along it is 2
    assert (found.positive, found.negative, found.accuracy) == (2, 2, None)


def test_an_amount_of_one_is_one_standard_deviation_of_the_data() -> None:
    codes = gaussian(1000, 6) * np.array([1, 2, 3, 4, 5, 6], np.float32)
    sides = np.where(codes[:, 2] + codes[:, 4] > 0, 1, -1).astype(np.int8)
    for kind in ("mean-difference", "classifier"):
        direction = attribute_direction(codes_of(codes), sides, "a", kind, "x").direction
        unit = direction.array / np.linalg.norm(direction.array)
        assert np.linalg.norm(direction.array) == pytest.approx((codes @ unit).std(), rel=1e-4)
        moved = apply_edits([Move(direction, 1.0)], codes[7])
        mean = codes.mean(axis=0)
        places = projections(np.stack([codes[7], moved]), [direction], mean)[:, 0]
        assert places[1] - places[0] == pytest.approx(1.0, abs=1e-4)


def test_the_classifier_finds_the_normal_of_a_known_plane() -> None:
    codes = gaussian(3000, 16) * np.linspace(0.5, 3.0, 16, dtype=np.float32)
    normal = np.random.default_rng(4).standard_normal(16)
    sides = np.where(codes @ normal > 0.3, 1, -1).astype(np.int8)
    found = attribute_direction(codes_of(codes), sides, "a", "classifier", "x")
    assert angle(found.direction.array, normal) < 3.0
    assert found.accuracy is not None
    assert found.accuracy.balanced > 0.97
    again = attribute_direction(codes_of(codes), sides, "a", "classifier", "x")
    assert again == found  # to the last bit


def test_the_classifier_against_newtons_method() -> None:
    codes = gaussian(400, 5) @ gaussian(5, 5, seed=2)
    noise = np.random.default_rng(3).logistic(size=400)
    sides = np.where(codes[:, 0] - codes[:, 3] + noise > 0.5, 1, -1).astype(np.int8)
    found = attribute_direction(codes_of(codes), sides, "a", "classifier", "x")
    scaled = (codes - codes.mean(axis=0)) / codes.std(axis=0)
    design = np.column_stack([scaled, np.ones(400)]).astype(np.float64)
    weight = np.where(sides > 0, 200 / (sides > 0).sum(), 200 / (sides < 0).sum())
    penalty = np.diag([1.0] * 5 + [0.0])
    beta = np.zeros(6)
    for _ in range(30):
        right = 1 / (1 + np.exp(-sides * (design @ beta)))
        gradient = design.T @ (weight * sides * (1 - right)) - penalty @ beta
        hessian = (design * (weight * right * (1 - right))[:, None]).T @ design + penalty
        beta += np.linalg.solve(hessian, gradient)
    assert angle(found.direction.array, beta[:5] / codes.std(axis=0)) < 0.05


def test_a_dead_dimension_does_not_decide() -> None:
    codes = gaussian(600, 4)
    sides = np.where(codes[:, 1] > 0, 1, -1).astype(np.int8)
    codes[:, 3] = 1e-6 * gaussian(600, 1, seed=9)[:, 0] + 1e-6 * sides
    found = attribute_direction(codes_of(codes), sides, "a", "classifier", "x")
    assert angle(found.direction.array, np.array([0.0, 1.0, 0.0, 0.0])) < 4.0


def test_codes_without_the_attribute_are_guessed_and_said_to_be() -> None:
    codes = gaussian(2000, 8)
    sides = np.where(np.random.default_rng(1).random(2000) < 0.2, 1, -1).astype(np.int8)
    accuracy = attribute_direction(codes_of(codes), sides, "a", "classifier", "x").accuracy
    assert accuracy is not None
    assert accuracy.balanced == pytest.approx(0.5, abs=0.08)
    assert accuracy.majority == pytest.approx(0.8, abs=0.02)
    assert accuracy.count == 400
    assert "no better than guessing" in accuracy.text()


@pytest.mark.parametrize(
    ("right", "said"),
    # of 100 on either side, where 200 throws of a coin give 86 to 114 heads in 95 of 100 cases
    [(112, "no better than guessing"), (116, "better than guessing, but weak"), (124, ""), (80, "no better")],
)
def test_an_accuracy_is_held_against_chance(right: int, said: str) -> None:
    accuracy = Accuracy(balanced=right / 200, plain=right / 200, majority=0.5, count=200)
    assert accuracy.margin == pytest.approx(0.98 / math.sqrt(200), rel=1e-3)
    assert said in accuracy.text()
    assert ("guessing" in accuracy.text()) == bool(said)


def test_the_margin_is_the_spread_of_guesses() -> None:
    random = np.random.default_rng(0)
    guesses = (random.binomial(300, 0.5, 20_000) / 300 + random.binomial(40, 0.5, 20_000) / 40) / 2
    low, high = np.quantile(guesses, [0.025, 0.975])
    accuracy = Accuracy(balanced=0.5, plain=0.5, majority=300 / 340, count=340)
    assert 2 * accuracy.margin == pytest.approx(float(high - low), rel=0.03)


def test_pictures_without_a_label_are_left_out() -> None:
    column = LabelColumn("kind", np.array([0, 1, -1, 1], np.int32), ("a", "b"))
    assert sides_of(column, "b").tolist() == [-1, 1, 0, 1]
    numbers = LabelColumn("size", np.array([1.0, 3.0, np.nan, 2.0], np.float32))
    assert middle_of(numbers) == 2.0
    assert sides_of(numbers, 2.0).tolist() == [-1, 1, 0, -1]
    with pytest.raises(EditError, match="has no class 'c': it has a, b"):
        sides_of(column, "c")


@pytest.mark.parametrize(
    ("numbers", "threshold"),
    [
        ([1, 1, 0, 1, np.nan], 0.5),  # of which most are 1
        ([0, 0, 1, 0], 0.0),
        ([-1, 1, 1], 0.0),
        ([2, 9, 9, 5, 9], 7.0),
        ([3, 3], 3.0),  # which have no sides
        ([np.nan], 0.0),
    ],
)
def test_the_middle_of_numbers_leaves_pictures_on_both_sides(numbers: list[float], threshold: float) -> None:
    column = LabelColumn("smile", np.array(numbers, np.float32))
    assert middle_of(column) == threshold
    sides = sides_of(column, threshold)
    assert (set(sides.tolist()) >= {-1, 1}) == (len({n for n in numbers if n == n}) > 1)


def test_a_side_without_pictures_is_said() -> None:
    with pytest.raises(EditError, match="No picture has it"):
        attribute_direction(codes_of(gaussian(9, 3)), np.full(9, -1, np.int8), "a", "classifier", "x")
    same = np.ones((3, 4), np.float32)
    with pytest.raises(EditError, match="same mean code"):
        group_direction(same, same, gaussian(9, 4), "a")


def test_two_single_pictures_make_a_direction() -> None:
    data = gaussian(50, 3)
    found = group_direction(data[:1], data[1:2], data, "a minus b")
    assert angle(found.direction.array, (data[0] - data[1]).astype(np.float64)) < 0.01
    assert found.accuracy is None
    assert "Too few" in found.facts()


def test_real_attributes_are_found_in_the_codes_of_the_bundled_model() -> None:
    codec = Codec.from_run(Run.open(resource_path("bundled", "faces-conv-vae")))
    dataset = open_dataset("faces:count=600,size=64,seed=3")
    codes = finished(encode_dataset(codec, dataset))
    columns = {column.name: column for column in dataset.labels}
    best = 0.0
    for name, value in (("glasses", "sunglasses"), ("background", columns["background"].classes[-1])):
        sides = sides_of(columns[name], value)
        found = attribute_direction(codes, sides, name, "classifier", name)
        assert found.accuracy is not None
        best = max(best, found.accuracy.balanced)
    assert best > 0.85


# ---- where codes lie -----------------------------------------------------------------------------------


def test_a_code_that_keeps_some_coordinates() -> None:
    code, like = gaussian(2, 6)
    ways = [Direction("a", tuple(gaussian(1, 6, seed=5)[0].tolist())), Direction("b", (1, 1, 0, 0, 0, 0))]
    held = with_coordinates_of(code, like, [2, 5], ways)
    assert held[[2, 5]].tolist() == like[[2, 5]].tolist()
    zero = np.zeros(6, np.float32)
    places = projections(np.stack([held, like]), ways, zero)
    assert places[0] == pytest.approx(places[1], abs=1e-5)
    free = with_coordinates_of(code, like, [2, 5])
    assert np.array_equal(np.delete(free, [2, 5]), np.delete(code, [2, 5]))
    assert with_coordinates_of(code, like) is code


# ---- kept with the run ---------------------------------------------------------------------------------


def some_found() -> tuple[Found, ...]:
    codes = gaussian(60, 4)
    sides = np.where(codes[:, 1] > 0, 1, -1).astype(np.int8)
    return (
        *principal_components(codes, 2, "w"),
        attribute_direction(codes_of(codes), sides, "big, smile", "classifier", "Smiling: 1", weights="w"),
    )


def test_directions_are_kept_and_read_back(tmp_path: Path) -> None:
    assert read_directions(tmp_path, 4) == ()
    found = some_found()
    write_directions(tmp_path, found)
    assert read_directions(tmp_path, 4) == found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"directions": [{"name": "a", "vector": [1, 2, 3, NaN], "kind": "pca"}]}',
        b'{"directions": [{"name": "a", "vector": [0, 0, 0, 0], "kind": "pca"}]}',
        b'{"directions": [{"name": "a\\"", "vector": [1, 0, 0, 0], "kind": "pca"}]}',
        b'{"directions": [{"name": "a", "vector": [1, 0, 0], "kind": "pca"}]}',
        b'{"directions": [{"name": "a", "vector": [1e39, 0, 0, 0], "kind": "pca"}]}',
        b'{"directions": [{"name": "a", "vector": [1, 0, 0, 0], "kind": "magic"}]}',
        b'{"directions": ['
        + b",".join([b'{"name": "a", "vector": [1, 0, 0, 0], "kind": "pca"}'] * 2)
        + b"]}",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DIRECTIONS).write_bytes(content)
    with pytest.raises(RunError, match=r"directions\.json cannot be read"):
        read_directions(tmp_path, 4)


def test_more_than_a_run_keeps_is_refused(tmp_path: Path) -> None:
    found = principal_components(gaussian(9, 4), 1)[0]
    with pytest.raises(RunError, match="at most 256"):
        write_directions(tmp_path, [found.renamed(f"d{place}") for place in range(257)])
