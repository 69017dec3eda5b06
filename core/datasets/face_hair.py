"""The hair of the built-in faces, behind the head and in front of it."""

from typing import Final

import numpy as np

from core.datasets import face_factors as ff
from core.datasets.face_parts import Look, chosen
from core.datasets.face_shapes import (
    Box,
    Canvas,
    Floats,
    Patch,
    blend,
    box,
    circle,
    ellipse,
    wave,
)

_STYLE: Final = {name: index for index, name in enumerate(ff.HAIR_STYLES)}
_BEHIND: Final[dict[str, Box]] = {
    "curly": (-0.80, -0.95, 0.80, 0.50),
    "afro": (-0.95, -1.00, 0.95, 0.55),
    "bob": (-0.76, -0.80, 0.76, 0.66),
    "long": (-0.76, -0.80, 0.76, 1.00),
    "wavy": (-0.84, -0.80, 0.84, 1.00),
    "bun": (-0.45, -1.00, 0.45, -0.30),
    "ponytail": (0.10, -0.70, 0.95, 0.80),
    "braids": (-0.66, -0.80, 0.66, 0.60),
}
_BEFORE: Final[dict[str, Box]] = {
    "curly": (-0.76, -0.85, 0.76, 0.20),
    "bob": (-0.76, -0.82, 0.76, 0.66),
    "long": (-0.76, -0.82, 0.76, 1.00),
    "wavy": (-0.84, -0.82, 0.84, 1.00),
}
_BACK_SHADE: Final = {"bun": 0.0, "afro": 0.15, "curly": 0.2}
_HATS: Final = [ff.HEADWEAR.index(name) for name in ("beanie", "cap", "sun hat")]  # they press hair flat
_CURLS_BACK: Final = tuple(
    (0.60 * u, -0.20 + 0.56 * v)
    for u, v in ((-0.95, 0.55), (-1.0, 0.18), (-0.95, -0.2), (-0.8, -0.56), (-0.5, -0.84), (-0.17, -0.98),
                 (0.17, -0.98), (0.5, -0.84), (0.8, -0.56), (0.95, -0.2), (1.0, 0.18), (0.95, 0.55))
)  # fmt: skip
_CURLS_FRONT: Final = (
    (-0.43, -0.10), (-0.44, -0.24), (-0.39, -0.37), (-0.29, -0.47), (-0.15, -0.54), (0.0, -0.56),
    (0.15, -0.54), (0.29, -0.47), (0.39, -0.37), (0.44, -0.24), (0.43, -0.10), (-0.30, -0.33),
    (-0.17, -0.37), (-0.02, -0.35), (0.13, -0.38), (0.28, -0.33), (0.0, -0.45),
)  # fmt: skip


def _under_hat(look: Look, x: Floats, y: Floats, d: Floats) -> None:
    """Cut from a shape what a hat presses flat; what is wider than the hat rounds off beside it."""
    hat = np.isin(look.face.headwear, _HATS)
    if hat.any():
        beside = np.maximum(np.abs(x) - 0.40, 0.0)
        beside *= 1.0 + beside * 4.0
        beside += np.where(hat, np.float32(-0.3), np.float32(-9.0))[:, None]
        beside -= y
        np.maximum(d, beside, out=d)


def _lay(patch: Patch, look: Look, x: Floats, y: Floats, d: Floats, shine: bool = True) -> None:
    """Paint a mass of hair: darker away from the light, with a band of shine across the crown."""
    share = patch.paint(d, look.hair)
    far = x * (look.light * -1.1)
    far += (y + 0.1) * 0.35
    np.clip(far, 0.0, 0.7, out=far)
    far *= share
    patch.mix(far, look.hair_shade)
    if shine:
        u = x - look.light * 0.13
        band = circle(u, y - 0.12, 0.60)
        np.abs(band, out=band)
        band -= 0.022
        u = np.abs(u)
        u -= 0.2
        glow = patch.cover(np.maximum(band, u), 0.05)
        glow *= share
        glow *= 0.75
        patch.mix(glow, look.hair_shine)


def _scallops(x: Floats, y: Floats, centres: tuple[tuple[float, float], ...], radius: float) -> Floats:
    """Distance to many circles of one radius, joined."""
    best = np.full_like(x, np.inf)
    for u, v in centres:
        dx, dy = x - u, y - v
        dx *= dx
        dy *= dy
        dx += dy
        np.minimum(best, dx, out=best)
    np.sqrt(best, out=best)
    best -= radius
    return best


