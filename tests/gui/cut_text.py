"""Which texts of a window are cut: measured against the room that the style leaves them."""

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QToolButton,
    QWidget,
)

from gui.elided_label import ElidedLabel

TOLERANCE_PX = 1


def cut_texts(root: QWidget) -> list[str]:
    """A line for every visible text of root that does not fit, or that lies outside of what holds it."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        if not widget.isVisibleTo(root) or isinstance(widget, ElidedLabel):
            continue
        found += [f"{name(widget)}: {what}" for what in problems(widget)]
    return found


def name(widget: QWidget) -> str:
    """What to call a widget in a report."""
    text = getattr(widget, "text", None)
    said = repr(text()) if callable(text) else ""
    parent = widget.parentWidget()
    where = "" if parent is None else f" in {type(parent).__name__} {parent.objectName()}"
    return f"{type(widget).__name__} {widget.objectName()} {said}{where}"


def problems(widget: QWidget) -> Iterator[str]:
    """What is cut of one widget."""
    needed = needed_px(widget)
    if needed is None:
        return
    room = room_px(widget)
    if needed > room + TOLERANCE_PX:
        yield f"needs {needed} px and has {room}"
    if isinstance(widget, QLabel) and widget.wordWrap():
        tall = widget.heightForWidth(widget.width())
        if tall > widget.height() + TOLERANCE_PX:
            yield f"needs a height of {tall} px and has {widget.height()}"
    elif widget.fontMetrics().height() > widget.height() + TOLERANCE_PX:
        yield f"is {widget.height()} px high, its text {widget.fontMetrics().height()}"
    if outside := outside_of(widget):
        yield outside


def needed_px(widget: QWidget) -> int | None:
    """The width of the widest text that may stand in a widget; None where it shows no text of its own."""
    metrics = widget.fontMetrics()

    def widest(*texts: str) -> int | None:
        lines = [line.replace("&", "") for text in texts for line in text.splitlines()]
        return max((metrics.horizontalAdvance(line) for line in lines), default=None)

    if isinstance(widget, QLabel):
        if widget.wordWrap():
            return widest(*widget.text().split())
        return widest(widget.text())
    if isinstance(widget, QComboBox):
        return widest(*(widget.itemText(at) for at in range(widget.count())))
    if isinstance(widget, QLineEdit):
        return widest(widget.text() or widget.placeholderText())
    if isinstance(widget, QToolButton) and widget.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly:
        return None if widget.text() and not widget.icon().isNull() else widest(widget.text())
    if isinstance(widget, QAbstractButton):
        icon = 0 if widget.icon().isNull() else widget.iconSize().width() + 4
        text = widest(widget.text())
        return None if text is None else text + icon
    return None


def room_px(widget: QWidget) -> int:
    """The width that the style leaves for the text."""
    style = widget.style()
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        kind, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        return style.subControlRect(kind, option, part, widget).width()
    if isinstance(widget, QPushButton):
        button = QStyleOptionButton()
        widget.initStyleOption(button)
        return style.subElementRect(QStyle.SubElement.SE_PushButtonContents, button, widget).width()
    if isinstance(widget, QCheckBox):
        button = QStyleOptionButton()
        widget.initStyleOption(button)
        return style.subElementRect(QStyle.SubElement.SE_CheckBoxContents, button, widget).width()
    if isinstance(widget, QLineEdit):
        option_room = widget.contentsRect().width()
        if isinstance(widget.parentWidget(), QAbstractSpinBox):
            return option_room
        return option_room - 2 * 9  # the padding and border of the style sheet, and the cursor's margin
    if isinstance(widget, QToolButton):
        return widget.width() - 2
    return widget.contentsRect().width()


def outside_of(widget: QWidget) -> str:
    """Which of its parents cuts a widget off; what can be scrolled to is not cut."""
    own, parent = QRect(QPoint(), widget.size()), widget.parentWidget()
    child: QWidget = widget
    while parent is not None and not child.isWindow():
        holder = parent.parentWidget()
        if isinstance(holder, QAbstractScrollArea) and holder.viewport() is parent:
            return ""
        own.translate(child.pos())
        if not parent.rect().adjusted(-1, -1, 1, 1).contains(own):
            return f"lies at {own.getRect()} outside of {type(parent).__name__} {parent.size().toTuple()}"
        child, parent = parent, parent.parentWidget()
    return ""
