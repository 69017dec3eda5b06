"""Many pictures: opening, memory, the gallery and reads by their count; importing JPEGs against a bare loop.

python -m tests.benchmarks.pictures prints the table of time and memory by the number of pictures.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QElapsedTimer, QEventLoop, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from core.config import ImportConfig
from core.datasets import import_dataset, open_dataset
from gui.background import IteratorThread
from gui.gallery_panel import GalleryPanel
from gui.session import Session
from tests.benchmarks.rows import Row, at_least, at_most, percentile

COUNTS = (1_000, 10_000, 100_000, 1_000_000)
PICTURE = (64, 64, 3)
BATCH = 256
JPEGS = 20_000
DISTINCT_JPEGS = 500
JPEG_SIZE = (178, 218)
NARROW, WIDE = (
    (300, 840),
    (1300, 840),
)  # the gallery's dock in a window of 1440x900: as it comes, and pulled wide


@dataclass(frozen=True)
class Facts:
    """What was measured at one number of pictures, in a process of its own."""

    open_s: float
    memory_mb: float
    frame_ms: float
    wide_frame_ms: float
    read_us: float
    read_memory_mb: float


def rows() -> Iterator[Row]:
    """Section by section: a million pictures, then the import."""
    facts = {count: facts_of(count) for count in (1_000, 50_000, 1_000_000)}
    million = facts[1_000_000]
    yield at_most("open an .npy of 1,000,000 pictures", million.open_s, 1.0, "s", 2)
    yield at_most("memory more than with 1,000", million.memory_mb - facts[1_000].memory_mb, 300.0, "MB", 0)
    yield at_most("gallery of 1,000,000, scroll p99", million.frame_ms, 16.7, "ms")
    yield at_most("the same, 1,300 px wide", million.wide_frame_ms, 16.7, "ms")
    yield at_most("memory after 100 batches of it", million.read_memory_mb, 50.0, "MB", 0)
    yield Row(
        "microseconds to read a picture, of 1,000,000 and of 50,000",
        f"{million.read_us:.1f}",
        f"{facts[50_000].read_us:.1f}",
    )
    yield from _import_rows()


def table() -> str:
    """Time and memory by the number of pictures, as markdown."""
    lines = [
        "| pictures | open | memory more | gallery p99 | wide gallery p99 | read a picture | kept by reads |",
        "|---|---|---|---|---|---|---|",
    ]
    facts = [facts_of(count) for count in COUNTS]
    for count, one in zip(COUNTS, facts, strict=True):
        more = one.memory_mb - facts[0].memory_mb
        lines.append(
            f"| {count:,} | {one.open_s * 1e3:.0f} ms | {more:.0f} MB | {one.frame_ms:.1f} ms"
            f" | {one.wide_frame_ms:.1f} ms | {one.read_us:.1f} µs | {one.read_memory_mb:.0f} MB |"
        )
    return "\n".join(lines)


def facts_of(count: int) -> Facts:
    """Measure a sparse file of so many pictures in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pictures.npy"
        with path.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, *PICTURE)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + count * math.prod(PICTURE))
        command = [sys.executable, "-m", "tests.benchmarks.pictures", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Facts(**json.loads(done.stdout.splitlines()[-1]))


def _measure(path: Path) -> Facts:
    app = QApplication.instance() or QApplication([])
    session = Session()
    panel = GalleryPanel(session)
    panel.resize(*NARROW)
    panel.show()
    app.processEvents()
    before = _resident_mb()
    start = time.perf_counter()
    dataset = open_dataset(path)
    session.put_dataset(dataset, 0)
    open_s = time.perf_counter() - start
    app.processEvents()
    frame_ms = _scroll(panel)
    memory_mb = _resident_mb() - before
    panel.resize(*WIDE)
    app.processEvents()
    wide_frame_ms = _scroll(panel)
    panel.hide()
    random = np.random.default_rng(0)
    seconds = []
    before = _resident_mb()
    # Within one part of the file, warm for every count: the system's cache and not our reading would differ.
    part = min(len(dataset), 20_000)
    dataset.pictures(slice(0, part, 4))
    for _ in range(100):
        batch = np.sort(random.choice(part, BATCH, replace=False)) + (len(dataset) - part)
        start = time.perf_counter()
        dataset.pictures(batch)
        seconds.append(time.perf_counter() - start)
    read_us = statistics.median(seconds) / BATCH * 1e6
    read_memory_mb = _resident_mb() - before
    session.close()
    return Facts(open_s, memory_mb, frame_ms, wide_frame_ms, read_us, read_memory_mb)


def _scroll(panel: GalleryPanel) -> float:
    """The 99th percentile of a frame: by wheel, by dragging fast, and by jumps."""
    bar, frames = panel.grid.verticalScrollBar(), []
    random = np.random.default_rng(0)
    jumps = random.integers(0, max(1, bar.maximum()), 60).tolist()
    places = [*range(0, 60 * 120, 60), *range(0, 60 * 3001, 3001), *jumps]
    for place in places:
        start = time.perf_counter()
        bar.setValue(place)
        QApplication.processEvents()
        frames.append((time.perf_counter() - start) * 1e3)
    return percentile(frames, 99)


def _resident_mb() -> float:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) / 1024


