"""What a window leaves when it dies comes back, once, with its history; a newer save is never overwritten."""

import json
import os
import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from core.edits import Edit, Operation
from core.errors import EditError
from gui import memory
from gui.edit_state import Document, EditState, Kept, StartCode
from gui.main_window import MainWindow
from gui.memory import SavedDocument
from gui.saved_history import History, SavedHistory, Step
from gui.saved_work import SavedWork
from gui.session import Session
from gui.session_folder import declined_folder, lost_folders, sessions_folder
from tests.gui.windows import opened, until


def left_behind(window: MainWindow) -> Path:
    """What a window that is killed now would leave: its folder, without the lock."""
    window.session.keeper.save()
    folder = window.session.keeper.folder
    assert folder is not None
    dead = sessions_folder() / f"{folder.name}-dead"
    shutil.copytree(folder.path, dead)
    return dead


def edited_and_killed(qtbot: QtBot, run: Path) -> None:
    """A window with a drag, a kept adjustment and a step undone, as it is when it is killed."""
    with opened(qtbot, run) as window:
        session = window.session
        session.select_image(7)
        until(qtbot, lambda: session.is_idle)
        gesture = object()
        for value in (1.0, 2.0, 3.0):
            session.turn_dial(2, value, gesture)
        session.type_on_dial(5, "*-2")
        session.keep_adjustment()
        session.set_note(0, "wider – “é”")
        session.save_preset("mine")
        session.type_on_dial(1, "+20")
        session.undo_stack.undo()
        left_behind(window)
        session.undo_stack.setIndex(0)  # what is closed in peace is another document
        session.presets = {}


def press(window: MainWindow, name: str) -> None:
    """Press a button of the offer."""
    button = window.findChild(QPushButton, name)
    assert button is not None
    assert button.isEnabled()
    button.click()


def test_a_lost_session_comes_back_with_its_history(qtbot: QtBot, toy_file_run: Path) -> None:
    edited_and_killed(qtbot, toy_file_run)
    with opened(qtbot, toy_file_run) as window:
        session, stack = window.session, window.session.undo_stack
        assert "ended without goodbye" in window.offer_bar.text
        assert session.edit.is_empty
        press(window, "restoreSession")
        until(qtbot, lambda: window.offer_bar.isHidden() and session.is_idle)
        assert (session.index, session.dial, list(session.presets)) == (7, 1, ["mine"])
        assert [kept.note for kept in session.kept] == ["wider – “é”"]
        assert (stack.count(), stack.index()) == (5, 4)
        assert [stack.text(place).split()[0] for place in range(5)] == [
            "Turn",
            "Edit",
            "Keep",
            "Describe",
            "Edit",
        ]
        for _ in range(4):
            stack.undo()
        assert session.edit.is_empty
        assert session.kept == ()
        assert session.index == 7
        stack.redo()
        assert session.value_of(2) == pytest.approx(3.0)  # the drag is still one step
        stack.setIndex(5)
        assert session.edit.text().endswith("z1 +20")
        until(qtbot, lambda: session.is_idle)
        assert session.pictures is not None
        until(qtbot, lambda: not list(sessions_folder().glob("*-dead")))  # once this window's own is written
    assert lost_folders() == []
    with opened(qtbot, toy_file_run) as window:
        assert window.offer_bar.isHidden()
        assert window.session.edit.text().endswith("z1 +20")


@pytest.mark.parametrize("how", ["fresh", "closed"])
def test_what_is_declined_is_not_offered_again_and_stays_on_the_disk(
    qtbot: QtBot, toy_file_run: Path, how: str
) -> None:
    edited_and_killed(qtbot, toy_file_run)
    with opened(qtbot, toy_file_run) as window:
        assert window.offer_bar.text
        if how == "fresh":
            press(window, "startFresh")
            assert window.offer_bar.isHidden()
    with opened(qtbot, toy_file_run) as window:
        assert window.offer_bar.isHidden()
        assert window.session.edit.is_empty
    (declined,) = declined_folder().glob("*.json")
    assert SavedWork.model_validate_json(declined.read_bytes()).history.done == 4


def test_an_offer_that_was_not_answered_outlives_the_window_that_made_it(
    qtbot: QtBot, toy_file_run: Path
) -> None:
    edited_and_killed(qtbot, toy_file_run)
    with opened(qtbot, toy_file_run) as window:
        session = window.session
        session.keeper.save()
        assert session.keeper.folder is None  # an untouched window does not push the lost one aside
        assert lost_folders() == []  # nor can a third window offer it at the same time
        offered = window.recovery._folder
        assert offered is not None
        offered.release()  # what the system does when this one is killed
        (lost,) = lost_folders()
        lost.release()
        window.recovery._folder = None


