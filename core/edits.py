"""Adjustments of a code as frozen values, their text form, and apply(edits, z) -> z.

An Edit changes one dimension, a Move goes along a direction through all of them. Edits apply in their order;
moves are added after all of them, so their own order does not matter.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.errors import EditError, is_plain
from core.translate import tr


class Operation(Enum):
    """What an edit does to one element of the code; the value is its sign in the text form."""

    ADD = "+"
    SET = "="
    MULTIPLY = "*"


@dataclass(frozen=True)
class Edit:
    """One operation on one dimension (counted from 0)."""

    dim: int
    operation: Operation
    value: float

    def __str__(self) -> str:
        """The text form without loss: "0+20", "0-1.5", "3=1.5", "5*-1"."""
        number = _number(self.value)
        if self.operation is Operation.ADD:
            return f"{self.dim}{number}" if number.startswith("-") else f"{self.dim}+{number}"
        return f"{self.dim}{self.operation.value}{number}"

    def of(self, value: float) -> float:
        """What this edit makes of one element."""
        match self.operation:
            case Operation.ADD:
                return value + self.value
            case Operation.SET:
                return self.value
            case Operation.MULTIPLY:
                return value * self.value


# float32 is what the decoder takes
_LIMIT = float(np.finfo(np.float32).max)
LONGEST_NAME = 60


@dataclass(frozen=True)
class Direction:
    """A way through the code by its name; vector (D,) is what one standard deviation along it adds.

    Raises: EditError for a name that cannot be written in an adjustment, and for a vector that leads nowhere.
    """

    name: str
    vector: tuple[float, ...] = field(hash=False)  # equal names are rare among different ones

    def __post_init__(self) -> None:
        check_name(self.name)
        if not all(math.isfinite(value) and abs(value) <= _LIMIT for value in self.vector):
            raise EditError(tr("The direction {name} holds a number that is not finite.", name=self.name))
        if not self.length_squared > 0.0:
            raise EditError(tr("The direction {name} leads nowhere: all of it is 0.", name=self.name))

    @cached_property
    def array(self) -> NDArray[np.float64]:
        """The vector (D,); not to be changed."""
        return np.asarray(self.vector, np.float64)

    @cached_property
    def length_squared(self) -> float:
        """The square of the vector's length."""
        with np.errstate(over="ignore"):
            return float(self.array @ self.array)

    def renamed(self, name: str) -> "Direction":
        """The same way under another name. Raises: EditError."""
        return Direction(name, self.vector)


@dataclass(frozen=True)
class Move:
    """So many standard deviations along a direction, whose vector it carries: it needs nothing else."""

    direction: Direction
    amount: float

    def __str__(self) -> str:
        """The text form without loss: "@smile+2", or with the name in quotes where it needs them."""
        number, name = _number(self.amount), self.direction.name
        written = name if _BARE_NAME.fullmatch(name) else f'"{name}"'
        return f"@{written}{number if number.startswith('-') else '+' + number}"


AnyEdit = Edit | Move

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_EDIT = re.compile(rf"\s*[zZ]?\[?(\d{{1,6}})\]?\s*(?:([+\-−])\s*({_NUMBER})|([=*×])\s*([+\-−]?{_NUMBER}))\s*")
_MOVE = re.compile(rf"""\s*@\s*(?:"([^"]*)"|([^"+\-−]+?))\s*([+\-−])\s*({_NUMBER})\s*""")
_BARE_NAME = re.compile(r"[^\W_](?:[\w. ]*\w)?")
_TYPED = re.compile(rf"\s*(?:([=*×])\s*)?([+\-−]?)\s*({_NUMBER})\s*")


def check_name(name: str) -> None:
    """Raises: EditError for a name that no direction may have."""
    if not name or name != name.strip() or '"' in name or len(name) > LONGEST_NAME or not is_plain(name):
        raise EditError(
            tr(
                "'{name}' is no name for a direction: 1 to {longest} characters, without quotation marks,"
                " line ends and spaces around it.",
                name=name[: 2 * LONGEST_NAME],
                longest=LONGEST_NAME,
            )
        )


