"""The window's icons: line drawings in resources/icons, coloured by the theme when they are drawn."""

from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from gui.theme import current_theme, theme_watch
from resources import resource_path

ICON_PX = 16
_RATIOS = (1.0, 2.0)  # drawn for plain and for fine screens; Qt scales between them


def icon(name: str, token: str = "text") -> QIcon:
    """The icon resources/icons/<name>.svg in the current theme: a colour token, greyed where disabled.

    It keeps the colours of the theme it was made in; wear_icon() follows the theme.
    """
    theme = current_theme()
    result = QIcon()
    for mode, colour in (
        (QIcon.Mode.Normal, getattr(theme, token)),
        (QIcon.Mode.Disabled, theme.disabled),
        (QIcon.Mode.Selected, theme.on_accent),
    ):
        for ratio in _RATIOS:
            result.addPixmap(_draw(name, colour, ratio), mode, QIcon.State.Off)
    for ratio in _RATIOS:
        result.addPixmap(_draw(name, theme.on_accent, ratio), QIcon.Mode.Normal, QIcon.State.On)
    return result


def wear_icon(owner: QAbstractButton | QAction, name: str, token: str = "text") -> None:
    """Give a button or an action its icon, now and in every theme to come."""
    worn = owner.findChild(_Worn, options=Qt.FindChildOption.FindDirectChildrenOnly)
    if worn is None:
        worn = _Worn(owner)
    worn.wear(name, token)


class _Worn(QObject):
    """Redraws the icon of its owner when the theme changes."""

    def __init__(self, owner: QAbstractButton | QAction) -> None:
        super().__init__(owner)
        self._owner = owner
        self._name = ""
        self._token = ""
        theme_watch().theme_changed.connect(self._on_theme_changed)

    def wear(self, name: str, token: str) -> None:
        self._name, self._token = name, token
        self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._owner.setIcon(icon(self._name, self._token))
        if isinstance(self._owner, QAbstractButton):
            self._owner.setIconSize(QSize(ICON_PX - 2, ICON_PX - 2))


@cache
def _source(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


def _draw(name: str, colour: str, ratio: float) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    pixmap = QPixmap(round(ICON_PX * ratio), round(ICON_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, ICON_PX, ICON_PX))
    painter.end()
    return pixmap
