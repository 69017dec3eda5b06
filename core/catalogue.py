"""The runs of a folder as rows: what each is, how good, how large; and what differs between two of them."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoints import damaged
from core.errors import LatentDialsError, RunError
from core.locking import seems_held
from core.metrics import Metrics
from core.notes import read_notes
from core.run_files import CHECKPOINT, CONFIG, LOCK, METRICS, MODEL
from core.runs import Run
from core.snapshots import kept_snapshots
from core.tensor_headers import read_tensor_header
from core.translate import tr


class RunState(Enum):
    """How far a run is."""

    TRAINING = "training"
    FINISHED = "finished"
    STOPPED = "stopped"
    UNTRAINED = "untrained"
    IMPORTED = "imported"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class RunRow:
    """One run in a table. Numbers that are not known are nan, or 0 where they are counts.

    problem is one sentence where the run cannot be opened; then only name, path, size, date and notes are
    known. val_mse and best_val_mse are per pixel in [-1,1]; seconds are those spent training; size is in
    bytes, of everything in the folder; changed is when something in it was written last, as Unix time.
    """

    path: Path
    state: RunState
    problem: str = ""
    data: str = ""
    pictures: int = 0
    network: str = ""
    objective: str = ""
    latent_dim: int = 0
    epochs: int = 0
    epochs_asked: int = 0
    mse: float = math.nan
    val_mse: float = math.nan
    best_val_mse: float = math.nan
    seconds: float = 0.0
    kept_epochs: int = 0
    size: int = 0
    changed: float = 0.0
    notes: str = ""

    @property
    def name(self) -> str:
        """The folder's name, which is the run's."""
        return self.path.name

    def facts(self) -> dict[str, Any]:
        """The row for JSON: what is not known is null."""
        values = asdict(self) | {"path": str(self.path), "name": self.name, "state": self.state.value}
        return {name: None if value != value else value for name, value in values.items()}


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ; a value that one of them does not have is empty."""

    group: str
    name: str
    first: str
    second: str


def run_paths(folder: Path) -> tuple[Path, ...]:
    """The runs in a folder, itself included, by name. Raises: RunError where it cannot be read.

    A folder with the files of a run and without a config.json is one too, for its row to say so. One that may
    not be entered is none: a disk's own lost+found is like that.
    """
    if os.path.isfile(folder / CONFIG):
        return (folder,)
    try:
        inside = sorted(entry for entry in folder.iterdir() if os.path.isdir(entry))
    except OSError as error:
        raise RunError(
            tr(
                "{path} cannot be listed ({reason}): choose a folder that holds runs.",
                path=folder,
                reason=error.strerror or error,
            )
        ) from None
    names = (CONFIG, METRICS, MODEL, CHECKPOINT)
    return tuple(path for path in inside if any(os.path.isfile(path / name) for name in names))


def read_rows(paths: Sequence[Path]) -> Iterator[RunRow]:
    """A row a run, in the order of paths, read when it is asked for."""
    return (read_row(path) for path in paths)


def read_row(path: Path) -> RunRow:
    """What there is to know of the run in a folder, whatever its state."""
    size, changed = _size_and_time(path)
    notes = read_notes(path)
    try:
        run = Run.open(path)
        check_weights(run)
        metrics, finished, epochs = run.metrics(), run.is_finished, run.progress().epoch
    except (LatentDialsError, OSError) as error:
        return RunRow(path, RunState.DAMAGED, str(error), size=size, changed=changed, notes=notes)
    train, network, data = run.config.train, run.config.network, run.config.data
    imported = run.config.imported
    last, best = val_errors(metrics)
    if imported is not None:
        state = RunState.IMPORTED
    elif seems_held(run.path / LOCK) is not None:
        state = RunState.TRAINING
    elif finished:
        state = RunState.FINISHED
    else:
        state = RunState.STOPPED if len(metrics) else RunState.UNTRAINED
    return RunRow(
        path=run.path,
        state=state,
        data=data.name,
        pictures=data.count,
        network=network.network,
        objective=network.objective,
        latent_dim=network.latent_dim,
        epochs=max(epochs, _whole_epochs(metrics)),
        epochs_asked=0 if imported else train.epochs,
        mse=metrics.of_last_epoch("mse"),
        val_mse=last,
        best_val_mse=best,
        seconds=float(metrics.seconds[-1]) if len(metrics) else 0.0,
        kept_epochs=len(kept_snapshots(run.path)),
        size=size,
        changed=changed,
        notes=notes,
    )


