"""The table of runs: what it shows, sorts, compares and throws away; several runs in one plot."""

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.locking import held
from core.metrics import read_metrics
from core.notes import read_notes
from core.places import runs_folder
from core.run_files import CONFIG, LOCK, METRICS
from core.runs import Run
from gui import memory
from gui.loss_curves import Along, places_along
from gui.loss_plot import LossPlot
from gui.run_folders import load_folders
from gui.run_model import columns
from gui.runs_window import RunsWindow
from gui.saved_work import SavedWork
from gui.session import Session
from gui.session_folder import SessionFolder
from gui.theme import DARK, LIGHT, run_colour

AT = {column.name: at for at, column in enumerate(columns())}


@pytest.fixture
def runs(home: Path, toy_run_path: Path) -> Path:
    """The window's folder of runs, with three copies of a run, of which one is damaged."""
    folder = runs_folder()
    for name in ("apple", "berry", "cherry"):
        shutil.copytree(toy_run_path, folder / name)
    config = (folder / "berry" / CONFIG).read_text().replace('"epochs": 12', '"epochs": 30')
    (folder / "berry" / CONFIG).write_text(config)
    (folder / "cherry" / CONFIG).write_text("{")
    return folder


@pytest.fixture
def window(session: Session, runs: Path, qtbot: QtBot) -> Iterator[RunsWindow]:
    owner = QWidget()
    qtbot.addWidget(owner)
    window = RunsWindow(session, owner)
    window.show()
    qtbot.waitUntil(lambda: window.model.rowCount() == 3 and not window._reader.is_running, timeout=20_000)
    yield window
    owner.close()


def names(window: RunsWindow) -> list[str]:
    return [window.shown.index(at, 0).data() for at in range(window.shown.rowCount())]


def cell(window: RunsWindow, name: str, column: str) -> str:
    return window.shown.index(names(window).index(name), AT[column]).data()


def test_it_shows_every_run_and_what_is_wrong_with_one(window: RunsWindow) -> None:
    assert sorted(names(window)) == ["apple", "berry", "cherry"]
    assert cell(window, "apple", "epochs") == "12 of 12"
    assert cell(window, "berry", "state") == "stopped"
    assert cell(window, "cherry", "state") == "damaged"
    assert "config.json" in cell(window, "cherry", "data")
    metrics = read_metrics(runs_folder() / "apple" / METRICS)
    measured = metrics.val_mse[np.isfinite(metrics.val_mse)]
    assert cell(window, "apple", "best") == f"{measured.min():.5f}"


def test_it_sorts_by_numbers_and_filters_by_words(window: RunsWindow) -> None:
    window.table.sortByColumn(AT["epochs"], Qt.SortOrder.AscendingOrder)
    assert names(window)[0] == "cherry"  # of which none is known
    window.table.sortByColumn(AT["name"], Qt.SortOrder.DescendingOrder)
    assert names(window) == ["cherry", "berry", "apple"]
    window.filter_line.setText("vae stopped")
    assert names(window) == ["berry"]
    assert "1 of 3" in window.status.text()
    window.filter_line.setText("no such run")
    assert names(window) == []
    window.filter_line.clear()
    assert len(names(window)) == 3


def test_notes_are_kept_with_the_run(window: RunsWindow, runs: Path, qtbot: QtBot) -> None:
    index = window.shown.index(names(window).index("apple"), AT["notes"])
    assert window.shown.setData(index, "the good one\nof two")
    assert read_notes(runs / "apple") == "the good one\nof two"
    assert cell(window, "apple", "notes") == "the good one of two"
    shutil.rmtree(runs / "berry")
    failures: list[str] = []
    window._session.failed.connect(failures.append)
    window.shown.setData(window.shown.index(names(window).index("berry"), AT["notes"]), "words")
    assert "berry" in failures[0]
    assert cell(window, "berry", "notes") == ""


def test_buttons_say_what_they_want(window: RunsWindow) -> None:
    buttons: list[QPushButton] = [window.open_button, window.losses_button, window.compare_button]
    window.choose([])
    assert [button.isEnabled() for button in buttons] == [False, False, False]
    assert "two runs" in window.compare_button.toolTip()
    window.choose(["apple"])
    assert [button.isEnabled() for button in buttons] == [True, True, False]
    window.choose(["apple", "berry"])
    assert [button.isEnabled() for button in buttons] == [False, True, True]
    window.choose(["cherry"])
    assert [button.isEnabled() for button in buttons] == [False, False, False]
    assert "config.json" in window.status.text()


