"""Clicks at random through everything that the window offers, from every state that it can be in.

python -m tests.torture.clicks --count 2000 --seed 1

A state machine of hypothesis: each example opens the real window in one of STATES and then triggers its
actions, clicks its buttons, types what does not belong there, answers its dialogs. After each click there is
no fault, the actions agree with the session, and there is a way on.
"""

import argparse
import os
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtWidgets import QApplication

from gui import app, heavy
from tests.torture.clicker import STATES, Clicker
from tests.torture.watching import Faults, Row, show_table, watched
from tests.torture.world import World, answered, make_world

CLICKS_PER_WINDOW = 40
TOLD_EVERY = 100  # clicks, of which 2,000 take many minutes


@dataclass
class Stage:
    """What every window of a run shares: the files, the faults, and what was done, for the table."""

    world: World
    faults: Faults
    answers: random.Random
    done: Counter[str] = field(default_factory=Counter)
    journal: list[str] = field(default_factory=list)
    clicks: int = 0
    tells: bool = False  # how many there were, on the way
    # The first, with what led to it: hypothesis tries it again, and a window never twice alike.
    failure: str = ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep the first failure."""
        try:
            yield
        except Exception:
            self.failure = self.failure or "\n".join([*self.journal, traceback.format_exc()])
            raise

    def answer(self, kind: str) -> str:
        """What a person chooses in a file dialog: nothing now and then."""
        if self.answers.random() < 0.2:
            return ""
        if kind == "save":
            return str(self.world.folder / "saved" / self.answers.choice(("a.png", "b", "absent/c.png")))
        return str(self.answers.choice(self.world.everything()))


def machine_on(stage: Stage) -> type[RuleBasedStateMachine]:
    """The state machine over the windows of a stage."""

    class Clicks(RuleBasedStateMachine):
        """One window and what is done to it."""

        def __init__(self) -> None:
            super().__init__()
            self.clicker: Clicker | None = None

        @initialize(state=st.sampled_from(STATES), number=st.integers(0, 2**32 - 1))
        def open(self, state: str, number: int) -> None:
            """A window in a state; number seeds what is not worth shrinking."""
            stage.journal[:] = [f"open {state}"]
            stage.faults.texts.clear()
            stage.done[state] += 1
            stage.answers.seed(number)
            self.clicker = Clicker(stage.world, stage.faults)
            with stage.watching():
                self.clicker.reach(state)

        @rule(which=st.integers(0, 10_000))
        def trigger(self, which: int) -> None:
            """An action of the menus."""
            self._do("trigger", which)

        @rule(which=st.integers(0, 10_000))
        def click(self, which: int) -> None:
            """A button, tab or box in sight."""
            self._do("click", which)

        @rule(which=st.integers(0, 10_000), text=st.integers(0, 10_000))
        def type_text(self, which: int, text: int) -> None:
            """Something unfit in a field in sight."""
            self._do("type_text", which, text)

        @rule(which=st.integers(0, 10_000), place=st.integers(0, 10_000))
        def choose(self, which: int, place: int) -> None:
            """An entry of a list in sight, a place on a slider."""
            self._do("choose", which, place)

        @rule(which=st.integers(0, 10_000), key=st.integers(0, 10_000))
        def press(self, which: int, key: int) -> None:
            """A key on anything that takes the focus."""
            self._do("press", which, key)

        @rule(which=st.integers(0, 10_000), text=st.integers(0, 10_000))
        def turn(self, which: int, text: int) -> None:
            """A dial: typed, or dragged."""
            self._do("turn", which, text)

        @rule(which=st.integers(0, 10_000))
        def drop(self, which: int) -> None:
            """A file or folder on the window."""
            self._do("drop", which)

        @rule(how=st.integers(0, 10_000))
        def answer_dialog(self, how: int) -> None:
            """What stands open: accepted, given up, or answered with a file."""
            self._do("answer_dialog", how)

        @rule(long=st.booleans())
        def wait(self, long: bool) -> None:
            """A moment, or until the window has come to rest."""
            self._do("wait", int(long))

        @rule()
        def report_from_elsewhere(self) -> None:
            """Another process writes into the folder of the open run."""
            self._do("report_from_elsewhere")

        @invariant()
        def holds(self) -> None:
            """What must hold after every click."""
            if self.clicker is not None:
                with stage.watching():
                    self.clicker.check()

        def teardown(self) -> None:
            """Close the window, whatever state it is in."""
            if self.clicker is not None:
                clicker, self.clicker = self.clicker, None
                with stage.watching():
                    clicker.close()

        def _do(self, what: str, *values: int) -> None:
            assert self.clicker is not None
            stage.journal.append(f"{what} {values}")
            with stage.watching():
                said = getattr(self.clicker, what)(*values)
            stage.done[what] += 1
            stage.clicks += 1
            if stage.tells and stage.clicks % TOLD_EVERY == 0:
                print(f"{stage.clicks} clicks", file=sys.stderr, flush=True)
            stage.journal[-1] += f": {said}"

    return Clicks


def run_clicks(count: int, number: int | None, stage: Stage, per_window: int = CLICKS_PER_WINDOW) -> None:
    """So many clicks; number seeds them, None derandomises. Raises: whatever does not hold, at the first."""
    chosen = settings(
        max_examples=max(1, count // per_window),
        stateful_step_count=per_window,
        deadline=None,
        database=None,
        derandomize=number is None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        report_multiple_bugs=False,
    )
    machine = machine_on(stage)
    if number is not None:
        seed(number)(machine)
    run_state_machine_as_test(machine, settings=chosen)


def every_action_in_every_state(stage: Stage) -> int:
    """Each action of the menus once in each state, in a window brought to it; how many there were."""
    count = 0
    for state in STATES:
        clicker = Clicker(stage.world, stage.faults)
        try:
            clicker.reach(state)
            for name in clicker.action_names():
                stage.journal[:] = [f"{name} in state {state}"]
                clicker.reach(state)
                clicker.check()
                clicker.trigger_by_name(name)
                clicker.check()
                clicker.close_dialogs()
                count += 1
        finally:
            clicker.close()
    return count


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    error, actions = "", 0
    with tempfile.TemporaryDirectory() as name, watched() as faults:
        os.environ["LATENT_DIALS_HOME"] = name
        heavy.need("training")
        application = QApplication.instance() or QApplication(sys.argv[:1])
        sys.setswitchinterval(app.SWITCH_INTERVAL_S)
        stage = Stage(make_world(Path(name) / "world", 60, 16), faults, random.Random(options.seed))
        with answered(stage.answer):
            stage.tells = True
            try:
                actions = every_action_in_every_state(stage)
                print(f"{actions} actions of the menus", file=sys.stderr, flush=True)
                run_clicks(options.count, options.seed, stage)
            except Exception:  # whatever it is belongs into the table, with what led to it
                said = stage.failure or "\n".join([*stage.journal, traceback.format_exc()])
                print(said, file=sys.stderr)
                error = said.strip().rpartition("\n")[2]
        del application
    states = {state: stage.done.pop(state, 0) for state in STATES}
    rows = [
        Row("actions of the menus, each in each state", str(actions)),
        Row("clicks", f"{sum(stage.done.values())}: {dict(stage.done)}"),
        Row("windows begun in each state", str(states)),
        Row("what did not hold", error or "nothing", "nothing", not error),
        Row("exceptions and warnings", str(len(faults.texts)), "0", not faults.texts),
    ]
    return show_table(f"Clicks at random, seed {options.seed}", rows)


if __name__ == "__main__":
    sys.exit(main())
