"""What is open vanishes or changes behind the window's back: a sentence, no crash, and the edits stay."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from core.datasets import storage
from core.places import cache_folder
from core.run_files import CHECKPOINT
from gui.main_window import MainWindow
from tests.gui.conftest import toy_dataset
from tests.gui.windows import edit, is_settled, opened, until


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    """The toy pictures in a folder of their own, which a test may do anything to."""
    path = tmp_path / "drive" / "discs.npy"
    path.parent.mkdir()
    np.save(path, toy_dataset().pictures(slice(None)))
    return path


def open_with_run(qtbot: QtBot, window: MainWindow, run: Path, source: Path) -> None:
    """The run on these pictures, with an edit."""
    window.session.open_dataset(source)
    until(qtbot, lambda: is_settled(window) and window.session.dataset is not None)
    window.session.open_run(run)
    until(qtbot, lambda: is_settled(window) and window.session.codec is not None)
    edit(qtbot, window)


def go_on(qtbot: QtBot, window: MainWindow) -> None:
    """All that a person does next: other pictures, dials, codes of others, the gallery painted anew."""
    session = window.session
    assert session.dataset is not None
    steps = session.undo_stack.count()
    for index in (1, len(session.dataset) - 1):
        session.select_image(index)
        session.type_on_dial(1, "+1")
        session.load_code_of(index)
    session.set_previews((3, 5))
    window.gallery_panel.grid.set_thumbnail_px(window.gallery_panel.grid.thumbnail_px + 9)
    window.repaint()
    until(qtbot, lambda: session.is_idle)
    qtbot.wait(20)
    assert session.undo_stack.count() >= steps
    session.save()


@pytest.mark.parametrize("how", ["truncated", "removed", "overwritten"])
def test_pictures_of_a_small_file_stay_whatever_happens_to_it(
    qtbot: QtBot, own_file: Path, toy_file_run: Path, how: str
) -> None:
    with opened(qtbot, own_file) as window:
        open_with_run(qtbot, window, toy_file_run, own_file)
        session = window.session
        assert session.dataset is not None
        before = session.dataset.pictures(slice(None))
        session.source_watch.interval_ms = 20
        with qtbot.waitSignal(session.source_watch.changed, timeout=5000) as said:
            if how == "truncated":
                os.truncate(own_file, 300)
            elif how == "removed":
                shutil.rmtree(own_file.parent)
            else:
                own_file.write_bytes(b"x" * own_file.stat().st_size)
        assert str(own_file) in str(said.args)
        assert ("is gone" if how == "removed" else "was changed") in window.notice.text
        go_on(qtbot, window)
        np.testing.assert_array_equal(session.dataset.pictures(slice(None)), before)
        assert session.pictures is not None
        assert len(session.kept_pictures) == len(session.kept)


def test_a_drive_that_comes_back_is_said(qtbot: QtBot, own_file: Path) -> None:
    with opened(qtbot, own_file) as window:
        watch = window.session.source_watch
        watch.interval_ms = 20
        with qtbot.waitSignal(watch.changed, timeout=5000):
            own_file.parent.rename(own_file.parent.with_name("unplugged"))
        with qtbot.waitSignal(watch.changed, timeout=5000) as said:
            own_file.parent.with_name("unplugged").rename(own_file.parent)
        assert "is there again" in str(said.args)


@pytest.mark.skipif(not storage.CAN_PREAD, reason="this system reads through the map")
def test_a_large_file_that_is_cut_short_is_a_sentence(
    qtbot: QtBot, own_file: Path, toy_file_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "SMALL_BYTES", 0)  # as if it were too large for the memory
    with opened(qtbot, own_file) as window:
        open_with_run(qtbot, window, toy_file_run, own_file)
        kept = window.session.kept
        os.truncate(own_file, 300)
        go_on(qtbot, window)
        assert "became shorter" in window.notice.text
        assert str(own_file) in window.notice.text
        window.session.undo_stack.setIndex(window.session.undo_stack.count())
        assert window.session._document.kept_of(0) == kept


def test_a_cache_that_is_removed_while_it_is_open_is_missed_by_nobody(
    qtbot: QtBot, tmp_path: Path, toy_file_run: Path
) -> None:
    path = tmp_path / "discs.npz"
    np.savez(path, toy_dataset().pictures(slice(None)))
    with opened(qtbot, path) as window:
        assert cache_folder().is_dir()
        open_with_run(qtbot, window, toy_file_run, path)
        shutil.rmtree(cache_folder())
        go_on(qtbot, window)
        assert "cannot" not in window.notice.text
        with qtbot.waitSignal(window.session.dataset_changed, timeout=10_000):
            window.session.open_dataset(path)  # which makes it anew
        assert cache_folder().is_dir()


def test_a_run_that_is_removed_while_it_is_edited_leaves_the_edits(
    qtbot: QtBot, own_file: Path, toy_file_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_file_run, run)
    with opened(qtbot, own_file) as window:
        open_with_run(qtbot, window, run, own_file)
        window.session.follower.interval_ms = 20
        with qtbot.waitSignal(window.session.follower.lost, timeout=5000):
            shutil.rmtree(run)
        assert str(run) in window.notice.text
        go_on(qtbot, window)
        window.session.start_training(window.training_panel.settings())  # of another run
        until(qtbot, lambda: window.session.is_training)
        assert window.session.run is not None
        assert window.session.run.path != run


def can_save(window: MainWindow) -> bool:
    action = window.findChild(QAction, "saveRunAs")
    assert action is not None
    return action.isEnabled()


@pytest.mark.parametrize("is_deleted", [True, False])
def test_the_open_run_is_saved_elsewhere_with_its_edits(
    qtbot: QtBot, own_file: Path, toy_file_run: Path, tmp_path: Path, is_deleted: bool
) -> None:
    run, new = tmp_path / "run", tmp_path / "new"
    shutil.copytree(toy_file_run, run)
    with opened(qtbot, own_file) as window:
        open_with_run(qtbot, window, run, own_file)
        session = window.session
        assert can_save(window)
        kept, codec, steps = session.kept, session.codec, len(session.trainer.history)
        assert kept
        assert codec is not None
        if is_deleted:
            session.follower.interval_ms = 20
            with qtbot.waitSignal(session.follower.lost, timeout=5000):
                shutil.rmtree(run)
        window.run_saving.save_to(new)
        until(qtbot, lambda: is_settled(window) and session.run is not None and session.run.path == new)
        assert session.kept == kept
        assert session.codec is not None
        assert session.codec.fingerprint == codec.fingerprint
        assert len(session.trainer.history) == steps > 0
        assert ("without its checkpoint" in window.notice.text) == is_deleted
        assert (new / CHECKPOINT).is_file() != is_deleted


def test_a_run_is_not_saved_over_another(qtbot: QtBot, own_file: Path, toy_file_run: Path) -> None:
    with opened(qtbot, own_file) as window:
        assert not can_save(window)
        open_with_run(qtbot, window, toy_file_run, own_file)
        with qtbot.waitSignal(window.session.failed, timeout=5000):
            window.run_saving.save_to(toy_file_run)
        assert "already holds a run" in window.notice.text
        until(qtbot, lambda: not window.run_saving.is_running)
