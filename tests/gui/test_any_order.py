"""Actions and clicks in any order, from any state of the window: no fault, no dead end."""

import random
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from gui.session import Session
from gui.training_panel import TrainingPanel
from tests.torture.clicker import STATES, Clicker
from tests.torture.clicks import Stage, run_clicks
from tests.torture.watching import watched
from tests.torture.world import World, answered, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Pictures, runs and broken files."""
    return make_world(tmp_path_factory.mktemp("torture") / "world", 60, 16)


@pytest.fixture
def stage(world: World) -> Iterator[Stage]:
    """The stage of a few windows, whose questions for files are answered."""
    with watched() as faults:
        stage = Stage(world, faults, random.Random(1))
        with answered(stage.answer):
            yield stage


def test_clicks_at_random_find_neither_fault_nor_dead_end(qtbot: QtBot, stage: Stage) -> None:
    run_clicks(25, None, stage, per_window=25)
    assert sum(stage.done.values()) >= 10


@pytest.mark.parametrize("state", ["nothing", "run", "training", "following"])
def test_actions_keep_what_they_promise(qtbot: QtBot, stage: Stage, state: str) -> None:
    """Of the actions a share in some states; the program tries all in all."""
    clicker = Clicker(stage.world, stage.faults)
    try:
        clicker.reach(state)
        clicker.check()
        for name in clicker.action_names()[STATES.index(state) :: len(STATES)]:
            clicker.trigger_by_name(name)
            clicker.check()
            clicker.close_dialogs()
    finally:
        clicker.close(proven=False)


def test_a_button_that_cannot_be_pressed_says_why(session: Session, qtbot: QtBot) -> None:
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    said = {button.objectName(): button.toolTip() for button in panel.findChildren(QPushButton)}
    assert said["trainButton"] == "There is nothing to train on: open pictures first."
    assert said["pauseButton"] == said["stopButton"] == "Nothing is being trained here."
