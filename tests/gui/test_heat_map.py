"""The heat map on the canvas: who asks for it, what is said, and that it never hides what a hand does."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.acting import dial_step, measure_acting
from core.directions import principal_components
from gui.canvas_panel import CanvasPanel
from gui.dial import Dial
from gui.latent_panel import DIRECTIONS, LatentPanel
from gui.session import Session
from gui.theme import apply_theme


@pytest.fixture
def canvas(toy_session: Session, qtbot: QtBot, qapp: QApplication) -> CanvasPanel:
    apply_theme(qapp, "dark")
    canvas = CanvasPanel(toy_session)
    qtbot.addWidget(canvas)
    canvas.resize(800, 640)
    canvas.show()
    return canvas


@pytest.fixture
def panel(toy_session: Session, qtbot: QtBot) -> LatentPanel:
    panel = LatentPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(330, 700)
    panel.show()
    return panel


def enter(dial: Dial) -> None:
    centre = QPointF(dial.rect().center())
    QApplication.sendEvent(dial, QEnterEvent(centre, centre, dial.mapToGlobal(centre)))


def leave(dial: Dial) -> None:
    QApplication.sendEvent(dial, QEvent(QEvent.Type.Leave))


def dial_of(panel: LatentPanel, dim: int) -> Dial:
    dial = panel.findChild(Dial, f"dial-{dim}")
    assert isinstance(dial, Dial)
    return dial


def test_a_pointer_that_rests_on_a_dial_shows_heat_strip_and_sentence(
    canvas: CanvasPanel, panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    session, edited = toy_session, canvas.stage.edited
    assert session.pictures is not None
    picture = session.pictures.edited
    enter(dial_of(panel, 5))
    qtbot.waitUntil(lambda: canvas.stage.heat_card.isVisible())
    qtbot.waitUntil(lambda: session.traversal is not None and session.traversal.dim == 5)
    heat = session.heat.shown
    assert heat is not None
    assert edited.pixels is heat.pixels
    assert session.dial == 0  # it was looked at, not taken in hand
    assert session.codec is not None
    assert session.statistics is not None
    step = dial_step(8, 5, float(session.statistics.std[5]))
    exact = measure_acting(session.codec, session.pictures.edited_code, step)
    np.testing.assert_allclose(heat.acting.heat, exact.heat, atol=1e-3)
    assert canvas.stage.heat_card.text == exact.sentence("z5 +1σ")
    assert canvas.stage.heat_card.accessibleName().endswith(exact.sentence("z5 +1σ"))
    leave(dial_of(panel, 5))
    qtbot.waitUntil(lambda: not canvas.stage.heat_card.isVisible())
    assert edited.pixels is picture
    qtbot.waitUntil(lambda: session.traversal is not None and session.traversal.dim == 0)


def test_h_held_on_a_dial_shows_it_and_its_release_hides_it(
    canvas: CanvasPanel, panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    dial = dial_of(panel, 3)
    dial.setFocus()
    qtbot.keyPress(dial, Qt.Key.Key_H)
    qtbot.waitUntil(lambda: canvas.stage.heat_card.isVisible())
    assert canvas.stage.heat_card.text.startswith("z3 +1σ: ")
    qtbot.keyRelease(dial, Qt.Key.Key_H)
    qtbot.waitUntil(lambda: not canvas.stage.heat_card.isVisible())
    assert toy_session.edit.is_empty


def test_kept_on_it_follows_the_dial_in_hand_and_goes_while_that_turns(
    canvas: CanvasPanel, toy_session: Session, qtbot: QtBot
) -> None:
    session, card = toy_session, canvas.stage.heat_card
    qtbot.mouseClick(canvas.traversal.heat, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.isVisible())
    session.choose_dial(6)
    qtbot.waitUntil(lambda: card.text.startswith("z6 "))
    session.hold_hand(True)
    session.turn_dial(6, 1.25)
    assert not card.isVisible()  # at once
    qtbot.waitUntil(lambda: session.is_idle)
    qtbot.wait(600)
    assert not card.isVisible()  # as long as the hand is there
    assert session.pictures is not None
    assert canvas.stage.edited.pixels is session.pictures.edited
    session.hold_hand(False)
    qtbot.waitUntil(lambda: card.isVisible())
    qtbot.mouseClick(canvas.traversal.heat, Qt.MouseButton.LeftButton)
    assert not card.isVisible()


def test_a_direction_has_a_heat_map_of_all_that_it_moves(
    canvas: CanvasPanel, panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    session, card = toy_session, canvas.stage.heat_card
    assert session.analyst.codes is not None
    session.directions = principal_components(session.analyst.codes.codes, 2)  # which no run keeps
    session.directions_changed.emit()
    panel.switch.button(DIRECTIONS).click()
    (dial,) = [dial for dial in panel.directions.grid.dials() if dial.reading.dim == 1]
    enter(dial)
    qtbot.waitUntil(lambda: card.isVisible())
    assert session.pointed == "PC 2"
    assert session.codec is not None
    assert session.pictures is not None
    step = session.directions[1].direction.array.astype(np.float32)
    exact = measure_acting(session.codec, session.pictures.edited_code, step)
    assert card.text == exact.sentence("PC 2 +1σ")
    leave(dial)
    qtbot.waitUntil(lambda: not card.isVisible())


def test_a_direction_s_heat_is_that_of_one_sigma_of_the_data_along_it(
    canvas: CanvasPanel, panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    session, card = toy_session, canvas.stage.heat_card
    assert session.analyst.codes is not None
    assert session.codec is not None
    assert session.pictures is not None
    codes = session.analyst.codes.codes.astype(np.float64)
    session.directions = principal_components(session.analyst.codes.codes, 2)
    session.directions_changed.emit()
    session.choose_direction("PC 1")
    session.heat.keep(True)  # of the dial in hand: nobody points at anything
    qtbot.waitUntil(lambda: card.isVisible())
    assert card.text.startswith("PC 1 +1σ: ")
    # Independently: the first component by a singular value decomposition, as long as the codes spread there.
    centred = codes - codes.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    step = (axis * (centred @ axis).std()).astype(np.float32)
    z = session.pictures.edited_code
    x, up, down = session.codec.decode(np.stack([z, z + step, z - step])).astype(np.float64)
    heat = 0.5 * (np.abs(up - x).mean(axis=2) + np.abs(down - x).mean(axis=2))
    assert session.heat.shown is not None
    assert heat.max() > 3
    np.testing.assert_allclose(session.heat.shown.acting.heat, heat, atol=0.7)  # heat levels of whole pixels
    session.heat.keep(False)


def test_a_direction_that_goes_under_the_pointer_takes_its_heat_map_along(
    canvas: CanvasPanel, panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    session, card = toy_session, canvas.stage.heat_card
    assert session.analyst.codes is not None
    session.directions = principal_components(session.analyst.codes.codes, 2)
    session.directions_changed.emit()
    panel.switch.button(DIRECTIONS).click()
    (dial,) = [dial for dial in panel.directions.grid.dials() if dial.reading.dim == 1]
    enter(dial)
    qtbot.waitUntil(lambda: card.isVisible())
    session.directions = session.directions[:1]
    session.directions_changed.emit()
    assert session.pointed is None
    assert not card.isVisible()


def test_a_dial_that_is_turned_elsewhere_is_looked_at_instead(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    enter(dial_of(panel, 5))
    qtbot.waitUntil(lambda: toy_session.pointed == 5)
    toy_session.turn_dial(2, 0.5)
    assert toy_session.pointed is None
    assert toy_session.looked_at() == (2, "")


def test_without_statistics_or_pictures_there_is_none(session: Session, qtbot: QtBot) -> None:
    session.heat.keep(True)
    session.point_at(2)
    qtbot.wait(20)
    assert session.heat.shown is None
    assert session.heat.idle
