"""The names of the files in a run's folder, and how one is told; what they hold is in core.runs."""

from pathlib import Path

CONFIG = "config.json"
METRICS = "metrics.csv"
MODEL = "model.safetensors"
CHECKPOINT = "checkpoint.safetensors"


def is_run(path: str | Path) -> bool:
    """Whether path is a folder with a config.json in it."""
    return (Path(path) / CONFIG).is_file()
