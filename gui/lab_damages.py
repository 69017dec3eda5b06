"""The page on squared error: damages of one picture that cost the same, and how blurred both runs are."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout

from core.errors import LatentDialsError
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.lab_answers import Base, Lockstep, use_one_thread
from gui.lab_charts import Chart, ChartCurve
from gui.lab_nudge import mse_text
from gui.lab_page import MeasuredPage, Result
from gui.lab_pictures import LabPicture
from gui.lab_side import COLOURS, Side
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

_MOST = 5  # damages beside the original
_COLUMNS = 3
_BY_FINENESS, _BY_EPOCH = "fineness", "epochs"


@dataclass(frozen=True, eq=False)
class DamageRequest:
    """The picture to damage, and the sides whose reconstructions stand beside."""

    a: Side
    b: Side | None
    index: int
    original: NDArray[np.uint8]


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
                "All these damages have exactly the same squared error, summed over the picture; a person,"
                " and a measure of structure (SSIM, 1 is equal), judge them very differently. So a network"
                " that learns from squared error alone may well blur."
            ),
            session,
            sides,
        )
        self._lockstep = Lockstep()
        self._known: DamageStudy | None = None  # of the lane's thread
        self._lane = LatestOnly(self._answer, self, prepare=use_one_thread)
        self._lane.answered.connect(self._on_answered)
        self._lane.failed.connect(self._on_lane_failed)
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

    @property
    def is_idle(self) -> bool:
        """Whether the damages of the picture are shown."""
        return self._lane.idle

    def work(self, a: Side, b: Side) -> Generator[EncodeProgress, None, Any]:
        """The blur meter of both, over pictures that were held out."""
        subjects = (a.subject(), b.subject())
        gathered = self._sides.gathered(a, b)

        def measured() -> Generator[EncodeProgress, None, Any]:
            pictures = gathered.material().held_out
            study = yield from heavy.lab_blur.measure_blur(subjects, pictures)
            epochs = []
            for run in (a.run, b.run):
                epochs.append((yield from heavy.lab_blur.measure_blur_by_epoch(run, pictures)))
            return BlurResult(study, tuple(epochs))

        return measured()

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

    def refresh(self) -> None:
        """Damage the picture that is chosen now, and measure the blur where that is due."""
        super().refresh()
        session, a = self._session, self._sides.a
        pictures = session.pictures
        if a is None or pictures is None or pictures.original.shape != a.codec.picture_shape:
            return
        self._lane.submit(DamageRequest(a, self._sides.b, session.index, pictures.original))

    def rest(self) -> None:
        """Let go of the second run."""
        super().rest()
        if self._lane.isRunning():
            self._lane.submit(None)

    def close_threads(self) -> None:
        """End the lane and the measure."""
        super().close_threads()
        self._lane.stop_and_wait()

    def _answer(self, request: DamageRequest | None) -> DamageAnswer | None:
        """In the lane's thread; no request lets go of both runs."""
        if request is None:
            self._lockstep.forget()
            return None
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

    @Slot(object, object)
    def _on_answered(self, request: DamageRequest | None, answer: DamageAnswer | None) -> None:
        if request is None or answer is None or request.index != self._session.index:
            return
        if not self.are_shown(request.a, request.b):
            return
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
            detail = tr("keeps {share} % of its detail", share=f"{100 * kept:.0f}")
            view.show_pixels(base.reconstruction, mse_text(base.mse), detail)

    @Slot(object, object)
    def _on_lane_failed(self, _request: object, error: Exception) -> None:
        self.say(str(error), "unusual")
        if not isinstance(error, (LatentDialsError, OSError)):
            self._session.report(error)


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
