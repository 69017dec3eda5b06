"""Pixel arrays <-> QImage, safely: sizes are checked, the stride is given, the result owns its pixels."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

_FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888}


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """A QImage of its own from uint8 pixels (H,W), (H,W,1) grey or (H,W,3) colour.

    Raises: ValueError for an array of another type or shape.
    """
    if pixels.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8, not {pixels.dtype}")
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in _FORMATS or 0 in pixels.shape:
        raise ValueError(f"pixels must be (H,W), (H,W,1) or (H,W,3), not {pixels.shape}")
    height, width, channels = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    # The stride must be given: without it Qt assumes lines of a multiple of 4 bytes and reads out of bounds.
    view = QImage(pixels.data, width, height, width * channels, _FORMATS[channels])
    return view.copy()


def to_array(image: QImage) -> NDArray[np.uint8]:
    """The pixels (H,W,3) of an image, a copy; transparency is dropped, a null image gives (0,0,3)."""
    if image.isNull():
        return np.zeros((0, 0, 3), dtype=np.uint8)
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    height, width = image.height(), image.width()
    lines = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(height, image.bytesPerLine())
    return lines[:, : width * 3].reshape(height, width, 3).copy()
