"""A sheet: pictures in rows with captions, drawn as one image in the look of the comparison figure.

Traversals, interpolations, samples and contact sheets are sheets; a frame of an animation is one too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.errors import ExportError
from core.export.recipe import check_size, picture_image
from core.export.typeset import THEMES, Face, ThemeName
from core.translate import tr

MAX_SCALE = 32
Box = tuple[int, int, int, int]  # left, top, right, bottom, the last two excluded


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture uint8 (H,W,C) with a caption, whose lines end with a newline; marked ones are outlined."""

    pixels: NDArray[np.uint8]
    caption: str = ""
    is_marked: bool = False


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of tiles of one size, each row with a name to its left, which may be empty; bare: nothing else."""

    rows: tuple[tuple[Tile, ...], ...]
    row_names: tuple[str, ...] = ()
    title: str = ""
    subtitle: str = ""
    is_bare: bool = False


@dataclass(frozen=True)
class SheetLayout:
    """Where things lie: boxes holds the places of the pictures, captions begin caption_gap below them."""

    size: tuple[int, int]
    boxes: tuple[tuple[Box, ...], ...]
    margin: int
    column_width: int
    caption_gap: int
    heading: Face
    body: Face
    small: Face
    heading_lines: tuple[str, ...]
    subtitle_lines: tuple[str, ...]


def comfortable_scale(side: int, tiles_across: int) -> int:
    """A scale at which tiles are good to see and a sheet fits on a screen."""
    wanted = max(96, min(320, 1440 // max(tiles_across, 1)))
    return max(1, min(MAX_SCALE, wanted // max(side, 1)))


def check_scale(scale: int) -> None:
    """Raises: ExportError for a scale out of 1 to 32."""
    if not 1 <= scale <= MAX_SCALE:
        raise ExportError(tr("The scale is {scale}; it must be 1 to {most}.", scale=scale, most=MAX_SCALE))


def in_rows(tiles: Sequence[Tile], columns: int) -> tuple[tuple[Tile, ...], ...]:
    """Tiles in rows of so many columns."""
    return tuple(tuple(tiles[start : start + columns]) for start in range(0, len(tiles), columns))


def columns_for(count: int) -> int:
    """Columns that make a sheet of count tiles a little wider than high."""
    return max(1, int(np.ceil(np.sqrt(count))))


def sheet_layout(
    rows: Sequence[int],
    captions: Sequence[str],
    picture_size: tuple[int, int],
    *,
    scale: int,
    row_names: Sequence[str] = (),
    title: str = "",
    subtitle: str = "",
    is_bare: bool = False,
) -> SheetLayout:
    """The layout of rows of so many tiles of picture_size (height, width), with room for any of captions.

    Raises: ExportError for a scale out of 1 to 32 and for an image that is too large.
    """
    check_scale(scale)
    height, width = (length * scale for length in picture_size)
    body = Face(min(max(round(width / 10), 12), 18))
    small, heading = Face(max(11, body.size - 1)), Face(round(body.size * 1.4))
    across = max(rows, default=1)
    if is_bare:
        gap = max(2, scale) if max(across, len(rows)) > 1 else 0
        size = (across * (width + gap) - gap, len(rows) * (height + gap) - gap)
        lefts, tops = (
            [place * (width + gap) for place in range(across)],
            [place * (height + gap) for place in range(len(rows))],
        )
        return SheetLayout(
            _checked(size),
            _boxes(rows, lefts, tops, width, height),
            0,
            width,
            0,
            heading,
            body,
            small,
            (),
            (),
        )
    lines = [caption.splitlines() for caption in captions]
    column = max([width, *(body.width(line) for caption in lines for line in caption)])
    margin, gap = round(1.6 * body.size) + 4, round(0.7 * body.size)
    gutter = max((body.width(name) for name in row_names), default=0)
    gutter += body.size if gutter else 0
    inner = gutter + across * (column + gap) - gap
    longest = max((heading.width(word) for word in title.split()), default=0)
    if inner < longest:
        inner = longest
    heading_lines = tuple(heading.wrap(title, inner)) if title else ()
    subtitle_lines = tuple(small.wrap(subtitle, inner)) if subtitle else ()
    top = margin + len(heading_lines) * heading.line_height + len(subtitle_lines) * small.line_height
    top += round(0.8 * body.size) if heading_lines or subtitle_lines else 0
    caption_gap = body.size // 4
    deepest = max((len(caption) for caption in lines), default=0)
    pitch = height + (caption_gap + deepest * body.line_height if deepest else 0) + gap
    lefts = [margin + gutter + place * (column + gap) for place in range(across)]
    tops = [top + place * pitch for place in range(len(rows))]
    size = (2 * margin + inner, top + len(rows) * pitch - gap + margin)
    return SheetLayout(
        _checked(size),
        _boxes(rows, lefts, tops, width, height),
        margin,
        column,
        caption_gap,
        heading,
        body,
        small,
        heading_lines,
        subtitle_lines,
    )


def _checked(size: tuple[int, int]) -> tuple[int, int]:
    check_size(*size)
    return size


def _boxes(
    rows: Sequence[int], lefts: Sequence[int], tops: Sequence[int], width: int, height: int
) -> tuple[tuple[Box, ...], ...]:
    return tuple(
        tuple((left, top, left + width, top + height) for left in lefts[:count])
        for count, top in zip(rows, tops, strict=True)
    )


def layout_of(sheet: Sheet, scale: int) -> SheetLayout:
    """The layout of a sheet. Raises: ExportError."""
    tiles = [tile for row in sheet.rows for tile in row]
    if not tiles:
        raise ExportError(tr("There are no pictures for a sheet."))
    height, width = tiles[0].pixels.shape[:2]
    return sheet_layout(
        [len(row) for row in sheet.rows],
        [tile.caption for tile in tiles],
        (height, width),
        scale=scale,
        row_names=sheet.row_names,
        title=sheet.title,
        subtitle=sheet.subtitle,
        is_bare=sheet.is_bare,
    )


def blank_sheet(layout: SheetLayout, row_names: Sequence[str], theme: ThemeName) -> Image.Image:
    """The sheet without its pictures and captions: ground, heading, names of rows, and outlines."""
    colours = THEMES[theme]
    image = Image.new("RGB", layout.size, colours.window)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "L"
    y = layout.margin
    for line in layout.heading_lines:
        layout.heading.write(draw, (layout.margin, y), line, colours.text)
        y += layout.heading.line_height
    for line in layout.subtitle_lines:
        layout.small.write(draw, (layout.margin, y), line, colours.secondary)
        y += layout.small.line_height
    for name, boxes in zip(row_names, layout.boxes, strict=False):
        middle = (boxes[0][1] + boxes[0][3] - layout.body.line_height) // 2
        layout.body.write(draw, (layout.margin, middle), name, colours.text)
    if layout.margin:
        for box in (box for row in layout.boxes for box in row):
            draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=colours.line)
    return image


def draw_caption(
    draw: ImageDraw.ImageDraw, layout: SheetLayout, place: tuple[int, int], caption: str, theme: ThemeName
) -> None:
    """A caption whose first line begins at place: the first in the text's colour, the others weaker."""
    x, y = place
    for number, line in enumerate(caption.splitlines()):
        layout.body.write(draw, (x, y), line, THEMES[theme].secondary if number else THEMES[theme].text)
        y += layout.body.line_height


def render_sheet(sheet: Sheet, *, scale: int = 1, theme: ThemeName = "light") -> Image.Image:
    """The sheet as an RGB image, pictures enlarged by whole pixels. Raises: ExportError."""
    layout = layout_of(sheet, scale)
    image = blank_sheet(layout, sheet.row_names, theme)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "L"
    for row, boxes in zip(sheet.rows, layout.boxes, strict=True):
        for tile, box in zip(row, boxes, strict=True):
            image.paste(picture_image(tile.pixels, scale), box[:2])
            if sheet.is_bare:
                continue
            if tile.is_marked:
                edges = (box[0] - 2, box[1] - 2, box[2] + 1, box[3] + 1)
                draw.rectangle(edges, outline=THEMES[theme].accent, width=2)
            draw_caption(draw, layout, (box[0], box[3] + layout.caption_gap), tile.caption, theme)
    return image
