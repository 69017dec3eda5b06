"""The verb compare: two runs on the same pictures, measured, as one page."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from pydantic import Field

from core.codec import Codec, weights_fingerprint
from core.datasets import ImageDataset
from core.directions import read_directions
from core.edits import parse_edits
from core.errors import ConfigError
from core.export.panels import Comparison, comparison_subtitle, comparison_title, make_comparison
from core.export.recipe import Recipe, read_recipe
from core.export.report import make_report
from core.export.report_adjusted import Adjustment, chosen_adjustments
from core.export.report_html import save_html
from core.export.report_markdown import save_markdown
from core.export.report_parts import Adjusted, ReportParts
from core.lab.blur import measure_blur_by_epoch
from core.lab.gathering import gather_with_training
from core.lab.keeping import KeptMeasures, pictures_digest
from core.lab.sampling import check_enough
from core.lab.study import measure_study
from core.lab.subjects import Subject, check_shape, make_subject, told_apart
from core.latents import statistics
from core.places import kept_folder
from core.run_files import MODEL
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import DATA, About, RunOptions, Texts
from core.verbs.inputs import inputs_of
from core.verbs.opening import asked, check_index, check_out, check_seed, codes_of, opened_for, shown

HTML, MARKDOWN = (".html", ".htm"), (".md", ".markdown")

ABOUT = About(
    "compare",
    tr(
        "Measure two runs on the same pictures and write one page: the networks, adjustments, noise on"
        " the code, in-betweens, samples, imitation, blur. Any two runs of one picture shape will do."
    ),
    (
        "compare faces-ae faces-vae --out report.html",
        "compare faces-ae faces-vae --index 7 --adjust 0+20 --adjust 63+20 --out report.md",
    ),
)


class CompareOptions(RunOptions):
    """The options of compare; run is the first run."""

    run: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN_A")] = Field(
        description=tr("The first run's folder.")
    )
    run_b: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN_B")] = Field(
        description=tr("The second run's folder.")
    )
    out: str = Field(
        description=tr(
            "The page to write: one .html file that needs nothing else, or .md with a folder of pictures"
            " beside it."
        )
    )
    data: str = Field("", description=DATA + " " + tr("Without it, what RUN_A was trained on."))
    index: int = Field(
        -1,
        description=tr(
            "The picture that is adjusted and damaged, counted from 0; -1 takes one that was held out."
        ),
    )
    adjust: Texts = Field(
        (),
        description=tr(
            "One adjusted picture of RUN_A, as in edit. RUN_B gets the same where it fits its code and"
            " --adjust-b says nothing else. Where neither says anything, or it does not fit, the two"
            " elements that change the picture most are moved by 2 standard deviations."
        ),
    )
    note: Texts = Field((), description=tr("Your words on an adjustment, the first on the first."))
    adjust_b: Texts = Field(
        (),
        description=tr("One adjusted picture of RUN_B. Without any it gets those of --adjust, and so back."),
    )
    note_b: Texts = Field((), description=tr("Your words on an adjustment of --adjust-b."))
    recipe: Texts = Field(
        (),
        description=tr(
            "An exported PNG of either run, whose adjustments and words are shown on its own picture."
            " May be given again."
        ),
    )
    erase: str = Field(
        "", description=tr("ROW,COLUMN of the spot to erase in the damaged picture, such as an eye.")
    )
    seed: int = Field(0, description=tr("Decides noise, pairs and random codes."))


def run(args: list[str]) -> int:
    """Do what the command line of compare says and give the exit code."""
    first, options = asked(CompareOptions, ABOUT, args)
    out = check_out(options.out, *HTML, *MARKDOWN, inputs=inputs_of(first, options, *options.recipe))
    check_seed(options.seed)
    save = save_html if out.suffix.lower() in HTML else save_markdown
    runs = first, Run.open(options.run_b)
    codecs = Codec.from_run(runs[0]), Codec.from_run(runs[1])
    recipes = [(path, read_recipe(Path(os.path.expanduser(path)))) for path in options.recipe]
    adjusted = [
        _parsed(runs[0], codecs[0], options.adjust, options.note),
        _parsed(runs[1], codecs[1], options.adjust_b, options.note_b),
    ]
    with ProgressLine() as line:
        dataset = opened_for(first, options, line)
        if options.index != -1:
            check_index(dataset, options.index)
        place = _place(options.erase, dataset)
        for one, codec in zip(runs, codecs, strict=True):
            check_shape(one.name, codec, dataset.picture_shape)
        material = shown(gather_with_training(dataset, runs), line)
        check_enough(material)  # before codes are measured
        if material.left_out:
            line.milestone(material.left_out)
        subjects = (
            _subject(runs[0], codecs[0], dataset, line),
            _subject(runs[1], codecs[1], dataset, line),
        )
        index = int(material.held_out_indices[0]) if options.index == -1 else options.index
        picture = dataset.pictures([index])[0]
        figures = _figures(runs, subjects, dataset, picture, index, adjusted, recipes)
        kept = KeptMeasures(
            kept_folder(runs[0].path), subjects, pictures_digest(material), dataset.identity.fingerprint
        )
        study = shown(measure_study(subjects, material, picture, place, options.seed, kept), line)
        epochs = [shown(measure_blur_by_epoch(one, material.held_out, kept=kept), line) for one in runs]
        if kept.failed:  # a run on a read-only disk can be compared all the same
            line.milestone(tr("The measures could not be kept in {path}.", path=kept.folder))
    save(make_report(ReportParts(study, runs, tuple(figures), tuple(epochs))), out)
    say(tr("Written: {path}", path=options.out))
    return 0


def _parsed(run: Run, codec: Codec, texts: Sequence[str], notes: Sequence[str]) -> list[Adjustment]:
    """The adjustments that the command line gives of one run."""
    found = read_directions(run.path, codec.latent_dim) if "@" in "".join(texts) else ()
    if len(notes) > len(texts):
        raise ConfigError(
            tr(
                "More notes than adjustments: {notes} for {count}; give each --adjust one --note at most.",
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


def _subject(run: Run, codec: Codec, dataset: ImageDataset, line: ProgressLine) -> Subject:
    return make_subject(run.name, codec, statistics(codes_of(run, codec, dataset, line).codes))


def _figures(
    runs: Sequence[Run],
    subjects: Sequence[Subject],
    dataset: ImageDataset,
    picture: np.ndarray,
    index: int,
    given: Sequence[Sequence[Adjustment]],
    recipes: Sequence[tuple[str, Recipe]],
) -> list[Adjusted]:
    """The figures of the adjustments: each run's, but where only recipes are of it, and those of recipes.

    The first run's come first. A recipe's figure is of the picture that it was made of.
    """
    numbers = [_number_of(path, recipe, runs, subjects) for path, recipe in recipes]
    names = told_apart([run.name for run in runs])
    named = [replace(subject, name=name) for subject, name in zip(subjects, names, strict=True)]
    figures: list[tuple[int, Adjusted]] = []
    chosen = chosen_adjustments(given, runs, named, picture)
    for number, (subject, own, one) in enumerate(zip(named, given, chosen, strict=True)):
        if number in numbers and not own:
            continue
        figure = make_comparison(
            subject.codec,
            subject.stats,
            picture,
            index,
            one.adjustments,
            title=comparison_title(index, dataset.identity.name),
            subtitle=comparison_subtitle(subject.codec.config, subject.name),
        )
        figures.append((number, Adjusted(subject.name, figure, one.remark)))
    for number, (_path, recipe) in zip(numbers, recipes, strict=True):
        figures.append((number, _of_recipe(recipe, runs[number], named[number], dataset)))
    return [figure for _, figure in sorted(figures, key=lambda numbered: numbered[0])]


def _number_of(path: str, recipe: Recipe, runs: Sequence[Run], subjects: Sequence[Subject]) -> int:
    """Which run a recipe is of: by its weights, and where none has these, by its name.

    Raises: ConfigError where it is of neither.
    """
    is_named = [run.name == recipe.run.name for run in runs]
    is_same = [_has_weights_of(recipe, run) for run in runs]
    # of two with the same weights the one of its name
    for marks in ([a and b for a, b in zip(is_same, is_named, strict=True)], is_same, is_named):
        if True in marks:
            number = marks.index(True)
            if len(recipe.code) == subjects[number].codec.latent_dim:
                return number
    raise ConfigError(
        tr(
            "The recipe in {path} is of the run {name}, which is neither of these two.",
            path=path,
            name=recipe.run.name,
        )
    )


def _has_weights_of(recipe: Recipe, run: Run) -> bool:
    weights = run.path / MODEL
    return weights.is_file() and weights_fingerprint(weights) == recipe.run.fingerprint


def _of_recipe(recipe: Recipe, run: Run, subject: Subject, dataset: ImageDataset) -> Adjusted:
    """The figure of a recipe of a run."""
    is_here = recipe.data is not None and recipe.data.fingerprint == dataset.identity.fingerprint
    picture = None
    if is_here and recipe.index is not None and recipe.index < len(dataset):
        picture = dataset.pictures([recipe.index])[0]
    start = None if recipe.start is None else np.array(recipe.start, np.float32)
    if picture is None and start is None:
        start = np.array(recipe.code, np.float32)
    own = recipe.own_code and picture is not None
    subtitle = comparison_subtitle(subject.codec.config, subject.name)
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
    remark = (
        ""
        if _has_weights_of(recipe, run)
        else tr("{name} has other weights now than when this picture was exported.", name=subject.name)
    )
    return Adjusted(subject.name, figure, remark)
