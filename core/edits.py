"""Adjustments of a code as frozen values, their text form, and apply(edits, z) -> z."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from core.errors import EditError
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
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_EDIT = re.compile(rf"\s*[zZ]?\[?(\d{{1,6}})\]?\s*(?:([+\-−])\s*({_NUMBER})|([=*×])\s*([+\-−]?{_NUMBER}))\s*")
_TYPED = re.compile(rf"\s*(?:([=*×])\s*)?([+\-−]?)\s*({_NUMBER})\s*")


def parse_edits(text: str, latent_dim: int) -> tuple[Edit, ...]:
    """The edits of a text like "0+20" or "z3=1.5, z5*-1": DIM+X, DIM-X, DIM=X, DIM*X, comma-separated.

    Raises: EditError for text that is none of these, a dimension that is not there, or a number that is
    not finite.
    """
    return tuple(_parse_one(part, latent_dim) for part in text.split(","))


def _parse_one(part: str, latent_dim: int) -> Edit:
    found = _EDIT.fullmatch(part)
    if not found:
        raise EditError(
            tr(
                "'{text}' is no adjustment; write DIM+X, DIM-X, DIM=X or DIM*X, for example 0+20.",
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


def edits_text(edits: Iterable[Edit]) -> str:
    """The text form of several edits, which parse_edits reads back."""
    return ",".join(str(edit) for edit in edits)


def simplified(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The shortest sequence that does the same: at most a multiply then an add, or a set, per dimension.

    Dimensions keep the order of their first appearance; edits that change nothing go.
    """
    affine: dict[int, tuple[float, float]] = {}  # dim -> (factor, offset)
    for edit in edits:
        factor, offset = affine.get(edit.dim, (1.0, 0.0))
        match edit.operation:
            case Operation.ADD:
                affine[edit.dim] = (factor, _clipped(offset + edit.value))
            case Operation.SET:
                affine[edit.dim] = (0.0, edit.value)
            case Operation.MULTIPLY:
                affine[edit.dim] = (_clipped(factor * edit.value), _clipped(offset * edit.value))
    result: list[Edit] = []
    for dim, (factor, offset) in affine.items():
        if factor == 0.0:
            result.append(Edit(dim, Operation.SET, offset))
            continue
        if factor != 1.0:
            result.append(Edit(dim, Operation.MULTIPLY, factor))
        if offset != 0.0:
            result.append(Edit(dim, Operation.ADD, offset))
    return tuple(result)


def _clipped(value: float) -> float:
    return min(max(value, -_LIMIT), _LIMIT)  # so that every edit has a text form that parses


def apply_edits(edits: Iterable[Edit], z: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy of z, (D,) or (N,D), with the edits applied in their order; what float32 cannot hold is clipped.

    Raises: EditError for a dimension that z does not have.
    """
    edited = np.array(z, dtype=np.float32)
    for edit in edits:
        if not 0 <= edit.dim < edited.shape[-1]:
            raise EditError(
                tr("There is no dimension {dim}: the code has {count}.", dim=edit.dim, count=edited.shape[-1])
            )
        column = edited[..., edit.dim].astype(np.float64)
        edited[..., edit.dim] = np.clip(edit.of(column), -_LIMIT, _LIMIT)  # pyright: ignore[reportArgumentType]
    return edited
