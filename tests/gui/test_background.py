"""Threads beside the window: order, pause, stop, errors, the newest request, nothing left behind."""

import random
import threading
import time
import weakref
from collections.abc import Generator, Iterator

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from gui import background
from gui.background import LatestOnly, Runner
from tests.conftest import qt_threads


class Collector(QObject):
    """Gathers what a runner reports, in the window's thread."""

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self.items: list[int] = []
        self.threads: set[int] = set()
        runner.items_arrived.connect(self._on_items)

    @Slot(list)
    def _on_items(self, items: list[int]) -> None:
        self.items += items
        self.threads.add(threading.get_ident())


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


def counting(count: int, closed: list[str] | None = None) -> Generator[int, None, str]:
    """0 … count-1, then a text; says when it was closed early."""
    try:
        yield from range(count)
    except GeneratorExit:
        if closed is not None:
            closed.append(threading.current_thread().name)
        raise
    return "all of them"


def test_everything_arrives_in_order_in_the_windows_thread(runner: Runner, qtbot: QtBot) -> None:
    collector = Collector(runner)
    with qtbot.waitSignal(runner.done) as done:
        runner.start(lambda: counting(5000))
    assert done.args == ["all of them"]
    assert collector.items == list(range(5000))
    assert collector.threads == {threading.get_ident()}


def test_stop_closes_the_generator_in_its_own_thread(runner: Runner, qtbot: QtBot) -> None:
    closed: list[str] = []
    with qtbot.waitSignal(runner.items_arrived):
        runner.start(lambda: counting(10**9, closed))
    with qtbot.waitSignal(runner.done) as done:
        runner.stop()
        runner.stop()  # twice does no harm
    assert done.args == [None]
    assert len(closed) == 1
    assert closed[0] != threading.main_thread().name
    assert not runner.is_running


def test_pause_asks_for_no_more_and_resume_goes_on(runner: Runner, qtbot: QtBot) -> None:
    asked = 0
    step = threading.Semaphore(3)

    def slow() -> Generator[int, None, None]:
        nonlocal asked
        while True:
            step.acquire()
            asked += 1
            yield asked

    collector = Collector(runner)
    runner.start(slow)
    qtbot.waitUntil(lambda: asked == 3)
    runner.pause()
    step.release(2)  # the one that is being asked for may come; no second one
    qtbot.waitUntil(lambda: asked == 4)
    qtbot.wait(50)
    assert asked == 4
    runner.resume()
    qtbot.waitUntil(lambda: asked == 5)
    runner.stop()
    step.release(5)
    qtbot.waitUntil(lambda: not runner.is_running)
    assert collector.items == list(range(1, len(collector.items) + 1))


def test_an_error_arrives_once_and_whole(runner: Runner, qtbot: QtBot) -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        raise RuntimeError("torch says no")

    with qtbot.waitSignal(runner.failed) as failed, qtbot.assertNotEmitted(runner.done):
        runner.start(broken)
    (error,) = failed.args or [None]
    assert isinstance(error, RuntimeError)
    assert str(error) == "torch says no"
    assert not runner.is_running


def test_a_dropped_generator_reports_nothing_more(runner: Runner, qtbot: QtBot) -> None:
    collector = Collector(runner)
    runner.start(lambda: counting(10**9))
    qtbot.waitUntil(lambda: bool(collector.items))
    with qtbot.waitSignal(runner.done) as done:
        runner.start(lambda: counting(3))
        collector.items.clear()
    assert done.args == ["all of them"]
    assert collector.items == [0, 1, 2]


def test_closing_while_it_starts_waits_for_the_thread(qtbot: QtBot) -> None:
    for _ in range(30):
        runner = Runner()
        runner.start(lambda: counting(10**9))
        runner.close()
        assert not runner.is_running


def test_only_the_newest_request_is_answered(qtbot: QtBot) -> None:
    first_in_work, go = threading.Event(), threading.Event()
    answered: list[int] = []

    def answer(request: int) -> int:
        answered.append(request)
        first_in_work.set()
        go.wait(5)
        return request * 10

    lane = LatestOnly(answer)
    try:
        lane.submit(1)
        assert first_in_work.wait(5)
        for request in range(2, 8):
            lane.submit(request)
        assert not lane.idle
        with qtbot.waitSignals([lane.answered, lane.answered]):
            go.set()
        qtbot.waitUntil(lambda: lane.idle)
        assert answered == [1, 7]
    finally:
        go.set()
        lane.stop_and_wait()


