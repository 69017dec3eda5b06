"""From the dial's mouse event to painted pixels, at rest and while a network is trained in the same window."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.config import NetworkName, TrainConfig
from gui.main_window import MainWindow
from gui.stage import Mode
from tests.benchmarks.live_window import Drags, drag, opened, pause, untrained_run, wait
from tests.benchmarks.rows import Row, at_most, percentile

NETWORKS: tuple[NetworkName, ...] = ("fc", "conv")
RATES = (60.0, 125.0)  # moves a second


def drags_in(window: MainWindow, mode: Mode, *, count: int, moves: int, rest_s: float) -> Drags:
    """Several drags, at both rates in turn, with a rest before each."""
    stage = window.canvas_panel.stage
    window.canvas_panel.set_mode(mode)
    views = (stage.edited, stage.difference) if mode is Mode.DIFFERENCE else (stage.edited,)
    drags = Drags()
    for turn in range(count):
        pause(rest_s)
        drag(window, drags, views, moves=moves, rate=RATES[turn % 2], phase=0.7 * turn)
    return drags


def rows() -> Iterator[Row]:
    """fc and conv at 64x64, at rest and beside a training."""
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            run = untrained_run(Path(folder), network)
            with opened(run) as window:
                drags_in(window, Mode.SIDE_BY_SIDE, count=1, moves=40, rest_s=0.2)
                for mode, name in ((Mode.SIDE_BY_SIDE, "edited"), (Mode.DIFFERENCE, "edited and difference")):
                    drags = drags_in(window, mode, count=4, moves=100, rest_s=0.2)
                    yield from _told(f"{network}, {name}, at rest", drags, 16.7, with_median=True)
                session = window.session
                session.start_training(TrainConfig(network=network, epochs=1000))
                wait("the first record", lambda: session.trainer.record is not None)
                wait("a codec", lambda: session.codec is not None and session.pictures is not None)
                pause(3.0)
                drags = drags_in(window, Mode.DIFFERENCE, count=10, moves=40, rest_s=0.6)
                yield from _told(f"{network}, while it trains", drags, 25.0, with_median=False)
                session.trainer.stop()
                wait("the end of training", lambda: not session.is_training)


def _told(what: str, drags: Drags, goal_ms: float, *, with_median: bool) -> Iterator[Row]:
    waits = drags.waits_ms
    if os.environ.get("HAND_DETAIL"):
        print(what, "n", len(waits), "shown", drags.shown, "median", round(percentile(waits, 50), 1),
              "p90", round(percentile(waits, 90), 1), "p99", round(percentile(waits, 99), 1),
              "max", round(max(waits), 1), "firsts", [f"{ms:.0f}" for ms in drags.firsts_ms], file=sys.stderr)
    if with_median:
        yield at_most(f"{what}: median", percentile(waits, 50), 8.0, "ms")
    yield at_most(f"{what}: 99 of 100", percentile(waits, 99), goal_ms, "ms")
