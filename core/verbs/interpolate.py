"""The verb interpolate: how one picture becomes another, as a strip or moving."""

from typing import Annotated, Literal

import tyro
from pydantic import Field

from core.codec import Codec
from core.export.moving import FRAMES, Titles, interpolation_film, interpolation_sheet
from core.export.panels import comparison_subtitle
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import About
from core.verbs.moving import Look, MovingOptions, look_of, write
from core.verbs.opening import asked, check_index, opened_for

ABOUT = About(
    "interpolate",
    tr("Go from the code of one picture to that of another: a strip of pictures, or moving ones."),
    (
        "interpolate run --from 2 --to 9 --out strip.png",
        "interpolate run --data test.npy --from 2 --to 9 --frames 80 --out becoming.gif",
    ),
)


class InterpolateOptions(MovingOptions):
    """The options of interpolate."""

    first: Annotated[int, tyro.conf.arg(name="from")] = Field(
        description=tr("The picture that it begins with, counted from 0.")
    )
    last: Annotated[int, tyro.conf.arg(name="to")] = Field(description=tr("The picture that it ends with."))
    steps: int = Field(9, description=tr("Pictures on a strip, both ends included, 2 to 64."))
    path: Literal["line", "sphere"] = Field(
        "line",
        description=tr(
            "The way between the two codes: straight, or on an arc about the origin, which suits codes that"
            " are spread as N(0, 1) (White 2016)."
        ),
    )
    loop: Literal["back", "once"] = Field(
        "back", description=tr("Moving pictures go there and back for ever, or once.")
    )


def run(args: list[str]) -> int:
    """Do what the command line of interpolate says and give the exit code."""
    trained, options = asked(InterpolateOptions, ABOUT, args, Look())
    out, look = look_of(trained, options, options.steps)
    codec = Codec.from_run(trained)
    first, last = options.first, options.last
    with ProgressLine() as line:
        dataset = opened_for(trained, options, line)
        check_index(dataset, first)
        check_index(dataset, last)
        a, b = codec.encode(dataset.pictures([first, last]))
        ends = (tr("picture {index}", index=first), tr("picture {index}", index=last))
        name = dataset.identity.name
        titles = Titles(
            tr("From picture {first} to picture {last} of {data}", first=first, last=last, data=name),
            comparison_subtitle(codec.config, trained.name),
        )
        path = options.path
        write(
            out,
            look,
            codec,
            lambda: interpolation_sheet(codec, a, b, options.steps, path=path, ends=ends, titles=titles),
            lambda: interpolation_film(
                a, b, look.frames or FRAMES, path=path, loop=options.loop, ends=ends, titles=titles
            ),
            line,
        )
    return 0
