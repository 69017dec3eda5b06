"""PreviewStrip: a few chosen pictures and, below, what the network makes of them as it learns."""

import random

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.elided_label import ElidedLabel
from gui.icons import wear_icon
from gui.qimage import to_qimage
from gui.session import PREVIEW_COUNT, Session
from gui.theme import UNIT_PX, current_theme, theme_watch
from gui.trainer import Previews

_GAP_PX = 5
_MOST_KEPT = 120  # moments of training that can be gone back to


class PreviewStrip(QWidget):
    """Originals above, reconstructions below; the slider goes back through the training that was watched."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._trainer = session.trainer
        self._moments: list[Previews] = []
        self._stride = 1  # every how many arrivals one is kept
        self._arrivals = 0
        self.setObjectName("previewStrip")
        self.setAccessibleName(tr("As it learns"))
        self.setMinimumWidth(180)

        title = QLabel(tr("As it learns"), self)
        title.setProperty("role", "title")
        self.epoch_label = ElidedLabel(parent=self)
        self.use_button = _tool(
            self, "previewUseSelected", "plus", tr("Use selected"), tr("Put the selected picture among these")
        )
        self.use_button.clicked.connect(self.use_selected)
        self.shuffle_button = _tool(
            self, "previewShuffle", "dice", tr("Shuffle"), tr("Choose other pictures by chance")
        )
        self.shuffle_button.clicked.connect(self.shuffle)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(title)
        head.addSpacing(6)
        head.addWidget(self.epoch_label, 1)
        head.addWidget(self.use_button)
        head.addWidget(self.shuffle_button)

        self.pairs = PicturePairs(self)
        self.pairs.chosen.connect(self._on_picture_chosen)
        self.scrub_slider = QSlider(Qt.Orientation.Horizontal, self)
        self.scrub_slider.setAccessibleName(tr("Moment of training"))
        self.scrub_slider.setToolTip(tr("Go back through the training; the right end shows the newest"))
        self.scrub_slider.valueChanged.connect(self._on_scrubbed)
        scrub_label = QLabel(tr("scrub"), self)
        scrub_label.setProperty("role", "caption")
        self._scrub_row = QWidget(self)
        row = QHBoxLayout(self._scrub_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(scrub_label)
        row.addWidget(self.scrub_slider, 1)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(UNIT_PX, UNIT_PX - 2, UNIT_PX + 4, UNIT_PX // 2)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.pairs, 1)
        layout.addWidget(self._scrub_row)

        self._trainer.previews_changed.connect(self._on_previews_changed)
        self._trainer.history_reset.connect(self._on_history_reset)
        self._trainer.state_changed.connect(self._on_moment_shown)
        session.dataset_changed.connect(self._on_history_reset)
        session.previews_chosen.connect(self._on_previews_chosen)
        session.selection_changed.connect(self._on_selection_changed)
        self._on_previews_changed()

    @property
    def moments(self) -> int:
        """How many moments of training the slider can go back to."""
        return len(self._moments)

    @Slot()
    def use_selected(self) -> None:
        """Put the selected picture first among the previews; the last one makes room for it."""
        index = self._session.index
        if index >= 0:
            others = tuple(known for known in self._session.preview_indices if known != index)
            self._session.set_previews((index, *others)[:PREVIEW_COUNT])

    @Slot()
    def shuffle(self) -> None:
        """Choose other pictures by chance."""
        if self._session.dataset is not None:
            count = len(self._session.dataset)
            self._session.set_previews(tuple(sorted(random.sample(range(count), min(PREVIEW_COUNT, count)))))

    def _shown(self) -> Previews | None:
        at = self.scrub_slider.value()
        return self._moments[at] if 0 <= at < len(self._moments) else None

    def _forget(self) -> None:
        self._moments, self._stride, self._arrivals = [], 1, 0

    def _set_slider(self, at: int) -> None:
        blocked = self.scrub_slider.blockSignals(True)
        self.scrub_slider.setRange(0, max(len(self._moments) - 1, 0))
        self.scrub_slider.setValue(at)
        self.scrub_slider.blockSignals(blocked)
        self._scrub_row.setVisible(len(self._moments) > 1)

    @Slot()
    def _on_previews_changed(self) -> None:
        previews = self._trainer.previews
        if previews is None:
            self._forget()
        else:
            if self._moments and self._moments[-1].indices != previews.indices:
                self._forget()
            newest = self.scrub_slider.value() >= len(self._moments) - 1
            kept_last = (self._arrivals - 1) % self._stride == 0
            if self._moments and not kept_last:
                self._moments.pop()  # the newest is always there, older ones at every stride
            self._moments.append(previews)
            self._arrivals += 1
            if len(self._moments) > _MOST_KEPT:
                del self._moments[1::2]
                self._stride *= 2
            self._set_slider(len(self._moments) - 1 if newest else self.scrub_slider.value())
        self._on_moment_shown()

    @Slot()
    def _on_history_reset(self) -> None:
        self._forget()
        self._on_previews_changed()

    @Slot()
    def _on_previews_chosen(self) -> None:
        self._on_moment_shown()

    @Slot(int)
    def _on_scrubbed(self, _at: int) -> None:
        self._on_moment_shown()

    @Slot()
    def _on_moment_shown(self) -> None:
        session, previews = self._session, self._shown()
        self._set_slider(self.scrub_slider.value())
        for button in (self.use_button, self.shuffle_button):
            button.setEnabled(session.dataset is not None)
        indices = session.preview_indices
        if previews is not None and previews.indices == indices:
            self.pairs.set_pictures(indices, previews.originals, previews.reconstructions)
            run = session.run
            record = self._trainer.record
            epochs = record.epochs if record else run.config.train.epochs if run else 0
            self.epoch_label.set_text(
                tr("epoch {epoch} of {epochs}", epoch=f"{previews.epoch:g}", epochs=epochs)
                if previews.epoch and epochs >= previews.epoch
                else ""
            )
        elif indices and (originals := session.originals(list(indices))) is not None:
            self.pairs.set_pictures(indices, originals, None)
            self.epoch_label.set_text("")
        else:
            self.pairs.set_pictures((), None, None)
            self.epoch_label.set_text("")
        self._on_selection_changed()

    @Slot()
    def _on_selection_changed(self) -> None:
        self.pairs.set_selected(self._session.index)

    @Slot(int)
    def _on_picture_chosen(self, index: int) -> None:
        self._session.select_image(index)


class PicturePairs(QWidget):
    """Pictures in a row with another picture below each; click, or arrow keys and Return, choose one.

    Signals:
        chosen(index: int): the picture of the data set that a person chose.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("previewPictures")
        self.setAccessibleName(tr("Originals, and their reconstructions below"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(72)
        self._indices: tuple[int, ...] = ()
        self._rows: list[list[QPixmap]] = [[], []]
        self._selected = -1
        self._at = 0
        theme_watch().theme_changed.connect(self._on_theme_changed)

    def set_pictures(
        self,
        indices: tuple[int, ...],
        originals: NDArray[np.uint8] | None,
        reconstructions: NDArray[np.uint8] | None,
    ) -> None:
        """Show other pictures, uint8 (k,H,W,C) each; reconstructions may not be there yet."""
        self._indices = indices
        self._rows = [_pixmaps(originals), _pixmaps(reconstructions)]
        self._at = min(self._at, max(len(indices) - 1, 0))
        self.update()

    def set_selected(self, index: int) -> None:
        """Frame the picture in hand."""
        if index != self._selected:
            self._selected = index
            self.update()

    def box(self, row: int, place: int) -> QRect:
        """Where a picture lies: row 0 originals, row 1 reconstructions."""
        side = self._side()
        return QRect(2 + place * (side + _GAP_PX), 2 + row * (side + _GAP_PX), side, side)

    def _side(self) -> int:
        count = max(len(self._indices), 1)
        across = (self.width() - 4 - (count - 1) * _GAP_PX) // count
        return max(8, min(across, (self.height() - 4 - _GAP_PX) // 2))

    def _place_at(self, point: QPoint) -> int | None:
        for place in range(len(self._indices)):
            if any(self.box(row, place).contains(point) for row in (0, 1)):
                return place
        return None

    def sizeHint(self) -> QSize:
        """Six pictures of 52 px in two rows."""
        return QSize(6 * (52 + _GAP_PX), 2 * 52 + _GAP_PX + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both rows, or a hint where there is nothing to show."""
        painter = QPainter(self)
        theme = current_theme()
        if not self._indices:
            painter.setPen(theme.color("secondary"))
            text = tr("Pictures to watch while a network learns:\nchoose them with + here or in the gallery.")
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)
            return
        ratio = self.devicePixelRatioF()
        for row, pixmaps in enumerate(self._rows):
            for place in range(len(self._indices)):
                box = self.box(row, place)
                if place < len(pixmaps):
                    # Shrinking is smoothed; enlarging keeps the pixels sharp, as the canvas does.
                    smooth = pixmaps[place].width() > box.width() * ratio
                    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
                    painter.drawPixmap(box, pixmaps[place])
                else:
                    painter.fillRect(box, theme.color("raised"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place, index in enumerate(self._indices):
            if index == self._selected:
                self._frame(painter, place, QPen(theme.color("accent"), 2))
        if self.hasFocus():
            self._frame(painter, self._at, QPen(theme.color("text"), 1, Qt.PenStyle.DotLine))

    def _frame(self, painter: QPainter, place: int, pen: QPen) -> None:
        painter.setPen(pen)
        both = QRectF(self.box(0, place).united(self.box(1, place)))
        painter.drawRoundedRect(both.adjusted(-1, -1, 1, 1), 3, 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the picture under the mouse."""
        place = self._place_at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._at = place
            self.chosen.emit(self._indices[place])
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along the row, Return and Space choose."""
        last = len(self._indices) - 1
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right if last >= 0:
                step = 1 if event.key() == Qt.Key.Key_Right else -1
                self._at = min(max(self._at + step, 0), last)
                self.update()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if last >= 0:
                self.chosen.emit(self._indices[self._at])
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop showing where the keys are."""
        self.update()

    def event(self, event: QEvent) -> bool:
        """The tooltip names the picture under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(event.pos())
            if place is None:
                QToolTip.hideText()
            else:
                name = tr("Picture #{index}: a click selects it", index=self._indices[place])
                QToolTip.showText(event.globalPos(), name, self)
            return True
        return super().event(event)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()


def _pixmaps(pictures: NDArray[np.uint8] | None) -> list[QPixmap]:
    return [] if pictures is None else [QPixmap.fromImage(to_qimage(picture)) for picture in pictures]


def _tool(parent: QWidget, name: str, picture: str, text: str, tip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setObjectName(name)
    button.setAccessibleName(text)
    button.setToolTip(f"{text}: {tip}")
    button.setAutoRaise(True)
    wear_icon(button, picture, "secondary")
    return button
