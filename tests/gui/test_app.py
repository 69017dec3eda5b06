"""create(argv): the window with its names, its themes, its memory, and its end at every moment."""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget
from pytestqt.qtbot import QtBot

from core.config import TrainConfig
from core.places import cache_folder
from core.runs import Run
from gui import app, memory, window_memory
from gui.import_dialog import ImportDialog
from gui.main_window import MainWindow
from gui.qimage import to_array
from gui.theme import DARK, LIGHT, ThemeChoice, current_theme, theme_watch
from gui.trainer import TrainingState
from gui.window_memory import WindowMemory
from tests.gui.windows import action, opened, trigger, until

NAMES = (
    "gallery", "lossPlot", "trainButton", "pauseButton", "stopButton", "originalView", "reconstructionView",
    "editedView", "latentPanel", "exportButton",
)  # fmt: skip
LONG = TrainConfig(latent_dim=8, epochs=5000, batch_size=16, device="cpu")


def test_create_gives_the_window_with_its_names(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        assert isinstance(window, MainWindow)
        assert window.windowTitle() == "Latent Dials"
        for name in (*NAMES, *(f"dial-{dim}" for dim in range(8))):
            assert len(window.findChildren(QWidget, name)) == 1, name
        for name in ("undo", "redo"):
            assert len(window.findChildren(QAction, name)) == 1, name
            assert len(window.findChildren(QObject, name)) == 1, name
        assert window.findChild(QWidget, "dial-8") is None


def test_a_second_window_can_be_created_after_the_first(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path
) -> None:
    with opened(qtbot, toy_file) as first:
        assert first.session.run is None
    with opened(qtbot, toy_file_run) as second:
        assert second is not first
        assert second.session.run is not None
        assert second.session.pictures is not None


def test_what_a_person_opens_first_is_opened_and_not_what_the_start_would_open(
    qtbot: QtBot, toy_file: Path
) -> None:
    window = app.create([])
    qtbot.addWidget(window)
    window.session.open_dataset(toy_file)
    window.show()
    try:
        until(qtbot, lambda: window.session.dataset is not None and not window.session.opener.is_busy)
        qtbot.wait(50)  # what was prepared would begin now
        assert not window.session.opener.is_busy
        assert window.session.dataset is not None
        assert window.session.dataset.identity.source == str(toy_file)
    finally:
        window.close()


def test_a_window_that_is_not_shown_opens_all_the_same(qtbot: QtBot, toy_file: Path) -> None:
    window = app.create([str(toy_file)])
    qtbot.addWidget(window)
    try:
        until(qtbot, lambda: window.session.dataset is not None)
    finally:
        window.close()


def test_a_window_closed_before_it_was_painted_opens_nothing(qtbot: QtBot, toy_file: Path) -> None:
    window = app.create([str(toy_file)])
    qtbot.addWidget(window)
    window.close()
    window.show()
    qtbot.wait(50)
    assert window.session.dataset is None
    window.close()


def test_the_first_start_shows_the_first_faces_while_the_others_are_drawn(qtbot: QtBot) -> None:
    window = app.create([])
    qtbot.addWidget(window)
    window.show()
    session = window.session
    try:
        until(qtbot, lambda: session.pictures is not None)
        assert session.dataset is not None
        first = session.dataset
        assert len(first) == 128
        session.start_training(LONG)
        assert "still being drawn" in window.notice.text
        session.select_image(100)
        session.type_on_dial(0, "+2")
        session.set_target(7)
        steps = session.undo_stack.count()
        until(qtbot, lambda: session.dataset is not first)
        assert len(session.dataset) == 5000
        np.testing.assert_array_equal(session.dataset.pixels[:128], first.pixels)
        assert (session.index, session.target_index, session.edit.text()) == (100, 7, "z0 +2")
        assert session.undo_stack.count() == steps > 0
        assert len(window.gallery_panel.grid.order) == 5000
        saved = memory.load(memory.session_path(), memory.SavedSession)
        assert saved is not None
        assert (saved.source, saved.index) == ("faces", 100)
    finally:
        window.close()


def train(window: MainWindow, _toy: Path, qtbot: QtBot) -> None:
    """Train, and wait until it does."""
    window.training_panel.set_settings(LONG)
    window.training_panel.train_new()
    trainer = window.session.trainer
    until(qtbot, lambda: trainer.state is TrainingState.RUNNING and len(trainer.history) > 2)


def train_and_pause(window: MainWindow, toy: Path, qtbot: QtBot) -> None:
    """Train, and pause."""
    train(window, toy, qtbot)
    window.session.trainer.pause()
    until(qtbot, lambda: window.session.trainer.state is TrainingState.PAUSED)


def start_training(window: MainWindow, _toy: Path, _qtbot: QtBot) -> None:
    """Ask for training and wait for nothing."""
    window.training_panel.set_settings(LONG)
    window.training_panel.train_new()


TRAININGS = (train, train_and_pause, start_training)


def import_many(window: MainWindow, _toy: Path, qtbot: QtBot) -> None:
    """Import more pictures than there is patience for."""
    window.session.open_dataset("faces:count=50000")
    until(qtbot, lambda: window.session.task is not None)


def look_at_pictures(window: MainWindow, toy: Path, _qtbot: QtBot) -> None:
    """Leave the import dialog open."""
    window.open_path(toy)


def export(window: MainWindow, _toy: Path, _qtbot: QtBot) -> None:
    """Leave the export dialog open."""
    window.session.type_on_dial(0, "+20")
    window.export_comparison()


def drag(window: MainWindow, _toy: Path, qtbot: QtBot) -> None:
    """Hold a dial and let the pictures be under way."""
    knob = window.latent_panel.grid.dial(0)
    assert knob is not None
    qtbot.mousePress(knob, Qt.MouseButton.LeftButton, pos=knob.rect().center())
    qtbot.mouseMove(knob, knob.rect().center() - QPoint(0, 40))


@pytest.mark.parametrize(
    "begin", [train, train_and_pause, start_training, import_many, look_at_pictures, export, drag]
)
def test_it_closes_in_the_middle_of_anything(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path, begin: Callable[[MainWindow, Path, QtBot], None]
) -> None:
    with opened(qtbot, toy_file_run) as window:
        begin(window, toy_file, qtbot)
        run = window.session.run
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert window.close()
        assert not window.isVisible()
        assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == []
    # the fixture of every test fails on a thread that is left
    assert run is not None
    assert Run.open(run.path).has_checkpoint
    if begin in TRAININGS:
        with opened(qtbot) as again:
            assert again.session.run is not None
            assert again.session.run.path == run.path
            assert again.session.can_continue
            assert again.training_panel.train_button.text() == "Continue"


def test_an_import_that_was_closed_leaves_no_half_cache(qtbot: QtBot, toy_file: Path) -> None:
    with opened(qtbot, toy_file) as window:
        import_many(window, toy_file, qtbot)
    left = [path for path in cache_folder().rglob("*") if path.is_file()] if cache_folder().exists() else []
    assert left == []


def test_layout_theme_and_settings_survive_a_restart(qtbot: QtBot, toy_file: Path) -> None:
    with opened(qtbot, toy_file, size=(1300, 800)) as window:
        gallery, history = docks(window, "galleryDock", "historyDock")
        trigger(window, "toggle-galleryDock")
        trigger(window, "toggle-historyDock")
        assert gallery.isHidden()
        assert history.isVisible()
        trigger(window, "theme-dark")
        window.training_panel.set_settings(LONG)
        assert current_theme() is DARK
    with opened(qtbot, toy_file, size=(1300, 800)) as window:
        gallery, history = docks(window, "galleryDock", "historyDock")
        assert gallery.isHidden()
        assert history.isVisible()
        assert current_theme() is DARK
        assert action(window, "theme-dark").isChecked()
        assert window.training_panel.settings() == LONG
        trigger(window, "resetLayout")
        assert gallery.isVisible()
        assert history.isHidden()
        trigger(window, "theme-system")
        assert current_theme() is LIGHT  # which is what the offscreen platform reports


def test_a_window_memory_that_is_broken_is_passed_over(qtbot: QtBot, toy_file: Path, home: Path) -> None:
    (home / "state").mkdir(parents=True)
    (home / "state" / "window.json").write_text('{"geometry": "@@", "docks": 7}', encoding="utf-8")
    with opened(qtbot, toy_file) as window:
        assert window.isVisible()
    (home / "state" / "window.json").write_text('{"geometry": "@@", "docks": "!!"}', encoding="utf-8")
    with opened(qtbot, toy_file) as window:
        assert window.isVisible()


def docks(window: MainWindow, *names: str) -> list[QDockWidget]:
    """Docks by their names."""
    return [dock for name in names for dock in window.findChildren(QDockWidget, name)]


def picture_of(qtbot: QtBot, window: MainWindow) -> np.ndarray:
    """The window as it is painted once everything has come to rest."""
    window.session.message_posted.emit("the same in every picture")
    window.setFocus()
    qtbot.wait(150)  # for the plot's timer and polished styles
    return to_array(window.grab().toImage())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"network": "conv", "objective": "beta-vae", "learning_rate": 3e-4, "seed": 7},
        {"objective": "vae", "learning_rate": 1e-3, "beta": 4.0},
    ],
)
def test_a_window_memory_holds_the_settings_that_were_chosen(home: Path, settings: dict[str, object]) -> None:
    training = TrainConfig.model_validate(settings)
    window_memory.save(WindowMemory(theme="dark", training=training))
    (file,) = home.rglob("window.json")
    kept = json.loads(file.read_text())["training"]
    assert kept == {"network": "fc", "objective": "ae"} | settings
    assert window_memory.load() == WindowMemory(theme="dark", training=training)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 3e-4), ({"network": "conv"}, 1e-3), ({"learning_rate": 2e-3}, 2e-3)],
)
def test_a_window_memory_of_before_does_not_hold_a_default_of_before(
    home: Path, settings: dict[str, object], expected: float
) -> None:
    window_memory.save(WindowMemory())
    (file,) = home.rglob("window.json")
    whole = TrainConfig().model_dump() | {"learning_rate": 1e-3} | settings
    file.write_text(json.dumps({"theme": "dark", "training": whole}))
    assert window_memory.load().theme == "dark"
    assert window_memory.load().training.learning_rate == expected


