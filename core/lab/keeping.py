"""What was measured of two runs, kept in a run's folder: a file a measure and pair, of plain numbers alone.

Kept is what models answered; what follows from that is computed anew, and names are those of today.
"""

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from core.atomic import remove_parts, write_bytes
from core.encoding import STALE_AFTER_S, EncodeProgress, codes_key
from core.lab.subjects import Material, Subject
from core.latents import CodeStatistics
from core.tensor_headers import read_tensor_header

LAB_FOLDER = "laboratory"  # in a run's folder
MOST_KEPT = 48  # files, the newest: eight pairs, by epoch too
LARGEST = 1e18  # whose squares can still be summed
_VERSION = 5  # goes up where a measure comes to other numbers

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Layout:
    """What an array of a measure is: its shape, its type, and values of at least low and below end."""

    shape: tuple[int, ...]
    dtype: str = "F64"
    low: float = -LARGEST
    end: float = LARGEST

    @classmethod
    def pictures(cls, *shape: int) -> "Layout":
        """Pictures uint8."""
        return cls(shape, "U8", 0, 256)

    @classmethod
    def numbers(cls, *shape: int, end: float = 2**31) -> "Layout":
        """Whole numbers from 0."""
        return cls(shape, "I64", 0, end)

    def fits(self, array: NDArray[Any]) -> bool:
        """Whether an array of this shape and type has no value that is no number, or out of bounds."""
        return not array.size or bool(array.min() >= self.low and array.max() < self.end)


class KeptMeasures:
    """The files in a folder where measures of these subjects on some material are kept.

    pictures is the material's pictures_digest, data the fingerprint of the data set that the subjects'
    statistics are of. A disk that cannot be written to costs time and nothing else: failed says it.
    """

    def __init__(self, folder: Path, subjects: Sequence[Subject], pictures: str, data: str) -> None:
        self.folder = folder / LAB_FOLDER
        self.failed = False
        runs = [
            [codes_key(one.codec.fingerprint, data, one.stats.count), statistics_digest(one.stats)]
            for one in subjects
        ]
        self._pair = [_VERSION, runs, pictures]

    def key(self, measure: str, parameters: Sequence[object]) -> str:
        """SHA-256 in hex of all that decides what a measure comes to."""
        return hashlib.sha256(json.dumps([*self._pair, measure, *parameters]).encode()).hexdigest()

    def path(self, measure: str, key: str) -> Path:
        """The file of a measure."""
        return self.folder / f"{measure}-{key[:16]}.safetensors"

    def load(self, measure: str, parameters: Sequence[object], layout: Mapping[str, Layout]) -> Arrays | None:
        """What is kept; None where there is nothing of this key, or it is not just as layout says."""
        key = self.key(measure, parameters)
        path = self.path(measure, key)
        try:
            header = read_tensor_header(path)
            wanted = {name: (one.dtype, one.shape) for name, one in layout.items()}
            if header.tensors != wanted or header.metadata != _metadata(key):
                return None
            with safetensors.safe_open(path, "numpy") as file:
                arrays = {name: file.get_tensor(name) for name in layout}
        except (OSError, ValueError, RecursionError, safetensors.SafetensorError):
            return None
        same = all(arrays[name].shape == one.shape and one.fits(arrays[name]) for name, one in layout.items())
        return arrays if same else None

    def save(self, measure: str, parameters: Sequence[object], arrays: Arrays) -> None:
        """Keep what was measured, and let go of the oldest files beyond MOST_KEPT."""
        key = self.key(measure, parameters)
        path = self.path(measure, key)
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_parts(path, STALE_AFTER_S)
            write_bytes(path, safetensors.numpy.save(contiguous, _metadata(key)))
        except OSError:
            self.failed = True
            return
        with suppress(OSError):  # what stays costs its room and nothing else
            files = sorted(self.folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime_ns)
            for old in files[:-MOST_KEPT]:
                old.unlink()


def pictures_digest(material: Material) -> str:
    """SHA-256 in hex of all pictures of a material."""
    return _digest(material.held_out, material.reference)


def statistics_digest(stats: CodeStatistics) -> str:
    """SHA-256 in hex of what measures take from statistics: the codes' mean and covariance."""
    return _digest(stats.mean, stats.factor)


def _digest(*parts: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(json.dumps(part.shape).encode())
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def kept_or_measured(
    kept: KeptMeasures | None,
    measure: str,
    parameters: Sequence[object],
    layout: Mapping[str, Layout],
    work: Generator[EncodeProgress, None, Arrays],
) -> Generator[EncodeProgress, None, Arrays]:
    """The arrays of a measure: those that are kept, or what work comes to, which is kept then.

    parameters are what decides the numbers beside the runs and the pictures; plain values.
    """
    known = kept.load(measure, parameters, layout) if kept is not None else None
    if known is not None:
        work.close()
        return known
    found = yield from work
    if kept is not None:
        kept.save(measure, parameters, found)
    return found


def _metadata(key: str) -> dict[str, str]:
    return {"latent-dials": json.dumps({"key": key})}
