"""The runs of a folder as rows, whatever state they are in; differences between two; notes; the verb."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.catalogue import Difference, RunState, differences, read_row, read_rows, run_paths
from core.cli import main
from core.errors import RunError
from core.locking import STALE_AFTER_S, held, seems_held
from core.notes import MOST_BYTES, read_notes, write_notes
from core.run_files import CHECKPOINT, CONFIG, LOCK, METRICS, MODEL, NOTES
from core.runs import Run
from core.training import train
from core.verbs.facts import run_facts, run_text
from tests.core.tiny import tiny_config, tiny_dataset


def trained(path: Path, **changes: object) -> Run:
    dataset, config = tiny_dataset(), tiny_config(**changes)
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that were trained, one that was not, and things that are no runs."""
    folder = tmp_path_factory.mktemp("runs")
    trained(folder / "a-ae", epochs=2)
    trained(folder / "b-vae", epochs=3, objective="vae", latent_dim=6, seed=5)
    dataset = tiny_dataset()
    Run.create(folder / "c-new", tiny_config(), dataset.identity)
    (folder / "pictures").mkdir()
    (folder / "notes.txt").write_text("no run")
    return folder


def test_a_row_says_what_metrics_and_settings_say(folder: Path) -> None:
    rows = {row.name: row for row in read_rows(run_paths(folder))}
    assert list(rows) == ["a-ae", "b-vae", "c-new"]
    row = rows["b-vae"]
    # Independently of ours: the last lines of metrics.csv, and the sizes that the system gives.
    lines = [line.split(",") for line in (folder / "b-vae" / METRICS).read_text().splitlines()]
    measured = [float(line[-1]) for line in lines[1:] if line[-1] != "nan"]
    assert (row.val_mse, row.best_val_mse) == (measured[-1], min(measured))
    assert row.seconds == float(lines[-1][3])
    files = [path for path in (folder / "b-vae").rglob("*") if path.is_file()]
    assert row.size == sum(path.stat().st_size for path in files)
    assert row.changed == max(path.stat().st_mtime for path in files)
    assert (row.epochs, row.epochs_asked, row.kept_epochs) == (3, 3, 2)
    assert (row.data, row.pictures, row.network, row.objective, row.latent_dim) == (
        "tiny",
        40,
        "fc",
        "vae",
        6,
    )
    assert (row.state, rows["c-new"].state) == (RunState.FINISHED, RunState.UNTRAINED)
    assert math.isnan(rows["c-new"].val_mse)


def test_what_cannot_be_looked_at_is_no_run_and_hides_none(tmp_path: Path) -> None:
    """A name that is too long fails for root too, as a folder that may not be entered does for others."""
    trained(tmp_path / "run", epochs=1)
    (tmp_path / "entry").symlink_to("x" * 300)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / CONFIG).symlink_to("x" * 300)
    with pytest.raises(OSError, match="too long"):
        (tmp_path / "inside" / CONFIG).is_file()
    assert run_paths(tmp_path) == (tmp_path / "run",)
    with pytest.raises(RunError, match="cannot be listed"):
        run_paths(tmp_path / ("x" * 300))


def test_damaged_runs_are_rows_that_say_what_is_wrong(tmp_path: Path) -> None:
    for name in ("config", "checkpoint", "gone", "newer", "weights", "empty"):
        trained(tmp_path / name, epochs=1)
    (tmp_path / "config" / CONFIG).write_text("{")
    (tmp_path / "checkpoint" / CHECKPOINT).write_bytes(b"\xff" * 100)
    (tmp_path / "gone" / CONFIG).unlink()
    newer = (tmp_path / "newer" / CONFIG).read_text().replace('"format_version": 1', '"format_version": 9')
    (tmp_path / "newer" / CONFIG).write_text(newer)
    weights = tmp_path / "weights" / MODEL
    weights.write_bytes(weights.read_bytes()[:-1])
    (tmp_path / "empty" / MODEL).unlink()
    write_notes(tmp_path / "config", "my words stay")
    rows = {row.name: row for row in read_rows(run_paths(tmp_path))}
    assert [row.state for row in rows.values()] == [RunState.DAMAGED] * 6
    assert "config.json" in rows["config"].problem
    assert "checkpoint" in rows["checkpoint"].problem
    assert "no config.json" in rows["gone"].problem
    assert "format 9" in rows["newer"].problem
    assert f"{weights} cannot be read" in rows["weights"].problem
    assert f"{tmp_path / 'empty' / MODEL} is gone" in rows["empty"].problem
    for name in ("weights", "empty"):
        assert run_facts(Run.open(tmp_path / name))["problem"] == rows[name].problem
        assert rows[name].problem in run_text(Run.open(tmp_path / name))
    assert rows["config"].notes == "my words stay"
    assert all(row.size > 0 for row in rows.values())


