"""The keeping half of the session: its work as one value, written while it lives, and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.errors import EditError
from core.translate import tr
from gui import memory
from gui.edit_state import Document, EditState
from gui.memory import SavedDocument, SavedSession
from gui.saved_history import STEPS_KEPT, History, Step
from gui.saved_work import Basis, SavedWork, Work
from gui.session_keeper import SessionKeeper
from gui.showing import Showing
from gui.window_memory import WindowMemory

if TYPE_CHECKING:
    from core.runs import Run


class Keeping(Showing):
    """What is kept of the document and its history, and how they come back.

    Signals, beside those of Showing:
        previews_chosen(): preview_indices are others.
    """

    previews_chosen = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: Run | None = None
        self.preview_indices: tuple[int, ...] = ()
        self.window_memory: Callable[[], WindowMemory] | None = None  # the window's own part of the work
        self._basis: Basis | None = None
        self.keeper = SessionKeeper(self.work, self)
        self.keeper.failed.connect(self.failed)
        self.keeper.kept_aside.connect(self.failed)
        for changed in (
            self.document_changed,
            self.selection_changed,
            self.dial_changed,
            self.presets_changed,
            self.previews_chosen,
            self.groups_changed,
            self.locks_changed,
        ):
            changed.connect(self.keeper.note_change)

    def work(self) -> Work | None:
        """All that the window holds; None while no pictures are open."""
        if self.dataset is None:
            return None
        identity, run = self.dataset.identity, self._run_to_keep()
        return Work(
            open_now=SavedSession(
                source=identity.source,
                policy=identity.policy,
                run=str(run) if run else None,
                index=max(self.index, 0),
            ),
            document=self._document,
            dial=self.dial,
            target_index=self.target_index,
            presets=self.presets,
            previews=self.preview_indices,
            groups=self.groups,
            locked=self.locked,
            locked_directions=self.locked_directions,
            history=self._history(STEPS_KEPT),
            window=self.window_memory() if self.window_memory is not None else None,
            basis=self._basis,
        )

    @Slot()
    def save(self) -> None:
        """Keep everything now, and wait for it; a failure is said and changes nothing."""
        self.keeper.save()

    def put_work(self, saved: SavedWork) -> None:
        """Show what another window held, for the same pictures and run, with its history. Raises: EditError.

        What this window shows is left by a step that can be undone, where it would be lost otherwise.
        """
        if self.dataset is None or self.codec is None or saved.document is None:
            return
        dims, count = self.codec.latent_dim, len(self.dataset)
        document = memory.restored_document(saved.document, dims, count)
        history = saved.history.history(dims, count)
        presets = self._presets(saved.document)
        first = history.steps[0].before if history.steps else document
        is_newer = self._basis is not None and self._basis.sequence > saved.document.sequence
        if (self.undo_stack.count() or is_newer) and self._document != first:
            bridge = Step(tr("Take up the last session"), self._document, first)
            history = History((bridge, *history.steps), history.done + 1)
        elif not self.undo_stack.count():
            self._document = replace(first, index=-2)  # so that everything is announced
        self.presets = {**self.presets, **presets} if is_newer else presets
        self._put_view(saved.document)
        self._put_history(history, document)
        self.dial_changed.emit()
        self.presets_changed.emit()
        self.locks_changed.emit()

    # ---- inside ----------------------------------------------------------------------------------------

    def _run_to_keep(self) -> Path | None:
        return self.run.path if self.run else None

    def _read_document(self) -> tuple[Basis | None, SavedDocument | None]:
        """What is saved for this run and data, and the basis of what is done to it from now on."""
        if self.run is None or self.codec is None or self.dataset is None:
            return None, None
        return self.keeper.read(memory.document_path(self.run.path, self.dataset.identity.fingerprint))

    def _take_up_document(self, index: int) -> None:
        """Show the document that was kept for this run and data, or picture index with no edit."""
        if self.dataset is None:
            return
        document = Document(index=index)
        self.dial, self.direction = 0, ""
        self.locked, self.locked_directions = frozenset(), frozenset()
        self._basis, saved = self._read_document()
        if saved is not None and self.codec is not None:
            try:
                document = memory.restored_document(saved, self.codec.latent_dim, len(self.dataset))
                self.presets = self._presets(saved)
            except EditError:
                document = Document(index=index)
            self._put_view(saved)
        self._document = Document(index=-2)  # so that everything is announced
        self._put(document)
        self.edit_changed.emit()
        self.dial_changed.emit()
        self.presets_changed.emit()
        self.locks_changed.emit()
        if self._basis is not None and (work := self.work()) is not None:
            self._basis.view, self._basis.edits = work.view, work.edits

    def _presets(self, saved: SavedDocument) -> dict[str, EditState]:
        """Raises: EditError."""
        assert self.codec is not None
        dims = self.codec.latent_dim
        directions = memory.live_directions(saved.directions, dims)
        return {name: state.state(dims, directions) for name, state in saved.presets.items()}

    def _put_view(self, saved: SavedDocument) -> None:
        """The dial in hand, the target and the previews, as far as they are there."""
        assert self.dataset is not None
        assert self.codec is not None
        count = len(self.dataset)
        self.dial = saved.dial if 0 <= saved.dial < self.codec.latent_dim else 0
        self.locked = frozenset(dim for dim in saved.locked if 0 <= dim < self.codec.latent_dim)
        known = {found.name for found in self.directions}
        self.locked_directions = frozenset(saved.locked_directions) & known
        if any(saved.groups):
            first, second = (tuple(one for one in group if 0 <= one < count) for group in saved.groups)
            self.groups = (first, tuple(one for one in second if one not in set(first)))
            self.groups_changed.emit()
        self.target_index = saved.target_index if 0 <= saved.target_index < count else -1
        if saved.previews:
            self.preview_indices = tuple(index for index in saved.previews if 0 <= index < count)
            self.previews_chosen.emit()
