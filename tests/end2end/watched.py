"""Runs the real program and, a few times a second, writes down where its widgets are and what they say.

Started as: python -m tests.end2end.watched REPORT.json [the program's arguments]. It only looks; what happens
in the window comes from a mouse and a keyboard outside (see desktop.py).
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect, QTimer, Slot
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QWidget

import main  # first: it prepares the process
from gui import app
from gui.main_window import MainWindow

INTERVAL_MS = 150


class Watch(QObject):
    """Writes the report whenever it is due; the report is replaced whole."""

    def __init__(self, report: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._report = report
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._on_time)
        self._timer.start()

    @Slot()
    def _on_time(self) -> None:
        facts = [widget_facts(widget) for widget in QApplication.allWidgets() if widget.isVisible()]
        part = self._report.with_suffix(".part")
        part.write_text(json.dumps({"at": time.monotonic(), "widgets": facts}), encoding="utf-8")
        os.replace(part, self._report)


def widget_facts(widget: QWidget) -> dict[str, Any]:
    """What the outside may know of a widget: its name, where it is on the screen and what it says."""
    corner = widget.mapToGlobal(QPoint(0, 0))
    seen = shown_part(widget)
    text = ""
    if isinstance(widget, (QAbstractButton, QLabel, QLineEdit)):
        text = widget.text()
    elif isinstance(widget, QComboBox):
        text = widget.currentText()
    return {
        "name": widget.objectName(),
        "kind": type(widget).__name__,
        "accessible": widget.accessibleName(),
        "rect": [corner.x(), corner.y(), widget.width(), widget.height()],
        "seen": [seen.x(), seen.y(), seen.width(), seen.height()],
        "enabled": widget.isEnabled(),
        "focus": widget.hasFocus(),
        "text": text or widget.windowTitle(),
    }


def shown_part(widget: QWidget) -> QRect:
    """What its ancestors leave of a widget, on the screen. Qt's visibleRegion() would not do: it takes away
    what opaque children cover, so that a scroll area would be nothing but its bar."""
    shown = QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())
    inside = widget
    while not inside.isWindow() and (parent := inside.parentWidget()):
        shown &= QRect(parent.mapToGlobal(QPoint(0, 0)), parent.size())
        inside = parent
    return shown


def run(report: Path, argv: Sequence[str]) -> int:
    """Start the program as its command does, with a watch on its window."""
    create = app.create

    def create_watched(arguments: Sequence[str] = ()) -> MainWindow:
        window = create(arguments)
        Watch(report, window)
        return window

    app.create = create_watched
    return main.main(argv)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
