"""The verb batch: one adjustment applied to many pictures."""

import os
from pathlib import Path

import numpy as np
from pydantic import Field

from core.codec import Codec, weights_fingerprint
from core.edits import AnyEdit
from core.errors import ConfigError
from core.export.many import edit_many, parse_indices
from core.export.panels import comparison_subtitle
from core.export.recipe import read_recipe
from core.export.typeset import ThemeName
from core.run_files import MODEL
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Flag, RunOptions, Texts
from core.verbs.inputs import inputs_of
from core.verbs.opening import (
    adjustment_of,
    asked,
    check_out,
    check_out_folder,
    only_adjustment,
    opened_for,
    shown,
)

ABOUT = About(
    "batch",
    tr("Apply one adjustment to many pictures, and measure what it changes on the whole."),
    (
        'batch run --data test.npy --adjust "0+20,63+20" --out edited',
        "batch run --data test.npy --recipe before_after.png --indices 0-99,200 --out edited",
        "batch run --adjust 3*-1 --out edited.npy",
    ),
)


class BatchOptions(RunOptions):
    """The options of batch."""

    out: str = Field(
        description=tr(
            "A new folder for the edited pictures as PNG, named by their index, or one .npy (N,H,W,C). A"
            " contact sheet, the mean and the spread of the change and tables lie in the folder, or beside"
            " the .npy."
        )
    )
    adjust: Texts = Field(
        (), description=tr("The adjustment: DIM+X, DIM-X, DIM=X, DIM*X or @NAME+X, with commas; one at most.")
    )
    recipe: str = Field(
        "", description=tr("An exported PNG, whose last adjustment is applied, instead of --adjust.")
    )
    detail: Flag = Field(
        False,
        description=tr(
            "Put back what the network lost of each original where nothing was edited; a recipe that was"
            " made so does it by itself."
        ),
    )
    indices: str = Field("", description=tr("Which pictures, such as 0-99,200; without it all of them."))
    limit: int = Field(0, description=tr("Only the first so many pictures; 0 for all."))
    theme: ThemeName = Field("light", description=tr("The contact sheet dark on light, or light on dark."))


def run(args: list[str]) -> int:
    """Do what the command line of batch says and give the exit code."""
    trained, options = asked(BatchOptions, ABOUT, args)
    adjust = only_adjustment(options.adjust)
    if bool(adjust) == bool(options.recipe):
        raise ConfigError(tr("Give either --adjust or --recipe: what shall be applied?"))
    if options.indices and options.limit:
        raise ConfigError(tr("Give either --indices or --limit, not both."))
    if options.limit < 0:
        raise ConfigError(tr("--limit is {limit}; it must be 0 or more.", limit=options.limit))
    is_array = Path(options.out).suffix.lower() == ".npy"
    inputs = inputs_of(trained, options, options.recipe)
    out = check_out(options.out, ".npy", inputs=inputs) if is_array else check_out_folder(options.out, ".npy")
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        if adjust:
            edits, detail = adjustment_of(trained, codec, adjust, line), False
        else:
            edits, detail = _of_recipe(options.recipe, trained, line)
        dataset = opened_for(trained, options, line)
        count = len(dataset)
        if options.indices:
            indices = parse_indices(options.indices, count)
        else:
            indices = np.arange(min(count, options.limit or count), dtype=np.int64)
        title = comparison_subtitle(codec.config, trained.name)
        detail = detail or options.detail
        work = edit_many(codec, dataset, indices, edits, out, theme=options.theme, title=title, detail=detail)
        result = shown(work, line)
    say(result.text())
    say(tr("Written: {path}", path=result.path))
    return 0


def _of_recipe(name: str, trained: Run, line: ProgressLine) -> tuple[tuple[AnyEdit, ...], bool]:
    """The last adjustment of a recipe, and whether with the original's detail.

    Raises: ExportError, ConfigError.
    """
    path = Path(os.path.expanduser(name))
    recipe = read_recipe(path)
    dims = trained.config.network.latent_dim
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
    if recipe.run.fingerprint != weights_fingerprint(trained.path / MODEL):
        line.milestone(
            tr(
                "The recipe was made with other weights ({name}): the same numbers may do something else"
                " here.",
                name=recipe.run.name,
            )
        )
    return adjustments[-1], recipe.detail
