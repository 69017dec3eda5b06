"""The menus: every action of the window, its shortcut and what it asks the session for."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from core.translate import tr

Shortcut = str | QKeySequence.StandardKey


@dataclass(frozen=True)
class Entry:
    """One action as a menu shows it; text and tip are already in the person's language."""

    name: str  # the object name
    text: str
    slot: Callable[..., object]
    shortcut: Shortcut = ""
    tip: str = ""
    checkable: bool = False


def add_menu(bar: QMenuBar | QMenu, title: str, name: str) -> QMenu:
    """A menu with an object name and tooltips."""
    menu = bar.addMenu(title)
    menu.setObjectName(name)
    menu.setToolTipsVisible(True)
    return menu


def add_entry(menu: QMenu, owner: QWidget, entry: Entry, group: QActionGroup | None = None) -> QAction:
    """The entry as an action of menu and owner; slot must be a bound method of a QObject."""
    action = QAction(entry.text, owner)
    action.setObjectName(entry.name)
    if entry.shortcut:
        action.setShortcut(QKeySequence(entry.shortcut))
    if entry.tip:
        action.setToolTip(entry.tip)
        action.setStatusTip(entry.tip)
    action.setCheckable(entry.checkable)
    if group is not None:
        group.addAction(action)
    action.triggered.connect(entry.slot)
    menu.addAction(action)
    return action


def shortcut_table(window: QWidget) -> str:
    """Every action that has a shortcut, one a line, for the help."""
    rows = [
        (action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), action.text().replace("&", ""))
        for action in window.findChildren(QAction)
        if not action.shortcut().isEmpty()
    ]
    rows += [
        (tr("Space"), tr("Hold to see the original")),
        (tr("Drag up or down"), tr("Turn a dial; Shift turns finely, Ctrl snaps")),
        (tr("Wheel, arrows"), tr("Turn the dial in hand")),
        (tr("Digits, +, −, =, *"), tr("Type a value on a dial: 1.5 sets, +20 adds, *2 multiplies")),
        (tr("Backspace"), tr("Reset the dial in hand")),
    ]
    return "\n".join(f"{key:<22}{text}" for key, text in rows)
