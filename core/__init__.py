"""Everything that is not a window: pictures, networks, training, codes, edits, exports. Never imports Qt.

`from core import train, open_dataset, Run, Codec` is the way in for a notebook or a script: PUBLIC says what
there is. Each name is imported from its room when it is asked for, so that importing core itself stays light.
Within the program rooms import each other by their own names.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.allocation import share_one_arena

if TYPE_CHECKING:
    from core.codec import Codec as Codec
    from core.config import ImportConfig as ImportConfig
    from core.config import TrainConfig as TrainConfig
    from core.datasets import ImageDataset as ImageDataset
    from core.datasets import open_dataset as open_dataset
    from core.dial_numbers import measure_kl as measure_kl
    from core.edits import apply_edits as apply_edits
    from core.edits import parse_edits as parse_edits
    from core.encoding import encode_dataset as encode_dataset
    from core.encoding import finished as finished
    from core.errors import LatentDialsError as LatentDialsError
    from core.export.animation import Animation as Animation
    from core.export.animation import write_animation as write_animation
    from core.export.code_files import write_codes as write_codes
    from core.export.many import edit_many as edit_many
    from core.export.moving import interpolation_film as interpolation_film
    from core.export.moving import interpolation_sheet as interpolation_sheet
    from core.export.moving import sample_film as sample_film
    from core.export.moving import sample_sheet as sample_sheet
    from core.export.moving import traversal_film as traversal_film
    from core.export.moving import traversal_sheet as traversal_sheet
    from core.export.networks import export_networks as export_networks
    from core.export.recipe import save_picture as save_picture
    from core.export.sheet import render_sheet as render_sheet
    from core.factors import measure_factors as measure_factors
    from core.latents import correlation as correlation
    from core.latents import effects as effects
    from core.latents import interpolate as interpolate
    from core.latents import random_codes as random_codes
    from core.latents import statistics as statistics
    from core.latents import traversal as traversal
    from core.runs import Run as Run
    from core.training import train as train

# Name -> the room that it lives in.
PUBLIC = {
    "Animation": "core.export.animation",
    "Codec": "core.codec",
    "ImageDataset": "core.datasets",
    "ImportConfig": "core.config",
    "LatentDialsError": "core.errors",
    "Run": "core.runs",
    "TrainConfig": "core.config",
    "apply_edits": "core.edits",
    "correlation": "core.latents",
    "edit_many": "core.export.many",
    "effects": "core.latents",
    "encode_dataset": "core.encoding",
    "export_networks": "core.export.networks",
    "finished": "core.encoding",
    "interpolate": "core.latents",
    "interpolation_film": "core.export.moving",
    "interpolation_sheet": "core.export.moving",
    "measure_factors": "core.factors",
    "measure_kl": "core.dial_numbers",
    "open_dataset": "core.datasets",
    "parse_edits": "core.edits",
    "random_codes": "core.latents",
    "render_sheet": "core.export.sheet",
    "sample_film": "core.export.moving",
    "sample_sheet": "core.export.moving",
    "save_picture": "core.export.recipe",
    "statistics": "core.latents",
    "train": "core.training",
    "traversal": "core.latents",
    "traversal_film": "core.export.moving",
    "traversal_sheet": "core.export.moving",
    "write_animation": "core.export.animation",
    "write_codes": "core.export.code_files",
}

__all__ = [*PUBLIC]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]

# What GNU's OpenMP reads when torch loads it. Threads that spin while they wait take the core that the
# window wants; threads that sleep at once are slow to wake between two operations. These sleep after some
# 0.3 ms: 1.14 times the pictures a second of fc and 1.3 times those of conv that sleeping at once gave.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# What torch's oneDNN reads when it first multiplies: of how many kernels it keeps the compiled code, and how
# many each thread keeps at hand. By default 1,024 each, 0.5 GB after 48 kinds of networks and batches. A step
# of conv uses 127 kernels, one of fc 61 and some 40 of those at hand: no step is slower with these.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")
os.environ.setdefault("LRU_CACHE_CAPACITY", "64")

# Before numpy and torch are imported, whose threads would have heaps of their own.
share_one_arena()


if not TYPE_CHECKING:  # to whom every name would exist

    def __getattr__(name: str) -> Any:
        """A public name, from its room, which is imported at that moment."""
        if name not in PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(PUBLIC[name]), name)
        return value


def __dir__() -> list[str]:
    """What a notebook completes."""
    return sorted({*globals(), *PUBLIC})
