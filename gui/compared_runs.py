"""ComparedRuns: the histories of runs that are drawn beside the open one, read beside the window."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, SignalInstance, Slot

from core.errors import LatentDialsError
from core.metrics import COLUMNS
from gui import heavy
from gui.background import Runner
from gui.loss_curves import OtherRun


class ComparedRuns(QObject):
    """Which other runs the loss plot shows.

    Signals:
        changed(): runs are others.
        failed(object): the exception with which one of them could not be read; the others are shown.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, closing: SignalInstance, parent: QObject) -> None:
        """closing: the signal at which its thread ends."""
        super().__init__(parent)
        self.runs: tuple[OtherRun, ...] = ()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_read)
        self._runner.failed.connect(self.failed)
        closing.connect(self._on_closing)

    @property
    def is_reading(self) -> bool:
        """Whether histories are still being read."""
        return self._runner.is_running

    def show(self, paths: Sequence[Path]) -> None:
        """Show these runs, and no others, as they are read."""
        self.clear()
        if chosen := tuple(dict.fromkeys(paths)):
            self._runner.start(lambda: _read(chosen))

    @Slot()
    def clear(self) -> None:
        """Show the open run alone."""
        self._runner.drop()
        if self.runs:
            self.runs = ()
            self.changed.emit()

    def remove(self, key: str) -> None:
        """Show one run less."""
        self.runs = tuple(run for run in self.runs if run.key != key)
        self.changed.emit()

    @Slot(list)
    def _on_read(self, items: list[OtherRun | Exception]) -> None:
        self.runs = (*self.runs, *(item for item in items if isinstance(item, OtherRun)))
        self.changed.emit()
        for item in items:
            if isinstance(item, Exception):
                self.failed.emit(item)

    @Slot()
    def _on_closing(self) -> None:
        self._runner.close()


def _read(paths: Sequence[Path]) -> Generator[OtherRun | Exception, None, None]:
    for path in paths:
        try:
            run = heavy.runs.Run.open(path)
            metrics = run.metrics()
        except (LatentDialsError, OSError) as error:
            yield error
            continue
        columns = {name: getattr(metrics, name) for name in COLUMNS}
        data, share = run.config.data, run.config.train.val_fraction
        pictures = data.count - round(
            data.count * share
        )  # within one: what an epoch without an end is told by
        yield OtherRun(str(path), run.name, columns, max(pictures, 1))
