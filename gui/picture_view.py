"""One picture on the canvas, in sharp whole-number pixels, with its divider, its ring and its menu."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from core.translate import tr
from gui.lens import Lens
from gui.qimage import to_qimage
from gui.theme import current_theme, theme_watch

RING_PX = 3  # room around the picture for the ring that marks the edited one
RADIUS_PX = 4.0
_GRAB_PX = 9  # how near to the divider a hand may be


class Align(Enum):
    """Where a picture narrower than its view lies in it."""

    LEFT = 0.0
    CENTRE = 0.5
    RIGHT = 1.0


class PictureView(QWidget):
    """A picture, or a sentence where there is none; with a second picture it can be wiped.

    Signals:
        divider_moved(float): the person moved the divider: its place as a share of the picture.
        save_requested(): "Save this picture…" was chosen.
    """

    divider_moved = Signal(float)
    save_requested = Signal()

    def __init__(self, lens: Lens, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lens = lens
        self._name = name
        self._pixels: NDArray[np.uint8] | None = None
        self._image: QImage | None = None
        self._other_pixels: NDArray[np.uint8] | None = None
        self._other: QImage | None = None
        self._hint = ""
        self.align = Align.CENTRE
        self.marked = False
        self.divider: float | None = None  # share of the picture left of which the other one shows
        self._panning_from: QPointF | None = None
        self._dividing = False
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(48, 48)
        self.setMouseTracking(True)
        self.setToolTip(
            tr("Ctrl and wheel zoom, dragging pans, a double click fits. Keys: +, −, 0 and the arrows.")
        )
        lens.changed.connect(self._on_lens_changed)
        theme_watch().theme_changed.connect(self._on_lens_changed)

    # What is shown

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The picture shown (H,W,C)."""
        return self._pixels

    def set_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show a picture (H,W,C), or the hint without one."""
        if pixels is not self._pixels:
            self._pixels = pixels
            self._image = None if pixels is None else to_qimage(pixels)
            self.update()

    def set_other(self, pixels: NDArray[np.uint8] | None) -> None:
        """The picture that shows left of the divider."""
        if pixels is not self._other_pixels:
            self._other_pixels = pixels
            self._other = None if pixels is None else to_qimage(pixels)
            self.update()

    def set_hint(self, hint: str) -> None:
        """What to say while there is no picture."""
        if hint != self._hint:
            self._hint = hint
            self.update()

    def set_marked(self, marked: bool) -> None:
        """Ring the picture in the accent colour: it is the one that was changed."""
        if marked != self.marked:
            self.marked = marked
            self.update()

    def set_divider(self, divider: float | None) -> None:
        """Place the divider, or take it away."""
        if divider != self.divider:
            self.divider = divider
            self.update()

    def shown_rect(self) -> QRectF:
        """Where the whole picture lies, in the view's coordinates; it may reach beyond the view."""
        if self._image is None:
            return QRectF()
        ratio = self.devicePixelRatioF()
        scale = self._lens.scale / ratio
        width, height = self._image.width() * scale, self._image.height() * scale
        room = QRectF(self.rect()).adjusted(RING_PX, RING_PX, -RING_PX, -RING_PX)
        left = _place(room.left(), room.width(), width, self._lens.centre.x(), self.align.value)
        top = _place(room.top(), room.height(), height, self._lens.centre.y(), 0.0)
        return QRectF(round(left * ratio) / ratio, round(top * ratio) / ratio, width, height)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, its divider and its ring; or the hint."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        room = QRectF(self.rect()).adjusted(RING_PX, RING_PX, -RING_PX, -RING_PX)
        if self._image is None:
            self._paint_hint(painter, room)
            return
        rect = self.shown_rect()
        visible = rect.intersected(room)
        smooth = self._lens.smooth or self._lens.scale < 1.0
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.save()
        painter.setClipRect(visible)
        painter.drawImage(rect, self._image)
        if self._other is not None and self.divider is not None:
            left = QRectF(rect.left(), rect.top(), rect.width() * self.divider, rect.height())
            painter.setClipRect(visible.intersected(left))
            painter.drawImage(rect, self._other)
        painter.restore()
        # Round the corners with the ground's colour: a clip path would not be smooth.
        corners = QPainterPath()
        corners.addRect(visible.adjusted(-0.5, -0.5, 0.5, 0.5))
        inner = QPainterPath()
        inner.addRoundedRect(visible, RADIUS_PX, RADIUS_PX)
        painter.fillPath(corners.subtracted(inner), theme.color("panel"))
        if self._other is not None and self.divider is not None:
            self._paint_divider(painter, rect, visible)
        if self.marked or self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent" if self.marked else "track"), 2.0))
            painter.drawRoundedRect(visible.adjusted(-1, -1, 1, 1), RADIUS_PX + 1, RADIUS_PX + 1)

    def _paint_hint(self, painter: QPainter, room: QRectF) -> None:
        theme = current_theme()
        painter.setPen(QPen(theme.color("line"), 1.0, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(room.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        painter.setPen(theme.color("secondary"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(room.adjusted(12, 8, -12, -8), flags, self._hint)

    def _paint_divider(self, painter: QPainter, rect: QRectF, visible: QRectF) -> None:
        assert self.divider is not None
        x = rect.left() + rect.width() * self.divider
        if not visible.left() - 1 <= x <= visible.right() + 1:
            return
        theme = current_theme()
        painter.setPen(QPen(theme.color("accent"), 2.0))
        painter.drawLine(QPointF(x, visible.top()), QPointF(x, visible.bottom()))
        middle = QPointF(x, visible.center().y())
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(middle, 9.0, 9.0)
        painter.setPen(QPen(theme.color("on_accent"), 1.6))
        for side in (-1, 1):
            tip = middle + QPointF(5.5 * side, 0)
            painter.drawPolyline([tip + QPointF(-2.5 * side, -3), tip, tip + QPointF(-2.5 * side, 3)])

    @Slot()
    def _on_lens_changed(self) -> None:
        self.update()

    # Hands

    def _picture_point(self, point: QPointF) -> QPointF:
        rect = self.shown_rect()
        return QPointF((point.x() - rect.left()) / rect.width(), (point.y() - rect.top()) / rect.height())

    def zoom_at(self, direction: int, point: QPointF) -> None:
        """One step closer (1) or away (-1); what lies under point stays there."""
        if self._image is None:
            return
        held = self._picture_point(point)
        held = QPointF(min(max(held.x(), 0.0), 1.0), min(max(held.y(), 0.0), 1.0))
        zoom = self._lens.step(direction)
        scale = zoom / self.devicePixelRatioF()
        off = QPointF(self.rect().center()) - point
        width, height = self._image.width() * scale, self._image.height() * scale
        self._lens.look(zoom, held + QPointF(off.x() / width, off.y() / height))

    def pan_by(self, move: QPointF) -> None:
        """Move the picture by logical pixels."""
        if self._image is None or self._lens.zoom is None:
            return
        rect = self.shown_rect()
        shown = QPointF(self.rect().center()) - move  # clamped places are panned from where they are seen
        centre = QPointF((shown.x() - rect.left()) / rect.width(), (shown.y() - rect.top()) / rect.height())
        self._lens.look(self._lens.zoom, centre)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the cursor with Ctrl."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier or event.angleDelta().y() == 0:
            event.ignore()
            return
        self.zoom_at(1 if event.angleDelta().y() > 0 else -1, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the divider, or of the picture."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            super().mousePressEvent(event)
            return
        left = event.button() is Qt.MouseButton.LeftButton
        near = self._lens.zoom is None or self._near_divider(event.position())
        if left and self.divider is not None and near:
            self._dividing = True
            self._move_divider(event.position())
        else:
            self._panning_from = event.position()
            self._show_cursor(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held."""
        if self._dividing:
            self._move_divider(event.position())
        elif self._panning_from is not None:
            self.pan_by(event.position() - self._panning_from)
            self._panning_from = event.position()
        self._show_cursor(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dividing, self._panning_from = False, None
        self._show_cursor(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the picture again."""
        self._lens.show_all()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """+, − and 0 zoom; arrows move the divider, or pan."""
        key = Qt.Key(event.key())
        arrows = {
            Qt.Key.Key_Left: QPointF(-1, 0),
            Qt.Key.Key_Right: QPointF(1, 0),
            Qt.Key.Key_Up: QPointF(0, -1),
            Qt.Key.Key_Down: QPointF(0, 1),
        }
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_at(1, QPointF(self.rect().center()))
        elif key is Qt.Key.Key_Minus:
            self.zoom_at(-1, QPointF(self.rect().center()))
        elif key is Qt.Key.Key_0:
            self._lens.show_all()
        elif key in arrows and self.divider is not None and arrows[key].x():
            self.divider_moved.emit(min(max(self.divider + 0.02 * arrows[key].x(), 0.0), 1.0))
        elif key in arrows and self._lens.zoom is not None:
            self.pan_by(arrows[key] * -24.0)
        else:
            event.ignore()

    def hideEvent(self, event: QHideEvent) -> None:
        """Let go of what is held."""
        self._dividing, self._panning_from = False, None
        super().hideEvent(event)

    def _near_divider(self, point: QPointF) -> bool:
        if self.divider is None:
            return False
        rect = self.shown_rect()
        return abs(rect.left() + rect.width() * self.divider - point.x()) <= _GRAB_PX

    def _move_divider(self, point: QPointF) -> None:
        if self._image is not None:
            self.divider_moved.emit(min(max(self._picture_point(point).x(), 0.0), 1.0))

    def _show_cursor(self, point: QPointF) -> None:
        if self._dividing or (self._panning_from is None and self._near_divider(point)):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif self._panning_from is not None and self._lens.zoom is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._lens.zoom is not None:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.unsetCursor()

    # Taking the picture along

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Copy or save the picture."""
        self.menu().popup(event.globalPos() if event.globalPos() != QPoint() else self.mapToGlobal(QPoint()))

    def menu(self) -> QMenu:
        """The context menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Copy the picture")).triggered.connect(self.copy_plain)
        menu.addAction(tr("Copy it as large as shown")).triggered.connect(self.copy_shown)
        menu.addAction(tr("Save this picture…")).triggered.connect(self.save_requested)
        for action in menu.actions():
            action.setEnabled(self._image is not None)
        menu.addSeparator()
        fit = menu.addAction(tr("Fit to the view"))
        fit.triggered.connect(self._lens.show_all)
        smooth = menu.addAction(tr("Smooth pixels"))
        smooth.setCheckable(True)
        smooth.setChecked(self._lens.smooth)
        smooth.toggled.connect(self._lens.set_smooth)
        return menu

    @Slot()
    def copy_plain(self) -> None:
        """Put the picture on the clipboard, a pixel for a pixel."""
        if self._image is not None:
            QGuiApplication.clipboard().setImage(self._image)

    @Slot()
    def copy_shown(self) -> None:
        """Put the picture on the clipboard at the scale at which it is shown."""
        if self._image is not None:
            scale = self._lens.scale
            size = QSize(round(self._image.width() * scale), round(self._image.height() * scale))
            mode = Qt.TransformationMode.FastTransformation
            if self._lens.smooth or scale < 1.0:
                mode = Qt.TransformationMode.SmoothTransformation
            image = self._image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
            QGuiApplication.clipboard().setImage(image)


def _place(start: float, room: float, size: float, centre: float, align: float) -> float:
    """Where a picture of a size begins: aligned while it fits, else around the centre without a gap."""
    if size <= room + 0.5:
        return start + (room - size) * align
    return start + min(0.0, max(room - size, room / 2 - centre * size))
