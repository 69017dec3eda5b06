"""Ctrl+C and SIGTERM kept waiting while something must not be torn: an optimiser step, a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep both signals back inside the block, deliver the last after it; only the main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored, left to the system, or not set from Python cannot be kept back.
    handlers = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    caught: list[tuple[int, FrameType | None]] = []
    for number in handlers:
        signal.signal(number, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if caught:
            number, frame = caught[-1]
            handlers[signal.Signals(number)](number, frame)


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """Let SIGTERM, with which systems and schedulers end a process, do what Ctrl+C does inside the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
