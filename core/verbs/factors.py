"""The verb factors: which dial knows which known factor, and how well a run keeps factors apart."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.encoding import CODES_LIMIT
from core.errors import ConfigError
from core.export.matrix import draw_matrix, factor_matrix
from core.export.recipe import save_png
from core.export.typeset import ThemeName
from core.factors import FactorReport, FactorsFile, measure_factors
from core.factors.words import notes_of, score_lines
from core.labels import read_labels, with_labels
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Options, data_help, parse, positional
from core.verbs.opening import codes_of, opened_for, shown, write_out


class FactorsOptions(Options):
    """The options of factors; policy holds only what was asked for."""

    run: str
    data: str
    labels: str
    as_json: bool
    out: str | None
    theme: ThemeName
    policy: dict[str, Any]


def parse_factors(args: Sequence[str], policy: ImportConfig) -> FactorsOptions:
    """The options of factors, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "labels": (
            str,
            Field(
                "",
                description=tr(
                    "A file with labels of the pictures beside those that they have: a CSV, or CelebA's"
                    " list_attr file."
                ),
            ),
        ),
        "as_json": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")],
            Field(False, description=tr("Write it as JSON, for other programs.")),
        ),
        "out": (
            str | None,
            Field(
                None,
                description=tr(
                    "A .png for the factor-by-dial matrix as a picture, or a .json for everything."
                ),
            ),
        ),
        "theme": (
            Literal["light", "dark"],
            Field("light", description=tr("Of the .png: dark on light, or light on dark.")),
        ),
    }
    values = parse(
        "factors",
        fields,
        args,
        tr(
            "Hold the dials of a run against known factors, the labels of the pictures: which dial knows how"
            " much of which factor, the mutual information gap (Chen 2018) and DCI (Eastwood 2018)."
        ),
        (
            "factors run --out factors.png",
            "factors run --data faces --json",
            "factors run --out factors.json",
        ),
        (policy,),
    )
    return FactorsOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def run(args: list[str]) -> int:
    """Do what the command line of factors says and give the exit code."""
    trained = Run.open(parse_factors(args, ImportConfig()).run)
    options = parse_factors(args, trained.config.data.policy)
    if options.out is not None and not options.out.lower().endswith((".png", ".json")):
        raise ConfigError(tr("--out {path} must end in .png or .json.", path=options.out))
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dataset = opened_for(trained, options.data, options.policy, line)
        if options.labels:
            dataset = with_labels(dataset, read_labels(options.labels, dataset))
        kept = FactorsFile(trained.path, codec, dataset, min(CODES_LIMIT, len(dataset)))
        report = kept.load()
        if report is None:
            report = shown(measure_factors(codes_of(trained, codec, dataset, line), dataset.labels), line)
            kept.save(report)
    if options.out is not None:
        if options.out.lower().endswith(".json"):
            write_out(options.out, json.dumps(report.facts(), indent=2) + "\n")
        else:
            image = draw_matrix(factor_matrix(report, trained.name), options.theme)
            save_png(image, None, Path(options.out).expanduser())
        print(tr("Written: {path}", path=options.out))
    if options.as_json:
        print(json.dumps(report.facts(), indent=2))
    else:
        print(factors_text(report))
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
