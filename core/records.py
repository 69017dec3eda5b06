"""What training yields: a report, and what a window needs beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.metrics import MetricsRow


@dataclass(frozen=True, eq=False)
class TrainRecord(MetricsRow):
    """One report of training; see MetricsRow for its numbers.

    reported is False for a mere sign of life while validation takes long: the numbers are then those of the
    record before and metrics.csv has no row for it. weights is a copy in float32 on the processor that
    nothing changes any more, at most every snapshot_interval_s and after two of them every other, else None.
    problem is one sentence while something cannot be written to the run's folder, and empty otherwise.
    kl_of_dims (D,) is the KL of each dimension in nats, a mean over the same steps as kl; None for what is
    not variational. collapse is one sentence while too few of them say anything, and empty otherwise.
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
    kl_of_dims: NDArray[np.float32] | None = None
    collapse: str = ""

    @property
    def ends_epoch(self) -> bool:
        """Whether this is the one report at the end of an epoch."""
        return self.reported and self.step % (self.steps_total // self.epochs) == 0
