"""The verb info: what a run or a source of pictures is."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import tyro
from pydantic import Field

from core.config import ImportConfig
from core.runs import Run, is_run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Options, parse, positional
from core.verbs.facts import data_facts, data_text, run_facts, run_text
from core.verbs.opening import opened


class InfoOptions(Options):
    """The options of info."""

    path: str
    as_json: bool
    policy: dict[str, Any]


def parse_info(args: Sequence[str]) -> InfoOptions:
    """The options of info. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "path": (
            positional(tr("RUN|DATA")),
            Field(description=tr("A run's folder, or data as for --data of train.")),
        ),
        "as_json": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")],
            Field(False, description=tr("Write it as JSON, for other programs.")),
        ),
    }
    values = parse(
        "info",
        fields,
        args,
        tr(
            "Say what a run is (its network layer by layer, how it was trained, how good it is) or what"
            " pictures a source holds and how they are read."
        ),
        ("info run", "info photos/ --size 64", "info run --json"),
        (ImportConfig(),),
    )
    policy = {name: values[name] for name in ImportConfig.model_fields}
    return InfoOptions(path=values["path"], as_json=values["as_json"], policy=policy)


def run(args: list[str]) -> int:
    """Do what the command line of info says and give the exit code."""
    options = parse_info(args)
    if is_run(options.path):
        trained = Run.open(options.path)
        print(json.dumps(run_facts(trained), indent=2) if options.as_json else run_text(trained))
        return 0
    with ProgressLine() as line:
        dataset = opened(options.path, options.policy, line)
    print(json.dumps(data_facts(dataset), indent=2) if options.as_json else data_text(dataset))
    return 0
