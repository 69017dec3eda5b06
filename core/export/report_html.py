"""A report as one HTML page that needs nothing else: no script, no network, light and dark."""

import base64
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.atomic import failure_text, write_text
from core.errors import ExportError, one_line
from core.export.charts import STYLE, chart_svg
from core.export.document import (
    Block,
    Chart,
    Document,
    Finding,
    Formula,
    Heading,
    Paragraph,
    Picture,
    Pictures,
    Table,
)
from core.translate import tr

MOST_IN_A_NARROW_LINE = 10  # pictures of a strip; more become two lines on a telephone
# Nothing may be fetched or run, whatever a name in the page may hold.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_PAGE = """
:root{color-scheme:light dark;--page:#f3f4f6;--card:#fff;--line:#dcdfe5;--text:#1c1f26;--dim:#606a7b;
--accent:#1667d9;--open:#b45f06}
@media (prefers-color-scheme:dark){:root{--page:#16181d;--card:#1d2026;--line:#30353f;--text:#e8eaee;
--dim:#9aa2b1;--accent:#4c9bff;--open:#ffb454}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK TC",sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
header p{color:var(--dim);margin:0}
h1{font-size:30px;line-height:1.2;margin:0 0 8px;overflow-wrap:anywhere}
h2{font-size:22px;line-height:1.3;margin:48px 0 8px;padding-top:16px;border-top:1px solid var(--line)}
h3{font-size:17px;margin:32px 0 8px}
p{max-width:72ch;margin:8px 0;overflow-wrap:anywhere}
.finding{border-left:4px solid var(--accent);background:var(--card);padding:8px 16px;margin:16px 0;
border-radius:0 6px 6px 0}
.finding.open{border-color:var(--open)}
pre{background:var(--card);padding:12px 16px;border-radius:6px;overflow-x:auto;
font:15px/1.6 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.wide{overflow-x:auto;margin:16px 0}
.label+.wide{margin-top:4px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;background:var(--card);
border-radius:6px}
th,td{padding:6px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600}
.n{text-align:right;white-space:nowrap}
figure{margin:16px 0;overflow-x:auto}
figcaption,.label{color:var(--dim);font-size:14px}
.label{margin:16px 0 4px}
.row{display:flex;flex-wrap:wrap;gap:16px;margin:4px 0 16px}
.row .cell{width:176px}
.strip{display:grid;gap:4px;margin:4px 0 16px}
.cell{margin:0;font-size:13px;line-height:1.4;overflow-wrap:anywhere}
.cell img{display:block;width:100%;height:auto;image-rendering:pixelated;border-radius:3px;
outline:1px solid var(--line)}
.cell .t{color:var(--dim);margin-bottom:3px}
.cell .c{margin-top:4px;white-space:pre-line}
.strip .cell{font-size:11px;text-align:center}
figure svg{display:block;width:100%;min-width:400px;max-width:760px;
height:auto;background:var(--card);border-radius:6px}
@media (max-width:600px){main{padding:20px 14px 40px}h1{font-size:24px}.row{gap:10px}
.row .cell{width:calc(50% - 5px)}
.strip.many{grid-template-columns:repeat(8,minmax(0,1fr))!important}
th,td{padding:5px 8px}table{font-size:13px}}
@media print{:root{--page:#fff;--card:#fff;--line:#bbb;--text:#000;--dim:#444}body{font-size:11pt}
main{max-width:none;padding:0}figure,.row,.strip,.finding,tr{break-inside:avoid}h2,h3{break-after:avoid}}
"""


def report_html(document: Document) -> str:
    """The whole page. Every text in it is escaped."""
    body = "\n".join(_block(block) for block in document.blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="generator" content="Latent Dials">\n'
        f"<title>{_safe(document.title)}</title>\n<style>{_PAGE}{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{_safe(document.title)}</h1><p>{_safe(document.subtitle)}</p></header>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def save_html(document: Document, path: Path) -> None:
    """Write the page whole or not at all. Raises: ExportError when it cannot be written."""
    try:
        write_text(path, report_html(document))
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error))
        ) from None


def png_of(pixels: NDArray[np.uint8], scale: int = 1) -> bytes:
    """A picture (H,W,C), C 1 or 3, as a PNG, each pixel a square of scale by scale."""
    plain = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    enlarged = np.repeat(np.repeat(plain, scale, axis=0), scale, axis=1)
    buffer = BytesIO()
    Image.fromarray(enlarged).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_safe(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{_safe(text)}</p>"
        case Finding(text, certain):
            return f'<p class="finding{"" if certain else " open"}">{_safe(text)}</p>'
        case Formula(text):
            return f"<pre>{escape(text)}</pre>"
        case Table():
            return _table(block)
        case Pictures():
            return _pictures(block)
        case Chart():
            return (
                f'<figure><p class="label">{_safe(block.title)}</p>{chart_svg(block)}'
                f"<figcaption>{_safe(block.caption)}</figcaption></figure>"
            )


def _table(table: Table) -> str:
    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(
            f"<{tag}{' class=n' if place in table.numbers else ''}>{_safe(text)}</{tag}>"
            for place, text in enumerate(row)
        )

    # outside of what scrolls, so that it is read whole on a narrow screen
    caption = f'<p class="label">{_safe(table.caption)}</p>' if table.caption else ""
    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    return (
        f'{caption}<div class="wide"><table><thead><tr>{cells("th", table.columns)}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _pictures(block: Pictures) -> str:
    label = f'<p class="label">{_safe(block.label)}</p>' if block.label else ""
    cells = "".join(_cell(picture) for picture in block.pictures)
    if block.strip:
        count = len(block.pictures)
        style = f"grid-template-columns:repeat({count},minmax(0,1fr));max-width:{count * 116}px"
        kind = "strip many" if count > MOST_IN_A_NARROW_LINE else "strip"
        return f'{label}<div class="{kind}" style="{style}">{cells}</div>'
    return f'{label}<div class="row">{cells}</div>'


def _cell(picture: Picture) -> str:
    height, width = picture.pixels.shape[:2]
    data = base64.b64encode(png_of(picture.pixels)).decode("ascii")
    title = f'<div class="t">{_safe(picture.title)}</div>' if picture.title else ""
    words = "<br>".join(_safe(line) for line in picture.caption.splitlines())
    caption = f'<div class="c">{words}</div>' if words else ""
    alternative = _safe(picture.title or picture.caption or tr("picture"))
    return (
        f'<div class="cell">{title}'
        f'<img alt="{alternative}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
        f"{caption}</div>"
    )


def _safe(text: str) -> str:
    return escape(one_line(text))
