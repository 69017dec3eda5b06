"""A paint never takes long: tiles that it has no time for are blank, and follow."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gui import tile_cache
from gui.qimage import to_array
from gui.tile_cache import TileCache
from gui.tile_grid import TileGrid
from tests.gui.conftest import toy_dataset


def test_what_a_paint_had_no_time_for_follows(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_cache, "BUDGET_S", 0.0)
    monkeypatch.setattr(tile_cache, "LEAST_IN_A_PAINT", 7)
    grid = TileGrid()
    qtbot.addWidget(grid)
    grid.resize(700, 500)
    grid.set_dataset(toy_dataset(60))
    grid.show()
    qtbot.waitExposed(grid)
    first = to_array(grid.viewport().grab().toImage())
    assert grid.is_filling
    qtbot.waitUntil(lambda: not grid.is_filling)
    whole = to_array(grid.viewport().grab().toImage())
    changed = (first != whole).any(axis=2)
    tiles = [grid.tile_rect(position) for position in range(60)]
    inside = [changed[r.top() : r.bottom() + 1, r.left() : r.right() + 1].mean() for r in tiles]
    assert inside[0] == 0.0
    assert inside[59] > 0.5


def test_scrolling_paints_what_came_into_view_and_nothing_else(qtbot: QtBot) -> None:
    grid = TileGrid()
    qtbot.addWidget(grid)
    grid.resize(300, 300)
    grid.set_dataset(toy_dataset(400))
    grid.show()
    qtbot.waitExposed(grid)
    qtbot.waitUntil(lambda: grid.tiles_painted > 0 and not grid.is_filling)
    painted = []
    for place in (30, 60, 90, 120):  # the system may ask for a whole paint at any time, and not at every time
        grid.tiles_painted = 0
        grid.verticalScrollBar().setValue(place)
        qtbot.waitUntil(lambda: grid.tiles_painted > 0 and not grid.is_filling)
        painted.append(grid.tiles_painted)
    assert min(painted) <= 2 * grid.columns
    moved = to_array(grid.grab().toImage())
    grid.viewport().repaint()
    np.testing.assert_array_equal(moved, to_array(grid.grab().toImage()))


def test_tiles_are_kept_up_to_a_bound(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_cache, "CACHE_BYTES", 10 * 20 * 20 * 4)
    tiles = TileCache()
    tiles.set_dataset(toy_dataset(30))
    tiles.begin_paint(np.arange(30), 20)
    kept = [tiles.tile(index, 20, 1.0) for index in range(30)]
    assert tiles.tile(29, 20, 1.0) is kept[29]
    assert tiles.tile(20, 20, 1.0) is kept[20]
    assert tiles.tile(0, 20, 1.0) is not kept[0]
