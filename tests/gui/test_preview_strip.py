"""The preview strip: the chosen pictures, what the model makes of them, and how others are chosen."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.preview_strip import PreviewStrip
from gui.qimage import to_array
from gui.session import PREVIEW_COUNT, Session
from gui.theme import apply_theme
from gui.trainer import Previews


@pytest.fixture
def strip(toy_session: Session, qtbot: QtBot) -> PreviewStrip:
    strip = PreviewStrip(toy_session)
    qtbot.addWidget(strip)
    # 6 pictures of 16 px at a whole scale: 6 x 48 and gaps
    strip.resize(400, 220)
    strip.show()
    qtbot.waitUntil(lambda: strip.moments > 0)
    return strip


def _tile(strip: PreviewStrip, row: int, place: int) -> np.ndarray:
    image = strip.pairs.grab().toImage()
    box = strip.pairs.box(row, place).adjusted(3, 3, -3, -3)
    return to_array(image.copy(box)).reshape(-1, 3).mean(axis=0)


def test_originals_above_and_reconstructions_below(strip: PreviewStrip, toy_session: Session) -> None:
    assert toy_session.dataset is not None
    assert toy_session.codec is not None
    originals = toy_session.dataset.pictures(list(toy_session.preview_indices))
    rebuilt = toy_session.codec.reconstruct(originals)
    for row, pictures in enumerate((originals, rebuilt)):
        for place in range(PREVIEW_COUNT):
            # the inner part of the tile: the same share of the picture
            side = strip.pairs.box(row, place).width()
            edge = round(3 * 16 / side)
            inner = pictures[place][edge : 16 - edge, edge : 16 - edge].reshape(-1, 3).mean(axis=0)
            np.testing.assert_allclose(_tile(strip, row, place), inner, atol=12)


def test_a_click_selects_the_picture(strip: PreviewStrip, toy_session: Session, qtbot: QtBot) -> None:
    wanted = toy_session.preview_indices[3]
    with qtbot.waitSignal(toy_session.selection_changed):
        qtbot.mouseClick(strip.pairs, Qt.MouseButton.LeftButton, pos=strip.pairs.box(1, 3).center())
    assert toy_session.index == wanted


def test_keys_select_as_well(strip: PreviewStrip, toy_session: Session, qtbot: QtBot) -> None:
    qtbot.keyClick(strip.pairs, Qt.Key.Key_Right)
    qtbot.keyClick(strip.pairs, Qt.Key.Key_Return)
    assert toy_session.index == toy_session.preview_indices[1]


def test_use_selected_puts_the_picture_in_hand_first(
    strip: PreviewStrip, toy_session: Session, qtbot: QtBot
) -> None:
    before = toy_session.preview_indices
    toy_session.select_image(17)
    with qtbot.waitSignal(toy_session.trainer.previews_changed):
        qtbot.mouseClick(strip.use_button, Qt.MouseButton.LeftButton)
    assert toy_session.preview_indices == (17, *before)[:PREVIEW_COUNT]
    assert toy_session.trainer.previews is not None
    assert toy_session.trainer.previews.indices == toy_session.preview_indices


def test_shuffle_chooses_others(strip: PreviewStrip, toy_session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(toy_session.previews_chosen):
        qtbot.mouseClick(strip.shuffle_button, Qt.MouseButton.LeftButton)
    assert len(set(toy_session.preview_indices)) == PREVIEW_COUNT
    qtbot.waitUntil(lambda: strip.moments == 1)


def test_the_slider_goes_back_through_training(
    strip: PreviewStrip, toy_session: Session, qtbot: QtBot
) -> None:
    first = toy_session.trainer.previews
    assert first is not None
    for epoch in range(1, 6):  # as they arrive from the preview lane
        level = np.full_like(first.reconstructions, 40 * epoch)
        toy_session.trainer.previews = Previews(first.indices, first.originals, level, float(epoch))
        toy_session.trainer.previews_changed.emit()
    assert strip.moments == 6
    assert _tile(strip, 1, 0).tolist() == pytest.approx([200, 200, 200], abs=1)
    strip.scrub_slider.setValue(2)
    assert _tile(strip, 1, 0).tolist() == pytest.approx([80, 80, 80], abs=1)
    assert strip.epoch_label.text() == "epoch 2 of 12"
    toy_session.trainer.previews_changed.emit()
    assert strip.scrub_slider.value() == 2, "what a person looks at stays when news arrives"


def test_old_moments_are_thinned(strip: PreviewStrip, toy_session: Session) -> None:
    for _ in range(700):
        toy_session.trainer.previews_changed.emit()
    assert 40 < strip.moments <= 121


def test_nothing_open_shows_a_hint_and_no_button(session: Session, qtbot: QtBot) -> None:
    strip = PreviewStrip(session)
    qtbot.addWidget(strip)
    strip.show()
    assert not strip.use_button.isEnabled()
    assert not strip.shuffle_button.isEnabled()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for theme in ("dark", "light"):
        apply_theme(app, theme)
        strip.grab()
