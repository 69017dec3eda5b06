"""What info says of a run or of pictures, as text for people and as plain values for JSON."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.activity import ACTIVE_NATS, DimensionKl, active_count, collapse_text
from core.catalogue import check_weights
from core.codec import shape_text
from core.config import TrainConfig, objective_text
from core.datasets import ImageDataset
from core.datasets.dataset import DataIdentity
from core.errors import RunError
from core.models.architecture import architecture, architecture_text
from core.notes import read_notes
from core.runs import Imported, Run
from core.snapshots import kept_snapshots
from core.translate import tr


def run_facts(run: Run) -> dict[str, Any]:
    """What info --json says of a run."""
    metrics = run.metrics()
    last = len(metrics) - 1 if len(metrics) else None
    names = ("step", "epoch", "images", "seconds", "loss", "reconstruction", "kl", "mse")
    kl = run.kl()
    measured = [float(value) for value in metrics.val_mse if math.isfinite(value)]
    try:
        check_weights(run)
        problem = ""
    except RunError as error:
        problem = str(error)
    return {
        "kind": "run",
        "path": str(run.path),
        "train": run.config.train.model_dump(),
        "network": run.config.network.model_dump(),
        "parameters": sum(row.parameters for row in architecture(run.config.network)),
        "data": run.config.data.model_dump(),
        "versions": run.config.versions,
        "imported": run.config.imported.model_dump() if run.config.imported else None,
        "finished": run.is_finished,
        "problem": problem,
        "last": None if last is None else {name: getattr(metrics, name)[last].item() for name in names},
        "last_epoch": None if last is None else {name: metrics.of_last_epoch(name) for name in names[4:]},
        "val_mse": {"last": measured[-1], "best": min(measured)} if measured else None,
        "objective": run.config.network.objective,
        "reconstruction": run.config.train.reconstruction,
        "kl_of_dims": None if kl is None else [round(float(value), 6) for value in kl.kl],
        "active_dims": None if kl is None else active_count(kl.kl),
        "epochs_kept": [snapshot.epoch for snapshot in kept_snapshots(run.path)],
        "notes": read_notes(run.path),
        "files": {file.name: file.stat().st_size for file in sorted(run.path.iterdir()) if file.is_file()},
    }


def run_text(run: Run) -> str:
    """What info says of a run."""
    facts = run_facts(run)
    data, last, val_mse = run.config.data, facts["last"], facts["val_mse"]
    progress = tr("not trained yet")
    if last is not None:
        progress = tr(
            "epoch {epoch} of {epochs}, step {step}, {time}",
            epoch=last["epoch"],
            epochs=run.config.train.epochs,
            step=last["step"],
            time=time_text(last["seconds"]),
        )
    rows = [
        (tr("Run"), str(run.path)),
        (
            tr("Data"),
            tr(
                "{name}: {count} pictures, {shape}",
                name=data.name,
                count=f"{data.count:,}",
                shape=shape_text((data.height, data.width, data.channels)),
            ),
        ),
        (tr("Progress"), progress + (tr(" (finished)") if facts["finished"] else "")),
    ]
    if facts["problem"]:
        rows.append((tr("Problem"), facts["problem"]))
    if last is not None:
        rows.append(
            (
                tr("Loss"),
                tr(
                    "{loss} (mse {mse}), over the last epoch",
                    loss=f"{facts['last_epoch']['loss']:.5g}",
                    mse=f"{facts['last_epoch']['mse']:.5f}",
                ),
            )
        )
    if val_mse is not None:
        rows.append(
            (
                tr("Validation mse"),
                tr("{last} (best {best})", last=f"{val_mse['last']:.5f}", best=f"{val_mse['best']:.5f}"),
            )
        )
    rows.append((tr("Trained for"), objective_text(run.config.train)))
    if (kl := run.kl()) is not None:
        rows.append((tr("Code"), _code_text(kl, run.config.train, facts["finished"])))
    if imported := run.config.imported:
        rows = [*rows[:1], *_imported_rows(imported, data)]
    if notes := facts["notes"]:
        rows += [(tr("Notes") if not at else "", line) for at, line in enumerate(notes.splitlines())]
    if kept := facts["epochs_kept"]:
        rows.append((tr("Epochs kept"), ", ".join(str(epoch) for epoch in kept)))
    settings = [] if imported else [(name, str(value)) for name, value in facts["train"].items()]
    files = [(name, size_text(size)) for name, size in facts["files"].items()]
    parts = [_table(rows), tr("Network") + "\n" + _network_text(run)]
    if settings:
        parts.append(tr("Settings") + "\n" + _table(settings, "  "))
    return "\n\n".join([*parts, tr("Files") + "\n" + _table(files, "  ")])


def _network_text(run: Run) -> str:
    train = None if run.config.imported else run.config.train  # nobody knows what an imported one's was
    return architecture_text(run.config.network, train).rstrip()


def _code_text(kl: DimensionKl, train: TrainConfig, is_finished: bool) -> str:
    """How many dimensions say something, and posterior collapse by its name: of a run that is finished also
    where it ended too early for training to judge.
    """
    text = tr(
        "{active} of {dims} dimensions active (KL above {limit} nats) at step {step}",
        active=active_count(kl.kl),
        dims=len(kl.kl),
        limit=ACTIVE_NATS,
        step=kl.step,
    )
    collapse = collapse_text(replace(kl, is_settled=kl.is_settled or is_finished), train)
    return f"{text}. {collapse}" if collapse else text


def _imported_rows(imported: Imported, data: DataIdentity) -> list[tuple[str, str]]:
    """Where the weights came from, and what was assumed of them."""
    shape = shape_text((data.height, data.width, data.channels))
    rows = [(tr("Imported"), tr("{file}: {kind}", file=imported.file, kind=imported.kind))]
    if data.source:
        text = tr("{name}: {count} pictures, {shape}", name=data.name, count=f"{data.count:,}", shape=shape)
        rows.append((tr("Tried on"), text))
    else:
        rows.append((tr("Pictures"), shape))
    return rows + [(tr("Note"), note) for note in imported.notes]


def data_facts(dataset: ImageDataset) -> dict[str, Any]:
    """What info --json says of a data set."""
    return {
        "kind": "data",
        **dataset.identity.model_dump(exclude={"kind"}),
        "source_kind": dataset.identity.kind,
        "reading": dataset.reading,
        "labels": [{"name": label.name, "classes": list(label.classes)} for label in dataset.labels],
        "skipped": [{"file": skipped.file, "reason": skipped.reason} for skipped in dataset.skipped],
    }


def data_text(dataset: ImageDataset) -> str:
    """What info says of a data set."""
    identity = dataset.identity
    rows = [
        (tr("Data"), identity.source),
        (tr("Read as"), dataset.reading),
        (tr("Pictures"), f"{len(dataset):,}"),
        (tr("Shape"), shape_text(dataset.picture_shape)),
    ]
    for label in dataset.labels:
        classes = ", ".join(label.classes[:12]) + (", …" if len(label.classes) > 12 else "")
        rows.append((tr("Label"), f"{label.name}: {classes}" if classes else label.name))
    if dataset.skipped:
        rows.append((tr("Skipped"), f"{len(dataset.skipped):,}"))
        rows += [("", f"{skipped.file}: {skipped.reason}") for skipped in dataset.skipped]
    return _table(rows)


def time_text(seconds: float) -> str:
    """Seconds as 1:05 or 2:00:00."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _table(rows: Sequence[tuple[str, str]], indent: str = "") -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{indent}{name:<{width}}  {value}".rstrip() for name, value in rows)


def size_text(size: int) -> str:
    """Bytes as 1.2 MB or 0.3 kB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
