"""Work beside the window: IteratorThread drains a generator, LatestOnly answers the newest request.

Their signals must be connected to @Slot methods of QObjects: PySide6 runs a lambda or a free function that
is connected to a worker's signal in the worker's thread.
"""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

REPORT_INTERVAL_S = 0.25  # each report of training costs the window 1 ms
REST_S = 20.0  # a lane that nobody asked for so long ends its thread, and what torch keeps for it


def _nothing() -> Generator[Any, None, None]:
    yield from ()


class IteratorThread(QThread):
    """Drains the generator that make gives, in a thread of its own, and reports what it yields in batches.

    Pausing is not asking for the next item, stopping is closing the generator, in its own thread.

    Signals:
        items_arrived(list): everything yielded since the last batch, at most every 250 ms.
        done(object): the generator's return value; None after request_stop().
        failed(object): the exception that it raised.
        Exactly one of done and failed comes, and then QThread.finished.
    """

    items_arrived = Signal(list)
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, make: Callable[[], Generator[Any, None, Any]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._go = threading.Event()
        self._go.set()
        self._hands_off = threading.Event()
        self._hands_off.set()
        self._stop = False

    def pause(self) -> None:
        """Ask for no further item until resume()."""
        self._go.clear()

    def resume(self) -> None:
        """Go on after pause()."""
        self._go.set()

    def hold(self, held: bool) -> None:
        """Wait between items while held (a hand is on a dial); independent of pause."""
        if held:
            self._hands_off.clear()
        else:
            self._hands_off.set()

    def wait_for_hands(self) -> None:
        """Wait while held: for the generator itself to call, where it has come to a good place to wait."""
        self._hands_off.wait()

    def request_stop(self) -> None:
        """Close the generator after the item in work; done(None) follows."""
        self._stop = True
        self._go.set()
        self._hands_off.set()

    def stop_and_wait(self) -> None:
        """request_stop, and wait until the thread has ended."""
        self.request_stop()
        self.wait()

    def run(self) -> None:
        """QThread's entry; never called by hand."""
        try:
            result = self._drain()
        except Exception as error:  # reported whole: the window must never say "training" for ever
            self.failed.emit(error)
        else:
            self.done.emit(result)

    def _drain(self) -> object:
        if self._stop:
            return None
        # Let go of what it was made by, which may know the thread: a circle would keep both past their end.
        make, self._make = self._make, _nothing
        generator = make()
        del make
        batch: list[Any] = []
        reported = 0.0
        try:
            while True:
                if not self._go.is_set() and batch:
                    self.items_arrived.emit(batch)
                    batch = []
                self._go.wait()
                self._hands_off.wait()
                if self._stop:
                    return None
                try:
                    item = next(generator)
                except StopIteration as end:
                    return end.value
                batch.append(item)
                now = time.monotonic()
                if now - reported >= REPORT_INTERVAL_S:
                    self.items_arrived.emit(batch)
                    batch, reported = [], now
        finally:
            if batch:
                self.items_arrived.emit(batch)
            generator.close()


class LatestOnly(QThread):
    """Computes answers in a thread of its own; of the requests that wait, only the newest is answered.

    A request is a value; what answer(request) returns is sent with it. The thread ends when nothing was asked
    for a while, or at let_go(), and another begins with the next request: a thread that waits keeps the
    kernels of what it computed. prepare is called in each, first.

    Signals:
        answered(object, object): the request and its answer.
        failed(object, object): the request and the exception.
    """

    answered = Signal(object, object)
    failed = Signal(object, object)

    def __init__(
        self,
        answer: Callable[[Any], Any],
        parent: QObject | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._answer = answer
        self._prepare = prepare
        self.has_been_asked = False
        self._condition = threading.Condition()
        self._waiting: list[Any] = []  # empty, or the one newest request
        self._has_thread = False  # one that will look at what waits: it takes nothing more once this is False
        self._may_end = False  # as soon as nothing waits
        self._busy = False
        self._undelivered = 0  # answers that were sent and have not arrived in the window's thread
        self._stop = False
        self.answered.connect(self._on_delivered)
        self.failed.connect(self._on_delivered)

    def submit(self, request: object) -> None:
        """Ask for an answer; a request that still waits is dropped. Starts a thread where there is none."""
        with self._condition:
            self.has_been_asked = True
            self._may_end = False
            self._waiting[:] = [request]
            self._condition.notify()
            needs_thread = not self._has_thread and not self._stop
            self._has_thread = self._has_thread or needs_thread
        if needs_thread:
            self.wait()  # for the one before, which is at its end: Qt starts nothing that still runs
            self.start()

    @property
    def idle(self) -> bool:
        """Whether nothing waits, nothing is in work, and every answer has arrived."""
        with self._condition:
            return not self._waiting and not self._busy and not self._undelivered

    @Slot(object, object)
    def _on_delivered(self, _request: object, _answer: object) -> None:
        with self._condition:
            self._undelivered -= 1

    def let_go(self) -> None:
        """End the thread once nothing waits, and not after a while."""
        with self._condition:
            self._may_end = True
            self._condition.notify()

    def stop_and_wait(self) -> None:
        """Drop what waits and wait until the thread has ended."""
        with self._condition:
            self._stop = True
            self._waiting.clear()
            self._condition.notify()
        self.wait()

    def run(self) -> None:
        """QThread's entry; never called by hand."""
        if self._prepare is not None:
            self._prepare()
        while True:
            with self._condition:
                self._busy = False
                self._condition.wait_for(lambda: self._waiting or self._stop or self._may_end, REST_S)
                if self._stop or not self._waiting:
                    self._has_thread = False
                    return
                request = self._waiting.pop()
                self._busy = True
            try:
                answer = self._answer(request)
            except Exception as error:  # reported whole, with its request
                self._count_up()
                self.failed.emit(request, error)
            else:
                self._count_up()
                self.answered.emit(request, answer)
                del answer
            del request  # with the network in it, which may go while the lane waits for the next

    def _count_up(self) -> None:
        with self._condition:
            self._undelivered += 1


class Runner(QObject):
    """Runs one generator at a time; starting another stops the one before, whose late reports are dropped.

    Signals: as IteratorThread, of the current generator alone. done comes with None after stop().
    """

    items_arrived = Signal(list)
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: IteratorThread | None = None
        self._retired: list[IteratorThread] = []

    @property
    def is_running(self) -> bool:
        """Whether a generator is being drained and has not been dropped."""
        return self._thread is not None

    def start(self, make: Callable[[], Generator[Any, None, Any]]) -> None:
        """Drain the generator that make gives, in a new thread."""
        self.drop()
        thread = IteratorThread(make, self)
        thread.items_arrived.connect(self._on_items)
        thread.done.connect(self._on_done)
        thread.failed.connect(self._on_failed)
        thread.finished.connect(self._on_finished)
        self._thread = thread
        thread.start()

    def pause(self) -> None:
        """Ask for no further item until resume()."""
        if self._thread:
            self._thread.pause()

    def resume(self) -> None:
        """Go on after pause()."""
        if self._thread:
            self._thread.resume()

    def hold(self, held: bool) -> None:
        """Wait between items while held."""
        if self._thread:
            self._thread.hold(held)

    def wait_for_hands(self) -> None:
        """Wait while held: for the generator in work to call, in its own thread."""
        if thread := self._thread:
            thread.wait_for_hands()

    def stop(self) -> None:
        """Close the generator; done(None) follows."""
        if self._thread:
            self._thread.request_stop()

    def drop(self) -> None:
        """Close the generator and report nothing more of it."""
        if self._thread:
            self._thread.request_stop()
            self._retired.append(self._thread)
            self._thread = None

    def close(self) -> None:
        """Drop, and wait for every thread."""
        self.drop()
        for thread in self._retired:
            thread.stop_and_wait()

    def _is_current(self) -> bool:
        return self._thread is not None and self.sender() is self._thread

    @Slot(list)
    def _on_items(self, items: list[Any]) -> None:
        if self._is_current():
            self.items_arrived.emit(items)

    @Slot(object)
    def _on_done(self, result: object) -> None:
        if self._is_current():
            self._release()
            self.done.emit(result)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        if self._is_current():
            self._release()
            self.failed.emit(error)

    def _release(self) -> None:
        assert self._thread is not None
        self._retired.append(self._thread)
        self._thread = None

    @Slot()
    def _on_finished(self) -> None:
        for thread in [thread for thread in self._retired if thread.isFinished()]:
            self._retired.remove(thread)
            thread.deleteLater()
