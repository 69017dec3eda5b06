"""Clicks in the real window, whatever is in sight, and what must hold after each click."""

import shutil
from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)

from core.config import TrainConfig, settings_of
from core.datasets import open_dataset
from core.metrics import MetricsRow
from core.run_files import CHECKPOINT
from gui.main_window import MainWindow
from gui.session import Session
from gui.trainer import TrainingState
from tests.torture.watching import Faults, drop_deleted, live, live_until
from tests.torture.world import World

STATES = ("nothing", "data", "run", "both", "training", "paused", "finished", "following", "failed")
LONG = 100_000  # epochs
UNFIT = (
    "", " ", "-", "+", ".", "0", "-0", "-0.0", "1e999", "-1e999", "1e308", "1e-320", "nan", "inf", "-inf",
    "9" * 30, "9" * 400, "9" * 5000, "1,000", "1 000", "1_000", "0x10", "1e5", "٣", "７", "²", "−5", "*2",
    "=-3", "+20", "#3", "#99999999999", "odd", "%s {name} <b>", "../x", "\t", "word " * 300, "😀", "\u202e7",
)  # fmt: skip
KEYS = (
    Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Up,
    Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_F2, Qt.Key.Key_A, Qt.Key.Key_L,
    Qt.Key.Key_S, Qt.Key.Key_N, Qt.Key.Key_5, Qt.Key.Key_Plus, Qt.Key.Key_Minus,
)  # fmt: skip
_STOPPABLE = (TrainingState.STARTING, TrainingState.RUNNING, TrainingState.PAUSED)
T = TypeVar("T")
W = TypeVar("W", bound=QWidget)


