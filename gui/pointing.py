"""Pointing: which dial a person looks at, by a pointer that rests on it, or by H held on it."""

from PySide6.QtCore import QObject, QTimer, Slot

from gui.dial import Dial
from gui.session import Session

REST_MS = 300  # of the pointer on a dial before it means the dial
LEAVE_MS = 80  # between two dials, so that nothing flashes on the way


class Pointing(QObject):
    """Tells the session, a moment after the pointer came to a dial or left it."""

    def __init__(self, session: Session, parent: QObject, *, of_directions: bool = False) -> None:
        super().__init__(parent)
        self._session = session
        self._of_directions = of_directions  # whose dials are numbered by their places
        self._wanted: int | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_timeout)
        session.edit_changed.connect(self._on_edit_changed)
        session.directions_changed.connect(self._on_directions_changed)

    def attend(self, dial: Dial) -> None:
        """Hear of one more dial."""
        dial.pointed.connect(self._on_pointed)

    @Slot(int, bool)
    def _on_pointed(self, dim: int, is_pointed: bool) -> None:
        if is_pointed:
            self._wanted = dim
            self._timer.start(REST_MS if self._session.pointed is None else LEAVE_MS)
        elif dim == self._wanted:
            self._wanted = None
            self._timer.start(LEAVE_MS)

    @Slot()
    def _on_edit_changed(self) -> None:
        """Another dial was turned, by keys or a wheel, while the pointer lay here: that one is looked at."""
        session = self._session
        if session.pointed is not None and session.pointed not in (session.dial, session.direction):
            session.point_at(None)

    @Slot()
    def _on_directions_changed(self) -> None:
        """A direction that has gone or has another name is not looked at; its dial may be another's now."""
        session = self._session
        if isinstance(session.pointed, str) and session.found_named(session.pointed) is None:
            session.point_at(None)

    @Slot()
    def _on_timeout(self) -> None:
        place, directions = self._wanted, self._session.directions
        if place is None or not self._of_directions:
            self._session.point_at(place)
        else:
            self._session.point_at(directions[place].name if place < len(directions) else None)
