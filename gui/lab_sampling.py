"""The page on sampling: random codes decoded by both runs, and how far such pictures lie from real ones."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from core.translate import tr
from gui import heavy
from gui.edit_state import EditState, StartCode
from gui.lab_measured import MeasuredPage, Result
from gui.lab_pictures import PictureGrid
from gui.lab_side import Gathered, Side
from gui.lab_sides import LabSides
from gui.lab_table import NumbersTable, Row
from gui.lab_words import interval, samples_words
from gui.session import Session
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    from core.encoding import EncodeProgress
    from core.lab.sampling import SampleScore, SamplingStudy
    from gui.lab_side import Subjects

COLUMNS, ROWS = 4, 6
MOST_SEED = 9_999


@dataclass(frozen=True)
class GridKey:
    """One grid: a side's letter, and whether its codes come from N(0, 1) or a fitted Gaussian."""

    letter: str
    source: str  # the value of a core.lab.sampling.CodeSource


@dataclass(frozen=True, eq=False)
class SamplesRequest:
    """Samples of sides from their sources."""

    grids: tuple[tuple[GridKey, Side], ...]
    seed: int


@dataclass(frozen=True, eq=False)
class Samples:
    """Codes (n,D) and their pictures (n,H,W,C)."""

    side: Side
    codes: NDArray[np.float32]
    pictures: NDArray[np.uint8]


def sources(side: Side) -> tuple[str, ...]:
    """Where a side's samples come from: its prior, or both where it has none."""
    return ("prior",) if side.is_variational else ("prior", "fitted")


def sampled(request: SamplesRequest) -> dict[GridKey, Samples]:
    """The samples of a request. Raises: ModelError."""
    found: dict[GridKey, Samples] = {}
    for key, side in request.grids:
        source = heavy.lab_sampling.CodeSource(key.source)
        codes = heavy.lab_sampling.drawn_codes(side.subject(), source, COLUMNS * ROWS, request.seed)
        found[key] = Samples(side, codes, side.codec.decode(codes))
    return found


