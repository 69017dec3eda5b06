"""The verb import: what a file of another program is, said line by line, and the run that it becomes."""

from core.cli_options import ImportModelOptions
from core.config import ForeignConfig, checked
from core.datasets import ImageDataset
from core.errors import ConfigError, RunError
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
from core.runs import Run, is_run
from core.terminal import ProgressLine
from core.translate import tr


def say_what_it_is(file: str) -> None:
    """Print the classes, the kind and the weights of a file before anything in it is read.

    Raises: ModelError for a file that is refused.
    """
    print(classes_text(file, classes_of(file)))
    foreign = look_at(file)
    print(tr("It is {kind}.", kind=foreign.kind))
    print(weights_text(foreign))


def check_options(options: ImportModelOptions) -> ForeignConfig:
    """What the command line says of the network. Raises: ConfigError, RunError where out cannot be made."""
    if not options.out:
        raise ConfigError(tr("--out is missing: it names the run's folder, which is made."))
    if is_run(options.out):
        raise RunError(tr("{path} already holds a run; choose another folder.", path=options.out))
    return checked(ForeignConfig, options.settings)


def import_model(options: ImportModelOptions, dataset: ImageDataset | None, line: ProgressLine) -> Run:
    """The run that a file becomes, with what is found said on the way. Raises: ModelError, RunError."""
    asked = check_options(options)
    work = try_on(options.file, asked, dataset)
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
    return write_run(foreign, fit, options.out, dataset)
