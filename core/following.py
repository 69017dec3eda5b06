"""Following a run that another process trains, by its folder: what is new since the last look.

Looking is cheap while nothing happens: a few questions about files, no reading. It needs nothing of the
process that trains, so the folder may be on a disk that machines share. When to look is for others to say.
"""

from dataclasses import dataclass
from pathlib import Path

from core.codec import Codec
from core.errors import LatentDialsError, RunError
from core.metrics import MetricsReader, MetricsRow
from core.run_files import CHECKPOINT, CONFIG, METRICS, MODEL
from core.runs import Run, RunConfig
from core.translate import tr

Stamp = tuple[int, int, int] | None  # time, size and inode of a file; None where it is absent


@dataclass(frozen=True, eq=False)
class Change:
    """What one look found.

    rows are those that metrics.csv has now and had not before; anew says that they are all it has, since what
    was there has gone. codec has the newest weights, or the best ones once the run is finished. config is
    another one where the run asks for something else now.
    at_rest: nothing was written any more, and codec has the best weights where there are some.
    """

    rows: tuple[MetricsRow, ...] = ()
    anew: bool = False
    codec: Codec | None = None
    config: RunConfig | None = None
    finished: bool = False
    at_rest: bool = False

    @property
    def is_something(self) -> bool:
        """Whether somebody wrote into the run's folder since the last look."""
        return bool(self.rows or self.anew or self.codec or self.config)


class RunWatch:
    """Looks at a run's folder; from one thread at a time."""

    def __init__(self, run: Run, known: int = 0, step: int = 0, has_weights: bool = True) -> None:
        """known rows of metrics.csv, up to step, have been read, and the weights too where there were any."""
        self._run = run
        self._has_weights = has_weights
        self._metrics = MetricsReader(run.path / METRICS, known, step)
        self._stamps: dict[str, Stamp] | None = None  # of the files as they were read last

    def look(self) -> Change:
        """What is new. Raises: RunError where the folder is gone.

        A file that cannot be read now is read at the next look: on a shared disk it may be a matter of time.
        """
        path = self._run.path
        try:
            if not path.is_dir():
                raise RunError(tr("{path} is gone: the run that it held is followed no longer.", path=path))
            stamps = {name: _stamp(path / name) for name in (CONFIG, MODEL, CHECKPOINT)}
            new = self._metrics.read()
        except OSError:
            return Change()
        if self._stamps is None:  # rows since the run was opened: its weights may be newer too
            is_known = self._has_weights and not new.rows and not new.anew
            self._stamps = stamps if is_known else {CONFIG: stamps[CONFIG]}
        config = self._new_config(stamps)
        codec, finished = self._new_codec(stamps)
        return Change(new.rows, new.anew, codec, config, finished)

    def look_for_the_last_time(self) -> Change:
        """What is new, or else the best weights, which a run at rest is shown with. Raises: as look."""
        change = self.look()
        if change.is_something:
            return change
        try:
            return Change(codec=Codec.from_run(self._run) if self._run.has_weights else None, at_rest=True)
        except LatentDialsError:  # what is shown stays
            return Change(at_rest=True)

    def _new_config(self, stamps: dict[str, Stamp]) -> RunConfig | None:
        assert self._stamps is not None
        if stamps[CONFIG] == self._stamps.get(CONFIG):
            return None
        try:
            run = Run.open(self._run.path)
        except LatentDialsError:
            return None
        self._run = run
        self._stamps[CONFIG] = stamps[CONFIG]
        return run.config

    def _new_codec(self, stamps: dict[str, Stamp]) -> tuple[Codec | None, bool]:
        """The newest weights where there are others than before, and whether these are a finished run's."""
        assert self._stamps is not None
        written = {name: stamps[name] for name in (MODEL, CHECKPOINT)}
        is_known = all(stamp == self._stamps.get(name) for name, stamp in written.items())
        if is_known or not any(written.values()):
            return None, False
        # Both are written at a checkpoint, the model first where it is the best so far.
        model, checkpoint = written[MODEL] or (-1, 0, 0), written[CHECKPOINT] or (-1, 0, 0)
        try:
            finished = self._run.is_finished
            is_last = checkpoint[0] >= model[0] and not (finished and self._run.has_weights)
            codec = Codec.from_run(self._run, "last" if is_last else "best")
        except (LatentDialsError, OSError):
            return None, False
        self._stamps.update(written)
        return codec, finished


def _stamp(path: Path) -> Stamp:
    """Tells a file that was replaced from one that was not."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
