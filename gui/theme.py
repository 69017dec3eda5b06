"""The one place for colours, sizes and fonts: the style sheet and self-painting widgets read them here.

The rules for Qt's own widgets are in gui/style.py.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from gui.style import style_sheet as _style_sheet

ThemeChoice = Literal["system", "light", "dark"]

UNIT_PX = 8  # every distance is a multiple of this or its half
TEXT_PX = 13
CONTROL_PX = 12
CAPTION_PX = 11
VALUE_PX = 20
RADIUS_PX = 6

# A Linux desktop without a theme names no interface face: the first of these that is installed stands in.
_NO_CHOICE = ("", "Sans Serif", "Sans", "DejaVu Sans", "Helvetica")
_FACES = ("Inter", "Cantarell", "Ubuntu", "Noto Sans", "Roboto", "Open Sans", "Liberation Sans")


@dataclass(frozen=True)
class Theme:
    """The colours of one appearance, as "#rrggbb" texts; color(name) gives a QColor."""

    name: Literal["dark", "light"]
    window: str
    panel: str
    raised: str
    hover: str
    pressed: str
    line: str
    track: str
    band: str  # where the data lie: the inner band of a dial
    text: str
    secondary: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    unusual: str
    third: str

    def color(self, token: str) -> QColor:
        """The QColor of one token, for example color("accent")."""
        return QColor(getattr(self, token))


DARK = Theme(
    name="dark",
    window="#16181d",
    panel="#1d2026",
    raised="#262a32",
    hover="#2e333d",
    pressed="#21252c",
    line="#30353f",
    track="#3a404c",
    band="#6b7486",
    text="#e8eaee",
    secondary="#9aa2b1",
    disabled="#656d7b",
    accent="#4c9bff",
    accent_hover="#6aacff",
    on_accent="#08162b",  # white on this accent has a contrast of 2.8 only
    unusual="#ffb454",
    third="#5ccf9a",
)

LIGHT = Theme(
    name="light",
    window="#f3f4f6",
    panel="#ffffff",
    raised="#f0f2f5",
    hover="#e6e9ee",
    pressed="#dcdfe5",
    line="#dcdfe5",
    track="#d5d9e0",
    band="#a3abb8",
    text="#1c1f26",
    secondary="#606a7b",
    disabled="#9aa2ae",
    accent="#1667d9",
    accent_hover="#2b77e3",
    on_accent="#ffffff",
    unusual="#b45f06",
    third="#12805c",
)


_RUN_HUES = (155, 325, 265, 80, 5, 185, 300, 45)  # of runs beside the open one, far from each other


def run_colour(theme: Theme, place: int) -> QColor:
    """The colour of a run among those compared with the open one; from the ninth on they are paler."""
    round_, at = divmod(place, len(_RUN_HUES))
    lightness = 168 if theme.name == "dark" else 92
    step = 24 if theme.name == "dark" else 34
    return QColor.fromHsl(_RUN_HUES[at], 150, min(lightness + step * (round_ % 3), 225))


# What tells classes apart, most frequent first, and what stands for numbers from low to high; readable on the
# panel of each theme (contrast of 3 and more).
CLASS_COLOURS = {
    "dark": ("#4c9bff", "#ffb454", "#5ccf9a", "#ff7a90", "#b593ff", "#4fd0e0",
             "#e0d24f", "#f08fd8", "#9fc26b", "#d79a6b", "#8fa6c9"),
    "light": ("#1667d9", "#b45f06", "#12805c", "#c2274b", "#6f42c1", "#0b7c8c",
              "#857400", "#b0308f", "#4d7a1e", "#8a4b20", "#4a6288"),
}  # fmt: skip
RAMP = {
    "dark": ("#5a63c8", "#3f8fd6", "#35b8a6", "#8fd457", "#ffe14f"),
    "light": ("#5fa8e6", "#3f7fd6", "#5a52c4", "#84279c", "#5c0a3f"),
}


def theme_for(scheme: Qt.ColorScheme) -> Theme:
    """The theme of a colour scheme; a system that says nothing gets the light one."""
    return DARK if scheme is Qt.ColorScheme.Dark else LIGHT


class ThemeWatch(QObject):
    """Keeps the application in the chosen theme and follows the system where that is the choice.

    Signals:
        theme_changed(): the colours are other ones now; whoever caches them asks current_theme() again.
    """

    theme_changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._theme: Theme = theme_for(app.styleHints().colorScheme())
        self.choice: ThemeChoice = "system"
        app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    @property
    def theme(self) -> Theme:
        """The theme that is worn now."""
        return self._theme

    def choose(self, choice: ThemeChoice) -> None:
        """Wear the light or dark theme, or what the system says."""
        self.choice = choice
        schemes = {
            "system": Qt.ColorScheme.Unknown,
            "light": Qt.ColorScheme.Light,
            "dark": Qt.ColorScheme.Dark,
        }
        self._app.styleHints().setColorScheme(schemes[choice])
        self._wear()

    @Slot()
    def _on_scheme_changed(self) -> None:
        self._wear()

    def _wear(self) -> None:
        # Platforms that cannot change their scheme (offscreen, some X11 desktops) keep reporting their own.
        chosen = {"light": LIGHT, "dark": DARK}.get(self.choice)
        theme = chosen or theme_for(self._app.styleHints().colorScheme())
        sheet = style_sheet(theme)
        if self._app.styleSheet() == sheet and theme == self._theme:
            return
        self._theme = theme
        self._app.setPalette(palette_of(theme))
        self._app.setStyleSheet(sheet)
        self.theme_changed.emit()


def theme_watch(app: QApplication | None = None) -> ThemeWatch:
    """The application's ThemeWatch, made at the first call."""
    found = app or QApplication.instance()
    if not isinstance(found, QApplication):
        raise RuntimeError("theme_watch() needs a QApplication")
    watch = found.findChild(ThemeWatch, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return watch if watch is not None else ThemeWatch(found)


def current_theme() -> Theme:
    """The theme that is worn now."""
    return theme_watch().theme


def apply_theme(app: QApplication, choice: ThemeChoice = "system") -> ThemeWatch:
    """Give the application its style, fonts and colours; call again with another choice to switch."""
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    app.setFont(ui_font())
    watch = theme_watch(app)
    watch.choose(choice)
    return watch


def style_sheet(theme: Theme) -> str:
    """The style sheet of Qt's own widgets in a theme."""
    return _style_sheet(
        {
            **{token: value for token, value in vars(theme).items() if token != "name"},
            "icons": theme.name,
            "text_px": str(TEXT_PX),
            "control_px": str(CONTROL_PX),
            "caption_px": str(CAPTION_PX),
            "value_px": str(VALUE_PX),
            "radius": str(RADIUS_PX),
        }
    )


def ui_font(size_px: int = TEXT_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The system's interface face at a size in pixels, with tabular figures where the face has them."""
    return QFont(_ui_font(size_px, weight))


@cache
def _ui_font(size_px: int, weight: QFont.Weight) -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if font.family() in _NO_CHOICE:
        installed = set(QFontDatabase.families())
        font.setFamilies([*(face for face in _FACES if face in installed), font.family()])
    font.setPixelSize(size_px)
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def palette_of(theme: Theme) -> QPalette:
    """The palette of a theme, for what a style sheet does not reach."""
    palette = QPalette()
    role = QPalette.ColorRole
    for which, token in {
        role.Window: "panel",
        role.WindowText: "text",
        role.Base: "raised",
        role.AlternateBase: "panel",
        role.Text: "text",
        role.Button: "raised",
        role.ButtonText: "text",
        role.BrightText: "unusual",
        role.ToolTipBase: "raised",
        role.ToolTipText: "text",
        role.PlaceholderText: "secondary",
        role.Highlight: "accent",
        role.HighlightedText: "on_accent",
        role.Link: "accent",
        role.LinkVisited: "accent",
        role.Accent: "accent",
        role.Light: "hover",
        role.Midlight: "hover",
        role.Mid: "line",
        role.Dark: "line",
        role.Shadow: "window",
    }.items():
        palette.setColor(which, theme.color(token))
    for which in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, theme.color("disabled"))
    return palette
