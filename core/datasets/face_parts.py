"""A built-in face's look, its background, body and head; features, hair and hats are in their own files.

Each part paints into every picture of a batch at once. Parts sit in the head's own frame: origin in its
middle, half-width 0.42, half-height 0.5, y downwards; the frame carries tilt, face shape and turn.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.datasets import face_factors as ff
from core.datasets.face_shapes import (
    Canvas,
    Floats,
    Patch,
    blend,
    box,
    capsule,
    circle,
    colours,
    ellipse,
    oval,
    wave,
)

Chosen = NDArray[np.intp]

# half-width, half-height, how much the chin narrows, how square the jaw is
_HEADS: Final = np.array(
    [
        (0.405, 0.495, 0.20, 0.25),
        (0.440, 0.475, 0.08, 0.20),
        (0.415, 0.485, 0.02, 0.62),
        (0.420, 0.490, 0.34, 0.12),
        (0.380, 0.530, 0.14, 0.35),
    ],
    np.float32,
)
HEAD_Y: Final = -0.04
_PIVOT_Y: Final = 0.5
WHITE: Final = colours(["#ffffff"])
INK: Final = colours(["#2c2430"])


def palette_column(palette: ff.Palette, column: int) -> Floats:
    return colours([row[column] for row in palette.values()])


_SKIN = [palette_column(ff.SKINS, i) for i in range(4)]
_HAIR = [palette_column(ff.HAIRS, i) for i in range(3)]
_BACK = [palette_column(ff.BACKGROUNDS, i) for i in range(3)]
_CLOTH = [palette_column(ff.CLOTHS, i) for i in range(2)]
_METALS = colours(["#f4c64f"])


@dataclass(frozen=True, eq=False)
class Look:
    """A batch of faces in the units of drawing: numbers (N, 1), colours (3, N, 1), categories (N,)."""

    face: ff.Factors
    head: Floats  # (4, N, 1): a row of _HEADS for each
    cos: Floats
    sin: Floats
    turn: Floats
    light: Floats
    skin: Floats
    skin_shade: Floats
    skin_blush: Floats
    lips: Floats
    hair: Floats
    hair_shade: Floats
    hair_shine: Floats
    cloth: Floats
    cloth_shade: Floats
    hat: Floats
    hat_shade: Floats

    @classmethod
    def of(cls, face: ff.Factors) -> "Look":
        """The look that the factors of N faces ask for."""
        half = face.tilt[:, None] * 0.05  # tangent of half the angle
        whole = 1.0 / (1.0 + half * half)
        return cls(
            face=face,
            head=_HEADS[face.face_shape].T[:, :, None],
            cos=(1.0 - half * half) * whole,
            sin=2.0 * half * whole,
            turn=face.turn[:, None],
            light=face.light[:, None],
            skin=_SKIN[0][:, face.skin],
            skin_shade=_SKIN[1][:, face.skin],
            skin_blush=_SKIN[2][:, face.skin],
            lips=_SKIN[3][:, face.skin],
            hair=_HAIR[0][:, face.hair_colour],
            hair_shade=_HAIR[1][:, face.hair_colour],
            hair_shine=_HAIR[2][:, face.hair_colour],
            cloth=_CLOTH[0][:, face.clothes_colour],
            cloth_shade=_CLOTH[1][:, face.clothes_colour],
            hat=_CLOTH[0][:, face.headwear_colour],
            hat_shade=_CLOTH[1][:, face.headwear_colour],
        )

    def take(self, who: Chosen | None) -> "Look":
        """The look of some of the faces."""
        if who is None:
            return self
        names = [item.name for item in fields(self) if item.name != "face"]
        return Look(face=self.face.take(who), **{name: getattr(self, name)[..., who, :] for name in names})

    def frame(self, patch: Patch, depth: float = 0.0) -> tuple[Floats, Floats]:
        """x and y of a patch in the head's frame; depth is how far a part shifts as the head turns."""
        x, y = patch.x, patch.y - _PIVOT_Y
        wide, high = 0.42 / self.head[0], 0.5 / self.head[1]
        u = x * (self.cos * wide)
        u += y * (self.sin * wide)
        if depth:
            u -= self.turn * depth
        v = x * (-self.sin * high)
        v += y * (self.cos * high)
        v += (_PIVOT_Y - HEAD_Y) * high
        return u, v


Part = Callable[[Canvas, Look], None]


def chosen(mask: NDArray[np.bool_]) -> Chosen | None:
    """Which pictures a mask picks; None where it is all of them."""
    return None if mask.all() else np.flatnonzero(mask)


