"""The real pictures of a comparison, with what the runs were trained on opened where that is other data."""

from collections.abc import Generator, Sequence

from core.datasets import ImageDataset, import_dataset
from core.datasets.dataset import ImportProgress
from core.errors import DataError
from core.lab.subjects import Material, gather
from core.runs import Run


def gather_with_training(
    dataset: ImageDataset, runs: Sequence[Run]
) -> Generator[ImportProgress, None, Material]:
    """core.lab.subjects.gather, with the training data where they can still be opened. Raises: DataError."""
    training = yield from training_data(dataset, runs)
    return gather(dataset, runs, training)


def training_data(
    dataset: ImageDataset, runs: Sequence[Run]
) -> Generator[ImportProgress, None, ImageDataset | None]:
    """What the first run that can tell was trained on, unchanged since, where no run was trained on dataset.

    None where a run was, and where none of the sources gives pictures of that shape any more.
    """
    known = [run.config.data for run in runs if run.config.imported is None]
    if any(data.fingerprint == dataset.identity.fingerprint for data in known):
        return None
    for data in known:
        try:
            found = yield from import_dataset(data.source, data.policy)
        except DataError:
            continue
        is_unchanged = found.identity.fingerprint == data.fingerprint
        if is_unchanged and found.picture_shape == dataset.picture_shape:
            return found
    return None
