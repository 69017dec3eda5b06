"""The verb import: what a file of another program is, said line by line, and the run that it becomes."""

from typing import Annotated

import tyro
from pydantic import Field

from core.config import ForeignConfig, ImportConfig, checked
from core.datasets import ImageDataset
from core.errors import ConfigError
from core.importing import (
    choice_sentence,
    classes_of,
    classes_text,
    look_at,
    trials_text,
    try_on,
    weights_text,
    write_run,
)
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import DATA, About, Flag, Options, parse
from core.verbs.opening import check_out_run, opened

ABOUT = About(
    "import",
    tr(
        "Make a run of a network of another program: a state dict of linear layers, a whole model with"
        " Sequentials named encoder and decoder, a network of pythae or disentangling-vae, or weights of"
        " this program. Nothing in the file is run."
    ),
    (
        "import best_model.pt --data testingset.npy --out theirs",
        "import best_model.pt --classes",
        "import weights.pth --activation relu --output-activation sigmoid --out theirs",
    ),
)


class ImportModelOptions(Options):
    """The options of import."""

    file: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar=tr("FILE"))] = Field(
        description=tr("The file of the weights (.pt, .pth, .safetensors), or its folder.")
    )
    out: str | None = Field(None, description=tr("The run's folder, which is made."))
    data: str = Field(
        "",
        description=DATA
        + " "
        + tr("On a few of them what the file leaves open is tried; the run is opened with them."),
    )
    classes: Flag = Field(False, description=tr("Only list the classes and weights that the file names."))


def run(args: list[str]) -> int:
    """Do what the command line of import says and give the exit code."""
    options = parse(ImportModelOptions, ABOUT, args, ForeignConfig(), ImportConfig())
    known = checked(ForeignConfig, options.of(ForeignConfig))
    if not options.classes:
        if not options.out:
            raise ConfigError(tr("--out is missing: it names the run's folder, which is made."))
        check_out_run(options.out)
    say_what_it_is(options.file)
    if options.classes:
        return 0
    with ProgressLine() as line:
        dataset = opened(options.data, options.policy, line) if options.data else None
        made = import_model(options.file, options.out or "", known, dataset, line)
    say(tr("Written: {path}", path=made.path))
    return 0


def say_what_it_is(file: str) -> None:
    """Print the classes, the kind and the weights of a file before anything in it is read.

    Raises: ModelError for a file that is refused.
    """
    say(classes_text(file, classes_of(file)))
    foreign = look_at(file)
    say(tr("It is {kind}.", kind=foreign.kind))
    say(weights_text(foreign))


def import_model(
    file: str, out: str, known: ForeignConfig, dataset: ImageDataset | None, line: ProgressLine
) -> Run:
    """The run that a file becomes, with what is found said on the way. Raises: ModelError, RunError."""
    work = try_on(file, known, dataset)
    count = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            foreign, fit = end.value
            break
        count += 1
        line.show(tr("Trying what the file leaves open: {count}", count=count))
    line.clear()
    said = (choice_sentence(foreign, fit), *foreign.notes, trials_text(foreign, fit), *fit.warnings)
    for sentence in filter(None, said):
        line.milestone(sentence)
    return write_run(foreign, fit, out, dataset)
