"""Ctrl+C and SIGTERM kept waiting while something must not be torn: an optimiser step, a checkpoint."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
REPEATED_S = 2.0


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
    """Let SIGTERM, with which systems and schedulers end a process, do what Ctrl+C does inside the block.

    One wish to end may come more than once: a terminal and torchrun both pass Ctrl+C on. What follows the
    first within REPEATED_S is taken for the same, and does not break off what is being saved.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted_at = -math.inf

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted_at
        if time.monotonic() - interrupted_at > REPEATED_S:
            interrupted_at = time.monotonic()
            signal.default_int_handler(number, frame)

    # What is not set from Python cannot be put back, and what is ignored was meant to be.
    replaced = {
        number: handler
        for number in SIGNALS
        if (handler := signal.getsignal(number)) is not None and handler is not signal.SIG_IGN
    }
    for number in replaced:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
