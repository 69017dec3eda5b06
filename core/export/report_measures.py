"""The report's third chapter: each advantage and weakness with what was measured of it."""

from core.export.document import (
    Block,
    Chart,
    Heading,
    Paragraph,
    Picture,
    Pictures,
    Series,
    Table,
)
from core.export.report_findings import (
    Names,
    between_finding,
    blur_finding,
    interval_text,
    noise_finding,
    noise_total,
    number_text,
    percent,
    plus_minus,
    sampling_finding,
)
from core.export.report_parts import ReportParts, floats
from core.lab.sampling import CodeSource, SampleScore
from core.lab.study import SHOWN_SIGMAS, Study
from core.translate import tr

SHOWN_SAMPLES = 16


def noise_part(study: Study, names: Names) -> list[Block]:
    noise = study.noise
    series = tuple(
        Series(names.of(number), noise.sigmas, floats(curve.mean), floats(curve.low), floats(curve.high))
        for number, curve in enumerate(noise.curves)
    )
    rows = tuple(
        (
            f"{sigma:g}",
            *(number_text(float(curve.mean[row])) for curve in noise.curves),
            *(plus_minus(curve.rise[row]) for curve in noise.curves),
            *(percent(curve.lost[row].mean) if curve.uses_code else "–" for curve in noise.curves),
        )
        for row, sigma in enumerate(noise.sigmas)
    )
    unread = (
        tr("one mean code for all"),
        *(number_text(curve.unread.mean) for curve in noise.curves),
        *(plus_minus(curve.gain) for curve in noise.curves),
        *(percent(1.0) if curve.uses_code else "–" for curve in noise.curves),
    )
    columns = (
        tr("noise, σ"),
        *(tr("error of {name}", name=names.of(number)) for number in (0, 1)),
        *(tr("added, {name}", name=names.of(number)) for number in (0, 1)),
        *(tr("gain lost, {name}", name=names.of(number)) for number in (0, 1)),
    )
    blocks: list[Block] = [
        Heading(tr("Advantage 1: noise on the code"), 3),
        Paragraph(
            tr(
                "Codes get random noise that varies as the codes of the data do: of so many standard"
                " deviations along each of their principal directions: the same nudge to both models."
            )
        ),
        noise_finding(study, names),
        Paragraph(noise_total(study, names)),
        Chart(
            tr("Error against noise on the code"),
            tr("noise on the code, in σ of the data's codes"),
            tr("mean squared error per pixel"),
            series,
            tr(
                "Mean over {count} pictures; the bands hold 80 % of them.",
                count=noise.curves[0].errors.shape[1],
            ),
        ),
        Table(
            columns,
            (*rows, unread),
            numbers=(0, 1, 2, 3, 4, 5, 6),
            caption=tr(
                "The last row gives every picture the same code, the mean of the data's: an answer that"
                " ignores the picture. What a picture's own code gains over it is what noise can take. ± is"
                " the 95 % interval of the mean."
            ),
        ),
    ]
    for number, pictures in enumerate(study.noisy):
        blocks.append(
            Pictures(
                tuple(
                    Picture(pixels, caption=tr("{sigma:g} σ", sigma=sigma))
                    for pixels, sigma in zip(pictures, SHOWN_SIGMAS, strict=True)
                ),
                label=tr("{name}: one picture under growing noise on its code", name=names.of(number)),
                strip=True,
            )
        )
    return blocks


