"""Directions in the window: found, turned, locked, renamed, kept with the run and with the session."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.directions import read_directions
from core.errors import EditError
from core.export.recipe import read_recipe, save_picture
from gui import recipes
from gui.direction_dialog import COMPONENTS, GROUPS, LABEL, DirectionDialog
from gui.edit_state import EditState
from gui.gallery_panel import GalleryPanel
from gui.latent_panel import DIMENSIONS, DIRECTIONS, LatentPanel
from gui.session import Session
from tests.gui.conftest import toy_dataset


@pytest.fixture
def pc_session(toy_session: Session, qtbot: QtBot) -> Session:
    """The toy session with three principal components and no file of them left from another test."""
    (toy_session.run.path / "directions.json").unlink(missing_ok=True)  # type: ignore[union-attr]
    toy_session._take_up_directions(toy_session.run.path)  # type: ignore[union-attr]
    dialog = DirectionDialog(toy_session)
    qtbot.addWidget(dialog)
    dialog.count.setValue(3)
    qtbot.waitUntil(dialog.add.isEnabled, timeout=20_000)
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    assert [found.name for found in toy_session.directions] == ["PC 1", "PC 2", "PC 3"]
    assert toy_session.dataset is not None
    assert toy_session.directions[0].source.endswith(f"({toy_session.dataset.identity.name})")
    return toy_session


def test_turning_a_direction_moves_the_code_by_sigmas(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    pictures = session.pictures
    assert pictures is not None
    vector = session.directions[0].direction.array
    before = session.position("PC 1")
    gesture = object()
    for amount in (0.5, 1.0, 2.0):
        session.turn_direction("PC 1", amount, gesture)
    assert session.undo_stack.count() == 1
    assert session.edit.text() == "PC 1 +2σ"
    assert session.position("PC 1") == pytest.approx(before + 2.0, abs=1e-4)
    qtbot.waitUntil(lambda: session.is_idle, timeout=10_000)
    assert session.pictures is not None
    assert session.pictures.edited_code == pytest.approx(pictures.code + 2.0 * vector, abs=1e-4)
    session.undo_stack.undo()
    assert session.edit == EditState()
    session.undo_stack.redo()
    session.reset_direction("PC 1")
    assert session.edit.is_empty


def test_raw_dials_and_directions_together(pc_session: Session) -> None:
    session = pc_session
    session.turn_direction("PC 2", 1.5)
    shown = session.value_of(3)
    session.type_on_dial(3, "1.25")
    assert session.value_of(3) == pytest.approx(1.25)
    session.type_on_dial(3, "*-2")
    assert session.value_of(3) == pytest.approx(-2.5)
    session.reset_dial(3)
    assert session.value_of(3) == pytest.approx(shown)
    session.type_on_direction("PC 2", "-1")
    assert session.edit.text() == "PC 2 +0.5σ"
    session.type_on_direction("PC 2", "=0.75")
    assert session.position("PC 2") == pytest.approx(0.75, abs=1e-4)
    session.negate_direction("PC 2")
    assert session.position("PC 2") == pytest.approx(-0.75, abs=1e-4)
    with pytest.raises(EditError, match="is no number"):
        session.type_on_direction("PC 2", "x")


def test_the_dials_of_directions(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    panel = LatentPanel(session)
    qtbot.addWidget(panel)
    panel.resize(320, 700)
    panel.show()
    panel.switch.button(DIRECTIONS).click()
    dials = panel.directions.grid.dials()
    assert [dial.accessibleName() for dial in dials] == ["Dial PC 1", "Dial PC 2", "Dial PC 3"]
    assert dials[0].reading.low < 0 < dials[0].reading.high  # the band of the data's own places
    dials[1].setFocus()
    qtbot.keyClick(dials[1], Qt.Key.Key_Up)
    assert session.direction == "PC 2"
    assert session.edit.amount(session.directions[1].direction) == pytest.approx(0.1)
    assert panel.directions.in_hand.dial.reading.name == "PC 2"
    start, span = dials[0].rect().center(), dials[0].reading.span
    qtbot.mousePress(dials[0], Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(dials[0], start + type(start)(0, -60))
    qtbot.mouseRelease(dials[0], Qt.MouseButton.LeftButton, pos=start + type(start)(0, -60))
    assert session.edit.amount(session.directions[0].direction) == pytest.approx(60 * span / 240, rel=0.1)
    panel.switch.button(DIMENSIONS).click()
    assert session.direction == ""
    raw = panel.grid.dial(0)
    assert raw is not None
    assert raw.reading.value == pytest.approx(session.value_of(0), abs=1e-5)  # brought up to date
    assert raw.reading.is_carried
    session.choose_direction("PC 3")
    assert panel.switch.current == DIRECTIONS


def test_a_locked_dial_stays(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    panel = LatentPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    dial = panel.grid.dial(2)
    assert dial is not None
    qtbot.keyClick(dial, Qt.Key.Key_L)
    assert session.locked == {2}
    assert dial.reading.is_locked
    qtbot.keyClick(dial, Qt.Key.Key_Up)
    assert session.edit.is_empty
    with pytest.raises(EditError, match="z2 is locked"):
        session.type_on_dial(2, "+1")
    session.lock_direction("PC 1", True)
    session.turn_direction("PC 1", 2.0)
    with pytest.raises(EditError, match="PC 1 is locked"):
        session.type_on_direction("PC 1", "+1")
    value, place = session.value_of(2), session.position("PC 1")
    session.load_random_code(7)
    assert session.value_of(2) == pytest.approx(value)
    assert session.position("PC 1") == pytest.approx(place, abs=1e-4)
    session.lock_dial(2, False)
    session.lock_direction("PC 1", False)
    session.load_random_code(8)
    assert session.value_of(2) != pytest.approx(value)


def test_renamed_and_deleted_and_kept_with_the_run(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    assert session.run is not None
    session.turn_direction("PC 1", 1.0)
    session.rename_direction("PC 1", "size")
    assert session.edit.text() == "size +1σ"
    assert session.direction == "size"
    with pytest.raises(EditError, match="There is a direction PC 2 already"):
        session.rename_direction("size", "pc 2")
    with pytest.raises(EditError, match="is no name"):
        session.rename_direction("size", 'a"b')
    session.delete_direction("PC 2")
    session._direction_files.wait_until_written()
    assert read_directions(session.run.path, 8) == session.directions
    assert [found.name for found in session.directions] == ["size", "PC 3"]
    session.delete_direction("size")
    assert session.edit.text() == "size +1σ"  # what was made of it stays
    assert session.direction == ""


def test_directions_of_other_weights_are_said_to_be_old(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    assert session.codec is not None
    qtbot.waitUntil(lambda: session._weights is not None, timeout=10_000)
    assert not session.is_old(session.directions[0])
    state = {name: value * 1.01 for name, value in session.codec.network.state_dict().items()}
    session._use_codec(session.codec.update(state), 512)
    qtbot.waitUntil(lambda: session.is_old(session.directions[0]), timeout=10_000)
    panel = LatentPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    session.choose_direction("PC 1")
    assert not panel.directions.old.isHidden()


def test_the_dialog_measures_labels_by_both_methods(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    dialog = DirectionDialog(session)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.kind.button(LABEL).click()
    assert dialog.column.currentText() == "class"
    assert [dialog.value.itemText(at) for at in range(dialog.value.count())] == ["small", "large"]
    qtbot.waitUntil(dialog.add.isEnabled, timeout=20_000)
    assert "Held out" in dialog.facts[0].text()
    assert "linear classifier" in dialog.facts[1].text()
    for box in dialog.results:
        box.setChecked(True)
    dialog.name.setText('a"b')
    assert not dialog.add.isEnabled()
    dialog.name.setText("size")
    dialog.add.click()
    assert [found.name for found in session.directions[-2:]] == ["size", "size 2"]
    assert [found.kind for found in session.directions[-2:]] == ["mean-difference", "classifier"]


def test_groups_are_marked_in_the_gallery_and_make_a_direction(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    gallery = GalleryPanel(session)
    qtbot.addWidget(gallery)
    gallery.resize(300, 500)
    gallery.show()
    session.select_image(4)
    qtbot.keyClick(gallery.grid, Qt.Key.Key_A)
    session.select_image(5)
    qtbot.keyClick(gallery.grid, Qt.Key.Key_B)
    assert session.groups == ((4,), (5,))
    assert "in group A" in gallery.grid.description(4)
    menu = gallery.menu_for(9)
    next(action for action in menu.actions() if action.text() == "Group B").trigger()
    assert session.groups == ((4,), (5, 9))
    session.set_group("A", [5, 3, 3, 999, -1])
    assert session.groups == ((3, 5), (9,))
    dialog = DirectionDialog(session)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.kind.button(GROUPS).click()
    qtbot.waitUntil(dialog.add.isEnabled, timeout=20_000)
    assert "Group A has 2 pictures, group B has 1" in dialog.group_counts.text()
    dialog.add.click()
    codes = session.codec.encode(session.dataset.pictures([3, 5, 9]))  # type: ignore[union-attr]
    way = codes[:2].mean(axis=0) - codes[2]
    vector = session.directions[-1].direction.array
    assert vector @ way / np.linalg.norm(vector) / np.linalg.norm(way) == pytest.approx(1.0, abs=1e-4)
    session.clear_groups()
    dialog = DirectionDialog(session)
    qtbot.addWidget(dialog)
    dialog.kind.button(GROUPS).click()
    assert "at least one picture" in dialog.message.text()


def test_closing_the_dialog_while_it_measures(pc_session: Session, qtbot: QtBot) -> None:
    dialog = DirectionDialog(pc_session)
    qtbot.addWidget(dialog)
    dialog.kind.button(LABEL).click()
    dialog._search()
    dialog.reject()
    assert not dialog._runner.is_running
    dialog = DirectionDialog(pc_session)
    qtbot.addWidget(dialog)
    assert dialog.kind.current == COMPONENTS
    dialog._search()
    pc_session.close()


def test_the_strip_walks_along_the_direction_in_hand(pc_session: Session, qtbot: QtBot) -> None:
    session = pc_session
    with qtbot.waitSignal(session.traversal_changed, timeout=10_000):
        session.choose_direction("PC 2")
    qtbot.waitUntil(lambda: session.is_idle, timeout=10_000)
    strip = session.traversal
    assert strip is not None
    assert strip.direction == "PC 2"
    low, high = session.span_along("PC 2")
    assert strip.values[[0, -1]].tolist() == pytest.approx([low, high])
    found, pictures = session.directions[1], session.pictures
    assert pictures is not None
    assert session.codec is not None
    code = pictures.edited_code + (low - session.position("PC 2")) * found.direction.array
    expected = session.codec.decode(code.astype(np.float32))[0].astype(int)
    assert np.abs(strip.pictures[0].astype(int) - expected).max() <= 1


def test_a_recipe_works_where_no_run_keeps_its_directions(pc_session: Session, tmp_path: Path) -> None:
    session = pc_session
    assert session.pictures is not None
    session.rename_direction("PC 1", "big, bold")
    session.turn_direction("big, bold", 1.75)
    session.turn_dial(2, 1.0)
    edited = session.edit.code(session.pictures.code)
    save_picture(session.pictures.edited, tmp_path / "a.png", recipe=session.recipe())
    document = recipes.document_of(read_recipe(tmp_path / "a.png"), 0, 8)
    assert document.edit.code(session.pictures.code) == pytest.approx(edited, abs=1e-6)
    assert document.edit.text() == session.edit.text()


def test_the_session_keeps_moves_locks_and_groups(
    pc_session: Session, toy_run_path: Path, qtbot: QtBot
) -> None:
    session = pc_session
    session.turn_direction("PC 1", 1.5)
    session.keep_adjustment()
    session.save_preset("one and a half")
    session.turn_direction("PC 2", -0.5)
    session.lock_dial(4, True)
    session.lock_direction("PC 3", True)
    session.set_group("A", [1, 2])
    session.set_group("B", [7])
    edit, kept = session.edit, session.kept
    session.save()
    other = Session()
    try:
        other.put_dataset(toy_dataset(), 0)
        other.open_run(toy_run_path)
        qtbot.waitUntil(lambda: other.codec is not None and other.is_idle, timeout=20_000)
        assert (other.edit, other.kept) == (edit, kept)
        assert other.presets["one and a half"].text() == "PC 1 +1.5σ"
        assert other.locked == {4}
        assert other.locked_directions == {"PC 3"}
        assert other.groups == ((1, 2), (7,))
        assert other.edit.amount(other.directions[1].direction) == -0.5
    finally:
        other.close()
        other.deleteLater()


def test_labels_of_a_file_are_offered_and_remembered(
    pc_session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    session = pc_session
    gallery = GalleryPanel(session)
    qtbot.addWidget(gallery)
    gallery.filter_column.setCurrentIndex(1)
    path = tmp_path / "labels.csv"
    path.write_text("index,<b>mood</b>\n" + "".join(f"{n},{'glad' if n % 3 else 'sad'}\n" for n in range(60)))
    with qtbot.waitSignals([session.labels_changed, session.message_posted], timeout=10_000):
        session.open_labels(path)
    assert session.dataset is not None
    assert [column.name for column in session.dataset.labels] == ["class", "radius", "<b>mood</b>"]
    assert gallery.filter_column.currentText() == "class"  # what was chosen stays
    gallery.filter_column.setCurrentIndex(0)
    gallery.search.setText("sad")
    assert gallery.grid.order.tolist() == list(range(0, 60, 3))
    other = Session()
    try:
        with qtbot.waitSignal(other.labels_changed, timeout=10_000):
            other.put_dataset(toy_dataset(), 0)
        assert other.dataset is not None
        assert len(other.dataset.labels) == 3
    finally:
        other.close()
        other.deleteLater()
    path.write_text("index,a\n1,2\n1,3\n")
    with qtbot.waitSignal(session.failed, timeout=10_000) as failed:
        session.open_labels(path)
    assert "stands there twice" in failed.args[0]  # type: ignore[index]


def test_a_file_of_directions_that_is_damaged_is_said_and_left_alone(
    toy_session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "directions.json").write_text("{")
    with qtbot.waitSignal(toy_session.failed) as failed:
        toy_session._take_up_directions(tmp_path)
    assert "cannot be read" in failed.args[0]  # type: ignore[index]
    codec = toy_session.codec
    assert isinstance(codec, Codec)
    assert toy_session.directions == ()
    toy_session._put_directions(())
    assert (tmp_path / "directions.json").read_text() == "{"
    assert replace(toy_session.edit) == EditState()
