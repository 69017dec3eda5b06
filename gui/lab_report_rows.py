"""ReportRows: the kept adjustments of the chosen picture as rows, with the person's words on each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from core.translate import tr
from gui.adjustment_row import AdjustmentRow
from gui.export_request import ExportSubject, FigureRequest, export_subject
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.codec import Codec


class ReportRows(QScrollArea):
    """Follows the session when it is told to; what is written is kept there at each key.

    Another picture or run takes the rows away without asking, and there is no later moment to keep words at.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.rows: list[AdjustmentRow] = []
        self.subject: ExportSubject | None = None  # what the figures are of
        self._place: tuple[object, ...] = ()  # whose adjustments the rows are
        self._codec: Codec | None = None  # that the facts were measured with
        self._facts: list[str] = []
        self._bursts: list[object] = []  # of each row: all that is written in it is one step to undo
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the keys
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def refresh(self) -> None:
        """Show what is kept now. Under new weights alone the rows stay: somebody may be writing in one."""
        place, codec = self._place_now(), self._session.codec
        if place != self._place or codec is not self._codec:
            is_here = place == self._place
            self._place, self._codec = place, codec
            self.subject = self._subject_now()
            self._facts = self._measured()
            if not is_here or len(self._facts) != len(self.rows):
                self._make_rows()
            else:
                for row, facts in zip(self.rows, self._facts, strict=True):
                    row.show_facts(facts)
        for row, facts, kept in zip(self.rows, self._facts, self._session.kept, strict=False):
            if kept.note != row.adjustment.note:  # written elsewhere, or taken back
                row.adjustment = kept
                with QSignalBlocker(row):
                    row.words_edit.setPlainText(kept.note or facts)

    # ---- inside ----------------------------------------------------------------------------------------

    def _place_now(self) -> tuple[object, ...]:
        session = self._session
        data = session.dataset.identity.fingerprint if session.dataset is not None else ""
        run = session.run.path if session.run is not None else None
        states = tuple(kept.state for kept in session.kept)
        return data, run, session.index, session.pictures is not None, states

    def _subject_now(self) -> ExportSubject | None:
        """What the session has in hand, with the chosen picture: pictures may still be of the one before."""
        subject = export_subject(self._session)
        original = self._session.original() if subject is not None else None
        if subject is None or original is None or original.shape != subject.codec.picture_shape:
            return None
        return replace(subject, original=original)

    def _measured(self) -> list[str]:
        """The measured facts about each kept adjustment, in words."""
        if self.subject is None:
            return []
        adjustments = tuple((kept.state.as_edits(), None) for kept in self._session.kept)
        figure = FigureRequest(self.subject, adjustments, 1, "light", False)
        return [panel.note for panel in figure.comparison().adjustments]

    def _make_rows(self) -> None:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT_PX)
        described = enumerate(zip(self._session.kept, self._facts, strict=False))
        self.rows = [AdjustmentRow(kept, facts, at, box) for at, (kept, facts) in described]
        self._bursts = [object() for _row in self.rows]
        for row in self.rows:
            row.edited.connect(self._on_edited)
            column.addWidget(row)
        if not self.rows:
            hint = QLabel(
                tr(
                    "No adjustment of this picture is kept (Ctrl+K keeps one): the report shows the two"
                    " strongest dials of each run, moved by 2 standard deviations."
                ),
                box,
            )
            hint.setProperty("role", "caption")
            hint.setWordWrap(True)
            column.addWidget(hint)
        column.addStretch(1)
        self.setWidget(box)

    @Slot()
    def _on_edited(self) -> None:
        if self._place != self._place_now():  # the rows of before, which are about to go
            return
        for position, (row, burst) in enumerate(zip(self.rows, self._bursts, strict=True)):
            note = row.adjustment.note
            if row.words != note.strip() and row.own_words != note:
                row.adjustment = replace(row.adjustment, note=row.own_words)
                self._session.set_note(position, row.own_words, burst)
