"""Mistakes on the command line: one sentence, and nothing left behind."""

from pathlib import Path

import numpy as np
import pytest

from core import cli
from core.atomic import write_bytes
from core.devices import AVAILABLE
from core.runs import Run
from core.training import train
from core.verbs.asking import _sentence
from tests.core.tiny import tiny_config, tiny_dataset


def test_a_device_that_is_absent_leaves_no_folder(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(AVAILABLE, "cuda", lambda: False)
    np.save(tmp_path / "a.npy", np.zeros((9, 8, 8, 3), np.uint8))
    out = tmp_path / "run"
    args = ["train", "--data", str(tmp_path / "a.npy"), "--device", "cuda", "--out", str(out)]
    assert cli.main(args) == 2
    assert "cuda" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("args", [["train", "--out", ""], ["edit", "run", "--out", ""]])
def test_an_empty_out(args: list[str], tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    assert cli.main(args) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("line", ["-" * 40, "─" * 40])
def test_the_frame_of_a_message_is_taken_off(line: str) -> None:
    corner = ("╭", "╮") if line[0] == "─" else ("", "")
    title = f"╭{line}╮" if corner[0] else f"Value error\n{line}"
    box = (
        f"{title}\nError parsing --index: invalid literal for int() with base 10: 'x'\n{line}\nhelp\n{line}\n"
    )
    wanted = "--index cannot be 'x': it is no whole number; see p --help."
    assert _sentence(box, "p") == wanted


def test_a_missing_option_is_one_sentence(capsys) -> None:
    assert cli.main(["train"]) == 2
    assert capsys.readouterr().err == "--out is missing; see latent-dials train --help.\n"


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no such device here")
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    with pytest.raises(OSError, match="not a regular file"):
        write_bytes(link, b"x")
    assert link.is_char_device()


def test_a_figure_that_is_no_png_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.create(tmp_path / "run", tiny_config(epochs=1), tiny_dataset().identity)
    for _record in train(tiny_dataset(), run.config.train, run):
        pass
    np.save(tmp_path / "pictures.npy", tiny_dataset().pictures(slice(None)))
    data = str(tmp_path / "pictures.npy")
    args = ["edit", str(run.path), "--data", data, "--index", "0", "--adjust", "0+1"]
    assert cli.main([*args, "--out", str(tmp_path / "figure.jpg")]) == 2
    assert ".png" in capsys.readouterr().err
    assert not (tmp_path / "figure.jpg").exists()
    assert cli.main([*args, "--out", str(tmp_path / "figure.png")]) == 0


def test_a_single_run_has_nothing_to_differ_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs", "--diff", "one"]) == 2
    assert capsys.readouterr().err == "--diff takes two runs, and 1 is given.\n"


def test_scores_go_into_a_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.create(tmp_path / "run", tiny_config(epochs=1), tiny_dataset().identity)
    assert cli.main(["score", str(run.path), "--out", str(tmp_path / "scores.png")]) == 2
    assert capsys.readouterr().err.endswith("scores.png must end in .csv.\n")


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without weights: what is refused here was refused before any of them was needed."""
    return Run.create(tmp_path_factory.mktemp("runs") / "run", tiny_config(), tiny_dataset().identity).path


@pytest.mark.parametrize(
    "words",
    [
        ["edit", "RUN", "--out", "OUT.png"],
        ["score", "RUN", "--out", "OUT.csv"],
        ["map", "RUN", "--out", "OUT.csv"],
        ["codes", "RUN", "--out", "OUT.npz"],
        ["dials", "RUN", "--out", "OUT.json"],
        ["dials", "RUN", "--correlation", "OUT.png"],
        ["heat", "RUN", "--out", "OUT.png"],
        ["factors", "RUN", "--out", "OUT.png"],
        ["neighbours", "RUN", "--out", "OUT.png"],
        ["compare", "RUN", "RUN", "--out", "OUT.html"],
        ["traverse", "RUN", "--out", "OUT.gif"],
        ["interpolate", "RUN", "--from", "0", "--to", "1", "--out", "OUT.png"],
        ["sample", "RUN", "--out", "OUT.webp"],
        ["replay", "RUN", "--out", "OUT.png"],
        ["batch", "RUN", "--adjust", "0+1", "--out", "OUT.npy"],
    ],
)
def test_a_place_for_a_file_is_looked_at_first(
    words: list[str], untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ending = Path(words[-1]).suffix
    (tmp_path / "file").write_text("")
    (tmp_path / f"folder{ending}").mkdir()
    for place in ("absent/a", "file/a", "folder"):
        out = str(tmp_path / place) + ending
        assert cli.main([{"RUN": str(untrained), words[-1]: out}.get(word, word) for word in words]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"{out} cannot be written: ")
        assert said.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"file", f"folder{ending}"}


@pytest.mark.parametrize(
    "words", [["onnx", "RUN", "--out", "OUT"], ["batch", "RUN", "--adjust", "0+1", "--out", "OUT"]]
)
def test_a_place_for_a_folder_is_looked_at_first(
    words: list[str], untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    for place, reason in (("full/mine.txt/in it", "cannot be written"), ("full", "already holds files")):
        out = str(tmp_path / place)
        assert cli.main([{"RUN": str(untrained), "OUT": out}.get(word, word) for word in words]) == 2
        assert reason in capsys.readouterr().err


def test_a_place_for_a_run_is_looked_at_before_the_pictures(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    train = ["train", "--data", str(tmp_path / "absent.npy")]
    assert cli.main([*train, "--out", str(tmp_path / "file" / "run")]) == 2
    assert "A run cannot be made in" in capsys.readouterr().err
    assert cli.main([*train, "--out", str(untrained)]) == 2
    assert "already holds a run" in capsys.readouterr().err


def test_a_name_that_no_disk_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", "a" * 5000]) == 2
    assert capsys.readouterr().err == f"'{'a' * 80}' is too long for a name of a file.\n"
