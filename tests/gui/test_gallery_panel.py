"""The gallery shows the right pictures in the right order, paints only what is seen, and asks to select."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from core.datasets.dataset import ImageDataset, LabelColumn
from gui.gallery_order import Query, Sort, find_pictures
from gui.gallery_panel import GalleryPanel
from gui.qimage import to_array
from gui.session import Session
from tests.gui.conftest import toy_dataset


@pytest.fixture
def panel(toy_session: Session, qtbot: QtBot) -> Iterator[GalleryPanel]:
    panel = GalleryPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(296, 500)
    panel.show()
    yield panel
    panel.hide()


def many(count: int, path: Path) -> ImageDataset:
    """Mapped pictures; the first pixels of picture i tell i."""
    pixels = np.lib.format.open_memmap(path, "w+", np.uint8, (count, 8, 8, 3))
    numbers = np.arange(count)
    pixels[:, :, :, 0] = (numbers % 256)[:, None, None]
    pixels[:, :, :, 1] = (numbers // 256 % 256)[:, None, None]
    pixels[:, :, :, 2] = (numbers // 65536 * 80)[:, None, None]
    identity = toy_dataset(2, 8).identity.model_copy(update={"count": count, "source": "many.npy"})
    return ImageDataset(np.load(path, mmap_mode="r"), identity, "read as colour")


def test_a_click_selects_its_picture(panel: GalleryPanel, toy_session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(toy_session.selection_changed):
        place = panel.grid.tile_rect(5).center()
        qtbot.mouseClick(panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert toy_session.index == 5
    assert panel.grid.selected == 5
    assert panel.selection.text() == "#5 selected"
    assert "Picture #5" in panel.grid.accessibleDescription()


def test_keys_walk_through_the_pictures(panel: GalleryPanel, toy_session: Session, qtbot: QtBot) -> None:
    grid, columns = panel.grid, panel.grid.columns
    seen = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_End,
                Qt.Key.Key_Down, Qt.Key.Key_Home):  # fmt: skip
        qtbot.keyClick(grid, key)
        seen.append(toy_session.index)
    assert seen == [1, 1 + columns, columns, 0, 59, 59, 0]
    qtbot.keyClick(grid, Qt.Key.Key_PageDown)
    page = toy_session.index
    assert page % columns == 0
    assert page > columns
    assert grid.viewport().rect().contains(grid.tile_rect(grid.position_of(page)))
    qtbot.keyClick(grid, Qt.Key.Key_PageUp)
    assert toy_session.index == 0


def test_search_finds_an_index_or_a_label(panel: GalleryPanel, toy_session: Session, qtbot: QtBot) -> None:
    dataset = toy_session.dataset
    assert dataset is not None
    for text in ("17", "#17"):
        panel.search.setText(text)
        assert panel.grid.order.tolist() == [17]
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert toy_session.index == 17
    panel.search.setText("LARG")
    expected = [i for i in range(60) if dataset.labels[0].text(i) == "large"]
    assert 0 < len(expected) < 60
    assert panel.grid.order.tolist() == expected
    assert panel.count.text() == f"{len(expected)} of 60"
    panel.search.setText("nothing like it")
    assert len(panel.grid.order) == 0
    panel.search.clear()
    assert panel.count.text() == "60"


def test_filter_by_label(panel: GalleryPanel, toy_session: Session) -> None:
    dataset = toy_session.dataset
    assert dataset is not None
    columns = [panel.filter_column.itemText(i) for i in range(panel.filter_column.count())]
    assert columns == ["All labels", "class"]
    assert not panel.filter_class.isVisible()
    panel.filter_column.setCurrentIndex(1)
    panel.filter_class.setCurrentText("small")
    assert panel.filter_class.isVisible()
    assert panel.grid.order.tolist() == [i for i in range(60) if dataset.labels[0].values[i] == 0]
    panel.filter_column.setCurrentIndex(0)
    assert panel.grid.order.tolist() == list(range(60))


def test_sort_by_label_and_by_error(panel: GalleryPanel, toy_session: Session, qtbot: QtBot) -> None:
    dataset, codec = toy_session.dataset, toy_session.codec
    assert dataset is not None
    assert codec is not None
    radius = dataset.labels[1].values
    panel.sort.setCurrentText("Sort: radius")
    assert panel.grid.order.tolist() == sorted(range(60), key=lambda i: radius[i])
    panel.sort.setCurrentText("Sort: largest error")
    analyst = toy_session.analyst
    qtbot.waitUntil(lambda: analyst.errors is not None and bool(np.isfinite(analyst.errors).all()))
    decoded = codec.network.decode(codec.network.encode(_floats(dataset.pictures(slice(None)))))
    errors = ((decoded - _floats(dataset.pictures(slice(None)))) ** 2).mean(dim=(1, 2, 3)).detach().numpy()
    worst = errors[panel.grid.order]
    assert np.all(np.diff(worst) <= 1e-5)
    panel.sort.setCurrentText("Sort: smallest error")
    assert np.all(np.diff(errors[panel.grid.order]) >= -1e-5)
    assert "reconstruction error" in panel.grid.description(3)


def _floats(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2).contiguous()


def test_without_a_model_there_is_no_order_by_error(panel: GalleryPanel, toy_session: Session) -> None:
    items = panel.sort.model()
    flags = [bool(items.flags(items.index(at, 0)) & Qt.ItemFlag.ItemIsEnabled) for at in range(6)]
    assert flags == [True] * 6
    toy_session.put_run(None, None)
    flags = [bool(items.flags(items.index(at, 0)) & Qt.ItemFlag.ItemIsEnabled) for at in range(6)]
    assert flags == [True, False, False, False, True, True]


def test_unknown_errors_and_missing_labels_come_last() -> None:
    dataset = replace(
        toy_dataset(5), labels=(LabelColumn("kind", np.array([1, -1, 0, 1, 0], np.int32), ("a", "b")),)
    )
    errors = np.array([0.3, np.nan, 0.1, 0.3, 0.9], np.float32)
    assert find_pictures(dataset, Query(sort=Sort.ERROR_WORST), errors).tolist() == [4, 0, 3, 2, 1]
    assert find_pictures(dataset, Query(sort=Sort.ERROR_BEST), errors).tolist() == [2, 0, 3, 4, 1]
    assert find_pictures(dataset, Query(sort=Sort.LABEL, sort_column=0)).tolist() == [2, 4, 0, 3, 1]
    assert find_pictures(dataset, Query(search="b", filter_column=0, filter_class=1)).tolist() == [0, 3]


def test_a_number_is_a_whole_label_and_words_add_up() -> None:
    digits = LabelColumn("digit", np.array([7, 17, 7, 1], np.int32), tuple(str(i) for i in range(20)))
    side = LabelColumn("side", np.array([0, 0, 1, 1], np.int32), ("left", "right"))
    dataset = replace(toy_dataset(4), labels=(digits, side), files=("x.png", "y.png", "odd.png", "z.png"))
    assert find_pictures(dataset, Query(search="7")).tolist() == [0, 2]
    assert find_pictures(dataset, Query(search="3")).tolist() == [3]
    assert find_pictures(dataset, Query(search="7 right")).tolist() == [2]
    assert find_pictures(dataset, Query(search="odd")).tolist() == [2]
    assert find_pictures(dataset, Query(search="#99")).tolist() == []


def test_of_140_000_pictures_only_the_visible_ones_are_painted(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    dataset = many(140_000, tmp_path / "many.npy")
    panel = GalleryPanel(session)
    qtbot.addWidget(panel)
    panel.resize(296, 500)
    session.put_dataset(dataset, 0)
    panel.show()
    grid = panel.grid
    rows = grid.viewport().height() // grid.tile_px + 2
    for index in (0, 70_001, 139_999):
        session.select_image(index)
        picture = grid.viewport().grab().toImage()
        assert 0 < grid.tiles_painted <= rows * grid.columns
        middle = grid.tile_rect(grid.position_of(index)).center()
        expected = tuple(dataset.pixels[index, 4, 4])
        assert tuple(to_array(picture)[middle.y(), middle.x()]) == expected
    assert panel.count.text() == "140,000"
    assert panel.selection.text() == "#139,999 selected"


def test_tiles_show_the_data_and_can_be_made_larger(panel: GalleryPanel, toy_session: Session) -> None:
    dataset = toy_session.dataset
    assert dataset is not None
    before = panel.grid.tile_px
    panel.thumbnail_px.setValue(120)
    assert panel.grid.tile_px >= 120 > before
    shot = to_array(panel.grid.viewport().grab().toImage())
    rect = panel.grid.tile_rect(1)
    seen = shot[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1].astype(float)
    steps = (np.arange(16) + 0.5) * rect.width() / 16
    sampled = seen[np.ix_(steps.astype(int), steps.astype(int))]
    assert np.abs(sampled[1:-1, 1:-1] - dataset.pixels[1][1:-1, 1:-1]).mean() < 6


def test_the_selected_picture_stays_in_view(panel: GalleryPanel, toy_session: Session) -> None:
    toy_session.select_image(55)
    panel.resize(296, 420)
    for width, tile_px in ((200, 50), (200, 90), (400, 90), (296, 30)):
        panel.grid.viewport().grab()
        panel.resize(width, 420)
        panel.grid.viewport().grab()
        panel.thumbnail_px.setValue(tile_px)
        tile = panel.grid.tile_rect(panel.grid.position_of(55))
        assert panel.grid.viewport().rect().contains(tile), (width, tile_px)


def test_the_menu_sets_target_and_preview(panel: GalleryPanel, toy_session: Session) -> None:
    menu = panel.menu_for(9)
    actions = {action.text(): action for action in menu.actions()}
    actions["Use as target"].trigger()
    assert toy_session.target_index == 9
    assert 9 not in toy_session.preview_indices
    actions["Use in preview"].trigger()
    assert 9 in toy_session.preview_indices
    actions["Use as source"].trigger()
    assert toy_session.index == 9
    assert not actions["Reveal the file"].isEnabled()


@pytest.mark.qt_log_ignore("This plugin does not support")  # the platform without a display, of every pop-up
def test_the_menu_key_opens_the_menu_of_the_picture(panel: GalleryPanel, toy_session: Session) -> None:
    toy_session.select_image(3)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
    QApplication.sendEvent(panel.grid.viewport(), event)
    menu = panel.findChild(QMenu)
    assert menu is not None
    assert menu.isVisible()
    menu.actions()[1].trigger()
    assert toy_session.target_index == 3
    menu.close()


def test_without_pictures_it_says_what_to_do(session: Session, qtbot: QtBot) -> None:
    panel = GalleryPanel(session)
    qtbot.addWidget(panel)
    panel.resize(200, 300)
    panel.show()
    assert panel.count.text() == ""
    assert not panel.search.isEnabled()
    shot = to_array(panel.grid.viewport().grab().toImage())
    assert shot.std() > 0  # the hint is written
    assert panel.grid.accessibleName() == "Gallery"
