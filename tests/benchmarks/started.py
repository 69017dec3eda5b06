"""The real program as a process that watches itself start: python -m tests.benchmarks.started BEGAN_S.

BEGAN_S is time.monotonic() of whoever started it, whose clock is the machine's. It notes when the window has
been painted for the first time, turns a dial as soon as the session has pictures, notes when the edited
picture that came of it has been painted, closes the window, and prints both times in seconds as JSON.
"""

import gc
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import main as program

BEGAN_S = float(sys.argv[1])
TURN = 2.0


def main() -> int:
    """Run the program as main.py does, with one watcher more."""
    gc.disable()  # as main.py does before it imports the window
    from gui import app

    noted: dict[str, float] = {}
    create = app.create

    def watched(argv: Sequence[str] = ()) -> app.MainWindow:
        window = create(argv)
        _watch(window, noted)
        return window

    app.create = watched
    status = program.main([])
    print(json.dumps(noted))
    return status


def _watch(window: Any, noted: dict[str, float]) -> None:
    from PySide6.QtCore import QEvent, QObject, QTimer

    session = window.session
    view = window.canvas_panel.findChild(QObject, "editedView")

    def on_painted() -> None:
        noted["painted"] = time.monotonic() - BEGAN_S

    def on_answered() -> None:
        noted["answered"] = time.monotonic() - BEGAN_S
        window.close()

    class Watcher(QObject):
        """Notes the first paint of the window, and that of the edited picture once the dial was turned."""

        turned_from: Any = None

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                if watched is window:
                    window.removeEventFilter(self)
                    QTimer.singleShot(0, on_painted)  # once what was drawn is on the screen
                elif self.turned_from is not None and (session.pictures.edited != self.turned_from).any():
                    view.removeEventFilter(self)
                    QTimer.singleShot(0, on_answered)
            return False

        def on_pictures(self) -> None:
            if session.pictures is not None and self.turned_from is None:
                self.turned_from = session.pictures.edited
                dial = session.dial
                start, now = session.start_value(dial), session.value_of(dial)  # turned by the start before
                session.turn_dial(dial, start + TURN if now == start else start, object())

    watcher = Watcher(window)  # which the window keeps
    window.installEventFilter(watcher)
    view.installEventFilter(watcher)
    session.pictures_changed.connect(watcher.on_pictures)


if __name__ == "__main__":
    sys.exit(main())
