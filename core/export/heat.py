"""Draws where dials act on one picture: the picture, and a heat map for each dial with its sentence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.acting import Acting, heated
from core.errors import ExportError
from core.export.comparison import MAX_SCALE
from core.export.recipe import check_size, picture_image
from core.export.typeset import THEMES, Face, ThemeName
from core.translate import tr

_LEAST_COLUMN_PX = 240


def draw_heat(
    pixels: NDArray[np.uint8],
    acts: Sequence[tuple[str, Acting]],
    title: str,
    *,
    scale: int = 4,
    theme: ThemeName = "light",
) -> Image.Image:
    """The decoded picture (H,W,C), and for each name and its Acting the heat map with the sentence.

    All maps have one scale, from 0 to the largest change. Raises: ExportError for a scale out of 1 to 32.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise ExportError(tr("The scale is {scale}; it must be 1 to {most}.", scale=scale, most=MAX_SCALE))
    colours, body, heading = THEMES[theme], Face(14), Face(20)
    height, width = (side * scale for side in pixels.shape[:2])
    column, gap, margin = max(width, _LEAST_COLUMN_PX), 24, 28
    limit = max([float(one.heat.max()) for _, one in acts] + [1.0])
    words = [[tr("Reconstruction")]] + [body.wrap(text, column) for text in _captions(acts)]
    panels = [pixels, *(heated(pixels, one.heat, limit, colours.accent) for _, one in acts)]
    across = min(len(panels), 4)
    rows = -(-len(panels) // across)
    row_px = height + 12 + max(len(lines) for lines in words) * body.line_height + gap
    top = margin + heading.line_height + 12
    size = (2 * margin + across * column + (across - 1) * gap, top + rows * row_px + margin)
    check_size(*size)
    image = Image.new("RGB", size, colours.window)
    draw = ImageDraw.Draw(image)
    heading.write(draw, (margin, margin), title, colours.text)
    for at, (panel, lines) in enumerate(zip(panels, words, strict=True)):
        left, upper = margin + at % across * (column + gap), top + at // across * row_px
        image.paste(picture_image(panel, scale).convert("RGB"), (left, upper))
        for number, line in enumerate(lines):
            place = (left, upper + height + 8 + number * body.line_height)
            body.write(draw, place, line, colours.text if number == 0 else colours.secondary)
    scale_text = tr(
        "Heat from 0 to {limit} of 255, for one standard deviation either way", limit=f"{limit:.0f}"
    )
    body.write(draw, (margin, size[1] - margin - 4), scale_text, colours.secondary)
    return image


def _captions(acts: Sequence[tuple[str, Acting]]) -> list[str]:
    return [f"{name}\n{one.sentence(tr('+1 sigma'))}" for name, one in acts]
