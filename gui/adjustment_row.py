"""AdjustmentRow: one adjustment in the export dialog, whether it goes into the figure, and words on it."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from core.translate import tr
from gui.edit_state import Kept
from gui.theme import UNIT_PX

_WORDS_PX = 62


class AdjustmentRow(QFrame):
    """A box to tick and a box of words, started with the measured facts.

    position is the place among the kept adjustments, None for the edit in hand.

    Signals:
        edited(): ticked or unticked, or other words.
    """

    edited = Signal()

    def __init__(
        self, adjustment: Kept, facts: str, position: int | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.adjustment = adjustment
        self.position = position
        self._facts = facts
        name = adjustment.state.text()
        self.include_box = QCheckBox(
            name if position is not None else tr("{edit} (not kept)", edit=name), self
        )
        self.include_box.setChecked(True)
        self.include_box.setToolTip(tr("Show this adjustment in the figure"))
        self.words_edit = QPlainTextEdit(adjustment.note or facts, self)
        self.words_edit.setAccessibleName(tr("What differs: {edit}", edit=name))
        self.words_edit.setToolTip(tr("Your own words on what differs; emptied, the figure says nothing"))
        self.words_edit.setFixedHeight(_WORDS_PX)
        self.words_edit.setTabChangesFocus(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, UNIT_PX // 2)
        layout.setSpacing(UNIT_PX // 2)
        layout.addWidget(self.include_box)
        layout.addWidget(self.words_edit)
        self.include_box.toggled.connect(self._on_changed)
        self.words_edit.textChanged.connect(self._on_changed)

    @property
    def is_included(self) -> bool:
        """Whether it goes into the figure."""
        return self.include_box.isChecked()

    @property
    def words(self) -> str:
        """What the figure says about it."""
        return self.words_edit.toPlainText().strip()

    @property
    def own_words(self) -> str:
        """The person's words; empty while they are the measured facts."""
        return "" if self.words == self._facts.strip() else self.words

    def show_facts(self, facts: str) -> None:
        """Take other measured facts; words of the person's own stay."""
        is_measured = not self.own_words and bool(self.words)
        self._facts = facts
        if is_measured:
            self.words_edit.setPlainText(facts)

    @Slot()
    def _on_changed(self) -> None:
        self.words_edit.setEnabled(self.is_included)
        self.edited.emit()
