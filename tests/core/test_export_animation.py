"""Moving pictures: how they go round, and what other programs read back from the files."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.codec import Codec
from core.encoding import finished
from core.errors import ExportError
from core.export import video
from core.export.animation import Animation, delays, write_animation
from core.export.gif import best_palette
from core.export.moving import (
    Film,
    Titles,
    interpolation_film,
    interpolation_sheet,
    sample_film,
    sample_sheet,
    strongest_dims,
    traversal_film,
    traversal_sheet,
)
from core.export.sheet import layout_of, render_sheet
from core.export.walks import eased_shares, on_line, on_sphere, round_trip
from core.latents import statistics
from core.models import NetworkConfig, build_network

DIMS = 4


def tiny_codec(channels: int = 3) -> Codec:
    """A network with first weights whose pictures change strongly with each element of the code."""
    config = NetworkConfig(
        network="fc", objective="ae", height=8, width=12, channels=channels, latent_dim=DIMS, hidden=(16,)
    )
    network = build_network(config, torch.Generator().manual_seed(3))
    with torch.no_grad():
        for weight in network.decoder.parameters():
            weight.mul_(3.0)
    return Codec(network)


def tiny_codes(count: int = 200) -> np.ndarray:
    scales = np.array([1.0, 2.0, 0.5, 1.5])
    return (np.random.default_rng(1).standard_normal((count, DIMS)) * scales).astype(np.float32)


@pytest.fixture(scope="module")
def codec() -> Codec:
    return tiny_codec()


# ---- ways through the codes ------------------------------------------------------------------------------


@given(st.integers(2, 400))
def test_there_and_back_has_no_moment_twice_in_a_row_and_closes_as_smoothly_as_it_goes(count: int) -> None:
    shares = eased_shares(count, "back")
    assert shares[0] == 0.0
    steps = np.abs(np.diff(np.append(shares, shares[0])))
    if count % 2 == 0:
        np.testing.assert_allclose(shares[1:], shares[1:][::-1], atol=1e-12)  # back as there
        assert steps[-1] == pytest.approx(steps[0])
    assert (steps > 0).all()
    assert steps.max() <= np.pi / (count - 1) + 1e-12  # the cosine's steepest
    assert shares[(count + 1) // 2] == pytest.approx(1.0)


def test_once_shows_both_ends_and_never_turns() -> None:
    shares = eased_shares(9, "once")
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)
    assert (np.diff(shares) > 0).all()
    np.testing.assert_allclose(shares + shares[::-1], 1.0)


def test_the_arc_keeps_the_length_that_the_line_loses() -> None:
    a, b = np.array([3.0, 0, 0, 0], np.float32), np.array([0, 3.0, 0, 0], np.float32)
    half = 3.0 / np.sqrt(2.0)
    np.testing.assert_allclose(on_sphere(a, b, 0.5), [half, half, 0, 0], rtol=1e-6)
    assert np.linalg.norm(on_line(a, b, 0.5)) == pytest.approx(half)
    third = on_sphere(a, b, 1 / 3)  # a third of the way is a third of the angle
    np.testing.assert_allclose(third[:2], [3 * np.cos(np.pi / 6), 3 * np.sin(np.pi / 6)], rtol=1e-6)
    centre = np.array([1.0, 1.0, 1.0, 1.0], np.float32)
    np.testing.assert_allclose(
        on_sphere(a + centre, b + centre, 0.5, centre), on_sphere(a, b, 0.5) + centre, rtol=1e-6
    )
    np.testing.assert_allclose(on_sphere(a, -a, 0.25), on_line(a, -a, 0.25))  # opposite: no arc
    np.testing.assert_allclose(on_sphere(a, 0 * a, 0.5), a / 2)


def test_a_walk_visits_each_code_and_ends_where_it_began() -> None:
    codes = tiny_codes(5)
    for number in range(5):
        np.testing.assert_array_equal(round_trip(codes, number / 5, "sphere"), codes[number])
    near_end = round_trip(codes, 1 - 1e-6, "sphere")
    np.testing.assert_allclose(near_end, codes[0], atol=1e-4)


def test_delays_add_up_at_every_rate() -> None:
    assert delays(6, 24, 100) == (4, 4, 4, 5, 4, 4)
    assert delays(4, 25, 100) == (4, 4, 4, 4)
    for fps in range(1, 51):
        assert sum(delays(100, fps, 100)) == round(10_000 / fps)
        assert min(delays(100, fps, 100)) >= 2


# ---- what is shown ---------------------------------------------------------------------------------------


def test_a_traversal_sheet_is_what_the_decoder_gives(codec: Codec) -> None:
    codes = tiny_codes()
    stats, z = statistics(codes), codes[7]
    sheet = traversal_sheet(codec, stats, z, (2, 0), 5, titles=Titles("A title"))
    assert sheet.row_names == ("z2", "z0")
    for dim, row in zip((2, 0), sheet.rows, strict=True):
        low, high = np.quantile(codes[:, dim].astype(np.float64), (0.05, 0.95))
        for step, tile in enumerate(row):
            moved = z.copy()
            moved[dim] = low + (high - low) * step / 4
            np.testing.assert_array_equal(tile.pixels, codec.decode(moved)[0])
        distances = [abs(low + (high - low) * step / 4 - z[dim]) for step in range(5)]
        nearest = int(np.argmin(distances)) if low <= z[dim] <= high else None
        assert [tile.is_marked for tile in row] == [step == nearest for step in range(5)]
    assert sheet.rows[0][0].caption.splitlines()[1].endswith("sigma")
    layout, image = layout_of(sheet, 3), np.asarray(render_sheet(sheet, scale=3))
    assert image.shape[:2] == layout.size[::-1]
    for row, boxes in zip(sheet.rows, layout.boxes, strict=True):
        for tile, (left, top, right, bottom) in zip(row, boxes, strict=True):
            np.testing.assert_array_equal(
                image[top:bottom, left:right], tile.pixels.repeat(3, axis=0).repeat(3, axis=1)
            )


def test_a_span_of_sigmas_is_measured_from_the_mean(codec: Codec) -> None:
    codes = tiny_codes()
    film = traversal_film(statistics(codes), codes[0], [1], 8, sigmas=3.0)
    mean, std = codes[:, 1].astype(np.float64).mean(), codes[:, 1].astype(np.float64).std()
    assert film.codes(0)[0, 1] == pytest.approx(mean - 3 * std, rel=1e-5)
    assert film.codes(4)[0, 1] == pytest.approx(mean + 3 * std, rel=1e-5)
    assert film.captions[4] == (f"z1 {mean + 3 * std:+.2f}\n+3.0 sigma",)


def test_the_strongest_come_first() -> None:
    assert strongest_dims(np.array([0.1, 3.0, 2.0, 3.0], np.float32), 3) == (1, 3, 2)


def test_interpolation_ends_at_both_pictures(codec: Codec) -> None:
    a, b = tiny_codes(2)
    sheet = interpolation_sheet(codec, a, b, 3, ends=("here", "there"))
    tiles = sheet.rows[0]
    assert [tile.caption for tile in tiles] == ["0 %\nhere", "50 %", "100 %\nthere"]
    np.testing.assert_array_equal(tiles[0].pixels, codec.decode(a)[0])
    np.testing.assert_array_equal(tiles[1].pixels, codec.decode((a + b) / 2)[0])
    np.testing.assert_array_equal(tiles[2].pixels, codec.decode(b)[0])


def test_a_sample_sheet_has_every_code(codec: Codec) -> None:
    codes = tiny_codes(7)
    sheet = sample_sheet(codec, codes)
    assert [len(row) for row in sheet.rows] == [3, 3, 1]
    np.testing.assert_array_equal([tile.pixels for row in sheet.rows for tile in row], codec.decode(codes))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda z: traversal_film(statistics(tiny_codes()), z, [9]), "no dimension 9"),
        (lambda z: traversal_film(statistics(tiny_codes()), z, [0], 1), "number of frames is 1"),
        (lambda z: sample_film(z[None]), "number of samples of a walk is 1"),
        (lambda z: interpolation_film(z, z, 3000), "number of frames is 3000"),
    ],
)
def test_what_cannot_be_shown_is_said(make, sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        make(tiny_codes(1)[0])


# ---- the files -------------------------------------------------------------------------------------------


def read_frames(path: Path) -> tuple[np.ndarray, list[int]]:
    """Every frame (F,H,W,3) and how long each is shown, as Pillow reads them."""
    frames, shown_ms = [], []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            frames.append(np.asarray(image.convert("RGB")))
            shown_ms.append(int(image.info["duration"]))
    return np.stack(frames), shown_ms


def film_of(codec: Codec, frames: int = 10) -> Film:
    codes = tiny_codes()
    return traversal_film(statistics(codes), codes[3], [0, 1, 3], frames, sigmas=3.0, titles=Titles("Dials"))


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("is_bare", [False, True])
def test_a_film_is_read_back_frame_by_frame(codec: Codec, tmp_path: Path, suffix: str, is_bare: bool) -> None:
    film = film_of(codec)
    animation = Animation(film, codec, scale=3, fps=24, is_bare=is_bare, theme="dark")
    path = tmp_path / f"film{suffix}"
    progress = list(write_animation(animation, path))
    assert [item.done for item in progress] == list(range(1, 11))
    frames, shown_ms = read_frames(path)
    assert frames.shape == (10, *animation.size[::-1], 3)
    assert sum(shown_ms) == pytest.approx(10_000 / 24, abs=10)
    with Image.open(path) as image:
        assert image.info["loop"] == 0
    wanted = np.stack([np.asarray(animation.frame(number)) for number in range(10)])
    error = np.abs(frames.astype(int) - wanted)
    assert error.mean() < (5.0 if suffix == ".gif" else 1e-9)
    for number in (0, 9):  # independent of how a frame is drawn: the decoder's own pixels lie in it
        for tile, row in zip(
            codec.decode(film.codes(number)), [b for r in animation.layout.boxes for b in r], strict=True
        ):
            left, top, right, bottom = row
            found = frames[number, top:bottom:3, left:right:3].astype(int)
            assert np.abs(found - tile).mean() < (7.0 if suffix == ".gif" else 1e-9)
    last, first, second = frames[[9, 0, 1]].astype(int)
    assert np.abs(last - first).mean() == pytest.approx(np.abs(second - first).mean(), rel=0.3, abs=0.3)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_frames_that_are_alike_are_kept(codec: Codec, tmp_path: Path, suffix: str) -> None:
    still = np.zeros((1, DIMS), np.float32)
    film = Film(5, lambda _frame: still, (("",),) * 5)
    path = tmp_path / f"still{suffix}"
    finished(write_animation(Animation(film, codec, is_bare=True), path))
    frames, shown_ms = read_frames(path)
    assert len(frames) == 5
    assert shown_ms == [40] * 5
    np.testing.assert_array_equal(frames, frames[[0] * 5])


def test_once_is_not_for_ever(codec: Codec, tmp_path: Path) -> None:
    a, b = tiny_codes(2)
    film = interpolation_film(a, b, 4, loop="once")
    for suffix, loops in ((".gif", None), (".webp", 1)):
        path = tmp_path / f"once{suffix}"
        finished(write_animation(Animation(film, codec), path))
        with Image.open(path) as image:
            assert image.info.get("loop") == loops


def test_grey_pictures_lose_nothing_in_a_gif(tmp_path: Path) -> None:
    codec = tiny_codec(channels=1)
    film = film_of(codec)
    path = tmp_path / "grey.gif"
    animation = Animation(film, codec, scale=2, is_bare=True)
    finished(write_animation(animation, path))
    frames, _ = read_frames(path)
    wanted = np.stack([np.asarray(animation.frame(number)) for number in range(10)])
    assert np.abs(frames.astype(int) - wanted).max() == 0


def test_few_colours_are_all_kept() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (200, 3), np.uint8)
    pictures = [colours[np.random.default_rng(n).integers(0, 200, (30, 30))] for n in range(4)]
    palette = best_palette(pictures, np.array([[255, 255, 255]], np.uint8))
    assert palette.shape == (256, 3)
    used = {tuple(colour) for picture in pictures for colour in picture.reshape(-1, 3)}
    assert used <= {tuple(colour) for colour in palette}


def test_dots_stand_for_colours_that_are_not_there(codec: Codec, tmp_path: Path) -> None:
    film = film_of(codec, 4)
    means = {}
    wanted = None
    for dither in ("none", "diffusion"):
        animation = Animation(film, codec, scale=8, is_bare=True, dither=dither)
        path = tmp_path / f"{dither}.gif"
        finished(write_animation(animation, path))
        frames, _ = read_frames(path)
        wanted = np.stack([np.asarray(animation.frame(number)) for number in range(4)]).astype(float)
        blocks = (frames - wanted)[:, :64, :96].reshape(4, 8, 8, 12, 8, 3).mean((2, 4))
        means[dither] = np.abs(blocks).mean()  # seen from afar: a pixel of the picture at a time
    assert means["diffusion"] < means["none"]


def test_a_writing_that_is_given_up_leaves_what_was_there(codec: Codec, tmp_path: Path) -> None:
    for suffix in (".gif", ".webp", ".mp4"):
        path = tmp_path / f"kept{suffix}"
        path.write_bytes(b"before")
        work = write_animation(Animation(film_of(codec), codec), path)
        next(work)
        work.close()
        assert path.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("changes", "name", "sentence"),
    [
        ({"scale": 33}, "a.gif", "scale is 33"),
        ({"fps": 51}, "a.gif", "51 frames a second"),
        ({}, "a.avi", r"must end in \.gif"),
        ({}, "absent/a.gif", "its folder is not there"),
    ],
)
def test_what_cannot_be_written_is_said(
    codec: Codec, tmp_path: Path, changes: dict, name: str, sentence: str
) -> None:
    with pytest.raises(ExportError, match=sentence):
        finished(write_animation(Animation(film_of(codec), codec, **changes), tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_film_in_mp4(codec: Codec, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install latent-dials[video]")
    film = film_of(codec, 20)
    animation = Animation(film, codec, scale=7, fps=10)
    path = tmp_path / "film.mp4"
    finished(write_animation(animation, path))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == 10
        assert float(stream.duration * stream.time_base) == pytest.approx(2.0)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 20
    width, height = animation.size
    assert frames[0].shape == (height + height % 2, width + width % 2, 3)
    for number in (0, 10, 19):
        wanted = np.asarray(animation.frame(number)).astype(int)
        assert (
            np.abs(frames[number][:height, :width] - wanted).mean() < 6.0
        )  # a colour stands for four pixels
    ground = frames[0][2, 2].astype(int)
    assert np.abs(ground - 255).max() <= 2


def test_without_the_package_a_sentence_says_what_to_install(
    codec: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ExportError, match=r'pip install -e "\.\[video\]"'):
        finished(write_animation(Animation(film_of(codec), codec), tmp_path / "a.mp4"))


def test_neighbouring_frames_differ_evenly_in_a_walk(codec: Codec) -> None:
    film = sample_film(tiny_codes(4), 40, centre=np.zeros(DIMS, np.float32))
    codes = np.concatenate([film.codes(frame) for frame in range(40)])
    steps = [float(np.linalg.norm(b - a)) for a, b in pairwise([*codes, codes[0]])]
    assert min(steps) > 0
    assert max(steps) < 4 * np.mean(steps)
    assert film.captions[0] == ("code 1 of 4",)
    assert film.captions[39] == ("code 1 of 4",)
