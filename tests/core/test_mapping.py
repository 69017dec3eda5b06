"""Where the data lie: projections, neighbours, rarity and paths against closed forms and plain numpy."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.encoding import Codes, finished
from core.errors import ConfigError, ModelError
from core.mapping import (
    CodeMap,
    TsneFile,
    codes_along,
    fit_pca,
    make_map,
    measure_rarity,
    nearest,
    smallest,
    squared_distances,
)


def codes_of(array: NDArray[np.float32]) -> Codes:
    """Codes of the first pictures of a set, their errors not measured."""
    return Codes(array, np.full(len(array), np.nan, np.float32), np.arange(len(array), dtype=np.int64))


def correlated(count: int, dims: int, seed: int = 0) -> NDArray[np.float32]:
    """Normal codes (count,dims), correlated, of a mean that is not zero."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((dims, dims))
    return (rng.standard_normal((count, dims)) @ mixing + rng.uniform(-3, 3, dims)).astype(np.float32)


# ---- principal components ------------------------------------------------------------------------------


def test_axes_are_those_of_a_singular_value_decomposition() -> None:
    codes = correlated(500, 7)
    pca = fit_pca(codes)
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    _left, values, right = np.linalg.svd(centred, full_matrices=False)
    for own, other in zip(pca.axes, right[:2], strict=True):
        assert abs(float(own @ other)) == pytest.approx(1.0, abs=1e-5)
        assert own[np.abs(own).argmax()] > 0
    assert pca.shares == pytest.approx((values**2 / (values**2).sum())[:2], rel=1e-4)
    assert np.allclose(pca.place(codes), centred @ pca.axes.T, atol=1e-4)


def test_many_dimensions_have_the_same_axes_without_a_decomposition() -> None:
    rng = np.random.default_rng(1)
    ways = np.linalg.qr(rng.standard_normal((1500, 2)))[0]
    codes = (
        rng.standard_normal((200, 2)) * [9, 5] @ ways.T + 0.05 * rng.standard_normal((200, 1500))
    ).astype(np.float32)
    pca = fit_pca(codes)
    _left, _values, right = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
    assert np.abs(np.sum(pca.axes * right[:2], axis=1)) == pytest.approx([1.0, 1.0], abs=1e-3)
    assert float(pca.shares.sum()) > 0.9


def test_a_code_of_one_dimension_and_one_picture_have_a_map() -> None:
    line = fit_pca(np.array([[1.0], [3.0]], np.float32))
    assert line.place(np.array([[5.0]], np.float32)).tolist() == [[3.0, 0.0]]
    assert fit_pca(np.ones((1, 4), np.float32)).shares.tolist() == [0.0, 0.0]
    with pytest.raises(ModelError, match="no codes"):
        fit_pca(np.empty((0, 4), np.float32))


# ---- neighbours ----------------------------------------------------------------------------------------


def test_neighbours_are_those_of_plain_numpy() -> None:
    codes = correlated(9_000, 16)  # more than are compared at a time
    z = codes[4321] + np.float32(0.1)
    exact = np.linalg.norm(codes.astype(np.float64) - z, axis=1)
    found = nearest(codes, z, 20)
    assert found.rows.tolist() == np.argsort(exact, kind="stable")[:20].tolist()
    assert found.distances == pytest.approx(exact[found.rows], rel=1e-5)
    assert found.rows[0] == 4321
    assert nearest(codes, codes[4321], 3, without=4321).rows.tolist() == np.argsort(
        np.linalg.norm(codes.astype(np.float64) - codes[4321], axis=1), kind="stable"
    )[1:4].tolist()  # fmt: skip


def test_near_codes_far_from_zero_are_told_apart() -> None:
    codes = np.full((5, 3), 1000.0, np.float32)
    codes[:, 0] += np.array([4, 1, 3, 0, 2], np.float32) * np.float32(0.001)
    assert nearest(codes, codes[3], 5).rows.tolist() == [3, 1, 4, 2, 0]


def test_equals_come_in_order_and_no_more_than_there_are() -> None:
    same = np.zeros((6, 2), np.float32)
    assert nearest(same, same[0], 3).rows.tolist() == [0, 1, 2]
    assert nearest(same, same[0], 99, without=0).rows.tolist() == [1, 2, 3, 4, 5]
    assert len(smallest(squared_distances(same[:1], same[0]), 4, without=0).rows) == 0


