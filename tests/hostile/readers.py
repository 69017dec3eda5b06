"""Every way in which a file of a stranger comes in; what is read is used, as a person would next."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from core.codec import Codec
from core.datasets import ImageDataset, import_dataset, inspect_source, is_at_hand
from core.directions import read_directions
from core.encoding import finished
from core.errors import EditError, LatentDialsError, is_plain
from core.export.recipe import read_recipe
from core.importing import classes_of, look_at, read_foreign
from core.lab.blur import BlurStudy, measure_blur
from core.lab.keeping import KeptMeasures, pictures_digest
from core.lab.subjects import Material, Subject
from core.labels import read_labels, with_labels
from core.runs import Run
from core.verbs.facts import run_text
from gui import memory
from gui.memory import SavedDocument, SavedSession
from gui.recipes import document_of
from gui.saved_work import SavedWork
from gui.window_memory import WindowMemory
from tests.core.lab_material import material_of, shapes, untrained
from tests.core.tiny import tiny_dataset


class PassedOverError(LatentDialsError):
    """What is kept between starts is left out without a word where it is not sound."""


def read_pictures(path: Path) -> None:
    """Look at pictures, open them, and read the first and the last."""
    use_pictures(str(path))


def use_pictures(source: str) -> None:
    """The same for a source that is no path, too."""
    is_at_hand(source)
    with suppress(LatentDialsError):  # opening must say it too
        inspect_source(source)
    steps = import_dataset(source)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            dataset: ImageDataset = end.value
            break
    pictures = dataset.pictures([0, len(dataset) - 1])
    assert pictures.dtype == np.uint8
    assert pictures.shape == (2, *dataset.picture_shape)
    for label in dataset.labels:
        label.text(0)
    dataset.identity.model_dump_json()


def read_run(path: Path) -> None:
    """Open a run, say what is in it, read its weights and its checkpoint, and decode a code."""
    run = Run.open(path)
    run_text(run)
    if run.has_checkpoint:
        run.load_checkpoint()
    codec = Codec.from_run(run)
    codec.decode(np.zeros(codec.latent_dim, np.float32))


def read_metrics(path: Path) -> None:
    """Open a run and read its rows."""
    metrics = Run.open(path).metrics()
    assert all(len(getattr(metrics, name)) == len(metrics) for name in ("epoch", "loss", "val_mse"))


def read_recipe_file(path: Path) -> None:
    """Read the recipe of a PNG and make it the session's document."""
    recipe = read_recipe(path)
    document_of(recipe, 0, len(recipe.code))


def read_label_file(path: Path) -> None:
    """Read labels for pictures with names, then for some without, and put them with the pictures."""
    plain = tiny_dataset(9)
    files = tuple(f"a/{number:06d}.jpg" for number in range(1, 10))
    with suppress(LatentDialsError):
        _use_labels(path, replace(plain, files=files))
    _use_labels(path, plain)


def _use_labels(path: Path, dataset: ImageDataset) -> None:
    labelled = with_labels(dataset, read_labels(path, dataset))
    for column in labelled.labels:
        assert len(column.values) == len(dataset)
        assert all(is_plain(column.text(index)) for index in range(len(dataset)))


def read_direction_file(path: Path) -> None:
    """Read the directions of a run's folder and say what is known of them."""
    for found in read_directions(path.parent if path.is_file() else path, 4):
        found.facts()
        found.brief()


@cache
def _studied() -> tuple[tuple[Subject, Subject], Material]:
    held = shapes(6, 1, 8)
    return (untrained("ae", held, 0), untrained("vae", held, 1)), material_of(held, held)


def blur_kept_in(folder: Path) -> BlurStudy:
    """The blur of two small networks, kept in a run's folder."""
    subjects, material = _studied()
    kept = KeptMeasures(folder, subjects, pictures_digest(material), "")
    return finished(measure_blur(subjects, material.held_out, kept=kept))


def read_kept_measure(path: Path) -> None:
    """Find a measure in the laboratory's folder; one that is not sound is measured anew in its place."""
    before = path.read_bytes()
    study = blur_kept_in(path.parent.parent)
    assert all(np.isfinite(one.kept).all() and not np.isinf(one.bands).any() for one in study.subjects)
    if path.read_bytes() != before:
        raise PassedOverError("")


def import_model(path: Path) -> None:
    """Say which classes a model names, look at it, and read its numbers."""
    with suppress(LatentDialsError):
        classes_of(path)
    with suppress(LatentDialsError):
        look_at(path)
    read_foreign(path)


def read_memory(path: Path) -> None:
    """Read a file as each of the things that are kept between starts."""
    found = [memory.load(path, kind) for kind in (SavedDocument, SavedSession, SavedWork, WindowMemory)]
    try:
        _use_memory(found)
    except EditError as error:  # the session passes over it
        raise PassedOverError(str(error)) from None
    if not any(found):
        raise PassedOverError("")


def _use_memory(found: Sequence[object]) -> None:
    for value in found:
        if isinstance(value, SavedDocument):
            memory.restored_document(value, len(value.state.start or (0,)), 10)
        if isinstance(value, SavedWork):
            value.history.history(1, 10)
        if isinstance(value, SavedSession):
            is_at_hand(value.source)


READERS: dict[str, Callable[[Path], None]] = {
    "pictures": read_pictures,
    "pattern": read_pictures,
    "run": read_run,
    "metrics": read_metrics,
    "recipe": read_recipe_file,
    "import": import_model,
    "memory": read_memory,
    "labels": read_label_file,
    "directions": read_direction_file,
}
