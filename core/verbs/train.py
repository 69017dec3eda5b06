"""The verb train: its options, and training watched in a terminal, alone or as one of several processes."""

import math
import os
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from core.activity import active_count
from core.config import ImportConfig, TrainConfig, checked, dependent_defaults
from core.datasets import ImageDataset
from core.devices import resolve_device
from core.errors import RunError
from core.interrupts import termination_interrupts
from core.metrics import mean_of_pictures
from core.ranks import Ranks, joined, restarts
from core.runs import Run, is_run
from core.terminal import ProgressLine, SilentLine, say
from core.trainable import check_not_imported, epochs_text
from core.training import TrainRecord, train
from core.translate import tr
from core.usage import PROGRAM
from core.verbs.asking import DATA, About, Flag, Options, parse
from core.verbs.facts import time_text
from core.verbs.opening import check_out_run, opened

ABOUT = About(
    "train",
    tr(
        "Train a network on pictures and keep it as a run, a folder that edit and the window open."
        " Ctrl+C stops it without loss."
    ),
    (
        "train --data faces.npy --network fc --objective ae --epochs 20 --out run",
        "train --data photos/ --size 64 --network conv --objective vae --beta 2 --out faces-vae",
        "train --data faces --network conv --objective beta-tcvae --kl-warmup-epochs 5 --out faces-tc",
        "train --out run --resume --epochs 40",
    ),
)


