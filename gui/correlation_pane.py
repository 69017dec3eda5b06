"""CorrelationPane: how the dials of a model hang together, as a picture; a click takes a dial in hand."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.translate import tr
from gui import heavy
from gui.background import Runner
from gui.matrix_view import MatrixView
from gui.session import Session

if TYPE_CHECKING:
    from core.encoding import Codes

MOST_SHOWN = 256  # dials: those with the greatest effect


class CorrelationPane(QWidget):
    """Measures the correlations beside the window once they are looked at.

    Signals:
        changed(): correlation is another, or None.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._of: Codes | None = None
        self.correlation: NDArray[np.float32] | None = None
        self._dials: NDArray[np.int64] = np.zeros(0, np.int64)
        self._runner = Runner(self)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(session.report)
        self.words = QLabel()
        self.words.setProperty("role", "secondary")
        self.words.setWordWrap(True)
        self.view = MatrixView(tr("Correlation of the dials"))
        self.view.setObjectName("correlationMatrix")
        self.view.chosen.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(10)
        layout.addWidget(self.words)
        layout.addWidget(self.view, 1)
        session.analyst.statistics_changed.connect(self._on_statistics_changed)
        session.analyst.effects_changed.connect(self._on_statistics_changed)
        session.dial_changed.connect(self._on_dial_changed)

    def renew(self) -> None:
        """Measure what is not known yet."""
        codes = self._session.analyst.codes
        if codes is None:
            self._runner.drop()
            self._of = self.correlation = None
            self.view.hide()
            self.changed.emit()
            self.words.setText(tr("There are no codes yet: open pictures and a model."))
        elif codes is not self._of:
            self._of = codes
            if self.correlation is None:
                self.words.setText(tr("Measuring correlations…"))
            self._runner.start(lambda: _correlations(codes.codes))

    def close_threads(self) -> None:
        """Wait for what is measured."""
        self._runner.close()

    @Slot()
    def _on_statistics_changed(self) -> None:
        if self.isVisible() or self._session.analyst.codes is None:
            self.renew()

    @Slot(object)
    def _on_done(self, result: object) -> None:
        codes = self._of
        if not isinstance(result, np.ndarray) or codes is None:
            return
        self.correlation = result
        effects = self._session.analyst.effects
        if len(result) > MOST_SHOWN and effects is not None and len(effects) == len(result):
            self._dials = np.sort(np.argsort(-effects, kind="stable")[:MOST_SHOWN])
        else:
            self._dials = np.arange(min(len(result), MOST_SHOWN))
        names = [f"z{dial}" for dial in self._dials]
        some = result[np.ix_(self._dials, self._dials)]
        self.view.set_matrix(some, names, names, 1.0, self._cell_text)
        self.view.show()
        self._on_dial_changed()
        pairs = heavy.dial_numbers.strongest_pairs(result, 3)
        parts = [
            tr("Pearson's correlation of the codes of {count} pictures.", count=f"{len(codes.codes):,}"),
            tr("Dials that know different things are near 0."),
        ]
        if pairs:
            said = ", ".join(f"z{a} z{b} {_signed(r)}" for a, b, r in pairs)
            parts.append(tr("Strongest: {pairs}.", pairs=said))
        if len(self._dials) < len(result):
            parts.append(
                tr("Shown: the {count} of {total} dials with the greatest effect.",
                   count=len(self._dials), total=len(result))
            )  # fmt: skip
        self.words.setText(" ".join(parts))
        self.changed.emit()

    def _cell_text(self, row: int, column: int) -> str:
        assert self.correlation is not None
        a, b = int(self._dials[row]), int(self._dials[column])
        return tr("z{a} and z{b}: {value}", a=a, b=b, value=_signed(float(self.correlation[a, b])))

    @Slot(int, int)
    def _on_chosen(self, row: int, _column: int) -> None:
        self._session.choose_dial(int(self._dials[row]))

    @Slot()
    def _on_dial_changed(self) -> None:
        self.view.set_marked_rows(frozenset(np.flatnonzero(self._dials == self._session.dial).tolist()))


def _correlations(codes: NDArray[np.float32]) -> Generator[None, None, NDArray[np.float32]]:
    yield
    return heavy.latents.correlation(codes)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
