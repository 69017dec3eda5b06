"""SessionWriter: writes the session's files in a thread of its own, in the order they were asked for."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal


class SessionWriter(QThread):
    """Runs one job after the other; of the jobs of one name that wait, only the newest is run.

    Nothing is dropped at the end: finish_and_wait() runs what waits.

    Signals:
        done(str, object): a job's name and what it returned.
        failed(str, object): a job's name and the exception that it ended with.
    """

    done = Signal(str, object)
    failed = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._jobs: dict[str, Callable[[], Any]] = {}
        self._in_work: str | None = None
        self._is_ending = False

    def submit(self, name: str, job: Callable[[], Any]) -> None:
        """Run a job when those before it are done. Starts the thread at the first call."""
        with self._condition:
            self._jobs[name] = job
            self._condition.notify_all()
        if not self.isRunning():
            self.start()

    def wait_until_written(self, name: str | None = None, timeout_s: float = 10.0) -> None:
        """Stand still until no job of that name (None: of any) waits or is in work, at most so long."""

        def is_done() -> bool:
            under_way = [*self._jobs, *([self._in_work] if self._in_work is not None else [])]
            return name not in under_way if name is not None else not under_way

        with self._condition:
            self._condition.wait_for(is_done, timeout_s)

    def finish_and_wait(self) -> None:
        """Run what waits, and wait until the thread has ended."""
        with self._condition:
            self._is_ending = True
            self._condition.notify_all()
        self.wait()
        self._is_ending = False

    def run(self) -> None:
        """QThread's entry; never called by hand."""
        while True:
            with self._condition:
                self._in_work = None
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._jobs or self._is_ending)
                if not self._jobs:
                    return
                name = next(iter(self._jobs))
                job = self._jobs.pop(name)
                self._in_work = name
            try:
                result = job()
            except Exception as error:  # told whole: a session that is not saved must not look as if it were
                self.failed.emit(name, error)
            else:
                self.done.emit(name, result)