def head_distance(look: Look, x: Floats, y: Floats, grow: float = 0.0) -> Floats:
    """Distance to the head's outline: an ellipse whose lower half narrows to a chin and squares to a jaw."""
    u = x * (1.0 / 0.42)
    v = y * (1.0 / 0.5)
    low = np.clip(v, 0.0, 1.3)  # beyond it the chin's taper would pass through zero
    low2 = low * low
    taper = low2 * -look.head[2]
    taper += 1.0
    u /= taper
    v2 = v * v
    slope_y = low2 * 2.0
    slope_y -= 1.0
    slope_y *= low
    slope_y *= look.head[3]
    slope_y += v
    slope_y *= 4.0
    low2 -= low2 * low2
    low2 *= look.head[3]
    v2 -= low2
    slope_x = u / taper
    slope_x *= 2.0 / 0.42
    u *= u
    u += v2
    u -= 1.0
    slope_x *= slope_x
    slope_y *= slope_y
    slope_x += slope_y
    slope_x += 1e-9
    np.sqrt(slope_x, out=slope_x)
    u /= slope_x
    if grow:
        u -= grow
    return u


def background(canvas: Canvas, look: Look) -> None:
    """A gradient from top to bottom and a paler disc behind the head."""
    patch = canvas.patch()
    top, bottom, disc = (table[:, look.face.background] for table in _BACK)
    np.multiply(bottom - top, (patch.y + 1.0) * 0.5, out=patch.planes)
    patch.planes += top
    patch.paint(circle(patch.x, patch.y + 0.1, 0.8), disc, 0.8)


def body(canvas: Canvas, look: Look) -> None:
    """Shoulders, and what of the clothes lies behind the neck."""
    patch = canvas.patch((-0.85, 0.4, 0.85, 1.0))
    x, y = patch.x + look.turn * 0.02, patch.y
    hood = (look.face.clothes[:, None] == 4).astype(np.float32)
    if hood.any():
        patch.paint(ellipse(x, y - 0.64, 0.42, 0.19), look.cloth_shade, hood)
    share = patch.paint(box(x, y - 1.22, 0.74, 0.58, 0.44), look.cloth)
    striped = look.face.clothes[:, None] == 3
    if striped.any():
        bands = wave((y + 0.22 * x * x) * 5.0 + 0.1)
        band_share = patch.cover(bands * -0.032)
        band_share *= share
        pale = np.where(look.face.clothes_colour[:, None] == 6, _CLOTH[0][:, [0]], _CLOTH[0][:, [6]])
        patch.mix(band_share * striped, pale)
    # the arms' folds and a darker side away from the light
    fold = capsule(np.abs(x), y, 0.5, 1.1, 0.46, 0.9, 0.012, 0.004)
    patch.paint(fold, look.cloth_shade, 0.8)
    far = x * (look.light * -0.8)
    far -= 0.05
    np.clip(far, 0.0, 0.55, out=far)
    far *= share
    patch.mix(far, look.cloth_shade)
    patch.put()


def neck(canvas: Canvas, look: Look) -> None:
    """The neck with the chin's shadow, and the collar around it."""
    for kinds, collar in (((0, 3, 4), _crew_neck), ((1,), _shirt_collar), ((2,), _turtleneck)):
        who = chosen(np.isin(look.face.clothes, kinds))
        if who is not None and not len(who):
            continue
        some = look.take(who)
        patch = canvas.patch((-0.34, 0.2, 0.34, 1.0), who)
        x, y = patch.x + some.turn * 0.02, patch.y
        share = collar(patch, some, x, y, box(x, y - 0.45, 0.155, 0.25, 0.06))
        shadow = patch.cover(oval(x - some.sin * 0.1, y - 0.40, 0.30, 0.20), 0.06)
        shadow *= share
        shadow *= 0.85
        patch.mix(shadow, some.skin_shade)
        if kinds == (2,):
            _rolled_collar(patch, some, x, y)
        patch.put()


def _crew_neck(patch: Patch, look: Look, x: Floats, y: Floats, stalk: Floats) -> Floats:
    patch.paint(ellipse(x, y - 0.655, 0.235, 0.135), blend(look.cloth, look.cloth_shade, 0.75))
    cords = np.flatnonzero(look.face.clothes == 4)
    if len(cords):
        cord = np.minimum(*(capsule(x, y, u, 0.75, u * 1.08, 0.92, 0.016) for u in (-0.13, 0.13)))
        patch.paint(cord, colours(["#fbf3e4"]), (look.face.clothes[:, None] == 4).astype(np.float32))
    return patch.paint(np.minimum(stalk, ellipse(x, y - 0.655, 0.185, 0.095)), look.skin)


def _shirt_collar(patch: Patch, look: Look, x: Floats, y: Floats, stalk: Floats) -> Floats:
    lean = np.abs(x)
    edge = lean * 0.88 + (y - 0.88) * 0.47
    share = patch.paint(np.minimum(stalk, np.maximum(edge, 0.5 - y)), look.skin)
    wing = np.maximum(-edge, edge - 0.105)
    np.maximum(wing, (y - 0.75) * 0.9 - lean * 0.5, out=wing)
    np.maximum(wing, 0.55 - y + lean * 0.12, out=wing)
    paper = blend(look.cloth, WHITE, 0.62)
    share = share * (1.0 - patch.paint(wing - 0.014, look.cloth_shade, 0.55))
    share *= 1.0 - patch.paint(wing, paper)
    patch.paint(circle(x, y - 0.955, 0.022), paper)
    return share


def _turtleneck(patch: Patch, look: Look, x: Floats, y: Floats, stalk: Floats) -> Floats:
    return patch.paint(stalk, look.skin)


