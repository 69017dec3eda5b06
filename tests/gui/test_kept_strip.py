"""Kept adjustments stand as cards that apply, describe and remove themselves."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPaintEvent, QRegion
from pytestqt.qtbot import QtBot

from gui.kept_strip import KeptCard, KeptStrip
from gui.qimage import to_array
from gui.session import Session


@pytest.fixture
def strip(toy_session: Session, qtbot: QtBot) -> Iterator[KeptStrip]:
    strip = KeptStrip(toy_session)
    qtbot.addWidget(strip)
    strip.resize(700, 130)
    strip.show()
    yield strip
    strip.hide()


def keep(session: Session, qtbot: QtBot, *typed: tuple[int, str]) -> None:
    """Keep an adjustment and wait for its picture."""
    session.reset_all()
    for dim, text in typed:
        session.type_on_dial(dim, text)
    session.keep_adjustment()
    qtbot.waitUntil(lambda: session.is_idle and len(session.kept_pictures) == len(session.kept))


def test_a_card_shows_the_edit_and_its_picture(strip: KeptStrip, toy_session: Session, qtbot: QtBot) -> None:
    assert "Keep an adjustment" in strip.count.text()
    keep(toy_session, qtbot, (0, "+20"))
    (card,) = strip.cards
    assert strip.count.text() == "1"
    assert card.title.text.startswith("z0 +20")
    pictures, statistics, codec = toy_session.pictures, toy_session.analyst.statistics, toy_session.codec
    assert pictures is not None
    assert statistics is not None
    assert codec is not None
    before = float(pictures.code[0])
    assert f"{before:.2f} → {before + 20:.2f}".replace("-", "−") in card.title.text
    assert f"+{20 / statistics.std[0]:.1f}σ" in card.title.text
    code = pictures.code.copy()
    code[0] += 20
    icon = to_array(card.picture.icon().pixmap(64, 64).toImage())
    expected = np.asarray(codec.decode(code)[0])
    assert np.abs(icon[2::4, 2::4].astype(float) - expected).mean() < 12


class Painted(QObject):
    """The parts of a widget that were painted anew."""

    def __init__(self) -> None:
        super().__init__()
        self.region = QRegion()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.region = self.region.united(event.region())
        return False


def test_what_was_measured_takes_the_place_of_the_hint_whole(strip: KeptStrip, qtbot: QtBot) -> None:
    card = KeptCard(0, strip)
    card.resize(300, 100)
    card.show()
    qtbot.waitExposed(card)
    qtbot.wait(50)
    box, painted = card.note.viewport(), Painted()
    box.installEventFilter(painted)
    first = np.zeros((8, 8, 3), np.uint8)
    card.show_picture(first + np.uint8(90), first)
    assert "Measured" in card.note.placeholderText()
    qtbot.waitUntil(
        lambda: painted.region.contains(box.rect()) and painted.region.boundingRect() == box.rect()
    )


def test_a_click_applies_and_the_cross_removes(strip: KeptStrip, toy_session: Session, qtbot: QtBot) -> None:
    keep(toy_session, qtbot, (0, "+2"))
    keep(toy_session, qtbot, (3, "-1"), (1, "=0.5"))
    toy_session.reset_all()
    qtbot.mouseClick(strip.cards[0].picture, Qt.MouseButton.LeftButton)
    assert toy_session.edit == toy_session.kept[0].state
    toy_session.undo_stack.undo()
    assert toy_session.edit.is_empty
    qtbot.mouseClick(strip.cards[0].remove, Qt.MouseButton.LeftButton)
    assert len(strip.cards) == 1
    assert strip.cards[0].title.text.startswith("z3 −1, z1 = 0.5")
    toy_session.undo_stack.undo()
    assert len(strip.cards) == 2


def test_words_are_kept_when_the_box_is_left(strip: KeptStrip, toy_session: Session, qtbot: QtBot) -> None:
    keep(toy_session, qtbot, (0, "+2"))
    note = strip.cards[0].note
    note.setPlainText("The disc grows.")
    assert toy_session.kept[0].note == ""
    qtbot.keyClick(note, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert toy_session.kept[0].note == "The disc grows."
    toy_session.undo_stack.undo()
    assert note.toPlainText() == ""
    assert "Measured" in note.placeholderText()


def test_words_never_reach_another_picture(strip: KeptStrip, toy_session: Session, qtbot: QtBot) -> None:
    keep(toy_session, qtbot, (0, "+2"))
    toy_session.select_image(1)
    assert strip.cards == ()
    keep(toy_session, qtbot, (0, "+2"))
    strip.cards[0].note.setPlainText("half a sen")
    toy_session.select_image(0)
    assert strip.cards[0].note.toPlainText() == ""
