"""What torchrun starts for test_torchrun.py: command lines of ours, each by all processes together.

Started as: python -m tests.end2end.together TASK, with TASK a JSON object. commands are run one after the
other; several share a process group, a single one makes its own. Where lost_rank is given, that process kills
itself before any restart, once there is a checkpoint and the epoch is not at its end, at step lost_at_last.
"""

import json
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from torch import distributed

from core import cli, training
from core.ranks import restarts
from core.run_files import CHECKPOINT
from core.verbs import train as train_verb


def main(task: dict[str, Any]) -> int:
    """Run the commands; gives the first exit code that is not 0."""
    commands = task["commands"]
    if task.get("lost_rank") == int(os.environ["RANK"]) and not restarts():
        train_verb.train = _lost(Path(task["run"]) / CHECKPOINT, task["lost_at_last"])
    if len(commands) == 1:
        return cli.main(commands[0])
    training.REPORT_INTERVAL_S = 0.0  # a row each step, whatever the machine
    distributed.init_process_group("gloo")
    try:
        return next((code for command in commands if (code := cli.main(command))), 0)
    finally:
        distributed.destroy_process_group()


def _lost(checkpoint: Path, at_last: int) -> Any:
    """train(), until the process that runs it is gone in the middle of an epoch."""

    def train(*args: Any, **options: Any) -> Generator[training.TrainRecord, None, None]:
        resumed = checkpoint.is_file()
        for record in training.train(*args, **options):
            yield record
            steps = record.steps_total // record.epochs
            is_due = record.step >= at_last or (checkpoint.is_file() and not resumed)
            if is_due and record.step % steps:
                os.kill(os.getpid(), signal.SIGKILL)

    return train


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
