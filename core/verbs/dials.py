"""The verb dials: every dial of a run as numbers, and how the dials hang together."""

import csv
import io
import json
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.codec import Codec
from core.config import is_variational
from core.dial_numbers import DialNumbers, KlFile, kept_kl, strongest_pairs
from core.errors import ConfigError
from core.export.matrix import correlation_matrix, draw_matrix
from core.export.recipe import save_png
from core.export.typeset import ThemeName
from core.latents import correlation, measure_effects, statistics
from core.places import kept_folder
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, RunOptions
from core.verbs.inputs import inputs_of
from core.verbs.opening import asked, check_out, codes_of, opened_for, shown, write_out

MOST_LISTED = 512  # dials whose correlations are part of --json
MOVED = 64  # pictures that the effects are averaged over; the window takes fewer, to answer sooner
_FORMATS = {"dial": "d", "mean": ".3f", "std": ".3f", "kl": ".3f", "effect": ".2f", "active": "d"}


ABOUT = About(
    "dials",
    tr(
        "Say of every dial how the codes of the data are spread along it (mean, standard deviation,"
        " percentiles), its KL in nats where the run is a vae, and its effect: the mean absolute change"
        " of the picture, of 255, when it moves by one standard deviation either way from real codes."
    ),
    (
        "dials run --sort effect",
        "dials run --out dials.csv --correlation correlation.png",
        "dials run --json",
    ),
)


class DialsOptions(RunOptions):
    """The options of dials."""

    sort: Literal["dial", "effect", "std", "kl"] = Field(
        "dial",
        description=tr(
            "The order of the table: the dials' numbers, or greatest effect, spread or KL first, dead ones"
            " last."
        ),
    )
    as_json: Json = Field(False, description=tr("Write it as JSON, for other programs."))
    out: str | None = Field(None, description=tr("A .csv or .json file for the table."))
    correlation: str | None = Field(
        None, description=tr("A .csv file for the correlations of the dials, or a .png that shows them.")
    )
    theme: ThemeName = Field("light", description=tr("Of the .png: dark on light, or light on dark."))


def run(args: list[str]) -> int:
    """Do what the command line of dials says and give the exit code."""
    trained, options = asked(DialsOptions, ABOUT, args)
    inputs = inputs_of(trained, options)
    out = check_out(options.out, ".csv", ".json", inputs=inputs) if options.out is not None else None
    correlations = None
    if options.correlation is not None:
        correlations = check_out(options.correlation, ".csv", ".png", inputs=inputs, option="--correlation")
    if options.sort == "kl" and not is_variational(trained.config.network.objective):
        raise ConfigError(tr("--sort kl needs a vae; {run} has no KL.", run=trained.name))
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dataset = opened_for(trained, options, line)
        codes = codes_of(trained, codec, dataset, line).codes
        stats = statistics(codes)
        effect = shown(measure_effects(codec, codes, stats, MOVED), line)
        kl = shown(kept_kl(codec, dataset, kept=KlFile(kept_folder(trained.path), codec, dataset)), line)
        line.show(tr("Measuring correlations"))
        together = correlation(codes)
    numbers = DialNumbers(stats, effect, kl)
    if out is not None:
        is_csv = out.suffix.lower() == ".csv"
        facts = numbers.facts(options.sort)
        write_out(out, numbers.csv_text(options.sort) if is_csv else json.dumps(facts, indent=2) + "\n")
    if correlations is not None:
        _write_correlation(correlations, options, together, numbers)
    if options.as_json:
        order = numbers.order(options.sort)
        together = together[np.ix_(order, order)]  # its rows are those of the dials
        whole = _rounded(together) if len(together) <= MOST_LISTED else None  # a file has it all
        say(json.dumps(numbers.facts(options.sort) | {"correlation": whole}, indent=2))
        return 0
    for written in filter(None, (options.out, options.correlation)):
        say(tr("Written: {path}", path=written))
    say(dials_text(numbers, together, options.sort))
    return 0


def dials_text(numbers: DialNumbers, together: NDArray[np.float32], sort: str) -> str:
    """The table for people, and the pairs that hang together most."""
    columns = numbers.columns()
    names = {
        "p1": "1 %",
        "p5": "5 %",
        "p25": "25 %",
        "p50": "50 %",
        "p75": "75 %",
        "p95": "95 %",
        "p99": "99 %",
    }
    head = [names.get(name, name) for name in columns if name != "active"]
    rows = [head]
    for dial in numbers.order(sort):
        cells = [format(column[dial].item(), _FORMATS.get(name, ".3f")) for name, column in columns.items()]
        rows.append([*cells[:-1], "" if columns["active"][dial] else tr("idle")])
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = [
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), *row[len(head) :]])
        for row in rows
    ]
    total = len(columns["dial"])
    active = int(columns["active"].sum())
    lines += ["", tr("{active} of {total} dials are active, measured on {count:,} pictures.",
                     active=active, total=total, count=numbers.stats.count)]  # fmt: skip
    if numbers.kl is not None:
        lines.append(tr("KL of all dials: {kl} nats a picture.", kl=f"{float(numbers.kl.sum()):.2f}"))
    pairs = ", ".join(f"z{a} z{b} {r:+.2f}" for a, b, r in strongest_pairs(together, 3))
    if pairs:
        lines.append(tr("Strongest correlations: {pairs}", pairs=pairs))
    return "\n".join(line.rstrip() for line in lines)


def _write_correlation(
    out: Path, options: DialsOptions, together: NDArray[np.float32], numbers: DialNumbers
) -> None:
    if out.suffix.lower() == ".csv":
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["", *(f"z{dial}" for dial in range(len(together)))])
        writer.writerows([f"z{dial}", *row] for dial, row in enumerate(_rounded(together)))
        write_out(out, file.getvalue())
    else:
        matrix = correlation_matrix(together, numbers, options.sort)
        save_png(draw_matrix(matrix, options.theme), None, out)


def _rounded(values: NDArray[np.float32]) -> list[list[float]]:
    return [[round(value, 4) for value in row] for row in values.tolist()]
