"""The directing half of the session: directions beside raw dimensions, and the groups they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from core.edits import Move, Operation, parse_typed
from core.errors import EditError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.background import LatestOnly
from gui.editing import Editing
from gui.session_writer import SessionWriter

if TYPE_CHECKING:
    from core.codec import Codec
    from core.directions import Found
    from core.latents import CodeStatistics

Group = Literal["A", "B"]
GROUPS: tuple[Group, Group] = ("A", "B")


class Directing(Editing):
    """The directions of the open run, the one in hand, what is locked of them, and the groups of pictures.

    A direction's dial shows where the code lies along it, in standard deviations from the data's mean. What
    is moved along it is the amount, which the edit holds.

    Signals, beside those of Editing:
        directions_changed(): directions, or which of them are old, are others.
        groups_changed(): groups are others.
    """

    directions_changed = Signal()
    groups_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.directions: tuple[Found, ...] = ()
        self.along: CodeStatistics | None = None  # of the data's codes, a dimension a direction
        self.locked_directions: frozenset[str] = frozenset()
        self.groups: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self._directions_of: Path | None = None  # the run that they are kept with
        self._weights: tuple[Codec, str] | None = None  # the fingerprint of the open ones, once it is known
        self._fingerprints = LatestOnly(_fingerprint, self)
        self._fingerprints.answered.connect(self._on_fingerprint)
        self._direction_files = SessionWriter(self)
        self._direction_files.failed.connect(self._on_not_kept)

    # ---- directions ------------------------------------------------------------------------------------

    def found_named(self, name: str) -> Found | None:
        """The direction of that name, None where there is none."""
        return next((found for found in self.directions if found.name == name), None)

    def is_old(self, found: Found) -> bool:
        """Whether a direction is known to be found with other weights than those that are open."""
        return self._weights is not None and self._weights[1] != found.weights

    def positions(self, code: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Where code (D,), or the edited one, lies along every direction (K,), in sigmas from the mean."""
        if code is None:
            code = self.edit.code(self.pictures.code) if self.pictures is not None else None
        if code is None or not self.directions:
            return np.zeros(len(self.directions), np.float32)
        ways = [found.direction for found in self.directions]
        return heavy.directions.projections(code[np.newaxis], ways, self.centre(len(code)))[0]

    def centre(self, latent_dim: int) -> NDArray[np.float32]:
        """The mean of the data's codes (D,), zeros while it is not known."""
        statistics = self.statistics
        known = statistics is not None and len(statistics.mean) == latent_dim
        return statistics.mean if known and statistics is not None else np.zeros(latent_dim, np.float32)

    def position(self, name: str) -> float:
        """Where the edited code lies along one direction."""
        found = self.found_named(name)
        if found is None or self.pictures is None:
            return 0.0
        code = self.edit.code(self.pictures.code)
        return float(
            heavy.directions.projections(code[np.newaxis], [found.direction], self.centre(len(code)))[0, 0]
        )

    def span_along(self, name: str) -> tuple[float, float]:
        """Between where 90 % of the data's codes lie along a direction."""
        place = next((at for at, found in enumerate(self.directions) if found.name == name), -1)
        if self.along is None or not 0 <= place < len(self.along.low):
            return -2.0, 2.0
        return float(self.along.low[place]), float(self.along.high[place])

    def choose_direction(self, name: str) -> None:
        """Take a direction in hand: its traversal is shown."""
        if name != self.direction and self.found_named(name) is not None:
            self.direction = name
            self.dial_changed.emit()

    def turn_direction(self, name: str, amount: float, gesture: object = None) -> None:
        """Move so many standard deviations along a direction in all; one gesture is one step to undo."""
        found = self.found_named(name)
        if found is None or self.pictures is None or not np.isfinite(amount):
            return
        if name in self.locked_directions or len(found.direction.vector) != len(self.pictures.code):
            return
        self.choose_direction(name)
        delta = amount - self.edit.amount(found.direction)
        edit = self.edit.with_edit(Move(found.direction, delta)) if delta else self.edit
        text = tr("Turn {name} to {amount}σ", name=name, amount=f"{amount:.2f}")
        self._push_edit(text, edit, gesture)

    def turn_direction_to(self, name: str, position: float, gesture: object = None) -> None:
        """Move along a direction until the code lies at position, in standard deviations from the mean."""
        found = self.found_named(name)
        if found is not None:
            amount = self.edit.amount(found.direction) + position - self.position(name)
            self.turn_direction(name, amount, gesture)

    def type_on_direction(self, name: str, text: str) -> None:
        """Do what was typed on a direction's dial, in sigmas: "+2" adds, "1.5" sets. Raises: EditError."""
        edit = parse_typed(text, 0)
        if self.pictures is None:
            raise EditError(tr("There is no code to edit yet: open or train a model first."))
        if name in self.locked_directions:
            raise EditError(tr("{name} is locked: unlock it first, with L on the dial.", name=name))
        if not np.isfinite(np.float32(edit.of(self.position(name)))):
            raise EditError(tr("{text} is too large for a code.", text=text))
        found = self.found_named(name)
        if found is not None and edit.operation is Operation.ADD:
            self.turn_direction(name, self.edit.amount(found.direction) + edit.value)
        else:
            self.turn_direction_to(name, edit.of(self.position(name)))

    def negate_direction(self, name: str) -> None:
        """Go to the other side of the data's mean."""
        if name not in self.locked_directions:
            self.turn_direction_to(name, -self.position(name))

    def reset_direction(self, name: str) -> None:
        """Take back the move along a direction."""
        found = self.found_named(name)
        if found is not None and name not in self.locked_directions:
            self._push_edit(tr("Reset {name}", name=name), self.edit.without_move(found.direction))

    # ---- which there are -------------------------------------------------------------------------------

    def add_directions(self, found: Sequence[Found]) -> None:
        """Keep directions with the run; one of a name that is taken gets a number."""
        added = list(self.directions)
        for one in found:
            taken = {known.name.casefold() for known in added}
            name, number = one.name, 1
            while name.casefold() in taken:
                number += 1
                name = f"{one.name[:50].strip()} {number}"
            added.append(one if name == one.name else one.renamed(name))
        most = heavy.directions.MOST_KEPT
        if len(added) > most:
            self.failed.emit(tr("A run keeps at most {count} directions: delete some first.", count=most))
            return
        first = added[len(self.directions)].name if found else ""
        self._put_directions(tuple(added))
        self.choose_direction(first)

    def rename_direction(self, name: str, new: str) -> None:
        """Give a direction another name, in the current edit too. Raises: EditError."""
        found = self.found_named(name)
        new = new.strip()
        if found is None or new == name:
            return
        for known in self.directions:
            if known.name.casefold() == new.casefold() and known is not found:
                raise EditError(tr("There is a direction {name} already.", name=known.name))
        renamed = found.renamed(new)
        edit = self.edit.with_direction(found.direction, renamed.direction)
        if name in self.locked_directions:
            self.locked_directions = self.locked_directions - {name} | {new}
        if self.direction == name:
            self.direction = new
        self._put_directions(tuple(renamed if known is found else known for known in self.directions))
        self._push_edit(tr("Rename {name} to {new}", name=name, new=new), edit)

    def delete_direction(self, name: str) -> None:
        """Forget a direction; what was moved along it stays as it is."""
        if self.found_named(name) is None:
            return
        self.locked_directions -= {name}
        if self.direction == name:
            self.direction = ""
        self._put_directions(tuple(found for found in self.directions if found.name != name))
        self.dial_changed.emit()

    def lock_direction(self, name: str, locked: bool) -> None:
        """Have the code stay where it is along a direction: no hand turns it, no random code changes it."""
        changed = self.locked_directions | {name} if locked else self.locked_directions - {name}
        if changed != self.locked_directions:
            self.locked_directions = changed
            self.locks_changed.emit()

    def with_locks(self, code: NDArray[np.float32]) -> NDArray[np.float32]:
        """The code nearest to code (D,) that lies where the edited one does in what is locked."""
        if self.pictures is None:
            return code
        ways = [found.direction for found in self.directions if found.name in self.locked_directions]
        edited = self.edit.code(self.pictures.code)
        return heavy.directions.with_coordinates_of(code, edited, sorted(self.locked), ways)

    # ---- groups ----------------------------------------------------------------------------------------

    def set_group(self, which: Group, indices: Sequence[int]) -> None:
        """Make pictures group A or B; those of the other group leave it."""
        if self.dataset is None:
            return
        count = len(self.dataset)
        chosen = tuple(sorted({int(index) for index in indices if 0 <= index < count}))
        own, other = GROUPS.index(which), 1 - GROUPS.index(which)
        groups: list[tuple[int, ...]] = [(), ()]
        groups[own] = chosen
        inside = frozenset(chosen)
        groups[other] = tuple(index for index in self.groups[other] if index not in inside)
        if (groups[0], groups[1]) != self.groups:
            self.groups = (groups[0], groups[1])
            self.groups_changed.emit()

    def toggle_in_group(self, which: Group, index: int) -> None:
        """Put a picture into a group, or take it out."""
        known = self.groups[GROUPS.index(which)]
        self.set_group(which, [one for one in known if one != index] if index in known else [*known, index])

    @Slot()
    def clear_groups(self) -> None:
        """Let both groups go."""
        if self.groups != ((), ()):
            self.groups = ((), ())
            self.groups_changed.emit()

    # ---- inside ----------------------------------------------------------------------------------------

    def _take_up_directions(self, run: Path | None) -> None:
        """Read what is kept with the run at that path; None for no run, or one without weights."""
        self._direction_files.wait_until_written()
        self._directions_of, self.directions, self._weights = run, (), None
        if run is not None and self.codec is not None:
            try:
                self.directions = heavy.directions.read_directions(run, self.codec.latent_dim)
            except LatentDialsError as error:
                self._directions_of = None  # which is not overwritten
                self.failed.emit(str(error))
        if self.found_named(self.direction) is None:
            self.direction = ""
        self._ask_fingerprint()
        self.directions_changed.emit()

    def _put_directions(self, directions: tuple[Found, ...]) -> None:
        self.directions = directions
        run = self._directions_of
        if run is None:
            self.failed.emit(
                tr("The directions last until the window closes: there is no run to keep them with.")
            )
        else:
            write = heavy.directions.write_directions
            self._direction_files.submit(str(run), lambda: write(run, directions))
        self._ask_fingerprint()
        self.directions_changed.emit()

    @Slot()
    def _ask_fingerprint(self) -> None:
        """Have it known which weights are open, where that tells something."""
        codec = self.codec
        if codec is None or (self._weights is not None and self._weights[0] is codec):
            return
        self._weights = None
        if self.directions:
            self._fingerprints.submit(codec)

    @Slot(object, object)
    def _on_fingerprint(self, codec: Codec, fingerprint: str) -> None:
        if codec is self.codec:
            self._weights = (codec, fingerprint)
            self.directions_changed.emit()

    @Slot(str, object)
    def _on_not_kept(self, _name: str, error: object) -> None:
        self.failed.emit(str(error))

    def _close_directions(self) -> None:
        self._fingerprints.stop_and_wait()
        self._direction_files.finish_and_wait()


def _fingerprint(codec: Codec) -> str:
    return codec.fingerprint
