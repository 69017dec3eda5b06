"""A line of the table: what was measured, ours, the reference, their ratio, the goal; the table as text."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

COLUMNS = ("what", "ours", "reference", "ratio", "goal", "")


@dataclass(frozen=True)
class Row:
    """One measurement. reference and ratio may be empty; met is None where there is no goal."""

    what: str
    ours: str
    reference: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None

    @property
    def mark(self) -> str:
        """ok, MISSED, or nothing where there is no goal."""
        return {True: "ok", False: "MISSED", None: ""}[self.met]


Benchmark = Callable[[], Iterator[Row]]


def at_least(what: str, ours: float, reference: float, goal: float, unit: str) -> Row:
    """A row whose goal is ours / reference >= goal; both are rates in unit."""
    ratio = ours / reference
    return Row(
        what, f"{ours:,.0f} {unit}", f"{reference:,.0f} {unit}", f"{ratio:.2f}", f">= {goal:g}", ratio >= goal
    )


def at_most(what: str, ours: float, goal: float, unit: str, digits: int = 1) -> Row:
    """A row whose goal is a bound: ours <= goal, both in unit."""
    return Row(what, f"{ours:.{digits}f} {unit}", goal=f"<= {goal:g} {unit}", met=ours <= goal)


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """The median time of several calls, after one that warms up."""
    work()
    return statistics.median(seconds_of(work) for _ in range(runs))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which percent of values lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(rows: Sequence[Row]) -> str:
    """The rows in aligned columns."""
    lines = [COLUMNS, *((row.what, row.ours, row.reference, row.ratio, row.goal, row.mark) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([texts[0], "-" * sum((*widths, 2 * (len(widths) - 1))), *texts[1:]])
