"""Training beside the window: the state that the buttons follow, the loss history, the previews."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.config import TrainConfig
from core.errors import LatentDialsError, TrainingError
from core.metrics import COLUMNS, MetricsRow
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly, Runner

if TYPE_CHECKING:
    from torch import Tensor

    from core.codec import Codec
    from core.datasets.dataset import ImageDataset
    from core.runs import Run
    from core.training import TrainRecord

_FIRST_CAPACITY = 4096
TRAINING_NICENESS = 10  # of 19; the window's threads have 0


class TrainingState(Enum):
    """Where training stands."""

    IDLE = auto()
    STARTING = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()


class LossHistory:
    """Every report of a run as growing float64 columns; revision changes with every change."""

    def __init__(self) -> None:
        self._values = np.empty((len(COLUMNS), _FIRST_CAPACITY))
        self._count = 0
        self.revision = 0

    def __len__(self) -> int:
        return self._count

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Each column as a view (n,), valid until the next append; val_mse is nan where none was measured."""
        return {name: self._values[row, : self._count] for row, name in enumerate(COLUMNS)}

    def replace(self, columns: Mapping[str, NDArray[np.float64]]) -> None:
        """Take over the columns of a run that was opened."""
        self._count = len(columns["step"])
        self._values = np.empty((len(COLUMNS), max(_FIRST_CAPACITY, 2 * self._count)))
        for row, name in enumerate(COLUMNS):
            self._values[row, : self._count] = columns[name]
        self.revision += 1

    def extend(self, records: Sequence[MetricsRow]) -> None:
        """Append the reports of training."""
        needed = self._count + len(records)
        if needed > self._values.shape[1]:
            grown = np.empty((len(COLUMNS), 2 * needed))
            grown[:, : self._count] = self._values[:, : self._count]
            self._values = grown
        for record in records:
            self._values[:, self._count] = [getattr(record, name) for name in COLUMNS]
            self._count += 1
        self.revision += 1


@dataclass(frozen=True, eq=False)
class Previews:
    """The same few pictures as the newest weights reconstruct them: uint8 (k,H,W,C)."""

    indices: tuple[int, ...]
    originals: NDArray[np.uint8]
    reconstructions: NDArray[np.uint8]
    epoch: float


@dataclass(frozen=True, eq=False)
class PreviewRequest:
    """Which pictures to reconstruct with which weights."""

    codec: Codec
    dataset: ImageDataset
    indices: tuple[int, ...]
    epoch: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A run whose training ended, and the codec of what it left; None where there are no weights to read.

    problem is why they could not be read.
    """

    run: Run
    codec: Codec | None = None
    problem: str = ""


def _read(run: Run) -> Trained:
    """What a training left: 100 MB of the assignment's network are read and checked, 0.1 to 0.3 s."""
    try:
        return Trained(run, heavy.codec.Codec.from_run(run) if run.has_weights else None)
    except LatentDialsError as error:
        return Trained(run, problem=str(error))


def _preview(request: PreviewRequest) -> Previews:
    originals = request.dataset.pictures(list(request.indices))
    return Previews(request.indices, originals, request.codec.reconstruct(originals), request.epoch)


def _stay_small() -> None:
    heavy.threads.use_one()


def _give_way() -> None:
    """Let the window's threads go first where they want a core of this thread's and of those it starts.

    Training ends its step in the time that they leave when a hand comes to a dial. Called in its thread
    before its first work. It takes every core that torch would, whatever other threads have chosen.
    """
    heavy.threads.use_all()
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), TRAINING_NICENESS)


