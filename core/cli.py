"""The verbs of the command line: train, edit, info, import.

Exit codes: 0 done, 2 the user's mistake (one sentence on standard error), 1 a fault of ours (a traceback).
"""

import io
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from core.cli_facts import data_facts, data_text, run_facts, run_text, time_text
from core.cli_import import check_options, import_model, say_what_it_is
from core.cli_options import (
    EditOptions,
    ImportModelOptions,
    InfoOptions,
    TrainOptions,
    parse_edit,
    parse_import,
    parse_info,
    parse_train,
)
from core.codec import Codec
from core.config import ImportConfig, TrainConfig, checked
from core.datasets import ImageDataset, import_dataset
from core.devices import resolve_device
from core.edits import Edit, parse_edits
from core.encoding import CodesFile, measured_codes
from core.errors import ConfigError, DataError, LatentDialsError, RunError
from core.export.comparison import make_comparison, render_comparison
from core.export.panels import comparison_subtitle, comparison_title
from core.export.recipe import make_recipe, save_png
from core.interrupts import termination_interrupts
from core.latents import CodeStatistics, statistics
from core.ranks import Ranks, joined, restarts
from core.runs import Run, is_run
from core.terminal import ProgressLine, SilentLine
from core.trainable import check_not_imported
from core.training import TrainRecord, train
from core.translate import tr
from core.usage import PROGRAM, overview, version_line

T = TypeVar("T")


class _Progress(Protocol):
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def text(self) -> str: ...