def betweens_part(study: Study, names: Names) -> list[Block]:
    betweens, material = study.betweens, study.material
    blocks: list[Block] = [
        Heading(tr("Advantage 2: in-betweens"), 3),
        Paragraph(
            tr(
                "Doubleness is 0 where the picture halfway looks as much like one picture as single pictures"
                " whose codes lie as near to the mean of all, and 1 where it looks like the plain cross-fade"
                " of the two reconstructions. It is judged by a linear classifier that was fitted to real"
                " pictures and their cross-fades, sharp and soft, of equal contrast; on pictures it had not"
                " seen it tells them apart with an area under the curve of {auc} (0.5 is guessing). The"
                " distance to the nearest real pictures is given too: 1 where a middle is as near to them as"
                " single pictures from there. It cannot decide: a cross-fade is nearer to real pictures than"
                " a real picture is, since averages are near to everything.",
                auc=f"{betweens.judge_auc:.2f}",
            )
        ),
        between_finding(study, names),
        Table(
            ("", names.first, names.second),
            (
                (
                    tr("doubleness, mean"),
                    *(interval_text(one.ghost_spread) if one.is_known else "–" for one in betweens.subjects),
                ),
                (
                    tr("doubleness, standard deviation over pairs"),
                    *(number_text(one.ghost_spread.sd) if one.is_known else "–" for one in betweens.subjects),
                ),
                (
                    tr("distance to the nearest real picture, over that of such single pictures"),
                    *(interval_text(one.distance_spread) for one in betweens.subjects),
                ),
                (
                    tr("the same of the cross-fade"),
                    *(interval_text(one.faded_spread) for one in betweens.subjects),
                ),
                (
                    tr("judge on such single pictures against cross-fades, area under the curve"),
                    *(f"{one.known:.2f}" for one in betweens.subjects),
                ),
                (
                    tr("from either end to halfway, over how far the noise in training goes"),
                    *("–" if one.reach is None else f"{one.reach:.1f}" for one in betweens.subjects),
                ),
            ),
            numbers=(1, 2),
            caption=tr(
                "Over {count} pairs, each picture in one of them alone; 95 % intervals of the mean.",
                count=len(betweens.pairs),
            ),
        ),
    ]
    for place, strip in enumerate(study.strips):
        pictures = tuple(Picture(pixels) for pixels in strip.pictures)
        a, b = (int(material.held_out_indices[row]) for row in strip.pair)
        label = tr("{name}: from picture {a} to picture {b}", name=names.of(place % 2), a=a, b=b)
        blocks.append(Pictures(pictures, label=label, strip=True))
    return blocks


def sampling_part(study: Study, names: Names) -> list[Block]:
    sampling = study.sampling
    labels = [
        tr("{name}, {source}", name=names.of(number), source=_source(source))
        for number in (0, 1)
        for source in CodeSource
    ]
    rows = [_score_row(label, score) for label, score in zip(labels, sampling.scores, strict=True)]
    blocks: list[Block] = [
        Heading(tr("Advantage 3: sampling"), 3),
        Paragraph(
            tr(
                "Random codes are decoded and held against real pictures. The Fréchet distance is 0 where"
                " the samples are spread as real pictures are; held-out real pictures show what so few"
                " pictures can reach. Coverage is the share of real pictures that have a sample among their"
                " neighbours; density counts how crowded samples lie there, and average pictures make it"
                " high."
            )
        ),
        sampling_finding(study, names, "prior"),
        sampling_finding(study, names, "fitted"),
        sampling_finding(study, names, "own"),
        Paragraph(
            tr(
                "Theory promises the vae N(0, 1) itself. It does not promise more than an ae with a"
                " Gaussian fitted to its codes afterwards, which may do as well or better (Ghosh et al."
                " 2020, arXiv:1903.12436)."
            )
        ),
        Table(
            (tr("samples"), tr("Fréchet distance"), tr("density"), tr("coverage")),
            (*rows, _score_row(sampling.floor.name, sampling.floor)),
            numbers=(1, 2, 3),
            caption=tr(
                "{count} pictures each; lower distance and higher coverage are better.", count=sampling.count
            ),
        ),
    ]
    for label, score in zip(labels, sampling.scores, strict=True):
        blocks.append(
            Pictures(
                tuple(Picture(p) for p in score.pictures[:SHOWN_SAMPLES]),
                label=tr("Samples of {label}", label=label),
                strip=True,
            )
        )
    return blocks


def _source(source: CodeSource) -> str:
    return {CodeSource.PRIOR: tr("N(0, 1)"), CodeSource.FITTED: tr("Gaussian fitted to its codes")}[source]


def _score_row(label: str, score: SampleScore) -> tuple[str, ...]:
    return label, interval_text(score.frechet), f"{score.density:.2f}", f"{score.coverage:.2f}"


