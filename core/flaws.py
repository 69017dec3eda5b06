"""What is wrong with values that a pydantic model refuses, for a sentence of ours."""

from typing import Any, NamedTuple

from pydantic import ValidationError


class Flaw(NamedTuple):
    """The first thing that is wrong with values: where, "" for all of them, what stands there, and why."""

    place: str
    value: Any
    reason: str


def first_flaw(error: ValidationError) -> Flaw:
    """What is said of an error of pydantic's; its reason without a full stop, in one sentence's place."""
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ").rstrip(".")
    return Flaw(".".join(str(part) for part in first["loc"]), first.get("input"), reason)
