"""Pictures as the laboratory shows them: one with its facts, and a grid of many. No measuring."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.lens import fitting_scale
from gui.plain import plain_tip
from gui.qimage import to_qimage
from gui.theme import CAPTION_PX, CONTROL_PX, UNIT_PX, current_theme, theme_watch, ui_font

_LINE_PX = 17
_GAP_PX = 4


class LabPicture(QWidget):
    """A picture as large as fits by a whole number, its title and facts right below it; or a sentence."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None, *, fact_lines: int = 1) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.pixels: NDArray[np.uint8] | None = None
        self._image = QImage()
        self._title = title
        self._lines = fact_lines
        self._facts: tuple[str, ...] = ()
        self._words = ""
        self._bold = ui_font(CONTROL_PX, QFont.Weight.DemiBold)
        self._plain = ui_font(CONTROL_PX)
        self._alike: tuple[LabPicture, ...] = (self,)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def facts(self) -> tuple[str, ...]:
        """What is said of the picture."""
        return self._facts

    def show_pixels(self, pixels: NDArray[np.uint8] | None, *facts: str, words: str = "") -> None:
        """Show a picture (H,W,C) and what is measured of it; without one, words in its place."""
        self.pixels = pixels
        self._image = QImage() if pixels is None else to_qimage(pixels)
        self._words = words
        self._facts = facts
        told = ". ".join(fact for fact in facts if fact)
        self.setAccessibleDescription(told or words)
        self.setToolTip(plain_tip(told))
        self.update()

    def set_title(self, title: str) -> None:
        """Call the picture something else."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(title)
            self.update()

    @staticmethod
    def draw_alike(*views: "LabPicture") -> None:
        """Draw pictures that are compared at one scale, though a layout may give one of them a pixel less."""
        for view in views:
            view._alike = views

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Those of the same scale are drawn anew as well."""
        super().resizeEvent(event)
        for view in self._alike:
            view.update()

    def sizeHint(self) -> QSize:
        """Three times 64 pixels and the lines below."""
        return QSize(192, 192 + self._caption_px())

    def minimumSizeHint(self) -> QSize:
        """64 pixels and the lines below."""
        return QSize(72, 64 + self._caption_px())

    def _caption_px(self) -> int:
        return _LINE_PX * (1 + self._lines) + _GAP_PX

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture at the top left, the words below it."""
        painter = QPainter(self)
        theme = current_theme()
        rooms = [QSize(view.width(), view.height() - view._caption_px()) for view in self._alike]
        room = QSize(min(one.width() for one in rooms), min(one.height() for one in rooms))
        box = QRect(0, 0, min(room.width(), room.height()), min(room.width(), room.height()))
        if not self._image.isNull():
            ratio = self.devicePixelRatioF()
            picture = (self._image.height(), self._image.width())
            scale = fitting_scale(picture, (room.height() * ratio, room.width() * ratio)) / ratio
            box = QRect(0, 0, round(picture[1] * scale), round(picture[0] * scale))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale * ratio < 1.0)
            painter.drawImage(box, self._image)
        else:
            painter.fillRect(box, theme.color("raised"))
            painter.setPen(theme.color("secondary"))
            painter.setFont(self._plain)
            inner = box.adjusted(UNIT_PX, UNIT_PX, -UNIT_PX, -UNIT_PX)
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._words)
        line = QRect(0, box.bottom() + 1 + _GAP_PX, self.width(), _LINE_PX)
        for font, token, text in (
            (self._bold, "text", self._title),
            *((self._plain, "secondary", fact) for fact in self._facts[: self._lines]),
        ):
            painter.setFont(font)
            painter.setPen(theme.color(token))
            said = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), said)
            line = line.translated(0, _LINE_PX)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()


class PictureGrid(QWidget):
    """Pictures of one size in rows, each with a caption where there is one; led sets the first column apart.

    Signals:
        picked(int): the person chose the picture at a place; only where is_pickable.
    """

    picked = Signal(int)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.is_pickable = False
        self._images: list[QImage] = []
        self._captions: tuple[str, ...] = ()
        self._columns = 1
        self._led = False
        self._words = ""
        self._at = 0
        self._marked = -1
        self._most_px = 4096
        self._tip = ""
        self._font = ui_font(CAPTION_PX)
        theme_watch().theme_changed.connect(self._on_theme_changed)

    @property
    def count(self) -> int:
        """How many pictures are shown."""
        return len(self._images)

    def show_pictures(
        self,
        pixels: NDArray[np.uint8] | None,
        columns: int,
        captions: tuple[str, ...] = (),
        *,
        led: bool = False,
        words: str = "",
    ) -> None:
        """Show pictures (n,H,W,C) row by row, or words in their place."""
        self._images = [] if pixels is None else [to_qimage(picture) for picture in pixels]
        self._columns, self._captions, self._led, self._words = max(1, columns), captions, led, words
        self._at = min(self._at, max(0, len(self._images) - 1))
        self._marked = -1
        self.setAccessibleDescription(", ".join(captions) or words)
        self.update()

    def let_pick(self, tip: str) -> None:
        """Let a click or Return choose a picture; tip says what that does."""
        self.is_pickable = True
        self._tip = tip
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mark(self, place: int) -> None:
        """Ring a picture, -1 for none."""
        if place != self._marked:
            self._marked = place
            self.update()

    def box(self, place: int) -> QRect:
        """Where a picture lies."""
        side, (down, across) = self._side(), divmod(place, self._columns)
        left = across * (side + _GAP_PX) + (2 * UNIT_PX if self._led and across else 0)
        return QRect(2 + left, 2 + down * (side + _GAP_PX + self._caption_px()), side, side)

    def sizeHint(self) -> QSize:
        """Pictures of 48 pixels."""
        rows = max(1, -(-len(self._images) // self._columns))
        return QSize(52 * self._columns, (52 + self._caption_px()) * rows)

    def minimumSizeHint(self) -> QSize:
        """Pictures of 24 pixels."""
        rows = max(1, -(-len(self._images) // self._columns))
        return QSize(28 * self._columns, (28 + self._caption_px()) * rows)

    def _caption_px(self) -> int:
        return _LINE_PX if self._captions else 0

    def _side(self) -> int:
        columns, rows = self._columns, max(1, -(-len(self._images) // self._columns))
        apart = 2 * UNIT_PX if self._led else 0
        across = (self.width() - 4 - apart - (columns - 1) * _GAP_PX) // columns
        down = (self.height() - 4 - (rows - 1) * _GAP_PX) // rows - self._caption_px()
        return max(8, min(across, down))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every picture with its caption, or the words."""
        painter = QPainter(self)
        theme = current_theme()
        painter.setFont(self._font)
        if not self._images:
            painter.setPen(theme.color("secondary"))
            align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
            painter.drawText(self.rect(), int(align | Qt.TextFlag.TextWordWrap), self._words)
            return
        ratio = self.devicePixelRatioF()
        for place, image in enumerate(self._images):
            box = self.box(place)
            smooth = image.width() > box.width() * ratio or bool(round(box.width() * ratio) % image.width())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(box, image)
            if place < len(self._captions):
                painter.setPen(theme.color("secondary"))
                under = QRect(box.left(), box.bottom() + 1, box.width(), _LINE_PX)
                painter.drawText(under, int(Qt.AlignmentFlag.AlignCenter), self._captions[place])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if 0 <= self._marked < len(self._images):
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.box(self._marked)).adjusted(-1, -1, 1, 1), 3, 3)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(QRectF(self.box(self._at)).adjusted(-1, -1, 1, 1), 3, 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the picture under the mouse."""
        place = self._place_at(event.position().toPoint())
        if self.is_pickable and place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._at = place
            self.picked.emit(place)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from picture to picture, Return and Space choose."""
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }
        key = Qt.Key(event.key())
        if self._images and key in steps:
            self._at = min(max(self._at + steps[key], 0), len(self._images) - 1)
            self.update()
        elif self._images and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.picked.emit(self._at)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tooltip tells of the picture under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(event.pos())
            caption = self._captions[place] if place is not None and place < len(self._captions) else ""
            said = "\n".join(part for part in (caption, self._tip) if part)
            if place is not None and said:
                QToolTip.showText(event.globalPos(), said, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop showing where the keys are."""
        self.update()

    def _place_at(self, point: QPoint) -> int | None:
        return next((place for place in range(len(self._images)) if self.box(place).contains(point)), None)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
