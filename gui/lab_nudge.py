"""The page on which both runs answer the same nudge of their codes, in each one's own standard deviations."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QSpinBox, QVBoxLayout

from core.translate import tr
from gui.difference import coloured, difference, limit_for
from gui.lab_answers import BY_EFFECT, BY_INDEX, Lockstep, NudgeAnswer, Nudged, NudgeRequest
from gui.lab_page import LabPage
from gui.lab_pictures import LabPicture
from gui.lab_sides import LabSides
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import UNIT_PX
from gui.traversal_strip import signed

_REACH = 40  # tenths of a standard deviation, either side


class NudgePage(LabPage):
    """The picture of both runs before and after the same nudge; the dials of the window turn both."""

    def __init__(self, session: Session, sides: LabSides) -> None:
        super().__init__(
            "labNudge",
            tr("The same nudge"),
            tr(
                "The same picture under both runs. What is turned in the window turns both, each by as many"
                " standard deviations (σ) of its own codes, and so does the dial below."
            ),
            session,
            sides,
        )
        self._lockstep = Lockstep()
        self.answer: NudgeAnswer | None = None

        self.original = LabPicture("labNudgeOriginal", tr("Original"), self)
        self.views: dict[str, tuple[LabPicture, LabPicture, LabPicture]] = {}
        for letter in ("A", "B"):
            self.views[letter] = (
                LabPicture(f"labRecon{letter}", tr("{side} · reconstruction", side=letter), self),
                LabPicture(f"labNudged{letter}", tr("{side} · nudged", side=letter), self, fact_lines=2),
                LabPicture(f"labDifference{letter}", tr("{side} · difference", side=letter), self),
            )

        self.pairing = SegmentedControl(
            [
                Choice(
                    BY_EFFECT,
                    tr("Effect"),
                    tr("The dial with the strongest effect in A goes with the strongest in B, and so on"),
                ),
                Choice(BY_INDEX, tr("Index"), tr("z0 of A goes with z0 of B, and so on")),
            ],
            tr("Which dials of the two runs go together"),
            self,
        )
        self.pairing.setObjectName("labPairing")
        self.pairing.chosen.connect(self._on_changed)
        self.rank_box = QSpinBox(self)
        self.rank_box.setObjectName("labRank")
        self.rank_box.setRange(1, 1)
        self.rank_box.setFixedWidth(12 * UNIT_PX)
        self.rank_box.lineEdit().setTextMargins(6, 0, 0, 0)
        self.rank_box.setAccessibleName(tr("Place of the dial in A's order of effects"))
        self.rank_box.setToolTip(tr("1 is the dial of A with the strongest effect on the picture"))
        self.rank_box.valueChanged.connect(self._on_changed)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("labNudgeSlider")
        self.slider.setAccessibleName(tr("Nudge in standard deviations"))
        self.slider.setRange(-_REACH, _REACH)
        self.slider.setPageStep(10)
        self.slider.valueChanged.connect(self._on_slid)
        self.value_label = QLabel(self)
        self.value_label.setProperty("role", "value")
        self.value_label.setObjectName("labNudgeValue")
        self.zero_button = QPushButton(tr("Back to 0"), self)
        self.zero_button.setObjectName("labNudgeZero")
        self.zero_button.setToolTip(tr("Take back the nudge of this page; the window's dials stay"))
        self.zero_button.clicked.connect(self._on_zero)
        self._lay_out()
        for changed in (session.edit_changed, session.selection_changed):
            changed.connect(self._on_changed)
        self._on_slid(0)

    def _lay_out(self) -> None:
        controls = QVBoxLayout()
        controls.setSpacing(UNIT_PX)
        pairs = QLabel(tr("Pair the dials by"), self)
        rank = QLabel(tr("Dial, by strength"), self)
        for label, field in ((pairs, self.pairing), (rank, self.rank_box)):
            label.setProperty("role", "caption")
            label.setBuddy(field)
            controls.addWidget(label)
            controls.addWidget(field)
        row = QHBoxLayout()
        row.addWidget(self.value_label, 1)
        row.addWidget(self.zero_button)
        controls.addLayout(row)
        controls.addWidget(self.slider)
        controls.addStretch(1)
        grid = QGridLayout(self.body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * UNIT_PX)
        grid.setVerticalSpacing(UNIT_PX)
        grid.addWidget(self.original, 0, 0)
        grid.addLayout(controls, 1, 0)
        large = [view for views in self.views.values() for view in views[:2]]
        LabPicture.draw_alike(self.original, *large)
        LabPicture.draw_alike(*(views[2] for views in self.views.values()))
        for row_number, views in enumerate(self.views.values()):
            for column, view in enumerate(views, start=1):
                grid.addWidget(view, row_number, column)
        for column, stretch in enumerate((3, 3, 3, 2)):  # 64 pixels fit 5, 5, 5, 3 times, or 3, 3, 3, 2
            grid.setColumnStretch(column, stretch)
        grid.setRowStretch(0, 1)
        grid.setRowStretch(1, 1)

    @property
    def sigmas(self) -> float:
        """The nudge of this page's own dial."""
        return self.slider.value() / 10

    def request(self) -> NudgeRequest | None:
        """What is asked now; None while there is no picture or model."""
        seen = self.seen()
        if seen is None:
            return None
        rank = self.rank_box.value() - 1
        return NudgeRequest(*seen, self._session.edit, rank, self.sigmas, self.pairing.current)

    def refresh(self) -> None:
        """Ask for both answers to what the window's dials and this one say."""
        a = self._sides.a
        if a is not None:
            self.rank_box.setMaximum(a.codec.latent_dim)
        request = self.request()
        if request is not None:
            self._lane.submit(request)

    def rest(self) -> None:
        """Let go of the second run."""
        super().rest()
        self.answer = None

    @Slot(int)
    def _on_slid(self, _tenths: int) -> None:
        self.value_label.setText(tr("{sigmas} σ", sigmas=signed(self.sigmas)))
        self._on_changed()

    @Slot()
    def _on_zero(self) -> None:
        self.slider.setValue(0)

    def answer_to(self, request: NudgeRequest) -> NudgeAnswer:
        """Both sides' answers."""
        return self._lockstep.nudged(request)

    def forget_sides(self) -> None:
        """Let go of both runs; in the lane's thread."""
        self._lockstep.forget()

    def show_answer(self, request: NudgeRequest, answer: NudgeAnswer) -> None:
        """Both answers, and what differs."""
        self.answer = answer
        self.original.show_pixels(request.original, tr("picture #{index}", index=request.index))
        sides = {"A": answer.a, "B": answer.b}
        changes = [difference(found.picture, found.base.reconstruction) for found in sides.values() if found]
        limit = limit_for(np.stack(changes))
        for letter, found in sides.items():
            self._show(letter, found, limit)
        self._say(request, answer)

    def _show(self, letter: str, found: Nudged | None, limit: int) -> None:
        recon, nudged, change = self.views[letter]
        if found is None:
            for view in (recon, nudged, change):
                view.show_pixels(None, words=self._sides.trouble or tr("Opening the second run…"))
            return
        recon.show_pixels(found.base.reconstruction, mse_text(found.base.mse))
        turned = ", ".join(f"z{nudge.dim} {signed(nudge.sigmas)}σ" for nudge in found.nudges)
        nudged.show_pixels(found.picture, turned or tr("nothing is turned"), mse_text(found.mse))
        levels = coloured(difference(found.picture, found.base.reconstruction), limit)
        change.show_pixels(levels, tr("mean {levels} of 255", levels=f"{found.change:.1f}"))

    def _say(self, request: NudgeRequest, answer: NudgeAnswer) -> None:
        a, b = answer.a, answer.b
        if b is None:
            self.say("")
            return
        if not a.nudges and not self._sides.are_measured:
            said = [self._sides.waiting]
        elif not a.nudges:
            said = [tr("Turn a dial, here or in the window: both runs are nudged by the same distance.")]
        elif not b.nudges:
            said = [tr("None of the turned dials has a partner in B.")]
        else:
            said = [
                tr(
                    "The same nudge changes the picture of A by {first} and that of B by {second} of 255"
                    " on average.",
                    first=f"{a.change:.1f}",
                    second=f"{b.change:.1f}",
                )
            ]
            if b.unpaired:
                said.append(tr("Turned dials without a partner in B: {count}.", count=b.unpaired))
        if request.edit.start is not None:
            said.append(tr("The loaded code is left out: both begin at their own code of the picture."))
        self.say(" ".join(said))


def mse_text(mse: float) -> str:
    """A mean squared error in [-1,1] as it stands under a picture."""
    return tr("mse {mse}", mse=f"{mse:.4f}")
