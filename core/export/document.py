"""A report as values: headings, paragraphs, tables, pictures, charts. Who writes them to a file is beside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Heading:
    """A heading; level 2 is a chapter, 3 a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class Finding:
    """What a measurement says, set off from the text; certain is False where the numbers leave it open."""

    text: str
    certain: bool = True


@dataclass(frozen=True)
class Formula:
    """A formula on lines of its own, written in plain characters."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of texts under headings; numbers names the columns that are set to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture uint8 (H,W,C), C 1 or 3, with a title above and words below, in lines."""

    pixels: NDArray[np.uint8]
    title: str = ""
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures beside each other. A strip keeps them in one line, however narrow; others are laid out in
    rows.
    """

    pictures: tuple[Picture, ...]
    label: str = ""
    strip: bool = False


@dataclass(frozen=True, eq=False)
class Series:
    """One line of a chart, with a band between low and high where they are given."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Chart:
    """Lines over common axes that begin at 0 or below; the caption says what is to be seen."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    caption: str = ""


Block = Heading | Paragraph | Finding | Formula | Table | Pictures | Chart


@dataclass(frozen=True, eq=False)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]
