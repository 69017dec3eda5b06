"""A window in which nothing happens does nothing: no layout, and no paint but that of a caret."""

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.config import TrainConfig
from gui.trainer import TrainingState
from tests.gui.windows import edit, every_dialog, is_settled, opened, trigger, until

# what the offscreen platform says when a popup opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard", extend=True)

SETTLED_MS, WATCHED_MS = 800, 500
STIRS = (QEvent.Type.LayoutRequest, QEvent.Type.UpdateRequest)
MOST = 3  # of the same widget in that time: a caret is drawn twice a second
LONG = TrainConfig(latent_dim=4, epochs=5000, batch_size=16, device="cpu")


class Stirs(QObject):
    """Counts what any widget lays out, and any window paints."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in STIRS:
            self.counts[event.type().name, type(watched).__name__, watched.objectName()] += 1
        return False


def stirs_in(qtbot: QtBot) -> dict[tuple[str, str, str], int]:
    """What goes on in the program's windows once they have come to rest, more often than a caret blinks."""
    qtbot.wait(SETTLED_MS)
    stirs, application = Stirs(), QApplication.instance()
    assert application is not None
    application.installEventFilter(stirs)
    qtbot.wait(WATCHED_MS)
    application.removeEventFilter(stirs)
    return {what: count for what, count in stirs.counts.items() if count > MOST}


def test_the_window_rests_in_all_its_states(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        assert stirs_in(qtbot) == {}
        edit(qtbot, window)
        window.session.message_posted.emit("News.")
        assert stirs_in(qtbot) == {}
        window.session.failed.emit("A sentence on what went wrong, long enough to need two lines. " * 2)
        trigger(window, "toggle-historyDock")
        trigger(window, "toggle-mapDock")
        until(qtbot, lambda: is_settled(window))
        assert stirs_in(qtbot) == {}
        window.training_panel.set_settings(LONG)
        window.training_panel.train_new()
        until(qtbot, lambda: window.session.trainer.state is TrainingState.RUNNING)
        window.session.trainer.pause()
        until(qtbot, lambda: window.session.trainer.state is TrainingState.PAUSED)
        assert stirs_in(qtbot) == {}
        window.session.trainer.stop()
        until(qtbot, lambda: window.session.trainer.state is TrainingState.IDLE and is_settled(window))


def test_the_other_windows_rest_too(qtbot: QtBot, toy_file: Path, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window, every_dialog(qtbot, window, toy_file) as dialogs:
        for dialog in dialogs:
            dialog.show()
        stirs = stirs_in(qtbot)
        moving = ("UpdateRequest", "AnimationWindow", "animationWindow")
        assert moving in stirs  # it shows what it would save: that this moves is seen
        assert set(stirs) == {moving}
