"""A safetensors file's header, held against the file before its numbers are read; no torch here.

The library's own reader takes a name that stands there twice, and a header of 100 MB, for which it needs ten
times that.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.translate import tr

MAX_HEADER_BYTES = 8_000_000
MAX_AXES = 8
MAX_LENGTH = 2**40
FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
BYTES_OF = FLOATS | {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class TensorHeader:
    """What a file says of itself: its metadata, and by name each tensor's type ("F32") and shape."""

    metadata: dict[str, str]
    tensors: dict[str, tuple[str, tuple[int, ...]]]


def read_tensor_header(path: Path) -> TensorHeader:
    """The header of a file of which every byte belongs to one tensor, and every tensor to one name.

    Raises: ValueError with the reason for any other, OSError.
    """
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(tr("it is no regular file"))
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError(tr("its header claims more bytes than the file has"))
        if length > MAX_HEADER_BYTES:
            raise ValueError(tr("its header is too long"))
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_once)
        metadata = header.pop("__metadata__", {})
        if not all(type(value) is str for value in metadata.values()):
            raise ValueError("__metadata__")
        tensors = {name: (entry["dtype"], _shape(entry)) for name, entry in header.items()}
        _check_places([entry["data_offsets"] for entry in header.values()], size - 8 - length)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(tr("its header is damaged: {reason}", reason=str(error)[:80])) from None
    return TensorHeader(metadata, tensors)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(tr("a name stands in it twice"))
    return found


def _shape(entry: dict[str, Any]) -> tuple[int, ...]:
    shape, (start, end) = entry["shape"], entry["data_offsets"]
    whole = all(type(number) is int and 0 <= number < MAX_LENGTH for number in (*shape, start, end))
    if not whole or len(shape) > MAX_AXES or math.prod(shape) * BYTES_OF[entry["dtype"]] != end - start:
        raise ValueError("data_offsets")
    return tuple(shape)


def _check_places(places: list[list[int]], size: int) -> None:
    """Raises: ValueError where tensors overlap, leave gaps, or do not end with the file."""
    reached = 0
    for start, end in sorted(places):
        if start != reached:
            raise ValueError("data_offsets")
        reached = end
    if reached > size:  # a copy that broke off
        raise ValueError(tr("the file has {count:,} bytes fewer than it says", count=reached - size))
    if reached != size:
        raise ValueError("data_offsets")
