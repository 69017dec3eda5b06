"""The page on in-betweens: the way from one picture to another in both runs, and how its middle is judged."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout

from core.translate import tr
from gui import heavy
from gui.lab_answers import PictureRequest
from gui.lab_measured import MeasuredPage, Result
from gui.lab_pictures import PictureGrid
from gui.lab_side import Gathered
from gui.lab_sides import LabSides
from gui.lab_table import NumbersTable, Row
from gui.lab_words import betweens_words, interval
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from core.lab.betweens import BetweensStudy
    from gui.lab_side import Subjects

STEPS = 7  # as large as they fit three rows of a page


@dataclass(frozen=True, eq=False)
class StripRequest(PictureRequest):
    """The way from the picture to another one (H,W,C)."""

    other: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class StripAnswer:
    """Pictures (STEPS,H,W,C): the plain cross-fade, then each side's own way."""

    faded: NDArray[np.uint8]
    strips: tuple[NDArray[np.uint8], ...]


def strips(request: StripRequest) -> StripAnswer:
    """The ways of a request. Raises: ModelError."""
    share = np.linspace(0.0, 1.0, STEPS)[:, None, None, None]
    ends = np.stack([request.original, request.other])
    first, last = ends.astype(np.float64)
    faded = (first * (1.0 - share) + last * share).round().astype(np.uint8)
    found = []
    for side in (request.a, request.b):
        if side is not None:
            start, end = side.codec.encode(ends)
            found.append(side.codec.decode(heavy.latents.interpolate(start, end, STEPS)))
    return StripAnswer(faded, tuple(found))


class BetweensPage(MeasuredPage):
    """A strip of each run from the chosen picture to another, and the score over many pairs."""

    def __init__(self, session: Session, sides: LabSides) -> None:
        super().__init__(
            "labBetweens",
            tr("In-betweens"),
            tr(
                "From the chosen picture to another along a straight line between their codes: a believable"
                " middle is one picture, not two laid over each other as in the cross-fade of their pixels."
            ),
            session,
            sides,
        )
        self.answer: StripAnswer | None = None
        self._target = -1
        self._has_other = False
        self.other_box = QSpinBox(self)
        self.other_box.setObjectName("labOtherPicture")
        self.other_box.setPrefix("#")
        self.other_box.setFixedWidth(14 * UNIT_PX)
        self.other_box.lineEdit().setTextMargins(6, 0, 0, 0)
        self.other_box.setAccessibleName(tr("The picture at the other end"))
        self.other_box.setToolTip(
            tr("The picture at the other end; choosing a target in the gallery sets it")
        )
        self.other_box.valueChanged.connect(self._on_changed)
        self.another_button = QPushButton(tr("Another pair"), self)
        self.another_button.setObjectName("labAnotherPair")
        self.another_button.setToolTip(tr("Take a picture at random for the other end"))
        self.another_button.clicked.connect(self._on_another)
        self._random = np.random.default_rng(0)
        self.rows = {
            name: (QLabel(title, self), PictureGrid(f"labStrip{name}", title, self))
            for name, title in (
                ("A", tr("A")),
                ("B", tr("B")),
                ("Faded", tr("Cross-fade of the pixels, for comparison")),
            )
        }
        self.table = NumbersTable("labBetweensTable", tr("Scores of the middles"), self)
        other = QLabel(tr("to picture"), self)
        other.setProperty("role", "caption")
        other.setBuddy(self.other_box)
        self.from_label = QLabel(self)
        self.from_label.setProperty("role", "caption")
        self.from_label.setObjectName("labFromPicture")
        head = QHBoxLayout()
        head.setSpacing(UNIT_PX)
        for widget in (self.from_label, other, self.other_box, self.another_button):
            head.addWidget(widget)
        head.addStretch(1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT_PX // 2)
        column.addLayout(head)
        for label, grid in self.rows.values():
            label.setProperty("role", "caption")
            column.addWidget(label)
            column.addWidget(grid, 1)
        column.addSpacing(UNIT_PX // 2)
        column.addWidget(self.table)
        session.selection_changed.connect(self._on_changed)

    def work(self, subjects: Subjects, gathered: Gathered) -> Generator[EncodeProgress, None, Any]:
        """The score of both over many pairs of pictures that were held out."""
        material = gathered.material
        return (
            yield from heavy.lab_betweens.measure_betweens(
                subjects, material, gathered.space, kept=gathered.kept(subjects)
            )
        )

    def show_result(self, result: Result | None) -> None:
        """The scores, and what they say."""
        if result is None:
            self.table.show_rows((), ())
            self.say("")
            return
        study: BetweensStudy = result.value
        head = (
            ("", ""),
            (
                tr("double image"),
                tr(
                    "0: the middle looks as much like one picture as single ones do whose codes lie as near"
                    " to the mean of all; 1: as double as a cross-fade. A judge decides that was fitted to"
                    " real pictures and their cross-fades; mean and 95 % interval"
                ),
            ),
            (tr("single pairs, sd"), tr("How much the pairs differ: their standard deviation")),
            (
                tr("distance to real"),
                tr(
                    "Of the middle to the nearest real picture, over that of single pictures from there;"
                    " averaging alone makes it small, so it decides nothing"
                ),
            ),
            (tr("judge's skill"), tr("How often the judge knows this run's cross-fades; 0.5 is guessing")),
        )
        self.table.show_rows(
            head,
            [
                Row(
                    letter,
                    (
                        interval(found.ghost_spread, 2) if found.is_known else "–",
                        f"{found.ghost_spread.sd:.2f}" if found.is_known else "–",
                        interval(found.distance_spread, 2),
                        f"{found.known:.2f}",
                    ),
                    role,
                )
                for letter, role, found in zip(("A", "B"), ("accent", "third"), study.subjects, strict=True)
            ],
        )
        self.say(betweens_words(study))

    def refresh(self) -> None:
        """Ask for the strips of the pictures that are chosen now, and for the scores where they are due."""
        super().refresh()
        session, a, dataset = self._session, self._sides.a, self._session.dataset
        if a is None or dataset is None or session.index < 0 or len(dataset) < 2:
            return
        count = len(dataset)
        with QSignalBlocker(self.other_box):
            self.other_box.setMaximum(count - 1)
            if session.target_index >= 0 and session.target_index != self._target:
                self.other_box.setValue(session.target_index)
            elif not self._has_other:
                self.other_box.setValue((session.index + count // 2) % count)
        self._has_other, self._target = True, session.target_index
        self.from_label.setText(tr("From picture #{index}", index=session.index))
        ends = session.originals([session.index, self.other_box.value()])
        if ends is not None and ends.shape[1:] == a.codec.picture_shape:
            self._lane.submit(StripRequest(a, self._sides.b, session.index, *ends))

    @Slot()
    def _on_another(self) -> None:
        dataset = self._session.dataset
        if dataset is not None and len(dataset) > 1:
            step = int(self._random.integers(1, len(dataset)))
            self.other_box.setValue((self.other_box.value() + step) % len(dataset))

    def answer_to(self, request: StripRequest) -> StripAnswer:
        """The strips."""
        return strips(request)

    def show_answer(self, request: StripRequest, answer: StripAnswer) -> None:
        """The strip of each run, and the cross-fade."""
        self.answer = answer
        pictures = dict(zip(("A", "B"), answer.strips, strict=False)) | {"Faded": answer.faded}
        for name, (_label, grid) in self.rows.items():
            shown = pictures.get(name)
            waiting = self._sides.trouble or tr("Opening the second run…")
            grid.show_pictures(shown, STEPS, words="" if shown is not None else waiting)
