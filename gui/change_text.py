"""How much and where a picture changed, in a few words that fit a caption."""

import numpy as np
from numpy.typing import NDArray

from core.describe import Region, describe_change
from core.translate import tr

MEASURED_PX = 128  # larger pictures are thinned before their change is measured, to stay quick in a drag


def change_text(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> str:
    """How much changed, and where, in a few words: "18 % changed, top"."""
    thin = max(1, min(before.shape[:2]) // MEASURED_PX)
    change = describe_change(before[::thin, ::thin], after[::thin, ::thin])
    if change.share == 0.0:
        return tr("no visible change")
    percent = f"{change.share * 100:.0f}" if change.share >= 0.01 else tr("under 1")
    if change.region is Region.WHOLE:
        return tr("{percent} % changed", percent=percent)
    return tr("{percent} % changed, {place}", percent=percent, place=_place(change.region))


def _place(region: Region) -> str:
    return {
        Region.WHOLE: tr("everywhere"),
        Region.TOP: tr("top"),
        Region.MIDDLE: tr("middle"),
        Region.BOTTOM: tr("bottom"),
        Region.LEFT: tr("left"),
        Region.CENTRE_COLUMN: tr("centre"),
        Region.RIGHT: tr("right"),
        Region.TOP_LEFT: tr("top left"),
        Region.TOP_CENTRE: tr("top centre"),
        Region.TOP_RIGHT: tr("top right"),
        Region.MIDDLE_LEFT: tr("middle left"),
        Region.CENTRE: tr("centre"),
        Region.MIDDLE_RIGHT: tr("middle right"),
        Region.BOTTOM_LEFT: tr("bottom left"),
        Region.BOTTOM_CENTRE: tr("bottom centre"),
        Region.BOTTOM_RIGHT: tr("bottom right"),
    }[region]
