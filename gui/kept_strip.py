"""The kept adjustments of the picture, as cards: picture, edit, a person's own words; a click applies one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.translate import tr
from gui.caption import LINE_PX, Caption
from gui.change_text import change_text
from gui.edit_state import EditState, Kept
from gui.icons import wear_icon
from gui.plain import plain_tip
from gui.qimage import to_qimage
from gui.session import Session
from gui.theme import current_theme, theme_watch
from gui.traversal_strip import signed

if TYPE_CHECKING:
    from core.latents import CodeStatistics

PICTURE_PX, COMPACT_PICTURE_PX = 64, 50
CARD_WIDTH_PX = 224
_CARD_MARGIN_PX = 14


class NoteEdit(QPlainTextEdit):
    """A small text box that hands its text over when it is left, or with Ctrl and Enter.

    Signals:
        finished(): the text may be taken.
    """

    finished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(False)  # a file that is dropped here is meant for the window
        self.setTabChangesFocus(True)
        self.setPlaceholderText(tr("What differs? Your own words…"))
        self.setAccessibleName(tr("Your words on what differs"))
        self.setToolTip(tr("Your words on what differs; they go with the export. Ctrl and Enter when done."))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.document().setDocumentMargin(1)
        self.setMinimumHeight(20)
        theme_watch().theme_changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        theme = current_theme()
        self.setStyleSheet(
            "QPlainTextEdit { background: transparent; border: 1px solid transparent; padding: 0 2px;"
            f" min-height: 0; color: {theme.text}; }}"
            f"QPlainTextEdit:hover {{ border-color: {theme.line}; }}"
            f"QPlainTextEdit:focus {{ border-color: {theme.accent}; background: {theme.panel}; }}"
        )

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hand the text over."""
        super().focusOutEvent(event)
        self.finished.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl and Enter hand the text over."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.finished.emit()
            return
        super().keyPressEvent(event)


