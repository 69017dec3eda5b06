"""LabWindow: two runs side by side on the same pictures, a page a question and a file a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QCloseEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.config import dependent_defaults
from core.translate import tr
from gui.elided_label import ElidedLabel
from gui.lab_betweens import BetweensPage
from gui.lab_chooser import RunChooser, described
from gui.lab_damages import DamagesPage
from gui.lab_imitation import ImitationPage
from gui.lab_noise import NoisePage
from gui.lab_nudge import NudgePage
from gui.lab_page import LabPage
from gui.lab_sampling import SamplingPage
from gui.lab_sides import LabSides
from gui.session import Session
from gui.theme import UNIT_PX
from gui.tool_window import ToolWindow

if TYPE_CHECKING:
    from core.encoding import EncodeProgress

_LIST_PX = 176
EMPTY_PX = 480


class LabWindow(ToolWindow):
    """A chooser of the second run above, the pages on the left, the page that was chosen."""

    def __init__(self, session: Session, owner: QWidget | None) -> None:
        super().__init__(tr("Laboratory"), "labWindow", QSize(1180, 760), owner)
        self._session = session
        self.sides = LabSides(session, self)
        self.pages: tuple[LabPage, ...] = (
            NudgePage(session, self.sides),
            NoisePage(session, self.sides),
            BetweensPage(session, self.sides),
            SamplingPage(session, self.sides),
            ImitationPage(session, self.sides),
            DamagesPage(session, self.sides),
        )
        self.setMinimumSize(860, 560)
        self._make_head()
        self.page_list = QListWidget(self)
        self.page_list.setObjectName("labPages")
        self.page_list.setAccessibleName(tr("Pages of the laboratory"))
        self.page_list.setFixedWidth(_LIST_PX)
        self.page_list.setStyleSheet("QListWidget { border: none; }")
        self.page_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.stack = QStackedWidget(self)
        self.stack.setObjectName("labStack")
        for page in self.pages:
            self.page_list.addItem(page.title)
            self.stack.addWidget(page)
        self.empty = self._make_empty()
        self.stack.addWidget(self.empty)
        self.page_list.setCurrentRow(0)
        self.page_list.setFocus()
        self.page_list.currentRowChanged.connect(self._on_page_chosen)

        head = QHBoxLayout()
        head.setSpacing(UNIT_PX)
        head.addWidget(self._letter("A", "accent"))
        head.addWidget(self.a_label, 3)
        head.addSpacing(UNIT_PX)
        head.addWidget(self._letter("B", "third"))
        head.addWidget(self.chooser)
        head.addWidget(self.b_label, 2)
        middle = QHBoxLayout()
        middle.setSpacing(2 * UNIT_PX)
        middle.addWidget(self.page_list)
        middle.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * UNIT_PX, 12, 2 * UNIT_PX, 12)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addLayout(middle, 1)

        self.sides.changed.connect(self._on_changed)
        self.sides.choices_changed.connect(self._on_changed)
        self.sides.progressed.connect(self._on_progressed)
        session.closing.connect(self.end_threads, Qt.ConnectionType.DirectConnection)
        self._on_changed()

    def choose_page(self, name: str) -> LabPage:
        """Show the page of an object name."""
        row = next(row for row, page in enumerate(self.pages) if page.objectName() == name)
        self.page_list.setCurrentRow(row)
        return self.pages[row]

    def showEvent(self, event: QShowEvent) -> None:
        """Look for runs, and open the second one."""
        super().showEvent(event)
        if not event.spontaneous():  # not when a person brings the window back from the task bar
            self.sides.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        """Let go of the second run and of what was measured."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._rest()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing hides the window."""
        super().closeEvent(event)

    def _rest(self) -> None:
        self.sides.rest()
        for page in self.pages:
            page.rest()

    def _make_head(self) -> None:
        self.a_label = ElidedLabel("", "caption", self)
        self.a_label.setObjectName("labSideA")
        self.chooser = RunChooser(self.sides, "lab", self)
        self.b_label = ElidedLabel("", "caption", self)
        self.b_label.setObjectName("labSideB")

    def _letter(self, letter: str, role: str) -> QLabel:
        label = QLabel(letter, self)
        label.setProperty("role", role)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        return label

    def _make_empty(self) -> QWidget:
        empty = QWidget(self)
        empty.setObjectName("labEmpty")
        self.empty_label = QLabel(empty)
        self.empty_label.setObjectName("labEmptyText")
        self.empty_label.setProperty("role", "secondary")
        self.empty_label.setTextFormat(Qt.TextFormat.PlainText)
        self.empty_label.setWordWrap(True)
        self.empty_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_label.setFixedWidth(EMPTY_PX)
        self.prepare_button = QPushButton(tr("Prepare the training"), empty)
        self.prepare_button.setObjectName("labPrepare")
        self.prepare_button.clicked.connect(self._on_prepare)
        column = QVBoxLayout(empty)
        column.addStretch(1)
        column.addWidget(self.empty_label, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(UNIT_PX)
        column.addWidget(self.prepare_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        return empty

    # ---- what is shown ---------------------------------------------------------------------------------

    def _state(self) -> str:
        """Why no page can be shown, in words; empty where one can."""
        session, sides = self._session, self.sides
        if session.dataset is None or sides.a is None:
            return tr(
                "The laboratory compares two runs on the same pictures: open pictures and a model first."
            )
        if session.codec is not None and session.codec.picture_shape != session.dataset.picture_shape:
            return tr("The open model does not read the open pictures: open its own, or train one on these.")
        if sides.b is not None:
            return ""
        if sides.trouble:
            return sides.trouble
        if sides.is_opening or sides.is_looking:
            return tr("Opening the second run…")
        if sides.choices:
            return tr("Choose the second run, side B, above.")
        other = tr("an autoencoder") if sides.a.is_variational else tr("a variational autoencoder")
        return tr(
            "There is no second run on pictures of this size yet. Train {other} beside {name} on the same"
            " pictures, or take one from another folder.",
            other=other,
            name=sides.a.name,
        )

    @Slot()
    def _on_changed(self) -> None:
        a, b, state = self.sides.a, self.sides.b, self._state()
        self.a_label.set_text(described(a) if a is not None else tr("no run is open"))
        if b is not None and not self.sides.is_opening:
            self.b_label.set_text(described(b, named=False))
        elif b is None:
            self.b_label.set_text("")
        may_prepare = a is not None and not self.sides.choices and not self.sides.is_looking
        self.prepare_button.setVisible(bool(state) and may_prepare and not self._session.is_training)
        if self.empty_label.text() != state:
            self.empty_label.setText(state)
            # A layout that centres a label gives it the height of its own width, not of the one it has here.
            self.empty_label.setFixedHeight(self.empty_label.heightForWidth(EMPTY_PX))
        page = self.empty if state else self.pages[self.page_list.currentRow()]
        if self.stack.currentWidget() is not page:
            self.stack.setCurrentWidget(page)

    @Slot(object)
    def _on_progressed(self, progress: EncodeProgress | None) -> None:
        if progress is not None:
            self.b_label.set_text(progress.text)
        else:
            self._on_changed()

    @Slot(int)
    def _on_page_chosen(self, _row: int) -> None:
        self._on_changed()

    @Slot()
    def _on_prepare(self) -> None:
        """Show the settings of the open run with the other objective in the training form."""
        a = self.sides.a
        if a is None:
            return
        train = a.run.config.train
        objective = "ae" if a.is_variational else "vae"
        # All else alike; how much the KL weighs is the objective's own.
        beta = dependent_defaults(train.network, objective)["beta"]
        self._session.trainer.suggest(train.model_dump() | {"objective": objective, "beta": beta})
        self._session.message_posted.emit(
            tr("The form holds the settings of {name} with the other objective: press Train.", name=a.name)
        )

    @Slot()
    def end_threads(self) -> None:
        """Stop everything, and wait for every thread: the session goes."""
        for page in self.pages:
            page.close_threads()
        self.sides.close()
