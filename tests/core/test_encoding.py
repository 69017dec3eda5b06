"""Codes of a data set against the codec one picture at a time; what is kept, resumed and thrown away."""

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch

from core.codec import Codec
from core.datasets import open_dataset
from core.encoding import (
    ALL_CODES_FILE,
    CODES_FILE,
    CODES_LIMIT,
    Codes,
    CodesFile,
    EncodeProgress,
    codes_key,
    encode_dataset,
    finished,
    load_codes,
    measure_errors,
    measured_codes,
    measured_errors,
    save_codes,
    spread_indices,
)
from core.models import NetworkConfig, build_network
from core.models.network import Network
from tests.core.tiny import tiny_dataset

CONFIG = NetworkConfig(
    network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(16,)
)

T = TypeVar("T")


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(build_network(CONFIG))


def progress_of(work: Generator[EncodeProgress, None, T]) -> tuple[list[tuple[int, int]], T]:
    """What a generator of progress yields, as (done, total), and what it returns."""
    steps = []
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            return steps, end.value
        steps.append((progress.done, progress.total))


def reference_errors(network: Network, pixels: np.ndarray) -> np.ndarray:
    """Mean squared errors in float64, one picture at a time."""
    errors = []
    for picture in pixels:
        x = torch.tensor(picture.transpose(2, 0, 1)[None] / 127.5 - 1.0, dtype=torch.float32)
        with torch.no_grad():
            difference = (network.decode(network.encode(x)) - x).double()
        errors.append(float((difference**2).mean()))
    return np.array(errors)


def test_encoding_a_data_set(codec: Codec) -> None:
    dataset = tiny_dataset(37)
    steps, codes = progress_of(encode_dataset(codec, dataset, batch=16))
    assert steps == [(16, 37), (32, 37), (37, 37)]
    one_by_one = np.concatenate([codec.encode(dataset.pixels[i : i + 1]) for i in range(37)])
    np.testing.assert_allclose(codes.codes, one_by_one, atol=1e-6)
    assert codes.indices.tolist() == list(range(37))
    assert np.isnan(codes.errors).all()  # a pass of its own


def test_errors_are_measured_from_the_codes(codec: Codec) -> None:
    dataset = tiny_dataset(21)
    codes = finished(encode_dataset(codec, dataset, limit=10))
    steps, found = progress_of(measure_errors(codec, dataset, codes, batch=4))
    assert steps == [(4, 10), (8, 10), (10, 10)]
    expected = reference_errors(codec.network, dataset.pixels[codes.indices])
    np.testing.assert_allclose(found.errors, expected, rtol=1e-4)
    assert np.isnan(codes.errors).all()  # what was given is not changed
    assert progress_of(measure_errors(codec, dataset, found))[0] == []  # nothing is left to measure


def test_a_limit_spreads_over_the_data(codec: Codec) -> None:
    dataset = tiny_dataset(40)
    codes = finished(encode_dataset(codec, dataset, limit=8))
    assert codes.indices.tolist() == [0, 5, 10, 15, 20, 25, 30, 35]
    np.testing.assert_allclose(codes.codes, codec.encode(dataset.pixels[::5]), atol=1e-6)
    assert len(np.unique(spread_indices(7, 5))) == 5
    assert spread_indices(0, 5).tolist() == []


def test_what_is_known_is_not_encoded_again(codec: Codec) -> None:
    dataset = tiny_dataset(40)
    known = finished(encode_dataset(codec, dataset, limit=8))
    marked = Codes(known.codes + 100.0, np.arange(8, dtype=np.float32), known.indices)
    steps, codes = progress_of(encode_dataset(codec, dataset, limit=20, batch=16, known=marked))
    assert steps == [(20, 20)]  # 0, 10, 20 and 30 were known
    assert codes.indices.tolist() == list(range(0, 40, 2))
    np.testing.assert_array_equal(codes.codes[::5], marked.codes[::2])
    np.testing.assert_array_equal(codes.errors[::5], marked.errors[::2])
    others = np.arange(20) % 5 != 0
    expected = codec.encode(dataset.pixels[::2][others])
    np.testing.assert_allclose(codes.codes[others], expected, atol=1e-6)
    assert np.isnan(codes.errors[others]).all()


def test_encoding_that_was_left_goes_on_where_it_was(codec: Codec, tmp_path: Path) -> None:
    dataset = tiny_dataset(4000)
    kept = CodesFile(tmp_path, codec, dataset)
    whole = finished(encode_dataset(codec, dataset))
    work = measured_codes(codec, dataset, kept=kept)
    first = next(work)
    work.close()  # as when the window is closed
    partial = kept.load()
    assert partial is not None
    assert 0 < first.done == len(partial.codes) < 4000
    steps, codes = progress_of(measured_codes(codec, dataset, kept=kept))
    assert steps[0][0] > first.done
    np.testing.assert_allclose(codes.codes, whole.codes, atol=1e-6)

    errors = measured_errors(codec, dataset, codes, kept)
    done = next(errors).done
    errors.close()
    again = kept.load()
    assert again is not None
    assert np.isfinite(again.errors).sum() == done
    found = finished(measured_errors(codec, dataset, again, kept))
    expected = reference_errors(codec.network, dataset.pixels[::500])
    np.testing.assert_allclose(found.errors[::500], expected, rtol=1e-4)
    last = kept.load()
    assert last is not None
    assert np.array_equal(last.errors, found.errors)


