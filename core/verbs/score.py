"""The verb score: how badly a run reconstructs each picture, as the CSV of the course's anomaly task."""

from pydantic import Field

from core.codec import Codec
from core.scoring import write_scores
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, RunOptions
from core.verbs.inputs import inputs_of
from core.verbs.opening import asked, check_out, opened_for, shown

ABOUT = About(
    "score",
    tr(
        "Write how badly the run reconstructs each picture, as ID,score: ID counts the pictures from 0,"
        " score is the root of the squared error summed over the picture, with pixels from -1 to 1."
    ),
    ("score run --data test.npy --out score.csv",),
)


class ScoreOptions(RunOptions):
    """The options of score."""

    out: str = Field(description=tr("The CSV to write: ID,score and a row for each picture."))


def run(args: list[str]) -> int:
    """Do what the command line of score says and give the exit code."""
    trained, options = asked(ScoreOptions, ABOUT, args)
    out = check_out(options.out, ".csv", inputs=inputs_of(trained, options))
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        shown(write_scores(codec, opened_for(trained, options, line), out), line)
    say(tr("Written: {path}", path=options.out))
    return 0
