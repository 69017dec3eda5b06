"""The report: what the page says of numbers that are known, and that it is whole, safe and self-contained."""

import dataclasses
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.activity import DimensionKl, write_kl
from core.cli import main
from core.encoding import finished
from core.export.charts import chart_svg
from core.export.document import (
    Chart,
    Document,
    Finding,
    Heading,
    Paragraph,
    Picture,
    Pictures,
    Series,
    Table,
)
from core.export.recipe import read_recipe
from core.export.report import make_report
from core.export.report_findings import (
    Names,
    between_expected,
    between_finding,
    blur_finding,
    finding,
    names_of,
)
from core.export.report_html import report_html
from core.export.report_markdown import report_markdown
from core.export.report_parts import ReportParts
from core.lab.noise import NoiseStudy
from core.lab.spread import Spread, Verdict
from core.lab.study import Study, measure_study
from core.runs import Run
from tests.core.lab_material import material_of, shapes, untrained
from tests.core.tiny import tiny_config, tiny_dataset

EVIL = "<script>alert(1)</script>"
NAMES = Names("ours", "theirs", 1)


class Page(HTMLParser):
    """A page as a browser reads it: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "line", "circle", "polyline", "polygon"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def study() -> Study:
    """All measures of two untrained models, one of them with an evil name."""
    held, reference = shapes(24, 1, 16), shapes(60, 0, 16)
    subjects = untrained("ae", held, 0, EVIL), untrained("vae", held, 1, "vae|*run*")
    return finished(measure_study(subjects, material_of(held, reference)))


@pytest.fixture
def parts(study: Study, tmp_path: Path) -> ReportParts:
    """A study with the two runs that it could be of."""
    dataset = tiny_dataset(40, 16, 16)
    runs = [
        Run.create(tmp_path / name, tiny_config(objective=name), dataset.identity) for name in ("ae", "vae")
    ]
    return ReportParts(study, (runs[0], runs[1]))


def test_a_page_is_well_formed_and_fetches_and_runs_nothing(parts: ReportParts) -> None:
    text = report_html(make_report(parts))
    page = Page(text)
    assert page.open == []
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value is not None
                assert value.startswith("data:image/png;base64,"), tag
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme" in text
    assert EVIL in page.text  # as words
    assert EVIL not in text


def test_a_page_has_the_assignments_order(parts: ReportParts) -> None:
    headings = [block.text for block in make_report(parts).blocks if isinstance(block, Heading)]
    chapters = [text for text in headings if re.match(r"\d\.", text)]
    assert [text[:2] for text in chapters] == ["1.", "2.", "3."]
    wanted = ["Advantage 1", "Advantage 2", "Advantage 3", "Weakness 1", "Weakness 2", "Blur"]
    places = [next(n for n, text in enumerate(headings) if text.startswith(name)) for name in wanted]
    assert places == sorted(places)
    texts = str(make_report(parts).blocks)
    assert "z = m + exp(s)·e" in texts


def test_markdown_shows_every_file_and_no_marks_of_names(parts: ReportParts) -> None:
    text, files = report_markdown(make_report(parts), "a b_files")
    linked = re.findall(r"!\[[^\]]*\]\(a%20b_files/([^)]+)\)", text)
    assert sorted(linked) == sorted(files)
    assert files
    assert all(content.startswith((b"\x89PNG", b"<svg")) for content in files.values())
    assert "<script" not in text
    assert "vae\\|\\*run\\*" in text


def test_the_numbers_decide_what_is_said() -> None:
    won, lost = Spread(2.0, 1.0, 1.5, 2.5, 100), Spread(-2.0, 1.0, -2.5, -1.5, 100)
    open_one = Spread(0.1, 1.0, -0.2, 0.4, 100)
    ahead = finding(NAMES, Verdict.SECOND, "Noise", won, expected=1)
    assert "theirs does better" in ahead.text
    assert "That is what theory says." in ahead.text
    behind = finding(NAMES, Verdict.FIRST, "Noise", lost, expected=1)
    assert "ours does better" in behind.text
    assert "here it does not win" in behind.text
    unsure = finding(NAMES, Verdict.UNCERTAIN, "Noise", open_one, expected=1)
    assert "uncertain" in unsure.text
    assert not unsure.certain
    assert "better" not in unsure.text
    neither = finding(Names("a", "b", None), Verdict.FIRST, "Noise", lost, expected=None)
    assert "heory" not in neither.text


def test_a_chart_puts_points_where_their_values_say() -> None:
    chart = Chart("t", "x", "y", (Series("one", (0.0, 5.0, 10.0), (0.0, 1.0, 2.0)),))
    svg = chart_svg(chart)
    points = re.search(r'<polyline[^>]*points="([^"]+)"', svg)
    assert points
    (x0, y0), (x1, y1), (x2, y2) = (map(float, pair.split(",")) for pair in points[1].split())
    assert (x1 - x0, y1 - y0) == pytest.approx((x2 - x1, y2 - y1), abs=0.11)
    assert x0 < x2
    assert y0 > y2
    flat = chart_svg(Chart("t", "x", "y", (Series("none", (1.0,), (0.0,)), Series("nan", (1.0,), (np.nan,)))))
    assert "nan," not in flat.lower().replace("none", "")


def test_a_chart_leaves_out_what_has_no_number() -> None:
    nan = float("nan")
    series = Series(
        "one", (0.0, 1.0, 2.0, 3.0), (1.0, nan, 2.0, 3.0), (0.5, nan, 1.0, 2.0), (2.0, nan, 3.0, 4.0)
    )
    svg = chart_svg(Chart("t", "x", "y", (series,)))
    assert "nan" not in svg
    counts = [len(found.split()) for found in re.findall(r'points="([^"]+)"', svg)]
    assert counts == [6, 3]  # the band's corners, and the line's


def test_more_energy_than_the_originals_have_is_said_to_be_noise(study: Study) -> None:
    first, second = study.blur.subjects
    loud = dataclasses.replace(second, spread=Spread(3.0, 1.0, 2.5, 3.5, 24), off=np.full(24, np.log(3.0)))
    blur = dataclasses.replace(study.blur, subjects=(first, loud))
    names = Names("ours", "theirs", None)
    said = blur_finding(dataclasses.replace(study, blur=blur), names).text
    assert "theirs 300 %" in said
    assert "What theirs has beyond 100 % is noise, not detail." in said
    assert "What ours has" not in said
    empty = np.zeros(0)
    nothing = [dataclasses.replace(one, kept=empty, off=empty) for one in study.blur.subjects]
    none = dataclasses.replace(study.blur, subjects=tuple(nothing))
    found = blur_finding(dataclasses.replace(study, blur=none), names)
    assert not found.certain
    assert "no original has fine detail to keep" in found.text


@pytest.mark.parametrize("reach", [1.4, 3.0, 3.1, None])
@pytest.mark.parametrize("known", [0.9, 0.5])
def test_theory_promises_in_betweens_as_far_as_the_noise_reaches(
    study: Study, reach: float | None, known: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NoiseStudy, "uses_codes", True)  # which first weights do not
    first, second = study.betweens.subjects
    changed = (first, dataclasses.replace(second, reach=reach, known=known))
    betweens = dataclasses.replace(study.betweens, subjects=changed, judge_is_sound=known > 0.65)
    changed_study = dataclasses.replace(study, betweens=betweens)
    names = names_of(changed_study)
    assert names.vae == 1
    said = between_finding(changed_study, names).text
    assert ("no verdict" in said) == (known < 0.65)
    expected = 1 if reach is not None and reach <= 3.0 else None
    assert between_expected(changed_study, names) == expected
    assert (f"{names.second} does better here: halfway lies {reach} times" in said) == (expected == 1)
    assert ("Theory promises no advantage here" in said) == (reach == 3.1)


def test_every_kind_of_block_is_written_by_both() -> None:
    grey = np.zeros((4, 6, 1), np.uint8)
    blocks: tuple[Any, ...] = (
        Heading("head & foot"),
        Paragraph("2 < 3"),
        Finding("found", certain=False),
        Table(("a", "b|c"), (("1", "<2>"),), (1,), "caption"),
        Pictures((Picture(grey, "t", "one\ntwo"), Picture(grey)), "label", strip=True),
        Chart("chart", "x", "y", (Series("s", (0.0, 1.0), (0.0, 1.0), (0.0, 0.5), (0.1, 1.5)),), "words"),
    )
    document = Document("title", "sub", blocks)
    page = Page(report_html(document))
    assert page.open == []
    for text in ("head & foot", "2 < 3", "found", "<2>", "label", "words", "one", "two"):
        assert text in page.text
    markdown, files = report_markdown(document, "f")
    assert "b\\|c" in markdown
    assert "2 &lt; 3" in markdown
    assert "one<br>two" in markdown
    assert len(files) == 3


def _trained(folder: Path, data: Path) -> list[str]:
    runs = []
    for objective in ("ae", "vae"):
        runs.append(str(folder / objective))
        options = ["--data", str(data), "--objective", objective, "--latent-dim", "4", "--epochs", "1"]
        assert main(["train", *options, "--val-fraction", "0.4", "--device", "cpu", "--out", runs[-1]]) == 0
    return runs


def test_the_verb_writes_a_page_with_the_persons_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "shapes.npy"
    np.save(data, shapes(60, 0, 16))
    runs = _trained(tmp_path, data)
    given = [
        "--index",
        "7",
        "--adjust",
        "0+20",
        "--note",
        "He <b>smiles</b>.",
        "--adjust",
        "3=1",
        "--erase",
        "5,6",
    ]
    capsys.readouterr()
    assert main(["compare", *runs, *given, "--out", str(tmp_path / "report.html")]) == 0
    text = (tmp_path / "report.html").read_text("utf-8")
    page = Page(text)
    assert "He <b>smiles</b>." in page.text
    assert "z[0]" in page.text
    assert "Picture 7 of shapes" in page.text
    png = tmp_path / "figure.png"
    edit = ["edit", runs[1], "--index", "3", "--adjust", "1+2", "--note", "Wider.", "--detail"]
    assert main([*edit, "--out", str(png)]) == 0
    assert read_recipe(png).run.name == "vae"
    assert read_recipe(png).detail
    assert main(["compare", *runs, "--recipe", str(png), "--out", str(tmp_path / "report.md")]) == 0
    markdown = (tmp_path / "report.md").read_text("utf-8")
    assert "Wider." in markdown
    assert "with the original's detail" in markdown
    assert "Picture 3 of shapes" in markdown
    assert len(list((tmp_path / "report_files").iterdir())) == len(re.findall(r"\]\(report_files/", markdown))


def test_a_recipe_is_shown_with_the_run_whose_weights_it_has(
    tmp_path: Path, untrained_runs: list[str]
) -> None:
    # a run of the first one's name, in another folder
    second = tmp_path / "elsewhere" / "ae"
    second.parent.mkdir()
    shutil.copytree(untrained_runs[1], second)
    first, png = untrained_runs[0], tmp_path / "figure.png"
    edit = ["--index", "3", "--adjust", "1+2", "--note", "Wider."]
    assert main(["edit", str(second), *edit, "--out", str(png)]) == 0
    out = tmp_path / "report.md"
    assert main(["compare", first, str(second), "--recipe", str(png), "--out", str(out)]) == 0
    text = out.read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("### ") and "Picture" in line]
    assert [line.split(":")[0] for line in headings] == ["### ae (first)", "### ae (second)"]
    assert "Wider." in text[text.index("ae (second): Picture 3") :]
    assert "other weights" not in text
    # renamed since, it is known all the same
    renamed = second.rename(second.with_name("renamed"))
    assert main(["compare", first, str(renamed), "--recipe", str(png), "--out", str(out)]) == 0
    assert "renamed: Picture 3" in out.read_text("utf-8")
    # and so is a copy of it
    assert main(["compare", first, untrained_runs[1], "--recipe", str(png), "--out", str(out)]) == 0
    assert "vae: Picture 3" in out.read_text("utf-8")
    # trained further since, it is known by its name
    assert main(["edit", first, *edit, "--out", str(png)]) == 0
    _reweighted(Path(first))
    assert main(["compare", *untrained_runs, "--recipe", str(png), "--out", str(out)]) == 0
    text = out.read_text("utf-8")
    assert "ae has other weights now than when this picture was exported." in text
    headings = [line for line in text.splitlines() if line.startswith("### ") and "Picture" in line]
    assert [line.split(":")[0] for line in headings] == ["### ae", "### vae"]  # the first run's first


def _reweighted(run: Path) -> None:
    """Give a run other weights, as training on does."""
    opened = Run.open(run)
    weights = opened.load_network().state_dict()
    opened.save_weights({name: value * 1.01 for name, value in weights.items()})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--out", "report.pdf"], "must end in .html, .htm, .md or .markdown"),
        (["--out", "r.html", "--adjust", "9+1"], "There is no dimension 9"),
        (["--out", "r.html", "--erase", "40,2"], "--erase 40,2 must be ROW,COLUMN within 16×16"),
        (["--out", "r.html", "--note", "words"], "More notes than adjustments: 1 for 0;"),
        (["--out", "r.html", "--index", "90"], "There is no picture 90"),
    ],
)
def test_mistakes_end_in_a_sentence(
    options: list[str], sentence: str, untrained_runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *untrained_runs, *options]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "\n" not in said.strip()


def test_what_cannot_be_compared_is_said_by_name_before_anything_is_measured(
    untrained_runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey, few = tmp_path / "grey.npy", tmp_path / "few.npy"
    np.save(grey, shapes(40, 0, 16)[..., :1])
    np.save(few, shapes(5, 9, 16))
    other = _trained(tmp_path / "grey", grey)[1]
    capsys.readouterr()
    out = ["--out", str(tmp_path / "r.html")]
    for given, name in (
        ([untrained_runs[0], other], "vae takes pictures of 16×16 grey"),
        ([*untrained_runs, "--data", str(grey)], "ae takes pictures of 16×16 colour"),
        ([*untrained_runs, "--data", str(few)], "5 to measure on and 24 others, where 7 of each are needed"),
    ):
        assert main(["compare", *given, *out]) == 2
        assert name in capsys.readouterr().err
    assert not list(tmp_path.glob("*ae/codes*"))
    again = tmp_path / "again.npy"
    np.save(again, np.concatenate([shapes(40, 0, 16), shapes(10, 9, 16)]))
    assert main(["compare", *untrained_runs, "--data", str(again), *out]) == 0
    said = "24 of the 50 pictures are training pictures of the runs and are left out."
    assert said in capsys.readouterr().err
    assert said in (tmp_path / "r.html").read_text("utf-8")
    assert list(tmp_path.glob("*ae/codes*"))


def test_posterior_collapse_is_said_once_near_the_network(parts: ReportParts) -> None:
    assert "Posterior collapse" not in report_html(make_report(parts))
    run = parts.runs[1]
    write_kl(
        run.path / "kl.json", DimensionKl(500, np.zeros(run.config.network.latent_dim, np.float32), True)
    )
    text = report_html(make_report(parts))
    assert text.count("Posterior collapse") == 1
    assert text.index("1. The networks") < text.index("Posterior collapse") < text.index("Training</h3>")


@pytest.fixture
def untrained_runs(tmp_path: Path) -> list[str]:
    """Two runs with first weights on 40 pictures of 16x16."""
    data = tmp_path / "shapes.npy"
    np.save(data, shapes(40, 0, 16))
    return _trained(tmp_path, data)
