"""How a verb's options are read: fields and settings become a command line by tyro, its errors sentences.

The fields of a model say their type, default and sentence once. They are declared when a verb's module is
imported, which is after the language is known.
"""

import contextlib
import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import tyro
from pydantic import BaseModel, ConfigDict, Field, create_model

from core.config import ImportConfig, Settings
from core.errors import ConfigError
from core.translate import tr
from core.usage import PROGRAM

Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
Json = Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")]
Texts = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]

DATA = tr(
    "The pictures: a folder, an .npy or .npz array, an MNIST idx file (.gz too), a zip, shards"
    " ('part-{000..127}.npy' or '.tar', or a .txt that names one a line), or 'faces', the built-in set"
    " ('faces:count=10000,size=96,seed=1')."
)


class Options(BaseModel):
    """What one verb was asked to do. The settings that parse() adds to a verb's own fields are unchecked."""

    model_config = ConfigDict(frozen=True)

    def of(self, group: type[Settings]) -> dict[str, Any]:
        """What was asked for of a group of settings."""
        return {name: getattr(self, name) for name in group.model_fields}

    @property
    def policy(self) -> dict[str, Any]:
        """How pictures are to be read, for verbs that take ImportConfig."""
        return self.of(ImportConfig)


class RunOptions(Options):
    """The options of a verb that works on a run and on pictures."""

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")] = Field(
        description=tr("The run's folder.")
    )
    data: str = Field("", description=DATA + " " + tr("Without it, what the run was trained on."))


class LabelOptions(RunOptions):
    """The options of a verb that works on labels too."""

    labels: str = Field(
        "",
        description=tr(
            "A file with labels of the pictures, beside those that they have: a CSV, or CelebA's list_attr."
            " Matched by file name, by a column 'index', or by order."
        ),
    )


@dataclass(frozen=True)
class About:
    """What --help says of a verb besides its options; examples are without the program's name."""

    verb: str
    text: str
    examples: tuple[str, ...]


AnyOptions = TypeVar("AnyOptions", bound=Options)


def parse(model: type[AnyOptions], about: About, args: Sequence[str], *settings: Settings) -> AnyOptions:
    """The options of a command line: the fields of model, and of settings, whose values are defaults.

    Raises: ConfigError.
    """
    fields: dict[str, Any] = {}
    for group in settings:
        fields |= _settings_fields(group)
    options = create_model(about.verb, __base__=model, **fields)
    program = f"{PROGRAM} {about.verb}"
    examples = (f"  {PROGRAM} {example}" for example in about.examples)
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            found = tyro.cli(
                options,
                prog=program,
                description="\n".join([about.text, "", tr("Examples:"), *examples]),
                args=list(args),
                config=(tyro.conf.OmitArgPrefixes,),
            )
    except SystemExit as end:
        if end.code in (None, 0):
            raise
        raise ConfigError(_sentence(errors.getvalue(), program)) from None
    sys.stderr.write(errors.getvalue())
    if getattr(found, "out", None) == "":
        raise ConfigError(tr("--out names no file or folder; see {program} --help.", program=program))
    return found


def _settings_fields(group: Settings) -> dict[str, Any]:
    """The fields of a group without their ranges, which core.config.checked explains better than tyro."""
    return {
        name: (
            Flag if field.annotation is bool else field.annotation,
            Field(getattr(group, name), description=tr(field.description or name)),
        )
        for name, field in type(group).model_fields.items()
    }


def _sentence(box: str, program: str) -> str:
    """tyro's framed message as one sentence."""
    lines: list[str] = []
    framed = False
    for line in box.splitlines():
        line = line.strip("│ ")
        if lines and line.startswith(("─", "╰")):
            break
        if set(line) == {"-"}:  # the frame where the terminal cannot show lines; above it is the title
            if framed:
                break
            framed = True
            lines.clear()
        elif line and line[0] not in "╭─╰":
            lines.append(line)
    message = " ".join(lines).rstrip(". ") or tr("the options cannot be read")
    if missing := re.match(r"Missing from [^:]*: *(\S+)", message):
        message = tr("{option} is missing", option=missing[1])
    elif wrong := re.match(r"Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)", message):
        message = tr("{option} cannot be {value}: it is no whole number", option=wrong[1], value=wrong[2])
    message = message[0].upper() + message[1:]
    return tr("{message}; see {program} --help.", message=message, program=program)
