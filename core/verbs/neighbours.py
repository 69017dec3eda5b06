"""The verb neighbours: how unusual a code is, and the pictures whose codes are nearest to it."""

import json

import numpy as np
from pydantic import Field

from core.codec import Codec
from core.edits import apply_edits
from core.errors import ConfigError
from core.export.recipe import save_picture
from core.mapping import measure_rarity, nearest
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, RunOptions, Texts
from core.verbs.inputs import inputs_of
from core.verbs.opening import (
    adjustment_of,
    asked,
    check_index,
    check_out,
    codes_of,
    only_adjustment,
    opened_for,
)

MOST = 1000
GAP_PX = 2


ABOUT = About(
    "neighbours",
    tr(
        "Say which share of the data's codes is less unusual than a code (by Mahalanobis distance), and"
        " which pictures have the nearest codes (by Euclidean distance)."
    ),
    ("neighbours run --index 7", "neighbours run --index 7 --adjust 0+20 --count 5 --out near.png"),
)


class NeighboursOptions(RunOptions):
    """The options of neighbours."""

    index: int = Field(0, description=tr("Which picture of the data, counted from 0."))
    adjust: Texts = Field((), description=tr("An adjustment of its code, as edit takes it; one at most."))
    count: int = Field(8, description=tr("How many neighbours, 1 to 1,000."))
    as_json: Json = Field(False, description=tr("Write JSON for another program."))
    out: str | None = Field(
        None, description=tr("A PNG of the picture of the code and of its neighbours beside it.")
    )


def run(args: list[str]) -> int:
    """Do what the command line of neighbours says and give the exit code."""
    trained, options = asked(NeighboursOptions, ABOUT, args)
    inputs = inputs_of(trained, options)
    out = check_out(options.out, ".png", inputs=inputs) if options.out is not None else None
    if not 1 <= options.count <= MOST:
        raise ConfigError(
            tr("--count {count} must be from 1 to {most}.", count=options.count, most=f"{MOST:,}")
        )
    adjust = only_adjustment(options.adjust)
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        edits = adjustment_of(trained, codec, adjust, line)
        dataset = opened_for(trained, options, line)
        check_index(dataset, options.index)
        codes = codes_of(trained, codec, dataset, line, len(dataset))
    z = apply_edits(edits, codec.encode(dataset.pictures([options.index]))[0])
    share = measure_rarity(codes.codes).share(z)
    found = nearest(codes.codes, z, options.count)
    indices = codes.indices[found.rows].tolist()
    if out is not None:
        row = np.concatenate([codec.decode(z), dataset.pictures(indices)])
        padded = np.pad(row, ((0, 0), (0, 0), (0, GAP_PX), (0, 0)), constant_values=255)
        strip = np.ascontiguousarray(np.concatenate(padded, axis=1)[:, :-GAP_PX])
        save_picture(strip, out, 2)
    if options.as_json:
        near = [{"index": i, "distance": d} for i, d in zip(indices, found.distances.tolist(), strict=True)]
        say(json.dumps({"rarer_than": share, "neighbours": near}, indent=2))
        return 0
    say(tr("Rarer than {percent} % of the data's codes.", percent=f"{100 * share:.1f}"))
    for index, distance in zip(indices, found.distances.tolist(), strict=True):
        say(f"#{index:<8} {distance:.4g}")
    if out is not None:
        say(tr("Written: {path}", path=options.out))
    return 0
