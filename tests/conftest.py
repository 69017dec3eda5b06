"""Fixtures for every test: a home of its own, real pictures where they are at hand, no thread left behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """A thread that outlives its test fails it. Hypothesis and torch keep none of their own in Python."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    for thread in left:
        thread.join(timeout=5.0)
    assert not [thread for thread in left if thread.is_alive()], "threads left running"
