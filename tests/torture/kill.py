"""kill -9 at random moments of a training, and what is left of it: nothing may be lost but the newest steps.

    python -m tests.torture.kill --count 100 --seed 1

A training is started as a process, killed, started again with --resume, and so on, until it ends. Moments are
drawn from its start-up, its reports, the writing of its files, its end, and from all of its time. After each
kill everything in the run's folder must be readable and its checkpoint no older than before; at the end its
weights, optimiser and validation errors must be those of a training that nobody killed, to the bit.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from core import cli
from core.datasets.faces import draw_faces
from core.errors import LatentDialsError
from core.run_files import CHECKPOINT, LOCK, MODEL, is_run
from core.runs import Run

ROOT = Path(__file__).resolve().parents[2]
INTERVAL_S = 0.1  # between checkpoints, in most trainings
KILLS_OF_A_RUN = 5
PATIENCE_S = 60.0  # for one process, which takes some seconds
POLL_S = 0.001
KINDS = (
    ("fc", "ae", "float32", INTERVAL_S),
    ("fc", "vae", "bfloat16", INTERVAL_S),
    ("conv", "vae", "float32", INTERVAL_S),
    ("fc", "vae", "float32", 60.0),  # killed before any checkpoint but the last
)
MOMENTS = ("start", "any time", "report", "writing", "end")


@dataclass
class Figures:
    """What is counted over all kills."""

    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MOMENTS, 0))
    runs: int = 0
    before_the_run: int = 0  # killed before there was a config.json
    before_a_checkpoint: int = 0
    parts: int = 0  # temporary files that a kill left, which the next start must remove
    lost_steps: int = 0  # the most of one kill: reported steps after the checkpoint
    lost_s: float = 0.0  # of the runs with short intervals
    faults: list[str] = field(default_factory=list)


def main(args: list[str]) -> int:
    """Kill as often as asked for, print the figures, and give 0 where nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        figures = torture(Path(folder), options.count, options.seed)
    print(text(figures))
    return 1 if figures.faults else 0


def torture(folder: Path, count: int, seed: int, epochs: int = 20) -> Figures:
    """Kill trainings count times, all in folder."""
    draw = random.Random(seed)
    data = folder / "pictures.npy"
    np.save(data, draw_faces(300, size=16).pixels)
    figures = Figures()
    whole: dict[int, Run] = {}
    while sum(figures.kills.values()) < count and len(figures.faults) < 3:
        kind = draw.randrange(len(KINDS))
        if kind not in whole:
            whole[kind] = _undisturbed(command(data, folder / f"whole-{kind}", kind, epochs))
        left = count - sum(figures.kills.values())
        out, kills = folder / f"run-{figures.runs}", min(left, KILLS_OF_A_RUN)
        _one_run(out, data, kind, epochs, whole[kind], kills, draw, figures)
        figures.runs += 1
    return figures


def command(data: Path, out: Path, kind: int, epochs: int) -> list[str]:
    """The command line of a training."""
    network, objective, precision, interval = KINDS[kind]
    return (
        f"train --data {data} --out {out} --network {network} --objective {objective} --precision {precision}"
        f" --device cpu --latent-dim 8 --batch-size 32 --epochs {epochs} --patience {epochs}"
        f" --checkpoint-interval-s {interval}"
    ).split()


def _undisturbed(words: list[str]) -> Run:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            assert cli.main(words) == 0
    finally:
        torch.set_num_threads(threads)
    return Run.open(words[words.index("--out") + 1])


def _one_run(
    out: Path,
    data: Path,
    kind: int,
    epochs: int,
    whole: Run,
    kills: int,
    draw: random.Random,
    figures: Figures,
) -> None:
    """Kill a training so often, let it come to its end, and compare it with the one that nobody killed."""
    step, resume = 0, False
    for moment in [*draw.choices(MOMENTS, k=kills), None]:
        words = command(data, out, kind, epochs) + (["--resume"] if resume else [])
        code, said = _started(words, out, moment, draw, epochs)
        resume = True
        name = f"{out.name} ({KINDS[kind][0]} {KINDS[kind][1]}), {moment or 'to its end'}"
        if code == -9 and moment:
            figures.kills[moment] += 1
        elif code == 2 and "has finished" in said:
            break
        elif code != 0:
            figures.faults.append(f"{name}: ended with {code}: {said[-500:]}")
            return
        try:
            step = _looked_at(out, kind, step, figures)
        except (LatentDialsError, OSError, ValueError, AssertionError) as error:
            figures.faults.append(f"{name}: {type(error).__name__}: {error}")
            return
        if code == 0:
            break
    figures.faults += [f"{out.name} ({KINDS[kind]}): {line}" for line in differences(Run.open(out), whole)]
    figures.faults += [f"{out.name}: {file.name} is left" for file in out.iterdir() if file.name[0] == "."]
    if (out / LOCK).exists():
        figures.faults.append(f"{out.name}: its lock is left")


