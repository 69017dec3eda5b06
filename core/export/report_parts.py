"""What a report on two models is made of, as values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.export.panels import Comparison
from core.lab.spread import Spread
from core.lab.study import Study
from core.runs import Run


@dataclass(frozen=True, eq=False)
class Adjusted:
    """A run's name and a figure of its: original, reconstruction and the person's adjustments with their
    words. remark says where adjustments come from that are not the person's own.
    """

    run_name: str
    comparison: Comparison
    remark: str = ""


@dataclass(frozen=True, eq=False)
class ReportParts:
    """All that a report is made of; blur_epochs holds for each run the blur meter of its kept epochs."""

    study: Study
    runs: tuple[Run, Run]
    adjusted: tuple[Adjusted, ...] = ()
    blur_epochs: tuple[tuple[tuple[int, Spread], ...], ...] = ()


def floats(values: NDArray[np.floating] | NDArray[np.integer]) -> tuple[float, ...]:
    """As a series of a chart takes them."""
    return tuple(float(value) for value in values)
