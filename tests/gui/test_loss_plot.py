"""The loss plot: what is drawn is what was recorded, smoothed as the formula says, and never fails."""

import csv
import math
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.training import TrainRecord
from gui.loss_curves import GrowingSeries, View, drawable, every_few, nearest, peaks, smoothed
from gui.loss_plot import LossPlot
from gui.session import Session
from gui.theme import DARK, LIGHT, apply_theme


def _records(count: int = 40, *, kl: float = 3.0, mse: float = 0.2) -> list[TrainRecord]:
    noise = np.random.default_rng(3).uniform(0.8, 1.2, count)
    return [
        TrainRecord(
            step=step,
            epoch=(step - 1) // 10 + 1,
            images=step * 16,
            seconds=step * 0.1,
            loss=float(1000 * mse / step * noise[step - 1] + kl),
            reconstruction=float(1000 * mse / step * noise[step - 1]),
            kl=kl,
            mse=float(mse / step * noise[step - 1]),
            val_mse=float(1.1 * mse / step) if step % 10 == 0 else math.nan,
            steps_total=count,
            epochs=count // 10,
            images_per_s=100.0,
            eta_s=1.0,
            device="cpu",
            precision="float32",
            weights=None,
            finished=False,
        )
        for step in range(1, count + 1)
    ]


def _feed(session: Session, records: list[TrainRecord]) -> None:
    """As the trainer does with the reports of its thread."""
    session.trainer.history.extend(records)
    session.trainer.records_arrived.emit(records)


@pytest.fixture
def plot(session: Session, qtbot: QtBot) -> LossPlot:
    plot = LossPlot(session)
    qtbot.addWidget(plot)
    plot.resize(560, 220)
    plot.show()
    return plot


def _shown(plot: LossPlot, column: str) -> NDArray[np.float64]:
    return plot.chart.shown(column)[1]


def _wait_for(qtbot: QtBot, plot: LossPlot, column: str, count: int) -> None:
    qtbot.waitUntil(lambda: len(_shown(plot, column)) == count)


def test_curves_are_the_records(plot: LossPlot, session: Session, qtbot: QtBot) -> None:
    assert plot.hint.isVisible()
    records = _records()
    _feed(session, records[:25])
    _wait_for(qtbot, plot, "mse", 25)
    _feed(session, records[25:])
    _wait_for(qtbot, plot, "mse", 40)
    steps, train, _ = plot.chart.shown("mse")
    assert steps.tolist() == [record.step for record in records]
    assert train.tolist() == [record.mse for record in records]
    steps, validation, _ = plot.chart.shown("val_mse")
    assert steps.tolist() == [10, 20, 30, 40]
    assert validation.tolist() == [r.val_mse for r in records if r.step % 10 == 0]
    assert not plot.hint.isVisible()


def test_smoothing_is_the_corrected_moving_average_and_the_raw_curve_stays(
    plot: LossPlot, session: Session, qtbot: QtBot
) -> None:
    records = _records(300)
    _feed(session, records)
    _wait_for(qtbot, plot, "mse", 300)
    qtbot.mouseClick(plot.smooth_button, Qt.MouseButton.LeftButton)
    plot.smoothing_slider.setValue(80)
    assert plot.smoothing == 0.8
    average, expected = 0.0, []
    for step, record in enumerate(records, start=1):
        average = 0.8 * average + 0.2 * record.mse
        expected.append(average / (1 - 0.8**step))
    _, raw, smooth = plot.chart.shown("mse")
    np.testing.assert_allclose(smooth, expected, rtol=1e-10)
    assert raw.tolist() == [record.mse for record in records]
    assert len(plot.chart.shown("val_mse")[2]) == 0, "validation is drawn as measured"
    qtbot.mouseClick(plot.smooth_button, Qt.MouseButton.LeftButton)
    assert len(plot.chart.shown("mse")[2]) == 0


def test_smoothing_keeps_a_constant_and_weight_0_changes_nothing() -> None:
    np.testing.assert_allclose(smoothed(np.full(1000, 3.5), 0.99), 3.5, rtol=1e-12)
    values = np.random.default_rng(0).normal(size=500)
    assert smoothed(values, 0.0).tolist() == values.tolist()
    assert smoothed(np.zeros(0), 0.9).size == 0


