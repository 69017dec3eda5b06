"""Measures the data set's codes beside the window: statistics, effects of the dials, errors."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from gui import heavy
from gui.background import Runner

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset
    from core.dial_numbers import KlFile
    from core.encoding import Codes, CodesFile, EncodeProgress
    from core.latents import CodeStatistics

T = TypeVar("T")

QUICK_LIMIT = 512  # enough for a dial's band, in a fraction of a second
# Pictures that a quick answer changes to rank the dials. Effects of 4 correlate 0.998 with those of 16, which
# take 0.4 s (fc) to 2.7 s (conv) of a core, and beside training that core is wanted.
QUICK_MOVED = 4
ALL_MOVED = 16
# Beside a measurement on all cores a decode's 99th percentile was 14 ms (fc) and 41 ms (conv) at the same
# priority, 9 ms and 17 ms at this one, for a fifth of the measurement's rate.
NICENESS = 10
NICENESS_BESIDE_TRAINING = 15  # behind training's own threads, which have 10


@dataclass(frozen=True, eq=False)
class Subject:
    """What is measured; folder is where the codes are kept for next time."""

    codec: Codec
    dataset: ImageDataset
    limit: int
    folder: Path | None = None

    def kept(self) -> CodesFile | None:
        """The file in that folder; it reads all weights, so it is made beside the window."""
        if self.folder is None:
            return None
        return heavy.encoding.CodesFile(self.folder, self.codec, self.dataset, self.limit)

    def kept_kl(self) -> KlFile | None:
        """The file in that folder that holds the KL of the dimensions."""
        if self.folder is None:
            return None
        return heavy.dial_numbers.KlFile(self.folder, self.codec, self.dataset, self.limit)


@dataclass(frozen=True, eq=False)
class Measured:
    """One finished stage of a measurement; what is None was not measured in it."""

    codes: Codes | None = None
    statistics: CodeStatistics | None = None
    effects: NDArray[np.float32] | None = None
    kl: NDArray[np.float32] | None = None


if TYPE_CHECKING:
    Stages = Generator[EncodeProgress | Measured, None, None]


class Pace:
    """Whether a measurement has all cores to itself: set in the window's thread, read between batches."""

    def __init__(self) -> None:
        self.is_alone = True

    def keep(self, work: Generator[T, None, None]) -> Generator[T, None, None]:
        """What work yields, at this pace; for a thread of its own, which steps back behind the others."""
        if sys.platform == "linux":  # elsewhere a thread has no niceness of its own
            thread = threading.get_native_id()
            wanted = NICENESS if self.is_alone else NICENESS_BESIDE_TRAINING
            niceness = max(wanted, os.getpriority(os.PRIO_PROCESS, thread))  # which may only grow
            os.setpriority(os.PRIO_PROCESS, thread, niceness)
        all_cores = heavy.torch.get_num_threads()
        try:
            while True:
                heavy.torch.set_num_threads(all_cores if self.is_alone else 1)  # of this thread
                try:
                    item = next(work)
                except StopIteration:
                    return
                yield item
        finally:
            work.close()


def measure(subject: Subject) -> Stages:
    """Codes and statistics, then the effect of every dial: of a few pictures, then of all. Then errors.

    Where no more than a quick answer is wanted, since the weights change soon, there are no errors.
    """
    codec, dataset = subject.codec, subject.dataset
    kept = subject.kept()
    known = kept.load() if kept else None
    count = min(subject.limit, len(dataset))
    if count > 2 * QUICK_LIMIT and (known is None or len(known.indices) < count):  # a first answer at once
        quick = yield from heavy.encoding.encode_dataset(codec, dataset, QUICK_LIMIT)
        yield from _described(codec, quick, QUICK_MOVED)
    if subject.limit <= QUICK_LIMIT:
        codes = yield from heavy.encoding.encode_dataset(codec, dataset, subject.limit)
        yield from _described(codec, codes, QUICK_MOVED)
        return
    codes = yield from heavy.encoding.measured_codes(codec, dataset, subject.limit, kept)
    yield from _described(codec, codes)
    kl = yield from heavy.dial_numbers.kept_kl(codec, dataset, subject.limit, subject.kept_kl())
    if kl is not None:
        yield Measured(kl=kl)
    yield Measured(codes=(yield from heavy.encoding.measured_errors(codec, dataset, codes, kept)))


