"""Where and in which number format it is computed: names, the trial, and what rounding does to a product."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from core import devices
from core.devices import (
    WORTH_IT,
    bfloat16_gain,
    has_bfloat16,
    resolve_device,
    resolve_precision,
    rounded_products,
    rounds_float32,
)
from core.errors import TrainingError

CPU = torch.device("cpu")
# 1 + 2^-10 lies between two numbers of bfloat16, which has 8 bits: it becomes 1.
FINE = 1 + 2**-10
needs_bfloat16 = pytest.mark.skipif(not has_bfloat16(CPU), reason="this processor multiplies no bfloat16")


@pytest.fixture
def gain(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says what the trial measures."""
    return lambda value: monkeypatch.setattr(devices, "bfloat16_gain", lambda _device_type: value)


def test_a_precision_that_is_named_is_fixed(gain: Callable[[float], None]) -> None:
    for value in (0.0, 100.0):
        gain(value)
        assert resolve_precision("float32", CPU) == "float32"
        assert resolve_precision("bfloat16", CPU) == "bfloat16"


def test_auto_follows_the_trial(gain: Callable[[float], None]) -> None:
    for value, precision in ((0.0, "float32"), (1.0, "float32"), (WORTH_IT, "bfloat16"), (3.0, "bfloat16")):
        gain(value)
        assert resolve_precision("auto", CPU) == precision


def test_other_names_are_refused() -> None:
    with pytest.raises(TrainingError, match="float16"):
        resolve_precision("float16", CPU)
    if not torch.cuda.is_available():
        with pytest.raises(TrainingError, match="cuda"):
            resolve_device("cuda")
    assert resolve_device("cpu") == CPU


def test_the_trial_is_positive_where_there_is_the_hardware_and_else_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bfloat16_gain.cache_clear()
    assert (bfloat16_gain("cpu") > 0) == has_bfloat16(CPU)
    assert bfloat16_gain("cpu") == bfloat16_gain("cpu")  # once a process
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    bfloat16_gain.cache_clear()
    assert bfloat16_gain("cpu") == 0.0
    bfloat16_gain.cache_clear()


@needs_bfloat16
@pytest.mark.parametrize("has_convolutions", [False, True])
def test_factors_are_rounded_within_the_block_and_only_there(has_convolutions: bool) -> None:
    layer = nn.Linear(64, 64, bias=False)
    nn.init.eye_(layer.weight)
    x = torch.full((64, 64), FINE)
    with rounded_products("float32", "cpu", has_convolutions=has_convolutions):
        assert torch.equal(layer(x), x)
    with rounded_products("bfloat16", "cpu", has_convolutions=has_convolutions):
        assert torch.equal(layer(x).float(), torch.ones(64, 64))
    assert torch.equal(layer(x), x)


@pytest.mark.skipif(not rounds_float32(), reason="this processor cannot round the factors of float32 alone")
def test_gradients_are_products_of_rounded_factors_too_and_sums_are_not_rounded() -> None:
    layer = nn.Linear(512, 32, bias=False)
    x = torch.full((64, 512), FINE)
    with rounded_products("bfloat16", "cpu", has_convolutions=False):
        layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert torch.equal(layer.weight.grad, torch.full((32, 512), 64.0))  # 64 · 1, not 64 · FINE
    ones = torch.ones(64, 512)
    ones[:, 0] = 257.0 - 256.0 + 2**-7  # 1 + 2^-7 is a number of bfloat16
    nn.init.ones_(layer.weight)
    with torch.no_grad(), rounded_products("bfloat16", "cpu", has_convolutions=False):
        assert torch.equal(layer(ones), torch.full((64, 32), 512 + 2**-7))  # which bfloat16 cannot hold


@needs_bfloat16
@pytest.mark.parametrize("has_convolutions", [False, True])
def test_the_switch_is_put_back_after_an_exception_and_within_another_block(has_convolutions: bool) -> None:

    def state() -> tuple[str, bool]:
        products = torch.backends.mkldnn.matmul  # pyright: ignore[reportAttributeAccessIssue]
        return products.fp32_precision, torch.is_autocast_enabled("cpu")

    def interrupted() -> None:
        with rounded_products("bfloat16", "cpu", has_convolutions=has_convolutions):
            within = state()
            assert within != before
            with rounded_products("bfloat16", "cpu", has_convolutions=has_convolutions):
                assert state() == within
            assert state() == within
            raise KeyboardInterrupt

    before = state()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert state() == before
