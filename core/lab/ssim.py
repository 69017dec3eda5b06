"""Structural similarity of two pictures (Wang, Bovik, Sheikh and Simoncelli 2004), for any value range."""

import numpy as np
from numpy.typing import NDArray

WINDOW_SIGMA = 1.5  # px; the window is 11 px wide, section III.C
WINDOW_RADIUS = 5
K1, K2 = 0.01, 0.03
MIN_SIDE = 2 * WINDOW_RADIUS + 1


def ssim(a: NDArray[np.floating], b: NDArray[np.floating], value_range: float = 255.0) -> float:
    """The mean structural similarity of pictures (H,W,C) in 0..value_range: over places and channels that of

    (2 m_a m_b + C1) (2 s_ab + C2) / ((m_a^2 + m_b^2 + C1) (s_a^2 + s_b^2 + C2)), C_i = (K_i L)^2, with means,
    variances and covariance under a Gaussian window, where the whole window lies in the picture. A side
    shorter than the window is mirrored at its ends first. 1 is equal.
    """
    a, b = (_grown(np.asarray(picture, np.float64)) for picture in (a, b))
    c1, c2 = (K1 * value_range) ** 2, (K2 * value_range) ** 2
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a = _blurred(a * a) - mean_a**2
    var_b = _blurred(b * b) - mean_b**2
    cov = _blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * cov + c2) / (var_a + var_b + c2)
    return float((luminance * structure).mean())


def _grown(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    short = [max(0, -(-(MIN_SIDE - side) // 2)) for side in picture.shape[:2]]
    return np.pad(picture, [(n, n) for n in short] + [(0, 0)], mode="symmetric") if any(short) else picture


def _blurred(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted means of every whole window: (H-10, W-10, C)."""
    offsets = np.arange(-WINDOW_RADIUS, WINDOW_RADIUS + 1)
    kernel = np.exp(-0.5 * np.square(offsets / WINDOW_SIGMA))
    kernel /= kernel.sum()
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(picture, len(kernel), axis)
        picture = windows @ kernel
    return picture
