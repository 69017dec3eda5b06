"""A scroll area of tiles, one picture each, that paints only what is visible: it holds a million pictures.

It knows a data set, an order and a few marks; what a click means is its owner's business.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from core.translate import tr
from gui.plain import plain_tip
from gui.theme import current_theme, theme_watch, ui_font
from gui.tile_cache import RADIUS_PX, TileCache, blank_tile

if TYPE_CHECKING:
    from core.datasets.dataset import ImageDataset

GAP_PX = 6
MARGIN_PX = 3  # room for the ring of a tile at the edge
_NONE = np.zeros(0, dtype=np.int64)


class TileGrid(QAbstractScrollArea):
    """Pictures of a data set as tiles, in a given order, with one selected.

    Signals:
        picked(int): the person chose a picture, by mouse or keyboard: its index in the data set.
        activated(int): the person confirmed a picture: Enter or a double click.
        group_toggled(int, str): the person wants a picture put into group "A" or "B", or taken out of it.
        failed(str): pictures cannot be read, and why; sent in a paint event.
        menu_requested(int, QPoint): a context menu for a picture is wanted at a place on the screen.
    """

    picked = Signal(int)
    activated = Signal(int)
    group_toggled = Signal(int, str)
    failed = Signal(str)
    menu_requested = Signal(int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dataset: ImageDataset | None = None
        self._order = _NONE
        self._position = _NONE  # of each index in the order, -1 where it is not shown
        self._selected = -1
        self._target = -1
        self._previews: frozenset[int] = frozenset()
        self._groups: dict[int, str] = {}
        self._errors: NDArray[np.float32] | None = None
        self._thumbnail_px = 60
        self._hint = ""
        self._tiles = TileCache()
        self._rest = QTimer(self)  # for the tiles that a paint had no time to make
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.viewport().update)
        self._is_partial = False  # whether the latest paint left tiles blank
        self._top = 0  # place in the order of the first tile that was painted last
        self._selected_seen = False  # whether the selected one was among them
        self.tiles_painted = 0  # by the latest paint event: what keeps a large data set smooth
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Gallery"))
        self.setMinimumSize(120, 80)
        self.viewport().setMouseTracking(False)
        # It fills its own background: a viewport that shows its parent's through would be painted anew as a
        # whole at each step of a scroll.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    # What is shown

    @property
    def order(self) -> NDArray[np.int64]:
        """The indices shown, in their order."""
        return self._order

    @property
    def selected(self) -> int:
        """Index of the selected picture, -1 for none."""
        return self._selected

    @property
    def is_filling(self) -> bool:
        """Whether tiles that are in view are still to be made."""
        return self._is_partial

    @property
    def thumbnail_px(self) -> int:
        """The least width of a tile; tiles grow until a row is full."""
        return self._thumbnail_px

    def set_dataset(self, dataset: ImageDataset | None) -> None:
        """Show another data set, all of it, in order of index."""
        self._dataset = dataset
        self._tiles.set_dataset(dataset)
        self._errors = None
        self._selected = -1
        self.set_order(_NONE if dataset is None else np.arange(len(dataset), dtype=np.int64))

    def set_order(self, order: NDArray[np.int64]) -> None:
        """Show these pictures, in this order, from the top."""
        self._order = order
        self._position = np.full(0 if self._dataset is None else len(self._dataset), -1, dtype=np.int64)
        self._position[order] = np.arange(len(order))
        self._arrange()
        self.verticalScrollBar().setValue(0)
        self.viewport().update()

    def set_selected(self, index: int) -> None:
        """Mark a picture as the selected one and bring it into view."""
        changed = index != self._selected
        self._selected = index
        if changed:
            self.show_picture(index)
            self.setAccessibleDescription(self.description(index) if index >= 0 else "")
        self.viewport().update()

    def set_marks(self, target: int, previews: tuple[int, ...]) -> None:
        """Mark the picture that is the target, and those that are used in the preview."""
        self._target, self._previews = target, frozenset(previews)
        self.viewport().update()

    def set_groups(self, groups: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
        """Mark the pictures of group A and of group B."""
        self._groups = {index: name for name, group in zip("AB", groups, strict=True) for index in group}
        self.viewport().update()

    def set_labels(self, dataset: ImageDataset) -> None:
        """Show the same pictures with other labels."""
        self._dataset = dataset

    def set_errors(self, errors: NDArray[np.float32] | None) -> None:
        """The reconstruction error of each picture, NaN where unknown, for tips and descriptions."""
        self._errors = errors

    def set_thumbnail_px(self, size: int) -> None:
        """The least width of a tile; the selected picture stays in view, or the one at the top."""
        self._thumbnail_px = max(16, size)
        self._arrange_around()
        self.viewport().update()

    def set_hint(self, hint: str) -> None:
        """What to say where there is no picture to show."""
        self._hint = hint
        self.viewport().update()

    def show_picture(self, index: int) -> None:
        """Scroll as little as is needed to see a picture."""
        at = self.position_of(index)
        if at < 0:
            return
        top = (at // self.columns) * self._pitch()
        bottom = top + self.tile_px + 2 * MARGIN_PX
        bar = self.verticalScrollBar()
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self.viewport().height():
            bar.setValue(bottom - self.viewport().height())

    # Where tiles are

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return max(1, (self._row_width() + GAP_PX) // (self._thumbnail_px + GAP_PX))

    @property
    def tile_px(self) -> int:
        """Side of a tile."""
        return max(8, (self._row_width() - GAP_PX * (self.columns - 1)) // self.columns)

    def position_of(self, index: int) -> int:
        """Place of a picture in the order, -1 where it is not shown."""
        return int(self._position[index]) if 0 <= index < len(self._position) else -1

    def tile_rect(self, position: int) -> QRect:
        """Where the tile at a place in the order lies in the viewport."""
        row, column = divmod(position, self.columns)
        left = MARGIN_PX + column * (self.tile_px + GAP_PX)
        top = MARGIN_PX + row * self._pitch() - self.verticalScrollBar().value()
        return QRect(left, top, self.tile_px, self.tile_px)

    def index_at(self, point: QPoint) -> int:
        """The picture under a point of the viewport, -1 for none."""
        column = (point.x() - MARGIN_PX) // (self.tile_px + GAP_PX)
        row = (point.y() - MARGIN_PX + self.verticalScrollBar().value()) // self._pitch()
        position = row * self.columns + column
        if not (0 <= column < self.columns and 0 <= position < len(self._order)):
            return -1
        return int(self._order[position]) if self.tile_rect(position).contains(point) else -1

    def description(self, index: int) -> str:
        """A picture in words: its index, labels and reconstruction error."""
        dataset = self._dataset
        if dataset is None or not 0 <= index < len(dataset):
            return ""
        lines = [tr("Picture #{index}", index=f"{index:,}")]
        for column in dataset.labels:
            if text := column.text(index):
                lines.append(tr("{name}: {label}", name=column.name, label=text))
        if name := self._groups.get(index):
            lines.append(tr("in group {name}", name=name))
        if self._errors is not None and index < len(self._errors) and not np.isnan(self._errors[index]):
            lines.append(tr("reconstruction error {mse}", mse=f"{self._errors[index]:.4f}"))
        if dataset.files:
            lines.append(dataset.files[index])
        return "\n".join(lines)

    def _row_width(self) -> int:
        # Not the viewport's width, which changes as the bar comes and goes: tiles that followed it could want
        # the bar when it is away and not when it is there, and lay themselves out again without end.
        return max(1, self.width() - self.verticalScrollBar().sizeHint().width() - 2 * MARGIN_PX)

    def _pitch(self) -> int:
        return self.tile_px + GAP_PX

    def _arrange(self) -> None:
        rows = ceil(len(self._order) / self.columns)
        height = 2 * MARGIN_PX + rows * self._pitch() - GAP_PX if rows else 0
        bar = self.verticalScrollBar()
        most = max(0, height - self.viewport().height())
        bar.setRange(0, most)
        # Without a bar its room stays empty, as _row_width() counts on.
        shown = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if most else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if self.verticalScrollBarPolicy() is not shown:
            self.setViewportMargins(0, 0, 0 if most else bar.sizeHint().width(), 0)
            self.setVerticalScrollBarPolicy(shown)
        bar.setSingleStep(max(1, self._pitch() // 2))
        bar.setPageStep(max(1, self.viewport().height() - self._pitch() // 2))

    def _arrange_around(self) -> None:
        """Lay out again; the selected picture stays in view if it was, else the one at the top."""
        top, keep_selected = self._top, self._selected_seen
        self._arrange()
        self.verticalScrollBar().setValue(top // self.columns * self._pitch())
        if keep_selected:
            self.show_picture(self._selected)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the tiles that the event's region touches, and no other."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        painter.fillRect(event.rect(), theme.color("panel"))
        self.tiles_painted = 0
        self._top, self._selected_seen = 0, False
        if not len(self._order) or self._dataset is None:
            painter.setPen(theme.color("secondary"))
            area = self.viewport().rect().adjusted(12, 12, -12, -12)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._hint)
            return
        offset, pitch, columns = self.verticalScrollBar().value(), self._pitch(), self.columns
        self._top = offset // pitch * columns
        selected = self.position_of(self._selected)
        self._selected_seen = selected >= 0 and self.tile_rect(selected).intersects(self.viewport().rect())
        first = max(0, (event.rect().top() + offset - 2 * MARGIN_PX) // pitch) * columns
        last = min(len(self._order), ((event.rect().bottom() + offset) // pitch + 1) * columns)
        self._paint_tiles(painter, first, last)
        marked = [self._selected, self._target, *self._previews]
        for position in (self.position_of(index) for index in marked):
            if first <= position < last:
                self._paint_marks(painter, int(self._order[position]), self.tile_rect(position))
        if self._groups:
            for position, index in enumerate(self._order[first:last].tolist(), first):
                if (name := self._groups.get(index)) is not None:
                    self._paint_group(painter, self.tile_rect(position), name)

    def _paint_tiles(self, painter: QPainter, first: int, last: int) -> None:
        """Paint the tiles at places first to last, blank ones where the time for this paint is up."""
        size, ratio, columns, pitch = self.tile_px, self.devicePixelRatioF(), self.columns, self._pitch()
        places = [MARGIN_PX + column * (size + GAP_PX) for column in range(columns)]
        offset = self.verticalScrollBar().value() - MARGIN_PX
        indices = self._order[first:last]
        self._tiles.begin_paint(indices, size)
        blank = None
        for position, index in enumerate(indices.tolist(), first):
            row, column = divmod(position, columns)
            tile = self._tiles.tile(index, size, ratio)
            if tile is None:
                blank = blank or blank_tile(current_theme().color("raised"), size, ratio)
                tile = blank
            painter.drawPixmap(places[column], row * pitch - offset, tile)
        self.tiles_painted = len(indices)
        if failure := self._tiles.take_failure():
            self.failed.emit(failure)
        self._is_partial = blank is not None
        if self._is_partial:
            self._rest.start(0)

    def _paint_marks(self, painter: QPainter, index: int, rect: QRect) -> None:
        theme = current_theme()
        if index in self._previews:
            self._paint_dot(painter, rect, theme.color("third"))
        if index == self._target and index != self._selected:
            self._paint_ring(painter, rect, theme.color("secondary"), dashed=True)
        if index == self._selected:
            self._paint_ring(painter, rect, theme.color("accent"), dashed=False)

    def _paint_ring(self, painter: QPainter, rect: QRect, color: QColor, *, dashed: bool) -> None:
        pen = QPen(color, 2.0, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(rect).adjusted(-2, -2, 2, 2), RADIUS_PX + 2, RADIUS_PX + 2)

    def _paint_dot(self, painter: QPainter, rect: QRect, color: QColor) -> None:
        painter.setPen(QPen(current_theme().color("panel"), 1.5))
        painter.setBrush(color)
        painter.drawEllipse(QRectF(rect.right() - 10, rect.top() + 3, 8, 8))

    def _paint_group(self, painter: QPainter, rect: QRect, name: str) -> None:
        """A letter on a round ground, in the corner that the dot of the previews leaves free."""
        theme = current_theme()
        side = min(16.0, rect.width() * 0.5)
        place = QRectF(rect.left() + 2, rect.top() + 2, side, side)
        painter.setPen(QPen(theme.color("panel"), 1.5))
        painter.setBrush(theme.color("accent" if name == "A" else "unusual"))
        painter.drawEllipse(place)
        painter.setPen(theme.color("on_accent"))
        painter.setFont(ui_font(round(side * 0.68), QFont.Weight.Bold))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, name)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted; only what comes into view is painted anew."""
        self.viewport().scroll(dx, dy)

    # Hands

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the rows out again; what was in view stays in view."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._tiles.clear()
        self._arrange_around()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick the picture under the mouse."""
        index = self.index_at(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and index >= 0:
            self.picked.emit(index)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Confirm the picture under the mouse."""
        index = self.index_at(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and index >= 0:
            self.activated.emit(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu, of the selected picture when a key was pressed."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            at = self.position_of(self._selected)
            if at >= 0:
                self.show_picture(self._selected)
                place = self.viewport().mapToGlobal(self.tile_rect(at).center())
                self.menu_requested.emit(self._selected, place)
            return
        index = self.index_at(event.pos())
        if index >= 0:
            self.menu_requested.emit(index, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move through the pictures: arrows, Page Up and Down, Home and End; Enter confirms."""
        rows = max(1, self.viewport().height() // self._pitch())
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.columns,
            Qt.Key.Key_Down: self.columns,
            Qt.Key.Key_PageUp: -self.columns * rows,
            Qt.Key.Key_PageDown: self.columns * rows,
            Qt.Key.Key_Home: -len(self._order),
            Qt.Key.Key_End: len(self._order),
        }
        key = Qt.Key(event.key())
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_A, Qt.Key.Key_B) and plain and self.position_of(self._selected) >= 0:
            self.group_toggled.emit(self._selected, "A" if key == Qt.Key.Key_A else "B")
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.position_of(self._selected) >= 0:
            self.activated.emit(self._selected)
            return
        if key not in steps or not len(self._order):
            event.ignore()  # Space and letters belong to others
            return
        at = self.position_of(self._selected)
        to = 0 if at < 0 else at + steps[key]
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not 0 <= to < len(self._order):
            return
        self.picked.emit(int(self._order[min(max(to, 0), len(self._order) - 1)]))

    def viewportEvent(self, event: QEvent) -> bool:
        """Tips say which picture is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            index = self.index_at(event.pos())
            if index >= 0:
                at = self.tile_rect(self.position_of(index))
                QToolTip.showText(event.globalPos(), plain_tip(self.description(index)), self.viewport(), at)
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)
