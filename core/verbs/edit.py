"""The verb edit: a picture's code changed, before and after written as one PNG with its recipe."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.datasets import ImageDataset
from core.directions import read_directions
from core.edits import AnyEdit, moves_of, parse_edits
from core.errors import ConfigError
from core.export.comparison import make_comparison, render_comparison
from core.export.panels import comparison_subtitle, comparison_title
from core.export.recipe import make_recipe, save_png
from core.export.typeset import ThemeName
from core.latents import CodeStatistics, statistics
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Flag, Options, Texts, data_help, parse, positional
from core.verbs.opening import check_index, codes_of, opened_for


class EditOptions(Options):
    """The options of edit; policy holds only what was asked for."""

    run: str
    adjust: tuple[str, ...]
    out: str
    data: str
    index: int
    note: tuple[str, ...]
    scale: int
    theme: ThemeName
    difference: bool
    detail: bool
    policy: dict[str, Any]


def parse_edit(args: Sequence[str], policy: ImportConfig) -> EditOptions:
    """The options of edit, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "adjust": (
            Texts,
            Field(
                (),
                description=tr(
                    "One adjusted picture: DIM+X, DIM-X, DIM=X or DIM*X, @NAME+X for so many standard"
                    " deviations along a direction that the run keeps, or several of them with commas"
                    " between. Give it again for each further picture."
                ),
            ),
        ),
        "out": (str, Field(description=tr("The PNG to write. It carries the recipe of how it was made."))),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "index": (int, Field(0, description=tr("Which picture of the data, counted from 0."))),
        "note": (
            Texts,
            Field(
                (),
                description=tr(
                    "Your own words under an adjusted picture, the first for the first. Without them"
                    " what changed is measured and said."
                ),
            ),
        ),
        "scale": (int, Field(4, description=tr("Each pixel becomes a square of this many, 1 to 32."))),
        "theme": (
            Literal["light", "dark"],
            Field("light", description=tr("Dark on light, or light on dark.")),
        ),
        "difference": (
            Flag,
            Field(False, description=tr("Show under each picture how much each of its pixels changed.")),
        ),
        "detail": (
            Flag,
            Field(
                False,
                description=tr("Put back what the network lost of the original where nothing was edited."),
            ),
        ),
    }
    values = parse(
        "edit",
        fields,
        args,
        tr(
            "Change the code of one picture and write one PNG with the original, the reconstruction and"
            " every adjustment beside each other."
        ),
        (
            "edit run --index 7 --adjust 0+20 --adjust 63+20 --out before_after.png",
            'edit run --data test.npy --index 2 --adjust "3=1.5,5*-1" --note "He smiles." --out smile.png',
            'edit run --index 7 --adjust "@smile+2,0+20" --out smile.png',
        ),
        (policy,),
    )
    return EditOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def run(args: list[str]) -> int:
    """Do what the command line of edit says and give the exit code."""
    trained = Run.open(parse_edit(args, ImportConfig()).run)
    options = parse_edit(args, trained.config.data.policy)
    codec = Codec.from_run(trained)
    found = read_directions(trained.path, codec.latent_dim) if "@" in "".join(options.adjust) else ()
    directions = [one.direction for one in found]
    adjustments = [parse_edits(text, codec.latent_dim, directions) for text in options.adjust]
    if Path(options.out).suffix.lower() != ".png":
        raise ConfigError(
            tr("--out {path} must end in .png: the recipe needs a PNG to live in.", path=options.out)
        )
    if len(options.note) > len(adjustments):
        raise ConfigError(
            tr(
                "There are {notes} notes for {count} adjustments; give one --note for each --adjust at most.",
                notes=len(options.note),
                count=len(adjustments),
            )
        )
    used = {move.direction for edits in adjustments for move in moves_of(edits)}
    old = [one.name for one in found if one.direction in used and one.weights != codec.fingerprint]
    with ProgressLine() as line:
        if old:
            line.milestone(
                tr(
                    "The run was trained on since {names} was found: find it again to be sure of it.",
                    names=", ".join(old),
                )
            )
        dataset = opened_for(trained, options.data, options.policy, line)
        check_index(dataset, options.index)
        picture = dataset.pictures([options.index])
        start = codec.encode(picture)[0]
        stats = statistics(codes_of(trained, codec, dataset, line).codes)
    _write_comparison(options, trained, codec, dataset, stats, picture[0], start, adjustments)
    print(tr("Written: {path}", path=options.out))
    return 0


def _write_comparison(
    options: EditOptions,
    run: Run,
    codec: Codec,
    dataset: ImageDataset,
    stats: CodeStatistics,
    picture: np.ndarray,
    start: np.ndarray,
    adjustments: list[tuple[AnyEdit, ...]],
) -> None:
    notes = [*options.note, *[None] * (len(adjustments) - len(options.note))]
    comparison = make_comparison(
        codec,
        stats,
        picture,
        options.index,
        list(zip(adjustments, notes, strict=True)),
        title=comparison_title(options.index, dataset.identity.name),
        subtitle=comparison_subtitle(codec.config, run.name),
        detail=options.detail,
    )
    image = render_comparison(
        comparison, scale=options.scale, theme=options.theme, difference_row=options.difference
    )
    words = [panel.note for panel in comparison.adjustments]
    told = list(zip(adjustments, words, strict=True))
    recipe = make_recipe(run, dataset.identity, options.index, start, told, detail=options.detail)
    save_png(image, recipe, Path(options.out).expanduser())