def check_weights(run: Run) -> None:
    """Raises: RunError where the weights are not what their header says, as after a copy that broke off, or
    are gone from a run that was trained to its end.
    """
    if not run.has_weights:
        if run.is_finished:
            raise RunError(
                tr(
                    "{path} is gone, which has what this run learned: copy the file back, or train the run"
                    " on, for more epochs than it has.",
                    path=run.path / MODEL,
                )
            )
        return
    try:
        read_tensor_header(run.path / MODEL)
    except (OSError, ValueError) as error:
        raise damaged(run.path / MODEL, error) from None


def _whole_epochs(metrics: Metrics) -> int:
    """The epochs that reports say are behind; without pictures held out their ends cannot be told."""
    measured = np.isfinite(metrics.val_mse)
    return int(metrics.epoch[measured][-1]) if measured.any() else 0


def val_errors(metrics: Metrics) -> tuple[float, float]:
    """The last and the best validation error that was measured; nan where none was."""
    measured = metrics.val_mse[np.isfinite(metrics.val_mse)]
    return (float(measured[-1]), float(measured.min())) if len(measured) else (math.nan, math.nan)


def differences(first: Run, second: Run) -> tuple[Difference, ...]:
    """In what two runs differ: settings, network, data, what came of it, versions. In that order."""
    found: list[Difference] = []
    for (group, one), (_, other) in zip(_groups(first), _groups(second), strict=True):
        for name in (*one, *(name for name in other if name not in one)):
            before, after = one.get(name, ""), other.get(name, "")
            if before != after:
                found.append(Difference(group, name, before, after))
    return tuple(found)


def _groups(run: Run) -> tuple[tuple[str, dict[str, str]], ...]:
    """All that is known of a run, by group and name, as texts."""
    config = run.config
    train = {} if config.imported else _flat(config.train.model_dump(mode="json"))
    row = read_row(run.path)
    results = {
        tr("epochs done"): str(row.epochs) if row.epochs else "",
        tr("training error"): _number(row.mse),
        tr("last validation error"): _number(row.val_mse),
        tr("best validation error"): _number(row.best_val_mse),
        tr("seconds of training"): f"{row.seconds:.1f}" if row.seconds else "",
        tr("bytes on disk"): f"{row.size:,}",
        tr("notes"): row.notes,
    }
    metrics = run.metrics()
    if len(metrics) and metrics.kl.any():
        results[tr("last KL")] = _number(float(metrics.kl[-1]))
    return (
        (tr("settings"), train),
        (tr("network"), _flat(config.network.model_dump(mode="json"))),
        (tr("data"), _flat(config.data.model_dump(mode="json"))),
        (tr("result"), results),
        (tr("versions"), dict(config.versions)),
        (tr("imported"), _flat(config.imported.model_dump(mode="json")) if config.imported else {}),
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values as texts by dotted names."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            flat[prefix + name] = ", ".join(str(item) for item in value)
        else:
            flat[prefix + name] = "" if value is None else str(value)
    return flat


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _size_and_time(path: Path) -> tuple[int, float]:
    """Bytes of everything in a folder, and when something in it was written last; 0 where it is gone."""
    size, changed = 0, 0.0
    for folder, _folders, names in os.walk(path):
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:  # it went while we looked
                continue
            size += status.st_size
            if name != LOCK:
                changed = max(changed, status.st_mtime)
    return size, changed
