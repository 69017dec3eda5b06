"""Damages sound files of every kind at random and opens them.

python -m tests.torture.fuzz --count 20000 --seed 1

Workers open them, a process each, and tell before each input what it is: one that crashes or is silent
for LIMIT_S of its own time is found, its input kept, and another worker goes on behind it. What is opened is
used. Options: --only npy,zip (kinds), --keep FOLDER, --workers N. Exit code 1 for a crash, a hang, or an
exception that is not ours.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from core.datasets.decoding import decode_any
from core.errors import LatentDialsError
from core.lab.keeping import LAB_FOLDER
from tests.hostile.readers import (
    PassedOverError,
    import_model,
    read_direction_file,
    read_kept_measure,
    read_label_file,
    read_memory,
    read_metrics,
    read_pictures,
    read_recipe_file,
    read_run,
)
from tests.hostile.texts import DIRECTIONS, DOCUMENT, RECIPE, RUN
from tests.torture import seeds
from tests.torture.mutations import mutated, mutated_json

LIMIT_S = 5.0
MEMORY = 4 * 2**30  # of addresses, beyond those that a worker begins with
SLOW_S = 2.0


@dataclass(frozen=True)
class Kind:
    """A reader: sound files, how they are damaged, where one is put, and what opens it."""

    seeds: Callable[[], list[bytes]]
    damage: Callable[[bytes, random.Random, list[bytes]], bytes]
    put: Callable[[Path, bytes], Path]
    read: Callable[[Path], None]
    share: float = 1.0


@dataclass
class Tally:
    """What became of the inputs of a kind."""

    inputs: int = 0
    refused: int = 0
    accepted: int = 0
    crashes: int = 0
    hangs: int = 0
    foreign: int = 0
    worst_s: float = 0.0
    kept: list[str] = field(default_factory=list)


def _as(name: str) -> Callable[[Path, bytes], Path]:
    def put(folder: Path, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return put


def _in_run(name: str) -> Callable[[Path, bytes], Path]:
    def put(folder: Path, content: bytes) -> Path:
        run = folder / "run"
        run.mkdir(exist_ok=True)
        for left in run.iterdir():
            left.unlink()
        (run / "config.json").write_bytes(seeds.json_of(RUN)[0])
        if name != "model.safetensors":
            (run / "model.safetensors").write_bytes(_own_weights())
        (run / name).write_bytes(content)
        return run

    return put


@cache
def _own_weights() -> bytes:
    return seeds.weights()[0]


def _in_laboratory(folder: Path, content: bytes) -> Path:
    path = folder / LAB_FOLDER / seeds.kept_measure()[0]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _as_recipe(folder: Path, content: bytes) -> Path:
    return _as("a.png")(folder, seeds.recipe_png(content))


def _in_folder(folder: Path, content: bytes) -> Path:
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    (pictures / "a.png").write_bytes(content)
    return pictures


def _decode(path: Path) -> None:
    """One picture file, as the import's workers do it."""
    for channels in (3, 1):
        found = decode_any(path, channels, 16, "crop")
        if found.pixels is None:
            raise LatentDialsError(found.reason)
        assert found.pixels.shape == (16, 16, channels)


def _pictures() -> list[bytes]:
    return [content for _, content in seeds.pictures()]


