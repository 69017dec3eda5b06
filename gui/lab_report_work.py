"""The report on two runs as long work: everything measured, made one page, written. No widgets."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.atomic import check_place, failure_text
from core.errors import ExportError
from core.translate import tr
from gui import heavy
from gui.export_request import ExportSubject, FigureRequest
from gui.lab_side import Gathered, Side

if TYPE_CHECKING:
    from core.datasets.dataset import ImportProgress
    from core.edits import AnyEdit
    from core.encoding import EncodeProgress
    from core.export.report_parts import Adjusted

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


def write_report(request: ReportRequest) -> Generator[EncodeProgress | ImportProgress, None, Path]:
    """Measure both runs, and write the page. Raises: LatentDialsError, OSError."""
    try:  # before minutes of work
        request.path.parent.mkdir(parents=True, exist_ok=True)
        check_place(request.path)
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written: {reason}.", path=request.path, reason=failure_text(error))
        ) from None
    sides = request.a, request.b
    yield from request.gathered.gather()
    material = request.gathered.material
    subjects = request.a.subject(), request.b.subject()
    kept = request.gathered.kept(subjects)
    study = yield from heavy.lab_study.measure_study(subjects, material, request.subject.original, kept=kept)
    epochs = []
    for side in sides:
        epochs.append(
            (yield from heavy.lab_blur.measure_blur_by_epoch(side.run, material.held_out, kept=kept))
        )
    runs = request.a.run, request.b.run
    parts = heavy.report_parts.ReportParts(study, runs, tuple(_figures(request)), tuple(epochs))
    document = heavy.report.make_report(parts)
    save = {HTML: heavy.report_html.save_html, MARKDOWN: heavy.report_markdown.save_markdown}[request.kind]
    save(document, request.path)
    return request.path


def _figures(request: ReportRequest) -> list[Adjusted]:
    """The person's adjustments of side A, and beside them what compare would show of side B."""
    sides = request.a, request.b
    names = heavy.lab_subjects.told_apart([side.name for side in sides])
    subtitle = heavy.panels.comparison_subtitle(request.b.codec.config, names[1])
    theirs = replace(
        request.subject, codec=request.b.codec, statistics=request.b.statistics, subtitle=subtitle
    )
    chosen = heavy.report_adjusted.chosen_adjustments(
        (request.adjustments, ()),
        [side.run for side in sides],
        [replace(side.subject(), name=name) for side, name in zip(sides, names, strict=True)],
        request.subject.original,
    )
    return [
        heavy.report_parts.Adjusted(
            name, FigureRequest(subject, one.adjustments, 1, "light", False).comparison(), one.remark
        )
        for name, subject, one in zip(names, (request.subject, theirs), chosen, strict=True)
    ]
