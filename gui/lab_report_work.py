"""The report on two runs as long work: everything measured, made one page, written. No widgets."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.edits import Edit, Operation
from gui import heavy
from gui.export_request import ExportSubject, FigureRequest
from gui.lab_side import Gathered, Side

if TYPE_CHECKING:
    from core.edits import AnyEdit
    from core.encoding import EncodeProgress
    from core.export.report_parts import Adjusted

STRONGEST, STEP_SIGMA = 2, 2.0  # dials of each run, moved so far, where a person keeps no adjustment
HTML, MARKDOWN = "html", "md"


@dataclass(frozen=True, eq=False)
class ReportRequest:
    """What a report is made of: the picture and its adjustments with words are those of side A."""

    a: Side
    b: Side
    gathered: Gathered
    subject: ExportSubject
    adjustments: tuple[tuple[tuple[AnyEdit, ...], str | None], ...]
    path: Path
    kind: str


def write_report(request: ReportRequest) -> Generator[EncodeProgress, None, Path]:
    """Measure both runs, and write the page. Raises: LatentDialsError, OSError."""
    sides = request.a, request.b
    material = request.gathered.material()
    subjects = request.a.subject(), request.b.subject()
    study = yield from heavy.lab_study.measure_study(subjects, material, request.subject.original)
    epochs = []
    for side in sides:
        epochs.append((yield from heavy.lab_blur.measure_blur_by_epoch(side.run, material.held_out)))
    runs = request.a.run, request.b.run
    parts = heavy.report_parts.ReportParts(study, runs, tuple(_figures(request)), tuple(epochs))
    document = heavy.report.make_report(parts)
    request.path.parent.mkdir(parents=True, exist_ok=True)
    save = {HTML: heavy.report_html.save_html, MARKDOWN: heavy.report_markdown.save_markdown}[request.kind]
    save(document, request.path)
    return request.path


def _figures(request: ReportRequest) -> list[Adjusted]:
    """The person's adjustments of side A, or without any the strongest dials of both."""
    if request.adjustments:
        return [_figure(request.a, request.subject, request.adjustments)]
    subtitle = heavy.panels.comparison_subtitle(request.b.codec.config, request.b.name)
    theirs = replace(
        request.subject, codec=request.b.codec, statistics=request.b.statistics, subtitle=subtitle
    )
    return [
        _figure(side, subject, tuple(((edit,), None) for edit in _strongest(side)))
        for side, subject in ((request.a, request.subject), (request.b, theirs))
    ]


def _figure(
    side: Side, subject: ExportSubject, adjustments: tuple[tuple[tuple[AnyEdit, ...], str | None], ...]
) -> Adjusted:
    figure = FigureRequest(subject, adjustments, 1, "light", False)
    return heavy.report_parts.Adjusted(side.name, figure.comparison())


def _strongest(side: Side) -> list[Edit]:
    assert side.statistics is not None
    assert side.ranks is not None
    return [
        Edit(int(dim), Operation.ADD, round(STEP_SIGMA * float(side.statistics.std[dim]), 3))
        for dim in side.ranks[:STRONGEST]
    ]
