"""The laboratory's charts: what they draw of values that are there, and of those that are not."""

import numpy as np
from pytestqt.qtbot import QtBot

from gui.lab_charts import Chart, ChartCurve


def _drawn(chart: Chart) -> bytes:
    image = chart.grab().toImage()
    return bytes(image.constBits())


def test_points_without_a_number_are_left_out_of_a_curve(qtbot: QtBot) -> None:
    chart = Chart("chart", "title", "across", "up")
    qtbot.addWidget(chart)
    chart.resize(300, 200)
    x = np.array([0.1, 0.2, 0.3, 0.4])
    chart.show_curves(ChartCurve("some", "accent", x[[0, 1, 3]], np.array([1.0, 0.5, 0.25])))
    without = _drawn(chart)
    chart.show_curves(ChartCurve("some", "accent", x, np.array([1.0, 0.5, np.nan, 0.25])))
    assert _drawn(chart) == without
    chart.show_curves(ChartCurve("some", "accent", x, np.array([1.0, 0.5, 0.0, 0.25])))
    assert _drawn(chart) != without


def test_a_curve_of_nothing_leaves_room_for_words(qtbot: QtBot) -> None:
    chart = Chart("chart", "title", "across", "up")
    qtbot.addWidget(chart)
    chart.show_curves(ChartCurve("none", "accent", np.arange(3.0), np.full(3, np.nan)))
    assert chart.names == ()
    chart.show_words("Nothing to draw.")
    assert chart.accessibleDescription() == "Nothing to draw."
    assert not chart.grab().isNull()