def measure_all_errors(subject: Subject) -> Stages:
    """The reconstruction errors of the subject's pictures, and nothing else."""
    kept = subject.kept()
    codes = yield from heavy.encoding.measured_codes(subject.codec, subject.dataset, subject.limit, kept)
    found = yield from heavy.encoding.measured_errors(subject.codec, subject.dataset, codes, kept)
    yield Measured(codes=found)


def measure_every_code(subject: Subject) -> Stages:
    """The codes of all of the subject's pictures, and nothing else."""
    kept = subject.kept()
    yield Measured(
        codes=(yield from heavy.encoding.measured_codes(subject.codec, subject.dataset, subject.limit, kept))
    )


def _described(codec: Codec, codes: Codes, moved: int = ALL_MOVED) -> Stages:
    stats = heavy.latents.statistics(codes.codes)
    yield Measured(codes=codes, statistics=stats)
    yield Measured(effects=(yield from heavy.latents.measure_effects(codec, codes.codes, stats, moved)))


class Analyst(QObject):
    """What is known about the codes of the session's data under its model.

    Signals:
        statistics_changed(): statistics and codes are new, or gone.
        effects_changed(): effects and dead are new, or gone.
        kl_changed(): kl is new, or gone.
        errors_changed(): errors of more pictures are known, or none.
        every_changed(): every, the codes of all pictures, are new, or gone.
        progressed(object): an EncodeProgress; None when nothing is measured.
        study_changed(): a study has begun or ended, or what was requested after it.
        failed(object): the exception that ended a measurement.
    """

    statistics_changed = Signal()
    effects_changed = Signal()
    kl_changed = Signal()
    errors_changed = Signal()
    every_changed = Signal()
    progressed = Signal(object)
    study_changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.statistics: CodeStatistics | None = None
        self.statistics_of: Codec | None = None  # the weights that statistics and codes are of
        self.effects: NDArray[np.float32] | None = None
        self.effects_of: Codec | None = None
        self.dead: NDArray[np.bool_] | None = None
        self.kl: NDArray[np.float32] | None = None  # of each dimension in nats; only of a vae
        self.errors: NDArray[np.float32] | None = None
        self.codes: Codes | None = None
        self.every: Codes | None = None
        self._subject: Subject | None = None
        self._want_all_errors = False
        self._want_every = False
        self._is_studying = False  # and not measuring what was requested after it
        self._is_studied = False
        self._pace = Pace()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_items)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)

    @property
    def is_running(self) -> bool:
        """Whether something is being measured."""
        return self._runner.is_running

    def lacks(self, codec: Codec, limit: int) -> bool:
        """Whether nothing is measured any more, and the last study was not, to its end, of just this."""
        known = self._subject
        if known is None or self._runner.is_running:
            return False
        return not self._is_studied or known.codec is not codec or known.limit < limit

    def study(self, subject: Subject) -> None:
        """Measure a subject; what is known of a codec of the same code size stays until it is replaced."""
        known = self._subject
        if (
            known is None
            or known.dataset.pixels is not subject.dataset.pixels  # which other labels leave as they are
            or known.codec.config != subject.codec.config
        ):
            self._forget()
        elif known.codec is not subject.codec and self.every is not None:
            self.every = None
            self.every_changed.emit()
        self._subject = subject
        self._want_all_errors = self._want_every = self._is_studied = False
        self._is_studying = True
        self._runner.start(lambda: self._pace.keep(measure(subject)))
        self.study_changed.emit()

    def leave_cores(self, leave: bool) -> None:
        """Measure on one core from the next batch on (beside training or a hand on a dial), or on all."""
        self._pace.is_alone = not leave

    def clear(self) -> None:
        """Stop and forget everything: there is no model, or no data."""
        self._runner.drop()
        self._subject = None
        self._forget()
        self.progressed.emit(None)
        self.study_changed.emit()

    def request_errors(self) -> None:
        """Measure the reconstruction error of every picture, after what is being measured now."""
        if self._subject is None or (self.errors is not None and not np.isnan(self.errors).any()):
            return
        self._want_all_errors = True
        if not self._runner.is_running:
            self._measure_all_errors()

    @property
    def subject(self) -> Subject | None:
        """What is measured, or was."""
        return self._subject

    def request_every(self) -> None:
        """Measure the code of every picture, after what is being measured now."""
        if self._subject is None or self.every is not None:
            return
        self._want_every = True
        if not self._runner.is_running:
            self._measure_every()

    def cancel(self) -> None:
        """Stop measuring; what is known stays."""
        self._want_all_errors = self._want_every = False
        self._runner.drop()
        self.progressed.emit(None)
        self.study_changed.emit()

    def close(self) -> None:
        """Stop and wait."""
        self._runner.close()

    def _forget(self) -> None:
        self.statistics = self.effects = self.dead = self.errors = self.codes = None
        self.statistics_of = self.effects_of = self.every = self.kl = None
        self.statistics_changed.emit()
        self.effects_changed.emit()
        self.kl_changed.emit()
        self.errors_changed.emit()
        self.every_changed.emit()

    def _measure_every(self) -> None:
        subject = self._subject
        assert subject is not None
        self._want_every = self._is_studying = False
        everything = replace(subject, limit=len(subject.dataset))
        self._runner.start(lambda: self._pace.keep(measure_every_code(everything)))
        self.study_changed.emit()

    def _measure_all_errors(self) -> None:
        subject = self._subject
        assert subject is not None
        self._want_all_errors = self._is_studying = False
        everything = replace(subject, limit=len(subject.dataset))
        self._runner.start(lambda: self._pace.keep(measure_all_errors(everything)))
        self.study_changed.emit()

    @Slot(list)
    def _on_items(self, items: list[EncodeProgress | Measured]) -> None:
        for item in items:
            if isinstance(item, heavy.encoding.EncodeProgress):
                continue
            self._take(item)
        if isinstance(items[-1], heavy.encoding.EncodeProgress):
            self.progressed.emit(items[-1])

    def _take(self, measured: Measured) -> None:
        assert self._subject is not None
        if measured.codes is not None and len(measured.codes.indices) == len(self._subject.dataset):
            self.every = measured.codes
            self.every_changed.emit()
        if measured.codes is not None and not np.isnan(measured.codes.errors).all():
            assert self._subject is not None
            errors = np.full(len(self._subject.dataset), np.nan, np.float32)
            errors[measured.codes.indices] = measured.codes.errors
            self.errors = errors
            self.errors_changed.emit()
        if measured.statistics is not None:
            self.codes, self.statistics = measured.codes, measured.statistics
            self.statistics_of = self._subject.codec
            self.statistics_changed.emit()
        if measured.effects is not None and self.statistics is not None:
            self.effects, self.effects_of = measured.effects, self._subject.codec
            self.dead = heavy.latents.dead_dimensions(self.statistics, measured.effects)
            self.effects_changed.emit()
        if measured.kl is not None:
            self.kl = measured.kl
            self.kl_changed.emit()

    @Slot(object)
    def _on_done(self, _result: object) -> None:
        self._is_studied = self._is_studied or self._is_studying
        if self._want_all_errors and (self.errors is None or np.isnan(self.errors).any()):
            self._measure_all_errors()
        elif self._want_every and self.every is None:
            self._measure_every()
        else:
            self.progressed.emit(None)
            self.study_changed.emit()

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self.progressed.emit(None)
        self.study_changed.emit()
        self.failed.emit(error)
