"""A real window for the benchmarks: opened with a model, dragged by mouse events, its paints timed."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from core.config import NetworkName, TrainConfig
from core.datasets import open_dataset
from core.models import build_network
from core.runs import Run
from gui import app
from gui.dial import Dial
from gui.main_window import MainWindow
from gui.picture_view import PictureView

FACES = "faces:count=2000"
SIZE = (1440, 900)
TIMEOUT_S = 60.0
SPREAD = 8.0  # an untrained network hardly answers to its code: its first decoder layer is scaled up by this


def wait(what: str, holds: Callable[[], bool], pause_s: float = 0.005) -> None:
    """Let the window live until something holds, looking every pause_s."""
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what)
        QApplication.processEvents()
        time.sleep(pause_s)


def pause(seconds: float) -> None:
    """Let the window live for a while, in an event loop as the program's own."""
    loop = QEventLoop()
    timer = QTimer(singleShot=True, interval=round(seconds * 1000))
    timer.timeout.connect(loop.quit)
    timer.start()
    loop.exec()


def untrained_run(folder: Path, network: NetworkName) -> Path:
    """A run of the built-in faces with first weights, whose decoder answers visibly to a dial."""
    dataset = open_dataset(FACES)
    run = Run.create(folder / f"untrained-{network}", TrainConfig(network=network), dataset.identity)
    net = build_network(run.config.network, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, weight in net.state_dict().items():
            if name == "decoder.0.weight":
                weight.mul_(SPREAD)
    run.save_weights(net.state_dict())
    return run.path


@contextmanager
def opened(run: Path) -> Iterator[MainWindow]:
    """The program's window with a run and its pictures, everything measured and shown."""
    sys.setswitchinterval(app.SWITCH_INTERVAL_S)
    window = app.create([str(run)])
    window.resize(*SIZE)
    window.show()
    session = window.session
    try:
        wait("the model", lambda: session.pictures is not None and session.analyst.effects is not None)
        wait("the strip", lambda: session.is_idle and session.task is None and session.traversal is not None)
        pause(1.0)
        yield window
    finally:
        window.close()
        window.deleteLater()
        wait("the end", lambda: not session.is_training)


class Paints(QObject):
    """Notes when a view that shows a picture has been painted and flushed: (view, pixels, moment)."""

    _FLUSHED = QEvent.Type(QEvent.registerEventType())

    def __init__(self, *views: PictureView) -> None:
        super().__init__()
        self._views = views
        self._painted: list[tuple[PictureView, object]] = []
        self.seen: list[tuple[PictureView, object, float]] = []
        for view in views:
            view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A view is about to be painted: the event below comes once the whole window is on the screen."""
        if event.type() == QEvent.Type.Paint and isinstance(watched, PictureView):
            if not self._painted:
                high = Qt.EventPriority.HighEventPriority.value
                QCoreApplication.postEvent(self, QEvent(self._FLUSHED), high)
            self._painted.append((watched, watched.pixels))
        return False

    def event(self, event: QEvent) -> bool:
        """The paint of the window, with its flush, is over."""
        if event.type() == self._FLUSHED:
            now = time.perf_counter()
            self.seen += [(view, pixels, now) for view, pixels in self._painted]
            self._painted = []
            return True
        return super().event(event)

    def close(self) -> None:
        """Stop watching."""
        for view in self._views:
            view.removeEventFilter(self)


@dataclass
class Drags:
    """What drags did: for each move the milliseconds until it, or a later one, was on the screen."""

    waits_ms: list[float] = field(default_factory=list)
    firsts_ms: list[float] = field(default_factory=list)  # the same of the first three moves of each drag
    shown: int = 0  # moves of which the very picture was painted


class _Hand(threading.Thread):
    """Posts a press, moves and a release to a dial at a fixed rate, from a thread: late events stay late."""

    def __init__(self, dial: Dial, moves: int, rate: float, phase: float) -> None:
        super().__init__(daemon=False)
        self._dial, self._moves, self._rate, self._phase = dial, moves, rate, phase
        self.sent: list[float] = []

    def _post(self, kind: QEvent.Type, y: float) -> None:
        at = QPointF(20.0, y)
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        event = QMouseEvent(kind, at, at, button, held, Qt.KeyboardModifier.NoModifier)
        QCoreApplication.postEvent(self._dial, event)

    def run(self) -> None:
        self._post(QEvent.Type.MouseButtonPress, 30.0)
        begun = time.perf_counter()
        for move in range(1, self._moves + 1):
            time.sleep(max(0.0, begun + move / self._rate - time.perf_counter()))
            self.sent.append(time.perf_counter())
            self._post(QEvent.Type.MouseMove, 30.0 + 60.0 * np.sin(self._phase + 0.13 * move) + 0.01 * move)
        time.sleep(0.1)
        self._post(QEvent.Type.MouseButtonRelease, 30.0)


class _Turns(QObject):
    """Notes the value that each move asked for."""

    def __init__(self, dial: Dial) -> None:
        super().__init__()
        self.values: list[float] = []
        dial.turned.connect(self._on_turned)
        self._dial = dial

    @Slot(int, float, object)
    def _on_turned(self, _dim: int, value: float, _gesture: object) -> None:
        self.values.append(value)

    def close(self) -> None:
        """Stop noting."""
        self._dial.turned.disconnect(self._on_turned)


def drag(
    window: MainWindow, drags: Drags, views: tuple[PictureView, ...], *, moves: int, rate: float, phase: float
) -> None:
    """Drag the first dial; a move is done when every view shows it, or a later one."""
    session = window.session
    dial = window.latent_panel.grid.dials()[0]
    dim = dial.reading.dim
    paints, turns = Paints(*views), _Turns(dial)
    made: list[tuple[float, object]] = []  # the edited value and the picture decoded from it

    class Made(QObject):
        @Slot()
        def on_pictures(self) -> None:
            pictures = session.pictures
            if pictures is not None:
                made.append((float(pictures.edited_code[dim]), pictures.edited))

    listener = Made()
    session.pictures_changed.connect(listener.on_pictures)
    hand = _Hand(dial, moves, rate, phase)
    hand.start()
    while hand.is_alive():
        pause(0.05)
    hand.join()
    wait("the last picture", lambda: session.is_idle)
    pause(0.1)
    session.pictures_changed.disconnect(listener.on_pictures)
    paints.close()
    turns.close()
    _count(drags, hand.sent, turns.values, made, paints.seen, views)


def _count(
    drags: Drags,
    sent: list[float],
    values: list[float],
    made: list[tuple[float, object]],
    seen: list[tuple[PictureView, object, float]],
    views: tuple[PictureView, ...],
) -> None:
    """Match moves with paints: by the value of the code, which tells one picture from another."""
    if len(values) != len(sent):
        raise RuntimeError(f"{len(sent)} moves turned the dial {len(values)} times")
    order = {float(np.float32(value)): place for place, value in enumerate(values)}
    place_of: dict[int, int] = {}
    for value, pixels in made:
        near = min(order, key=lambda known: abs(known - value))
        if abs(near - value) < 1e-3:
            place_of[id(pixels)] = order[near]
    edited = views[0]
    arrivals: list[tuple[int, float]] = []  # the move whose picture was on the screen, and when
    for view, pixels, moment in seen:
        if view is edited and id(pixels) in place_of:
            arrivals.append((place_of[id(pixels)], moment))
    for other in views[1:]:  # the other views are painted in the same sweep: each moment must be there
        moments = {moment for view, _, moment in seen if view is other}
        arrivals = [(place, moment) for place, moment in arrivals if moment in moments]
    shown = {place for place, _ in arrivals}
    drags.shown += len(shown)
    for place, moment in enumerate(sent):
        done = [at for at_place, at in arrivals if at_place >= place and at >= moment]
        ms = (min(done) - moment) * 1000.0 if done else float("inf")
        drags.waits_ms.append(ms)
        if place < 3:
            drags.firsts_ms.append(ms)
