"""The verb directions: find directions of a run's codes, keep them with the run, list and delete them."""

import json
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from core.codec import Codec
from core.datasets import ImageDataset
from core.datasets.dataset import LabelColumn
from core.directions import (
    METHODS,
    MOST_KEPT,
    Found,
    Kind,
    attribute_direction,
    group_direction,
    middle_of,
    principal_components,
    read_directions,
    sides_of,
    write_directions,
)
from core.edits import check_name, direction_named
from core.encoding import Codes
from core.errors import ConfigError
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, LabelOptions, Texts
from core.verbs.opening import asked, check_seed, codes_of, labelled, opened_for

Method = Literal["mean-difference", "classifier", "both"]


ABOUT = About(
    "directions",
    tr(
        "Find directions of a run's codes, keep them with the run and list them. An adjustment takes one"
        " by its name: edit --adjust @smile+2 goes two standard deviations along it."
    ),
    (
        "directions run --components 5",
        "directions run --data train.npy --labels list_attr_celeba.txt --attribute Smiling",
        'directions run --attribute "smile>0.5" --method classifier --name smile',
        'directions run --group-a 1,5,9 --group-b 2,3 --name "towards these"',
        "directions run",
    ),
)


class DirectionsOptions(LabelOptions):
    """The options of directions."""

    components: int = Field(0, description=tr("Find this many principal components of the codes."))
    attribute: Texts = Field(
        (),
        description=tr(
            "Find what leads towards a label: COLUMN, COLUMN=CLASS, or COLUMN>NUMBER. Give it again for each"
            " further one."
        ),
    )
    method: Method = Field(
        "both", description=tr("By the difference of the mean codes, a linear classifier, or both.")
    )
    group_a: str = Field("", description=tr("Pictures by number, as 1,5,9: the direction leads here,"))
    group_b: str = Field("", description=tr("and comes from these."))
    name: str = Field("", description=tr("What to call it; without, it is named after what it is of."))
    seed: int = Field(0, description=tr("Which pictures are held out to measure the accuracy."))
    delete: Texts = Field((), description=tr("Forget the direction of this name."))
    as_json: Json = Field(False, description=tr("Print them as JSON, vectors and all."))


def run(args: list[str]) -> int:
    """Do what the command line of directions says and give the exit code."""
    trained, options = asked(DirectionsOptions, ABOUT, args)
    codec = Codec.from_run(trained)
    kept = list(read_directions(trained.path, codec.latent_dim))
    for name in options.delete:
        named = direction_named(name, [one.direction for one in kept])
        kept = [one for one in kept if one.direction is not named]
    found = _found(options, trained, codec)
    names = {one.name for one in found}
    replaced = {one.name: one for one in kept if one.name in names}  # what is found anew takes their place
    kept = [*(one for one in kept if one.name not in names), *found]
    if found or options.delete:
        write_directions(trained.path, kept)
    if options.as_json:
        say(json.dumps([one.values() for one in kept], ensure_ascii=False))
    elif not kept:
        say(tr("{run} has no directions yet; --help says how to find some.", run=trained.name))
    else:
        for one in found or kept:
            is_old = one.weights != codec.fingerprint
            old = " " + tr("It was found with other weights of this run.") if is_old else ""
            say(f"{one.name}: {one.facts()}{old}")
            if one.name in replaced:
                before = replaced[one.name].facts()
                say("  " + tr("It replaces the one of this name that was kept. {before}", before=before))
    return 0


def _found(options: DirectionsOptions, trained: Run, codec: Codec) -> list[Found]:
    groups = (_indices(options.group_a), _indices(options.group_b))
    if any(groups) and not all(groups):
        raise ConfigError(tr("A direction between groups needs both --group-a and --group-b."))
    if both := sorted({*groups[0]} & {*groups[1]}):
        raise ConfigError(
            tr("Picture {index} is in both groups: a direction leads from one to the other.", index=both[0])
        )
    check_seed(options.seed)
    if not 0 <= options.components <= MOST_KEPT:
        raise ConfigError(tr("--components must be 0 to {most}.", most=MOST_KEPT))
    wanted = options.components, options.attribute, groups[0]
    if options.name:
        check_name(options.name)
        _check_names_one(options, has_groups=bool(groups[0]))
    if not any(wanted):
        return []
    found: list[Found] = []
    with ProgressLine() as line:
        dataset = labelled(opened_for(trained, options, line), options.labels, line)
        sides = [_encoded(codec, dataset, group) for group in groups]
        codes = codes_of(trained, codec, dataset, line)
        if options.components:
            found += principal_components(codes.codes, options.components, codec.fingerprint)
            if options.name and not any(wanted[1:]):
                found = [one.renamed(options.name) for one in found]
            if len(found) < options.components:
                line.milestone(
                    tr(
                        "There are {found} components and not {asked}: these codes vary in no more than"
                        " {found} of their {dims} dimensions.",
                        found=len(found),
                        asked=options.components,
                        dims=codec.latent_dim,
                    )
                )
        for text in options.attribute:
            found += _attribute(options, codec, dataset, codes, text)
        if groups[0]:
            kinds: tuple[Kind, ...] = ("groups", "classifier")
            for kind in _chosen(options.method, kinds):
                name = _name(options, tr("A minus B"), kind)
                source = tr("groups A and B")
                found.append(
                    group_direction(
                        sides[0], sides[1], codes.codes, name, kind, source, options.seed, codec.fingerprint
                    )
                )
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ConfigError(
            tr("Two of these would be called '{name}': find them one by one, each with --name.", name=twice)
        )
    return [one.of_data(dataset.identity.name) for one in found]


