"""The dial: every way of turning it asks for the right value, and it shows what it is told."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.dial import DRAG_SPAN_PX, Dial
from gui.dial_face import Reading, number_text, readable_step
from gui.theme import DARK, apply_theme
from gui.typed_value import LONE_MINUS_MS, ValueEditor

READING = Reading(
    12, value=0.5, start=0.5, lowest=-4.0, highest=4.0, low=-1.6, high=1.6, sigma=1.0, rarity=0.4
)


class Asked:
    """What a dial asked for, in its order."""

    def __init__(self, dial: Dial) -> None:
        self.turns: list[tuple[float, object]] = []
        self.others: list[tuple[object, ...]] = []
        self._dial = dial
        dial.turned.connect(self._on_turned)
        dial.typed.connect(lambda dim, text: self.others.append(("typed", dim, text)))
        dial.reset_requested.connect(lambda dim: self.others.append(("reset", dim)))
        dial.negate_requested.connect(lambda dim: self.others.append(("negate", dim)))
        dial.hand_changed.connect(lambda held: self.others.append(("hand", held)))

    def _on_turned(self, _dim: int, value: float, gesture: object) -> None:
        self.turns.append((value, gesture))
        self._dial.show_reading(replace(self._dial.reading, value=value))


@pytest.fixture
def dial(qtbot: QtBot, qapp: QApplication) -> Dial:
    apply_theme(qapp, "dark")
    dial = Dial(12)
    qtbot.addWidget(dial)
    dial.resize(60, 66)
    dial.show_reading(READING)
    dial.show()
    dial.setFocus()
    qtbot.waitUntil(dial.hasFocus)
    return dial


def drag(qtbot: QtBot, dial: Dial, path: list[int], modifier: Qt.KeyboardModifier | None = None) -> None:
    """Press in the middle, go along offsets in y, let go."""
    centre = dial.rect().center()
    qtbot.mousePress(dial, Qt.MouseButton.LeftButton, pos=centre)
    for offset in path:
        move(dial, centre + QPoint(0, offset), modifier or Qt.KeyboardModifier.NoModifier)
    qtbot.mouseRelease(dial, Qt.MouseButton.LeftButton, pos=centre + QPoint(0, path[-1]))


def move(dial: Dial, place: QPoint, modifiers: Qt.KeyboardModifier) -> None:
    """Move with the left button and modifiers held, which QTest.mouseMove cannot."""
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(place), QPointF(dial.mapToGlobal(place)),
        Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, modifiers,
    )  # fmt: skip
    QApplication.sendEvent(dial, event)


def wheel(dial: Dial, notches: int) -> None:
    centre = QPointF(dial.rect().center())
    event = QWheelEvent(
        centre, dial.mapToGlobal(centre), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(dial, event)


def image(dial: Dial) -> QImage:
    return dial.grab().toImage()


def count(picture: QImage, colour: str) -> int:
    wanted = QColor(colour)
    return sum(
        picture.pixelColor(x, y) == wanted for y in range(picture.height()) for x in range(picture.width())
    )


def test_it_says_who_it_is(dial: Dial) -> None:
    assert dial.objectName() == "dial-12"
    assert dial.accessibleName() == "Dial z12"
    assert dial.accessibleDescription() == "0.50"
    assert dial.value() == 500  # thousandths
    dial.show_reading(replace(READING, value=3.0, rarity=0.99))
    assert dial.accessibleDescription() == "3.00, from 0.50, rarer than 99 % of the data"


def test_a_drag_up_turns_by_its_length_in_one_gesture_with_a_hand_on_it(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    drag(qtbot, dial, [-10, -20, -30])
    expected = [0.5 + pixels * 8.0 / DRAG_SPAN_PX for pixels in (10, 20, 30)]
    assert [value for value, _ in asked.turns] == pytest.approx(expected)
    assert len({id(gesture) for _, gesture in asked.turns}) == 1
    assert asked.turns[0][1] is not None
    assert asked.others == [("hand", True), ("hand", False)]


def test_two_drags_are_two_gestures(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    drag(qtbot, dial, [-10])
    qtbot.wait(QApplication.doubleClickInterval() + 20)
    drag(qtbot, dial, [-10])
    (_, first), (_, second) = asked.turns
    assert first is not second


def test_shift_turns_ten_times_finer_without_a_jump(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    drag(qtbot, dial, [-40], Qt.KeyboardModifier.ShiftModifier)
    assert asked.turns[0][0] == pytest.approx(0.5 + 40 * 8.0 / DRAG_SPAN_PX / 10.0)


def test_ctrl_snaps_to_half_a_standard_deviation(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    drag(qtbot, dial, [-12, -24, -40], Qt.KeyboardModifier.ControlModifier)
    assert [value for value, _ in asked.turns] == [1.0, 1.5, 2.0]


def test_a_click_that_trembles_turns_nothing(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    drag(qtbot, dial, [-2])
    assert asked.turns == []


def test_a_drag_goes_on_beyond_the_range_and_shows_it_in_amber(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    drag(qtbot, dial, [-200, -700])
    assert asked.turns[-1][0] == pytest.approx(0.5 + 700 * 8.0 / DRAG_SPAN_PX)
    dial.show_reading(replace(dial.reading, rarity=1.0))
    assert dial.reading.is_beyond
    assert count(image(dial), DARK.unusual) > 20


def test_escape_in_a_drag_goes_back_to_where_it_began(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    qtbot.mousePress(dial, Qt.MouseButton.LeftButton, pos=dial.rect().center())
    move(dial, dial.rect().center() - QPoint(0, 50), Qt.KeyboardModifier.NoModifier)
    qtbot.keyClick(dial, Qt.Key.Key_Escape)
    assert asked.turns[-1][0] == 0.5
    assert not dial.is_held


def test_wheel_and_keys_step_by_a_tenth_of_sigma_and_merge_in_a_burst(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    wheel(dial, 1)
    qtbot.keyClick(dial, Qt.Key.Key_Up)
    qtbot.keyClick(dial, Qt.Key.Key_Left)
    qtbot.keyClick(dial, Qt.Key.Key_PageDown)
    qtbot.keyClick(dial, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(dial, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert [value for value, _ in asked.turns] == pytest.approx([0.6, 0.7, 0.6, 0.1, 0.11, 0.5])
    assert len({id(gesture) for _, gesture in asked.turns}) == 1


def test_home_and_end_go_to_the_edges_of_the_data(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    qtbot.keyClick(dial, Qt.Key.Key_Home)
    qtbot.keyClick(dial, Qt.Key.Key_End)
    assert [value for value, _ in asked.turns] == [-1.6, 1.6]


def test_typing_opens_a_field_and_enter_sends_its_text(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    qtbot.keyClick(dial, "+")
    editor = dial.findChild(ValueEditor)
    assert isinstance(editor, ValueEditor)
    assert editor.hasFocus()
    qtbot.keyClicks(editor, "20")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert asked.others == [("typed", 12, "+20")]
    assert not editor.isVisible()
    assert dial.hasFocus()


def test_a_refused_text_stays_with_its_reason_and_escape_gives_up(qtbot: QtBot, dial: Dial) -> None:
    dial.typed.connect(lambda _dim, _text: dial.refuse("no number"))
    asked = Asked(dial)
    qtbot.keyClick(dial, "=")
    editor = dial.findChild(ValueEditor)
    assert isinstance(editor, ValueEditor)
    qtbot.keyClicks(editor, "x")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.isVisible()
    assert editor.text() == "=x"
    assert editor.property("wrong") is True
    assert editor.toolTip() == "no number"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert not editor.isVisible()
    assert dial.hasFocus()
    assert asked.others == [("typed", 12, "=x")]


def test_minus_negates_with_enter_or_alone_for_a_second_and_starts_a_number_otherwise(
    qtbot: QtBot, dial: Dial
) -> None:
    asked = Asked(dial)
    qtbot.keyClick(dial, "-")
    editor = dial.findChild(ValueEditor)
    assert isinstance(editor, ValueEditor)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert asked.others == [("negate", 12)]
    qtbot.keyClick(dial, "-")
    qtbot.keyClicks(editor, "3")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert asked.others[1:] == [("typed", 12, "-3")]
    with qtbot.waitSignal(dial.negate_requested, timeout=LONE_MINUS_MS + 2000):
        qtbot.keyClick(dial, "-")
    qtbot.keyClick(dial, Qt.Key.Key_N)
    assert asked.others[2:] == [("negate", 12), ("negate", 12)]


def test_backspace_and_a_double_click_reset(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    qtbot.keyClick(dial, Qt.Key.Key_Backspace)
    qtbot.mouseDClick(dial, Qt.MouseButton.LeftButton, pos=dial.rect().center())
    assert [what for what in asked.others if what[0] == "reset"] == [("reset", 12), ("reset", 12)]
    assert asked.turns == []


def test_showing_a_reading_asks_for_nothing_but_a_foreign_set_value_does(qtbot: QtBot, dial: Dial) -> None:
    asked = Asked(dial)
    dial.show_reading(replace(READING, value=2.0))
    dial.show_reading(replace(READING, value=200.0, dim=3))
    assert asked.turns == []
    assert dial.value() == 200_000
    dial.setValue(1_250)  # as an assistive technology does
    assert asked.turns[0][0] == 1.25


def test_what_is_changed_is_accent_and_what_is_not_has_none(dial: Dial) -> None:
    dial.clearFocus()
    assert count(image(dial), DARK.accent) == 0
    dial.show_reading(replace(READING, value=1.5, start=-1.5))
    picture = image(dial)
    assert count(picture, DARK.accent) > 20
    assert count(picture, DARK.unusual) == 0


def test_a_dead_dial_is_greyed(dial: Dial) -> None:
    dial.clearFocus()
    assert count(image(dial), DARK.text) > 5
    dial.show_reading(replace(READING, is_dead=True))
    picture = image(dial)
    assert count(picture, DARK.text) == 0
    assert count(picture, DARK.track) == 0


def test_numbers_and_steps_as_a_person_reads_them() -> None:
    assert [number_text(x) for x in (0.0, -0.001, 1.949, -0.5, 20.38, 123.456, 5000.4, 2.5e7)] == [
        "0.00", "0.00", "1.95", "−0.50", "20.38", "123.5", "5000", "2.5e+07",
    ]  # fmt: skip
    assert number_text(2.41, signed=True) == "+2.41"
    assert [readable_step(x) for x in (0.1, 0.13, 0.16, 0.4, 0.8, 30.0)] == pytest.approx(
        [0.1, 0.1, 0.2, 0.5, 1.0, 20.0]
    )
