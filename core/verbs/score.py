"""The verb score: how badly a run reconstructs each picture, as the CSV of the course's anomaly task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.errors import ConfigError
from core.runs import Run
from core.scoring import write_scores
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Options, data_help, parse, positional
from core.verbs.opening import opened_for, shown


class ScoreOptions(Options):
    """The options of score; policy holds only what was asked for."""

    run: str
    data: str
    out: str
    policy: dict[str, Any]


def parse_score(args: Sequence[str], policy: ImportConfig) -> ScoreOptions:
    """The options of score, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "out": (str, Field(description=tr("The CSV to write: ID,score and a row for each picture."))),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
    }
    values = parse(
        "score",
        fields,
        args,
        tr(
            "Write how badly the run reconstructs each picture, as ID,score: ID counts the pictures from 0,"
            " score is the root of the squared error summed over the picture, with pixels from -1 to 1."
        ),
        ("score run --data test.npy --out score.csv",),
        (policy,),
    )
    return ScoreOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def run(args: list[str]) -> int:
    """Do what the command line of score says and give the exit code."""
    trained = Run.open(parse_score(args, ImportConfig()).run)
    options = parse_score(args, trained.config.data.policy)
    path = Path(options.out).expanduser()
    if path.suffix.lower() != ".csv":
        raise ConfigError(tr("--out {path} must end in .csv.", path=options.out))
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dataset = opened_for(trained, options.data, options.policy, line)
        shown(write_scores(codec, dataset, path), line)
    print(tr("Written: {path}", path=options.out))
    return 0
