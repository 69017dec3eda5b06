"""The verb batch: one adjustment applied to many pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from core.codec import Codec, weights_fingerprint
from core.config import ImportConfig
from core.directions import read_directions
from core.edits import AnyEdit, parse_edits
from core.errors import ConfigError
from core.export.many import check_target, edit_many, parse_indices
from core.export.panels import comparison_subtitle
from core.export.recipe import read_recipe
from core.export.typeset import ThemeName
from core.run_files import MODEL
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Flag, data_help, parse, positional
from core.verbs.opening import opened_for, shown


def parse_batch(args: Sequence[str], policy: ImportConfig) -> dict[str, Any]:
    """The options of batch, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "out": (
            str,
            Field(
                description=tr(
                    "A new folder for the edited pictures as PNG, named by their index, or one .npy"
                    " (N,H,W,C). A contact sheet, the mean and the spread of the change and tables lie in the"
                    " folder, or beside the .npy."
                )
            ),
        ),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "adjust": (
            str,
            Field("", description=tr("The adjustment: DIM+X, DIM-X, DIM=X, DIM*X or @NAME+X, with commas.")),
        ),
        "recipe": (
            str,
            Field(
                "", description=tr("An exported PNG, whose last adjustment is applied, instead of --adjust.")
            ),
        ),
        "detail": (
            Flag,
            Field(
                False,
                description=tr(
                    "Put back what the network lost of each original where nothing was edited; a recipe that"
                    " was made so does it by itself."
                ),
            ),
        ),
        "indices": (
            str,
            Field("", description=tr("Which pictures, such as 0-99,200; without it all of them.")),
        ),
        "limit": (int, Field(0, description=tr("Only the first so many pictures; 0 for all."))),
        "theme": (
            Literal["light", "dark"],
            Field("light", description=tr("The contact sheet dark on light, or light on dark.")),
        ),
    }
    values = parse(
        "batch",
        fields,
        args,
        tr("Apply one adjustment to many pictures, and measure what it changes on the whole."),
        (
            'batch run --data test.npy --adjust "0+20,63+20" --out edited',
            "batch run --data test.npy --recipe before_after.png --indices 0-99,200 --out edited",
            "batch run --adjust 3*-1 --out edited.npy",
        ),
        (policy,),
    )
    values["policy"] = {name: values.pop(name) for name in ImportConfig.model_fields}
    return values


def run(args: list[str]) -> int:
    """Do what the command line of batch says and give the exit code."""
    trained = Run.open(parse_batch(args, ImportConfig())["run"])
    values = parse_batch(args, trained.config.data.policy)
    if bool(values["adjust"]) == bool(values["recipe"]):
        raise ConfigError(tr("Give either --adjust or --recipe: what shall be applied?"))
    if values["indices"] and values["limit"]:
        raise ConfigError(tr("Give either --indices or --limit, not both."))
    if values["limit"] < 0:
        raise ConfigError(tr("--limit is {limit}; it must be 0 or more.", limit=values["limit"]))
    out = Path(values["out"]).expanduser()
    check_target(out)
    edits, detail, note = _edits(values, trained)
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        if note:
            line.milestone(note)
        dataset = opened_for(trained, values["data"], values["policy"], line)
        count = len(dataset)
        if values["indices"]:
            indices = parse_indices(values["indices"], count)
        else:
            indices = np.arange(min(count, values["limit"] or count), dtype=np.int64)
        title = comparison_subtitle(codec.config, trained.name)
        look: ThemeName = values["theme"]
        work = edit_many(codec, dataset, indices, edits, out, theme=look, title=title, detail=detail)
        result = shown(work, line)
    print(result.text())
    print(tr("Written: {path}", path=result.path))
    return 0


def _edits(values: dict[str, Any], trained: Run) -> tuple[tuple[AnyEdit, ...], bool, str]:
    """What --adjust or --recipe say, whether with the original's detail, and what is to be said of it.

    Raises: EditError, ExportError, ConfigError.
    """
    dims = trained.config.network.latent_dim
    if values["adjust"]:
        found = read_directions(trained.path, dims) if "@" in values["adjust"] else ()
        edits = parse_edits(values["adjust"], dims, [one.direction for one in found])
        return edits, values["detail"], ""
    path = Path(values["recipe"]).expanduser()
    recipe = read_recipe(path)
    if len(recipe.code) != dims:
        raise ConfigError(
            tr(
                "The recipe in {path} is for codes of {found} dimensions, and this run's have {count}.",
                path=path,
                found=len(recipe.code),
                count=dims,
            )
        )
    adjustments = recipe.edits()
    if not adjustments or not adjustments[-1]:
        raise ConfigError(tr("The recipe in {path} holds no adjustment.", path=path))
    note = ""
    if recipe.run.fingerprint != weights_fingerprint(trained.path / MODEL):
        note = tr(
            "The recipe was made with other weights ({name}): the same numbers may do something else here.",
            name=recipe.run.name,
        )
    return adjustments[-1], values["detail"] or recipe.detail, note