def test_all_codes_are_measured_once(codec: Codec, tmp_path: Path) -> None:
    dataset = tiny_dataset(30)
    kept = CodesFile(tmp_path, codec, dataset)
    codes = finished(measured_codes(codec, dataset, kept=kept))
    steps, again = progress_of(measured_codes(codec, dataset, kept=CodesFile(tmp_path, codec, dataset)))
    assert steps == []
    np.testing.assert_array_equal(again.codes, codes.codes)
    assert CodesFile(tmp_path, codec, dataset, len(dataset)).path == kept.path  # all of them are in it
    assert CodesFile(tmp_path, codec, dataset, 12).load() is None  # others, spread otherwise


def test_codes_of_other_weights_or_data_are_not_taken(codec: Codec, tmp_path: Path) -> None:
    dataset = tiny_dataset(30)
    finished(measured_codes(codec, dataset, kept=CodesFile(tmp_path, codec, dataset)))
    weights = {name: tensor + 0.01 for name, tensor in codec.network.state_dict().items()}
    assert CodesFile(tmp_path, codec.update(weights), dataset).load() is None
    assert CodesFile(tmp_path, codec, tiny_dataset(30, seed=9)).load() is None
    same = {name: tensor.clone() for name, tensor in codec.network.state_dict().items()}
    assert CodesFile(tmp_path, codec.update(same), dataset).load() is not None


def test_more_pictures_than_the_limit_have_a_file_of_their_own(codec: Codec, tmp_path: Path) -> None:
    dataset = tiny_dataset(CODES_LIMIT + 1, height=8, width=8)
    assert CodesFile(tmp_path, codec, dataset).path.name == CODES_FILE
    assert CodesFile(tmp_path, codec, dataset, len(dataset)).path.name == ALL_CODES_FILE


def test_codes_that_cannot_be_kept_are_measured_all_the_same(codec: Codec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    dataset = tiny_dataset(30)
    kept = CodesFile(tmp_path / "file", codec, dataset)
    codes = finished(measured_codes(codec, dataset, kept=kept))
    assert len(codes.codes) == 30
    assert kept.failed


def test_kept_codes_are_found_again_for_the_same_key(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "codes.safetensors"
    dataset = tiny_dataset(11)
    codes = finished(measure_errors(codec, dataset, finished(encode_dataset(codec, dataset))))
    assert load_codes(path, "a") is None
    key = codes_key("weights", "data", 100)
    save_codes(path, codes, key)
    again = load_codes(path, key)
    assert again is not None
    assert np.array_equal(again.codes, codes.codes)
    assert np.array_equal(again.errors, codes.errors)
    assert np.array_equal(again.indices, codes.indices)
    assert load_codes(path, codes_key("others", "data", 100)) is None


def test_damaged_codes_are_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "codes.safetensors"
    save_codes(path, Codes(np.zeros((3, 2), np.float32), np.zeros(3, np.float32), np.arange(3)), "k")
    whole = path.read_bytes()
    for content in (b"", whole[:-5], b"x" * len(whole)):
        path.write_bytes(content)
        assert load_codes(path, "k") is None
    save_codes(path, Codes(np.full((3, 2), np.nan, np.float32), np.zeros(3, np.float32), np.arange(3)), "k")
    assert load_codes(path, "k") is None
    save_codes(path, Codes(np.zeros((3, 2), np.float32), np.zeros(4, np.float32), np.arange(3)), "k")
    assert load_codes(path, "k") is None


@pytest.mark.parametrize("network", ["fc", "conv"])
def test_real_pictures_give_the_codes_of_the_plain_network(real_data: Path, network: str) -> None:
    dataset = open_dataset(real_data / "faces_test.npy")
    height, width, channels = dataset.picture_shape
    shape = {"height": height, "width": width, "channels": channels}
    config = NetworkConfig.model_validate({"network": network, "objective": "vae", "latent_dim": 8, **shape})
    plain = build_network(config, torch.Generator().manual_seed(3))
    codes = finished(encode_dataset(Codec(plain), dataset, limit=140))
    pixels = np.load(real_data / "faces_test.npy")[codes.indices]
    x = torch.tensor(pixels, dtype=torch.float64).permute(0, 3, 1, 2) / 127.5 - 1.0
    exact = build_network(config, torch.Generator().manual_seed(3)).double()
    with torch.no_grad():
        expected = exact.encoder(x.flatten(1) if network == "fc" else x).numpy()[:, :8]
    np.testing.assert_allclose(codes.codes, expected, atol=1e-5)
