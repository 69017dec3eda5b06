"""Names from files are shown as they are: nothing of the window takes them for HTML."""

from pathlib import Path

import numpy as np
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from gui.plain import plain_tip
from tests.gui import windows

NAME = "<b>bold</b> <img src='x'>"


def test_a_tip_keeps_the_signs_of_its_text() -> None:
    assert plain_tip("a < b, c > d") == "a < b, c > d"
    assert plain_tip("<b>x</b>\ny") == "<span>&lt;b&gt;x&lt;/b&gt;<br>y</span>"


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