class Trainer(QObject):
    """Trains a run in a worker thread.

    Signals:
        state_changed(): state is another.
        records_arrived(list): TrainRecords, appended to history just before.
        history_reset(): history holds another run.
        weights_arrived(object): the newest weights of the run in training, a state dict of their own.
        previews_changed(): previews are new, or gone.
        ended(object): what is Trained, finished or stopped; its run's folder is up to date.
        failed(object): the exception that ended training; ended follows.
        settings_suggested(dict): settings, by their names, that a person is offered to train with.
    """

    state_changed = Signal()
    records_arrived = Signal(list)
    history_reset = Signal()
    weights_arrived = Signal(object)
    previews_changed = Signal()
    ended = Signal(object)
    failed = Signal(object)
    settings_suggested = Signal(dict)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = TrainingState.IDLE
        self.record: TrainRecord | None = None
        self.history = LossHistory()
        self.previews: Previews | None = None
        self._trained: Trained | None = None  # what is trained; the training's thread reads it at its end
        self._is_closing = False
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_records)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self._preview_lane = LatestOnly(_preview, self, prepare=_stay_small)
        self._preview_lane.answered.connect(self._on_preview)

    @property
    def is_active(self) -> bool:
        """Whether a run is being trained, paused or stopped right now."""
        return self.state is not TrainingState.IDLE

    def start(self, dataset: ImageDataset, config: TrainConfig, run: Run, *, resume: bool) -> None:
        """Train run; its history is shown from its beginning. Only while IDLE."""
        if self.is_active:
            return
        self._trained = Trained(run)
        self.record = None
        self.show_history(run)
        self._set_state(TrainingState.STARTING)

        def make() -> Generator[TrainRecord, None, None]:
            _give_way()
            try:
                # A step is long where batches are large: a hand on a dial need not wait until it ends.
                yield from heavy.training.train(
                    dataset, config, run, resume=resume, between_layers=self._runner.wait_for_hands
                )
            finally:
                if not self._is_closing:
                    self._trained = _read(run)

        self._runner.start(make)

    def suggest(self, settings: dict[str, object]) -> None:
        """Let the form show settings, by their names, for a person to look at and to train with."""
        self.settings_suggested.emit(settings)

    def pause(self) -> None:
        """Wait before the next step until resume()."""
        if self.state in (TrainingState.STARTING, TrainingState.RUNNING):
            self._runner.pause()
            self._set_state(TrainingState.PAUSED)

    def resume(self) -> None:
        """Go on after pause()."""
        if self.state is TrainingState.PAUSED:
            self._set_state(TrainingState.RUNNING)
            self._runner.resume()

    def stop(self) -> None:
        """End training; the run is left so that it opens and goes on from here. ended follows."""
        if self.is_active and self.state is not TrainingState.STOPPING:
            self._set_state(TrainingState.STOPPING)
            self._runner.stop()

    def hold(self, held: bool) -> None:
        """Let training wait between steps while a hand is on a dial."""
        self._runner.hold(held)

    def show_history(self, run: Run | None) -> None:
        """Show the reports that a run's folder holds, or none."""
        self.history = LossHistory()
        if run is not None:
            metrics = run.metrics()
            self.history.replace({name: getattr(metrics, name) for name in COLUMNS})
        self.history_reset.emit()

    def request_previews(self, request: PreviewRequest | None) -> None:
        """Reconstruct the chosen pictures anew; None when there is nothing to show."""
        if request is not None and request.indices:
            self._preview_lane.submit(request)
        else:
            self.previews = None
            self.previews_changed.emit()

    def close(self) -> None:
        """Stop, wait until the run is written, and end every thread."""
        self._is_closing = True
        self._runner.close()
        self._preview_lane.stop_and_wait()

    def _set_state(self, state: TrainingState) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit()

    @Slot(list)
    def _on_records(self, records: list[TrainRecord]) -> None:
        if self.state is TrainingState.STARTING:
            self._set_state(TrainingState.RUNNING)
        self.record = replace(records[-1], weights=None)  # its numbers are wanted on, 100 MB of it are not
        self.history.extend([record for record in records if record.reported])
        self.records_arrived.emit(records)
        weights: Mapping[str, Tensor] | None = None
        for record in records:
            weights = record.weights or weights
        if weights is not None:
            self.weights_arrived.emit(weights)

    @Slot(object)
    def _on_done(self, _result: object) -> None:
        trained, self._trained = self._trained, None
        self._set_state(TrainingState.IDLE)
        self.ended.emit(trained)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, LatentDialsError):
            error = TrainingError(tr("Training stopped on a fault: {reason}.", reason=error)).with_traceback(
                error.__traceback__
            )
        self.failed.emit(error)
        self._on_done(None)

    @Slot(object, object)
    def _on_preview(self, _request: object, previews: Previews) -> None:
        self.previews = previews
        self.previews_changed.emit()
