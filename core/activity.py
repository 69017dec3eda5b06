"""Which dimensions of a code say something of the picture while a vae trains, and when too few of them do.

The KL of each dimension comes from core/training.py and is kept in the run's folder beside its checkpoint.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.atomic import write_text
from core.config import TrainConfig
from core.run_files import read_bounded
from core.translate import tr

ACTIVE_NATS = 0.01  # a hundredth of a nat: such a dimension tells no two pictures apart
COLLAPSED_SHARE = 0.05  # of the dimensions are active, or fewer
FIRST_STEPS = 100  # in which a KL may be small because first weights are
MAX_BYTES = 4 * 2**20


@dataclass(frozen=True, eq=False)
class DimensionKl:
    """The mean KL to N(0, 1) of each dimension (D,) in nats, at a step.

    is_settled says whether collapse can be judged by it: nothing is warming up any more nor just begun, or
    there is nothing more to come.
    """

    step: int
    kl: NDArray[np.float32]
    is_settled: bool


class _KlFile(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    format_version: Literal[1] = 1
    step: Annotated[int, Field(ge=0, lt=2**53)]
    settled: bool
    kl: Annotated[list[Annotated[float, Field(gt=-1e30, lt=1e30)]], Field(max_length=2**16)]


def active_count(kl: NDArray[np.float32]) -> int:
    """How many dimensions have a KL above ACTIVE_NATS: the others carry next to nothing."""
    return int((kl > ACTIVE_NATS).sum())


def is_settled(config: TrainConfig, step: int, steps_of_epoch: int, finished: bool) -> bool:
    """Whether collapse can be judged after a step: warm-up, the first epoch and steps are over, or all is."""
    over = max(1, config.kl_warmup_epochs) * steps_of_epoch
    return finished or (step > FIRST_STEPS and step > over)


def collapse_text(state: DimensionKl, config: TrainConfig) -> str:
    """Posterior collapse in one sentence, with what to try; empty where there is none or it is too early."""
    dims, active = len(state.kl), active_count(state.kl)
    if not state.is_settled or active > COLLAPSED_SHARE * dims:
        return ""
    warmup = tr("a KL warm-up") if config.kl_warmup_epochs == 0 else tr("a longer KL warm-up")
    if not active:
        return tr(
            "Posterior collapse: none of the {dims} dimensions says anything of the picture (KL up to"
            " {limit} nats). Try a smaller beta than {beta}, {warmup}, or train longer.",
            dims=dims,
            limit=ACTIVE_NATS,
            beta=f"{config.beta:g}",
            warmup=warmup,
        )
    return tr(
        "Posterior collapse: only {active} of {dims} dimensions say anything of the picture. Try a smaller"
        " beta than {beta}, {warmup}, or train longer.",
        active=active,
        dims=dims,
        beta=f"{config.beta:g}",
        warmup=warmup,
    )


def write_kl(path: Path, state: DimensionKl) -> None:
    """Keep it as JSON. Raises: OSError."""
    content = _KlFile(step=state.step, settled=state.is_settled, kl=[float(f"{v:.6g}") for v in state.kl])
    write_text(path, content.model_dump_json() + "\n")


def read_kl(path: Path, dims: int) -> DimensionKl | None:
    """What was kept of a run with so many dimensions; None where there is nothing, or nothing of ours."""
    try:
        content = _KlFile.model_validate_json(read_bounded(path, MAX_BYTES))
    except (OSError, ValueError, ValidationError, RecursionError):
        return None
    if len(content.kl) != dims:
        return None
    return DimensionKl(content.step, np.array(content.kl, np.float32), content.settled)
