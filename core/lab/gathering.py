"""The real pictures of a comparison, with what the runs were trained on opened where that is other data."""

from collections.abc import Generator, Sequence

from core.datasets import ImageDataset, import_dataset
from core.datasets.dataset import ImportProgress
from core.encoding import EncodeProgress
from core.errors import DataError
from core.lab.subjects import Material, gather
from core.runs import Run


def gather_with_training(
    dataset: ImageDataset, runs: Sequence[Run]
) -> Generator[ImportProgress | EncodeProgress, None, Material]:
    """core.lab.subjects.gather, with the training data where they can still be opened. Raises: DataError."""
    trainings = yield from training_data(dataset, runs)
    return (yield from gather(dataset, runs, trainings))


def training_data(
    dataset: ImageDataset, runs: Sequence[Run]
) -> Generator[ImportProgress, None, tuple[ImageDataset, ...]]:
    """What runs were trained on where that is not dataset, each once.

    Left out is what cannot be opened any more, has changed since, or is of another shape.
    """
    found: dict[str, ImageDataset] = {}
    for run in runs:
        data = run.config.data
        is_known = data.fingerprint in {dataset.identity.fingerprint, *found}
        if is_known or run.config.imported is not None:
            continue
        try:
            opened = yield from import_dataset(data.source, data.policy)
        except DataError:
            continue
        is_unchanged = opened.identity.fingerprint == data.fingerprint
        if is_unchanged and opened.picture_shape == dataset.picture_shape:
            found[data.fingerprint] = opened
    return tuple(found.values())
