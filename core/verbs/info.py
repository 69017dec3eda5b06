"""The verb info: what a run or a source of pictures is."""

import json
from typing import Annotated

import tyro
from pydantic import Field

from core.config import ImportConfig
from core.runs import Run, is_run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, Options, parse
from core.verbs.facts import data_facts, data_text, run_facts, run_text
from core.verbs.opening import opened

ABOUT = About(
    "info",
    tr(
        "Say what a run is (its network layer by layer, how it was trained, how good it is) or what"
        " pictures a source holds and how they are read."
    ),
    ("info run", "info photos/ --size 64", "info run --json"),
)


class InfoOptions(Options):
    """The options of info."""

    path: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar=tr("RUN|DATA"))] = Field(
        description=tr("A run's folder, or data as for --data of train.")
    )
    as_json: Json = Field(False, description=tr("Write it as JSON, for other programs."))


def run(args: list[str]) -> int:
    """Do what the command line of info says and give the exit code."""
    options = parse(InfoOptions, ABOUT, args, ImportConfig())
    if is_run(options.path):
        trained = Run.open(options.path)
        say(json.dumps(run_facts(trained), indent=2) if options.as_json else run_text(trained))
        return 0
    with ProgressLine() as line:
        dataset = opened(options.path, options.policy, line)
    say(json.dumps(data_facts(dataset), indent=2) if options.as_json else data_text(dataset))
    return 0
