"""Works in the real window without a rest and watches what becomes of it.

python -m tests.torture.soak --minutes 30 --seed 1

Opens pictures and runs, trains, and meanwhile drags dials, scrolls, edits, exports, pauses and resumes, by a
hand in the process. Memory is what /proc/self/status calls RssAnon and RssShmem: the resident set without
pages of mapped files. The event loop's gaps are those of a timer of 5 ms; of a gap no more than a second
counts towards the minutes, for a process that others stop does not work.
"""

import argparse
import faulthandler
import os
import random
import statistics
import sys
import tempfile
import time
import traceback
from array import array
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from gui import app, heavy
from gui.main_window import MainWindow
from tests.torture.hand import Gesture, Hand
from tests.torture.watching import (
    Faults,
    Holdings,
    Row,
    left_after,
    live,
    live_until,
    own_memory_mb,
    show_table,
    watched,
)
from tests.torture.world import World, answered, make_world

MOST_GROWTH_MB = 50.0
WARM_S = 300.0  # memory counts from here on
REST_INTERVAL_S = 30.0
TICK_MS = 5
LONGEST_TICK_S = 1.0
GESTURES_WHILE_TRAINING = 40
SOME_PICTURES, SOME_PX = 3000, 32


@dataclass
class Seen:
    """What was measured: (second, MB) of memory, gaps in ms, how often each gesture was made.

    rests is memory at Hand.rest(), whose state is the same each time and can be compared: what is in use in
    between depends on what the dice open and train. Of the gaps, one every 5 ms,
    only the longest have their gesture: a tuple each would be 30 MB in half an hour, and is measured too.
    """

    memory: list[tuple[float, float]] = field(default_factory=list)
    rests: list[tuple[float, float]] = field(default_factory=list)
    gaps: "array[float]" = field(default_factory=lambda: array("f"))
    longest: list[tuple[float, str]] = field(default_factory=list)
    gestures: int = 0
    trainings: int = 0
    openings: int = 0


class Soak(QObject):
    """Makes one gesture after the other while the window's event loop runs, until the time is up."""

    def __init__(self, hand: Hand, seconds: float, seen: Seen) -> None:
        super().__init__()
        self._hand = hand
        self._dice = hand.dice
        self._seen = seen
        self._name = "the beginning"
        self._gesture: Gesture | None = None
        self._story = self._acts()
        self._tick_at = time.perf_counter()
        self._lived, self._seconds = 0.0, seconds
        self._loop = QEventLoop()
        self.error = ""
        self._next = QTimer(self, singleShot=True)
        self._next.setTimerType(Qt.TimerType.PreciseTimer)
        self._next.timeout.connect(self._on_next)
        self._ticks = QTimer(self, interval=TICK_MS)
        self._ticks.setTimerType(Qt.TimerType.PreciseTimer)
        self._ticks.timeout.connect(self._on_tick)
        self._memory = QTimer(self, interval=1000)
        self._memory.timeout.connect(self._on_look)

    def run(self) -> None:
        """Work until the time is up; error then says what ended it before."""
        self._ticks.start()
        self._memory.start()
        self._on_look()
        self._next.start(0)
        self._loop.exec()
        self._on_look()
        for timer in (self._next, self._ticks, self._memory):
            timer.stop()

    def _is_over(self) -> bool:
        return self._lived > self._seconds

    def _acts(self) -> Gesture:
        """Open something, train, work beside it, stop, work on: again and again."""
        hand, dice, seen = self._hand, self._dice, self._seen
        while not self._is_over():
            if not seen.rests or self._lived - seen.rests[-1][0] > REST_INTERVAL_S:
                yield from self._named("rest", hand.rest())
                seen.rests.append((self._lived, own_memory_mb()))
            seen.openings += 1
            yield from self._named("open pictures", hand.open_pictures())
            if dice.random() < 0.5:
                yield from self._named("open a run", hand.open_run())
            for _ in range(dice.randint(1, 3)):
                seen.trainings += 1
                yield from self._named("begin training", hand.begin_training())
                for _ in range(dice.randint(5, GESTURES_WHILE_TRAINING)):
                    yield from self._one()
                yield from self._named("end training", hand.end_training())
                for _ in range(dice.randint(2, 10)):
                    yield from self._one()
                if self._is_over():
                    break
        yield from self._named("end training", hand.end_training())

    def _one(self) -> Gesture:
        if self._is_over():
            return
        name, gesture = self._hand.one()
        self._seen.gestures += 1
        yield from self._named(name, gesture)

    def _named(self, name: str, gesture: Gesture) -> Gesture:
        self._name = name
        yield from gesture

    @Slot()
    def _on_next(self) -> None:
        try:
            wait = next(self._story)
        except StopIteration:
            self._loop.quit()
        except Exception as error:  # whatever it is belongs into the table
            traceback.print_exc()
            faulthandler.dump_traceback()  # of all threads: what is waited for may wait itself
            self.error = f"{self._name}: {error}"
            self._loop.quit()
        else:
            self._next.start(round(1000 * wait))

    @Slot()
    def _on_tick(self) -> None:
        now = time.perf_counter()
        gap, self._tick_at = now - self._tick_at, now
        self._seen.gaps.append(1000 * gap)
        self._seen.longest = sorted([*self._seen.longest, (1000 * gap, self._name)], reverse=True)[:3]
        self._lived += min(gap, LONGEST_TICK_S)

    @Slot()
    def _on_look(self) -> None:
        self._seen.memory.append((self._lived, own_memory_mb()))


