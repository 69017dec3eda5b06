"""The window while a network trains, no hand on a dial: its event loop's gaps, and what training loses."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from core.config import NetworkName, TrainConfig
from gui.main_window import MainWindow
from tests.benchmarks.live_window import FACES, opened, pause, untrained_run, wait
from tests.benchmarks.rows import Row, at_least, at_most, percentile

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
BATCH = 256
WATCHED_S, COUNTED_S = 8.0, 15.0
TICK_MS = 5


class Gaps(QObject):
    """Times between the ticks of a 5 ms timer, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start()

    @Slot()
    def _on_tick(self) -> None:
        now = time.perf_counter()
        self.ms.append(1000.0 * (now - self._last))
        self._last = now


def rate_in(window: MainWindow, network: NetworkName, gaps: list[float]) -> float:
    """Pictures a second of a training in the window, by the wall's clock; gaps gets those of its beginning.

    A timer that wakes 200 times a second takes its own share of a core: none runs while pictures are counted.
    """
    session = window.session
    watch = Gaps()
    session.start_training(TrainConfig(network=network, epochs=100_000, batch_size=BATCH))
    wait_quietly(lambda: session.trainer.record is not None)
    pause(WATCHED_S)
    gaps += watch.ms[1:]
    watch.deleteLater()
    first, began = session.trainer.record, time.perf_counter()
    pause(COUNTED_S)
    last, ended = session.trainer.record, time.perf_counter()
    session.trainer.stop()
    wait("the end of training", lambda: not session.is_training)
    if first is None or last is None:
        raise RuntimeError("training reported nothing")
    return (last.images - first.images) / (ended - began)


def wait_quietly(holds: Callable[[], bool]) -> None:
    """As wait, in the event loop itself."""
    while not holds():
        pause(0.05)


def rate_of_command(folder: Path, network: NetworkName) -> float:
    """Pictures a second of the command line's training, by the wall's clock."""
    run = folder / f"command-{network}-{time.monotonic_ns()}"
    command = [sys.executable, "main.py", "train", "--data", FACES, "--network", network,
               "--epochs", "100000", "--batch-size", str(BATCH), "--out", str(run)]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not _images(run):
                time.sleep(0.05)
                if process.poll() is not None:
                    raise RuntimeError(f"the command line ended with {process.returncode}")
            time.sleep(WATCHED_S)
            first, began = _images(run), time.perf_counter()
            time.sleep(COUNTED_S)
            return (_images(run) - first) / (time.perf_counter() - began)
        finally:
            process.terminate()


def _images(run: Path) -> int:
    path = run / "metrics.csv"
    if not path.is_file():
        return 0
    rows = path.read_text().splitlines()[1:]
    return int(rows[-2].split(",")[2]) if len(rows) > 1 else 0  # the last may be torn


def rows() -> Iterator[Row]:
    """fc at batch 256."""
    with tempfile.TemporaryDirectory() as folder, opened(untrained_run(Path(folder), "fc")) as window:
        gaps: list[float] = []
        ours: list[float] = []
        reference: list[float] = []
        for _round in range(ROUNDS):
            reference.append(rate_of_command(Path(folder), "fc"))
            ours.append(rate_in(window, "fc", gaps))
        yield at_least(
            "training in the window and at the command line, fc", statistics.median(ours),
            statistics.median(reference), 0.9, "pictures/s",
        )  # fmt: skip
        yield at_most("gap of the event loop while it trains: 99 of 100", percentile(gaps, 99), 20.0, "ms")
        yield at_most("the longest gap, first steps included", max(gaps), 100.0, "ms")