def test_two_runs_are_compared(window: RunsWindow, qtbot: QtBot) -> None:
    window.choose(["apple", "berry"])
    window.compare_button.click()
    qtbot.waitUntil(window.differences.isVisible, timeout=10_000)
    table = window.differences.table
    model, across = table.model(), Qt.Orientation.Horizontal
    rows = [[model.index(row, at).data() for at in range(4)] for row in range(table.rowCount())]
    first = model.headerData(2, across)
    values = ["12", "30"] if first == "apple" else ["30", "12"]
    assert ["settings", "epochs", *values] in rows
    assert not [row for row in rows if row[1] == "latent_dim"]


def test_a_run_is_opened_by_a_double_click(window: RunsWindow, qtbot: QtBot) -> None:
    window.table.doubleClicked.emit(window.shown.index(names(window).index("apple"), AT["name"]))
    window.choose(["apple"])
    with qtbot.waitSignal(window._session.run_changed, timeout=20_000):
        window.open_button.click()
    qtbot.waitUntil(lambda: window._session.run is not None and not window._session.opener.is_busy)
    assert window._session.run is not None
    assert window._session.run.name == "apple"
    place = window.shown.index(names(window).index("apple"), 0)
    assert place.data(Qt.ItemDataRole.FontRole).bold() or place.data(Qt.ItemDataRole.FontRole).weight() > 500


def test_another_folder_is_remembered(
    window: RunsWindow, toy_run_path: Path, session: Session, qtbot: QtBot
) -> None:
    window.places.add(str(toy_run_path.parent))
    qtbot.waitUntil(lambda: "toy-run" in names(window), timeout=10_000)
    owner = window.parentWidget()
    assert owner is not None
    again = RunsWindow(session, owner)
    again.show()
    qtbot.waitUntil(lambda: "toy-run" in names(again), timeout=10_000)
    shutil.rmtree(runs_folder() / "apple")
    window.places.add(str(toy_run_path.parent / "absent"))
    qtbot.waitUntil(lambda: "absent" in window.status.text() and "apple" not in names(window), timeout=10_000)


def test_an_added_folder_is_forgotten(
    window: RunsWindow, toy_run_path: Path, session: Session, qtbot: QtBot
) -> None:
    button = window.places.forget_button
    assert not button.isEnabled()
    kept, absent = str(toy_run_path.parent), str(toy_run_path.parent / "absent")
    for folder in (kept, absent):
        window.places.add(folder)
    qtbot.waitUntil(lambda: "absent" in window.status.text() and "toy-run" in names(window), timeout=10_000)
    button.click()
    dialog = window.findChild(QInputDialog, "forgetFolder")
    assert dialog is not None
    assert dialog.comboBoxItems() == [kept, absent]
    dialog.setTextValue(absent)
    dialog.accept()
    qtbot.waitUntil(lambda: "absent" not in window.status.text(), timeout=10_000)
    assert load_folders().folders == (kept,)
    window.places.forget(kept)
    qtbot.waitUntil(lambda: "toy-run" not in names(window), timeout=10_000)
    assert not button.isEnabled()
    assert toy_run_path.is_dir()


def test_a_folder_that_cannot_be_looked_at_hides_no_run(
    window: RunsWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / CONFIG).symlink_to("x" * 300)  # which fails for root too
    for folder in (tmp_path, tmp_path / ("x" * 300)):
        window.places.add(str(folder))
    qtbot.waitUntil(lambda: "cannot be listed" in window.status.text(), timeout=10_000)
    assert sorted(names(window)) == ["apple", "berry", "cherry"]


@pytest.fixture
def answer(qtbot: QtBot) -> Callable[[RunsWindow, str], None]:
    def press(window: RunsWindow, text: str) -> None:
        box = window.findChild(QMessageBox, "trashQuestion")
        assert box is not None
        next(button for button in box.buttons() if button.text().replace("&", "") == text).click()

    return press