# ---- rarity --------------------------------------------------------------------------------------------


def test_normal_codes_are_as_rare_as_chi_squared_says() -> None:
    dims = 6
    codes = correlated(40_000, dims)
    rarity = measure_rarity(codes)
    factor = np.linalg.cholesky(np.cov(codes.T.astype(np.float64)))
    way = np.random.default_rng(3).standard_normal(dims)
    way /= np.linalg.norm(way)
    for radius in (1.0, 2.0, 2.5, 3.5):
        z = (codes.mean(axis=0) + factor @ way * radius).astype(np.float32)
        half = radius**2 / 2
        # the distribution of chi squared with an even number of degrees of freedom, in closed form
        expected = 1 - math.exp(-half) * sum(half**k / math.factorial(k) for k in range(dims // 2))
        assert rarity.squared_distance(z) == pytest.approx(radius**2, rel=1e-3)
        assert rarity.share(z) == pytest.approx(expected, abs=0.01)


def test_a_code_against_the_correlation_is_rare_and_one_along_it_is_not() -> None:
    rng = np.random.default_rng(0)
    first = rng.standard_normal(5_000)
    codes = np.stack([first, first + 0.1 * rng.standard_normal(5_000)], 1).astype(np.float32)
    rarity = measure_rarity(codes)
    assert rarity.share(np.array([1.0, 1.0], np.float32)) < 0.6
    assert rarity.share(np.array([1.0, -1.0], np.float32)) == 1.0


def test_a_data_code_has_its_own_rank() -> None:
    codes = correlated(300, 5)
    rarity = measure_rarity(codes)
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    squared = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(centred.T @ centred / 300), centred)
    for row in (0, 17, 299):
        assert rarity.share(codes[row]) == pytest.approx(
            (squared < squared[row] * (1 - 1e-6)).mean(), abs=1e-9
        )


@pytest.mark.parametrize("count", [1, 2, 10, 64, 65, 200, 2000])
@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_a_data_code_that_is_computed_once_more_keeps_its_rank(count: int, offset: float) -> None:
    rng = np.random.default_rng(count)
    codes = correlated(count, 64) * rng.uniform(0.01, 1.0, 64).astype(np.float32) + np.float32(offset)
    rarity = measure_rarity(codes)
    again = (codes * (1 + 1e-6 * rng.standard_normal(codes.shape))).astype(np.float32)
    shares = np.array([rarity.share(z) for z in again])
    order = np.argsort([rarity.squared_distance(z) for z in codes])
    ranks = np.empty(count)
    ranks[order] = np.arange(count) if count > 2 else 0  # two are as far from their middle as each other
    near = 0 if count <= 65 and not offset else max(2, count // 200)  # ranks that the noise itself moves
    assert np.abs(shares * count - ranks).max() <= near + 1e-9
    assert shares.max() < 1.0
    assert rarity.share(codes[0] + 100) == 1.0


@pytest.mark.parametrize("count", [30, 64, 128, 320])
def test_among_few_codes_another_of_their_kind_is_not_rare(count: int) -> None:
    codes = correlated(count + 200, 64)
    rarity = measure_rarity(codes[:count])
    shares = [rarity.share(z) for z in codes[count:]]
    assert 0.35 < np.median(shares) < 0.75


def test_where_the_data_do_not_vary_any_step_is_rare() -> None:
    codes = correlated(200, 4)
    codes[:, 2] = 1.5
    rarity = measure_rarity(codes)
    moved = codes[7].copy()
    assert rarity.share(moved) < 1.0
    moved[2] += 0.5
    assert rarity.share(moved) == 1.0
    assert measure_rarity(np.ones((3, 2), np.float32)).share(np.ones(2, np.float32)) == 0.0
    assert rarity.share(np.full(4, np.inf, np.float32)) == 1.0


def test_codes_of_very_many_dimensions_are_weighed_one_by_one() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((60, 1100)).astype(np.float32)
    rarity = measure_rarity(codes)
    far = codes[0].copy()
    far[5] += 100 * codes[:, 5].std()
    assert rarity.share(far) == 1.0
    assert rarity.squared_distance(codes[0]) == pytest.approx(
        float((((codes[0] - codes.mean(0)) / codes.std(0)) ** 2).sum()), rel=1e-4
    )


# ---- maps ----------------------------------------------------------------------------------------------


def test_a_map_places_its_own_codes_where_they_are() -> None:
    codes = correlated(100, 5)
    shown = finished(make_map(codes_of(codes), "pca"))
    assert np.allclose(shown.place(codes[3]), shown.points[3], atol=1e-5)
    between = CodeMap("tsne", shown.points, codes, shown.indices, None, 100)
    assert np.allclose(between.place(codes[3]), shown.points[3], atol=1e-5)
    middle = between.place((codes[3] + codes[4]) / 2)
    assert (middle >= shown.points.min(axis=0)).all()
    assert (middle <= shown.points.max(axis=0)).all()


def test_tsne_keeps_clusters_apart_the_same_each_time_and_is_kept(tmp_path: Path) -> None:
    pytest.importorskip("openTSNE")
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), 20)
    codes = (rng.standard_normal((60, 8)) + 12 * np.eye(8)[kinds]).astype(np.float32)
    file = TsneFile(tmp_path, "some codes")
    shown = finished(make_map(codes_of(codes), "tsne", file))
    assert shown.pca is None
    for row in range(60):  # nearest on the map: of the same kind
        assert kinds[nearest(shown.points, shown.points[row], 1, without=row).rows[0]] == kinds[row]
    again = finished(make_map(codes_of(codes), "tsne"))
    assert np.array_equal(again.points, shown.points)
    steps = list(make_map(codes_of(codes), "tsne", file))
    assert steps == []  # read back
    assert np.array_equal(finished(make_map(codes_of(codes), "tsne", file)).points, shown.points)


