"""The whole window: one story told through its widgets, and what may be dropped on it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.config import TrainConfig
from core.export.recipe import read_recipe
from core.painting import with_detail
from core.runs import Run
from gui.dial import Dial
from gui.export_dialog import ExportDialog
from gui.import_dialog import ImportDialog
from gui.main_window import MainWindow
from gui.qimage import to_array
from gui.stage import Mode
from gui.tile_grid import TileGrid
from gui.trainer import TrainingState
from tests.gui.windows import action, opened, trigger, until

LEFT = Qt.MouseButton.LeftButton


def drop(on: QWidget, *paths: Path) -> bool:
    """Drop files on a widget as the system does; whether they were taken."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = on.rect().center()
    action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, mime, LEFT, none)
    enter.ignore()
    QApplication.sendEvent(on, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(place), action, mime, LEFT, none)
    event.ignore()
    QApplication.sendEvent(on, event)
    return event.isAccepted()


def dialog_of(window: MainWindow) -> ImportDialog:
    """The import dialog that stands before the window."""
    (dialog,) = (found for found in window.findChildren(ImportDialog) if found.isVisible())
    return dialog


def import_dropped(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Drop pictures and press Open in the dialog that comes."""
    assert drop(window, path)
    dialog = dialog_of(window)
    until(qtbot, dialog.open_button.isEnabled)
    qtbot.mouseClick(dialog.open_button, LEFT)
    until(qtbot, lambda: window.session.dataset is not None and not window.session.opener.is_busy)


def fill(qtbot: QtBot, window: MainWindow, name: str, text: str) -> None:
    """Type a text over that of a field."""
    field = window.findChild(QLineEdit, name)
    assert field is not None
    qtbot.mouseClick(field, LEFT)
    field.selectAll()
    qtbot.keyClicks(field, text)


def click(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Click a button that is there and enabled."""
    button = window.findChild(QPushButton, name)
    assert button is not None
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def dial(window: MainWindow, dim: int) -> Dial:
    """A dial of the panel."""
    found = window.findChild(Dial, f"dial-{dim}")
    assert found is not None
    return found


def type_on(qtbot: QtBot, window: MainWindow, dim: int, text: str) -> None:
    """Type a text on a dial, and Enter."""
    knob = dial(window, dim)
    window.latent_panel.scroll_area.ensureWidgetVisible(knob)
    window.activateWindow()
    until(qtbot, window.isActiveWindow)
    knob.setFocus()
    qtbot.keyClicks(knob, text[:1])
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    qtbot.keyClicks(editor, text[1:])
    qtbot.keyClick(editor, Qt.Key.Key_Return)


def shown(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until what was asked for is on the canvas."""
    until(qtbot, lambda: window.session.is_idle and window.session.pictures is not None)


def test_a_whole_story(qtbot: QtBot, toy_file: Path, home: Path, tmp_path: Path) -> None:
    with opened(qtbot, toy_file) as window:  # in the place of the faces of the first start
        session, trainer = window.session, window.session.trainer
        window.activateWindow()
        pictures = tmp_path / "mine.npy"
        np.save(pictures, np.load(toy_file)[:40])
        import_dropped(qtbot, window, pictures)
        assert session.dataset is not None
        assert len(session.dataset) == 40
        assert session.run is None

        for name, text in (("latent_dim", "8"), ("epochs", "5000"), ("batch_size", "16")):
            fill(qtbot, window, f"setting-{name}", text)
        click(qtbot, window, "trainButton")
        until(qtbot, lambda: trainer.state is TrainingState.RUNNING and len(trainer.history) > 5)
        click(qtbot, window, "pauseButton")
        until(qtbot, lambda: trainer.state is TrainingState.PAUSED)
        click(qtbot, window, "pauseButton")
        until(qtbot, lambda: trainer.state is TrainingState.RUNNING)
        until(qtbot, lambda: session.pictures is not None)  # the dials work while it trains
        click(qtbot, window, "stopButton")
        until(qtbot, lambda: trainer.state is TrainingState.IDLE and session.analyst.effects is not None)
        shown(qtbot, window)

        gallery = window.findChild(TileGrid, "gallery")
        assert gallery is not None
        gallery.setFocus()
        qtbot.keyClick(gallery, Qt.Key.Key_Right)
        qtbot.keyClick(gallery, Qt.Key.Key_Right)
        assert session.index == 2
        shown(qtbot, window)

        turned = dial(window, 3)
        before = session.value_of(3)
        middle = turned.rect().center()
        qtbot.mousePress(turned, LEFT, pos=middle)
        for step in range(1, 6):
            qtbot.mouseMove(turned, middle - QPoint(0, 8 * step))
        qtbot.mouseRelease(turned, LEFT, pos=middle - QPoint(0, 40))
        assert session.value_of(3) > before
        assert session.undo_stack.count() == 1
        session.undo_stack.undo()
        type_on(qtbot, window, 0, "+20")
        type_on(qtbot, window, 7, "+20")
        assert session.edit.text() == "z0 +20, z7 +20"
        shown(qtbot, window)

        wipe = window.canvas_panel.modes.button(Mode.WIPE.value)
        qtbot.mouseClick(wipe, LEFT)
        assert window.canvas_panel.stage.mode is Mode.WIPE
        trigger(window, "undo")
        assert session.edit.text() == "z0 +20"
        trigger(window, "redo")
        assert session.edit.text() == "z0 +20, z7 +20"
        trigger(window, "undo")
        click(qtbot, window, "keepButton")
        type_on(qtbot, window, 7, "+20")
        trigger(window, "keepAdjustment")
        assert [kept.state.text() for kept in session.kept] == ["z0 +20", "z0 +20, z7 +20"]
        shown(qtbot, window)

        click(qtbot, window, "exportButton")
        (dialog,) = window.findChildren(ExportDialog)
        figure = tmp_path / "before_after.png"
        dialog.export_to(figure)
        dialog.reject()
        run = session.run
        assert run is not None
        path = run.path
        history = len(trainer.history)
        assert session.pictures is not None
        edited = session.pictures.edited.copy()

    recipe = read_recipe(figure)
    assert recipe.index == 2
    assert [one.edits for one in recipe.adjustments] == ["0+20", "0+20,7+20"]
    # what the window showed is what the run's own decoder makes of the code, reckoned here
    codec = Codec.from_run(Run.open(path))
    code = codec.encode(np.load(pictures)[2:3])[0]
    code[[0, 7]] += 20.0
    np.testing.assert_array_equal(codec.decode(code)[0], edited)

    with opened(qtbot) as window:  # nothing named: what was open comes back
        session = window.session
        assert session.dataset is not None
        assert session.dataset.identity.source == str(pictures)
        assert session.run is not None
        assert session.run.path == path
        assert session.index == 2
        assert session.edit.text() == "z0 +20, z7 +20"
        assert [kept.state.text() for kept in session.kept] == ["z0 +20", "z0 +20, z7 +20"]
        assert session.dial == 7
        assert session.pictures is not None
        np.testing.assert_array_equal(session.pictures.edited, edited)
        assert len(session.trainer.history) == history
        assert window.training_panel.settings().latent_dim == 8

        session.reset_all()
        for _kept in session.kept:
            session.remove_kept(0)
        session.select_image(0)
        assert drop(window, figure)
        shown(qtbot, window)
        assert session.index == 2
        assert session.edit.text() == "z0 +20, z7 +20"
        assert len(session.kept) == 2
        until(qtbot, lambda: session.pictures is not None and bool((session.pictures.edited == edited).all()))

        session.reset_all()
        shutil.rmtree(path)
        assert drop(window, figure)
        assert "is absent" in window.notice.text
        assert path.name in window.notice.text


@pytest.mark.parametrize(
    ("make", "summary", "opens"),
    [
        (lambda folder: _folder(folder), "3 pictures", True),
        (lambda folder: _text(folder), "This cannot be opened so.", False),
        (lambda folder: _empty(folder), "This cannot be opened so.", False),
    ],
    ids=["folder", "text", "empty"],
)
def test_what_is_dropped_is_looked_at_first(
    qtbot: QtBot, toy_file: Path, tmp_path: Path, make: Callable[[Path], Path], summary: str, opens: bool
) -> None:
    with opened(qtbot, toy_file) as window:
        assert drop(window, make(tmp_path))
        dialog = dialog_of(window)
        until(qtbot, lambda: not dialog.is_looking and dialog.summary_label.text() != "Looking…")
        assert dialog.summary_label.text().startswith(summary)
        assert dialog.open_button.isEnabled() is opens
        assert dialog.problem_label.isHidden() is opens
        if opens:
            dialog.accept()
            until(qtbot, lambda: window.session.dataset is not None and len(window.session.dataset) == 3)
        else:
            assert len(dialog.problem_label.text()) > 20
            dialog.reject()
            assert window.session.dataset is not None
            assert len(window.session.dataset) == 60


def _folder(parent: Path) -> Path:
    folder = parent / "pictures"
    folder.mkdir()
    for number, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (16, 16), colour).save(folder / f"{number}.png")
    return folder


def _text(parent: Path) -> Path:
    path = parent / "letter.txt"
    path.write_text("no picture")
    return path


def _empty(parent: Path) -> Path:
    path = parent / "nothing"
    path.mkdir()
    return path


def test_of_two_dropped_files_the_first_is_opened_and_that_is_said(
    qtbot: QtBot, toy_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.npy"
    np.save(other, np.load(toy_file)[:5])
    with opened(qtbot, toy_file) as window:
        assert drop(window, other, toy_file)
        assert dialog_of(window).source == str(other)
        assert "other.npy" in window.notice.text
        dialog_of(window).reject()


def test_the_original_s_detail_is_in_what_is_saved_and_comes_back_with_it(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_edited(name: str) -> Path:
        file = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(file), ""))
        window.canvas_panel.save_requested.emit("edited")
        return file

    with opened(qtbot, toy_file_run) as window:
        session, edited = window.session, window.canvas_panel.stage.edited
        session.select_image(5)
        session.type_on_dial(0, "+2")
        shown(qtbot, window)
        plain = save_edited("plain.png")
        trigger(window, "originalsDetail")
        pictures = session.pictures
        assert pictures is not None
        detailed = with_detail(pictures.original, pictures.reconstruction, pictures.edited)
        assert not np.array_equal(detailed, pictures.edited)
        assert edited.pixels is not None
        assert np.array_equal(edited.pixels, detailed)
        single = save_edited("detailed.png")
        assert np.array_equal(np.asarray(Image.open(single)), detailed)
        assert np.array_equal(np.asarray(Image.open(plain)), pictures.edited)
        assert (read_recipe(single).detail, read_recipe(plain).detail) == (True, False)
        # Copied, and exported without it in the dialog.
        window.copy_comparison()
        copied = to_array(QApplication.clipboard().image())
        dialog = ExportDialog(session, window)
        assert dialog.detail_box.isChecked()
        words = dialog.rows[0].words
        dialog.export_to(tmp_path / "figure.png")
        assert np.array_equal(np.asarray(Image.open(tmp_path / "figure.png")), copied)
        assert read_recipe(tmp_path / "figure.png").detail
        dialog.detail_box.setChecked(False)
        assert dialog.rows[0].words != words  # what changed is measured on what the figure shows
        assert dialog.rows[0].own_words == ""
        paths = dialog.export_each(tmp_path)
        assert np.array_equal(np.asarray(Image.open(paths[-1]))[::16, ::16], pictures.edited)
        assert not read_recipe(paths[-1]).detail
        dialog.reject()
        # A picture that was saved so is shown so again.
        assert drop(window, plain)
        shown(qtbot, window)
        assert not action(window, "originalsDetail").isChecked()
        assert np.array_equal(edited.pixels, pictures.edited)
        assert drop(window, tmp_path / "figure.png")
        shown(qtbot, window)
        assert action(window, "originalsDetail").isChecked()
        assert window.canvas_panel.paint_bar.detail.isChecked()
        assert np.array_equal(edited.pixels, detailed)


def test_a_foreign_png_is_refused_in_a_sentence(qtbot: QtBot, toy_file: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "foreign.png")
    with opened(qtbot, toy_file) as window:
        assert drop(window, tmp_path / "foreign.png")
        assert "foreign.png" in window.notice.text
        assert not any(dialog.isVisible() for dialog in window.findChildren(QDialog))


def test_what_is_dropped_while_a_run_trains_is_refused_at_once(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path, tmp_path: Path
) -> None:
    with opened(qtbot, toy_file) as window:
        window.training_panel.set_settings(
            TrainConfig(latent_dim=4, epochs=5000, batch_size=16, device="cpu")
        )
        window.training_panel.train_new()
        run = window.session.run
        for path in (_folder(tmp_path), toy_file_run, toy_file):
            window.notice.hide()
            assert drop(window, path)
            assert "stop it first" in window.notice.text
        assert not any(dialog.isVisible() for dialog in window.findChildren(QDialog))
        assert window.session.run is run
        assert window.session.is_training


def test_what_is_no_file_is_not_taken(qtbot: QtBot, toy_file: Path) -> None:
    with opened(qtbot, toy_file) as window:
        assert not drop(window)
        mime = QMimeData()
        mime.setUrls([QUrl("https://example.org/faces.npy")])
        event = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier(0))
        event.ignore()
        QApplication.sendEvent(window, event)
        assert not event.isAccepted()


def test_a_field_under_the_pointer_does_not_swallow_a_dropped_file(
    qtbot: QtBot, toy_file_run: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "some.png")
    with opened(qtbot, toy_file_run) as window:
        window.session.type_on_dial(0, "+1")
        window.session.keep_adjustment()
        shown(qtbot, window)
        fields = [*window.findChildren(QLineEdit), *window.findChildren(QPlainTextEdit)]
        words = [words_in(field) for field in fields]
        for field in fields:
            drop(field.viewport() if isinstance(field, QPlainTextEdit) else field, tmp_path / "some.png")
        assert [words_in(field) for field in fields] == words
        assert "some.png" in window.notice.text


def words_in(field: QLineEdit | QPlainTextEdit) -> str:
    """What stands in a field."""
    return field.text() if isinstance(field, QLineEdit) else field.toPlainText()


def test_a_measurement_that_was_cancelled_goes_on_from_the_menu(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        session = window.session
        until(qtbot, lambda: session.codec is not None and not session.analyst.is_running)
        assert not action(window, "measureCodes").isEnabled()
        assert session.codec is not None
        session.follower.codec_arrived.emit(session.codec.update(session.codec.network.state_dict()), True)
        assert not action(window, "measureCodes").isEnabled()  # it is under way
        session.cancel_task()
        trigger(window, "measureCodes")
        assert session.analyst.is_running
        until(qtbot, lambda: session.analyst.effects_of is session.codec and not session.analyst.is_running)
        assert not action(window, "measureCodes").isEnabled()
