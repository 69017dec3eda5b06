"""The undo commands: the only callers of the session's setter of its document."""

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from gui.edit_state import Document

_MERGE_ID = 1


class ChangeDocument(QUndoCommand):
    """One step from one document to the next; steps of the same gesture become one.

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

    def id(self) -> int:
        """Qt merges only commands of the same id; -1 never merges."""
        return -1 if self._gesture is None else _MERGE_ID

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over a later step of the same gesture; a gesture that ends where it began undoes itself."""
        if not isinstance(other, ChangeDocument) or other._gesture is not self._gesture:
            return False
        self.after = other.after
        self.setText(other.text())
        self.setObsolete(self.after == self.before)
        return True

    def redo(self) -> None:
        """Show the later document."""
        self._put(self.after)

    def undo(self) -> None:
        """Show the earlier document."""
        self._put(self.before)