@pytest.mark.parametrize(
    "values", [[], [math.nan], [0.5], [0.0, 0.0], [-1.0, 0.0, math.inf], [0.1, math.nan, 0.0, 0.3]]
)
@pytest.mark.parametrize("log", [False, True])
def test_no_numbers_can_break_the_plot(plot: LossPlot, values: list[float], log: bool) -> None:
    columns = {
        "step": np.arange(1, len(values) + 1),
        "epoch": np.ones(len(values)),
        **{name: np.array(values) for name in ("loss", "reconstruction", "kl", "mse", "val_mse")},
    }
    plot.chart.set_log(log)
    plot.chart.set_smoothing(0.9)
    for view in (View.MSE, View.PARTS):
        plot.chart.set_view(view)
        plot.chart.set_columns(columns)
        plot.chart.read_at(0)
        plot.grab()
        expected = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        assert _shown(plot, "mse" if view is View.MSE else "kl").tolist() == expected
        assert np.isfinite(plot.chart.viewRange()).all()


def test_log_axis_spreads_powers_of_ten_evenly(plot: LossPlot) -> None:
    plot.chart.set_columns({"step": np.arange(1, 4), "mse": np.array([1.0, 0.1, 0.01])})
    plot.log_button.click()
    low, high = plot.chart.viewRange()[1]
    assert low == pytest.approx(-2.1)
    assert high == pytest.approx(0.1)
    axis = plot.chart.getAxis("left")
    ticks = axis.tickValues(low, high, 150.0)[0][1]
    assert axis.tickStrings(ticks, 1.0, None) == ["0.01", "0.03", "0.1", "0.3", "1"]


def test_parts_of_a_vae_can_be_chosen_and_an_autoencoder_has_none(
    plot: LossPlot, session: Session, qtbot: QtBot
) -> None:
    _feed(session, _records(kl=0.0))
    _wait_for(qtbot, plot, "mse", 40)
    assert not plot.view_choice.isVisible()
    session.trainer.show_history(None)
    records = _records(kl=3.0)
    _feed(session, records)
    qtbot.waitUntil(plot.view_choice.isVisible)
    plot.view_choice.button("parts").click()
    assert _shown(plot, "loss").tolist() == [record.loss for record in records]
    assert _shown(plot, "reconstruction").tolist() == [record.reconstruction for record in records]
    assert set(_shown(plot, "kl")) == {3.0}
    session.trainer.show_history(None)
    assert plot.view is View.MSE
    assert _shown(plot, "mse").size == 0


def test_words_of_the_legend_hide_their_curve(plot: LossPlot, session: Session, qtbot: QtBot) -> None:
    _feed(session, _records())
    _wait_for(qtbot, plot, "mse", 40)
    plot.legend_button("mse").click()
    assert _shown(plot, "mse").size == 0
    assert _shown(plot, "val_mse").size == 4
    plot.legend_button("mse").click()
    assert _shown(plot, "mse").size == 40


def test_csv_holds_every_column_and_record(plot: LossPlot, session: Session, tmp_path: Path) -> None:
    records = _records()
    _feed(session, records)
    plot.export_csv(tmp_path / "loss.csv")
    with (tmp_path / "loss.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "step",
        "epoch",
        "images",
        "seconds",
        "loss",
        "reconstruction",
        "kl",
        "mse",
        "val_mse",
    ]
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        for name, text in row.items():
            value = getattr(record, name)
            assert text == "" if math.isnan(value) else float(text) == value


