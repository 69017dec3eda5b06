"""Starts, trains, stops and closes the training worker again and again at random moments.

python -m tests.torture.cycles --count 1000 --seed 1

Every cycle is one of those below, at random delays, with the window's own worker (gui/trainer.py); one in
twenty does it in the real window. After each the run must open again and nothing may be left: no thread, no
file, no window, no fault of any kind.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QPushButton

from core.config import TrainConfig
from core.run_files import CHECKPOINT
from core.runs import Run
from gui import app, heavy
from gui.main_window import MainWindow
from gui.session import Session
from gui.trainer import Trainer, TrainingState
from tests.core.tiny import tiny_config, tiny_dataset
from tests.torture.watching import (
    Faults,
    Holdings,
    Row,
    bury,
    left_after,
    live,
    live_until,
    own_memory_mb,
    show_table,
    watched,
)

WINDOW_EVERY = 20  # cycles; a window takes as long as some ten of the others
MOST_MB = 50.0
LONG = 10_000  # epochs: never done by itself


class Ends(QObject):
    """Counts what a trainer says at the end."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.ended = 0
        self.errors: list[object] = []
        trainer.ended.connect(self._on_ended)
        trainer.failed.connect(self._on_failed)

    @Slot(object)
    def _on_ended(self, _run: object) -> None:
        self.ended += 1

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self.errors.append(error)


