"""Descriptions of changes that were made on purpose, so that what is to be said is known."""

import numpy as np
import pytest

from core.describe import Region, Tint, describe_change

GREY = np.full((30, 30, 3), 100, np.uint8)


def changed(rows: slice, columns: slice, colour: tuple[int, int, int]) -> np.ndarray:
    picture = GREY.copy()
    picture[rows, columns] = (picture[rows, columns].astype(int) + colour).astype(np.uint8)
    return picture


def test_nothing_changes() -> None:
    change = describe_change(GREY, GREY.copy())
    assert (change.mean_abs, change.share, change.text) == (0.0, 0.0, "Nothing changes.")


def test_a_change_that_nobody_sees_is_called_that() -> None:
    change = describe_change(GREY, GREY + np.uint8(2))
    assert change.share == 0.0
    assert change.mean_abs == 2.0
    assert change.text == "No pixel changes by more than 8 of 255; 2.0 of 255 on average."


@pytest.mark.parametrize(
    ("rows", "columns", "region"),
    [
        (slice(0, 10), slice(0, 10), Region.TOP_LEFT),
        (slice(0, 10), slice(10, 20), Region.TOP_CENTRE),
        (slice(0, 10), slice(20, 30), Region.TOP_RIGHT),
        (slice(10, 20), slice(0, 10), Region.MIDDLE_LEFT),
        (slice(11, 19), slice(11, 19), Region.CENTRE),
        (slice(10, 20), slice(20, 30), Region.MIDDLE_RIGHT),
        (slice(20, 30), slice(0, 10), Region.BOTTOM_LEFT),
        (slice(20, 30), slice(10, 20), Region.BOTTOM_CENTRE),
        (slice(20, 30), slice(20, 30), Region.BOTTOM_RIGHT),
        (slice(0, 10), slice(0, 30), Region.TOP),
        (slice(10, 20), slice(0, 30), Region.MIDDLE),
        (slice(20, 30), slice(0, 30), Region.BOTTOM),
        (slice(0, 30), slice(0, 10), Region.LEFT),
        (slice(0, 30), slice(10, 20), Region.CENTRE_COLUMN),
        (slice(0, 30), slice(20, 30), Region.RIGHT),
        (slice(0, 30), slice(0, 30), Region.WHOLE),
    ],
)
def test_where_it_changes(rows: slice, columns: slice, region: Region) -> None:
    assert describe_change(GREY, changed(rows, columns, (30, 30, 30))).region is region


@pytest.mark.parametrize(
    ("colour", "tint"),
    [
        ((30, 0, 0), Tint.RED),
        ((-30, 0, 0), Tint.CYAN),
        ((0, 30, 0), Tint.GREEN),
        ((0, -30, 0), Tint.MAGENTA),
        ((0, 0, 30), Tint.BLUE),
        ((0, 0, -30), Tint.YELLOW),
        ((30, 30, 30), Tint.NONE),
    ],
)
def test_how_the_colour_shifts(colour: tuple[int, int, int], tint: Tint) -> None:
    change = describe_change(GREY, changed(slice(0, 30), slice(0, 30), colour))
    assert change.tint is tint
    assert change.brightness == pytest.approx(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])
    assert change.colour == pytest.approx(np.array(colour) - np.mean(colour))


def test_the_sentence() -> None:
    change = describe_change(GREY, changed(slice(0, 10), slice(0, 10), (-4, -24, -24)))
    assert change.share == pytest.approx(1 / 9)
    assert change.mean_abs == pytest.approx((4 + 24 + 24) / 3 / 9)
    assert change.text == (
        "11 % of the picture changes, mostly in the upper left; there it gets darker by 18 of 255 and redder."
    )


def test_one_pixel() -> None:
    change = describe_change(GREY, changed(slice(29, 30), slice(29, 30), (90, 90, 90)))
    assert change.text == (
        "Less than 1 % of the picture changes, mostly in the lower right;"
        " there it gets brighter by 90 of 255."
    )


def test_everywhere() -> None:
    everywhere = describe_change(GREY, changed(slice(0, 30), slice(0, 30), (20, 20, 20)))
    assert everywhere.text == "The whole picture changes; it gets brighter by 20 of 255."
    dots = GREY.copy()
    dots[::2] += 20
    assert describe_change(GREY, dots).text == (
        "50 % of the picture changes, spread all over it; there it gets brighter by 20 of 255."
    )


def test_what_moves_without_getting_brighter() -> None:
    swapped = GREY.copy()
    swapped[:, ::2] += 20
    swapped[:, 1::2] -= 20
    text = describe_change(GREY, swapped).text
    assert text == "The whole picture changes; its brightness and colour stay the same on average."


def test_grey_pictures_have_no_tint() -> None:
    before = np.zeros((9, 9, 1), np.uint8)
    change = describe_change(before, before + np.uint8(50))
    assert change.tint is Tint.NONE
    assert change.brightness == 50.0
    assert change.text == "The whole picture changes; it gets brighter by 50 of 255."


def test_sizes_that_thirds_do_not_divide() -> None:
    before = np.zeros((8, 10, 1), np.uint8)
    after = before.copy()
    after[3:5, 4:6] = 200
    assert describe_change(before, after).region is Region.CENTRE
