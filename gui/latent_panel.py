"""The latent panel: the dial in hand, and a dial for every dimension of the code, in pages of 64."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from core.translate import tr
from gui.code_rarity import CodeRarity
from gui.code_tools import CodeTools
from gui.dial import Dial
from gui.dial_face import Reading
from gui.dial_grid import DialGrid
from gui.dial_host import DialHost
from gui.dial_menu import DialMenu
from gui.direction_dialog import DirectionDialog
from gui.direction_dials import DirectionDials
from gui.fit_label import FitLabel
from gui.icons import wear_icon
from gui.readings import Readings
from gui.segmented import Choice, SegmentedControl
from gui.session import Session

PAGE = 64
_LEFT_PX, _RIGHT_PX, _HEAD_GAP_PX = 12, 6, 8
DIMENSIONS, DIRECTIONS = "dimensions", "directions"
BY_EFFECT, BY_SPREAD, BY_KL, BY_INDEX = "effect", "spread", "kl", "index"


class LatentPanel(DialHost):
    """Shows the session's code as dials and asks the session to turn them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.setObjectName("latentPanel")
        self.setAccessibleName(tr("Latent"))
        self.setMinimumWidth(230)
        self._readings = Readings(session)
        self._order: list[int] = []
        self._order_is_old = False
        self._page = 0

        self.count = FitLabel("secondary")
        self.sort = SegmentedControl(
            [
                Choice(BY_EFFECT, tr("Effect"), tr("Greatest effect on the picture first, idle dials last")),
                Choice(BY_SPREAD, tr("Spread"), tr("Codes that differ most first, idle dials last")),
                Choice(BY_KL, tr("KL"), tr("Dials that say most of a picture first, in nats")),
                Choice(BY_INDEX, tr("Index"), tr("Dials in the order of the code")),
            ],
            tr("Order of the dials"),
        )
        self.switch = SegmentedControl(
            [
                Choice(DIMENSIONS, tr("Dimensions"), tr("A dial for each number of the code")),
                Choice(DIRECTIONS, tr("Directions"), tr("Dials that move the whole code towards something")),
            ],
            tr("Dimensions or directions"),
        )
        self.directions = DirectionDials(session)
        self.menu = DialMenu(session, self)
        self.whole = CodeRarity(session)
        self.tools = CodeTools(session)
        self.grid = DialGrid()
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setWidget(self.grid)
        self.page_label = QLabel()
        self.page_label.setProperty("role", "caption")
        self.page_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.previous_page = _page_button("chevron-left", tr("Previous 64 dials"))
        self.next_page = _page_button("chevron-right", tr("Next 64 dials"))
        self.hint = QLabel()
        self.hint.setProperty("role", "secondary")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()

        self.switch.chosen.connect(self._on_switched)
        self.directions.new_requested.connect(self.ask_direction)
        self.sort.chosen.connect(self._on_sort_chosen)
        self.previous_page.clicked.connect(self._on_previous_page)
        self.next_page.clicked.connect(self._on_next_page)
        self.grid.dial_made.connect(self._on_dial_made)
        self.grid.pointer_left.connect(self._on_pointer_left)
        self._connect_card()
        self.in_hand.lock_requested.connect(self.menu.toggle_lock)
        session.model_changed.connect(self._on_model_changed)
        session.dataset_changed.connect(self._on_model_changed)
        session.selection_changed.connect(self._on_selection_changed)
        session.opening_changed.connect(self._show_state)
        session.pictures_changed.connect(self._on_values_changed)
        session.edit_changed.connect(self._on_values_changed)
        session.dial_changed.connect(self._on_dial_changed)
        session.locks_changed.connect(self._on_locks_changed)
        session.analyst.statistics_changed.connect(self._on_statistics_changed)
        session.analyst.effects_changed.connect(self._on_effects_changed)
        session.analyst.kl_changed.connect(self._on_kl_changed)
        self._on_kl_changed()
        self._on_model_changed()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(_HEAD_GAP_PX)
        head.addWidget(self.count, 1)
        head.addWidget(self.sort)
        self._pages = QWidget()
        pages = QHBoxLayout(self._pages)
        pages.setContentsMargins(0, 0, 0, 0)
        pages.addWidget(self.previous_page)
        pages.addWidget(self.page_label, 1)
        pages.addWidget(self.next_page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_LEFT_PX, 12, _RIGHT_PX, 8)
        layout.setSpacing(8)
        self._head = QWidget()
        self._head.setLayout(head)
        head.setContentsMargins(0, 0, 0, 0)
        cards = (self.in_hand, self.directions.card)
        for part in (self.switch, self._head, *cards, self.whole, self.tools, self._pages):
            inset = QHBoxLayout()  # the scroll bar alone stands in the right margin
            inset.setContentsMargins(0, 0, _RIGHT_PX, 0)
            inset.addWidget(part)
            layout.addLayout(inset)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.scroll_area, 1)
        layout.addWidget(self.directions, 1)

    # ---- what the session says -------------------------------------------------------------------------

    @Slot()
    def _on_model_changed(self) -> None:
        codec = self._session.codec
        latent_dim = 0 if codec is None else codec.latent_dim
        if latent_dim != len(self._readings):
            self._readings.clear(latent_dim)
            self.grid.clear()
            self._page = 0
            self._sort_now()
        self._show_state()
        self._on_statistics_changed()

    @Slot()
    def _on_selection_changed(self) -> None:
        self._show_state()

    @Slot()
    def _on_values_changed(self) -> None:
        if self.switch.current == DIMENSIONS:  # a hand on a direction does not wait for dials that are hidden
            self._show(self._readings.refresh())

    @Slot()
    def _on_locks_changed(self) -> None:
        self._show(self._readings.refresh_all())

    @Slot(str)
    def _on_switched(self, key: str) -> None:
        session = self._session
        if key == DIMENSIONS:
            session.choose_dial(session.dial)
        elif session.directions:
            session.choose_direction(session.directions[0].name)
        self._show_switched()

    def _show_switched(self) -> None:
        """What is shown of either kind of dials, brought up to date."""
        self._show_state()
        if self.switch.current == DIMENSIONS:
            self._show(self._readings.refresh_all())

    @Slot()
    def ask_direction(self) -> None:
        """Ask what a new direction shall lead to."""
        if self._session.codec is None or self._session.dataset is None:
            self._session.failed.emit(tr("Open pictures and a model first: directions are found in codes."))
            return
        self.switch.set_current(DIRECTIONS)
        self._show_switched()
        dialog = DirectionDialog(self._session, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    @Slot()
    def _on_statistics_changed(self) -> None:
        self._show(self._readings.refresh_all())
        self._show_count()

    @Slot()
    def _on_effects_changed(self) -> None:
        self._show(self._readings.refresh_all())
        self._show_count()
        if self.sort.current != BY_INDEX:
            self._sort_unless_used()

    @Slot()
    def _on_kl_changed(self) -> None:
        has_kl = self._session.analyst.kl is not None
        self.sort.button(BY_KL).setVisible(has_kl)
        self._fit_head()
        if self.sort.current == BY_KL:
            if not has_kl:
                self.sort.set_current(BY_EFFECT)
            self._sort_unless_used()

    def _sort_unless_used(self) -> None:
        if self.grid.is_used or self.in_hand.dial.is_held:
            self._order_is_old = True  # dials do not jump away from under a hand
        else:
            self._sort_in_sight()

    @Slot()
    def _on_dial_changed(self) -> None:
        dim, kind = self._session.dial, DIRECTIONS if self._session.direction else DIMENSIONS
        if kind != self.switch.current and (self._session.directions or kind == DIRECTIONS):
            self.switch.set_current(kind)
            self._show_switched()
        if not 0 <= dim < len(self._readings) or self._session.direction:
            return
        if dim not in self.grid.page:
            self._page = self._order.index(dim) // PAGE
            self._show_page()
        for dial in self.grid.dials():
            dial.show_in_hand(dial.reading.dim == dim)
        self.in_hand.show_reading(self._readings[dim])
        dial = self.grid.dial(dim)
        if dial is not None and not dial.is_held:
            self.scroll_area.ensureWidgetVisible(dial, 0, 8)

    # ---- what is shown ---------------------------------------------------------------------------------

    def _show(self, readings: list[Reading]) -> None:
        """Bring the dials of changed readings up to date, and no others."""
        for reading in readings:
            dial = self.grid.dial(reading.dim)
            if dial is not None:
                dial.show_reading(reading)
            if reading.dim == self._session.dial:
                self.in_hand.show_reading(reading)

    @Slot()
    def _show_state(self) -> None:
        """Show the dials, or the hint in their place."""
        session = self._session
        has_model = session.codec is not None
        has_code = has_model and session.dataset is not None and session.index >= 0
        if session.awaits_model or session.awaits_pictures:
            self.hint.setText(tr("Opening…") if session.awaits_pictures else tr("Opening the model…"))
        elif not has_model:
            self.hint.setText(tr("Train a model or open a run:\nits code is turned here, a dial a number."))
        elif session.dataset is None:
            self.hint.setText(tr("Open pictures: their codes are turned here."))
        else:
            self.hint.setText(tr("Pick a picture in the gallery: its code is turned here."))
        self.hint.setVisible(not has_code)
        for widget in (self.switch, self.whole, self.tools):
            widget.setVisible(has_code)
        has_dims = has_code and self.switch.current == DIMENSIONS
        for widget in (self.scroll_area, self.in_hand, self.sort):
            widget.setVisible(has_dims)
        self._head.setVisible(has_dims or not has_code)
        self.directions.show_dials(has_code and not has_dims)
        self._pages.setVisible(has_dims and len(self._readings) > PAGE)
        self._show_count()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the row of the orders to the width."""
        super().resizeEvent(event)
        self._fit_head()

    def _fit_head(self) -> None:
        """Beside four orders a narrow panel has no room for the count, which the run's name tells as well."""
        needed = self.count.minimumSizeHint().width() + _HEAD_GAP_PX + self.sort.sizeHint().width()
        self.count.setVisible(self.sort.isHidden() or needed <= self.width() - _LEFT_PX - 2 * _RIGHT_PX)

    def _show_count(self) -> None:
        count = len(self._readings)
        if not count:
            self.count.show_texts([""])
            return
        idle = sum(reading.is_dead for reading in (self._readings[dim] for dim in range(count)))
        texts = [tr("{count} dimensions", count=count), tr("{count} dials", count=count), str(count)]
        if idle:
            texts = [
                tr("{count} dimensions · {idle} idle", count=count, idle=idle),
                tr("{count} dims · {idle} idle", count=count, idle=idle),
                tr("{count} · {idle} idle", count=count, idle=idle),
                str(count),
            ]
        self.count.show_texts(texts)
        self._fit_head()

    def _sort_now(self) -> None:
        self._order_is_old = False
        self._order = self._readings.order_by(self._measure())
        self._show_page()

    def _measure(self) -> NDArray[np.float32] | None:
        """What the dials are ordered by (D,); None for their index, and while it is not known."""
        analyst = self._session.analyst
        measures = {
            BY_EFFECT: analyst.effects,
            BY_SPREAD: None if analyst.statistics is None else analyst.statistics.std,
            BY_KL: analyst.kl,
            BY_INDEX: None,
        }
        return measures[self.sort.current]

    def _sort_in_sight(self) -> None:
        """Sort without being asked: the dial in hand does not go out of sight."""
        dial = self.grid.dial(self._session.dial)
        was_in_sight = dial is not None and not dial.visibleRegion().isEmpty()
        self._sort_now()
        if dial is not None and was_in_sight:
            self._page = self._order.index(self._session.dial) // PAGE
            self._show_page()
            self.scroll_area.ensureWidgetVisible(dial, 0, 8)

    def _show_page(self) -> None:
        pages = max(1, -(-len(self._order) // PAGE))
        self._page = min(max(self._page, 0), pages - 1)
        dims = self._order[self._page * PAGE : (self._page + 1) * PAGE]
        self.grid.show_page(dims)
        for dial in self.grid.dials():
            dial.show_reading(self._readings[dial.reading.dim])
            dial.show_in_hand(dial.reading.dim == self._session.dial)
        if 0 <= self._session.dial < len(self._readings):
            self.in_hand.show_reading(self._readings[self._session.dial])
        first = self._page * PAGE
        last = first + len(dims)
        count = len(self._order)
        self.page_label.setText(tr("{first} to {last} of {count}", first=first + 1, last=last, count=count))
        self.previous_page.setEnabled(self._page > 0)
        self.next_page.setEnabled(self._page < pages - 1)

    # ---- what a person does ----------------------------------------------------------------------------

    @Slot(Dial)
    def _on_dial_made(self, dial: Dial) -> None:
        self._connect_dial(dial)

    def _connect_dial(self, dial: Dial) -> None:
        super()._connect_dial(dial)
        self.menu.attend(dial)

    def _type(self, number: int, text: str) -> None:
        self._session.type_on_dial(number, text)

    @Slot(int, float, object)
    def _on_turned(self, number: int, value: float, gesture: object) -> None:
        self._session.turn_dial(number, value, gesture)

    @Slot(int)
    def _on_reset_requested(self, number: int) -> None:
        self._session.choose_dial(number)
        self._session.reset_dial(number)

    @Slot(int)
    def _on_negate_requested(self, number: int) -> None:
        self._session.negate_dial(number)

    @Slot(int)
    def _on_taken(self, number: int) -> None:
        self._session.choose_dial(number)

    @Slot(str)
    def _on_sort_chosen(self, _key: str) -> None:
        self._page = 0
        self._sort_now()
        self.scroll_area.verticalScrollBar().setValue(0)

    @Slot()
    def _on_pointer_left(self) -> None:
        if self._order_is_old and not self.grid.is_held:
            self._sort_in_sight()

    @Slot()
    def _on_previous_page(self) -> None:
        self._go_to_page(self._page - 1)

    @Slot()
    def _on_next_page(self) -> None:
        self._go_to_page(self._page + 1)

    def _go_to_page(self, page: int) -> None:
        self._page = page
        self._show_page()
        self.scroll_area.verticalScrollBar().setValue(0)


def _page_button(icon: str, name: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("flat", True)
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    wear_icon(button, icon, "secondary")
    return button
