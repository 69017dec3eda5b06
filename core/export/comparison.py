"""Draws a comparison as one image: a grid of pictures with titles, captions, error figures and words.

comparison_layout says where every picture lies, to the pixel. The values are made in core.export.panels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.errors import ExportError
from core.export.panels import Comparison, Panel, adjustment_caption, make_comparison
from core.export.recipe import check_size, picture_image
from core.export.typeset import THEMES, Face, Theme, ThemeName
from core.translate import tr

__all__ = [
    "Box",
    "Comparison",
    "Layout",
    "Panel",
    "adjustment_caption",
    "comparison_layout",
    "difference_factor",
    "difference_pixels",
    "make_comparison",
    "render_comparison",
]

MAX_SCALE = 32
_COMFORTABLE_WIDTH = 1640  # wider figures are laid out in rows
_FACTORS = (32, 16, 8, 4, 2, 1)
# From black through violet and orange to pale yellow; even steps of lightness, after Matplotlib's "inferno".
_HEAT = np.array(
    [
        (0, 0, 4),
        (31, 12, 72),
        (85, 15, 109),
        (136, 34, 106),
        (186, 54, 85),
        (227, 89, 51),
        (249, 140, 10),
        (249, 201, 50),
        (252, 255, 164),
    ]
)

Box = tuple[int, int, int, int]  # left, top, right, bottom, the last two excluded


@dataclass(frozen=True)
class _Block:
    """What is written around one picture, already in lines."""

    title: str
    caption: tuple[str, ...]
    figure: tuple[str, ...]
    note: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Where things lie: panels in the order of Comparison.panels, a difference None where there is none."""

    size: tuple[int, int]
    panels: tuple[Box, ...]
    differences: tuple[Box | None, ...]
    column_width: int
    margin: int
    heading: Face
    body: Face
    small: Face
    blocks: tuple[_Block, ...]
    heading_lines: tuple[str, ...]
    subtitle_lines: tuple[str, ...]


def comparison_layout(comparison: Comparison, *, scale: int = 4, difference_row: bool = False) -> Layout:
    """The layout of a comparison at a whole-number scale. Raises: ExportError for a scale out of 1 to 32."""
    if not 1 <= scale <= MAX_SCALE:
        raise ExportError(tr("The scale is {scale}; it must be 1 to {most}.", scale=scale, most=MAX_SCALE))
    height, width = (length * scale for length in comparison.reconstruction.pixels.shape[:2])
    body = Face(min(max(round(width / 17), 14), 22))
    small, heading = Face(body.size - 1), Face(round(body.size * 1.5))
    margin, gap = 2 * body.size + 4, round(1.7 * body.size)
    panels = comparison.panels
    column = max(
        width,
        *(body.width(line) for panel in panels for line in (panel.title, *panel.caption.splitlines())),
        *(small.width(panel.figure) for panel in panels),
        14 * body.size if any(panel.note for panel in panels) else 0,
    )
    rows = _rows(len(panels), column + gap)
    across = max(len(row) for row in rows)
    blocks = tuple(_block(panel, column, body, small) for panel in panels)
    inner = across * column + (across - 1) * gap
    heading_lines = tuple(heading.wrap(comparison.title, inner)) if comparison.title else ()
    subtitle_lines = tuple(small.wrap(comparison.subtitle, inner)) if comparison.subtitle else ()

    top = margin + len(heading_lines) * heading.line_height + len(subtitle_lines) * small.line_height
    top += body.size if heading_lines or subtitle_lines else 0
    boxes: list[Box] = []
    differences: list[Box | None] = []
    first_changed = 1  # the first panel has nothing to differ from
    for row in rows:
        picture_top = top + body.line_height + body.size // 3
        difference_top = picture_top + height + body.size // 2 + small.line_height + body.size // 4
        for place, number in enumerate(row):
            left = margin + place * (column + gap)
            boxes.append((left, picture_top, left + width, picture_top + height))
            has = difference_row and number >= first_changed
            differences.append((left, difference_top, left + width, difference_top + height) if has else None)
        text_top = (difference_top if difference_row else picture_top) + height
        top = (
            text_top
            + max(_block_height(blocks[number], body, small) for number in row)
            + round(2.6 * body.size)
        )
    size = (2 * margin + inner, top - round(2.6 * body.size) + margin)
    check_size(*size)
    return Layout(
        size,
        tuple(boxes),
        tuple(differences),
        column,
        margin,
        heading,
        body,
        small,
        blocks,
        heading_lines,
        subtitle_lines,
    )