def _back_shape(style: str, x: Floats, y: Floats) -> Floats:
    """Distance to what a style shows behind the head."""
    side = np.abs(x)
    match style:
        case "curly":
            return _scallops(x, y, tuple((u * 0.82, v * 0.82 + 0.0) for u, v in _CURLS_BACK), 0.13)
        case "afro":
            d = circle(x, y + 0.16, 0.6)
            return np.minimum(d, _scallops(x, y, _CURLS_BACK, 0.125), out=d)
        case "bob":
            d = box(x, y - 0.0, 0.515 + 0.06 * np.clip(y, -0.2, 0.4), 0.46, 0.16)
            return np.minimum(d, ellipse(x, y + 0.12, 0.5, 0.52), out=d)
        case "long":
            d = box(x, y - 0.45, 0.49 + 0.08 * np.clip(y, 0.0, 0.8), 0.56, 0.2)
            return np.minimum(d, ellipse(x, y + 0.1, 0.495, 0.54), out=d)
        case "wavy":
            sway = side + wave(y * 3.2 + 0.25) * 0.03
            d = box(sway, y - 0.36, 0.52 + 0.10 * np.clip(y, 0.0, 0.8), 0.52, 0.2)
            return np.minimum(d, ellipse(x, y + 0.1, 0.52, 0.55), out=d)
        case "bun":
            return circle(x, y + 0.67, 0.19)
        case "ponytail":
            t = (y + 0.36) * (1.0 / 0.92)
            bend = t * (1.0 - t)
            tail = np.abs(x - 0.40 - 0.78 * bend - 0.10 * t)
            tail -= bend * 0.58 - 0.02 + t * 0.03
            tail *= 0.8
            knot = ellipse(x - 0.43, y + 0.27, 0.07, 0.085)
            return np.minimum(np.maximum(tail, np.abs(y - 0.1) - 0.46), knot)
        case "braids":
            return ellipse(x, y + 0.1, 0.475, 0.52)
        case _:
            raise ValueError(style)


def hair_behind(canvas: Canvas, look: Look) -> None:
    """What of the hair lies behind head and neck."""
    for style, window in _BEHIND.items():
        who = chosen(look.face.hair_style == _STYLE[style])
        if who is not None and not len(who):
            continue
        some = look.take(who)
        patch = canvas.patch(window, who)
        x, y = some.frame(patch, -0.03)
        d = _back_shape(style, x, y)
        _under_hat(some, x, y, d)
        share = patch.paint(d, blend(some.hair, some.hair_shade, _BACK_SHADE.get(style, 0.5)))
        far = np.clip(x * (some.light * -1.0) + 0.1, 0.0, 0.8)
        far *= share
        patch.mix(far, some.hair_shade)
        if style == "bun" and not np.isin(some.face.headwear, _HATS).all():
            band = np.abs(circle(x, y + 0.5, 0.22))
            glow = patch.cover(np.maximum(band - 0.02, np.abs(x) - 0.1), 0.04)
            glow *= share
            glow *= 0.7
            patch.mix(glow, some.hair_shine)
        patch.put()


