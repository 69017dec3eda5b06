"""What the window itself keeps and exports, on a disk that fails at its n-th operation."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui import memory
from gui.loss_plot import LossPlot
from gui.memory import SavedDocument, SavedSession
from gui.saved_work import SavedWork
from gui.session import Session
from gui.window_memory import WindowMemory
from tests.core.faulty import CODES, OPERATIONS, FaultyDisk, files_of

MOST = 20  # operations of one save


def _document(path: Path, version: int) -> None:
    memory.save(path, SavedDocument(sequence=version))


def _work(path: Path, version: int) -> None:
    memory.save(path, SavedWork(saved_at=version, open_now=SavedSession(source="faces")))


def _settings(path: Path, version: int) -> None:
    memory.save(path, WindowMemory(folder=str(version)))


KINDS: dict[str, Callable[[Path, int], None]] = {
    "document": _document,
    "work": _work,
    "settings": _settings,
}


def _is_whole_at_every_fault(save: Callable[[int], None], folder: Path, operation: str, code: int) -> None:
    """save(1), then save(2) with the n-th operation failing: the first's files stay, or the second's."""
    save(1)
    old = files_of(folder)
    save(2)
    new = files_of(folder)
    assert old != new
    for number in range(1, MOST):
        for name, content in old.items():
            (folder / name).write_bytes(content)
        disk = FaultyDisk(operation, number, code)
        said = ""
        with disk.failing():
            try:
                save(2)
            except OSError as error:
                said = str(error)
        assert bool(said) == disk.has_failed
        assert files_of(folder) in (old, new)
        if not disk.has_failed:
            return
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_is_the_old_or_the_new(tmp_path: Path, kind: str, operation: str, code: int) -> None:
    _is_whole_at_every_fault(lambda n: KINDS[kind](tmp_path / "kept.json", n), tmp_path, operation, code)


@pytest.mark.parametrize("name", ["loss.csv", "loss.png"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_plots_exports_are_the_old_or_the_new(
    session: Session, qtbot: QtBot, tmp_path: Path, operation: str, name: str
) -> None:
    plot = LossPlot(session)
    qtbot.addWidget(plot)
    plot.resize(560, 220)
    plot.show()
    plot.picture()  # lays the axes out
    path = tmp_path / name

    def export(number: int) -> None:
        if number == 1:
            path.write_bytes(b"of before")
        elif path.suffix == ".csv":
            plot.export_csv(path)
        else:
            plot.export_png(path)

    _is_whole_at_every_fault(export, tmp_path, operation, CODES[0])
