"""Every benchmark, or those named, as one table: python -m tests.benchmarks [NAME ...]; exits with 0."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict

from tests.benchmarks import (
    checkpoints,
    encoding,
    hand,
    machines,
    million,
    pictures,
    plot,
    start,
    training,
    window,
)
from tests.benchmarks.rows import Benchmark, Row, table

BENCHMARKS: dict[str, Benchmark] = {
    "training": training.rows,
    "checkpoints": checkpoints.rows,
    "start": start.rows,
    "hand": hand.rows,
    "window": window.rows,
    "plot": plot.rows,
    "pictures": pictures.rows,
    "million": million.rows,
    "encoding": encoding.rows,
    "machines": machines.rows,
}
SCREEN = "-screen 0 1480x980x24"
ALONE = "--alone"  # before the name of the one benchmark that this process runs


def main(names: list[str]) -> int:
    """Run the benchmarks of these names, or all, each in a process of its own, and print the table."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(table([row for name in names or BENCHMARKS for row in _in_a_process(name)]))
    return 0


def _in_a_process(name: str) -> list[Row]:
    """The rows of a benchmark, which finds memory and threads as no other has left them."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "LATENT_DIALS_HOME": home}  # nothing of a person's is touched
        command = [sys.executable, "-m", "tests.benchmarks", ALONE, name]
        done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, text=True)
    try:
        return [Row(**values) for values in json.loads(done.stdout)]
    except ValueError:  # it came to no end; the other benchmarks are still worth running
        return [Row(f"{name} ended with {done.returncode}", "see above", met=False)]


def _alone(name: str) -> None:
    """Run one benchmark and write its rows as JSON."""
    rows: list[Row] = []
    try:
        for row in BENCHMARKS[name]():
            print(f"{name}: {row.what}: {row.ours} {row.ratio} {row.mark}", file=sys.stderr, flush=True)
            rows.append(row)
    except Exception:  # what was measured before is still worth showing
        traceback.print_exc()
        rows.append(Row(f"{name} ended with a fault", "see above", met=False))
    print(json.dumps([asdict(row) for row in rows]))


def _on_a_screen() -> None:
    """Start again under Xvfb where there is no display: the window's benchmarks paint for real."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", SCREEN, sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]]
        os.execvp(command[0], command)


if __name__ == "__main__":
    if sys.argv[1:2] == [ALONE]:
        _alone(sys.argv[2])
    else:
        _on_a_screen()
        sys.exit(main(sys.argv[1:]))
