"""The traversal of the dial in hand: a row of pictures from low to high; a click turns the dial there."""

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from core.translate import tr
from gui.icons import wear_icon
from gui.plain import PlainLabel
from gui.qimage import to_qimage
from gui.renderer import Traversal
from gui.session import Session
from gui.theme import CAPTION_PX, current_theme, theme_watch, ui_font

FRAME_MS = 140
MAX_TILE_PX, COMPACT_TILE_PX = 96, 46
_GAP_PX = 6
_RING_PX = 3
_CAPTION_PX = 17
_RADIUS_PX = 4.0


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, as people write it."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")  # + 0.0: never minus nothing


class StripTiles(QSlider):
    """The pictures in a row, as a slider over them: arrows, Home and End move along it.

    Signals:
        chosen(int): the person chose the picture at a place.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._traversal: Traversal | None = None
        self._tiles: list[QPixmap] = []
        self._marked = -1
        self._tile_px = 0
        self._most_px = MAX_TILE_PX
        self.setRange(0, 0)
        self.setPageStep(2)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Traversal of the dial in hand"))
        self.setToolTip(tr("A click turns the dial to the value of the picture."))
        self.valueChanged.connect(self.chosen)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def marked(self) -> int:
        """The place that is ringed, -1 for none."""
        return self._marked

    @property
    def tile_px(self) -> int:
        """Side of a picture."""
        return self._tile_px

    def set_traversal(self, traversal: Traversal | None) -> None:
        """Show another walk, or none."""
        self._traversal = traversal
        self._tiles = []
        with QSignalBlocker(self):
            self.setRange(0, 0 if traversal is None else len(traversal.values) - 1)
        self._fit()
        self.update()

    def set_most_px(self, size: int) -> None:
        """The largest side that a picture may have."""
        if size != self._most_px:
            self._most_px = size
            self._fit()

    def mark(self, place: int, nearest: int) -> None:
        """Ring a place (-1 for none); nearest is where the keys go on from."""
        with QSignalBlocker(self):
            self.setValue(nearest)
        if place != self._marked:
            self._marked = place
            self.update()

    def caption(self, place: int) -> str:
        """The text under a picture: its distance from the data's mean, or its value."""
        if self._traversal is None:
            return ""
        if self._traversal.sigmas is not None:
            return f"{signed(self._traversal.sigmas[place])}σ"
        return signed(float(self._traversal.values[place]))

    def tile_rect(self, place: int) -> QRect:
        """Where a picture lies."""
        count = self.maximum() + 1
        free = self.width() - 2 * _RING_PX - count * self._tile_px
        left = _RING_PX + round(place * (self._tile_px + free / max(1, count - 1)))
        return QRect(left, _RING_PX, self._tile_px, self._tile_px)

    def _fit(self) -> None:
        count = self.maximum() + 1
        room = (self.width() - 2 * _RING_PX - _GAP_PX * (count - 1)) // count
        tile_px = max(16, min(self._most_px, room)) if self._traversal is not None else 0
        if tile_px != self._tile_px:
            self._tile_px = tile_px
            self._tiles = []
        self.setFixedHeight(tile_px + 2 * _RING_PX + _CAPTION_PX if tile_px else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the row to the width."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(400, self.minimumHeight())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Pictures, their captions, and the ring."""
        traversal = self._traversal
        if traversal is None:
            return
        if not self._tiles:
            self._tiles = [self._tile(at) for at in range(len(traversal.values))]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        painter.setFont(ui_font(CAPTION_PX))
        for at, tile in enumerate(self._tiles):
            rect = self.tile_rect(at)
            painter.drawPixmap(rect.topLeft(), tile)
            painter.setPen(theme.color("text" if at == self._marked else "secondary"))
            under = QRect(rect.left() - _GAP_PX, rect.bottom() + 3, rect.width() + 2 * _GAP_PX, _CAPTION_PX)
            painter.drawText(under, Qt.AlignmentFlag.AlignCenter, self.caption(at))
            focused = self.hasFocus() and at == self.value()
            if at == self._marked or focused:
                painter.setPen(QPen(theme.color("accent" if at == self._marked else "track"), 2.0))
                ring = QRectF(rect).adjusted(-1, -1, 1, 1)
                painter.drawRoundedRect(ring, _RADIUS_PX + 1, _RADIUS_PX + 1)

    def _tile(self, place: int) -> QPixmap:
        assert self._traversal is not None
        ratio = self.devicePixelRatioF()
        side = round(self._tile_px * ratio)
        image = to_qimage(self._traversal.pictures[place]).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        tile = QPixmap(side, side)
        tile.fill(Qt.GlobalColor.transparent)
        painter = QPainter(tile)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, side, side), _RADIUS_PX * ratio, _RADIUS_PX * ratio)
        painter.setClipPath(shape)
        painter.drawImage((side - image.width()) // 2, (side - image.height()) // 2, image)
        painter.end()
        tile.setDevicePixelRatio(ratio)
        return tile

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the picture under the mouse."""
        for at in range(self.maximum() + 1):
            if self._traversal is not None and self.tile_rect(at).contains(event.position().toPoint()):
                with QSignalBlocker(self):
                    self.setValue(at)
                self.chosen.emit(at)
                return

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A drag over the pictures chooses nothing."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing is held."""

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()


class TraversalStrip(QWidget):
    """The strip of the session's dial, with its title and the animation.

    Signals:
        frame_changed(): frame is another picture of the animation, or None: it has ended.
    """

    frame_changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._frame = -1
        self._step = 1
        self.title = PlainLabel()
        self.title.setProperty("role", "title")
        self.detail = QLabel()
        self.detail.setProperty("role", "caption")
        self.animate = QPushButton(tr("Animate"))
        self.animate.setProperty("flat", True)
        self.animate.setCheckable(True)
        self.animate.setStyleSheet("padding: 0 8px; min-height: 18px;")
        self.animate.setAccessibleName(tr("Animate the traversal"))
        self.animate.setToolTip(tr("Walk to and fro along the strip, in the edited view."))
        wear_icon(self.animate, "play", "secondary")
        self.heat = QPushButton(tr("Heat"))
        self.heat.setObjectName("heatButton")
        self.heat.setCheckable(True)
        self.heat.setStyleSheet("padding: 0 8px; min-height: 18px;")
        self.heat.setAccessibleName(tr("Show where the dial in hand acts"))
        self.heat.setToolTip(
            tr("Show where the dial in hand acts on this picture; so does the pointer on a dial, or H, held.")
        )
        self.tiles = StripTiles()
        head = QHBoxLayout()
        head.setContentsMargins(_RING_PX, 0, _RING_PX, 0)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.detail)
        head.addStretch(1)
        head.addWidget(self.heat)
        head.addWidget(self.animate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.tiles)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_tick)
        self.animate.toggled.connect(self._on_animate_toggled)
        self.heat.toggled.connect(session.heat.keep)
        session.heat.kept_changed.connect(self._on_heat_kept)
        self.tiles.chosen.connect(self._on_chosen)
        session.traversal_changed.connect(self._on_traversal_changed)
        session.dial_changed.connect(self._on_traversal_changed)
        session.edit_changed.connect(self._on_value_changed)
        session.pictures_changed.connect(self._on_value_changed)
        self._on_traversal_changed()

    @property
    def frame(self) -> Traversal | None:
        """The walk, while it is animated; place says which of its pictures has its turn."""
        return self._session.traversal if self._frame >= 0 else None

    @property
    def place(self) -> int:
        """The picture of the walk that has its turn, -1 while nothing is animated."""
        return self._frame

    def set_compact(self, compact: bool) -> None:
        """Smaller pictures, where there is little room."""
        self.tiles.set_most_px(COMPACT_TILE_PX if compact else MAX_TILE_PX)

    @Slot()
    def _on_traversal_changed(self) -> None:
        traversal = self._session.traversal
        dim = self._session.dial if traversal is None else traversal.dim
        name = self._session.direction if traversal is None else traversal.direction
        self.tiles.set_traversal(traversal)
        self.title.setText(tr("Traversal of {name}", name=name or f"z{dim}"))
        if traversal is None:
            self.animate.setChecked(False)
            self.detail.setText(tr("appears here with a model"))
        elif traversal.sigmas is not None:
            self.detail.setText(tr("5 % to 95 % of the data"))
        else:
            low, high = (signed(float(value)) for value in (traversal.values[0], traversal.values[-1]))
            self.detail.setText(tr("{low} to {high}", low=low, high=high))
        self.animate.setEnabled(traversal is not None)
        self.heat.setEnabled(traversal is not None)
        if traversal is not None and self._frame >= len(traversal.values):
            self._frame = 0
        self._on_value_changed()

    @Slot()
    def _on_value_changed(self) -> None:
        traversal = self._session.traversal
        if self._frame >= 0 and traversal is not None:
            self.tiles.mark(self._frame, self._frame)
            return
        session = self._session
        is_in_hand = (
            traversal is not None
            and traversal.direction == session.direction
            and (traversal.direction or traversal.dim == session.dial)
        )
        if traversal is None or session.pictures is None or not is_in_hand:
            self.tiles.mark(-1, 0)
            return
        values = traversal.values.astype(np.float64)
        name = traversal.direction
        away = np.abs(values - (session.position(name) if name else session.value_of(traversal.dim)))
        nearest = int(away.argmin())
        step = float(np.abs(np.diff(values)).max(initial=0.0))
        self.tiles.mark(nearest if away[nearest] <= step / 2 + 1e-9 else -1, nearest)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        traversal = self._session.traversal
        if traversal is not None:
            self.animate.setChecked(False)
            value = float(traversal.values[place])
            if traversal.direction:
                self._session.turn_direction_to(traversal.direction, value)
            else:
                self._session.turn_dial(traversal.dim, value)

    @Slot()
    def _on_heat_kept(self) -> None:
        self.heat.setChecked(self._session.heat.is_kept)

    @Slot(bool)
    def _on_animate_toggled(self, on: bool) -> None:
        wear_icon(self.animate, "stop" if on else "play", "secondary")
        if on and self._session.traversal is not None:
            self._frame, self._step = max(0, self.tiles.marked), 1
            self._timer.start()
        else:
            self._timer.stop()
            self._frame = -1
        self._on_value_changed()
        self.frame_changed.emit()

    @Slot()
    def _on_tick(self) -> None:
        traversal = self._session.traversal
        if traversal is None:
            self.animate.setChecked(False)
            return
        last = len(traversal.values) - 1
        if not 0 <= self._frame + self._step <= last:
            self._step = -self._step
        self._frame = min(max(self._frame + self._step, 0), last)
        self._on_value_changed()
        self.frame_changed.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Walk only while it is seen."""
        self.animate.setChecked(False)
        super().hideEvent(event)