KINDS: dict[str, Kind] = {
    "picture": Kind(_pictures, mutated, _as("a.png"), _decode, 5.0),
    "folder": Kind(_pictures, mutated, _in_folder, read_pictures, 0.5),
    "npy": Kind(seeds.npy, mutated, _as("a.npy"), read_pictures),
    "npz": Kind(seeds.npz, mutated, _as("a.npz"), read_pictures),
    "idx": Kind(seeds.idx_files, mutated, _as("a-images-idx3-ubyte"), read_pictures),
    "zip": Kind(seeds.zips, mutated, _as("a.zip"), read_pictures),
    "tar": Kind(seeds.tars, mutated, _as("a.tar"), read_pictures),
    "weights": Kind(seeds.weights, mutated, _in_run("model.safetensors"), read_run),
    "checkpoint": Kind(seeds.checkpoints, mutated, _in_run("checkpoint.safetensors"), read_run),
    "config": Kind(lambda: seeds.json_of(RUN), mutated_json, _in_run("config.json"), read_run),
    "metrics": Kind(seeds.metrics, mutated, _in_run("metrics.csv"), read_metrics),
    "recipe": Kind(lambda: seeds.json_of(RECIPE), mutated_json, _as_recipe, read_recipe_file),
    "recipe png": Kind(
        lambda: [seeds.recipe_png(seeds.json_of(RECIPE)[0])], mutated, _as("a.png"), read_recipe_file
    ),
    "list_attr": Kind(seeds.labels, mutated, _as("list_attr_celeba.txt"), read_label_file),
    "directions": Kind(
        lambda: seeds.json_of(DIRECTIONS), mutated_json, _as("directions.json"), read_direction_file
    ),
    "laboratory": Kind(lambda: [seeds.kept_measure()[1]], mutated, _in_laboratory, read_kept_measure),
    "document": Kind(lambda: seeds.json_of(DOCUMENT), mutated_json, _as("a.json"), read_memory),
    "session": Kind(lambda: seeds.json_of(seeds.SESSION), mutated_json, _as("a.json"), read_memory, 0.5),
    "window": Kind(lambda: seeds.json_of(seeds.WINDOW), mutated_json, _as("a.json"), read_memory, 0.5),
    "work": Kind(lambda: seeds.json_of(seeds.WORK), mutated_json, _as("a.json"), read_memory),
    "model.pt": Kind(seeds.models, mutated, _as("model.pt"), import_model, 1.5),
    "safetensors": Kind(seeds.weights, mutated, _as("a.safetensors"), import_model),
}


def damaged(kind: str, sound: list[bytes], seed: int, index: int) -> bytes:
    """The input of an index, which depends on nothing but the arguments."""
    random_ = random.Random(zlib.crc32(f"{kind} {seed} {index}".encode()))
    return KINDS[kind].damage(random_.choice(sound), random_, sound)


def work(seed: int) -> None:
    """A worker: for each line "kind first last" on standard input, open those inputs and tell of each."""
    warnings.simplefilter("error")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    addresses = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (addresses + MEMORY, addresses + MEMORY))
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as scratch:
        os.environ["LATENT_DIALS_HOME"] = str(Path(scratch) / "home")
        for line in sys.stdin:
            kind, first, last = line.rsplit(maxsplit=2)
            sound = KINDS[kind].seeds()
            for index in range(int(first), int(last)):
                content = damaged(kind, sound, seed, index)
                print("begin", index, file=answers, flush=True)
                print("end", *_opened(KINDS[kind], Path(scratch), content), file=answers, flush=True)
            print("done", file=answers, flush=True)
    answers.close()


def _opened(kind: Kind, scratch: Path, content: bytes) -> tuple[str, float, str]:
    path = kind.put(scratch, content)
    started = time.process_time()
    result, why = "accepted", ""
    try:
        kind.read(path)
    except PassedOverError:
        result = "refused"
    except LatentDialsError as error:
        result = "refused" if str(error) and "\n" not in str(error) else "foreign"
    except BaseException as error:
        result, why = "foreign", f"{type(error).__name__}: {error}"[:300]
    return result, time.process_time() - started, ascii(why)


