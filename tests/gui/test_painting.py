"""Painting in the window: a stroke moves the code as one step, locked dimensions stay, nothing is lost."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.canvas_panel import CanvasPanel
from gui.paint_layer import PaintLayer
from gui.session import Session


@pytest.fixture
def canvas(toy_session: Session, qtbot: QtBot) -> CanvasPanel:
    canvas = CanvasPanel(toy_session)
    qtbot.addWidget(canvas)
    canvas.resize(900, 620)
    canvas.show()
    qtbot.waitUntil(lambda: toy_session.is_idle)
    canvas.paint.click()
    return canvas


def layer_of(canvas: CanvasPanel) -> PaintLayer:
    layer = canvas.stage.edited.findChild(PaintLayer)
    assert layer is not None
    return layer


def place(canvas: CanvasPanel, x: float, y: float) -> QPoint:
    """A place on the edited picture, by shares of its sides."""
    rect = canvas.stage.edited.shown_rect()
    return QPointF(rect.left() + x * rect.width(), rect.top() + y * rect.height()).toPoint()


def paint(canvas: CanvasPanel, *places: tuple[float, float]) -> None:
    layer = layer_of(canvas)
    QTest.mousePress(layer, Qt.MouseButton.LeftButton, pos=place(canvas, *places[0]))
    for x, y in places[1:]:
        QTest.mouseMove(layer, place(canvas, x, y))
    QTest.mouseRelease(layer, Qt.MouseButton.LeftButton, pos=place(canvas, *places[-1]))


def settle(canvas: CanvasPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not canvas.painter.is_busy and canvas._session.is_idle, timeout=20_000)


def test_a_stroke_moves_the_picture_towards_its_colour_in_one_step(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    session = toy_session
    assert session.pictures is not None
    before, steps = session.pictures.edited, session.undo_stack.count()
    canvas.paint_bar.size_slider.setValue(40)
    layer_of(canvas).colour.setRgb(250, 250, 250)
    paint(canvas, (0.4, 0.5), (0.5, 0.5), (0.6, 0.5))
    settle(canvas, qtbot)
    after = session.pictures.edited
    middle = np.s_[6:10, 5:11]
    assert after[middle].astype(int).mean() > before[middle].astype(int).mean() + 1
    assert session.undo_stack.count() == steps + 1
    assert session.undo_stack.undoText() == "Paint"
    assert not session.edit.is_empty
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.is_idle)
    assert np.array_equal(session.pictures.edited, before)
    assert session.edit.is_empty


def test_each_stroke_is_a_step_and_goes_on_from_the_one_before(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    paint(canvas, (0.5, 0.5), (0.55, 0.5))
    settle(canvas, qtbot)
    first = toy_session.edit
    paint(canvas, (0.3, 0.3), (0.35, 0.3))
    settle(canvas, qtbot)
    assert toy_session.undo_stack.count() == 2
    toy_session.undo_stack.undo()
    assert toy_session.edit == first


def test_locked_dimensions_stay(canvas: CanvasPanel, toy_session: Session, qtbot: QtBot) -> None:
    for dim in (0, 3, 5):
        toy_session.lock_dial(dim, True)
    paint(canvas, (0.4, 0.5), (0.6, 0.5))
    settle(canvas, qtbot)
    assert toy_session.edit.dims()
    assert not set(toy_session.edit.dims()) & {0, 3, 5}


def test_erasing_takes_what_is_around(canvas: CanvasPanel, toy_session: Session, qtbot: QtBot) -> None:
    assert toy_session.pictures is not None
    before = toy_session.pictures.edited.astype(int)
    canvas.paint_bar.tools.button("eraser").click()
    canvas.paint_bar.size_slider.setValue(50)
    assert not canvas.paint_bar.colour_button.isEnabled()
    paint(canvas, (0.5, 0.5), (0.52, 0.5))
    settle(canvas, qtbot)
    after, ground = toy_session.pictures.edited.astype(int), before[0, 0]
    middle = np.s_[6:10, 6:10]
    assert np.abs(after[middle] - ground).mean() < np.abs(before[middle] - ground).mean()


def test_a_colour_is_taken_from_the_picture(canvas: CanvasPanel, toy_session: Session) -> None:
    assert toy_session.pictures is not None
    alt = Qt.KeyboardModifier.AltModifier
    QTest.mouseClick(layer_of(canvas), Qt.MouseButton.LeftButton, alt, place(canvas, 0.53, 0.53))
    colour = layer_of(canvas).colour
    assert (colour.red(), colour.green(), colour.blue()) == tuple(toy_session.pictures.edited[8, 8].tolist())
    assert toy_session.undo_stack.count() == 0


def test_a_dial_that_is_turned_meanwhile_wins(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    layer = layer_of(canvas)
    QTest.mousePress(layer, Qt.MouseButton.LeftButton, pos=place(canvas, 0.5, 0.5))
    toy_session.turn_dial(1, 4.0)
    edit = toy_session.edit
    QTest.mouseRelease(layer, Qt.MouseButton.LeftButton, pos=place(canvas, 0.5, 0.5))
    settle(canvas, qtbot)
    assert toy_session.edit == edit
    toy_session.select_image(3)
    qtbot.waitUntil(lambda: toy_session.is_idle)
    assert not canvas.painter.is_busy


def test_the_originals_detail_is_shown_and_taken_away(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    pictures = toy_session.pictures
    assert pictures is not None
    canvas.paint_bar.detail.setChecked(True)
    shown = canvas.stage.edited.pixels
    assert shown is not None
    assert np.array_equal(shown, pictures.original)  # of no edit it is the original
    canvas.paint_bar.detail.setChecked(False)
    assert canvas.stage.edited.pixels is pictures.edited


def test_painting_ends_with_another_mode_and_with_an_earlier_epoch(
    canvas: CanvasPanel, toy_session: Session
) -> None:
    assert canvas.paint_bar.isVisible()
    assert layer_of(canvas).isVisible()
    canvas.modes.button("wipe").click()
    assert not canvas.paint.isChecked()
    assert not layer_of(canvas).isVisible()
    canvas.paint.click()
    assert canvas.modes.current == "side"
    toy_session.replay.show(toy_session.replay.epochs[0])
    assert not canvas.paint.isEnabled()
    assert not layer_of(canvas).isVisible()
    assert not canvas.painter.begin()


def test_a_mode_that_ends_painting_ends_the_stroke_in_hand(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    hands: list[bool] = []
    toy_session.hand_changed.connect(hands.append)
    QTest.mousePress(layer_of(canvas), Qt.MouseButton.LeftButton, pos=place(canvas, 0.5, 0.5))
    QTest.mouseMove(layer_of(canvas), place(canvas, 0.6, 0.5))
    canvas.modes.button("wipe").click()  # by its key: the button of the mouse is down
    QTest.mouseRelease(canvas.stage.edited, Qt.MouseButton.LeftButton)
    settle(canvas, qtbot)
    assert hands == [True, False]
    assert toy_session.undo_stack.count() == 1


def test_a_stroke_on_the_next_picture_does_not_go_on_from_the_one_before(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    paint(canvas, (0.5, 0.5), (0.55, 0.5))
    toy_session.select_image(3)
    qtbot.waitUntil(lambda: toy_session.pictures is not None and toy_session.is_idle)
    paint(canvas, (0.3, 0.3), (0.35, 0.3))
    settle(canvas, qtbot)
    assert not toy_session.edit.is_empty
    assert toy_session.index == 3


def test_brackets_change_the_brush_and_its_slider(canvas: CanvasPanel, qtbot: QtBot) -> None:
    view, layer, slider = canvas.stage.edited, layer_of(canvas), canvas.paint_bar.size_slider
    QTest.mouseClick(layer, Qt.MouseButton.LeftButton, pos=place(canvas, 0.5, 0.5))
    before = layer.size_share
    QTest.keyClick(view, Qt.Key.Key_BracketRight)
    assert layer.size_share == pytest.approx(1.25 * before)
    assert slider.value() == round(100 * layer.size_share)
    for _ in range(30):
        QTest.keyClick(view, Qt.Key.Key_BracketLeft)
    assert (layer.size_share, slider.value()) == (0.02, slider.minimum())
    settle(canvas, qtbot)


def test_a_window_that_closes_under_a_stroke_ends_its_thread(canvas: CanvasPanel) -> None:
    QTest.mousePress(layer_of(canvas), Qt.MouseButton.LeftButton, pos=place(canvas, 0.5, 0.5))
    QTest.mouseMove(layer_of(canvas), place(canvas, 0.7, 0.5))
