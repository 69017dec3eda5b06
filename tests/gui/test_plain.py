"""Names from files are shown as they are: nothing of the window takes them for HTML."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from gui.plain import PlainLabel, plain_tip
from tests.gui import windows

NAME = "<b>bold</b> <img src='x'>"


def test_a_tip_keeps_the_signs_of_its_text() -> None:
    assert plain_tip("a < b, c > d") == "a < b, c > d"
    assert plain_tip("<b>x</b>\ny") == "<span>&lt;b&gt;x&lt;/b&gt;<br>y</span>"


def test_a_long_path_is_never_wider_than_its_label(qtbot: QtBot) -> None:
    path = "/home/someone/pictures_of_last_year/" + "faces" * 30 + "/a-name-without-a-space.npy"
    label = PlainLabel()
    qtbot.addWidget(label)
    label.setWordWrap(True)
    label.setText(f"Saved {path}.")
    assert label.text() == f"Saved {path}."
    width = 240
    flags = Qt.TextFlag.TextWordWrap
    shown = QLabel.text(label)
    drawn = label.fontMetrics().boundingRect(QRect(0, 0, width, 10_000), flags, shown)
    assert drawn.width() <= width
    plainly = label.fontMetrics().boundingRect(QRect(0, 0, width, 10_000), flags, label.text())
    assert plainly.width() > width  # as it would be cut
    assert label.heightForWidth(width) >= drawn.height()


def test_a_path_that_can_be_copied_stays_as_it_is(qtbot: QtBot) -> None:
    label = PlainLabel()
    qtbot.addWidget(label)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    path = "/home/someone/pictures_of_last_year/faces.npy"
    label.setText(path)
    label.setSelection(0, len(path))
    assert label.selectedText() == path


def wrong_texts(top: QWidget) -> list[str]:
    """Labels and tooltips that would show a name from a file as HTML."""
    labels = [
        label.text()
        for label in top.findChildren(QLabel)
        if "bold" in label.text()
        and label.textFormat() is not RichText.TextFormat.PlainText
        and RichText.mightBeRichText(label.text())
    ]
    tips = [widget.toolTip() for widget in top.findChildren(QWidget) if "<b>bold" in widget.toolTip()]
    return labels + tips


def test_a_file_named_like_html(qtbot: QtBot, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    folder = tmp_path / NAME.replace("/", "_")
    folder.mkdir()
    path = folder / "<b>bold<i>.npy"
    np.save(path, pictures)
    with windows.opened(qtbot, path) as window:
        window.notice.show_failure(f"{path} is broken")
        assert wrong_texts(window) == []
        window.open_path(path)
        dialog = window.findChildren(QDialog)[-1]
        qtbot.waitUntil(lambda: bool(wrong_texts(dialog)) or getattr(dialog, "inspection", None) is not None)
        assert wrong_texts(dialog) == []
        dialog.reject()
