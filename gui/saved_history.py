"""The undo history as it is kept: every document once, every edit once, however many steps share them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from core.errors import EditError
from core.saved_direction import SavedDirection
from core.translate import tr
from gui.edit_state import Document, EditState, Kept
from gui.memory import Directions, SavedState, live_directions

STEPS_KEPT = 200  # of the 500 that undo goes back


@dataclass(frozen=True)
class Step:
    """One step of the undo history: its name, the document before it and after."""

    text: str
    before: Document
    after: Document


@dataclass(frozen=True)
class History:
    """Steps, of which the first `done` are in force and the others can be redone."""

    steps: tuple[Step, ...] = ()
    done: int = 0


class SavedHistory(BaseModel):
    """A History in tables that name each other's rows; states name those of directions.

    kept holds (picture, its adjustments), an adjustment being (row of states, note); documents holds
    (picture, row of states, rows of kept); steps holds (name, row of documents before, and after).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    states: tuple[SavedState, ...] = ()
    kept: tuple[tuple[int, tuple[tuple[int, str], ...]], ...] = ()
    documents: tuple[tuple[int, int, tuple[int, ...]], ...] = ()
    steps: tuple[tuple[str, int, int], ...] = ()
    directions: tuple[SavedDirection, ...] = ()
    done: int = 0

    @classmethod
    def of(cls, history: History) -> "SavedHistory":
        """From the live value."""
        tables = _Tables()
        steps = tuple(
            (step.text, tables.document(step.before), tables.document(step.after)) for step in history.steps
        )
        directions = Directions()
        states = tuple(SavedState.of(state, directions) for state in tables.states.rows)
        return cls(
            states=states,
            directions=directions.saved(),
            kept=tuple(tables.kept.rows),
            documents=tuple(tables.documents.rows),
            steps=steps,
            done=history.done,
        )

    def history(self, latent_dim: int, count: int) -> History:
        """The live value, for codes of latent_dim and count pictures. Raises: EditError."""
        directions = live_directions(self.directions, latent_dim)
        states = [state.state(latent_dim, directions) for state in self.states]
        try:
            kept = [
                (_picture(picture, count), tuple(Kept(states[_row(row)], note) for row, note in adjustments))
                for picture, adjustments in self.kept
            ]
            documents = [
                Document(_picture(picture, count), states[_row(row)], tuple(kept[_row(one)] for one in rows))
                for picture, row, rows in self.documents
            ]
            steps = tuple(
                Step(text, documents[_row(before)], documents[_row(after)])
                for text, before, after in self.steps
            )
        except IndexError:
            raise EditError(tr("The kept history does not fit the pictures that are open.")) from None
        if not 0 <= self.done <= len(steps):
            raise EditError(tr("The kept history does not fit the pictures that are open."))
        return History(steps, self.done)


def _row(row: int) -> int:
    """Raises: IndexError for a negative one, which Python would count from the end."""
    if row < 0:
        raise IndexError(row)
    return row


def _picture(picture: int, count: int) -> int:
    if not 0 <= picture < count:
        raise IndexError(picture)
    return picture


R = TypeVar("R", bound=Hashable)


@dataclass
class _Table(Generic[R]):
    """Rows, each once."""

    rows: list[R] = field(default_factory=list)
    _places: dict[R, int] = field(default_factory=dict)

    def place(self, row: R) -> int:
        place = self._places.setdefault(row, len(self.rows))
        if place == len(self.rows):
            self.rows.append(row)
        return place


@dataclass
class _Tables:
    """The tables of a SavedHistory as they grow. Steps share most of what they hold, as the same objects."""

    states: _Table[EditState] = field(default_factory=_Table[EditState])
    kept: _Table[tuple[int, tuple[tuple[int, str], ...]]] = field(default_factory=lambda: _Table())
    documents: _Table[tuple[int, int, tuple[int, ...]]] = field(default_factory=lambda: _Table())
    _known: dict[tuple[int, int], int] = field(default_factory=dict)  # by id: all live as long as the history

    def document(self, document: Document) -> int:
        known = self._known.get((-1, id(document)))
        if known is None:
            kept = tuple(self._kept(picture, adjustments) for picture, adjustments in document.kept)
            known = self.documents.place((document.index, self._state(document.edit), kept))
            self._known[-1, id(document)] = known
        return known

    def _state(self, state: EditState) -> int:
        known = self._known.get((-2, id(state)))
        if known is None:
            known = self._known[-2, id(state)] = self.states.place(state)
        return known

    def _kept(self, picture: int, adjustments: Sequence[Kept]) -> int:
        known = self._known.get((picture, id(adjustments)))
        if known is None:
            row = tuple((self._state(kept.state), kept.note) for kept in adjustments)
            known = self._known[picture, id(adjustments)] = self.kept.place((picture, row))
        return known
