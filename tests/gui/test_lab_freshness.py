"""What the laboratory shows is of the weights, the pictures and the runs that are open, of none of before."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.encoding import finished
from core.lab.noise import measure_noise
from core.lab.subjects import make_subject
from core.latents import statistics
from gui.dials_window import DialsWindow
from gui.lab_noise import NoisePage
from gui.lab_nudge import NudgePage
from gui.lab_side import ranked
from gui.lab_window import LabWindow
from gui.map_panel import MapPanel
from gui.session import Session
from tests.gui.conftest import toy_dataset
from tests.gui.lab_runs import keep, laboratory, train_second
from tests.gui.windows import until


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy pictures that is not variational."""
    return train_second(tmp_path_factory.mktemp("second") / "discs-ae")


def noise_page(lab: LabWindow) -> NoisePage:
    page = lab.choose_page("labNoise")
    assert isinstance(page, NoisePage)
    return page


def trained_on(codec: Codec) -> Codec:
    """Other weights of the same network, whose codes are spread otherwise."""
    weights = codec.network.state_dict()
    return codec.update(
        {name: weight * (1.0 + 0.5 * (place % 2)) for place, (name, weight) in enumerate(weights.items())}
    )


def until_measured(qtbot: QtBot, session: Session, page: NoisePage, codec: Codec) -> None:
    """Let the page measure side A by these weights, and all else that is measured of them come to its end."""
    until(qtbot, lambda: page.result is not None and page.result.a.codec is codec)
    until(qtbot, lambda: not session.analyst.is_running)