def opened(pictures: Path) -> MainWindow:
    """The program's window with pictures, shown, everything loaded and measured."""
    window = app.create([str(pictures)])
    window.show()
    session = window.session
    live_until("the pictures", lambda: session.dataset is not None and session.is_idle)
    session.loading.go_on()
    heavy.need("loss_chart")
    live(0.1)
    return window


def closed(window: MainWindow) -> None:
    """The window as it goes when a person closes it."""
    window.close()
    window.deleteLater()


def warm_up(world: World, dice: random.Random) -> None:
    """What torch, Qt and Python make once and keep: a little of everything, closed again."""
    window = opened(world.pictures[0])
    hand = Hand(window, dice, world)
    for gesture in (hand.begin_training(), hand.drag(), hand.export(), hand.end_training()):
        for wait in gesture:
            live(wait)
    window.loss_plot.ask_png()
    live(0.2)
    closed(window)


def run_soak(
    seconds: float, seed: int, folder: Path, pictures: int, side: int
) -> tuple[list[Row], Seen, Faults]:
    """The rows of the table after so many seconds, what was seen, and the faults."""
    dice = random.Random(seed)
    seen = Seen()
    with watched() as faults:
        world = make_world(folder, pictures, side)
        with answered(lambda _: str(world.folder / "answer.png")):
            warm_up(world, dice)
            left_after(Holdings.now(), 0.0)
            before = Holdings.now()
            window = opened(world.pictures[0])
            hand = Hand(window, dice, world)
            soak = Soak(hand, seconds, seen)
            soak.run()
            error = soak.error
            closed(window)
            del window, hand, soak  # which hold what was open
            left = left_after(before)
    return [*_rows(seconds, seen), *_verdicts(error, faults, left)], seen, faults


def _rows(seconds: float, seen: Seen) -> list[Row]:
    warm_s = min(WARM_S, seconds / 2)
    early = [mb for at, mb in seen.rests if warm_s / 2 < at <= warm_s] or [mb for _, mb in seen.rests[:1]]
    late = [mb for at, mb in seen.rests if at > max(warm_s, seconds * 2 / 3)] or early
    growth = statistics.median(late or [0.0]) - statistics.median(early or [0.0])
    peaks = [
        max((mb for at, mb in seen.memory if (at > warm_s) == is_late), default=0.0) for is_late in (0, 1)
    ]
    gaps = sorted(seen.gaps)
    minute = f"{warm_s / 60:.0f} min" if warm_s >= 60 else f"{warm_s:.0f} s"
    return [
        Row("gestures", f"{seen.gestures}, {seen.trainings} trainings, {seen.openings} openings"),
        Row(
            f"memory at rest, the last third against {minute}",
            f"{growth:+.1f} MB (medians of {len(late)} and {len(early)})",
            f"{MOST_GROWTH_MB:.0f} MB",
            growth <= MOST_GROWTH_MB,
        ),
        Row("memory at rest, highest", f"{max((mb for _, mb in seen.rests), default=0.0):.0f} MB"),
        Row("memory in use, highest before and after", f"{peaks[0]:.0f} and {peaks[1]:.0f} MB"),
        Row("event loop's gap, median", f"{gaps[len(gaps) // 2]:.1f} ms"),
        Row("event loop's gap, 99 of 100", f"{gaps[len(gaps) * 99 // 100]:.1f} ms"),
        Row("event loop's gap, longest", "; ".join(f"{gap:.0f} ms ({name})" for gap, name in seen.longest)),
    ]


def _verdicts(error: str, faults: Faults, left: list[str]) -> list[Row]:
    qt = sum(text.startswith("Qt") for text in faults.texts)
    return [
        Row("ended early by", error or "nothing", "nothing", not error),
        Row("exceptions and warnings", str(len(faults.texts) - qt), "0", len(faults.texts) == qt),
        Row("Qt's warnings", str(qt), "0", qt == 0),
        Row("threads, files left", ", ".join(left) or "none", "none", not left),
    ]


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=SOME_PICTURES)
    parser.add_argument("--side", type=int, default=SOME_PX, help="of a picture, in pixels")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["LATENT_DIALS_HOME"] = name
        application = QApplication.instance() or QApplication(sys.argv[:1])
        rows, seen, faults = run_soak(
            60 * options.minutes, options.seed, Path(name) / "world", options.pictures, options.side
        )
        for text in faults.texts[:10]:
            print(text, file=sys.stderr)
        del application
    status = show_table(f"Soak of {options.minutes:g} minutes, seed {options.seed}", rows)
    print("memory at rest, MB at minute:", *(f"{mb:.0f} at {at / 60:.1f}" for at, mb in seen.rests))
    print("memory by minute, highest MB:", *_by_minute(seen))
    return status


def _by_minute(seen: Seen) -> list[str]:
    minutes: dict[int, float] = {}
    for at, mb in seen.memory:
        minutes[int(at // 60)] = max(mb, minutes.get(int(at // 60), 0.0))
    return [f"{mb:.0f}" for mb in minutes.values()]


if __name__ == "__main__":
    sys.exit(main())