class TrainOptions(Options):
    """The options of train."""

    out: str = Field(description=tr("The run's folder, which is made. It holds all that training writes."))
    data: str = Field("faces", description=DATA)
    resume: Flag = Field(
        False,
        description=tr(
            "Go on with the run in --out from where it stopped. All other options default to what it was"
            " made with; more --epochs train it on."
        ),
    )

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked for of the training."""
        return self.of(TrainConfig)


def parse_train(
    args: Sequence[str], settings: TrainConfig, policy: ImportConfig, data: str = "faces"
) -> TrainOptions:
    """The options of train, with settings, policy and data for what is not given. Raises: ConfigError."""
    options = parse(TrainOptions, ABOUT, args, settings, policy)
    known: dict[str, Any] = {}
    if not _is_given(args, "--data"):
        known["data"] = data
    before = dependent_defaults(settings.network, settings.objective)
    after = dependent_defaults(options.settings["network"], options.settings["objective"])
    known |= {
        name: value
        for name, value in after.items()
        if value != before[name] and not _is_given(args, "--" + name.replace("_", "-"))
    }
    return options.model_copy(update=known)


def run(args: list[str]) -> int:
    """Do what the command line of train says and give the exit code."""
    options = parse_train(args, TrainConfig(), ImportConfig())
    begins = options.resume and not is_run(os.path.expanduser(options.out))
    if begins:
        _check_beginning(args, options)
    elif options.resume:
        # Parsed again with the run's own settings for all that is not asked for.
        check_not_imported(Run.open(options.out))
        known = Run.open(options.out).config
        options = parse_train(args, known.train, known.data.policy, known.data.source)
    config = checked(TrainConfig, options.settings)
    resume = (options.resume and not begins) or _was_begun(options.out, config)
    if not resume:
        check_out_run(options.out, options.data)
    resolve_device(config.device)  # before a folder is made: one that is not here is a mistake like any other
    with joined(config.device) as ranks, ProgressLine() if ranks.writes else SilentLine() as line:
        if begins:
            line.milestone(tr("There is no run in {path} yet: it begins.", path=options.out))
        if resume and restarts() and _is_done(run := Run.open(options.out), config):
            return _say_end(run, ranks, is_finished=True)  # a process was lost after the last step
        dataset = _opened_by_all(options, ranks, line)
        line.milestone(dataset.reading)
        _say_skipped(dataset, line)
        run = _run_of_all(options.out, config, dataset, ranks, resume)
        images = run.progress().images if resume else 0
        records = train(dataset, config, run, resume=resume, snapshot_interval_s=math.inf)
        last = _watched(records, line, images)
    return _say_end(run, ranks, is_finished=last is not None and last.finished)


def _check_beginning(args: list[str], options: TrainOptions) -> None:
    """Raises: RunError where a run that is not there shall be gone on with, and nothing says of what."""
    if not _is_given(args, "--data"):
        raise RunError(
            tr(
                "{path} holds no run to go on with: it has no config.json. If it was ended before it had one,"
                " begin anew: give --data as well, or leave --resume out.",
                path=options.out,
            )
        )


def _is_given(args: Sequence[str], option: str) -> bool:
    return any(arg.split("=")[0].replace("_", "-") == option for arg in args)  # tyro takes either spelling


def _is_done(run: Run, config: TrainConfig) -> bool:
    return run.progress().is_done(config.epochs, config.patience)


def _was_begun(out: str, config: TrainConfig) -> bool:
    """Whether torchrun starts anew what this same command began: its run in out asks for just config.

    Any other run there is refused, as it was the first time.
    """
    return restarts() > 0 and is_run(os.path.expanduser(out)) and Run.open(out).config.train == config


def _say_end(run: Run, ranks: Ranks, is_finished: bool) -> int:
    """Say on standard output what became of run, once for all processes, and give the exit code."""
    if ranks.writes and is_finished:
        done = epochs_text(run.progress().epoch)
        say(tr("Done: {path} after {epochs}.", path=run.path, epochs=done))
    elif ranks.writes:
        say(
            tr(
                "Stopped and kept. To go on: {program} train --out {path} --resume",
                program=PROGRAM,
                path=_quoted(run.path),
            )
        )
    return 0


def _opened_by_all(options: TrainOptions, ranks: Ranks, line: ProgressLine) -> ImageDataset:
    """The pictures; the first process of each machine imports them, the others open what it has kept."""
    if ranks.local_rank == 0:
        dataset = opened(options.data, options.policy, line)
        ranks.wait()
        return dataset
    ranks.wait()
    return opened(options.data, options.policy, line)


def _run_of_all(out: str, config: TrainConfig, dataset: ImageDataset, ranks: Ranks, resume: bool) -> Run:
    """The run in out, which rank 0 makes unless it is to be resumed."""
    if ranks.writes and not resume:
        Run.create(out, config, dataset.identity)
    ranks.wait()
    return Run.open(out)


def _watched(
    records: Generator[TrainRecord, None, None], line: ProgressLine, images: int
) -> TrainRecord | None:
    """Drain training, which goes on after so many images; gives its last record.

    Ctrl+C and SIGTERM close it, which writes a checkpoint.
    """
    last: TrainRecord | None = None
    epoch: list[TrainRecord] = []  # the reports of the epoch that is going on
    with suppress(KeyboardInterrupt), termination_interrupts(), closing(records):
        for record in records:
            if last is None:
                line.milestone(
                    tr(
                        "Training on {device} in {precision}.",
                        device=record.device,
                        precision=record.precision,
                    )
                )
            if record.collapse and not (last and last.collapse):
                line.milestone(record.collapse)
            if record.problem != (last.problem if last else ""):
                line.milestone(record.problem or tr("The run is being written again."))
            last = record
            if record.reported:
                epoch.append(record)
            if record.ends_epoch:
                line.milestone(_record_text(_over(epoch, images)))
                epoch, images = [], record.images
            else:
                line.show(_record_text(record))
    return last


def _over(epoch: list[TrainRecord], before: int) -> TrainRecord:
    """The last report of an epoch with the means over all its pictures, counted on from before."""
    seen = [record.images for record in epoch]

    def mean(name: str) -> float:
        return mean_of_pictures(seen, [getattr(record, name) for record in epoch], before)

    return replace(epoch[-1], loss=mean("loss"), kl=mean("kl"), mse=mean("mse"))


def _record_text(record: TrainRecord) -> str:
    parts = [
        tr(
            "epoch {epoch}/{epochs}", epoch=f"{record.epoch:>{len(str(record.epochs))}}", epochs=record.epochs
        ),
        tr("mse {mse}", mse=f"{record.mse:.5f}"),
    ]
    if record.kl_of_dims is not None:
        parts.append(tr("loss {loss}", loss=f"{record.loss:.1f}"))
        parts.append(tr("kl {kl}", kl=f"{record.kl:.2f}"))
        active, dims = active_count(record.kl_of_dims), len(record.kl_of_dims)
        parts.append(tr("active {active}/{dims}", active=active, dims=dims))
    elif record.loss != record.mse:
        parts.append(tr("loss {loss}", loss=f"{record.loss:.5f}"))
    if math.isfinite(record.val_mse):
        parts.append(tr("validation mse {mse}", mse=f"{record.val_mse:.5f}"))
    parts.append(tr("{rate} pictures/s", rate=f"{record.images_per_s:,.0f}"))
    if not record.finished and math.isfinite(record.eta_s):
        parts.append(tr("{time} left", time=time_text(record.eta_s)))
    return "  ".join(parts)


def _say_skipped(dataset: ImageDataset, line: ProgressLine) -> None:
    if dataset.skipped:
        first, count = dataset.skipped[0], len(dataset.skipped)
        line.milestone(
            tr("1 file was skipped: {file}: {reason}", file=first.file, reason=first.reason)
            if count == 1
            else tr(
                "{count} files were skipped; the first is {file}: {reason}",
                count=count,
                file=first.file,
                reason=first.reason,
            )
        )


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text
