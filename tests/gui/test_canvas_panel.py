"""The canvas shows the right pixels at whole-number scales, in every mode, and asks the session to change."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.canvas_panel import CanvasPanel
from gui.difference import COLOURS, coloured, difference, limit_for
from gui.lens import fitting_scale
from gui.picture_view import PictureView
from gui.qimage import to_array
from gui.session import Session
from gui.stage import Mode


@pytest.fixture
def panel(toy_session: Session, qtbot: QtBot) -> Iterator[CanvasPanel]:
    panel = CanvasPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(790, 650)
    panel.show()
    toy_session.type_on_dial(0, "+3")
    qtbot.waitUntil(lambda: toy_session.is_idle)
    yield panel
    panel.hide()


def shown(view: PictureView) -> NDArray[np.uint8]:
    """One sample of each pixel of the picture as painted, (H,W,3), off the ring and the rounded corners."""
    assert view.pixels is not None
    rect = view.shown_rect()
    picture = to_array(view.grab().toImage())
    height, width = view.pixels.shape[:2]
    ys = (rect.top() + (np.arange(height) + 0.5) * rect.height() / height).astype(int)
    xs = (rect.left() + (np.arange(width) + 0.5) * rect.width() / width).astype(int)
    return picture[np.ix_(ys, xs)]


def test_the_scale_is_the_largest_whole_number_that_fits() -> None:
    assert fitting_scale((64, 64), (260.0, 255.9)) == 3.0
    assert fitting_scale((64, 64), (256.0, 300.0)) == 4.0
    assert fitting_scale((28, 56), (1000.0, 112.0)) == 2.0
    assert fitting_scale((512, 512), (200.0, 200.0)) == pytest.approx(1 / 3)


def test_three_pictures_stand_side_by_side_and_sharp(panel: CanvasPanel, toy_session: Session) -> None:
    pictures, stage = toy_session.pictures, panel.stage
    assert pictures is not None
    names = ("originalView", "reconstructionView", "editedView")
    views = {view.objectName(): view for view in panel.findChildren(PictureView)}
    scale = stage.lens.scale
    assert scale == int(scale) >= 10
    width = views["editedView"].width()
    assert 16 * scale <= width < 16 * (scale + 1) + 6
    expected = (pictures.original, pictures.reconstruction, pictures.edited)
    for name, pixels in zip(names, expected, strict=True):
        view = views[name]
        assert view.isVisible()
        np.testing.assert_array_equal(shown(view), pixels)
        assert view.rect().toRectF().contains(view.shown_rect())
    assert views["editedView"].marked
    assert "mse" in stage.captions[stage.reconstruction].text
    assert f"{pictures.mse:.4f}" in stage.captions[stage.reconstruction].text
    assert stage.captions[stage.edited].text.startswith("Edited · z0 +")


@pytest.mark.parametrize("size", [(560, 430), (560, 330), (818, 650), (1400, 900)])
def test_nothing_overlaps_or_is_cut(panel: CanvasPanel, qtbot: QtBot, size: tuple[int, int]) -> None:
    panel.resize(*size)
    for mode in Mode:
        panel.set_mode(mode)
        qtbot.waitExposed(panel)
        QApplication.processEvents()
        assert panel.stage.geometry().bottom() < panel.traversal.y()
        assert panel.traversal.geometry().bottom() < panel.kept.y()
        assert panel.kept.geometry().bottom() <= panel.height()
        for view in panel.stage.seen():
            assert panel.stage.rect().contains(panel.stage.captions[view].geometry())
            assert view.rect().toRectF().contains(view.shown_rect())
        for button in (panel.keep, panel.export):
            assert button.width() >= button.minimumSizeHint().width()
            assert panel.rect().contains(button.geometry())


def test_ctrl_and_wheel_zoom_all_views_around_the_cursor(panel: CanvasPanel) -> None:
    view, lens = panel.stage.edited, panel.stage.lens
    before = lens.scale
    spot = QPointF(60, 40)
    rect = view.shown_rect()
    held = ((spot.x() - rect.left()) / rect.width(), (spot.y() - rect.top()) / rect.height())
    for _ in range(3):
        event = QWheelEvent(
            spot, view.mapToGlobal(spot), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view, event)
    assert lens.scale > before
    assert lens.scale == int(lens.scale)
    rect = view.shown_rect()
    after = ((spot.x() - rect.left()) / rect.width(), (spot.y() - rect.top()) / rect.height())
    np.testing.assert_allclose(after, held, atol=0.02)
    assert panel.stage.original.shown_rect().size() == rect.size()


def test_a_drag_pans_and_a_double_click_fits(panel: CanvasPanel, qtbot: QtBot) -> None:
    view = panel.stage.original
    for _ in range(4):
        view.zoom_at(1, QPointF(view.rect().center()))
    before = view.shown_rect()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(80, 80))
    qtbot.mouseMove(view, QPoint(70, 85))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(70, 85))
    moved = view.shown_rect().topLeft() - before.topLeft()
    assert abs(moved.x() + 10) <= 1
    assert abs(moved.y() - 5) <= 1
    assert panel.stage.edited.shown_rect().topLeft() == view.shown_rect().topLeft()
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(80, 80))
    assert panel.stage.lens.zoom is None


def test_wipe_shows_one_picture_on_each_side_of_the_divider(
    panel: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    pictures, view = toy_session.pictures, panel.stage.edited
    assert pictures is not None
    qtbot.mouseClick(panel.modes.button(Mode.WIPE.value), Qt.MouseButton.LeftButton)
    assert not panel.stage.original.isVisible()
    rect = view.shown_rect()
    place = QPoint(round(rect.left() + rect.width() * 10 / 16), round(rect.center().y()) + 30)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place)
    seen = shown(view)
    rows = [1, 2, 3, 12, 13, 14]  # off the handle
    np.testing.assert_array_equal(seen[rows, 1:9], pictures.reconstruction[rows, 1:9])
    np.testing.assert_array_equal(seen[rows, 11:15], pictures.edited[rows, 11:15])
    panel.against.setCurrentText("Original")
    np.testing.assert_array_equal(shown(view)[rows, 1:9], pictures.original[rows, 1:9])


def test_blink_shows_both_in_turn(panel: CanvasPanel, toy_session: Session, qtbot: QtBot) -> None:
    pictures, view = toy_session.pictures, panel.stage.edited
    assert pictures is not None
    panel.set_mode(Mode.BLINK)
    qtbot.waitUntil(lambda: view.pixels is pictures.reconstruction, timeout=3000)
    assert panel.stage.captions[view].text.startswith("Reconstruction")
    qtbot.waitUntil(lambda: view.pixels is pictures.edited, timeout=3000)
    assert panel.stage.captions[view].text.startswith("Edited")


def test_the_difference_is_measured_and_explained(panel: CanvasPanel, toy_session: Session) -> None:
    pictures = toy_session.pictures
    assert pictures is not None
    panel.set_mode(Mode.DIFFERENCE)
    expected = np.zeros((16, 16), int)
    for y in range(16):
        for x in range(16):
            pairs = zip(pictures.edited[y, x], pictures.reconstruction[y, x], strict=True)
            expected[y, x] = max(abs(int(a) - int(b)) for a, b in pairs)
    assert panel.stage.levels is not None
    np.testing.assert_array_equal(panel.stage.levels, expected)
    limit = panel.stage.scale.limit
    assert expected.max() <= limit <= max(8, 2 * expected.max())
    np.testing.assert_array_equal(shown(panel.stage.difference), COLOURS[expected * 255 // limit])
    assert f"most {expected.max()} of 255" in panel.stage.captions[panel.stage.difference].text
    panel.against.setCurrentText("Original")
    assert panel.stage.original.isVisible()
    assert not panel.stage.reconstruction.isVisible()
    assert panel.stage.levels.max() == np.abs(pictures.edited.astype(int) - pictures.original).max()


def test_colours_run_from_nothing_to_the_limit() -> None:
    bright = np.array([[[0, 0, 0], [30, 5, 0], [9, 9, 200]]], np.uint8)
    levels = difference(np.zeros((1, 3, 3), np.uint8), bright)
    assert levels.tolist() == [[0, 30, 200]]
    assert limit_for(levels) == 255
    assert limit_for(np.full((2, 2), 30, np.uint8)) == 32
    np.testing.assert_array_equal(coloured(levels, 200)[0, [0, 2]], COLOURS[[0, 255]])


def test_space_shows_the_original_but_not_while_words_are_typed(toy_session: Session, qtbot: QtBot) -> None:
    window = QWidget()
    layout = QVBoxLayout(window)
    panel, words = CanvasPanel(toy_session), QLineEdit()
    layout.addWidget(panel)
    layout.addWidget(words)
    qtbot.addWidget(window)
    window.resize(800, 700)
    window.show()
    toy_session.type_on_dial(0, "+3")
    qtbot.waitUntil(lambda: toy_session.is_idle)
    pictures, view = toy_session.pictures, panel.stage.edited
    assert pictures is not None
    qtbot.keyPress(view, Qt.Key.Key_Space)
    assert view.pixels is not None
    np.testing.assert_array_equal(view.pixels, pictures.original)
    assert panel.stage.captions[view].text.startswith("Original")
    qtbot.keyRelease(view, Qt.Key.Key_Space)
    assert view.pixels is pictures.edited
    qtbot.keyClick(words, Qt.Key.Key_Space)
    qtbot.keyPress(words, Qt.Key.Key_Space)
    assert words.text() == "  "
    assert view.pixels is pictures.edited
    before = panel.modes.current
    qtbot.keyClick(panel.modes.button(Mode.WIPE.value), Qt.Key.Key_Space)
    assert (before, panel.modes.current) == ("side", "wipe")
    window.hide()


def test_the_strip_turns_the_dial_and_marks_where_it_is(
    panel: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    toy_session.reset_all()
    qtbot.waitUntil(lambda: toy_session.is_idle)
    strip, traversal = panel.traversal, toy_session.traversal
    assert traversal is not None
    qtbot.mouseClick(strip.tiles, Qt.MouseButton.LeftButton, pos=strip.tiles.tile_rect(7).center())
    assert toy_session.value_of(0) == pytest.approx(float(traversal.values[7]), abs=1e-5)
    assert strip.tiles.marked == 7
    qtbot.keyClick(strip.tiles, Qt.Key.Key_Left)
    assert toy_session.value_of(0) == pytest.approx(float(traversal.values[6]), abs=1e-5)
    statistics = toy_session.analyst.statistics
    assert statistics is not None
    sigma = (traversal.values[2] - statistics.mean[0]) / statistics.std[0]
    assert strip.tiles.caption(2) == f"{sigma:+.1f}σ".replace("-", "−")
    toy_session.type_on_dial(0, "+20")
    assert strip.tiles.marked == -1


def test_the_animation_walks_to_and_fro_in_the_edited_view(
    panel: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    pictures, traversal = toy_session.pictures, toy_session.traversal
    assert pictures is not None
    assert traversal is not None
    places: list[int] = []
    panel.traversal.frame_changed.connect(lambda: places.append(panel.traversal.place))
    panel.traversal.animate.click()
    qtbot.waitUntil(lambda: len(places) > 11, timeout=5000)
    assert panel.stage.edited.pixels is not None
    np.testing.assert_array_equal(panel.stage.edited.pixels, traversal.pictures[places[-1]])
    assert set(np.abs(np.diff(places)).tolist()) == {1}
    assert max(places) == 8
    panel.traversal.animate.click()
    assert panel.stage.edited.pixels is pictures.edited
    assert toy_session.undo_stack.count() == 1  # nothing was turned


def test_pictures_can_be_copied_and_saved(panel: CanvasPanel, toy_session: Session, qtbot: QtBot) -> None:
    pictures, view = toy_session.pictures, panel.stage.edited
    assert pictures is not None
    view.copy_plain()
    np.testing.assert_array_equal(to_array(QGuiApplication.clipboard().image()), pictures.edited)
    view.copy_shown()
    scale = int(panel.stage.lens.scale)
    expected = pictures.edited.repeat(scale, axis=0).repeat(scale, axis=1)
    np.testing.assert_array_equal(to_array(QGuiApplication.clipboard().image()), expected)
    with qtbot.waitSignal(panel.save_requested) as saved:
        next(action for action in view.menu().actions() if action.text() == "Save this picture…").trigger()
    assert saved.args == ["edited"]
    QGuiApplication.clipboard().clear()


def test_keep_and_export_ask_the_session_and_the_window(
    panel: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    qtbot.mouseClick(panel.keep, Qt.MouseButton.LeftButton)
    assert [kept.state for kept in toy_session.kept] == [toy_session.edit]
    with qtbot.waitSignal(panel.export_requested):
        qtbot.mouseClick(panel.export, Qt.MouseButton.LeftButton)
    toy_session.reset_all()
    assert not panel.keep.isEnabled()


def test_without_a_model_it_says_what_to_do(session: Session, toy_session: Session, qtbot: QtBot) -> None:
    toy_session.put_run(None, None)
    panel = CanvasPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(790, 650)
    panel.show()
    assert panel.stage.original.pixels is not None
    assert panel.stage.reconstruction.pixels is None
    assert panel.stage.edited.pixels is None
    assert not panel.export.isEnabled()
    for mode in Mode:
        panel.set_mode(mode)
        assert to_array(panel.stage.edited.grab().toImage()).std() > 0  # the hint is written
    panel.hide()
