"""The page on squared error: damages of one picture that cost the same, and how blurred both runs are."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout

from core.translate import tr
from gui import heavy
from gui.lab_answers import Base, Lockstep, PictureRequest
from gui.lab_charts import Chart, ChartCurve
from gui.lab_measured import MeasuredPage, Result
from gui.lab_nudge import mse_text
from gui.lab_pictures import LabPicture
from gui.lab_side import COLOURS, Gathered
from gui.lab_sides import LabSides
from gui.lab_words import blur_words
from gui.segmented import Choice, SegmentedControl
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from core.lab.blur import BlurStudy
    from core.lab.damages import DamageStudy
    from core.lab.spread import Spread
    from gui.lab_side import Subjects

_MOST = 5  # damages beside the original
_COLUMNS = 3
_BY_FINENESS, _BY_EPOCH = "fineness", "epochs"


@dataclass(frozen=True, eq=False)
class DamageAnswer:
    """The damages, and each side's base with the share of the picture's detail that it keeps."""

    study: DamageStudy
    bases: tuple[tuple[Base, float], ...]


@dataclass(frozen=True, eq=False)
class BlurResult:
    """The blur meter of both runs, and of each of their kept epochs: (epoch, share kept)."""

    study: BlurStudy
    epochs: tuple[tuple[tuple[int, Spread], ...], ...]


class DamagesPage(MeasuredPage):
    """The chosen picture beside damages of equal squared error, and the blur meter of both runs."""

    def __init__(self, session: Session, sides: LabSides) -> None:
        super().__init__(
            "labDamages",
            tr("Equal errors, blur"),
            tr(
                "All these damages have exactly the same squared error, summed over the picture before it is"
                " rounded to bytes; a person, and a measure of structure (SSIM, 1 is equal), judge them very"
                " differently. So a network that learns from squared error alone may well blur."
            ),
            session,
            sides,
        )
        self._lockstep = Lockstep()
        self._known: DamageStudy | None = None  # of the lane's thread
        self.study: DamageStudy | None = None
        self.original = LabPicture("labDamageOriginal", tr("original"), self, fact_lines=3)
        self.views = [LabPicture(f"labDamage{n}", tr("damaged"), self, fact_lines=3) for n in range(_MOST)]
        self.recons = {
            letter: LabPicture(
                f"labBlur{letter}", tr("{side} · reconstruction", side=letter), self, fact_lines=2
            )
            for letter in ("A", "B")
        }
        self.chart = Chart(
            "labBlurChart",
            tr("Blur meter: how much of the originals' detail is kept"),
            tr("fineness of detail, cycles per pixel"),
            tr("share of the originals' energy"),
            self,
        )
        self.over_choice = SegmentedControl(
            [
                Choice(_BY_FINENESS, tr("By fineness"), tr("How much is kept of detail of each fineness")),
                Choice(_BY_EPOCH, tr("Over epochs"), tr("How sharp the run became: of each epoch it kept")),
            ],
            tr("What the blur meter is drawn against"),
            self,
        )
        self.over_choice.setObjectName("labBlurOver")
        self.over_choice.chosen.connect(self._on_over_chosen)
        self.over_choice.hide()
        self.chart.show_words(tr("The blur meter of both runs comes here once it is measured."))
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * UNIT_PX)
        grid.setVerticalSpacing(UNIT_PX)
        for place, view in enumerate((self.original, *self.views)):
            grid.addWidget(view, *divmod(place, _COLUMNS))
        LabPicture.draw_alike(self.original, *self.views)
        LabPicture.draw_alike(*self.recons.values())
        recons = QHBoxLayout()
        recons.setSpacing(2 * UNIT_PX)
        for view in self.recons.values():
            recons.addWidget(view, 1)
        blur = QVBoxLayout()
        blur.setSpacing(UNIT_PX)
        blur.addLayout(recons, 1)
        blur.addWidget(self.over_choice)
        blur.addWidget(self.chart, 1)
        row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * UNIT_PX)
        row.addLayout(grid, 4)
        row.addLayout(blur, 3)
        session.selection_changed.connect(self._on_changed)

    def work(self, subjects: Subjects, gathered: Gathered) -> Generator[EncodeProgress, None, Any]:
        """The blur meter of both, over pictures that were held out."""
        pictures = gathered.material.held_out
        kept = gathered.kept(subjects)
        study = yield from heavy.lab_blur.measure_blur(subjects, pictures, kept=kept)
        epochs = []
        for run in gathered.runs:
            epochs.append((yield from heavy.lab_blur.measure_blur_by_epoch(run, pictures, kept=kept)))
        return BlurResult(study, tuple(epochs))

    def show_result(self, result: Result | None) -> None:
        """The share kept at each fineness, and what it says."""
        if result is None:
            self.chart.show_words(tr("The blur meter of both runs comes here once it is measured."))
            self.say("")
            return
        found: BlurResult = result.value
        self.over_choice.setVisible(any(len(epochs) > 1 for epochs in found.epochs))
        self.say(blur_words(found.study))
        self._draw(found)

    def _draw(self, found: BlurResult) -> None:
        study = found.study
        names = [f"{letter}  {one.name}" for letter, one in zip("AB", study.subjects, strict=True)]
        if self.over_choice.current == _BY_EPOCH:
            self.chart.set_marker(None)
            self.chart.set_axes(
                tr("epoch"), tr("share of the detail finer than {px} pixels", px=f"{1 / study.cutoff:g}")
            )
            curves = [
                _over_epochs(name, colour, epochs)
                for name, colour, epochs in zip(names, COLOURS, found.epochs, strict=True)
                if epochs
            ]
        else:
            self.chart.set_marker(study.cutoff)
            self.chart.set_axes(
                tr("fineness of detail, cycles per pixel"), tr("share of the originals' energy")
            )
            # the lowest band is light and dark, not detail
            curves = [
                ChartCurve(name, colour, study.frequencies[1:], one.bands[1:])
                for name, colour, one in zip(names, COLOURS, study.subjects, strict=True)
            ]
        self.chart.show_curves(*curves)
        if not self.chart.names:
            self.chart.show_words(tr("None of these pictures has fine detail to keep."))

    def refresh(self) -> None:
        """Damage the picture that is chosen now, and measure the blur where that is due."""
        super().refresh()
        seen = self.seen()
        if seen is not None:
            self._lane.submit(PictureRequest(*seen))

    def forget_sides(self) -> None:
        """Let go of both runs; in the lane's thread."""
        self._lockstep.forget()

    def answer_to(self, request: PictureRequest) -> DamageAnswer:
        """The damages, and both reconstructions with what they keep."""
        known = self._known
        if known is None or not np.array_equal(known.original, request.original):
            known = self._known = heavy.lab_damages.equal_damages(request.original)
        bases: list[tuple[Base, float]] = []
        for letter, side in (("A", request.a), ("B", request.b)):
            if side is not None:
                base = self._lockstep.base(letter, side, request.index, request.original)
                kept = heavy.lab_blur.sharpness(request.original[None], base.reconstruction[None])
                bases.append((base, float(kept[0])))
        return DamageAnswer(known, tuple(bases))

    @Slot()
    def _on_over_chosen(self) -> None:
        if self.result is not None:
            self._draw(self.result.value)

    def show_answer(self, request: PictureRequest, answer: DamageAnswer) -> None:
        """The damages of the picture, and what both runs make of it."""
        study = self.study = answer.study
        self.original.show_pixels(study.original, tr("picture #{index}", index=request.index))
        for view, damaged in zip_longest(self.views, study.damages[:_MOST]):
            view.setVisible(damaged is not None)
            if damaged is not None:
                view.set_title(damaged.name)
                view.show_pixels(
                    damaged.pixels,
                    damaged.strength,
                    tr("error {error}", error=f"{damaged.squared_error:.3f}"),
                    tr("SSIM {ssim}", ssim=f"{damaged.ssim:.2f}"),
                )
        for view, found in zip_longest(self.recons.values(), answer.bases):
            if found is None:
                view.show_pixels(None, words=self._sides.trouble or tr("Opening the second run…"))
                continue
            base, kept = found
            view.show_pixels(base.reconstruction, mse_text(base.mse), _detail_text(kept))


def _detail_text(share: float) -> str:
    """What a reconstruction has of its picture's detail; share is nan for a plain picture."""
    if np.isnan(share):
        return tr("the picture has no detail")
    if round(100 * share) > 100:
        return tr("has {share} % of its detail: noise", share=f"{100 * share:.0f}")
    return tr("keeps {share} % of its detail", share=f"{100 * share:.0f}")


def _over_epochs(name: str, colour: str, epochs: tuple[tuple[int, Spread], ...]) -> ChartCurve:
    spreads = [spread for _epoch, spread in epochs]
    return ChartCurve(
        name,
        colour,
        np.array([float(epoch) for epoch, _spread in epochs]),
        np.array([spread.mean for spread in spreads]),
        np.array([spread.low for spread in spreads]),
        np.array([spread.high for spread in spreads]),
    )
