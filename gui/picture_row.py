"""PictureRow: a few pictures in a row with a line under each; a click or the keys choose one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from core.errors import one_line
from gui.qimage import to_qimage
from gui.theme import CAPTION_PX, current_theme, theme_watch, ui_font

_GAP_PX = 4
_LINE_PX = 15
LARGEST_PX = 64


class PictureRow(QWidget):
    """Pictures as large as the row's width allows; of those that do not fit in some are left out.

    They are the last ones, or evenly spread ones where the row is spread.

    Signals:
        chosen(place: int): a person chose the picture at a place.
    """

    chosen = Signal(int)

    def __init__(
        self, name: str, least_px: int = 30, *, spread: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._least_px = least_px
        self._spread = spread
        self._pixmaps: list[QPixmap] = []
        self._captions: tuple[str, ...] = ()
        self._tips: tuple[str, ...] = ()
        self._hint = ""
        self._at = 0
        self._current = -1
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def count(self) -> int:
        """How many pictures there are, seen or not."""
        return len(self._pixmaps)

    @property
    def captions(self) -> tuple[str, ...]:
        """What stands under the pictures."""
        return self._captions

    def show_pictures(
        self, pictures: NDArray[np.uint8] | None, captions: Sequence[str] = (), tips: Sequence[str] = ()
    ) -> None:
        """Show other pictures (n,H,W,C) with captions and tips, or none."""
        self._pixmaps = [] if pictures is None else [QPixmap.fromImage(to_qimage(one)) for one in pictures]
        self._captions, self._tips = tuple(captions), tuple(tips)
        self._at = min(self._at, max(len(self._pixmaps) - 1, 0))
        self.updateGeometry()
        self.update()

    def show_captions(self, captions: Sequence[str]) -> None:
        """Say something else under the same pictures."""
        if tuple(captions) != self._captions:
            self._captions = tuple(captions)
            self.update()

    def set_current(self, place: int) -> None:
        """Frame one picture, -1 for none."""
        if place != self._current:
            self._current = place
            self.update()

    def set_hint(self, hint: str) -> None:
        """What to say where there is no picture."""
        self._hint = hint
        self.update()

    def places(self) -> list[int]:
        """The pictures that are seen, from left to right."""
        if self._spread and self.seen < len(self._pixmaps):
            return np.linspace(0, len(self._pixmaps) - 1, self.seen).round().astype(int).tolist()
        return list(range(self.seen))

    def box(self, at: int) -> QRect:
        """Where the picture lies that is seen as number at."""
        side = self._side()
        return QRect(2 + at * (side + _GAP_PX), 2, side, side)

    @property
    def seen(self) -> int:
        """How many pictures fit in."""
        fits = (self.width() - 4 + _GAP_PX) // (self._least_px + _GAP_PX)
        return min(len(self._pixmaps), max(1, fits))

    def _side(self) -> int:
        count = max(self.seen, 1)
        across = (self.width() - 4 - (count - 1) * _GAP_PX) // count
        return int(np.clip(min(across, self.height() - 4 - _LINE_PX), 8, LARGEST_PX))

    def sizeHint(self) -> QSize:
        """A row of small pictures with a line below."""
        return QSize(240, self._least_px + 10 + _LINE_PX + 4)

    def minimumSizeHint(self) -> QSize:
        """Room for a few of them."""
        return QSize(4 * (self._least_px + _GAP_PX), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The pictures that fit, or the hint."""
        painter = QPainter(self)
        theme = current_theme()
        painter.setFont(ui_font(CAPTION_PX))
        if not self._pixmaps:
            painter.setPen(theme.color("secondary"))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._hint
            )
            return
        metrics = QFontMetrics(painter.font())
        ratio = self.devicePixelRatioF()
        for at, place in enumerate(self.places()):
            box, pixmap = self.box(at), self._pixmaps[place]
            painter.setRenderHint(
                QPainter.RenderHint.SmoothPixmapTransform, pixmap.width() > box.width() * ratio
            )
            painter.drawPixmap(box, pixmap)
            if place < len(self._captions):
                below = QRect(box.left() - 1, box.bottom() + 3, box.width() + 2, _LINE_PX)
                text = one_line(self._captions[place])
                shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, below.width())
                painter.setPen(theme.color("secondary"))
                painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), shown)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._current in (places := self.places()):
            self._frame(painter, places.index(self._current), QPen(theme.color("accent"), 2))
        if self.hasFocus():
            self._frame(painter, self._at, QPen(theme.color("text"), 1, Qt.PenStyle.DotLine))

    def _frame(self, painter: QPainter, place: int, pen: QPen) -> None:
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.box(place)).adjusted(-1, -1, 1, 1), 3, 3)

    def _place_at(self, point: QPoint) -> int | None:
        return next((place for at, place in enumerate(self.places()) if self.box(at).contains(point)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the picture under the mouse."""
        place = self._place_at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._at = self.places().index(place)
            self.chosen.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along the row, Return chooses."""
        last = self.seen - 1
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right if last >= 0:
                self._at = min(max(self._at + (1 if event.key() == Qt.Key.Key_Right else -1), 0), last)
                self.update()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if last >= 0:
                self.chosen.emit(self.places()[min(self._at, last)])
            case _:
                super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tooltip is that of the picture under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(event.pos())
            if place is None or place >= len(self._tips):
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._tips[place], self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop showing where the keys are."""
        self.update()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