def damages_part(parts: ReportParts) -> list[Block]:
    study = parts.study
    damages = study.damages.damages
    are_trained_on_it = all(
        run.config.imported is None and run.config.train.reconstruction == "mse" for run in parts.runs
    )
    trained = (
        tr("Both are trained on the squared error, which") if are_trained_on_it else tr("The squared error")
    )
    pictures = [Picture(study.damages.original, tr("original"))]
    for one in damages:
        words = tr(
            "{strength}\nmse {mse}\nSSIM {ssim}",
            strength=one.strength,
            mse=f"{one.mse:.5f}",
            ssim=f"{one.ssim:.2f}",
        )
        pictures.append(Picture(one.pixels, one.name, words))
    blocks: list[Block] = [
        Heading(tr("Weakness 2: every wrong pixel counts the same"), 3),
        Paragraph(
            tr(
                "{trained} counts pixels and sees no shapes. These pictures have exactly the same squared"
                " error to the original, before they are rounded to bytes, which changes it by a few percent"
                " as a rule; a person judges them very differently, and so does structural similarity (SSIM,"
                " Wang 2004; 1 is the same).",
                trained=trained,
            )
        ),
        Pictures(tuple(pictures)),
    ]
    if len(damages) > 1:
        best, worst = damages[0], damages[-1]
        blocks.append(
            Paragraph(
                tr(
                    "The squared error calls all of them equal, {error} summed over the picture; SSIM goes"
                    " from {most} ({best}) to {least} ({worst}).",
                    error=number_text(study.damages.budget),
                    most=f"{best.ssim:.2f}",
                    best=best.name,
                    least=f"{worst.ssim:.2f}",
                    worst=worst.name,
                )
            )
        )
    return blocks


def blur_part(parts: ReportParts, names: Names) -> list[Block]:
    blur = parts.study.blur
    blocks: list[Block] = [
        Heading(tr("Blur"), 3),
        Paragraph(
            tr(
                "The blur meter is the energy of reconstructions above {cutoff:g} cycles per pixel over that"
                " of their originals: 100 % is as sharp, less is blur, and more is noise. So what counts is"
                " how far from 100 % a model is, whether below or above: the logarithm of its share.",
                cutoff=blur.cutoff,
            )
        ),
        blur_finding(parts.study, names),
        Table(
            ("", names.first, names.second),
            (
                (
                    tr("energy of fine detail, share of the originals'"),
                    *(
                        f"{percent(one.spread.mean)} [{percent(one.spread.low)}, {percent(one.spread.high)}]"
                        for one in blur.subjects
                    ),
                ),
                (
                    tr("standard deviation of single pictures' shares"),
                    *(percent(float(one.kept.std())) if len(one.kept) else "–" for one in blur.subjects),
                ),
                (
                    tr("distance from 100 %, as a logarithm"),
                    *(number_text(float(one.off.mean())) if len(one.off) else "–" for one in blur.subjects),
                ),
            ),
            numbers=(1, 2),
            caption=tr(
                "Over {count} pictures; {plain} more are plain and have no detail to keep. 95 % interval.",
                count=len(blur.subjects[0].kept),
                plain=blur.plain,
            ),
        ),
        Chart(
            tr("Energy at each frequency"),
            tr("cycles per pixel"),
            tr("reconstruction over original"),
            tuple(
                Series(names.of(number), floats(blur.frequencies), floats(one.bands))
                for number, one in enumerate(blur.subjects)
            ),
            tr("Left are large shapes, right is fine detail; 1 is as much as the original has."),
        ),
    ]
    epochs = [
        Series(
            names.of(number),
            tuple(float(epoch) for epoch, _ in found),
            tuple(spread.mean for _, spread in found),
            tuple(spread.low for _, spread in found),
            tuple(spread.high for _, spread in found),
        )
        for number, found in enumerate(parts.blur_epochs)
        if len(found) > 1
    ]
    if epochs:
        blocks.append(
            Chart(
                tr("Energy of fine detail over the epochs"),
                tr("epoch"),
                tr("reconstruction over original"),
                tuple(epochs),
                tr("Over the epochs whose weights were kept; bands are 95 % intervals of the mean."),
            )
        )
    return blocks
