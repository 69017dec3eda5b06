"""Labeller: reads files of labels beside the window, and remembers which belongs to which pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from PySide6.QtCore import QObject, Signal, Slot

from core.places import state_folder
from gui import heavy, memory
from gui.background import Runner

if TYPE_CHECKING:
    from core.datasets import ImageDataset
    from core.labels import Labels


class RememberedLabels(BaseModel):
    """The file of labels that was opened last for a data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str


class Labeller(QObject):
    """One file at a time; another, or other pictures, drop what is being read.

    Signals:
        labels_read(object, object, bool): the ImageDataset they are for, its Labels, and whether a person
            asked for them just now.
        ended(): nothing is being read any more.
        failed(object): the exception that ended it.
    """

    labels_read = Signal(object, object, bool)
    ended = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._for: ImageDataset | None = None
        self._is_asked = False
        self._runner = Runner(self)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)

    def read(self, path: Path, dataset: ImageDataset, *, is_asked: bool = True) -> None:
        """Read a file for the pictures that are open."""
        self._for, self._is_asked = dataset, is_asked
        self._runner.start(lambda: _read(path, dataset))

    def recall(self, dataset: ImageDataset) -> None:
        """Read the file that was opened last for these pictures, if it is still there."""
        self.drop()
        remembered = memory.load(_path(dataset), RememberedLabels)
        if remembered is not None and Path(remembered.path).is_file():
            self.read(Path(remembered.path), dataset, is_asked=False)

    def drop(self) -> None:
        """Give up what is being read."""
        self._runner.drop()
        self._for = None
        self.ended.emit()

    def close(self) -> None:
        """Stop and wait."""
        self._runner.close()

    @Slot(object)
    def _on_done(self, result: object) -> None:
        dataset = self._for
        self._for = None
        self.ended.emit()
        if dataset is not None and result is not None:
            self.labels_read.emit(dataset, result, self._is_asked)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self._for = None
        self.ended.emit()
        self.failed.emit(error)


def _read(path: Path, dataset: ImageDataset) -> Generator[None, None, Labels]:
    yield
    labels = heavy.labels.read_labels(path, dataset)
    place = _path(dataset)
    with suppress(OSError):  # the next start does without
        memory.save(place, RememberedLabels(path=str(path.resolve())))
    return labels


def _path(dataset: ImageDataset) -> Path:
    key = hashlib.sha256(dataset.identity.fingerprint.encode()).hexdigest()[:32]
    return state_folder() / "labels" / f"{key}.json"
