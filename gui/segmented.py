"""SegmentedControl: a few choices side by side, one of them chosen (Effect | Index, Wipe | Blink …)."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget


@dataclass(frozen=True)
class Choice:
    """One segment: its key for the program, its text and tooltip for the person."""

    key: str
    text: str
    tip: str = ""


class SegmentedControl(QWidget):
    """Exclusive buttons in one row; arrow keys move the choice, Tab leaves.

    Signals:
        chosen(key: str): a person chose another segment; set_current() does not send it.
    """

    chosen = Signal(str)

    def __init__(self, choices: Sequence[Choice], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._keys = [choice.key for choice in choices]
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for i, choice in enumerate(choices):
            button = _Segment(choice.text, self)
            button.stepped.connect(self.step)
            place = "first" if i == 0 else "last" if i == len(choices) - 1 else "middle"
            button.setProperty("place", place)
            button.setObjectName(f"segment-{choice.key}")
            button.setAccessibleName(choice.text)
            button.setToolTip(choice.tip)
            self._group.addButton(button, i)
            layout.addWidget(button)
        self._group.button(0).setChecked(True)
        self._current = 0
        self._group.idToggled.connect(self._on_toggled)

    @property
    def current(self) -> str:
        """The key of the chosen segment."""
        return self._keys[self._current]

    def set_current(self, key: str) -> None:
        """Choose a segment without sending chosen."""
        self._current = self._keys.index(key)
        self._group.button(self._current).setChecked(True)

    def button(self, key: str) -> QAbstractButton:
        """The button of a segment."""
        return self._group.button(self._keys.index(key))

    @Slot(int)
    def step(self, places: int) -> None:
        """Choose the segment so many places further on, as a person does, and give it the focus."""
        place = (self._current + places) % len(self._keys)
        while self._group.button(place).isHidden() and place != self._current:
            place = (place + (1 if places > 0 else -1)) % len(self._keys)
        button = self._group.button(place)
        button.setChecked(True)
        button.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(int, bool)
    def _on_toggled(self, position: int, checked: bool) -> None:
        if checked and position != self._current:
            self._current = position
            self.chosen.emit(self.current)


class _Segment(QPushButton):
    """A checkable button of the row; Return chooses it, arrow keys ask for its neighbours."""

    stepped = Signal(int)

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self.setProperty("segment", True)
        self.setCheckable(True)
        self.setAutoDefault(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self.stepped.emit(-1)
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self.stepped.emit(1)
        else:
            super().keyPressEvent(event)
