"""A data set's codes: measured at the network's speed, kept in a run's folder, gone on with after a break.

What they look like is in core.latents.
"""

import json
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from core.atomic import remove_parts, write_bytes
from core.batches import spread_indices
from core.codec import Codec
from core.datasets.dataset import ImageDataset
from core.tensor_headers import read_tensor_header
from core.translate import tr

CODES_LIMIT = 20_000  # enough for every statistic; the window and the command line say the same sigmas
CODES_FILE = "codes.safetensors"  # of at most CODES_LIMIT pictures, evenly spread
ALL_CODES_FILE = "all_codes.safetensors"  # of every picture of a larger data set
KEEP_INTERVAL_S = 45.0  # a million codes are written in a third of a second; a minute is never lost
KEPT_TYPES = {"codes": "F32", "errors": "F32", "indices": "I64"}  # of what a codes file holds, in our order
STALE_AFTER_S = 3600.0  # what a killed process left of a codes file is removed

T = TypeVar("T")


@dataclass(frozen=True)
class EncodeProgress:
    """How far a long measurement is."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes (M,D) of some of a data set's pictures, their reconstruction errors (M,) and indices (M,).

    indices ascend; an error that was not measured is nan.
    """

    codes: NDArray[np.float32]
    errors: NDArray[np.float32]
    indices: NDArray[np.int64]


def finished(work: Generator[object, None, T]) -> T:
    """The return value of a generator of progress, run to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def encode_dataset(
    codec: Codec,
    dataset: ImageDataset,
    limit: int = CODES_LIMIT,
    batch: int | None = None,
    known: Codes | None = None,
    keep: Callable[[Codes], object] | None = None,
) -> Generator[EncodeProgress, None, Codes]:
    """Encode at most limit pictures, evenly spread, but for those known; yields after every batch.

    keep is given what is there so far, now and then and when the generator is closed. Raises: ModelError.
    """
    indices = spread_indices(len(dataset), limit)
    codes = np.empty((len(indices), codec.latent_dim), np.float32)
    errors = np.full(len(indices), np.nan, np.float32)
    is_there = np.zeros(len(indices), np.bool_)
    if known is not None and len(indices) and known.codes.shape[1] == codec.latent_dim:
        rows = np.searchsorted(indices, known.indices).clip(max=len(indices) - 1)
        same = indices[rows] == known.indices
        codes[rows[same]], errors[rows[same]] = known.codes[same], known.errors[same]
        is_there[rows[same]] = True
    already = int(is_there.sum())

    def encode(rows: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        codes[rows] = codec.encode(pictures)
        is_there[rows] = True

    def keep_those_there() -> None:
        if keep is not None:
            keep(Codes(codes[is_there], errors[is_there], indices[is_there]))

    todo = np.flatnonzero(~is_there)
    for count in _by_batches(
        todo, batch or codec.batch, lambda rows: dataset.pictures(indices[rows]), encode, keep_those_there
    ):
        done = already + count
        yield EncodeProgress(
            done, len(indices), tr("Encoding pictures: {done} of {total}", done=done, total=len(indices))
        )
    return Codes(codes, errors, indices)


def measure_errors(
    codec: Codec,
    dataset: ImageDataset,
    codes: Codes,
    batch: int | None = None,
    keep: Callable[[Codes], object] | None = None,
) -> Generator[EncodeProgress, None, Codes]:
    """codes with the reconstruction errors that they lack; otherwise as encode_dataset.

    A pass of its own, since decoding takes longer than encoding and statistics need codes alone.
    """
    errors = codes.errors.copy()
    missing = np.flatnonzero(np.isnan(errors))
    found = Codes(codes.codes, errors, codes.indices)

    def measure(rows: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        errors[rows] = codec.errors(pictures, codes.codes[rows])

    def keep_found() -> None:
        if keep is not None:
            keep(found)

    for done in _by_batches(
        missing, batch or codec.batch, lambda rows: dataset.pictures(codes.indices[rows]), measure, keep_found
    ):
        yield EncodeProgress(
            done, len(missing), tr("Measuring errors: {done} of {total}", done=done, total=len(missing))
        )
    return found


def measured_codes(
    codec: Codec, dataset: ImageDataset, limit: int = CODES_LIMIT, kept: "CodesFile | None" = None
) -> Generator[EncodeProgress, None, Codes]:
    """encode_dataset of what the file does not hold, which holds all of it afterwards."""
    known = kept.load() if kept is not None else None
    codes = yield from encode_dataset(codec, dataset, limit, known=known, keep=kept.save if kept else None)
    if kept is not None and (known is None or len(known.indices) < len(codes.indices)):
        kept.save(codes)
    return codes


def measured_errors(
    codec: Codec, dataset: ImageDataset, codes: Codes, kept: "CodesFile | None" = None
) -> Generator[EncodeProgress, None, Codes]:
    """measure_errors of codes, which the file holds afterwards."""
    found = yield from measure_errors(codec, dataset, codes, keep=kept.save if kept else None)
    if kept is not None and np.isnan(codes.errors).any():
        kept.save(found)
    return found


class CodesFile:
    """The file in a folder where codes of one codec's weights, one data set and one limit are kept.

    A disk that is full or cannot be written to costs time at the next start and nothing else: failed says it.
    """

    def __init__(self, folder: Path, codec: Codec, dataset: ImageDataset, limit: int = CODES_LIMIT) -> None:
        count = min(limit, len(dataset))
        self.path = folder / (CODES_FILE if count <= CODES_LIMIT else ALL_CODES_FILE)
        self.key = codes_key(codec.fingerprint, dataset.identity.fingerprint, count)
        self.failed = False

    def load(self) -> Codes | None:
        """What is kept, which may be a part; None where there is nothing of this key."""
        return load_codes(self.path, self.key)

    def save(self, codes: Codes) -> None:
        """Keep codes in place of what is kept."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            remove_parts(self.path, STALE_AFTER_S)
            save_codes(self.path, codes, self.key)
        except OSError:
            self.failed = True


