"""HistoryPanel: every step of the editing history in a list; a click goes back or forward to it."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QUndoView, QVBoxLayout, QWidget
from shiboken6 import isValid

from core.translate import tr
from gui.icons import wear_icon
from gui.session import Session
from gui.theme import UNIT_PX


class HistoryPanel(QWidget):
    """The undo stack as a list, the step in force chosen; Undo and Redo above it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack = session.undo_stack
        self.setObjectName("historyPanel")
        self.setAccessibleName(tr("History"))
        title = QLabel(tr("History"), self)
        title.setProperty("role", "title")
        self._count = QLabel(self)
        self._count.setProperty("role", "secondary")
        self.undo_button = _tool(self, "undo", tr("Undo"))
        self.redo_button = _tool(self, "redo", tr("Redo"))
        self.undo_button.clicked.connect(self._stack.undo)
        self.redo_button.clicked.connect(self._stack.redo)
        self._stack.canUndoChanged.connect(self.undo_button.setEnabled)
        self._stack.canRedoChanged.connect(self.redo_button.setEnabled)
        self.undo_button.setEnabled(self._stack.canUndo())
        self.redo_button.setEnabled(self._stack.canRedo())
        head = QHBoxLayout()
        head.setSpacing(UNIT_PX // 2)
        head.addWidget(title)
        head.addWidget(self._count)
        head.addStretch(1)
        head.addWidget(self.undo_button)
        head.addWidget(self.redo_button)
        self.view = QUndoView(self._stack, self)
        self.view.setObjectName("historyList")
        self.view.setAccessibleName(tr("Steps of the edit"))
        self.view.setEmptyLabel(tr("Start"))
        self.view.setFrameShape(QUndoView.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(UNIT_PX + 4, UNIT_PX, UNIT_PX + 4, UNIT_PX)
        layout.setSpacing(UNIT_PX // 2)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        self._stack.indexChanged.connect(self._on_index_changed)
        self._on_index_changed(self._stack.index())

    @Slot(int)
    def _on_index_changed(self, index: int) -> None:
        stack = getattr(self, "_stack", None)
        if stack is None or not isValid(stack):  # it says goodbye while the window is taken down
            return
        count = stack.count()
        self._count.setText(tr("{index} of {count}", index=index, count=count) if count else "")


def _tool(parent: QWidget, picture: str, text: str) -> QToolButton:
    button = QToolButton(parent)
    button.setAccessibleName(text)
    button.setToolTip(text)
    button.setAutoRaise(True)
    wear_icon(button, picture, "secondary")
    return button
