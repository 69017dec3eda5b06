"""The course's anomaly scores: how badly a network reconstructs each picture, written as a CSV."""

from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import failure_text, replacing
from core.codec import Codec
from core.datasets import ImageDataset
from core.encoding import EncodeProgress
from core.errors import ExportError
from core.translate import tr

HEADER = "ID,score\n"


def scores(codec: Codec, dataset: ImageDataset) -> Iterator[NDArray[np.float64]]:
    """The scores (n,) of the pictures, in their order, a batch at a time.

    A score is the root of the squared error summed over a picture, measured in [-1,1] before rounding.
    Batches are always the same, so that the same machine gives the same digits. Raises: ModelError,
    DataError.
    """
    values = int(np.prod(codec.picture_shape))
    for start in range(0, len(dataset), codec.batch):
        rows = np.arange(start, min(start + codec.batch, len(dataset)))
        ahead = np.arange(rows[-1] + 1, min(rows[-1] + 1 + codec.batch, len(dataset)))
        dataset.prefetch(ahead)  # the disk reads the next ones meanwhile
        yield np.sqrt(codec.errors(dataset.pictures(rows)).astype(np.float64) * values)


def write_scores(codec: Codec, dataset: ImageDataset, path: Path) -> Generator[EncodeProgress, None, None]:
    """Write "ID,score" and a row for each picture, counted from 0; path is replaced at the end or not at all.

    Yields after every batch. Raises: ModelError, DataError, ExportError.
    """
    done = 0
    try:
        with replacing(path) as file:
            file.write(HEADER.encode("ascii"))
            for part in scores(codec, dataset):
                # 9 digits tell every float32 from every other one
                rows = (f"{done + at},{score:.9g}\n" for at, score in enumerate(part.tolist()))
                file.write("".join(rows).encode("ascii"))
                done += len(part)
                yield EncodeProgress(
                    done, len(dataset), tr("Scoring: {done} of {total}", done=done, total=len(dataset))
                )
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error))
        ) from None