class Clicker:
    """One window after the other; each click says in words what it did."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.world = world
        self._faults = faults
        self._window: MainWindow | None = None
        self._state = ""
        # A menu that opens in a loop of its own would wait for ever for a person.
        self._menus = QTimer(interval=100)
        self._menus.timeout.connect(_close_menus)
        self._menus.start()

    @property
    def window(self) -> MainWindow:
        """The window that is open."""
        assert self._window is not None
        return self._window

    # ---- states ----------------------------------------------------------------------------------------

    def reach(self, state: str) -> None:
        """Have a window in a state; the one that is open, where it is in that state still."""
        if self._window is not None and self._state == state and self._is_in(state):
            return
        self._shut()
        self._window = MainWindow(Session())
        self._window.show()
        self._state = state
        session = self._window.session
        session.follower.interval_ms = 20
        self._window.training_panel.form.set_values({"batch_size": 16, "latent_dim": 4, "network": "conv"})
        match state:
            case "nothing":
                pass
            case "run":
                session.open_run(self.world.far)
            case "data":
                self._open_pictures()
            case "training" | "paused" | "finished":
                self._open_pictures()
                self._train(1 if state == "finished" else LONG)
                if state == "paused":
                    self._window.training_panel.pause_button.click()
            case _:
                self._open_pictures()
                run = self.world.folder / "run-own"
                shutil.rmtree(run, ignore_errors=True)
                shutil.copytree(self.world.runs[0], run)
                session.open_run(run)
                if state == "following":
                    self.report_from_elsewhere()
                if state == "failed":
                    (run / CHECKPOINT).write_bytes(b"torn")
                    session.continue_training(LONG)
        live_until(f"state {state}", lambda: self._is_in(state))

    def _open_pictures(self) -> None:
        self.window.session.put_dataset(open_dataset(self.world.pictures[0]), 0)

    def _train(self, epochs: int) -> None:
        panel = self.window.training_panel
        panel.form.set_values({"epochs": epochs})
        panel.train_new()

    def _is_in(self, state: str) -> bool:
        session = self.window.session
        trainer = session.trainer
        open_now = (session.dataset is not None, session.run is not None)
        match state:
            case "nothing" | "data" | "run":
                return open_now == (state == "data", state == "run")
            case "training":
                return trainer.state is TrainingState.RUNNING and trainer.record is not None
            case "paused":
                return trainer.state is TrainingState.PAUSED
            case "finished":
                record = trainer.record
                return not trainer.is_active and record is not None and record.finished
            case "following":
                return session.follower.is_live
            case _:
                return open_now == (True, True) and not trainer.is_active and session.pictures is not None

    # ---- clicks ----------------------------------------------------------------------------------------

    def trigger(self, which: int) -> str:
        """An action of the menus; what cannot be chosen is tried too."""
        if _dialog() is not None:
            return self.answer_dialog(which)
        return self.trigger_by_name(_one(self.action_names(), which) or "about")

    def trigger_by_name(self, name: str) -> str:
        """The action of that object name."""
        action = self.window.findChild(QAction, name)
        assert action is not None, name
        enabled = action.isEnabled()
        action.trigger()
        live(0.0)
        if not self.window.isVisible():  # it was Quit
            self._shut()
            self.reach("nothing")
        return f"{name}{'' if enabled else ' (grey)'}"

    def action_names(self) -> list[str]:
        """The actions of the window that have a name."""
        return [action.objectName() for action in self.window.findChildren(QAction)
                if action.objectName() and not action.objectName().startswith("qt_")]  # fmt: skip

    def click(self, which: int) -> str:
        """A button in sight; of one that opens a menu, an entry of it."""
        button = _one(self._in_sight(QAbstractButton), which)
        if button is None:
            return "no button"
        if isinstance(button, QToolButton) and (menu := button.menu()) is not None:
            menu.aboutToShow.emit()
            entry = _one([action for action in menu.actions() if action.isEnabled()], which // 7)
            if entry is not None:
                entry.trigger()
            return f"{_name(button)} > {entry.text() if entry else 'nothing'}"
        name = _name(button)
        button.click()
        live(0.0)
        return name

    def type_text(self, which: int, text: int) -> str:
        """Something unfit in a field in sight, with Enter after it or without."""
        fields = [*self._in_sight(QLineEdit), *self._in_sight(QPlainTextEdit)]
        field = _one([field for field in fields if not field.isReadOnly()], which)
        if field is None:
            return "no field"
        typed = UNFIT[text % len(UNFIT)]
        name = _name(field)
        field.setFocus()
        field.selectAll()
        if isinstance(field, QLineEdit):
            field.insert(typed)
        else:
            field.insertPlainText(typed)
        if text % 2:
            QTest.keyClick(field, Qt.Key.Key_Up)
            QTest.keyClick(field, Qt.Key.Key_Return)
        return f"{typed[:20]!r} in {name}"

    def choose(self, which: int, place: int) -> str:
        """An entry of a list, or a place on a slider."""
        controls = [*self._in_sight(QComboBox), *self._in_sight(QAbstractSlider)]
        control = _one(controls, which)
        if control is None:
            return "nothing to choose"
        if isinstance(control, QComboBox):
            control.setCurrentIndex(place % max(1, control.count()))
        else:
            span = control.maximum() - control.minimum()
            control.setValue(control.minimum() + (place * span) // 10_000)
        return f"{place} of {_name(control)}"

    def press(self, which: int, key: int) -> str:
        """A key on anything that takes the focus."""
        tab = Qt.FocusPolicy.TabFocus
        widget = _one([found for found in self._in_sight(QWidget) if found.focusPolicy() & tab], which)
        if widget is None:
            return "nothing to press on"
        name, chosen = _name(widget), KEYS[key % len(KEYS)]
        widget.setFocus()
        ctrl = Qt.KeyboardModifier.ControlModifier
        QTest.keyClick(widget, chosen, ctrl if key % 5 == 0 else Qt.KeyboardModifier.NoModifier)
        return f"{chosen.name} on {name}"

    def turn(self, which: int, text: int) -> str:
        """A dial by typing or by dragging."""
        dials = [dial for dial in self.window.latent_panel.grid.dials() if dial.isVisible()]
        dial = _one(dials, which)
        if dial is None or _dialog() is not None:
            return "no dial"
        if text % 3 == 0:
            at = dial.rect().center()
            QTest.mousePress(dial, Qt.MouseButton.LeftButton, pos=at)
            QTest.mouseMove(dial, at.transposed())
            live(0.01)
            QTest.mouseRelease(dial, Qt.MouseButton.LeftButton, pos=at)
            return f"dragged dial {dial.reading.dim}"
        dial.setFocus()
        dial.open_editor("")
        editor = dial.findChild(QLineEdit, "dialEditor")
        assert editor is not None
        typed = UNFIT[text % len(UNFIT)]
        editor.insert(typed)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        return f"{typed[:20]!r} on dial {dial.reading.dim}"

    def drop(self, which: int) -> str:
        """A file or folder on the window."""
        if _dialog() is not None:
            return self.answer_dialog(which)
        path = _one(self.world.everything(), which)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        event = QDropEvent(
            QPointF(100, 100),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            QEvent.Type.Drop,
        )
        self.window.dropEvent(event)
        return str(path)

    def answer_dialog(self, how: int) -> str:
        """The dialog in front is accepted or given up; one that asks for a file gets one."""
        dialog = _dialog()
        if dialog is None:
            return "no dialog"
        name = _name(dialog)
        if isinstance(dialog, QFileDialog):
            saved = self.world.folder / "saved" / "new.png"
            saves = dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
            path = saved if saves else _one((*self.world.everything(), saved), how)  # what is there stays
            dialog.fileSelected.emit(str(path))
            dialog.reject()
        elif how % 3 == 0:
            dialog.accept()
        elif how % 3 == 1:
            dialog.reject()
        else:
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        live(0.0)
        return name

    def wait(self, long: int) -> str:
        """A moment; or until what is being opened is open, and shown."""
        live(0.02)
        if long:
            session, starting = self.window.session, TrainingState.STARTING
            opener, trainer = session.opener, session.trainer  # which may draw the built-in faces for long
            live_until(
                "a rest", lambda: (session.is_idle or opener.is_growing) and trainer.state is not starting
            )
        return "a rest" if long else "a moment"

    def report_from_elsewhere(self) -> str:
        """Another process adds a row to the open run's reports."""
        session = self.window.session
        run = session.run
        if run is None or session.is_training or not run.path.is_relative_to(self.world.folder):
            return "no run"
        steps = run.metrics().step
        step = int(steps[-1]) + 1 if len(steps) else 1
        row = MetricsRow(step=step, epoch=1, images=step, seconds=float(step), loss=0.5, reconstruction=0.5,
                         kl=0.0, mse=0.5, val_mse=0.5)  # fmt: skip
        live(0.05)  # the follower has looked before
        run.append_metrics(row)
        live(0.05)
        return f"step {step}"

    def close_dialogs(self) -> None:
        """Give up every dialog."""
        while (dialog := _dialog()) is not None:
            dialog.reject()
            live(0.0)

    # ---- what must hold --------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises: AssertionError for what does not hold now."""
        assert not self._faults.texts, self._faults.texts[0]
        window, session = self.window, self.window.session
        state = session.trainer.state
        has_pictures = session.pictures is not None
        is_edited = has_pictures and not session.edit.is_empty
        shows_now = has_pictures and session.replay.epoch is None
        can_train = session.dataset is not None and state is TrainingState.IDLE
        expected = {
            "trainAction": can_train,
            "pauseAction": state in _STOPPABLE,
            "stopAction": state in _STOPPABLE,
            "exportAction": shows_now,
            "keepAdjustment": is_edited and shows_now,
            "resetAll": is_edited,
            "undo": session.undo_stack.canUndo(),
            "redo": session.undo_stack.canRedo(),
            "revealRun": session.run is not None,
            "skippedFiles": session.dataset is not None,
        }
        for name, enabled in expected.items():
            action = window.findChild(QAction, name)
            assert action is not None
            assert action.isEnabled() == enabled, f"{name} should be {_word(enabled)}"
        panel = window.training_panel
        for button, enabled in (
            (panel.train_button, can_train),
            (panel.pause_button, state in _STOPPABLE),
            (panel.stop_button, state in _STOPPABLE),
        ):
            assert button.isEnabled() == enabled, f"{button.text()} should be {_word(enabled)}"
            assert enabled or button.toolTip().endswith("."), f"{button.text()} is grey without a reason"
        objective = str(panel.form.fields["objective"].value())
        for setting in settings_of(TrainConfig):
            is_on = state is TrainingState.IDLE and setting.is_used_by(objective)
            assert panel.form.fields[setting.name].isEnabled() == is_on, setting.name
        if session.dataset is not None:
            assert -1 <= session.index < len(session.dataset)
        if session.pictures is not None:
            assert session.codec is not None, "pictures without a model"
            assert session.dataset is not None, "pictures without data"
            assert session.codec.picture_shape == session.dataset.picture_shape
            assert session.pictures.code.shape == (session.codec.latent_dim,)
        for name in ("openFolder", "openFile", "openFaces", "openRun", "openBundled"):
            action = window.findChild(QAction, name)
            assert action is not None
            assert action.isEnabled(), f"{name} is grey: there is no way on"

    def prove_a_way_on(self) -> None:
        """From here a person can train, and stop, and train again. Raises: AssertionError, TimeoutError."""
        session, panel = self.window.session, self.window.training_panel
        trainer = session.trainer
        self.close_dialogs()
        for _ in range(2):
            if session.is_training:
                if trainer.state is not TrainingState.STOPPING:
                    panel.stop_button.click()
                live_until("the end of training", lambda: not session.is_training)
            if session.opener.is_busy:  # the built-in faces take long where they have yet to be drawn
                session.cancel_task()
            if session.dataset is None:
                self._open_pictures()
            panel.form.set_value(TrainConfig(network="conv", latent_dim=4, batch_size=16))
            assert panel.train_button.isEnabled(), "one cannot train"
            before = session.run
            panel.train_new()
            assert session.run is not before, "Train began no run"
            live_until("a first record", lambda: trainer.record is not None or not session.is_training)
            assert trainer.record is not None, f"training ended at once: {self.window.notice.text}"
            self.check()

    def close(self, *, proven: bool = True) -> None:
        """Close the window, at the end, once a way on is proven."""
        try:
            if proven and self._window is not None and not self._faults.texts:
                self.prove_a_way_on()
        finally:
            self._menus.stop()
            self._shut()

    def _shut(self) -> None:
        window, self._window = self._window, None
        if window is not None:
            window.close()
            window.deleteLater()
            drop_deleted()

    def _in_sight(self, kind: type[W]) -> Sequence[W]:
        """What of a kind a person could reach now; of a dialog for files only the answer is."""
        front = QApplication.activePopupWidget() or _dialog() or self.window
        if isinstance(front, QFileDialog):
            return []
        return [widget for widget in front.findChildren(kind) if widget.isVisible() and widget.isEnabled()]


def _dialog() -> QDialog | None:
    front = QApplication.activeModalWidget()
    return front if isinstance(front, QDialog) else None


def _close_menus() -> None:
    popup = QApplication.activePopupWidget()
    if isinstance(popup, QMenu):
        popup.close()


def _one(choices: Sequence[T], which: int) -> T | None:
    return choices[which % len(choices)] if choices else None


def _word(enabled: bool) -> str:
    return "enabled" if enabled else "grey"


def _name(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return f"{type(widget).__name__} {widget.objectName() or widget.accessibleName() or text}"