@pytest.mark.parametrize(("first", "second"), [("light", "dark"), ("dark", "light")])
def test_a_theme_that_is_switched_to_looks_as_one_that_was_there_from_the_start(
    qtbot: QtBot, toy_file_run: Path, first: ThemeChoice, second: ThemeChoice
) -> None:
    theme_watch().choose(first)
    pictures = []
    for start in (first, second):
        window_memory.save(WindowMemory(theme=start))
        with opened(qtbot, toy_file_run) as window:
            window.session.type_on_dial(0, "+20")
            window.session.keep_adjustment()
            session = window.session
            until(qtbot, lambda session=session: session.is_idle and len(session.kept_pictures) > 0)
            if start != second:
                picture_of(qtbot, window)  # so that everything has been painted in the first theme
                trigger(window, f"theme-{second}")
            pictures.append(picture_of(qtbot, window))
            window.session.reset_all()
            window.session.remove_kept(0)
    switched, fresh = pictures
    differs = (switched != fresh).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert differs.sum() < 20, f"stale at {columns.min()},{rows.min()} to {columns.max()},{rows.max()}"


def test_a_dialog_left_open_is_not_in_the_next_window(qtbot: QtBot, toy_file: Path) -> None:
    with opened(qtbot, toy_file) as window:
        window.open_path(toy_file)
        (dialog,) = window.findChildren(ImportDialog)
        window.close()
        assert not dialog.isVisible()


@pytest.mark.parametrize(
    ("argv", "source"),
    [
        ([], None),
        ([sys.argv[0]], None),
        (["main.py"], None),
        (["/usr/bin/latent-dials", "faces"], "faces"),
        (["main.py", "a.npy"], "a.npy"),
        (["a.npy", "b.npy"], "a.npy"),
        (["faces:count=9"], "faces:count=9"),
    ],
)
def test_what_the_arguments_name(argv: list[str], source: str | None) -> None:
    assert app._source_in(argv) == source
