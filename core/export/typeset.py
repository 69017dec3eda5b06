"""Type and colours of exported figures: fonts that cover the text, wrapping, the light and the dark theme."""

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """The colours of a figure."""

    window: str
    line: str
    text: str
    secondary: str
    accent: str


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(window="#ffffff", line="#dcdfe5", text="#1c1f26", secondary="#606a7b", accent="#1667d9"),
    "dark": Theme(window="#16181d", line="#30353f", text="#e8eaee", secondary="#9aa2b1", accent="#4c9bff"),
}

# Pillow's own font (Aileron, Latin only) comes first, so that figures look alike on every machine; the others
# are tried in this order for each character that it lacks. σ is one of these, so that what is drawn spells
# sigma out: on a machine without the others it would be a box.
_FONTS = (
    "",
    "NotoSansCJK-Regular.ttc",
    "NotoSansTC-Regular.otf",
    "NotoSansTC-Regular.ttf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msjh.ttc",
    "msyh.ttc",
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "segoeui.ttf",
    "Arial.ttf",
)


@dataclass(frozen=True)
class Face:
    """One size of type, with a font found for each text."""

    size: int

    @property
    def line_height(self) -> int:
        """From one baseline to the next, in pixels."""
        return round(self.size * 1.4)

    def runs(self, text: str) -> list[tuple[FreeTypeFont, str]]:
        """The text in pieces, each with the first font that has its characters; else Pillow's own."""
        runs: list[tuple[FreeTypeFont, str]] = []
        for character in text:
            name = next((name for name in _FONTS if _has_glyph(name, character)), "")
            font = _font(name, self.size)
            if font is None:
                raise RuntimeError("Pillow was built without FreeType")
            if runs and runs[-1][0] is font:
                runs[-1] = (font, runs[-1][1] + character)
            else:
                runs.append((font, character))
        return runs

    def width(self, text: str) -> int:
        """The width of one line in pixels, rounded up."""
        return math.ceil(sum(font.getlength(run) for font, run in self.runs(text)))

    def write(self, draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, colour: str) -> None:
        """One line whose line box starts at place; lines of one size share baselines whatever the fonts."""
        x = float(place[0])
        baseline = place[1] + round(0.5 * self.line_height + 0.35 * self.size)
        for font, run in self.runs(text):
            draw.text((x, baseline), run, fill=colour, font=font, anchor="ls")
            x += font.getlength(run)

    def wrap(self, text: str, width: int) -> list[str]:
        """The text in lines of at most width pixels; its own line breaks stay."""
        return [line for paragraph in text.splitlines() for line in self._wrap_line(paragraph, width)]

    def _wrap_line(self, paragraph: str, width: int) -> Iterator[str]:
        line = ""
        for piece in _pieces(paragraph):
            if line and self.width(line + piece.rstrip()) > width:
                yield line.rstrip()
                line = ""
            piece = piece if line else piece.lstrip()
            while self.width(piece.rstrip()) > width and len(piece) > 1:  # a word longer than a line
                fitting = next((n for n in range(len(piece) - 1, 1, -1) if self.width(piece[:n]) <= width), 1)
                yield piece[:fitting]
                piece = piece[fitting:]
            line += piece
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """The parts between which a line may break: words with the spaces after them, single wide characters."""
    piece = ""
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        closing = unicodedata.category(character) in ("Pe", "Pf", "Po")
        ended = piece and (piece[-1].isspace() or unicodedata.east_asian_width(piece[-1]) in "WF" or wide)
        if ended and not character.isspace() and not closing:
            yield piece
            piece = ""
        piece += character
    yield piece


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> FreeTypeFont | None:
    try:
        font = ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    except OSError:
        return None
    return font if isinstance(font, FreeTypeFont) else None


@lru_cache(maxsize=16_384)
def _has_glyph(name: str, character: str) -> bool:
    font = _font(name, 20)
    if font is None or character.isspace():
        return font is not None
    return _drawn(font, character) != _drawn(font, "\uffff")  # a character that no font has


def _drawn(font: FreeTypeFont, character: str) -> bytes:
    canvas = Image.new("L", (48, 48))
    ImageDraw.Draw(canvas).text((12, 8), character, fill=255, font=font)
    return canvas.tobytes()
