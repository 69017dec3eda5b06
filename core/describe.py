"""What differs between two pictures, measured, and one sentence that says it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from core.translate import tr

VISIBLE = 8  # of 255: a smaller change of a pixel is not counted
LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, for display values
_WHOLE = 0.95  # from this share of the pixels on all of the picture changes
_MOSTLY = 0.55  # this share of the change lies in one third, where an even change has 0.33


class Region(Enum):
    """Where most of a change lies: (row, column) of thirds, None when it is in no single one."""

    WHOLE = (None, None)
    TOP = (0, None)
    MIDDLE = (1, None)
    BOTTOM = (2, None)
    LEFT = (None, 0)
    CENTRE_COLUMN = (None, 1)
    RIGHT = (None, 2)
    TOP_LEFT = (0, 0)
    TOP_CENTRE = (0, 1)
    TOP_RIGHT = (0, 2)
    MIDDLE_LEFT = (1, 0)
    CENTRE = (1, 1)
    MIDDLE_RIGHT = (1, 2)
    BOTTOM_LEFT = (2, 0)
    BOTTOM_CENTRE = (2, 1)
    BOTTOM_RIGHT = (2, 2)


class Tint(Enum):
    """The way in which the colour shifts: (channel, sign)."""

    NONE = (-1, 0)
    RED = (0, 1)
    CYAN = (0, -1)
    GREEN = (1, 1)
    MAGENTA = (1, -1)
    BLUE = (2, 1)
    YELLOW = (2, -1)


@dataclass(frozen=True)
class Change:
    """The measured difference of two pictures, in levels of 255.

    share is the share of pixels with a channel that changes by more than VISIBLE; brightness (mean luma)
    and colour (the mean change of each channel less that of all) are taken over those pixels alone.
    """

    mean_abs: float
    share: float
    region: Region
    brightness: float
    colour: tuple[float, ...]
    tint: Tint
    text: str


def describe_change(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Change:
    """What changes from before to after, both (H,W,C)."""
    delta = after.astype(np.int16) - before.astype(np.int16)  # (H, W, C)
    size = np.abs(delta).max(axis=2)  # (H, W)
    mean_abs = float(np.abs(delta).mean())
    changed = size > VISIBLE
    share = float(changed.mean())
    if not changed.any():
        text = (
            tr(
                "No pixel changes by more than {limit} of 255; {mean} of 255 on average.",
                limit=VISIBLE,
                mean=_level(mean_abs),
            )
            if mean_abs > 0.0
            else tr("Nothing changes.")
        )
        return Change(mean_abs, 0.0, Region.WHOLE, 0.0, (0.0,) * delta.shape[2], Tint.NONE, text)
    shift = delta[changed].mean(axis=0, dtype=np.float64)  # (C,)
    brightness = float(shift @ LUMA) if len(shift) == 3 else float(shift.mean())
    colour = tuple(float(value) for value in shift - shift.mean())
    tint = _tint(colour)
    region = _region(np.where(changed, size, 0).astype(np.float64))
    what, how = _share_and_place(share, region), _brightness_and_tint(brightness, tint)
    # Brightness is that of what changes: a picture of which a tenth does gets darker by a tenth of that.
    text = (
        tr("{what}; {how}.", what=what, how=how)
        if share > _WHOLE
        else tr("{what}; there {how}.", what=what, how=how)
    )
    return Change(mean_abs, share, region, brightness, colour, tint, text)


def _region(weight: NDArray[np.float64]) -> Region:
    place = tuple(_third(weight.sum(axis=1 - axis)) for axis in (0, 1))
    return Region(place)


def _third(profile: NDArray[np.float64]) -> int | None:
    """The third of a profile that holds most of it, or None; a bin on a border is shared out."""
    total = np.concatenate([[0.0], np.cumsum(profile)])
    cuts = np.interp(np.arange(4) * len(profile) / 3, np.arange(len(total)), total)
    parts = np.diff(cuts) / total[-1]
    best = int(parts.argmax())
    return best if parts[best] >= _MOSTLY else None


def _tint(colour: tuple[float, ...]) -> Tint:
    channel = int(np.argmax(np.abs(colour)))
    if len(colour) != 3 or abs(colour[channel]) < 3.0:  # less cannot be seen as a colour
        return Tint.NONE
    return Tint((channel, 1 if colour[channel] > 0 else -1))


def _share_and_place(share: float, region: Region) -> str:
    percent = f"{share * 100:.0f}" if share >= 0.01 else tr("Less than 1")
    if region is not Region.WHOLE:
        return tr("{percent} % of the picture changes, mostly {place}", percent=percent, place=_place(region))
    if share > _WHOLE:
        return tr("The whole picture changes")
    return tr("{percent} % of the picture changes, spread all over it", percent=percent)


def _place(region: Region) -> str:
    return {
        Region.WHOLE: tr("all over it"),
        Region.TOP: tr("in the upper third"),
        Region.MIDDLE: tr("across the middle"),
        Region.BOTTOM: tr("in the lower third"),
        Region.LEFT: tr("on the left"),
        Region.CENTRE_COLUMN: tr("down the centre"),
        Region.RIGHT: tr("on the right"),
        Region.TOP_LEFT: tr("in the upper left"),
        Region.TOP_CENTRE: tr("in the top centre"),
        Region.TOP_RIGHT: tr("in the upper right"),
        Region.MIDDLE_LEFT: tr("at the middle left"),
        Region.CENTRE: tr("in the centre"),
        Region.MIDDLE_RIGHT: tr("at the middle right"),
        Region.BOTTOM_LEFT: tr("in the lower left"),
        Region.BOTTOM_CENTRE: tr("in the bottom centre"),
        Region.BOTTOM_RIGHT: tr("in the lower right"),
    }[region]


def _brightness_and_tint(brightness: float, tint: Tint) -> str:
    level = _level(abs(brightness))
    if abs(brightness) < 1.0:
        if tint is Tint.NONE:
            return tr("its brightness and colour stay the same on average")
        return tr("it gets {tint}, no brighter or darker", tint=_tint_text(tint))
    if tint is Tint.NONE:
        if brightness > 0:
            return tr("it gets brighter by {level} of 255", level=level)
        return tr("it gets darker by {level} of 255", level=level)
    if brightness > 0:
        return tr("it gets brighter by {level} of 255 and {tint}", level=level, tint=_tint_text(tint))
    return tr("it gets darker by {level} of 255 and {tint}", level=level, tint=_tint_text(tint))


def _tint_text(tint: Tint) -> str:
    return {
        Tint.NONE: "",
        Tint.RED: tr("redder"),
        Tint.CYAN: tr("less red"),
        Tint.GREEN: tr("greener"),
        Tint.MAGENTA: tr("less green"),
        Tint.BLUE: tr("bluer"),
        Tint.YELLOW: tr("yellower"),
    }[tint]


def _level(value: float) -> str:
    return f"{value:.0f}" if value >= 9.5 else f"{value:.1f}"