def parse_edits(text: str, latent_dim: int, directions: Sequence[Direction] = ()) -> tuple[AnyEdit, ...]:
    """The edits of a text like "0+20" or "z3=1.5, @smile-2": DIM+X, DIM-X, DIM=X, DIM*X or @NAME+X each.

    A name is one of directions, whatever its case where that is clear, and stands in double quotes if it has
    a comma or a sign in it.
    Raises: EditError for text that is none of these, a dimension or direction that is not there, or a number
    that is not finite.
    """
    return tuple(
        _parse_move(part, latent_dim, directions)
        if part.lstrip().startswith("@")
        else _parse_one(part, latent_dim)
        for part in _parts(text)
    )


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no quotes."""
    if '"' not in text:
        return text.split(",")
    parts: list[list[str]] = [[]]
    for place, piece in enumerate(text.split('"')):
        if place % 2:  # between two quotes
            parts[-1].append(f'"{piece}"')
            continue
        first, *others = piece.split(",")
        parts[-1].append(first)
        parts.extend([other] for other in others)
    return ["".join(part) for part in parts]


def _parse_move(part: str, latent_dim: int, directions: Sequence[Direction]) -> Move:
    found = _MOVE.fullmatch(part)
    if not found:
        raise EditError(
            tr(
                "'{text}' is no move; write @NAME+X or @NAME-X in standard deviations, for example @smile+2,"
                ' or @"a, b"+2 for a name with a comma or a sign in it.',
                text=part.strip(),
            )
        )
    quoted, bare, sign, amount = found.groups()
    direction = direction_named(quoted if quoted is not None else bare.strip(), directions)
    if len(direction.vector) != latent_dim:
        raise EditError(
            tr(
                "The direction {name} is of codes of {found} dimensions, and this code has {count}.",
                name=direction.name,
                found=len(direction.vector),
                count=latent_dim,
            )
        )
    return Move(direction, _finite(("" if sign == "+" else "-") + amount))


def direction_named(name: str, directions: Sequence[Direction]) -> Direction:
    """The direction of that name, whatever its case where only one is so called. Raises: EditError."""
    exact = [known for known in directions if known.name == name]
    alike = [known for known in directions if known.name.casefold() == name.casefold()]
    if exact or len(alike) == 1:
        return (exact or alike)[0]
    if not directions:
        raise EditError(
            tr("There is no direction '{name}': this run has none yet; 'directions' finds some.", name=name)
        )
    raise EditError(
        tr(
            "There is no direction '{name}': this run has {names}.",
            name=name,
            names=", ".join(known.name for known in directions),
        )
    )


def _parse_one(part: str, latent_dim: int) -> Edit:
    found = _EDIT.fullmatch(part)
    if not found:
        raise EditError(
            tr(
                "'{text}' is no adjustment; write DIM+X, DIM-X, DIM=X or DIM*X, for example 0+20, or @NAME+X"
                " for a direction.",
                text=part.strip(),
            )
        )
    dim_text, sign, amount, operation, number = found.groups()
    dim = int(dim_text)
    if dim >= latent_dim:
        raise EditError(
            tr(
                "There is no dimension {dim}: the code has {count}, numbered 0 to {last}.",
                dim=dim,
                count=latent_dim,
                last=latent_dim - 1,
            )
        )
    if sign:
        return Edit(dim, Operation.ADD, _finite(("" if sign == "+" else "-") + amount))
    return Edit(dim, Operation("*" if operation == "×" else operation), _finite(number))


def parse_typed(text: str, dim: int) -> Edit:
    """The edit typed on the dial of dim: "+20" and "-3" add, "1.5" and "=-3" set, "*2" multiplies.

    Raises: EditError as parse_edits.
    """
    found = _TYPED.fullmatch(text)
    if not found:
        raise EditError(tr("'{text}' is no number; type 1.5, +20, -3, =-3 or *2.", text=text.strip()))
    operation, sign, number = found.groups()
    value = _finite(sign + number)
    if operation in ("*", "×"):
        return Edit(dim, Operation.MULTIPLY, value)
    if operation == "=" or not sign:
        return Edit(dim, Operation.SET, value)
    return Edit(dim, Operation.ADD, value)


def _finite(text: str) -> float:
    value = float(text.replace("−", "-"))
    if not math.isfinite(value) or abs(value) > _LIMIT:
        raise EditError(tr("{text} is too large for a code.", text=text))
    return value


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def edits_text(edits: Iterable[AnyEdit]) -> str:
    """The text form of several edits, which parse_edits reads back."""
    return ",".join(str(edit) for edit in edits)


def simplified(edits: Sequence[AnyEdit]) -> tuple[AnyEdit, ...]:
    """The shortest sequence that does the same: at most a multiply then an add, or a set, per dimension.

    Then one move per direction. Dimensions and directions keep the order of their first appearance; edits
    that change nothing go.
    """
    affine: dict[int, tuple[float, float]] = {}  # dim -> (factor, offset)
    amounts: dict[Direction, float] = {}
    for edit in edits:
        if isinstance(edit, Move):
            amounts[edit.direction] = _clipped(amounts.get(edit.direction, 0.0) + edit.amount)
            continue
        factor, offset = affine.get(edit.dim, (1.0, 0.0))
        match edit.operation:
            case Operation.ADD:
                affine[edit.dim] = (factor, _clipped(offset + edit.value))
            case Operation.SET:
                affine[edit.dim] = (0.0, edit.value)
            case Operation.MULTIPLY:
                affine[edit.dim] = (_clipped(factor * edit.value), _clipped(offset * edit.value))
    result: list[AnyEdit] = []
    for dim, (factor, offset) in affine.items():
        if factor == 0.0:
            result.append(Edit(dim, Operation.SET, offset))
            continue
        if factor != 1.0:
            result.append(Edit(dim, Operation.MULTIPLY, factor))
        if offset != 0.0:
            result.append(Edit(dim, Operation.ADD, offset))
    result.extend(Move(direction, amount) for direction, amount in amounts.items() if amount)
    return tuple(result)


def _clipped(value: float) -> float:
    return min(max(value, -_LIMIT), _LIMIT)  # so that every edit has a text form that parses


def moves_of(edits: Iterable[AnyEdit]) -> tuple[Move, ...]:
    """The moves among edits."""
    return tuple(edit for edit in edits if isinstance(edit, Move))


def offset_of(edits: Iterable[AnyEdit], latent_dim: int) -> NDArray[np.float64]:
    """What the moves among edits add to a code (D,). Raises: EditError for one of another code size."""
    offset = np.zeros(latent_dim)
    for move in moves_of(edits):
        if len(move.direction.vector) != latent_dim:
            raise EditError(
                tr(
                    "The direction {name} is of codes of {found} dimensions, and this code has {count}.",
                    name=move.direction.name,
                    found=len(move.direction.vector),
                    count=latent_dim,
                )
            )
        offset += np.clip(move.amount * move.direction.array, -_LIMIT, _LIMIT)
    return offset


def apply_edits(edits: Sequence[AnyEdit], z: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy of z, (D,) or (N,D), with the edits applied in their order and then the moves added.

    What float32 cannot hold is clipped. Raises: EditError for a dimension or direction that z does not have.
    """
    edited = np.array(z, dtype=np.float32)
    moves = False
    for edit in edits:
        if isinstance(edit, Move):
            moves = True
            continue
        if not 0 <= edit.dim < edited.shape[-1]:
            raise EditError(
                tr("There is no dimension {dim}: the code has {count}.", dim=edit.dim, count=edited.shape[-1])
            )
        column = edited[..., edit.dim].astype(np.float64)
        edited[..., edit.dim] = np.clip(edit.of(column), -_LIMIT, _LIMIT)  # pyright: ignore[reportArgumentType]
    if moves:
        moved = edited.astype(np.float64) + offset_of(edits, edited.shape[-1])
        edited[...] = np.clip(moved, -_LIMIT, _LIMIT)
    return edited
