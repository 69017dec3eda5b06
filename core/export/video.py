"""MP4 by PyAV, an optional package: H.264 as every player takes it."""

import importlib.util
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import ExportError
from core.translate import tr
from core.usage import install_text

LARGEST_SIDE = 8192
# As H.264 counts them: said in the file, else players guess, and colours differ from one to the next.
_BT709, _LIMITED = 1, 1
QUALITY = "14"  # of x264's 0 (lossless) to 51; at 14 the eye sees no difference


def missing_video() -> str:
    """What to do before an MP4 can be written; empty where it can."""
    if importlib.util.find_spec("av") is not None:
        return ""
    return tr("MP4 needs PyAV, which is not installed: {command}.", command=install_text("video"))


class Mp4Writer:
    """Encodes frames one by one; finish() gives the file. Sides become even, as H.264 wants them.

    Raises: ExportError where PyAV is not installed.
    """

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        if missing := missing_video():
            raise ExportError(missing)
        import av

        self.size = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        self._av: Any = av
        self._count = 0
        self._buffer = BytesIO()
        self._container = av.open(self._buffer, "w", format="mp4")
        # A thread: what is left of the cores is for the decoder of codes and for the window.
        self._stream: Any = self._container.add_stream("libx264", rate=Fraction(fps))
        self._stream.width, self._stream.height = self.size
        self._stream.pix_fmt = "yuv420p"  # others are not shown by browsers and most players
        self._stream.options = {"crf": QUALITY, "preset": "medium", "tune": "animation"}
        context = self._stream.codec_context
        context.thread_count = 1
        context.colorspace, context.color_primaries, context.color_trc = _BT709, _BT709, _BT709
        context.color_range = _LIMITED

    def add(self, image: Image.Image) -> None:
        """Encode the next frame, an RGB image."""
        pixels = _even(np.asarray(image))
        frame = self._av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts, self._count = self._count, self._count + 1
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def finish(self) -> bytes:
        """The whole file."""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        return self._buffer.getvalue()

    def close(self) -> None:
        """Let go of an encoder whose file is not wanted any more."""
        self._container.close()


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels (H,W,3) with an odd last row or column repeated."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