def save_codes(path: Path, codes: Codes, key: str) -> None:
    """Keep codes in a file; key says which weights and data they are of (see codes_key). Raises: OSError."""
    arrays = {"codes": codes.codes, "errors": codes.errors, "indices": codes.indices}
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_bytes(path, safetensors.numpy.save(contiguous, {"latent-dials": json.dumps({"key": key})}))


def load_codes(path: Path, key: str) -> Codes | None:
    """The codes kept in a file, or None when it is absent, damaged or of another key: then encode again."""
    try:
        header = read_tensor_header(path)
        metadata = json.loads(header.metadata.get("latent-dials", "{}"))
        if metadata != {"key": key} or {n: dtype for n, (dtype, _) in header.tensors.items()} != KEPT_TYPES:
            return None
        with safetensors.safe_open(path, "numpy") as file:
            codes = Codes(*(file.get_tensor(name) for name in KEPT_TYPES))
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError):
        return None
    count = len(codes.codes)
    fits = codes.codes.ndim == 2 and codes.errors.shape == codes.indices.shape == (count,)
    return codes if fits and np.isfinite(codes.codes).all() else None


def codes_key(weights: str, data: str, count: int) -> str:
    """The key of codes: the fingerprint of the weights, that of the data, and of how many pictures."""
    return f"2:{weights}:{data}:{count}"


def _by_batches(
    rows: NDArray[np.int64],
    batch: int,
    read: Callable[[NDArray[np.int64]], NDArray[np.uint8]],
    work: Callable[[NDArray[np.int64], NDArray[np.uint8]], None],
    keep: Callable[[], None],
) -> Iterator[int]:
    """Work on what is read of rows, a batch at a time, and yield how many are done; keep now and then, and
    when cut short. The next batch is read meanwhile: 1.3 times as fast where the file is not in memory yet.
    """
    kept_at, begun = time.monotonic(), False
    parts = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    with ThreadPoolExecutor(1) as reader:
        try:
            ahead = [reader.submit(read, part) for part in parts[:1]]
            done = 0
            for part, following in zip_longest(parts, parts[1:]):
                pictures = ahead.pop().result()
                if following is not None:
                    ahead.append(reader.submit(read, following))
                work(part, pictures)
                begun = True
                done += len(part)
                yield done
                if time.monotonic() - kept_at > KEEP_INTERVAL_S:
                    keep()
                    kept_at = time.monotonic()
        except (GeneratorExit, KeyboardInterrupt):
            if begun:
                keep()
            raise
