"""Statistics of codes against numpy and brute force, effects against a network whose effects are known."""

import math

import numpy as np
import pytest
import torch

from core.codec import Codec
from core.errors import ModelError
from core.latents import (
    dead_dimensions,
    effects,
    interpolate,
    measure_effects,
    random_codes,
    statistics,
    traversal,
)
from core.models import NetworkConfig, build_network
from tests.core.tiny import tiny_dataset

CONFIG = NetworkConfig(
    network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(16,)
)


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(build_network(CONFIG))


def normal_codes(count: int = 4000, dims: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dims), np.float32)


def test_statistics_are_numpy_s() -> None:
    codes = normal_codes() * [1, 5, 0.5] + [0, 10, -3]
    stats = statistics(codes.astype(np.float32))
    np.testing.assert_allclose(stats.mean, codes.mean(0), atol=1e-5)
    np.testing.assert_allclose(stats.std, codes.std(0), rtol=1e-5)
    np.testing.assert_allclose(stats.low, np.percentile(codes, 5, axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(stats.high, np.percentile(codes, 95, axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(stats.factor @ stats.factor.T, np.cov(codes.T, bias=True), atol=1e-3)
    assert stats.count == 4000
    assert stats.active.all()


def test_rarity_is_the_share_of_the_data_nearer_to_the_median() -> None:
    codes = np.sort(np.random.default_rng(1).exponential(1.0, 2001)).astype(np.float32)[:, None]
    stats = statistics(codes)
    ranks = np.arange(2001)
    for value in (0.01, 0.2, 0.69, 1.0, 2.5, 4.0):
        rank = np.searchsorted(codes[:, 0], value)
        nearer = (np.abs(ranks - 1000) < abs(rank - 1000)).mean()
        assert stats.rarity(0, value) == pytest.approx(nearer, abs=0.01)


def test_rarity_at_the_ends_and_in_the_middle() -> None:
    stats = statistics(normal_codes(20_000, 1))
    assert stats.rarity(0, 20.0) == 1.0
    assert stats.rarity(0, -20.0) == 1.0
    assert stats.rarity(0, 0.0) == pytest.approx(0.0, abs=0.03)
    assert stats.rarity(0, 1.96) == pytest.approx(0.95, abs=0.01)  # the normal distribution's own table
    assert stats.rarity(0, -1.96) == pytest.approx(0.95, abs=0.01)


def test_rarity_where_all_codes_are_equal() -> None:
    stats = statistics(np.full((50, 1), 2.0, np.float32))
    assert stats.rarity(0, 2.0) == 0.0
    assert stats.rarity(0, 2.1) == 1.0
    assert stats.rarity(0, 1.9) == 1.0


def test_sigmas() -> None:
    stats = statistics(np.array([[0.0, 1.0], [4.0, 1.0]], np.float32))
    assert stats.sigmas(0, 20.0) == 10.0
    assert stats.sigmas(0, -1.0) == -0.5
    assert stats.sigmas(1, 3.0) == math.inf
    assert stats.sigmas(1, 0.0) == 0.0


def test_a_dimension_that_hardly_varies_is_not_active() -> None:
    codes = normal_codes() * np.array([1.0, 0.001, 0.3], np.float32)
    assert statistics(codes).active.tolist() == [True, False, True]


def test_there_must_be_codes_and_they_must_be_finite() -> None:
    with pytest.raises(ModelError, match="no codes"):
        statistics(np.empty((0, 3), np.float32))
    with pytest.raises(ModelError, match="not finite"):
        statistics(np.array([[np.nan, 0]], np.float32))


def test_one_code_alone_has_statistics() -> None:
    stats = statistics(np.array([[1.0, 2.0]], np.float32))
    assert stats.std.tolist() == [0.0, 0.0]
    assert not stats.active.any()


def test_effects_are_the_measured_change(codec: Codec) -> None:
    codes = codec.encode(tiny_dataset(20).pictures(slice(None)))
    stats = statistics(codes)
    measured = effects(codec, codes, stats, count=5)
    sample = codes[[0, 4, 8, 12, 16]]
    for dim in range(4):
        changes = []
        for sign in (1, -1):
            for z in sample:
                moved = z.copy()
                moved[dim] += sign * stats.std[dim]
                with torch.no_grad():
                    after = codec.network.decode(torch.tensor(moved)[None])
                    before = codec.network.decode(torch.tensor(z)[None])
                changes.append((after - before).abs().mean().item() * 127.5)
        assert measured[dim] == pytest.approx(np.mean(changes), rel=1e-3)


def test_a_dimension_that_the_decoder_ignores_has_no_effect() -> None:
    network = build_network(CONFIG)
    with torch.no_grad():
        network.get_parameter("decoder.0.weight")[:, 2] = 0.0
    deaf = Codec(network)
    codes = normal_codes(100, 4)
    stats = statistics(codes)
    measured = effects(deaf, codes, stats)
    assert measured[2] == 0.0
    assert (measured[[0, 1, 3]] > 0.0).all()
    assert dead_dimensions(stats, np.array([1.0, 2.0, 0.0, 0.2], np.float32)).tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_measuring_effects_can_be_left(codec: Codec) -> None:
    codes = normal_codes(300, 4)
    work = measure_effects(codec, codes, statistics(codes), count=200)
    assert next(work).total == 4
    work.close()


def test_traversal_and_interpolation() -> None:
    z = np.array([1.0, 2.0, 3.0], np.float32)
    assert traversal(z, 1, -1.0, 1.0, 3).tolist() == [[1, -1, 3], [1, 0, 3], [1, 1, 3]]
    assert interpolate(z, -z, 3).tolist() == [[1, 2, 3], [0, 0, 0], [-1, -2, -3]]
    assert traversal(z, 1, -1.0, 1.0, 3).dtype == interpolate(z, z, 2).dtype == np.float32


def test_random_codes_of_a_vae_come_from_the_prior() -> None:
    codes = random_codes(None, "vae", 20_000, seed=1, latent_dim=3)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes.mean(0), 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(3), atol=0.03)
    stats = statistics(normal_codes() * 7)
    assert np.array_equal(random_codes(stats, "vae", 20_000, seed=1), codes)


def test_random_codes_of_an_ae_follow_the_data() -> None:
    mixing = np.array([[2.0, 0.0, 0.0], [1.5, 0.5, 0.0], [0.0, 0.0, 0.0]])  # the last one is dead
    data = (normal_codes() @ mixing.T + [5, 0, 1]).astype(np.float32)
    codes = random_codes(statistics(data), "ae", 40_000, seed=2)
    np.testing.assert_allclose(codes.mean(0), data.mean(0), atol=0.05)
    np.testing.assert_allclose(np.cov(codes.T), np.cov(data.T), atol=0.1)
    assert codes[:, 2] == pytest.approx(1.0, abs=1e-3)


def test_a_seed_decides_random_codes() -> None:
    first = random_codes(None, "ae", 2, 5, latent_dim=4)
    assert np.array_equal(first, random_codes(None, "ae", 2, 5, latent_dim=4))
    assert not np.array_equal(first, random_codes(None, "ae", 2, 6, latent_dim=4))
    with pytest.raises(ValueError, match="latent_dim"):
        random_codes(None, "ae", 2, 5)


def test_random_codes_of_more_dimensions_than_codes_have_their_covariance() -> None:
    """Convolutions without a linear layer have thousands of dimensions, too many to decompose."""
    codes = np.random.default_rng(1).normal(size=(40, 1500)).astype(np.float32)
    stats = statistics(codes)
    np.testing.assert_allclose(stats.factor @ stats.factor.T, np.cov(codes.T, bias=True), atol=1e-4)
    drawn = random_codes(stats, "ae", 4000, 3)
    np.testing.assert_allclose(drawn.std(axis=0), stats.std, rtol=0.15)
