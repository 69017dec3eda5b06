"""The page on imitation: samples beside the training pictures that they are nearest to."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from core.translate import tr
from gui import heavy
from gui.lab_charts import Chart, ChartBars
from gui.lab_measured import MeasuredPage, Result
from gui.lab_pictures import PictureGrid
from gui.lab_side import COLOURS, Gathered
from gui.lab_sides import LabSides
from gui.lab_words import imitation_words
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from core.lab.imitation import ImitationStudy
    from gui.lab_side import Subjects

SHOWN = 5
_BINS = 24


class ImitationPage(MeasuredPage):
    """Samples of both runs with their three nearest training pictures, and a histogram of the distances."""

    def __init__(self, session: Session, sides: LabSides) -> None:
        super().__init__(
            "labImitation",
            tr("Copies"),
            _seen(is_trained=True),
            session,
            sides,
        )
        self.grids: dict[str, PictureGrid] = {}
        row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT_PX)
        for letter in ("A", "B"):
            title = tr("{side} · sample and its nearest", side=letter)
            label = QLabel(title, self)
            label.setProperty("role", "title")
            grid = self.grids[letter] = PictureGrid(f"labCopies{letter}", title, self)
            column = QVBoxLayout()
            column.setSpacing(UNIT_PX // 2)
            column.addWidget(label)
            column.addWidget(grid, 1)
            row.addLayout(column, 4)
        self.chart = Chart(
            "labCopiesChart",
            _distances(is_trained=True),
            tr("distance, σ of features"),
            tr("share of the pictures; dashed: the median"),
            self,
        )
        row.addWidget(self.chart, 3)
        self.show_result(None)

    def work(self, subjects: Subjects, gathered: Gathered) -> Generator[EncodeProgress, None, Any]:
        """The nearest training pictures of both runs' samples."""
        material = gathered.material
        return (
            yield from heavy.lab_imitation.measure_imitation(
                subjects, material, gathered.space, kept=gathered.kept(subjects)
            )
        )

    def show_result(self, result: Result | None) -> None:
        """The samples, the histogram, and what the distances say."""
        study: ImitationStudy | None = None if result is None else result.value
        is_trained = study is None or study.training
        self.seen_label.setText(_seen(is_trained=is_trained))
        self.chart.setAccessibleName(_distances(is_trained=is_trained))
        if study is None:
            waiting = tr("The samples come here once their neighbours have been looked up.")
            for grid in self.grids.values():
                grid.show_pictures(None, 4, words=waiting)
            self.chart.show_words(tr("The distances come here once they are measured."))
            self.say("")
            return
        for grid, found in zip(self.grids.values(), study.subjects, strict=True):
            pictures = np.concatenate([found.samples[:SHOWN, None], found.neighbours[:SHOWN]], axis=1)
            numbers = tr("sample"), *([""] * 3)
            captions = [
                numbers[0] if column == 0 else f"#{found.neighbour_indices[row, column - 1]}"
                for row in range(len(pictures))
                for column in range(pictures.shape[1])
            ]
            flat = pictures.reshape(-1, *pictures.shape[2:])
            grid.show_pictures(flat, pictures.shape[1], tuple(captions), led=True)
        values = [
            study.held_out,
            *(found.distances for found in study.subjects),
            *(found.decoded for found in study.subjects),
        ]
        top = float(max(np.quantile(one, 0.995) for one in values))
        edges = np.linspace(0.0, max(top, 1e-6), _BINS + 1)
        names = (
            tr("real pictures, held out"),
            *(f"{x}  {found.name}" for x, found in zip("AB", study.subjects, strict=True)),
            *(tr("{side}'s reconstructions of those", side=letter) for letter in "AB"),
        )
        self.chart.show_bars(
            *(
                _bars(name, token, edges, one, is_control=place > len(COLOURS))
                for place, (name, token, one) in enumerate(
                    zip(names, ("secondary", *COLOURS, *COLOURS), values, strict=True)
                )
            )
        )
        self.say(imitation_words(study))


def _seen(*, is_trained: bool) -> str:
    """What is looked at: training pictures of both runs, or others."""
    if is_trained:
        return tr(
            "Each sample, left, beside the three training pictures that are nearest to it: is it a new"
            " picture, or an old one again? Pictures that were held out say what distance is usual, and"
            " a run's reconstructions of them what it is for pictures as smooth as its own."
        )
    return tr(
        "Each sample, left, beside the three real pictures that are nearest to it. They are not the training"
        " pictures of both runs, so that being near to them is no sign of a copy."
    )


def _distances(*, is_trained: bool) -> str:
    if is_trained:
        return tr("Distances to the nearest training picture")
    return tr("Distances to the nearest real picture")


def _bars(
    name: str, token: str, edges: NDArray[np.float64], values: NDArray[np.float64], *, is_control: bool
) -> ChartBars:
    counts, _edges = np.histogram(np.minimum(values, edges[-1]), edges)
    return ChartBars(name, token, edges, counts / max(1, len(values)), float(np.median(values)), is_control)
