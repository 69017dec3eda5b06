"""From the start of the process to the first paint, and to the first answer of a dial: used, and at first.

Method: tests/benchmarks/started.py runs main.py's own start as a process under the present display and notes
both times itself; what that watching imports, the program imports anyway. One start that is not counted
brings the files into the page cache. "used" is a home in which the built-in faces and the bundled model were
open before; "very first" is an empty one, where the faces have yet to be drawn.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.rows import Row, at_most

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
PAINTED_S, ANSWERED_S = 1.0, 3.5


def rows() -> Iterator[Row]:
    """Medians of five starts each."""
    with tempfile.TemporaryDirectory() as folder:
        used = Path(folder) / "used"
        _started(used)  # warms the page cache, and leaves a session
        _draw_all(used)
        yield from _measured("used", [_started(used) for _ in range(RUNS)])
        firsts = [_started(Path(folder) / f"first-{number}") for number in range(RUNS)]
        yield from _measured("very first", firsts)


def _measured(kind: str, starts: list[dict[str, float]]) -> Iterator[Row]:
    goals = (("painted", "window painted", PAINTED_S), ("answered", "dial answers", ANSWERED_S))
    for name, what, goal in goals:
        middle = statistics.median(start[name] for start in starts)
        yield at_most(f"{kind} start: process to {what}", middle, goal, "s", 2)


def _started(home: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.started", str(time.monotonic())],
        cwd=ROOT,
        env=_environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _draw_all(home: Path) -> None:
    """The built-in faces into a home's cache: a window that was closed at once has not drawn them all."""
    draw = "from core.datasets import open_dataset; open_dataset('faces')"
    subprocess.run([sys.executable, "-c", draw], cwd=ROOT, env=_environment(home), check=True)


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "LATENT_DIALS_HOME": str(home)}
