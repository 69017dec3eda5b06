"""Pixels survive the way into a QImage and back, at widths that are no multiple of four bytes."""

import numpy as np
import pytest

from gui.qimage import to_array, to_qimage


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (1, 1, 3), (64, 64, 3), (3, 101, 3)])
def test_every_pixel_survives(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = to_qimage(pixels)
    assert (image.height(), image.width()) == shape[:2]
    colour = pixels.reshape(*shape[:2], -1)
    expected = np.broadcast_to(colour, (*shape[:2], 3))
    np.testing.assert_array_equal(to_array(image), expected)
    for y, x in ((0, 0), (shape[0] - 1, shape[1] - 1)):
        seen = image.pixelColor(x, y)
        assert (seen.red(), seen.green(), seen.blue()) == tuple(expected[y, x])


def test_the_image_owns_its_pixels() -> None:
    pixels = np.full((4, 5, 3), 10, dtype=np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 200
    assert image.pixelColor(2, 2).red() == 10


def test_a_strided_view_is_read_right() -> None:
    pixels = np.arange(6 * 10 * 3, dtype=np.uint8).reshape(6, 10, 3)
    view = pixels[::2, ::-1]
    np.testing.assert_array_equal(to_array(to_qimage(view)), view)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_anything_else_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pixels must be"):
        to_qimage(pixels)
