"""A run's folder as a whole: another name, and once more elsewhere, also where its own is gone."""

import math
import shutil
from pathlib import Path

import pytest
import torch

from core.checkpoints import read_weights
from core.errors import RunError
from core.locking import held
from core.metrics import COLUMNS, MetricsRow, read_metrics
from core.models import build_network
from core.notes import write_notes
from core.run_files import CHECKPOINT, CONFIG, LOCK, MODEL
from core.run_moves import rename_run, save_run_as
from core.runs import Run
from tests.core.tiny import tiny_config, tiny_dataset

ROWS = tuple(MetricsRow(n, 1, 16 * n, n / 8, 0.5, 0.25, 0.0, 1 / 3, math.nan) for n in (1, 2))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "first", tiny_config(), tiny_dataset().identity)
    run.save_weights(weights_of(run))
    for row in ROWS:
        run.append_metrics(row)
    write_notes(run.path, "mine")
    return run


def weights_of(run: Run) -> dict[str, torch.Tensor]:
    return build_network(run.config.network, torch.Generator().manual_seed(3)).state_dict()


def files_of(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_renamed_run_is_the_same_files_elsewhere(run: Run) -> None:
    before = files_of(run.path)
    target = rename_run(run.path, "größer 2")
    assert target == run.path.with_name("größer 2")
    assert not run.path.exists()
    assert files_of(target) == before  # and no lock among them
    assert rename_run(target, target.name) == target


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\nb", 'a"b'])
def test_no_name_leads_out_of_the_folder(run: Run, name: str) -> None:
    with pytest.raises(RunError, match="cannot be a folder's name"):
        rename_run(run.path, name)
    assert run.path.is_dir()


def test_a_run_that_is_trained_or_a_name_that_is_taken_is_refused(run: Run) -> None:
    with held(run.path / LOCK), pytest.raises(RunError, match="first is being trained by process"):
        rename_run(run.path, "second")
    run.path.with_name("second").mkdir()
    with pytest.raises(RunError, match="is there already"):
        rename_run(run.path, "second")
    assert (run.path / CONFIG).is_file()
    assert not (run.path / LOCK).exists()


def test_a_saved_run_is_a_copy_without_what_belongs_to_a_moment(run: Run) -> None:
    before = files_of(run.path)
    with held(run.path / LOCK):
        (run.path / ".model.123.part").write_bytes(b"half")
        new = save_run_as(run, run.path.with_name("copy"), {}, ())
    assert files_of(new.path) == before
    assert Run.open(new.path).config == run.config


def test_a_run_whose_folder_was_deleted_is_saved_from_memory(run: Run, tmp_path: Path) -> None:
    weights = weights_of(run)
    shutil.rmtree(run.path)
    new = save_run_as(run, tmp_path / "a" / "rescued", weights, ROWS)
    opened = Run.open(new.path)
    assert opened.config == run.config
    assert not (new.path / CHECKPOINT).exists()
    saved = read_weights(new.path / MODEL, "")
    assert saved.keys() == weights.keys()
    assert all(torch.equal(saved[name], weights[name]) for name in weights)
    metrics = read_metrics(new.path / "metrics.csv")
    for name in COLUMNS[:-1]:
        assert getattr(metrics, name).tolist() == pytest.approx([getattr(row, name) for row in ROWS])
    opened.load_network()


def test_nothing_is_overwritten_and_nothing_is_left_of_what_failed(run: Run, tmp_path: Path) -> None:
    for path in (run.path, run.path / "inside"):
        with pytest.raises(RunError):
            save_run_as(run, path, {}, ())
    (tmp_path / "taken").mkdir()
    with pytest.raises(RunError, match="is there already"):
        save_run_as(run, tmp_path / "taken", {}, ())
    shutil.rmtree(run.path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be saved"):
        save_run_as(run, tmp_path / "file" / "run", weights_of(run), ROWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken"]
