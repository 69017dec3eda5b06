"""MapView: the dots of a map, painted in one go; pan, zoom, hover, choose, lasso and draw a path.

It knows points and colours and pictures in words only; what a gesture means is its owner's business.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.translate import tr
from gui.map_card import paint_card
from gui.map_dots import MARGIN_PX, dimmed, paint_dots
from gui.theme import current_theme, theme_watch

ZOOM_STEP = 1.2
NEAR_PX = 9  # of a dot to the mouse, to be the one meant
MOST_IN_MOTION = 150_000  # dots that are painted while the map moves; all of them once it rests
REST_MS = 120
_FIT = 0.92  # of the view that all dots take
_DIM = 0.22
_STEP_PX = 60


class Tool(Enum):
    """What dragging does."""

    SELECT = "select"
    LASSO = "lasso"
    PATH = "path"


class MapView(QWidget):
    """Dots at points (M,2) in map units, of which some are marked.

    Signals:
        hovered(row: int): the mouse is on a dot, -1 for none.
        picked(row: int): a person chose a dot.
        lassoed(object): rows (n,) inside a lasso that was drawn.
        path_drawn(object): a line (L,2) that was drawn, in map units.
    """

    hovered = Signal(int)
    picked = Signal(int)
    lassoed = Signal(object)
    path_drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mapView")
        self.setAccessibleName(tr("Map of the codes"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 110)
        self.tool = Tool.SELECT
        self._points = np.empty((0, 2), np.float32)
        self._x = self._y = np.empty(0, np.float32)  # of the points in the order of painting
        self._order = np.empty(0, np.int64)
        self._colours = self._ordered = np.empty(0, np.uint32)
        self._group: NDArray[np.int64] | None = None
        self._centre, self._scale, self._is_fitted = np.zeros(2), 1.0, True
        self._hint = ""
        self._canvas = np.empty((0, 0), np.uint32)
        self._image: QImage | None = None
        self._is_thinned = False
        self._screen = np.empty((2, 0), np.float32)  # where the painted dots are, in device pixels
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._on_rest)
        self._hovered = -1
        self._card: tuple[NDArray[np.uint8], str] | None = None
        self._frame: tuple[NDArray[np.float32], NDArray[np.uint8], str] | None = None
        self._current: NDArray[np.float32] | None = None
        self._edited: NDArray[np.float32] | None = None
        self._path: NDArray[np.float32] | None = None
        self._stroke: list[QPointF] = []
        self._pressed: QPointF | None = None
        self._is_panning = False
        theme_watch().theme_changed.connect(self._on_theme_changed)

    # ---- what is shown ---------------------------------------------------------------------------------

    def show_points(self, points: NDArray[np.float32], *, fit: bool = True) -> None:
        """Show other points (M,2), in one colour until others come."""
        self._points = np.asarray(points, np.float32)
        self._group = None
        self._colours = np.full(len(points), current_theme().color("band").rgb(), np.uint32)
        self._hovered, self._card, self._frame, self._path = -1, None, None, None
        self._arrange_order()
        if fit or self._is_fitted:
            self.fit()
        self._repaint_dots()

    def show_colours(self, colours: NDArray[np.uint32]) -> None:
        """Give each point its colour, 0xffRRGGBB (M,)."""
        if len(colours) == len(self._points):
            self._colours = colours
            self._arrange_order()
            self._repaint_dots()

    def show_group(self, rows: NDArray[np.int64] | None) -> None:
        """Let some points stand out, or none."""
        self._group = rows
        self._arrange_order()
        self._repaint_dots()

    def show_marks(self, current: NDArray[np.float32] | None, edited: NDArray[np.float32] | None) -> None:
        """Where the picture in hand and its edited code lie (2,)."""
        self._current, self._edited = current, edited
        self.update()

    def show_card(self, row: int, picture: NDArray[np.uint8] | None, text: str) -> None:
        """The picture of the point that is hovered, and what is said of it."""
        self._card = (picture, text) if picture is not None and row == self._hovered else None
        self.update()

    def show_path(self, line: NDArray[np.float32] | None) -> None:
        """A path (L,2) in map units, or none."""
        self._path, self._frame = line, None
        self.update()

    def show_frame(self, place: NDArray[np.float32], picture: NDArray[np.uint8], text: str) -> None:
        """A picture at a place of the path."""
        self._frame = (place, picture, text)
        self.update()

    def set_hint(self, hint: str) -> None:
        """What to say where there is nothing to show."""
        self._hint = hint
        self.update()

    @property
    def hovered_row(self) -> int:
        """The point under the mouse, -1 for none."""
        return self._hovered

    @property
    def hint(self) -> str:
        """What is said where there is nothing to show."""
        return self._hint

    # ---- where it is -----------------------------------------------------------------------------------

    @Slot()
    def fit(self) -> None:
        """Show all points."""
        self._is_fitted = True
        if len(self._points) and self.width() > 1:
            low, high = self._points.min(axis=0), self._points.max(axis=0)
            span = np.maximum(high - low, 1e-6).astype(np.float64)
            self._centre = ((low + high) / 2.0).astype(np.float64)
            self._scale = float(min(self.width() / span[0], self.height() / span[1])) * _FIT
        self._repaint_dots()

    def to_screen(self, place: NDArray[np.float32]) -> QPointF:
        """Where a place (2,) of the map is in the widget."""
        return QPointF(
            self.width() / 2 + (float(place[0]) - self._centre[0]) * self._scale,
            self.height() / 2 - (float(place[1]) - self._centre[1]) * self._scale,
        )

    def to_map(self, point: QPointF) -> NDArray[np.float32]:
        """The place (2,) of the map under a point of the widget."""
        return np.array(
            [
                self._centre[0] + (point.x() - self.width() / 2) / self._scale,
                self._centre[1] - (point.y() - self.height() / 2) / self._scale,
            ],
            np.float32,
        )

    def zoom(self, factor: float, around: QPointF) -> None:
        """Zoom so that the place under a point stays there."""
        place = self.to_map(around).astype(np.float64)
        self._is_fitted = False
        self._scale = float(np.clip(self._scale * factor, 1e-6, 1e9))
        self._centre = place - (self.to_map(around) - self._centre)
        self._move()

    def pan(self, delta: QPointF) -> None:
        """Move what is shown by so many pixels."""
        self._is_fitted = False
        self._centre = self._centre + np.array([-delta.x(), delta.y()]) / self._scale
        self._move()

    def row_at(self, point: QPointF) -> int:
        """The row of the painted dot nearest to a point of the widget, -1 where none is near."""
        if not self._screen.shape[1]:
            return -1
        ratio = self.devicePixelRatioF()
        x, y = self._screen
        far = np.square(x - np.float32(point.x() * ratio)) + np.square(y - np.float32(point.y() * ratio))
        nearest = int(far.argmin())
        return int(self._order[nearest]) if far[nearest] <= (NEAR_PX * ratio) ** 2 else -1

    def rows_inside(self, outline: list[QPointF]) -> NDArray[np.int64]:
        """The rows of the points inside a closed line of the widget, ascending."""
        area = QPolygonF(outline)
        box = area.boundingRect().toAlignedRect().adjusted(-1, -1, 1, 1)
        mask = QImage(box.size(), QImage.Format.Format_Grayscale8)
        mask.fill(0)
        painter = QPainter(mask)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255))
        painter.translate(-QPointF(box.topLeft()))
        painter.drawPolygon(area)
        painter.end()
        lines = np.frombuffer(mask.constBits(), np.uint8).reshape(mask.height(), mask.bytesPerLine())
        x = np.floor(self.width() / 2 + (self._points[:, 0] - self._centre[0]) * self._scale - box.left())
        y = np.floor(self.height() / 2 - (self._points[:, 1] - self._centre[1]) * self._scale - box.top())
        rows = np.flatnonzero((x >= 0) & (x < mask.width()) & (y >= 0) & (y < mask.height()))
        return rows[lines[y[rows].astype(np.intp), x[rows].astype(np.intp)] > 127]

    # ---- painting --------------------------------------------------------------------------------------

    def _arrange_order(self) -> None:
        """By chance, so that no class hides the others; those of the group last, the others dimmed."""
        count = len(self._points)
        order = np.random.default_rng(0).permutation(count)
        colours = self._colours
        if self._group is not None:
            is_in = np.zeros(count, np.bool_)
            is_in[self._group] = True
            order = np.concatenate([order[~is_in[order]], order[is_in[order]]])
            faint = dimmed(colours, current_theme().color("panel").rgb(), _DIM)
            colours = np.where(is_in, colours, faint)
        self._order = order
        self._ordered = colours[order]
        self._x = np.ascontiguousarray(self._points[order, 0])
        self._y = np.ascontiguousarray(self._points[order, 1])

    def _move(self) -> None:
        self._rest.start()
        self._repaint_dots()

    def _repaint_dots(self) -> None:
        self._image = None
        self.update()

    @Slot()
    def _on_rest(self) -> None:
        if self._is_thinned:
            self._repaint_dots()

    def _dots(self) -> QImage:
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        shape = (height + 2 * MARGIN_PX, width + 2 * MARGIN_PX)
        if self._canvas.shape != shape:
            self._image = None
            self._canvas = np.empty(shape, np.uint32)
        self._canvas.fill(current_theme().color("panel").rgb())
        scale = self._scale * ratio
        count = len(self._x)
        self._is_thinned = self._rest.isActive() and count > MOST_IN_MOTION and self._group is None
        part = slice(0, MOST_IN_MOTION if self._is_thinned else count)
        x = self._x[part] * np.float32(scale) + np.float32(width / 2 - self._centre[0] * scale)
        y = self._y[part] * np.float32(-scale) + np.float32(height / 2 + self._centre[1] * scale)
        paint_dots(self._canvas, x, y, self._ordered[part])
        self._screen = np.stack([x, y])
        # It shows the canvas's own pixels, so it goes before the canvas does.
        return QImage(self._canvas.data, shape[1], shape[0], shape[1] * 4, QImage.Format.Format_RGB32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The dots, painted anew only where they moved, and over them what is marked."""
        painter = QPainter(self)
        theme = current_theme()
        if not len(self._points):
            painter.fillRect(self.rect(), theme.color("panel"))
            painter.setPen(theme.color("secondary"))
            area = self.rect().adjusted(12, 12, -12, -12)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._hint)
            return
        if self._image is None:
            self._image = self._dots()
        ratio = self.devicePixelRatioF()
        seen = QRectF(MARGIN_PX, MARGIN_PX, round(self.width() * ratio), round(self.height() * ratio))
        painter.drawImage(QRectF(self.rect()), self._image, seen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_marks(painter)
        self._paint_lines(painter)
        if self._frame is not None:
            place, picture, text = self._frame
            paint_card(painter, self.rect(), self.to_screen(place), picture, text)
        elif self._hovered >= 0:
            at = self.to_screen(self._points[self._hovered])
            painter.setPen(QPen(theme.color("text"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, 5.5, 5.5)
            if self._card is not None:
                paint_card(painter, self.rect(), at, *self._card)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_marks(self, painter: QPainter) -> None:
        theme = current_theme()
        current = None if self._current is None else self.to_screen(self._current)
        edited = None if self._edited is None else self.to_screen(self._edited)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if current is not None and edited is not None:
            painter.setPen(QPen(theme.color("accent"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(current, edited)
        if current is not None:
            painter.setPen(QPen(theme.color("panel"), 4.5))
            painter.drawEllipse(current, 6, 6)
            painter.setPen(QPen(theme.color("text"), 2.0))
            painter.drawEllipse(current, 6, 6)
        if edited is not None:
            painter.setPen(QPen(theme.color("panel"), 5.0))
            painter.drawEllipse(edited, 7, 7)
            painter.setPen(QPen(theme.color("text"), 2.0))
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(edited, 7, 7)

    def _paint_lines(self, painter: QPainter) -> None:
        theme = current_theme()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._path is not None:
            line = QPolygonF([self.to_screen(place) for place in self._path])
            painter.setPen(QPen(theme.color("panel"), 4.5))
            painter.drawPolyline(line)
            painter.setPen(QPen(theme.color("third"), 2.0))
            painter.drawPolyline(line)
        if len(self._stroke) > 1:
            painter.setPen(QPen(theme.color("accent"), 1.5, Qt.PenStyle.DashLine))
            if self.tool is Tool.LASSO:
                fill = theme.color("accent")
                fill.setAlpha(36)
                painter.setBrush(fill)
                painter.drawPolygon(QPolygonF(self._stroke))
            else:
                painter.drawPolyline(QPolygonF(self._stroke))

    # ---- hands -----------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, or to draw a lasso or a path."""
        if not len(self._points):
            return
        self._pressed = event.position()
        middle = event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton)
        if middle:
            self._is_panning = True
        elif event.button() is Qt.MouseButton.LeftButton and self.tool is not Tool.SELECT:
            self._stroke = [event.position()]
            self._set_hovered(-1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, draw, or say which dot the mouse is on."""
        at = event.position()
        if self._stroke:
            if (at - self._stroke[-1]).manhattanLength() >= 2:
                self._stroke.append(at)
                self.update()
            return
        if self._pressed is not None:
            if not self._is_panning and (at - self._pressed).manhattanLength() > 4:
                self._is_panning = True
            if self._is_panning:
                self.pan(at - self._pressed)
                self._pressed = at
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
            return
        self._set_hovered(self.row_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the dot under the mouse, or give what was drawn."""
        stroke, self._stroke = self._stroke, []
        was_panning, self._is_panning = self._is_panning, False
        pressed, self._pressed = self._pressed, None
        self.setCursor(Qt.CursorShape.ArrowCursor if self.tool is Tool.SELECT else Qt.CursorShape.CrossCursor)
        if len(stroke) > 2:
            if self.tool is Tool.LASSO:
                self.lassoed.emit(self.rows_inside(stroke))
            else:
                self.path_drawn.emit(np.stack([self.to_map(at) for at in stroke]))
        elif pressed is not None and not was_panning and event.button() is Qt.MouseButton.LeftButton:
            row = self.row_at(event.position())
            if row >= 0:
                self.picked.emit(row)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show everything again."""
        if self.row_at(event.position()) < 0:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse."""
        if len(self._points):
            self.zoom(ZOOM_STEP ** (event.angleDelta().y() / 120.0), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan, plus and minus zoom, 0 shows all, Escape gives up what is being drawn."""
        middle = QPointF(self.width() / 2, self.height() / 2)
        steps = {
            Qt.Key.Key_Left: QPointF(_STEP_PX, 0),
            Qt.Key.Key_Right: QPointF(-_STEP_PX, 0),
            Qt.Key.Key_Up: QPointF(0, _STEP_PX),
            Qt.Key.Key_Down: QPointF(0, -_STEP_PX),
        }
        key = Qt.Key(event.key())
        if key in steps:
            self.pan(steps[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM_STEP, middle)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1.0 / ZOOM_STEP, middle)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_Escape and self._stroke:
            self._stroke = []
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (row := self.row_at(middle)) >= 0:
            self.picked.emit(row)
        else:
            super().keyPressEvent(event)

    def set_tool(self, tool: Tool) -> None:
        """Choose what dragging does."""
        self.tool = tool
        self._stroke = []
        self.setCursor(Qt.CursorShape.ArrowCursor if tool is Tool.SELECT else Qt.CursorShape.CrossCursor)

    def leaveEvent(self, event: QEvent) -> None:
        """No dot is meant any more."""
        self._set_hovered(-1)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep showing all points where all were shown."""
        super().resizeEvent(event)
        if self._is_fitted:
            self.fit()
        self._repaint_dots()

    def sizeHint(self) -> QSize:
        """As much as there is."""
        return QSize(320, 320)

    def _set_hovered(self, row: int) -> None:
        if row != self._hovered:
            self._hovered, self._card = row, None
            self.hovered.emit(row)
            self.update()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._arrange_order()
        self._repaint_dots()
