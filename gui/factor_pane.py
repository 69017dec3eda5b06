"""FactorPane: the dials against known factors: the matrix, MIG and DCI, measured beside the window."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.errors import LatentDialsError
from core.translate import tr
from gui import heavy
from gui.analyst import Subject
from gui.background import Runner
from gui.matrix_view import MatrixView
from gui.plain import PlainLabel
from gui.session import Session

if TYPE_CHECKING:
    from core.encoding import Codes, EncodeProgress
    from core.factors import FactorReport

_CELL_PX = 18


def study(subject: Subject, codes: Codes) -> Generator[EncodeProgress, None, FactorReport]:
    """The report on a subject's codes, from the run's folder or measured and kept there."""
    dataset = subject.dataset
    folder: Path | None = subject.folder
    kept = None
    if folder is not None:
        kept = heavy.factors.FactorsFile(folder, subject.codec, dataset, len(codes.codes))
        if (known := kept.load()) is not None:
            return known
    report = yield from heavy.factors.measure_factors(codes, dataset.labels)
    if kept is not None:
        kept.save(report)
    return report


class FactorPane(QWidget):
    """Measures when it is first looked at, and again when it is asked to.

    Signals:
        changed(): report is another, or None.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.report: FactorReport | None = None
        self._of: tuple[object, object] | None = None  # the codes and labels that were measured, or are
        self._dials: list[int] = []
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_items)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self.words = PlainLabel()
        self.words.setProperty("role", "secondary")
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setObjectName("factorsCancel")
        self.cancel.clicked.connect(self._on_cancel)
        self.measure = QPushButton(tr("Measure"))
        self.measure.setObjectName("factorsMeasure")
        self.measure.setToolTip(tr("Hold the dials against the labels of the pictures"))
        self.measure.clicked.connect(self.start)
        self.scores = [_Score() for _ in range(4)]
        self.view = MatrixView(tr("What each dial knows of each factor"), _CELL_PX)
        self.view.setObjectName("factorMatrix")
        self.view.chosen.connect(self._on_chosen)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.view)
        self._lay_out()
        session.analyst.statistics_changed.connect(self._on_data_changed)
        session.labels_changed.connect(self._on_data_changed)
        session.dataset_changed.connect(self._on_data_changed)
        session.dial_changed.connect(self._on_dial_changed)
        self._show_state()

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(8)
        above.addWidget(self.words, 1)
        above.addWidget(self.bar)
        above.addWidget(self.cancel)
        above.addWidget(self.measure)
        cards = QHBoxLayout()
        cards.setSpacing(8)
        for score in self.scores:
            cards.addWidget(score, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(10)
        layout.addLayout(cards)
        layout.addLayout(above)
        layout.addWidget(self.area, 1)
        layout.addStretch(0)

    def renew(self) -> None:
        """Measure, unless what is shown is of these codes and labels."""
        if self.report is None and self._subject() is not None and self._of != self._now():
            self.start()
        else:
            self._show_state()

    def close_threads(self) -> None:
        """Wait for what is measured."""
        self._runner.close()

    @Slot()
    def start(self) -> None:
        """Measure now."""
        subject, codes = self._subject(), self._session.analyst.codes
        if subject is None or codes is None:
            return
        self._of = self._now()
        self._runner.start(lambda: study(subject, codes))
        self._show_state(tr("Holding the dials against the labels…"))

    def _subject(self) -> Subject | None:
        session, folder = self._session, self._session.kept_folder
        if session.codec is None or session.dataset is None or session.analyst.codes is None:
            return None
        return Subject(session.codec, session.dataset, len(session.analyst.codes.codes), folder)

    def _now(self) -> tuple[object, object]:
        dataset = self._session.dataset
        return self._session.analyst.codes, None if dataset is None else dataset.labels

    def _show_state(self, text: str = "") -> None:
        running = self._runner.is_running
        report = self.report
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        can = self._subject() is not None
        self.measure.setVisible(not running)
        self.measure.setEnabled(can and self._of != self._now())
        self.measure.setText(tr("Measure again") if report is not None else tr("Measure"))
        for widget in (self.area, *self.scores):
            widget.setVisible(report is not None)
        if text:
            self.words.setText(text)
        elif report is None and not can:
            self.words.setText(tr("There are no codes yet: open pictures with labels, and a model."))
        elif report is None:
            self.words.setText(tr("Which dial knows which label? Measuring takes a few seconds."))
        elif self._of != self._now():
            self.words.setText(tr("Codes or labels have changed since this was measured."))
        else:
            self.words.setText(" ".join(heavy.factors.notes_of(report)))

    def _show_report(self, report: FactorReport) -> None:
        for score, (name, value, meaning) in zip(self.scores, heavy.factors.score_lines(report), strict=True):
            score.show_score(name, value, meaning)
        self._dials = heavy.factors.top_dials(report).tolist()
        shares = report.shares[self._dials]
        limits = (0.1, 0.2, 0.5, 1.0)
        limit = next((one for one in limits if one >= float(shares.max(initial=0.0))), 1.0)
        self.view.set_matrix(
            shares, [f"z{dial}" for dial in self._dials], report.names, limit, self._cell_text
        )
        self._on_dial_changed()

    def _cell_text(self, row: int, column: int) -> str:
        report = self.report
        assert report is not None
        dial = self._dials[row]
        return tr(
            "z{dial} knows {share} of {name}; {weight} of reading it lies on this dial",
            dial=dial,
            share=f"{report.shares[dial, column]:.3f}",
            name=report.names[column],
            weight=f"{report.weights[dial, column]:.2f}",
        )

    @Slot(list)
    def _on_items(self, items: list[EncodeProgress]) -> None:
        last = items[-1]
        self.bar.setMaximum(last.total)
        self.bar.setValue(last.done)
        self.words.setText(last.text)

    @Slot(object)
    def _on_done(self, report: FactorReport | None) -> None:
        if report is not None:
            self.report = report
            self._show_report(report)
        self._show_state()
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._show_state(str(error))
        if not isinstance(error, LatentDialsError):
            self._session.report(error)

    @Slot()
    def _on_cancel(self) -> None:
        self._runner.drop()
        self._of = None
        self._show_state(tr("Measuring was cancelled."))

    @Slot()
    def _on_data_changed(self) -> None:
        if self._subject() is None:
            self._runner.drop()
            self.report = self._of = None
            self.changed.emit()
        if self.isVisible() and not self._runner.is_running:
            self.renew()
        else:
            self._show_state()

    @Slot(int, int)
    def _on_chosen(self, row: int, _column: int) -> None:
        self._session.choose_dial(self._dials[row])

    @Slot()
    def _on_dial_changed(self) -> None:
        dial = self._session.dial
        self.view.set_marked_rows(frozenset(row for row, known in enumerate(self._dials) if known == dial))


class _Score(QFrame):
    """One score: its name, its value in large, what it means."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.name, self.value, self.meaning = QLabel(), QLabel(), QLabel()
        self.name.setProperty("role", "caption")
        self.value.setProperty("role", "value")
        self.meaning.setProperty("role", "caption")
        self.meaning.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(2)
        for label in (self.name, self.value, self.meaning):
            layout.addWidget(label)
        layout.addStretch(1)

    def show_score(self, name: str, value: str, meaning: str) -> None:
        """Show another score."""
        self.name.setText(name)
        self.value.setText(value)
        self.meaning.setText(meaning)
        self.setAccessibleName(f"{name} {value}: {meaning}")
