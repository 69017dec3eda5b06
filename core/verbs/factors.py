"""The verb factors: which dial knows which known factor, and how well a run keeps factors apart."""

import json

from pydantic import Field

from core.codec import Codec
from core.encoding import CODES_LIMIT
from core.export.matrix import draw_matrix, factor_matrix
from core.export.recipe import save_png
from core.export.typeset import ThemeName
from core.factors import FactorReport, FactorsFile, measure_factors
from core.factors.words import notes_of, score_lines
from core.places import kept_folder
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, LabelOptions
from core.verbs.inputs import inputs_of
from core.verbs.opening import (
    asked,
    check_out,
    codes_of,
    labelled,
    opened_for,
    shown,
    write_out,
)

ABOUT = About(
    "factors",
    tr(
        "Hold the dials of a run against known factors, the labels of the pictures: which dial knows how"
        " much of which factor, the mutual information gap (Chen 2018) and DCI (Eastwood 2018)."
    ),
    ("factors run --out factors.png", "factors run --data faces --json", "factors run --out factors.json"),
)


class FactorsOptions(LabelOptions):
    """The options of factors."""

    as_json: Json = Field(False, description=tr("Write it as JSON, for other programs."))
    out: str | None = Field(
        None,
        description=tr("A .png for the factor-by-dial matrix as a picture, or a .json for everything."),
    )
    theme: ThemeName = Field("light", description=tr("Of the .png: dark on light, or light on dark."))


def run(args: list[str]) -> int:
    """Do what the command line of factors says and give the exit code."""
    trained, options = asked(FactorsOptions, ABOUT, args)
    inputs = inputs_of(trained, options)
    out = check_out(options.out, ".png", ".json", inputs=inputs) if options.out is not None else None
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dataset = labelled(opened_for(trained, options, line), options.labels, line)
        kept = FactorsFile(kept_folder(trained.path), codec, dataset, min(CODES_LIMIT, len(dataset)))
        report = kept.load()
        if report is None:
            report = shown(measure_factors(codes_of(trained, codec, dataset, line), dataset.labels), line)
            kept.save(report)
    if out is not None:
        if out.suffix.lower() == ".json":
            write_out(out, json.dumps(report.facts(), indent=2) + "\n")
        else:
            save_png(draw_matrix(factor_matrix(report, trained.name), options.theme), None, out)
    if options.as_json:
        say(json.dumps(report.facts(), indent=2))
        return 0
    if out is not None:
        say(tr("Written: {path}", path=options.out))
    say(factors_text(report))
    return 0


def factors_text(report: FactorReport) -> str:
    """The scores and a line a factor, for people."""
    lines = [f"{name:<16} {value}  {meaning}" for name, value, meaning in score_lines(report)]
    width = max(len(name) for name in report.names)
    head = (tr("factor"), tr("dial"), tr("knows"), tr("gap"), tr("complete"), tr("read"))
    lines += ["", f"{head[0]:<{width}}  {head[1]:>5}  {head[2]:>5}  {head[3]:>5}  {head[4]:>8}  {head[5]:>5}"]
    for at, name in enumerate(report.names):
        best = report.best_dial(at)
        lines.append(
            f"{name:<{width}}  {f'z{best}':>5}  {report.shares[best, at]:>5.2f}  {report.gaps[at]:>5.2f}"
            f"  {report.completeness[at]:>8.2f}  {report.score[at]:>5.2f}"
        )
    return "\n".join([*lines, "", *notes_of(report)])
