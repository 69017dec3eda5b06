"""The verb replay: one picture, edited, by the networks of the epochs that a run has kept."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.directions import read_directions
from core.edits import parse_edits
from core.export.epochs import EPOCHS_A_SECOND, epoch_now, epoch_views, epochs_film, epochs_sheet
from core.export.moving import Titles
from core.export.panels import comparison_subtitle, comparison_title
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Flag, data_help
from core.verbs.moving import look_of, parsed, write
from core.verbs.opening import check_index, opened_for, shown


def parse_replay(args: Sequence[str], policy: ImportConfig) -> dict[str, Any]:
    """The options of replay, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "index": (int, Field(0, description=tr("Which picture of the data, counted from 0."))),
        "adjust": (
            str,
            Field(
                "",
                description=tr(
                    "The adjustment: DIM+X, DIM-X, DIM=X, DIM*X or @NAME+X, with commas. Without it the"
                    " reconstruction is shown."
                ),
            ),
        ),
        "detail": (
            Flag,
            Field(
                False,
                description=tr("Put back what the network lost of the original where nothing was edited."),
            ),
        ),
        "loop": (
            Literal["again", "once"],
            Field("again", description=tr("Moving pictures begin anew for ever, or play once.")),
        ),
    }
    return parsed(
        "replay",
        fields,
        args,
        tr(
            "Show one picture, edited, as the networks of the kept epochs make it, and as the run does now:"
            " a picture each, or moving pictures."
        ),
        (
            "replay run --index 2 --out replay.gif",
            'replay run --data test.npy --index 2 --adjust "0+20,63+20" --out replay.mp4',
            "replay run --index 2 --adjust 3*-1 --fps 4 --out sheet.png",
        ),
        policy,
        fps=EPOCHS_A_SECOND,
    )


def run(args: list[str]) -> int:
    """Do what the command line of replay says and give the exit code."""
    trained = Run.open(parse_replay(args, ImportConfig())["run"])
    values = parse_replay(args, trained.config.data.policy)
    look = look_of(values)
    codec = Codec.from_run(trained)
    found = read_directions(trained.path, codec.latent_dim) if "@" in values["adjust"] else ()
    text = values["adjust"]
    edits = parse_edits(text, codec.latent_dim, [one.direction for one in found]) if text else ()
    with ProgressLine() as line:
        dataset = opened_for(trained, values["data"], values["policy"], line)
        check_index(dataset, values["index"])
        work = epoch_views(
            trained,
            codec,
            dataset.pictures([values["index"]])[0],
            edits,
            detail=values["detail"],
            now_epoch=epoch_now(trained),
        )
        views = shown(work, line)
        subtitle = comparison_subtitle(codec.config, trained.name)
        if values["detail"]:
            subtitle += tr(", with the original's detail")
        titles = Titles(comparison_title(values["index"], dataset.identity.name), subtitle)
        write(
            look,
            codec,
            lambda: epochs_sheet(views, titles),
            lambda: epochs_film(views, look.frames, is_loop=values["loop"] == "again", titles=titles),
            line,
        )
    return 0
