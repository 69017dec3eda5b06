"""What a built-in face wears on its front: nose, mouth, eyes, eyebrows, beard and glasses."""

import numpy as np

from core.datasets import face_factors as ff
from core.datasets.face_parts import INK, WHITE, Look, chosen, head_distance, palette_column
from core.datasets.face_shapes import Canvas, blend, box, capsule, circle, colours, ellipse, oval

_IRIS = palette_column(ff.EYES, 0)
_FRAMES = colours(["#33272b"] * 5 + ["#f1cf86"] * 3)  # bright frames for dark skins
_SHADES = colours(["#26242e"])


def nose(canvas: Canvas, look: Look) -> None:
    """The bridge's soft shadow, the tip and its shine."""
    patch = canvas.patch((-0.36, -0.2, 0.36, 0.36))
    x, y = look.frame(patch, 0.125)
    far = -np.sign(look.light) - (look.light == 0)
    side = capsule(x, y, far * 0.03, -0.02, far * 0.055, 0.12, 0.012, 0.028)
    patch.paint(side, look.skin_shade, 0.5, soft=0.03)
    tip = ellipse(x, y - 0.125, 0.078, 0.055)
    cut = ellipse(x, y - 0.098, 0.088, 0.062)
    cut *= -1.0
    patch.paint(np.maximum(tip, cut), blend(look.skin_shade, look.lips, 0.25), 0.95)
    shine = oval(x - look.light * 0.015, y - 0.1, 0.028, 0.024)
    patch.paint(shine, blend(look.skin, WHITE, 0.6), 0.5, soft=0.02)
    patch.put()


def mouth(canvas: Canvas, look: Look) -> None:
    """Two lips about a curve whose corners rise with the smile; open, they show teeth and tongue."""
    patch = canvas.patch((-0.4, 0.02, 0.4, 0.58))
    x, y = look.frame(patch, 0.085)
    smile, opened = look.face.smile[:, None], look.face.mouth_open[:, None]
    width = 0.132 + 0.034 * np.maximum(smile, 0.0) - 0.012 * opened
    t2 = x / width
    t2 *= t2
    rise = 1.0 - t2
    y -= 0.264 - smile * 0.014
    y -= (rise - 0.55) * (smile * 0.074)  # measured from the line between the lips
    depth = opened * 0.105
    upper = -y - rise * 0.021
    lower = y - rise * (depth + 0.032)
    patch.paint(np.maximum(upper, lower), look.lips)
    shine = np.abs(y - depth - 0.016)
    shine -= rise * 0.005
    patch.paint(np.maximum(shine, np.abs(x) - 0.05), blend(look.lips, WHITE, 0.5), 0.7)
    line = np.abs(y + 0.001)
    line -= 0.008
    ends = np.abs(x) - width * 1.02
    patch.paint(np.maximum(line, ends), blend(look.lips, INK, 0.62), 1.0 - np.minimum(opened * 8.0, 1.0))
    if (opened > 0.02).any():
        inside = np.maximum(-y, y - rise * depth)
        shut = np.where(opened > 0.02, np.float32(0.0), np.float32(9.0))
        np.maximum(inside, ends + shut, out=inside)
        share = patch.cover(inside.copy())
        patch.mix(share, colours(["#5e1d2b"]))
        tongue = patch.cover(ellipse(x, y - depth * 1.05, 0.075, 0.045))
        tongue *= share
        patch.mix(tongue, colours(["#e2737c"]))
        teeth = patch.cover(np.maximum(inside, y - np.minimum(depth * 0.55, 0.04)))
        patch.mix(teeth, colours(["#fffaf2"]))
    patch.put()


def eyes(canvas: Canvas, look: Look) -> None:
    """Whites, irises that follow the gaze, pupils, a spark, lids and lashes; the far eye is narrower."""
    size = 0.86 + 0.3 * look.face.eye_size[:, None]
    iris_colour = _IRIS[:, look.face.eye_colour]
    rim = blend(iris_colour, INK, 0.55)
    lid = blend(look.skin, look.skin_shade, 0.9)
    lash = blend(INK, look.skin_shade, 0.12)
    squeeze = np.maximum(look.face.smile[:, None] - 0.35, 0.0) * 0.022
    for side in (-1.0, 1.0):
        patch = canvas.patch((-0.5, -0.32, 0.14, 0.24) if side < 0 else (-0.14, -0.32, 0.5, 0.24))
        x, y = look.frame(patch, 0.085)
        narrow = 1.0 - np.maximum(look.turn * side, 0.0) * 0.16
        x -= (side * 0.172) * narrow
        rx, ry = 0.086 * size * narrow, 0.067 * size
        patch.paint(ellipse(x, y + 0.012, rx * 1.14, ry * 1.22), lid)
        lower = y - (ry - squeeze)
        ball = np.maximum(ellipse(x, y, rx, ry), lower)
        share = patch.paint(ball, colours(["#fffdfa"]))
        gx = x - look.face.gaze[:, None] * 0.034
        distance = circle(gx, y, 0.0)
        for radius, colour in ((0.058, rim), (0.047, iris_colour), (0.027, INK)):
            part = patch.cover(distance - radius * size)
            part *= share
            patch.mix(part, colour)
        shadow = patch.cover(y + ry * 0.42, 0.05)
        shadow *= share
        shadow *= 0.28
        patch.mix(shadow, INK)
        spark = circle(gx - 0.02 - look.light * 0.004, y + 0.022, 0.0175)
        patch.paint(spark, WHITE)
        patch.paint(circle(gx + 0.018, y - 0.02, 0.009), WHITE, 0.7)
        top = ellipse(x, y + 0.004, rx * 1.1, ry * 1.12)
        cut = ellipse(x, y - 0.017, rx * 1.14, ry * 1.12)
        cut *= -1.0
        patch.paint(np.maximum(np.maximum(top, cut), y - 0.01), lash)
        patch.put()


