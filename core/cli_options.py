"""The options of each verb with their help, settings from core.config; tyro makes the command line."""

import contextlib
import io
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

import tyro
from pydantic import BaseModel, ConfigDict, Field, create_model

from core.config import ForeignConfig, ImportConfig, Settings, TrainConfig
from core.errors import ConfigError
from core.export.typeset import ThemeName
from core.translate import tr
from core.usage import PROGRAM


class Options(BaseModel):
    """What one verb was asked to do, settings not yet checked."""

    model_config = ConfigDict(frozen=True)


class TrainOptions(Options):
    """The options of train."""

    out: str
    data: str
    resume: bool
    settings: dict[str, Any]
    policy: dict[str, Any]


class EditOptions(Options):
    """The options of edit; policy holds only what was asked for."""

    run: str
    adjust: tuple[str, ...]
    out: str
    data: str
    index: int
    note: tuple[str, ...]
    scale: int
    theme: ThemeName
    difference: bool
    policy: dict[str, Any]


class ImportModelOptions(Options):
    """The options of import, settings and policy not yet checked."""

    file: str
    out: str
    data: str
    classes: bool
    settings: dict[str, Any]
    policy: dict[str, Any]


class InfoOptions(Options):
    """The options of info."""

    path: str
    as_json: bool
    policy: dict[str, Any]


def parse_train(
    args: Sequence[str], settings: TrainConfig, policy: ImportConfig, data: str = "faces"
) -> TrainOptions:
    """The options of train, with settings, policy and data for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "out": (
            str,
            Field(description=tr("The run's folder, which is made. It holds all that training writes.")),
        ),
        "data": (str, Field(data, description=_data_help())),
        "resume": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff],
            Field(
                False,
                description=tr(
                    "Go on with the run in --out from where it stopped. All other options default to what"
                    " it was made with; more --epochs train it on."
                ),
            ),
        ),
    }
    values = _parse(
        "train",
        fields,
        args,
        tr(
            "Train a network on pictures and keep it as a run, a folder that edit and the window open."
            " Ctrl+C stops it without loss."
        ),
        (
            "train --data faces.npy --network fc --objective ae --epochs 20 --out run",
            "train --data photos/ --size 64 --network conv --objective vae --beta 2 --out faces-vae",
            "train --out run --resume --epochs 40",
        ),
        (settings, policy),
    )
    return TrainOptions(
        **{name: values[name] for name in ("out", "data", "resume")},
        settings={name: values[name] for name in TrainConfig.model_fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def parse_edit(args: Sequence[str], policy: ImportConfig) -> EditOptions:
    """The options of edit, with policy for what is not given. Raises: ConfigError."""
    texts = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]
    fields: dict[str, Any] = {
        "run": (_positional("RUN"), Field(description=tr("The run's folder."))),
        "adjust": (
            texts,
            Field(
                (),
                description=tr(
                    "One adjusted picture: DIM+X, DIM-X, DIM=X or DIM*X, or several of them with commas"
                    " between. Give it again for each further picture."
                ),
            ),
        ),
        "out": (str, Field(description=tr("The PNG to write. It carries the recipe of how it was made."))),
        "data": (
            str,
            Field("", description=_data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "index": (int, Field(0, description=tr("Which picture of the data, counted from 0."))),
        "note": (
            texts,
            Field(
                (),
                description=tr(
                    "Your own words under an adjusted picture, the first for the first. Without them"
                    " what changed is measured and said."
                ),
            ),
        ),
        "scale": (int, Field(4, description=tr("Each pixel becomes a square of this many, 1 to 32."))),
        "theme": (
            Literal["light", "dark"],
            Field("light", description=tr("Dark on light, or light on dark.")),
        ),
        "difference": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff],
            Field(False, description=tr("Show under each picture how much each of its pixels changed.")),
        ),
    }
    values = _parse(
        "edit",
        fields,
        args,
        tr(
            "Change the code of one picture and write one PNG with the original, the reconstruction and"
            " every adjustment beside each other."
        ),
        (
            "edit run --index 7 --adjust 0+20 --adjust 63+20 --out before_after.png",
            'edit run --data test.npy --index 2 --adjust "3=1.5,5*-1" --note "He smiles." --out smile.png',
        ),
        (policy,),
    )
    return EditOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def parse_import(args: Sequence[str]) -> ImportModelOptions:
    """The options of import. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "file": (
            _positional(tr("FILE")),
            Field(description=tr("The file of the weights (.pt, .pth, .safetensors), or its folder.")),
        ),
        "out": (str | None, Field(None, description=tr("The run's folder, which is made."))),
        "data": (
            str,
            Field(
                "",
                description=_data_help()
                + " "
                + tr("On a few of them what the file leaves open is tried; the run is opened with them."),
            ),
        ),
        "classes": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff],
            Field(False, description=tr("Only list the classes and weights that the file names.")),
        ),
    }
    values = _parse(
        "import",
        fields,
        args,
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
        (ForeignConfig(), ImportConfig()),
    )
    return ImportModelOptions(
        **{name: values[name] for name in ("file", "data", "classes")},
        out=values["out"] or "",
        settings={name: values[name] for name in ForeignConfig.model_fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def parse_info(args: Sequence[str]) -> InfoOptions:
    """The options of info. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "path": (
            _positional(tr("RUN|DATA")),
            Field(description=tr("A run's folder, or data as for --data of train.")),
        ),
        "as_json": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")],
            Field(False, description=tr("Write it as JSON, for other programs.")),
        ),
    }
    values = _parse(
        "info",
        fields,
        args,
        tr(
            "Say what a run is (its network layer by layer, how it was trained, how good it is) or what"
            " pictures a source holds and how they are read."
        ),
        ("info run", "info photos/ --size 64", "info run --json"),
        (ImportConfig(),),
    )
    policy = {name: values[name] for name in ImportConfig.model_fields}
    return InfoOptions(path=values["path"], as_json=values["as_json"], policy=policy)


def _positional(metavar: str) -> Any:
    return Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar=metavar)]


def _data_help() -> str:
    return tr(
        "The pictures: a folder, an .npy or .npz array, an MNIST idx file (.gz too), a zip, shards"
        " ('part-{000..127}.npy' or '.tar', or a .txt that names one a line), or 'faces', the built-in set"
        " ('faces:count=10000,size=96,seed=1')."
    )


def _parse(
    verb: str,
    fields: dict[str, Any],
    args: Sequence[str],
    description: str,
    examples: Sequence[str],
    settings: Sequence[Settings],
) -> dict[str, Any]:
    """The values of a command line: of fields, and of the fields of settings, whose values are defaults."""
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