def test_new_weights_are_measured_with_statistics_of_their_own(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    session, pixels = toy_session, toy_dataset().pictures(slice(None))
    keep(second, "discs-ae")
    with laboratory(qtbot, session) as lab:
        page = noise_page(lab)
        until(qtbot, lambda: page.result is not None)
        assert session.codec is not None
        newer = trained_on(session.codec)
        session.follower.codec_arrived.emit(newer, True)
        assert not lab.sides.are_ready
        until_measured(qtbot, session, page, newer)
        result, a, b = page.result, lab.sides.a, lab.sides.b
        assert result is not None
        assert a is not None
        assert b is not None
        assert b.statistics is not None
        subjects = make_subject("A", newer, statistics(newer.encode(pixels))), b.subject()
        held_out = lab.sides.gathered(a, b).material.held_out
        expected = finished(measure_noise(subjects, held_out))
        for curve, wanted in zip(result.value.curves, expected.curves, strict=True):
            np.testing.assert_allclose(curve.mean, wanted.mean, rtol=1e-3)
        analyst = session.analyst
        assert analyst.effects is not None
        assert analyst.dead is not None
        assert a.ranks is not None
        np.testing.assert_array_equal(a.ranks, ranked(analyst.effects, analyst.dead))


def test_while_a_run_is_trained_what_is_known_stays_with_the_weights_that_it_is_of(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    with laboratory(qtbot, session) as lab:
        page = noise_page(lab)
        until(qtbot, lambda: page.result is not None and not page.is_measuring)
        before, stats = session.codec, session.analyst.statistics
        assert before is not None
        newer = trained_on(before)
        session.follower.is_live = True
        session.follower.codec_arrived.emit(newer, False)
        a = lab.sides.a
        assert a is not None
        assert a.codec is newer
        assert a.statistics is stats  # a dial is turned by about as much
        assert a.subject().codec is before  # and what is measured is measured exactly
        assert not page.is_measuring  # which it was
        assert "weights of before" in page.progress_label.text()
        session.follower.is_live = False
        a = lab.sides.a
        assert a is not None
        assert a.statistics is None


def test_another_picture_of_the_same_index_is_reconstructed(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    with laboratory(qtbot, session) as lab:
        page = lab.choose_page("labNudge")
        assert isinstance(page, NudgePage)
        until(qtbot, lambda: page.is_idle and page.answer is not None and page.answer.b is not None)
        others = toy_dataset(50)  # whose first picture is another
        codec, index = session.codec, session.index
        session.put_dataset(others, index)
        assert session.codec is codec
        assert session.index == index
        original = others.pictures([index])
        until(
            qtbot,
            lambda: (
                session.is_idle
                and lab.sides.are_ready
                and page.is_idle
                and page.original.pixels is not None
                and np.array_equal(page.original.pixels, original[0])
            ),
        )
        assert codec is not None
        shown = page.views["A"][0].pixels
        assert shown is not None
        assert np.array_equal(shown, codec.reconstruct(original)[0])


def test_another_run_a_takes_the_results_of_the_one_before_away(
    qtbot: QtBot, toy_session: Session, second: Path, toy_run_path: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    other = keep(toy_run_path, "discs-vae")
    seen: list[tuple[bool, str, str]] = []
    with laboratory(qtbot, session) as lab:
        lab.sides.choose(other.with_name("discs-ae"))
        until(qtbot, lambda: lab.sides.are_ready)
        page = noise_page(lab)
        until(qtbot, lambda: page.result is not None)

        def look() -> None:
            said = page.verdict_label.text(), page.progress_label.text()
            seen.append((page.result is None, *said))

        session.model_changed.connect(look)
        session.open_run(other)
        until(qtbot, lambda: page.result is not None and page.result.a.run.path == other)
        session.model_changed.disconnect(look)
        assert seen[0] == (True, "", "Waiting for the codes of both runs…")
        assert page.chart.names[0].split()[1] == "discs-vae"


def test_why_a_measure_failed_stays(qtbot: QtBot, toy_session: Session, second: Path) -> None:
    session = toy_session
    path = keep(second, "discs-ae")
    with laboratory(qtbot, session) as lab:
        page = noise_page(lab)
        session.put_dataset(toy_dataset(3), 0)  # too few to be halved
        until(qtbot, lambda: "too few pictures" in page.progress_label.text())
        said = page.progress_label.text()
        session.select_image(1)
        until(qtbot, lambda: session.is_idle and page.is_idle)
        page.refresh()
        assert page.progress_label.text() == said
        assert page.progress_label.property("role") == "unusual"
        assert not page.is_measuring  # nor does it begin by itself
        session.put_dataset(toy_dataset(), 0)
        until(qtbot, lambda: page.result is not None)
        assert page.progress_label.text() == ""
        assert page.progress_label.property("role") == "caption"
        assert path.is_dir()


def test_what_was_cancelled_of_one_pair_begins_of_another(
    qtbot: QtBot, toy_session: Session, second: Path, toy_run_path: Path
) -> None:
    keep(second, "discs-ae")
    other = keep(toy_run_path, "discs-vae")
    with laboratory(qtbot, toy_session) as lab:
        page = noise_page(lab)
        page.measure_button.click()
        lab.choose_page("labNudge")
        lab.choose_page("labNoise")
        assert page.progress_label.text() == "Not measured."  # of the same pair it stays so
        lab.choose_page("labNudge")
        lab.sides.choose(other)  # while another page is looked at
        until(qtbot, lambda: lab.sides.are_ready and not lab.sides.is_looking)
        lab.choose_page("labNoise")
        until(qtbot, lambda: page.result is not None and page.result.b.run.path == other)


def test_codes_whose_measurement_was_cancelled_are_not_waited_for(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    with laboratory(qtbot, session) as lab:
        page = noise_page(lab)
        until(qtbot, lambda: page.result is not None)
        assert session.codec is not None
        assert session.run is not None
        newer = trained_on(session.codec)
        session.follower.codec_arrived.emit(newer, True)
        assert page.progress_label.text() == "Waiting for the codes of both runs…"
        assert not session.can_measure_codes
        with qtbot.waitSignal(session.message_posted) as said:
            session.cancel_task()
        assert not session.analyst.is_running
        assert said.args == [page.progress_label.text()]
        assert page.progress_label.text() == (
            f"The codes of {session.run.name} were not measured to the end:"
            " Model > Measure the codes goes on with it."
        )
        nudge = lab.choose_page("labNudge")
        assert isinstance(nudge, NudgePage)
        nudge.slider.setValue(20)
        until(qtbot, lambda: nudge.verdict_label.text() == page.progress_label.text())
        session.measure_codes()
        until(qtbot, lambda: nudge.verdict_label.text().startswith("The same nudge changes"))
        lab.choose_page("labNoise")
        until_measured(qtbot, session, page, newer)
        assert not session.can_measure_codes
        session.cancel_task()  # of nothing that is left to do
        assert not session.can_measure_codes


def test_weights_that_were_measured_in_haste_alone_can_be_measured_whole(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    """As when a training ends and its weights cannot be read: those that came on the way stay."""
    session = toy_session
    keep(second, "discs-ae")
    with laboratory(qtbot, session) as lab:
        page = noise_page(lab)
        until(qtbot, lambda: page.result is not None)
        until(qtbot, lambda: not session.analyst.is_running)
        assert session.codec is not None
        newer = trained_on(session.codec)
        session.follower.codec_arrived.emit(newer, False)
        until(qtbot, lambda: not session.analyst.is_running)
        assert session.can_measure_codes
        session.measure_codes()
        until_measured(qtbot, session, page, newer)
        assert not session.can_measure_codes


def test_what_is_said_of_codes_follows_what_is_done_about_them(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    owner = QWidget()
    qtbot.addWidget(owner)
    dials = DialsWindow(session, owner)
    map_panel = MapPanel(session)
    qtbot.addWidget(map_panel)
    map_panel.show()
    dials.show()
    with laboratory(qtbot, session) as lab:
        page = noise_page(lab)
        session.put_dataset(toy_dataset(50), 0)
        session.cancel_task()
        assert session.analyst.codes is None
        said = session.codes_missing
        assert said.endswith("goes on with it.")
        assert dials.status.text() == map_panel.view.hint == said
        session.analyst.request_errors()  # as sorting the gallery by them does
        until(qtbot, lambda: not session.analyst.is_running)
        until(qtbot, lambda: lab.sides.b is not None and not lab.sides.is_looking)
        assert page.progress_label.text() == dials.status.text() == said
        session.measure_codes()
        assert said not in (page.progress_label.text(), dials.status.text(), map_panel.view.hint)
