"""The hooks for what nobody caught: written to a log, shown in the window, from any thread."""

import faulthandler
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QObject, Qt, Signal

from core.places import state_folder

_MAX_LOG_BYTES = 2 * 2**20


def log_path() -> Path:
    """The file in which faults are kept."""
    return state_folder() / "faults.log"


class _Relay(QObject):
    """Carries a fault from any thread to the window's."""

    fault = Signal(str)


_relay: _Relay | None = None
_crash_file: TextIO | None = None


def install_hooks(show: Callable[[str], None]) -> None:
    """Send every uncaught exception, of any thread, to the log and to show; show is a method of a QObject."""
    global _relay, _crash_file
    _relay = _Relay()
    _relay.fault.connect(show, Qt.ConnectionType.QueuedConnection)
    sys.excepthook = _on_exception
    threading.excepthook = _on_thread_exception
    try:
        log_path().parent.mkdir(parents=True, exist_ok=True)
        _crash_file = log_path().with_name("crash.log").open("a", encoding="utf-8")
    except OSError:
        return  # no place for a log is no reason not to start
    faulthandler.enable(_crash_file)


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    text = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(text)
    _write(text)
    if _relay is not None:
        _relay.fault.emit(f"{kind.__name__}: {error}")


def _on_thread_exception(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _on_exception(args.exc_type, args.exc_value, args.exc_traceback)


def _write(text: str) -> None:
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        too_long = path.exists() and path.stat().st_size > _MAX_LOG_BYTES
        with path.open("w" if too_long else "a", encoding="utf-8") as file:
            file.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')}\n{text}\n")
    except OSError:
        return  # the same text went to stderr
