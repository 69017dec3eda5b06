"""Kills windows at random moments of an editing story, and looks at what the next one takes up.

    python -m tests.torture.windows [--count 20] [--seed 1]

The story is told in a process of its own, the real program without a display: random edits, as fast as they
can be made. It says which work it asks to be written and which is on the disk. Then SIGKILL ends it;
the next one must offer the session once, and take up what was written last, history and all.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

import main as program
from core.config import TrainConfig
from core.datasets import open_dataset
from core.datasets.faces import draw_faces
from core.errors import EditError
from core.runs import Run
from core.training import train
from gui import app
from gui.main_window import MainWindow
from gui.saved_work import SavedWork, Work
from tests.torture.watching import PATIENCE_S, Row, show_table

ROOT = Path(__file__).resolve().parents[2]
STEPS_TRIED = 5  # back and forth, after the work was taken up
_HERE = {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
LIFE_S = (0.1, 3.0)  # of a window, once its story has begun


def digest_of(work: Work) -> str:
    """What tells one work from another: all but when it was written, and the window's own place."""
    saved = SavedWork.of(work).model_dump(mode="json", exclude={"saved_at", "window"})
    if saved["document"] is not None:
        saved["document"].pop("sequence")
    return hashlib.sha256(json.dumps(saved, sort_keys=True).encode()).hexdigest()[:16]


# ---- in the process that is killed -------------------------------------------------------------------------


class Story(QObject):
    """Takes up what is offered, then edits at random until it is killed or asked to close."""

    def __init__(self, window: MainWindow, seed: int) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self._random = random.Random(seed)
        self._gesture: object | None = None
        self._has_begun = False
        self._timer = QTimer(self, interval=20)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start()
        self._session.taken_up.connect(self._on_taken_up)
        self._session.keeper.kept.connect(self._on_kept)
        self._session.keeper._work = self._asked
        threading.Thread(target=self._listen, daemon=True).start()
        self._is_asked_to_close = False

    def _listen(self) -> None:
        sys.stdin.readline()
        self._is_asked_to_close = True

    def _asked(self) -> Work | None:
        work = self._session.work()
        if work is not None and self._has_begun:
            tell("asked", self._session.keeper._number + 1, digest_of(work))
        return work

    @Slot(int)
    def _on_kept(self, number: int) -> None:
        if self._has_begun:
            tell("kept", number)

    @Slot(bool)
    def _on_taken_up(self, done: bool) -> None:
        work = self._session.work()
        assert work is not None
        tell("taken", int(done), digest_of(work), work.history.done)
        before, stack = self._session._document, self._session.undo_stack
        here = stack.index()
        stack.setIndex(max(0, here - STEPS_TRIED))
        first = stack.command(stack.index())
        is_back = here == 0 or (
            first is not None and self._session._document == getattr(first, "before", None)
        )
        stack.setIndex(here)
        self._session._put(before)
        again = self._session.work()
        assert again is not None
        tell("undone", int(is_back and digest_of(again) == digest_of(work)))

    @Slot()
    def _on_tick(self) -> None:
        session = self._session
        if self._is_asked_to_close:
            self._window.close()
            return
        if session.pictures is None or session.opener.is_busy:
            return
        if not self._window.offer_bar.isHidden():
            if self._window.offer_bar.isEnabled():
                tell("offered", 1)
                self._window.offer_bar.restore.click()
            return
        if not self._has_begun:
            self._has_begun = True
            self._timer.setInterval(5)
            work = session.work()
            assert work is not None
            tell("begun", digest_of(work))
        self._edit()

    def _edit(self) -> None:
        session, luck = self._session, self._random
        assert session.codec is not None
        assert session.dataset is not None
        dim, what = luck.randrange(session.codec.latent_dim), luck.random()
        if self._gesture is not None:  # a drag goes on
            session.turn_dial(session.dial, luck.uniform(-3, 3), self._gesture)
            if luck.random() < 0.2:
                self._gesture = None
                session.hold_hand(False)
        elif what < 0.15:
            self._gesture = object()
            session.choose_dial(dim)
            session.hold_hand(True)
        elif what < 0.4:
            session.turn_dial(dim, luck.uniform(-3, 3))
        elif what < 0.5:
            session.select_image(luck.randrange(len(session.dataset)))
        elif what < 0.6:
            session.undo_stack.undo()
        elif what < 0.65:
            session.undo_stack.redo()
        elif what < 0.75 and not session.edit.is_empty:
            session.keep_adjustment()
        elif what < 0.8 and session.kept:
            session.set_note(luck.randrange(len(session.kept)), f"“{luck.random()}” é\n")
        elif what < 0.83 and session.kept:
            session.remove_kept(0)
        elif what < 0.87 and not session.edit.is_empty:
            session.save_preset(f"preset {luck.randrange(4)}")
        elif what < 0.9:
            session.load_random_code(luck.randrange(9))
        elif what < 0.95:
            try:
                session.type_on_dial(dim, luck.choice(("+20", "*-1", "=1e-7", "-0.1")))
            except EditError:
                session.reset_all()
        else:  # a moment of rest, in which it is written
            self._timer.start(luck.randrange(5, 700))
            return
        self._timer.start(5)


def tell(*words: object) -> None:
    """Say something to the process that kills this one."""
    print(*words, flush=True)


def tell_story(run: str, seed: int) -> int:
    """The program's window with a story in it."""
    create = app.create

    def watched(argv: object = ()) -> MainWindow:
        window = create([run])
        Story(window, seed)
        return window

    app.create = watched
    return program.main([run])


