"""Which adjustments a report shows of either run, and which training data a comparison takes."""

from pathlib import Path

import numpy as np
import pytest

from core.cli import main
from core.datasets import open_dataset
from core.directions import Found, write_directions
from core.edits import Direction, Edit, Move, Operation
from core.encoding import finished
from core.export.document import Paragraph, Table
from core.export.panels import make_comparison
from core.export.report_adjusted import Chosen, chosen_adjustments
from core.export.report_networks import adjustments_chapter
from core.export.report_parts import Adjusted
from core.lab.gathering import gather_with_training, training_data
from core.lab.subjects import Subject
from core.latents import effects
from core.runs import Run
from tests.core.lab_material import principal, shapes
from tests.core.tiny import tiny_config, tiny_dataset

PICTURES = shapes(60, 0, 16)


@pytest.fixture(scope="module")
def subjects() -> tuple[Subject, Subject]:
    """Two models, the second one's code shorter."""
    return principal(PICTURES, 6, "long"), principal(PICTURES, 3, "short")


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, Run]:
    """The folders that those could be of."""
    dataset = tiny_dataset(40, 16, 16)
    first, second = (
        Run.create(tmp_path / name, tiny_config(), dataset.identity) for name in ("long", "short")
    )
    return first, second


def add(dim: int, amount: float) -> Edit:
    """An element moved."""
    return Edit(dim, Operation.ADD, amount)


def choose(
    given: tuple[list, list], runs: tuple[Run, Run], subjects: tuple[Subject, Subject]
) -> tuple[Chosen, Chosen]:
    return chosen_adjustments(given, runs, subjects, PICTURES[0])


def test_the_other_run_gets_the_same_adjustments_without_the_words(
    runs: tuple[Run, Run], subjects: tuple[Subject, Subject]
) -> None:
    given = [((add(0, 20.0), add(2, 20.0)), "Darker.")]
    first, second = choose((given, []), runs, subjects)
    assert first == Chosen(tuple(given))
    assert second.adjustments == ((given[0][0], None),)
    assert "The same adjustments as of long" in second.remark
    assert choose(([], given), runs, subjects)[0].adjustments == second.adjustments  # and so back
    both = choose((given, [((add(1, 3.0),), None)]), runs, subjects)
    assert both[1] == Chosen((((add(1, 3.0),), None),))


def test_what_does_not_fit_gives_way_to_the_strongest_elements(
    runs: tuple[Run, Run], subjects: tuple[Subject, Subject]
) -> None:
    _first, second = choose(([((add(5, 20.0),), None)], []), runs, subjects)
    assert "The adjustments of long do not fit the code of short." in second.remark
    codec, stats = subjects[1].codec, subjects[1].stats
    moved = effects(codec, codec.encode(PICTURES[:1]), stats)
    dims = [edit.dim for edits, _words in second.adjustments for edit in edits if isinstance(edit, Edit)]
    assert dims == list(np.argsort(-moved)[:2])
    for edits, _words in second.adjustments:
        assert isinstance(edits[0], Edit)
        assert edits[0].value == pytest.approx(2.0 * float(stats.std[edits[0].dim]), abs=1e-3)
    nothing = choose(([], []), runs, subjects)
    assert nothing[1].adjustments == second.adjustments
    assert "No adjustment of short was given." in nothing[1].remark


def test_a_code_of_one_element_is_not_said_to_have_two(
    runs: tuple[Run, Run], subjects: tuple[Subject, Subject]
) -> None:
    single = principal(PICTURES, 1, "single")
    found = choose(([], []), runs, (single, subjects[1]))
    assert len(found[0].adjustments) == 1
    assert "Shown is the one element of its code, moved by 2 standard" in found[0].remark
    assert "Shown are the 2 elements" in found[1].remark


def test_a_direction_is_taken_by_its_name(runs: tuple[Run, Run], subjects: tuple[Subject, Subject]) -> None:
    of_long = Direction("smile", (1.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    of_short = Direction("smile", (0.0, 2.0, 0.0))
    given = [((Move(of_long, 2.0),), None)]
    assert "do not fit" in choose((given, []), runs, subjects)[1].remark
    write_directions(runs[1].path, (Found(of_short, "pca"),))
    _first, second = choose((given, []), runs, subjects)
    assert second.adjustments == (((Move(of_short, 2.0),), None),)


def test_the_chapter_has_the_remark_the_measured_differences_and_the_words(
    subjects: tuple[Subject, Subject],
) -> None:
    codec, stats = subjects[0].codec, subjects[0].stats
    adjustments = [((add(0, 5.0),), "Like rain."), ((add(1, 5.0),), None)]
    figure = make_comparison(codec, stats, PICTURES[0], 0, adjustments)
    blocks = adjustments_chapter([Adjusted("long", figure, "Taken from elsewhere.")])
    assert Paragraph("Taken from elsewhere.") in blocks
    table = next(block for block in blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["original", "reconstruction", "reconstruction"]
    assert table.rows[1][3] == "Like rain."  # beside what was measured, not in its place
    assert table.rows[1][2]
    assert "Like rain" not in table.rows[1][2]
    assert table.rows[2][2] == figure.adjustments[1].note
    assert table.rows[2][3] == ""


def test_training_data_are_opened_where_they_are_unchanged(tmp_path: Path) -> None:
    trained, other = tmp_path / "trained.npy", tmp_path / "other.npy"
    np.save(trained, shapes(40, 0, 16))
    np.save(other, shapes(30, 1, 16))
    opened = open_dataset(other)
    run = Run.create(tmp_path / "run", tiny_config(), open_dataset(trained).identity)
    material = finished(gather_with_training(opened, [run]))
    assert material.training
    assert material.reference_name == "trained"
    assert len(material.held_out) == 30
    assert finished(training_data(open_dataset(trained), [run])) == ()  # it is at hand
    np.save(trained, shapes(40, 5, 16))
    assert not finished(gather_with_training(opened, [run])).training
    trained.unlink()
    assert not finished(gather_with_training(opened, [run])).training


def test_a_place_that_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # runs that are not there: the place is looked at before anything long
    run = Run.create(tmp_path / "run", tiny_config(), tiny_dataset(8).identity)
    out = tmp_path / "missing" / "report.html"
    assert main(["compare", str(run.path), str(tmp_path / "none"), "--out", str(out)]) != 0
    said = capsys.readouterr().err
    assert "cannot be written: its folder is not there" in said
    assert not out.parent.exists()
