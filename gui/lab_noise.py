"""The page on noise: both pictures under the hand as noise on their codes grows, and the measured curves."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout

from core.translate import tr
from gui import heavy
from gui.lab_answers import Lockstep, NoiseAnswer, NoiseRequest
from gui.lab_charts import Chart, ChartCurve
from gui.lab_measured import MeasuredPage, Result
from gui.lab_nudge import mse_text
from gui.lab_pictures import LabPicture
from gui.lab_side import COLOURS, Gathered
from gui.lab_sides import LabSides
from gui.lab_words import noise_words
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from core.lab.noise import NoiseStudy
    from gui.lab_side import Subjects

_STEPS = 100  # a standard deviation has so many steps of the slider
_AT_FIRST = 0.5


class NoisePage(MeasuredPage):
    """A slider for noise of 0 to 2 σ, both pictures with it, and the error against noise over many."""

    def __init__(self, session: Session, sides: LabSides) -> None:
        super().__init__(
            "labNoise",
            tr("Noise tolerated"),
            tr(
                "Random noise is added to the code of the picture, in standard deviations (σ) of each run's"
                " own codes and in their directions: the less a picture falls apart, the smoother its latent"
                " space."
            ),
            session,
            sides,
        )
        self._lockstep = Lockstep()
        self.seed = 0
        self.answer: NoiseAnswer | None = None
        self.views: dict[str, tuple[LabPicture, LabPicture]] = {}
        for letter in ("A", "B"):
            self.views[letter] = (
                LabPicture(f"labNoiseRecon{letter}", tr("{side} · reconstruction", side=letter), self),
                LabPicture(f"labNoisy{letter}", tr("{side} · with noise", side=letter), self),
            )
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("labNoiseSlider")
        self.slider.setAccessibleName(tr("Noise on the code in standard deviations"))
        self.slider.setRange(0, 2 * _STEPS)
        self.slider.setPageStep(_STEPS // 4)
        self.slider.setValue(round(_AT_FIRST * _STEPS))
        self.slider.valueChanged.connect(self._on_slid)
        self.value_label = QLabel(self)
        self.value_label.setProperty("role", "value")
        self.value_label.setObjectName("labNoiseValue")
        self.again_button = QPushButton(tr("New noise"), self)
        self.again_button.setObjectName("labNoiseAgain")
        self.again_button.setToolTip(tr("Draw other noise, from the next seed"))
        self.again_button.clicked.connect(self._on_again)
        self.chart = Chart(
            "labNoiseChart",
            tr("Reconstruction error against noise on the code"),
            tr("noise on the code, σ"),
            tr("mse, mean and 10 to 90 % of the pictures"),
            self,
        )
        self.chart.show_words(tr("The curves of both runs come here once they are measured."))
        self._lay_out()
        session.selection_changed.connect(self._on_changed)
        self._on_slid()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.value_label, 1)
        head.addWidget(self.again_button)
        side = QVBoxLayout()
        side.setSpacing(UNIT_PX)
        side.addLayout(head)
        side.addWidget(self.slider)
        side.addWidget(self.chart, 1)
        grid = QGridLayout(self.body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * UNIT_PX)
        grid.setVerticalSpacing(UNIT_PX)
        LabPicture.draw_alike(*(view for views in self.views.values() for view in views))
        for row, views in enumerate(self.views.values()):
            for column, view in enumerate(views):
                grid.addWidget(view, row, column)
        grid.addLayout(side, 0, 2, 2, 1)
        for column, stretch in enumerate((3, 3, 4)):
            grid.setColumnStretch(column, stretch)
        grid.setRowStretch(0, 1)
        grid.setRowStretch(1, 1)

    @property
    def sigmas(self) -> float:
        """The size of the noise."""
        return self.slider.value() / _STEPS

    def work(self, subjects: Subjects, gathered: Gathered) -> Generator[EncodeProgress, None, Any]:
        """The curves of both, over pictures that were held out."""
        pictures, kept = gathered.material.held_out, gathered.kept(subjects)
        return (yield from heavy.lab_noise.measure_noise(subjects, pictures, kept=kept))

    def show_result(self, result: Result | None) -> None:
        """The curves, and what they say."""
        if result is None:
            self.chart.show_words(tr("The curves of both runs come here once they are measured."))
            self.say("")
            return
        study: NoiseStudy = result.value
        sigmas = np.asarray(study.sigmas)
        curves = zip(study.curves, COLOURS, ("A", "B"), strict=True)
        self.chart.show_curves(
            *(
                ChartCurve(f"{letter}  {curve.name}", colour, sigmas, curve.mean, curve.low, curve.high)
                for curve, colour, letter in curves
            )
        )
        self.say(noise_words(study))

    def refresh(self) -> None:
        """Ask for both pictures, and for the curves where they are due."""
        super().refresh()
        seen = self.seen()
        if seen is not None:
            self._lane.submit(NoiseRequest(*seen, self.sigmas, self.seed))

    def rest(self) -> None:
        """Let go of the second run."""
        super().rest()
        self.answer = None

    def answer_to(self, request: NoiseRequest) -> NoiseAnswer:
        """Both pictures, without noise and with it."""
        return self._lockstep.noisy(request)

    def forget_sides(self) -> None:
        """Let go of both runs; in the lane's thread."""
        self._lockstep.forget()

    def show_answer(self, request: NoiseRequest, answer: NoiseAnswer) -> None:
        """Both pictures, without noise and with it."""
        self.answer = answer
        for letter, found in (("A", answer.a), ("B", answer.b)):
            recon, noisy = self.views[letter]
            if found is None:
                for view in (recon, noisy):
                    view.show_pixels(None, words=self._sides.trouble or tr("Opening the second run…"))
                continue
            base, picture, mse = found
            recon.show_pixels(base.reconstruction, mse_text(base.mse))
            noisy.show_pixels(picture, mse_text(mse))

    @Slot()
    def _on_slid(self) -> None:
        self.value_label.setText(tr("{sigmas} σ of noise", sigmas=f"{self.sigmas:.2f}"))
        self.chart.set_marker(self.sigmas)
        self._on_changed()

    @Slot()
    def _on_again(self) -> None:
        self.seed += 1
        self._on_changed()
