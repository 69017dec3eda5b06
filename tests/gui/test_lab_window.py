"""The laboratory's window: which two runs it compares, how both answer, and what happens when one goes."""

import gc
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from torch.nn.modules.module import register_module_forward_hook

from core.codec import Codec
from core.config import TrainConfig
from core.encoding import finished
from core.lab.keeping import LAB_FOLDER
from core.lab.noise import noisy_codes
from core.lab.subjects import make_subject
from core.latents import measure_effects, statistics
from core.runs import Run
from core.training import train
from gui.lab_imitation import ImitationPage
from gui.lab_noise import NoisePage
from gui.lab_nudge import NudgePage
from gui.lab_sampling import GridKey, SamplingPage
from gui.lab_window import LabWindow
from gui.main_window import MainWindow
from gui.session import Session
from tests.gui.conftest import toy_dataset
from tests.gui.cut_text import cut_texts
from tests.gui.lab_runs import keep, laboratory, spread_of, train_second
from tests.gui.test_accessibility import nameless
from tests.gui.windows import WAIT_MS, opened, until

PAGES = ("labNudge", "labNoise", "labBetweens", "labSampling", "labImitation", "labDamages")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy pictures that is not variational."""
    return train_second(tmp_path_factory.mktemp("second") / "discs-ae")


@pytest.fixture(autouse=True)
def nothing_is_kept(toy_run_path: Path) -> None:
    """What an earlier test measured of the run that they share is gone."""
    shutil.rmtree(toy_run_path / LAB_FOLDER, ignore_errors=True)


@contextmanager
def counted_batches(batches: list[int]) -> Iterator[None]:
    """Adds how many pictures or codes each layer of any network is given."""
    hook = register_module_forward_hook(lambda _module, inputs, _output: batches.append(len(inputs[0])))
    try:
        yield
    finally:
        hook.remove()


def nudge_page(lab: object) -> NudgePage:
    page = lab.choose_page("labNudge")  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(page, NudgePage)
    return page


def test_the_newest_run_of_the_other_kind_is_the_second(
    qtbot: QtBot, toy_session: Session, second: Path, toy_run_path: Path
) -> None:
    keep(second, "discs-ae")
    keep(toy_run_path, "discs-vae-newer")
    with laboratory(qtbot, toy_session) as lab:
        assert [choice.path.name for choice in lab.sides.choices] == ["discs-vae-newer", "discs-ae"]
        b = lab.sides.b
        assert b is not None
        assert (b.name, b.is_variational) == ("discs-ae", False)
        assert lab.chooser.box.currentText() == "discs-ae"
        assert "not variational" in lab.b_label.text()
        assert "variational" in lab.a_label.text()


@pytest.mark.parametrize("pairing", ["effect", "index"])
def test_both_sides_answer_the_nudge_of_a_dial_in_their_own_deviations(
    qtbot: QtBot, toy_session: Session, second: Path, pairing: str
) -> None:
    session, sigmas, picture = toy_session, 1.5, 3
    path = keep(second, "discs-ae")
    session.select_image(picture)
    until(qtbot, lambda: session.is_idle)
    with laboratory(qtbot, session) as lab:
        page = nudge_page(lab)
        page.pairing.button(pairing).click()
        pixels = toy_dataset().pictures(slice(None))
        theirs = Codec.from_run(Run.open(path))
        spread = spread_of(theirs)
        if pairing == "effect":  # the third of A's dials goes with the third of B's
            a, b = session.codec, theirs
            assert a is not None
            orders = []
            for codec in (a, b):
                codes = codec.encode(pixels)
                effects = finished(measure_effects(codec, codes, statistics(codes)))
                orders.append(np.argsort(-effects))
            dim, partner = int(orders[0][2]), int(orders[1][2])
        else:
            dim = partner = 4
        assert session.statistics is not None
        step = sigmas * float(session.statistics.std[dim])
        session.turn_dial(dim, session.value_of(dim) + step)
        until(qtbot, lambda: page.is_idle and page.answer is not None and bool(page.answer.a.nudges))
        answer = page.answer
        assert answer is not None
        assert answer.b is not None
        code = theirs.encode(pixels[[picture]])[0]
        code[partner] += sigmas * spread[partner]
        expected = theirs.decode(code)[0]
        assert [(nudge.dim, round(nudge.sigmas, 4)) for nudge in answer.b.nudges] == [(partner, sigmas)]
        assert np.abs(answer.b.picture.astype(int) - expected).max() <= 1
        assert answer.b.mse == pytest.approx(float(theirs.errors(pixels[[picture]], code[None])[0]), rel=1e-3)
        shown_pixels = page.views["B"][1].pixels
        assert shown_pixels is not None
        assert np.array_equal(shown_pixels, answer.b.picture)
        assert f"{answer.b.change:.1f}" in page.verdict_label.text()


def test_the_page_has_a_dial_of_its_own(qtbot: QtBot, toy_session: Session, second: Path) -> None:
    keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        page = nudge_page(lab)
        page.rank_box.setValue(2)
        page.slider.setValue(-20)
        until(qtbot, lambda: page.is_idle and page.answer is not None and bool(page.answer.a.nudges))
        a, b, answer = lab.sides.a, lab.sides.b, page.answer
        assert answer is not None
        assert answer.b is not None
        assert a is not None
        assert b is not None
        assert a.ranks is not None
        assert b.ranks is not None
        assert [(n.dim, n.sigmas) for n in answer.a.nudges] == [(a.ranks[1], -2.0)]
        assert [(n.dim, n.sigmas) for n in answer.b.nudges] == [(b.ranks[1], -2.0)]
        assert toy_session.edit.is_empty  # the window's own dials stay
        page.rank_box.setValue(8)  # of A's eight dials the last, where B has five
        until(qtbot, lambda: page.is_idle and page.answer is not None and page.answer.b is not None
              and page.answer.b.unpaired == 1)  # fmt: skip
        assert "no partner" in page.verdict_label.text() or "partner in B" in page.verdict_label.text()
        page.zero_button.click()
        until(qtbot, lambda: page.is_idle and page.answer is not None and not page.answer.a.nudges)


def test_noise_comes_under_the_hand_and_its_curve_is_measured(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    path = keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        page = lab.choose_page("labNoise")
        assert isinstance(page, NoisePage)
        page.slider.setValue(150)
        until(qtbot, lambda: page.is_idle and page.result is not None)
        assert page.chart.marker == page.sigmas == 1.5
        assert [name.split()[0] for name in page.chart.names] == ["A", "B"]
        assert "σ of noise" in page.verdict_label.text()
        theirs = Codec.from_run(Run.open(path))
        original = toy_dataset().pictures([toy_session.index])
        codes = theirs.encode(toy_dataset().pictures(slice(None)))
        subject = make_subject("second", theirs, statistics(codes))
        expected = theirs.decode(noisy_codes(subject, theirs.encode(original), 1.5, 0))[0]
        assert np.ptp(expected - theirs.reconstruct(original)[0].astype(int)) > 20  # the noise is seen
        noisy = page.views["B"][1].pixels
        assert noisy is not None
        assert np.abs(noisy.astype(int) - expected).max() <= 1
        page.again_button.click()
        until(qtbot, lambda: page.is_idle)
        other = page.views["B"][1].pixels
        assert other is not None
        assert not np.array_equal(other, noisy)
        page.slider.setValue(0)
        until(qtbot, lambda: page.is_idle)
        still = page.views["B"][1].pixels
        assert still is not None
        assert np.array_equal(still, theirs.reconstruct(original)[0])


def test_a_click_on_a_sample_of_side_a_loads_its_code(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        page = lab.choose_page("labSampling")
        assert isinstance(page, SamplingPage)
        until(qtbot, lambda: page.is_idle and len(page.shown) == 3)
        assert set(page.shown) == {GridKey("A", "prior"), GridKey("B", "prior"), GridKey("B", "fitted")}
        key = GridKey("A", "prior")
        prior = np.random.default_rng(0).standard_normal((24, 8), np.float32)
        assert np.array_equal(page.shown[key].codes, prior)
        page.grids[key][2].picked.emit(6)
        until(qtbot, lambda: toy_session.is_idle)
        assert toy_session.edit.start is not None
        assert np.array_equal(toy_session.edit.start.vector(), prior[6])
        assert not page.grids[GridKey("B", "prior")][2].is_pickable
        page.again_button.click()
        until(qtbot, lambda: page.is_idle and not np.array_equal(page.shown[key].codes, prior))


def test_every_page_says_something_and_nothing_is_cut(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    keep(second, "a-run-with-a-rather-long-name-" * 3)
    with laboratory(qtbot, toy_session) as lab:
        lab.resize(1024, 700)
        for name in PAGES:
            page = lab.choose_page(name)
            until(qtbot, lambda page=page: getattr(page, "is_idle", True) and page.verdict_label.text() != "")
            until(qtbot, lambda: not cut_texts(lab))
            assert not nameless(lab)
        lab.hide()


def test_closing_lets_the_second_run_go_and_showing_opens_it_again(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        page = lab.choose_page("labNoise")
        assert isinstance(page, NoisePage)
        until(qtbot, lambda: page.result is not None)
        for name in PAGES:  # each of which asks for something of the second run
            lab.choose_page(name)
            qtbot.wait(1)
        lab.choose_page("labNoise")
        assert lab.sides.b is not None
        codec = weakref.ref(lab.sides.b.codec)
        lab.close()
        assert lab.sides.b is None
        assert page.result is None

        def is_gone() -> bool:
            gc.collect()
            return codec() is None

        qtbot.waitUntil(is_gone, timeout=3 * WAIT_MS)  # measures end at their next step
        lab.show()
        until(qtbot, lambda: lab.sides.b is not None and page.result is not None)


def test_closing_the_session_ends_a_measure(qtbot: QtBot, toy_session: Session, second: Path) -> None:
    keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        page = lab.choose_page("labImitation")
        until(qtbot, lambda: page.is_measuring)  # pyright: ignore[reportAttributeAccessIssue]
        toy_session.close()  # a thread that lives on fails the test


def test_a_measure_can_be_cancelled_and_begun_again(qtbot: QtBot, toy_session: Session, second: Path) -> None:
    keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        page = lab.choose_page("labNoise")
        assert isinstance(page, NoisePage)
        page.measure_button.click()
        assert not page.is_measuring
        assert page.result is None
        assert page.progress_label.text() == "Not measured."
        page.measure_button.click()
        until(qtbot, lambda: page.result is not None)


def test_what_was_measured_is_not_measured_again(qtbot: QtBot, toy_session: Session, second: Path) -> None:
    session = toy_session
    keep(second, "discs-ae")
    said: list[str] = []
    batches: list[int] = []
    for _window in range(2):
        with laboratory(qtbot, session) as lab:
            until(qtbot, lambda: session.is_idle and not session.analyst.is_running)
            batches.clear()
            with counted_batches(batches):
                page = lab.choose_page("labImitation")
                assert isinstance(page, ImitationPage)
                until(qtbot, lambda page=page: page.result is not None)
            said.append(page.verdict_label.text())
            if len(said) == 1:
                assert max(batches) > 100  # samples
    assert session.run is not None
    assert (session.run.path / LAB_FOLDER).is_dir()
    assert max(batches, default=0) <= 1  # no more than the picture that was looked at before
    assert said[0] == said[1]


def test_the_laboratory_follows_the_open_run(
    qtbot: QtBot, toy_session: Session, second: Path, toy_run_path: Path
) -> None:
    path = keep(second, "discs-ae")
    other = keep(toy_run_path, "discs-vae")
    with laboratory(qtbot, toy_session) as lab:
        page = nudge_page(lab)
        with qtbot.waitSignal(toy_session.analyst.effects_changed, timeout=20_000):
            toy_session.open_run(path)  # the second run is opened: the other one takes its place
        until(qtbot, lambda: lab.sides.are_ready and page.is_idle)
        assert lab.sides.b is not None
        assert lab.sides.b.run.path == other
        until(qtbot, lambda: page.answer is not None and page.answer.a.base.side.codec is toy_session.codec)
        toy_session.select_image(9)
        until(qtbot, lambda: page.is_idle and page.answer is not None and page.answer.a.base.index == 9)


def test_a_run_that_is_gone_or_does_not_fit_is_said(
    qtbot: QtBot, toy_session: Session, second: Path, tmp_path: Path
) -> None:
    path = keep(second, "discs-ae")
    with laboratory(qtbot, toy_session) as lab:
        assert lab.sides.b is not None
        lab.sides.choose(train_second(tmp_path / "large", size=24))
        until(qtbot, lambda: lab.sides.trouble != "")
        assert "24×24" in lab.empty_label.text()
        assert lab.stack.currentWidget() is lab.empty
        assert toy_session.run is not None
        lab.sides.choose(toy_session.run.path)
        assert "is the open run" in lab.empty_label.text()
        lab.sides.choose(path)
        until(qtbot, lambda: lab.sides.b is not None)
        shutil.rmtree(path)
        lab.hide()
        lab.show()
        until(qtbot, lambda: lab.sides.trouble != "")
        assert lab.sides.b is None
        assert "not there any more" in lab.empty_label.text() or str(path) in lab.empty_label.text()
        assert lab.sides.chosen is None


def test_without_a_second_run_the_form_is_prepared(
    qtbot: QtBot, toy_file_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(qtbot, toy_file_run) as window:
        assert isinstance(window, MainWindow)
        lab = window.tools.show("laboratory")
        sides = lab.sides  # pyright: ignore[reportAttributeAccessIssue]
        until(qtbot, lambda: not sides.is_looking)
        assert "autoencoder" in lab.empty_label.text()  # pyright: ignore[reportAttributeAccessIssue]
        lab.prepare_button.click()  # pyright: ignore[reportAttributeAccessIssue]
        settings = window.training_panel.settings()
        assert (settings.objective, settings.network, settings.latent_dim) == ("ae", "fc", 8)


@pytest.mark.parametrize(
    ("objective", "other", "beta"), [("beta-vae", "ae", 1.0), ("denoising-ae", "vae", 1.0)]
)
def test_the_prepared_training_differs_in_the_objective_alone(
    qtbot: QtBot, toy_session: Session, tmp_path: Path, objective: str, other: str, beta: float
) -> None:
    config = TrainConfig.model_validate(
        {"network": "conv", "objective": objective, "latent_dim": 3, "learning_rate": 2e-4, "epochs": 1}
        | {"val_fraction": 0.2, "reconstruction": "l1", "kl_warmup_epochs": 2, "device": "cpu"}
    )
    run = Run.create(tmp_path / "run", config, toy_dataset().identity)
    for _record in train(toy_dataset(), config, run):
        pass
    toy_session.open_run(run.path)
    lab = LabWindow(toy_session, None)
    qtbot.addWidget(lab)
    with qtbot.waitSignal(toy_session.trainer.settings_suggested) as suggested:
        lab.prepare_button.click()
    assert suggested.args is not None
    expected = config.model_copy(update={"objective": other, "beta": beta})
    assert TrainConfig.model_validate(suggested.args[0]) == expected
    lab.end_threads()