def _rows(count: int, pitch: int) -> list[range]:
    """Panel numbers in rows of nearly equal length that are comfortably wide; at least three in a row."""
    most = max(3, _COMFORTABLE_WIDTH // pitch)
    across = -(-count // -(-count // most))
    return [range(start, min(start + across, count)) for start in range(0, count, across)]


def _block(panel: Panel, width: int, body: Face, small: Face) -> _Block:
    return _Block(
        panel.title,
        tuple(panel.caption.splitlines()),
        (panel.figure,) if panel.figure else (),
        tuple(body.wrap(panel.note.strip(), width)) if panel.note.strip() else (),
    )


def _block_height(block: _Block, body: Face, small: Face) -> int:
    height = body.size // 2 + len(block.caption) * body.line_height + len(block.figure) * small.line_height
    return height + (body.size // 2 + len(block.note) * body.line_height if block.note else 0)


def difference_factor(pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> int:
    """The greatest power of two up to 32 that keeps 99.5 % of the differences within the scale."""
    if not pairs:
        return 1
    sizes = np.concatenate([_difference(before, after).ravel() for before, after in pairs])
    largest = float(np.quantile(sizes, 0.995))
    return next((factor for factor in _FACTORS if largest * factor <= 255.0), 1)


def difference_pixels(before: NDArray[np.uint8], after: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The largest absolute difference of a channel times factor, as colours (H,W,3) from black to yellow."""
    return _heat(np.minimum(_difference(before, after) * float(factor), 255.0))


def _difference(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.int16]:
    return np.abs(after.astype(np.int16) - before.astype(np.int16)).max(axis=2)


def _heat(levels: NDArray[np.floating]) -> NDArray[np.uint8]:
    stops = np.linspace(0.0, 255.0, len(_HEAT))
    channels = [np.interp(levels, stops, _HEAT[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def render_comparison(
    comparison: Comparison,
    *,
    scale: int = 4,
    theme: ThemeName = "light",
    difference_row: bool = False,
) -> Image.Image:
    """The figure as an RGB image, pictures enlarged by whole pixels. Raises: ExportError (a wrong scale)."""
    layout = comparison_layout(comparison, scale=scale, difference_row=difference_row)
    colours = THEMES[theme]
    image = Image.new("RGB", layout.size, colours.window)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "L"
    _draw_heading(draw, layout, colours)
    for panel, block, box in zip(comparison.panels, layout.blocks, layout.panels, strict=True):
        image.paste(picture_image(panel.pixels, scale), box[:2])
        _outline(draw, box, colours)
        layout.body.write(
            draw,
            (box[0], box[1] - layout.body.size // 3 - layout.body.line_height),
            block.title,
            colours.secondary,
        )
    if difference_row:
        _draw_differences(image, draw, comparison, layout, scale, colours)
    _draw_texts(draw, layout, colours, difference_row)
    return image


def _draw_heading(draw: ImageDraw.ImageDraw, layout: Layout, colours: Theme) -> None:
    x, y = layout.margin, layout.margin
    for line in layout.heading_lines:
        layout.heading.write(draw, (x, y), line, colours.text)
        y += layout.heading.line_height
    for line in layout.subtitle_lines:
        layout.small.write(draw, (x, y), line, colours.secondary)
        y += layout.small.line_height


def _draw_texts(draw: ImageDraw.ImageDraw, layout: Layout, colours: Theme, difference_row: bool) -> None:
    # The first panel has no difference picture but its words stand in line with the others'.
    drop = next((d[3] - p[3] for d, p in zip(layout.differences, layout.panels, strict=True) if d), 0)
    for block, box in zip(layout.blocks, layout.panels, strict=True):
        x, y = box[0], box[3] + (drop if difference_row else 0) + layout.body.size // 2
        for line in block.caption:
            layout.body.write(draw, (x, y), line, colours.text)
            y += layout.body.line_height
        for line in block.figure:
            layout.small.write(draw, (x, y), line, colours.secondary)
            y += layout.small.line_height
        y += layout.body.size // 2
        for line in block.note:
            layout.body.write(draw, (x, y), line, colours.text)
            y += layout.body.line_height


def _draw_differences(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    comparison: Comparison,
    layout: Layout,
    scale: int,
    colours: Theme,
) -> None:
    base = comparison.reconstruction
    # The reconstruction differs from the original, every adjustment from what it was made of.
    original = comparison.original
    of_original = [panel is base or comparison.has_detail for panel in comparison.panels]
    before = {
        number: original.pixels if original is not None and of_original[number] else base.pixels
        for number in range(len(comparison.panels))
        if layout.differences[number] is not None
    }
    shown = comparison.adjustments or (base,)  # what the reconstruction lacks would drown an adjustment
    pairs = [(pixels, comparison.panels[n].pixels) for n, pixels in before.items()]
    factor = difference_factor(pairs[-len(shown) :])
    small = layout.small
    for number, pixels in before.items():
        box = layout.differences[number]
        assert box is not None
        panel = comparison.panels[number]
        label = (
            tr("difference from the original, x{factor}", factor=factor)
            if of_original[number]
            else tr("difference from the reconstruction, x{factor}", factor=factor)
        )
        image.paste(picture_image(difference_pixels(pixels, panel.pixels, factor), scale), box[:2])
        _outline(draw, box, colours)
        label_top = box[1] - layout.body.size // 4 - small.line_height
        small.write(
            draw, (box[0], label_top), _fitting(label, factor, small, layout.column_width), colours.secondary
        )
    _draw_scale(image, draw, layout, factor, colours)


def _fitting(label: str, factor: int, face: Face, width: int) -> str:
    return label if face.width(label) <= width else tr("difference x{factor}", factor=factor)


def _draw_scale(
    image: Image.Image, draw: ImageDraw.ImageDraw, layout: Layout, factor: int, colours: Theme
) -> None:
    """The legend of the difference pictures, in the place of the one that the first panel does not have."""
    reference = next((box for box in layout.differences if box is not None), None)
    if reference is None:
        return
    small, left = layout.small, layout.panels[0][0]
    width = max(layout.panels[0][2] - left, min(9 * small.size, layout.column_width))
    bar_height = max(8, layout.body.size // 2)
    top = reference[3] - small.line_height - bar_height - layout.body.size // 3
    ramp = np.repeat(_heat(np.linspace(0.0, 255.0, width))[np.newaxis], bar_height, axis=0)
    image.paste(Image.fromarray(ramp), (left, top))
    _outline(draw, (left, top, left + width, top + bar_height), colours)
    y = top + bar_height + layout.body.size // 3
    small.write(draw, (left, y), "0", colours.secondary)
    end = (
        tr("{level} of 255", level=255) if factor == 1 else tr("{level} and more", level=round(255 / factor))
    )
    small.write(draw, (left + width - small.width(end), y), end, colours.secondary)
    label = tr("difference")
    small.write(draw, (left, top - small.line_height - layout.body.size // 4), label, colours.secondary)


def _outline(draw: ImageDraw.ImageDraw, box: Box, colours: Theme) -> None:
    """A hairline around a picture, outside its pixels, so that a white one ends somewhere."""
    draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=colours.line)