def brows(canvas: Canvas, look: Look) -> None:
    """Eyebrows in the hair's colour, raised or knitted."""
    tone = blend(blend(look.hair, look.hair_shade, 0.7), look.skin_shade, 0.12)
    brow = look.face.brow[:, None]
    for side in (-1.0, 1.0):
        patch = canvas.patch((-0.52, -0.42, 0.12, 0.0) if side < 0 else (-0.12, -0.42, 0.52, 0.0))
        x, y = look.frame(patch, 0.08)
        x *= side
        x -= 0.185
        y += 0.142 + 0.028 * brow
        bend = x * x
        y -= bend * 1.9
        y += x * (0.10 - 0.16 * np.minimum(brow, 0.0) - 0.06)
        x *= 1.0 / 0.098
        thick = 1.0 - x * 0.3
        np.abs(y, out=y)
        y -= thick * 0.0195
        np.abs(x, out=x)
        x -= 1.0
        x *= 0.098
        patch.paint(np.maximum(x, y), tone)
        patch.put()


def beard(canvas: Canvas, look: Look) -> None:
    """Stubble, moustache, goatee or full beard, in the hair's colour."""
    kind = look.face.beard
    who = chosen((kind == 1) | (kind == 4))
    if who is None or len(who):
        some = look.take(who)
        patch = canvas.patch((-0.62, -0.3, 0.62, 0.68), who)
        x, y = some.frame(patch, 0.03)
        full = (some.face.beard[:, None] == 4).astype(np.float32)
        edge = np.abs(x - some.turn * 0.05)
        edge -= 0.10
        np.maximum(edge, 0.0, out=edge)
        edge *= edge
        edge *= 2.3
        edge += y
        edge -= 0.195
        edge *= -0.75
        grown = head_distance(some, x, y - full * 0.03)
        grown -= full * 0.016
        share = patch.cover(np.maximum(grown, edge), 0.012)
        share *= 0.34 + full * 0.66
        patch.mix(share, blend(some.hair, some.hair_shade, 0.85))
        lit = oval(x - some.light * 0.1, y - 0.12, 0.42, 0.34)
        lit *= -1.0
        low = patch.cover(lit, 0.1)
        low *= share
        low *= 0.6 * full
        patch.mix(low, blend(some.hair_shade, INK, 0.3))
        patch.put()
    who = chosen((kind == 2) | (kind == 3) | (kind == 4))
    if who is None or len(who):
        some = look.take(who)
        patch = canvas.patch((-0.42, 0.0, 0.42, 0.66), who)
        x, y = some.frame(patch, 0.09)
        tone = blend(some.hair_shade, INK, 0.12)
        side = np.abs(x)
        side -= 0.075
        v = y - 0.218
        v -= side * 0.28
        patch.paint(ellipse(side, v, 0.098, 0.034), tone)
        goatee = (some.face.beard[:, None] == 3).astype(np.float32)
        if goatee.any():
            chin = ellipse(x + some.turn * 0.05, y - 0.44, 0.135, 0.115)
            np.maximum(chin, head_distance(some, x, y, 0.03), out=chin)
            patch.paint(chin, tone, goatee)
        patch.put()


def glasses(canvas: Canvas, look: Look) -> None:
    """Round or square glasses, or dark ones, with a bridge, temples and a glint."""
    for kind in (1, 2, 3):
        who = chosen(look.face.glasses == kind)
        if who is not None and not len(who):
            continue
        some = look.take(who)
        patch = canvas.patch((-0.66, -0.34, 0.66, 0.36), who)
        x, y = some.frame(patch, 0.08)
        y -= 0.012
        frame = _SHADES if kind == 3 else _FRAMES[:, some.face.skin]
        side_x = np.abs(x)
        if kind == 1:
            rim = circle(side_x - 0.18, y, 0.128)
        elif kind == 2:
            rim = box(side_x - 0.183, y, 0.135, 0.108, 0.035)
        else:
            rim = box(side_x - 0.187, y - 0.008, 0.148, 0.108, 0.075)
        bridge = capsule(side_x, y, 0.0, -0.03, 0.07, -0.02, 0.012)
        temple = capsule(side_x, y, 0.31, -0.03, 0.41, -0.035, 0.013)
        wires = np.minimum(bridge, temple)
        if kind == 3:
            patch.paint(np.minimum(rim, wires), frame)
            tint = patch.cover(rim + 0.016)
            tint *= np.clip(y * 2.6 + 0.35, 0.0, 0.6)
            patch.mix(tint, colours(["#6a6f9c"]))
        else:
            lens = patch.cover(rim.copy())
            lens *= 0.16
            patch.mix(lens, WHITE)
            np.abs(rim, out=rim)
            rim -= 0.0155
            patch.paint(np.minimum(rim, wires), frame)
        for offset in (-0.19, 0.18):
            glint = capsule(x, y, offset - 0.045, 0.03, offset + 0.02, -0.055, 0.012)
            patch.paint(glint, WHITE, 0.42)
        patch.put()
