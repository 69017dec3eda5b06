"""Pictures of a data set as tiles with round corners: made when first wanted, kept up to a bound."""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPixmap, QTransform

from core.errors import LatentDialsError
from gui.qimage import to_qimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.datasets.dataset import ImageDataset

RADIUS_PX = 4.0
CACHE_BYTES = 48 * 1024 * 1024
# A paint makes tiles for so long, and leaves the rest to those that follow: a tile of 51 pixels takes 80
# microseconds, and after a jump through a wide gallery 300 are wanted at once.
BUDGET_S = 0.005
UNREADABLE = QColor(128, 128, 128)
PREFETCHED = 64  # about what the next paint can make
LEAST_IN_A_PAINT = 40  # whatever the time, of pictures that need no decoding


class TileCache:
    """The tiles of one data set."""

    def __init__(self) -> None:
        self._dataset: ImageDataset | None = None
        self._tiles: OrderedDict[tuple[int, int], QPixmap] = OrderedDict()
        self._bytes = 0
        self._until = 0.0
        self._left = 0
        self._failure = ""

    def set_dataset(self, dataset: ImageDataset | None) -> None:
        """Make tiles of another data set."""
        self._dataset = dataset
        self.clear()

    def clear(self) -> None:
        """Forget all tiles, as when their size has changed."""
        self._tiles.clear()
        self._bytes = 0

    def begin_paint(self, indices: NDArray[np.int64], size: int) -> None:
        """A paint event that wants the tiles of these pictures begins: its time runs."""
        dataset = self._dataset
        assert dataset is not None
        self._until = time.perf_counter() + BUDGET_S
        self._left = LEAST_IN_A_PAINT if isinstance(dataset.pixels, np.ndarray) else 1
        missing = [index for index in indices.tolist() if (index, size) not in self._tiles]
        if missing:  # the disk can begin while the first are made
            with suppress(LatentDialsError):  # which is said when they are read
                dataset.prefetch(np.array(missing[:PREFETCHED], np.int64))

    def take_failure(self) -> str:
        """Why pictures could not be read, once; they are grey until the tiles are made anew."""
        failure, self._failure = self._failure, ""
        return failure

    def tile(self, index: int, size: int, ratio: float) -> QPixmap | None:
        """A picture's tile, size pixels wide at a screen's ratio; None when this paint's time is up."""
        key = (index, size)
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
            return tile
        if self._left <= 0 and time.perf_counter() > self._until:
            return None
        self._left -= 1
        assert self._dataset is not None
        try:
            tile = _made(self._dataset.pictures([index])[0], size, ratio)
        except LatentDialsError as error:
            self._failure = str(error)
            tile = blank_tile(UNREADABLE, size, ratio)
        self._tiles[key] = tile
        self._bytes += tile.width() * tile.height() * 4
        while self._bytes > CACHE_BYTES and len(self._tiles) > 1:
            _, old = self._tiles.popitem(last=False)
            self._bytes -= old.width() * old.height() * 4
        return tile


def _made(pixels: NDArray[np.uint8], size: int, ratio: float) -> QPixmap:
    side = max(1, round(size * ratio))
    thinning = max(1, min(pixels.shape[:2]) // (2 * side))  # a fast first step for pictures far too large
    image = to_qimage(pixels[::thinning, ::thinning]).scaled(
        QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    brush = QBrush(image)
    left, top = (side - image.width()) // 2, (side - image.height()) // 2
    brush.setTransform(QTransform.fromTranslate(left, top))
    return _rounded(brush, QRect(left, top, image.width(), image.height()), side, ratio)


def blank_tile(colour: QColor, size: int, ratio: float) -> QPixmap:
    """What stands for a tile that is not made yet."""
    side = max(1, round(size * ratio))
    return _rounded(QBrush(colour), QRect(0, 0, side, side), side, ratio)


def _rounded(brush: QBrush, rect: QRect, side: int, ratio: float) -> QPixmap:
    tile = QPixmap(side, side)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(brush)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(rect, RADIUS_PX * ratio, RADIUS_PX * ratio)
    painter.end()
    tile.setDevicePixelRatio(ratio)
    return tile
