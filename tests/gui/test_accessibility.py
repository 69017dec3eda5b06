"""The window for everyone: names, keys, another language, and no action that fails."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction, QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.config import ForeignConfig, ImportConfig, TrainConfig, settings_of
from core.translate import use_translations
from gui.dial import Dial
from gui.main_window import MainWindow
from gui.stage import Mode
from gui.trainer import TrainingState
from tests.gui.windows import edit, empty, every_dialog, opened, trigger, until
from tests.test_translation import Bracketed

# what the offscreen platform says when a popup opens
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard", extend=True)

LONG = TrainConfig(latent_dim=4, epochs=5000, batch_size=16, device="cpu")


# ---- another language ----------------------------------------------------------------------------------

# Said the same in every language: the program's name, values of settings as config.json has them, and the
# names of the person's own data and files.
SAME_EVERYWHERE = {
    "Latent Dials",
    "discs",
    "discs.npy",
    "weights.pt",
    *(
        word
        for model in (TrainConfig, ImportConfig, ForeignConfig)
        for setting in settings_of(model)
        for word in setting.choices
    ),
}


def said(root: QWidget) -> Iterator[tuple[str, str]]:
    """Everything that a widget and what is in it may say: (which widget, text)."""
    for item in (root, *root.findChildren(QWidget), *root.findChildren(QAction)):
        if item.objectName().startswith(("qt_", "ScrollLeft", "ScrollRight")):
            continue  # Qt's own parts, in Qt's own catalogue
        texts: list[str] = [item.toolTip(), item.statusTip(), item.whatsThis()]
        if isinstance(item, QWidget):
            texts += [item.accessibleName(), item.accessibleDescription(), item.windowTitle()]
        if isinstance(item, QLabel | QAbstractButton | QAction):
            texts.append(item.text())
        if isinstance(item, QLineEdit | QPlainTextEdit):
            texts.append(item.placeholderText())
        if isinstance(item, QMenu | QGroupBox):
            texts.append(item.title())
        if isinstance(item, QComboBox):
            texts += [item.itemText(at) for at in range(item.count())]
        if isinstance(item, QSpinBox):
            texts += [item.prefix(), item.suffix(), item.specialValueText()]
        yield from ((f"{type(item).__name__} {item.objectName()}", text) for text in texts if text)


def listed(facts: set[tuple[str, str]]) -> str:
    """Facts a line each, for a report."""
    return "\n".join(f"{where}: {text!r}" for where, text in sorted(facts))


def is_foreign(text: str) -> bool:
    """Whether a text has a word that did not pass through the catalogue."""
    plain = re.sub(r"<[^>]*>|&(?=\w)", "", text)
    if "⟦" in plain or plain in SAME_EVERYWHERE or Path(plain).is_absolute():
        return False
    return re.search(r"[^\W\d_]{3,}", plain) is not None


def test_every_text_is_in_the_language_that_was_chosen(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path
) -> None:
    before = use_translations(Bracketed())
    try:
        with opened(qtbot, toy_file_run) as window:
            wrong = set()
            edit(qtbot, window)
            for mode in Mode:
                window.canvas_panel.set_mode(mode)
                wrong |= {fact for fact in said(window) if is_foreign(fact[1])}
            window.canvas_panel.set_mode(Mode.SIDE_BY_SIDE)
            with every_dialog(qtbot, window, toy_file) as dialogs:
                wrong |= {fact for part in dialogs for fact in said(part) if is_foreign(fact[1])}
            window.session.reset_all()
            window.training_panel.set_settings(LONG)
            window.training_panel.train_new()
            until(qtbot, lambda: window.session.trainer.state is TrainingState.RUNNING)
            wrong |= {fact for fact in said(window) if is_foreign(fact[1])}
            assert not wrong, listed(wrong)
    finally:
        use_translations(before)


def test_an_empty_window_is_in_the_language_that_was_chosen(qtbot: QtBot) -> None:
    before = use_translations(Bracketed())
    try:
        with empty(qtbot) as window:
            wrong = {fact for fact in said(window) if is_foreign(fact[1])}
            assert not wrong, listed(wrong)
    finally:
        use_translations(before)


def test_a_planted_text_is_found(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    QLabel("⟦Through⟧ the catalogue", widget)
    assert not any(is_foreign(text) for _where, text in said(widget))
    QLabel("Past it", widget)
    assert any(is_foreign(text) for _where, text in said(widget))


# ---- names and keys ------------------------------------------------------------------------------------


def nameless(root: QWidget) -> list[str]:
    """Visible controls that take the keyboard and have no name for a screen reader."""
    found = []
    for widget in root.findChildren(QWidget):
        takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not takes_keys or not widget.isVisibleTo(root) or widget.objectName().startswith("qt_"):
            continue
        if widget.focusProxy() is not None:
            continue  # another takes its keys
        known = QAccessible.queryAccessibleInterface(widget)
        if known is None or not known.text(QAccessible.Text.Name).strip():
            above = widget.parentWidget()
            found.append(f"{type(widget).__name__} {widget.objectName()} in {type(above).__name__}")
    return found


def test_every_control_has_a_name(qtbot: QtBot, toy_file: Path, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        edit(qtbot, window)
        trigger(window, "toggle-historyDock")
        assert not nameless(window), nameless(window)
        with every_dialog(qtbot, window, toy_file) as dialogs:
            assert {str(dialog): nameless(dialog) for dialog in dialogs if nameless(dialog)} == {}


def test_tab_reaches_everything(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        edit(qtbot, window)
        window.activateWindow()
        until(qtbot, window.isActiveWindow)
        window.gallery_panel.search.setFocus()
        reached: list[QWidget] = []
        while True:
            here = QApplication.focusWidget()
            assert here is not None
            if here in reached:
                break
            reached.append(here)
            qtbot.keyClick(here, Qt.Key.Key_Tab)
        assert here is reached[0], f"Tab goes round without {reached[0]}, from {reached[-1]} to {here}"
        names = {widget.objectName() for widget in reached}
        wanted = {"gallery", "trainButton", "exportButton", "keepButton", "lossLog", "setting-epochs"}
        assert wanted <= names
        assert any(isinstance(widget, Dial) for widget in reached)
        missed = [
            f"{type(widget).__name__} {widget.objectName()} in {type(widget.parentWidget()).__name__}"
            for widget in window.findChildren(QWidget)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.isVisibleTo(window)
            and widget.isEnabled()
            and widget not in reached
            and not widget.objectName().startswith("qt_")
            and widget.focusProxy() is None
        ]
        # of exclusive segments and radio buttons, the chosen one has the Tab and the arrows do the rest
        missed = [name for name in missed if not name.startswith("_Segment")]
        assert not missed, missed


def test_no_two_actions_have_the_same_keys(qtbot: QtBot, toy_file_run: Path) -> None:
    with opened(qtbot, toy_file_run) as window:
        own = Qt.ShortcutContext.WidgetShortcut
        keys: dict[str, str] = {}
        for action in window.findChildren(QAction):
            if action.shortcutContext() is own:
                continue
            for sequence in action.shortcuts():
                text = sequence.toString(QKeySequence.SequenceFormat.PortableText)
                assert text not in keys, f"{text}: {keys[text]} and {action.objectName()}"
                keys[text] = action.objectName()
        for shortcut in window.findChildren(QShortcut):
            assert shortcut.key().toString() not in keys
        assert {"Ctrl+O", "Ctrl+Z", "Ctrl+E", "Ctrl+K", "Ctrl+T", "Ctrl+Q"} <= set(keys)


def test_no_two_entries_of_a_menu_have_the_same_letter(qtbot: QtBot) -> None:
    with empty(qtbot) as window:
        bar = window.menuBar()
        for holder in (bar, *bar.findChildren(QMenu)):
            letters = [found[1].lower() for action in holder.actions()
                       if (found := re.search(r"&(\w)", action.text()))]  # fmt: skip
            assert len(letters) == len(set(letters)), f"{holder.objectName()}: {letters}"


# ---- every action in every state -----------------------------------------------------------------------

# Those that ask with a dialog of the system's, or end everything.
ENDS = {"quit"}
ALWAYS = {"openFolder", "openFile", "openFaces", "openRun", "openBundled", "architecture", "shortcuts",
          "whereKept", "about", "resetLayout"}  # fmt: skip
WITH_DATA = {"skippedFiles", "nextPicture", "trainAction"}
WITH_MODEL = {"exportAction", "exportComparison", "copyComparison", "randomCode", "targetCode", "negateDial",
              "revealRun", "exportPlot", "exportCsv"}  # fmt: skip
EDITED = {"keepAdjustment", "resetAll", "resetDial", "undo"}


def enabled(window: MainWindow) -> set[str]:
    """The names of the actions that can be chosen, apart from the ways of looking."""
    names = {action.objectName() for action in window.findChildren(QAction) if action.isEnabled()}
    others = {"redo", "pauseAction", "stopAction", "previousPicture"}
    return names & (ALWAYS | WITH_DATA | WITH_MODEL | EDITED | others)


def test_what_cannot_be_done_cannot_be_chosen(qtbot: QtBot, toy_file: Path, toy_file_run: Path) -> None:
    with empty(qtbot) as window:
        assert enabled(window) == ALWAYS
    with opened(qtbot, toy_file) as window:
        assert enabled(window) == ALWAYS | WITH_DATA
    with opened(qtbot, toy_file_run) as window:
        assert enabled(window) == ALWAYS | WITH_DATA | WITH_MODEL
        window.session.type_on_dial(0, "+20")
        assert enabled(window) == ALWAYS | WITH_DATA | WITH_MODEL | EDITED
        window.session.undo_stack.undo()
        assert enabled(window) == ALWAYS | WITH_DATA | WITH_MODEL | {"redo"}
        window.session.select_image(59)
        until(qtbot, lambda: window.session.is_idle)
        assert "nextPicture" not in enabled(window)
        assert "previousPicture" in enabled(window)


def prepare_nothing(_qtbot: QtBot, _window: MainWindow) -> None:
    """As it is."""


def prepare_training(qtbot: QtBot, window: MainWindow) -> None:
    """Train, with an edit in hand."""
    edit(qtbot, window)
    window.training_panel.set_settings(LONG)
    window.training_panel.train_new()
    until(qtbot, lambda: window.session.trainer.state is TrainingState.RUNNING)


@pytest.mark.parametrize(
    ("open_what", "prepare"),
    [("", prepare_nothing), ("data", prepare_nothing), ("run", edit), ("run", prepare_training)],
    ids=["nothing", "data", "model", "training"],
)
def test_every_action_can_be_chosen_at_any_time(
    qtbot: QtBot, toy_file: Path, toy_file_run: Path, monkeypatch: pytest.MonkeyPatch,
    open_what: str, prepare: Callable[[QtBot, MainWindow], None],
) -> None:  # fmt: skip
    revealed: list[object] = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_arguments: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: ("", ""))
    monkeypatch.setattr(QDesktopServices, "openUrl", revealed.append)
    source = {"": None, "data": toy_file, "run": toy_file_run}[open_what]
    with empty(qtbot) if source is None else opened(qtbot, source) as window:
        prepare(qtbot, window)
        actions = [action for action in window.findChildren(QAction) if action.objectName() not in ENDS]
        chosen = 0
        for action in actions:
            if action.menu() is not None or action.isSeparator() or not action.isEnabled():
                continue
            action.trigger()
            chosen += 1
            qtbot.wait(1)
            close_dialogs(window)
            if window.session.opener.is_busy:
                window.session.cancel_task()
        until(qtbot, lambda: window.session.is_idle)
        assert chosen > 20
        assert bool(revealed) is (open_what != "")  # with pictures alone, "Train" came before


def close_dialogs(window: MainWindow) -> None:
    """Close what an action opened."""
    for dialog in window.findChildren(QDialog):
        if dialog.isVisible():
            dialog.reject()
