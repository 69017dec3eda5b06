"""A flat button with an icon and no text."""

from PySide6.QtWidgets import QToolButton

from gui.icons import wear_icon


def icon_button(name: str, icon: str, text: str) -> QToolButton:
    """A button of an object name; text is its tooltip and what a screen reader says."""
    button = QToolButton()
    button.setObjectName(name)
    button.setAccessibleName(text)
    button.setToolTip(text)
    button.setAutoRaise(True)
    wear_icon(button, icon, "secondary")
    return button