def test_a_failed_request_leaves_the_lane_open(qtbot: QtBot) -> None:
    lane = LatestOnly(lambda request: 1 // request)
    try:
        with qtbot.waitSignal(lane.failed) as failed:
            lane.submit(0)
        request, error = failed.args or [None, None]
        assert request == 0
        assert isinstance(error, ZeroDivisionError)
        with qtbot.waitSignal(lane.answered) as answered:
            lane.submit(1)
        assert answered.args == [1, 1]
    finally:
        lane.stop_and_wait()


def test_a_lane_nobody_asks_ends_its_thread_and_begins_another(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "REST_S", 0.05)
    prepared: list[int] = []
    lane = LatestOnly(lambda request: request + 1, prepare=lambda: prepared.append(threading.get_ident()))
    try:
        for request in (1, 2):
            with qtbot.waitSignal(lane.answered) as answered:
                lane.submit(request)
            assert answered.args == [request, request + 1]
            qtbot.waitUntil(lambda: not lane.isRunning())
            assert lane.idle
        assert len(prepared) == 2
    finally:
        lane.stop_and_wait()


def test_a_lane_that_lets_go_answers_what_waits_first(qtbot: QtBot) -> None:
    in_work, go = threading.Event(), threading.Event()

    def answer(request: int) -> int:
        in_work.set()
        go.wait(5)
        return request

    lane = LatestOnly(answer)
    lane.let_go()  # nothing was asked yet
    answered: list[int] = []
    lane.answered.connect(lambda request, _answer: answered.append(request))
    try:
        lane.submit(1)
        assert in_work.wait(5)
        lane.submit(2)
        lane.let_go()
        go.set()
        qtbot.waitUntil(lambda: answered == [1, 2] and not lane.isRunning())
        with qtbot.waitSignal(lane.answered):
            lane.submit(3)
        assert lane.isRunning()
    finally:
        go.set()
        lane.stop_and_wait()


def test_a_request_as_the_thread_ends_is_answered(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    rest_s = 0.002
    monkeypatch.setattr(background, "REST_S", rest_s)
    begun: list[None] = []
    lane = LatestOnly(lambda request: request, prepare=lambda: begun.append(None))
    dice = random.Random(0)
    try:
        for request in range(300):
            with qtbot.waitSignal(lane.answered, timeout=5000) as answered:
                lane.submit(request)
            assert answered.args == [request, request]
            until = time.perf_counter() + dice.uniform(0.5, 2) * rest_s
            while time.perf_counter() < until:
                time.sleep(0)
        assert 10 < len(begun) < 300  # both ways were taken
    finally:
        lane.stop_and_wait()


class Large:
    """A request or an answer that holds much."""


def test_a_lane_that_waits_holds_neither_request_nor_answer(qtbot: QtBot) -> None:
    answers: list[weakref.ref[Large]] = []

    def answer(_request: Large) -> Large:
        answers.append(weakref.ref(made := Large()))
        return made

    lane, request = LatestOnly(answer), Large()
    asked = weakref.ref(request)
    try:
        lane.submit(request)
        del request
        qtbot.waitUntil(lambda: bool(answers) and lane.idle)
        qtbot.waitUntil(lambda: asked() is None and answers[0]() is None)
    finally:
        lane.stop_and_wait()


def test_a_running_thread_of_ours_would_be_seen(runner: Runner, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: qt_threads() == [])
    runner.start(lambda: counting(10**9))
    qtbot.waitUntil(lambda: qt_threads() == ["IteratorThread"])


@pytest.mark.parametrize("ends", ["the hand goes", "the work is stopped"])
def test_a_generator_waits_for_hands_within_an_item(runner: Runner, qtbot: QtBot, ends: str) -> None:
    here, gone_on = threading.Event(), threading.Event()
    may_look = threading.Event()

    def work() -> Generator[int, None, None]:
        here.set()
        may_look.wait(5.0)
        runner.wait_for_hands()
        gone_on.set()
        yield 1

    runner.start(work)
    assert here.wait(5.0)
    runner.hold(True)
    may_look.set()
    assert not gone_on.wait(0.1)
    with qtbot.waitSignal(runner.done):
        if ends == "the hand goes":
            runner.hold(False)
        else:
            runner.stop()
    assert gone_on.is_set()
