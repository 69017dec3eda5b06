"""Makes every hostile file, opens each, and says what became of it: python -m tests.hostile [--json FILE].

Each is opened in this process, which looks at itself: processor time, memory at its most, what was run,
written or connected to. Exit code 1 where one did not end in a sentence of ours that names the file, within
2 s and MAX_MB, or touched anything.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import LatentDialsError, is_plain
from tests.hostile import archives, arrays, pickles, pictures, places, texts
from tests.hostile.case import Case
from tests.hostile.readers import READERS, PassedOverError
from tests.hostile.watch import Watch

KINDS = (pictures, arrays, archives, places, pickles, texts)
MAX_S = 2.0
MAX_MB = 500  # in all, of which torch's build for processors takes 255 by itself
MORE_MB = 250  # than it takes by itself, where that is more: torch's build for GPUs takes 700


@dataclass
class Outcome:
    """What became of a case; complaint is empty where all is as it should be."""

    name: str
    reader: str
    seconds: float
    memory_mb: int
    sentence: str
    complaint: str


def peak_mb() -> int:
    """The most memory that this process had since reset_peak()."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def reset_peak() -> None:
    """Begin to measure anew."""
    Path("/proc/self/clear_refs").write_text("5")


def most_mb() -> int:
    """What a file may take, in all: to be asked before the first is opened."""
    reset_peak()
    return max(MAX_MB, peak_mb() + MORE_MB)


def outcomes(scratch: Path, kind: str = "") -> Iterator[Outcome]:
    """Make and open everything in a scratch folder."""
    home, target = scratch / "home", scratch / "target"
    for folder in (home, target):
        folder.mkdir()
    (target / "CANARY-beside").write_text("untouched")
    os.environ["LATENT_DIALS_HOME"] = str(home)
    made = [case for module in KINDS for case in module.cases(scratch / "files")]
    os.chdir(target)  # where what the payloads name would appear
    listing = sorted(entry.name for entry in target.iterdir())
    watch = Watch([home])
    most = most_mb()
    for case in made:
        if not case.name.startswith(kind):
            continue
        yield _opened(case, watch, target, listing, most)


def _opened(case: Case, watch: Watch, target: Path, listing: list[str], most: int) -> Outcome:
    complaints: list[str] = []
    sentence = ""
    reset_peak()
    started = time.process_time()
    watch.arm()
    try:
        READERS[case.reader](case.path)
        if not case.may_open:
            complaints.append("it was opened")
    except LatentDialsError as error:
        sentence = str(error)
        if not isinstance(error, PassedOverError):
            if case.shown.split("/")[-1][:40] not in sentence:
                complaints.append("the sentence does not name it")
            if not is_plain(sentence) or not sentence.endswith(".") or len(sentence) > 2100:
                complaints.append("it is no plain sentence")
    except BaseException as error:
        complaints.append(f"{type(error).__name__}: {str(error)[:200]}")
    seconds = time.process_time() - started
    seen = watch.disarm()
    memory = peak_mb()
    complaints += seen
    if seconds > MAX_S:
        complaints.append(f"it took {seconds:.1f} s")
    if memory > most:
        complaints.append(f"it took {memory} MB")
    if sorted(entry.name for entry in target.iterdir()) != listing:
        complaints.append("a file was made")
    if (target / "CANARY-beside").read_text() != "untouched":
        complaints.append("a file was changed")
    return Outcome(case.name, case.reader, round(seconds, 3), memory, sentence, "; ".join(complaints))


def main() -> int:
    """Print the table, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", help="write what became of each to this file")
    parser.add_argument("--kind", help="only those whose name begins so")
    parser.add_argument("--all", action="store_true", help="print each, not only what went wrong")
    options = parser.parse_args()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        found: list[Outcome] = []
        for one in outcomes(Path(scratch), options.kind or ""):
            found.append(one)
            if options.all or one.complaint:
                text = one.complaint or one.sentence
                print(f"{one.seconds:6.2f} s {one.memory_mb:4} MB  {one.name}\n    {text}", flush=True)
        os.chdir("/")
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(one) for one in found]))
    wrong = sum(bool(one.complaint) for one in found)
    slowest, largest = max(one.seconds for one in found), max(one.memory_mb for one in found)
    print(
        f"{len(found)} hostile files, {wrong} not as they should be;"
        f" slowest {slowest:.2f} s, at most {largest} MB"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
