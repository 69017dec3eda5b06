"""Which adjustments the report shows of each of two runs, and why; the verb and the window choose alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.directions import read_directions
from core.edits import AnyEdit, Edit, Move, Operation
from core.lab.subjects import Subject
from core.latents import effects
from core.runs import Run
from core.translate import tr

STRONGEST, STEP_SIGMA = 2, 2.0  # elements of a code, and how far they are moved, where nothing is given

Adjustment = tuple[tuple[AnyEdit, ...], str | None]  # and the person's words


@dataclass(frozen=True)
class Chosen:
    """The adjustments of one run, and a sentence on where they come from; empty for the person's own."""

    adjustments: tuple[Adjustment, ...]
    remark: str = ""


def chosen_adjustments(
    given: Sequence[Sequence[Adjustment]],
    runs: Sequence[Run],
    subjects: Sequence[Subject],
    picture: NDArray[np.uint8],
) -> tuple[Chosen, Chosen]:
    """The person's own for each of two runs; where there are none those of the other run, if they fit.

    Where they do not fit, or nothing is given at all, the elements that change the picture (H,W,C) most.
    Raises: RunError for a damaged file of directions.
    """
    found: list[Chosen] = []
    for number, (run, subject) in enumerate(zip(runs, subjects, strict=True)):
        own, others = given[number], given[1 - number]
        name, other = subject.name, subjects[1 - number].name
        if own:
            found.append(Chosen(tuple(own)))
            continue
        fitting = _fitting(others, run, subject.codec.latent_dim)
        if fitting:
            remark = tr(
                "The same adjustments as of {other}, since none was given of {name}. Elements of the same"
                " number have nothing to do with each other in two networks.",
                other=other,
                name=name,
            )
            found.append(Chosen(fitting, remark))
            continue
        why = (
            tr("The adjustments of {other} do not fit the code of {name}.", other=other, name=name)
            if others
            else tr("No adjustment of {name} was given.", name=name)
        )
        strongest = _strongest(subject, picture)
        shown = (
            tr(
                "{why} Shown is the one element of its code, moved by {sigmas:g} standard deviations.",
                why=why,
                sigmas=STEP_SIGMA,
            )
            if len(strongest) == 1
            else tr(
                "{why} Shown are the {count} elements of its code that change this picture most, each moved"
                " by {sigmas:g} standard deviations.",
                why=why,
                count=len(strongest),
                sigmas=STEP_SIGMA,
            )
        )
        found.append(Chosen(tuple(((edit,), None) for edit in strongest), shown))
    return found[0], found[1]


def _fitting(adjustments: Sequence[Adjustment], run: Run, latent_dim: int) -> tuple[Adjustment, ...]:
    """Another run's adjustments for a code of this length, without its words; none unless all of them fit.

    A direction is another vector in another run, so that of the same name is taken.
    """
    edits = [edit for parts, _words in adjustments for edit in parts]
    if any(isinstance(edit, Edit) and edit.dim >= latent_dim for edit in edits):
        return ()
    names = {edit.direction.name for edit in edits if isinstance(edit, Move)}
    own = {one.name: one.direction for one in (read_directions(run.path, latent_dim) if names else ())}
    if not names <= own.keys():
        return ()
    return tuple(
        (
            tuple(
                replace(edit, direction=own[edit.direction.name]) if isinstance(edit, Move) else edit
                for edit in parts
            ),
            None,
        )
        for parts, _words in adjustments
    )


def _strongest(subject: Subject, picture: NDArray[np.uint8]) -> list[Edit]:
    """The elements of the code that change this picture most, moved by STEP_SIGMA."""
    codes = subject.codec.encode(picture[np.newaxis])
    found = effects(subject.codec, codes, subject.stats)
    dims = np.argsort(-found, kind="stable")[:STRONGEST]
    return [
        Edit(int(dim), Operation.ADD, round(STEP_SIGMA * float(subject.stats.std[dim]), 3)) for dim in dims
    ]