def _fast_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Worker(threading.Thread):
    """Asks a worker process for tasks (kind, first, last) until there are none, and minds it."""

    def __init__(
        self, tasks: list[tuple[str, int, int]], tallies: dict[str, Tally], seed: int, keep: Path
    ) -> None:
        super().__init__()
        self._tasks, self._tallies, self._seed, self._keep = tasks, tallies, seed, keep
        self._heard = time.monotonic()

    def run(self) -> None:
        """Until no task is left."""
        process = self._start()
        while self._tasks:
            try:
                kind, first, last = self._tasks.pop()
            except IndexError:
                break
            while first < last:
                reached = self._ask(process, kind, first, last)
                if reached < last:  # it died or was silent over that one
                    process.kill()
                    process.wait()
                    _close(process)
                    process = self._start()
                    reached += 1
                first = reached
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        _close(process)

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.torture.fuzz", "--work", "--seed", str(self._seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def _ask(self, process: "subprocess.Popen[str]", kind: str, first: int, last: int) -> int:
        """The index up to which all were opened; that of a crash or hang where it is below last."""
        assert process.stdin is not None
        assert process.stdout is not None
        tally, index = self._tallies[kind], first
        watch = _Silence(process)
        watch.start()
        try:
            print(kind, first, last, file=process.stdin, flush=True)
            for line in process.stdout:
                watch.hear()
                word, *rest = line.split(maxsplit=3)
                if word == "begin":
                    index = int(rest[0])
                elif word == "end":
                    self._note(tally, kind, index, *rest)
                    index += 1
                else:
                    return last
        except OSError:
            pass
        finally:
            watch.stop()
        tally.inputs += 1
        tally.hangs += watch.is_over
        tally.crashes += not watch.is_over
        self._save(tally, kind, index, "hang" if watch.is_over else "crash")
        return index

    def _note(self, tally: Tally, kind: str, index: int, result: str, seconds: str, why: str = "") -> None:
        tally.inputs += 1
        tally.worst_s = max(tally.worst_s, float(seconds))
        setattr(tally, result, getattr(tally, result) + 1)
        if result == "foreign":
            self._save(tally, kind, index, why.strip())
        elif float(seconds) > SLOW_S:
            self._save(tally, kind, index, f"slow: {float(seconds):.1f} s")

    def _save(self, tally: Tally, kind: str, index: int, why: str) -> None:
        path = self._keep / f"{kind.replace(' ', '-')}-{self._seed}-{index}"
        self._keep.mkdir(parents=True, exist_ok=True)
        path.write_bytes(damaged(kind, KINDS[kind].seeds(), self._seed, index))
        tally.kept.append(f"{path}: {why}")


def _close(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            pipe.close() if pipe is not None else None


class _Silence(threading.Thread):
    """Kills a process that uses LIMIT_S of the processor, or twelve times that of the clock, unheard."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__()
        self._process = process
        self._ended = threading.Event()
        self.is_over = False
        self.hear()

    def hear(self) -> None:
        """It lives."""
        self._at = time.monotonic()
        self._used = self._processor_s()

    def stop(self) -> None:
        """Mind it no more."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Until stop()."""
        while not self._ended.wait(0.5):
            silent, used = time.monotonic() - self._at, self._processor_s() - self._used
            is_stopped = self._state() in "Tt"
            if used > LIMIT_S + (10.0 if self._used < 1.0 else 0.0) or (
                silent > 12 * LIMIT_S and not is_stopped
            ):
                self.is_over = True
                self._process.kill()
                return

    def _state(self) -> str:
        fields = self._fields()
        return fields[0] if fields else "Z"

    def _processor_s(self) -> float:
        fields = self._fields()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0

    def _fields(self) -> list[str]:
        try:
            return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return []


def fuzz(count: int, seed: int, kinds: list[str], workers: int, keep: Path) -> dict[str, Tally]:
    """Open count damaged files of the kinds, by workers; the same count and seed give the same files."""
    shares = sum(KINDS[kind].share for kind in kinds)
    tasks: list[tuple[str, int, int]] = []
    for kind in kinds:
        inputs = max(1, round(count * KINDS[kind].share / shares))
        tasks += [(kind, first, min(first + 100, inputs)) for first in range(0, inputs, 100)]
    tallies = {kind: Tally() for kind in kinds}
    minders = [Worker(tasks, tallies, seed, keep) for _ in range(workers)]
    for minder in minders:
        minder.start()
    for minder in minders:
        minder.join()
    return tallies


def table(tallies: dict[str, Tally]) -> str:
    """What became of them, a line a kind."""
    head = ("inputs", "refused", "accepted", "crashes", "hangs", "foreign", "worst ms")
    lines = [f"{'reader':<12}" + "".join(f"{word:>10}" for word in head)]
    for kind, t in tallies.items():
        numbers = (t.inputs, t.refused, t.accepted, t.crashes, t.hangs, t.foreign, round(1000 * t.worst_s))
        lines.append(f"{kind:<12}" + "".join(f"{number:>10}" for number in numbers))
    return "\n".join(lines)


def main() -> int:
    """Print the table and what was kept; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "fuzz-found"))
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.seed)
        return 0
    started = time.monotonic()
    keep = Path(options.keep)
    tallies = fuzz(options.count, options.seed, options.only.split(","), options.workers, keep)
    print(table(tallies))
    kept = [line for tally in tallies.values() for line in tally.kept]
    print(f"{sum(t.inputs for t in tallies.values())} inputs in {time.monotonic() - started:.0f} s")
    if kept:
        print(f"kept in {keep}:", *kept, sep="\n  ")
    return 1 if any(t.crashes or t.hangs or t.foreign for t in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
