"""LabSides: the two runs that the laboratory compares. Side A is the open run, side B any other that fits."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from core.errors import LatentDialsError
from core.places import runs_folder
from core.run_files import is_run
from core.translate import tr
from gui import heavy
from gui.analyst import Pace
from gui.background import Runner
from gui.lab_side import (
    Gathered,
    RunChoice,
    Side,
    fitting_runs,
    is_variational,
    opened_side,
    preferred,
    ranked,
)
from gui.session import Session

if TYPE_CHECKING:
    from core.encoding import EncodeProgress


class LabSides(QObject):
    """Both sides as they are now. Nothing is read or held of a second run until wake(), nor after rest().

    Signals:
        changed(): a or b is another, or more is known of it; trouble may be another.
        choices_changed(): choices or chosen are others.
        progressed(object): an EncodeProgress of opening side B; None when it has ended.
    """

    changed = Signal()
    choices_changed = Signal()
    progressed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._is_awake = False
        self.b: Side | None = None
        self.trouble = ""  # one sentence on why there is no side B
        self.choices: tuple[RunChoice, ...] = ()
        self.is_looking = False
        self.chosen: Path | None = None
        self._others: tuple[Path, ...] = ()  # chosen from other folders than those that are looked through
        self._a: tuple[Side, object] | None = None  # side A, and the effects that its ranks are of
        self._looked_for: tuple[object, ...] = ()
        self._gathered: tuple[object, Gathered] | None = None
        self._pace = Pace()
        self._finder = Runner(self)
        self._finder.items_arrived.connect(self._on_found)
        self._finder.failed.connect(self._on_not_found)
        self._opener = Runner(self)
        self._opener.items_arrived.connect(self._on_items)
        self._opener.done.connect(self._on_opened)
        self._opener.failed.connect(self._on_failed)
        session.dataset_changed.connect(self._on_dataset_changed)
        session.run_changed.connect(self._on_run_changed)
        session.model_changed.connect(self._on_a_changed)
        session.analyst.statistics_changed.connect(self._on_a_changed)
        session.analyst.effects_changed.connect(self._on_a_changed)
        session.analyst.study_changed.connect(self._on_a_changed)

    @property
    def a(self) -> Side | None:
        """The open run; None while none with weights is open.

        What is known of earlier weights is given only while they go on changing.
        """
        session = self._session
        run, codec, analyst = session.run, session.codec, session.analyst
        if run is None or codec is None:
            self._a = None  # which holds a network
            return None
        changes = session.is_training or session.follower.is_live
        stats, effects, dead = analyst.statistics, analyst.effects, analyst.dead
        if stats is not None and (
            len(stats.std) != codec.latent_dim or not (changes or analyst.statistics_of is codec)
        ):
            stats = None
        if stats is None or not (changes or analyst.effects_of is codec):
            effects = None
        if self._a is not None:
            known, known_effects = self._a
            before = known.run, known.codec, known.statistics, known_effects
            if all(one is other for one, other in zip(before, (run, codec, stats, effects), strict=True)):
                return known
        ranks = ranked(effects, dead) if effects is not None and dead is not None else None
        earlier = analyst.statistics_of if stats is not None else None
        side = Side(
            run,
            codec,
            stats,
            ranks,
            analyst.codes if stats is not None else None,
            earlier if earlier is not codec else None,
        )
        self._a = side, effects
        return side

    @property
    def is_opening(self) -> bool:
        """Whether side B is being opened or measured."""
        return self._opener.is_running

    @property
    def are_ready(self) -> bool:
        """Whether everything that a measure needs is known of both."""
        a = self.a
        if a is None or not self.are_measured or self.is_opening:
            return False
        return not (self._session.analyst.is_running and self._is_quick(a))

    @property
    def are_measured(self) -> bool:
        """Whether codes and effects of dials are known of both, be it by a first few pictures."""
        a, b = self.a, self.b
        return a is not None and a.is_measured and b is not None and b.is_measured

    @property
    def waiting(self) -> str:
        """What is waited for while they are not ready, or why that would be in vain."""
        a = self.a
        missing = self._session.codes_missing if a is not None and not a.is_measured else ""
        return missing or tr("Waiting for the codes of both runs…")

    def _is_quick(self, side: Side) -> bool:
        """Whether a side is known by a first few pictures, and more of them are being measured."""
        session = self._session
        if session.dataset is None or side.statistics is None or session.is_training:
            return False
        return side.statistics.count < min(heavy.encoding.CODES_LIMIT, len(session.dataset))

    def gathered(self, a: Side, b: Side) -> Gathered:
        """The real pictures to measure both on; read once, in the thread that needs them first."""
        dataset = self._session.dataset
        assert dataset is not None
        key = (dataset.identity.fingerprint, a.run.path, b.run.path)
        if self._gathered is None or self._gathered[0] != key:
            self._gathered = key, Gathered(dataset, (a.run, b.run))
        return self._gathered[1]

    def wake(self) -> None:
        """Look for runs and open the second one: the window is shown."""
        self._is_awake = True
        self.look()

    def rest(self) -> None:
        """Let go of the second run, which is opened anew by wake(): the window is hidden."""
        self._is_awake = False
        self._finder.drop()
        self._opener.drop()
        self.is_looking = False
        self.b = self._gathered = None
        self.changed.emit()

    def close(self) -> None:
        """End every thread."""
        self._is_awake = False
        self._finder.close()
        self._opener.close()

    def look(self) -> None:
        """Look again which runs there are."""
        session = self._session
        if not self._is_awake:
            return
        if session.dataset is None or session.run is None:
            self.choices = ()
            self._drop_b()
            self.choices_changed.emit()
            return
        open_path = session.run.path
        folders = tuple(dict.fromkeys((runs_folder(), open_path.parent, *(p.parent for p in self._others))))
        shape = session.dataset.picture_shape
        self.is_looking = True

        def find() -> Generator[Any, None, None]:
            yield fitting_runs(folders, shape, open_path)

        self._finder.start(find)

    def choose(self, path: Path) -> None:
        """Take another run for side B."""
        if self._session.run is not None and path == self._session.run.path:
            self._drop_b(tr("{name} is the open run: choose another one for side B.", name=path.name))
            self.choices_changed.emit()
            return
        if path not in (choice.path for choice in self.choices):
            self._others = (*self._others, path)
        self.chosen = path
        self._open()
        self.look()

    # ---- inside ----------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.b, self.trouble = None, ""
        dataset, path = self._session.dataset, self.chosen
        if dataset is None or path is None or not self._is_awake:
            self._opener.drop()
        else:
            self._pace.is_alone = not self._session.is_training
            pace = self._pace
            self._opener.start(lambda: pace.keep(opened_side(path, dataset)))
        self.changed.emit()

    def _drop_b(self, trouble: str = "") -> None:
        self._opener.drop()
        self.b, self.trouble, self.chosen = None, trouble, None
        self.changed.emit()

    @Slot(list)
    def _on_found(self, found: list[tuple[RunChoice, ...]]) -> None:
        self.is_looking = False
        self.choices = found[-1]
        run = self._session.run
        paths = [choice.path for choice in self.choices]
        if self.chosen is not None and self.chosen not in paths and not is_run(self.chosen):
            gone, kept_trouble = self.chosen, self.trouble
            self._drop_b(
                kept_trouble
                or tr("The second run {path} is not there any more: choose another one.", path=gone)
            )
        elif run is not None and (self.chosen is None or self.chosen == run.path):
            choice = preferred(self.choices, is_variational(run))
            self.chosen = choice.path if choice is not None else None
            self._open()
        elif self.b is None and not self._opener.is_running and not self.trouble:
            self._open()
        self.choices_changed.emit()

    @Slot(object)
    def _on_not_found(self, error: Exception) -> None:
        self.is_looking = False
        self._session.report(error)

    @Slot(list)
    def _on_items(self, items: list[EncodeProgress | Side]) -> None:
        sides = [item for item in items if isinstance(item, Side)]
        if sides:
            self.b = sides[-1]
            self.changed.emit()
        if not isinstance(items[-1], Side):
            self.progressed.emit(items[-1])

    @Slot(object)
    def _on_opened(self, _result: object) -> None:
        self.progressed.emit(None)
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.progressed.emit(None)
        self.b = None
        if isinstance(error, (LatentDialsError, OSError)):
            self.trouble = str(error)
            self.changed.emit()
            return
        self.trouble = tr("The second run could not be opened: {reason}.", reason=error)
        self.changed.emit()
        self._session.report(error)

    @Slot()
    def _on_dataset_changed(self) -> None:
        if self._is_awake:
            self.chosen = None  # what fits the pictures may be another
            self._drop_b()
            self.look()

    @Slot()
    def _on_run_changed(self) -> None:
        self.changed.emit()
        run = self._session.run
        now = (run.path if run is not None else None, self._session.is_training)
        if now != self._looked_for:  # the follower tells each change of a run's settings
            self._looked_for = now
            self.look()

    @Slot()
    def _on_a_changed(self) -> None:
        self.changed.emit()
