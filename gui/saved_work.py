"""A window's work: what is open, the document, its history, the window. Live, and as it is kept."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gui import memory
from gui.edit_state import Document, EditState
from gui.memory import SavedDocument, SavedSession
from gui.saved_history import History, SavedHistory
from gui.window_memory import WindowMemory


@dataclass
class Basis:
    """The saved document that a window's own goes back to; only the thread that writes changes it.

    sequence counts the saves of this document by all windows; 0 where there has been none. view and edits are
    what the window showed and held of it when it was read or written last.
    """

    path: Path
    sequence: int = 0
    view: object = None
    edits: object = None


@dataclass(frozen=True)
class Work:
    """All that a window holds, as frozen values; basis is None where there is no document to keep."""

    open_now: SavedSession
    document: Document
    dial: int = 0
    target_index: int = -1
    presets: Mapping[str, EditState] = field(default_factory=dict)
    previews: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    locked: frozenset[int] = frozenset()
    locked_directions: frozenset[str] = frozenset()
    history: History = field(default_factory=History)
    window: WindowMemory | None = None
    basis: Basis | None = None

    @property
    def view(self) -> object:
        """What a person looks at, which is convenient to find again and no loss."""
        return self.document.index, self.dial, self.target_index, self.previews

    @property
    def edits(self) -> object:
        """What a person has made."""
        locks = self.locked, self.locked_directions
        return self.document.edit, self.document.kept, self.presets, self.groups, locks

    def saved_document(self) -> SavedDocument | None:
        """The document as it is kept, with the sequence of the one that it goes back to."""
        if self.basis is None:
            return None
        saved = memory.saved_document(
            self.document, self.dial, self.target_index, dict(self.presets), self.previews
        )
        return saved.model_copy(
            update={
                "sequence": self.basis.sequence,
                "groups": self.groups,
                "locked": tuple(sorted(self.locked)),
                "locked_directions": tuple(sorted(self.locked_directions)),
            }
        )


class SavedWork(BaseModel):
    """Work as it is kept while its window lives.

    saved_at is by the wall clock, in seconds. is_aside: its window is not lost, but another had saved the
    same document before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format_version: Literal[1] = 1
    saved_at: Annotated[float, Field(ge=0, lt=1e11)]
    is_aside: bool = False
    open_now: SavedSession
    document: SavedDocument | None = None
    history: SavedHistory = SavedHistory()
    window: WindowMemory | None = None

    @classmethod
    def of(cls, work: Work, *, is_aside: bool = False) -> "SavedWork":
        """From the live value."""
        return cls(
            saved_at=time.time(),
            is_aside=is_aside,
            open_now=work.open_now,
            document=work.saved_document(),
            history=SavedHistory.of(work.history) if work.basis is not None else SavedHistory(),
            window=work.window,
        )
