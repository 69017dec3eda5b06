"""Importing a model in the window: what a file holds is shown before it is read, and the run of it opens."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.places import runs_folder
from core.runs import Run
from gui.architecture_dialog import ArchitectureDialog
from gui.import_model_dialog import ImportModelDialog
from gui.main_window import MainWindow
from tests.core.foreign_models import Fcn, save_whole, seeded
from tests.gui import windows


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A whole model of the course's kind, of the toy pictures' size."""
    return save_whole(seeded(Fcn(16 * 16 * 3)), tmp_path / "best model.pt", "fcn_autoencoder")


@pytest.fixture
def window(toy_file: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    with windows.opened(qtbot, toy_file) as window:
        yield window


def dialog_of(window: MainWindow, qtbot: QtBot) -> ImportModelDialog:
    """The dialog, once the file has been looked at."""
    dialog = window.findChild(ImportModelDialog)
    assert dialog is not None
    windows.until(qtbot, lambda: not dialog.is_busy)
    return dialog


def test_a_model_is_shown_then_imported_and_edited(
    window: MainWindow, model: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(model), ""))
    windows.trigger(window, "importModel")
    dialog = dialog_of(window, qtbot)
    assert dialog.kind_label.text() == "It is a whole model, class fcn_autoencoder."
    assert "__main__.fcn_autoencoder" in dialog.contents.toPlainText()
    assert "decoder.4.weight" in dialog.contents.toPlainText()
    assert dialog.reading_label.text().startswith("Pictures of 16×16 colour, -1..1, CHW.")
    assert not runs_folder().exists()
    dialog.try_button.click()
    windows.until(qtbot, lambda: not dialog.is_busy)
    assert "0..255, HWC" in dialog.trials_label.text()
    assert "does not fit these pictures" in dialog.problem_label.text()  # it was never trained
    session = window.session
    with qtbot.waitSignal(session.run_changed, timeout=windows.WAIT_MS):
        dialog.import_button.click()
    windows.until(qtbot, lambda: windows.is_settled(window))
    assert session.run is not None
    assert session.codec is not None
    assert session.run.path == runs_folder() / "best_model-imported-1"
    assert (session.codec.latent_dim, session.can_continue) == (3, False)
    session.type_on_dial(1, "+20")
    windows.until(qtbot, lambda: session.is_idle and session.pictures is not None)
    assert session.pictures is not None
    assert (session.pictures.edited != session.pictures.reconstruction).any()
    windows.trigger(window, "architecture")
    shown = window.findChild(ArchitectureDialog)
    assert shown is not None
    assert "encoder.4" in shown.text.toPlainText()


def test_what_is_said_of_the_file_changes_how_it_is_read(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    sizes = {"encoder.0": (768, 9), "encoder.2": (9, 6), "decoder.0": (6, 9), "decoder.2": (9, 768)}
    torch.save(
        {f"{n}.weight": torch.zeros(outs, ins) for n, (ins, outs) in sizes.items()}, tmp_path / "w.pth"
    )
    window.open_path(tmp_path / "w.pth")  # as when it is dropped
    dialog = dialog_of(window, qtbot)
    assert "-1..1, CHW, leaky_relu_0.1, tanh at the end" in dialog.reading_label.text()
    dialog.form.set_values({"output_activation": "sigmoid", "flatten_order": "HWC"})
    dialog.form.edited.emit()
    windows.until(qtbot, lambda: not dialog.is_busy and "HWC" in dialog.reading_label.text())
    assert "0..1, HWC, leaky_relu_0.1, sigmoid at the end" in dialog.reading_label.text()
    dialog.reject()
    assert not runs_folder().exists()


def test_a_file_that_is_refused_says_why(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "x.pt").write_bytes(b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.")
    window.import_model(tmp_path / "x.pt")
    dialog = dialog_of(window, qtbot)
    assert dialog.problem_label.text().endswith(
        "neither a file of torch.save (.pt, .pth) nor of safetensors."
    )
    assert not dialog.import_button.isEnabled()
    assert not dialog.try_button.isEnabled()
    dialog.reject()


def test_a_model_of_other_pictures_becomes_a_run_that_waits_for_them(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = save_whole(seeded(Fcn(8 * 8 * 3)), tmp_path / "small.pt")
    window.import_model(path)
    dialog = dialog_of(window, qtbot)
    assert not dialog.try_button.isEnabled()
    with qtbot.waitSignal(dialog.accepted, timeout=windows.WAIT_MS):
        dialog.import_button.click()
    assert "reads pictures of 8×8 colour: open such" in window.notice.text
    run = Run.open(runs_folder() / "small-imported-1")
    assert run.config.data.source == ""
    np.save(tmp_path / "small.npy", np.zeros((4, 8, 8, 3), np.uint8))
    window.session.open_dataset(tmp_path / "small.npy")
    windows.until(qtbot, lambda: windows.is_settled(window))
    window.session.open_run(run.path)
    windows.until(qtbot, lambda: window.session.codec is not None and windows.is_settled(window))
