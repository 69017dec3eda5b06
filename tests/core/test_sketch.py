"""Sketches: the codec's own picture, or nearly; new weights go into the recording of the old ones."""

import gc
import weakref
from typing import cast

import numpy as np
import pytest
import torch
from torch.jit import _state

from core.codec import Codec
from core.config import NetworkName
from core.models import build_network
from core.models.network import NetworkConfig
from core.sketch import Sketch


def _codec(network: NetworkName, seed: int, size: int = 16) -> Codec:
    config = NetworkConfig(
        network=network, objective="vae", height=size, width=size, channels=3, latent_dim=8
    )
    return Codec(build_network(config, torch.Generator().manual_seed(seed)))


def _kept_by_torch() -> int:
    """How many functions torch keeps until the process ends."""
    return len(cast(list[object], _state._python_cu.get_functions()))


@pytest.mark.parametrize(("network", "levels"), [("fc", 0), ("conv", 3)])
def test_a_small_network_is_decoded_nearly_and_new_weights_count(network: NetworkName, levels: int) -> None:
    codes = np.random.default_rng(0).normal(0.0, 3.0, (4, 8)).astype(np.float32)
    first, second = _codec(network, 1), _codec(network, 2)
    sketch, again = Sketch(first), Sketch(second)
    for code in codes:
        for drawn, codec in ((sketch, first), (again, second)):
            off = np.abs(drawn.decode(code).astype(int) - codec.decode(code)[0])
            assert off.max() <= levels
            assert off.mean() <= 0.25 * levels
    assert np.abs(first.decode(codes).astype(int) - second.decode(codes)).mean() > 3.0


def test_the_assignments_network_differs_by_a_level_at_most() -> None:
    config = NetworkConfig(network="fc", objective="ae", height=64, width=64, channels=3, latent_dim=64)
    codec = Codec(build_network(config, torch.Generator().manual_seed(0)))
    code = np.random.default_rng(1).normal(0.0, 10.0, 64).astype(np.float32)
    exact, sketched = codec.decode(code)[0].astype(int), Sketch(codec).decode(code).astype(int)
    assert np.abs(exact - sketched).max() <= 1
    assert exact.std() > 1.0


def test_a_code_that_overflows_gives_a_picture() -> None:
    assert Sketch(_codec("fc", 1)).decode(np.full(8, 3e38, np.float32)).shape == (16, 16, 3)


def test_new_weights_go_into_the_recording_of_the_old_ones() -> None:
    first, second = Sketch(_codec("conv", 1)), Sketch(_codec("conv", 2))
    assert second._run is first._run
    assert Sketch(_codec("conv", 1, size=32))._run is not first._run


def test_the_recordings_of_networks_that_were_left_go() -> None:
    torch_keeps = _kept_by_torch()
    recording = weakref.ref(Sketch(_codec("conv", 1, size=40))._run)
    for size in (8, 16, 24, 32):
        Sketch(_codec("fc", 1, size))
    gc.collect()
    assert recording() is None
    assert _kept_by_torch() == torch_keeps


def test_weights_go_before_their_recording() -> None:
    codec = _codec("fc", 1, size=24)  # of a size that no other test has recorded
    networks, sketch = weakref.ref(codec.network), Sketch(codec)
    weights = [weakref.ref(tensor) for tensor in codec.network.parameters()]
    del codec, sketch
    gc.collect()
    assert networks() is None
    assert [weight() for weight in weights] == [None] * len(weights)
