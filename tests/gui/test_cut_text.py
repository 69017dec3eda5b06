"""No text of the window is cut at the sizes that are promised, in any of its states."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.config import TrainConfig
from gui.stage import Mode
from gui.trainer import TrainingState
from tests.gui.conftest import train_toy_file
from tests.gui.cut_text import cut_texts
from tests.gui.windows import edit, empty, every_dialog, is_settled, opened, trigger, until

# what the offscreen platform says when a popup opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard", extend=True)

SIZES = ((1024, 700), (1440, 900))
LONG = TrainConfig(latent_dim=4, epochs=5000, batch_size=16, device="cpu")


@pytest.fixture(scope="module")
def wide_run(toy_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy file with 64 dimensions."""
    return train_toy_file(tmp_path_factory.mktemp("wide") / "discs-64", toy_file, 64)


def cut_at_rest(qtbot: QtBot, root: QWidget) -> list[str]:
    """What is cut once the layouts that were asked for have been made, a few of them one after another."""
    for _look in range(20):
        if not cut_texts(root):
            return []
        qtbot.wait(10)
    return cut_texts(root)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("latent_dim", [8, 64])
def test_nothing_is_cut(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path, wide_run: Path, size: tuple[int, int], latent_dim: int
) -> None:
    found: dict[str, list[str]] = {}

    def look(where: str, root: QWidget) -> None:
        if cut := cut_at_rest(qtbot, root):
            found[where] = cut

    with opened(qtbot, toy_file_run if latent_dim == 8 else wide_run, size=size) as window:
        look("at first", window)
        edit(qtbot, window)
        look("edited", window)
        for mode in Mode:
            window.canvas_panel.set_mode(mode)
            look(mode.value, window)
        window.canvas_panel.set_mode(Mode.SIDE_BY_SIDE)
        window.loss_plot.view_choice.button("parts").click()
        look("parts", window)
        trigger(window, "toggle-historyDock")
        look("with history", window)
        trigger(window, "toggle-historyDock")
        with every_dialog(qtbot, window, toy_file) as dialogs:
            for dialog in dialogs:
                look(f"{type(dialog).__name__} {dialog.windowTitle()}", dialog)
        window.training_panel.set_settings(LONG)
        window.training_panel.train_new()
        until(qtbot, lambda: window.session.trainer.state is TrainingState.RUNNING)
        look("training", window)
        window.session.trainer.pause()
        until(qtbot, lambda: window.session.trainer.state is TrainingState.PAUSED)
        look("paused", window)
        window.session.trainer.stop()
        until(qtbot, lambda: window.session.trainer.state is TrainingState.IDLE and is_settled(window))
        look("stopped", window)
        window.session.failed.emit("A sentence on what went wrong, long enough to need two lines. " * 2)
        look("failed", window)
    assert not found, found


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_before_there_is_a_model(qtbot: QtBot, toy_file: Path, size: tuple[int, int]) -> None:
    with empty(qtbot) as window:
        window.resize(*size)
        assert cut_at_rest(qtbot, window) == []
    with opened(qtbot, toy_file, size=size) as window:
        assert cut_at_rest(qtbot, window) == []


def test_a_cut_text_is_found(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    label = QLabel("Side by side", widget)
    widget.resize(200, 50)
    label.resize(label.sizeHint())
    assert cut_texts(widget) == []
    label.resize(label.width() - 8, label.height())
    assert len(cut_texts(widget)) == 1
    label.resize(label.sizeHint())
    label.move(150, 0)
    assert len(cut_texts(widget)) == 1


def test_big_labels_and_long_names_cut_nothing_else(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / ("a-rather-long-name-for-a-folder-of-pictures-" * 2)
    folder.mkdir()
    np.save(folder / "pictures-of-very-many-people.npy", np.zeros((1200, 16, 16, 3), np.uint8))
    with opened(qtbot, folder / "pictures-of-very-many-people.npy", size=SIZES[0]) as window:
        window.session.select_image(1199)
        assert cut_at_rest(qtbot, window) == []
