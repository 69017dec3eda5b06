"""The report's part on imitation: its sentences, chosen by the numbers, its charts and its pictures."""

import math

import numpy as np
from numpy.typing import NDArray

from core.export.document import Block, Chart, Finding, Heading, Paragraph, Picture, Pictures, Series
from core.export.report_findings import Names, number_text, percent
from core.export.report_parts import floats
from core.lab.imitation import Copying, Imitation, Nearness, Recall
from core.lab.study import Study
from core.translate import tr

BINS = 24  # of the distribution of distances


def imitation_part(study: Study, names: Names) -> list[Block]:
    imitation = study.imitation
    blocks: list[Block] = [Heading(tr("Weakness 1: imitation"), 3)]
    blocks.append(
        Paragraph(
            tr(
                "A model that imitates gives back what it was trained on. Each sample is held against the"
                " training picture that it is nearest to; how near a new picture comes is said by pictures"
                " that were held out. Smooth pictures are near to everything, so the same is measured of the"
                " model's reconstructions of held-out pictures: only samples that are nearer than those too"
                " speak of imitation; or all, where even those reconstructions are training pictures."
            )
            if study.material.training
            else tr(
                "The training pictures are not at hand: the nearest pictures below are others, and nothing"
                " can be said of imitation."
            )
        )
    )
    if study.material.training:
        blocks += [imitation_finding(one, names.of(number)) for number, one in enumerate(imitation.subjects)]
    every = (imitation.held_out, *(d for one in imitation.subjects for d in (one.distances, one.decoded)))
    end = max(float(distances.max()) for distances in every)
    for number, one in enumerate(imitation.subjects):
        blocks.append(
            Chart(
                tr("{name}: distance to the nearest training picture", name=names.of(number))
                if one.trained_on
                else tr("{name}: distance to the nearest real picture", name=names.of(number)),
                tr("distance in σ of real pictures' features"),
                tr("share of pictures"),
                (
                    _distribution(tr("its samples"), one.distances, end),
                    _distribution(tr("its reconstructions of held-out pictures"), one.decoded, end),
                    _distribution(tr("held-out pictures"), imitation.held_out, end),
                ),
                _distances_caption(one, is_unseen=study.material.is_unseen),
            )
        )
    for number, one in enumerate(imitation.subjects):
        for row in range(min(3, len(one.samples))):
            nearest = tuple(
                Picture(pixels, caption=tr("picture {index}", index=int(index)))
                for pixels, index in zip(one.neighbours[row], one.neighbour_indices[row], strict=True)
            )
            label = tr("{name}: a sample, then the real pictures nearest to it", name=names.of(number))
            blocks.append(
                Pictures(
                    (Picture(one.samples[row], caption=tr("sample")), *nearest),
                    label="" if row else label,
                    strip=True,
                )
            )
    return blocks


def _distances_caption(one: Imitation, *, is_unseen: bool) -> str:
    """What may be read off a model's distances."""
    if not one.trained_on:
        return tr("Nothing can be said of copies: it is not known to have been trained on these pictures.")
    if not is_unseen:
        return tr("Nothing can be said of copies: pictures that were trained on are among those held out.")
    if one.copying in (Copying.IMITATES, Copying.LEANS) and one.recall.gives_back:
        return tr(
            "The reconstructions are no control here: they give training pictures back. Samples left of the"
            " held-out pictures lie closer to training pictures than new ones do."
        )
    return tr("Samples left of the reconstructions lie closer to training pictures than smoothness explains.")


def _distribution(name: str, distances: NDArray[np.float64], end: float) -> Series:
    counts, edges = np.histogram(distances, bins=BINS, range=(0.0, end))
    return Series(name, floats((edges[1:] + edges[:-1]) / 2), floats(counts / len(distances)))


