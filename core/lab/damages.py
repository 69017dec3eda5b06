"""Damages of one picture that cost the same squared error and that a person judges very differently."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from core.lab.ssim import ssim
from core.translate import tr

STEPS = 200  # of a bisection: beyond what float64 tells apart
_LARGEST_BLUR = 64.0  # px
MIDDLE = 0.17  # of a side, to each hand of the centre
_LUMA = np.array([0.299, 0.587, 0.114])


class Damage(Enum):
    """What is done to the picture."""

    SHIFTED = "shifted"
    BRIGHTER = "brighter"
    BLURRED = "blurred"
    NOISY = "noisy"
    ERASED = "erased"


@dataclass(frozen=True, eq=False)
class DamagedPicture:
    """One damage: pixels uint8 (H,W,C) to look at, and the exact picture float64 (H,W,C) in [-1,1].

    squared_error is summed over the picture and mse its mean, both in [-1,1] before rounding to bytes; ssim
    is against the original; strength says how much was done, in words.
    """

    damage: Damage
    name: str
    strength: str
    pixels: NDArray[np.uint8]
    exact: NDArray[np.float64]
    squared_error: float
    mse: float
    ssim: float


@dataclass(frozen=True, eq=False)
class DamageStudy:
    """All damages of one picture, equal in squared error, from the highest structural similarity to the
    lowest.

    budget is the summed squared error of each in [-1,1], place the (row, column) that was erased.
    """

    original: NDArray[np.uint8]
    budget: float
    damages: tuple[DamagedPicture, ...]
    place: tuple[int, int]


def detailed_place(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """The (row, column) in the middle of a picture (H,W,C) with the most detail around it: an eye, often."""
    luma = picture @ _LUMA if picture.shape[2] == 3 else picture[..., 0].astype(np.float64)
    height, width = luma.shape
    side = max(3, round(min(height, width) / 8))
    down, across = np.gradient(luma)
    detail = np.lib.stride_tricks.sliding_window_view(np.hypot(down, across), (side, side)).mean(axis=(2, 3))
    rows, columns = (np.arange(n) + side // 2 for n in detail.shape)
    inside = (np.abs(rows / height - 0.5) < MIDDLE)[:, None] & (np.abs(columns / width - 0.5) < MIDDLE)[None]
    row, column = np.unravel_index(np.argmax(np.where(inside, detail, -1.0)), detail.shape)
    return int(row) + side // 2, int(column) + side // 2


def equal_damages(
    picture: NDArray[np.uint8], seed: int = 0, place: tuple[int, int] | None = None
) -> DamageStudy:
    """Damages of a picture uint8 (H,W,C), each with the summed squared error of a shift by one pixel.

    The shift fixes the budget; every other damage grows with one number, found by bisection on the error of
    the picture clipped to [-1,1]. Where a damage cannot cost as much (a blur of a checkerboard), the budget
    is the most that it can, and the shift is by less than a pixel. place is the (row, column) to erase;
    without it the most detailed one. A picture of one colour, which no shift or blur changes, has only the
    other damages.
    """
    exact = picture.astype(np.float64) / 127.5 - 1.0
    where = detailed_place(picture) if place is None else place
    noise = np.random.default_rng(seed).standard_normal(exact.shape)
    lift = 1.0 if exact.mean() <= 0.0 else -1.0
    reach = max(picture.shape[:2]) * 2.0
    ways: dict[Damage, tuple[Callable[[float], NDArray[np.float64]], float]] = {
        Damage.SHIFTED: (lambda share: _shifted(exact, share), 1.0),
        Damage.BRIGHTER: (lambda amount: np.clip(exact + lift * amount, -1.0, 1.0), 2.0),
        Damage.BLURRED: (lambda sigma: _gaussian(exact, sigma), _LARGEST_BLUR),
        Damage.NOISY: (lambda sigma: np.clip(exact + sigma * noise, -1.0, 1.0), 64.0),
        Damage.ERASED: (lambda side: _erased(exact, where, side), reach),
    }
    most = {damage: _error(way(end), exact) for damage, (way, end) in ways.items()}
    able = {damage: error for damage, error in most.items() if error > 1e-9}
    budget = able.get(Damage.SHIFTED, exact.size * 0.01)
    budget = min([budget, *able.values()])
    found = []
    for damage in able:
        way, end = ways[damage]
        strength = _strength(lambda value, way=way: _error(way(value), exact), budget, end)
        result = way(strength)
        error = _error(result, exact)
        name, text = _words(damage, strength, lift)
        found.append(
            DamagedPicture(
                damage,
                name,
                text,
                ((result + 1.0) * 127.5).round().astype(np.uint8),
                result,
                error,
                error / exact.size,
                ssim(result + 1.0, exact + 1.0, 2.0),
            )
        )
    found.sort(key=lambda damaged: -damaged.ssim)
    return DamageStudy(picture, budget, tuple(found), where)


def _error(damaged: NDArray[np.float64], exact: NDArray[np.float64]) -> float:
    return float(np.square(damaged - exact).sum())


def _strength(error: Callable[[float], float], budget: float, end: float) -> float:
    """Where between 0 and end the error, which grows with the strength, is the budget."""
    if error(end) <= budget:
        return end
    low, high = 0.0, end
    for _ in range(STEPS):
        middle = (low + high) / 2
        if error(middle) < budget:
            low = middle
        else:
            high = middle
        if middle in (low, high) and np.nextafter(low, high) >= high:
            break
    return high


def _shifted(exact: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The picture moved to the right by share of a pixel, its left edge repeated."""
    moved = np.concatenate([exact[:, :1], exact[:, :-1]], axis=1)
    return (1.0 - share) * exact + share * moved


