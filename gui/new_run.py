"""Where the window makes a new run."""

from pathlib import Path

from core.errors import RunError
from core.places import runs_folder
from core.translate import tr

_MOST = 100_000
_LONGEST = 60  # letters: some are of four bytes, and a folder's name may have 255


def safe_name(text: str) -> str:
    """text as a part of a folder's name: letters and digits of any script, - and _."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in text)[:_LONGEST]


def new_run_path(name: str) -> Path:
    """NAME-1 in the folder of runs, or with the next number that is not there yet. Raises: RunError."""
    folder = runs_folder()
    for number in range(1, _MOST):
        path = folder / f"{name}-{number}"
        if not path.exists():
            return path
    raise RunError(tr("The folder {folder} holds too many runs; remove some.", folder=folder))
