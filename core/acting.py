"""Where a move of the code acts on one picture: a heat map, what was measured of it, and one sentence.

The move is a displacement of the code: one standard deviation of a dimension, or of any other direction.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from numpy.typing import NDArray

from core.codec import Codec
from core.describe import LUMA
from core.errors import ModelError
from core.translate import tr

LEAST = 1.0  # of 255: where no pixel changes by more, nothing is said of the change but that
ACTS = 0.25  # a pixel that changes by less than this share of the largest change is not where the move acts
_DIMMED = 0.35  # of the picture under a heat map
STANDS_OUT = 0.1  # a part is named where its share of the change exceeds its share of the picture by as much
COLOURED = 1.0  # levels by which the channels' changes must differ from their mean to be called a colour


class Part(Enum):
    """A part of the picture: (top, bottom, left, right) as shares of it. EDGE is what is outside its box."""

    WHOLE = (0.0, 1.0, 0.0, 1.0)
    UPPER_LEFT = (0.0, 0.5, 0.0, 0.5)
    UPPER_RIGHT = (0.0, 0.5, 0.5, 1.0)
    LOWER_LEFT = (0.5, 1.0, 0.0, 0.5)
    LOWER_RIGHT = (0.5, 1.0, 0.5, 1.0)
    CENTRE = (0.25, 0.75, 0.25, 0.75)
    UPPER_HALF = (0.0, 0.5, 0.0, 1.0)
    LOWER_HALF = (0.5, 1.0, 0.0, 1.0)
    LEFT_HALF = (0.0, 1.0, 0.0, 0.5)
    RIGHT_HALF = (0.0, 1.0, 0.5, 1.0)
    EDGE = (0.125, 0.875, 0.125, 0.875)

    @property
    def area(self) -> float:
        """Its share of the picture."""
        top, bottom, left, right = self.value
        inside = (bottom - top) * (right - left)
        return 1.0 - inside if self is Part.EDGE else inside

    def share(self, weight: NDArray[np.float32]) -> float:
        """The share of a weight (H,W) that lies in it; a pixel on a border is shared out."""
        top, bottom, left, right = self.value
        rows, columns = _inside(weight.shape[0], top, bottom), _inside(weight.shape[1], left, right)
        inside = float(rows @ weight.astype(np.float64) @ columns) / float(weight.sum(dtype=np.float64))
        return 1.0 - inside if self is Part.EDGE else inside


def _inside(length: int, low: float, high: float) -> NDArray[np.float64]:
    """How much (length,) of each pixel of a line lies between two shares of it."""
    return np.diff(np.clip(np.arange(length + 1), low * length, high * length))


@dataclass(frozen=True, eq=False)
class Acting:
    """Where one move acts on one picture, in levels of 255.

    heat (H,W): ½·(mean_c |x(z + s) − x(z)| + mean_c |x(z − s) − x(z)|), with x the decoded picture in levels,
    c its channels and s the move. So the mean of heat over pixels, averaged over many codes, is what
    core.latents.measure_effects gives. All else is of the move +s alone:

    mean, most: mean_c |x(z + s) − x(z)| averaged over the picture, and its largest pixel.
    part, share: the part whose share of the change exceeds its share of the picture most, and that share of
    the change; WHOLE where none exceeds it by a tenth.
    brightness (mean luma) and colour (the mean change of each channel less that of all): over the pixels
    that change by at least a quarter of the largest.
    """

    heat: NDArray[np.float32]
    mean: float
    most: float
    part: Part
    share: float
    brightness: float
    colour: tuple[float, ...]

    def sentence(self, name: str) -> str:
        """What was measured, as one sentence about a move of that name, for example "+1σ"."""
        if self.most < LEAST:
            return tr("{name}: no pixel changes by as much as 1 of 255.", name=name)
        return tr(
            "{name}: {where}; {how}; {most} of 255 at most, {mean} on average.",
            name=name,
            where=self._where(),
            how=self._how(),
            most=_level(self.most),
            mean=_level(self.mean),
        )

    def _where(self) -> str:
        if self.part is Part.WHOLE:
            return tr("the change is spread over the whole picture")
        percent = f"{self.share * 100:.0f}"
        return tr("{percent} % of the change lies {place}", percent=percent, place=_place(self.part))

    def _how(self) -> str:
        tint = _tint_text(self.colour)
        level = _level(abs(self.brightness))
        if abs(self.brightness) < 0.5:
            return tint or tr("as bright as before on average")
        if self.brightness > 0:
            brightness = tr("brighter by {level} levels", level=level)
        else:
            brightness = tr("darker by {level} levels", level=level)
        return tr("{brightness}, {tint}", brightness=brightness, tint=tint) if tint else brightness


def measure_acting(codec: Codec, code: NDArray[np.float32], step: NDArray[np.float32]) -> Acting:
    """Where the move ±step (D,) acts on the picture of code (D,); three decodes in one batch.

    Raises: ModelError for a code or a step of another length, or one that is not finite.
    """
    code, step = np.asarray(code, np.float32), np.asarray(step, np.float32)
    if code.shape != step.shape or not (np.isfinite(code).all() and np.isfinite(step).all()):
        raise ModelError(tr("A move of the code needs a finite number for each of its dimensions."))
    pictures = codec.decode_float(np.stack([code, code + step, code - step])).clamp(-1.0, 1.0)
    with torch.inference_mode():
        delta = (pictures[1:] - pictures[0]).mul_(127.5).cpu().numpy()  # (2, C, H, W)
    size = np.abs(delta).mean(axis=1)  # (2, H, W)
    heat = size.mean(axis=0)
    most = float(size[0].max())
    part, share = _most(size[0]) if most > 0.0 else (Part.WHOLE, 1.0)
    acts = size[0] >= ACTS * most
    shift = delta[0][:, acts].mean(axis=1, dtype=np.float64)  # (C,)
    brightness = float(shift @ LUMA) if len(shift) == 3 else float(shift.mean())
    colour = tuple(float(value) for value in shift - shift.mean())
    return Acting(heat, float(size[0].mean()), most, part, share, brightness, colour)


def heated(
    pixels: NDArray[np.uint8], heat: NDArray[np.float32], limit: float, colour: str
) -> NDArray[np.uint8]:
    """A picture (H,W,C) in grey and dimmed, under heat (H,W): a colour, in full from limit on. (H,W,3)."""
    accent = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float64)
    grey = pixels.mean(axis=2, keepdims=True) * _DIMMED
    share = np.clip(heat / max(limit, 1e-6), 0.0, 1.0)[..., np.newaxis]
    return np.clip(grey + share * accent, 0, 255).astype(np.uint8)


def dial_step(latent_dim: int, dim: int, sigma: float) -> NDArray[np.float32]:
    """The move (D,) of one dimension alone by sigma."""
    step = np.zeros(latent_dim, np.float32)
    step[dim] = sigma
    return step


def _most(weight: NDArray[np.float32]) -> tuple[Part, float]:
    """The part that stands out of a weight (H,W), and its share."""
    shares = {part: part.share(weight) for part in Part}
    best = max(shares, key=lambda part: shares[part] - part.area)
    return (best, shares[best]) if shares[best] - best.area >= STANDS_OUT else (Part.WHOLE, 1.0)


def _place(part: Part) -> str:
    return {
        Part.WHOLE: "",
        Part.UPPER_LEFT: tr("in the upper left"),
        Part.UPPER_RIGHT: tr("in the upper right"),
        Part.LOWER_LEFT: tr("in the lower left"),
        Part.LOWER_RIGHT: tr("in the lower right"),
        Part.CENTRE: tr("in the centre"),
        Part.UPPER_HALF: tr("in the upper half"),
        Part.LOWER_HALF: tr("in the lower half"),
        Part.LEFT_HALF: tr("in the left half"),
        Part.RIGHT_HALF: tr("in the right half"),
        Part.EDGE: tr("along the edge"),
    }[part]


def _tint_text(colour: tuple[float, ...]) -> str:
    """The way in which the colour shifts, in a word; empty where it does not, or there is none."""
    if len(colour) != 3 or max(abs(value) for value in colour) < COLOURED:
        return ""
    red, green, blue = colour
    if red * blue < 0.0 and abs(green) < 0.5 * min(abs(red), abs(blue)):
        return tr("warmer in colour") if red > 0 else tr("cooler in colour")
    channel = max(range(3), key=lambda at: abs(colour[at]))
    more = (tr("redder"), tr("greener"), tr("bluer"))
    less = (tr("less red"), tr("less green"), tr("yellower"))
    return more[channel] if colour[channel] > 0 else less[channel]


def _level(value: float) -> str:
    return f"{value:.0f}" if value >= 9.5 else f"{value:.1f}"
