"""Decoding many picture files by all cores: in processes of their own where there are many, else in threads.

Between two calls of the decoder Pillow is Python: of a JPEG of 178x218 that becomes 64x64 a third of the
time. Threads must take turns there, and with the window: 2,060 pictures a second on two cores, and 2,550
in processes, which leave the window's thread alone. They are started as plain subprocesses, since those of
multiprocessing would run a person's script again that has no guard.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import IO

import numpy as np

from core.datasets.decode_worker import READY
from core.datasets.decoding import Decoded, Header, decode_any
from core.datasets.parallel import in_order
from core.datasets.resizing import Fit
from core.translate import tr

FILES_IN_A_TASK = 32
TASKS_IN_FLIGHT = 3  # a core
PROCESSES_FROM = 4000  # files: to start a process takes 0.4 s of a core
ROOT = Path(__file__).resolve().parents[2]
START = "import sys; sys.path.insert(0, {root!r}); from core.datasets.decode_worker import main; main()"

File = Path | BytesIO | str  # a path, a file's bytes, or the reason why there is none


@dataclass(frozen=True)
class Target:
    """What every picture becomes."""

    size: int
    channels: int
    fit: Fit


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def decode_files(
    open_file: Callable[[int], File], indices: range, target: Target
) -> Generator[list[Decoded] | None, None, None]:
    """Answers for the files that open_file gives, some at a time, in order; None when nothing came.

    open_file is called from several threads. Closing the generator ends the processes and threads.
    """
    workers = cores()
    pool = _Pool(workers if len(indices) >= PROCESSES_FROM and workers > 1 else 0, target)

    def decode(task: range) -> list[Decoded]:
        return pool.decode([open_file(index) for index in task])

    starts = range(0, len(indices), FILES_IN_A_TASK)
    tasks = (indices[start : start + FILES_IN_A_TASK] for start in starts)
    try:
        with closing(in_order(decode, tasks, workers, TASKS_IN_FLIGHT)) as answers:
            try:
                yield from answers
            except BaseException:  # cancelled: large pictures are a second's work for one task
                pool.cancel()
                raise
    finally:
        pool.close()


class _Pool:
    """Processes that wait for tasks; with none of them, or none that starts, the asking thread decodes."""

    def __init__(self, workers: int, target: Target) -> None:
        self._target = target
        self._free: SimpleQueue[_Process] = SimpleQueue()
        self._all: list[_Process] = []
        self._lock = Lock()
        self._is_cancelled = False
        # A frozen program's executable is no Python.
        self._use_processes = workers > 0 and bool(sys.executable) and not getattr(sys, "frozen", False)
        for _ in range(workers if self._use_processes else 0):
            self._start()

    def decode(self, files: Sequence[File]) -> list[Decoded]:
        """Answers for some files, from any thread."""
        if not self._use_processes:
            return [self._decode_here(file) for file in files if not self._is_cancelled]
        process = self._free.get()
        try:
            answers = process.ask(files, self._target)
        except (OSError, ValueError, EOFError):
            process.close()
            if self._is_cancelled:
                return []
            if not process.was_ready:  # nor will another be
                self._use_processes = False
            else:
                self._start()
            return self._one_by_one(files)
        self._free.put(process)
        return answers

    def cancel(self) -> None:
        """Let those who ask come back at once, with nothing."""
        self._is_cancelled = True
        with self._lock:
            for process in self._all:
                process.kill()

    def close(self) -> None:
        """End the processes; nobody may be asking."""
        for process in self._all:
            process.close()

    def _start(self) -> None:
        with self._lock:
            try:
                process = _Process()
            except OSError:  # no memory, or too many processes
                self._use_processes = False
                return
            self._all.append(process)
        self._free.put(process)

    def _one_by_one(self, files: Sequence[File]) -> list[Decoded]:
        """Answers after a process has died: the file that did it is told of, the others are decoded."""
        if len(files) > 1 or not self._use_processes:
            return [answer for file in files for answer in self.decode([file])]
        return [Decoded(None, None, tr("The decoder broke down over it: it is damaged, or made to harm."))]

    def _decode_here(self, file: File) -> Decoded:
        if isinstance(file, str):
            return Decoded(None, None, file)
        return decode_any(file, self._target.channels, self._target.size, self._target.fit)


class _Process:
    """One decode_worker."""

    def __init__(self) -> None:
        """Start it. Raises: OSError."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START.format(root=str(ROOT))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self.was_ready = False

    def ask(self, files: Sequence[File], target: Target) -> list[Decoded]:
        """Answers for some files. Raises: OSError, EOFError or ValueError when the process is gone."""
        tasks, answers = self._pipes()
        if not self.was_ready:
            if answers.readline() != READY:
                raise EOFError
            self.was_ready = True
        given = [file for file in files if not isinstance(file, str)]
        contents = [file.getbuffer() for file in given if isinstance(file, BytesIO)]
        names = [len(file.getbuffer()) if isinstance(file, BytesIO) else os.fspath(file) for file in given]
        task = {"size": target.size, "channels": target.channels, "fit": target.fit, "files": names}
        tasks.write(json.dumps(task).encode() + b"\n")
        for content in contents:
            tasks.write(content)
        tasks.flush()
        facts = iter(json.loads(answers.readline() or b"x"))
        shape = (target.size, target.size, target.channels)
        results: list[Decoded] = []
        for file in files:
            if isinstance(file, str):
                results.append(Decoded(None, None, file))
                continue
            width, height, grey, reason = next(facts)
            header = None if width is None else Header(width, height, grey)
            if reason:
                results.append(Decoded(header, None, reason))
                continue
            content = answers.read(math.prod(shape))
            results.append(Decoded(header, np.frombuffer(content, np.uint8).reshape(shape)))
        return results

    def kill(self) -> None:
        """End it at once; who waits for its answer gets an EOFError."""
        self._process.kill()

    def close(self) -> None:
        """End it and wait; it stops at the end of its input."""
        for pipe in self._pipes():
            with suppress(OSError):  # broken, with something still to be written
                pipe.close()
        try:
            self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout
