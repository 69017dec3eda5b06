"""What verbs print of one epoch, one file and one picture is no plural."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import cli
from tests.core.tiny import tiny_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures as files, and one file that is none."""
    path = tmp_path / "pictures"
    path.mkdir()
    for number, picture in enumerate(tiny_dataset(12).pictures(slice(None))):
        Image.fromarray(np.repeat(picture[..., :1], 3, axis=2)).save(path / f"{number:02}.png")
    (path / "broken.png").write_bytes(b"no picture")
    return path


def test_one_epoch_one_file_and_one_picture(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = tmp_path / "run", tmp_path / "edited"
    small = ["--latent-dim", "2", "--batch-size", "4", "--device", "cpu", "--precision", "float32"]
    assert cli.main(["train", "--data", str(folder), *small, "--epochs", "1", "--out", str(run)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"Done: {run} after 1 epoch.\n"
    assert "1 file was skipped: broken.png: " in printed.err
    assert cli.main(["train", "--out", str(run), "--resume"]) == 2
    assert "has finished its 1 epoch; ask for more than that" in capsys.readouterr().err
    assert cli.main(["train", "--out", str(run), "--resume", "--epochs", "2"]) == 0
    assert capsys.readouterr().out == f"Done: {run} after 2 epochs.\n"
    batch = ["batch", str(run), "--adjust", "0+2", "--out", str(out)]
    assert cli.main([*batch, "--indices", "3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 picture changed by ")
    assert "±" not in said.splitlines()[0]
