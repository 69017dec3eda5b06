"""The directions that a run keeps: directions.json in its folder, checked as a stranger's file when read."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.atomic import failure_text, write_text
from core.directions.found import Accuracy, Found, Kind
from core.errors import EditError, RunError
from core.flaws import first_flaw
from core.places import kept_folder
from core.run_files import read_bounded
from core.saved_direction import SavedDirection
from core.translate import tr

DIRECTIONS = "directions.json"
MOST_KEPT = 256
MAX_BYTES = 64 * 2**20

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0, lt=2**40)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _SavedAccuracy(_Value):
    balanced: Share
    plain: Share
    majority: Share
    count: Count


class _SavedFound(SavedDirection):
    kind: Kind
    source: Annotated[str, Field(max_length=1000)] = ""
    share: Share | None = None
    positive: Count = 0
    negative: Count = 0
    accuracy: _SavedAccuracy | None = None
    weights: Annotated[str, Field(max_length=128)] = ""

    def found(self) -> Found:
        accuracy = Accuracy(**self.accuracy.model_dump()) if self.accuracy else None
        return Found(
            self.direction(),
            self.kind,
            self.source,
            self.share,
            self.positive,
            self.negative,
            accuracy,
            self.weights,
        )


class _SavedAll(_Value):
    format_version: Literal[1] = 1
    directions: Annotated[tuple[_SavedFound, ...], Field(max_length=MOST_KEPT)] = ()


def read_directions(run: Path, latent_dim: int) -> tuple[Found, ...]:
    """The directions kept with the run at that path, for codes of latent_dim; none where there is no file.

    Raises: RunError for a file that is damaged, or of another code size.
    """
    path = kept_folder(run) / DIRECTIONS
    if not path.exists():
        return ()
    try:
        saved = _SavedAll.model_validate_json(read_bounded(path, MAX_BYTES))
        found = tuple(one.found() for one in saved.directions)
    except ValidationError as error:
        flaw = first_flaw(error)
        raise _unsound(path, f"{flaw.place or DIRECTIONS}: {flaw.reason}") from None
    except EditError as error:
        raise _unsound(path, str(error)) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise _unsound(path, reason or str(error)) from None
    if len({one.name for one in found}) != len(found):
        raise _unsound(path, tr("a name stands in it twice"))
    other = next((one for one in found if len(one.direction.vector) != latent_dim), None)
    if other is not None:
        raise _unsound(
            path,
            tr(
                "{name} has {found} numbers and the code {count}",
                name=other.name,
                found=len(other.direction.vector),
                count=latent_dim,
            ),
        )
    return found


def write_directions(run: Path, found: Sequence[Found]) -> None:
    """Keep directions with the run at that path, in place of those kept before. Raises: RunError."""
    if len(found) > MOST_KEPT:
        raise RunError(tr("A run keeps at most {count} directions: delete some first.", count=MOST_KEPT))
    path = kept_folder(run) / DIRECTIONS
    saved = _SavedAll(directions=tuple(_saved(one) for one in found))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(saved.model_dump(mode="json"), ensure_ascii=False))
    except OSError as error:
        raise RunError(
            tr("The directions cannot be kept in {path}: {reason}.", path=path, reason=failure_text(error))
        ) from None


def _saved(one: Found) -> _SavedFound:
    accuracy = one.accuracy
    return _SavedFound(
        name=one.name,
        vector=one.direction.vector,
        kind=one.kind,
        source=one.source[:1000],
        share=one.share,
        positive=one.positive,
        negative=one.negative,
        accuracy=None
        if accuracy is None
        else _SavedAccuracy(
            balanced=accuracy.balanced,
            plain=accuracy.plain,
            majority=accuracy.majority,
            count=accuracy.count,
        ),
        weights=one.weights,
    )


def _unsound(path: Path, reason: str) -> RunError:
    return RunError(
        tr(
            "The directions in {path} cannot be read: {reason}. Move the file away to go on without them.",
            path=path,
            reason=reason.rstrip("."),
        )
    )
