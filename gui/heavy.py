"""What takes long to import, and the only place of the window that imports it late.

torch alone takes longer than all that the first paint needs. So the panels are built without the rooms
below, the window is painted, and then gui/loading.py imports them: the plot in the window's thread, the
others beside the event loop. The rest of gui names them in annotations only (TYPE_CHECKING) and reaches what
they hold through here, as heavy.runs.Run: a room that is not there yet is imported at that moment, and one
that is being imported is waited for.
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

    from core import acting as acting
    from core import batches as batches
    from core import catalogue as catalogue
    from core import codec as codec
    from core import datasets as datasets
    from core import dial_numbers as dial_numbers
    from core import directions as directions
    from core import encoding as encoding
    from core import factors as factors
    from core import following as following
    from core import importing as importing
    from core import labels as labels
    from core import latents as latents
    from core import mapping as mapping
    from core import models as models
    from core import painting as painting
    from core import run_moves as run_moves
    from core import runs as runs
    from core import sketch as sketch
    from core import snapshots as snapshots
    from core import threads as threads
    from core import training as training
    from core.export import animation as animation
    from core.export import code_files as code_files
    from core.export import comparison as comparison
    from core.export import epochs as epochs
    from core.export import many as many
    from core.export import matrix as matrix
    from core.export import moving as moving
    from core.export import networks as networks
    from core.export import panels as panels
    from core.export import recipe as recipe
    from core.export import report as report
    from core.export import report_html as report_html
    from core.export import report_markdown as report_markdown
    from core.export import report_parts as report_parts
    from core.export import sheet as sheet
    from core.export import video as video
    from core.models import architecture as architecture
    from gui import loss_chart as loss_chart

# In the order in which they are wanted: the plot, pictures, the dials, training, and what a menu may ask for.
ROOMS = {
    "loss_chart": "gui.loss_chart",
    "datasets": "core.datasets",
    "torch": "torch",
    "threads": "core.threads",
    "codec": "core.codec",
    "runs": "core.runs",
    "latents": "core.latents",
    "sketch": "core.sketch",
    "batches": "core.batches",
    "encoding": "core.encoding",
    "following": "core.following",
    "training": "core.training",
    "recipe": "core.export.recipe",
    "acting": "core.acting",
    "dial_numbers": "core.dial_numbers",
    "factors": "core.factors",
    "models": "core.models",
    "architecture": "core.models.architecture",
    "comparison": "core.export.comparison",
    "panels": "core.export.panels",
    "matrix": "core.export.matrix",
    "sheet": "core.export.sheet",
    "moving": "core.export.moving",
    "video": "core.export.video",
    "animation": "core.export.animation",
    "epochs": "core.export.epochs",
    "many": "core.export.many",
    "code_files": "core.export.code_files",
    "networks": "core.export.networks",
    "importing": "core.importing",
    "mapping": "core.mapping",
    "directions": "core.directions",
    "labels": "core.labels",
    "catalogue": "core.catalogue",
    "snapshots": "core.snapshots",
    "run_moves": "core.run_moves",
    "painting": "core.painting",
    "lab_subjects": "core.lab.subjects",
    "lab_gathering": "core.lab.gathering",
    "lab_keeping": "core.lab.keeping",
    "lab_noise": "core.lab.noise",
    "lab_damages": "core.lab.damages",
    "lab_blur": "core.lab.blur",
    "lab_features": "core.lab.features",
    "lab_betweens": "core.lab.betweens",
    "lab_sampling": "core.lab.sampling",
    "lab_imitation": "core.lab.imitation",
    "lab_study": "core.lab.study",
    "report_parts": "core.export.report_parts",
    "report_adjusted": "core.export.report_adjusted",
    "report": "core.export.report",
    "report_html": "core.export.report_html",
    "report_markdown": "core.export.report_markdown",
}
# This one makes hundreds of Qt's classes. Where Python is older than 3.12, PySide keeps all of them in a
# table that is read without a lock: classes that are made beside another thread may end the process.
OF_QT = "loss_chart"
_OTHERS = tuple(name for name in ROOMS if name != OF_QT)
FOR_THE_DIALS = _OTHERS[: _OTHERS.index("encoding") + 1]
LATER = _OTHERS[len(FOR_THE_DIALS) :]


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
