"""KlBars: how much each dimension of a vae's code says of the picture, live while it trains."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, QTimer, Slot
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from core.activity import ACTIVE_NATS, DimensionKl, active_count, collapse_text
from core.errors import LatentDialsError
from core.translate import tr
from gui.elided_label import ElidedLabel
from gui.session import Session
from gui.theme import UNIT_PX, current_theme, theme_watch

if TYPE_CHECKING:
    from core.runs import Run

_REDRAW_INTERVAL_MS = 400
_BARS_PX = 30
_WIDEST_PX = 14  # a bar of few dimensions
_GAP_SHARE = 0.25  # of a bar's place, where that is wide enough to see


class KlBars(QWidget):
    """The number of active dimensions in words, and the KL of each as a bar, largest first.

    Shown for a run whose codes have a KL, from its folder or, while it is trained here, from its records.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._state: DimensionKl | None = None
        self._has_warned = False
        self.setObjectName("klBars")
        self.setAccessibleName(tr("KL of each dimension"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.label = ElidedLabel(parent=self)
        self.label.setObjectName("klLabel")
        self.bars = BarPicture(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(UNIT_PX, 0, UNIT_PX + 4, UNIT_PX // 2)
        layout.setSpacing(2)
        layout.addWidget(self.label)
        layout.addWidget(self.bars)
        self._timer = QTimer(self, singleShot=True, interval=_REDRAW_INTERVAL_MS)
        self._timer.timeout.connect(self._show_state)
        session.trainer.records_arrived.connect(self._on_records_arrived)
        session.trainer.history_reset.connect(self._on_history_reset)
        session.run_changed.connect(self._on_history_reset)
        session.follower.codec_arrived.connect(self._on_history_reset)
        self._on_history_reset()

    @property
    def state(self) -> DimensionKl | None:
        """What is shown; None where there is nothing to show."""
        return self._state

    @Slot()
    def _on_history_reset(self) -> None:
        run = self._session.run
        self._has_warned = False
        self._state = _kl_of(run) if run is not None else None
        self._show_state()

    @Slot(list)
    def _on_records_arrived(self, _records: list[object]) -> None:
        record = self._session.trainer.record
        if record is None or record.kl_of_dims is None:
            return
        self._state = DimensionKl(record.step, record.kl_of_dims, bool(record.collapse))
        if record.collapse and not self._has_warned:
            self._has_warned = True
            self._session.failed.emit(record.collapse)  # which stays until it is closed
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _show_state(self) -> None:
        state, run = self._state, self._session.run
        self.setVisible(state is not None)
        if state is None or run is None:
            return
        active, dims = active_count(state.kl), len(state.kl)
        collapse = collapse_text(state, run.config.train)
        if collapse:
            self.label.set_text(collapse, "unusual")
        else:
            facts = {"active": active, "dims": dims, "total": f"{float(state.kl.sum()):.1f}"}
            text = tr("{active} of {dims} dimensions active · KL {total} nats", **facts)
            shorter = tr("{active} of {dims} active · KL {total} nats", **facts)
            self.label.set_text(text, "caption", (shorter, tr("{active} of {dims} active", **facts)))
        self.bars.set_kl(state.kl)
        self.bars.setAccessibleDescription(self.label.text())


def _kl_of(run: Run) -> DimensionKl | None:
    """What is kept of a run; of one that is finished, collapse can be judged however few its steps were."""
    state = run.kl()
    if state is None or state.is_settled:
        return state
    with suppress(LatentDialsError):  # of a damaged checkpoint nothing is known
        return replace(state, is_settled=run.is_finished)
    return state


class BarPicture(QWidget):
    """The KL of each dimension as bars of one picture, largest first; the tooltip names the one below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kl = np.zeros(0, np.float32)
        self._order = np.zeros(0, np.int64)
        self.setObjectName("klPicture")
        self.setAccessibleName(tr("KL of each dimension, largest first"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def order(self) -> NDArray[np.int64]:
        """The dimensions as they stand from left to right."""
        return self._order

    def set_kl(self, kl: NDArray[np.float32]) -> None:
        """Show the KL of each dimension (D,) in nats."""
        self._kl = kl
        self._order = np.argsort(-kl, kind="stable")
        self.update()

    def text_at(self, x: float) -> str:
        """What is said of the bar at a place; empty beside the bars."""
        place = int(x // self._step()) if len(self._order) else -1
        if not 0 <= place < len(self._order):
            return ""
        dim = int(self._order[place])
        nats = f"{self._kl[dim]:.3g}"
        if self._kl[dim] > ACTIVE_NATS:
            return tr("z{dim}: {nats} nats", dim=dim, nats=nats)
        return tr(
            "z{dim}: {nats} nats, idle: below {limit} it says nothing", dim=dim, nats=nats, limit=ACTIVE_NATS
        )

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(160, _BARS_PX)

    def _step(self) -> float:
        return min(self.width() / max(1, len(self._kl)), _WIDEST_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars from the bottom; an idle dimension has a line on it."""
        theme = current_theme()
        painter = QPainter(self)
        step, height = self._step(), self.height()
        width = step * (1.0 - _GAP_SHARE) if step >= 3.0 else step
        largest = max(float(self._kl.max(initial=0.0)), ACTIVE_NATS)
        painter.fillRect(QRectF(0.0, height - 1.0, step * len(self._kl), 1.0), theme.color("line"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, step < 3.0)
        colour = theme.color("third")
        for place, value in enumerate(self._kl[self._order].tolist()):
            if value <= ACTIVE_NATS:
                break
            tall = max(1.0, height * value / largest)
            painter.fillRect(QRectF(place * step, height - tall, width, tall), colour)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """The tooltip of the bar under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.text_at(event.pos().x()), self)
            return True
        return super().event(event)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
