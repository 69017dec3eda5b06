"""Where a move acts: against a decoder whose pictures are known, and against the measured effects."""

from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.acting import Acting, Part, dial_step, heated, measure_acting
from core.codec import Codec
from core.errors import ModelError
from core.latents import effects, statistics
from core.models import NetworkConfig, build_network
from tests.core.tiny import tiny_dataset

SIDE = 16


class Known:
    """A codec whose picture is grey plus each code's value times a pattern of its own, in levels of 255."""

    def __init__(self, *patterns: NDArray[np.float64]) -> None:
        self._patterns = torch.tensor(np.stack(patterns), dtype=torch.float32)  # (D, C, H, W)

    def decode_float(self, z: NDArray[np.float32]) -> torch.Tensor:
        return torch.tensordot(torch.from_numpy(z), self._patterns, dims=1) / 127.5


def known(*patterns: NDArray[np.float64]) -> Codec:
    return cast(Codec, Known(*patterns))


def pattern(top: int, bottom: int, left: int, right: int, colour: tuple[float, ...]) -> NDArray[np.float64]:
    values = np.zeros((len(colour), SIDE, SIDE))
    values[:, top:bottom, left:right] = np.array(colour)[:, None, None]
    return values


def test_the_heat_is_the_change_of_both_ways_averaged_over_channels() -> None:
    codec = Codec(
        build_network(
            NetworkConfig(
                network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(16,)
            )
        )
    )
    code = np.array([0.3, -1.0, 0.2, 0.9], np.float32)
    step = dial_step(4, 2, 0.7)
    act = measure_acting(codec, code, step)
    with torch.no_grad():
        plus, minus, base = (
            codec.network.decode(torch.from_numpy(z)[None])[0].numpy() * 127.5
            for z in (code + step, code - step, code)
        )
    expected = (np.abs(plus - base).mean(0) + np.abs(minus - base).mean(0)) / 2
    np.testing.assert_allclose(act.heat, expected, atol=1e-4)
    assert act.mean == pytest.approx(np.abs(plus - base).mean(), rel=1e-4)
    assert act.most == pytest.approx(np.abs(plus - base).mean(0).max(), rel=1e-4)


def test_heat_averaged_over_codes_is_the_effect() -> None:
    codec = Codec(
        build_network(
            NetworkConfig(
                network="fc", objective="ae", height=8, width=8, channels=3, latent_dim=4, hidden=(16,)
            )
        )
    )
    codes = codec.encode(tiny_dataset(6).pictures(slice(None)))
    stats = statistics(codes)
    measured = effects(codec, codes, stats, count=6)
    for dim in range(4):
        heats = [
            measure_acting(codec, code, dial_step(4, dim, float(stats.std[dim]))).heat.mean()
            for code in codes
        ]
        assert np.mean(heats) == pytest.approx(measured[dim], rel=1e-4)


@pytest.mark.parametrize(
    ("box", "part"),
    [
        ((0, 8, 0, 8), Part.UPPER_LEFT),
        ((0, 8, 8, 16), Part.UPPER_RIGHT),
        ((8, 16, 0, 8), Part.LOWER_LEFT),
        ((8, 16, 8, 16), Part.LOWER_RIGHT),
        ((4, 12, 4, 12), Part.CENTRE),
        ((0, 8, 0, 16), Part.UPPER_HALF),
        ((8, 16, 0, 16), Part.LOWER_HALF),
        ((0, 16, 0, 8), Part.LEFT_HALF),
        ((0, 16, 8, 16), Part.RIGHT_HALF),
        ((0, 16, 0, 16), Part.WHOLE),
    ],
)
def test_the_part_where_it_acts(box: tuple[int, int, int, int], part: Part) -> None:
    act = measure_acting(
        known(pattern(*box, (20.0, 20.0, 20.0))), np.zeros(1, np.float32), np.ones(1, np.float32)
    )
    assert act.part is part
    assert act.share == pytest.approx(1.0)


def test_a_frame_is_an_edge() -> None:
    frame = pattern(0, 16, 0, 16, (9.0,)) - pattern(2, 14, 2, 14, (9.0,))
    act = measure_acting(known(frame), np.zeros(1, np.float32), np.ones(1, np.float32))
    assert (act.part, act.share) == (Part.EDGE, pytest.approx(1.0))
    assert act.mean == pytest.approx(9.0 * (1 - (12 / 16) ** 2), rel=1e-4)


def test_the_share_is_that_of_the_change() -> None:
    mixed = pattern(0, 8, 0, 8, (62.0,)) + pattern(8, 16, 8, 16, (38.0,))
    act = measure_acting(known(mixed), np.zeros(1, np.float32), np.ones(1, np.float32))
    assert act.part is Part.UPPER_LEFT
    assert act.share == pytest.approx(0.62, abs=1e-4)
    assert "62 % of the change lies in the upper left" in act.sentence("+1σ")


