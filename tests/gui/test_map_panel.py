"""The map: what it shows of the session's codes, and what a hand on it asks for."""

import gc
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.mapping import fit_pca
from core.translate import use_translations
from gui.map_colours import by_label, by_number, ramp_table, rgb
from gui.map_dots import MARGIN_PX, dimmed, paint_dots, size_for, stamp
from gui.map_panel import MapPanel
from gui.map_path import STEPS, PathRequest
from gui.map_view import MapView, Tool
from gui.session import Session
from gui.theme import CLASS_COLOURS, DARK, LIGHT
from tests.gui.conftest import toy_dataset
from tests.gui.cut_text import cut_texts
from tests.gui.test_accessibility import is_foreign, nameless, said
from tests.gui.windows import opened, trigger, until
from tests.test_translation import Bracketed


@pytest.fixture
def panel(toy_session: Session, qtbot: QtBot) -> MapPanel:
    """The panel, seen, with the toy codes on it."""
    panel = MapPanel(toy_session)
    qtbot.addWidget(panel)
    panel.resize(340, 620)
    panel.show()
    until(qtbot, lambda: panel.atlas.map is not None and len(panel.atlas.map.indices) == 60)
    until(qtbot, lambda: toy_session.whereabouts.is_idle and bool(panel.nearest.indices))
    return panel


def place_of(panel: MapPanel, index: int) -> QPointF:
    """Where a picture's dot is in the view."""
    shown = panel.atlas.map
    assert shown is not None
    return panel.view.to_screen(shown.points[int(np.flatnonzero(shown.indices == index)[0])])


def drag(qtbot: QtBot, view: MapView, line: list[QPointF]) -> None:
    """Drag the mouse along a line."""
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=line[0].toPoint())
    for at in line[1:]:
        qtbot.mouseMove(view, at.toPoint())
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=line[-1].toPoint())


# ---- dots ----------------------------------------------------------------------------------------------


def test_dots_are_painted_where_they_are_and_later_ones_above() -> None:
    ground, red, blue = rgb("#000000"), rgb("#ff0000"), rgb("#0000ff")
    canvas = np.full((40 + 2 * MARGIN_PX, 50 + 2 * MARGIN_PX), ground, np.uint32)
    x = np.array([10, 10, 49, -3, 200], np.float32)
    y = np.array([20, 20, 0, 5, 5], np.float32)
    paint_dots(canvas, x, y, np.array([red, blue, red, red, red], np.uint32))
    seen = canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    assert seen[20, 10] == blue
    assert seen[0, 49] == red
    assert seen[35, 30] == ground
    assert (seen[:, :4] == ground).all()  # what lies outside paints nothing


def test_dots_shrink_as_they_become_many() -> None:
    sizes = [size_for(count, 400 * 400) for count in (10, 1_000, 5_000, 20_000, 100_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 9
    assert sizes[-1] == 2
    assert len(stamp(2)) == 4
    assert all(0.0 < cover <= 1.0 for _dy, _dx, cover in stamp(9))


def test_dimmed_colours_lie_between() -> None:
    half = dimmed(np.array([rgb("#ff8000")], np.uint32), rgb("#000000"), 0.5)[0]
    assert half == rgb("#7f4000")


def test_classes_and_numbers_have_colours() -> None:
    dataset = toy_dataset()
    everyone = np.arange(len(dataset))
    found = by_label(dataset.labels[0], everyone, DARK)
    assert [name for name, _colour in found.legend.classes] == ["small", "large"]
    for index in (0, 7, 31):
        name = dataset.labels[0].text(index)
        assert found.colours[index] == rgb(dict(found.legend.classes)[name])
    numbers = by_number(np.array([0.0, 1.0, np.nan, 0.5], np.float32), "radius", LIGHT)
    table = ramp_table(numbers.legend.ramp)
    assert [numbers.colours[at] for at in (0, 1)] == [table[0], table[-1]]
    assert numbers.colours[2] == rgb(LIGHT.track)
    assert not by_number(np.full(3, np.nan, np.float32), "error", DARK).legend.ramp


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_every_colour_can_be_seen_on_its_ground(theme: object) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert theme in (DARK, LIGHT)
    ground = light(theme.panel)  # pyright: ignore[reportAttributeAccessIssue]
    for colour in CLASS_COLOURS[theme.name]:  # pyright: ignore[reportAttributeAccessIssue]
        ratio = (max(light(colour), ground) + 0.05) / (min(light(colour), ground) + 0.05)
        assert ratio >= 3.0, (colour, ratio)


# ---- the view ------------------------------------------------------------------------------------------


@pytest.fixture
def view(qtbot: QtBot) -> MapView:
    """A view of a square of points."""
    view = MapView()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5)), -1).reshape(-1, 2).astype(np.float32)
    view.show_points(grid)
    view.repaint()
    return view


