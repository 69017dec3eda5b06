"""The stage of the canvas: which picture views are seen in each mode, how large, and with what caption."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.translate import tr
from gui.caption import LINE_PX, Caption
from gui.difference import ColourScale, coloured, difference, limit_for
from gui.heat_card import HeatCard
from gui.heat_map import Heat
from gui.lens import Lens, fitting_scale
from gui.picture_view import RING_PX, Align, PictureView

GAP_PX = 8
BLINK_MS = 600
_CAPTION_PX = 2 * LINE_PX + 5
_LEAST_CAPTION_PX = 170


class Mode(Enum):
    """How pictures are compared."""

    SIDE_BY_SIDE = "side"
    WIPE = "wipe"
    BLINK = "blink"
    DIFFERENCE = "difference"


class Stage(QWidget):
    """Original, reconstruction and edited picture, in one of four modes.

    Signals:
        shown_changed(): another picture stands in the edited view, for its caption.
    """

    shown_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lens = Lens(self)
        self.original = self._view("originalView", tr("Original"))
        self.reconstruction = self._view("reconstructionView", tr("Reconstruction"))
        self.edited = self._view("editedView", tr("Edited"))
        self.difference = self._view("differenceView", tr("Difference"))
        self.scale = ColourScale(self)
        self.heat_card = HeatCard(self)
        self.captions = {view: Caption(self) for view in self._views()}
        self.mode = Mode.SIDE_BY_SIDE
        self.against_original = False  # wipe, blink and difference compare with the original
        self._pictures: tuple[NDArray[np.uint8] | None, ...] = (None, None, None)
        self._guest: NDArray[np.uint8] | None = None
        self._heated: NDArray[np.uint8] | None = None
        self._held = False
        self._blinked = False
        self._changed = False
        self._divider = 0.5
        self.levels: NDArray[np.uint8] | None = None  # the difference shown, (H,W) of 255
        self._blink = QTimer(self)
        self._blink.setInterval(BLINK_MS)
        self._blink.timeout.connect(self._on_blink)
        self.edited.divider_moved.connect(self._on_divider_moved)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(3 * 70, 90)
        self._arrange()

    def _view(self, name: str, text: str) -> PictureView:
        view = PictureView(self.lens, text, self)
        view.setObjectName(name)
        return view

    def _views(self) -> tuple[PictureView, ...]:
        return self.original, self.reconstruction, self.edited, self.difference

    # What is shown

    def set_pictures(
        self,
        original: NDArray[np.uint8] | None,
        reconstruction: NDArray[np.uint8] | None,
        edited: NDArray[np.uint8] | None,
        *,
        changed: bool,
    ) -> None:
        """Show three pictures (H,W,C); changed says that an edit stands between the last two."""
        shapes = [None if picture is None else picture.shape for picture in self._pictures]
        self._pictures = (original, reconstruction, edited)
        self._changed = changed
        self._show(at_once=True)
        if shapes != [None if picture is None else picture.shape for picture in self._pictures]:
            self._arrange()

    def set_mode(self, mode: Mode) -> None:
        """Compare in another way."""
        self.mode = mode
        self._show()
        self._arrange()

    def set_against_original(self, against_original: bool) -> None:
        """Compare the edited picture with the original, or with the reconstruction."""
        self.against_original = against_original
        self._arrange()
        self._show()

    def hold_original(self, held: bool) -> None:
        """Show the original in the place of the edited picture for as long as it is held."""
        if held != self._held:
            self._held = held
            self._show()

    def set_guest(self, guest: NDArray[np.uint8] | None) -> None:
        """Show a picture of an animation in the place of the edited one; None shows the edited one again."""
        if guest is not self._guest:
            self._guest = guest
            self._show()

    def set_heat(self, heat: Heat | None) -> None:
        """Show where a dial acts in the place of the edited picture, and say it; None shows it again."""
        self._heated = None if heat is None else heat.pixels
        self.heat_card.show_heat(heat)
        self._show()

    def set_hints(self, original: str, decoded: str) -> None:
        """What to say in the views without a picture."""
        self.original.set_hint(original)
        for view in (self.reconstruction, self.edited, self.difference):
            view.set_hint(decoded)

    @property
    def shows_original(self) -> bool:
        """Whether the original stands in the edited view: Space is held, or it is its turn to blink."""
        return self._held or (self._blinks and self.against_original)

    @property
    def shows_reconstruction(self) -> bool:
        """Whether the reconstruction stands in the edited view, because it is its turn to blink."""
        return not self._held and self._blinks and not self.against_original

    @property
    def shows_guest(self) -> bool:
        """Whether a picture of an animation stands in the edited view."""
        return self._guest is not None and not self._held and not self._blinks

    @property
    def _blinks(self) -> bool:
        return self.mode is Mode.BLINK and self._blinked

    @property
    def other(self) -> NDArray[np.uint8] | None:
        """What the edited picture is compared with."""
        return self._pictures[0] if self.against_original else self._pictures[1]

    def _show(self, *, at_once: bool = False) -> None:
        """Bring the views up to date; at_once paints them before any caption is measured and written."""
        original, reconstruction, edited = self._pictures
        self.original.set_pixels(original)
        self.reconstruction.set_pixels(reconstruction)
        shown = edited
        if self._held:
            shown = original
        elif self._blinks:
            shown = self.other
        elif self._guest is not None:
            shown = self._guest
        elif self._heated is not None and edited is not None:
            shown = self._heated
        self.edited.set_pixels(shown)
        self.edited.set_marked(self._changed and shown is edited and shown is not None)
        wiping = self.mode is Mode.WIPE and not self._held and edited is not None and shown is edited
        self.edited.set_other(self.other if wiping else None)
        self.edited.set_divider(self._divider if wiping else None)
        self.levels = None
        if self.mode is Mode.DIFFERENCE and edited is not None and self.other is not None:
            self.levels = difference(self.other, edited)
            limit = limit_for(self.levels)
            self.scale.set_limit(limit)
            self.difference.set_pixels(coloured(self.levels, limit))
        else:
            self.difference.set_pixels(None)
        self.scale.setVisible(self.levels is not None)
        if at_once and edited is not None:
            self.edited.repaint()  # with every other view that waits for it
        self.shown_changed.emit()

    @Slot(float)
    def _on_divider_moved(self, divider: float) -> None:
        self._divider = divider
        self.edited.set_divider(divider)

    @Slot()
    def _on_blink(self) -> None:
        self._blinked = not self._blinked
        self._show()

    # Where it stands

    def seen(self) -> tuple[PictureView, ...]:
        """The views of the mode, from left to right."""
        match self.mode:
            case Mode.SIDE_BY_SIDE:
                return self.original, self.reconstruction, self.edited
            case Mode.WIPE | Mode.BLINK:
                return (self.edited,)
            case Mode.DIFFERENCE:
                base = self.original if self.against_original else self.reconstruction
                return base, self.edited, self.difference

    def height_for(self, width: int, room: int) -> int:
        """The height that the pictures need, as large as a width and a room (height) allow."""
        shape = self._shape()
        column = self._column(width, len(self.seen()))
        ratio = self.devicePixelRatioF()
        space = ((room - _CAPTION_PX - 2 * RING_PX) * ratio, (column - 2 * RING_PX) * ratio)
        scale = fitting_scale(shape, space) / ratio
        return int(shape[0] * scale) + 2 * RING_PX + _CAPTION_PX

    def sizeHint(self) -> QSize:
        """Room for three pictures of a good size."""
        return QSize(760, 290)

    def _shape(self) -> tuple[int, int]:
        shown = next((picture for picture in self._pictures if picture is not None), None)
        return (64, 64) if shown is None else (shown.shape[0], shown.shape[1])

    def _column(self, width: int, count: int) -> int:
        if self.mode is Mode.DIFFERENCE:
            width -= ColourScale.WIDTH_PX + 6
        return max(1, (width - GAP_PX * (count - 1)) // count)

    def _arrange(self) -> None:
        seen = self.seen()
        for view in self._views():
            view.setVisible(view in seen)
            self.captions[view].setVisible(view in seen)
        column = self._column(self.width(), len(seen))
        room = self.height() - _CAPTION_PX
        ratio = self.devicePixelRatioF()
        height, width = self._shape()
        fit = fitting_scale((height, width), ((room - 2 * RING_PX) * ratio, (column - 2 * RING_PX) * ratio))
        self.lens.set_fit(fit)
        tall = min(room, round(height * fit / ratio) + 2 * RING_PX)
        wide = round(width * fit / ratio)
        aligns = (Align.CENTRE,) if len(seen) == 1 else (Align.LEFT, Align.CENTRE, Align.RIGHT)
        if len(seen) > 1 and wide < _LEAST_CAPTION_PX:  # each begins where its caption does
            aligns = (Align.LEFT,) * len(seen)
        for at, (view, align) in enumerate(zip(seen, aligns, strict=True)):
            left = at * (column + GAP_PX)
            view.align = align
            view.setGeometry(left, 0, column, tall)
            view.update()
            room_px = column - 2 * RING_PX
            text_px = min(room_px, max(wide, _LEAST_CAPTION_PX)) if view.pixels is not None else room_px
            if len(seen) == 1:
                text_px = min(room_px, max(wide, 2 * _LEAST_CAPTION_PX))
            begin = left + RING_PX + round((room_px - text_px) * align.value)
            self.captions[view].setGeometry(begin, tall + _CAPTION_PX - 2 * LINE_PX, text_px, 2 * LINE_PX)
        self.heat_card.setGeometry(0, tall + 2, self.width(), _CAPTION_PX - 2)
        if self.mode is Mode.DIFFERENCE:
            bar_px = ColourScale.WIDTH_PX
            self.scale.setGeometry(self.width() - bar_px, RING_PX, bar_px, max(1, tall - 2 * RING_PX))
        if self.mode is Mode.BLINK and self.isVisible():
            self._blink.start()
        else:
            self._blink.stop()
            self._blinked = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the views out at the largest whole-number scale."""
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        """Blink only while it is seen."""
        super().showEvent(event)
        self._arrange()

    def hideEvent(self, event: QHideEvent) -> None:
        """Blink only while it is seen."""
        self._blink.stop()
        super().hideEvent(event)
