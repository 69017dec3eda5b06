"""From the dial's mouse event to painted pixels, at rest and while a network trains in the same window."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.config import NetworkName, TrainConfig
from gui.main_window import MainWindow
from gui.stage import Mode
from tests.benchmarks.live_window import Drags, drag, opened, pause, untrained_run, wait
from tests.benchmarks.rows import Row, at_most, percentile

NETWORKS: tuple[NetworkName, ...] = ("fc", "conv")
RATES = (60.0, 125.0)  # moves a second
ROUNDS = 5


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


def of_rounds(rounds: list[list[float]], percent: float) -> float:
    """The median over the rounds of each round's percentile: one neighbour's burst does not decide."""
    return float(np.median([percentile(waits, percent) for waits in rounds]))


def rows() -> Iterator[Row]:
    """fc and conv at 64x64, at rest and beside a training."""
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            with opened(untrained_run(Path(folder), network)) as window:
                drags_in(window, Mode.SIDE_BY_SIDE, count=1, moves=40, rest_s=0.2)  # warms up
                yield from _at_rest(window, network)
                yield from _beside_training(window, network)


def _at_rest(window: MainWindow, network: NetworkName) -> Iterator[Row]:
    for mode, name in ((Mode.SIDE_BY_SIDE, "edited"), (Mode.DIFFERENCE, "edited and difference")):
        rounds = [drags_in(window, mode, count=2, moves=100, rest_s=0.2).waits_ms for _ in range(ROUNDS)]
        yield at_most(f"{network}, {name}, at rest: median", of_rounds(rounds, 50), 8.0, "ms")
        yield at_most(f"{network}, {name}, at rest: 99 of 100", of_rounds(rounds, 99), 16.7, "ms")


def _beside_training(window: MainWindow, network: NetworkName) -> Iterator[Row]:
    session = window.session
    session.start_training(TrainConfig(network=network, epochs=1000, batch_size=256))
    wait("the first record", lambda: session.trainer.record is not None)
    wait("a codec", lambda: session.codec is not None and session.pictures is not None)
    pause(3.0)
    rounds = [
        drags_in(window, Mode.DIFFERENCE, count=4, moves=50, rest_s=0.6).waits_ms for _ in range(ROUNDS)
    ]
    yield at_most(f"{network}, while it trains: 99 of 100", of_rounds(rounds, 99), 25.0, "ms")
    session.trainer.stop()
    wait("the end of training", lambda: not session.is_training)
