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
    from core.acting import dial_step as dial_step
    from core.acting import heated as heated
    from core.acting import measure_acting as measure_acting
    from core.codec import Codec as Codec
    from core.config import ImportConfig as ImportConfig
    from core.config import TrainConfig as TrainConfig
    from core.datasets import ImageDataset as ImageDataset
    from core.datasets import open_dataset as open_dataset
    from core.describe import describe_change as describe_change
    from core.dial_numbers import measure_kl as measure_kl
    from core.directions import attribute_direction as attribute_direction
    from core.directions import group_direction as group_direction
    from core.directions import principal_components as principal_components
    from core.directions import read_directions as read_directions
    from core.directions import sides_of as sides_of
    from core.directions import write_directions as write_directions
    from core.edits import apply_edits as apply_edits
    from core.edits import parse_edits as parse_edits
    from core.encoding import encode_dataset as encode_dataset
    from core.encoding import finished as finished
    from core.errors import LatentDialsError as LatentDialsError
    from core.export.animation import Animation as Animation
    from core.export.animation import write_animation as write_animation
    from core.export.code_files import write_codes as write_codes
    from core.export.code_files import write_directions_to as write_directions_to
    from core.export.comparison import render_comparison as render_comparison
    from core.export.epochs import epoch_views as epoch_views
    from core.export.epochs import epochs_film as epochs_film
    from core.export.epochs import epochs_sheet as epochs_sheet
    from core.export.heat import draw_heat as draw_heat
    from core.export.many import edit_many as edit_many
    from core.export.matrix import correlation_matrix as correlation_matrix
    from core.export.matrix import draw_matrix as draw_matrix
    from core.export.matrix import factor_matrix as factor_matrix
    from core.export.moving import interpolation_film as interpolation_film
    from core.export.moving import interpolation_sheet as interpolation_sheet
    from core.export.moving import sample_film as sample_film
    from core.export.moving import sample_sheet as sample_sheet
    from core.export.moving import traversal_film as traversal_film
    from core.export.moving import traversal_sheet as traversal_sheet
    from core.export.networks import export_networks as export_networks
    from core.export.panels import make_comparison as make_comparison
    from core.export.recipe import make_recipe as make_recipe
    from core.export.recipe import read_recipe as read_recipe
    from core.export.recipe import save_picture as save_picture
    from core.export.recipe import save_png as save_png
    from core.export.report import make_report as make_report
    from core.export.report_html import save_html as save_html
    from core.export.report_markdown import save_markdown as save_markdown
    from core.export.report_parts import Adjusted as Adjusted
    from core.export.report_parts import ReportParts as ReportParts
    from core.export.sheet import render_sheet as render_sheet
    from core.factors import measure_factors as measure_factors
    from core.lab.betweens import measure_betweens as measure_betweens
    from core.lab.blur import measure_blur as measure_blur
    from core.lab.blur import measure_blur_by_epoch as measure_blur_by_epoch
    from core.lab.damages import equal_damages as equal_damages
    from core.lab.features import fit_features as fit_features
    from core.lab.gathering import gather_with_training as gather_with_training
    from core.lab.imitation import measure_imitation as measure_imitation
    from core.lab.noise import measure_noise as measure_noise
    from core.lab.sampling import measure_samples as measure_samples
    from core.lab.study import measure_study as measure_study
    from core.lab.subjects import gather as gather
    from core.lab.subjects import make_subject as make_subject
    from core.labels import read_labels as read_labels
    from core.labels import with_labels as with_labels
    from core.latents import correlation as correlation
    from core.latents import effects as effects
    from core.latents import interpolate as interpolate
    from core.latents import random_codes as random_codes
    from core.latents import statistics as statistics
    from core.latents import traversal as traversal
    from core.mapping import codes_along as codes_along
    from core.mapping import make_map as make_map
    from core.mapping import measure_rarity as measure_rarity
    from core.mapping import nearest as nearest
    from core.painting import Painting as Painting
    from core.painting import erased as erased
    from core.painting import painted_code as painted_code
    from core.painting import with_detail as with_detail
    from core.runs import Run as Run
    from core.scoring import scores as scores
    from core.scoring import write_scores as write_scores
    from core.training import train as train

