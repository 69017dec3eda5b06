"""The verb codes: the codes of a data set, or a run's directions, as a file for other programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.directions import read_directions
from core.export.code_files import (
    CODE_FORMATS,
    DIRECTION_FORMATS,
    check_suffix,
    write_codes,
    write_directions_to,
)
from core.export.many import parse_indices
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Flag, data_help, labels_help, parse, positional
from core.verbs.opening import labelled, opened_for, shown


def parse_codes(args: Sequence[str], policy: ImportConfig) -> dict[str, Any]:
    """The options of codes, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "out": (
            str,
            Field(
                description=tr(
                    "The file to write, .npz or .csv: index, error, code and labels of each picture. With"
                    " --directions .json too."
                )
            ),
        ),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "indices": (
            str,
            Field("", description=tr("Which pictures, such as 0-99,200; without it all of them.")),
        ),
        "labels": (str, Field("", description=labels_help())),
        "directions": (
            Flag,
            Field(False, description=tr("The directions that are kept with the run, instead of codes.")),
        ),
    }
    values = parse(
        "codes",
        fields,
        args,
        tr("Write the codes of pictures, or a run's directions, for other programs."),
        (
            "codes run --data test.npy --out codes.npz",
            "codes run --indices 0-999 --out codes.csv",
            "codes run --directions --out directions.json",
        ),
        (policy,),
    )
    values["policy"] = {name: values.pop(name) for name in ImportConfig.model_fields}
    return values


def run(args: list[str]) -> int:
    """Do what the command line of codes says and give the exit code."""
    trained = Run.open(parse_codes(args, ImportConfig())["run"])
    values = parse_codes(args, trained.config.data.policy)
    out = Path(values["out"]).expanduser()
    check_suffix(out, DIRECTION_FORMATS if values["directions"] else CODE_FORMATS)
    if values["directions"]:
        write_directions_to(read_directions(trained.path, trained.config.network.latent_dim), out)
    else:
        codec = Codec.from_run(trained)
        with ProgressLine() as line:
            dataset = opened_for(trained, values["data"], values["policy"], line)
            dataset = labelled(dataset, values["labels"], line)
            indices = parse_indices(values["indices"], len(dataset)) if values["indices"] else None
            shown(write_codes(codec, dataset, out, indices), line)
    print(tr("Written: {path}", path=out))
    return 0
