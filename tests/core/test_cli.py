"""The verbs as functions, and a few runs of the program as a process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

import main as entry
from core import cli
from core.codec import Codec
from core.config import ImportConfig, TrainConfig
from core.edits import apply_edits, parse_edits
from core.encoding import CODES_FILE
from core.export import make_comparison, read_recipe
from core.runs import Run
from core.terminal import ProgressLine
from tests.core.tiny import tiny_config, tiny_dataset

ROOT = Path(__file__).resolve().parents[2]
FAST = (
    "--latent-dim",
    "4",
    "--epochs",
    "2",
    "--batch-size",
    "16",
    "--device",
    "cpu",
    "--precision",
    "float32",
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An .npy of small pictures."""
    path = tmp_path_factory.mktemp("pictures") / "pictures.npy"
    np.save(path, tiny_dataset(40).pictures(slice(None)))
    return path


@pytest.fixture(scope="module")
def trained(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that the command line made; tests leave it as it is."""
    path = tmp_path_factory.mktemp("runs") / "run"
    assert cli.main(["train", "--data", str(pictures), *FAST, "--out", str(path)]) == 0
    return path


def error_of(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence that a mistake leaves on standard error."""
    capsys.readouterr()
    assert cli.main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err.strip()


def test_train_makes_a_run(trained: Path, pictures: Path) -> None:
    run = Run.open(trained)
    assert run.is_finished
    assert run.config.train.latent_dim == 4
    assert run.config.data.source == str(pictures)
    weights = safetensors.numpy.load_file(trained / "model.safetensors")
    assert weights["encoder.0.weight"].shape == (1024, 192)
    assert weights["decoder.8.weight"].shape == (192, 1024)
    header = (trained / "metrics.csv").read_text().splitlines()[0]
    assert header == "step,epoch,images,seconds,loss,reconstruction,kl,mse,val_mse"


def test_train_says_a_line_an_epoch_where_there_is_no_terminal(
    pictures: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "vae run"
    args = ["train", "--data", str(pictures), *FAST, "--objective", "vae", "--out", str(out)]
    assert cli.main(args) == 0
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[0].startswith("(40,8,8,3) uint8, 0..255")
    assert lines[1] == "Training on cpu in float32."
    assert [line.split("  ")[0].split(":")[0] for line in lines[2:]] == ["epoch 1/2", "epoch 2/2"]
    assert "validation mse" in lines[2]
    assert "kl" in lines[2]
    assert captured.out == f"Done: {out} after 2 epochs.\n"


@pytest.mark.parametrize("held_out", ["0.1", "0"])
def test_the_line_of_an_epoch_has_the_means_over_its_pictures(
    pictures: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch, held_out: str
) -> None:
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)  # a report each step
    out = str(tmp_path / "run")
    args = ["train", "--data", str(pictures), *FAST, "--val-fraction", held_out, "--batch-size", "16"]
    assert cli.main([*args, "--epochs", "3", "--out", out]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]
    metrics = Run.open(out).metrics()
    sizes = np.diff(metrics.images, prepend=0)
    assert set(sizes.tolist()) == ({16, 4} if held_out == "0.1" else {16, 8})
    means = [
        float((metrics.mse * sizes)[metrics.epoch == epoch].sum() / sizes[metrics.epoch == epoch].sum())
        for epoch in (1, 2, 3)
    ]
    assert [f"mse {mean:.5f}" for mean in means] == [line.split("  ")[1] for line in lines]
    assert metrics.of_last_epoch("mse") == pytest.approx(means[-1])
    assert cli.main(["info", out]) == 0
    assert f"(mse {means[-1]:.5f}), over the last epoch" in capsys.readouterr().out
    assert cli.main(["train", "--out", out, "--resume", "--epochs", "4"]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]
    metrics = Run.open(out).metrics()
    last = metrics.epoch == 4
    mean = np.average(metrics.mse[last], weights=np.diff(metrics.images, prepend=0)[last])
    assert line.split("  ")[1] == f"mse {mean:.5f}"


def test_train_says_when_the_code_has_collapsed(pictures: Path, tmp_path: Path, capsys) -> None:
    data = ["--data", str(pictures), *FAST, "--out", str(tmp_path / "run")]
    pressed = ["--objective", "vae", "--beta", "1000", "--learning-rate", "3e-3", "--epochs", "12"]
    assert cli.main(["train", *data, *pressed]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert said.count("Posterior collapse") == 1


def test_resume_needs_no_other_options_and_takes_more_epochs(pictures: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "run"
    assert (
        cli.main(["train", "--data", str(pictures), *FAST, "--learning-rate", "2e-3", "--out", str(path)])
        == 0
    )
    assert "has finished its 2 epochs" in error_after_reading(
        ["train", "--out", str(path), "--resume"], capsys
    )
    assert cli.main(["train", "--out", str(path), "--resume", "--epochs", "3"]) == 0
    run = Run.open(path)
    assert run.progress().epoch == 3
    assert run.config.train.learning_rate == 2e-3
    assert "was made with latent_dim 4, not 5" in error_after_reading(
        ["train", "--out", str(path), "--resume", "--latent-dim", "5"], capsys
    )


def test_the_learning_rate_is_the_networks_where_none_is_given(pictures: Path, tmp_path: Path) -> None:
    fast = ["train", "--data", str(pictures), *FAST]
    for network, asked, expected in (
        ("fc", [], 3e-4),
        ("conv", [], 1e-3),
        ("conv", ["--learning-rate", "3e-4"], 3e-4),
        ("conv", ["--learning_rate", "2e-4"], 2e-4),
        ("conv", ["--learning-rate=1e-4"], 1e-4),
    ):
        out = tmp_path / "-".join([network, *asked])
        assert cli.main([*fast, "--network", network, *asked, "--out", str(out)]) == 0
        assert Run.open(out).config.train.learning_rate == expected


def error_after_reading(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert cli.main(args) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_run_is_never_overwritten(trained: Path, pictures: Path, capsys) -> None:
    args = ["train", "--data", str(pictures), *FAST, "--out", str(trained)]
    assert "already holds a run" in error_after_reading(args, capsys)


def test_the_setting_out_of_its_range_is_named(tmp_path: Path, capsys) -> None:
    out = str(tmp_path / "run")
    assert error_of(["train", "--out", out, "--epochs", "0"], capsys).startswith("epochs cannot be 0: ")
    assert error_of(["train", "--out", out, "--size", "9999"], capsys).startswith("size cannot be 9999: ")
    assert "--network" in error_of(["train", "--out", out, "--network", "gan"], capsys)
    assert "--epochs" in error_of(["train", "--out", out, "--epochs", "many"], capsys)
    assert "--eopchs" in error_of(["train", "--out", out, "--eopchs", "3"], capsys)
    assert "--out" in error_of(["train"], capsys)
    assert not (tmp_path / "run").exists()


def test_data_that_is_not_there(tmp_path: Path, capsys) -> None:
    message = error_of(["train", "--data", str(tmp_path / "no.npy"), "--out", str(tmp_path / "run")], capsys)
    assert "no.npy is not there" in message


def test_a_run_cannot_be_made_in_a_file(pictures: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "file"
    file.write_text("")
    args = ["train", "--data", str(pictures), *FAST, "--out", str(file / "run")]
    assert "cannot be made" in error_after_reading(args, capsys)


def test_edit_writes_the_comparison(trained: Path, pictures: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "before_after.png"
    texts = ["0+20", "3+20", "3=1.5,2*-1"]
    adjust = [part for text in texts for part in ("--adjust", text)]
    assert (
        cli.main(["edit", str(trained), "--data", str(pictures), "--index", "7", *adjust, "--out", str(out)])
        == 0
    )
    assert capsys.readouterr().out == f"Written: {out}\n"
    codec, picture = Codec.from_run(Run.open(trained)), np.load(pictures)[7]
    z = codec.encode(picture[None])[0]
    adjustments = [parse_edits(text, 4) for text in texts]
    comparison = make_comparison(codec, None, picture, 7, [(edits, None) for edits in adjustments])
    expected = [picture, *codec.decode(np.stack([z, *(apply_edits(edits, z) for edits in adjustments)]))]
    recipe = read_recipe(out)
    with Image.open(out) as image:
        shown = np.asarray(image)
    boxes = panels_found(shown, expected, scale=4)
    assert len(boxes) == 5
    assert len({top for _, top in boxes}) == 1  # five in one row, in their order
    assert [left for left, _ in boxes] == sorted(left for left, _ in boxes)
    assert recipe.index == 7
    assert [adjustment.edits for adjustment in recipe.adjustments] == ["0+20", "3+20", "3=1.5,2*-1"]
    assert recipe.adjustments[0].note == comparison.adjustments[0].note
    np.testing.assert_allclose(np.array(recipe.start), z, atol=1e-6)
    assert recipe.data is not None
    assert recipe.data.source == str(pictures)
    assert (trained / CODES_FILE).exists()


def panels_found(image: np.ndarray, pictures: list[np.ndarray], scale: int) -> list[tuple[int, int]]:
    """Where each picture, enlarged, stands in the image: searched for, so that no layout is believed."""
    found = []
    for picture in pictures:
        big = np.kron(picture, np.ones((scale, scale, 1), np.uint8))
        height, width = big.shape[:2]
        for top, left in np.argwhere((image == big[0, 0]).all(-1)):
            if np.array_equal(image[top : top + height, left : left + width], big):
                found.append((int(left), int(top)))
                break
    return found


def test_edit_of_the_run_s_own_data_with_words_and_differences(trained: Path, tmp_path: Path) -> None:
    plain, rich = tmp_path / "plain.png", tmp_path / "rich.png"
    base = ["edit", str(trained), "--adjust", "0+1", "--adjust", "1+1"]
    assert cli.main([*base, "--out", str(plain)]) == 0
    more = ["--note", "He smiles.", "--difference", "--theme", "dark", "--scale", "2"]
    assert cli.main([*base, *more, "--out", str(rich)]) == 0
    notes = [adjustment.note for adjustment in read_recipe(rich).adjustments]
    assert notes[0] == "He smiles."
    assert notes[1] == read_recipe(plain).adjustments[1].note
    with Image.open(rich) as dark, Image.open(plain) as light:
        assert dark.getpixel((0, 0)) == (0x16, 0x18, 0x1D)
        assert light.getpixel((0, 0)) == (255, 255, 255)


def test_edit_mistakes(trained: Path, pictures: Path, tmp_path: Path, capsys) -> None:
    def edit(*args: str) -> str:
        return error_of(["edit", str(trained), "--out", str(tmp_path / "x.png"), *args], capsys)

    assert edit("--index", "40") == "There is no picture 40: pictures has 40, numbered 0 to 39."
    assert edit("--index", "-1").startswith("There is no picture -1")
    assert edit("--adjust", "4+1") == "There is no dimension 4: the code has 4, numbered 0 to 3."
    assert "is no adjustment" in edit("--adjust", "smile")
    assert edit("--adjust", "0+1", "--scale", "0") == "The scale is 0; it must be 1 to 32."
    assert "More notes than adjustments: 2 for 1;" in edit("--adjust", "0+1", "--note", "a", "--note", "b")
    assert "--theme" in edit("--theme", "pink")
    other = tmp_path / "grey.npy"
    np.save(other, tiny_dataset(5, height=12, width=12, channels=1).pictures(slice(None)))
    assert "reads pictures of 8×8 colour, and these are 12×12 grey" in edit("--data", str(other))
    assert not (tmp_path / "x.png").exists()
    where = str(tmp_path / "no" / "x.png")
    assert "cannot be written" in error_of(["edit", str(trained), "--adjust", "0+1", "--out", where], capsys)
    assert "holds no run" in error_of(["edit", str(tmp_path), "--out", where], capsys)


def test_other_data_is_read_at_the_size_asked_for(trained: Path, tmp_path: Path) -> None:
    other, out = tmp_path / "large.npy", tmp_path / "x.png"
    np.save(other, tiny_dataset(5, height=24, width=24).pictures(slice(None)))
    args = ["edit", str(trained), "--data", str(other), "--size", "8", "--index", "3", "--adjust", "0+1"]
    assert cli.main([*args, "--out", str(out)]) == 0
    data = read_recipe(out).data
    assert data is not None
    assert (data.height, data.policy.size) == (8, 8)


def test_info_of_a_run(trained: Path, capsys) -> None:
    assert cli.main(["info", str(trained)]) == 0
    text = capsys.readouterr().out
    parameters = 2 * (192 * 1024 + 1024 * 512 + 512 * 256 + 256 * 128 + 128 * 4)
    parameters += 2 * (1024 + 512 + 256 + 128) + 4 + 192
    assert f"{parameters:,}" in text
    assert "epoch 2 of 2" in text
    assert "encoder.0" in text
    assert cli.main(["info", str(trained), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "run"
    assert facts["parameters"] == parameters
    assert facts["train"]["latent_dim"] == 4
    assert facts["finished"] is True
    assert facts["last"]["epoch"] == 2
    assert facts["val_mse"]["best"] <= facts["val_mse"]["last"]
    assert facts["files"]["model.safetensors"] == (trained / "model.safetensors").stat().st_size


def test_info_of_pictures(pictures: Path, capsys) -> None:
    assert cli.main(["info", str(pictures)]) == 0
    text = capsys.readouterr().out
    assert "8×8 colour" in text
    assert "(40,8,8,3) uint8" in text
    assert cli.main(["info", str(pictures), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["count"], facts["height"], facts["channels"]) == ("data", 40, 8, 3)
    assert facts["skipped"] == []
    assert cli.main(["info", "faces:count=6,size=16,seed=1", "--json"]) == 0
    labels = json.loads(capsys.readouterr().out)["labels"]
    assert "glasses" in {label["name"] for label in labels}


def test_info_of_nothing(tmp_path: Path, capsys) -> None:
    assert "is not there" in error_of(["info", str(tmp_path / "absent")], capsys)


@pytest.mark.parametrize("verb", ["train", "edit", "info"])
def test_help_is_worth_reading(verb: str, capsys) -> None:
    assert cli.main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: latent-dials {verb}" in text
    assert text.count(f"  latent-dials {verb} ") >= 2  # its examples
    if verb == "train":
        named = {
            f"--{name.replace('_', '-')}" for name in (*TrainConfig.model_fields, *ImportConfig.model_fields)
        }
        for flag in named | {"--data", "--out", "--resume"}:
            assert flag in text
        assert "Passes over the training pictures." in text


def test_the_overview(capsys) -> None:
    assert cli.main([]) == 0
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {verb} " in text for verb in cli.VERBS)
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("latent-dials ")


def test_a_word_that_is_no_verb(capsys) -> None:
    said = error_of(["trian"], capsys)
    assert said.startswith("'trian' is neither a verb (train, edit, info, import, ")
    assert ") nor a file or folder; see " in said


def test_a_fault_of_ours_is_1_with_a_traceback(monkeypatch, capsys) -> None:
    def broken(_args: list[str]) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("core.verbs.info.run", broken)
    assert cli.main(["info", "x"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_what_opens_the_window(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"")
    for args in (
        [],
        [str(picture)],
        [str(tmp_path)],
        ["faces"],
        ["faces:count=10"],
        ["-platform", "offscreen"],
    ):
        assert entry._is_for_the_window(args)
    for args in (
        ["train"],
        ["edit", "x"],
        ["--help"],
        ["-h"],
        ["--version"],
        ["trian"],
        [str(tmp_path / "no")],
    ):
        assert not entry._is_for_the_window(args)


def test_a_terminal_s_line_is_written_over_and_taken_away(monkeypatch) -> None:
    written: list[str] = []

    class Terminal:
        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            written.append(text)

        def flush(self) -> None:
            pass

    monkeypatch.setenv("COLUMNS", "20")
    with ProgressLine(Terminal()) as line:  # pyright: ignore[reportArgumentType]
        line.show("x" * 50)
        line.milestone("done")
        line.show("more")
    assert written == ["\r\x1b[2K" + "x" * 19, "\r\x1b[2K", "done\n", "\r\x1b[2Kmore", "\r\x1b[2K"]


def process(*args: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def test_the_program_as_a_process_needs_no_qt(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    code = "import sys, main; sys.exit(main.main() or any('PySide6' in name for name in sys.modules))"
    with process("-c", code, "edit", str(trained), "--adjust", "0+20", "--out", str(out)) as running:
        assert running.communicate(timeout=60) == (f"Written: {out}\n", "")
    assert running.returncode == 0
    assert read_recipe(out).adjustments[0].edits == "0+20"


def test_interrupting_a_training_leaves_a_run_that_goes_on(pictures: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    args = ["--data", str(pictures), *FAST, "--epochs", "100000", "--out", str(path)]
    with process("main.py", "train", *args) as running:
        deadline = time.monotonic() + 60
        while not rows_of(path / "metrics.csv") and time.monotonic() < deadline:
            assert running.poll() is None, running.communicate()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert out == f"Stopped and kept. To go on: latent-dials train --out {path} --resume\n"
    run = Run.open(path)
    assert run.has_checkpoint
    done = run.progress().step
    assert done > 0
    assert cli.main(["train", "--out", str(path), "--resume", "--epochs", str(run.progress().epoch + 2)]) == 0
    assert Run.open(path).progress().step > done


def rows_of(path: Path) -> int:
    return path.read_text().count("\n") - 1 if path.exists() else 0


def test_a_mistake_as_a_process(tmp_path: Path) -> None:
    with process("main.py", "info", str(tmp_path / "absent")) as running:
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert err.endswith(".\n")
    assert err.count("\n") == 1


def test_a_name_in_a_run_cannot_command_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = tiny_dataset()
    identity = dataset.identity.model_copy(update={"name": "\x1b[2Jfaces\x07"})
    run = Run.create(tmp_path / "run", tiny_config(), identity)
    assert cli.main(["info", str(run.path)]) == 0
    said = capsys.readouterr().out
    assert r"\x1b[2Jfaces\x07" in said
    assert not {"\x1b", "\x07"} & set(said)