def test_zoom_keeps_the_place_under_the_mouse_and_pan_moves_it(view: MapView) -> None:
    at = QPointF(80, 60)
    before = view.to_map(at)
    view.zoom(1.7, at)
    assert view.to_map(at) == pytest.approx(before, abs=1e-4)
    view.pan(QPointF(10, -20))
    assert view.to_map(QPointF(90, 40)) == pytest.approx(before, abs=1e-4)
    view.fit()
    view.repaint()
    corner = view.to_screen(np.array([4, 4], np.float32))
    assert view.rect().contains(corner.toPoint())
    assert view.row_at(corner) == 24
    assert view.row_at(QPointF(1, 1)) == -1


def test_a_lasso_takes_what_is_inside_and_a_bent_one_too(view: MapView) -> None:
    def outline(*corners: tuple[float, float]) -> list[QPointF]:
        return [view.to_screen(np.array(corner, np.float32)) for corner in corners]

    square = view.rows_inside(outline((-0.5, -0.5), (1.5, -0.5), (1.5, 1.5), (-0.5, 1.5)))
    assert square.tolist() == [0, 1, 5, 6]
    notch = view.rows_inside(outline((-0.5, -0.5), (4.5, -0.5), (4.5, 4.5), (2.0, 0.5), (-0.5, 4.5)))
    assert 12 not in notch.tolist()
    assert {0, 2, 4, 10, 14} <= set(notch.tolist())


