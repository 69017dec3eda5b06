"""A person at the screen: starts the program, looks at its window, has a mouse and a keyboard (xdotool)."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
POLL_S = 0.1
SETTLE_S = 0.2  # what the program tells sooner after a click may not know of it yet
TITLE = "Latent Dials"

T = TypeVar("T")


class StoryError(Exception):
    """What was to be seen did not come."""


@dataclass(frozen=True)
class Widget:
    """One visible widget as watched.py reports it; rect and seen are x, y, width, height on the screen."""

    name: str
    kind: str
    accessible: str
    rect: tuple[int, int, int, int]
    seen: tuple[int, int, int, int]
    enabled: bool
    focus: bool
    text: str

    @property
    def centre(self) -> tuple[int, int]:
        """The middle of what is seen of it."""
        x, y, width, height = self.seen
        return x + width // 2, y + height // 2


def wait_for(what: str, look: Callable[[], T | None], timeout_s: float = 60.0) -> T:
    """The first thing that look() gives which is neither None nor False."""
    end = time.monotonic() + timeout_s
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > end:
            raise StoryError(f"{what}: not seen in {timeout_s:.0f} s")
        time.sleep(POLL_S)


def tool(*arguments: object) -> str:
    """The output of a command of the desktop; raises StoryError when it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StoryError(f"{' '.join(map(str, arguments))}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


@contextmanager
def window_manager() -> Iterator[None]:
    """A window manager, without which no window gets the keyboard."""
    if not os.environ.get("DISPLAY"):
        raise StoryError("there is no display; start this under xvfb-run")
    process = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


class Program:
    """The program in its window, started with a home of its own."""

    def __init__(self, home: Path, folder: Path, arguments: list[str] | None = None) -> None:
        self._report = folder / "widgets.json"
        self._report.unlink(missing_ok=True)
        self._log_path = folder / "program.log"
        self._log = self._log_path.open("a", encoding="utf-8")
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.end2end.watched", str(self._report)]
        environment = {**os.environ, "LATENT_DIALS_HOME": str(home)}
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [*command, *(arguments or [])],
            cwd=ROOT,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self.window = wait_for("the window", self._find_window, 60)
            wait_for("the widgets", lambda: self.widgets() or None)
            tool("xdotool", "windowactivate", "--sync", self.window)
        except StoryError:
            self.kill()
            raise

    # ---- looking ---------------------------------------------------------------------------------------

    @property
    def log(self) -> str:
        """All that the program has written to its terminal."""
        return self._log_path.read_text(encoding="utf-8")

    def _find_window(self) -> str | None:
        if self.process.poll() is not None:
            raise StoryError(f"the program ended with {self.process.returncode}:\n{self.log}")
        search = ["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid), "--name", TITLE]
        found = subprocess.run(search, capture_output=True, text=True, check=False)
        return found.stdout.split()[0] if found.stdout.split() else None

    def widgets(self) -> list[Widget]:
        """Every visible widget, as of a moment ago."""
        return self._reported()[1]

    def _reported(self) -> tuple[float, list[Widget]]:
        """When the program last told of its widgets, and what."""
        if self.process.poll() is not None:
            raise StoryError(f"the program ended with {self.process.returncode}:\n{self.log}")
        try:
            report = json.loads(self._report.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 0.0, []
        return report["at"], [
            Widget(**{**fact, "rect": tuple(fact["rect"]), "seen": tuple(fact["seen"])})
            for fact in report["widgets"]
        ]

    def find(self, name: str = "", kind: str = "", text: str = "", accessible: str = "") -> Widget | None:
        """The first visible widget that is called so, is of this kind, or says this."""
        for widget in self.widgets():
            if (
                (not name or widget.name == name)
                and (not kind or widget.kind == kind)
                and (not accessible or widget.accessible == accessible)
                and text in widget.text
            ):
                return widget
        return None

    def see(
        self, name: str = "", kind: str = "", text: str = "", accessible: str = "", timeout_s: float = 60.0
    ) -> Widget:
        """The same, waited for until it is there and has come to rest, so that it can be hit."""
        wanted = " ".join(filter(None, (name, kind, text, accessible)))
        asked_at = time.monotonic()
        before: tuple[float, Widget | None] = (0.0, None)

        def at_rest() -> Widget | None:
            nonlocal before
            at = self._reported()[0]
            found = self.find(name, kind, text, accessible)
            if at - asked_at < SETTLE_S or at == before[0]:
                return None
            rests = found is not None and before[1] is not None and found.seen == before[1].seen
            before = (at, found)
            return found if rests else None

        return wait_for(wanted, at_rest, timeout_s)

    def is_gone(self, name: str, within_s: float = 3.0) -> bool:
        """Whether a widget is no longer seen, after a while at most."""
        try:
            wait_for(f"no {name}", lambda: self.find(name) is None, within_s)
        except StoryError:
            return False
        return True

    def screenshot(self, path: Path) -> None:
        """The whole screen as a PNG."""
        tool("import", "-silent", "-window", "root", path)

    # ---- hands -----------------------------------------------------------------------------------------

    def move(self, x: int, y: int) -> None:
        """Put the pointer there."""
        tool("xdotool", "mousemove", "--sync", x, y)

    def click(self, widget: Widget, button: int = 1) -> None:
        """Click into the middle of a widget."""
        self.click_at(*widget.centre, button=button)

    def click_at(self, x: int, y: int, button: int = 1) -> None:
        """Click at a place of the screen."""
        tool("xdotool", "mousemove", x, y, "click", button)

    def drag(self, start: tuple[int, int], by: tuple[int, int], steps: int = 12) -> None:
        """Press, move in steps as a hand does, let go."""
        x, y = start
        tool("xdotool", "mousemove", x, y, "mousedown", 1)
        for step in range(1, steps + 1):
            tool("xdotool", "mousemove", x + by[0] * step // steps, y + by[1] * step // steps)
            time.sleep(0.02)  # a hand's pace: the server would else merge the steps
        tool("xdotool", "mouseup", 1)

    def scroll(self, notches: int) -> None:
        """Turn the wheel down (up where negative) where the pointer is."""
        tool("xdotool", "click", "--repeat", abs(notches), "--delay", 20, 5 if notches > 0 else 4)

    def key(self, *keys: str) -> None:
        """Press keys, as in ctrl+z."""
        tool("xdotool", "key", "--clearmodifiers", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        tool("xdotool", "type", "--clearmodifiers", "--delay", 15, text)

    def fill(self, widget: Widget, text: str) -> None:
        """Replace the text of a field."""
        self.click(widget)
        self.key("ctrl+a")
        self.write(text)

    # ---- the end ---------------------------------------------------------------------------------------

    def quit(self) -> None:
        """Ctrl+Q, and the process ends by itself with 0."""
        self.key("ctrl+q")
        code = self.process.wait(timeout=60)
        self._log.close()
        if code:
            raise StoryError(f"the program ended with {code}:\n{self.log}")

    def kill(self) -> None:
        """End it whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
