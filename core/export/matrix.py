"""Draws a matrix as a picture: a cell a number, names beside it, a scale. Dials go down, factors across."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.dial_numbers import DialNumbers
from core.export.recipe import check_size
from core.export.typeset import THEMES, Face, ThemeName
from core.factors import FactorReport, notes_of, score_lines, top_dials
from core.translate import tr

_NEGATIVE = {"light": "#b45f06", "dark": "#ffb454"}  # where less than nothing is a number too
MOST_DRAWN = 512  # dials in the picture of the correlations
_CELL_PX = 22
_LEAST_CELL_PX = 2
_TALLEST_PX = 2_400  # cells become smaller beyond it
_NAMED_PX = 13  # a row lower than that has no name beside it
_LONGEST_NAME = 22
_LIMITS = (0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers (R,C) from 0 to 1, or from -1 to 1, with the names of both sides, a title and words below."""

    values: NDArray[np.floating]
    rows: Sequence[str]
    columns: Sequence[str]
    title: str
    notes: Sequence[str] = ()
    is_signed: bool = False

    @property
    def limit(self) -> float:
        """The number that has the full colour: the first round one that none exceeds."""
        largest = float(np.abs(self.values).max(initial=0.0))
        return 1.0 if self.is_signed else next((limit for limit in _LIMITS if limit >= largest), 1.0)


def correlation_matrix(together: NDArray[np.float32], numbers: DialNumbers, sort: str) -> Matrix:
    """The correlations (D,D) of the dials as they are drawn, in the order of a column of their numbers."""
    order = numbers.order(sort)[:MOST_DRAWN]
    notes = [tr("Pearson's correlation of the codes of {count} pictures.", count=f"{numbers.stats.count:,}")]
    if len(order) < len(together):
        notes.append(tr("The first {count} of {total} dials.", count=len(order), total=len(together)))
    names = [f"z{dial}" for dial in order]
    return Matrix(together[np.ix_(order, order)], names, names, tr("Correlation of the dials"), notes, True)


def factor_matrix(report: FactorReport, name: str) -> Matrix:
    """The factor-by-dial matrix of a run, as it is drawn: the dials that know most of a factor come first."""
    dials = top_dials(report)
    rows = [f"z{dial}" for dial in dials]
    title = tr("What each dial of {run} knows of each factor", run=name)
    notes = [
        *(f"{name} {value}: {meaning}" for name, value, meaning in score_lines(report)),
        *notes_of(report),
    ]
    return Matrix(report.shares[dials], rows, report.names, title, notes)


def draw_matrix(matrix: Matrix, theme: ThemeName = "light") -> Image.Image:
    """The matrix as an image. Raises: ExportError where it would be too large."""
    colours = THEMES[theme]
    body, heading = Face(13), Face(18)
    count, across = matrix.values.shape
    cell = max(_LEAST_CELL_PX, min(_CELL_PX, _TALLEST_PX // max(count, across, 1)))
    rows = [_shortened(name) for name in matrix.rows] if cell >= _NAMED_PX else []
    columns = [_shortened(name) for name in matrix.columns] if cell >= _NAMED_PX else []
    margin = 24
    beside = max((body.width(name) for name in rows), default=0) + 8
    above = max((body.width(name) for name in columns), default=0) + 8
    inner = max(beside + across * cell + 70, 460)
    title = heading.wrap(matrix.title, inner)
    notes = [line for note in matrix.notes for line in body.wrap(note, inner)]
    top = margin + len(title) * heading.line_height + 12 + above
    height = top + count * cell + 16 + len(notes) * body.line_height + margin
    check_size(inner + 2 * margin, height)
    image = Image.new("RGB", (inner + 2 * margin, height), colours.window)
    draw = ImageDraw.Draw(image)
    for at, line in enumerate(title):
        heading.write(draw, (margin, margin + at * heading.line_height), line, colours.text)
    left = margin + beside
    pixels = _coloured(matrix.values / matrix.limit, colours.window, colours.accent, _NEGATIVE[theme])
    gap = 1 if cell >= 8 else 0
    for row in range(count):
        for column in range(across):
            x, y = left + column * cell, top + row * cell
            fill = tuple(int(value) for value in pixels[row, column])
            draw.rectangle((x, y, x + cell - 1 - gap, y + cell - 1 - gap), fill=fill)
    for row, name in enumerate(rows):
        place = (left - 8 - body.width(name), top + row * cell + (cell - body.line_height) // 2)
        body.write(draw, place, name, colours.secondary)
    for column, name in enumerate(columns):
        _write_upright(image, body, name, (left + column * cell, top - 6), cell, colours.secondary)
    _draw_scale(draw, matrix, (left + across * cell + 14, top), body, theme)
    for at, line in enumerate(notes):
        body.write(draw, (margin, top + count * cell + 16 + at * body.line_height), line, colours.secondary)
    return image


def _draw_scale(
    draw: ImageDraw.ImageDraw, matrix: Matrix, place: tuple[int, int], face: Face, theme: ThemeName
) -> None:
    colours = THEMES[theme]
    x, top = place
    tall = 96
    least = -1.0 if matrix.is_signed else 0.0
    steps = np.linspace(1.0, least, tall)[:, np.newaxis]
    for at, colour in enumerate(_coloured(steps, colours.window, colours.accent, _NEGATIVE[theme])[:, 0]):
        draw.line((x, top + at, x + 10, top + at), fill=tuple(int(value) for value in colour))
    for text, y in ((f"{matrix.limit:g}", top - 4), ("−1" if matrix.is_signed else "0", top + tall - 14)):
        face.write(draw, (x + 16, y), text, colours.secondary)


def _coloured(values: NDArray[np.floating], ground: str, positive: str, negative: str) -> NDArray[np.uint8]:
    """Colours (R,C,3): the ground at 0, the accent at 1, the other colour at -1, even steps between."""
    size = np.abs(np.clip(values, -1.0, 1.0))[..., np.newaxis]
    full = np.where((values < 0.0)[..., np.newaxis], _rgb(negative), _rgb(positive))
    weak = 0.94 * _rgb(ground) + 0.06 * _rgb(positive)  # a cell of 0 is seen as one
    return (weak + size * (full - weak)).round().astype(np.uint8)


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float64)


def _write_upright(
    image: Image.Image, face: Face, text: str, foot: tuple[int, int], width: int, colour: str
) -> None:
    """A text that goes up from its foot, in the middle of a column of a width."""
    size = (max(face.width(text), 1), face.line_height)
    mask = Image.new("L", size, 0)
    face.write(ImageDraw.Draw(mask), (0, 0), text, "#ffffff")
    turned = mask.transpose(Image.Transpose.ROTATE_90)
    place = (foot[0] + (width - face.line_height) // 2, foot[1] - size[0])
    image.paste(Image.new("RGB", turned.size, colour), place, turned)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + tr("…")
