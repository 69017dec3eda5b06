"""The arrows of the house: who may import whom. One planted violation of each kind proves that they bite."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import PUBLIC
from gui.heavy import ROOMS

ROOT = Path(__file__).resolve().parents[1]
TOP = {"resources": 0, "core": 1, "gui": 2, "main": 3}
# Within core a module may import those of a lower rank, and its own package.
CORE = {
    "translate": 0,
    "errors": 1,
    "flaws": 1,
    "places": 1,
    "usage": 1,
    "run_files": 1,
    "tensor_headers": 1,
    "atomic": 1,
    "threads": 1,
    "config": 2,
    "pixels": 2,
    "interrupts": 2,
    "locking": 2,
    "full_memory": 2,
    "clocks": 2,
    "edits": 2,
    "metrics": 2,
    "notes": 2,
    "allocation": 2,
    "seeds": 2,
    "optimiser": 2,
    "ranks": 2,
    "devices": 3,
    "datasets": 3,
    "models": 3,
    "checkpoints": 4,
    "objectives": 4,
    "densities": 3,
    "reconstruction": 3,
    "activity": 3,
    "runs": 5,
    "batches": 5,
    "between_layers": 4,
    "records": 3,
    "saving": 6,
    "run_moves": 6,
    "trainable": 6,
    "snapshots": 6,
    "catalogue": 7,
    "training": 7,
    "codec": 7,
    "describe": 7,
    "sketch": 8,
    "importing": 9,
    "encoding": 8,
    "following": 8,
    "labels": 4,
    "latents": 9,
    "painting": 10,
    "acting": 10,
    "dial_numbers": 10,
    "factors": 10,
    "saved_direction": 3,
    "directions": 10,
    "mapping": 10,
    "scoring": 9,
    "lab": 11,
    "export": 12,
    "terminal": 12,
    "verbs": 13,
    "cli": 14,
}
NETWORKS = ("fc", "conv", "layered")
OURS = tuple(TOP)
# What the window may name in annotations only: it is painted before these are imported, by gui.heavy.
HEAVY = ("torch", "pyqtgraph", "PIL", "safetensors", "tyro", *ROOMS.values())
IMPORTED_BY_HEAVY = {name for name in ROOMS.values() if name.startswith("gui.")} | {
    "gui.loss_axes",
    "gui.loss_lines",
}


def imports(source: str) -> Iterator[str]:
    """Every module that a source names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_checking(node: ast.AST) -> bool:
    """Whether what is inside is for the type checker alone."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def late_imports(source: str) -> Iterator[str]:
    """Imports of ours inside functions, which hide circles, and imports by a name in a string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom) and inner.module and inner.module.split(".")[0] in OURS:
                    yield inner.module
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith("import_module"):
            yield "what a string names"


def imports_of_checking(source: str) -> set[str]:
    """What a source imports for the type checker alone."""
    found = [node for node in ast.walk(ast.parse(source)) if is_checking(node)]
    return {name for node in found for name in imports(ast.unparse(node))}


def imports_at_once(source: str) -> set[str]:
    """What a source imports when it is imported itself."""
    tree = ast.parse(source)
    kept = [node for node in tree.body if not is_checking(node)]
    return set(imports(ast.unparse(ast.Module(kept, []))))


def is_heavy(name: str) -> bool:
    """Whether a module takes long to import, by itself or by what it imports."""
    return any(name == heavy or name.startswith(heavy + ".") for heavy in HEAVY)


def violations(module: str, source: str) -> list[str]:
    """What is wrong with the imports of a module, a line each."""
    own = module.split(".")
    found: set[str] = set()
    for name in imports(source):
        parts = name.split(".")
        if parts[0] in ("PySide6", "pyqtgraph") and own[0] in ("core", "resources"):
            found.add(f"{module} imports {parts[0]}: only the window knows Qt")
        if parts[0] not in OURS:
            continue
        if TOP[parts[0]] > TOP[own[0]]:
            found.add(f"{module} imports {parts[0]}, which is above it")
        in_core = own[0] == parts[0] == "core" and len(parts) > 1 and len(own) > 1 and parts[1] != own[1]
        if in_core and CORE.get(parts[1], -1) >= CORE[own[1]]:
            found.add(f"{module} imports core.{parts[1]}, which is not below it")
        of_networks = own[:2] == parts[:2] == ["core", "models"] and own[2:] != parts[2:3]
        if of_networks and own[2:] and own[2] in NETWORKS and parts[2:] and parts[2] in NETWORKS:
            found.add(f"{module} imports {name}: networks do not know each other")
    # The face for notebooks imports what is behind it when it is asked. The program does not use it: nobody
    # could see from it what is imported.
    if module not in ("main", "core"):
        found |= {
            f"{module} imports {name} from core itself: name its room"
            for name in imports(source)
            if name.startswith("core.") and name.removeprefix("core.") in PUBLIC
        }
    # The verbs start without Qt, --help without torch, a notebook with what it asks for.
    if module not in ("main", "core", "core.cli", "gui.heavy"):
        found |= {f"{module} imports {name} late" for name in late_imports(source)}
    if own[0] != "gui" and module != "core":
        found |= {f"{module} imports {name} for its types alone" for name in imports_of_checking(source)}
    elif own[0] == "gui" and module not in IMPORTED_BY_HEAVY:
        late = {name for name in imports_at_once(source) if is_heavy(name)}
        found |= {f"{module} imports {name}: reach it through gui.heavy" for name in late}
    return sorted(found)


def modules() -> list[tuple[str, Path]]:
    """Every module of the program with its path."""
    paths = [
        ROOT / "main.py",
        *(path for top in ("core", "gui", "resources") for path in (ROOT / top).rglob("*.py")),
    ]
    return [(".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), p) for p in paths]


def test_every_import_points_down() -> None:
    wrong = [line for module, path in modules() for line in violations(module, path.read_text("utf-8"))]
    assert wrong == []


def test_every_room_of_core_has_its_place() -> None:
    rooms = {module.split(".")[1] for module, _path in modules() if module.startswith("core.")}
    assert rooms == set(CORE)


def test_the_window_has_no_circles() -> None:
    known = {module for module, _path in modules()}
    arrows = {
        module: {name for name in imports(path.read_text("utf-8")) if name in known and name != module}
        for module, path in modules()
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for name in arrows[module]:
                if not module.startswith(name + "."):  # a package's __init__ gathers its own modules
                    visit(name, (*trail, module))
            done.add(module)

    for module in arrows:
        visit(module, ())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.codec", "from PySide6.QtCore import QObject"),
        ("core.runs", "from core.training import train"),
        ("core.models.fc", "from core.models.conv import Convolutional"),
        ("core.pixels", "import gui.theme"),
        ("gui.session", "import main"),
        ("gui.opener", "def f():\n    from gui.session import Session"),
        ("core.runs", "if TYPE_CHECKING:\n    from core.models import Network"),
        ("gui.opener", "from core.runs import Run"),
        ("gui.renderer", "import torch"),
        ("gui.loss_plot", "from gui.loss_chart import LossChart"),
        ("gui.session", "from importlib import import_module\nruns = import_module('core.runs')"),
        ("core.edits", "def f():\n    from core.export import comparison"),
        ("core.codec", "from core import Run"),
        ("gui.session", "from core import train"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    assert violations(module, source)
