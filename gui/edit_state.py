"""The frozen values that an editing session is made of: start code, edits, kept adjustments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.edits import (
    AnyEdit,
    Direction,
    Edit,
    Move,
    Operation,
    apply_edits,
    moves_of,
    offset_of,
    simplified,
)
from core.translate import tr


@dataclass(frozen=True)
class StartCode:
    """A code that stands in for the picture's own: a random one, or another picture's."""

    text: str
    code: tuple[float, ...]

    @classmethod
    def of(cls, text: str, code: NDArray[np.float32]) -> "StartCode":
        """From a vector (D,)."""
        return cls(text, tuple(float(value) for value in code))

    def vector(self) -> NDArray[np.float32]:
        """The code as float32 (D,)."""
        return np.asarray(self.code, dtype=np.float32)


@dataclass(frozen=True)
class EditState:
    """What is done to the code: an optional start code, then edits in their order, then moves."""

    start: StartCode | None = None
    edits: tuple[AnyEdit, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the edited picture is the reconstruction."""
        return self.start is None and not self.edits

    def start_code(self, own: NDArray[np.float32]) -> NDArray[np.float32]:
        """The code before the edits: the start code, or the picture's own (D,)."""
        return own if self.start is None else self.start.vector()

    def code(self, own: NDArray[np.float32]) -> NDArray[np.float32]:
        """The edited code (D,) for a picture whose own code is own."""
        return apply_edits(self.edits, self.start_code(own))

    def value(self, dim: int, start_value: float) -> float:
        """The edited value of one dimension that started at start_value."""
        moved = 0.0
        for edit in self.edits:
            if isinstance(edit, Move):
                moved += edit.amount * edit.direction.vector[dim]
            elif edit.dim == dim:
                start_value = edit.of(start_value)
        return start_value + moved

    def own_change(self, dim: int, start_value: float) -> float:
        """By how much the edits of one dimension change it, without the moves along directions."""
        return (
            replace(self, edits=tuple(edit for edit in self.edits if isinstance(edit, Edit))).value(
                dim, start_value
            )
            - start_value
        )

    def values(self, starts: NDArray[np.float64]) -> NDArray[np.float64]:
        """value() of all dimensions (D,)."""
        values = starts.copy()
        for edit in self.edits:
            if isinstance(edit, Edit):
                values[edit.dim] = edit.of(float(values[edit.dim]))
        return values + offset_of(self.edits, len(values)) if self.moves() else values

    def with_edit(self, edit: AnyEdit) -> "EditState":
        """This state with one more edit, simplified."""
        return replace(self, edits=simplified((*self.edits, edit)))

    def with_value(self, dim: int, value: float, start_value: float) -> "EditState":
        """This state with dim turned to value: an ADD after what was set or multiplied before."""
        delta = value - self.value(dim, start_value)
        return self.with_edit(Edit(dim, Operation.ADD, delta)) if delta else self

    def without(self, dim: int) -> "EditState":
        """This state with every edit of dim taken back."""
        return replace(
            self, edits=tuple(edit for edit in self.edits if isinstance(edit, Move) or edit.dim != dim)
        )

    def moves(self) -> tuple[Move, ...]:
        """The moves along directions."""
        return moves_of(self.edits)

    def amount(self, direction: Direction) -> float:
        """How far it is moved along a direction."""
        return next((move.amount for move in self.moves() if move.direction == direction), 0.0)

    def with_direction(self, old: Direction, new: Direction) -> "EditState":
        """This state with its move along old going along new."""
        edits = (
            Move(new, edit.amount) if isinstance(edit, Move) and edit.direction == old else edit
            for edit in self.edits
        )
        return replace(self, edits=tuple(edits))

    def without_move(self, direction: Direction) -> "EditState":
        """This state without its move along a direction."""
        kept = (edit for edit in self.edits if not isinstance(edit, Move) or edit.direction != direction)
        return replace(self, edits=tuple(kept))

    def as_edits(self) -> tuple[AnyEdit, ...]:
        """The same as edits alone: a start code becomes one SET per dimension."""
        if self.start is None:
            return self.edits
        sets = tuple(Edit(dim, Operation.SET, value) for dim, value in enumerate(self.start.code))
        return simplified((*sets, *self.edits))

    def dims(self) -> tuple[int, ...]:
        """The dimensions that have edits of their own, in the order of their first."""
        return tuple(dict.fromkeys(edit.dim for edit in self.edits if isinstance(edit, Edit)))

    def text(self) -> str:
        """What a person reads: "z0 +20, smile +2σ"; the start code first where there is one."""
        parts = [self.start.text] if self.start else []
        shown = self.edits[:4]
        parts += [_edit_text(edit) for edit in shown]
        if len(self.edits) > len(shown):
            parts.append(tr("{count} more", count=len(self.edits) - len(shown)))
        return ", ".join(parts)


def move_text(move: Move) -> str:
    """What a person reads of a move: "smile +2σ"."""
    number = f"{move.amount:+.3g}".replace("-", "−")
    return f"{move.direction.name} {number}σ"


def _edit_text(edit: AnyEdit) -> str:
    if isinstance(edit, Move):
        return move_text(edit)
    number = f"{edit.value:.3g}".replace("-", "−")
    match edit.operation:
        case Operation.ADD:
            return f"z{edit.dim} {number if edit.value < 0 else '+' + number}"
        case Operation.SET:
            return f"z{edit.dim} = {number}"
        case Operation.MULTIPLY:
            return f"z{edit.dim} × {number}"


@dataclass(frozen=True)
class Kept:
    """A kept adjustment of one picture, with the person's own words on what differs."""

    state: EditState
    note: str = ""


@dataclass(frozen=True)
class Document:
    """All that undo and redo move through: the picture, the edit, what was kept of each picture."""

    index: int = -1
    edit: EditState = EditState()
    kept: tuple[
        tuple[int, tuple[Kept, ...]], ...
    ] = ()  # (picture, its adjustments), in order of first keeping

    def kept_of(self, index: int) -> tuple[Kept, ...]:
        """The kept adjustments of one picture."""
        return next((kept for picture, kept in self.kept if picture == index), ())

    def with_kept(self, index: int, adjustments: Sequence[Kept]) -> "Document":
        """This document with other kept adjustments for one picture."""
        others = dict(self.kept)
        others[index] = tuple(adjustments)
        return replace(self, kept=tuple((picture, kept) for picture, kept in others.items() if kept))
