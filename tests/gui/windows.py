"""The whole window for tests: made as the program makes it, and closed as a person closes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot
from torch import nn

from gui import app
from gui.export_dialog import ExportDialog
from gui.import_dialog import ImportDialog
from gui.import_model_dialog import ImportModelDialog
from gui.main_window import MainWindow
from gui.session import Session
from gui.tool_windows import TOOLS

WAIT_MS = 20_000


def action(window: MainWindow, name: str) -> QAction:
    """An action of the menus."""
    found = window.findChild(QAction, name)
    assert found is not None, name
    return found


def trigger(window: MainWindow, name: str) -> None:
    """Choose an action of the menus, which must be one that can be chosen."""
    assert action(window, name).isEnabled()
    action(window, name).trigger()


def until(qtbot: QtBot, holds: Callable[[], bool]) -> None:
    """Let the window live until something holds."""
    qtbot.waitUntil(holds, timeout=WAIT_MS)


def is_settled(window: MainWindow) -> bool:
    """Whether everything that was asked for has been shown, statistics of the codes included."""
    session = window.session
    if not session.is_idle or session.task is not None:
        return False
    if session.codec is None or session.dataset is None:
        return True
    shown = session.pictures is not None and session.traversal is not None
    return shown and session.analyst.effects is not None


@contextmanager
def opened(qtbot: QtBot, *argv: str | Path, size: tuple[int, int] = (1440, 900)) -> Iterator[MainWindow]:
    """The program's window once what argv names is shown; closed at the end."""
    window = app.create([str(argument) for argument in argv])
    qtbot.addWidget(window)
    window.resize(*size)
    window.show()
    try:
        until(qtbot, lambda: is_settled(window))
        yield window
    finally:
        window.close()


@contextmanager
def empty(qtbot: QtBot) -> Iterator[MainWindow]:
    """The window with nothing open."""
    window = MainWindow(Session())
    qtbot.addWidget(window)
    window.show()
    try:
        yield window
    finally:
        window.close()


def edit(qtbot: QtBot, window: MainWindow) -> None:
    """Two kept adjustments, and a third in hand."""
    session = window.session
    session.type_on_dial(0, "+20")
    session.keep_adjustment()
    session.type_on_dial(7, "+20")
    session.keep_adjustment()
    session.type_on_dial(3, "-1.5")
    until(qtbot, lambda: session.is_idle and len(session.kept_pictures) == 2)


@contextmanager
def every_dialog(qtbot: QtBot, window: MainWindow, source: Path) -> Iterator[list[QWidget]]:
    """The dialogs, windows and menus that the window can show, all at once."""
    window.open_path(source)
    weights = source.parent / "weights.pt"
    torch.save(nn.Sequential(nn.Linear(3 * 16 * 16, 4), nn.Linear(4, 3 * 16 * 16)).state_dict(), weights)
    window.import_model(weights)
    for show in (window.export_comparison, window.show_architecture, window.show_skipped,
                 window.show_shortcuts, window.show_places, window.show_about):  # fmt: skip
        show()
    window.training_panel.show_advanced()
    shown: list[QWidget] = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
    for dialog in shown:
        if isinstance(dialog, ImportDialog):
            until(qtbot, dialog.open_button.isEnabled)
        if isinstance(dialog, ExportDialog):
            until(qtbot, lambda dialog=dialog: not dialog.is_drawing)
        if isinstance(dialog, ImportModelDialog):
            until(qtbot, lambda dialog=dialog: not dialog.is_busy)
    assert len(shown) >= 8
    shown += [window.tools.show(tool.name) for tool in TOOLS]
    try:
        yield [*shown, window.gallery_panel.menu_for(1)]
    finally:
        for dialog in shown:
            dialog.close()
