"""No network: nothing of ours names it, and nobody is called while pictures are opened and trained on."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layers import imports

ROOT = Path(__file__).resolve().parents[1]
NETWORK = frozenset(
    [
        "socket",
        "socketserver",
        "ssl",
        "urllib",
        "http",
        "ftplib",
        "smtplib",
        "poplib",
        "imaplib",
        "telnetlib",
        "nntplib",
        "xmlrpc",
        "asyncio",
        "webbrowser",
        "requests",
        "httpx",
        "aiohttp",
        "urllib3",
        "websockets",
        "paramiko",
        "huggingface_hub",
        "torchvision",
    ]
)
DOTTED = (
    "torch.hub",
    "torch.utils.model_zoo",
    "torch.distributed.rpc",
    "PySide6.QtNetwork",
    "PySide6.QtWebEngine",
    "PySide6.QtWebSockets",
    "multiprocessing.connection",
    "multiprocessing.managers",
    "logging.handlers",
)
DISTRIBUTED = "core/ranks.py"  # torchrun's processes, which a person starts; see its docstring
PROGRAM = """
import json, os, sys
from pathlib import Path
events = []
WATCHED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
           "socket.sendmsg", "socket.__new__", "urllib.Request", "http.client.connect", "ftplib.connect")
def hook(event, arguments):
    if event in WATCHED:
        events.append(f"{event} {arguments!r}"[:200])
sys.addaudithook(hook)
sys.path.insert(0, sys.argv[1])
home = Path(sys.argv[2])
os.environ["LATENT_DIALS_HOME"] = str(home)
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import main
import numpy as np
np.save(home / "a.npy", np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8))
data, run = str(home / "a.npy"), str(home / "run")
codes = [
    main.main(["info", data]),
    main.main(["train", "--data", data, "--latent-dim", "4", "--epochs", "1", "--batch-size", "16",
               "--device", "cpu", "--precision", "float32", "--out", run]),
    main.main(["edit", run, "--data", data, "--index", "1", "--adjust", "0+1", "--out", str(home / "a.png")]),
]
from gui import app
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
window = app.create([data])
window.show()
opened = []
window.session.dataset_changed.connect(lambda: opened.append(True))
QTimer.singleShot(int(float(sys.argv[3]) * 1000), QApplication.instance().quit)
timer = QTimer()
timer.timeout.connect(lambda: QApplication.instance().quit() if opened else None)
timer.start(50)
QApplication.instance().exec()
window.close()
print(json.dumps({"codes": codes, "opened": bool(opened), "events": events}))
"""


def sources() -> Iterator[Path]:
    """Every file of the program."""
    yield ROOT / "main.py"
    for folder in ("core", "gui", "resources"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def forbidden(name: str, source: str) -> list[str]:
    """What a source names of the network, in imports and in dotted names."""
    tree = ast.parse(source)
    named = {
        *imports(source),
        *(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)),
    }
    found = [word for word in named if word.split(".")[0] in NETWORK or word.startswith(DOTTED)]
    if name != DISTRIBUTED:
        found += [word for word in named if word.startswith("torch.distributed")]
    return sorted(found)


def test_nothing_of_ours_names_the_network() -> None:
    found = {}
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if words := forbidden(name, path.read_text("utf-8")):
            found[name] = words
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "from urllib import request",
        "def f():\n    import http.client",
        "import torch\ntorch.hub.load('a', 'b')",
        "from PySide6.QtNetwork import QNetworkAccessManager",
        "import torch.distributed",
    ],
)
def test_what_names_it_is_found(source: str) -> None:
    assert forbidden("core/planted.py", source)


def _run(tmp_path: Path, before: list[str]) -> dict[str, object]:
    program = [*before, sys.executable, "-X", "faulthandler", "-c", PROGRAM, str(ROOT), str(tmp_path), "20"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_opening_training_editing_and_the_window_call_nobody(tmp_path: Path) -> None:
    """Where the system can, in a name space without any network: what is in C does without it, too."""
    alone = [shutil.which("unshare") or "", "--net", "--map-root-user"]
    can = bool(alone[0]) and subprocess.run([*alone, "true"], capture_output=True).returncode == 0
    found = _run(tmp_path, alone if can else [])
    assert found == {"codes": [0, 0, 0], "opened": True, "events": []}
