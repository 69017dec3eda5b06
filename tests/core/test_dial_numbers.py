"""The numbers of dials: KL against the closed form by numpy, percentiles, correlation, CSV."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import torch

from core.codec import Codec
from core.dial_numbers import DialNumbers, KlFile, kept_kl, measure_kl, strongest_pairs
from core.encoding import finished
from core.latents import correlation, statistics
from core.models import NetworkConfig, build_network
from core.pixels import to_float
from tests.core.tiny import tiny_dataset


def codec_of(objective: str, latent_dim: int = 4) -> Codec:
    config = NetworkConfig.model_validate(
        {"network": "fc", "objective": objective, "height": 8, "width": 8, "channels": 3,
         "latent_dim": latent_dim, "hidden": (16,)}
    )  # fmt: skip
    return Codec(build_network(config))


def test_the_posterior_is_the_encoder_s_two_halves() -> None:
    codec, pictures = codec_of("vae"), tiny_dataset(7).pictures(slice(None))
    mean, log_std = codec.posterior(pictures)
    with torch.no_grad():
        both = codec.network.encoder(to_float(pictures, torch.device("cpu")).flatten(1)).numpy()
    np.testing.assert_allclose(mean, both[:, :4], atol=1e-6)
    assert log_std is not None
    np.testing.assert_allclose(log_std, both[:, 4:], atol=1e-6)
    np.testing.assert_array_equal(mean, codec.encode(pictures))
    assert codec_of("ae").posterior(pictures)[1] is None


def test_kl_of_each_dimension_is_the_closed_form_averaged_over_the_data() -> None:
    codec, dataset = codec_of("vae"), tiny_dataset(300)
    found = finished(measure_kl(codec, dataset))
    mean, log_std = codec.posterior(dataset.pictures(slice(None)))
    assert log_std is not None
    m, s = mean.astype(np.float64), log_std.astype(np.float64)
    expected = (0.5 * (m**2 + np.exp(2 * s) - 1 - 2 * s)).mean(axis=0)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert finished(measure_kl(codec_of("ae"), dataset)) is None


def test_kl_is_kept_for_the_same_weights_and_data(tmp_path: Path) -> None:
    codec, dataset = codec_of("vae"), tiny_dataset(20)
    kept = KlFile(tmp_path, codec, dataset)
    found = finished(kept_kl(codec, dataset, kept=kept))
    assert found is not None
    np.testing.assert_array_equal(kept.load(), found)
    assert next(
        kept_kl(codec, tiny_dataset(20, seed=1), kept=KlFile(tmp_path, codec, tiny_dataset(20, seed=1)))
    )
    kept.path.write_text('{"key": "x", "kl": [NaN]}', "utf-8")
    assert kept.load() is None


def test_percentiles_are_numpy_s() -> None:
    codes = np.random.default_rng(0).standard_normal((999, 3)).astype(np.float32)
    stats = statistics(codes)
    for percent in (1, 5, 25, 50, 75, 95, 99):
        np.testing.assert_allclose(
            stats.percentile(percent), np.percentile(codes, percent, axis=0), atol=1e-5
        )


def test_correlation_is_numpy_s_and_0_for_a_dial_that_never_moves() -> None:
    rng = np.random.default_rng(1)
    codes = (rng.standard_normal((500, 4)) @ rng.standard_normal((4, 4))).astype(np.float32)
    np.testing.assert_allclose(correlation(codes), np.corrcoef(codes.T), atol=1e-5)
    codes[:, 2] = 7.0
    found = correlation(codes)
    assert not found[2].any()
    assert found[0, 0] == pytest.approx(1.0)
    a, b, r = strongest_pairs(found, 1)[0]
    assert abs(r) == pytest.approx(np.abs(np.triu(np.delete(np.delete(found, 2, 0), 2, 1), 1)).max())
    assert 2 not in (a, b)


def test_thousands_of_dimensions_stay_bounded() -> None:
    codes = np.random.default_rng(2).standard_normal((3000, 3072)).astype(np.float32)
    found = correlation(codes)
    assert found.shape == (3072, 3072)
    np.testing.assert_allclose(np.diag(found), 1.0, atol=1e-4)


def numbers() -> DialNumbers:
    codes = np.random.default_rng(3).standard_normal((100, 3)).astype(np.float32) * [1.0, 3.0, 0.0]
    effect = np.array([5.0, 2.0, 0.0], np.float32)
    return DialNumbers(statistics(codes.astype(np.float32)), effect, np.array([0.5, 1.5, 0.0], np.float32))


def test_a_table_has_a_line_a_dial_and_its_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(numbers().csv_text())))
    assert list(rows[0]) == ["dial", "mean", "std", "p1", "p5", "p25", "p50", "p75", "p95", "p99", "kl",
                             "effect", "active"]  # fmt: skip
    assert [row["dial"] for row in rows] == ["0", "1", "2"]
    assert [row["active"] for row in rows] == ["1", "1", "0"]
    assert float(rows[1]["std"]) == pytest.approx(float(numbers().stats.std[1]), rel=1e-6)
    facts = numbers().facts()
    assert (facts["active"], facts["kl"], facts["pictures"]) == (2, pytest.approx(2.0), 100)


def test_dials_are_ranked_by_a_column_dead_ones_last() -> None:
    assert numbers().order("effect").tolist() == [0, 1, 2]
    assert numbers().order("std").tolist() == [1, 0, 2]
    assert numbers().order("kl").tolist() == [1, 0, 2]
    assert numbers().order("dial").tolist() == [0, 1, 2]
