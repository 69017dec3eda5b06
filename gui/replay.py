"""Replay: the current edit as the network of an earlier epoch shows it, computed beside the window.

The document, the dials and the session's model stay what they are. Only what the canvas shows is another's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance, Slot

from gui import heavy
from gui.background import LatestOnly
from gui.edit_state import EditState
from gui.keeping import Keeping
from gui.renderer import PictureRequest, Pictures, develop

if TYPE_CHECKING:
    from core.codec import Codec
    from core.runs import Run

FRAME_MS = 700  # of an epoch while it plays
CACHED_BYTES = 256_000_000  # of networks that were read: two of fc, all of conv
KEPT_MS = 20_000  # how long after the last look at an epoch


@dataclass(frozen=True, eq=False)
class ReplayRequest:
    """Show a picture under the network of an epoch, edited."""

    run: Run
    epoch: int
    index: int
    original: NDArray[np.uint8]
    edit: EditState


class EpochReader:
    """Answers requests in one thread, with the networks that it read last at hand."""

    def __init__(self) -> None:
        self._codecs: OrderedDict[tuple[str, int], tuple[Codec, Pictures | None, int]] = OrderedDict()

    def prepare(self) -> None:
        """Called first in each thread: one picture is too little work to share."""
        heavy.threads.use_one()

    def answer(self, request: ReplayRequest | None) -> Pictures | None:
        """The pictures of a request; None lets go of all networks.

        Raises: LatentDialsError where the epoch's weights cannot be read.
        """
        if request is None:
            self._codecs.clear()
            return None
        key = (str(request.run.path), request.epoch)
        known: Pictures | None = None
        if key in self._codecs:
            codec, known, index = self._codecs.pop(key)
            if known is not None and index != request.index:
                known = None
        else:
            codec = heavy.codec.Codec(heavy.snapshots.load_snapshot(request.run, request.epoch))
            size = sum(weight.nbytes for weight in codec.network.state_dict().values())
            while self._codecs and (len(self._codecs) + 1) * size > CACHED_BYTES:
                self._codecs.popitem(last=False)
        pictures = develop(PictureRequest(codec, request.index, request.original, request.edit, known))
        self._codecs[key] = (codec, pictures, request.index)
        return pictures


class Replay(QObject):
    """Which epoch the canvas shows, and its pictures.

    Signals:
        epochs_changed(): epochs, those whose weights are kept, are others.
        changed(): epoch, pictures or is_playing is another.
        failed(object): the exception with which an epoch could not be shown; the canvas is back to now.
    """

    epochs_changed = Signal()
    changed = Signal()
    failed = Signal(object)

    def __init__(self, session: Keeping, others: Sequence[SignalInstance], closing: SignalInstance) -> None:
        """others: the signals at which what is open is another; closing: that at which the thread ends."""
        super().__init__(session)
        self._session = session
        self.epochs: tuple[int, ...] = ()
        self.epoch: int | None = None  # None: now
        self.pictures: Pictures | None = None  # of shown_epoch, a moment behind epoch
        self.shown_epoch = 0
        self.is_playing = False
        reader = EpochReader()
        self._lane = LatestOnly(reader.answer, self, prepare=reader.prepare)
        self._lane.answered.connect(self._on_answered)
        self._lane.failed.connect(self._on_lane_failed)
        self._frame = QTimer(self, singleShot=True, interval=FRAME_MS)
        self._frame.timeout.connect(self._on_frame)
        self._back = QTimer(self, singleShot=True)
        self._back.timeout.connect(self._let_go)
        session.document_changed.connect(self._on_document_changed)
        for other in others:
            other.connect(self._on_other_opened)
        closing.connect(self._on_closing)

    @property
    def epochs_asked(self) -> int:
        """How many epochs the open run was to be trained."""
        run = self._session.run
        return run.config.train.epochs if run is not None else 0

    @Slot()
    def look(self) -> None:
        """Look which epochs the open run has kept by now."""
        run = self._session.run
        epochs: tuple[int, ...] = ()
        if run is not None and self._session.codec is not None:
            epochs = tuple(snapshot.epoch for snapshot in heavy.snapshots.kept_snapshots(run.path))
        if epochs != self.epochs:
            self.epochs = epochs
            if self.epoch is not None and self.epoch not in epochs:
                self.show(None)
            self.epochs_changed.emit()

    def show(self, epoch: int | None) -> None:
        """Show the edit as the network of an epoch makes it; None is the network as it is now."""
        if epoch == self.epoch or (epoch is not None and epoch not in self.epochs):
            return
        self.epoch = epoch
        if epoch is None:
            self.pictures = None
            self._set_playing(False)
            self._back.start(KEPT_MS)
        else:
            self._back.stop()
            self._request()
        self.changed.emit()

    def play(self) -> None:
        """Go through the epochs from the first, or from where it stands, to now."""
        if self.epochs and not self.is_playing:
            self._set_playing(True)
            if self.epoch is None:
                self.show(self.epochs[0])
            else:
                self._frame.start()
            self.changed.emit()

    def pause(self) -> None:
        """Stay where it is."""
        if self.is_playing:
            self._set_playing(False)
            self.changed.emit()

    def _set_playing(self, playing: bool) -> None:
        self.is_playing = playing
        if not playing:
            self._frame.stop()

    def _request(self) -> None:
        run, original = self._session.run, self._session.original()
        if self.epoch is None or run is None or original is None:
            return
        index, edit = self._session.index, self._session.edit
        self._lane.submit(ReplayRequest(run, self.epoch, index, original, edit))

    @Slot()
    def _on_frame(self) -> None:
        later = [epoch for epoch in self.epochs if self.epoch is None or epoch > self.epoch]
        self.show(later[0] if later else None)

    @Slot()
    def _on_document_changed(self) -> None:
        if self.epoch is not None:
            self._request()

    @Slot()
    def _on_other_opened(self) -> None:
        self.show(None)
        self.look()
        self._let_go()  # of another run's networks

    @Slot()
    def _let_go(self) -> None:
        self._back.stop()
        if self._lane.has_been_asked:
            self._lane.submit(None)

    @Slot(object, object)
    def _on_answered(self, request: ReplayRequest | None, pictures: Pictures | None) -> None:
        if request is None:
            return
        is_wanted = request.epoch == self.epoch and request.index == self._session.index
        if not is_wanted or request.run is not self._session.run:
            return
        self.pictures, self.shown_epoch = pictures, request.epoch
        if self.is_playing:
            self._frame.start()
        self.changed.emit()

    @Slot(object, object)
    def _on_lane_failed(self, request: ReplayRequest, error: Exception) -> None:
        if request.run is not self._session.run:
            return
        if request.epoch == self.epoch:
            self.show(None)
        self.epochs = tuple(epoch for epoch in self.epochs if epoch != request.epoch)
        self.epochs_changed.emit()
        self.failed.emit(error)

    @Slot()
    def _on_closing(self) -> None:
        self._set_playing(False)
        self._back.stop()
        self._lane.stop_and_wait()