# ---- in the process that kills -----------------------------------------------------------------------------


@dataclass
class Teller:
    """A process that tells a story, and what it said."""

    process: "subprocess.Popen[str]"
    begun: threading.Event = field(default_factory=threading.Event)
    offers: int = 0
    taken: tuple[bool, str, int] | None = None
    undone: bool | None = None
    asked: dict[int, str] = field(default_factory=dict)
    kept: int = 0
    first: str = ""

    def listen(self) -> None:
        """Take down what it says, until it is dead."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            match line.split():
                case ["offered", _]:
                    self.offers += 1
                case ["taken", done, digest, steps]:
                    self.taken = bool(int(done)), digest, int(steps)
                case ["undone", same]:
                    self.undone = bool(int(same))
                case ["asked", number, digest]:
                    self.asked[int(number)] = digest
                case ["kept", number]:
                    self.kept = int(number)
                case ["begun", digest]:
                    self.first = digest
                    self.begun.set()
                case _:  # half a line, of the moment of its death
                    pass
        self.begun.set()

    def may_come_back(self) -> set[str]:
        """What the next window may take up: what is known to be on the disk, or anything asked for since."""
        since = {digest for number, digest in self.asked.items() if number >= self.kept}
        return since if self.kept else since | {self.first}


@contextmanager
def telling(home: Path, run: Path, seed: int) -> Iterator[Teller]:
    """A window in which a story is told, with a home of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.windows", "--tell", str(run), "--seed", str(seed)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "LATENT_DIALS_HOME": str(home),
            "QT_QPA_PLATFORM": "offscreen",
            "OMP_NUM_THREADS": "1",
        },
    )
    teller = Teller(process)
    listener = threading.Thread(target=teller.listen)
    listener.start()
    try:
        yield teller
    finally:
        process.kill()
        listener.join()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


@dataclass
class Figures:
    """What happened."""

    kills: int = 0
    written: int = 0  # of those that were killed, that had something to come back
    offered: int = 0
    same: int = 0
    undone: int = 0
    steps: list[int] = field(default_factory=list)
    writes: int = 0
    faults: list[str] = field(default_factory=list)


def torture(home: Path, run: Path, count: int, seed: int, life_s: tuple[float, float] = LIFE_S) -> Figures:
    """Kill a window count times; the one after the last is closed, and nothing may be left to offer."""
    luck, figures = random.Random(seed), Figures()
    before: Teller | None = None
    for number in range(count + 1):
        with telling(home, run, luck.randrange(2**31)) as teller:
            if not teller.begun.wait(PATIENCE_S) or not teller.first:
                figures.faults.append(f"window {number} never began: exit {teller.process.poll()}")
                break
            if before is not None:
                _compare(before, teller, figures, number)
            elif teller.offers:
                figures.faults.append("the first window offered something")
            time.sleep(luck.uniform(*life_s))
            if number < count:
                teller.process.send_signal(signal.SIGKILL)
                figures.kills += 1
            else:
                _close(teller)
        figures.writes += teller.kept
        before = teller
    left = [path.name for path in (home / "state" / "sessions").glob("2*")]
    if left:
        figures.faults.append(f"after the last was closed, {left} are still there to be offered")
    return figures


def _close(teller: Teller) -> None:
    assert teller.process.stdin is not None
    teller.process.stdin.write("close\n")
    teller.process.stdin.flush()
    teller.process.wait(PATIENCE_S)


def _compare(before: Teller, now: Teller, figures: Figures, number: int) -> None:
    if not before.kept and before.taken is None:  # it was killed before it could write anything
        if now.offers:
            figures.faults.append(f"window {number} offered what was never written")
        return
    figures.written += 1
    figures.offered += now.offers
    if now.offers != 1:
        figures.faults.append(f"window {number} offered {now.offers} times")
    if now.taken is None or not now.taken[0]:
        figures.faults.append(f"window {number} did not take up what was offered")
        return
    figures.steps.append(now.taken[2])
    if now.taken[1] in before.may_come_back():
        figures.same += 1
    else:
        figures.faults.append(f"window {number} took up {now.taken[1]}, not of {before.may_come_back()}")
    figures.undone += bool(now.undone)


def small_run(folder: Path) -> Path:
    """A run of 24 small faces."""
    np.save(folder / "faces.npy", draw_faces(24, size=16).pixels)
    dataset = open_dataset(folder / "faces.npy")
    config = TrainConfig(network="fc", objective="vae", latent_dim=8, epochs=1, batch_size=16, device="cpu")
    run = Run.create(folder / "run", config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return run.path


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tell", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tell:
        return tell_story(options.tell, options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = torture(folder / "home", small_run(folder), options.count, options.seed)
    for fault in figures.faults:
        print(fault, file=sys.stderr)
    count = options.count
    rows = [
        Row("windows killed", str(figures.kills), str(count), figures.kills == count),
        Row("  when something was written", str(figures.written)),
        *(
            Row(f"  {what}", str(measured), str(figures.written), measured == figures.written)
            for what, measured in (
                ("offered back, once each", figures.offered),
                ("taken up as written last", figures.same),
                ("undone and redone", figures.undone),
            )
        ),
        Row("steps of history, most", str(max(figures.steps, default=0))),
        Row("writes", str(figures.writes)),
        Row("broken promises", str(len(figures.faults)), "0", not figures.faults),
    ]
    return show_table(f"Windows killed, seed {options.seed}", rows)


if __name__ == "__main__":
    sys.exit(main())
