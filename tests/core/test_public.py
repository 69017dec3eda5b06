"""The face for notebooks: what it promises is there, light until it is used; the README's lines run."""

import re
import subprocess
import sys
from importlib import import_module, util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import core
from core.edits import apply_edits, parse_edits
from tests.core.tiny import tiny_dataset

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def test_every_public_name_is_that_of_its_room() -> None:
    assert dir(core) == sorted(core.PUBLIC)
    for name, room in core.PUBLIC.items():
        assert getattr(core, name) is getattr(import_module(room), name)
        assert util.find_spec(f"core.{name}") is None, f"{name} is a module as well"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = core.nothing  # pyright: ignore[reportAttributeAccessIssue]


def test_what_the_type_checker_sees_is_what_is_there() -> None:
    source = (ROOT / "core" / "__init__.py").read_text("utf-8")
    seen = re.findall(r"^    from ([\w.]+) import (\w+) as \2$", source, flags=re.M)
    assert {name: room for room, name in seen} == core.PUBLIC


def test_importing_core_imports_neither_numpy_nor_torch_nor_qt() -> None:
    code = (
        "import sys, core; from core import TrainConfig;"
        "print(sorted({'numpy', 'torch', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_that_a_notebook_is_promised_is_there_without_qt() -> None:
    promised = {
        "train", "apply_edits", "save_picture", "read_labels", "principal_components", "attribute_direction",
        "measure_acting", "painted_code", "make_map", "nearest", "write_scores", "measure_study",
        "make_report", "traversal_film", "epochs_film", "export_networks", "write_codes", "edit_many",
        "measure_factors",
    }  # fmt: skip
    assert promised <= set(core.PUBLIC)
    code = "import sys; from core import *; print('PySide6' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def lines_of_the_readme() -> str:
    """The README's one block of Python."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), flags=re.M | re.S)
    return block


def test_the_ten_lines_of_the_readme_train_edit_and_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of_the_readme()
    assert len([line for line in lines.splitlines() if line.strip()]) == 10
    pictures = tiny_dataset(24).pictures(slice(None))
    np.save(tmp_path / "faces.npy", pictures)
    monkeypatch.chdir(tmp_path)
    exec(compile(lines, "README.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": validation mse 0.")[0] for line in said] == [f"epoch {n}" for n in range(1, 21)]
    codec = core.Codec.from_run(core.Run.open("faces-ae"))
    code = apply_edits(parse_edits("0+20,63+20", 64), codec.encode(pictures[7:8])[0])
    saved = np.asarray(Image.open("edited.png"))
    np.testing.assert_array_equal(saved, codec.decode(code)[0].repeat(4, axis=0).repeat(4, axis=1))
