"""The codec against plain torch layers that share nothing with it but the weights."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from core.codec import BATCH, Codec, shape_text, weights_fingerprint
from core.errors import ModelError
from core.models import NetworkConfig, build_network
from core.runs import Run
from tests.core.tiny import tiny_config, tiny_dataset

CONFIG = NetworkConfig(
    network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(24, 12)
)


def codec_of(config: NetworkConfig = CONFIG, seed: int = 0) -> Codec:
    return Codec(build_network(config, torch.Generator().manual_seed(seed)))


def plain_layers(codec: Codec) -> tuple[nn.Sequential, nn.Sequential]:
    """The assignment's layers, written out, with the codec's weights."""
    encoder = nn.Sequential(
        nn.Linear(192, 24), nn.LeakyReLU(0.1), nn.Linear(24, 12), nn.LeakyReLU(0.1), nn.Linear(12, 4)
    )
    decoder = nn.Sequential(
        nn.Linear(4, 12),
        nn.LeakyReLU(0.1),
        nn.Linear(12, 24),
        nn.LeakyReLU(0.1),
        nn.Linear(24, 192),
        nn.Tanh(),
    )
    both = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    both.load_state_dict(codec.network.state_dict())
    return encoder, decoder


def flat(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (N,H,W,C) as the assignment flattens it: C,H,W order in [-1,1]."""
    return torch.tensor(
        pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1) / 127.5 - 1, dtype=torch.float32
    )


def test_codes_and_pictures_are_those_of_plain_layers() -> None:
    codec, pixels = codec_of(), tiny_dataset(9).pictures(slice(None))
    encoder, decoder = plain_layers(codec)
    with torch.no_grad():
        z = encoder(flat(pixels))
        recon = decoder(z).reshape(9, 3, 8, 8)
    np.testing.assert_allclose(codec.encode(pixels), z.numpy(), atol=1e-5)
    np.testing.assert_allclose(codec.decode_float(z.numpy()).numpy(), recon.numpy(), atol=1e-5)
    shown = np.rint((recon.numpy().transpose(0, 2, 3, 1).astype(np.float64) + 1) * 127.5)
    assert np.abs(codec.decode(z.numpy()).astype(int) - shown).max() <= 1  # a tie may round either way
    assert (codec.decode(z.numpy()) == shown).mean() > 0.99
    expected = (recon - flat(pixels).reshape(9, 3, 8, 8)).square().mean((1, 2, 3))
    np.testing.assert_allclose(codec.errors(pixels), expected.numpy(), rtol=1e-5)


def test_the_assignment_s_network_at_full_size() -> None:
    config = NetworkConfig(network="fc", objective="ae", height=64, width=64, channels=3, latent_dim=64)
    codec = codec_of(config)
    weights = codec.network.state_dict()
    z = np.zeros(64, np.float32)
    z[0] += 20
    x = torch.from_numpy(z[None])
    for layer in range(0, 9, 2):
        x = x @ weights[f"decoder.{layer}.weight"].T + weights[f"decoder.{layer}.bias"]
        x = torch.where(x > 0, x, 0.1 * x) if layer < 8 else torch.tanh(x)
    np.testing.assert_allclose(codec.decode_float(z).numpy(), x.reshape(1, 3, 64, 64).numpy(), atol=1e-5)


def test_a_vae_s_code_is_the_posterior_s_mean() -> None:
    codec = codec_of(CONFIG.model_copy(update={"objective": "vae"}))
    pixels = tiny_dataset(5).pictures(slice(None))
    encoder = nn.Sequential(
        nn.Linear(192, 24), nn.LeakyReLU(0.1), nn.Linear(24, 12), nn.LeakyReLU(0.1), nn.Linear(12, 8)
    )
    encoder.load_state_dict(
        {name[8:]: w for name, w in codec.network.state_dict().items() if name.startswith("encoder.")}
    )
    with torch.no_grad():
        expected = encoder(flat(pixels))[:, :4]
    np.testing.assert_allclose(codec.encode(pixels), expected.numpy(), atol=1e-6)


