"""A report as Markdown, its pictures and charts in a folder beside it."""

import re
from pathlib import Path

from core.atomic import failure_text, write_bytes, write_text
from core.errors import ExportError, one_line
from core.export.charts import chart_svg
from core.export.document import Block, Chart, Document, Finding, Formula, Heading, Paragraph, Pictures, Table
from core.export.report_html import png_of
from core.translate import tr

LEAST_SIDE_PX = (
    128  # pictures are enlarged to it by whole pixels, since Markdown cannot say how large they are
)
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")


def report_markdown(document: Document, folder: str) -> tuple[str, dict[str, bytes]]:
    """The text, and the files that it shows by their names in a folder of that name beside it."""
    files: dict[str, bytes] = {}
    parts = [f"# {_safe(document.title)}", _safe(document.subtitle)]
    parts += [_block(block, folder, files) for block in document.blocks]
    return "\n\n".join(part for part in parts if part) + "\n", files


def save_markdown(document: Document, path: Path) -> None:
    """Write the text and its folder NAME_files. Raises: ExportError when they cannot be written."""
    folder = path.with_name(path.stem + "_files")
    text, files = report_markdown(document, folder.name)
    try:
        if files:
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_bytes(folder / name, content)
        write_text(path, text)
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error))
        ) from None


def _block(block: Block, folder: str, files: dict[str, bytes]) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_safe(text)}"
        case Paragraph(text):
            return _safe(text)
        case Finding(text, _certain):
            return f"> **{_safe(text)}**"
        case Formula(text):
            return "\n".join("    " + line for line in text.splitlines())
        case Table():
            return _table(block)
        case Pictures():
            return _pictures(block, folder, files)
        case Chart():
            name = _keep(files, "chart", "svg", chart_svg(block, own_style=True).encode("utf-8"))
            caption = f"\n\n{_safe(block.caption)}" if block.caption else ""
            return f"**{_safe(block.title)}**\n\n![{_safe(block.title)}]({_link(folder, name)}){caption}"


def _table(table: Table) -> str:
    rules = ["---:" if place in table.numbers else "---" for place in range(len(table.columns))]
    lines = [
        [_safe(text) for text in table.columns],
        rules,
        *([_safe(text) for text in row] for row in table.rows),
    ]
    caption = [_safe(table.caption), ""] if table.caption else []
    return "\n".join([*caption, *(f"| {' | '.join(line)} |" for line in lines)])


def _pictures(block: Pictures, folder: str, files: dict[str, bytes]) -> str:
    titles, images, captions = [], [], []
    for picture in block.pictures:
        scale = max(1, round(LEAST_SIDE_PX / max(picture.pixels.shape[:2])))
        name = _keep(files, "picture", "png", png_of(picture.pixels, scale))
        titles.append(_safe(picture.title))
        alternative = _safe(
            picture.title or picture.caption.splitlines()[0] if picture.caption else picture.title
        )
        images.append(f"![{alternative}]({_link(folder, name)})")
        captions.append("<br>".join(_safe(line) for line in picture.caption.splitlines()))
    rows = [titles, ["---"] * len(titles), images]
    if any(captions):
        rows.append(captions)
    label = [_safe(block.label), ""] if block.label else []
    return "\n".join([*label, *(f"| {' | '.join(row)} |" for row in rows)])


def _keep(files: dict[str, bytes], kind: str, suffix: str, content: bytes) -> str:
    name = f"{kind}-{len(files) + 1:03}.{suffix}"
    files[name] = content
    return name


def _link(folder: str, name: str) -> str:
    """A relative link; what Markdown or an address would take for its own is written as percent signs."""
    quoted = "".join(
        c if c.isalnum() or c in "-_." else "".join(f"%{b:02X}" for b in c.encode()) for c in folder
    )
    return f"{quoted}/{name}"


def _safe(text: str) -> str:
    """Text that Markdown shows as it is: neither marks nor HTML."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)