def test_differences_are_those_of_the_settings_and_what_came_of_them(folder: Path) -> None:
    found = differences(Run.open(folder / "a-ae"), Run.open(folder / "b-vae"))
    named = {(one.group, one.name): (one.first, one.second) for one in found}
    assert named["settings", "objective"] == ("ae", "vae")
    assert named["settings", "seed"] == ("0", "5")
    assert named["settings", "epochs"] == ("2", "3")
    assert named["network", "latent_dim"] == ("4", "6")
    assert named["result", "epochs done"] == ("2", "3")
    assert ("settings", "batch_size") not in named
    assert not [name for group, name in named if group in ("data", "versions")]
    assert differences(Run.open(folder / "a-ae"), Run.open(folder / "a-ae")) == ()
    kl = named["result", "last KL"]
    assert kl[0] == ""
    assert float(kl[1]) > 0.0


def test_a_version_that_one_run_alone_knows_differs(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    config = json.loads((folder / "a-ae" / CONFIG).read_text())
    config["versions"] |= {"torch": "1.0"}
    del config["versions"]["numpy"]
    config["data"]["fingerprint"] = "others"
    (other / CONFIG).write_text(json.dumps(config))
    found = differences(Run.open(folder / "c-new"), Run.open(other))
    assert Difference("data", "fingerprint", tiny_dataset().identity.fingerprint, "others") in found
    assert {one.name for one in found if one.group == "versions"} == {"torch", "numpy"}
    assert next(one for one in found if one.name == "numpy").second == ""


def test_notes_are_kept_and_may_be_damaged(tmp_path: Path) -> None:
    write_notes(tmp_path, "  two\nlines: é 🙂 \n")
    assert read_notes(tmp_path) == "two\nlines: é 🙂"
    write_notes(tmp_path, " ")
    assert not (tmp_path / NOTES).exists()
    assert read_notes(tmp_path) == ""
    (tmp_path / NOTES).write_bytes(b"\xff\xfe not utf-8")
    assert "not utf-8" in read_notes(tmp_path)
    (tmp_path / NOTES).write_bytes(b"x" * (MOST_BYTES + 1))
    assert read_notes(tmp_path) == ""
    with pytest.raises(RunError, match="shorten"):
        write_notes(tmp_path, "é" * MOST_BYTES)
    with pytest.raises(RunError, match="folder is not there"):
        write_notes(tmp_path / "absent", "words")


def test_a_run_that_is_being_trained_is_known_by_its_lock(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=1)
    with held(run.path / LOCK):
        assert read_row(run.path).state is RunState.TRAINING
    assert read_row(run.path).state is RunState.FINISHED
    code = "import sys; from core.locking import _taken; from pathlib import Path; _taken(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(run.path / LOCK)], check=True)  # it dies with the lock
    assert (run.path / LOCK).exists()
    assert read_row(run.path).state is RunState.FINISHED
    with held(tmp_path / LOCK):
        old = os.stat(tmp_path / LOCK).st_mtime - 2 * STALE_AFTER_S
        os.utime(tmp_path / LOCK, (old, old))
        assert seems_held(tmp_path / LOCK) is None


def test_the_verb_lists_and_compares(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_notes(folder / "a-ae", "the first\none")
    assert main(["runs", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "the first one" in lines[1]
    assert "fc vae 6" in lines[2]
    assert main(["runs", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["a-ae", "b-vae", "c-new"]
    assert rows[2]["val_mse"] is None
    assert main(["runs", "--diff", str(folder / "a-ae"), str(folder / "b-vae")]) == 0
    out = capsys.readouterr().out
    assert "objective" in out
    assert "batch_size" not in out
    assert main(["runs", "--diff", str(folder / "a-ae"), str(folder / "a-ae")]) == 0
    assert "do not differ" in capsys.readouterr().out
    both = [str(folder / "a-ae"), str(folder / "b-vae")]
    assert main(["runs", "--diff", *both, "--json"]) == 0
    assert any(one["name"] == "objective" for one in json.loads(capsys.readouterr().out)["differences"])
    assert main(["info", both[0]]) == 0
    assert "the first" in capsys.readouterr().out
    assert main(["info", both[1], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["epochs_kept"] == [1, 2]


def test_the_verb_without_runs_or_with_a_wrong_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    assert "no runs" in capsys.readouterr().out
    assert main(["runs", str(tmp_path / "absent")]) == 2
    assert "absent" in capsys.readouterr().err
    assert main(["runs", "--diff", str(tmp_path), str(tmp_path)]) == 2
    assert "config.json" in capsys.readouterr().err
