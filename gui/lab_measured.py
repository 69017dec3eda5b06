"""What measured pages of the laboratory have in common: the measure in the background, how far it is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy

from core.errors import LatentDialsError
from core.translate import tr
from gui.analyst import Pace
from gui.background import Runner
from gui.elided_label import ElidedLabel
from gui.lab_page import LabPage
from gui.lab_side import Gathered, Side
from gui.lab_sides import LabSides
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from gui.lab_side import Subjects


@dataclass(frozen=True, eq=False)
class Result:
    """What a measure came to, and whose it is."""

    value: Any
    a: Side
    b: Side
    left_out: str = ""  # a sentence on pictures that were not measured on


class MeasuredPage(LabPage):
    """A page with a measure in the background: begun when it is shown, paused while it is not.

    What is shown of earlier weights of the same runs is kept and said to be so; while the open run is
    trained, a measure begins only when it is asked for.
    """

    def __init__(self, name: str, title: str, seen: str, session: Session, sides: LabSides) -> None:
        super().__init__(name, title, seen, session, sides)
        self.result: Result | None = None
        self._asked: Result | None = None  # what is being measured, without its value
        self._declined: Result | None = None  # cancelled, or it failed: begins no more by itself
        self._trouble = ""  # why that failed
        self._pace = Pace()
        self._runner = Runner(self)
        self._runner.items_arrived.connect(self._on_items)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)
        self.progress_label = ElidedLabel(parent=self)
        self.progress_label.setObjectName(f"{name}Progress")
        self.progress_bar = QProgressBar(self)
        self.progress_bar.setAccessibleName(tr("Progress of the measure"))
        self.progress_bar.setFixedWidth(20 * UNIT_PX)
        self.progress_bar.setTextVisible(False)
        self.measure_button = QPushButton(tr("Measure"), self)
        self.measure_button.setObjectName(f"{name}Measure")
        self.measure_button.clicked.connect(self._on_measure_clicked)
        row = QHBoxLayout()
        row.setSpacing(UNIT_PX)
        row.addWidget(self.progress_label, 1)
        row.addWidget(self.progress_bar)
        row.addWidget(self.measure_button)
        self.column.addLayout(row)
        policy = self.progress_bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        policy.setVerticalPolicy(QSizePolicy.Policy.Fixed)
        self.progress_bar.setSizePolicy(policy)
        self.progress_bar.hide()
        session.trainer.state_changed.connect(self._on_changed)

    @property
    def is_measuring(self) -> bool:
        """Whether the measure is under way."""
        return self._runner.is_running

    @abstractmethod
    def work(self, subjects: Subjects, gathered: Gathered) -> Generator[EncodeProgress, None, Any]:
        """The measure of both runs on what was gathered; in a thread of its own."""

    @abstractmethod
    def show_result(self, result: Result | None) -> None:
        """Show what was measured, or that nothing is known."""

    def measure(self) -> None:
        """Begin the measure of the sides as they are now."""
        pair = self.pair
        if pair is None or not self._sides.are_ready:
            return
        self._declined, self._trouble = None, ""
        a, b = pair
        self._asked = Result(None, a, b)
        gathered = self._sides.gathered(a, b)
        work = self.work((a.subject(), b.subject()), gathered)
        self._pace.is_alone = not self._session.is_training

        def with_result() -> Generator[Any, None, None]:
            yield from gathered.gather()
            value = yield from work
            yield value, gathered.material.left_out

        self._runner.start(lambda: self._pace.keep(with_result()))
        self._show_progress(None)

    def refresh(self) -> None:
        """Begin a measure where one is due, and say how it stands."""
        pair = self.pair
        if pair is None:
            self._forget()
            self._show_progress(None)
            return
        if self._asked is not None and not self._is_of_now(self._asked):
            self._runner.drop()
            self._asked = None
        if self.result is not None and not self._is_of_these_runs(self.result):
            self.result = None
            self.show_result(None)
        declined = self._declined
        if declined is not None and (
            not self._is_of_these_runs(declined) or (self._trouble and not self._is_of_now(declined))
        ):
            self._declined, self._trouble = None, ""
        is_due = self._asked is None and (self.result is None or not self._is_of_now(self.result))
        may_begin = self._declined is None and not self._session.is_training and self._sides.are_ready
        if is_due and may_begin and self.isVisible():
            self.measure()
        else:
            self._show_progress(None)

    def rest(self) -> None:
        """Drop the measure, and what was measured: it holds on to the second run."""
        super().rest()
        self._forget()

    def close_threads(self) -> None:
        """Drop the measure and wait for its thread."""
        super().close_threads()
        self._runner.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Go on measuring."""
        self._runner.resume()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the cores to the page that is looked at."""
        super().hideEvent(event)
        self._runner.pause()

    def _forget(self) -> None:
        self._runner.drop()
        self._asked = self._declined = None
        self._trouble = ""
        if self.result is not None:
            self.result = None
            self.show_result(None)

    def _is_of_now(self, result: Result) -> bool:
        pair = self.pair
        return pair is not None and pair[0].studied is result.a.studied and pair[1].codec is result.b.codec

    def _is_of_these_runs(self, result: Result) -> bool:
        """Whether it is of both runs that are open, of any of A's weights; other pictures open B anew."""
        pair = self.pair
        return pair is not None and pair[0].run.path == result.a.run.path and pair[1].run is result.b.run

    def _show_progress(self, progress: EncodeProgress | None) -> None:
        running, pair = self._asked is not None, self.pair
        self.progress_bar.setVisible(running)
        again = tr("Measure") if self.result is None else tr("Measure again")
        self.measure_button.setText(tr("Cancel") if running else again)
        self.measure_button.setEnabled(running or self._sides.are_ready)
        if running:
            self.progress_bar.setRange(0, progress.total if progress is not None else 0)
            self.progress_bar.setValue(progress.done if progress is not None else 0)
            self.progress_label.set_text(
                progress.text if progress is not None else tr("Measuring…"), "caption"
            )
            return
        if pair is None:
            text = ""
        elif self._trouble:
            text = self._trouble
        elif not self._sides.are_ready:
            text = self._sides.waiting
        elif self.result is None:
            text = tr("Not measured.") if self._declined is not None else ""
            if self._session.is_training:
                text = tr("A run is being trained: the measure begins when you ask for it.")
        elif pair[0].codec is not self.result.a.studied or pair[1].codec is not self.result.b.codec:
            text = tr("Measured with weights of before: measure again to compare those of now.")
        else:
            text = self.result.left_out
        self.progress_label.set_text(text, "unusual" if self._trouble else "caption")

    @Slot()
    def _on_measure_clicked(self) -> None:
        if self._asked is not None:
            self._runner.drop()
            self._asked, self._declined = None, self._asked
            self._show_progress(None)
        else:
            self.measure()

    @Slot(list)
    def _on_items(self, items: list[Any]) -> None:
        last = items[-1]
        if isinstance(last, tuple):
            asked = self._asked
            if asked is not None:
                value, left_out = last
                self.result = Result(value, asked.a, asked.b, left_out)
                self._asked = None
                self._show_progress(None)
                self.show_result(self.result)
        else:
            self._show_progress(last)

    @Slot(object)
    def _on_done(self, _nothing: object) -> None:
        self._asked = None
        self._show_progress(None)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._asked, self._declined = None, self._asked
        self._trouble = str(error)
        self._show_progress(None)
        if not isinstance(error, (LatentDialsError, OSError)):
            self._session.report(error)