def main(args: Sequence[str]) -> int:
    """Do what a command line says and give the exit code; args are those after the program's name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a name still gets the rest
            stream.reconfigure(errors="replace")
    try:
        return _dispatch(list(args))
    except LatentDialsError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(tr("Interrupted."), file=sys.stderr)
        return 130  # as shells report it; train turns an interrupt into a stop and exits with 0
    except BrokenPipeError:  # the reader of our output has gone, as in "info run | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as end:  # --help
        return int(end.code or 0)
    except Exception:
        traceback.print_exc()
        return 1


def _dispatch(args: list[str]) -> int:
    verb, rest = (args[0], args[1:]) if args else ("--help", [])
    if verb in ("-h", "--help"):
        print(overview())
        return 0
    if verb == "--version":
        print(version_line())
        return 0
    if verb not in VERBS:
        raise ConfigError(
            tr(
                "'{word}' is neither a verb ({verbs}) nor a file or folder; see {program} --help.",
                word=verb,
                verbs=", ".join(VERBS),
                program=PROGRAM,
            )
        )
    return VERBS[verb](rest)


def _train(args: list[str]) -> int:
    options = parse_train(args, TrainConfig(), ImportConfig())
    begins = options.resume and not is_run(Path(options.out).expanduser())
    if begins:
        _check_beginning(args, options)
    elif options.resume:
        # Parsed again with the run's own settings for all that is not asked for.
        check_not_imported(Run.open(options.out))
        known = Run.open(options.out).config
        options = parse_train(args, known.train, known.data.policy, known.data.source)
    config = checked(TrainConfig, options.settings)
    resume = (options.resume and not begins) or _was_begun(options.out, config)
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
        last = _watched(train(dataset, config, run, resume=resume, snapshot_interval_s=math.inf), line)
    return _say_end(run, ranks, is_finished=last is not None and last.finished)


def _check_beginning(args: list[str], options: TrainOptions) -> None:
    """Raises: RunError where a run that is not there shall be gone on with, and nothing says of what."""
    if not any(arg.split("=")[0] == "--data" for arg in args):
        raise RunError(
            tr(
                "{path} holds no run to go on with: it has no config.json. If it was ended before it had one,"
                " begin anew: give --data as well, or leave --resume out.",
                path=options.out,
            )
        )


def _is_done(run: Run, config: TrainConfig) -> bool:
    return run.progress().is_done(config.epochs, config.patience)


def _was_begun(out: str, config: TrainConfig) -> bool:
    """Whether torchrun starts anew what this same command began: its run in out asks for just config.

    Any other run there is refused, as it was the first time.
    """
    path = Path(out).expanduser()
    return restarts() > 0 and is_run(path) and Run.open(path).config.train == config


def _say_end(run: Run, ranks: Ranks, is_finished: bool) -> int:
    """Say on standard output what became of run, once for all processes, and give the exit code."""
    if ranks.writes and is_finished:
        print(tr("Done: {path} after {epochs} epochs.", path=run.path, epochs=run.progress().epoch))
    elif ranks.writes:
        print(
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
        dataset = _opened(options, line)
        ranks.wait()
        return dataset
    ranks.wait()
    return _opened(options, line)


def _run_of_all(out: str, config: TrainConfig, dataset: ImageDataset, ranks: Ranks, resume: bool) -> Run:
    """The run in out, which rank 0 makes unless it is to be resumed."""
    if ranks.writes and not resume:
        Run.create(out, config, dataset.identity)
    ranks.wait()
    return Run.open(out)


def _watched(records: Generator[TrainRecord, None, None], line: ProgressLine) -> TrainRecord | None:
    """Drain training; gives its last record. Ctrl+C and SIGTERM close it, which writes a checkpoint."""
    last: TrainRecord | None = None
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
            if record.problem != (last.problem if last else ""):
                line.milestone(record.problem or tr("The run is being written again."))
            last = record
            if record.reported and (math.isfinite(record.val_mse) or record.finished):
                line.milestone(_record_text(record))
            else:
                line.show(_record_text(record))
    return last


def _record_text(record: TrainRecord) -> str:
    parts = [
        tr(
            "epoch {epoch}/{epochs}", epoch=f"{record.epoch:>{len(str(record.epochs))}}", epochs=record.epochs
        ),
        tr("mse {mse}", mse=f"{record.mse:.5f}"),
    ]
    if record.loss != record.mse:  # a vae's loss is another thing
        parts.append(tr("loss {loss}", loss=f"{record.loss:.1f}"))
        parts.append(tr("kl {kl}", kl=f"{record.kl:.2f}"))
    if math.isfinite(record.val_mse):
        parts.append(tr("validation mse {mse}", mse=f"{record.val_mse:.5f}"))
    parts.append(tr("{rate} pictures/s", rate=f"{record.images_per_s:,.0f}"))
    if not record.finished and math.isfinite(record.eta_s):
        parts.append(tr("{time} left", time=time_text(record.eta_s)))
    return "  ".join(parts)


def _edit(args: list[str]) -> int:
    run = Run.open(parse_edit(args, ImportConfig()).run)
    options = parse_edit(args, run.config.data.policy)
    codec = Codec.from_run(run)
    adjustments = [parse_edits(text, codec.latent_dim) for text in options.adjust]
    if Path(options.out).suffix.lower() != ".png":
        raise ConfigError(
            tr("--out {path} must end in .png: the recipe needs a PNG to live in.", path=options.out)
        )
    if len(options.note) > len(adjustments):
        raise ConfigError(
            tr(
                "There are {notes} notes for {count} adjustments; give one --note for each --adjust at most.",
                notes=len(options.note),
                count=len(adjustments),
            )
        )
    with ProgressLine() as line:
        source = options.data or run.config.data.source
        dataset = _opened(options, line, source)
        if not options.data and dataset.identity.fingerprint != run.config.data.fingerprint:
            line.milestone(tr("{source} has changed since the run was trained on it.", source=source))
        if not 0 <= options.index < len(dataset):
            raise DataError(
                tr(
                    "There is no picture {index}: {name} has {count}, numbered 0 to {last}.",
                    index=options.index,
                    name=dataset.identity.name,
                    count=len(dataset),
                    last=len(dataset) - 1,
                )
            )
        picture = dataset.pictures([options.index])
        start = codec.encode(picture)[0]
        stats = _statistics(run, codec, dataset, line)
    _write_comparison(options, run, codec, dataset, stats, picture[0], start, adjustments)
    print(tr("Written: {path}", path=options.out))
    return 0


def _write_comparison(
    options: EditOptions,
    run: Run,
    codec: Codec,
    dataset: ImageDataset,
    stats: CodeStatistics,
    picture: np.ndarray,
    start: np.ndarray,
    adjustments: list[tuple[Edit, ...]],
) -> None:
    notes = [*options.note, *[None] * (len(adjustments) - len(options.note))]
    comparison = make_comparison(
        codec,
        stats,
        picture,
        options.index,
        list(zip(adjustments, notes, strict=True)),
        title=comparison_title(options.index, dataset.identity.name),
        subtitle=comparison_subtitle(codec.config, run.name),
    )
    image = render_comparison(
        comparison, scale=options.scale, theme=options.theme, difference_row=options.difference
    )
    words = [panel.note for panel in comparison.adjustments]
    recipe = make_recipe(
        run, dataset.identity, options.index, start, list(zip(adjustments, words, strict=True))
    )
    save_png(image, recipe, Path(options.out).expanduser())


def _statistics(run: Run, codec: Codec, dataset: ImageDataset, line: ProgressLine) -> CodeStatistics:
    """The statistics of the data's codes, which are kept in the run's folder for the next time."""
    kept = CodesFile(run.path, codec, dataset)
    codes = _shown(measured_codes(codec, dataset, kept=kept), line)
    if kept.failed:  # a run on a read-only disk can be edited all the same
        line.milestone(tr("The codes could not be kept in {path}.", path=run.path))
    return statistics(codes.codes)


def _import(args: list[str]) -> int:
    options = parse_import(args)
    if not options.classes:
        check_options(options)
    say_what_it_is(options.file)
    if options.classes:
        return 0
    with ProgressLine() as line:
        dataset = _opened(options, line) if options.data else None
        run = import_model(options, dataset, line)
    print(tr("Written: {path}", path=run.path))
    return 0


def _info(args: list[str]) -> int:
    options = parse_info(args)
    if is_run(options.path):
        run = Run.open(options.path)
        print(json.dumps(run_facts(run), indent=2) if options.as_json else run_text(run))
        return 0
    with ProgressLine() as line:
        dataset = _opened(options, line, options.path)
    print(json.dumps(data_facts(dataset), indent=2) if options.as_json else data_text(dataset))
    return 0


def _opened(
    options: TrainOptions | EditOptions | InfoOptions | ImportModelOptions,
    line: ProgressLine,
    source: str | None = None,
) -> ImageDataset:
    policy = checked(ImportConfig, options.policy)
    chosen = source if source is not None else getattr(options, "data", "")
    return _shown(import_dataset(chosen, policy), line)


def _shown(work: Generator[_Progress, None, T], line: ProgressLine) -> T:
    """The return value of a generator of progress, which is shown on the way."""
    while True:
        try:
            line.show(next(work).text)
        except StopIteration as end:
            line.clear()
            return end.value


def _say_skipped(dataset: ImageDataset, line: ProgressLine) -> None:
    if dataset.skipped:
        first = dataset.skipped[0]
        line.milestone(
            tr(
                "{count} files were skipped; the first is {file}: {reason}",
                count=len(dataset.skipped),
                file=first.file,
                reason=first.reason,
            )
        )


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text


VERBS: dict[str, Callable[[list[str]], int]] = {
    "train": _train,
    "edit": _edit,
    "info": _info,
    "import": _import,
}

if __name__ == "__main__":  # python -m core.cli, which is what torchrun -m starts
    sys.exit(main(sys.argv[1:]))
