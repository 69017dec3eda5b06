"""What pages of the laboratory have in common: what is seen, what the numbers say, a lane for pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.errors import LatentDialsError
from gui import heavy
from gui.background import LatestOnly
from gui.lab_side import Side
from gui.lab_sides import LabSides
from gui.session import Session
from gui.style import set_look
from gui.theme import UNIT_PX

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class LabPage(QWidget):
    """One page: seen says what is looked at, verdict what the numbers say; the body is the page's own.

    A page looks at the sides and asks nothing of them until it is shown.
    """

    def __init__(self, name: str, title: str, seen: str, session: Session, sides: LabSides) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.title = title
        self._session = session
        self._sides = sides
        self.seen_label = QLabel(seen, self)
        self.seen_label.setProperty("role", "secondary")
        self.seen_label.setWordWrap(True)
        self.seen_label.setObjectName(f"{name}Seen")
        self.body = QWidget(self)
        self.verdict_label = QLabel(self)
        self.verdict_label.setObjectName(f"{name}Verdict")
        self.verdict_label.setWordWrap(True)
        self.verdict_label.setTextFormat(Qt.TextFormat.PlainText)  # names of runs are the person's
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(UNIT_PX)
        self.column.addWidget(self.seen_label)
        self.column.addWidget(self.body, 1)
        self.column.addWidget(self.verdict_label)
        self._lane = LatestOnly(self._answered, self, prepare=_use_one_thread)
        self._lane.answered.connect(self._on_answered)
        self._lane.failed.connect(self._on_lane_failed)
        sides.changed.connect(self._on_changed)
        session.pictures_changed.connect(self._on_changed)

    @property
    def pair(self) -> tuple[Side, Side] | None:
        """Both sides, where both are there."""
        a, b = self._sides.a, self._sides.b
        return (a, b) if a is not None and b is not None else None

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked of the lane is shown."""
        return self._lane.idle

    def seen(self) -> tuple[Side, Side | None, int, NDArray[np.uint8]] | None:
        """Both sides, and the chosen picture with its index; None without one that side A reads."""
        a, pictures = self._sides.a, self._session.pictures
        if a is None or pictures is None or pictures.original.shape != a.codec.picture_shape:
            return None
        return a, self._sides.b, self._session.index, pictures.original

    def are_shown(self, a: Side, b: Side | None) -> bool:
        """Whether an answer of these sides may be shown: they are still the ones, as far as they were there.

        What comes late of a second run that was let go is not kept.
        """
        now, other = self._sides.a, self._sides.b
        is_first = now is not None and a.codec is now.codec
        return is_first and (b is None or (other is not None and b.run is other.run))

    def say(self, verdict: str, role: str = "") -> None:
        """Say what the numbers say."""
        set_look(self.verdict_label, "role", role)
        self.verdict_label.setText(verdict)

    def rest(self) -> None:
        """Let go of what is held of a second run: the window is hidden."""
        if self._lane.has_been_asked:
            self._lane.submit(None)

    def close_threads(self) -> None:
        """End every thread of the page, and wait."""
        self._lane.stop_and_wait()

    def answer_to(self, request: Any) -> Any:
        """What a request to the lane comes to; in the lane's thread. Raises: LatentDialsError."""
        raise NotImplementedError

    def forget_sides(self) -> None:
        """Let go of both runs, where answers keep something of them; in the lane's thread."""

    def is_wanted(self, request: Any) -> bool:
        """Whether a PictureRequest is of the picture and the sides that are shown."""
        return request.index == self._session.index and self.are_shown(request.a, request.b)

    def show_answer(self, request: Any, answer: Any) -> None:
        """Show what a request that is still wanted came to."""

    @abstractmethod
    def refresh(self) -> None:
        """Show the sides and the picture as they are now; only while shown."""

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def _on_changed(self) -> None:
        if self.isVisible():
            self.refresh()

    def _answered(self, request: Any) -> Any:
        """In the lane's thread; no request lets go of both runs."""
        return self.forget_sides() if request is None else self.answer_to(request)

    @Slot(object, object)
    def _on_answered(self, request: Any, answer: Any) -> None:
        if request is not None and self.is_wanted(request):
            self.show_answer(request, answer)

    @Slot(object, object)
    def _on_lane_failed(self, _request: object, error: Exception) -> None:
        self.say(str(error), "unusual")
        if not isinstance(error, (LatentDialsError, OSError)):
            self._session.report(error)


def _use_one_thread() -> None:
    """Of torch's, for the lane that calls it: see gui/renderer.py."""
    heavy.threads.use_one()