def test_a_run_goes_to_the_trash_after_a_question(
    window: RunsWindow,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    answer: Callable[[RunsWindow, str], None],
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    window.choose(["cherry"])
    window.trash_button.click()
    answer(window, "Cancel")
    assert (runs / "cherry").exists()
    QApplication.sendPostedEvents(None, 0)
    window.trash_button.click()
    answer(window, "Move to trash")
    qtbot.waitUntil(lambda: not (runs / "cherry").exists() or bool(window.status.text()), timeout=10_000)
    qtbot.waitUntil(lambda: not window._trash.is_running, timeout=10_000)
    assert (runs / "cherry").exists() == ("cherry" in names(window))


def test_a_run_that_is_trained_does_not_go(
    window: RunsWindow, runs: Path, qtbot: QtBot, answer: Callable[[RunsWindow, str], None]
) -> None:
    with held(runs / "apple" / LOCK):
        window.choose(["apple"])
        window.trash_button.click()
        with qtbot.waitSignal(window._session.failed, timeout=10_000) as failed:
            answer(window, "Move to trash")
    assert "being trained" in str(failed.args)
    assert (runs / "apple" / CONFIG).exists()


def rename_to(window: RunsWindow, old: str, new: str) -> None:
    window.choose([old])
    window.rename_button.click()
    dialog = window.findChild(QInputDialog, "renameRun")
    assert dialog is not None
    assert dialog.textValue() == old
    dialog.setTextValue(new)
    dialog.accept()


def test_a_run_is_renamed_and_its_edits_go_with_it(window: RunsWindow, runs: Path, qtbot: QtBot) -> None:
    fingerprint = Run.open(runs / "apple").config.data.fingerprint
    document = memory.SavedDocument(dial=2)
    memory.save(memory.document_path(runs / "apple", fingerprint), document)
    window.choose(["cherry"])
    assert not window.rename_button.isEnabled()  # which is damaged
    rename_to(window, "apple", "quince")
    qtbot.waitUntil(lambda: "quince" in names(window), timeout=10_000)
    qtbot.waitUntil(lambda: not window._renamer.is_running, timeout=10_000)
    assert sorted(path.name for path in runs.iterdir()) == ["berry", "cherry", "quince"]
    assert memory.load(memory.document_path(runs / "quince", fingerprint), memory.SavedDocument) == document


def test_a_run_that_is_trained_or_open_in_a_window_keeps_its_name(
    window: RunsWindow, runs: Path, qtbot: QtBot
) -> None:
    failures: list[str] = []
    window._session.failed.connect(failures.append)
    with held(runs / "apple" / LOCK):
        rename_to(window, "apple", "quince")
        qtbot.waitUntil(lambda: len(failures) == 1, timeout=10_000)
    assert "being trained" in failures[0]
    other = SessionFolder.begin()
    saved = SavedWork(saved_at=1.0, open_now=memory.SavedSession(source="x", run=str(runs / "berry")))
    memory.save(other.work_path, saved)
    rename_to(window, "berry", "quince")
    qtbot.waitUntil(lambda: len(failures) == 2, timeout=10_000)
    assert "open in another window" in failures[1]
    other.release()  # it has died: nobody has the run open
    rename_to(window, "berry", "quince")
    qtbot.waitUntil(lambda: "quince" in names(window), timeout=10_000)
    window._session.run = Run.open(runs / "quince")
    window.choose(["quince"])
    window.rename_button.click()
    assert failures[2] == "quince is open: open another run first."


@pytest.mark.parametrize("width", [1024, 1440])
def test_every_column_is_in_sight(window: RunsWindow, width: int) -> None:
    window.resize(width, 640)
    QApplication.processEvents()
    assert window.table.horizontalScrollBar().maximum() == 0
    assert window.table.columnWidth(AT["name"]) >= 132


def test_a_window_that_closes_while_it_reads_leaves_no_thread(session: Session, runs: Path) -> None:
    owner = QWidget()
    window = RunsWindow(session, owner)
    window.show()
    window.refresh()
    session.close()
    owner.deleteLater()


# Several runs in one plot


@pytest.fixture
def plot(session: Session, qtbot: QtBot) -> LossPlot:
    plot = LossPlot(session)
    qtbot.addWidget(plot)
    plot.resize(560, 240)
    plot.show()
    return plot


def drawn(plot: LossPlot, column: str, run: str) -> tuple[np.ndarray, np.ndarray]:
    x, y, _smooth = plot.chart.shown(column, run)
    return x, y


def test_several_runs_stand_in_one_plot_by_epochs(
    plot: LossPlot, window: RunsWindow, runs: Path, qtbot: QtBot
) -> None:
    window.choose(["apple", "berry"])
    window.losses_button.click()
    compared = window._session.compared
    qtbot.waitUntil(lambda: len(compared.runs) == 2, timeout=10_000)
    metrics = read_metrics(runs / "apple" / METRICS)
    key = str(runs / "apple")
    x, y = drawn(plot, "mse", key)
    assert np.array_equal(y, metrics.mse)
    # 54 of 60 pictures are trained on: an epoch is that many.
    assert np.allclose(x, metrics.images / 54.0)
    assert x[-1] == pytest.approx(12.0)
    plot.epochs_action.setChecked(False)
    assert np.array_equal(drawn(plot, "mse", key)[0], metrics.step)
    measured = np.isfinite(metrics.val_mse)
    assert np.array_equal(drawn(plot, "val_mse", key)[1], metrics.val_mse[measured])
    plot.legend_button("mse").setChecked(False)
    assert len(drawn(plot, "mse", key)[0]) == 0
    plot.legend_button("mse").setChecked(True)
    plot.run_legend.word(key).setChecked(False)
    assert len(drawn(plot, "mse", key)[0]) == 0
    assert len(drawn(plot, "mse", str(runs / "berry"))[0]) > 0
    plot.chart.read_at(5)
    assert "berry" in plot.chart.readout_text
    assert "apple" not in plot.chart.readout_text
    assert not plot.picture().isNull()
    plot.run_legend.clear_button.click()
    assert compared.runs == ()
    assert plot.run_legend.isHidden()


def test_the_open_run_is_not_drawn_twice(
    plot: LossPlot, toy_session: Session, runs: Path, toy_run_path: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    toy_session.compared.show([toy_run_path, runs / "apple", runs / "cherry", runs / "berry"])
    failures: list[object] = []
    toy_session.compared.failed.disconnect()
    toy_session.compared.failed.connect(failures.append)
    qtbot.waitUntil(lambda: not toy_session.compared.is_reading, timeout=10_000)
    assert len(toy_session.compared.runs) == 3
    assert "config.json" in str(failures[0])
    assert len(drawn(plot, "mse", str(toy_run_path))[0]) == 0
    assert len(drawn(plot, "mse", "")[0]) > 0
    plot.export_csv(tmp_path / "loss.csv")
    rows = list(csv.DictReader((tmp_path / "loss.csv").read_text().splitlines()))
    assert {row["run"] for row in rows} == {"toy-run", "apple", "berry"}
    metrics = read_metrics(runs / "apple" / METRICS)
    assert [float(row["mse"]) for row in rows if row["run"] == "apple"] == pytest.approx(metrics.mse.tolist())


def test_places_along_the_axis_in_epochs() -> None:
    images = np.array([10, 50, 60, 100, 110], np.int64)
    epochs = np.array([1, 1, 2, 2, 3], np.int64)
    columns = {"step": np.arange(1, 6), "images": images, "epoch": epochs, "val_mse": np.full(5, np.nan)}
    assert np.allclose(places_along(columns, Along.EPOCH, 7), images / 50.0)
    first = {name: values[:2] for name, values in columns.items()}
    assert np.allclose(places_along(first, Along.EPOCH, 200), [0.05, 0.25])  # none has ended: as many as said
    first["val_mse"] = np.array([np.nan, 0.5])
    assert np.allclose(places_along(first, Along.EPOCH, 200), [0.2, 1.0])  # the last report ends the epoch
    assert np.array_equal(places_along(columns, Along.STEP, 7), np.arange(1, 6))
    assert len(places_along({}, Along.EPOCH, 7)) == 0


def test_colours_of_runs_differ_and_can_be_read() -> None:
    def light(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    for theme in (DARK, LIGHT):
        chosen = [run_colour(theme, place) for place in range(16)]
        assert len({colour.name() for colour in chosen}) == 16
        ground = theme.color("panel")
        for colour in chosen[:8]:  # WCAG's contrast of a curve with its ground
            lights = []
            for one in (colour, ground):
                red, green, blue = (light(part) for part in (one.redF(), one.greenF(), one.blueF()))
                lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
            assert (max(lights) + 0.05) / (min(lights) + 0.05) >= 3.0
