"""A report on factors in words: each score with what it means, and what has to be said beside them."""

import numpy as np

from core.factors.report import FactorReport
from core.translate import tr

MOST_DIALS_SHOWN = 64
_BY_CHANCE = 0.02  # of a factor's entropy: from here on few pictures are said


def score_lines(report: FactorReport) -> list[tuple[str, str, str]]:
    """(name, value, what it means) of each score; the value is a dash where there is none."""
    alone = len(report.names) == 1
    return [
        (
            tr("MIG"),
            f"{report.mig:.3f}",
            tr("how far the best dial of a factor is ahead of the second (1: each factor has one dial)"),
        ),
        (
            tr("Disentanglement"),
            "–" if alone else f"{report.overall_disentanglement:.3f}",
            tr("it takes two factors or more to tell: here is one alone")
            if alone
            else tr("whether a dial serves one factor alone (1) or all alike (0)"),
        ),
        (
            tr("Completeness"),
            f"{report.overall_completeness:.3f}",
            tr("whether a factor is held by one dial alone (1) or by all alike (0)"),
        ),
        (
            tr("Informativeness"),
            f"{report.informativeness:.3f}",
            tr("how well factors can be read from the code at all (1: exactly, 0: not better than guessed)"),
        ),
    ]


def notes_of(report: FactorReport) -> list[str]:
    """What was measured on, what is left out and why, and what chance would show."""
    notes = [
        tr(
            "Cells: mutual information over the factor's entropy, 20 bins a dial, numbers in 10 classes of"
            " equal counts; {count:,} pictures.",
            count=report.count,
        )
    ]
    chance = float(report.chance.max())
    if chance >= _BY_CHANCE:
        name = report.names[int(report.chance.argmax())]
        notes.append(
            tr(
                "So few pictures let an unrelated dial seem to know up to {share} of {name}.",
                share=f"{chance:.2f}",
                name=name,
            )
        )
    if len(report.shares) > MOST_DIALS_SHOWN:
        total = len(report.shares)
        notes.append(tr("The {count} dials of {total} that know most.", count=MOST_DIALS_SHOWN, total=total))
    notes += [
        tr("Left out: {name} ({reason}).", name=left.name, reason=left.reason) for left in report.left_out
    ]
    return notes


def top_dials(report: FactorReport, count: int = MOST_DIALS_SHOWN) -> np.ndarray:
    """The dials that know most of any factor, ordered by the factor that they know best, then by how well."""
    most = np.argsort(-report.shares.max(axis=1), kind="stable")[:count]
    best, known = report.shares[most].argmax(axis=1), report.shares[most].max(axis=1)
    return most[np.lexsort((-known, best))]
