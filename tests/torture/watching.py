"""What a torture program watches: faults of any kind, memory, threads and files; and the table at its end."""

import gc
import os
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer, QtMsgType, qInstallMessageHandler

# What the offscreen platform says at every window with a minimum size, every tooltip and every popup.
HARMLESS = "This plugin does not support "
PATIENCE_S = 240.0  # what takes longer hangs; a measurement stands back where others want the cores


@dataclass
class Faults:
    """What nobody caught, each as its text: exceptions of any thread, Qt's warnings, Python's."""

    texts: list[str] = field(default_factory=list)

    def add(self, kind: str, text: str) -> None:
        """Note one."""
        self.texts.append(f"{kind}: {text.strip()}")


@contextmanager
def watched() -> Iterator[Faults]:
    """Note every fault while this lasts; the hooks of before are put back."""
    faults = Faults()

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        faults.add("exception", "".join(traceback.format_exception(kind, error, trace)))

    def on_thread_exception(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def on_unraisable(args: "sys.UnraisableHookArgs") -> None:
        faults.add("unraisable", f"{args.err_msg} {args.exc_value!r} in {args.object!r}")

    def on_message(kind: QtMsgType, _context: object, text: str) -> None:
        quiet = kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
        if not quiet and not text.startswith(HARMLESS):
            faults.add("Qt", text)

    def on_warning(
        message: Warning | str,
        category: type[Warning],
        file: str,
        line: int,
        _file: TextIO | None = None,
        _line: str | None = None,
    ) -> None:
        faults.add("warning", f"{category.__name__} at {file}:{line}: {message}")

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    handler = qInstallMessageHandler(on_message)
    sys.excepthook, threading.excepthook, sys.unraisablehook = (
        on_exception,
        on_thread_exception,
        on_unraisable,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = on_warning
            yield faults
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
        qInstallMessageHandler(handler)


def own_memory_mb() -> float:
    """Megabytes resident without pages of mapped files, as Linux counts them: RssAnon and RssShmem."""
    kilobytes = 0
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(("RssAnon:", "RssShmem:")):
            kilobytes += int(line.split()[1])
    return kilobytes / 1024


@dataclass(frozen=True)
class Holdings:
    """What a process holds: Python's threads, the system's threads and open files, by name and number."""

    threads: Counter[str]
    tasks: Counter[str]
    files: Counter[str]

    @classmethod
    def now(cls) -> "Holdings":
        """Look."""
        tasks, files = Counter[str](), Counter[str]()
        for task in Path("/proc/self/task").glob("*/comm"):
            with suppress(OSError):  # ended while we looked
                tasks[task.read_text().strip()] += 1
        for handle in os.listdir("/proc/self/fd"):
            with suppress(OSError):  # the one of this very look
                target = os.readlink(f"/proc/self/fd/{handle}")
                if target != f"/proc/{os.getpid()}/fd":
                    files[target.partition(":[")[0]] += 1
        names = Counter(
            thread.name
            for thread in threading.enumerate()
            if not isinstance(thread, threading._DummyThread)  # Qt's threads are among tasks
        )
        return cls(names, tasks, files)

    def more_than(self, before: "Holdings") -> list[str]:
        """What is here and was not before, each as text."""
        kinds = (
            ("thread", self.threads, before.threads),
            ("task", self.tasks, before.tasks),
            ("file", self.files, before.files),
        )
        return [
            f"{kind} {name} ×{count}" for kind, now, then in kinds for name, count in (now - then).items()
        ]


def live(seconds: float) -> None:
    """Let the window live for a while, in an event loop as the program's own."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def live_until(what: str, holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Let the window live until something holds. Raises: TimeoutError naming it."""
    end = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {patience_s:.0f} s")
        live(0.005)


def bury() -> None:
    """Let Qt and Python drop what nobody holds any more."""
    drop_deleted()
    gc.collect()
    drop_deleted()


def drop_deleted() -> None:
    """Let Qt drop what was asked to go."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    live(0.0)


def left_after(before: Holdings, patience_s: float = 5.0) -> list[str]:
    """What is held beyond before, once what is ending has had time to."""
    bury()
    end = time.monotonic() + patience_s
    while (left := Holdings.now().more_than(before)) and time.monotonic() < end:
        live(0.05)
    return left


@dataclass(frozen=True)
class Row:
    """A line of a program's table; holds is the verdict, None where there is no goal."""

    what: str
    measured: str
    goal: str = ""
    holds: bool | None = None


def show_table(title: str, rows: Sequence[Row]) -> int:
    """Print the table; the process's exit status: 0 where every goal is met, else 1."""
    words = {True: "held", False: "MISSED", None: ""}
    cells = [("what", "measured", "goal", "verdict")]
    cells += [(row.what, row.measured, row.goal, words[row.holds]) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    print(title)
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return int(any(row.holds is False for row in rows))
