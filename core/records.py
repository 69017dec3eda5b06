"""What training yields: a report, and what a window needs beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from core.metrics import MetricsRow


@dataclass(frozen=True, eq=False)
class TrainRecord(MetricsRow):
    """One report of training; see MetricsRow for its numbers.

    reported is False for a mere sign of life while validation takes long: the numbers are then those of the
    record before and metrics.csv has no row for it. weights is a copy in float32 on the processor that
    nothing changes any more, at most every snapshot_interval_s, else None. problem is one sentence while
    something cannot be written to the run's folder, and empty otherwise.
    """

    steps_total: int
    epochs: int
    images_per_s: float
    eta_s: float
    device: str
    precision: str
    weights: Mapping[str, Tensor] | None
    finished: bool
    problem: str = ""
    reported: bool = True