# Name -> the room that it lives in.
PUBLIC = {
    "Adjusted": "core.export.report_parts",
    "Animation": "core.export.animation",
    "Codec": "core.codec",
    "ImageDataset": "core.datasets",
    "ImportConfig": "core.config",
    "LatentDialsError": "core.errors",
    "Painting": "core.painting",
    "ReportParts": "core.export.report_parts",
    "Run": "core.runs",
    "TrainConfig": "core.config",
    "apply_edits": "core.edits",
    "attribute_direction": "core.directions",
    "codes_along": "core.mapping",
    "correlation": "core.latents",
    "correlation_matrix": "core.export.matrix",
    "describe_change": "core.describe",
    "dial_step": "core.acting",
    "draw_heat": "core.export.heat",
    "draw_matrix": "core.export.matrix",
    "edit_many": "core.export.many",
    "effects": "core.latents",
    "encode_dataset": "core.encoding",
    "epoch_views": "core.export.epochs",
    "epochs_film": "core.export.epochs",
    "epochs_sheet": "core.export.epochs",
    "equal_damages": "core.lab.damages",
    "erased": "core.painting",
    "export_networks": "core.export.networks",
    "factor_matrix": "core.export.matrix",
    "finished": "core.encoding",
    "fit_features": "core.lab.features",
    "gather": "core.lab.subjects",
    "gather_with_training": "core.lab.gathering",
    "group_direction": "core.directions",
    "heated": "core.acting",
    "interpolate": "core.latents",
    "interpolation_film": "core.export.moving",
    "interpolation_sheet": "core.export.moving",
    "make_comparison": "core.export.panels",
    "make_map": "core.mapping",
    "make_recipe": "core.export.recipe",
    "make_report": "core.export.report",
    "make_subject": "core.lab.subjects",
    "measure_acting": "core.acting",
    "measure_betweens": "core.lab.betweens",
    "measure_blur": "core.lab.blur",
    "measure_blur_by_epoch": "core.lab.blur",
    "measure_factors": "core.factors",
    "measure_imitation": "core.lab.imitation",
    "measure_kl": "core.dial_numbers",
    "measure_noise": "core.lab.noise",
    "measure_rarity": "core.mapping",
    "measure_samples": "core.lab.sampling",
    "measure_study": "core.lab.study",
    "nearest": "core.mapping",
    "open_dataset": "core.datasets",
    "painted_code": "core.painting",
    "parse_edits": "core.edits",
    "principal_components": "core.directions",
    "random_codes": "core.latents",
    "read_directions": "core.directions",
    "read_labels": "core.labels",
    "read_recipe": "core.export.recipe",
    "render_comparison": "core.export.comparison",
    "render_sheet": "core.export.sheet",
    "sample_film": "core.export.moving",
    "sample_sheet": "core.export.moving",
    "save_html": "core.export.report_html",
    "save_markdown": "core.export.report_markdown",
    "save_picture": "core.export.recipe",
    "save_png": "core.export.recipe",
    "scores": "core.scoring",
    "sides_of": "core.directions",
    "statistics": "core.latents",
    "train": "core.training",
    "traversal": "core.latents",
    "traversal_film": "core.export.moving",
    "traversal_sheet": "core.export.moving",
    "with_detail": "core.painting",
    "with_labels": "core.labels",
    "write_animation": "core.export.animation",
    "write_codes": "core.export.code_files",
    "write_directions": "core.directions",
    "write_directions_to": "core.export.code_files",
    "write_scores": "core.scoring",
}

__all__ = [*PUBLIC]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]

# What GNU's OpenMP reads when torch loads it. Threads that spin while they wait take the core that the
# window wants; threads that sleep at once are slow to wake between two operations. These sleep after some
# 0.3 ms: 1.14 times the pictures a second of fc and 1.3 times those of conv that sleeping at once gave.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# What numpy's OpenBLAS reads: for how many ticks of the clock, as a power of two, its threads spin after a
# product. By default 26, some 30 ms: statistics of the codes then took 1.7 % of a core beside training.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")

# What torch's MKL reads: whether it keeps the room of a product for the next, which outlives the threads that
# made it. Products of 1, 16 and 512 pictures take as long without.
os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")

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
    return sorted(PUBLIC)
