"""The latent panel with the real session: each way of turning a dial, order, pages, presets, hints."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QToolButton
from pytestqt.qtbot import QtBot

from gui.dial import Dial
from gui.latent_panel import LatentPanel
from gui.session import Session
from gui.theme import apply_theme
from gui.typed_value import ValueEditor


@pytest.fixture
def panel(toy_session: Session, qtbot: QtBot, qapp: QApplication) -> LatentPanel:
    apply_theme(qapp, "dark")
    panel = LatentPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(330, 700)
    panel.show()
    return panel


def dial_of(panel: LatentPanel, dim: int) -> Dial:
    dial = panel.findChild(Dial, f"dial-{dim}")
    assert isinstance(dial, Dial)
    return dial


def drag(qtbot: QtBot, dial: Dial, *offsets: int) -> None:
    centre = dial.rect().center()
    qtbot.mousePress(dial, Qt.MouseButton.LeftButton, pos=centre)
    for offset in offsets:
        place = QPointF(centre + QPoint(0, offset))
        move = QMouseEvent(
            QEvent.Type.MouseMove, place, dial.mapToGlobal(place), Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(dial, move)
    qtbot.mouseRelease(dial, Qt.MouseButton.LeftButton, pos=centre + QPoint(0, offsets[-1]))


def wheel(dial: Dial, notches: int) -> bool:
    """Turn the wheel over a dial; whether the dial took it."""
    centre = QPointF(dial.rect().center())
    event = QWheelEvent(
        centre, dial.mapToGlobal(centre), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(dial, event)
    return event.isAccepted()


def type_on(qtbot: QtBot, dial: Dial, text: str) -> ValueEditor:
    dial.setFocus()
    qtbot.keyClick(dial, text[0])
    editor = dial.findChild(ValueEditor)
    assert isinstance(editor, ValueEditor)
    qtbot.keyClicks(editor, text[1:])
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    return editor


def test_there_is_a_dial_for_every_dimension_with_the_codes_value(
    panel: LatentPanel, toy_session: Session
) -> None:
    assert toy_session.pictures is not None
    for dim in range(8):
        dial = dial_of(panel, dim)
        assert dial.accessibleName() == f"Dial z{dim}"
        assert dial.reading.value == pytest.approx(float(toy_session.pictures.code[dim]))
        assert dial.reading.low < dial.reading.high
    assert toy_session.undo_stack.count() == 0


def test_a_whole_drag_is_one_step_to_undo(panel: LatentPanel, toy_session: Session, qtbot: QtBot) -> None:
    before = toy_session.value_of(3)
    drag(qtbot, dial_of(panel, 3), -10, -30, -60)
    assert toy_session.dial == 3
    assert toy_session.value_of(3) > before
    assert toy_session.undo_stack.count() == 1
    assert panel.in_hand.dial.reading.value == pytest.approx(toy_session.value_of(3))
    toy_session.undo_stack.undo()
    assert toy_session.value_of(3) == pytest.approx(before)
    assert dial_of(panel, 3).reading.value == pytest.approx(before)
    assert not dial_of(panel, 3).reading.is_changed


def test_training_waits_while_a_hand_is_on_a_dial(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    monkeypatch.setattr(toy_session, "hold_hand", held.append)
    drag(qtbot, dial_of(panel, 2), -20)
    assert held == [True, False]


def test_plus_20_is_typed_and_goes_beyond_the_data(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    before = toy_session.value_of(5)
    type_on(qtbot, dial_of(panel, 5), "+20")
    assert toy_session.value_of(5) == pytest.approx(before + 20.0)
    reading = dial_of(panel, 5).reading
    assert reading.is_beyond
    assert reading.rarity == 1.0
    assert panel.in_hand.rarity.property("role") == "unusual"
    assert panel.in_hand.rarity.text() == "outside all of the data"
    qtbot.keyClick(dial_of(panel, 5), Qt.Key.Key_Backspace)
    assert toy_session.edit.is_empty


def test_what_cannot_be_read_is_refused_in_place(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    editor = type_on(qtbot, dial_of(panel, 5), "+2x")
    assert editor.isVisible()
    assert "'+2x' is no number" in editor.toolTip()
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    field = panel.in_hand.editor
    field.setFocus()
    qtbot.keyClicks(field, "oops")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "'oops' is no number" in panel.in_hand.wrong.text()
    assert panel.in_hand.wrong.isVisible()
    assert toy_session.edit.is_empty
    field.clear()
    qtbot.keyClicks(field, "=1.5")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert toy_session.value_of(5) == 1.5
    assert not panel.in_hand.wrong.isVisible()
    assert field.text() == ""


def test_the_card_negates_and_resets_the_dial_in_hand(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    toy_session.choose_dial(4)
    before = toy_session.value_of(4)
    qtbot.mouseClick(panel.in_hand.negate, Qt.MouseButton.LeftButton)
    assert toy_session.value_of(4) == pytest.approx(-before)
    qtbot.mouseClick(panel.in_hand.reset, Qt.MouseButton.LeftButton)
    assert toy_session.edit.is_empty
    drag(qtbot, panel.in_hand.dial, -30)
    assert toy_session.value_of(4) > before
    assert dial_of(panel, 4).reading.value == pytest.approx(toy_session.value_of(4))


def test_turning_one_dial_paints_no_other(panel: LatentPanel, toy_session: Session, qtbot: QtBot) -> None:
    toy_session.choose_dial(1)
    qtbot.wait(30)
    painted: set[str] = set()
    watch = _PaintWatch(painted)
    for dim in range(8):
        dial_of(panel, dim).installEventFilter(watch)
    toy_session.turn_dial(1, 2.0)
    qtbot.waitUntil(lambda: "dial-1" in painted)
    qtbot.wait(30)
    assert painted == {"dial-1"}


def test_by_effect_the_greatest_comes_first_and_dead_dials_last_and_grey(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    analyst = toy_session.analyst
    analyst.effects = np.array([3, 9, 0.01, 5, 1, 8, 0.5, 2], np.float32)
    analyst.dead = np.array([False, False, True, False, False, True, False, False])
    analyst.effects_changed.emit()
    assert panel.grid.page == (1, 3, 0, 7, 4, 6, 5, 2)
    assert dial_of(panel, 5).reading.is_dead
    assert panel.count.text() == "8 dims · 2 idle"
    places = [dial_of(panel, dim).pos() for dim in panel.grid.page]
    assert sorted(places, key=lambda place: (place.y(), place.x())) == places
    qtbot.mouseClick(panel.sort.button("index"), Qt.MouseButton.LeftButton)
    assert panel.grid.page == tuple(range(8))


def test_dials_do_not_change_places_under_a_hand(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    before = panel.grid.page
    held = dial_of(panel, before[2])
    qtbot.mousePress(held, Qt.MouseButton.LeftButton, pos=held.rect().center())
    analyst = toy_session.analyst
    assert analyst.effects is not None
    analyst.effects = analyst.effects[::-1].copy()
    analyst.effects_changed.emit()
    assert panel.grid.page == before
    qtbot.mouseRelease(held, Qt.MouseButton.LeftButton, pos=held.rect().center())
    panel.grid.pointer_left.emit()
    assert panel.grid.page != before


def test_the_dial_in_hand_stays_in_sight_when_the_order_changes(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    panel.resize(250, 330)  # room for one or two rows of dials
    qtbot.wait(20)
    toy_session.choose_dial(panel.grid.page[-1])
    in_hand = dial_of(panel, toy_session.dial)
    assert not in_hand.visibleRegion().isEmpty()
    effects = np.ones(8, np.float32)
    effects[toy_session.dial] = 9.0
    toy_session.analyst.effects = effects
    toy_session.analyst.dead = np.zeros(8, np.bool_)
    toy_session.analyst.effects_changed.emit()
    assert panel.grid.page[0] == toy_session.dial
    assert not in_hand.visibleRegion().isEmpty()


def test_the_wheel_scrolls_the_panel_unless_the_dial_has_the_focus(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    panel.resize(250, 330)
    panel.sort.setFocus()
    qtbot.waitUntil(lambda: panel.scroll_area.verticalScrollBar().maximum() > 0)
    dial = panel.grid.dials()[0]
    assert not wheel(dial, -1)  # left to the scroll area; Qt hands on only the events of a real wheel
    assert toy_session.edit.is_empty
    dial.setFocus()
    assert wheel(dial, 1)
    assert toy_session.edit.dims() == (dial.reading.dim,)


def test_alt_and_arrows_go_from_dial_to_dial(panel: LatentPanel, toy_session: Session, qtbot: QtBot) -> None:
    first, second = panel.grid.page[:2]
    dial_of(panel, first).setFocus()
    qtbot.keyClick(dial_of(panel, first), Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert dial_of(panel, second).hasFocus()
    assert toy_session.dial == second
    assert toy_session.edit.is_empty


def test_random_code_target_and_reset_all(panel: LatentPanel, toy_session: Session, qtbot: QtBot) -> None:
    tools = panel.tools
    assert not tools.target.isEnabled()
    qtbot.mouseClick(tools.random, Qt.MouseButton.LeftButton)
    assert toy_session.edit.start is not None
    start = toy_session.edit.start.code[0]
    assert dial_of(panel, 0).reading.start == pytest.approx(start)
    qtbot.mouseClick(tools.reset_all, Qt.MouseButton.LeftButton)
    assert toy_session.edit.is_empty
    assert not tools.reset_all.isEnabled()
    toy_session.set_target(7)
    qtbot.mouseClick(tools.target, Qt.MouseButton.LeftButton)
    codec, dataset = toy_session.codec, toy_session.dataset
    assert codec is not None
    assert dataset is not None
    wanted = codec.encode(dataset.pictures([7]))[0]
    assert [dial_of(panel, dim).reading.value for dim in range(8)] == pytest.approx(list(wanted), abs=1e-5)


def test_presets_are_saved_applied_and_deleted_by_name(
    panel: LatentPanel, toy_session: Session, qtbot: QtBot
) -> None:
    tools = panel.tools
    toy_session.type_on_dial(1, "+2")
    tools.menu.aboutToShow.emit()
    next(action for action in tools.menu.actions() if action.text().startswith("Save")).trigger()
    tools.name.setText("smile")
    qtbot.keyClick(tools.name, Qt.Key.Key_Return)
    assert list(toy_session.presets) == ["smile"]
    assert not tools.name.isVisible()
    toy_session.reset_all()
    tools.menu.aboutToShow.emit()
    next(action for action in tools.menu.actions() if action.text() == "smile").trigger()
    assert toy_session.edit == toy_session.presets["smile"]
    tools.menu.aboutToShow.emit()
    delete = next(action.menu() for action in tools.menu.actions() if action.text() == "Delete")
    delete.actions()[0].trigger()  # pyright: ignore[reportAttributeAccessIssue]
    assert toy_session.presets == {}


def test_without_a_model_there_is_a_hint_and_no_dial(session: Session, qtbot: QtBot) -> None:
    panel = LatentPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.hint.isVisible()
    assert "Train a model" in panel.hint.text()
    assert not panel.in_hand.isVisible()
    assert panel.findChildren(Dial, "dial-0") == []


def test_many_dimensions_come_in_pages_of_64(session: Session, qtbot: QtBot) -> None:
    session.codec = SimpleNamespace(latent_dim=150)  # pyright: ignore[reportAttributeAccessIssue]
    panel = LatentPanel(session)
    qtbot.addWidget(panel)
    assert panel.grid.page == tuple(range(64))
    assert panel.page_label.text() == "1 to 64 of 150"
    assert not panel.previous_page.isEnabled()
    panel.next_page.click()
    panel.next_page.click()
    assert panel.grid.page == tuple(range(128, 150))
    assert not panel.next_page.isEnabled()
    assert dial_of(panel, 0).isHidden()
    session.dial = 70  # chosen elsewhere: its page comes up
    session.dial_changed.emit()
    assert panel.grid.page == tuple(range(64, 128))


@pytest.mark.parametrize("width", [250, 275, 300, 340, 480])
def test_nothing_is_cut_at_any_width(panel: LatentPanel, qtbot: QtBot, width: int) -> None:
    drag(qtbot, dial_of(panel, 0), -40)
    panel.resize(width, 452)
    qtbot.wait(20)
    assert panel.width() == width
    for button in panel.findChildren(QAbstractButton):
        if button.isVisible() and button.text() and not _icon_only(button):
            assert button.width() >= button.sizeHint().width(), button.text()
    for label in (panel.count, panel.in_hand.begun, panel.in_hand.rarity, panel.in_hand.value):
        assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width(), label.text()
    for dial in panel.grid.dials():
        assert dial.geometry().right() <= panel.grid.width()
    assert panel.grid.columns >= 3


def test_every_control_has_a_name(panel: LatentPanel) -> None:
    names: list[Callable[[], str]] = [
        control.accessibleName for control in panel.findChildren(QAbstractButton)
    ]
    names += [dial.accessibleName for dial in panel.findChildren(Dial)]
    names += [editor.accessibleName for editor in panel.findChildren(ValueEditor)]
    assert all(name() for name in names)


def test_values_stay_while_the_next_checkpoint_is_decoded(panel: LatentPanel, toy_session: Session) -> None:
    before = dial_of(panel, 0).reading
    toy_session.pictures = None
    toy_session.model_changed.emit()
    assert dial_of(panel, 0).reading == before


class _PaintWatch(QObject):
    """Notes the names of the widgets that are painted."""

    def __init__(self, painted: set[str]) -> None:
        super().__init__()
        self._painted = painted

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self._painted.add(watched.objectName())
        return False


def _icon_only(button: QAbstractButton) -> bool:
    icon_only = Qt.ToolButtonStyle.ToolButtonIconOnly
    return isinstance(button, QToolButton) and button.toolButtonStyle() is icon_only
