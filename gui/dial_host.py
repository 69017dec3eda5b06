"""DialHost: what every panel of dials does with hands on them; what a number means is the panel's matter."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.errors import LatentDialsError
from gui.dial import Dial
from gui.dial_in_hand import DialInHand
from gui.pointing import Pointing
from gui.session import Session


class DialHost(QWidget):
    """Connects dials and the card of the one in hand to the operations that a subclass has for a number."""

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        *,
        prefix: str = "dial",
        directions: bool = False,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.in_hand = DialInHand(prefix=prefix)
        self.pointing = Pointing(session, self, of_directions=directions)

    def _connect_card(self) -> None:
        self._connect_dial(self.in_hand.dial)
        self.in_hand.typed.connect(self._on_typed)
        self.in_hand.reset_requested.connect(self._on_reset_requested)
        self.in_hand.negate_requested.connect(self._on_negate_requested)

    def _connect_dial(self, dial: Dial) -> None:
        self.pointing.attend(dial)
        dial.turned.connect(self._on_turned)
        dial.typed.connect(self._on_typed)
        dial.reset_requested.connect(self._on_reset_requested)
        dial.negate_requested.connect(self._on_negate_requested)
        dial.taken.connect(self._on_taken)
        dial.hand_changed.connect(self._on_hand_changed)

    @Slot(int, str)
    def _on_typed(self, number: int, text: str) -> None:
        try:
            self._type(number, text)
        except LatentDialsError as error:
            sender = self.sender()
            if isinstance(sender, Dial | DialInHand):
                sender.refuse(str(error))

    @Slot(bool)
    def _on_hand_changed(self, held: bool) -> None:
        self._session.hold_hand(held)

    def _type(self, number: int, text: str) -> None:
        """Do what was typed on a dial. Raises: LatentDialsError for what cannot be taken."""
        raise NotImplementedError

    def _on_turned(self, number: int, value: float, gesture: object) -> None:
        raise NotImplementedError

    def _on_reset_requested(self, number: int) -> None:
        raise NotImplementedError

    def _on_negate_requested(self, number: int) -> None:
        raise NotImplementedError

    def _on_taken(self, number: int) -> None:
        raise NotImplementedError
