"""What can be trained: data, settings and run that fit each other; and the machine's errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.config import TrainConfig
from core.datasets.dataset import ImageDataset
from core.errors import TrainingError
from core.ranks import lost_ranks_named
from core.runs import Run
from core.translate import tr

# What may differ when a run is resumed; all else decides what its weights and its position mean.
CHANGEABLE = ("epochs", "learning_rate", "beta", "device", "precision", "checkpoint_interval_s")


def check_trainable(dataset: ImageDataset, config: TrainConfig, run: Run, resume: bool) -> None:
    """Raises: TrainingError where dataset, config and run do not fit each other."""
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
    if run.has_checkpoint and (done := run.progress().epoch) >= config.epochs:
        raise TrainingError(
            tr(
                "The run {run} has finished its {done} epochs; ask for more than that to train on.",
                run=run.name,
                done=done,
            )
        )


@contextmanager
def errors_explained(config: TrainConfig, run: Run) -> Iterator[None]:
    """Errors of the machine as a TrainingError: memory that is full, a disk that is full or gone."""
    try:
        with lost_ranks_named():
            yield
    except OSError as error:
        raise TrainingError(
            tr(
                "The run cannot be written to {path}: {reason}. What was written before is whole.",
                path=run.path,
                reason=error.strerror or error,
            )
        ) from error
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        raise TrainingError(
            tr(
                "There is not enough memory for batches of {size} pictures; try a batch size of {smaller}.",
                size=config.batch_size,
                smaller=max(1, config.batch_size // 2),
            )
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator gave up: CUDA's, Python's, or the processor's, which has no type of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
