"""Training begun and ended at random moments, and the window used for a few seconds: nothing stays behind."""

import gc
from pathlib import Path

from pytestqt.qtbot import QtBot

from core.runs import Run
from gui.trainer import Trainer
from tests.core.tiny import tiny_config, tiny_dataset
from tests.torture.cycles import run_cycles
from tests.torture.soak import run_soak
from tests.torture.watching import Row, drop_deleted


def missed(rows: list[Row]) -> list[str]:
    """What was not held; memory is judged by the long programs, when what is loaded once is loaded."""
    return [f"{row.what}: {row.measured}" for row in rows if row.holds is False and "memory" not in row.what]


def test_training_can_be_stopped_and_closed_at_any_moment(qtbot: QtBot, tmp_path: Path) -> None:
    rows, faults = run_cycles(20, 1, tmp_path)
    assert faults.texts == []
    assert missed(rows) == []


def test_work_without_a_rest_leaves_nothing_behind(qtbot: QtBot, tmp_path: Path) -> None:
    rows, seen, faults = run_soak(1.5, 1, tmp_path / "world", 60, 16)
    assert faults.texts == []
    assert missed(rows) == []
    assert seen.trainings >= 1


def parameters() -> int:
    """How many weights are in memory."""
    gc.collect()
    return sum(type(found).__name__ == "Parameter" for found in gc.get_objects())


def test_a_training_that_has_ended_gives_its_memory_back(qtbot: QtBot, tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config(epochs=10_000)
    trainer = Trainer()
    before = parameters()
    run = Run.create(tmp_path / "run", config, dataset.identity)
    trainer.start(dataset, config, run, resume=False)
    qtbot.waitUntil(lambda: trainer.record is not None and trainer.record.step > 3, timeout=20_000)
    assert parameters() > before
    trainer.close()
    trainer.deleteLater()
    drop_deleted()
    assert parameters() == before
