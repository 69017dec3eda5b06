"""The windows beside the main one: what each is called, which menu opens it, and who makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSize, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from gui.actions import Entry, add_entry
from gui.session import Session


class ToolWindow(QWidget):
    """A window of its own that draws the session beside the main one; made when it is first asked for.

    Closing hides it. One with threads of its own ends them on session.closing.
    """

    def __init__(self, title: str, name: str, size: QSize, owner: QWidget) -> None:
        super().__init__(owner, Qt.WindowType.Window)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.resize(size)


@dataclass(frozen=True)
class Tool:
    """One window: the object name of its action, the menu that holds it, and what makes it."""

    name: str
    menu: str
    text: Callable[[], str]
    tip: Callable[[], str]
    make: Callable[[Session, QWidget], ToolWindow]
    shortcut: str = ""


TOOLS: tuple[Tool, ...] = ()
"""In the order of their menus; a new window is a module with a ToolWindow and an entry here."""


class ToolWindows(QObject):
    """Adds the actions of every tool to their menus, and makes and shows the windows."""

    def __init__(self, session: Session, owner: QWidget, menus: list[QMenu]) -> None:
        super().__init__(owner)
        self._session = session
        self._owner = owner
        self._made: dict[str, ToolWindow] = {}
        by_name = {menu.objectName(): menu for menu in menus}
        for tool in TOOLS:
            entry = Entry(tool.name, tool.text(), self._on_asked, tool.shortcut, tool.tip())
            add_entry(by_name[tool.menu], owner, entry).setData(tool.name)

    def show(self, name: str) -> ToolWindow:
        """The window of that name in front of the others, made where it is not there yet."""
        window = self._made.get(name)
        if window is None:
            tool = next(tool for tool in TOOLS if tool.name == name)
            window = self._made[name] = tool.make(self._session, self._owner)
        window.show()
        window.raise_()
        window.activateWindow()
        return window

    def close(self) -> None:
        """Close every window."""
        for window in self._made.values():
            window.close()

    @Slot()
    def _on_asked(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.show(action.data())
