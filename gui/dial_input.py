"""Keys and pointer as a dial understands them: what turns, how far, and when the wheel scrolls instead."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

STEPS_PER_UNIT = 1000  # QDial counts in whole numbers; screen readers get thousandths
_INT_LIMIT = 2**31 - 1
CTRL = Qt.KeyboardModifier.ControlModifier
KEY_STEPS: dict[int, float] = {
    Qt.Key.Key_Up: 1.0,
    Qt.Key.Key_Right: 1.0,
    Qt.Key.Key_Down: -1.0,
    Qt.Key.Key_Left: -1.0,
    Qt.Key.Key_PageUp: 5.0,
    Qt.Key.Key_PageDown: -5.0,
}
NEIGHBOURS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
PLAIN_KEYS = (
    Qt.Key.Key_N,
    Qt.Key.Key_L,
    Qt.Key.Key_H,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Delete,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)


class Drag:
    """A drag under way: where the pointer was last, and the value before any snapping."""

    def __init__(self, y: float, value: float) -> None:
        self.y = y
        self.value = value
        self.before = value
        self.has_begun = False


def panel_scrolls(widget: QWidget) -> bool:
    """Whether a widget lies in a scroll area that has something to scroll."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            bar = parent.verticalScrollBar()
            return bar.maximum() > bar.minimum()
        parent = parent.parentWidget()
    return False


def counted(value: float) -> int:
    """A value in QDial's whole numbers."""
    return round(min(max(value * STEPS_PER_UNIT, -_INT_LIMIT), _INT_LIMIT))
