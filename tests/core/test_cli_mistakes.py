"""Mistakes on the command line: one sentence, and nothing left behind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import cli
from core.atomic import write_bytes
from core.datasets import open_dataset
from core.devices import AVAILABLE
from core.errors import ExportError, RunError
from core.export.many import check_target
from core.run_files import CONFIG, LOCK
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


def test_a_run_is_not_made_among_its_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, pixels in enumerate(tiny_dataset(20).pictures(slice(None))):
        Image.fromarray(pixels).save(pictures / f"{number:02}.png")
    before = sorted(pictures.iterdir())
    link = tmp_path / "link"
    link.symlink_to(pictures)
    words = ["--latent-dim", "4", "--epochs", "1", "--batch-size", "16", "--device", "cpu"]
    train = ["train", "--data", str(pictures), *words]
    for out in (pictures, link):
        assert cli.main([*train, "--out", str(out)]) == 2
        said = capsys.readouterr().err
        assert said == (f"{out} holds the pictures that it would be trained on; choose another folder.\n")
    with pytest.raises(RunError, match="holds the pictures"):
        Run.create(pictures, tiny_config(), open_dataset(pictures).identity)
    assert sorted(pictures.iterdir()) == before
    # An empty folder is as good as none, and so is one in which a process was killed before it had a run, or
    # in which another one is just looking whether it can be written to.
    for name, resume in (("empty", []), ("empty too", ["--resume"]), ("begun", ["--resume"])):
        out = tmp_path / name
        out.mkdir()
        if name == "begun":
            (out / f".{CONFIG}.0123456789abcdef.part").write_text("{")
            (out / LOCK).write_text("")
        assert cli.main([*train, *resume, "--out", str(out)]) == 0
        assert Run.open(out).is_finished


@pytest.mark.parametrize(
    "words",
    [
        ["edit", "RUN", "--data", "IN.png", "--out"],
        ["batch", "RUN", "--adjust", "0+1", "--data", "IN.npy", "--out"],
        ["batch", "RUN", "--recipe", "IN.npy", "--out"],
        ["codes", "RUN", "--data", "IN.npz", "--out"],
        ["codes", "RUN", "--labels", "IN.csv", "--out"],
        ["score", "RUN", "--data", "IN.csv", "--out"],
        ["map", "RUN", "--labels", "IN.csv", "--out"],
        ["dials", "RUN", "--data", "IN.json", "--out"],
        ["dials", "RUN", "--data", "IN.csv", "--correlation"],
        ["heat", "RUN", "--data", "IN.png", "--out"],
        ["factors", "RUN", "--labels", "IN.json", "--out"],
        ["neighbours", "RUN", "--data", "IN.png", "--out"],
        ["compare", "RUN", "RUN", "--recipe", "IN.html", "--out"],
        ["traverse", "RUN", "--data", "IN.png", "--out"],
        ["interpolate", "RUN", "--from", "0", "--to", "1", "--data", "IN.png", "--out"],
        ["sample", "RUN", "--data", "IN.png", "--out"],
        ["replay", "RUN", "--data", "IN.png", "--out"],
    ],
)
def test_no_verb_replaces_what_it_reads(
    words: list[str], untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (read,) = [Path(word) for word in words if word.startswith("IN")]
    option = words[words.index(read.name) - 1]
    file, folder = tmp_path / read, tmp_path / "pictures"
    folder.mkdir()
    (folder / "within").mkdir()
    link, in_folder = tmp_path / f"link{read.suffix}", folder / "within" / f"1{read.suffix}"
    file.write_text("own")
    in_folder.write_text("own")
    link.symlink_to(file)

    def refused(source: Path, out: Path) -> str:
        named = {"RUN": str(untrained), read.name: str(source)}
        assert cli.main([*(named.get(word, word) for word in words), str(out)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    for source, out in ((file, file), (file, link), (link, file)):
        said = refused(source, out)
        assert said.startswith(f"{words[-1]} {out} would replace the ")
        assert said.endswith(f"{option}; choose another name or folder.\n")
    if option == "--data" and read.suffix in (".png", ".npy"):
        for out in (in_folder, tmp_path / "pictures" / ".." / "pictures" / "within" / in_folder.name):
            said = refused(folder, out)
            assert said.startswith(f"{words[-1]} {out} would replace a file among the pictures of --data")
        assert "would replace" not in refused(folder, folder / read.name)  # which is new there
    assert (file.read_text(), in_folder.read_text()) == ("own", "own")


def test_the_pictures_of_a_run_and_its_own_files_are_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, shards = tmp_path / "pictures", tmp_path / "shards"
    for place in (folder, shards):
        place.mkdir()
    for number in range(20):
        Image.fromarray(tiny_dataset().pictures([number])[0]).save(folder / f"{number:06}.png")
    for number in (0, 1):
        np.save(shards / f"{number}.npy", tiny_dataset(20, seed=number).pictures(slice(None)))
    dataset = open_dataset(folder)
    run = Run.create(tmp_path / "run", tiny_config(epochs=1), dataset.identity)
    for _record in train(dataset, run.config.train, run):
        pass
    inside, edit = folder / "000001.png", ["edit", str(run.path), "--adjust", "0+1", "--out"]
    before = inside.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(inside)
    for out in (inside, link):
        assert cli.main([*edit, str(out)]) == 2
        assert capsys.readouterr().err == (
            f"--out {out} would replace a file among the pictures that the run was trained on; choose another"
            " name or folder.\n"
        )
    assert inside.read_bytes() == before
    config = run.path / CONFIG
    before = config.read_bytes()
    assert cli.main(["dials", str(run.path), "--out", str(config)]) == 2
    assert "would replace the run's own config.json" in capsys.readouterr().err
    assert config.read_bytes() == before
    (tmp_path / "list.txt").write_text("shards/0.npy\nshards/1.npy\n")
    batch = ["batch", str(run.path), "--adjust", "0+1", "--out", str(shards / "1.npy"), "--data"]
    for data in (str(shards / "{0..1}.npy"), str(tmp_path / "list.txt"), str(shards)):
        assert cli.main([*batch, data]) == 2
        assert "would replace a file among the pictures of --data" in capsys.readouterr().err
    for _again in range(2):  # a table among the pictures is none of them
        assert cli.main(["dials", str(run.path), "--out", str(folder / "dials.csv")]) == 0
    # With other data, or over an earlier output, all goes on as ever.
    for out in (tmp_path / "edited.png", tmp_path / "edited.png", inside):
        assert cli.main([*edit, str(out), "--data", str(shards)]) == 0


@pytest.mark.parametrize("ending", [".csv", ".NPZ", ".json", ".zip", ".gif", ".html", ".md", ".onnx", ".png"])
def test_a_folder_is_not_called_like_a_file(
    ending: str, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"bb{ending}"
    assert cli.main(["batch", str(untrained), "--adjust", "0+1", "--out", str(out)]) == 2
    assert capsys.readouterr().err == (
        f"{out} would be a folder, and {ending} is the ending of a file; leave it off for a folder, or choose"
        " .npy.\n"
    )
    with pytest.raises(ExportError, match="leave it off for a folder"):
        check_target(out)
    assert cli.main(["batch", str(untrained), "--adjust", "0+1", "--out", str(tmp_path / "v1.5")]) == 2
    assert "has no weights yet" in capsys.readouterr().err  # that name is as good as any
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_no_disk_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", "a" * 5000]) == 2
    assert capsys.readouterr().err == f"'{'a' * 80}' is too long for a name of a file.\n"
