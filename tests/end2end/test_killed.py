"""The real program ends without goodbye, by kill or crash: what it held comes back, and a log says why."""

import os
import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from gui import faults
from gui.text_dialog import TextDialog
from tests.gui.conftest import toy_file, toy_file_run  # noqa: F401
from tests.gui.windows import opened, until
from tests.torture import windows

ROOT = Path(__file__).resolve().parents[2]

# A window in which everything goes wrong that can: in a thread of Python's and one of Qt's, in a slot, in Qt.
# Its last act is a crash.
STORY = """
import sys, threading; sys.path.insert(0, sys.argv[1])
import faulthandler, main
from gui import app
from PySide6.QtCore import QThread, QTimer, qWarning
create = app.create

def fail(words): raise ValueError(words)

class Worker(QThread):
    def run(self): fail("in a thread of Qt's")

def watched(argv=()):
    window = create(argv)
    session = window.session
    worker = window.worker = Worker(window)
    waits = threading.Event()
    def go_wrong():
        session.type_on_dial(0, "+20")
        QTimer.singleShot(0, lambda: fail("in a slot"))
        threading.Thread(target=fail, args=("in a thread of Python's",)).start()
        worker.start(); worker.wait()
        qWarning("in Qt")
        threading.Thread(target=waits.wait, name="sleeper", daemon=True).start()
        session.keeper.kept.connect(lambda _: QTimer.singleShot(100, crash))
    def crash():
        print(window.notice.text, flush=True)
        faulthandler._sigsegv()
    def look():
        if session.pictures is None: QTimer.singleShot(50, look)
        else: go_wrong()
    look()
    return window
app.create = watched
sys.exit(main.main([sys.argv[2]]))
"""


def test_a_crash_leaves_a_log_of_every_thread_and_is_offered_once(
    qtbot: QtBot,
    home: Path,
    toy_file_run: Path,  # noqa: F811
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORY, str(ROOT), str(toy_file_run)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode < 0, done.stderr
    assert "A fault of ours: ValueError: in " in done.stdout
    log = faults.log_path().read_text("utf-8")
    for words in (
        "ValueError: in a slot",
        "ValueError: in a thread of Python's",
        "ValueError: in a thread of Qt's",
        "Qt warning (default): in Qt",
    ):
        assert log.count(words) == 1, words
    assert "Traceback (most recent call last)" in log
    (crash,) = faults.logs_folder().glob("crash-*.log")
    text = crash.read_text("utf-8")
    assert text.startswith("Latent Dials")
    assert "Segmentation fault" in text
    assert "in crash" in text  # the stack of the thread that crashed, to the line
    assert text.count("most recent call first") >= 3  # and of those that did not
    assert "session_writer.py" in text
    with opened(qtbot, toy_file_run) as window:
        assert "ended unexpectedly" in window.offer_bar.text
        window.offer_bar.show_log.click()
        (dialog,) = window.findChildren(TextDialog)
        assert "Segmentation fault" in dialog.text.toPlainText()
        assert "in a slot" in dialog.text.toPlainText()
        dialog.close()
        window.offer_bar.restore.click()
        until(qtbot, window.offer_bar.isHidden)
        assert window.session.edit.text() == "z0 +20"
    with opened(qtbot, toy_file_run) as window:
        assert window.offer_bar.isHidden()
        window.show_log()
        (dialog,) = window.findChildren(TextDialog)
        assert "Segmentation fault" in dialog.text.toPlainText()  # it can still be seen


def test_killed_windows_come_back(home: Path, toy_file_run: Path) -> None:  # noqa: F811
    figures = windows.torture(home, toy_file_run, count=2, seed=3, life_s=(1.6, 2.0))
    assert figures.faults == []
    # One that was killed before it could write has nothing to come back: no window on a busy machine must.
    assert figures.kills == 2
    assert 1 <= figures.written == figures.offered == figures.same == figures.undone
