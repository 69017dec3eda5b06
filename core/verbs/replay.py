"""The verb replay: one picture, edited, by the networks of the epochs that a run has kept."""

from typing import Literal

from pydantic import Field

from core.codec import Codec
from core.export.epochs import EPOCHS_A_SECOND, epoch_now, epoch_views, epochs_film, epochs_sheet
from core.export.moving import Titles
from core.export.panels import comparison_subtitle, comparison_title
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import About, Flag, Texts
from core.verbs.moving import Look, MovingOptions, look_of, write
from core.verbs.opening import adjustment_of, asked, check_index, only_adjustment, opened_for, shown

ABOUT = About(
    "replay",
    tr(
        "Show one picture, edited, as the networks of the kept epochs make it, and as the run does now:"
        " a picture each, or moving pictures."
    ),
    (
        "replay run --index 2 --out replay.gif",
        'replay run --data test.npy --index 2 --adjust "0+20,63+20" --out replay.mp4',
        "replay run --index 2 --adjust 3*-1 --fps 4 --out sheet.png",
    ),
)


class ReplayOptions(MovingOptions):
    """The options of replay."""

    index: int = Field(0, description=tr("Which picture of the data, counted from 0."))
    adjust: Texts = Field(
        (),
        description=tr(
            "The adjustment: DIM+X, DIM-X, DIM=X, DIM*X or @NAME+X, with commas; one at most."
            " Without it the reconstruction is shown."
        ),
    )
    detail: Flag = Field(
        False, description=tr("Put back what the network lost of the original where nothing was edited.")
    )
    loop: Literal["again", "once"] = Field(
        "again",
        description=tr("Moving pictures rest on the last epoch and begin anew for ever, or play once."),
    )


def run(args: list[str]) -> int:
    """Do what the command line of replay says and give the exit code."""
    trained, options = asked(ReplayOptions, ABOUT, args, Look(fps=EPOCHS_A_SECOND))
    out, look = look_of(trained, options)
    adjust = only_adjustment(options.adjust)
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        edits = adjustment_of(trained, codec, adjust, line)
        dataset = opened_for(trained, options, line)
        check_index(dataset, options.index)
        picture = dataset.pictures([options.index])[0]
        now = epoch_now(trained)
        work = epoch_views(trained, codec, picture, edits, detail=options.detail, now_epoch=now)
        views = shown(work, line)
        subtitle = comparison_subtitle(codec.config, trained.name)
        if options.detail:
            subtitle += tr(", with the original's detail")
        titles = Titles(comparison_title(options.index, dataset.identity.name), subtitle)
        is_loop = options.loop == "again"
        write(
            out,
            look,
            codec,
            lambda: epochs_sheet(views, titles),
            lambda: epochs_film(views, look.frames, fps=look.fps, is_loop=is_loop, titles=titles),
            line,
        )
    return 0
