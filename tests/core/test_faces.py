"""The built-in faces: the same from any chunking, and each factor shows where and as it should."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.datasets import face_factors as ff
from core.datasets import faces
from core.datasets.face_shapes import box, capsule, circle, ellipse
from core.datasets.faces import draw_faces, render, sample_factors


def with_factors(face: ff.Factors, **changed: object) -> ff.Factors:
    """face with some factors set to one value or one for each picture; classes by name."""
    arrays = {}
    for name, value in changed.items():
        old = getattr(face, name)
        if isinstance(value, str):
            value = ff.CATEGORIES[name].index(value)
        arrays[name] = np.broadcast_to(np.asarray(value, old.dtype), old.shape).copy()
    return replace(face, **arrays)


def plain(count: int = 24) -> ff.Factors:
    """Faces that look straight ahead, with nothing that hides another part."""
    return with_factors(
        sample_factors(count, seed=4),
        headwear="none", hair_style="short", glasses="none", beard="none", earrings="none", freckles="none",
        turn=0.0, tilt=0.0, gaze=0.0, light=0.0, smile=0.3, mouth_open=0.0, age=0.2,
    )  # fmt: skip


def changed(first: ff.Factors, second: ff.Factors, size: int = 64) -> NDArray[np.bool_]:
    """Which pixels (N,size,size) differ visibly between two drawings."""
    difference = np.abs(render(first, size).astype(int) - render(second, size).astype(int))
    return difference.max(axis=-1) > 8


def hue(colour: NDArray[np.floating] | tuple[float, ...]) -> float:
    """The hue of 0..255 red, green, blue, in turns."""
    red, green, blue = (float(part) / 255.0 for part in colour)
    return colorsys.rgb_to_hsv(red, green, blue)[0]


def test_shape_type_and_labels() -> None:
    drawn = draw_faces(30, 24, seed=3)
    assert drawn.pixels.shape == (30, 24, 24, 3)
    assert drawn.pixels.dtype == np.uint8
    assert [label.name for label in drawn.labels] == [*ff.CATEGORIES, *ff.RANGES]
    for label in drawn.labels:
        assert label.values.shape == (30,)
        assert label.classes == ff.CATEGORIES.get(label.name, ())
        assert label.values.dtype == (np.int32 if label.classes else np.float32)


def test_a_seed_gives_the_same_faces_and_another_seed_others() -> None:
    first, again, other = draw_faces(20, 16, 7), draw_faces(20, 16, 7), draw_faces(20, 16, 8)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert len({picture.tobytes() for picture in first.pixels}) == 20
    assert not (first.pixels == other.pixels).all(axis=(1, 2, 3)).any()


@pytest.mark.parametrize("size", [16, 64, 100])
def test_chunks_agree_with_all_at_once(size: int) -> None:
    whole = draw_faces(75, size, 5)
    parts = [draw_faces(stop - start, size, 5, start=start) for start, stop in ((0, 1), (1, 34), (34, 75))]
    np.testing.assert_array_equal(whole.pixels, np.concatenate([part.pixels for part in parts]))
    for column, label in enumerate(whole.labels):
        joined = np.concatenate([part.labels[column].values for part in parts])
        np.testing.assert_array_equal(label.values, joined)


@pytest.mark.parametrize(("count", "size", "seed"), [(0, 64, 0), (1, 8, 0), (3, 9, 2**70), (2, 512, -1)])
def test_any_count_size_and_seed(count: int, size: int, seed: int) -> None:
    drawn = draw_faces(count, size, seed)
    assert drawn.pixels.shape == (count, size, size, 3)
    assert all(picture.std() > 20 for picture in drawn.pixels)


def test_factors_cover_their_ranges_and_are_near_independent() -> None:
    face = sample_factors(20_000, seed=1)
    for name, classes in ff.CATEGORIES.items():
        assert set(np.unique(getattr(face, name))) == set(range(len(classes))), name
    for name, (low, high) in ff.RANGES.items():
        values = getattr(face, name)
        assert low <= values.min() < low + 0.15 * (high - low), name
        assert high >= values.max() > high - 0.15 * (high - low), name
    free = ["skin", "face_shape", "glasses", "background", "clothes", *ff.RANGES]
    table = np.corrcoef(np.stack([getattr(face, name).astype(float) for name in free]))
    assert np.abs(table - np.eye(len(free))).max() < 0.035  # five times the chance deviation of 20,000 draws


def test_covering_headwear_hides_the_hair_and_a_headscarf_has_no_beard() -> None:
    face = sample_factors(4000, seed=2)
    covering = np.isin(face.headwear, [ff.HEADWEAR.index("headscarf"), ff.HEADWEAR.index("turban")])
    np.testing.assert_array_equal(face.hair_style == ff.HAIR_STYLES.index("covered"), covering)
    assert not face.beard[face.headwear == ff.HEADWEAR.index("headscarf")].any()


def test_windows_cut_nothing_off() -> None:
    count = 192
    random = np.random.default_rng(0)
    extremes = {name: np.where(random.random(count) < 0.5, *ends) for name, ends in ff.RANGES.items()}
    classes = {name: random.integers(0, len(values), count) for name, values in ff.CATEGORIES.items()}
    face = with_factors(sample_factors(count), **extremes, **classes)
    for first in range(0, count, 48):
        some = face.take(slice(first, first + 48))
        np.testing.assert_array_equal(faces._paint(some, 40), faces._paint(some, 40, windows=False))


@pytest.mark.parametrize(
    ("name", "value", "top", "bottom"),
    [
        ("glasses", "round", 0.36, 0.62),
        ("glasses", "sunglasses", 0.36, 0.62),
        ("beard", "full", 0.45, 0.85),
        ("beard", "moustache", 0.55, 0.72),
        ("mouth_open", 1.0, 0.55, 0.80),
        ("smile", -1.0, 0.55, 0.80),
        ("gaze", 1.0, 0.40, 0.60),
        ("eye_colour", "blue", 0.40, 0.60),
        ("brow", 1.0, 0.30, 0.55),
        ("freckles", "freckles", 0.45, 0.70),
        ("clothes", "striped", 0.70, 1.0),
        ("headwear", "beanie", 0.0, 0.50),
        ("hair_style", "bald", 0.05, 0.60),
    ],
)
def test_a_factor_changes_its_own_rows_only(name: str, value: object, top: float, bottom: float) -> None:
    face = with_factors(plain(), eye_colour="dark brown", brow=0.0, clothes="t-shirt")
    seen = changed(face, with_factors(face, **{name: value}))
    rows = np.arange(64) / 64
    assert (seen.sum(axis=(1, 2)) >= 4).mean() > 0.9  # a gold frame on tan skin, grey on grey … may be faint
    assert not seen[:, (rows < top) | (rows >= bottom)].any()


def test_every_value_of_every_category_draws_another_picture() -> None:
    for name, classes in ff.CATEGORIES.items():
        one = with_factors(
            plain(1), earrings="hoops", headwear="beanie" if name == "headwear_colour" else "none"
        )
        face = one.take(np.zeros(len(classes), np.intp))
        pictures = render(with_factors(face, **{name: np.arange(len(classes))}), 48)
        distinct = {picture.tobytes() for picture in pictures}
        alike = 2 if name == "hair_style" else 1  # bald and covered differ only in what covers
        assert len(distinct) == len(classes) - alike + 1, name


def test_background_and_clothes_have_the_colours_of_their_labels() -> None:
    face = with_factors(plain(12), background=np.arange(12), clothes="t-shirt", brightness=0.5)
    pictures = render(face, 64)
    for picture, (top, _, _) in zip(pictures, ff.BACKGROUNDS.values(), strict=True):
        asked = tuple(int(top[i : i + 2], 16) for i in (1, 3, 5))
        assert abs(hue(picture[:4, :6].reshape(-1, 3).mean(axis=0)) - hue(asked)) < 0.03
    vivid = [name for name in ff.CLOTHS if name not in ("charcoal", "cream")]
    face = with_factors(plain(len(vivid)), clothes_colour=[list(ff.CLOTHS).index(name) for name in vivid])
    pictures = render(with_factors(face, clothes="t-shirt"), 64)
    for picture, name in zip(pictures, vivid, strict=True):
        asked = tuple(int(ff.CLOTHS[name][0][i : i + 2], 16) for i in (1, 3, 5))
        gap = abs(hue(picture[60:, 30:34].reshape(-1, 3).mean(axis=0)) - hue(asked))
        assert min(gap, 1.0 - gap) < 0.02, name


def test_skin_darkens_from_the_first_tone_to_the_last() -> None:
    face = plain(1).take(np.zeros(len(ff.SKINS), np.intp))
    pictures = render(with_factors(face, skin=np.arange(len(ff.SKINS)), brow=0.0), 64).astype(float)
    forehead = pictures[:, 24:26, 29:35].mean(axis=(1, 2, 3))
    assert (np.diff(forehead) < -5).all()


def test_light_brightens_its_own_side() -> None:
    face = plain()
    left, right = (render(with_factors(face, light=side), 64).astype(float) for side in (-1.0, 1.0))
    change = (right - left).mean(axis=(0, 3))
    assert change[:, :20].mean() < -5
    assert change[:, 44:].mean() > 5


def test_turn_and_gaze_move_features_to_their_side() -> None:
    brown = with_factors(plain(), eye_colour="dark brown")
    blue = with_factors(brown, eye_colour="blue")

    def irises(**factors: float) -> float:
        """Where the irises lie, in pixels from the left: what another eye colour changes."""
        seen = changed(with_factors(brown, **factors), with_factors(blue, **factors))
        return float(np.nonzero(seen)[2].mean())

    assert irises(gaze=-1.0) + 0.8 < irises() < irises(gaze=1.0) - 0.8
    assert irises(turn=-1.0) + 2.0 < irises() < irises(turn=1.0) - 2.0


def test_a_face_is_the_same_at_every_size() -> None:
    face = sample_factors(6, seed=9)
    large = render(face, 256).astype(float)
    for size in (64, 128):
        step = 256 // size
        shrunk = large.reshape(6, size, step, size, step, 3).mean(axis=(2, 4))
        assert np.abs(shrunk - render(face, size)).mean() < 2.5


def test_distances_against_closed_forms() -> None:
    points = np.random.default_rng(1).uniform(-1, 1, (2, 1, 500)).astype(np.float32)
    x, y = points
    np.testing.assert_allclose(circle(x, y, 0.5), np.hypot(x, y) - 0.5, atol=1e-6)
    reach = np.maximum(np.abs(points) - np.array([0.4, 0.3], np.float32)[:, None, None], 0)
    outside = np.hypot(reach[0], reach[1])
    inside = np.minimum(np.maximum(np.abs(x) - 0.4, np.abs(y) - 0.3), 0)
    np.testing.assert_allclose(box(x, y, 0.4, 0.3), outside + inside, atol=1e-6)
    along = np.linspace(0, 1, 4001)[:, None]
    nearest = np.hypot(x - (-0.3 + 0.8 * along), y - (0.1 - 0.5 * along)).min(axis=0)
    np.testing.assert_allclose(capsule(x, y, -0.3, 0.1, 0.5, -0.4, 0.05)[0], nearest - 0.05, atol=1e-3)
    # the ellipse's distance is exact to first order: right where it matters, within a pixel of the edge
    angle = np.linspace(0, 2 * np.pi, 100_000)
    edge = np.stack([0.4 * np.cos(angle), 0.25 * np.sin(angle)])
    turn = np.linspace(0.05, 6.2, 60)
    for offset in (-0.02, 0.0, 0.02):
        normal = np.stack([np.cos(turn) / 0.4, np.sin(turn) / 0.25])
        normal /= np.hypot(*normal)
        near = np.stack([0.4 * np.cos(turn), 0.25 * np.sin(turn)]) + offset * normal
        true = np.hypot(*(near[:, :, None] - edge[:, None, :])).min(axis=1)
        assert np.abs(np.abs(true) - abs(offset)).max() < 1e-3
        at = near.astype(np.float32)[:, None, :]
        found = ellipse(at[0], at[1], 0.4, 0.25)[0]
        np.testing.assert_allclose(found, offset, atol=2.5e-3)
