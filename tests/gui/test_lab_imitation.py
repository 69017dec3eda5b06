"""The page on copies: it calls pictures training pictures only where both runs were trained on them."""

import dataclasses

import pytest
from pytestqt.qtbot import QtBot

from core.encoding import finished
from core.lab.imitation import ImitationStudy, measure_imitation
from gui.lab_imitation import ImitationPage
from gui.lab_measured import Result
from gui.session import Session
from tests.core.lab_material import material_of, principal, shapes
from tests.gui.lab_runs import laboratory


@pytest.fixture(scope="module")
def study() -> ImitationStudy:
    """What is measured of two models."""
    trained = shapes(80, 0, 16)
    subjects = principal(trained, 3, "few"), principal(trained, 12, "many")
    return finished(measure_imitation(subjects, material_of(shapes(40, 1, 16), trained)))


def test_other_pictures_are_not_called_training_pictures(
    qtbot: QtBot, toy_session: Session, study: ImitationStudy
) -> None:
    first, second = study.subjects
    foreign = dataclasses.replace(second, trained_on=False)
    with laboratory(qtbot, toy_session) as lab:
        page = lab.choose_page("labImitation")
        assert isinstance(page, ImitationPage)
        side = lab.sides.a
        assert side is not None
        page.show_result(Result(study, side, side))
        assert "three training pictures" in page.seen_label.text()
        assert page.chart.accessibleName() == "Distances to the nearest training picture"
        page.show_result(Result(dataclasses.replace(study, subjects=(first, foreign)), side, side))
        assert "three real pictures" in page.seen_label.text()
        assert page.chart.accessibleName() == "Distances to the nearest real picture"
        assert "Whether B copies cannot be said" in page.verdict_label.text()