def imitation_finding(one: Imitation, name: str) -> Finding:
    """Whether a model's samples lie nearer to training pictures than new pictures and their reconstructions
    do.
    """
    if nothing := _nothing_said(one.copying, name):
        return Finding(nothing, certain=False)
    numbers = tr(
        "The median distance of its samples to the nearest training picture is {ratio} of that of held-out"
        " pictures.",
        ratio=_nearness_text(one.nearness),
    )
    if not math.isnan(one.control.ratio):
        numbers = tr(
            "The median distance of its samples to the nearest training picture is {ratio} of that of"
            " held-out pictures, and {control} of that of its own reconstructions of held-out pictures.",
            ratio=_nearness_text(one.nearness),
            control=_nearness_text(one.control),
        )
    nearer = percent(1.0 - one.control.ratio)
    match one.copying:
        case Copying.IMITATES:
            said = tr("{name} imitates or averages.", name=name)
            why = (
                _recall_text(one.recall)
                if one.recall.gives_back
                else tr(
                    "Smooth pictures are near to everything, but its samples are {nearer} nearer than even"
                    " what the same decoder makes of new pictures: they copy, or are more average than"
                    " those.",
                    nearer=nearer,
                )
            )
        case Copying.SMOOTH:
            said = tr("{name} shows no imitation beyond its smoothness.", name=name)
            why = tr(
                "Its samples lie nearer to training pictures than new pictures do, but so does what the same"
                " decoder makes of new pictures: smooth pictures are near to everything."
            )
        case Copying.LEANS:
            said = tr("{name} leans on training pictures.", name=name)
            why = (
                tr("Its samples are no nearer than new pictures are.") + " " + _recall_text(one.recall)
                if one.recall.gives_back
                else tr(
                    "Its samples are no nearer than new pictures are, but {nearer} nearer than what the same"
                    " decoder makes of new pictures.",
                    nearer=nearer,
                )
            )
        case Copying.NEW:
            said = tr("{name} does not copy.", name=name)
            why = (
                tr("Its samples lie farther from training pictures than new pictures do.")
                if one.nearness.is_farther
                else tr("Its samples lie no nearer to training pictures than new pictures do.")
            )
        case Copying.OPEN:
            said = tr("Whether {name} copies is uncertain.", name=name)
            why = tr(
                "Its samples cannot be told to lie nearer to training pictures than new pictures do, nor can"
                " it be ruled out."
            )
        case Copying.UNKNOWN | Copying.FOREIGN | Copying.SEEN:
            raise ValueError(one.copying)
    certain = one.copying in (Copying.IMITATES, Copying.LEANS, Copying.NEW)
    return Finding(f"{said} {numbers} {why}", certain)


def _nothing_said(copying: Copying, name: str) -> str:
    """Why it cannot be said whether a model copies; empty where something can."""
    return {
        Copying.UNKNOWN: tr(
            "Whether {name} copies cannot be said: held-out pictures, or its reconstructions of them, lie at"
            " a distance of about 0 from training pictures, so that there is nothing to hold its samples"
            " against.",
            name=name,
        ),
        Copying.FOREIGN: tr(
            "Whether {name} copies cannot be said: the pictures that its samples are held against are not"
            " known to be those that it was trained on.",
            name=name,
        ),
        Copying.SEEN: tr(
            "Whether {name} copies cannot be said: it was trained on some of the pictures that are to say how"
            " near a new one comes.",
            name=name,
        ),
    }.get(copying, "")


def _recall_text(one: Recall) -> str:
    """That a decoder gives training pictures back, with the numbers that say so."""
    if one.is_exact:
        return tr(
            "Even of new pictures it makes pictures at a distance of about 0 from training pictures: it gives"
            " those back."
        )
    return tr(
        "What it makes of new pictures lies nearer to a training picture than to the new one in {held} of"
        " cases, and what it makes of training pictures nearer to another one in {known}: it gives back what"
        " it was trained on.",
        held=percent(one.held_out),
        known=percent(one.known),
    )


def imitation_words(one: Imitation, name: str) -> str:
    """The same in a word or two, for a table."""
    return {
        Copying.IMITATES: tr("{name} imitates or averages", name=name),
        Copying.SMOOTH: tr("{name}: none beyond smoothness", name=name),
        Copying.LEANS: tr("{name} leans on training pictures", name=name),
        Copying.NEW: tr("{name}: none", name=name),
        Copying.OPEN: tr("{name}: uncertain", name=name),
        Copying.UNKNOWN: tr("{name}: cannot be said", name=name),
        Copying.FOREIGN: tr("{name}: cannot be said", name=name),
        Copying.SEEN: tr("{name}: cannot be said", name=name),
    }[one.copying]


def _nearness_text(one: Nearness) -> str:
    return tr(
        "{ratio} times (95 % interval {low} to {high}; Z = {z})",
        ratio=f"{one.ratio:.2f}",
        low=f"{one.low:.2f}",
        high=f"{one.high:.2f}",
        z=number_text(one.z),
    )
