"""The editing half of the session: the document that undo moves through, and every request to change it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from core.edits import Edit, Operation, parse_typed
from core.errors import EditError, LatentDialsError
from core.translate import tr
from gui import heavy
from gui.commands import ChangeDocument
from gui.edit_state import Document, EditState, Kept, StartCode
from gui.renderer import Pictures
from gui.saved_history import History, Step

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset
    from core.latents import CodeStatistics

UNDO_LIMIT = 500


class Editing(QObject):
    """Picture, edit and kept adjustments: what they are, and the requests to change them.

    Signals:
        document_changed(): any of what undo moves through is another; the three below then say what.
        selection_changed(): index or target_index is another.
        edit_changed(): edit is another.
        kept_changed(): kept or kept_pictures are others.
        dial_changed(): dial, the dimension in hand, or direction, the one in hand instead, is another.
        presets_changed(): presets are others.
        message_posted(str): one sentence of news.
        locks_changed(): locked, or which directions are, is another.
        failed(str): one sentence on what went wrong and the way out.
    """

    document_changed = Signal()
    selection_changed = Signal()
    edit_changed = Signal()
    kept_changed = Signal()
    dial_changed = Signal()
    presets_changed = Signal()
    locks_changed = Signal()
    message_posted = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset: ImageDataset | None = None
        self.codec: Codec | None = None
        self.statistics: CodeStatistics | None = None
        self.pictures: Pictures | None = None
        self.kept_pictures: tuple[NDArray[np.uint8], ...] = ()
        self.presets: dict[str, EditState] = {}
        self.locked: frozenset[int] = frozenset()  # dimensions that no hand turns and no random code changes
        self.target_index = -1
        self.dial = 0
        self.direction = ""  # the direction in hand, by its name; then no dimension is
        self._document = Document()
        self._is_told = True  # not while a history is taken up, step by step
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_LIMIT)

    # ---- what is ---------------------------------------------------------------------------------------

    @property
    def index(self) -> int:
        """The selected picture, -1 for none."""
        return self._document.index

    @property
    def edit(self) -> EditState:
        """What is done to the code."""
        return self._document.edit

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The kept adjustments of the selected picture."""
        return self._document.kept_of(self.index)

    def adjustments(
        self, positions: tuple[int, ...] | None = None, with_edit: bool = True
    ) -> tuple[Kept, ...]:
        """The kept adjustments at positions (None: all), then the current edit unless it is among them."""
        kept = self.kept
        chosen = [kept[i] for i in (range(len(kept)) if positions is None else positions) if i < len(kept)]
        if with_edit and not self.edit.is_empty and all(known.state != self.edit for known in chosen):
            chosen.append(Kept(self.edit))
        return tuple(chosen)

    def start_value(self, dim: int) -> float:
        """The value of one dimension before the edits; 0 while none is known."""
        if self.edit.start is not None:
            return self.edit.start.code[dim]
        return float(self.pictures.code[dim]) if self.pictures is not None else 0.0

    def value_of(self, dim: int) -> float:
        """The edited value of one dimension."""
        return self.edit.value(dim, self.start_value(dim))

    # ---- pictures and dials in hand --------------------------------------------------------------------

    def select_image(self, index: int) -> None:
        """Take a picture in hand. The edits stay and apply to it; a start code goes, as a step to undo."""
        if self.dataset is None or not 0 <= index < len(self.dataset) or index == self.index:
            return
        chosen = replace(self._document, index=index)
        if self.edit.start is not None:
            self._push(tr("Select picture {index}", index=index), replace(chosen, edit=EditState()))
        else:
            self._put(chosen)

    def step_selection(self, delta: int) -> None:
        """Select the picture delta places further on, stopping at the ends."""
        if self.dataset is not None:
            self.select_image(min(max(self.index + delta, 0), len(self.dataset) - 1))

    def set_target(self, index: int) -> None:
        """Choose the picture whose code can be loaded; -1 for none."""
        if self.dataset is not None and -1 <= index < len(self.dataset) and index != self.target_index:
            self.target_index = index
            self.selection_changed.emit()

    def choose_dial(self, dim: int) -> None:
        """Take a dial in hand: its traversal is shown."""
        is_new = dim != self.dial or self.direction
        if self.codec is not None and 0 <= dim < self.codec.latent_dim and is_new:
            self.dial, self.direction = dim, ""
            self.dial_changed.emit()

    # ---- edits -----------------------------------------------------------------------------------------

    def turn_dial(self, dim: int, value: float, gesture: object = None) -> None:
        """Turn one dimension to value; every turn of one gesture becomes one step to undo."""
        if self.pictures is None or not np.isfinite(value) or dim in self.locked:
            return
        self.choose_dial(dim)
        edit = self.edit.with_value(dim, value, self.start_value(dim))
        self._push_edit(tr("Turn z{dim} to {value}", dim=dim, value=f"{value:.2f}"), edit, gesture)

    def type_on_dial(self, dim: int, text: str) -> None:
        """Do what was typed on a dial: "+20", "-3", "1.5", "=-3" or "*2". Raises: EditError."""
        edit = parse_typed(text, dim)
        if self.pictures is None:
            raise EditError(tr("There is no code to edit yet: open or train a model first."))
        self._check_unlocked(dim)
        if not np.isfinite(np.float32(edit.of(self.value_of(dim)))):
            raise EditError(tr("{text} is too large for a code.", text=text))
        self.choose_dial(dim)
        self._push_edit(tr("Edit z{dim}: {text}", dim=dim, text=text.strip()), self._with_shown(edit))

    def negate_dial(self, dim: int) -> None:
        """Change the sign of one dimension."""
        if self.pictures is not None and dim not in self.locked:
            self.choose_dial(dim)
            edit = self._with_shown(Edit(dim, Operation.MULTIPLY, -1.0))
            self._push_edit(tr("Negate z{dim}", dim=dim), edit)

    def reset_dial(self, dim: int) -> None:
        """Take back every edit of one dimension; what moves along directions make of it stays."""
        if dim not in self.locked:
            self._push_edit(tr("Reset z{dim}", dim=dim), self.edit.without(dim))

    def lock_dial(self, dim: int, locked: bool) -> None:
        """Have one dimension stay where it is: no hand turns it, no random code changes it."""
        changed = self.locked | {dim} if locked else self.locked - {dim}
        if changed != self.locked:
            self.locked = changed
            self.locks_changed.emit()

    def with_locks(self, code: NDArray[np.float32]) -> NDArray[np.float32]:
        """The code nearest to code (D,) that lies where the edited one does in what is locked."""
        raise NotImplementedError

    def reset_all(self) -> None:
        """Take back every edit, and the start code."""
        self._push_edit(tr("Reset all"), EditState())

    def set_edit(self, edit: EditState, text: str, gesture: object = None) -> None:
        """Replace the whole edit; text names the step, and those of one gesture are one."""
        self._push_edit(text, edit, gesture)

    def load_random_code(self, seed: int | None = None) -> None:
        """Start from a random code: the prior for a vae, a Gaussian fitted to the codes for an ae."""
        if self.codec is None or self.pictures is None:
            return
        seed = secrets.randbelow(10_000) if seed is None else seed
        objective = self.codec.config.objective
        code = heavy.latents.random_codes(self.statistics, objective, 1, seed, self.codec.latent_dim)[0]
        code = self.with_locks(code)
        name = tr("random code {seed}", seed=seed)
        self._push_edit(tr("Random code"), EditState(StartCode.of(name, code)))

    def load_code_of(self, index: int) -> None:
        """Start from the code of another picture."""
        if self.codec is None or self.dataset is None or not 0 <= index < len(self.dataset):
            return
        try:
            code = self.codec.encode(self.dataset.pictures([index]))[0]
        except LatentDialsError as error:
            self.failed.emit(str(error))
            return
        code = self.with_locks(code)
        name = tr("code of #{index}", index=index)
        self._push_edit(tr("Load the code of #{index}", index=index), EditState(StartCode.of(name, code)))

    def keep_adjustment(self) -> None:
        """Keep the current edit beside the picture."""
        if self.edit.is_empty or self.pictures is None:
            self.failed.emit(tr("Nothing is adjusted yet: turn a dial first."))
            return
        if any(kept.state == self.edit for kept in self.kept):
            self.message_posted.emit(tr("This adjustment is kept already."))
            return
        self._push_kept(tr("Keep {text}", text=self.edit.text()), (*self.kept, Kept(self.edit)))

    def remove_kept(self, position: int) -> None:
        """Let a kept adjustment go."""
        if 0 <= position < len(self.kept):
            text = tr("Remove {text}", text=self.kept[position].state.text())
            self._push_kept(text, (*self.kept[:position], *self.kept[position + 1 :]))

    def set_note(self, position: int, note: str, gesture: object = None) -> None:
        """Put the person's own words to a kept adjustment; all of one gesture become one step to undo."""
        if 0 <= position < len(self.kept) and self.kept[position].note != note:
            kept = list(self.kept)
            kept[position] = replace(kept[position], note=note)
            self._push_kept(tr("Describe an adjustment"), tuple(kept), gesture)

    def save_preset(self, name: str) -> None:
        """Name the current edit, so that it can be applied again."""
        name = name.strip()
        if not name or self.edit.is_empty:
            self.failed.emit(tr("A preset needs a name and an adjustment: turn a dial first."))
            return
        self.presets = {**self.presets, name: self.edit}
        self.presets_changed.emit()

    def apply_preset(self, name: str) -> None:
        """Replace the edit by a named one."""
        if name in self.presets:
            self._push_edit(tr("Preset {name}", name=name), self.presets[name])

    def delete_preset(self, name: str) -> None:
        """Forget a named edit."""
        if name in self.presets:
            self.presets = {known: edit for known, edit in self.presets.items() if known != name}
            self.presets_changed.emit()

    # ---- inside ----------------------------------------------------------------------------------------

    def _check_unlocked(self, dim: int) -> None:
        if dim in self.locked:
            raise EditError(tr("z{dim} is locked: unlock it first, with L on the dial.", dim=dim))

    def _with_shown(self, edit: Edit) -> EditState:
        """The edit done to what the dial shows, which is moved along directions as well."""
        if edit.operation is Operation.ADD or not self.edit.moves():
            return self.edit.with_edit(edit)
        value = edit.of(self.value_of(edit.dim))
        return self.edit.with_value(edit.dim, value, self.start_value(edit.dim))

    def _push_edit(self, text: str, edit: EditState, gesture: object = None) -> None:
        self._push(text, replace(self._document, edit=edit), gesture)

    def _push_kept(self, text: str, kept: tuple[Kept, ...], gesture: object = None) -> None:
        self._push(text, self._document.with_kept(self.index, kept), gesture)

    def _push(self, text: str, document: Document, gesture: object = None) -> None:
        if document == self._document:
            return
        stack = self.undo_stack
        last = stack.command(stack.count() - 1) if 0 < stack.count() == stack.index() else None
        if not isinstance(last, ChangeDocument) or not last.goes_on(gesture):
            stack.push(ChangeDocument(text, self._document, document, self._put, gesture))
            return
        # Not by Qt's mergeWith(): PySide keeps what was merged for ever, with both documents of every move of
        # a hand (PySide6 6.11).
        self._put(document)
        last.go_on(text, document)
        if last.isObsolete():
            stack.undo()  # which also takes it off
        else:
            stack.undoTextChanged.emit(stack.undoText())
            stack.indexChanged.emit(stack.index())

    def _history(self, limit: int) -> History:
        """The undo history, of its steps those around the one in force."""
        stack = self.undo_stack
        first = max(0, stack.index() - limit)
        commands = (stack.command(place) for place in range(first, min(stack.count(), first + limit)))
        steps = (
            Step(one.text(), one.before, one.after) for one in commands if isinstance(one, ChangeDocument)
        )
        return History(tuple(steps), stack.index() - first)

    def _put_history(self, history: History, document: Document) -> None:
        """Put the steps of a history on those that are in force, and show document."""
        self._is_told = False
        try:
            for step in history.steps:
                self.undo_stack.push(ChangeDocument(step.text, step.before, step.after, self._put))
            self.undo_stack.setIndex(self.undo_stack.count() - len(history.steps) + history.done)
        finally:
            self._is_told = True
        self._put(document)

    def _put(self, document: Document) -> None:
        """The one setter of the document; the undo commands call it."""
        if not self._is_told:
            return
        before, self._document = self._document, document
        self.document_changed.emit()  # first: the new picture is computed while dials and captions follow
        if document.index != before.index:
            self.selection_changed.emit()
        if document.edit != before.edit:
            self.edit_changed.emit()
        if document.index != before.index or document.kept != before.kept:
            self.kept_pictures = ()
            self.kept_changed.emit()
