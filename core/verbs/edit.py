"""The verb edit: a picture's code changed, before and after written as one PNG with its recipe."""

from pathlib import Path

import numpy as np
from pydantic import Field

from core.codec import Codec
from core.datasets import ImageDataset
from core.edits import AnyEdit
from core.errors import ConfigError
from core.export.comparison import make_comparison, render_comparison
from core.export.panels import comparison_subtitle, comparison_title
from core.export.recipe import make_recipe, save_png
from core.export.sheet import check_scale
from core.export.typeset import ThemeName
from core.latents import CodeStatistics, statistics
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Flag, RunOptions, Texts
from core.verbs.inputs import inputs_of
from core.verbs.opening import adjustments_of, asked, check_index, check_out, codes_of, opened_for

ABOUT = About(
    "edit",
    tr(
        "Change the code of one picture and write one PNG with the original, the reconstruction and"
        " every adjustment beside each other."
    ),
    (
        "edit run --index 7 --adjust 0+20 --adjust 63+20 --out before_after.png",
        'edit run --data test.npy --index 2 --adjust "3=1.5,5*-1" --note "He smiles." --out smile.png',
        'edit run --index 7 --adjust "@smile+2,0+20" --out smile.png',
    ),
)


class EditOptions(RunOptions):
    """The options of edit."""

    adjust: Texts = Field(
        (),
        description=tr(
            "One adjusted picture: DIM+X, DIM-X, DIM=X or DIM*X, @NAME+X for so many standard deviations"
            " along a direction that the run keeps, or several of them with commas between. Give it again"
            " for each further picture."
        ),
    )
    out: str = Field(description=tr("The PNG to write. It carries the recipe of how it was made."))
    index: int = Field(0, description=tr("Which picture of the data, counted from 0."))
    note: Texts = Field(
        (),
        description=tr(
            "Your own words under an adjusted picture, the first for the first. Without them what changed"
            " is measured and said."
        ),
    )
    scale: int = Field(4, description=tr("Each pixel becomes a square of this many, 1 to 32."))
    theme: ThemeName = Field("light", description=tr("Dark on light, or light on dark."))
    difference: Flag = Field(
        False, description=tr("Show under each picture how much each of its pixels changed.")
    )
    detail: Flag = Field(
        False, description=tr("Put back what the network lost of the original where nothing was edited.")
    )


def run(args: list[str]) -> int:
    """Do what the command line of edit says and give the exit code."""
    trained, options = asked(EditOptions, ABOUT, args)
    # The recipe needs a PNG to live in.
    out = check_out(options.out, ".png", inputs=inputs_of(trained, options))
    check_scale(options.scale)
    if len(options.note) > len(options.adjust):
        raise ConfigError(
            tr(
                "More notes than adjustments: {notes} for {count}; give each --adjust one --note at most.",
                notes=len(options.note),
                count=len(options.adjust),
            )
        )
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        adjustments = adjustments_of(trained, codec, options.adjust, line)
        dataset = opened_for(trained, options, line)
        check_index(dataset, options.index)
        picture = dataset.pictures([options.index])
        start = codec.encode(picture)[0]
        stats = statistics(codes_of(trained, codec, dataset, line).codes)
    _write_comparison(options, out, trained, codec, dataset, stats, picture[0], start, adjustments)
    say(tr("Written: {path}", path=options.out))
    return 0


def _write_comparison(
    options: EditOptions,
    out: Path,
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
    save_png(image, recipe, out)
