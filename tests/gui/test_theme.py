"""The theme: its tokens, its contrast, and that choosing one changes what is worn."""

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from gui.icons import icon, wear_icon
from gui.segmented import Choice, SegmentedControl
from gui.style import style_sheet as filled
from gui.theme import (
    DARK,
    LIGHT,
    Theme,
    apply_theme,
    current_theme,
    style_sheet,
    theme_for,
    theme_watch,
    ui_font,
)
from resources import resource_path


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = []
    shade = QColor(colour)
    for channel in (shade.redF(), shade.greenF(), shade.blueF()):
        parts.append(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_text_can_be_read_on_every_ground(theme: Theme) -> None:
    for ground in (theme.window, theme.panel, theme.raised):
        assert contrast(theme.text, ground) >= 7.0
        assert contrast(theme.secondary, ground) >= 4.5
        assert contrast(theme.unusual, ground) >= 4.0
        assert contrast(theme.accent, ground) >= 4.0
    assert contrast(theme.on_accent, theme.accent) >= 4.5


def test_the_tokens_are_those_of_the_target() -> None:
    assert (DARK.window, DARK.panel, DARK.raised) == ("#16181d", "#1d2026", "#262a32")
    assert (LIGHT.accent, LIGHT.unusual, LIGHT.third) == ("#1667d9", "#b45f06", "#12805c")
    assert theme_for(Qt.ColorScheme.Dark) is DARK
    assert theme_for(Qt.ColorScheme.Light) is LIGHT
    assert theme_for(Qt.ColorScheme.Unknown) is LIGHT


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_style_sheet_holds_no_colour_of_its_own_and_its_pictures_exist(theme: Theme) -> None:
    colours = set(re.findall(r"#[0-9a-fA-F]{6}", style_sheet(theme)))
    assert colours <= {value for name, value in vars(theme).items() if name != "name"}
    pictures = re.findall(r'url\("([^"]+)"\)', style_sheet(theme))
    assert pictures
    for picture in pictures:
        drawn = resource_path("icons", picture.rsplit("/", 1)[1]).read_text(encoding="utf-8")
        assert set(re.findall(r"#[0-9a-fA-F]{6}", drawn)) <= {theme.secondary, theme.text, theme.on_accent}


def test_a_missing_token_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled({"icons": "dark"})


def test_choosing_a_theme_changes_palette_sheet_and_icons_once(qapp: QApplication, qtbot: QtBot) -> None:
    apply_theme(qapp, "light")
    button = QPushButton()
    qtbot.addWidget(button)
    wear_icon(button, "play", "text")
    before = button.icon().cacheKey()
    with qtbot.waitSignal(theme_watch().theme_changed, timeout=2000):
        apply_theme(qapp, "dark")
    assert current_theme() is DARK
    assert qapp.palette().window().color() == QColor(DARK.panel)
    assert DARK.accent in qapp.styleSheet()
    assert button.icon().cacheKey() != before
    with qtbot.assertNotEmitted(theme_watch().theme_changed):
        apply_theme(qapp, "dark")


def test_icons_are_drawn_in_the_theme_and_grey_where_disabled(qapp: QApplication) -> None:
    apply_theme(qapp, "dark")
    stop = icon("stop", "accent").pixmap(16, 16).toImage()
    assert stop.pixelColor(stop.width() // 2, stop.height() // 2) == QColor(DARK.accent)
    idle = icon("stop").pixmap(16, 16, mode=icon("stop").Mode.Disabled).toImage()
    assert idle.pixelColor(idle.width() // 2, idle.height() // 2) == QColor(DARK.disabled)


def test_fonts_have_tabular_figures(qapp: QApplication) -> None:
    font = ui_font(20)
    assert font.pixelSize() == 20
    assert [font.featureValue(tag) for tag in font.featureTags() if tag.toString() == b"tnum"] == [1]


def test_a_segment_is_chosen_by_mouse_and_keyboard_and_set_silently(qtbot: QtBot) -> None:
    control = SegmentedControl([Choice("a", "A"), Choice("b", "B"), Choice("c", "C")], "Letters")
    qtbot.addWidget(control)
    control.show()
    with qtbot.waitSignal(control.chosen) as caught:
        qtbot.mouseClick(control.button("b"), Qt.MouseButton.LeftButton)
    assert caught.args == ["b"]
    control.button("b").setFocus()
    with qtbot.waitSignal(control.chosen) as caught:
        qtbot.keyClick(control.button("b"), Qt.Key.Key_Right)
    assert caught.args == ["c"]
    with qtbot.assertNotEmitted(control.chosen):
        control.set_current("a")
    assert control.current == "a"
