"""DialMenu: the menu of a dimension's dial, and its lock."""

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from core.translate import tr
from gui.dial import Dial
from gui.session import Session


class DialMenu(QWidget):
    """Attends dials of single dimensions: it owns their menus, and asks the session for their locks."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._session = session
        self._dim = 0

    def attend(self, dial: Dial) -> None:
        """Answer what a dial asks for."""
        dial.lock_requested.connect(self.toggle_lock)
        dial.menu_requested.connect(self._on_menu_requested)

    def menu_for(self, dim: int) -> QMenu:
        """The menu of one dimension's dial."""
        self._dim = dim
        menu = QMenu(self)
        is_locked = dim in self._session.locked
        for text, slot, is_turning in (
            (tr("Unlock") if is_locked else tr("Lock"), self._on_lock_chosen, False),
            (tr("Negate"), self._on_negate_chosen, True),
            (tr("Reset"), self._on_reset_chosen, True),
        ):
            action = QAction(text, menu)
            action.setEnabled(not (is_turning and is_locked))
            action.triggered.connect(slot)
            menu.addAction(action)
        return menu

    @Slot(int)
    def toggle_lock(self, dim: int) -> None:
        """Lock a dimension, or unlock it."""
        self._session.lock_dial(dim, dim not in self._session.locked)

    @Slot(int, QPoint)
    def _on_menu_requested(self, dim: int, where: QPoint) -> None:
        menu = self.menu_for(dim)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    @Slot()
    def _on_lock_chosen(self) -> None:
        self.toggle_lock(self._dim)

    @Slot()
    def _on_negate_chosen(self) -> None:
        self._session.negate_dial(self._dim)

    @Slot()
    def _on_reset_chosen(self) -> None:
        self._session.reset_dial(self._dim)
