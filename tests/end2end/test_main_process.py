"""The program as a process of its own: the verbs, their exit codes, and a window that opens and closes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.faces import draw_faces
from core.export.recipe import read_recipe
from core.runs import Run

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--latent-dim", "8", "--epochs", "1", "--batch-size", "32", "--device", "cpu"]


def program(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """main.py with arguments, run to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An .npy of 64 built-in faces of 16x16."""
    path = tmp_path_factory.mktemp("pictures") / "faces.npy"
    np.save(path, draw_faces(64, size=16).pixels)
    return path


def test_train_info_and_edit_from_pictures_to_a_png(tmp_path: Path, pictures: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "before_after.png"
    trained = program("train", "--data", pictures, *SMALL, "--out", run)
    assert trained.returncode == 0, trained.stderr
    assert "(64,16,16,3)" in trained.stderr  # how the array was read is said
    assert (
        (run / "metrics.csv")
        .read_text()
        .startswith("step,epoch,images,seconds,loss,reconstruction,kl,mse,val_mse")
    )
    edited = program("edit", run, "--index", 3, "--adjust", "0+20", "--adjust", "7=1.5,2*-1", "--out", out)
    assert edited.returncode == 0, edited.stderr
    recipe = read_recipe(out)
    assert [adjustment.edits for adjustment in recipe.adjustments] == ["0+20", "7=1.5,2*-1"]
    assert recipe.index == 3
    with Image.open(out) as image:
        assert image.width > 4 * 4 * 16  # four panels at scale 4
    facts = json.loads(program("info", run, "--json").stdout)
    assert facts["train"]["latent_dim"] == 8
    assert facts["finished"] is True


def test_a_mistake_of_the_user_is_one_sentence_and_exit_code_2() -> None:
    done = program("train", "--data", "/nowhere/at/all.npy", "--out", "run")
    assert done.returncode == 2
    assert "/nowhere/at/all.npy" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_ctrl_c_stops_training_without_loss_and_resume_goes_on(tmp_path: Path, pictures: Path) -> None:
    run = tmp_path / "run"
    settings = [*SMALL, "--epochs", "100000"]
    command = [sys.executable, str(ROOT / "main.py"), "train", "--data", str(pictures), *settings]
    process = subprocess.Popen(
        [*command, "--out", str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    end = time.monotonic() + 60
    while not (run / "metrics.csv").is_file() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "--resume" in said
    stopped = Run.open(run)
    assert not stopped.is_finished
    epochs = stopped.progress().epoch + 2
    resumed = program("train", "--out", run, "--resume", "--epochs", epochs)
    assert resumed.returncode == 0, resumed.stderr
    assert Run.open(run).progress().epoch == epochs
    steps = Run.open(run).metrics().step
    assert (np.diff(steps) > 0).all()  # one row a step: none lost, none twice


def test_help_names_every_verb_and_needs_no_display() -> None:
    shown = program("--help", DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert shown.returncode == 0
    for verb in ("train", "edit", "info"):
        assert verb in shown.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux starts without a display")
def test_without_a_display_the_window_says_so_and_ends_with_2() -> None:
    done = program(DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == 2
    assert "display" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def in_the_window(at_first_paint: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """main.py's window as a process; a source is run in its first paint event, with window and later()."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import main; from gui import app\n"
        "from PySide6.QtCore import QEvent, QObject, QTimer; create = app.create\n"
        "later = lambda do, ms=0: QTimer.singleShot(ms, do)\n"
        "class Paint(QObject):\n"
        "    def eventFilter(self, window, event):\n"
        "        if event.type() == QEvent.Type.Paint:\n"
        "            window.removeEventFilter(self)\n"
        f"            {at_first_paint}\n"
        "        return False\n"
        "def watched(argv=()):\n"
        "    window = create(argv); window.paint = Paint(); window.installEventFilter(window.paint)\n"
        "    return window\n"
        "app.create = watched; sys.exit(main.main(['faces:count=24,size=16']))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1", **variables},
    )


def test_the_window_is_painted_before_anything_heavy_is_imported() -> None:
    heavy = ("torch", "pyqtgraph", "PIL", "safetensors", "tyro", "core.datasets", "core.models", "core.runs")
    done = in_the_window(f"print([name for name in {heavy} if name in sys.modules]); later(window.close)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]"]
    assert done.stderr == ""


@pytest.mark.parametrize("ms", [0, 100, 700])
def test_the_window_closes_while_it_is_loading(ms: int) -> None:
    done = in_the_window(f"later(window.close, {ms})")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


WATCHING_IMPORTS = """
import threading
from importlib.abc import MetaPathFinder
class Watching(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        here = threading.current_thread() is threading.main_thread()
        if name in ("torch", "pyqtgraph") or not here and name.split(".")[0] in QTS:
            print(name, "here" if here else "in a thread")
QTS = ("PySide6", "shiboken6", "pyqtgraph", "gui")
sys.meta_path.insert(0, Watching())
window.session.loading.all_loaded.connect(window.close)
"""


def test_what_makes_classes_of_qts_is_imported_in_the_windows_thread_and_first() -> None:
    """Before Python 3.12 a class of Qt's that is made beside another thread may end the process."""
    done = in_the_window(f"exec({WATCHING_IMPORTS!r}, globals() | locals())")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["pyqtgraph here", "torch in a thread"]


@pytest.mark.parametrize("library", ["torch", "pyqtgraph"])
def test_what_cannot_be_imported_is_said_in_the_window(tmp_path: Path, library: str) -> None:
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").write_text("raise ImportError('a shared library is broken')")
    done = in_the_window(
        "s = window.session; s.failed.connect(print); s.loading.failed.connect(lambda: later(window.close))",
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "a shared library is broken" in done.stdout
    assert all(line.endswith(".") for line in done.stdout.splitlines())
    assert "Traceback" not in done.stderr


def test_help_and_the_version_import_nothing_heavy() -> None:
    for option in ("--help", "--version"):
        script = (
            "import sys; sys.path.insert(0, sys.argv[1]); import main; main.main([sys.argv[2]]);"
            "print([name for name in ('torch', 'tyro', 'numpy', 'PySide6') if name in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(ROOT), option], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]"
        assert "latent-dials" in done.stdout


def test_the_window_opens_and_closes_as_a_process() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import main; from gui import app;"
        "from PySide6.QtCore import QTimer; create = app.create\n"
        "def closing(argv=()):\n"
        "    window = create(argv); QTimer.singleShot(1500, window.close); return window\n"
        "app.create = closing; sys.exit(main.main(['faces:count=24,size=16']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
