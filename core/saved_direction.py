"""A direction as it is written into files: recipes, sessions, a run's own directions. Checked when read."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.edits import AnyEdit, Direction, Move, moves_of

_LIMIT = 3.4e38


class SavedDirection(BaseModel):
    """A Direction; direction() checks what these bounds do not."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(max_length=100)]
    vector: Annotated[
        tuple[Annotated[float, Field(ge=-_LIMIT, le=_LIMIT)], ...], Field(min_length=1, max_length=2**16)
    ]

    @classmethod
    def of(cls, direction: Direction) -> "SavedDirection":
        """From the live value, which is sound already."""
        return cls.model_construct(name=direction.name, vector=direction.vector)

    def direction(self) -> Direction:
        """The live value. Raises: EditError."""
        return Direction(self.name, self.vector)


def distinctly_named(
    edits: Sequence[Sequence[AnyEdit]],
) -> tuple[tuple[tuple[AnyEdit, ...], ...], tuple[Direction, ...]]:
    """The same edits and their directions, of which no two have one name: a second "smile" is "smile 2"."""
    names: dict[Direction, str] = {}
    for direction in (move.direction for one in edits for move in moves_of(one)):
        if direction in names:
            continue
        name, number = direction.name, 1
        while name.casefold() in {taken.casefold() for taken in names.values()}:
            number += 1
            name = f"{direction.name[:50].strip()} {number}"
        names[direction] = name
    renamed = {direction: direction.renamed(name) for direction, name in names.items()}
    changed = tuple(
        tuple(Move(renamed[edit.direction], edit.amount) if isinstance(edit, Move) else edit for edit in one)
        for one in edits
    )
    return changed, tuple(renamed.values())