class Cycles:
    """One cycle after the other; dice decides which, and when."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.dice = random.Random(seed)
        self.data = tiny_dataset()
        self.done: Counter[str] = Counter()
        self._trainer: Trainer | None = None
        self._ends: Ends | None = None
        self._number = 0
        self._kinds: tuple[Callable[[], None], ...] = (
            self.stopped,
            self.stopped_while_starting,
            self.stopped_twice,
            self.stopped_while_paused,
            self.resumed_and_stopped,
            self.stopped_under_a_hand,
            self.left_to_finish,
            self.continued,
            self.failed_at_once,
            self.closed_while_starting,
            self.closed_while_running,
            self.closed_while_paused,
            self.closed_while_stopping,
        )

    def one(self) -> None:
        """One cycle of the worker."""
        kind = self.dice.choice(self._kinds)
        self.done[kind.__name__] += 1
        kind()

    def close(self) -> None:
        """End the trainer of the last cycles."""
        if self._trainer is not None:
            self._trainer.close()
            self._trainer.deleteLater()
            self._trainer = self._ends = None

    # ---- cycles of the worker --------------------------------------------------------------------------

    def stopped(self) -> None:
        """Start, wait, stop."""
        trainer, run = self._started()
        self._delay()
        trainer.stop()
        self._until_ended(run)

    def stopped_while_starting(self) -> None:
        """Stop before the thread has had a chance."""
        trainer, run = self._started()
        trainer.stop()
        self._until_ended(run)

    def stopped_twice(self) -> None:
        """Stop, and again, and pause and resume what is stopping."""
        trainer, run = self._started()
        self._delay()
        trainer.stop()
        trainer.stop()
        self._delay()
        trainer.pause()
        trainer.resume()
        trainer.stop()
        self._until_ended(run)

    def stopped_while_paused(self) -> None:
        """Pause, wait, stop."""
        trainer, run = self._started()
        self._delay()
        trainer.pause()
        self._delay()
        trainer.stop()
        self._until_ended(run)

    def resumed_and_stopped(self) -> None:
        """Pause and resume a few times, then resume and stop at once."""
        trainer, run = self._started()
        for _ in range(self.dice.randint(1, 4)):
            self._delay()
            trainer.pause()
            self._delay()
            trainer.resume()
        trainer.stop()
        self._until_ended(run)

    def stopped_under_a_hand(self) -> None:
        """Stop while a hand on a dial makes training wait."""
        trainer, run = self._started()
        self._delay()
        trainer.hold(True)
        self._delay()
        trainer.stop()
        self._until_ended(run)
        trainer.hold(False)

    def left_to_finish(self) -> None:
        """Let training come to its end."""
        _, run = self._started(epochs=self.dice.randint(1, 3))
        self._until_ended(run, keep=True)
        assert run.is_finished, f"{run.path} has not finished"
        shutil.rmtree(run.path)

    def continued(self) -> None:
        """Stop, and go on with the same run in the same moment, and stop that."""
        trainer, run = self._started()
        self._delay()
        trainer.stop()
        self._until_ended(run, keep=True)
        self._ends = Ends(trainer)
        trainer.start(self.data, run.config.train, run, resume=run.has_checkpoint)
        self._delay()
        trainer.stop()
        self._until_ended(run)

    def failed_at_once(self) -> None:
        """A checkpoint that cannot be read: the error comes in place of the first record."""
        config, run = self._new_run(LONG)
        (run.path / CHECKPOINT).write_bytes(self.dice.randbytes(self.dice.choice((0, 7, 4096))))
        trainer = self._fresh_trainer()
        trainer.start(self.data, config, run, resume=True)
        if self.dice.random() < 0.3:
            trainer.stop()
        live_until("the end of a failed start", lambda: not trainer.is_active)
        ends = self._ends
        assert ends is not None
        assert ends.ended == 1, f"ended came {ends.ended} times"
        assert len(ends.errors) <= 1, f"failed came {len(ends.errors)} times"
        shutil.rmtree(run.path)

    def closed_while_starting(self) -> None:
        """Close before the thread has had a chance."""
        _, run = self._started()
        self._close_and_check(run)

    def closed_while_running(self) -> None:
        """Close at a random moment."""
        _, run = self._started()
        self._delay()
        self._close_and_check(run)

    def closed_while_paused(self) -> None:
        """Pause, wait, close."""
        trainer, run = self._started()
        self._delay()
        trainer.pause()
        self._delay()
        self._close_and_check(run)

    def closed_while_stopping(self) -> None:
        """Stop and close at once."""
        trainer, run = self._started()
        self._delay()
        trainer.stop()
        self._close_and_check(run)

    # ---- cycles of the window --------------------------------------------------------------------------

    def window(self) -> None:
        """Open the window, train in it, and close it at a random moment."""
        self.done["window"] += 1
        window = MainWindow(Session())
        kept = weakref.ref(window)
        window.show()
        self._use(window)
        run = window.session.run
        assert run is not None, "no run was begun"
        window.close()
        window.deleteLater()
        self._check_run(run)
        del window
        bury()
        assert kept() is None, "a closed window stays in memory"

    def _use(self, window: MainWindow) -> None:
        """Train in a window, up to the moment in which it is closed."""
        session, trainer = window.session, window.session.trainer
        session.put_dataset(self.data, 0)
        window.training_panel.set_settings(self._config(LONG))
        self._delay()
        window.training_panel.train_new()
        moment = self.dice.choice(("at once", "running", "paused", "stopping", "failed", "in a dialog"))
        if moment == "at once":
            return
        live_until("training", lambda: trainer.record is not None)
        self._delay()
        match moment:
            case "paused" | "stopping":
                name = {"paused": "pauseButton", "stopping": "stopButton"}[moment]
                button = window.findChild(QPushButton, name)
                assert button is not None
                button.click()
            case "failed":
                trainer.failed.emit(OSError("as when a disk has gone"))
            case "in a dialog":
                live_until("a picture", lambda: session.pictures is not None)
                window.export_comparison()
                window.show_architecture()
            case _:
                pass
        self._delay()

    # ---- steps -----------------------------------------------------------------------------------------

    def _config(self, epochs: int) -> TrainConfig:
        return tiny_config(
            epochs=epochs,
            objective=self.dice.choice(("ae", "vae")),
            network=self.dice.choice(("fc", "conv")),
            precision=self.dice.choice(("auto", "float32", "float32", "float32")),
        )

    def _new_run(self, epochs: int) -> tuple[TrainConfig, Run]:
        self._number += 1
        config = self._config(epochs)
        return config, Run.create(self.folder / f"run-{self._number}", config, self.data.identity)

    def _fresh_trainer(self) -> Trainer:
        """The trainer of the cycle before, or another where that is closed."""
        if self._trainer is None:
            self._trainer = Trainer()
        self._ends = Ends(self._trainer)
        return self._trainer

    def _started(self, epochs: int = LONG) -> tuple[Trainer, Run]:
        config, run = self._new_run(epochs)
        trainer = self._fresh_trainer()
        trainer.start(self.data, config, run, resume=False)
        return trainer, run

    def _delay(self) -> None:
        live(self.dice.choice((0.0, self.dice.uniform(0, 0.01), self.dice.uniform(0, 0.15))))

    def _until_ended(self, run: Run, *, keep: bool = False) -> None:
        trainer, ends = self._trainer, self._ends
        assert trainer is not None
        assert ends is not None
        live_until("the end of training", lambda: not trainer.is_active)
        live(0.0)
        assert ends.ended == 1, f"ended came {ends.ended} times"
        assert not ends.errors, f"training failed: {ends.errors[0]}"
        assert trainer.state is TrainingState.IDLE
        self._check_run(run, keep=keep)

    def _close_and_check(self, run: Run) -> None:
        self.close()
        self._check_run(run)

    def _check_run(self, run: Run, *, keep: bool = False) -> None:
        """Whether the run opens again, whole; then it goes unless it is still needed."""
        again = Run.open(run.path)
        rows = len(again.metrics().step)
        if again.has_checkpoint:
            checkpoint = again.load_checkpoint()
            assert rows <= checkpoint.progress.step, "metrics.csv knows steps that no checkpoint holds"
        if again.has_weights:
            again.load_network()
        if not keep:
            shutil.rmtree(run.path)


def run_cycles(count: int, seed: int, folder: Path) -> tuple[list[Row], Faults]:
    """The rows of the table for so many cycles, in the application that is there, and the faults."""
    memory: list[float] = []
    slowest = 0.0
    began = time.monotonic()
    error = ""
    with watched() as faults:
        cycles = Cycles(folder, seed)
        cycles.stopped()  # what torch and Qt make once and keep is not a leak
        cycles.window()
        cycles.close()
        bury()
        before = Holdings.now()
        cycles.done.clear()
        try:
            for number in range(count):
                cycle_began = time.monotonic()
                cycles.window() if number % WINDOW_EVERY == WINDOW_EVERY - 1 else cycles.one()
                slowest = max(slowest, time.monotonic() - cycle_began)
                memory.append(own_memory_mb())
        except (AssertionError, TimeoutError) as failure:
            error = f"cycle {len(memory)} of {dict(cycles.done)}: {failure}"
        cycles.close()
        left = left_after(before)
    warm = memory[count // 5 : 2 * count // 5]
    late = memory[-max(1, count // 5) :]
    growth = max(late, default=0.0) - max(warm, default=0.0)
    rows = [
        Row("cycles", f"{len(memory)} in {time.monotonic() - began:.0f} s", str(count), len(memory) == count),
        Row("  of them in the window", str(cycles.done["window"])),
        Row("slowest cycle", f"{slowest:.2f} s"),
        Row("broken promises", error or "none", "none", not error),
        Row("exceptions and warnings", str(len(faults.texts)), "0", not faults.texts),
        Row("threads, files left", ", ".join(left) or "none", "none", not left),
        Row("memory, first fifths to last", f"{growth:+.1f} MB", f"{MOST_MB:.0f} MB", growth <= MOST_MB),
    ]
    return rows, faults


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["LATENT_DIALS_HOME"] = name
        heavy.need("training")
        application = QApplication.instance() or QApplication(sys.argv[:1])
        sys.setswitchinterval(app.SWITCH_INTERVAL_S)
        rows, faults = run_cycles(options.count, options.seed, Path(name))
        for text in faults.texts[:5]:
            print(text, file=sys.stderr)
        del application
    return show_table(f"Cycles of training, seed {options.seed}", rows)


if __name__ == "__main__":
    sys.exit(main())
