"""Painting: the code follows what was painted, what was not stays, and the original's detail comes back."""

import numpy as np
import pytest
import torch

from core.codec import Codec
from core.config import TrainConfig
from core.errors import EditError
from core.models import NetworkConfig, build_network
from core.painting import Painting, PaintStep, erased, painted_code, with_detail
from core.runs import Run
from core.training import train
from tests.core.tiny import tiny_dataset


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Codec:
    """A network that has learned the tiny pictures."""
    dataset = tiny_dataset(count=200)
    config = TrainConfig(
        latent_dim=8, epochs=25, batch_size=32, device="cpu", precision="float32", keep_epochs=0
    )
    run = Run.create(tmp_path_factory.mktemp("painting") / "run", config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return Codec.from_run(run)


def done(steps: object) -> tuple[np.ndarray, list[PaintStep]]:
    seen: list[PaintStep] = []
    while True:
        try:
            seen.append(next(steps))  # pyright: ignore[reportArgumentType]
        except StopIteration as end:
            return end.value, seen


def left_half() -> np.ndarray:
    mask = np.zeros((8, 8), np.float32)
    mask[:, :4] = 1.0
    return mask


def levels(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    """The root of the mean square difference under a mask, in levels of 255."""
    square = (one.astype(float) - other.astype(float)) ** 2
    return float(np.sqrt((square.mean(axis=2) * mask).sum() / mask.sum()))


def test_the_code_follows_what_was_painted(codec: Codec) -> None:
    """Painted is what the decoder itself makes of another code: it can be reached."""
    codes = codec.encode(tiny_dataset(count=200).pictures(slice(None)))
    spread, mask = codes.std(axis=0), left_half()
    factors, outside = [], []
    for first, other in ((0, 1), (2, 3), (4, 5), (6, 7)):
        before, target = codec.decode(codes[first])[0], codec.decode(codes[other])[0]
        code, _steps = done(painted_code(codec, codes[first], Painting(target, mask), spread=spread))
        after = codec.decode(code)[0]
        factors.append(levels(after, target, mask) / levels(before, target, mask))
        outside.append(levels(after, before, 1.0 - mask) / levels(target, before, 1.0 - mask))
        assert np.abs((code - codes[first]) / spread).max() < 5.0
    assert np.median(factors) < 0.67  # the error falls to less than two thirds
    assert np.median(outside) < 0.7  # and elsewhere less changes than by the whole code


def test_steps_only_get_better_and_end_where_they_say(codec: Codec) -> None:
    codes = codec.encode(tiny_dataset(count=200).pictures(slice(0, 2)))
    target = codec.decode(codes[1])[0]
    code, steps = done(painted_code(codec, codes[0], Painting(target, left_half()), steps=12))
    assert [step.done for step in steps] == list(range(13))
    assert np.array_equal(steps[0].code, codes[0])
    assert np.array_equal(steps[-1].code, code)
    assert steps[-1].error < steps[0].error
    expected = (
        (codec.decode_float(codes[0]).numpy()[0] - (target / 127.5 - 1.0).transpose(2, 0, 1)) ** 2
    ).mean(0)
    assert steps[0].error == pytest.approx((expected * left_half()).sum() / left_half().sum(), rel=1e-4)


def test_locked_dimensions_stay_to_the_bit(codec: Codec) -> None:
    codes = codec.encode(tiny_dataset(count=200).pictures(slice(0, 2)))
    target = codec.decode(codes[1])[0]
    code, _steps = done(painted_code(codec, codes[0], Painting(target, left_half()), locked={0, 3, 7}))
    assert np.array_equal(code[[0, 3, 7]], codes[0][[0, 3, 7]])
    assert (code[[1, 2, 4, 5, 6]] != codes[0][[1, 2, 4, 5, 6]]).all()
    code, steps = done(painted_code(codec, codes[0], Painting(target, left_half()), locked=range(8)))
    assert np.array_equal(code, codes[0])
    assert steps == []


def test_nothing_painted_changes_nothing(codec: Codec) -> None:
    z = codec.encode(tiny_dataset(count=200).pictures(slice(0, 1)))[0]
    blank = Painting(codec.decode(z)[0], np.zeros((8, 8), np.float32))
    code, steps = done(painted_code(codec, z, blank))
    assert np.array_equal(code, z)
    assert steps == []


def test_numbers_that_are_not_finite_never_come_back(codec: Codec) -> None:
    network = build_network(codec.config, torch.Generator().manual_seed(1))
    with torch.no_grad():
        next(iter(network.decoder.parameters())).mul_(1e30)
    wild = Codec(network)
    target = np.full((8, 8, 3), 200, np.uint8)
    for spread in (
        None,
        np.full(8, np.nan, np.float32),
        np.zeros(8, np.float32),
        np.full(8, 1e30, np.float32),
    ):
        mask = left_half()
        mask[0, 0] = np.nan
        code, _steps = done(painted_code(wild, np.ones(8, np.float32), Painting(target, mask), spread=spread))
        assert np.isfinite(code).all()


def test_another_shape_is_refused(codec: Codec) -> None:
    wrong = Painting(np.zeros((4, 8, 3), np.uint8), np.ones((8, 8), np.float32))
    with pytest.raises(EditError, match="4×8×3"):
        done(painted_code(codec, np.zeros(8, np.float32), wrong))


def test_weights_stay_and_take_no_gradients(codec: Codec) -> None:
    before = {name: weight.clone() for name, weight in codec.network.state_dict().items()}
    target = np.full((8, 8, 3), 200, np.uint8)
    done(painted_code(codec, np.zeros(8, np.float32), Painting(target, left_half())))
    assert all(torch.equal(before[name], weight) for name, weight in codec.network.state_dict().items())
    assert all(weight.grad is None for weight in codec.network.parameters())


@pytest.mark.parametrize("network", ["fc", "conv"])
def test_grey_and_larger_pictures(network: str) -> None:
    config = NetworkConfig.model_validate(
        {"network": network, "objective": "vae", "latent_dim": 4, "height": 16, "width": 16, "channels": 1}
    )
    codec = Codec(build_network(config, torch.Generator().manual_seed(0)))
    painting = Painting(np.full((16, 16, 1), 230, np.uint8), np.ones((16, 16), np.float32))
    code, steps = done(painted_code(codec, np.zeros(4, np.float32), painting, steps=5))
    assert code.shape == (4,)
    assert steps[-1].error <= steps[0].error


# What is painted when something is erased, and the original's detail


def test_erased_is_filled_from_around() -> None:
    flat = np.full((13, 10, 3), (10, 120, 240), np.uint8)
    spotted, mask = flat.copy(), np.zeros((13, 10), np.float32)
    mask[4:8, 3:7] = 1.0
    spotted[mask > 0] = 255
    assert np.array_equal(erased(spotted, mask), flat)
    ramp = np.repeat(np.linspace(0, 255, 32).astype(np.uint8)[None, :, None], 32, axis=0)
    hole = np.zeros((32, 32), np.float32)
    hole[10:22, 10:22] = 1.0
    filled = erased(np.where(hole[..., None] > 0, 0, ramp).astype(np.uint8), hole)
    assert np.array_equal(filled[hole == 0], ramp[hole == 0])
    assert np.abs(filled.astype(int) - ramp)[hole > 0].max() < 40
    assert filled.std() > 0
    assert erased(flat, np.ones((13, 10), np.float32)).shape == flat.shape  # of nothing known: something


def test_detail_without_an_edit_is_the_original() -> None:
    rng = np.random.default_rng(0)
    original, reconstruction = rng.integers(0, 256, (2, 64, 64, 3), np.uint8)
    assert np.array_equal(with_detail(original, reconstruction, reconstruction), original)


def test_detail_stays_away_from_what_was_edited() -> None:
    rng = np.random.default_rng(0)
    reconstruction = np.full((64, 64, 3), 100, np.uint8)
    original = reconstruction + rng.integers(0, 30, (64, 64, 3), np.uint8)
    edited = reconstruction.copy()
    edited[:, :24] = 200
    shown = with_detail(original, reconstruction, edited)
    assert np.array_equal(shown[:, :20], edited[:, :20])
    assert np.array_equal(shown[:, 40:], original[:, 40:])
