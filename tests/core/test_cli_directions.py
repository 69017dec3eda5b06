"""The verb directions, and edit with what it found."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.codec import Codec
from core.datasets import open_dataset
from core.directions import read_directions
from core.edits import Move, apply_edits
from core.export.recipe import read_recipe
from core.runs import Run
from core.training import train
from core.verbs.map import COLOURS
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    """A run of 40 tiny pictures that lie in a file."""
    np.save(tmp_path / "tiny.npy", tiny_dataset().pictures(slice(None)))
    dataset = open_dataset(tmp_path / "tiny.npy")
    run = Run.create(tmp_path / "run", tiny_config(objective="ae"), dataset.identity)
    for _record in train(dataset, run.config.train, run):
        pass
    return run.path


def test_found_listed_used_and_deleted(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(run_path)
    assert main(["directions", run]) == 0
    assert "has no directions yet" in capsys.readouterr().out
    labels = tmp_path / "labels.csv"
    brightness = tiny_dataset().pictures(slice(None)).mean(axis=(1, 2, 3))
    labels.write_text("index,bright\n" + "".join(f"{n},{v:.3f}\n" for n, v in enumerate(brightness)))
    arguments = ["--labels", str(labels), "--attribute", "bright>128", "--components", "2"]
    assert main(["directions", run, *arguments]) == 0
    printed = capsys.readouterr()
    assert "1 label for 40 pictures, matched by the index column." in printed.err + printed.out
    assert "Held out" in printed.out
    found = read_directions(run_path, 4)
    assert [one.name for one in found] == ["PC 1", "PC 2", "bright", "bright (classifier)"]
    assert main(["directions", run, "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == [one.name for one in found]
    out = tmp_path / "a.png"
    assert main(["edit", run, "--index", "3", "--adjust", "@bright+2,0+1", "--out", str(out)]) == 0
    recipe = read_recipe(out)
    code = Codec.from_run(Run.open(run_path)).encode(tiny_dataset().pictures([3]))[0]
    expected = apply_edits([Move(found[2].direction, 2.0)], code)
    expected[0] += 1.0
    assert recipe.code == pytest.approx(expected.tolist(), abs=1e-5)
    assert [one.edits for one in recipe.adjustments] == ["@bright+2,0+1"]
    assert main(["directions", run, "--delete", "pc 1"]) == 0
    assert [one.name for one in read_directions(run_path, 4)] == ["PC 2", "bright", "bright (classifier)"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--attribute", "Smiling"], "There is no label for --attribute Smiling: tiny has none; --labels"),
        (["--group-a", "1,2"], "needs both --group-a and --group-b"),
        (["--group-a", "1,2", "--group-b", "x"], "'x' are no numbers of pictures"),
        (["--group-a", "1,2", "--group-b", "40"], "There is no picture 40: the last is 39"),
        (["--group-a", "1,2", "--group-b", "3,2"], "Picture 2 is in both groups"),
        (["--components", "-1"], "--components must be 0 to 256"),
        (["--components", "1", "--name", 'a"b'], "is no name for a direction"),
        (["--components", "1", "--seed", "-1"], "--seed is -1"),
        (["--name", "hello"], "--name 'hello' names nothing, as no direction is asked for"),
        (
            ["--components", "2", "--name", "hello"],
            "--name 'hello' is for one direction, and 2 components are",
        ),
        (
            ["--attribute", "a", "--group-a", "1", "--group-b", "2", "--name", "hello"],
            "--name 'hello' is for one direction, and 2 are asked for: find them one by one",
        ),
        (["--delete", "nobody"], "There is no direction 'nobody'"),
        (["--labels", "/nowhere.csv", "--components", "1"], "/nowhere.csv"),
    ],
)
def test_mistakes_end_in_one_sentence(
    arguments: list[str], sentence: str, run_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["directions", str(run_path), *arguments]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence in error
    assert read_directions(run_path, 4) == ()


def test_a_name_is_that_of_the_one_direction_that_is_found(run_path: Path, tmp_path: Path) -> None:
    run, labels = str(run_path), tmp_path / "labels.csv"
    labels.write_text("index,x\n" + "".join(f"{n},{n + 0.5}\n" for n in range(40)))
    assert main(["directions", run, "--components", "1", "--name", "hello"]) == 0
    (found,) = read_directions(run_path, 4)
    assert (found.name, found.kind) == ("hello", "pca")
    both = ["--components", "2", "--attribute", "x", "--name", "far"]
    assert main(["directions", run, "--labels", str(labels), *both]) == 0
    names = [one.name for one in read_directions(run_path, 4)]
    assert names == ["hello", "PC 1", "PC 2", "far", "far (classifier)"]


@pytest.mark.parametrize(
    ("attribute", "sentence"),
    [
        ("radius=3", "radius has numbers, not classes; write radius>3 for what is greater."),
        ("radius=", "radius has numbers, not classes; write radius>20 for"),
        ("radius=big", "radius has numbers, not classes; write radius>20 for"),
        ("radius>nan", "'nan' is no number to compare with; write radius>20, say."),
        ("radius>-inf", "'-inf' is no number to compare with; write radius>20, say."),
        ("radius>1e999", "'1e999' is no number to compare with"),
        ("radius>big", "'big' is no number to compare with"),
    ],
)
def test_a_column_of_numbers_is_compared_with_a_number(
    attribute: str, sentence: str, run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("index,radius\n" + "".join(f"{n},{n + 0.5}\n" for n in range(40)))
    given = ["directions", str(run_path), "--labels", str(labels), "--method", "mean-difference"]
    assert main([*given, "--attribute", attribute]) == 2
    assert f"--attribute {attribute}: {sentence}" in capsys.readouterr().err
    assert read_directions(run_path, 4) == ()
    assert main([*given, "--attribute", "radius>30"]) == 0
    (found,) = read_directions(run_path, 4)
    assert (found.positive, found.negative) == (10, 30)


def test_every_form_has_the_same_words_for_the_same_facts(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, labels = str(run_path), tmp_path / "labels.csv"
    labels.write_text("index,x\n" + "".join(f"{n},{n + 0.5}\n" for n in range(40)))
    found = ["--components", "1", "--attribute", "x>29", "--method", "mean-difference"]
    assert main(["directions", run, "--labels", str(labels), *found]) == 0
    capsys.readouterr()
    assert main(["directions", run, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    for suffix in ("json", "csv", "npz"):
        assert main(["codes", run, "--directions", "--out", str(tmp_path / f"d.{suffix}")]) == 0
    assert json.loads((tmp_path / "d.json").read_text()) == said
    component, direction = read_directions(run_path, 4)
    assert direction.accuracy is not None
    expected = {
        "share_of_variance": [component.share, None],
        "held_out_accuracy": [None, direction.accuracy.plain],
        "held_out_balanced_accuracy": [None, direction.accuracy.balanced],
    }
    rows = list(csv.DictReader((tmp_path / "d.csv").read_text().splitlines()))
    with np.load(tmp_path / "d.npz", allow_pickle=False) as arrays:
        for name, values in expected.items():
            assert [one[name] for one in said] == values
            assert [float(row[name]) if row[name] else None for row in rows] == values
            np.testing.assert_array_equal(arrays[name], np.array(values, np.float64))
    assert said[1]["held_out_pictures"] == direction.accuracy.count
    assert said[1]["held_out_majority_share"] == direction.accuracy.majority


def test_fewer_components_than_asked_for_are_said(run_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["directions", str(run_path), "--components", "99"]) == 0
    assert "no more than 4 of their 4 dimensions" in capsys.readouterr().err
    assert len(read_directions(run_path, 4)) == 4


def test_one_picture_of_a_group_is_no_plural(run_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["directions", str(run_path), "--group-a", "1", "--group-b", "2,3"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "the mean code of 1 picture less that of 2." in first
    assert "the normal of a linear classifier of 1 picture against 2." in second


def test_two_directions_of_one_name_are_refused(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("index,x\n" + "".join(f"{n},{n + 0.5}\n" for n in range(40)))
    wanted = ["--attribute", "x>10", "--attribute", "x>20", "--method", "mean-difference"]
    assert main(["directions", str(run_path), "--labels", str(labels), *wanted]) == 2
    assert "Two of these would be called 'x'" in capsys.readouterr().err
    assert read_directions(run_path, 4) == ()


def test_what_is_replaced_is_said_and_each_says_what_it_was_found_on(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(run_path)
    assert main(["directions", run, "--components", "2"]) == 0
    assert "replaces" not in capsys.readouterr().out
    np.save(tmp_path / "others.npy", tiny_dataset().pictures(slice(10, 30)))
    assert main(["directions", run, "--components", "1", "--data", str(tmp_path / "others.npy")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("PC 1: Principal component 1 (others): ")
    assert second.startswith(
        "  It replaces the one of this name that was kept. Principal component 1 (tiny): "
    )
    assert main(["directions", run]) == 0
    kept = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[2].partition(":")[0] for line in kept] == [
        " Principal component 2 (tiny)",
        " Principal component 1 (others)",
    ]


def test_a_name_that_must_be_quoted_is_said(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = str(run_path), str(tmp_path / "a.png")
    groups = ["--group-a", "1,2", "--group-b", "3,4", "--method", "mean-difference"]
    assert main(["directions", run, *groups, "--name", "a,b"]) == 0
    capsys.readouterr()
    assert main(["edit", run, "--adjust", "@a,b+2", "--out", out]) == 2
    assert '@"a, b"+2 for a name with a comma' in capsys.readouterr().err
    assert main(["edit", run, "--adjust", '@"a,b"+2', "--out", out]) == 0


def test_heat_takes_directions_too(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = str(run_path), tmp_path / "heat.png"
    assert main(["directions", run, "--components", "1"]) == 0
    capsys.readouterr()
    assert main(["heat", run, "--index", "3", "--dial", "@pc 1", "--dial", "z2", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in lines[:2]] == ["PC 1", "z2"]
    assert out.is_file()
    assert main(["heat", run, "--index", "3", "--dial", "@PC 1", "--json"]) == 0
    (facts,) = json.loads(capsys.readouterr().out)
    codec, (found,) = Codec.from_run(Run.open(run_path)), read_directions(run_path, 4)
    code = codec.encode(tiny_dataset().pictures([3]))[0]
    ends = codec.decode_float(np.stack([code, code + np.array(found.direction.vector, np.float32)]))
    change = (ends[1] - ends[0]).abs().mean().item() * 127.5
    assert (facts["dial"], facts["mean"]) == ("PC 1", pytest.approx(change, rel=1e-3))
    assert main(["heat", run, "--dial", "@nobody"]) == 2
    assert "There is no direction 'nobody'" in capsys.readouterr().err


def test_other_weights_are_said(run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(run_path)
    assert main(["directions", run, "--components", "1"]) == 0
    path = run_path / "directions.json"
    saved = json.loads(path.read_text())
    saved["directions"][0]["weights"] = "another"
    path.write_text(json.dumps(saved))
    capsys.readouterr()
    assert main(["edit", run, "--adjust", '@"PC 1"+1', "--out", str(tmp_path / "a.png")]) == 0
    assert "was trained on since PC 1 was found" in capsys.readouterr().err


def test_labels_of_a_file_colour_the_map_and_go_with_the_codes(
    run_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("index,hat\n" + "".join(f"{n},{'no' if n % 2 else 'yes'}\n" for n in range(40)))
    given = [str(run_path), "--labels", str(labels)]
    assert main(["map", *given, "--label", "hat", "--out", str(tmp_path / "map.png")]) == 0
    with Image.open(tmp_path / "map.png") as picture:
        colours = {colour for _count, colour in picture.getcolors(1 << 20) or []}
    assert {COLOURS[0], COLOURS[1]} <= colours
    assert main(["codes", *given, "--indices", "0-1", "--out", str(tmp_path / "codes.csv")]) == 0
    head, first, second = (tmp_path / "codes.csv").read_text().splitlines()
    assert (head.split(",")[-1], first.split(",")[-1], second.split(",")[-1]) == ("hat", "yes", "no")
    capsys.readouterr()
    assert main(["directions", *given, "--attribute", "hat>1"]) == 2
    assert "hat has classes, not numbers; write hat=CLASS with one of no, yes." in capsys.readouterr().err
    assert main(["directions", *given[:2], str(tmp_path / "absent.csv"), "--attribute", "hat"]) == 2
    assert "absent.csv is not there" in capsys.readouterr().err
