"""The windows beside the main one: what each is called, which menu opens it, and who makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from core.translate import tr
from gui.actions import Entry, add_entry
from gui.animation_dialog import AnimationWindow
from gui.dials_window import DialsWindow
from gui.files_out_window import FilesOutWindow
from gui.lab_window import LabWindow
from gui.many_window import ManyWindow
from gui.report_window import ReportWindow
from gui.runs_window import RunsWindow
from gui.session import Session
from gui.tool_window import ToolWindow


@dataclass(frozen=True)
class Tool:
    """One window: the object name of its action, the menu that holds it, and what makes it."""

    name: str
    menu: str
    text: Callable[[], str]
    tip: Callable[[], str]
    make: Callable[[Session, QWidget], ToolWindow]
    shortcut: str = ""
    after: str = ""  # the action of that menu that it follows; without it, it comes last


TOOLS: tuple[Tool, ...] = (
    Tool(
        "report",
        "fileMenu",
        lambda: tr("&Report…"),
        lambda: tr("Two runs on one page: networks, adjustments, and all that the laboratory measures"),
        ReportWindow,
        after="exportAction",
    ),
    Tool(
        "runs",
        "modelMenu",
        lambda: tr("R&uns…"),
        lambda: tr("Every run with its settings, errors and notes; several losses in one plot"),
        RunsWindow,
        "Ctrl+Shift+R",
    ),
    Tool(
        "dialsInNumbers",
        "modelMenu",
        lambda: tr("&Dials in numbers…"),
        lambda: tr("Spread, KL and effect of every dial; correlations; which dial knows which label"),
        DialsWindow,
        "Ctrl+Shift+D",
    ),
    Tool(
        "laboratory",
        "modelMenu",
        lambda: tr("&Laboratory…"),
        lambda: tr("Two runs on the same pictures: noise, in-betweens, samples, copies, blur"),
        LabWindow,
        "Ctrl+B",
    ),
    Tool(
        "animation",
        "exportMenu",
        lambda: tr("&Animation…"),
        lambda: tr("Dials, in-betweens and random walks as GIF, WebP, MP4 or a sheet"),
        AnimationWindow,
        "Ctrl+Shift+A",
    ),
    Tool(
        "applyToMany",
        "exportMenu",
        lambda: tr("Apply to &many pictures…"),
        lambda: tr("The current adjustment on many pictures, and what it changes on the whole"),
        ManyWindow,
    ),
    Tool(
        "filesOut",
        "exportMenu",
        lambda: tr("Codes and &networks…"),
        lambda: tr("Codes and directions as NPZ or CSV, encoder and decoder as ONNX"),
        FilesOutWindow,
    ),
)
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
            menu = by_name[tool.menu]
            action = add_entry(menu, owner, entry)
            action.setData(tool.name)
            names = [known.objectName() for known in menu.actions()]
            if tool.after in names:
                menu.insertAction(menu.actions()[names.index(tool.after) + 1], action)

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
