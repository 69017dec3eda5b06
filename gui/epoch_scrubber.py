"""EpochScrubber: a slider over the epochs whose weights are kept, to see the same edit as it was then."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QToolButton, QWidget

from core.translate import tr
from gui.icons import wear_icon
from gui.plain import PlainLabel
from gui.session import Session
from gui.theme import UNIT_PX, current_theme, theme_watch

_HANDLE_PX = 13
_TICK_PX = 3


class EpochScrubber(QWidget):
    """Play, a slider with a tick an epoch and one for now, and what is shown. Hidden where none are kept.

    Signals:
        save_requested(): the replay is wanted as a file.
    """

    save_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replay = session.replay
        self.setObjectName("epochScrubber")
        self.setAccessibleName(tr("The edit over the epochs of training"))
        self.play_button = QToolButton(self)
        self.play_button.setObjectName("replayButton")
        self.play_button.setAutoRaise(True)
        self.play_button.clicked.connect(self._on_play_clicked)
        self.slider = TickedSlider(self)
        self.slider.setObjectName("epochSlider")
        self.slider.setAccessibleName(tr("Epoch of the network"))
        self.slider.setToolTip(
            tr("Show picture and edit as the network of an earlier epoch makes them; the right end is now")
        )
        self.slider.valueChanged.connect(self._on_moved)
        self.label = PlainLabel(parent=self)
        self.label.setObjectName("epochShown")
        self.label.setProperty("role", "caption")
        self.save_button = QToolButton(self)
        self.save_button.setObjectName("replaySave")
        self.save_button.setAutoRaise(True)
        self.save_button.setAccessibleName(tr("Save the replay"))
        self.save_button.setToolTip(tr("Save the replay as GIF, WebP, MP4 or a sheet…"))
        wear_icon(self.save_button, "export", "secondary")
        self.save_button.clicked.connect(self.save_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT_PX)
        row.addWidget(self.play_button)
        row.addWidget(self.slider, 1)
        row.addWidget(self.label)
        row.addWidget(self.save_button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._replay.epochs_changed.connect(self._on_epochs_changed)
        self._replay.changed.connect(self._on_changed)
        self._on_epochs_changed()

    @Slot()
    def _on_epochs_changed(self) -> None:
        count = len(self._replay.epochs)
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, count)
        self.slider.setPageStep(1)
        self.slider.blockSignals(blocked)
        longest = tr(
            "epoch {epoch} of {epochs}", epoch=8 * 10 ** (len(str(self._most())) - 1), epochs=self._most()
        )
        self.label.setMinimumWidth(self.label.fontMetrics().horizontalAdvance(longest))
        self.setVisible(count > 0)
        self._on_changed()

    def _most(self) -> int:
        return max((self._replay.epochs_asked, *self._replay.epochs), default=1)

    @Slot()
    def _on_changed(self) -> None:
        epochs, epoch = self._replay.epochs, self._replay.epoch
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(epochs.index(epoch) if epoch in epochs else len(epochs))
        self.slider.blockSignals(blocked)
        self.slider.update()
        text = tr("now")
        if epoch is not None:
            text = tr("epoch {epoch} of {epochs}", epoch=epoch, epochs=self._most())
        self.label.setText(text)
        self.slider.setAccessibleDescription(text)
        playing = self._replay.is_playing
        name = tr("Pause the replay") if playing else tr("Replay the edit over the epochs")
        self.play_button.setAccessibleName(name)
        self.play_button.setToolTip(name)
        wear_icon(self.play_button, "pause" if playing else "play", "secondary")

    @Slot(int)
    def _on_moved(self, at: int) -> None:
        self._replay.pause()
        epochs = self._replay.epochs
        self._replay.show(epochs[at] if at < len(epochs) else None)

    @Slot()
    def _on_play_clicked(self) -> None:
        if self._replay.is_playing:
            self._replay.pause()
        else:
            self._replay.play()


class TickedSlider(QSlider):
    """A horizontal slider with a tick at each of its values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    def paintEvent(self, ev: QPaintEvent) -> None:
        """Ticks below the groove; the style sheet draws the rest, and none of Qt's own ticks."""
        super().paintEvent(ev)
        steps = self.maximum() - self.minimum()
        if steps < 1:
            return
        painter = QPainter(self)
        painter.setPen(QPen(current_theme().color("secondary"), 1.0))
        room = self.width() - _HANDLE_PX
        bottom = self.height() - 1.0
        for step in range(steps + 1):
            x = round(_HANDLE_PX / 2 + room * step / steps) + 0.5
            painter.drawLine(QPointF(x, bottom - _TICK_PX), QPointF(x, bottom))

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
