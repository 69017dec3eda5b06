"""MatrixView: a matrix as a picture with names beside it; a cell says its number, and can be chosen."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.plain import plain_tip
from gui.qimage import to_qimage
from gui.theme import CAPTION_PX, current_theme, theme_watch, ui_font

_MOST_CELL_PX = 28
_WIDEST_CELL_PX = 44
_NAMED_PX = 12  # a lower row has no name beside it
_GAP_PX = 6
_SCALE_PX = 44
_MOST_NAME_PX = 130
_MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class MatrixView(QWidget):
    """Shows numbers (R,C): 0 is the ground, limit the accent, less than 0 the amber of the unusual.

    Signals:
        cell_changed(row: int, column: int): another cell is pointed at, by pointer or keys; -1, -1 for none.
        chosen(row: int, column: int): a cell was clicked, or Return was pressed on it.
    """

    cell_changed = Signal(int, int)
    chosen = Signal(int, int)

    def __init__(self, name: str, least_cell_px: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._least_px = least_cell_px
        self._values: NDArray[np.floating] = np.zeros((0, 0))
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._limit = 1.0
        self._text: Callable[[int, int], str] | None = None
        self._cell = (-1, -1)
        self.marked_rows: frozenset[int] = frozenset()
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def cell(self) -> tuple[int, int]:
        """The cell that is pointed at; (-1, -1) for none."""
        return self._cell

    def set_matrix(
        self,
        values: NDArray[np.floating],
        rows: Sequence[str],
        columns: Sequence[str],
        limit: float,
        text: Callable[[int, int], str],
    ) -> None:
        """Show other numbers; text(row, column) says one of them in words."""
        self._values, self._limit, self._text = values, limit, text
        self._rows, self._columns = tuple(rows), tuple(columns)
        self._cell = (-1, -1)
        self._fit()
        self.update()

    def set_marked_rows(self, rows: frozenset[int]) -> None:
        """Write the names of some rows in the accent: that of the dial in hand."""
        if rows != self.marked_rows:
            self.marked_rows = rows
            self.update()

    # Room

    @property
    def cell_px(self) -> tuple[float, float]:
        """Width and height of a cell: a square, but for a matrix whose rows must be readable."""
        count, across = self._values.shape
        if not count or not across:
            return 0.0, 0.0
        wide = (self.width() - self._beside() - _SCALE_PX) / across
        tall = (self.height() - self._above()) / count
        least = max(self._least_px, 1)
        if least >= _NAMED_PX:
            return max(least, min(_WIDEST_CELL_PX, wide)), max(least, min(_MOST_CELL_PX, tall))
        side = max(least, min(_MOST_CELL_PX, wide, tall))
        return side, side

    def _has_names(self) -> bool:
        return self._least_px >= _NAMED_PX or len(self._rows) <= 48

    def _beside(self) -> int:
        return self._longest(self._rows) + _GAP_PX if self._has_names() else 2

    def _above(self) -> int:
        return self._longest(self._columns) + _GAP_PX if self._has_names() else 2

    def _longest(self, names: tuple[str, ...]) -> int:
        metrics = QFontMetrics(ui_font(CAPTION_PX))
        return min(_MOST_NAME_PX, max((metrics.horizontalAdvance(name) for name in names), default=0) + 4)

    def _fit(self) -> None:
        count, across = self._values.shape
        least = max(self._least_px, 1)
        self.setMinimumSize(self._beside() + across * least + _SCALE_PX, self._above() + count * least + 4)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Large cells."""
        count, across = self._values.shape
        return QSize(self._beside() + across * 20 + _SCALE_PX, self._above() + count * 20)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell lies."""
        wide, tall = self.cell_px
        return QRectF(self._beside() + column * wide, self._above() + row * tall, wide, tall)

    def cell_at(self, place: QPointF) -> tuple[int, int]:
        """The cell under a place; (-1, -1) for none."""
        wide, tall = self.cell_px
        if not tall:
            return -1, -1
        row = int((place.y() - self._above()) // tall)
        column = int((place.x() - self._beside()) // wide)
        inside = 0 <= row < len(self._rows) and 0 <= column < len(self._columns)
        return (row, column) if inside else (-1, -1)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells, their names, the scale."""
        if not self._values.size:
            return
        painter = QPainter(self)
        theme = current_theme()
        first, last = self.cell_rect(0, 0), self.cell_rect(len(self._rows) - 1, len(self._columns) - 1)
        whole = QRectF(first.topLeft(), last.bottomRight())
        painter.drawImage(whole, to_qimage(self._pixels()))
        wide, tall = self.cell_px
        if tall >= 9:
            painter.setPen(QPen(theme.color("panel"), 1.0))
            for row in range(1, len(self._rows)):
                y = round(whole.top() + row * tall)
                painter.drawLine(QPointF(whole.left(), y), QPointF(whole.right(), y))
            for column in range(1, len(self._columns)):
                x = round(whole.left() + column * wide)
                painter.drawLine(QPointF(x, whole.top()), QPointF(x, whole.bottom()))
        painter.setFont(ui_font(CAPTION_PX))
        if self._has_names() and tall >= _NAMED_PX - 1:
            self._paint_names(painter)
        self._paint_scale(painter, whole)
        if self._cell != (-1, -1):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("text"), 1.5))
            painter.drawRect(self.cell_rect(*self._cell).adjusted(0.5, 0.5, -0.5, -0.5))

    def _pixels(self) -> NDArray[np.uint8]:
        share = np.clip(self._values / self._limit, -1.0, 1.0)
        share = np.nan_to_num(share)
        ground, full, less = (_rgb(current_theme().color(token)) for token in ("raised", "accent", "unusual"))
        towards = np.where((share < 0.0)[..., np.newaxis], less, full)
        pixels = ground + np.abs(share)[..., np.newaxis] * (towards - ground)
        return np.ascontiguousarray(pixels.round().astype(np.uint8))

    def _paint_names(self, painter: QPainter) -> None:
        theme, metrics = current_theme(), painter.fontMetrics()
        beside, above = self._beside(), self._above()
        middle = Qt.AlignmentFlag.AlignVCenter
        for row, name in enumerate(self._rows):
            pointed = row == self._cell[0] or row in self.marked_rows
            painter.setPen(
                theme.color("accent" if row in self.marked_rows else "text" if pointed else "secondary")
            )
            area = QRectF(0, self.cell_rect(row, 0).top(), beside - _GAP_PX, self.cell_px[1])
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, round(area.width()))
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, text)
        for column, name in enumerate(self._columns):
            painter.setPen(theme.color("text" if column == self._cell[1] else "secondary"))
            painter.save()
            painter.translate(self.cell_rect(0, column).left(), above - _GAP_PX)
            painter.rotate(-90)
            area = QRectF(0, 0, above - _GAP_PX, self.cell_px[0])
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, round(area.width()))
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, text)
            painter.restore()

    def _paint_scale(self, painter: QPainter, whole: QRectF) -> None:
        bar = QRect(round(whole.right()) + 10, round(whole.top()), 8, min(96, max(40, round(whole.height()))))
        least = -1.0 if (self._values < 0.0).any() else 0.0
        steps = np.linspace(1.0, least, bar.height())[:, np.newaxis] * self._limit
        kept, self._values = self._values, steps
        strip = self._pixels()
        self._values = kept
        painter.drawImage(bar, to_qimage(np.ascontiguousarray(np.repeat(strip, 2, axis=1))))
        painter.setPen(current_theme().color("secondary"))
        for text, y in ((f"{self._limit:g}", bar.top() + 9), ("−1" if least else "0", bar.bottom())):
            painter.drawText(QPoint(bar.right() + 4, y), text)

    # Hands

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say the number under the pointer."""
        self._point(self.cell_at(event.position()))
        if self._cell != (-1, -1) and self._text is not None:
            QToolTip.showText(event.globalPosition().toPoint(), plain_tip(self._text(*self._cell)), self)
        else:
            QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the pointer."""
        self._point(self.cell_at(event.position()))
        if self._cell != (-1, -1) and event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit(*self._cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows point at the next cell, Return chooses it."""
        move = _MOVES.get(Qt.Key(event.key()))
        if move is not None and self._values.size:
            row = min(max(self._cell[0] + move[0], 0), len(self._rows) - 1)
            self._point((row, min(max(self._cell[1] + move[1], 0), len(self._columns) - 1)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cell != (-1, -1):
            self.chosen.emit(*self._cell)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keys go on from a cell that can be seen."""
        super().focusInEvent(event)
        if self._cell == (-1, -1) and self._values.size and event.reason() is Qt.FocusReason.TabFocusReason:
            self._point((0, 0))

    def _point(self, cell: tuple[int, int]) -> None:
        if cell == self._cell:
            return
        self._cell = cell
        said = self._text(*cell) if self._text is not None and cell != (-1, -1) else ""
        self.setAccessibleDescription(said)
        self.cell_changed.emit(*cell)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cells follow the room."""
        super().resizeEvent(event)
        self.update()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()


def _rgb(colour: QColor) -> NDArray[np.float64]:
    return np.array([colour.red(), colour.green(), colour.blue()], np.float64)