def test_a_kept_map_that_is_damaged_or_of_others_is_not_taken(tmp_path: Path) -> None:
    points = np.arange(8, dtype=np.float32).reshape(4, 2)
    file = TsneFile(tmp_path, "one")
    file.save(points)
    assert file.load(4) is not None
    assert file.load(5) is None
    assert TsneFile(tmp_path, "other").load(4) is None
    file.path.write_bytes(file.path.read_bytes()[:-4])
    assert file.load(4) is None
    file.save(np.full((4, 2), np.nan, np.float32))
    assert file.load(4) is None


def test_tsne_of_three_pictures_is_refused() -> None:
    pytest.importorskip("openTSNE")
    with pytest.raises(ConfigError, match="at least 4 pictures"):
        finished(make_map(codes_of(np.eye(3, dtype=np.float32)), "tsne"))


# ---- paths ---------------------------------------------------------------------------------------------


def test_a_path_goes_through_real_codes_near_the_line() -> None:
    codes = correlated(2_000, 6)
    shown = finished(make_map(codes_of(codes), "pca"))
    low, high = shown.points.min(axis=0) / 2, shown.points.max(axis=0) / 2
    line = np.linspace(low, high, 40).astype(np.float32)
    path = codes_along(line, shown.points, codes, 12)
    stops = path.stops[path.stops >= 0]
    assert path.codes.shape == (12, 6)
    assert len(stops) >= 3
    assert len(set(stops.tolist())) == len(stops)
    for step in np.flatnonzero(path.stops >= 0):
        assert np.array_equal(path.codes[step], codes[path.stops[step]])
    extent = float(np.ptp(shown.points, axis=0).max())
    assert np.linalg.norm(shown.points[stops[0]] - line[0]) < 0.12 * extent
    assert np.linalg.norm(shown.points[stops[-1]] - line[-1]) < 0.12 * extent


def test_a_path_begins_with_the_edited_code_and_a_point_is_a_path() -> None:
    codes = correlated(50, 3)
    shown = finished(make_map(codes_of(codes), "pca"))
    begin = np.array([9.0, 9.0, 9.0], np.float32)
    path = codes_along(shown.points[:2], shown.points, codes, 5, begin)
    assert np.array_equal(path.codes[0], begin)
    assert path.stops[0] == -1
    still = codes_along(shown.points[[4, 4]], shown.points, codes, 5)
    assert np.isfinite(still.codes).all()
