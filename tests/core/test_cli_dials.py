"""The verbs dials, heat and factors, on a small run of the built-in faces."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import cli
from core.codec import Codec
from core.datasets import open_dataset
from core.dial_numbers import KL_FILE, measure_kl
from core.encoding import finished
from core.factors import FACTORS_FILE
from core.latents import statistics
from core.runs import Run

DATA = "faces:count=320,size=16"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vae of 4 dimensions; tests add files of measurements to it and nothing else."""
    path = tmp_path_factory.mktemp("runs") / "run"
    asked = ["--objective", "vae", "--latent-dim", "4", "--epochs", "2", "--batch-size", "64",
             "--device", "cpu", "--precision", "float32"]  # fmt: skip
    assert cli.main(["train", "--data", DATA, *asked, "--out", str(path)]) == 0
    return path


def mistake(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert cli.main(args) == 2
    return capsys.readouterr().err.strip()


def test_dials_says_what_is_measured(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dials", str(trained), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    codec, dataset = Codec.from_run(Run.open(trained)), open_dataset(DATA)
    codes = codec.encode(dataset.pictures(slice(None)))
    stats = statistics(codes)
    assert facts["pictures"] == 320
    kl = finished(measure_kl(codec, dataset))
    assert kl is not None
    for dim, dial in enumerate(facts["dials"]):
        assert dial["dial"] == dim
        assert dial["mean"] == pytest.approx(float(stats.mean[dim]), abs=1e-4)
        assert dial["std"] == pytest.approx(float(stats.std[dim]), abs=1e-4)
        assert dial["p99"] == pytest.approx(np.percentile(codes[:, dim], 99), abs=1e-4)
        assert dial["kl"] == pytest.approx(float(kl[dim]), abs=1e-4)
        assert dial["effect"] >= 0.0
    assert facts["correlation"][0][1] == pytest.approx(np.atleast_2d(np.corrcoef(codes.T))[0, 1], abs=1e-3)
    assert (trained / KL_FILE).is_file()


def test_dials_writes_a_table_and_the_correlations(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, image, numbers = tmp_path / "dials.csv", tmp_path / "c.png", tmp_path / "c.csv"
    assert cli.main(["dials", str(trained), "--out", str(table), "--correlation", str(image)]) == 0
    text = capsys.readouterr().out
    assert "active, measured on 320 pictures" in text
    assert "KL of all dials" in text
    assert len(list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))) == 4
    with Image.open(image) as opened:
        assert opened.format == "PNG"
        assert opened.width > 100
    assert cli.main(["dials", str(trained), "--sort", "kl", "--correlation", str(numbers)]) == 0
    rows = list(csv.reader(io.StringIO(numbers.read_text("utf-8"))))
    assert rows[0] == ["", "z0", "z1", "z2", "z3"]
    assert rows[2][2] == "1.0"


def test_the_order_asked_for_is_that_of_every_form(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, facts = tmp_path / "dials.csv", tmp_path / "dials.json"
    by_spread = ["dials", str(trained), "--sort", "std"]
    assert cli.main([*by_spread, "--out", str(table)]) == 0
    printed = [int(line.split()[0]) for line in capsys.readouterr().out.splitlines()[2:6]]
    assert cli.main([*by_spread, "--out", str(facts), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert cli.main(["dials", str(trained), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    spread = [dial["std"] for dial in plain["dials"]]
    assert printed != [0, 1, 2, 3]
    assert [spread[dial] for dial in printed] == sorted(spread, reverse=True)
    assert [int(row["dial"]) for row in csv.DictReader(io.StringIO(table.read_text("utf-8")))] == printed
    for dials in (said["dials"], json.loads(facts.read_text("utf-8"))["dials"]):
        assert dials == [plain["dials"][dial] for dial in printed]
    both = np.array(plain["correlation"])[np.ix_(printed, printed)]
    np.testing.assert_array_equal(said["correlation"], both)


def test_heat_says_and_shows_where_dials_act(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "heat.png"
    args = ["heat", str(trained), "--index", "7", "--dial", "2", "--dial", "0", "--out", str(image)]
    assert cli.main(args) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["z2", "z0"]
    assert all("+1σ: " in line for line in lines[:2])
    with Image.open(image) as opened:
        assert opened.width > 3 * 16 * 4
    assert cli.main(["heat", str(trained), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 3
    assert found[0]["mean"] <= found[0]["most"]


def test_factors_holds_dials_against_labels(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, facts = tmp_path / "factors.png", tmp_path / "factors.json"
    assert cli.main(["factors", str(trained), "--out", str(image)]) == 0
    text = capsys.readouterr().out
    assert "MIG" in text
    assert "background" in text
    assert (trained / FACTORS_FILE).is_file()
    with Image.open(image) as opened:
        assert opened.height > 200
    assert cli.main(["factors", str(trained), "--out", str(facts)]) == 0
    found = json.loads(facts.read_text("utf-8"))
    shares = np.array(found["normalised_mutual_information"])
    assert shares.shape == (4, len(found["factors"]))
    assert found["scores"]["mig"] == pytest.approx(np.diff(np.sort(shares, axis=0)[-2:], axis=0).mean())


def test_factors_takes_labels_from_a_file(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("index,parity\n" + "".join(f"{at},{at % 2}\n" for at in range(320)), "utf-8")
    assert cli.main(["factors", str(trained), "--labels", str(labels), "--json"]) == 0
    assert "parity" in [factor["name"] for factor in json.loads(capsys.readouterr().out)["factors"]]


def test_mistakes_are_one_sentence(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "must end in .csv or .json" in mistake(["dials", str(trained), "--out", "x.txt"], capsys)
    assert "must end in .csv or .png" in mistake(["dials", str(trained), "--correlation", "x"], capsys)
    assert "must end in .png" in mistake(["heat", str(trained), "--out", "x.gif"], capsys)
    assert "There is no dial 4: they are 0 to 3" in mistake(["heat", str(trained), "--dial", "4"], capsys)
    assert "There is no picture 320" in mistake(["heat", str(trained), "--index", "320"], capsys)
    assert "must end in .png or .json" in mistake(["factors", str(trained), "--out", "x"], capsys)


def test_pictures_without_labels_are_said(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.npy"
    np.save(bare, open_dataset(DATA).pictures(slice(60)))
    assert "have no labels" in mistake(["factors", str(trained), "--data", str(bare)], capsys)