def test_edits_made_before_the_answer_stay_in_the_history(qtbot: QtBot, toy_file_run: Path) -> None:
    edited_and_killed(qtbot, toy_file_run)
    with opened(qtbot, toy_file_run) as window:
        session = window.session
        session.type_on_dial(0, "+9")
        press(window, "restoreSession")
        until(qtbot, lambda: window.offer_bar.isHidden() and session.is_idle)
        assert session.undo_stack.text(1) == "Take up the last session"
        session.undo_stack.setIndex(1)
        assert session.edit.text() == "z0 +9"


def test_what_cannot_be_taken_up_stays_offered(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(toy_file_run, copy)
    edited_and_killed(qtbot, copy)
    shutil.rmtree(copy)
    with opened(qtbot, toy_file) as window:
        press(window, "restoreSession")
        until(qtbot, lambda: window.offer_bar.isEnabled() and not window.session.opener.is_busy)
        assert str(copy) in window.notice.text
        assert window.offer_bar.text


def test_damaged_work_is_passed_over(qtbot: QtBot, toy_file_run: Path) -> None:
    edited_and_killed(qtbot, toy_file_run)
    (work,) = sessions_folder().glob("*-dead/session.json")
    work.write_text('{"format_version": 1, "saved_at": 1, "steps": [[[')
    with opened(qtbot, toy_file_run) as window:
        assert window.offer_bar.isHidden()
    assert lost_folders() == []


@contextmanager
def two_windows(qtbot: QtBot, run: Path) -> Iterator[tuple[Session, Session]]:
    """The same run and pictures, open twice."""
    with opened(qtbot, run) as first, opened(qtbot, run) as second:
        yield first.session, second.session


def test_a_stale_window_does_not_overwrite_a_newer_save(qtbot: QtBot, toy_file_run: Path) -> None:
    with two_windows(qtbot, toy_file_run) as (first, second):
        first.type_on_dial(0, "+1")
        second.type_on_dial(0, "+2")
        assert first.run is not None
        assert first.dataset is not None
        path = memory.document_path(first.run.path, first.dataset.identity.fingerprint)
        first.save()
        with qtbot.waitSignal(second.failed) as said:
            second.save()
        assert "kept beside them" in str(said.args)
        saved = memory.load(path, SavedDocument)
        assert saved is not None
        assert (saved.sequence, saved.state.edits) == (1, "0+1")
    with opened(qtbot, toy_file_run) as window:
        assert window.session.edit.text() == "z0 +1"
        assert "kept aside" in window.offer_bar.text
        press(window, "restoreSession")
        until(qtbot, lambda: window.offer_bar.isHidden())
        assert window.session.edit.text() == "z0 +2"
        window.session.undo_stack.setIndex(0)  # the newer save is the step before
        assert window.session.edit.text() == "z0 +1"


def test_a_window_that_only_looked_writes_nothing(qtbot: QtBot, toy_file_run: Path) -> None:
    with two_windows(qtbot, toy_file_run) as (first, second):
        first.type_on_dial(0, "+1")
        first.save()
        second.select_image(9)
        second.save()
    with opened(qtbot, toy_file_run) as window:
        assert (window.session.index, window.session.edit.text()) == (0, "z0 +1")
        assert window.offer_bar.isHidden()


def test_nothing_is_written_while_a_hand_holds_a_dial(toy_session: Session, qtbot: QtBot) -> None:
    keeper = toy_session.keeper
    with qtbot.waitSignal(keeper.kept):
        toy_session.type_on_dial(3, "+1")
    toy_session.hold_hand(True)
    with qtbot.assertNotEmitted(keeper.kept, wait=700):
        for value in (1.0, 2.0):
            toy_session.turn_dial(0, value, "drag")
    with qtbot.waitSignal(keeper.kept, timeout=2000):
        toy_session.hold_hand(False)
    assert keeper.folder is not None
    saved = SavedWork.model_validate_json(keeper.folder.work_path.read_bytes())
    assert len(saved.history.steps) == 2


def test_whoever_edits_on_and_on_is_saved_all_the_same(toy_session: Session, qtbot: QtBot) -> None:
    kept: list[int] = []
    toy_session.keeper.kept.connect(kept.append)
    steps = 0
    while not kept:
        toy_session.type_on_dial(0, "+1")
        qtbot.wait(20)
        steps += 1
        assert steps < 500


@pytest.mark.parametrize("obstacle", ["no folder", "full disk"])
def test_a_session_that_cannot_be_saved_is_said_once_and_saved_later(
    toy_session: Session, qtbot: QtBot, home: Path, obstacle: str
) -> None:
    state = home / "state"
    shutil.rmtree(state, ignore_errors=True)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if obstacle == "no folder":
        state.write_text("a file where the folder was")
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # what is longer does not fit
    said: list[str] = []
    toy_session.failed.connect(said.append)
    try:
        for edit in ("+1", "+2"):
            with qtbot.waitSignal(toy_session.keeper._writer.failed, timeout=5000):
                toy_session.type_on_dial(0, edit)
            qtbot.wait(1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if obstacle == "no folder":
            state.unlink()
    assert len(said) == 1
    assert str(state) in said[0]
    with qtbot.waitSignal(toy_session.keeper.kept, timeout=5000):
        toy_session.type_on_dial(0, "+3")
    assert toy_session.edit.text() == "z0 +6"
    assert list(state.rglob("*.part")) == []


def test_a_session_folder_that_somebody_removes_is_made_again(toy_session: Session, qtbot: QtBot) -> None:
    for edit in ("+1", "+2"):
        with qtbot.waitSignal(toy_session.keeper.kept):
            toy_session.type_on_dial(0, edit)
        assert len(list(sessions_folder().glob("*/session.json"))) == 1
        shutil.rmtree(sessions_folder())


def test_work_that_cannot_be_committed_is_offered_at_the_next_start(
    qtbot: QtBot, toy_file_run: Path, home: Path
) -> None:
    with opened(qtbot, toy_file_run) as window:
        window.session.type_on_dial(0, "+1")
        shutil.rmtree(home / "state" / "editing", ignore_errors=True)
        (home / "state" / "editing").write_text("a file where the folder was")
    (home / "state" / "editing").unlink()
    with opened(qtbot, toy_file_run) as window:
        assert window.session.edit.is_empty
        press(window, "restoreSession")
        until(qtbot, lambda: window.offer_bar.isHidden())
        assert window.session.edit.text() == "z0 +1"


def some_history(luck: random.Random, count: int) -> History:
    """Steps as they come about: each begins where the one before ended, or at another picture."""
    document, steps = Document(index=0), []
    for number in range(count):
        before = (
            document if luck.random() < 0.8 else Document(luck.randrange(9), document.edit, document.kept)
        )
        edit = before.edit.with_edit(
            Edit(luck.randrange(4), luck.choice(list(Operation)), luck.gauss(0, 1e3))
        )
        if luck.random() < 0.2:
            edit = EditState(StartCode(f"code {number}", tuple(luck.gauss(0, 1) for _ in range(4))))
        document = Document(before.index, edit, before.kept)
        if luck.random() < 0.4:
            document = document.with_kept(
                before.index, (*before.kept_of(before.index), Kept(edit, "x" * number))
            )
        steps.append(Step(f"step {number}", before, document))
    return History(tuple(steps), luck.randrange(count + 1))


@pytest.mark.parametrize("seed", range(20))
def test_a_history_is_the_same_after_it_was_kept(seed: int) -> None:
    history = some_history(random.Random(seed), 40)
    text = SavedHistory.of(history).model_dump_json()
    assert SavedHistory.model_validate_json(text).history(4, 9) == history
    assert len(text) < 40_000


@pytest.mark.parametrize(
    ("key", "value"),
    [("steps", [["x", 0, -1]]), ("steps", [["x", 0, 9999]]), ("done", 41), ("done", -1)],
)
def test_a_history_that_does_not_fit_is_refused(key: str, value: object) -> None:
    saved = json.loads(SavedHistory.of(some_history(random.Random(1), 40)).model_dump_json())
    with pytest.raises(EditError):
        SavedHistory.model_validate_json(json.dumps({**saved, key: value})).history(4, 9)
    whole = SavedHistory.model_validate_json(json.dumps(saved))
    for dims, count in ((3, 9), (4, 5)):
        with pytest.raises(EditError):
            whole.history(dims, count)


def test_a_dead_windows_lock_can_be_had_and_a_living_ones_cannot(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        window.session.type_on_dial(0, "+1")
        window.session.keeper.save()
        assert lost_folders() == []
        pid = os.fork()
        if not pid:  # a window that dies at once, with what it had locked
            os._exit(0)
        os.waitpid(pid, 0)
        assert lost_folders() == []
