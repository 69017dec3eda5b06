"""What a verb reads, and that what the same verb writes replaces nothing of it; nothing is opened here."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.atomic import is_same_place
from core.datasets.builtin import is_faces
from core.datasets.decoding import is_picture_name
from core.datasets.shard_names import SUFFIXES as SHARDS
from core.datasets.shard_names import expand, is_list, is_pattern, read_list
from core.directions.files import DIRECTIONS
from core.errors import ExportError
from core.run_files import CONFIG, KL, METRICS
from core.runs import Run
from core.translate import tr
from core.verbs.asking import LabelOptions, RunOptions


@dataclass(frozen=True)
class Input:
    """A file, a folder or shards that a verb reads, and what they are called within a sentence."""

    source: str
    name: str


def inputs_of(run: Run, options: RunOptions, *recipes: str) -> tuple[Input, ...]:
    """What a command line reads: files of the run, pictures, labels, and the recipes that it names."""
    if options.data:
        pictures = Input(options.data, tr("the pictures of --data"))
    else:
        pictures = Input(run.config.data.source, tr("the pictures that the run was trained on"))
    found = [
        *(
            Input(str(run.path / name), tr("the run's own {file}", file=name))
            for name in (CONFIG, METRICS, KL, DIRECTIONS)
        ),
        pictures,
        *(Input(recipe, tr("the picture of --recipe")) for recipe in recipes),
    ]
    if isinstance(options, LabelOptions):
        found.append(Input(options.labels, tr("the labels of --labels")))
    return tuple(one for one in found if one.source and not is_faces(one.source))


def check_no_input(out: Path, inputs: Sequence[Input], option: str) -> None:
    """Raises: ExportError where a file out is there and is read too, by whatever name or link.

    What lies among the pictures and is none, such as a table of before, may be written again.
    """
    if not os.path.isfile(out):  # nothing is replaced
        return
    for one in inputs:
        source = Path(os.path.expanduser(one.source))
        if is_same_place(out, source):
            raise ExportError(
                tr(
                    "{option} {path} would replace {input}; choose another name or folder.",
                    option=option,
                    path=out,
                    input=one.name,
                )
            )
        if (_may_be_data(out) and _is_within(out, source)) or any(
            is_same_place(out, shard) for shard in _shards(source)
        ):
            raise ExportError(
                tr(
                    "{option} {path} would replace a file among {input}; choose another name or folder.",
                    option=option,
                    path=out,
                    input=one.name,
                )
            )


def _may_be_data(out: Path) -> bool:
    """Whether a file of this name is read with the folder of pictures or shards that it lies in."""
    return is_picture_name(out.name) or out.suffix.lower() in SHARDS


def _is_within(out: Path, folder: Path) -> bool:
    """Whether the file lies in the folder or below it: what out is a link to, or the link itself."""
    if not os.path.isdir(folder):
        return False
    above = {*out.resolve().parents, *(out.parent.resolve() / out.name).parents}
    return any(is_same_place(one, folder) for one in above)


def _shards(source: Path) -> list[Path]:
    """The files that a pattern or a list of shards means, none for another source. Raises: DataError."""
    if os.path.exists(source):
        with suppress(OSError):  # opening the pictures says so
            return read_list(source) if is_list(source) and source.is_file() else []
        return []
    return [Path(name) for name in expand(str(source))] if is_pattern(str(source)) else []
