"""The verb neighbours: how unusual a code is, and the pictures whose codes are nearest to it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.edits import apply_edits, parse_edits
from core.encoding import CodesFile, measured_codes
from core.errors import ConfigError
from core.export.recipe import save_picture
from core.mapping import measure_rarity, nearest
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Options, data_help, parse, positional
from core.verbs.opening import check_index, opened_for, shown

MOST = 1000
GAP_PX = 2


class NeighboursOptions(Options):
    """The options of neighbours; policy holds only what was asked for."""

    run: str
    data: str
    index: int
    adjust: str
    count: int
    as_json: bool
    out: str | None
    policy: dict[str, Any]


def parse_neighbours(args: Sequence[str], policy: ImportConfig) -> NeighboursOptions:
    """The options of neighbours, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "index": (int, Field(0, description=tr("Which picture of the data, counted from 0."))),
        "adjust": (str, Field("", description=tr("An adjustment of its code, as edit takes it."))),
        "count": (int, Field(8, description=tr("How many neighbours, 1 to 1,000."))),
        "as_json": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")],
            Field(False, description=tr("Write JSON for another program.")),
        ),
        "out": (
            str | None,
            Field(None, description=tr("A PNG of the picture of the code and of its neighbours beside it.")),
        ),
    }
    values = parse(
        "neighbours",
        fields,
        args,
        tr(
            "Say which share of the data's codes is less unusual than a code (by Mahalanobis distance), and"
            " which pictures have the nearest codes (by Euclidean distance)."
        ),
        (
            "neighbours run --index 7",
            "neighbours run --index 7 --adjust 0+20 --count 5 --out near.png",
        ),
        (policy,),
    )
    return NeighboursOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def run(args: list[str]) -> int:
    """Do what the command line of neighbours says and give the exit code."""
    trained = Run.open(parse_neighbours(args, ImportConfig()).run)
    options = parse_neighbours(args, trained.config.data.policy)
    codec = Codec.from_run(trained)
    edits = parse_edits(options.adjust, codec.latent_dim) if options.adjust else ()
    if not 1 <= options.count <= MOST:
        raise ConfigError(
            tr("--count {count} must be from 1 to {most}.", count=options.count, most=f"{MOST:,}")
        )
    if options.out is not None and Path(options.out).suffix.lower() != ".png":
        raise ConfigError(tr("--out {path} must end in .png.", path=options.out))
    with ProgressLine() as line:
        dataset = opened_for(trained, options.data, options.policy, line)
        check_index(dataset, options.index)
        kept = CodesFile(trained.path, codec, dataset, len(dataset))
        codes = shown(measured_codes(codec, dataset, len(dataset), kept), line)
    z = apply_edits(edits, codec.encode(dataset.pictures([options.index]))[0])
    share = measure_rarity(codes.codes).share(z)
    found = nearest(codes.codes, z, options.count)
    indices = codes.indices[found.rows].tolist()
    if options.as_json:
        near = [{"index": i, "distance": d} for i, d in zip(indices, found.distances.tolist(), strict=True)]
        print(json.dumps({"rarer_than": share, "neighbours": near}, indent=2))
    else:
        print(tr("Rarer than {percent} % of the data's codes.", percent=f"{100 * share:.1f}"))
        for index, distance in zip(indices, found.distances.tolist(), strict=True):
            print(f"#{index:<8} {distance:.4g}")
    if options.out is not None:
        row = np.concatenate([codec.decode(z), dataset.pictures(indices)])
        padded = np.pad(row, ((0, 0), (0, 0), (0, GAP_PX), (0, 0)), constant_values=255)
        strip = np.ascontiguousarray(np.concatenate(padded, axis=1)[:, :-GAP_PX])
        save_picture(strip, Path(options.out).expanduser(), 2)
        if not options.as_json:
            print(tr("Written: {path}", path=options.out))
    return 0
