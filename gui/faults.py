"""The hooks for what nobody caught: kept in logs, shown in the window, from any thread.

faults.log has exceptions (also of threads of Python's and of Qt's) and Qt's warnings, with their stacks. What
ends the process at once, a crash in a library, is written by faulthandler to a file of the process's own,
with the stack of every thread. A process that ends in peace takes its file away; the next start finds others.
"""

import faulthandler
import os
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
    qVersion,
)

from core.errors import LatentDialsError
from core.places import state_folder
from core.translate import tr
from core.usage import own_version

_MAX_LOG_BYTES = 2**20  # of each of two files: the one before is kept
_MOST_QT_MESSAGES = 200  # of a process: a paint event may say the same at every frame
_CRASHES_KEPT = 10
_SHOWN_BYTES = 200_000
_MARK = "Fatal Python error"  # what faulthandler begins with, whatever the signal
_QT_LEVELS = {
    QtMsgType.QtWarningMsg: "warning",
    QtMsgType.QtCriticalMsg: "critical",
    QtMsgType.QtFatalMsg: "fatal",
}


def logs_folder() -> Path:
    """Where all logs are."""
    return state_folder() / "logs"


def log_path() -> Path:
    """The file in which faults are kept that did not end the program."""
    return logs_folder() / "faults.log"


# ---- what ends the process ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crash:
    """What a process that ended at once left behind; at is when."""

    path: Path
    at: datetime


_crash_file: TextIO | None = None


def begin_crash_log() -> None:
    """Have a crash of this process written to a file of its own, with the stack of every thread."""
    global _crash_file
    end_crash_log()
    now = datetime.now(UTC)
    path = logs_folder() / f"crash-{now.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        logs_folder().mkdir(parents=True, exist_ok=True)
        for old in _crash_files()[:-_CRASHES_KEPT]:
            old.unlink(missing_ok=True)
        _crash_file = path.open("w", encoding="utf-8")
        _crash_file.write(
            f"Latent Dials {own_version()}, process {os.getpid()},"
            f" started {now.isoformat(timespec='seconds')}\n"
            f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}\n\n"
        )
        _crash_file.flush()
    except OSError:
        return  # no place for a log is no reason not to start
    faulthandler.enable(_crash_file)


def end_crash_log() -> None:
    """The process ends in peace: nothing of it stays."""
    global _crash_file
    if _crash_file is None:
        return
    faulthandler.disable()
    _crash_file.close()
    with suppress(OSError):
        os.unlink(_crash_file.name)
    _crash_file = None


def unseen_crash() -> Crash | None:
    """The newest crash that mark_crashes_seen() has not been called for."""
    for path in sorted(logs_folder().glob("crash-*.log"), reverse=True):
        with suppress(OSError):
            if _MARK in path.read_text("utf-8", errors="replace"):
                return Crash(path, datetime.fromtimestamp(path.stat().st_mtime))
    return None


def mark_crashes_seen() -> None:
    """From now on unseen_crash() finds newer ones only; the files stay."""
    for path in logs_folder().glob("crash-*.log"):
        with suppress(OSError):
            if _MARK in path.read_text("utf-8", errors="replace"):
                path.rename(path.with_name(f"seen-{path.name}"))


def log_text() -> str:
    """What Help > Show log shows: the newest crash, then the end of the log of faults."""
    texts = [text for path in reversed(_crash_files()) if _MARK in (text := _end_of(path))][:1]
    texts += [text for path in (log_path(),) if (text := _end_of(path))]
    return "\n".join(texts) or tr("Nothing has gone wrong.")


def _crash_files() -> list[Path]:
    """Those of all processes, seen or not, the newest last: their names begin with the time."""
    return sorted(logs_folder().glob("*crash-*.log"), key=lambda path: path.name.removeprefix("seen-"))


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _SHOWN_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


# ---- what the program survives -----------------------------------------------------------------------------


class _Relay(QObject):
    """Carries a sentence from any thread to the window's."""

    fault = Signal(str)


class _Hooks:
    """What was written last, so that what happens at every frame is written once."""

    def __init__(self) -> None:
        self.relay: _Relay | None = None
        self.lock = threading.RLock()
        self.last = ""
        self.repeated = 0
        self.qt_messages = 0


_hooks = _Hooks()


def install_hooks(show: Callable[[str], None]) -> None:
    """Log what nobody caught and what Qt warns of; show, a method of a QObject, gets a sentence for each."""
    _hooks.relay = _Relay()
    _hooks.relay.fault.connect(show, Qt.ConnectionType.QueuedConnection)
    sys.excepthook = _on_exception
    threading.excepthook = _on_thread_exception
    sys.unraisablehook = _on_unraisable
    qInstallMessageHandler(_on_qt_message)


def remove_hooks() -> None:
    """Give back what install_hooks took; Qt speaks on while Python ends, and must not call into it."""
    qInstallMessageHandler(None)
    sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
    sys.unraisablehook = sys.__unraisablehook__
    _hooks.relay = None


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    text = "".join(traceback.format_exception(kind, error, trace))
    thread = threading.current_thread().name
    _write(tr("in thread {name}", name=thread) + "\n" + text, say=text)
    relay = _hooks.relay
    if relay is None:
        return
    if isinstance(error, LatentDialsError):  # what a person can mend, though nobody waited for it here
        relay.fault.emit(str(error))
        return
    relay.fault.emit(
        tr(
            "A fault of ours: {text}. It is written down in {path}; your work goes on.",
            text=f"{kind.__name__}: {error}",
            path=log_path(),
        )
    )


def _on_thread_exception(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _on_exception(args.exc_type, args.exc_value, args.exc_traceback)


def _on_unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        trace = traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback)
        text = f"{args.err_msg or 'ignored'} in {args.object!r}\n{''.join(trace)}"
        _write(text, say=text)


def _on_qt_message(level: QtMsgType, context: QMessageLogContext, text: str) -> None:
    said = f"{text}\n"
    if level not in _QT_LEVELS:
        sys.stderr.write(said)
        return
    _hooks.qt_messages += 1
    if _hooks.qt_messages > _MOST_QT_MESSAGES:
        return
    stack = "".join(traceback.format_stack(limit=12)[:-1])
    _write(f"Qt {_QT_LEVELS[level]} ({context.category}): {text}\n{stack}", say=said)


def _write(text: str, say: str) -> None:
    """Write to the log what is not the same as before, with the time; say goes to stderr."""
    with _hooks.lock:
        if text == _hooks.last:
            _hooks.repeated += 1
            return
        repeated, _hooks.last, _hooks.repeated = _hooks.repeated, text, 0
        with suppress(OSError, ValueError):  # it may be closed, where no terminal is
            sys.stderr.write(say)
        path = log_path()
        with suppress(OSError):  # the same text went to stderr
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > _MAX_LOG_BYTES:
                path.replace(path.with_name("faults-before.log"))
            with path.open("a", encoding="utf-8", errors="replace") as file:
                if repeated:
                    file.write(f"... {repeated} times more\n\n")
                file.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")
