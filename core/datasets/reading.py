"""How an array's axes and numbers are understood as pictures: guessed, said in a sentence, never silent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import MIN_PICTURE_PX, ImportConfig
from core.datasets.npyheader import shape_text
from core.datasets.resizing import check_size, to_channels
from core.errors import DataError
from core.translate import tr

CHANNELS = (1, 3, 4)
SLACK = 0.01  # a share of the range by which floats may overshoot: rounding in a tanh or a resampling
LEAST_OF_BYTES = 16.0  # floats of 0 to 2, say, are no pictures in 0..255: those would be black
RANGES = {"0..255": (0.0, 255.0), "0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0)}


@dataclass(frozen=True)
class Layout:
    """The order of an array's axes and the pictures' own shape; channels as stored, 4 with alpha."""

    order: str
    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Extent:
    """The least and the greatest number of an array."""

    low: float
    high: float


def find_layout(shape: tuple[int, ...], dtype: np.dtype[Any], policy: ImportConfig, file: str) -> Layout:
    """The layout that policy says, or that the shape speaks for. Raises: DataError."""
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise DataError(
            tr(
                "{file} holds {dtype}, not pictures: save them as uint8 or float32.",
                file=file,
                dtype=str(dtype),
            )
        )
    order = policy.layout
    if order == "auto":
        if len(shape) == 3:
            order = "NHW"
        elif len(shape) == 4:
            order = "NCHW" if shape[1] in CHANNELS and shape[3] not in CHANNELS else "NHWC"
    if order == "auto" or len(order) != len(shape):
        raise DataError(
            tr(
                "{file} has the shape {shape}, not that of pictures: (N,H,W), (N,H,W,C) or (N,C,H,W) is"
                " read; reshape and save it again.",
                file=file,
                shape=shape_text(shape),
            )
        )
    axis = dict(zip(order, shape, strict=True))
    layout = Layout(order, axis["H"], axis["W"], axis.get("C", 1))
    if layout.channels not in CHANNELS:
        raise DataError(
            tr(
                "{file}, {shape} read as {order}, has {channels} channels: pictures of 1 (grey), 3 (colour)"
                " or 4 (with alpha) are read.",
                file=file,
                shape=shape_text(shape),
                order=order,
                channels=layout.channels,
            )
        )
    if not axis["N"] or not layout.height or not layout.width:
        raise DataError(tr("{file} has the shape {shape}: no pictures.", file=file, shape=shape_text(shape)))
    if len(shape) == 3 and layout.width < MIN_PICTURE_PX and layout.width in CHANNELS:
        raise DataError(
            tr(
                "{file}, {shape}, seems to be one picture: stack several as (N,H,W,C) in one array.",
                file=file,
                shape=shape_text(shape),
            )
        )
    if not policy.size:
        check_size(layout.height, layout.width, tr("A picture in {file}", file=file))
    return layout


def as_pictures(array: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """The array as (N,H,W,1 or 3), a view; alpha is dropped."""
    if layout.order == "NHW":
        return array[..., None]
    if layout.order == "NCHW":
        array = array.transpose(0, 2, 3, 1)
    return array[..., :3] if layout.channels == 4 else array


def channels_after(layout: Layout, policy: ImportConfig) -> int:
    """1 or 3: what pictures of this layout have under the policy."""
    return {"grey": 1, "colour": 3, "auto": 1 if layout.channels == 1 else 3}[policy.colour]


def extent_of(chunk: NDArray[Any], first: int, file: str) -> Extent:
    """The extent of some pictures, of which the first has the index first. Raises: DataError on NaN."""
    low, high = float(chunk.min()), float(chunk.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = ~np.isfinite(chunk)
        index = first + int(np.flatnonzero(bad.reshape(len(chunk), -1).any(axis=1))[0])
        raise DataError(
            tr(
                "{file} holds numbers that are not finite, first in picture {index}: mend them, for example"
                " with numpy.nan_to_num, and save it again.",
                file=file,
                index=index,
            )
        )
    return Extent(low, high)


def find_range(extent: Extent, dtype: np.dtype[Any], policy: ImportConfig, file: str) -> str:
    """Which of RANGES the numbers are in: the policy's, or the narrowest around them. Raises: DataError."""
    if policy.value_range != "auto":
        if policy.value_range == "-1..1" and dtype.kind in "bu":
            raise DataError(
                tr(
                    "{file} holds {dtype}, which has no -1: choose 0..255 or 0..1.",
                    file=file,
                    dtype=str(dtype),
                )
            )
        return policy.value_range
    for name in ("0..1", "-1..1", "0..255"):
        low, high = RANGES[name]
        if dtype.kind == "f" and name == "0..255" and extent.high < LEAST_OF_BYTES:
            continue
        slack = SLACK * (high - low) if dtype.kind == "f" else 0.0
        # Bytes that are all 0 are black pictures, not masks of 0 and 1.
        if dtype.kind in "ui" and name == "0..1" and extent.high == 0.0:
            continue
        if low - slack <= extent.low and extent.high <= high + slack:
            return name
    raise DataError(
        tr(
            "{file} holds numbers from {low:g} to {high:g}: scale them to 0..255, 0..1 or -1..1, or choose a"
            " value range, to which they are then clipped.",
            file=file,
            low=extent.low,
            high=extent.high,
        )
    )


def to_bytes(chunk: NDArray[Any], value_range: str) -> NDArray[np.uint8]:
    """Numbers in value_range as uint8: clipped to it, scaled to 0..255, rounded to nearest."""
    if value_range == "0..255" and chunk.dtype == np.uint8:
        return chunk
    low, high = RANGES[value_range]
    exact = np.float64 if chunk.dtype.itemsize > 4 else np.float32
    scaled = (chunk.astype(exact) - low) * (255.0 / (high - low))
    return np.rint(np.clip(scaled, 0.0, 255.0)).astype(np.uint8)


def converted(chunk: NDArray[Any], layout: Layout, value_range: str, channels: int) -> NDArray[np.uint8]:
    """Some pictures of an array as uint8 (n,H,W,channels), not yet resized."""
    return to_channels(to_bytes(as_pictures(chunk, layout), value_range), channels)


def reading_text(
    shape: tuple[int, ...], dtype: np.dtype[Any], layout: Layout, value_range: str, channels: int
) -> str:
    """The sentence that tells how an array was understood: "(4500,64,64,3) uint8, 0..255, read as colour"."""
    facts = f"{shape_text(shape)} {dtype.newbyteorder('=')}, {value_range}"
    if layout.order == "NCHW":
        facts = tr("{facts}, channels first", facts=facts)
    if layout.channels == 4:
        facts = tr("{facts}, alpha dropped", facts=facts)
    if channels == 3:
        return tr("{facts}, read as colour", facts=facts)
    return tr("{facts}, read as grey", facts=facts)