def test_one_code_and_many() -> None:
    codec = codec_of()
    z = np.random.default_rng(0).standard_normal((BATCH + 3, 4), np.float32)
    pictures = codec.decode(z)
    assert pictures.shape == (BATCH + 3, 8, 8, 3)
    assert pictures.dtype == np.uint8
    last = codec.decode(z[-1])
    assert last.shape == (1, 8, 8, 3)
    assert np.abs(last[0].astype(int) - pictures[-1]).max() <= 1


def test_reconstruct_is_decode_of_encode() -> None:
    codec, pixels = codec_of(), tiny_dataset(4).pictures(slice(None))
    assert np.array_equal(codec.reconstruct(pixels), codec.decode(codec.encode(pixels)))


def test_an_update_gives_a_new_codec_and_leaves_the_old_one() -> None:
    old, other = codec_of(seed=0), codec_of(seed=1)
    z = np.ones(4, np.float32)
    before = old.decode(z)
    weights = {name: tensor.clone() for name, tensor in other.network.state_dict().items()}
    new = old.update(weights)
    assert np.array_equal(new.decode(z), other.decode(z))
    assert np.array_equal(old.decode(z), before)
    assert new.network.state_dict()["decoder.0.weight"].data_ptr() == weights["decoder.0.weight"].data_ptr()


def test_weights_of_another_network_are_refused() -> None:
    codec = codec_of()
    other = codec_of(CONFIG.model_copy(update={"latent_dim": 5}))
    with pytest.raises(ModelError, match="belong to another network"):
        codec.update(other.network.state_dict())
    with pytest.raises(ModelError, match="belong to another network"):
        codec.update({})


def test_pictures_of_another_shape_are_refused_in_a_sentence() -> None:
    with pytest.raises(ModelError, match="reads pictures of 8×8 colour, and these are 9×8 grey"):
        codec_of().encode(tiny_dataset(2, height=8, width=9, channels=1).pictures(slice(None)))
    with pytest.raises(ModelError):
        codec_of().errors(tiny_dataset(2).pixels[0])


def test_codes_of_another_length_are_refused() -> None:
    with pytest.raises(ModelError, match="has 4 elements, not 3"):
        codec_of().decode(np.zeros(3, np.float32))


def test_a_code_beyond_all_bounds_still_gives_a_picture() -> None:
    picture = codec_of().decode(np.array([3e38, -3e38, 3e38, 3e38], np.float32))
    assert picture.shape == (1, 8, 8, 3)


def test_a_read_only_code_is_taken() -> None:
    z = np.zeros(4, np.float32)
    z.flags.writeable = False
    assert codec_of().decode(z).shape == (1, 8, 8, 3)


def test_threads_share_a_codec() -> None:
    codec = codec_of()
    codes = [np.full(4, n, np.float32) for n in range(40)]
    alone = [codec.decode(z) for z in codes]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(codec.decode, codes))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_a_run_s_weights(tmp_path) -> None:
    run = Run.create(tmp_path / "run", tiny_config(), tiny_dataset().identity)
    network = build_network(run.config.network, torch.Generator().manual_seed(3))
    run.save_weights(network.state_dict())
    codec = Codec.from_run(run)
    assert codec.picture_shape == (8, 8, 3)
    assert codec.latent_dim == 4
    assert np.array_equal(codec.decode(np.ones(4, np.float32)), Codec(network).decode(np.ones(4, np.float32)))


def test_the_fingerprint_is_the_sha256_of_the_file(tmp_path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert weights_fingerprint(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(ModelError, match="cannot be read"):
        weights_fingerprint(tmp_path / "absent")


def test_shapes_in_words() -> None:
    assert shape_text((48, 64, 1)) == "64×48 grey"
    assert shape_text((64, 64, 3)) == "64×64 colour"
