"""The undo commands: the only callers of the session's setter of its document."""

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from gui.edit_state import Document


class ChangeDocument(QUndoCommand):
    """One step from one document to the next; changes of the same gesture are one step.

    gesture is any object that stands for one drag or one burst of keys; None merges with nothing.
    """

    def __init__(
        self,
        text: str,
        before: Document,
        after: Document,
        put: Callable[[Document], None],
        gesture: object = None,
    ) -> None:
        super().__init__(text)
        self.before = before
        self.after = after
        self._put = put
        self._gesture = gesture

    def goes_on(self, gesture: object) -> bool:
        """Whether a change of this gesture belongs to this step."""
        return gesture is not None and gesture is self._gesture

    def go_on(self, text: str, after: Document) -> None:
        """Take over a later change of the same gesture; one that ends where it began is no step any more."""
        self.after = after
        self.setText(text)
        self.setObsolete(after == self.before)

    def redo(self) -> None:
        """Show the later document."""
        self._put(self.after)

    def undo(self) -> None:
        """Show the earlier document."""
        self._put(self.before)
