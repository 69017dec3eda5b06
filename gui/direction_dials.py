"""DirectionDials: the directions of the run as dials, beside those of single dimensions."""

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QInputDialog, QMenu, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.edits import LONGEST_NAME
from core.errors import LatentDialsError
from core.translate import tr
from gui.dial import Dial
from gui.dial_grid import NAMED_CELL_PX, DialGrid
from gui.dial_host import DialHost
from gui.direction_readings import DirectionReadings
from gui.elided_label import ElidedLabel
from gui.icons import wear_icon
from gui.plain import PlainLabel
from gui.session import Session


class DirectionDials(DialHost):
    """Shows the session's directions and asks the session to turn them; a dial's number is its place.

    Signals:
        new_requested(): a new direction is wanted.
    """

    new_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent, prefix="direction", directions=True)
        self.setObjectName("directionDials")
        self.setAccessibleName(tr("Directions"))
        self._readings = DirectionReadings(session)
        self._menu_place = -1
        self.name = ElidedLabel("", "title")
        self.facts = ElidedLabel("", "caption")
        self.old = PlainLabel()
        self.old.setProperty("role", "unusual")
        self.old.setWordWrap(True)
        self.new = QPushButton(tr("New direction…"))
        self.new.setObjectName("newDirectionButton")
        self.new.setAccessibleName(tr("New direction"))
        self.new.setToolTip(tr("From the codes themselves, from labels, or from two groups of pictures"))
        wear_icon(self.new, "plus", "secondary")
        self.hint = PlainLabel(
            tr(
                "A direction moves the whole code at once: along a principal component, towards a label such"
                " as a smile, or from one group of pictures to another. Make the first one."
            )
        )
        self.hint.setProperty("role", "secondary")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.grid = DialGrid(prefix="direction", cell_px=NAMED_CELL_PX)
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setWidget(self.grid)
        self._lay_out()
        self._connect()
        self._on_directions_changed()

    def _lay_out(self) -> None:
        self.card = QWidget()  # the direction in hand; whoever has the dials places it
        card = QVBoxLayout(self.card)
        card.setContentsMargins(0, 0, 0, 0)
        card.setSpacing(4)
        for part in (self.name, self.in_hand, self.facts, self.old):
            card.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        new = QVBoxLayout()
        new.setContentsMargins(0, 0, 6, 0)  # as what stands above: the scroll bar alone is in that margin
        new.addWidget(self.new)
        layout.addLayout(new)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.scroll_area, 1)

    def _connect(self) -> None:
        self.new.clicked.connect(self.new_requested)
        self.grid.dial_made.connect(self._on_dial_made)
        self._connect_card()
        self.in_hand.lock_requested.connect(self._on_lock_requested)
        session = self._session
        session.directions_changed.connect(self._on_directions_changed)
        session.pictures_changed.connect(self._on_values_changed)
        session.edit_changed.connect(self._on_values_changed)
        session.locks_changed.connect(self._on_values_changed)
        session.analyst.statistics_changed.connect(self._on_values_changed)
        session.dial_changed.connect(self._on_dial_changed)

    # ---- what the session says -------------------------------------------------------------------------

    @Slot()
    def _on_directions_changed(self) -> None:
        self._readings.refresh()
        count = len(self._readings)
        if len(self.grid.page) != count:
            self.grid.clear()
            self.grid.show_page(range(count))
        self.card.setVisible(count > 0 and self.isVisible())
        self.scroll_area.setVisible(count > 0)
        self.hint.setVisible(not count)
        self._show_all()

    @Slot()
    def _on_values_changed(self) -> None:
        """Nothing is read for dials that nobody sees: a hand may be on another one."""
        if self.isVisible():
            for reading in self._readings.refresh():
                self._show(reading.dim)

    def show_dials(self, shown: bool) -> None:
        """Show the dials and the card, up to date, or neither: then nothing is read for them."""
        self.setVisible(shown)
        self.card.setVisible(shown and bool(self._session.directions))
        if shown:
            self._readings.refresh()
            self._show_all()

    @Slot()
    def _on_dial_changed(self) -> None:
        for dial in self.grid.dials():
            dial.show_in_hand(dial.reading.dim == self._place)
        self._show_in_hand()
        dial = self.grid.dial(self._place)
        if dial is not None and not dial.is_held:
            self.scroll_area.ensureWidgetVisible(dial, 0, 8)

    @property
    def _place(self) -> int:
        """The place of the direction in hand; of the first one while it is a dimension."""
        names = [found.name for found in self._session.directions]
        return names.index(self._session.direction) if self._session.direction in names else 0

    def _show_all(self) -> None:
        for place in range(len(self._readings)):
            self._show(place)
        self._on_dial_changed()

    def _show(self, place: int) -> None:
        dial = self.grid.dial(place)
        if dial is not None:
            dial.show_reading(self._readings[place])
        if place == self._place:
            self._show_in_hand()

    def _show_in_hand(self) -> None:
        place = self._place
        if not 0 <= place < len(self._readings):
            self.old.hide()
            return
        reading, found = self._readings[place], self._session.directions[place]
        self.in_hand.show_reading(reading)
        self.name.set_text(reading.name, "title")
        self.facts.set_text(found.brief(), "caption")
        is_old = self._session.is_old(found)
        self.old.setText(
            tr("Found with other weights of this run: it may mean something else now. Make it anew.")
        )
        self.old.setVisible(is_old)

    # ---- what a person does ----------------------------------------------------------------------------

    @Slot(Dial)
    def _on_dial_made(self, dial: Dial) -> None:
        self._connect_dial(dial)
        dial.menu_requested.connect(self._on_menu_requested)

    def _connect_dial(self, dial: Dial) -> None:
        super()._connect_dial(dial)
        dial.lock_requested.connect(self._on_lock_requested)

    def _type(self, number: int, text: str) -> None:
        self._session.type_on_direction(self._name_at(number), text)

    def _name_at(self, place: int) -> str:
        directions = self._session.directions
        return directions[place].name if 0 <= place < len(directions) else ""

    @Slot(int, float, object)
    def _on_turned(self, number: int, value: float, gesture: object) -> None:
        self._session.turn_direction_to(self._name_at(number), value, gesture)

    @Slot(int)
    def _on_reset_requested(self, number: int) -> None:
        self._session.reset_direction(self._name_at(number))

    @Slot(int)
    def _on_negate_requested(self, number: int) -> None:
        self._session.negate_direction(self._name_at(number))

    @Slot(int)
    def _on_lock_requested(self, place: int) -> None:
        name = self._name_at(place)
        self._session.lock_direction(name, name not in self._session.locked_directions)

    @Slot(int)
    def _on_taken(self, number: int) -> None:
        self._session.choose_direction(self._name_at(number))

    @Slot(int, QPoint)
    def _on_menu_requested(self, place: int, where: QPoint) -> None:
        menu = self.menu_for(place)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    def menu_for(self, place: int) -> QMenu:
        """The menu of one direction."""
        self._menu_place = place
        menu = QMenu(self)
        locked = self._name_at(place) in self._session.locked_directions
        for text, slot in (
            (tr("Unlock") if locked else tr("Lock"), self._on_lock_chosen),
            (tr("Rename…"), self._on_rename_chosen),
            (tr("Delete"), self._on_delete_chosen),
        ):
            action = QAction(text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        return menu

    @Slot()
    def _on_lock_chosen(self) -> None:
        self._on_lock_requested(self._menu_place)

    @Slot()
    def _on_delete_chosen(self) -> None:
        self._session.delete_direction(self._name_at(self._menu_place))

    @Slot()
    def _on_rename_chosen(self) -> None:
        name = self._name_at(self._menu_place)
        dialog = QInputDialog(self)
        dialog.setObjectName("renameDirection")
        dialog.setWindowTitle(tr("Rename the direction"))
        dialog.setLabelText(tr("Its name, of at most {count} characters:", count=LONGEST_NAME))
        dialog.setTextValue(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self._on_renamed)
        dialog.open()

    @Slot(str)
    def _on_renamed(self, new: str) -> None:
        try:
            self._session.rename_direction(self._name_at(self._menu_place), new)
        except LatentDialsError as error:
            self._session.failed.emit(str(error))