def test_a_pixel_on_a_border_is_shared_out() -> None:
    assert Part.UPPER_HALF.share(np.ones((5, 3), np.float32)) == pytest.approx(0.5)
    assert Part.CENTRE.share(np.ones((7, 5), np.float32)) == pytest.approx(0.25)
    assert Part.EDGE.share(np.ones((7, 5), np.float32)) == pytest.approx(Part.EDGE.area)


@pytest.mark.parametrize(
    ("colour", "words"),
    [
        ((6.0, 6.0, 6.0), "brighter by 6.0 levels;"),
        ((-6.0, -6.0, -6.0), "darker by 6.0 levels;"),
        ((12.0, 0.0, 0.0), "brighter by 3.6 levels, redder;"),
        ((6.0, 0.0, -6.0), "brighter by 1.1 levels, warmer in colour;"),
        ((-6.0, 0.0, 6.0), "darker by 1.1 levels, cooler in colour;"),
        ((0.0, 0.0, -12.0), "darker by 1.4 levels, yellower;"),
        ((0.0, 9.0, 0.0), "brighter by 5.3 levels, greener;"),
    ],
)
def test_brightness_and_colour_are_said_as_measured(colour: tuple[float, ...], words: str) -> None:
    act = measure_acting(known(pattern(0, 8, 0, 8, colour)), np.zeros(1, np.float32), np.ones(1, np.float32))
    assert act.brightness == pytest.approx(float(np.dot(colour, [0.299, 0.587, 0.114])), abs=1e-3)
    assert words in act.sentence("+1σ")


def test_grey_pictures_have_no_colour() -> None:
    act = measure_acting(known(pattern(0, 8, 0, 8, (20.0,))), np.zeros(1, np.float32), np.ones(1, np.float32))
    assert act.brightness == pytest.approx(20.0, rel=1e-4)
    assert act.sentence("+1σ") == (
        "+1σ: 100 % of the change lies in the upper left; brighter by 20 levels;"
        " 20 of 255 at most, 5.0 on average."
    )


def test_nothing_is_said_of_what_changes_nothing() -> None:
    act = measure_acting(known(pattern(0, 8, 0, 8, (0.2,))), np.zeros(1, np.float32), np.ones(1, np.float32))
    assert act.sentence("+1σ") == "+1σ: no pixel changes by as much as 1 of 255."
    still = measure_acting(
        known(pattern(0, 8, 0, 8, (5.0,))), np.zeros(1, np.float32), np.zeros(1, np.float32)
    )
    assert (still.most, still.part) == (0.0, Part.WHOLE)


def test_a_direction_may_move_every_dimension() -> None:
    codec = known(pattern(0, 8, 0, 8, (10.0,)), pattern(8, 16, 8, 16, (10.0,)))
    act = measure_acting(codec, np.zeros(2, np.float32), np.array([1.0, -1.0], np.float32))
    assert act.heat[0, 0] == pytest.approx(10.0, rel=1e-4)
    assert act.heat[15, 15] == pytest.approx(10.0, rel=1e-4)
    assert act.heat[0, 15] == 0.0


def test_a_move_must_be_finite_and_of_the_code_s_length() -> None:
    codec = known(pattern(0, 8, 0, 8, (1.0,)))
    with pytest.raises(ModelError, match="finite number"):
        measure_acting(codec, np.zeros(1, np.float32), np.array([np.nan], np.float32))
    with pytest.raises(ModelError):
        measure_acting(codec, np.zeros(1, np.float32), np.zeros(2, np.float32))


def test_a_heated_picture_is_dark_where_nothing_acts_and_the_colour_where_most_does() -> None:
    picture = np.full((2, 2, 3), 200, np.uint8)
    heat = np.array([[0.0, 5.0], [10.0, 20.0]], np.float32)
    pixels = heated(picture, heat, 10.0, "#4c9bff")
    dark = 70  # 0.35 of 200
    assert pixels[0, 0].tolist() == [dark, dark, dark]
    assert pixels[0, 1].tolist() == [dark + 38, dark + 77, min(255, dark + 127)]
    assert pixels[1, 0].tolist() == pixels[1, 1].tolist() == [dark + 76, dark + 155, 255]
    assert heated(picture[..., :1], heat, 10.0, "#4c9bff").shape == (2, 2, 3)


def test_a_sentence_is_of_the_plus_side_alone() -> None:
    """A picture that is white cannot get brighter: the heat has the way down too."""
    codec = known(pattern(0, 16, 0, 16, (127.5,)))
    act: Acting = measure_acting(codec, np.ones(1, np.float32), np.full(1, 0.5, np.float32))
    assert act.most == 0.0
    assert act.heat.mean() == pytest.approx(0.5 * 63.75, rel=1e-4)
