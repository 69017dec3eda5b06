"""What takes long to import, and the only place of the window that imports it late.

torch alone takes longer than all that the first paint needs. So the panels are built without the rooms
below, the window is painted, and then gui/loading.py imports them beside the event loop. The rest of gui
names them in annotations only (TYPE_CHECKING) and reaches what they hold through here, as heavy.runs.Run: a
room that is not there yet is imported at that moment, and one that is being imported is waited for.
"""

from __future__ import annotations

import builtins
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from core.errors import LatentDialsError
from core.translate import tr

if TYPE_CHECKING:
    import torch as torch

    from core import codec as codec
    from core import datasets as datasets
    from core import encoding as encoding
    from core import following as following
    from core import importing as importing
    from core import latents as latents
    from core import models as models
    from core import runs as runs
    from core import sketch as sketch
    from core import threads as threads
    from core import training as training
    from core.export import comparison as comparison
    from core.export import panels as panels
    from core.export import recipe as recipe
    from core.models import architecture as architecture
    from gui import loss_chart as loss_chart

# In the order in which they are wanted: pictures, the dials, the plot, training, and what a menu may ask for.
ROOMS = {
    "datasets": "core.datasets",
    "torch": "torch",
    "threads": "core.threads",
    "codec": "core.codec",
    "runs": "core.runs",
    "latents": "core.latents",
    "sketch": "core.sketch",
    "encoding": "core.encoding",
    "following": "core.following",
    "loss_chart": "gui.loss_chart",
    "training": "core.training",
    "recipe": "core.export.recipe",
    "models": "core.models",
    "architecture": "core.models.architecture",
    "comparison": "core.export.comparison",
    "panels": "core.export.panels",
    "importing": "core.importing",
}
FOR_THE_DIALS = tuple(ROOMS)[: tuple(ROOMS).index("encoding") + 1]
LATER = tuple(ROOMS)[len(FOR_THE_DIALS) :]


def __getattr__(name: str) -> ModuleType:
    """A room by its name here, imported where that has not been done. Raises: LatentDialsError."""
    if name not in ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return need(name)


def need(name: str) -> ModuleType:
    """The room of that name, imported where that has not been done. Raises: LatentDialsError."""
    try:
        with _plain_imports():
            room = import_module(ROOMS[name])
    except (ImportError, OSError) as error:  # an installation that is broken, a library that cannot be loaded
        raise LatentDialsError(
            tr("A part of the program cannot be loaded: {reason}. Install it again.", reason=error)
        ) from error
    globals()[name] = room  # the next time it is found without a question
    return room


_PYSIDES_IMPORT = builtins.__import__


@contextmanager
def _plain_imports() -> Generator[None, None, None]:
    """Without PySide's hook for its __feature__ module, which made the import of torch longer by a sixth."""
    builtins.__import__ = getattr(builtins, "__orig_import__", _PYSIDES_IMPORT)
    try:
        yield
    finally:
        builtins.__import__ = _PYSIDES_IMPORT


def load(names: Iterable[str]) -> Generator[str, None, None]:
    """Import rooms, and name each when it is there. Raises: LatentDialsError."""
    for name in names:
        need(name)
        yield name
