"""CodeRarity: one line on how unusual the whole edited code is, amber where few of the data are like it."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.translate import tr
from gui.fit_label import FitLabel
from gui.session import Session
from gui.style import set_look
from gui.whereabouts import rarity_texts

UNUSUAL = 0.95  # as core.mapping has it, which is not loaded yet when this is


class CodeRarity(FitLabel):
    """Follows session.whereabouts; empty while nothing is known."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("caption", parent)
        self.setObjectName("codeRarity")
        self.setAccessibleName(tr("How unusual the code is"))
        self._whereabouts = session.whereabouts
        self._whereabouts.changed.connect(self._on_changed)
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        where = self._whereabouts.where
        self.show_texts(("",) if where is None else rarity_texts(where.rarity))
        is_unusual = where is not None and where.rarity >= UNUSUAL
        set_look(self, "role", "unusual" if is_unusual else "caption")
