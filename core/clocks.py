"""Time as training counts it: seconds of work, and images a second over the last few of them."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

RATE_WINDOW_S = 10.0


class WorkClock:
    """Seconds of work: time in paused() blocks does not count."""

    def __init__(self, seconds: float) -> None:
        self._origin = time.perf_counter() - seconds

    def now(self) -> float:
        return time.perf_counter() - self._origin

    @contextmanager
    def paused(self) -> Iterator[None]:
        stopped = self.now()
        try:
            yield
        finally:
            self._origin = time.perf_counter() - stopped


class Rate:
    """Images a second over the last RATE_WINDOW_S."""

    def __init__(self, seconds: float, images: int) -> None:
        self._points = deque([(seconds, images)])

    def images_per_s(self, seconds: float, images: int) -> float:
        """The rate now that images were done after seconds."""
        points = self._points
        points.append((seconds, images))
        while len(points) > 2 and seconds - points[1][0] >= RATE_WINDOW_S:
            points.popleft()
        first_seconds, first_images = points[0]
        if images == first_images:  # resumed, and none done yet: what was usual before
            first_seconds, first_images = 0.0, 0
        return (images - first_images) / max(seconds - first_seconds, 1e-9)