def _rolled_collar(patch: Patch, look: Look, x: Floats, y: Floats) -> None:
    roll = box(x, y - 0.615, 0.195, 0.125, 0.05)
    top = np.maximum(roll, y - 0.53)
    patch.paint(roll, look.cloth)
    fold = np.abs(y - 0.645 - 0.5 * x * x)
    fold -= 0.008
    patch.paint(np.maximum(fold, np.abs(x) - 0.17), look.cloth_shade)
    patch.paint(top, look.cloth_shade, 0.5)


def ears(canvas: Canvas, look: Look) -> None:
    """Both ears; the far one slips behind the head as it turns. Studs or hoops hang from them."""
    for side in (-1.0, 1.0):
        patch = canvas.patch((-0.72, -0.2, -0.24, 0.44) if side < 0 else (0.24, -0.2, 0.72, 0.44))
        x, y = look.frame(patch)
        x -= (side * 0.425) - look.turn * 0.04
        y -= 0.05
        patch.paint(ellipse(x, y, 0.075, 0.115), look.skin)
        patch.paint(ellipse(x - (side * 0.012), y, 0.038, 0.07), look.skin_shade, 0.8)
        kind = look.face.earrings[:, None]
        y -= 0.115
        if (kind == 1).any():
            patch.paint(circle(x, y, 0.026), _METALS, (kind == 1).astype(np.float32))
        if (kind == 2).any():
            ring = circle(x - (side * 0.01), y - 0.055, 0.062)
            np.abs(ring, out=ring)
            patch.paint(ring - 0.013, _METALS, (kind == 2).astype(np.float32))
        patch.put()


def head(canvas: Canvas, look: Look) -> None:
    """The head, its side away from the light, the cheeks' blush, freckles and the lines of age."""
    patch = canvas.patch((-0.60, -0.64, 0.60, 0.54))
    x, y = look.frame(patch, 0.02)
    share = patch.paint(head_distance(look, x, y), look.skin)
    lit = oval(x - look.light * 0.085, y + 0.06, 0.43, 0.53)
    lit *= -1.0
    far = patch.cover(lit, 0.07)
    far *= share
    far *= 0.62
    patch.mix(far, look.skin_shade)
    patch.put()

    patch = canvas.patch((-0.52, -0.62, 0.52, 0.10))
    x, y = look.frame(patch, 0.02)
    glow = oval(x - look.light * 0.14, y + 0.26, 0.17, 0.13)
    patch.paint(glow, blend(look.skin, WHITE, 0.5), 0.3, soft=0.16)
    patch.put()

    patch = canvas.patch((-0.56, -0.06, 0.56, 0.42))
    x, y = look.frame(patch, 0.07)
    strength = look.face.blush[:, None] * 0.42 + 0.12
    freckled = look.face.freckles[:, None] == 1
    cheek = oval(np.abs(x) - 0.245, y - 0.165, 0.095, 0.07)
    patch.paint(cheek, look.skin_blush, strength, soft=0.07)
    patch.put()
    who = chosen(freckled[:, 0])
    if who is None or len(who):
        _freckles(canvas, look.take(who), who)
    who = chosen(look.face.age > 0.64)
    if who is None or len(who):
        _lines(canvas, look.take(who), who)


def _freckles(canvas: Canvas, look: Look, who: Chosen | None) -> None:
    patch = canvas.patch((-0.5, -0.2, 0.55, 0.4), who)
    x, y = look.frame(patch, 0.09)
    side = np.abs(x)
    tone = blend(look.skin, look.skin_shade, 1.25)
    for u, v in ((0.06, 0.09), (0.12, 0.13), (0.19, 0.09), (0.25, 0.14), (0.17, 0.175)):
        patch.paint(circle(side - (u + 0.03), y - v, 0.0125), tone, 0.8)
    patch.put()


def _lines(canvas: Canvas, look: Look, who: Chosen | None) -> None:
    patch = canvas.patch((-0.5, -0.5, 0.55, 0.5), who)
    x, y = look.frame(patch, 0.08)
    strength = np.minimum((look.face.age[:, None] - 0.64) * 2.6, 0.8)
    x = np.abs(x)
    patch.paint(capsule(x, y, 0.115, 0.155, 0.185, 0.265, 0.007), look.skin_shade, strength)
    patch.paint(capsule(x, y, 0.275, -0.02, 0.325, -0.045, 0.006), look.skin_shade, strength)
    patch.paint(capsule(x, y, 0.275, 0.015, 0.33, 0.02, 0.006), look.skin_shade, strength)
    for height in (-0.25, -0.305):
        line = np.abs(y - height - 0.25 * x * x)
        line -= 0.006
        patch.paint(np.maximum(line, x - 0.17), look.skin_shade, strength * 0.8)
    patch.put()


def daylight(canvas: Canvas, look: Look) -> None:
    """The light over the whole picture: how bright, and from which side."""
    patch = canvas.patch()
    gain = patch.x * (look.light * 0.06)
    gain -= patch.y * 0.03
    gain += 0.865 + look.face.brightness[:, None] * 0.125
    patch.planes *= gain
