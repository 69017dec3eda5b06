"""What the built-in faces wear on their heads."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.datasets import face_factors as ff
from core.datasets.face_parts import WHITE, Look, chosen, head_distance
from core.datasets.face_shapes import (
    Box,
    Canvas,
    Floats,
    Patch,
    blend,
    box,
    capsule,
    circle,
    colours,
    ellipse,
    wave,
)

# Where each lies.
_WORN: Final[tuple[Box, ...]] = (
    (-0.70, -1.00, 0.70, 0.12),
    (-0.70, -1.00, 0.70, 0.12),
    (-1.00, -1.00, 1.00, 0.16),
    (-0.70, -0.82, 0.70, 1.00),
    (-0.76, -1.00, 0.76, 0.24),
    (-0.66, -0.76, 0.66, 0.10),
    (-0.70, -0.72, 0.08, 0.04),
)
_BRIMS: Final = [
    ff.HEADWEAR.index(name) for name in ("beanie", "cap", "sun hat", "turban")
]  # they shade the brow


def _folds(
    patch: Patch, look: Look, share: Floats, x: Floats, lines: Sequence[Floats], width: float = 0.010
) -> None:
    """Thin darker lines within what share covers, and its side away from the light."""
    far = x * (look.light * -0.9)
    far -= 0.02
    np.clip(far, 0.0, 0.6, out=far)
    far *= share
    patch.mix(far, look.hat_shade)
    for line in lines:
        np.abs(line, out=line)
        line -= width
        fold = patch.cover(line)
        fold *= share
        fold *= 0.6
        patch.mix(fold, look.hat_shade)


def _beanie(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    patch.paint(circle(x, y + 0.76, 0.115), blend(look.hat, WHITE, 0.55))
    share = patch.paint(np.maximum(ellipse(x, y + 0.2, 0.475, 0.52), y + 0.2), look.hat)
    _folds(
        patch,
        look,
        share,
        x,
        [x * 0.9 - u * (y + 1.1) for u in (-0.3, 0.0, 0.3)],
    )
    bent = y + 0.25 - 0.16 * x * x
    cuff = patch.paint(box(x, bent, 0.49, 0.082, 0.06), blend(look.hat, WHITE, 0.28))
    ribs = wave(x * 9.0) * 0.016
    ribs += 0.006
    rib = patch.cover(ribs)
    rib *= cuff
    rib *= 0.35
    patch.mix(rib, look.hat_shade)


def _cap(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    dome = np.maximum(ellipse(x, y + 0.2, 0.47, 0.46), y + 0.24)
    share = patch.paint(dome, look.hat)
    u = x - look.turn * 0.10
    _folds(
        patch,
        look,
        share,
        x,
        [np.abs(u) - 0.33 * (y + 0.66) - 0.02],
        0.008,
    )
    patch.paint(ellipse(x, y + 0.665, 0.05, 0.024), look.hat_shade)
    patch.paint(circle(u, y + 0.42, 0.082), blend(look.hat, WHITE, 0.78))
    bent = y + 0.235 - 0.42 * u * u
    visor = np.maximum(ellipse(u, bent, 0.42, 0.085), -bent - 0.045)
    patch.paint(visor, look.hat_shade)
    patch.paint(np.maximum(ellipse(u, bent + 0.02, 0.40, 0.06), -bent - 0.045), look.hat)


def _sun_hat(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    straw, shade = colours(["#f0d191"]), colours(["#cda257"])
    bent = y + 0.27 - 0.22 * x * x
    patch.paint(ellipse(x, bent, 0.78, 0.125), shade)
    patch.paint(ellipse(x, bent + 0.022, 0.765, 0.11), straw)
    crown = np.maximum(box(x, y + 0.44, 0.40, 0.33, 0.24), bent + 0.02)
    share = patch.paint(crown, straw)
    far = np.clip(x * (look.light * -0.9), 0.0, 0.5)
    far *= share
    patch.mix(far, shade)
    ribbon = np.maximum(np.abs(bent + 0.085) - 0.06, np.abs(x) - 0.40)
    band = patch.paint(ribbon, look.hat)
    far = np.clip(x * (look.light * -1.2), 0.0, 0.7)
    far *= band
    patch.mix(far, look.hat_shade)


def _headscarf(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    outer = ellipse(x, y + 0.06, 0.505, 0.585)
    drape = ellipse(x, y - 0.60, 0.46, 0.27)
    np.minimum(outer, drape, out=outer)
    np.minimum(outer, box(x, y - 0.3, 0.43, 0.36, 0.12), out=outer)
    u = x - look.turn * 0.05
    opening = ellipse(u, y - 0.035, 0.36, 0.43)
    opening *= -1.0
    share = patch.paint(np.maximum(outer, opening), look.hat)
    wrap = capsule(x, y, -0.42, 0.22, 0.2, 0.62, 0.012, 0.008)
    second = capsule(x, y, -0.30, 0.50, 0.30, 0.76, 0.012, 0.006)
    crown = np.maximum(np.abs(ellipse(u, y - 0.03, 0.43, 0.52)) - 0.004, y + 0.1)
    _folds(patch, look, share, x, [wrap, second, crown], 0.006)
    rim = patch.cover(np.abs(opening) - 0.02, 0.02)
    rim *= share
    rim *= 0.55
    patch.mix(rim, look.hat_shade)


def _turban(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    outer = ellipse(x, y + 0.38, 0.53, 0.36)
    np.minimum(outer, ellipse(x, y + 0.58, 0.36, 0.24), out=outer)
    line = y + 0.315 - 1.0 * x * x
    np.minimum(outer, np.maximum(ellipse(x, y + 0.2, 0.47, 0.4), y + 0.02), out=outer)
    line -= np.clip(np.abs(x) - 0.36, 0.0, 1.0) * 2.0
    share = patch.paint(np.maximum(outer, line * 0.8), look.hat)
    folds = [
        y + (0.48 + 0.11 * step) - (x + 0.12) * (0.75 - 0.2 * step) - x * x * 0.3
        for step in (-1, 0, 1)
    ]  # fmt: skip
    folds += [y + (0.50 + 0.13 * step) + x * 0.85 for step in (-1, 0)]
    _folds(patch, look, share, x, folds, 0.011)


def _headband(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    line = np.abs(y + 0.385 - 0.75 * x * x)
    line -= 0.048
    band = np.maximum(line * 0.9, ellipse(x, y + 0.06, 0.468, 0.53))
    share = patch.paint(band, look.hat)
    _folds(patch, look, share, x, [])
    for dx, dy in ((-0.07, -0.03), (0.07, 0.03)):
        bow = ellipse(x - (0.24 + dx), y + (0.40 - dy), 0.075, 0.06)
        patch.paint(bow - 0.008, look.hat_shade)
        patch.paint(bow, look.hat)
    patch.paint(circle(x - 0.24, y + 0.40, 0.036), look.hat_shade)


def _flower(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    x = x + 0.33
    y = y + 0.33
    petals = ((0.0, -0.095), (0.09, -0.03), (0.056, 0.077), (-0.056, 0.077), (-0.09, -0.03))
    for u, v in petals:
        patch.paint(circle(x - u, y - v, 0.072), blend(look.hat, WHITE, 0.12))
        patch.paint(circle(x - (u * 1.1), y - (v * 1.1), 0.035), blend(look.hat, WHITE, 0.4), 0.8)
    patch.paint(circle(x, y, 0.05), colours(["#ffd75e"]))


def headwear(canvas: Canvas, look: Look) -> None:
    """Beanie, cap, sun hat, headscarf, turban, headband or flower, and the shadow it throws on the brow."""
    for kind, draw in enumerate((_beanie, _cap, _sun_hat, _headscarf, _turban, _headband, _flower), start=1):
        who = chosen(look.face.headwear == kind)
        if who is not None and not len(who):
            continue
        some = look.take(who)
        patch = canvas.patch(_WORN[kind - 1], who)
        x, y = some.frame(patch, 0.03)
        if kind in _BRIMS:
            low = ellipse(x, y + 0.22, 0.44, 0.17)
            np.maximum(low, head_distance(some, x, y, 0.01), out=low)
            patch.paint(low, some.skin_shade, 0.55, soft=0.05)
        draw(patch, some, x, y)
        patch.put()
