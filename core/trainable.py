"""What can be trained: data, settings and run that fit each other; and the machine's errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.atomic import failure_text
from core.config import TrainConfig, is_variational
from core.datasets.dataset import ImageDataset
from core.errors import TrainingError
from core.full_memory import is_out_of_memory, memory_error
from core.ranks import lost_ranks_named
from core.reconstruction import check_reconstruction
from core.runs import Run
from core.translate import tr

# What may differ when a run is resumed; all else decides what its weights and its position mean.
CHANGEABLE = (
    *(
        "epochs",
        "learning_rate",
        "beta",
        "kl_warmup_epochs",
        "device",
        "precision",
        "checkpoint_interval_s",
        "keep_epochs",
    ),
    "patience",
)


def check_trainable(dataset: ImageDataset, config: TrainConfig, run: Run, resume: bool) -> None:
    """Raises: TrainingError where dataset, config and run do not fit each other."""
    check_not_imported(run)
    check_reconstruction(config.reconstruction)
    asked, data = run.config.train, run.config.data
    for name in type(config).model_fields:
        if name not in CHANGEABLE and getattr(config, name) != getattr(asked, name):
            raise TrainingError(
                tr(
                    "The run {run} was made with {name} {old}, not {new}; make a new run for that.",
                    run=run.name,
                    name=name,
                    old=getattr(asked, name),
                    new=getattr(config, name),
                )
            )
    if not len(dataset):
        raise TrainingError(tr("{data} has no pictures to train on.", data=dataset.identity.name))
    if dataset.identity.fingerprint != data.fingerprint or len(dataset) != data.count:
        raise TrainingError(
            tr(
                "The run {run} was made for other pictures ({source}, {count} of them); open those,"
                " or make a new run.",
                run=run.name,
                source=data.source,
                count=data.count,
            )
        )
    network = run.config.network
    if dataset.picture_shape != (network.height, network.width, network.channels):
        raise TrainingError(
            tr(
                "The network of {run} takes pictures of {expected} and the data has {found}.",
                run=run.name,
                expected=(network.height, network.width, network.channels),
                found=dataset.picture_shape,
            )
        )
    if run.has_checkpoint and not resume:
        raise TrainingError(
            tr("The run {run} was trained before; resume it or make a new run.", run=run.name)
        )
    if not run.has_checkpoint:
        return
    progress = run.progress()
    if progress.epoch >= config.epochs:
        raise TrainingError(
            tr(
                "The run {run} has finished its {epochs}; ask for more than that to train on.",
                run=run.name,
                epochs=epochs_text(progress.epoch),
            )
        )
    if progress.is_done(config.epochs, config.patience) and config.epochs <= asked.epochs:
        raise TrainingError(
            tr(
                "The run {run} stopped after {epochs}, {stale} of them without getting better; ask for"
                " more patience or more epochs to train on.",
                run=run.name,
                epochs=epochs_text(progress.epoch),
                stale=progress.stale_epochs,
            )
        )


def epochs_text(count: int) -> str:
    """So many epochs in words."""
    return tr("1 epoch") if count == 1 else tr("{count} epochs", count=count)


def check_not_imported(run: Run) -> None:
    """Raises: TrainingError for a run that came with weights alone."""
    if run.config.imported is not None:
        raise TrainingError(
            tr(
                "The run {run} was imported, with weights and nothing else to go on from: it can be edited"
                " but not trained on; make a new run.",
                run=run.name,
            )
        )


@contextmanager
def errors_explained(config: TrainConfig, run: Run) -> Iterator[None]:
    """Errors of the machine as a TrainingError: memory that is full, a disk that is full or gone."""
    try:
        with lost_ranks_named():
            yield
    except (OSError, RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise memory_error(config.batch_size, config.batch_size // 2) from error
        if not isinstance(error, OSError):
            raise
        raise TrainingError(
            tr(
                "The run cannot be written to {path}: {reason}. What was written before is whole.",
                path=run.path,
                reason=failure_text(error),
            )
        ) from error


def diverged_error(what: str, step: int, kept: str, config: TrainConfig) -> TrainingError:
    """The error for training that came to what at a step; kept says which checkpoint there is."""
    return TrainingError(
        tr(
            "Training came to {what} at step {step} and stopped before it; {kept}. Try a smaller learning"
            " rate{beta} or precision float32.",
            what=what,
            step=step,
            kept=kept,
            beta=tr(", a smaller beta") if is_variational(config.objective) else "",
        )
    )
