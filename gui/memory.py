"""What is kept between starts: which data and run were open, and the editing document of each run.

The files are JSON in places.state_folder(): session.json, and editing/<key>.json for each pair of run and
data. What windows hold while they live is in gui/session_keeper.py. A file that cannot be read is passed
over: memory is a convenience, never an obstacle.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from core.atomic import write_text
from core.config import ImportConfig
from core.edits import Direction, Edit, Move, edits_text, parse_edits
from core.errors import EditError
from core.places import state_folder
from core.run_files import read_bounded
from core.saved_direction import SavedDirection
from core.translate import tr
from gui.edit_state import Document, EditState, Kept, StartCode

_MAX_BYTES = 64 * 2**20

M = TypeVar("M", bound=BaseModel)


# Bounds within which nothing overflows on its way to Qt or to the network.
_LIMIT = 3.4e38
Picture = Annotated[int, Field(ge=-1, lt=2**31)]
Number = Annotated[float, Field(ge=-_LIMIT, le=_LIMIT)]


class _Saved(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Directions:
    """The directions that states move along, each once, however many states share it."""

    def __init__(self) -> None:
        self._rows: dict[Direction, int] = {}

    def row(self, direction: Direction) -> int:
        """The row of a direction."""
        return self._rows.setdefault(direction, len(self._rows))

    def saved(self) -> tuple[SavedDirection, ...]:
        """All of them as they are kept."""
        return tuple(SavedDirection.of(direction) for direction in self._rows)


class SavedState(_Saved):
    """An EditState: edits in their text form, moves as (row of directions, amount)."""

    start_text: str = ""
    start: Annotated[tuple[Number, ...], Field(max_length=2**16)] | None = None
    edits: Annotated[str, Field(max_length=1_000_000)] = ""
    moves: Annotated[tuple[tuple[int, Number], ...], Field(max_length=10_000)] = ()

    @classmethod
    def of(cls, state: EditState, directions: Directions) -> "SavedState":
        """From the live value; its directions are put with the others."""
        start = state.start
        return cls(
            start_text=start.text if start else "",
            start=start.code if start else None,
            edits=edits_text(edit for edit in state.edits if isinstance(edit, Edit)),
            moves=tuple((directions.row(move.direction), move.amount) for move in state.moves()),
        )

    def state(self, latent_dim: int, directions: Sequence[Direction] = ()) -> EditState:
        """The live value. Raises: EditError when it is of another code size."""
        if self.start is not None and len(self.start) != latent_dim:
            raise EditError(tr("The kept code is of another size."))
        start = StartCode(self.start_text, self.start) if self.start is not None else None
        edits = parse_edits(self.edits, latent_dim) if self.edits else ()
        if not all(0 <= row < len(directions) for row, _ in self.moves):
            raise EditError(tr("A kept move has lost its direction."))
        moves = tuple(Move(directions[row], amount) for row, amount in self.moves)
        return EditState(start, (*edits, *moves))


def live_directions(saved: Sequence[SavedDirection], latent_dim: int) -> tuple[Direction, ...]:
    """The live values. Raises: EditError when one is not sound, or of another code size."""
    directions = tuple(one.direction() for one in saved)
    if any(len(direction.vector) != latent_dim for direction in directions):
        raise EditError(tr("A kept direction is of another code size."))
    return directions


class SavedKept(_Saved):
    """A Kept of one picture."""

    index: Picture
    state: SavedState
    note: str = ""


class SavedDocument(_Saved):
    """The editing document of one run with one data set; sequence counts its saves."""

    sequence: Annotated[int, Field(ge=0, lt=2**53)] = 0
    index: Picture = 0
    target_index: Picture = -1
    dial: Picture = 0
    state: SavedState = SavedState()
    kept: tuple[SavedKept, ...] = ()
    presets: dict[str, SavedState] = {}
    previews: tuple[Picture, ...] = ()
    directions: Annotated[tuple[SavedDirection, ...], Field(max_length=4096)] = ()
    groups: tuple[tuple[Picture, ...], tuple[Picture, ...]] = ((), ())
    locked: tuple[Picture, ...] = ()
    locked_directions: tuple[str, ...] = ()


class SavedSession(_Saved):
    """What was open."""

    source: str
    policy: ImportConfig = ImportConfig()
    run: str | None = None
    index: Annotated[int, Field(ge=0, lt=2**31)] = 0


def saved_document(document: Document, dial: int, target: int, presets: dict[str, EditState],
                   previews: tuple[int, ...]) -> SavedDocument:  # fmt: skip
    """The document as it is kept."""
    directions = Directions()
    saved = SavedDocument(
        index=document.index,
        target_index=target,
        dial=dial,
        state=SavedState.of(document.edit, directions),
        kept=tuple(
            SavedKept(index=index, state=SavedState.of(kept.state, directions), note=kept.note)
            for index, adjustments in document.kept
            for kept in adjustments
        ),
        presets={name: SavedState.of(state, directions) for name, state in presets.items()},
        previews=previews,
    )
    return saved.model_copy(update={"directions": directions.saved()})


def restored_document(saved: SavedDocument, latent_dim: int, count: int) -> Document:
    """The document that was kept, for a code of latent_dim and count pictures. Raises: EditError."""
    directions = live_directions(saved.directions, latent_dim)
    document = Document(
        index=min(max(saved.index, 0), count - 1), edit=saved.state.state(latent_dim, directions)
    )
    for kept in saved.kept:
        if 0 <= kept.index < count:
            known = document.kept_of(kept.index)
            added = Kept(kept.state.state(latent_dim, directions), kept.note)
            document = document.with_kept(kept.index, (*known, added))
    return document


def document_path(run: Path, fingerprint: str) -> Path:
    """The file of the document of one run with the data of one fingerprint."""
    key = hashlib.sha256(f"{run.resolve()}\n{fingerprint}".encode()).hexdigest()[:32]
    return state_folder() / "editing" / f"{key}.json"


def session_path() -> Path:
    """The file that says what was open."""
    return state_folder() / "session.json"


def save(path: Path, value: BaseModel) -> None:
    """Write a value. Raises: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, value.model_dump_json(indent=1))


def load(path: Path, kind: type[M]) -> M | None:
    """The value of a file, or None when it is absent or not sound."""
    try:
        return kind.model_validate_json(read_bounded(path, _MAX_BYTES))
    except (OSError, ValueError):  # a ValidationError is one
        return None
