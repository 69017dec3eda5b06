"""The report on two models, as a document, in the order in which the assignment asks for it."""

from core.export.document import (
    Block,
    Document,
    Formula,
    Heading,
    Paragraph,
    Table,
)
from core.export.report_findings import (
    Names,
    between_expected,
    between_finding,
    blur_finding,
    error_finding,
    names_of,
    noise_finding,
    sampling_finding,
)
from core.export.report_imitation import imitation_part, imitation_words
from core.export.report_measures import (
    betweens_part,
    blur_part,
    damages_part,
    noise_part,
    sampling_part,
)
from core.export.report_networks import adjustments_chapter, networks_chapter
from core.export.report_parts import ReportParts
from core.lab.spread import Verdict
from core.lab.study import Study
from core.translate import tr


def make_report(parts: ReportParts) -> Document:
    """The whole report. The numbers decide what its sentences say."""
    study, names = parts.study, names_of(parts.study)
    blocks: list[Block] = [
        *_short(study, names),
        *networks_chapter(parts, names),
        *adjustments_chapter(parts.adjusted),
        *_vae(names),
        *noise_part(study, names),
        *betweens_part(study, names),
        *sampling_part(study, names),
        *imitation_part(study, names),
        *damages_part(parts),
        *blur_part(parts, names),
        *_method(study),
    ]
    title = tr("{first} and {second} side by side", first=names.first, second=names.second)
    return Document(title, study.material.note, tuple(blocks))


def _short(study: Study, names: Names) -> list[Block]:
    return [
        Heading(tr("In short")),
        _verdicts(study, names),
        error_finding(study, names),
        noise_finding(study, names),
        between_finding(study, names),
        sampling_finding(study, names, "prior"),
        sampling_finding(study, names, "own"),
        blur_finding(study, names),
    ]


def _verdicts(study: Study, names: Names) -> Table:
    """Each question with the model that theory expects ahead and the one that is."""
    ae = None if names.vae is None else 1 - names.vae
    neither = "–"
    questions = (
        (tr("reconstruction error"), ae, study.error_verdict),
        (tr("noise on the code"), names.vae, study.noise.verdict),
        (tr("in-betweens"), between_expected(study, names), study.betweens_verdict),
        (tr("samples from N(0, 1)"), names.vae, study.samples_verdict("prior")),
        (tr("samples, each as suits it"), None, study.samples_verdict("own")),
        (tr("fine detail"), ae, study.blur.verdict),
    )
    rows = [
        (what, neither if expected is None else names.of(expected), _ahead(names, verdict))
        for what, expected, verdict in questions
    ]
    if study.material.training:
        found = zip(study.imitation.subjects, (0, 1), strict=True)
        said = "; ".join(imitation_words(one, names.of(number)) for one, number in found)
        rows.append((tr("imitation of training pictures"), neither, said))
    return Table((tr("question"), tr("ahead in theory"), tr("ahead here")), tuple(rows))


def _ahead(names: Names, verdict: Verdict) -> str:
    match verdict:
        case Verdict.FIRST:
            return names.first
        case Verdict.SECOND:
            return names.second
        case Verdict.UNCERTAIN:
            return tr("uncertain")


def _vae(names: Names) -> list[Block]:
    blocks: list[Block] = [
        Heading(tr("3. What a VAE does")),
        Paragraph(
            tr(
                "An autoencoder gives a picture one code. The encoder of a variational autoencoder gives two"
                " vectors, m and s; with e drawn from N(0, 1) for every element, the code is"
            )
        ),
        Formula("z = m + exp(s)·e"),
        Paragraph(
            tr(
                "so s is the logarithm of the noise's standard deviation. It is trained to reconstruct from"
                " a noisy code, and its codes are drawn towards N(0, 1) by a second term of the loss:"
            )
        ),
        Formula("loss = Σ(x − x')² + beta·½·Σ(m² + exp(2s) − 1 − 2s)"),
        Paragraph(
            tr(
                "What the noise should buy: codes near each other decode alike, the way between two codes is"
                " filled as far as the noise reaches, and N(0, 1) can be drawn from. What it costs: the same"
                " code stands for many pictures, and the squared error asks for their mean, which is blurred."
            )
        ),
    ]
    if names.vae is None:
        blocks.append(
            Paragraph(tr("Of the two models here not exactly one is variational; the same is measured."))
        )
    return blocks


def _method(study: Study) -> list[Block]:
    return [
        Heading(tr("How this was measured")),
        Paragraph(study.material.note),
        Paragraph(
            tr(
                "Pictures are compared by features that need no download: the answers of a fixed random"
                " convolutional network (three layers of 3×3 filters), reduced to {count} principal"
                " components of real pictures, each of variance 1. They see edges, textures and where they"
                " lie, not what a picture means; numbers of papers that take Inception's features cannot be"
                " compared with these.",
                count=study.feature_count,
            )
        ),
        Paragraph(
            tr(
                "Intervals are of 95 % and cover the choice of pictures and of random codes, not another"
                " training of the same network. Random numbers are drawn from seed {seed}. Sources: Kingma"
                " and Welling 2013 (VAE); Heusel et al. 2017 (Fréchet distance); Naeem et al. 2020 (density"
                " and coverage); Meehan et al. 2020 (copies); Wang et al. 2004 (SSIM).",
                seed=study.seed,
            )
        ),
    ]
