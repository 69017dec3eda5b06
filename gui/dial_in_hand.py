"""DialInHand: the card of the dial in hand: a large dial, its value, how unusual it is, its operations."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.dial import Dial
from gui.dial_face import Reading, number_text
from gui.fit_label import FitLabel
from gui.icons import wear_icon
from gui.plain import PlainLabel
from gui.style import set_look
from gui.typed_value import ValueEditor

_DIAL_PX, _SMALL_DIAL_PX = 90, 76
_GAP_PX = 10
_LOCK_PX = 24


class DialInHand(QFrame):
    """Shows one reading in large, and asks for changes to it as Dial does.

    Signals:
        typed(dim, text: str): Enter was pressed in the field; the listener may call refuse(reason).
        reset_requested(dim), negate_requested(dim), lock_requested(dim): a button was pressed.
    """

    typed = Signal(int, str)
    reset_requested = Signal(int)
    negate_requested = Signal(int)
    lock_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, prefix: str = "dial") -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._refused = False
        self.dial = Dial(0, large=True, prefix=prefix)
        self.value = QLabel()
        self.value.setProperty("role", "value")
        self.begun = FitLabel("secondary")
        self.rarity = FitLabel("caption")
        self.editor = ValueEditor()
        self.editor.setObjectName(f"{prefix}InHandEdit")
        self.editor.setPlaceholderText(tr("+20"))
        self.editor.setMinimumWidth(48)
        self.editor.accept()
        self.negate = QPushButton(tr("Negate"))
        self.negate.setAccessibleName(tr("Negate the dial in hand"))
        self.negate.setToolTip(tr("Change the sign of the value (N on a dial)"))
        self.reset = QPushButton(tr("Reset"))
        self.reset.setAccessibleName(tr("Reset the dial in hand"))
        self.reset.setToolTip(tr("Back to where it started (Backspace or a double click on a dial)"))
        self.lock = QToolButton(self)  # in the corner that nothing else needs
        self.lock.setFixedSize(_LOCK_PX, _LOCK_PX)
        self.lock.setProperty("flat", True)
        self.lock.setCheckable(True)
        self.lock.setObjectName(f"{prefix}InHandLock")
        self.lock.setAccessibleName(tr("Lock the dial in hand"))
        self.lock.setToolTip(
            tr("Lock: no hand turns it, and a random code leaves it where it is (L on a dial)")
        )
        self.lock.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        wear_icon(self.lock, "lock", "secondary")
        self.wrong = PlainLabel()
        self.wrong.setProperty("role", "unusual")
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self._lay_out()
        self.editor.typed.connect(self._on_typed)
        self.editor.negated.connect(self._on_negate)
        self.editor.textEdited.connect(self._on_text_edited)
        self.editor.left.connect(self._on_left)
        self.negate.clicked.connect(self._on_negate)
        self.reset.clicked.connect(self._on_reset)
        self.lock.clicked.connect(self._on_lock)
        self.show_reading(Reading(0))

    def _lay_out(self) -> None:
        self.value.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._numbers = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._numbers.setSpacing(8)
        self._numbers.setContentsMargins(0, 0, _LOCK_PX - 4, 0)  # the lock stands in that corner
        self._numbers.addWidget(self.value)
        self._numbers.addWidget(self.begun, 1)
        controls = QHBoxLayout()
        controls.setSpacing(6)
        controls.addWidget(self.editor, 1)
        controls.addWidget(self.negate)
        controls.addWidget(self.reset)
        self._controls = QWidget()
        self._controls.setLayout(controls)
        controls.setContentsMargins(0, 4, 0, 0)
        self._words = QVBoxLayout()
        self._words.setSpacing(2)
        self._words.addStretch(1)
        self._words.addLayout(self._numbers)
        self._words.addWidget(self.rarity)
        self._words.addWidget(self._controls)
        self._words.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(_GAP_PX)
        top.addWidget(self.dial)
        top.addLayout(self._words, 1)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(10, 8, 10, 8)
        self._rows.setSpacing(4)
        self._rows.addLayout(top)
        self._rows.addWidget(self.wrong)
        self._is_wide = True
        self.dial.setFixedSize(_DIAL_PX, _DIAL_PX)

    def show_reading(self, reading: Reading) -> None:
        """Show another reading; asks for nothing."""
        if (reading.dim, reading.name) != (self.dial.reading.dim, self.dial.reading.name):
            self.editor.accept()
            self._show_wrong("")
        self.dial.show_reading(reading)
        self.value.setText(number_text(reading.value, signed=True) + reading.unit)
        if reading.is_changed:
            start = tr("from {value}", value=number_text(reading.start))
            texts = [start]
            if reading.sigma > 0.0:
                sigmas = (reading.value - reading.start) / reading.sigma
                texts.insert(0, tr("{start} · {sigmas}σ", start=start, sigmas=_short(sigmas)))
            self.begun.show_texts(texts)
        else:
            self.begun.show_texts([tr("as it started"), tr("start")])
        is_idle = reading.is_dead and not reading.is_unusual
        idle = (tr("idle: changes nothing"), tr("idle"))
        self.rarity.show_texts(idle if is_idle else reading.rarity_texts())
        set_look(self.rarity, "role", "unusual" if reading.is_unusual else "caption")
        self.reset.setEnabled(reading.is_changed and not reading.is_carried and not reading.is_locked)
        self.negate.setEnabled(not reading.is_locked)
        self.editor.setEnabled(not reading.is_locked)
        self.lock.setChecked(reading.is_locked)
        self.editor.setAccessibleName(tr("Change {name} by typing", name=reading.label))

    def refuse(self, reason: str) -> None:
        """Show why the typed text cannot be taken."""
        self._refused = True
        self.editor.refuse(reason)
        self._show_wrong(reason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lock.move(event.size().width() - _LOCK_PX - 4, 4)
        margins = self._rows.contentsMargins()
        beside = _DIAL_PX + _GAP_PX + margins.left() + margins.right()
        is_wide = event.size().width() >= beside + self._controls.minimumSizeHint().width()
        if is_wide != self._is_wide:  # beside the dial where there is room, below it otherwise
            self._is_wide = is_wide
            self._numbers.setDirection(
                QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
            )
            self._numbers.setSpacing(8 if is_wide else 0)
            size = _DIAL_PX if is_wide else _SMALL_DIAL_PX
            self.dial.setFixedSize(size, size)
            if is_wide:
                self._words.insertWidget(self._words.count() - 1, self._controls)
            else:
                self._rows.insertWidget(1, self._controls)

    def minimumSizeHint(self) -> QSize:
        """As narrow as the panel may get: the operations go below the dial."""
        return QSize(200, super().minimumSizeHint().height())

    def _show_wrong(self, reason: str) -> None:
        self.wrong.setText(reason)
        self.wrong.setVisible(bool(reason))

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        self._refused = False
        self.typed.emit(self.dial.reading.dim, text)
        if not self._refused:
            self.editor.accept()
            self._show_wrong("")

    @Slot(str)
    def _on_text_edited(self, _text: str) -> None:
        self._show_wrong("")

    @Slot()
    def _on_left(self) -> None:
        self._show_wrong("")

    @Slot()
    def _on_negate(self) -> None:
        self.negate_requested.emit(self.dial.reading.dim)

    @Slot()
    def _on_lock(self) -> None:
        self.lock.setChecked(self.dial.reading.is_locked)  # until that is the outcome
        self.lock_requested.emit(self.dial.reading.dim)

    @Slot()
    def _on_reset(self) -> None:
        self.reset_requested.emit(self.dial.reading.dim)


def _short(sigmas: float) -> str:
    text = f"{abs(sigmas):.1f}" if abs(sigmas) < 100 else f"{abs(sigmas):.0f}"
    return ("−" if sigmas < 0 else "+") + text
