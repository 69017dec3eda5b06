"""Fixtures for every test: a home of its own, real pictures where they are at hand, no thread left behind."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import core  # noqa: F401  (first of all: it says how threads wait, which torch reads when it is imported)

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real pictures beside the checkout."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real pictures are not at hand: {REAL_DATA} is absent")
    return REAL_DATA


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder for everything that the program keeps, so that no test sees a person's files."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LATENT_DIALS_HOME", str(folder))
    return folder


def python_threads() -> set[threading.Thread]:
    """Threads that Python started. Those of Qt look like dummies here and are counted by qt_threads."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}


def qt_threads() -> list[str]:
    """Names of the running threads that are ours by the names that Qt gives them; none but on Linux."""
    names = []
    for file in Path("/proc/self/task").glob("*/comm"):
        with suppress(OSError):  # ended while we looked
            names.append(file.read_text().strip())
    return [name for name in names if name in ("IteratorThread", "LatestOnly", "QThread")]


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """A thread that outlives its test fails it."""
    before = python_threads()
    yield
    left = python_threads() - before
    for thread in left:
        thread.join(timeout=5.0)
    assert not [thread for thread in left if thread.is_alive()], "threads left running"
    # The system may still list a thread for a moment after QThread.wait() has returned.
    deadline = time.monotonic() + 2.0
    while qt_threads() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert qt_threads() == [], "threads of the window left running"
