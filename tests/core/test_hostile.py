"""Files made to harm, each opened for real in a process that watches itself; tests/hostile makes them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import LONGEST_SENTENCE, LatentDialsError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_each_hostile_file_ends_in_a_sentence(tmp_path: Path) -> None:
    """Within 2 s of the processor and 500 MB, with nothing run, written or connected to, in one process."""
    report = tmp_path / "report.json"
    program = [sys.executable, "-m", "tests.hostile", "--json", str(report)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert len(found) > 600
    assert [one for one in found if one["complaint"]] == []
    refused = [one for one in found if one["sentence"]]
    assert len(refused) > 550


def test_a_sentence_holds_nothing_that_a_terminal_obeys() -> None:
    error = LatentDialsError("a\x1b]0;owned\x07\nb\u202ec\udcff\x9b2J is no picture.")
    assert str(error) == r"a\x1b]0;owned\x07\nb\u202ec\udcff\x9b2J is no picture."
    assert str(LatentDialsError("größer · 3×4 – “…”")) == "größer · 3×4 – “…”"
    assert len(str(LatentDialsError("\n" * 10**6))) < LONGEST_SENTENCE + 10
