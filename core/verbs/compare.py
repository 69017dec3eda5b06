"""The verb compare: two runs on the same pictures, measured, as one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.datasets import ImageDataset
from core.directions import read_directions
from core.edits import AnyEdit, Edit, Operation, parse_edits
from core.errors import ConfigError, DataError
from core.export.panels import Comparison, comparison_subtitle, comparison_title, make_comparison
from core.export.recipe import Recipe, read_recipe
from core.export.report import make_report
from core.export.report_html import save_html
from core.export.report_markdown import save_markdown
from core.export.report_parts import Adjusted, ReportParts
from core.lab.blur import measure_blur_by_epoch
from core.lab.study import measure_study
from core.lab.subjects import Subject, check_subjects, gather, make_subject
from core.latents import effects, statistics
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Options, Texts, data_help, parse, positional
from core.verbs.opening import check_index, codes_of, opened, opened_for, shown

HTML, MARKDOWN = (".html", ".htm"), (".md", ".markdown")
STEP_SIGMA = 2.0  # of the two strongest elements, where nobody says an adjustment


class CompareOptions(Options):
    """The options of compare; policy holds only what was asked for."""

    run_a: str
    run_b: str
    out: str
    data: str
    index: int
    adjust: tuple[str, ...]
    note: tuple[str, ...]
    adjust_b: tuple[str, ...]
    note_b: tuple[str, ...]
    recipe: tuple[str, ...]
    erase: str
    seed: int
    policy: dict[str, Any]


def parse_compare(args: Sequence[str], policy: ImportConfig) -> CompareOptions:
    """The options of compare, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run_a": (positional("RUN_A"), Field(description=tr("The first run's folder."))),
        "run_b": (positional("RUN_B"), Field(description=tr("The second run's folder."))),
        "out": (
            str,
            Field(
                description=tr(
                    "The page to write: one .html file that needs nothing else, or .md with a folder of"
                    " pictures beside it."
                )
            ),
        ),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what RUN_A was trained on.")),
        ),
        "index": (
            int,
            Field(
                -1,
                description=tr(
                    "The picture that is adjusted and damaged, counted from 0; -1 takes one that was held"
                    " out."
                ),
            ),
        ),
        "adjust": (
            Texts,
            Field(
                (),
                description=tr(
                    "One adjusted picture of RUN_A, as in edit. Without any, the two strongest elements of"
                    " each run are moved by 2 standard deviations."
                ),
            ),
        ),
        "note": (Texts, Field((), description=tr("Your words on an adjustment, the first on the first."))),
        "adjust_b": (Texts, Field((), description=tr("The same for RUN_B."))),
        "note_b": (Texts, Field((), description=tr("The same for RUN_B."))),
        "recipe": (
            Texts,
            Field(
                (),
                description=tr(
                    "An exported PNG of either run, whose adjustments and words are shown. May be given"
                    " again."
                ),
            ),
        ),
        "erase": (
            str,
            Field(
                "",
                description=tr("ROW,COLUMN of the spot to erase in the damaged picture, such as an eye."),
            ),
        ),
        "seed": (int, Field(0, ge=0, description=tr("Decides noise, pairs and random codes."))),
    }
    values = parse(
        "compare",
        fields,
        args,
        tr(
            "Measure two runs on the same pictures and write one page: the networks, adjustments, noise on"
            " the code, in-betweens, samples, imitation, blur. Any two runs of one picture shape will do."
        ),
        (
            "compare faces-ae faces-vae --out report.html",
            "compare faces-ae faces-vae --index 7 --adjust 0+20 --adjust 63+20 --out report.md",
        ),
        (policy,),
    )
    return CompareOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def run(args: list[str]) -> int:
    """Do what the command line of compare says and give the exit code."""
    first = Run.open(parse_compare(args, ImportConfig()).run_a)
    options = parse_compare(args, first.config.data.policy)
    out = Path(options.out).expanduser()
    save = _writer(out)
    runs = first, Run.open(options.run_b)
    codecs = Codec.from_run(runs[0]), Codec.from_run(runs[1])
    recipes = [(path, read_recipe(Path(path).expanduser())) for path in options.recipe]
    adjusted = [
        _parsed(runs[0], codecs[0], options.adjust, options.note),
        _parsed(runs[1], codecs[1], options.adjust_b, options.note_b),
    ]
    with ProgressLine() as line:
        dataset = opened_for(runs[0], options.data, options.policy, line)
        if options.index != -1:
            check_index(dataset, options.index)
        place = _place(options.erase, dataset)
        training = _training_data(runs, dataset, line)
        subjects = (
            _subject(runs[0], codecs[0], dataset, line),
            _subject(runs[1], codecs[1], dataset, line),
        )
        check_subjects(subjects, dataset.picture_shape)
        material = gather(dataset, runs, training)
        index = int(material.held_out_indices[0]) if options.index == -1 else options.index
        picture = dataset.pictures([index])[0]
        figures = _figures(runs, subjects, dataset, picture, index, adjusted, recipes)
        study = shown(measure_study(subjects, material, picture, place, options.seed), line)
        epochs = [shown(measure_blur_by_epoch(one, material.held_out), line) for one in runs]
    save(make_report(ReportParts(study, runs, tuple(figures), tuple(epochs))), out)
    print(tr("Written: {path}", path=options.out))
    return 0


def _writer(out: Path):
    suffix = out.suffix.lower()
    if suffix in HTML:
        return save_html
    if suffix in MARKDOWN:
        return save_markdown
    raise ConfigError(tr("--out {path} must end in .html or .md.", path=out))


