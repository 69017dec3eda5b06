"""What is done to a run's folder as a whole: it gets another name, or is saved once more elsewhere."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from core.atomic import PART_SUFFIX, copy_file, failure_text, is_same_place, making_folder
from core.errors import RunError, is_plain
from core.locking import HeldError, held
from core.metrics import MetricsRow, write_rows
from core.run_files import LOCK, METRICS, is_run
from core.runs import Run, check_new_run
from core.translate import tr


def rename_run(path: Path, name: str) -> Path:
    """Give a run's folder another name, unless it is being trained; where it is then. Raises: RunError."""
    if name == path.name:
        return path
    if name in ("", ".", "..") or not is_plain(name) or any(sign in name for sign in '/\\:*?"<>|'):
        raise RunError(
            tr('"{name}" cannot be a folder\'s name; use letters, digits, spaces, - and _.', name=name)
        )
    target = path.with_name(name)
    if target.exists() and not is_same_place(target, path):  # a disk may not tell A from a
        raise RunError(tr("{path} is there already; choose another name.", path=target))
    try:
        with held(path / LOCK):
            if os.name != "nt":
                path.rename(target)
                (target / LOCK).unlink(missing_ok=True)
        if os.name == "nt":  # a folder with an open file in it cannot be renamed there
            path.rename(target)
    except HeldError as error:
        holder = error.holder or tr("another process")
        raise RunError(
            tr("{name} is being trained by {holder}: stop that first.", name=path.name, holder=holder)
        ) from None
    except OSError as error:
        raise RunError(
            tr("{path} cannot be renamed: {reason}.", path=path, reason=failure_text(error))
        ) from None
    return target


def save_run_as(run: Run, path: str | Path, weights: Mapping[str, Tensor], rows: Iterable[MetricsRow]) -> Run:
    """The run once more in a new folder: all of its files, or, where they are gone, what is known of them.

    Then it has its config, the weights (model.safetensors) and the rows of metrics.csv, and no checkpoint.
    Raises: RunError; then nothing is left of the new folder.
    """
    folder = check_new_run(path)
    if folder.is_relative_to(run.path):
        raise RunError(tr("{path} lies in the run's own folder; choose another place.", path=folder))
    if folder.exists():
        raise RunError(tr("{path} is there already; choose a folder that is not.", path=folder))
    try:
        with making_folder(folder) as part:
            if is_run(run.path):
                _copy(run.path, part)
            else:
                new = Run(part, run.config)
                new.save_weights(weights)
                write_rows(part / METRICS, rows)
                new.update_train(run.config.train)
    except OSError as error:
        raise RunError(
            tr("The run cannot be saved in {path}: {reason}.", path=folder, reason=failure_text(error))
        ) from None
    return Run(folder, run.config)


def _copy(run: Path, target: Path) -> None:
    """Every file of a run's folder but its lock and what a killed writer left. Raises: OSError."""
    for source in sorted(run.rglob("*")):  # a folder before what is in it
        copy = target / source.relative_to(run)
        if source.is_dir():
            copy.mkdir()
        elif source.is_file() and source.name != LOCK and source.suffix != PART_SUFFIX:
            copy_file(source, copy)
