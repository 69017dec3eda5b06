"""WritingWindow: what windows that write files have in common: thread, progress, cancel, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.errors import LatentDialsError
from core.translate import tr
from gui.background import Runner
from gui.docked_window import DockedWindow
from gui.plain import PlainLabel
from gui.segmented import SegmentedControl
from gui.session import Session
from gui.style import set_look
from gui.theme import UNIT_PX
from gui.tool_window import ToolWindow


class WritingWindow(ToolWindow):
    """A body above a line that says what is being written and what came of it, with Cancel and Save.

    A child fills body, answers to _on_save_clicked, and calls write(). refresh() says what can be chosen now.
    """

    def __init__(self, title: str, name: str, size: QSize, session: Session, owner: QWidget) -> None:
        super().__init__(title, name, size, owner)
        self._session = session
        self._owner = owner
        self._cancelled = False
        self._done_text: Callable[[Any], str] = str
        self.runner = Runner(self)
        self.runner.items_arrived.connect(self._on_progress)
        self.runner.done.connect(self._on_done)
        self.runner.failed.connect(self._on_failed)
        session.closing.connect(self._on_closing)
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        self.message_label = PlainLabel("", self)
        self.message_label.setObjectName(f"{name}Message")
        self.message_label.setProperty("role", "caption")
        self.message_label.setWordWrap(True)
        self.progress = QProgressBar(self)
        self.progress.setObjectName(f"{name}Progress")
        self.progress.setAccessibleName(tr("Progress"))
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.cancel_button = self.button(f"{name}Cancel", tr("Cancel"), tr("Stop; nothing stays of it"))
        self.cancel_button.clicked.connect(self.cancel)
        self.cancel_button.hide()
        self.save_button = self.button(f"{name}Save", tr("Save…"), tr("Choose where, and write it"))
        self.save_button.setProperty("primary", True)
        self.save_button.clicked.connect(self._on_save_clicked)
        foot = QHBoxLayout()
        foot.setSpacing(UNIT_PX)
        foot.addWidget(self.message_label, 1)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX, 2 * UNIT_PX)
        layout.setSpacing(12)
        layout.addLayout(self.body, 1)
        layout.addWidget(self.progress)
        layout.addLayout(foot)

    # ---- what children use -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Say what can be chosen now; called when writing begins and ends."""
        raise NotImplementedError

    def _on_save_clicked(self) -> None:
        raise NotImplementedError

    @property
    def is_writing(self) -> bool:
        """Whether something is being written."""
        return self.runner.is_running

    def write(self, make: Callable[[], Generator[Any, None, Any]], done_text: Callable[[Any], str]) -> None:
        """Drain the generator that make gives beside the window; done_text says what came of it."""
        self._cancelled = False
        self._done_text = done_text
        self.progress.setRange(0, 0)
        self.progress.show()
        self.cancel_button.show()
        self.save_button.setEnabled(False)
        self.say("")
        self.runner.start(make)
        self.refresh()

    def say(self, text: str, role: str = "caption") -> None:
        """Show a sentence beside the buttons."""
        set_look(self.message_label, "role", role)
        self.message_label.setText(text)

    def button(self, name: str, text: str, tip: str) -> QPushButton:
        """A button with its names."""
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def number(self, name: str, text: str, tip: str, low: int, high: int, value: int) -> QSpinBox:
        """A field for a whole number."""
        box = QSpinBox(self)
        box.setObjectName(name)
        box.setRange(low, high)
        box.setValue(value)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        box.setAccessibleName(text)
        box.setToolTip(tip)
        return box

    def fraction(self, name: str, text: str, tip: str, high: float, step: float) -> QDoubleSpinBox:
        """A field for a number from 0 on."""
        box = QDoubleSpinBox(self)
        box.setObjectName(name)
        box.setRange(0.0, high)
        box.setDecimals(1)
        box.lineEdit().setTextMargins(6, 0, 0, 0)
        box.setSingleStep(step)
        box.setAccessibleName(text)
        box.setToolTip(tip)
        return box

    def choice(self, name: str, text: str, tip: str) -> QComboBox:
        """A list to choose from, which does not grow with its longest entry."""
        combo = QComboBox(self)
        combo.setObjectName(name)
        combo.setAccessibleName(text)
        combo.setToolTip(tip)
        combo.setMinimumContentsLength(12)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return combo

    def add_row(self, grid: QGridLayout, row: int, text: str, field: QWidget) -> QLabel:
        """Put a field with its label into a row of a form; gives the label."""
        label = QLabel(text, self)
        label.setProperty("role", "caption")
        label.setBuddy(field)
        grid.addWidget(label, row, 0)
        if isinstance(field, SegmentedControl):  # which keeps its own width
            grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignLeft)
        else:
            grid.addWidget(field, row, 1)
        return label

    def folder(self) -> Path:
        """The folder that was written to last, kept with the window between starts."""
        remembered = self._owner.memory.folder if isinstance(self._owner, DockedWindow) else ""
        return Path(remembered) if remembered else Path.home()

    def remember(self, folder: Path) -> None:
        """Begin there the next time."""
        if isinstance(self._owner, DockedWindow):
            self._owner.memory = self._owner.memory.model_copy(update={"folder": str(folder)})

    def ask_path(self, title: str, name: str, kinds: str, suffix: str) -> None:
        """Ask for a file to write; _on_path_chosen is told."""
        dialog = QFileDialog(self, title, str(self.folder() / name), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        if suffix:
            dialog.setDefaultSuffix(suffix)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_path_chosen)
        dialog.open()

    @Slot(str)
    def _on_path_chosen(self, name: str) -> None:
        path = Path(name)
        self.remember(path.parent)
        try:
            self.save_to(path)
        except (LatentDialsError, OSError) as error:
            self.say(str(error), "unusual")

    def save_to(self, path: Path) -> None:
        """Write what is chosen to path, in the background. Raises: LatentDialsError."""
        raise NotImplementedError

    # ---- the thread ------------------------------------------------------------------------------------

    @Slot()
    def cancel(self) -> None:
        """Stop writing."""
        self._cancelled = True
        self.runner.stop()

    @Slot(list)
    def _on_progress(self, items: list[Any]) -> None:
        last = items[-1]
        self.progress.setRange(0, last.total)
        self.progress.setValue(last.done)
        self.say(last.text)

    @Slot(object)
    def _on_done(self, result: object) -> None:
        self._end()
        if self._cancelled:
            self.say(tr("Cancelled: nothing was written."))
        else:
            text = self._done_text(result)
            self.say(text)
            self._session.message_posted.emit(text)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._end()
        if isinstance(error, (LatentDialsError, OSError)):
            self.say(str(error), "unusual")
            return
        self.say(tr("Something went wrong: {reason}.", reason=error), "unusual")
        raise error

    def _end(self) -> None:
        self.progress.hide()
        self.cancel_button.hide()
        self.save_button.setEnabled(True)
        self.refresh()

    @Slot()
    def _on_closing(self) -> None:
        self.runner.close()
