"""A short run of tests/torture/kill.py."""

import sys
from pathlib import Path

import pytest

from tests.torture.kill import torture


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed as Linux and macOS do it")
def test_a_training_survives_being_killed(tmp_path: Path) -> None:
    figures = torture(tmp_path, count=3, seed=12, epochs=6)
    assert figures.faults == []
    assert sum(figures.kills.values()) == 3
