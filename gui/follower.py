"""Follows the open run while another process trains it: the curve, the newest weights, what is said of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.metrics import COLUMNS, MetricsRow
from core.translate import tr
from gui import heavy
from gui.poller import Poller
from gui.trainer import Trainer

if TYPE_CHECKING:
    from core.following import Change, RunWatch
    from core.runs import Run

INTERVAL_MS = 1000
PATIENCE_S = 30.0  # without news: it has ended there, or was stopped
RATE_WINDOW_S = 10.0


@dataclass(frozen=True, eq=False)
class Look:
    """One look at a run's folder; is_last where nothing has come for long."""

    watch: RunWatch
    is_last: bool = False


def _look(request: Look) -> Change:
    return request.watch.look_for_the_last_time() if request.is_last else request.watch.look()


class Follower(Poller):
    """Looks at the open run's folder about once a second.

    What is reported there goes into the trainer's history, as if it came from here.

    Signals:
        state_changed(): is_live or last_news is another.
        config_changed(): the run asks for something else now (more epochs).
        codec_arrived(object, bool): a Codec of the newest weights; True for the best ones of a run at rest.
        message_posted(str): one sentence of news.
        lost(object): the error that following ended with: the folder is gone.
    """

    state_changed = Signal()
    config_changed = Signal()
    codec_arrived = Signal(object, bool)
    message_posted = Signal(str)
    lost = Signal(object)

    def __init__(self, trainer: Trainer, parent: QObject) -> None:
        super().__init__(_look, INTERVAL_MS, parent)
        self.is_live = False
        self.last_news = 0.0  # by the wall clock
        self.patience_s = PATIENCE_S
        self._trainer = trainer
        self._run: Run | None = None
        self._watch: RunWatch | None = None
        self._news_at = 0.0
        self._lane.failed.connect(self._on_failed)

    @property
    def is_following(self) -> bool:
        """Whether a run's folder is looked at, be it trained or not."""
        return self._watch is not None

    def follow(self, run: Run | None, has_weights: bool = True) -> None:
        """Look at this run from now on, whose history the trainer shows; None: at none."""
        if run is None and self._run is None:
            return
        self._run = run
        self._watch = None
        self._timer.stop()
        self._set_live(False)
        if run is None:
            return
        steps = self._trainer.history.columns()["step"]
        last = int(steps[-1]) if len(steps) else 0
        self._watch = heavy.following.RunWatch(run, len(steps), last, has_weights)
        self._timer.start()
        self._lane.submit(Look(self._watch))

    def close(self) -> None:
        """Stop looking, and wait for the last look."""
        self._watch = self._run = None
        super().close()

    def text(self) -> str:
        """How far the run is, as its reports say, and when the last one came."""
        epochs = self._trainer.history.columns()["epoch"]
        parts: list[str] = []
        if self._run is not None and len(epochs):
            asked = self._run.config.train.epochs
            parts.append(tr("epoch {epoch} of {epochs}", epoch=int(epochs[-1]), epochs=asked))
        rate = self._images_per_s()
        if rate > 0:
            parts.append(tr("{rate} pictures/s", rate=f"{rate:,.0f}"))
        parts.append(tr("news {time}", time=time.strftime("%H:%M:%S", time.localtime(self.last_news))))
        return " · ".join(parts)

    def share_done(self) -> float:
        """The share of the training that is done, 0 to 1."""
        images = self._trainer.history.columns()["images"]
        if self._run is None or not len(images):
            return 0.0
        train, data = self._run.config.train, self._run.config.data
        return min(1.0, float(images[-1]) / (train.epochs * data.count * (1.0 - train.val_fraction)))

    def _images_per_s(self) -> float:
        columns = self._trainer.history.columns()
        seconds, images = columns["seconds"], columns["images"]
        if len(seconds) < 2:
            return 0.0
        first = min(int(np.searchsorted(seconds, seconds[-1] - RATE_WINDOW_S)), len(seconds) - 2)
        return float((images[-1] - images[first]) / max(seconds[-1] - seconds[first], 1e-9))

    def _set_live(self, live: bool) -> None:
        if live != self.is_live:
            self.is_live = live
            self.state_changed.emit()

    def _request(self) -> Look | None:
        if self._watch is None:
            return None
        quiet = self.is_live and time.monotonic() - self._news_at > self.patience_s
        return Look(self._watch, is_last=quiet)

    @Slot(object, object)
    def _on_looked(self, looked_at: Look, found: Change) -> None:
        run, change = self._run, found
        if looked_at.watch is not self._watch or run is None:
            return
        if change.at_rest:
            self._come_to_rest(run)
        elif change.is_something:
            self._take(run, change)
        if change.codec is not None:
            self.codec_arrived.emit(change.codec, change.at_rest or change.finished)

    def _take(self, run: Run, change: Change) -> None:
        self._news_at, self.last_news = time.monotonic(), time.time()
        if change.config is not None:
            run.config = change.config
            self.config_changed.emit()
        if change.rows or change.anew:
            self._show(change.rows, change.anew)
        if change.finished:
            self._set_live(False)
            self.message_posted.emit(
                tr("{name} has finished: {epochs} epochs.", name=run.name, epochs=run.config.train.epochs)
            )
        elif not self.is_live:
            self._set_live(True)
            self.message_posted.emit(tr("{name} is being trained elsewhere and is followed.", name=run.name))
        else:
            self.state_changed.emit()

    def _show(self, rows: Sequence[MetricsRow], anew: bool) -> None:
        trainer = self._trainer
        trainer.record = None  # what was trained here before is not the newest any more
        if anew:
            trainer.history.replace(
                {name: np.array([getattr(row, name) for row in rows], np.float64) for name in COLUMNS}
            )
            trainer.history_reset.emit()
        else:
            trainer.history.extend(rows)
        trainer.records_arrived.emit(list(rows))

    def _come_to_rest(self, run: Run) -> None:
        self._set_live(False)
        self.message_posted.emit(
            tr(
                "Nothing has come from {name} for {seconds} s: its training elsewhere has ended or waits.",
                name=run.name,
                seconds=f"{self.patience_s:.0f}",
            )
        )

    @Slot(object, object)
    def _on_failed(self, request: Look, error: Exception) -> None:
        if request.watch is not self._watch:
            return
        self.follow(None)
        self.lost.emit(error)
