"""Makes the README's pictures of the window, light and dark, from the screen that the real window is on.

Run as: xvfb-run --auto-servernum --server-args="-screen 0 1440x900x24" python -m tests.end2end.screenshots FOLDER [RUN]
The bundled model is shown, or the run that is named, with the pictures that it was trained on.
"""  # noqa: E501

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from gui import app
from gui.main_window import MainWindow
from gui.theme import ThemeChoice, theme_watch

INDEX = 7
SIZE = QSize(1440, 900)
COLOURS = 256  # in the palette, which keeps a file below 400 kB
THEMES: tuple[ThemeChoice, ...] = ("light", "dark")
TIMEOUT_S = 120


def wait(what: str, holds: Callable[[], bool]) -> None:
    """Let the window live until something holds."""
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what)
        QApplication.processEvents()
        time.sleep(0.02)


def pause(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait("time", lambda: time.monotonic() >= end)


def prepare(window: MainWindow) -> None:
    """A picture with two kept adjustments, and a third in hand."""
    session = window.session
    wait("a model", lambda: session.pictures is not None and session.analyst.effects is not None)
    session.select_image(INDEX)
    wait("its pictures", lambda: session.is_idle and session.pictures is not None)
    statistics, effects = session.analyst.statistics, session.analyst.effects
    if statistics is None or effects is None:
        raise RuntimeError("the codes were not measured")
    strongest = [int(dim) for dim in effects.argsort()[::-1][:4]]

    def turn(dim: int, sigmas: float) -> None:
        session.turn_dial(dim, session.value_of(dim) + sigmas * float(statistics.std[dim]), object())

    for dim, sigmas in ((strongest[0], 2.4), (strongest[1], -2.2)):
        session.reset_all()
        turn(dim, sigmas)
        session.keep_adjustment()
    session.reset_all()
    turn(strongest[2], 2.0)
    turn(strongest[3], -1.6)
    wait("the edit", lambda: session.is_idle and len(session.kept_pictures) == 2 and session.task is None)


def shoot(window: MainWindow, path: Path) -> None:
    """What the screen shows, in a palette."""
    screen = window.screen()
    raw = path.with_suffix(".raw.png")
    screen.grabWindow(0).save(str(raw))
    with Image.open(raw) as image:
        box = (0, 0, SIZE.width(), SIZE.height())
        small = image.convert("RGB").crop(box).quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG)
        small.save(path, optimize=True)
    raw.unlink()


def main() -> int:
    """Write window-light.png and window-dark.png."""
    folder, arguments = Path(sys.argv[1]), sys.argv[2:3]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["LATENT_DIALS_HOME"] = home
        window = app.create(arguments)
        window.resize(SIZE)
        window.move(0, 0)
        window.show()
        prepare(window)
        for theme in THEMES:
            theme_watch().choose(theme)
            pause(8.0)  # until the news at the top has gone, and everything is painted anew
            shoot(window, folder / f"window-{theme}.png")
            print(folder / f"window-{theme}.png", (folder / f"window-{theme}.png").stat().st_size, "bytes")
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
