"""What a person wrote about a run: a text file in its folder, notes.txt."""

from pathlib import Path

from core.atomic import failure_text, write_text
from core.errors import RunError
from core.run_files import NOTES, read_bounded
from core.translate import tr

MOST_BYTES = 64 * 1024


def read_notes(run: Path) -> str:
    """The notes in a run's folder, empty where there are none or the file is not ours to read."""
    try:
        return read_bounded(run / NOTES, MOST_BYTES).decode("utf-8", errors="replace").strip()
    except (OSError, ValueError):
        return ""


def write_notes(run: Path, notes: str) -> None:
    """Keep notes in a run's folder; empty ones take the file away. Raises: RunError."""
    notes = notes.strip()
    if len(notes.encode("utf-8", errors="replace")) > MOST_BYTES - 1:
        raise RunError(tr("The notes are longer than {most:,} bytes; shorten them.", most=MOST_BYTES))
    try:
        if notes:
            write_text(run / NOTES, notes.encode("utf-8", errors="replace").decode() + "\n")
        else:
            (run / NOTES).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            tr("The notes cannot be kept in {path}: {reason}.", path=run, reason=failure_text(error))
        ) from None