def _check_names_one(options: DirectionsOptions, *, has_groups: bool) -> None:
    """Raises: ConfigError where --name names nothing that is found, or several things."""
    named = len(options.attribute) + has_groups  # components beside these keep names of their own
    if named == 1 or (not named and options.components == 1):
        return
    if named > 1:
        text = tr(
            "--name '{name}' is for one direction, and {count} are asked for: find them one by one, each with"
            " its --name.",
            name=options.name,
            count=named,
        )
    elif options.components:
        text = tr(
            "--name '{name}' is for one direction, and {count} components are called PC 1, PC 2 and so on:"
            " leave --name out, or find one with --components 1.",
            name=options.name,
            count=options.components,
        )
    else:
        text = tr(
            "--name '{name}' names nothing, as no direction is asked for: give it with --attribute, with"
            " --group-a and --group-b, or with --components 1.",
            name=options.name,
        )
    raise ConfigError(text)


def _attribute(
    options: DirectionsOptions, codec: Codec, dataset: ImageDataset, codes: Codes, text: str
) -> list[Found]:
    column, value = _column(dataset, text)
    is_plain = not column.classes or value in ("1", "yes", "true", "True")
    sides = sides_of(column, value)
    source = f"{column.name}: {value}" if column.classes else f"{column.name}: > {value:.3g}"
    own = column.name if is_plain else f"{column.name} {value}"
    return [
        attribute_direction(
            codes, sides, _name(options, own.replace('"', "'"), kind), kind, source, options.seed,
            codec.fingerprint,
        )
        for kind in _chosen(options.method, METHODS)
    ]  # fmt: skip


def _column(dataset: ImageDataset, text: str) -> tuple[LabelColumn, str | float]:
    """The column that a text names, and the class or threshold in it. Raises: ConfigError."""
    columns = {column.name: column for column in dataset.labels}
    for sign in ("", "=", ">"):
        name, _, value = text.partition(sign) if sign else (text, "", "")
        column = columns.get(name.strip())
        if column is None:
            continue
        if column.classes and sign == ">":
            raise ConfigError(
                tr(
                    "--attribute {text}: {name} has classes, not numbers; write {name}=CLASS with one of"
                    " {classes}.",
                    text=text,
                    name=column.name,
                    classes=", ".join(column.classes[:20]),
                )
            )
        if column.classes:
            return column, value.strip() or column.classes[-1]
        number = _number(value) if value.strip() else middle_of(column)
        if sign == "=":
            raise ConfigError(
                tr(
                    "--attribute {text}: {name} has numbers, not classes; write {name}>{number} for what is"
                    " greater.",
                    text=text,
                    name=column.name,
                    number=f"{middle_of(column):.3g}" if number is None else value.strip() or f"{number:.3g}",
                )
            )
        if number is None:
            raise ConfigError(
                tr(
                    "--attribute {text}: '{value}' is no number to compare with; write {name}>{number}, say.",
                    text=text,
                    value=value.strip(),
                    name=column.name,
                    number=f"{middle_of(column):.3g}",
                )
            )
        return column, number
    raise ConfigError(
        tr(
            "There is no label for --attribute {text}: {name} has {labels}.",
            text=text,
            name=dataset.identity.name,
            labels=", ".join(columns) or tr("none; --labels reads some"),
        )
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _chosen(method: Method, kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    return {"both": tuple(kinds), "mean-difference": (kinds[0],), "classifier": (kinds[1],)}[method]


def _name(options: DirectionsOptions, own: str, kind: Kind) -> str:
    """Of two that are found by both methods the classifier's says so."""
    name = options.name or own
    both = options.method == "both" and kind == "classifier"
    return f"{name[:47].strip()} (classifier)" if both else name[:60].strip()


def _indices(text: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(part) for part in text.split(",") if part.strip()))
    except ValueError:
        raise ConfigError(tr("'{text}' are no numbers of pictures; write 1,5,9.", text=text)) from None


def _encoded(codec: Codec, dataset: ImageDataset, indices: Sequence[int]) -> np.ndarray:
    wrong = next((index for index in indices if not 0 <= index < len(dataset)), None)
    if wrong is not None:
        raise ConfigError(
            tr("There is no picture {index}: the last is {last}.", index=wrong, last=len(dataset) - 1)
        )
    if not indices:
        return np.zeros((0, codec.latent_dim), np.float32)
    return codec.encode(dataset.pictures(np.asarray(indices, np.int64)))
