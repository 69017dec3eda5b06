"""Dial: turns one dimension of the code by hand, wheel, keys or typing; gui/dial_face.py draws it."""

import math
import time

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QDial, QToolTip, QWidget

from core.translate import tr
from gui.dial_face import Reading, paint_face, paint_label, readable_step
from gui.dial_input import (
    CTRL,
    KEY_STEPS,
    NEIGHBOURS,
    PLAIN_KEYS,
    STEPS_PER_UNIT,
    Drag,
    counted,
    panel_scrolls,
)
from gui.dial_words import description_text, name_text, tip_text
from gui.plain import plain_tip
from gui.theme import CAPTION_PX, CONTROL_PX, current_theme, ui_font
from gui.typed_value import STARTERS, ValueEditor

BURST_S = 0.6  # wheel notches and key presses within this while are one step to undo
FINE = 0.1
DRAG_SPAN_PX = 240  # so many pixels of drag turn from one end to the other
_DRAG_THRESHOLD_PX = 3  # a click that trembles turns nothing
_LABEL_PX = 18
_CELL = QSize(60, 66)
_BOTTOM = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom


class Dial(QDial):
    """One dimension's dial; large draws it without its label, for the card of the dial in hand.

    It changes nothing by itself: it asks, and is shown the outcome by show_reading().

    Signals (each with the dimension first):
        turned(dim, value: float, gesture: object): turn to value; one gesture is one step to undo.
        typed(dim, text: str): Enter was pressed on a typed text; the listener may call refuse(reason).
        reset_requested(dim), negate_requested(dim): take its edits back; change its sign.
        taken(dim): it was clicked or got the focus.
        lock_requested(dim): lock it, or unlock it.
        menu_requested(dim, place: QPoint): the menu of its own.
        hand_changed(held: bool): a drag began or ended.
        pointed(dim, pointed: bool): the pointer came or went, or H was pressed or released on it.
        neighbour_requested(dim, columns: int, rows: int): go to the dial beside it.
    """

    turned = Signal(int, float, object)
    typed = Signal(int, str)
    reset_requested = Signal(int)
    negate_requested = Signal(int)
    lock_requested = Signal(int)
    menu_requested = Signal(int, QPoint)
    taken = Signal(int)
    hand_changed = Signal(bool)
    pointed = Signal(int, bool)
    neighbour_requested = Signal(int, int, int)

    def __init__(
        self, dim: int, parent: QWidget | None = None, *, large: bool = False, prefix: str = "dial"
    ) -> None:
        super().__init__(parent)
        self._reading = Reading(dim)
        self._large = large
        self._in_hand = False
        self._showing = False
        self._editor: ValueEditor | None = None
        self._refused = False
        self._drag: Drag | None = None
        self._gesture: object = None
        self._gesture_at = -math.inf
        self._points_by_key = False
        self.setObjectName(f"{prefix}InHand" if large else f"{prefix}-{dim}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(False)
        self.setNotchesVisible(False)
        self.setWrapping(False)
        self.setSingleStep(1)
        self.valueChanged.connect(self._on_value_changed)
        self._tell()

    # ---- what is shown ---------------------------------------------------------------------------------

    @property
    def reading(self) -> Reading:
        """What the dial shows."""
        return self._reading

    @property
    def is_held(self) -> bool:
        """Whether a drag is going on."""
        return self._drag is not None

    @property
    def is_typing(self) -> bool:
        """Whether its field for typing is open."""
        return self._editor is not None and self._editor.isVisible()

    def show_reading(self, reading: Reading) -> None:
        """Show another reading; asks for nothing."""
        if reading != self._reading:
            self._reading = reading
            self._tell()
            self.update()

    def show_in_hand(self, in_hand: bool) -> None:
        """Mark as the dial in hand."""
        if in_hand != self._in_hand:
            self._in_hand = in_hand
            self.update()

    def refuse(self, reason: str) -> None:
        """Show why the typed text cannot be taken."""
        self._refused = True
        if self._editor is not None:
            self._editor.refuse(reason)

    def _tell(self) -> None:
        """Bring name, description and value for screen readers up to date."""
        reading = self._reading
        self.setAccessibleName(name_text(reading, in_hand=self._large))
        self.setAccessibleDescription(description_text(reading))
        self._showing = True
        low, high = min(reading.lowest, reading.value), max(reading.highest, reading.value)
        self.setRange(counted(low), counted(high))
        self.setValue(counted(reading.value))
        self._showing = False

    # ---- painting --------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(96, 96) if self._large else _CELL

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 64) if self._large else QSize(52, 60)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        enabled = self.isEnabled()
        if not self._large and self._in_hand:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(area, 8, 8)
        if self._large:
            paint_face(painter, area.adjusted(3, 3, -3, -3), self._reading, theme, enabled=enabled)
            painter.setFont(ui_font(CONTROL_PX, QFont.Weight.DemiBold))
            painter.setPen(theme.color("secondary" if enabled else "disabled"))
            name = area.adjusted(0, 0, 0, -area.height() * 0.08)
            if not self._reading.name:  # which stands above the card
                painter.drawText(name, _BOTTOM, self._reading.label)
        else:
            face = min(area.width() - 14.0, area.height() - _LABEL_PX - 5.0, 52.0)
            box = QRectF(area.center().x() - face / 2.0, 5.0, face, face)
            paint_face(painter, box, self._reading, theme, enabled=enabled)
            # the gap at the bottom of the track belongs to the label
            label = QRectF(0.0, area.bottom() - _LABEL_PX - 1.0, area.width(), _LABEL_PX)
            paint_label(painter, label, self._reading, theme, CAPTION_PX, enabled=enabled)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 8, 8)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.EnabledChange, QEvent.Type.PaletteChange):
            self.update()

    # ---- mouse -----------------------------------------------------------------------------------------

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointed.emit(self._reading.dim, True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(self._reading.dim, False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.taken.emit(self._reading.dim)
        self._drag = Drag(event.position().y(), self._reading.value)
        self._gesture = object()
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.hand_changed.emit(True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            return
        drag, y = self._drag, event.position().y()
        if not drag.has_begun and abs(y - drag.y) < _DRAG_THRESHOLD_PX:
            return
        drag.has_begun = True
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        drag.value += (drag.y - y) * self._reading.span / DRAG_SPAN_PX * fine
        drag.y = y
        self._turn(self._snapped(drag.value) if event.modifiers() & CTRL else drag.value)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._end_drag()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._end_drag()
            self.reset_requested.emit(self._reading.dim)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu; the dial in hand has buttons instead."""
        if self._large:
            event.ignore()
        else:
            self.menu_requested.emit(self._reading.dim, event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn; in a panel that scrolls only the dial with the focus does, so that the others scroll by."""
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
        if not notches or (not self.hasFocus() and panel_scrolls(self)):
            event.ignore()
            return
        self.taken.emit(self._reading.dim)
        self._step_by(notches, event.modifiers())
        event.accept()

    def _end_drag(self) -> None:
        if self._drag is not None:
            self._drag = None
            self._gesture = None
            self.unsetCursor()
            self.hand_changed.emit(False)

    # ---- keys ------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(tip_text(self._reading)), self)
            return True
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if self._drag is not None and key == Qt.Key.Key_Escape:
            self._turn(self._drag.before)
            self._end_drag()
        elif modifiers & Qt.KeyboardModifier.AltModifier and key in NEIGHBOURS:
            self.neighbour_requested.emit(self._reading.dim, *NEIGHBOURS[key])
        elif key in KEY_STEPS:
            self._step_by(KEY_STEPS[key], modifiers)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._to_band_edge(high=key == Qt.Key.Key_End)
        elif key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self.reset_requested.emit(self._reading.dim)
        elif key == Qt.Key.Key_N and not modifiers & CTRL:
            self.negate_requested.emit(self._reading.dim)
        elif key == Qt.Key.Key_L and not modifiers & CTRL:
            self.lock_requested.emit(self._reading.dim)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.open_editor("")
        elif self._starts_typing(event):
            self.open_editor(event.text())
        elif key == Qt.Key.Key_H and not modifiers & CTRL:
            self._points_by_key = True
            self.pointed.emit(self._reading.dim, True)
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_H and not event.isAutoRepeat():
            self._points_by_key = False
            self.pointed.emit(self._reading.dim, False)
        else:
            super().keyReleaseEvent(event)

    def _is_ours(self, event: QKeyEvent) -> bool:
        """Whether a key turns, types or resets, and so must not reach the window's shortcuts."""
        if event.modifiers() & (CTRL | Qt.KeyboardModifier.AltModifier):
            return False
        return event.key() in KEY_STEPS or event.key() in PLAIN_KEYS or self._starts_typing(event)

    def _starts_typing(self, event: QKeyEvent) -> bool:
        return not event.modifiers() & CTRL and bool(event.text()) and event.text() in STARTERS

    def _to_band_edge(self, *, high: bool) -> None:
        reading = self._reading
        if reading.high > reading.low:
            self._turn_in_burst(reading.high if high else reading.low)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()
        if event.reason() is not Qt.FocusReason.ActiveWindowFocusReason:
            self.taken.emit(self._reading.dim)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._points_by_key:  # the release of the key goes to whoever has the focus now
            self._points_by_key = False
            self.pointed.emit(self._reading.dim, False)
        self._end_drag()
        self.update()

    # ---- turning ---------------------------------------------------------------------------------------

    def _step_by(self, steps: float, modifiers: Qt.KeyboardModifier) -> None:
        reading = self._reading
        if modifiers & CTRL:  # to the next round number in that direction
            size = self._snap_step()
            places = reading.value / size
            value = (math.floor(places + 1e-6) + 1 if steps > 0 else math.ceil(places - 1e-6) - 1) * size
        else:
            fine = FINE if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
            value = reading.value + steps * reading.step * fine
        self._turn_in_burst(value)

    def _turn_in_burst(self, value: float) -> None:
        """Steps that follow each other quickly are one gesture."""
        now = time.monotonic()
        if self._drag is None and (self._gesture is None or now - self._gesture_at > BURST_S):
            self._gesture = object()
        self._gesture_at = now
        self._turn(value)

    def _turn(self, value: float) -> None:
        if self._reading.is_locked:
            where = self.mapToGlobal(self.rect().bottomLeft())
            text = tr("{name} is locked: L unlocks it.", name=self._reading.label)
            QToolTip.showText(where, plain_tip(text), self)
            return
        self.turned.emit(self._reading.dim, value, self._gesture)

    def _snap_step(self) -> float:
        """The round step nearest to half a standard deviation."""
        return readable_step((self._reading.sigma or self._reading.span / 8.0) / 2.0)

    def _snapped(self, value: float) -> float:
        size = self._snap_step()
        return round(value / size) * size

    @Slot(int)
    def _on_value_changed(self, counted: int) -> None:
        """A screen reader, or a program, set the value of the QDial."""
        if not self._showing:
            self._turn_in_burst(counted / STEPS_PER_UNIT)

    # ---- typing ----------------------------------------------------------------------------------------

    def open_editor(self, text: str) -> None:
        """Open the field for typing over the label, with a first text in it."""
        self.taken.emit(self._reading.dim)
        if self._editor is None:
            self._editor = ValueEditor(self)
            self._editor.setObjectName("dialEditor")
            self._editor.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._editor.setStyleSheet("padding: 0 2px;")
            self._editor.typed.connect(self._on_typed)
            self._editor.negated.connect(self._on_negated)
            self._editor.left.connect(self._on_editor_left)
        self._editor.setAccessibleName(tr("Value of {name}", name=self._reading.label))
        self._editor.setGeometry(1, self.height() - 24, self.width() - 2, 23)
        self._editor.show()
        self._editor.begin(text)

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        self._refused = False
        self.typed.emit(self._reading.dim, text)
        if not self._refused:
            self._close_editor()

    @Slot()
    def _on_negated(self) -> None:
        self._close_editor()
        self.negate_requested.emit(self._reading.dim)

    @Slot()
    def _on_editor_left(self) -> None:
        if self.is_typing:
            self._close_editor()

    def _close_editor(self) -> None:
        if self._editor is None:
            return
        had_focus = self._editor.hasFocus()
        self._editor.accept()
        self._editor.hide()
        if had_focus:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