class KeptCard(QFrame):
    """One kept adjustment.

    Signals:
        applied(int), removed(int): the person wants the adjustment at this place back, or gone.
        noted(int, str): the person's words are others.
    """

    applied = Signal(int)
    removed = Signal(int)
    noted = Signal(int, str)

    def __init__(self, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = place
        self._picture: NDArray[np.uint8] | None = None
        self._note = ""
        self.setProperty("role", "card")
        self.setMinimumWidth(CARD_WIDTH_PX)
        self.setMaximumWidth(420)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.picture = QPushButton()
        self.picture.setProperty("flat", True)
        self.picture.setStyleSheet("padding: 0; min-height: 0;")
        self.picture.setCursor(Qt.CursorShape.PointingHandCursor)
        self.title = Caption(spread=False)
        self.title.setFixedHeight(LINE_PX)
        self.remove = QPushButton()
        self.remove.setProperty("flat", True)
        self.remove.setFixedSize(20, 18)
        self.remove.setStyleSheet("padding: 0; min-height: 0;")
        self.remove.setToolTip(tr("Remove this adjustment"))
        wear_icon(self.remove, "close", "secondary")
        self.note = NoteEdit()
        words = QVBoxLayout()
        words.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.title, 1)
        head.addWidget(self.remove)
        words.addLayout(head)
        words.addWidget(self.note, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(5, 5, 6, 5)
        layout.setSpacing(6)
        layout.addWidget(self.picture)
        layout.addLayout(words, 1)
        self.set_picture_px(PICTURE_PX)
        self.picture.clicked.connect(self._on_picture_clicked)
        self.remove.clicked.connect(self._on_remove_clicked)
        self.note.finished.connect(self._on_note_finished)

    def set_picture_px(self, size: int) -> None:
        """The side of the picture; the card is a little taller."""
        self.picture.setFixedSize(size + 2, size + 2)
        self.picture.setIconSize(QSize(size, size))
        self.setFixedHeight(size + _CARD_MARGIN_PX)

    def show_kept(self, kept: Kept, detail: str, *, other_picture: bool) -> None:
        """Show an adjustment; words that are being typed stay, unless they were for another picture."""
        text = kept.state.text()
        full = f"{text}  {detail}" if detail else text
        self.title.set_text(text, detail)
        self.picture.setAccessibleName(tr("Apply {edit}", edit=text))
        self.picture.setToolTip(plain_tip(tr("Apply {edit} again", edit=text)))
        self.remove.setAccessibleName(tr("Remove {edit}", edit=text))
        self.setAccessibleName(full)
        if other_picture or kept.note != self._note or not self.note.hasFocus():
            self._note = kept.note
            if self.note.toPlainText() != kept.note:
                self.note.setPlainText(kept.note)

    def show_picture(self, picture: NDArray[np.uint8], before: NDArray[np.uint8]) -> None:
        """Show the adjusted picture, and offer what differs from the one before as a start for the words."""
        if self._picture is not None and np.array_equal(picture, self._picture):
            return
        self._picture = picture
        side = round(PICTURE_PX * self.devicePixelRatioF())
        image = to_qimage(picture).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.picture.setIcon(QIcon(pixmap))
        if before.shape == picture.shape:
            measured = change_text(before, picture)
            self.note.setPlaceholderText(tr("What differs? Measured: {change}", change=measured))
            self.note.viewport().update()  # Qt does not, where one placeholder takes the place of another

    @Slot()
    def _on_picture_clicked(self) -> None:
        self.applied.emit(self._place)

    @Slot()
    def _on_remove_clicked(self) -> None:
        self.removed.emit(self._place)

    @Slot()
    def _on_note_finished(self) -> None:
        note = self.note.toPlainText()
        if note != self._note:
            self._note = note
            self.noted.emit(self._place, note)


class KeptStrip(QWidget):
    """The session's kept adjustments side by side; the strip scrolls when they are many."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cards: list[KeptCard] = []
        self._index = session.index
        self._picture_px = PICTURE_PX
        self.title = QLabel(tr("Kept adjustments"))
        self.title.setProperty("role", "title")
        self.count = QLabel()
        self.count.setProperty("role", "caption")
        head = QHBoxLayout()
        head.setContentsMargins(3, 0, 3, 0)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.count, 1)
        self._row = QWidget()
        self._row_layout = QHBoxLayout(self._row)
        self._row_layout.setContentsMargins(3, 0, 3, 0)
        self._row_layout.setSpacing(10)
        self._row_layout.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.area = QScrollArea()
        self.area.setWidget(self._row)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.viewport().setAutoFillBackground(False)
        self._row.setAutoFillBackground(False)
        self.area.horizontalScrollBar().rangeChanged.connect(self._on_range_changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.area)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Kept adjustments"))
        session.kept_changed.connect(self._on_kept_changed)
        session.selection_changed.connect(self._on_kept_changed)
        session.pictures_changed.connect(self._on_kept_changed)
        session.analyst.statistics_changed.connect(self._on_kept_changed)
        self._on_kept_changed()

    @property
    def cards(self) -> tuple[KeptCard, ...]:
        """The cards, in the order of keeping."""
        return tuple(self._cards)

    @Slot()
    def _on_kept_changed(self) -> None:
        kept, pictures = self._session.kept, self._session.kept_pictures
        while len(self._cards) > len(kept):
            card = self._cards.pop()
            self._row_layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        while len(self._cards) < len(kept):
            card = KeptCard(len(self._cards))
            card.applied.connect(self._on_applied)
            card.removed.connect(self._session.remove_kept)
            card.noted.connect(self._session.set_note)
            card.set_picture_px(self._picture_px)
            self._cards.append(card)
            self._row_layout.addWidget(card)
        other_picture, self._index = self._index != self._session.index, self._session.index
        for at, (card, one) in enumerate(zip(self._cards, kept, strict=True)):
            card.show_kept(one, self._detail(one.state), other_picture=other_picture)
            if at < len(pictures) and self._session.pictures is not None:
                card.show_picture(pictures[at], self._session.pictures.reconstruction)
        if kept:
            self.count.setText(f"{len(kept)}")
        else:
            self.count.setText(tr("Keep an adjustment to compare it with others and to export it."))
        self.area.setVisible(bool(kept))
        self._fit()

    def _detail(self, state: EditState) -> str:
        """What one edited dimension went from and to, and how far that is: "1.31 → 21.31 · 9.1σ"."""
        pictures, dims = self._session.pictures, state.dims()
        if pictures is None or state.moves() or len(dims) != 1 or dims[0] >= len(pictures.code):
            return ""
        dim = dims[0]
        before = float(state.start_code(pictures.code)[dim])
        after = state.value(dim, before)
        moved = f"{plain(before)} → {plain(after)}"
        return moved + sigma_text(self._session.analyst.statistics, dim, after - before, " · ")

    @Slot(int)
    def _on_applied(self, place: int) -> None:
        kept = self._session.kept
        if 0 <= place < len(kept):
            state = kept[place].state
            self._session.set_edit(state, tr("Apply {edit}", edit=state.text()))

    @Slot(int, int)
    def _on_range_changed(self, _least: int, _most: int) -> None:
        self._fit()

    def set_compact(self, compact: bool) -> None:
        """Lower cards, where there is little room."""
        self._picture_px = COMPACT_PICTURE_PX if compact else PICTURE_PX
        for card in self._cards:
            card.set_picture_px(self._picture_px)
        self._fit()

    def _fit(self) -> None:
        bar = self.area.horizontalScrollBar()
        extra = bar.sizeHint().height() if bar.maximum() > 0 else 0
        self.area.setFixedHeight(self._picture_px + _CARD_MARGIN_PX + extra)

    def changeEvent(self, event: QEvent) -> None:
        """Another style has another scroll bar."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange:
            self._fit()


def plain(value: float) -> str:
    """A value of a code with two decimals, as people write it."""
    return f"{value:.2f}".replace("-", "−")


def sigma_text(statistics: CodeStatistics | None, dim: int, delta: float, before: str = "") -> str:
    """A change of a dimension in standard deviations of the data's codes; empty where they are not known."""
    if statistics is None or dim >= len(statistics.std):
        return ""
    sigmas = statistics.sigmas(dim, delta)
    return f"{before}{signed(sigmas)}σ" if np.isfinite(sigmas) else ""
