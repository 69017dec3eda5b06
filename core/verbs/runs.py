"""The verb runs: a table of the runs in a folder, or what differs between two."""

import json
import math
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import tyro
from pydantic import Field

from core.catalogue import Difference, RunRow, RunState, differences, read_rows, run_paths
from core.errors import ConfigError, one_line
from core.places import runs_folder
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, Options, parse
from core.verbs.facts import size_text, time_text

NOTE_LENGTH = 60  # characters of a note in the table
VALUE_LENGTH = 48


ABOUT = About(
    "runs",
    tr("List the runs of folders with their settings, errors, sizes and notes, or compare two."),
    ("runs", "runs experiments/ --json", "runs --diff run-a run-b"),
)


class RunsOptions(Options):
    """The options of runs."""

    folders: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[FOLDER ...]")] = Field(
        (), description=tr("Folders that hold runs; without one, where the window keeps its runs.")
    )
    diff: Annotated[tuple[str, ...], tyro.conf.arg(metavar="RUN_A RUN_B")] = Field(
        (), description=tr("Say what differs between two runs instead.")
    )
    as_json: Json = Field(False, description=tr("Write it as JSON, for other programs."))


def run(args: list[str]) -> int:
    """Do what the command line of runs says and give the exit code."""
    options = parse(RunsOptions, ABOUT, args)
    if len(options.diff) not in (0, 2):
        raise ConfigError(tr("--diff takes two runs, and {count} is given.", count=len(options.diff)))
    if options.diff:
        _print_differences(options)
        return 0
    folders = [Path(os.path.expanduser(folder)) for folder in options.folders]
    if not folders:
        folders = [runs_folder()] if runs_folder().is_dir() else []
    paths = [path for folder in folders for path in run_paths(folder)]
    rows: list[RunRow] = []
    with ProgressLine() as line:
        for row in read_rows(paths):
            rows.append(row)
            line.show(tr("run {done} of {total}", done=len(rows), total=len(paths)))
        line.clear()
    if options.as_json:
        say(json.dumps([row.facts() for row in rows], indent=2))
    else:
        say(rows_text(rows) if rows else tr("There are no runs here yet."))
    return 0


def _print_differences(options: RunsOptions) -> None:
    first, second = (Run.open(path) for path in options.diff)
    found = differences(first, second)
    if options.as_json:
        values = {"a": str(first.path), "b": str(second.path), "differences": [vars(one) for one in found]}
        say(json.dumps(values, indent=2))
        return
    say(differences_text(first.name, second.name, found))


def rows_text(rows: Sequence[RunRow]) -> str:
    """A table of runs, a line each; one that is damaged says what is wrong with it."""
    head = (
        *(tr("run"), tr("data"), tr("network"), tr("epochs"), tr("last val mse"), tr("best"), tr("time")),
        *(tr("size"), tr("changed"), tr("state"), tr("notes")),
    )
    return _columns([head, *(_cells(row) for row in rows)])


def differences_text(first: str, second: str, found: Sequence[Difference]) -> str:
    """What differs between two runs, as a table."""
    if not found:
        return tr("{first} and {second} do not differ.", first=first, second=second)
    cells = [("", "", one_line(first), one_line(second))]
    for one in found:
        cells.append((one.group, one.name, _short(one.first, VALUE_LENGTH), _short(one.second, VALUE_LENGTH)))
    return _columns(cells)


def _cells(row: RunRow) -> tuple[str, ...]:
    date = datetime.fromtimestamp(row.changed).strftime("%Y-%m-%d %H:%M") if row.changed else ""
    name, notes = one_line(row.name), _short(row.notes, NOTE_LENGTH)
    if row.state is RunState.DAMAGED:
        return (name, "", "", "", "", "", "", size_text(row.size), date, row.state.value, row.problem)
    network = f"{row.network} {row.objective} {row.latent_dim}"
    epochs = f"{row.epochs}/{row.epochs_asked}" if row.epochs_asked else ""
    errors = [("" if math.isnan(value) else f"{value:.5f}") for value in (row.val_mse, row.best_val_mse)]
    time = time_text(row.seconds) if row.seconds else ""
    data = _short(row.data, NOTE_LENGTH)
    return (name, data, network, epochs, *errors, time, size_text(row.size), date, row.state.value, notes)


def _short(text: str, most: int) -> str:
    text = one_line(" ".join(text.split()))
    return text if len(text) <= most else text[: most - 1] + "…"


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )
