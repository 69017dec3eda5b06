"""How a verb's options are read: fields and settings become a command line by tyro, its errors sentences."""

import contextlib
import io
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import tyro
from pydantic import BaseModel, ConfigDict, Field, create_model

from core.config import Settings
from core.errors import ConfigError
from core.translate import tr
from core.usage import PROGRAM

Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
Texts = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]


class Options(BaseModel):
    """What one verb was asked to do, settings not yet checked."""

    model_config = ConfigDict(frozen=True)


def positional(metavar: str) -> Any:
    """The type of an option without a name, shown as metavar."""
    return Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar=metavar)]


def data_help() -> str:
    """What --data takes."""
    return tr(
        "The pictures: a folder, an .npy or .npz array, an MNIST idx file (.gz too), a zip, shards"
        " ('part-{000..127}.npy' or '.tar', or a .txt that names one a line), or 'faces', the built-in set"
        " ('faces:count=10000,size=96,seed=1')."
    )


def labels_help() -> str:
    """What --labels takes."""
    return tr(
        "A file with labels of the pictures, beside those that they have: a CSV, or CelebA's list_attr."
        " Matched by file name, by a column 'index', or by order."
    )


def parse(
    verb: str,
    fields: dict[str, Any],
    args: Sequence[str],
    description: str,
    examples: Sequence[str],
    settings: Sequence[Settings],
) -> dict[str, Any]:
    """The values of a command line: of fields, and of the fields of settings, whose values are defaults.

    Raises: ConfigError.
    """
    every = dict(fields)
    for group in settings:
        every |= _settings_fields(group)
    model = create_model(verb, __base__=Options, **every)
    program = f"{PROGRAM} {verb}"
    text = "\n".join([description, "", tr("Examples:"), *(f"  {PROGRAM} {example}" for example in examples)])
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            options = tyro.cli(
                model, prog=program, description=text, args=list(args), config=(tyro.conf.OmitArgPrefixes,)
            )
    except SystemExit as end:
        if end.code in (None, 0):
            raise
        raise ConfigError(_sentence(errors.getvalue(), program)) from None
    sys.stderr.write(errors.getvalue())
    if getattr(options, "out", None) == "":
        raise ConfigError(tr("--out names no file or folder; see {program} --help.", program=program))
    return {name: getattr(cast(BaseModel, options), name) for name in every}


def _settings_fields(group: Settings) -> dict[str, Any]:
    """The fields of a group without their ranges, which core.config.checked explains better than tyro."""
    return {
        name: (field.annotation, Field(getattr(group, name), description=tr(field.description or name)))
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
    message = " ".join(lines).rstrip(".") or tr("the options cannot be read")
    if missing := re.match(r"Missing from [^:]*: *(\S+)", message):
        message = tr("{option} is missing", option=missing[1])
    elif wrong := re.match(r"Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)", message):
        message = tr("{option} cannot be {value}: it is no whole number", option=wrong[1], value=wrong[2])
    message = message[0].upper() + message[1:]
    return tr("{message}; see {program} --help.", message=message, program=program)
