"""The whole window for tests: made as the program makes it, and closed as a person closes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from gui import app
from gui.main_window import MainWindow

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
