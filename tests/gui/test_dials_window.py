"""The window "Dials in numbers": the table, the correlations, the factors, what each of them saves."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.datasets.dataset import ImageDataset
from core.factors import FACTORS_FILE
from gui.dials_window import DialsWindow
from gui.latent_panel import LatentPanel
from gui.matrix_view import MatrixView
from gui.session import Session
from gui.theme import apply_theme
from tests.gui.conftest import toy_dataset


@pytest.fixture
def shown(toy_session: Session, qtbot: QtBot, qapp: QApplication) -> Iterator[DialsWindow]:
    apply_theme(qapp, "dark")
    owner = QWidget()
    qtbot.addWidget(owner)
    window = DialsWindow(toy_session, owner)
    qtbot.waitUntil(lambda: toy_session.analyst.kl is not None, timeout=20_000)
    window.show()
    yield window
    window.close()
    toy_session.close()


def place(view: MatrixView, row: int, column: int) -> QPoint:
    return QPointF(view.cell_rect(row, column).center()).toPoint()


def hover(view: MatrixView, row: int, column: int) -> None:
    """The pointer over a cell, without moving the one that the next test meets."""
    where = QPointF(place(view, row, column))
    move = QMouseEvent(
        QEvent.Type.MouseMove, where, view.mapToGlobal(where), Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(view, move)
    assert view.cell == (row, column)


def test_the_table_has_the_analyst_s_numbers(shown: DialsWindow, toy_session: Session) -> None:
    model, analyst = shown.model, toy_session.analyst
    assert model.rowCount() == 8
    assert analyst.effects is not None
    assert analyst.statistics is not None
    names = model.names
    for row in range(8):
        dial = model.dial_of(row)
        cells = {name: model.data(model.index(row, at)) for at, name in enumerate(names)}
        assert cells["dial"] == f"z{dial}"
        assert float(cells["std"]) == pytest.approx(float(analyst.statistics.std[dial]), abs=6e-4)
        assert float(cells["effect"]) == pytest.approx(float(analyst.effects[dial]), abs=6e-3)
    assert "active, measured on 60 pictures" in shown.status.text()
    assert "KL of all" in shown.status.text()


def test_a_column_sorts_and_a_click_takes_the_dial_in_hand(
    shown: DialsWindow, toy_session: Session, qtbot: QtBot
) -> None:
    analyst = toy_session.analyst
    assert analyst.effects is not None
    analyst.dead = np.zeros(8, np.bool_)
    shown.table.sortByColumn(shown.model.names.index("effect"), Qt.SortOrder.DescendingOrder)
    order = [shown.model.dial_of(row) for row in range(8)]
    alive = [dial for dial in order if shown.model.numbers is not None and not shown.model.numbers.dead[dial]]
    assert alive == sorted(alive, key=lambda dial: -analyst.effects[dial])  # pyright: ignore[reportOptionalSubscript]
    assert order[: len(alive)] == alive  # idle ones last
    cell = shown.table.visualRect(shown.model.index(2, 1)).center()
    qtbot.mouseClick(shown.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert toy_session.dial == order[2]
    toy_session.choose_dial(order[5])
    assert shown.table.currentIndex().row() == 5


def test_correlations_come_as_a_picture_and_a_cell_takes_a_dial_in_hand(
    shown: DialsWindow, toy_session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    shown.tabs.setCurrentIndex(1)
    pane = shown.correlation
    qtbot.waitUntil(lambda: pane.correlation is not None)
    assert toy_session.analyst.codes is not None
    exact = np.atleast_2d(np.corrcoef(toy_session.analyst.codes.codes.T))
    assert pane.correlation is not None
    np.testing.assert_allclose(pane.correlation, exact, atol=1e-3)
    hover(pane.view, 4, 1)
    assert pane.view.accessibleDescription() == f"z4 and z1: {exact[4, 1]:+.2f}".replace("-", "−")
    qtbot.mouseClick(pane.view, Qt.MouseButton.LeftButton, pos=place(pane.view, 6, 2))
    assert toy_session.dial == 6
    assert shown.save.isEnabled()
    shown.save_as(tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 100


def test_factors_are_measured_shown_kept_and_saved(
    shown: DialsWindow, toy_session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    pane = shown.factors
    assert not pane.scores[0].isVisible()
    shown.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: pane.report is not None, timeout=20_000)
    report = pane.report
    assert report is not None
    assert report.names == ("class", "radius")
    assert pane.scores[0].value.text() == f"{report.mig:.3f}"
    assert pane.scores[3].isVisible()
    row, column = 1, 0
    hover(pane.view, row, column)
    assert "of class" in pane.view.accessibleDescription()
    qtbot.mouseClick(pane.view, Qt.MouseButton.LeftButton, pos=place(pane.view, row, column))
    assert pane.view.accessibleDescription().startswith(f"z{toy_session.dial} knows ")
    assert toy_session.kept_folder is not None
    assert (toy_session.kept_folder / FACTORS_FILE).is_file()
    shown.save_as(tmp_path / "f.png")
    assert (tmp_path / "f.png").is_file()
    assert "Saved" in shown.status.text()


def test_the_keys_walk_over_a_matrix(shown: DialsWindow, toy_session: Session, qtbot: QtBot) -> None:
    shown.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: shown.correlation.correlation is not None)
    view = shown.correlation.view
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(view, key)
    assert view.cell[0] == toy_session.dial != 0


def test_the_table_is_saved_as_csv_and_a_folder_that_is_gone_is_said(
    shown: DialsWindow, toy_session: Session, tmp_path: Path
) -> None:
    shown.save_as(tmp_path / "dials.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "dials.csv").read_text("utf-8"))))
    assert len(rows) == 8
    said: list[str] = []
    toy_session.failed.connect(said.append)
    shown.save_as(tmp_path / "gone" / "dials.csv")
    assert "cannot be written" in said[0]


def test_pictures_without_labels_and_a_cancelled_measurement_are_said(
    shown: DialsWindow, toy_session: Session, qtbot: QtBot
) -> None:
    pane = shown.factors
    labelled = toy_dataset()
    bare = ImageDataset(labelled.pixels, labelled.identity, labelled.reading)
    toy_session.dataset = bare
    shown.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: "have no labels" in pane.words.text())
    assert pane.report is None
    assert not pane.cancel.isVisible()
    toy_session.dataset = labelled
    toy_session.labels_changed.emit()
    assert pane.cancel.isVisible()
    pane.cancel.click()
    assert "cancelled" in pane.words.text()
    assert pane.measure.isEnabled()


def test_with_nothing_open_every_tab_says_so(session: Session, qtbot: QtBot) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    window = DialsWindow(session, owner)
    window.show()
    assert "no numbers yet" in window.status.text()
    assert not window.save.isEnabled()
    window.tabs.setCurrentIndex(1)
    assert "no codes yet" in window.correlation.words.text()
    window.tabs.setCurrentIndex(2)
    assert "no codes yet" in window.factors.words.text()
    window.close()


def test_dials_are_ranked_by_spread_and_by_kl_where_there_is_one(toy_session: Session, qtbot: QtBot) -> None:
    analyst = toy_session.analyst
    qtbot.waitUntil(lambda: analyst.kl is not None, timeout=20_000)
    panel = LatentPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(330, 700)
    panel.show()
    assert analyst.dead is not None
    assert analyst.kl is not None
    assert analyst.statistics is not None
    for key, measure in (("spread", analyst.statistics.std), ("kl", analyst.kl)):
        qtbot.mouseClick(panel.sort.button(key), Qt.MouseButton.LeftButton)
        expected = np.lexsort((np.arange(8), -measure.astype(np.float64), analyst.dead))
        assert panel.grid.page == tuple(expected.tolist())
    analyst.kl = None
    analyst.kl_changed.emit()
    assert not panel.sort.button("kl").isVisible()
    assert panel.sort.current == "effect"
