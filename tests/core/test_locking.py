"""One writer per run: who is refused, who is taken for gone, and that a killed one leaves nothing locked."""

import errno
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import locking
from core.errors import TrainingError
from core.locking import HeldError, held, read_holder
from core.run_files import LOCK
from core.runs import Run
from core.training import train
from tests.core.tiny import tiny_config, tiny_dataset

HOLD = """
import sys
from pathlib import Path
from core.locking import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / LOCK


@pytest.fixture
def other(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock until it reads a line."""
    words = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def left_by(path: Path, host: str, pid: int = 4_000_000) -> None:
    """A lock file that nobody has locked."""
    path.write_text(json.dumps({"pid": pid, "host": host, "since": 1e9}))


def taken(path: Path) -> bool:
    """Whether this process can have the lock now."""
    try:
        with held(path):
            return True
    except HeldError:
        return False


def test_the_lock_is_there_only_while_it_is_held(lock: Path) -> None:
    with held(lock):
        holder = read_holder(lock)
        assert holder is not None
        assert (holder.pid, holder.host) == (os.getpid(), socket.gethostname())
        assert not taken(lock)
    assert not lock.exists()
    assert taken(lock)


def test_another_process_is_named(lock: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(HeldError) as caught, held(lock):
        pass
    assert str(caught.value).startswith(f"process {other.pid} on {socket.gethostname()} since 2")


def test_the_lock_of_a_killed_process_is_taken_over_at_once(lock: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    assert lock.exists()
    assert taken(lock)
    assert not lock.exists()


def test_a_process_that_ends_frees_it(lock: Path, other: subprocess.Popen[str]) -> None:
    other.communicate("\n")
    assert not lock.exists()
    assert taken(lock)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"pid": 1}', b'{"pid": "x", "host": 3, "since": 1e300}', b"[" * 9999]
)
def test_a_file_that_says_nothing_is_nobodys(lock: Path, content: bytes) -> None:
    lock.write_bytes(content)
    assert read_holder(lock) is None
    assert taken(lock)


def test_another_machine_is_believed_while_it_gives_signs_of_life(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "STALE_AFTER_S", 1.0)
    monkeypatch.setattr(locking, "POLL_S", 0.01)
    left_by(lock, "elsewhere")
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(0.02):
            os.utime(lock)

    other = threading.Thread(target=live)
    other.start()
    try:
        assert not taken(lock)
    finally:
        ended.set()
        other.join()
    assert json.loads(lock.read_text())["host"] == "elsewhere"
    assert taken(lock)  # nothing more is heard of it


def test_without_locks_the_process_is_looked_for(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_handle: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "lock_file", unknown)
    left_by(lock, socket.gethostname(), os.getppid())
    assert not taken(lock)
    left_by(lock, socket.gethostname())
    assert taken(lock)


def test_signs_of_life_are_given(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "SIGN_OF_LIFE_S", 0.01)
    with held(lock):
        os.utime(lock, (1, 1))
        for _ in range(500):
            if lock.stat().st_mtime > 1:
                break
            threading.Event().wait(0.01)
        assert lock.stat().st_mtime > 1


def test_a_lock_whose_folder_is_gone_harms_nobody(tmp_path: Path) -> None:
    first = tmp_path / "run"
    first.mkdir()
    with held(first / LOCK):
        first.rename(tmp_path / "elsewhere")
        first.mkdir()
        (first / LOCK).write_text("another's")
    assert (first / LOCK).read_text() == "another's"


def test_a_second_training_of_a_run_is_refused(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    run = Run.create(tmp_path / "run", config, dataset.identity)
    first = train(dataset, config, run)
    next(first)
    before = (run.path / "config.json").read_bytes()
    second = train(dataset, run.with_epochs(9), Run.open(run.path), resume=True)
    with pytest.raises(TrainingError, match=f"already being trained by process {os.getpid()} on .* since 2"):
        next(second)
    assert (run.path / "config.json").read_bytes() == before
    assert len(list(first)) >= 1
    assert not (run.path / LOCK).exists()
    assert run.is_finished


def test_a_link_in_a_run_is_not_written_through(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("precious")
    lock.symlink_to(tmp_path / "precious.txt")
    with pytest.raises(OSError, match="symbolic links"), held(lock):
        pass
    assert read_holder(lock) is None
    assert (tmp_path / "precious.txt").read_text() == "precious"


@pytest.mark.timeout(20)
def test_a_pipe_in_a_run_is_not_waited_for(lock: Path) -> None:
    os.mkfifo(lock)
    assert read_holder(lock) is None
    assert locking.seems_held(lock) is None
    with pytest.raises(OSError, match="not a regular file"), held(lock):
        pass
