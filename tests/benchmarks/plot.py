"""The loss plot with a million points, from new points to the painted plot; all traversal strips of fc."""

import statistics
import time
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QApplication

from core.codec import Codec
from core.latents import traversal
from core.metrics import COLUMNS
from core.models import build_network
from core.models.network import NetworkConfig
from gui.loss_chart import LossChart
from gui.loss_curves import View
from tests.benchmarks.rows import Row, at_most, median_seconds

POINTS = 1_000_000
NEW = 16  # points that come with an update
STRIP_STEPS = 7


def history(count: int) -> dict[str, NDArray[np.float64]]:
    """A noisy loss that falls, as the columns of a run; validated every thousandth step."""
    noise = np.random.default_rng(0).uniform(0.7, 1.3, count)
    steps = np.arange(1.0, count + 1.0)
    columns = {name: np.zeros(count) for name in COLUMNS}
    columns["step"] = steps
    columns["mse"] = 0.3 / np.sqrt(steps) * noise
    columns["reconstruction"] = 1e4 * columns["mse"]
    columns["kl"] = 5.0 + 2.0 * noise
    columns["loss"] = columns["reconstruction"] + columns["kl"]
    columns["val_mse"] = np.where(steps % 1000 == 0, 1.1 * columns["mse"], np.nan)
    return columns


def updates_ms(chart: LossChart, columns: Mapping[str, NDArray[np.float64]], updates: int = 15) -> float:
    """The median time from new points at the end of a history until it is painted."""
    times: list[float] = []
    for update in range(updates + 1, 0, -1):
        seen = {name: column[: len(column) - update * NEW] for name, column in columns.items()}
        begun = time.perf_counter()
        chart.set_columns(seen)
        chart.viewport().repaint()
        times.append(1000.0 * (time.perf_counter() - begun))
    return statistics.median(times[1:])  # the first takes over what came before


def rows() -> Iterator[Row]:
    """Every way of looking at a million points, then the strips."""
    app = QApplication.instance() or QApplication([])
    columns = history(POINTS)
    chart = LossChart()
    chart.resize(700, 200)
    chart.show()
    app.processEvents()
    cases = (
        ("", View.MSE, False, 0.0),
        (", average", View.MSE, False, 0.9),
        (", average, log", View.MSE, True, 0.9),
        (", three curves, averages", View.PARTS, False, 0.9),
    )
    for name, view, log, weight in cases:
        chart.set_view(view)
        chart.set_log(log)
        chart.set_smoothing(weight)
        ms = updates_ms(chart, columns)
        yield at_most(f"loss plot, {POINTS:,} points{name}: an update", ms, 30.0, "ms")
    chart.set_span(0.5 * POINTS, 0.6 * POINTS)
    yield at_most("the same, a tenth in view: an update", updates_ms(chart, columns), 30.0, "ms")
    chart.hide()
    chart.deleteLater()
    config = NetworkConfig(network="fc", objective="ae", height=64, width=64, channels=3, latent_dim=64)
    codec = Codec(build_network(config))
    code = np.zeros(64, np.float32)

    def strips() -> None:
        codec.decode(np.concatenate([traversal(code, dim, -3.0, 3.0, STRIP_STEPS) for dim in range(64)]))

    yield at_most("64 traversal strips of 7 pictures, fc", 1000.0 * median_seconds(strips), 150.0, "ms")
