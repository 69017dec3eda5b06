"""Work on many items by all cores, in order, with a bound on what is in flight."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

REPORT_INTERVAL_S = 0.05
TASKS_PER_WORKER = 8


def in_order(
    function: Callable[[A], B],
    items: Iterable[A],
    workers: int | None = None,
    tasks_per_worker: int = TASKS_PER_WORKER,
) -> Generator[B | None, None, None]:
    """function(item) for each item, in the items' order, or None when nothing came for REPORT_INTERVAL_S.

    Closing the generator drops what has not begun and waits for what has, so no thread is left.
    """
    workers = workers or os.cpu_count() or 1
    waiting: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="import")
    try:
        remaining = iter(items)
        for item in remaining:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= workers * tasks_per_worker:
                yield from _next(waiting)
        while waiting:
            yield from _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[Future[B]]) -> Generator[B | None, None, None]:
    first = waiting.popleft()
    while True:
        try:
            result = first.result(timeout=REPORT_INTERVAL_S)
        except TimeoutError:
            if first.done():  # the function's own TimeoutError, not that of waiting
                raise
            yield None
        else:
            yield result
            return
