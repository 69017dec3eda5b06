"""Following a run's folder, against a training that writes it and against files written by hand."""

import math
import os
import shutil
from dataclasses import astuple
from pathlib import Path

import pytest

from core.codec import Codec
from core.errors import RunError
from core.following import Change, RunWatch
from core.metrics import COLUMNS, MetricsReader, MetricsRow, read_metrics
from core.runs import Run
from core.training import TrainRecord, train
from tests.core.tiny import tiny_config, tiny_dataset

HEADER = ",".join(COLUMNS) + "\n"


def line(step: int) -> str:
    return f"{step},1,{step * 16},{step / 8:g},0.5,0.5,0,0.25,nan\n"


def steps(rows: tuple[MetricsRow, ...]) -> list[int]:
    return [row.step for row in rows]


def append(path: Path, text: str) -> None:
    with path.open("a", newline="") as file:
        file.write(text)


def replace(path: Path, text: str) -> None:
    """As the program replaces a file: a new one takes its name."""
    other = path.with_suffix(".part")
    other.write_text(text, newline="")
    os.replace(other, path)


def test_only_whole_rows_that_are_new_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    reader = MetricsReader(path)
    assert reader.read().rows == ()  # there is no file yet
    path.write_text(HEADER[:7])
    assert reader.read().rows == ()  # nor a whole header
    append(path, HEADER[7:] + line(1) + line(2))
    assert steps(reader.read().rows) == [1, 2]
    append(path, line(5)[:9])
    assert reader.read().rows == ()
    append(path, line(5)[9:] + line(7))
    found = reader.read()
    assert (steps(found.rows), found.anew) == ([5, 7], False)
    assert astuple(found.rows[0])[:-1] == (5, 1, 80, 0.625, 0.5, 0.5, 0.0, 0.25)
    assert math.isnan(found.rows[0].val_mse)
    assert reader.read().rows == ()


def test_rows_that_are_known_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(HEADER + line(1) + line(2) + line(5))
    assert steps(MetricsReader(path, known=2, step=2).read().rows) == [5]
    other = MetricsReader(path, known=2, step=3).read()  # not what is known: all of it is said again
    assert (steps(other.rows), other.anew) == ([1, 2, 5], True)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + line(1) + line(3),  # shorter
        HEADER + line(1) + line(3) + "".join(line(step) for step in range(4, 30)),  # longer, by another file
    ],
)
def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(HEADER + line(1) + line(2) + line(5))
    reader = MetricsReader(path)
    reader.read()
    replace(path, text)
    found = reader.read()
    assert found.anew
    assert steps(found.rows) == read_metrics(path).step.tolist()
    append(path, line(40))
    assert steps(reader.read().rows) == [40]


def test_rows_that_jump_back_are_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(HEADER + line(1) + line(2) + line(5))
    reader = MetricsReader(path)
    reader.read()
    with path.open("r+") as file:  # in place, to the same length and beyond
        file.seek(len(HEADER))
        file.write(line(1) + line(3) + line(4) + line(2))
    found = reader.read()
    assert (steps(found.rows), found.anew) == ([1, 3, 4], True)  # as read_metrics: up to what does not follow
    assert steps(found.rows) == read_metrics(path).step.tolist()


ODD = (
    "6.5" + line(8)[1:],
    line(4),
    "\n",
    "8,1\n",
    line(8).replace("0.5", "half"),
    "9" * 30 + line(8),
    "-" + line(8),
)


@pytest.mark.parametrize("odd", ODD)
def test_rows_end_at_the_first_that_is_odd(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(HEADER + line(1) + line(5) + odd + line(90))
    metrics = read_metrics(path)
    assert metrics.step.tolist() == [1, 5]
    assert metrics.mse.tolist() == [0.25, 0.25]
    assert steps(MetricsReader(path).read().rows) == [1, 5]
    path.write_text(HEADER + line(1) + line(5) + line(8)[:-4])  # torn
    assert read_metrics(path).step.tolist() == [1, 5]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", tiny_config(), tiny_dataset().identity)


def advance(run: Run, epochs: int = 3, resume: bool = True) -> TrainRecord:
    """Train for one report and stop, which writes a checkpoint."""
    records = train(tiny_dataset(), run.with_epochs(epochs), run, resume=resume)
    record = next(records)
    records.close()
    return record


def taken(known: list[int], change: Change) -> list[int]:
    """The steps that are known after a change."""
    new = [row.step for row in change.rows]
    return new if change.anew else known + new


def test_a_training_is_followed_to_its_end(run: Run) -> None:
    watch = RunWatch(Run.open(run.path), has_weights=False)
    assert not watch.look().is_something
    known: list[int] = []
    finished = False
    while not finished:
        finished = advance(run, resume=bool(known)).finished
        change = watch.look()
        known = taken(known, change)
        assert known == run.metrics().step.tolist()
        assert change.codec is not None
        which = "best" if finished else "last"
        assert change.codec.fingerprint == Codec.from_run(run, which).fingerprint
        assert change.finished == finished
        assert not watch.look().is_something
    assert len(known) > 3
    last = watch.look_for_the_last_time()
    assert last.at_rest
    assert last.codec is not None
    assert last.codec.fingerprint == Codec.from_run(run, "best").fingerprint


def test_a_run_that_moves_when_it_is_opened_gives_its_newest_weights_at_once(run: Run) -> None:
    advance(run, resume=False)
    opened = Run.open(run.path)
    known = opened.metrics().step.tolist()
    advance(run)
    change = RunWatch(opened, len(known), known[-1]).look()
    assert taken(known, change) == run.metrics().step.tolist()
    assert change.codec is not None
    assert change.codec.fingerprint == Codec.from_run(run, "last").fingerprint


def test_a_run_at_rest_gives_nothing(run: Run) -> None:
    last = advance(run, resume=False)
    watch = RunWatch(run, len(run.metrics()), last.step)
    assert not watch.look().is_something
    (run.path / "codes.safetensors").write_bytes(b"what the window itself writes")
    assert not watch.look().is_something


def test_rows_come_before_the_first_checkpoint(run: Run) -> None:
    watch = RunWatch(Run.open(run.path), has_weights=False)
    records = train(tiny_dataset(), run.config.train, run)
    record = next(records)
    change = watch.look_for_the_last_time()
    assert taken([], change) == [record.step]
    assert not change.at_rest
    assert change.codec is None
    assert watch.look_for_the_last_time().at_rest
    records.close()
    assert watch.look().codec is not None


def test_a_resumed_run_with_more_epochs_says_so(run: Run) -> None:
    last = advance(run, epochs=1, resume=False)
    watch = RunWatch(Run.open(run.path), len(run.metrics()), last.step)
    watch.look()
    advance(run, epochs=5)
    change = watch.look()
    assert change.config is not None
    assert change.config.train.epochs == 5
    assert not change.finished


def test_what_cannot_be_read_now_is_read_at_the_next_look(run: Run) -> None:
    advance(run, resume=False)
    watch = RunWatch(Run.open(run.path), has_weights=False)
    checkpoint = run.path / "checkpoint.safetensors"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:1000])  # a disk that does not replace files in one go
    change = watch.look()
    assert change.rows
    assert change.codec is None
    checkpoint.write_bytes(whole)
    assert watch.look().codec is not None


def test_a_folder_that_vanishes_is_said(run: Run) -> None:
    watch = RunWatch(run, has_weights=False)
    watch.look()
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match="is gone"):
        watch.look()