def test_what_is_painted_has_the_colours(view: MapView) -> None:
    colours = np.full(25, rgb("#ff0000"), np.uint32)
    colours[12] = rgb("#00ff00")
    view.show_colours(colours)
    picture = view.grab().toImage()
    ratio = view.devicePixelRatioF()
    for row, name in ((12, "#00ff00"), (0, "#ff0000")):
        at = view.to_screen(np.array([row % 5, row // 5], np.float32)) * ratio
        assert picture.pixelColor(at.toPoint()).name() == name
    view.show_group(np.array([12]))
    faint = view.grab().toImage().pixelColor((view.to_screen(np.zeros(2, np.float32)) * ratio).toPoint())
    assert faint.name() != "#ff0000"


def test_keys_move_the_map(qtbot: QtBot, view: MapView) -> None:
    before = view.to_map(QPointF(0, 0))
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.to_map(QPointF(0, 0))[0] < before[0]
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.to_map(QPointF(0, 0)) == pytest.approx(before, abs=1e-4)
    with qtbot.waitSignal(view.picked) as picked:
        view.repaint()
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert picked.args == [12]


# ---- the panel -----------------------------------------------------------------------------------------


def test_the_map_is_that_of_the_codes(panel: MapPanel, toy_session: Session) -> None:
    shown, dataset, codec = panel.atlas.map, toy_session.dataset, toy_session.codec
    assert shown is not None
    assert dataset is not None
    assert codec is not None
    codes = codec.encode(dataset.pictures(slice(None)))
    assert np.allclose(shown.points, fit_pca(codes).place(codes), atol=1e-4)
    assert panel.count.text().startswith("60")


def test_a_click_selects_and_the_mouse_shows(panel: MapPanel, toy_session: Session, qtbot: QtBot) -> None:
    at = place_of(panel, 33).toPoint()
    panel.view.repaint()
    qtbot.mouseMove(panel.view, QPoint(2, 2))
    with qtbot.waitSignal(panel.view.hovered):
        qtbot.mouseMove(panel.view, at)
    shown = panel.atlas.map
    assert shown is not None
    hovered = int(shown.indices[panel.view.hovered_row])
    qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=at)
    assert toy_session.index == hovered
    before = panel.view.to_map(QPointF(0, 0))
    drag(qtbot, panel.view, [QPointF(50, 50), QPointF(60, 60), QPointF(80, 70)])
    assert panel.view.to_map(QPointF(30, 20)) == pytest.approx(before, abs=0.2)


def test_the_edit_moves_on_the_map(panel: MapPanel, toy_session: Session, qtbot: QtBot) -> None:
    shown, pictures = panel.atlas.map, toy_session.pictures
    assert shown is not None
    assert shown.pca is not None
    assert pictures is not None
    with qtbot.waitSignal(toy_session.whereabouts.changed):
        toy_session.type_on_dial(2, "+1.5")
    until(qtbot, lambda: toy_session.is_idle and toy_session.whereabouts.is_idle)
    where, edited = toy_session.whereabouts.where, toy_session.pictures
    assert where is not None
    assert where.place is not None
    assert edited is not None
    moved = shown.pca.place(pictures.code[None])[0] + 1.5 * shown.pca.axes[:, 2]
    assert where.place == pytest.approx(moved, abs=1e-3)
    codec, dataset = toy_session.codec, toy_session.dataset
    assert codec is not None
    assert dataset is not None
    far = np.linalg.norm(codec.encode(dataset.pictures(slice(None))) - edited.edited_code, axis=1)
    assert panel.nearest.indices == tuple(np.argsort(far, kind="stable")[:8].tolist())
    panel.nearest.row.chosen.emit(1)
    assert toy_session.index == panel.nearest.indices[1]


def test_a_code_far_out_is_said_in_amber(panel: MapPanel, toy_session: Session, qtbot: QtBot) -> None:
    label = panel.nearest.rarity
    assert label.property("role") == "caption"
    with qtbot.waitSignal(toy_session.whereabouts.changed):
        toy_session.type_on_dial(0, "+200")
    until(qtbot, lambda: label.property("role") == "unusual")
    assert "rarer than all" in label.text()
    toy_session.undo_stack.undo()
    until(qtbot, lambda: label.property("role") == "caption")


def test_a_lasso_makes_groups(panel: MapPanel, toy_session: Session, qtbot: QtBot) -> None:
    panel.tools.button("lasso").click()
    assert panel.view.tool is Tool.LASSO
    rect = panel.view.rect().adjusted(1, 1, -2, -2)
    corners = [rect.topLeft(), rect.topRight(), rect.bottomRight(), rect.bottomLeft()]
    drag(qtbot, panel.view, [QPointF(corner) for corner in corners])
    assert panel.lasso_bar.isVisible()
    assert panel.lasso_count.text().startswith("60")
    panel.group_a.click()
    assert toy_session.groups[0] == tuple(range(60))
    panel.lasso_away.click()
    assert not panel.lasso_bar.isVisible()


def test_a_path_becomes_pictures_and_codes(
    panel: MapPanel, toy_session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.tools.button("path").click()
    width, height = panel.view.width(), panel.view.height()
    drag(qtbot, panel.view, [QPointF(width * at / 10, height * at / 10) for at in range(1, 10)])
    until(qtbot, lambda: panel.path.pictures is not None)
    found, codec = panel.path.pictures, toy_session.codec
    assert found is not None
    assert codec is not None
    assert panel.path.row.count == STEPS
    assert np.array_equal(found.pictures, codec.decode(found.path.codes))
    assert (found.path.stops >= 0).sum() >= 2
    del codec
    until(qtbot, lambda: not [one for one in gc.get_objects() if type(one) is PathRequest])  # holds a network
    panel.path.row.chosen.emit(4)
    start = toy_session.edit.start
    assert start is not None
    assert np.array_equal(start.vector(), found.path.codes[4])
    file = tmp_path / "path.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(file), ""))
    panel.path.save.click()
    assert file.stat().st_size > 500
    panel.path.play.click()
    until(qtbot, lambda: panel.path.row.grab() is not None)
    panel.path.away.click()
    assert not panel.path.isVisible()
    assert not panel.path.play.isChecked()


def test_colours_follow_what_is_chosen(panel: MapPanel, toy_session: Session, qtbot: QtBot) -> None:
    assert panel.colour.currentText() == "class"
    assert {name for name, _colour in panel.legend.legend.classes} == {"small", "large"}
    panel.colour.setCurrentText("Error")
    until(qtbot, lambda: bool(panel.legend.legend.ramp))
    panel.colour.setCurrentText("Dial in hand")
    toy_session.choose_dial(5)
    assert panel.legend.legend.title == "z5"
    panel.colour.setCurrentText("One colour")
    assert not panel.legend.isVisible()


def test_tsne_without_its_library_is_one_sentence(
    panel: MapPanel, toy_session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with qtbot.waitSignal(toy_session.failed) as said:
        panel.method.setCurrentIndex(1)
    assert said.args is not None
    assert 'pip install -e ".[map]"' in said.args[0]
    assert panel.method.currentIndex() == 0
    assert panel.atlas.map is not None
    assert panel.atlas.map.pca is not None


def test_drawing_can_be_given_up(panel: MapPanel, qtbot: QtBot) -> None:
    pytest.importorskip("openTSNE")
    panel.method.setCurrentIndex(1)
    until(qtbot, panel.busy.isVisible)
    panel.cancel.click()
    assert not panel.atlas.is_drawing
    assert panel.method.currentIndex() == 0
    assert not panel.busy.isVisible()


def test_pictures_like_the_edited_one_come_first(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        session = window.session
        session.type_on_dial(1, "+0.8")
        until(qtbot, lambda: session.is_idle)
        trigger(window, "likeEdited")
        until(qtbot, lambda: session.whereabouts.likeness is not None)
        codec, dataset, pictures = session.codec, session.dataset, session.pictures
        assert codec is not None
        assert dataset is not None
        assert pictures is not None
        far = np.linalg.norm(codec.encode(dataset.pictures(slice(None))) - pictures.edited_code, axis=1)
        assert np.all(np.diff(far[window.gallery_panel.grid.order]) >= -1e-5)


def test_the_map_is_a_dock_that_asks_for_nothing_unseen(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run, size=(1024, 700)) as window:
        panel = window.map_panel
        assert window.docks[4].isHidden()
        assert panel.atlas.map is None
        trigger(window, "toggle-mapDock")
        until(qtbot, lambda: panel.atlas.map is not None)
        window.docks[0].raise_()  # the gallery's tab before it
        until(qtbot, lambda: not panel.nearest.isVisible() or window.session.whereabouts.is_idle)
        trigger(window, "toggle-mapDock")
        assert window.docks[4].isHidden()


@pytest.mark.parametrize("size", [(1024, 700), (1440, 900)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_of_the_map_is_cut_nameless_or_untranslated(
    qtbot: QtBot, toy_file_run: Path, size: tuple[int, int]
) -> None:
    before = use_translations(Bracketed())
    try:
        with opened(qtbot, toy_file_run, size=size) as window:
            panel = window.map_panel
            trigger(window, "toggle-mapDock")
            until(qtbot, lambda: panel.atlas.map is not None and bool(panel.nearest.indices))
            panel.view.lassoed.emit(np.arange(30))
            line = [panel.view.to_map(QPointF(10 + 5 * at, 20 + 2 * at)) for at in range(20)]
            panel.view.path_drawn.emit(np.stack(line))
            until(qtbot, panel.path.isVisible)
            assert not [fact for fact in said(panel) if is_foreign(fact[1])]
            assert nameless(panel) == []
    finally:
        use_translations(before)
    with opened(qtbot, toy_file_run, size=size) as window:
        panel = window.map_panel
        window.docks[4].raise_()  # it is open, as it was when the window was closed
        until(qtbot, lambda: panel.atlas.map is not None and bool(panel.nearest.indices))
        panel.view.lassoed.emit(np.arange(30))
        panel.view.path_drawn.emit(np.stack([panel.view.to_map(QPointF(9 * at, 5 * at)) for at in range(20)]))
        until(qtbot, panel.path.isVisible)
        until(qtbot, lambda: cut_texts(panel) == [])
        assert panel.view.height() >= 80


def test_no_data_and_no_model_say_so(qtbot: QtBot, session: Session) -> None:
    panel = MapPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    assert "Open pictures and a model" in panel.view.hint
    session.put_dataset(toy_dataset(), 0)
    panel.look()
    assert "Open pictures and a model" in panel.view.hint
