"""What the heap holds free goes back to the system once the window has come to rest."""

import ctypes

from pytestqt.qtbot import QtBot

from core.allocation import give_back_free_memory
from gui.session import Task
from tests.core.test_allocation import BLOCK_MB, kept_mb, leave_holes, pytestmark, resident_mb
from tests.gui.windows import empty, until

__all__ = ["pytestmark"]


def test_it_goes_back_when_long_work_has_ended(qtbot: QtBot) -> None:
    with empty(qtbot) as window:
        window.session.show_task(Task("Measuring"))
        give_back_free_memory()
        before = resident_mb()
        last = leave_holes()
        assert kept_mb(before) > 0.9 * BLOCK_MB
        window.session.show_task(None)
        until(qtbot, lambda: kept_mb(before) < 0.5 * BLOCK_MB)
        ctypes.CDLL(None).free(last)
