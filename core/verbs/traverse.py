"""The verb traverse: what single dials do to one picture, as a sheet or moving."""

from typing import Literal

from pydantic import Field

from core.codec import Codec
from core.errors import ConfigError
from core.export.moving import (
    FRAMES,
    Titles,
    check_dims,
    strongest_dims,
    traversal_film,
    traversal_sheet,
)
from core.export.panels import comparison_subtitle, comparison_title
from core.latents import measure_effects, statistics
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import About
from core.verbs.moving import Look, MovingOptions, look_of, write
from core.verbs.opening import asked, check_index, codes_of, opened_for, shown

STRONGEST = 5  # dials that are shown where none are named


ABOUT = About(
    "traverse",
    tr("Turn dials of one picture through their range: a row of pictures each, or moving pictures."),
    (
        "traverse run --index 2 --out sheet.png",
        "traverse run --data test.npy --index 2 --dims 0,1,2 --steps 9 --out sheet.png",
        "traverse run --index 2 --dims 0 --sigmas 3 --frames 60 --out z0.gif",
    ),
)


class TraverseOptions(MovingOptions):
    """The options of traverse."""

    index: int = Field(0, description=tr("Which picture of the data, counted from 0."))
    dims: str = Field(
        "",
        description=tr(
            "The dials, such as 0,1,2; without it the {count} that change pictures most.", count=STRONGEST
        ),
    )
    steps: int = Field(9, description=tr("Pictures of each dial on a sheet, 2 to 64."))
    sigmas: float = Field(
        0.0,
        description=tr(
            "Go so many standard deviations to both sides of the data's mean; 0 goes from 5 % to 95 % of the"
            " data's own codes."
        ),
    )
    loop: Literal["back", "once"] = Field(
        "back", description=tr("Moving pictures go there and back for ever, or once.")
    )


def run(args: list[str]) -> int:
    """Do what the command line of traverse says and give the exit code."""
    trained, options = asked(TraverseOptions, ABOUT, args, Look())
    out, look = look_of(trained, options, options.steps)
    dims, sigmas = parse_dims(options.dims), options.sigmas
    check_dims(dims, trained.config.network.latent_dim)
    if not 0.0 <= sigmas <= 100.0:
        raise ConfigError(tr("--sigmas is {sigmas}; it must be 0 to 100.", sigmas=sigmas))
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dataset = opened_for(trained, options, line)
        check_index(dataset, options.index)
        code = codec.encode(dataset.pictures([options.index]))[0]
        codes = codes_of(trained, codec, dataset, line).codes
        stats = statistics(codes)
        if not dims:
            dims = strongest_dims(shown(measure_effects(codec, codes, stats), line), STRONGEST)
        titles = Titles(
            comparison_title(options.index, dataset.identity.name),
            comparison_subtitle(codec.config, trained.name),
        )
        steps, frames, loop = options.steps, look.frames or FRAMES, options.loop
        write(
            out,
            look,
            codec,
            lambda: traversal_sheet(codec, stats, code, dims, steps, sigmas=sigmas, titles=titles),
            lambda: traversal_film(stats, code, dims, frames, loop=loop, sigmas=sigmas, titles=titles),
            line,
        )
    return 0


def parse_dims(text: str) -> tuple[int, ...]:
    """The dimensions of a text like "0,1,z2". Raises: ConfigError."""
    parts = [part.strip().lower().removeprefix("z") for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() and len(part) < 7 for part in parts):
        raise ConfigError(tr("'{text}' names no dials; write their numbers, such as 0,1,2.", text=text))
    return tuple(dict.fromkeys(int(part) for part in parts))