# The import


def _import_rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, _home(Path(name) / "home"):
        folder = Path(name) / "jpegs"
        files = _make_jpegs(folder)
        bare = max(_bare_rates(files))
        start = time.perf_counter()
        open_dataset(folder, ImportConfig(size=64))
        alone = JPEGS / (time.perf_counter() - start)
        yield at_least(f"import {JPEGS:,} JPEGs, against the best bare loop", alone, bare, 0.8, "/s")
        watch = _Watch(folder)
        yield at_least("the same beside the window", watch.rate, bare, 0.8, "/s")
        yield at_most("the window's longest gap while it imports", max(watch.gaps_ms), 100.0, "ms")
        policy = ImportConfig(size=64, fit="stretch")
        steps = import_dataset(folder, policy)
        reached = next(progress.done for progress in steps if progress.done >= JPEGS // 2)
        steps.close()
        again = import_dataset(folder, policy)
        first = next(again).done
        again.close()
        yield Row(
            "cancelled at half, opened again", f"{first:,} done", f"{reached:,} done", met=first >= reached
        )


def _make_jpegs(folder: Path) -> list[Path]:
    folder.mkdir()
    random = np.random.default_rng(0)
    width, height = JPEG_SIZE
    for index in range(JPEGS):
        path = folder / f"{index:05}.jpg"
        if index < DISTINCT_JPEGS:
            coarse = random.integers(0, 256, (9, 7, 3), np.uint8)
            image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
            grain = random.integers(0, 12, (height, width, 1), np.uint8)
            Image.fromarray(np.asarray(image) // 2 + 60 + grain).save(path, quality=90)
        else:
            os.link(folder / f"{index % DISTINCT_JPEGS:05}.jpg", path)
    return sorted(folder.iterdir())


def _bare(paths: Sequence[Path]) -> int:
    for path in paths:
        with Image.open(path) as image:
            image.draft("RGB", (128, 128))
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            box = (left, top, left + side, top + side)
            np.asarray(image.resize((64, 64), Image.Resampling.LANCZOS, box))
    return len(paths)


def _bare_rates(files: list[Path]) -> Iterator[float]:
    cores = os.cpu_count() or 1
    parts = [files[start : start + 32] for start in range(0, len(files), 32)]
    with ThreadPoolExecutor(cores) as threads:
        start = time.perf_counter()
        yield sum(threads.map(_bare, parts)) / (time.perf_counter() - start)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as processes:
        list(processes.map(_bare, parts[: 2 * cores]))  # started, and warm
        start = time.perf_counter()
        yield sum(processes.map(_bare, parts)) / (time.perf_counter() - start)


class _Watch(QObject):
    """Imports in the window's way, and watches the event loop with a timer of 5 ms."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        _ = QApplication.instance() or QApplication([])
        self.gaps_ms: list[float] = []
        self._loop = QEventLoop()
        self._clock = QElapsedTimer()
        timer = QTimer(self)
        timer.timeout.connect(self._on_tick)
        policy = ImportConfig(size=64, fit="pad")
        thread = IteratorThread(lambda: import_dataset(folder, policy), self)
        thread.finished.connect(self._loop.quit)
        start = time.perf_counter()
        thread.start()
        timer.start(5)
        self._clock.start()
        self._loop.exec()
        self.rate = JPEGS / (time.perf_counter() - start)

    @Slot()
    def _on_tick(self) -> None:
        self.gaps_ms.append(self._clock.nsecsElapsed() / 1e6)
        self._clock.restart()


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    """A home of its own, so that nothing is in the cache."""
    before = os.environ.get("LATENT_DIALS_HOME")
    os.environ["LATENT_DIALS_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["LATENT_DIALS_HOME"]
        else:
            os.environ["LATENT_DIALS_HOME"] = before


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_measure(Path(sys.argv[1])).__dict__))
    else:
        print(table())