class SamplingPage(MeasuredPage):
    """A grid of samples for every source of both runs, and their scores; a click loads a code of side A."""

    def __init__(self, session: Session, sides: LabSides) -> None:
        super().__init__(
            "labSampling",
            tr("Samples"),
            tr(
                "Random codes, decoded. A variational run is drawn from its prior N(0, 1); one that is not"
                " has no prior, and is drawn from N(0, 1) and from a Gaussian fitted to its codes."
            ),
            session,
            sides,
        )
        self.shown: dict[GridKey, Samples] = {}
        self.grids: dict[GridKey, tuple[QWidget, QLabel, PictureGrid]] = {}
        self.seed_box = QSpinBox(self)
        self.seed_box.setObjectName("labSeed")
        self.seed_box.setRange(0, MOST_SEED)
        self.seed_box.setFixedWidth(12 * UNIT_PX)
        self.seed_box.lineEdit().setTextMargins(6, 0, 0, 0)
        self.seed_box.setAccessibleName(tr("Seed of the samples"))
        self.seed_box.setToolTip(tr("The same seed gives the same samples"))
        self.seed_box.valueChanged.connect(self._on_changed)
        self.again_button = QPushButton(tr("Again"), self)
        self.again_button.setObjectName("labSamplesAgain")
        self.again_button.setToolTip(tr("Other samples, from the next seed"))
        self.again_button.clicked.connect(self._on_again)
        self.table = NumbersTable("labSamplesTable", tr("Scores of the samples"), self)
        seed = QLabel(tr("Seed"), self)
        seed.setProperty("role", "caption")
        seed.setBuddy(self.seed_box)
        hint = QLabel(tr("A click on a sample of A loads its code into the window."), self)
        hint.setProperty("role", "caption")
        head = QHBoxLayout()
        head.setSpacing(UNIT_PX)
        for widget in (seed, self.seed_box, self.again_button, hint):
            head.addWidget(widget)
        head.addStretch(1)
        self._row = QHBoxLayout()
        self._row.setSpacing(2 * UNIT_PX)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT_PX)
        column.addLayout(head)
        column.addLayout(self._row, 1)
        column.addWidget(self.table)

    def work(self, subjects: Subjects, gathered: Gathered) -> Generator[EncodeProgress, None, Any]:
        """The scores of both against real pictures."""
        material = gathered.material
        return (
            yield from heavy.lab_sampling.measure_samples(
                subjects, material, gathered.space, kept=gathered.kept(subjects)
            )
        )

    def show_result(self, result: Result | None) -> None:
        """The scores, and what they say."""
        if result is None:
            self.table.show_rows((), ())
            self.say("")
            return
        study: SamplingStudy = result.value
        head = (
            (tr("{count} samples each", count=f"{study.count:,}"), ""),
            (
                tr("Fréchet distance"),
                tr(
                    "Between the samples' and the real pictures' features, answers of a fixed random network;"
                    " 0 is the same, and other programs' numbers are of other features"
                ),
            ),
            (
                tr("density"),
                tr("How many real pictures' neighbourhoods hold a sample; about 1 for real ones"),
            ),
            (tr("coverage"), tr("The share of real pictures with a sample nearby; at most 1")),
        )
        half = len(study.scores) // 2
        rows = []
        for letter, role, scores, side in (
            ("A", "accent", study.scores[:half], result.a),
            ("B", "third", study.scores[half:], result.b),
        ):
            for score in scores:
                assert score.source is not None
                if score.source.value in sources(side):
                    rows.append(_row(f"{letter}  {source_text(score.source.value)}", score, role))
        rows.append(_row(tr("real pictures"), study.floor, "caption"))
        self.table.show_rows(head, rows)
        self.say(samples_words(study))

    def refresh(self) -> None:
        """Ask for the samples of both, and for the scores where they are due."""
        super().refresh()
        grids = tuple(
            (GridKey(letter, source), side)
            for letter, side in (("A", self._sides.a), ("B", self._sides.b))
            if side is not None and side.statistics is not None
            for source in sources(side)
        )
        if grids:
            self._lane.submit(SamplesRequest(grids, self.seed_box.value()))

    def rest(self) -> None:
        """Let go of the second run."""
        super().rest()
        self.shown = {}

    def load(self, place: int, key: GridKey) -> None:
        """Start the window's edit from the code of a sample of side A, as a step to undo."""
        samples, a = self.shown.get(key), self._sides.a
        if samples is None or a is None or samples.side.codec is not a.codec or key.letter != "A":
            return
        name = tr("sample {place} of seed {seed}", place=place + 1, seed=self.seed_box.value())
        start = StartCode.of(name, samples.codes[place])
        self._session.set_edit(EditState(start), tr("Load a sample"))
        self.grids[key][2].mark(place)

    def _grid(self, key: GridKey) -> PictureGrid:
        if key not in self.grids:
            title = f"{key.letter} · {source_text(key.source)}"
            holder = QWidget(self.body)
            label = QLabel(title, holder)
            label.setProperty("role", "title")
            grid = PictureGrid(f"labSamples-{key.letter}-{key.source}", title, holder)
            if key.letter == "A":
                grid.let_pick(tr("A click loads the code of this sample into the window."))
                grid.picked.connect(self._on_picked)
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(UNIT_PX // 2)
            column.addWidget(label)
            column.addWidget(grid, 1)
            self.grids[key] = holder, label, grid
            order = sorted(self.grids, key=lambda known: (known.letter, known.source != "prior"))
            self._row.insertWidget(order.index(key), holder, 1)
        return self.grids[key][2]

    @Slot(int)
    def _on_picked(self, place: int) -> None:
        for key, (_holder, _label, grid) in self.grids.items():
            if grid is self.sender():
                self.load(place, key)

    @Slot()
    def _on_again(self) -> None:
        self.seed_box.setValue((self.seed_box.value() + 1) % (MOST_SEED + 1))

    def answer_to(self, request: SamplesRequest) -> dict[GridKey, Samples]:
        """The samples."""
        return sampled(request)

    def is_wanted(self, request: SamplesRequest) -> bool:
        """Whether they are of the seed and the sides that are shown."""
        sides = {key.letter: side for key, side in request.grids}
        is_of_now = "A" in sides and self.are_shown(sides["A"], sides.get("B"))
        return is_of_now and request.seed == self.seed_box.value()

    def show_answer(self, request: SamplesRequest, answer: dict[GridKey, Samples]) -> None:
        """A grid for every source of samples."""
        self.shown = answer
        for key, samples in answer.items():
            self._grid(key).show_pictures(samples.pictures, COLUMNS)
        for key, (holder, _label, _grid) in self.grids.items():
            holder.setVisible(key in answer)


def source_text(source: str) -> str:
    """Where codes were drawn from, in words."""
    return tr("from N(0, 1)") if source == "prior" else tr("from its fitted Gaussian")


def _row(name: str, score: SampleScore, role: str) -> Row:
    return Row(name, (interval(score.frechet, 1), f"{score.density:.2f}", f"{score.coverage:.2f}"), role)