def test_png_shows_the_curves_in_the_colours_of_the_theme(
    plot: LossPlot, session: Session, tmp_path: Path
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for theme in (DARK, LIGHT):
        apply_theme(app, theme.name)
        session.trainer.show_history(None)
        _feed(session, _records())
        plot.chart.set_columns(session.trainer.history.columns())
        plot.export_png(tmp_path / "loss.png")
        image = QImage(str(tmp_path / "loss.png"))
        assert image.width() == 2 * plot.chart.width()
        seen = {
            image.pixel(x, y) & 0xFFFFFF for x in range(image.width()) for y in range(0, image.height(), 2)
        }
        for token in (theme.panel, theme.accent, theme.unusual):
            assert QColor(token).rgb() & 0xFFFFFF in seen, f"{token} of {theme.name}"


def test_zoom_follow_and_fit(plot: LossPlot, session: Session, qtbot: QtBot) -> None:
    records = _records(100)
    _feed(session, records[:80])
    _wait_for(qtbot, plot, "mse", 80)
    assert plot.chart.viewRange()[0] == pytest.approx([0, 80])
    plot.chart.set_span(60, 80)
    in_view = [record.mse for record in records[59:80]]
    assert plot.chart.viewRange()[1][1] < max(in_view) * 1.2, "the height follows what is in view"
    _feed(session, records[80:90])
    _wait_for(qtbot, plot, "mse", 90)
    assert plot.chart.viewRange()[0] == pytest.approx([60, 80]), "a zoomed view stays"
    plot.follow_action.setChecked(True)
    _feed(session, records[90:])
    _wait_for(qtbot, plot, "mse", 100)
    assert plot.chart.viewRange()[0] == pytest.approx([80, 100])
    qtbot.keyClick(plot.chart, Qt.Key.Key_A)
    assert plot.chart.is_fitted
    assert plot.chart.viewRange()[0] == pytest.approx([0, 100])


def test_crosshair_reads_the_record_under_the_mouse(plot: LossPlot, session: Session, qtbot: QtBot) -> None:
    records = _records()
    _feed(session, records)
    _wait_for(qtbot, plot, "mse", 40)
    scene = plot.chart.view_box.mapViewToScene(plot.chart.view_box.viewRect().center())
    assert plot.chart.readout_text == ""
    qtbot.mouseMove(plot.chart.viewport(), QPoint(round(scene.x()), round(scene.y())))
    qtbot.waitUntil(lambda: plot.chart.readout_text != "")
    text = plot.chart.readout_text
    record = next(record for record in records if f"step {record.step} " in text)
    assert abs(record.step - 20) <= 1
    assert f"epoch {record.epoch}" in text
    assert f"{record.mse:.4g}" in text
    qtbot.keyClick(plot.chart, Qt.Key.Key_Right)
    assert f"step {record.step + 1} " in plot.chart.readout_text
    qtbot.keyClick(plot.chart, Qt.Key.Key_Escape)
    assert plot.chart.readout_text == ""


def test_nearest_step() -> None:
    steps = np.array([1.0, 5.0, 6.0])
    assert [nearest(steps, x) for x in (-9.0, 2.9, 3.1, 5.6, 99.0)] == [0, 0, 1, 2, 2]
    assert nearest(np.zeros(0), 1.0) is None


def test_keys_switch_log_and_smoothing(plot: LossPlot, qtbot: QtBot) -> None:
    qtbot.keyClick(plot, Qt.Key.Key_L)
    qtbot.keyClick(plot, Qt.Key.Key_S)
    assert plot.log_button.isChecked()
    assert plot.smooth_button.isChecked()


def test_a_history_of_a_hundred_thousand_records_is_thinned_for_the_screen_only(plot: LossPlot) -> None:
    count = 100_000
    values = np.full(count, 0.1)
    values[70_000] = 5.0
    plot.chart.set_columns({"step": np.arange(1, count + 1), "mse": values})
    assert len(_shown(plot, "mse")) == count
    items = plot.chart.getPlotItem().listDataItems()  # pyright: ignore[reportOptionalMemberAccess]
    curves = [np.asarray(item.getData()[1]) for item in items if isinstance(item, pg.PlotDataItem)]
    drawn = max(curves, key=lambda values: values.size)
    assert 100 < drawn.size < 20_000
    assert drawn.max() == 5.0, "a single peak must survive"


def test_a_series_that_grows_is_what_it_would_be_at_once() -> None:
    noise = np.random.default_rng(4)
    steps, values = np.arange(1.0, 1001.0), noise.normal(size=1000)
    values[noise.integers(0, 1000, 90)] = np.nan
    series = GrowingSeries()
    for log, weight in ((False, 0.9), (True, 0.9), (False, 0.0)):
        for count in (1, 2, 400, 401, 1000):
            series.follow(steps[:count], values[:count], log=log, weight=weight)
        x, y = drawable(steps, values, log=log)
        assert series.x.tolist() == x.tolist()
        assert series.y.tolist() == y.tolist()
        if weight:
            np.testing.assert_allclose(series.average, smoothed(y, weight), rtol=1e-10)
    series.follow(steps[:300], values[:300] + 1.0, log=False, weight=0.0)  # another run, shorter
    assert series.y.tolist() == drawable(steps[:300], values[:300] + 1.0, log=False)[1].tolist()


def test_thinning_loses_no_peak_and_nothing_where_all_fit() -> None:
    x, y = np.arange(100_003.0), np.random.default_rng(5).normal(size=100_003)
    y[[77_777, 100_002]] = 50.0, -60.0
    thin_x, thin_y = peaks(x, y, 500)
    assert len(thin_x) == len(thin_y) <= 4 * 500 + 256
    assert (thin_y.max(), thin_y.min()) == (50.0, -60.0)
    assert abs(thin_x[thin_y.argmax()] - 77_777) < 256
    assert (np.diff(thin_x) >= 0.0).all()
    assert peaks(x[:900], y[:900], 500)[1].tolist() == y[:900].tolist()
    few_x, few_y = every_few(x, y, 500)
    assert (few_x[-1], few_y[-1]) == (x[-1], y[-1])
    assert set(few_y) <= set(y)
