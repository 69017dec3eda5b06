"""File > Report: the page holds both runs and the person's words; cancelling writes nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from gui.report_window import ReportWindow
from gui.session import Session
from tests.gui.conftest import toy_dataset
from tests.gui.cut_text import cut_texts
from tests.gui.lab_runs import keep, train_second
from tests.gui.test_accessibility import nameless
from tests.gui.windows import until


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy pictures that is not variational."""
    return train_second(tmp_path_factory.mktemp("second") / "discs-ae")


@contextmanager
def report_window(qtbot: QtBot, session: Session) -> Iterator[ReportWindow]:
    """The window as it is first shown."""
    window = ReportWindow(session, None)
    window.show()
    try:
        until(qtbot, lambda: not (window.sides.is_looking or window.sides.is_opening))
        yield window
    finally:
        window.end_threads()
        window.close()
        window.deleteLater()


def adjust(qtbot: QtBot, session: Session) -> None:
    """A kept adjustment."""
    session.type_on_dial(1, "+3")
    session.keep_adjustment()
    until(qtbot, lambda: session.is_idle and len(session.kept_pictures) == 1)


def test_the_report_holds_both_runs_and_the_words(
    qtbot: QtBot, toy_session: Session, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(second, "discs-ae")
    adjust(qtbot, toy_session)
    opened: list[object] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    with report_window(qtbot, toy_session) as window:
        until(qtbot, window.write_button.isEnabled)
        assert len(window.rows) == 1
        window.rows[0].words_edit.setPlainText("A <wider> smile & darker hair")
        window.set_path(tmp_path / "new folder" / "page.html")
        window.write_button.click()
        assert window.write_button.text() == "Cancel"
        until(qtbot, lambda: window.written is not None and not window.is_writing)
        page = (tmp_path / "new folder" / "page.html").read_text("utf-8")
        for said in ("toy-run", "discs-ae", "A &lt;wider&gt; smile &amp; darker hair", "data:image/png"):
            assert said in page
        assert toy_session.kept[0].note == "A <wider> smile & darker hair"  # kept in the window as well
        assert str(tmp_path) in window.message_label.text()
        window.open_button.click()
        assert len(opened) == 1


def test_the_report_goes_on_to_the_picture_that_is_chosen_and_keeps_the_words(
    qtbot: QtBot, toy_session: Session, second: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    adjust(qtbot, session)
    with report_window(qtbot, session) as window:
        until(qtbot, window.write_button.isEnabled)
        window.rows[0].words_edit.setPlainText("Words of mine")
        session.select_image(9)
        until(qtbot, lambda: session.is_idle)
        assert not window.rows
        subject = window.kept_rows.subject
        assert subject is not None
        assert subject.index == 9
        assert np.array_equal(subject.original, toy_dataset().pictures([9])[0])
        session.select_image(0)
        until(qtbot, lambda: session.is_idle and len(window.rows) == 1)
        assert window.rows[0].words == session.kept[0].note == "Words of mine"


def test_another_run_takes_the_rows_away_and_the_words_stay_with_theirs(
    qtbot: QtBot, toy_session: Session, second: Path, toy_run_path: Path, tmp_path: Path
) -> None:
    session = toy_session
    keep(second, "discs-ae")
    first, other = (Path(shutil.copytree(toy_run_path, tmp_path / name)) for name in ("first", "other"))
    session.open_run(first)
    until(qtbot, lambda: session.is_idle and session.run is not None and session.run.path == first)
    adjust(qtbot, session)
    with report_window(qtbot, session) as window:
        until(qtbot, window.write_button.isEnabled)
        window.rows[0].words_edit.setPlainText("Words of mine")
        session.open_run(other)
        until(qtbot, lambda: session.run is not None and session.run.path == other)
        until(qtbot, window.write_button.isEnabled)
        assert not window.rows
        subject = window.kept_rows.subject
        assert subject is not None
        assert subject.codec is session.codec
        assert "other" in subject.subtitle
        window.close()
        session.open_run(first)
        until(qtbot, lambda: session.is_idle and session.run is not None and session.run.path == first)
        window.show()
        until(qtbot, lambda: len(window.rows) == 1)
        assert window.rows[0].words == session.kept[0].note == "Words of mine"


def test_new_weights_leave_alone_who_writes_and_what_is_written_is_one_step(
    qtbot: QtBot, toy_session: Session
) -> None:
    session = toy_session
    adjust(qtbot, session)
    with report_window(qtbot, session) as window:
        (row,) = window.rows
        facts, steps = row.words, session.undo_stack.count()
        assert facts
        row.words_edit.setPlainText("")
        row.words_edit.insertPlainText("W")
        row.words_edit.insertPlainText("ords")
        assert session.codec is not None
        weights = session.codec.network.state_dict()
        session.follower.codec_arrived.emit(session.codec.update(weights), True)
        row.words_edit.insertPlainText(" of mine")
        assert window.rows == [row]
        assert row.words == session.kept[0].note == "Words of mine"
        assert session.undo_stack.count() == steps + 1
        session.undo_stack.undo()
        assert session.kept[0].note == ""
        assert row.words == facts
        until(qtbot, lambda: session.is_idle and not session.analyst.is_running)


def test_markdown_has_its_pictures_beside_it(
    qtbot: QtBot, toy_session: Session, second: Path, tmp_path: Path
) -> None:
    keep(second, "discs-ae")
    with report_window(qtbot, toy_session) as window:
        until(qtbot, window.write_button.isEnabled)
        assert not window.rows
        window.kind_choice.button("md").click()
        assert window.path.suffix == ".md"
        window.set_path(tmp_path / "page.md")
        window.write()
        until(qtbot, lambda: window.written is not None and not window.is_writing)
    assert "discs-ae" in (tmp_path / "page.md").read_text("utf-8")
    assert list((tmp_path / "page_files").glob("*.png"))


def test_cancelling_and_closing_write_nothing(
    qtbot: QtBot, toy_session: Session, second: Path, tmp_path: Path
) -> None:
    keep(second, "discs-ae")
    with report_window(qtbot, toy_session) as window:
        until(qtbot, window.write_button.isEnabled)
        window.set_path(tmp_path / "page.html")
        window.write()
        window.write_button.click()
        assert not window.is_writing
        assert "Cancelled" in window.message_label.text()
        window.write()
        assert window.is_writing
        window.close()
        assert not window.is_writing
    assert not (tmp_path / "page.html").exists()


def test_what_cannot_be_written_is_said(
    qtbot: QtBot, toy_session: Session, second: Path, tmp_path: Path
) -> None:
    keep(second, "discs-ae")
    (tmp_path / "file").write_text("no folder")
    with report_window(qtbot, toy_session) as window:
        until(qtbot, window.write_button.isEnabled)
        window.set_path(tmp_path / "file" / "page.html")
        window.write()
        until(qtbot, lambda: not window.is_writing)
        assert window.written is None
        assert window.message_label.property("role") == "unusual"
        until(qtbot, lambda: not cut_texts(window))  # once the button with its other text is laid out
        assert not nameless(window)


def test_without_a_second_run_the_window_says_so(qtbot: QtBot, toy_session: Session) -> None:
    with report_window(qtbot, toy_session) as window:
        assert not window.write_button.isEnabled()
        assert "no second run" in window.message_label.text()
