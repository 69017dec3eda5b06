"""The frozen values that an editing session is made of: start code, edits, kept adjustments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.edits import Edit, Operation, apply_edits, simplified
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
    """What is done to the code: an optional start code, then edits in their order."""

    start: StartCode | None = None
    edits: tuple[Edit, ...] = ()

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
        for edit in self.edits:
            if edit.dim == dim:
                start_value = edit.of(start_value)
        return start_value

    def with_edit(self, edit: Edit) -> "EditState":
        """This state with one more edit, simplified."""
        return replace(self, edits=simplified((*self.edits, edit)))

    def with_value(self, dim: int, value: float, start_value: float) -> "EditState":
        """This state with dim turned to value: an ADD after what was set or multiplied before."""
        delta = value - self.value(dim, start_value)
        return self.with_edit(Edit(dim, Operation.ADD, delta)) if delta else self

    def without(self, dim: int) -> "EditState":
        """This state with every edit of dim taken back."""
        return replace(self, edits=tuple(edit for edit in self.edits if edit.dim != dim))

    def as_edits(self) -> tuple[Edit, ...]:
        """The same as edits alone: a start code becomes one SET per dimension."""
        if self.start is None:
            return self.edits
        sets = tuple(Edit(dim, Operation.SET, value) for dim, value in enumerate(self.start.code))
        return simplified((*sets, *self.edits))

    def dims(self) -> tuple[int, ...]:
        """The dimensions that are edited, in the order of their first edit."""
        return tuple(dict.fromkeys(edit.dim for edit in self.edits))

    def text(self) -> str:
        """What a person reads: "z0 +20, z63 +20"; the start code first where there is one."""
        parts = [self.start.text] if self.start else []
        shown = self.edits[:4]
        parts += [_edit_text(edit) for edit in shown]
        if len(self.edits) > len(shown):
            parts.append(tr("{count} more", count=len(self.edits) - len(shown)))
        return ", ".join(parts)


def _edit_text(edit: Edit) -> str:
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