def _front_shape(style: str, look: Look, x: Floats, y: Floats) -> Floats:
    """Distance to what a style shows before the face: a cap of hair above its hairline."""
    side = np.abs(x)
    outline = ellipse(x, y + 0.06, 0.452, 0.515)
    match style:
        case "buzz cut":
            line = y + 0.30 - 0.5 * side * side
            line -= np.clip(side - 0.335, 0.0, 1.0) * 6.5
            outline += 0.018
            return np.maximum(outline, np.maximum(line * 0.7, y + 0.0))
        case "short":
            line = y + 0.295 + wave(x * 5.0 + 0.1) * 0.018
            line -= np.clip(side - 0.325, 0.0, 1.0) * 6.0
            outline -= 0.015
            return np.maximum(outline, np.maximum(line * 0.75, y - 0.03))
        case "side part":
            part = x + 0.17
            sweep = np.where(part > 0, 0.40 - 0.75 * part * part, 0.40 - 4.5 * part * part)
            line = y + sweep.astype(np.float32)
            line -= np.clip(side - 0.345, 0.0, 1.0) * 7.0
            d = np.minimum(outline - 0.012, ellipse(x - 0.08, y + 0.40, 0.36, 0.22))
            return np.maximum(d, np.maximum(line * 0.75, y - 0.02))
        case "quiff":
            line = y + 0.335 - 0.25 * side * side
            line -= np.clip(side - 0.345, 0.0, 1.0) * 6.5
            cap = np.maximum(outline + 0.004, np.maximum(line * 0.75, y))
            wisp = ellipse(x - 0.01, y + 0.49 + 0.24 * x, 0.41, 0.20)
            np.maximum(wisp, y + 0.335 - 0.5 * x * x, out=wisp)
            return np.minimum(cap, wisp)
        case "curly":
            return _scallops(x, y, _CURLS_FRONT, 0.105)
        case "afro":
            line = y + 0.29 - 0.35 * side * side
            line -= np.clip(side - 0.33, 0.0, 1.0) * 5.0
            d = np.maximum(outline - 0.02, np.maximum(line * 0.7, y - 0.02))
            return np.minimum(d, _scallops(x, y, _CURLS_FRONT[11:16], 0.075), out=d)
        case "bob":
            line = y + 0.195 - 0.35 * side * side
            line -= np.clip(side - 0.335, 0.0, 1.0) * 9.0
            outline = box(x, y - 0.0, 0.515 + 0.06 * np.clip(y, -0.2, 0.4), 0.46, 0.16)
            np.minimum(outline, ellipse(x, y + 0.12, 0.5, 0.52), out=outline)
            return np.maximum(outline, line * 0.6)
        case "long":
            line = y + 0.43 - side * (0.45 + 1.5 * side)
            line -= np.clip(side - 0.315, 0.0, 1.0) * 7.0
            outline = box(x, y - 0.45, 0.49 + 0.08 * np.clip(y, 0.0, 0.8), 0.56, 0.2)
            np.minimum(outline, ellipse(x, y + 0.1, 0.495, 0.54), out=outline)
            return np.maximum(outline, line * 0.5)
        case "wavy":
            part = x - 0.15
            sweep = np.where(part > 0, 0.45 - 3.6 * part * part, 0.45 - 1.25 * part * part)
            line = y + sweep.astype(np.float32)
            line -= np.clip(side - 0.335, 0.0, 1.0) * 7.0
            sway = side + wave(y * 3.2 + 0.25) * 0.03
            outline = box(sway, y - 0.36, 0.52 + 0.10 * np.clip(y, 0.0, 0.8), 0.52, 0.2)
            np.minimum(outline, ellipse(x, y + 0.1, 0.52, 0.55), out=outline)
            return np.maximum(outline, line * 0.55)
        case "bun":
            line = y + 0.33 - 0.95 * side * side
            line -= np.clip(side - 0.365, 0.0, 1.0) * 5.0
            return np.maximum(outline, np.maximum(line * 0.75, y + 0.0))
        case "ponytail":
            part = x - 0.24
            sweep = np.where(part > 0, 0.36 - 4.0 * part * part, 0.36 - 0.62 * part * part)
            line = y + sweep.astype(np.float32)
            line -= np.clip(side - 0.345, 0.0, 1.0) * 6.0
            return np.maximum(outline - 0.005, np.maximum(line * 0.75, y - 0.02))
        case "braids":
            line = y + 0.42 - side * (0.45 + 1.35 * side)
            line -= np.clip(side - 0.335, 0.0, 1.0) * 5.0
            return np.maximum(outline - 0.012, np.maximum(line * 0.55, y - 0.12))
        case _:
            raise ValueError(style)


def hair_before(canvas: Canvas, look: Look) -> None:
    """The hair before the face: crown, fringe, sideburns, curtains and braids."""
    for style in ff.HAIR_STYLES[1:-1]:
        who = chosen(look.face.hair_style == _STYLE[style])
        if who is not None and not len(who):
            continue
        some = look.take(who)
        patch = canvas.patch(_BEFORE.get(style, (-0.68, -0.85, 0.68, 0.20)), who)
        x, y = some.frame(patch, 0.035)
        d = _front_shape(style, some, x, y)
        _under_hat(some, x, y, d)
        if style == "buzz cut":
            patch.paint(d, blend(some.hair, some.skin_shade, 0.25), 0.88, soft=0.02)
        else:
            _lay(patch, some, x, y, d, style not in ("curly", "afro"))
        if style in ("curly", "afro"):
            _ringlets(patch, some, x, y)
        patch.put()
        if style == "braids":
            _braids(canvas, some, who)


def _ringlets(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    bare = np.where(np.isin(look.face.headwear, _HATS), np.float32(0.0), np.float32(1.0))[:, None]
    for u, v in ((-0.26, -0.40), (-0.09, -0.47), (0.09, -0.47), (0.26, -0.40), (-0.37, -0.24), (0.37, -0.24)):
        curl = circle(x - u, y - v, 0.058)
        np.abs(curl, out=curl)
        curl -= 0.011
        np.maximum(curl, y - (v + 0.015), out=curl)
        patch.paint(curl, look.hair_shine, bare * 0.6)


def _braids(canvas: Canvas, look: Look, who: np.ndarray | None) -> None:
    for side in (-1.0, 1.0):
        patch = canvas.patch((-0.7, -0.12, -0.2, 0.95) if side < 0 else (0.2, -0.12, 0.7, 0.95), who)
        x, y = look.frame(patch, 0.0)
        x -= side * 0.435
        for step in range(5):
            radius = 0.082 - 0.007 * step
            knot = ellipse(x + (0.014 * (-1) ** step), y - (0.14 + 0.115 * step), radius, 0.078)
            patch.paint(knot - 0.01, look.hair_shade)
            patch.paint(knot, look.hair)
        patch.paint(box(x, y - 0.685, 0.055, 0.022, 0.015), look.hat)
        patch.paint(ellipse(x, y - 0.76, 0.052, 0.075), look.hair)
        patch.put()
