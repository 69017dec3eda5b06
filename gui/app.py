"""The application around the window: theme, translations, error hooks. create(argv) -> MainWindow."""

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from gui import window_memory
from gui.faults import begin_crash_log, end_crash_log, install_hooks, remove_hooks
from gui.loading import FirstPaint
from gui.main_window import MainWindow
from gui.session import Session
from gui.theme import apply_theme
from resources import resource_path

# Lets the window take the interpreter from a training thread within a fifth of a millisecond rather than
# five: with a decode in each frame the 99th percentile of the frame gap fell from 102 to 58 ms.
SWITCH_INTERVAL_S = 0.0002
PROGRAM_NAMES = ("main", "latent-dials", "latent-dials-cli")


def create(argv: Sequence[str] = ()) -> MainWindow:
    """The main window with its session, shown by the caller; argv may name pictures, a run or a PNG to open.

    Without a path it opens what was open last time, and at the first start the built-in faces and the
    bundled model; that begins once the window has been painted. Makes the QApplication where there is none.
    """
    app = _application(argv)
    app.setApplicationName("latent-dials")
    app.setApplicationDisplayName("Latent Dials")
    app.setDesktopFileName("latent-dials")
    app.setWindowIcon(QIcon(str(resource_path("icons", "app.svg"))))
    memory = window_memory.load()
    apply_theme(app, memory.theme)
    window = MainWindow(Session(), memory)
    window.session.opener.prepare(_source_in(argv))
    first_paint = FirstPaint(window)
    first_paint.painted.connect(window.session.loading.start)
    first_paint.painted.connect(window.session.opener.begin)
    first_paint.painted.connect(window.recovery.look)
    return window


def _application(argv: Sequence[str]) -> QApplication:
    """The application, which is made where there is none, in a process that is prepared for its threads."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = QApplication.instance()
    return app if isinstance(app, QApplication) else QApplication([sys.argv[0], *argv])


def _source_in(argv: Sequence[str]) -> str | None:
    """The first argument that is no option of Qt's; the program's own name may come first, as in sys.argv."""
    arguments = list(argv)
    if arguments and (arguments[0] == sys.argv[0] or Path(arguments[0]).stem in PROGRAM_NAMES):
        del arguments[0]
    return next((argument for argument in arguments if not argument.startswith("-")), None)


def main(argv: Sequence[str]) -> int:
    """Open the window and stay until it is closed; the process's exit status."""
    begin_crash_log()
    app = _application(argv)
    translator = QTranslator(app)
    if translator.load(
        QLocale(), "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    ):
        app.installTranslator(translator)
    window = create(argv)
    install_hooks(window.show_fault)
    window.session.loading.all_loaded.connect(window.garbage.freeze)
    window.show()
    status = app.exec()
    del window
    remove_hooks()
    end_crash_log()
    return status
