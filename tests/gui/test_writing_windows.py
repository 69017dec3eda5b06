"""Animations, many pictures, codes and networks from the window: what is chosen is what is written."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.codec import Codec
from core.edits import apply_edits, parse_edits
from core.encoding import finished
from core.errors import ExportError
from core.export import networks
from core.latents import random_codes
from core.snapshots import load_snapshot
from gui.animation_dialog import AnimationWindow
from gui.animation_request import What
from gui.files_out_window import DIRECTIONS, NETWORKS, FilesOutWindow
from gui.many_window import ManyWindow
from gui.qimage import to_array
from gui.session import Session
from gui.tile_grid import TileGrid
from gui.writing_window import WritingWindow
from tests.gui.conftest import toy_dataset
from tests.gui.cut_text import cut_texts
from tests.gui.test_accessibility import nameless
from tests.gui.windows import WAIT_MS, opened

# It keeps a thread for good, which it begins here: later it would have the name of a thread of ours.
with suppress(ImportError):
    import onnxruntime  # noqa: F401

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def owner(qtbot: QtBot) -> Iterator[QWidget]:
    owner = QWidget()
    qtbot.addWidget(owner)
    yield owner
    owner.close()


@pytest.fixture
def animation(toy_session: Session, owner: QWidget) -> AnimationWindow:
    window = AnimationWindow(toy_session, owner)
    window.show()
    return window


def played(qtbot: QtBot, window: AnimationWindow) -> None:
    """Wait until every frame of the preview is there."""
    qtbot.waitUntil(
        lambda: (
            not window._settle.isActive()
            and bool(window._frames)
            and len(window._frames) == window._frames[0].count
        ),
        timeout=WAIT_MS,
    )


def written(qtbot: QtBot, window: WritingWindow) -> None:
    """Wait until it is written."""
    qtbot.waitUntil(lambda: not window.is_writing, timeout=WAIT_MS)


def test_the_preview_is_the_film_that_is_written(
    animation: AnimationWindow, toy_session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    toy_session.choose_dial(3)
    animation.frames.setValue(12)
    animation.scale.setValue(2)
    animation.captions_box.setChecked(False)
    played(qtbot, animation)
    assert animation.facts_label.text() == "12 frames, 0.5 s, 32×32 px"
    codec, stats, pictures = toy_session.codec, toy_session.statistics, toy_session.pictures
    assert codec is not None
    assert stats is not None
    assert pictures is not None
    code = pictures.edited_code.copy()
    code[3] = stats.low[3]
    wanted = codec.decode(code)[0].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(to_array(animation._frames[0].image), wanted)
    path = tmp_path / "z3.webp"
    animation.save_to(path)
    assert not animation.save_button.isEnabled()
    written(qtbot, animation)
    assert animation.message_label.text() == f"Saved {path}."
    assert animation.save_button.isEnabled()
    with Image.open(path) as image:
        assert image.n_frames == 12  # pyright: ignore[reportAttributeAccessIssue]
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), wanted)


def test_every_kind_of_movement_plays(animation: AnimationWindow, toy_session: Session, qtbot: QtBot) -> None:
    toy_session.set_target(5)
    toy_session.type_on_dial(0, "+2")
    qtbot.waitUntil(lambda: toy_session.is_idle, timeout=WAIT_MS)
    animation.frames.setValue(6)
    for what in What:
        animation.what.setCurrentIndex(animation.what.findData(what))
        played(qtbot, animation)
        assert not animation.preview.image.isNull()
        assert animation.sigmas.isVisibleTo(animation) == (what in (What.DIAL, What.STRONGEST))
        assert animation.seed.isVisibleTo(animation) == (what is What.RANDOM)
        qtbot.waitUntil(lambda: cut_texts(animation) == [], timeout=WAIT_MS)
    animation.what.setCurrentIndex(animation.what.findData(What.RANDOM))
    request = animation.request()
    codec = toy_session.codec
    assert codec is not None
    codes = random_codes(None, "vae", 8, 0, codec.latent_dim)
    np.testing.assert_array_equal(request.film().codes(0)[0], codes[0])


def test_the_edit_over_the_epochs_is_written_as_it_is_shown(
    animation: AnimationWindow, toy_session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    session = toy_session
    session.type_on_dial(0, "+2")
    qtbot.waitUntil(lambda: session.is_idle, timeout=WAIT_MS)
    animation.show_replay()
    assert animation.what.currentData() is What.EPOCHS
    assert animation.pace.isVisibleTo(animation)
    assert not animation.fps.isVisibleTo(animation)
    animation.pace.setValue(4)
    animation.scale.setValue(1)
    animation.captions_box.setChecked(False)
    played(qtbot, animation)
    assert session.run is not None
    assert session.codec is not None
    epochs = session.replay.epochs
    wanted = []
    original = toy_dataset().pictures([session.index])
    for codec in [*(Codec(load_snapshot(session.run, epoch)) for epoch in epochs), session.codec]:
        wanted.append(codec.decode(session.edit.code(codec.encode(original)[0]))[0])
    count = len(wanted) + 5  # now stays for a second and a half
    assert animation.facts_label.text() == f"{count} frames, {count / 4:.1f} s, 16×16 px"
    assert [frame.count for frame in animation._frames] == [count] * count
    path = tmp_path / "replay.webp"
    animation.save_to(path)
    written(qtbot, animation)
    with Image.open(path) as image:
        for number, picture in enumerate([*wanted, *[wanted[-1]] * 5]):
            image.seek(number)
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), picture)
    # With the original's detail, which is shown on the canvas; nothing edited shows the original itself.
    session.reset_all()
    session.set_detail(True)
    qtbot.waitUntil(lambda: session.is_idle, timeout=WAIT_MS)
    animation.save_to(tmp_path / "sheet.png")
    written(qtbot, animation)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert np.array_equal(sheet[:16, :16], original[0])
    # Captions say which epoch it is, and the line above that it is not what the networks make alone.
    assert animation.request().subtitle.endswith(", with the original's detail")
    views = finished(animation.request().viewed()).views
    assert [view.caption for view in views] == [*(f"epoch {n}" for n in epochs), "epoch 12, now"]


def test_a_run_without_epochs_has_no_replay_to_write(
    animation: AnimationWindow, toy_session: Session, qtbot: QtBot
) -> None:
    toy_session.replay.epochs = ()
    animation.show_replay()
    with pytest.raises(ExportError, match="has kept no epochs"):
        animation.request()
    qtbot.waitUntil(lambda: not animation.save_button.isEnabled(), timeout=WAIT_MS)


def test_what_is_absent_is_said_with_what_to_do(
    animation: AnimationWindow, toy_session: Session, qtbot: QtBot
) -> None:
    for what, sentence in ((What.TO_TARGET, "No target is chosen"), (What.TO_EDITED, "Nothing is adjusted")):
        animation.what.setCurrentIndex(animation.what.findData(what))
        with pytest.raises(ExportError, match=sentence):
            animation.request()
        qtbot.waitUntil(lambda: not animation.save_button.isEnabled(), timeout=WAIT_MS)
    toy_session.type_on_dial(0, "+2")
    played(qtbot, animation)
    assert animation.save_button.isEnabled()


def test_a_sheet_can_be_written_too(animation: AnimationWindow, tmp_path: Path, qtbot: QtBot) -> None:
    animation.what.setCurrentIndex(animation.what.findData(What.STRONGEST))
    animation.format.setCurrentIndex(animation.format.findData("png"))
    assert not animation.frames.isVisibleTo(animation)
    animation.scale.setValue(1)
    animation.save_to(tmp_path / "sheet.png")
    written(qtbot, animation)
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.width > 9 * 16


def test_writing_can_be_cancelled_and_closing_ends_it(
    animation: AnimationWindow, toy_session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    animation.frames.setValue(2000)
    path = tmp_path / "long.gif"
    animation.save_to(path)
    qtbot.waitUntil(lambda: animation.progress.maximum() == 2000, timeout=WAIT_MS)
    assert animation.cancel_button.isVisible()
    animation.cancel_button.click()
    written(qtbot, animation)
    assert animation.message_label.text() == "Cancelled: nothing was written."
    animation.save_to(path)
    qtbot.waitUntil(lambda: animation.progress.maximum() == 2000, timeout=WAIT_MS)
    toy_session.close()  # waits for the threads; one that lived on would fail the test
    assert list(tmp_path.iterdir()) == []


def test_nothing_open_says_so(session: Session, owner: QWidget, qtbot: QtBot, tmp_path: Path) -> None:
    animation, many, files = (
        AnimationWindow(session, owner), ManyWindow(session, owner), FilesOutWindow(session, owner)
    )  # fmt: skip
    for window in (animation, many, files):
        window.show()
        qtbot.waitUntil(lambda window=window: not window.save_button.isEnabled(), timeout=WAIT_MS)
        with pytest.raises(ExportError):
            window.save_to(tmp_path / "nothing.gif")
        assert nameless(window) == []
    assert files.facts_label.text().startswith("There is no model yet")
    session.close()


def test_a_preset_on_the_first_pictures(
    toy_session: Session, owner: QWidget, tmp_path: Path, qtbot: QtBot
) -> None:
    window = ManyWindow(toy_session, owner)
    window.show()
    assert not window.save_button.isEnabled()
    toy_session.type_on_dial(2, "+3")
    toy_session.save_preset("more")
    toy_session.reset_all()
    window.edit.setCurrentIndex(window.edit.findData("more"))
    window.which.setCurrentIndex(window.which.findData("first"))
    window.first.setValue(4)
    path = tmp_path / "edited.npy"
    window.save_to(path)
    written(qtbot, window)
    assert window.message_label.text().startswith("4 pictures changed by ")
    assert not window.result.image.isNull()
    codec, dataset = toy_session.codec, toy_session.dataset
    assert codec is not None
    assert dataset is not None
    codes = codec.encode(dataset.pictures(slice(0, 4)))
    np.testing.assert_array_equal(np.load(path), codec.decode(apply_edits(parse_edits("2+3", 8), codes)))
    qtbot.waitUntil(lambda: cut_texts(window) == [], timeout=WAIT_MS)


def test_those_that_the_gallery_shows(toy_session: Session, owner: QWidget, qtbot: QtBot) -> None:
    grid = TileGrid(owner)
    grid.setObjectName("gallery")
    grid.set_dataset(toy_session.dataset)
    grid.set_order(np.array([7, 3, 11]))
    window = ManyWindow(toy_session, owner)
    assert len(window.chosen_indices()) == 60
    window.which.setCurrentIndex(window.which.findData("shown"))
    assert window.chosen_indices().tolist() == [7, 3, 11]


def test_codes_directions_and_networks(
    toy_session: Session, owner: QWidget, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = FilesOutWindow(toy_session, owner)
    window.show()
    window.save_to(tmp_path / "codes.npz")
    written(qtbot, window)
    codec, dataset = toy_session.codec, toy_session.dataset
    assert codec is not None
    assert dataset is not None
    with np.load(tmp_path / "codes.npz") as file:
        np.testing.assert_allclose(file["codes"], codec.encode(dataset.pictures(slice(None))), atol=1e-5)
        assert set(file["labels_class"].tolist()) == {"small", "large"}
    assert toy_session.run is not None
    (toy_session.run.path / "directions.json").unlink(missing_ok=True)  # which another test may have found
    window.what.button(DIRECTIONS).click()
    with pytest.raises(ExportError, match="no directions yet"):
        window.save_to(tmp_path / "directions.json")
    window.what.button(NETWORKS).click()
    qtbot.waitUntil(lambda: cut_texts(window) == [], timeout=WAIT_MS)
    if not networks.missing_onnx():
        window.save_to(tmp_path / "network")
        written(qtbot, window)
        assert "onnxruntime gives the same" in window.message_label.text()
        assert (tmp_path / "network" / "decoder.onnx").is_file()
    monkeypatch.setattr(networks.importlib.util, "find_spec", lambda _name: None)
    window.refresh()
    assert 'pip install -e ".[onnx]"' in window.facts_label.text()
    assert not window.save_button.isEnabled()


def test_the_menu_opens_them_and_the_folder_is_remembered(
    toy_file_run: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    with opened(qtbot, toy_file_run) as window:
        for name in ("animation", "applyToMany", "filesOut"):
            made = window.tools.show(name)
            assert isinstance(made, WritingWindow)
            assert made.isVisible()
            assert nameless(made) == []
        many = window.tools.show("applyToMany")
        assert isinstance(many, ManyWindow)
        window.session.type_on_dial(0, "+1")
        many.kind.button("npy").click()
        many._on_path_chosen(str(tmp_path / "all.npy"))
        written(qtbot, many)
        assert np.load(tmp_path / "all.npy").shape == (60, 16, 16, 3)
        assert window.memory.folder == str(tmp_path)
        assert many.folder() == tmp_path
