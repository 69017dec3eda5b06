"""The verb codes: the codes of a data set, or a run's directions, as a file for other programs."""

from pydantic import Field

from core.codec import Codec
from core.directions import read_directions
from core.export.code_files import CODE_FORMATS, DIRECTION_FORMATS, write_codes, write_directions_to
from core.export.many import parse_indices
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Flag, LabelOptions
from core.verbs.inputs import inputs_of
from core.verbs.opening import asked, check_out, labelled, opened_for, shown

ABOUT = About(
    "codes",
    tr("Write the codes of pictures, or a run's directions, for other programs."),
    (
        "codes run --data test.npy --out codes.npz",
        "codes run --indices 0-999 --out codes.csv",
        "codes run --directions --out directions.json",
    ),
)


class CodesOptions(LabelOptions):
    """The options of codes."""

    out: str = Field(
        description=tr(
            "The file to write, .npz or .csv: index, error, code and labels of each picture. With"
            " --directions .json too."
        )
    )
    indices: str = Field("", description=tr("Which pictures, such as 0-99,200; without it all of them."))
    directions: Flag = Field(
        False, description=tr("The directions that are kept with the run, instead of codes.")
    )


def run(args: list[str]) -> int:
    """Do what the command line of codes says and give the exit code."""
    trained, options = asked(CodesOptions, ABOUT, args)
    formats = DIRECTION_FORMATS if options.directions else CODE_FORMATS
    out = check_out(options.out, *formats, inputs=inputs_of(trained, options))
    if options.directions:
        write_directions_to(read_directions(trained.path, trained.config.network.latent_dim), out)
    else:
        codec = Codec.from_run(trained)
        with ProgressLine() as line:
            dataset = labelled(opened_for(trained, options, line), options.labels, line)
            indices = parse_indices(options.indices, len(dataset)) if options.indices else None
            shown(write_codes(codec, dataset, out, indices), line)
    say(tr("Written: {path}", path=out))
    return 0
