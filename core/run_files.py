"""The names of the files in a run's folder, and how one is told; what they hold is in core.runs."""

from pathlib import Path

from core.translate import tr

CONFIG = "config.json"
METRICS = "metrics.csv"
MODEL = "model.safetensors"
CHECKPOINT = "checkpoint.safetensors"
LOCK = "lock"  # there while the run is being trained
KL = "kl.json"  # of each dimension, at the last checkpoint of a vae
EPOCHS = "epochs"  # a folder with the weights of some epochs
NOTES = "notes.txt"  # what the person wrote about it


def is_run(path: str | Path) -> bool:
    """Whether path is a folder with a config.json in it."""
    return (Path(path) / CONFIG).is_file()


def read_bounded(path: Path, limit: int) -> bytes:
    """All of a regular file of at most limit bytes. Raises: ValueError for another, OSError."""
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(tr("it is no regular file"))
    with path.open("rb") as file:
        content = file.read(limit + 1) if path.stat().st_size <= limit else b""
        if file.read(1):  # it may grow meanwhile
            raise ValueError(tr("it has more than {limit:,} bytes", limit=limit))
    return content
