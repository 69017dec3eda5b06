"""When a run is written while it is trained, and what becomes of that where the disk does not take it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from torch import Tensor

from core.activity import DimensionKl
from core.atomic import failure_text
from core.checkpoints import Checkpoint
from core.errors import TrainingError
from core.interrupts import interrupts_held
from core.locking import HeldError, Holder, held
from core.metrics import MetricsRow
from core.ranks import Ranks
from core.run_files import LOCK
from core.runs import Run
from core.translate import tr

CHECKPOINT_RETRY_S = 10.0  # writing 320 MB in vain took 0.1 s, before a disk was full
ROWS_RETRY_S = 1.0
FIRST_COST_SHARE = 0.1  # of the interval: what the first checkpoint is expected to take
MARGIN = 3.0  # a disk may take so many times as long as before
LEAST_SHARE = 0.5  # of the interval lies between two checkpoints, however long one takes


@contextmanager
def sole_writer(run: Run, ranks: Ranks) -> Iterator[None]:
    """Train run in the block and let nobody else do so; rank 0 holds it for all.

    Raises: TrainingError where another process trains it, OSError where its folder cannot be written to.
    """
    with ExitStack() as stack:
        refusal: str | None = None
        if ranks.writes:
            try:
                stack.enter_context(held(run.path / LOCK))
            except HeldError as error:
                refusal = _refusal(run, error.holder)
        if ranks.from_first(int(refusal is None)) == 0:
            raise TrainingError(
                refusal or tr("{run} is trained by others; the first process says by whom.", run=run.path)
            )
        if ranks.writes:
            run.remove_parts()
        yield


def _refusal(run: Run, holder: Holder | None) -> str:
    return tr(
        "{run} is already being trained by {holder}: stop that first, or train a new run.",
        run=run.path,
        holder=holder or tr("another process"),
    )


class RunWriter:
    """Writes the rows and checkpoints of a run that is being trained.

    A disk that does not take them does not end training: problem is one sentence on it while that is so, and
    what could not be written is tried again. A folder that is gone does: OSError, from all of it.
    """

    def __init__(self, run: Run, interval_s: float, now: Callable[[], float], saved_step: int | None) -> None:
        """A checkpoint comes every interval_s of now, a clock; that of saved_step is on the disk already."""
        self._run = run
        self._interval_s = interval_s
        self._now = now
        self._saved_step = saved_step
        self._saved_at = self._asked_at = now()
        self._cost_s = FIRST_COST_SHARE * interval_s  # how long the last one took to write
        self._retry_at: float | None = None
        self._rows: list[MetricsRow] = []  # which are not in metrics.csv yet
        self._rows_retry_at = 0.0
        self._problems: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """What cannot be written, as one sentence; empty where everything is."""
        return next(iter(self._problems.values()), "")

    def is_due(self) -> bool:
        """Whether a checkpoint must be begun now to be done when the interval is over.

        Whoever is killed loses what came after the state in the last whole checkpoint. So it counts from when
        that state was, and the time to write is in it, and that until this is asked again.
        """
        now = self._now()
        until_next, self._asked_at = now - self._asked_at, now
        if self._retry_at is not None:
            return now >= self._retry_at
        room = self._interval_s - MARGIN * self._cost_s - until_next
        room = max(room, LEAST_SHARE * self._interval_s)
        return now - self._saved_at >= room

    def add_row(self, row: MetricsRow) -> None:
        """Append a row to metrics.csv, after those that could not be before."""
        self._rows.append(row)
        if self._now() >= self._rows_retry_at:
            self._write_rows()

    def try_to_save(
        self,
        checkpoint: Checkpoint,
        model: Mapping[str, Tensor] | None,
        kl: DimensionKl | None = None,
    ) -> bool:
        """Write a checkpoint, and before it what model.safetensors shall hold, if anything; whether it went.

        kl is that of each dimension, if any.

        Raises: OSError where the run's folder is gone.
        """
        begun = self._now()
        try:
            self.save(checkpoint, model, kl)
        except OSError as error:
            if not self._run.path.is_dir():
                raise
            self._retry_at = self._now() + min(CHECKPOINT_RETRY_S, self._interval_s)
            self._problems["checkpoint"] = tr(
                "No checkpoint can be written to {path}: {reason}. Training goes on and tries again; {kept}.",
                path=self._run.path,
                reason=failure_text(error),
                kept=self.kept_text(),
            )
            return False
        self._cost_s = max(self._now() - begun, self._cost_s / MARGIN)  # one may be quick by chance
        self._saved_at = begun
        return True

    def save(
        self,
        checkpoint: Checkpoint,
        model: Mapping[str, Tensor] | None,
        kl: DimensionKl | None = None,
    ) -> None:
        """As try_to_save, to the letter. Raises: OSError where it does not go."""
        with interrupts_held():
            if self._rows:
                self._write_rows()
            self._run.sync_metrics()
            if model is not None:
                self._run.save_weights(model)
            if kl is not None:
                self._run.save_kl(kl)
            self._run.save_checkpoint(checkpoint)
        self._saved_step, self._retry_at = checkpoint.progress.step, None
        self._problems.pop("checkpoint", None)

    def kept_text(self) -> str:
        """Which checkpoint there is, as a part of a sentence."""
        if self._saved_step is None:
            return tr("there is none yet, so the run would begin anew")
        return tr("the last one, of step {step}, is whole", step=self._saved_step)

    def _write_rows(self) -> None:
        try:
            while self._rows:
                self._run.append_metrics(self._rows[0])
                del self._rows[0]
        except OSError as error:
            if not self._run.path.is_dir():
                raise
            self._rows_retry_at = self._now() + ROWS_RETRY_S
            self._problems["rows"] = tr(
                "Reports cannot be written to {path}: {reason}. Training goes on and tries again.",
                path=self._run.path,
                reason=failure_text(error),
            )
        else:
            self._problems.pop("rows", None)