def _started(
    words: list[str], out: Path, moment: str | None, draw: random.Random, epochs: int
) -> tuple[int, str]:
    """Start a training and kill it at a moment, or not; gives its exit code and what it said."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "LATENT_DIALS_HOME": str(out.parent / "home")}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *words], stdout=said, stderr=said, env=environment
        )
        deadline = time.monotonic() + PATIENCE_S
        try:
            if moment is not None:
                is_time = _moment(moment, out, draw, epochs)
                while process.poll() is None and not is_time():
                    assert time.monotonic() < deadline, f"{moment} does not come"
                    time.sleep(POLL_S)
                process.kill()
            code = process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        return code, said.read()


def _moment(moment: str, out: Path, draw: random.Random, epochs: int) -> Callable[[], bool]:
    """A function that says when to kill."""
    begun = time.monotonic()
    after = draw.random()
    metrics = out / "metrics.csv"
    if moment in ("start", "any time"):
        span = {"start": 2.0, "any time": 4.0}[moment]
        return lambda: time.monotonic() - begun > after * span
    if moment == "end":
        return lambda: f"\n{epochs},".encode() in _epochs(metrics) and draw.random() < 0.02
    if moment == "report":
        size, number = _size(metrics), draw.randint(1, 30)
        return lambda: abs(_size(metrics) - size) > 40 * number
    return lambda: draw.random() < 0.3 and any(name.endswith(".part") for name in _names(out))


def _epochs(metrics: Path) -> bytes:
    """The epochs that are reported, each after a newline and before a comma."""
    try:
        lines = metrics.read_bytes().splitlines()[-3:]
    except OSError:
        return b""
    return b"".join(b"\n" + line.split(b",")[1] + b"," for line in lines if line.count(b",") > 1)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _looked_at(out: Path, kind: int, before: int, figures: Figures) -> int:
    """Read all that a process left; gives the step of the checkpoint. Raises: what reading raises."""
    figures.parts += sum(name.endswith(".part") for name in _names(out))
    if not is_run(out):
        figures.before_the_run += 1
        return 0
    run = Run.open(out)
    metrics = run.metrics()
    if run.has_weights:
        run.load_network()
    if not run.has_checkpoint:
        figures.before_a_checkpoint += 1
        assert before == 0, "the checkpoint is gone"
        return 0
    progress = run.load_checkpoint().progress
    assert progress.step >= before, f"the checkpoint of step {before} was followed by one of {progress.step}"
    if len(metrics):
        figures.lost_steps = max(figures.lost_steps, int(metrics.step[-1]) - progress.step)
        if KINDS[kind][3] == INTERVAL_S:
            figures.lost_s = max(figures.lost_s, float(metrics.seconds[-1]) - progress.seconds)
    return progress.step


def differences(run: Run, whole: Run) -> list[str]:
    """What is not the same, a line each: every tensor of both files, where they stand, and the validation."""
    found = []
    for file in (CHECKPOINT, MODEL):
        ours, theirs = (safetensors.torch.load_file(r.path / file) for r in (run, whole))
        if ours.keys() != theirs.keys():
            found.append(f"{file} holds other tensors")
        found += [f"{file}: {name}" for name in theirs if not torch.equal(ours[name], theirs[name])]
    ours, theirs = run.progress(), whole.progress()
    for name in ("epoch", "step", "images", "best_val_mse", "stale_epochs"):
        if getattr(ours, name) != getattr(theirs, name):
            found.append(f"{name} is {getattr(ours, name)}, not {getattr(theirs, name)}")
    ours, theirs = (r.metrics().val_mse for r in (run, whole))
    if not np.array_equal(ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]):
        found.append("the validation errors are others")
    return found


def text(figures: Figures) -> str:
    """The figures as a table."""
    rows = [(f"killed: {moment}", number) for moment, number in figures.kills.items()]
    rows += [
        ("killed in all", sum(figures.kills.values())),
        ("trainings that came to their end", figures.runs),
        ("killed before there was a run", figures.before_the_run),
        ("killed before there was a checkpoint", figures.before_a_checkpoint),
        ("temporary files left by kills, since removed", figures.parts),
        ("most reported steps done again after one kill", figures.lost_steps),
        (f"most seconds done again (checkpoints every {INTERVAL_S} s)", f"{figures.lost_s:.2f}"),
        ("runs unreadable, or not the same to the bit", len(figures.faults)),
    ]
    return "\n".join([*(f"{name:<58} {value:>8}" for name, value in rows), *figures.faults])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