def _parsed(
    run: Run, codec: Codec, texts: Sequence[str], notes: Sequence[str]
) -> list[tuple[tuple[AnyEdit, ...], str | None]]:
    """The adjustments that the command line gives of one run."""
    found = read_directions(run.path, codec.latent_dim) if "@" in "".join(texts) else ()
    if len(notes) > len(texts):
        raise ConfigError(
            tr(
                "There are {notes} notes for {count} adjustments; give one --note for each --adjust at most.",
                notes=len(notes),
                count=len(texts),
            )
        )
    directions = [one.direction for one in found]
    words = [*notes, *[None] * (len(texts) - len(notes))]
    return [
        (parse_edits(text, codec.latent_dim, directions), note)
        for text, note in zip(texts, words, strict=True)
    ]


def _place(text: str, dataset: ImageDataset) -> tuple[int, int] | None:
    """The (row, column) of --erase. Raises: ConfigError."""
    if not text:
        return None
    height, width, _ = dataset.picture_shape
    parts = text.split(",")
    if len(parts) == 2 and all(part.strip().isdecimal() for part in parts):
        row, column = (int(part) for part in parts)
        if row < height and column < width:
            return row, column
    raise ConfigError(
        tr(
            "--erase {text} must be ROW,COLUMN within {width}×{height}, such as {example}.",
            text=text,
            width=width,
            height=height,
            example=f"{height // 2},{width // 3}",
        )
    )


def _training_data(runs: Sequence[Run], dataset: ImageDataset, line: ProgressLine) -> ImageDataset | None:
    """What the first run was trained on, where that is other data than these and can still be opened."""
    known = [run.config.data for run in runs if run.config.imported is None]
    if not known or any(data.fingerprint == dataset.identity.fingerprint for data in known):
        return None
    try:
        training = opened(known[0].source, known[0].policy.model_dump(), line)
    except DataError:
        return None
    return training if training.picture_shape == dataset.picture_shape else None


def _subject(run: Run, codec: Codec, dataset: ImageDataset, line: ProgressLine) -> Subject:
    return make_subject(run.name, codec, statistics(codes_of(run, codec, dataset, line).codes))


def _figures(
    runs: Sequence[Run],
    subjects: Sequence[Subject],
    dataset: ImageDataset,
    picture: np.ndarray,
    index: int,
    given: Sequence[list[tuple[tuple[AnyEdit, ...], str | None]]],
    recipes: Sequence[tuple[str, Recipe]],
) -> list[Adjusted]:
    """The figures of the adjustments: given ones, those of recipes, or without any the strongest elements."""
    figures: list[Adjusted] = []
    for run, subject, adjustments in zip(runs, subjects, given, strict=True):
        if not (any(given) or recipes):
            adjustments = [((edit,), None) for edit in _strongest(subject, picture)]
        if adjustments:
            figure = make_comparison(
                subject.codec,
                subject.stats,
                picture,
                index,
                adjustments,
                title=comparison_title(index, dataset.identity.name),
                subtitle=comparison_subtitle(subject.codec.config, run.name),
            )
            figures.append(Adjusted(run.name, figure))
    return figures + [_of_recipe(path, recipe, runs, subjects, dataset) for path, recipe in recipes]


def _strongest(subject: Subject, picture: np.ndarray) -> list[Edit]:
    """The two elements of the code that change this picture most, moved by STEP_SIGMA."""
    codes = subject.codec.encode(picture[np.newaxis])
    found = effects(subject.codec, codes, subject.stats)
    dims = np.argsort(-found, kind="stable")[:2]
    return [
        Edit(int(dim), Operation.ADD, round(STEP_SIGMA * float(subject.stats.std[dim]), 3)) for dim in dims
    ]


def _of_recipe(
    path: str, recipe: Recipe, runs: Sequence[Run], subjects: Sequence[Subject], dataset: ImageDataset
) -> Adjusted:
    """The figure of a recipe, by the run that it names. Raises: ConfigError where it is of neither."""
    number = next((n for n, run in enumerate(runs) if run.name == recipe.run.name), None)
    subject = subjects[number] if number is not None else None
    if subject is None or number is None or len(recipe.code) != subject.codec.latent_dim:
        raise ConfigError(
            tr(
                "The recipe in {path} is of the run {name}, which is neither of these two.",
                path=path,
                name=recipe.run.name,
            )
        )
    is_here = recipe.data is not None and recipe.data.fingerprint == dataset.identity.fingerprint
    picture = None
    if is_here and recipe.index is not None and recipe.index < len(dataset):
        picture = dataset.pictures([recipe.index])[0]
    start = None if recipe.start is None else np.array(recipe.start, np.float32)
    if picture is None and start is None:
        start = np.array(recipe.code, np.float32)
    own = recipe.own_code and picture is not None
    subtitle = comparison_subtitle(subject.codec.config, runs[number].name)
    if recipe.detail and not own:
        subtitle += tr(", without the original's detail: the picture is not in these data")
    adjustments = [
        (edits, adjustment.note or None)
        for edits, adjustment in zip(recipe.edits(), recipe.adjustments, strict=True)
    ]
    figure: Comparison = make_comparison(
        subject.codec,
        subject.stats,
        picture,
        recipe.index if picture is not None else None,
        adjustments,
        start=None if own else start,
        title=comparison_title(recipe.index if picture is not None else None, dataset.identity.name),
        subtitle=subtitle,
        detail=recipe.detail and own,
    )
    return Adjusted(runs[number].name, figure)
