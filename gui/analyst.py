"""Measures the data set's codes beside the window: statistics, effects of the dials, errors."""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.codec import Codec, weights_fingerprint
from core.datasets.dataset import ImageDataset
from core.latents import (
    Codes,
    CodeStatistics,
    EncodeProgress,
    codes_key,
    dead_dimensions,
    encode_dataset,
    load_codes,
    measure_effects,
    save_codes,
    statistics,
)
from gui.background import Runner

QUICK_LIMIT = 512  # enough for a dial's band, in a fraction of a second


@dataclass(frozen=True, eq=False)
class Subject:
    """What is measured; keep is the file in which codes are kept for next time, weights the codec's own."""

    codec: Codec
    dataset: ImageDataset
    limit: int
    weights: Path | None = None
    keep: Path | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """One finished stage of a measurement; what is None was not measured in it."""

    codes: Codes | None = None
    statistics: CodeStatistics | None = None
    effects: NDArray[np.float32] | None = None


def measure(subject: Subject) -> Generator[EncodeProgress | Measured, None, None]:
    """Codes and statistics, then the effect of every dial: of a few pictures, then of all."""
    torch.set_num_threads(1)  # of this thread: the hand on a dial and the training come first
    key = ""
    codes = None
    if subject.keep and subject.weights:
        weights = weights_fingerprint(subject.weights)
        key = codes_key(weights, subject.dataset.identity.fingerprint, subject.limit)
        codes = load_codes(subject.keep, key)
    if codes is None or codes.codes.shape[1] != subject.codec.latent_dim:
        if min(subject.limit, len(subject.dataset)) > 2 * QUICK_LIMIT:  # a first answer at once
            quick = yield from encode_dataset(subject.codec, subject.dataset, QUICK_LIMIT)
            yield from _measured(subject.codec, quick)
        codes = yield from encode_dataset(subject.codec, subject.dataset, subject.limit)
        if subject.keep and key:
            with suppress(OSError):  # a copy for next time: a full or read-only disk costs time, nothing else
                subject.keep.parent.mkdir(parents=True, exist_ok=True)
                save_codes(subject.keep, codes, key)
    yield from _measured(subject.codec, codes)


def _measured(codec: Codec, codes: Codes) -> Generator[EncodeProgress | Measured, None, None]:
    stats = statistics(codes.codes)
    yield Measured(codes=codes, statistics=stats)
    effect = yield from measure_effects(codec, codes.codes, stats)
    yield Measured(effects=effect)


class Analyst(QObject):
    """What is known about the codes of the session's data under its model.

    Signals:
        statistics_changed(): statistics and codes are new, or gone.
        effects_changed(): effects and dead are new, or gone.
        errors_changed(): errors of more pictures are known, or none.
        progressed(object): an EncodeProgress; None when nothing is measured.
        failed(object): the exception that ended a measurement.
    """

    statistics_changed = Signal()
    effects_changed = Signal()
    errors_changed = Signal()
    progressed = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.statistics: CodeStatistics | None = None
        self.effects: NDArray[np.float32] | None = None
        self.dead: NDArray[np.bool_] | None = None
        self.errors: NDArray[np.float32] | None = None
        self.codes: Codes | None = None
        self._subject: Subject | None = None
        self._want_all_errors = False
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_items)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)

    @property
    def is_running(self) -> bool:
        """Whether something is being measured."""
        return self._runner.is_running

    def study(self, subject: Subject) -> None:
        """Measure a subject; what is known of a codec of the same code size stays until it is replaced."""
        known = self._subject
        if (
            known is None
            or known.dataset is not subject.dataset
            or known.codec.config != subject.codec.config
        ):
            self._forget()
        self._subject = subject
        self._want_all_errors = False
        self._runner.start(lambda: measure(subject))

    def clear(self) -> None:
        """Stop and forget everything: there is no model, or no data."""
        self._runner.drop()
        self._subject = None
        self._forget()
        self.progressed.emit(None)

    def request_errors(self) -> None:
        """Measure the reconstruction error of every picture, after what is being measured now."""
        if self._subject is None or (self.errors is not None and not np.isnan(self.errors).any()):
            return
        self._want_all_errors = True
        if not self._runner.is_running:
            self._measure_all_errors()

    def cancel(self) -> None:
        """Stop measuring; what is known stays."""
        self._want_all_errors = False
        self._runner.drop()
        self.progressed.emit(None)

    def close(self) -> None:
        """Stop and wait."""
        self._runner.close()

    def _forget(self) -> None:
        self.statistics = self.effects = self.dead = self.errors = self.codes = None
        self.statistics_changed.emit()
        self.effects_changed.emit()
        self.errors_changed.emit()

    def _measure_all_errors(self) -> None:
        subject = self._subject
        assert subject is not None
        self._want_all_errors = False
        everything = Subject(subject.codec, subject.dataset, len(subject.dataset))
        self._runner.start(lambda: _all_errors(everything))

    @Slot(list)
    def _on_items(self, items: list[EncodeProgress | Measured]) -> None:
        for item in items:
            if isinstance(item, EncodeProgress):
                continue
            self._take(item)
        if isinstance(items[-1], EncodeProgress):
            self.progressed.emit(items[-1])

    def _take(self, measured: Measured) -> None:
        if measured.codes is not None:
            assert self._subject is not None
            errors = np.full(len(self._subject.dataset), np.nan, np.float32)
            errors[measured.codes.indices] = measured.codes.errors
            self.errors = errors
            self.errors_changed.emit()
        if measured.statistics is not None:
            self.codes, self.statistics = measured.codes, measured.statistics
            self.statistics_changed.emit()
        if measured.effects is not None and self.statistics is not None:
            self.effects = measured.effects
            self.dead = dead_dimensions(self.statistics, measured.effects)
            self.effects_changed.emit()

    @Slot(object)
    def _on_done(self, _result: object) -> None:
        if self._want_all_errors and self.errors is not None and np.isnan(self.errors).any():
            self._measure_all_errors()
        else:
            self.progressed.emit(None)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self.progressed.emit(None)
        self.failed.emit(error)


def _all_errors(subject: Subject) -> Generator[EncodeProgress | Measured, None, None]:
    torch.set_num_threads(1)
    codes = yield from encode_dataset(subject.codec, subject.dataset, subject.limit)
    yield Measured(codes=codes)
