"""The anomaly CSV against plain torch, on real pictures and on made ones."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from core import cli
from core.codec import Codec
from core.datasets import open_dataset
from core.datasets.dataset import ImageDataset
from core.runs import Run
from core.training import train
from tests.core.tiny import tiny_config, tiny_dataset


def trained(path: Path, dataset: ImageDataset) -> Run:
    """A run of a moment."""
    run = Run.create(path, tiny_config(epochs=1, network="conv"), dataset.identity)
    for _record in train(dataset, run.config.train, run):
        pass
    return run


def plain_scores(run: Run, pixels: np.ndarray) -> np.ndarray:
    """The scores as the course's sample code computes them, of all pictures at once."""
    network = run.load_network("best")
    with torch.no_grad():
        pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        recon = network.decode(network.encode(pictures))
    return ((recon - pictures).double() ** 2).sum((1, 2, 3)).sqrt().numpy()


def read(path: Path) -> list[list[str]]:
    """The rows of a CSV."""
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_scores_are_those_of_plain_torch_on_real_pictures(real_data: Path, tmp_path: Path) -> None:
    pixels = np.load(real_data / "faces_test.npy")[:60]
    np.save(tmp_path / "test.npy", pixels)
    run = trained(tmp_path / "run", open_dataset(tmp_path / "test.npy"))
    out = tmp_path / "score.csv"
    line = ["score", str(run.path), "--data", str(tmp_path / "test.npy"), "--out", str(out)]
    assert cli.main(line) == 0
    rows = read(out)
    assert rows[0] == ["ID", "score"]
    assert [row[0] for row in rows[1:]] == [str(i) for i in range(60)]
    assert [float(row[1]) for row in rows[1:]] == pytest.approx(plain_scores(run, pixels), rel=1e-5)
    first = out.read_bytes()
    assert cli.main(line) == 0
    assert out.read_bytes() == first
    assert b"\r" not in first


def test_more_than_one_batch_and_what_cannot_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = tiny_dataset(150, 16, 16)
    run = trained(tmp_path / "run", dataset)
    assert Codec.from_run(run).batch < 150
    np.save(tmp_path / "new.npy", dataset.pictures(slice(None)))
    out = tmp_path / "score.csv"
    assert cli.main(["score", str(run.path), "--data", str(tmp_path / "new.npy"), "--out", str(out)]) == 0
    found = [float(row[1]) for row in read(out)[1:]]
    assert found == pytest.approx(plain_scores(run, dataset.pictures(slice(None))), rel=1e-5)
    before = out.read_bytes()
    np.save(tmp_path / "large.npy", np.zeros((3, 32, 32, 3), np.uint8))
    assert cli.main(["score", str(run.path), "--data", str(tmp_path / "large.npy"), "--out", str(out)]) == 2
    assert "16×16" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert [file.name for file in tmp_path.glob(".*")] == []
    nowhere = tmp_path / "absent" / "score.csv"
    assert cli.main(["score", str(run.path), "--data", str(tmp_path / "new.npy"), "--out", str(nowhere)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_neighbours_and_map_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = tiny_dataset(60, 16, 16)
    run = trained(tmp_path / "run", dataset)
    np.save(tmp_path / "data.npy", dataset.pictures(slice(None)))
    data = ["--data", str(tmp_path / "data.npy")]
    png = tmp_path / "near.png"
    assert (
        cli.main(["neighbours", str(run.path), *data, "--index", "7", "--count", "3", "--out", str(png)]) == 0
    )
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Rarer than ")
    assert said[1].split()[0] == "#7"
    assert len(said) == 5
    assert png.is_file()
    assert cli.main(["neighbours", str(run.path), *data, "--adjust", "0+99", "--json"]) == 0
    assert '"rarer_than": 1.0' in capsys.readouterr().out
    assert cli.main(["neighbours", str(run.path), *data, "--count", "0"]) == 2
    table = tmp_path / "map.csv"
    assert cli.main(["map", str(run.path), *data, "--out", str(table)]) == 0
    rows = read(table)
    assert rows[0] == ["index", "x", "y"]
    codes = Codec.from_run(run).encode(dataset.pictures(slice(None))).astype(np.float64)
    centred = codes - codes.mean(axis=0)
    _left, _values, right = np.linalg.svd(centred, full_matrices=False)
    seen = np.array([[float(x), float(y)] for _index, x, y in rows[1:]])
    assert np.allclose(np.abs(seen), np.abs(centred @ right[:2].T), atol=1e-3)
    assert cli.main(["map", str(run.path), *data, "--out", str(tmp_path / "map.png")]) == 0
    assert cli.main(["map", str(run.path), *data, "--out", str(tmp_path / "map.txt")]) == 2
    assert cli.main(["map", str(run.path), *data, "--label", "age", "--out", str(tmp_path / "m.png")]) == 2
    assert "no label" in capsys.readouterr().err
