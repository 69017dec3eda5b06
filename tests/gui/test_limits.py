"""Every field in which a person types, at its limits and past them: a value within bounds, or a sentence."""

import math
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.config import ImportConfig, Settings, TrainConfig, settings_of
from core.errors import ConfigError
from gui.code_tools import CodeTools
from gui.export_dialog import ExportDialog
from gui.gallery_panel import GalleryPanel
from gui.import_dialog import ImportDialog
from gui.latent_panel import LatentPanel
from gui.loss_plot import LossPlot
from gui.session import Session
from gui.settings_form import NumberField, SettingsForm
from tests.torture.clicker import UNFIT

NUMBERS = {
    TrainConfig: [setting.name for setting in settings_of(TrainConfig) if not setting.choices],
    ImportConfig: [setting.name for setting in settings_of(ImportConfig) if not setting.choices],
}


@pytest.mark.parametrize("model", [TrainConfig, ImportConfig])
def test_a_number_field_gives_a_value_within_bounds_or_a_sentence(
    qtbot: QtBot, model: type[Settings]
) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    form = SettingsForm(model, holder)
    settings = {setting.name: setting for setting in settings_of(model)}
    for name in NUMBERS[model]:
        field, setting = form.fields[name], settings[name]
        assert isinstance(field, NumberField)
        for text in UNFIT:
            for key in (None, Qt.Key.Key_Up, Qt.Key.Key_Down):
                field.setText(text)
                if key is not None:
                    QTest.keyClick(field, key)
                if field.problem():
                    assert field.problem().endswith(".")
                    with pytest.raises(ConfigError):
                        form.value()
                else:
                    number = field.value()
                    assert isinstance(number, int | float)
                    assert math.isfinite(number)
                    assert setting.minimum is not None
                    assert setting.maximum is not None
                    assert setting.minimum <= number <= setting.maximum
                    assert getattr(form.value(), name) == number
        field.set_value(setting.default)
        assert not form.problem()


@pytest.mark.parametrize("model", [TrainConfig, ImportConfig])
def test_a_number_field_stops_at_its_bounds(qtbot: QtBot, model: type[Settings]) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    form = SettingsForm(model, holder)
    for setting in settings_of(model):
        field = form.fields[setting.name]
        if not isinstance(field, NumberField):
            continue
        for bound, key in ((setting.minimum, Qt.Key.Key_Down), (setting.maximum, Qt.Key.Key_Up)):
            field.set_value(bound)
            for _ in range(3):
                QTest.keyClick(field, key, Qt.KeyboardModifier.ShiftModifier)
            assert float(field.text()) == bound


def test_what_is_typed_on_a_dial_is_done_or_refused(toy_session: Session, qtbot: QtBot) -> None:
    panel = LatentPanel(toy_session)
    qtbot.addWidget(panel)
    panel.show()
    dial = panel.grid.dials()[0]
    for text in UNFIT:
        dial.open_editor("")
        editor = dial.findChild(QWidget, "dialEditor")
        assert editor is not None
        editor.insert(text)  # pyright: ignore[reportAttributeAccessIssue]
        QTest.keyClick(editor, Qt.Key.Key_Return)
        if dial.is_typing and text.strip():
            assert editor.toolTip().endswith(".")
        QTest.keyClick(editor, Qt.Key.Key_Escape)
        value = toy_session.value_of(dial.reading.dim)
        assert math.isfinite(value)
        assert abs(value) <= 3.5e38
    qtbot.waitUntil(lambda: toy_session.is_idle, timeout=20_000)
    toy_session.undo_stack.setIndex(0)
    assert toy_session.edit.is_empty
    qtbot.waitUntil(lambda: toy_session.is_idle, timeout=20_000)


def test_the_gallery_search_takes_any_text(toy_session: Session, qtbot: QtBot) -> None:
    panel = GalleryPanel(toy_session)
    qtbot.addWidget(panel)
    panel.show()
    for text in UNFIT:
        panel.search.setText(text)
        QTest.keyClick(panel.search, Qt.Key.Key_Return)
        assert 0 <= toy_session.index < 60
        if not text.strip():
            assert len(panel.grid.order) == 60
    panel.search.clear()
    for size in (-5, 0, 24, 256, 10_000):
        panel.thumbnail_px.setValue(size)
        assert 24 <= panel.grid.thumbnail_px <= 256
    qtbot.waitUntil(lambda: toy_session.is_idle, timeout=20_000)


def test_the_gallery_is_laid_out_at_any_size(toy_session: Session, qtbot: QtBot) -> None:
    panel = GalleryPanel(toy_session)
    qtbot.addWidget(panel)
    panel.show()
    for size in (24, 50, 90, 256):
        panel.thumbnail_px.setValue(size)
        for width in range(180, 420, 60):
            for height in range(250, 900, 13):
                panel.resize(width, height)
                grid, bar = panel.grid, panel.grid.verticalScrollBar()
                last = grid.tile_rect(59).bottom() + bar.value()
                assert (last > grid.viewport().height()) <= (bar.maximum() > 0)


def test_the_export_scale_stays_within_its_bounds(toy_session: Session, qtbot: QtBot) -> None:
    dialog = ExportDialog(toy_session)
    qtbot.addWidget(dialog)
    low, high = dialog.scale_box.minimum(), dialog.scale_box.maximum()
    for text in UNFIT:
        dialog.scale_box.lineEdit().setText(text[:40])
        dialog.scale_box.interpretText()
        assert low <= dialog.scale_box.value() <= high
    dialog.scale_box.setValue(low)
    qtbot.waitUntil(lambda: not dialog.is_drawing, timeout=20_000)
    dialog.reject()


def test_a_preset_takes_any_name_but_an_empty_one(toy_session: Session, qtbot: QtBot) -> None:
    tools = CodeTools(toy_session)
    qtbot.addWidget(tools)
    toy_session.type_on_dial(0, "+1")
    for text in UNFIT:
        tools.name.setText(text)
        tools.save.click()
        if text.strip():
            assert text.strip() in toy_session.presets
    assert all(name.strip() for name in toy_session.presets)
    tools.menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: toy_session.is_idle, timeout=20_000)


def test_smoothing_stays_below_one(session: Session, qtbot: QtBot) -> None:
    plot = LossPlot(session)
    qtbot.addWidget(plot)
    for value in (-(2**31), -1, 0, 99, 100, 2**31 - 1):
        plot.smoothing_slider.setValue(value)
        assert 0.0 <= plot.smoothing < 1.0


def test_an_import_with_a_wrong_size_cannot_be_opened(qtbot: QtBot, toy_file: Path) -> None:
    dialog = ImportDialog(toy_file)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(dialog.open_button.isEnabled, timeout=20_000)
    field = dialog.form.fields["size"]
    assert isinstance(field, NumberField)
    for text in UNFIT:
        field.setText(text)
        if dialog.form.problem():
            assert not dialog.open_button.isEnabled()
            assert dialog.problem_label.text().endswith(".")
    field.setText("0")
    qtbot.waitUntil(dialog.open_button.isEnabled, timeout=20_000)
    dialog.reject()