def _gaussian(exact: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """The picture under a Gaussian of sigma pixels, mirrored at its edges."""
    if sigma < 1e-6:
        return exact
    for axis in (0, 1):
        side = exact.shape[axis]
        places = np.arange(side)
        # the mirrored picture repeats every 2 sides: three of them hold what a blur of half a side reaches
        matrix = np.zeros((side, side))
        for turn in (-2, -1, 0, 1, 2):
            for mirrored in (places + 2 * side * turn, 2 * side * turn - 1 - places):
                distance = (places[:, np.newaxis] - mirrored[np.newaxis]) / sigma
                matrix += np.exp(-0.5 * np.square(distance))
        matrix /= matrix.sum(axis=1, keepdims=True)
        exact = np.moveaxis(np.tensordot(matrix, exact, (1, axis)), 0, axis)
    return exact


def _erased(exact: NDArray[np.float64], place: tuple[int, int], side: float) -> NDArray[np.float64]:
    """The picture with a disc of that diameter around place filled with the colour around it.

    The edge of the disc is soft over one pixel, so that its error grows without jumps.
    """
    rows, columns = np.ogrid[: exact.shape[0], : exact.shape[1]]
    distance = np.hypot(rows - place[0], columns - place[1])
    cover = np.clip(side / 2 - distance + 0.5, 0.0, 1.0)[..., np.newaxis]
    return exact + cover * (_surround(exact, place) - exact)


def _surround(exact: NDArray[np.float64], place: tuple[int, int]) -> NDArray[np.float64]:
    """The median colour (C,) of a ring around place: skin, around an eye."""
    rows, columns = np.ogrid[: exact.shape[0], : exact.shape[1]]
    distance = np.hypot(rows - place[0], columns - place[1])
    radius = max(2.0, min(exact.shape[:2]) / 9)
    ring = (distance >= radius) & (distance < radius + 2)
    return np.median(exact[ring] if ring.any() else exact.reshape(-1, exact.shape[2]), axis=0)


def _words(damage: Damage, strength: float, lift: float) -> tuple[str, str]:
    match damage:
        case Damage.SHIFTED:
            return tr("shifted"), tr("to the right by {px} px", px=f"{strength:.3g}")
        case Damage.BRIGHTER if lift > 0:
            return tr("brighter"), tr("by {levels} of 255", levels=f"{strength * 127.5:.1f}")
        case Damage.BRIGHTER:
            return tr("darker"), tr("by {levels} of 255", levels=f"{strength * 127.5:.1f}")
        case Damage.BLURRED:
            return tr("blurred"), tr("Gaussian of {px} px", px=f"{strength:.2f}")
        case Damage.NOISY:
            return tr("noise"), tr("of {levels} of 255", levels=f"{strength * 127.5:.1f}")
        case Damage.ERASED:
            return tr("erased"), tr("a spot of {px} px", px=f"{strength:.1f}")
