"""Every benchmark, or those named, as one table: python -m tests.benchmarks [NAME ...]; exits with 0."""

import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator

from core.allocation import share_one_arena
from tests.benchmarks import encoding, hand, machines, million, pictures, plot, start, training, window
from tests.benchmarks.rows import Benchmark, Row, table

BENCHMARKS: dict[str, Benchmark] = {
    "training": training.rows,
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


def main(names: list[str]) -> int:
    """Run the benchmarks of these names, or all, and print the table; a fault becomes a line of it."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    rows = [row for name in names or BENCHMARKS for row in _run(name)]
    print(table(rows))
    return 0


def _run(name: str) -> Iterator[Row]:
    try:
        for row in BENCHMARKS[name]():
            print(f"{name}: {row.what}: {row.ours} {row.ratio} {row.mark}", file=sys.stderr, flush=True)
            yield row
    except Exception:  # the other benchmarks are still worth running
        traceback.print_exc()
        yield Row(f"{name} ended with a fault", "see above", met=False)


def _on_a_screen() -> None:
    """Start again under Xvfb where there is no display: the window's benchmarks paint for real."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY") and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", SCREEN, sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]]
        os.execvp(command[0], command)


if __name__ == "__main__":
    share_one_arena()  # as gui.app does before any thread has begun
    _on_a_screen()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_DIALS_HOME"] = folder  # nothing of a person's is touched
        sys.exit(main(sys.argv[1:]))
