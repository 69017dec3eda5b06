"""The report's first two chapters: the networks and their training, and elements of the code adjusted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.activity import collapse_text
from core.config import objective_text
from core.describe import describe_change
from core.export.document import (
    Block,
    Chart,
    Finding,
    Heading,
    Paragraph,
    Picture,
    Pictures,
    Series,
    Table,
)
from core.export.panels import Comparison
from core.export.report_findings import (
    Names,
    number_text,
)
from core.export.report_parts import Adjusted, ReportParts, floats
from core.models.architecture import architecture
from core.runs import Run
from core.translate import tr


def networks_chapter(parts: ReportParts, names: Names) -> list[Block]:
    blocks: list[Block] = [Heading(tr("1. The networks and their training"))]
    for number, run in enumerate(parts.runs):
        network = run.config.network
        rows = architecture(network)
        blocks += [
            Heading(tr("{name}: {what}", name=names.of(number), what=_what(run)), 3),
            Table(
                (tr("layer"), tr("what it is"), tr("output"), tr("parameters")),
                (
                    *(
                        (row.name, row.kind, " × ".join(map(str, row.output_shape)), f"{row.parameters:,}")
                        for row in rows
                    ),
                    (tr("total"), "", "", f"{sum(row.parameters for row in rows):,}"),
                ),
                numbers=(2, 3),
            ),
        ]
        if collapse := _collapse(run):
            blocks.append(Finding(f"{names.of(number)}: {collapse}", certain=False))
    blocks.append(Heading(tr("Training"), 3))
    blocks.append(_training_table(parts, names))
    curves = [_learning(run, names.of(number)) for number, run in enumerate(parts.runs)]
    if known := tuple(curve for curve in curves if curve is not None):
        blocks.append(
            Chart(
                tr("Error on pictures held out"),
                tr("epoch"),
                tr("mean squared error per pixel, of [-1, 1]"),
                known,
                tr("The mean squared error on the pictures held out, after each epoch."),
            )
        )
    return blocks


def _collapse(run: Run) -> str:
    """Posterior collapse in a sentence, by the run's last checkpoint; empty where there is none."""
    kl = run.kl()
    if kl is None or run.config.imported is not None:
        return ""
    return collapse_text(replace(kl, is_settled=kl.is_settled or run.is_finished), run.config.train)


def _what(run: Run) -> str:
    network = run.config.network
    return tr(
        "{network} {objective}, {dims} dimensions",
        network=network.network,
        objective=network.objective,
        dims=network.latent_dim,
    )


def _training_table(parts: ReportParts, names: Names) -> Table:
    rows: list[tuple[str, str, str]] = []

    def add(label: str, values: Sequence[str]) -> None:
        rows.append((label, values[0], values[1]))

    trains = [run.config.train for run in parts.runs]
    add(tr("data"), [f"{run.config.data.name}, {run.config.data.count:,}" for run in parts.runs])
    if any(run.config.imported for run in parts.runs):
        add(
            tr("imported from"),
            [run.config.imported.file if run.config.imported else "–" for run in parts.runs],
        )
    add(tr("trained for"), [objective_text(train) for train in trains])
    add(tr("epochs"), [_epochs(run) for run in parts.runs])
    add(tr("batch"), [f"{train.batch_size:,}" for train in trains])
    add(tr("learning rate (Adam)"), [f"{train.learning_rate:g}" for train in trains])
    add(tr("seed"), [str(train.seed) for train in trains])
    add(tr("best error on its own pictures held out"), [_best(run) for run in parts.runs])
    add(
        tr("error on the pictures of this report"),
        [number_text(float(errors.mean())) for errors in parts.study.errors],
    )
    return Table(("", names.first, names.second), tuple(rows))


def _epochs(run: Run) -> str:
    metrics = run.metrics()
    done = int(metrics.epoch[-1]) if len(metrics) else 0
    return tr("{done} of {asked}", done=done, asked=run.config.train.epochs)


def _best(run: Run) -> str:
    values = run.metrics().val_mse
    values = values[np.isfinite(values)]
    return number_text(float(values.min())) if len(values) else "–"


def _learning(run: Run, name: str) -> Series | None:
    metrics = run.metrics()
    known = np.isfinite(metrics.val_mse)
    if known.sum() < 2:
        return None
    return Series(name, floats(metrics.epoch[known]), floats(metrics.val_mse[known]))


def adjustments_chapter(adjusted: Sequence[Adjusted]) -> list[Block]:
    blocks: list[Block] = [Heading(tr("2. Elements of the code adjusted"))]
    if not adjusted:
        return [*blocks, Paragraph(tr("No adjustment was given."))]
    for one in adjusted:
        comparison = one.comparison
        pictures = tuple(
            Picture(panel.pixels, panel.title, "\n".join(filter(None, (panel.caption, panel.figure))))
            for panel in comparison.panels
        )
        blocks.append(Heading(tr("{run}: {title}", run=one.run_name, title=comparison.title), 3))
        if one.remark:
            blocks.append(Paragraph(one.remark))
        blocks += [Pictures(pictures), _differences(comparison)]
    return blocks


def _differences(comparison: Comparison) -> Table:
    """What each picture differs in from the one that it was made of, measured, and the person's words."""
    original, base = comparison.original, comparison.reconstruction
    rows: list[tuple[str, str, str]] = []
    if original is not None:
        rows.append((base.title.lower(), tr("original"), describe_change(original.pixels, base.pixels).text))
    before = original if comparison.has_detail and original is not None else base
    words: list[str] = [""] * len(rows)
    for panel in comparison.adjustments:
        measured = describe_change(before.pixels, panel.pixels).text
        what = f"{panel.title.lower()}: {panel.caption.replace(chr(10), '; ')}"
        rows.append((what, before.title.lower(), measured))
        words.append(panel.note if panel.note != measured else "")
    columns = tr("picture"), tr("against"), tr("what differs, measured")
    if any(words):
        return Table(
            (*columns, tr("in words")), tuple((*row, said) for row, said in zip(rows, words, strict=True))
        )
    return Table(columns, tuple(rows))
