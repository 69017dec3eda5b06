"""Maps of codes: two numbers for each, by principal components or by t-SNE, and where another code lies."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from core.atomic import remove_parts, write_bytes
from core.batches import spread_indices
from core.encoding import STALE_AFTER_S, Codes, EncodeProgress
from core.mapping.neighbours import nearest
from core.mapping.projection import Pca, fit_pca
from core.mapping.tsne import MOST, lay_out
from core.tensor_headers import read_tensor_header
from core.translate import tr

Method = Literal["pca", "tsne"]
TSNE_FILE = "map_tsne.safetensors"
AROUND = 8  # nearest codes between which a code is placed where no formula gives its place
PLACED_AT_A_TIME = 256


@dataclass(frozen=True, eq=False)
class CodeMap:
    """Points (M,2) of codes (M,D), which are those of the pictures indices (M,).

    pca is None where the map is a t-SNE; laid_out counts the codes that the method itself placed: the rest
    lie between their nearest neighbours.
    """

    method: Method
    points: NDArray[np.float32]
    codes: NDArray[np.float32]
    indices: NDArray[np.int64]
    pca: Pca | None
    laid_out: int

    def place(self, code: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where a code (D,) lies (2,): exact for principal components, else between its nearest codes.

        A data code lies on its own point.
        """
        if self.pca is not None:
            return self.pca.place(code[np.newaxis])[0]
        return _between(self.codes, self.points, code)


class TsneFile:
    """The t-SNE of codes of one key (core.encoding.codes_key), kept in a folder in the order of the codes."""

    def __init__(self, folder: Path, key: str) -> None:
        self.path = folder / TSNE_FILE
        self.key = f"1:{key}"
        self.failed = False

    def load(self, count: int) -> NDArray[np.float32] | None:
        """The points (count,2), or None where there are none of this key."""
        try:
            header = read_tensor_header(self.path)
            metadata = json.loads(header.metadata.get("latent-dials", "{}"))
            if metadata != {"key": self.key} or header.tensors != {"points": ("F32", (count, 2))}:
                return None
            with safetensors.safe_open(self.path, "numpy") as file:
                points = file.get_tensor("points")
        except (OSError, ValueError, RecursionError, safetensors.SafetensorError):
            return None
        return points if np.isfinite(points).all() else None

    def save(self, points: NDArray[np.float32]) -> None:
        """Keep points (M,2) in place of what is kept; failed says that it could not be done."""
        try:
            remove_parts(self.path, STALE_AFTER_S)
            content = safetensors.numpy.save(
                {"points": np.ascontiguousarray(points)}, {"latent-dials": json.dumps({"key": self.key})}
            )
            write_bytes(self.path, content)
        except OSError:
            self.failed = True


def make_map(
    codes: Codes, method: Method, kept: TsneFile | None = None
) -> Generator[EncodeProgress, None, CodeMap]:
    """The map of codes; yields while it is drawn. Raises: ConfigError where openTSNE is not installed."""
    match method:
        case "pca":
            pca = fit_pca(codes.codes)
            points = pca.place(codes.codes)
            return CodeMap(method, points, codes.codes, codes.indices, pca, len(codes.codes))
        case "tsne":
            points = kept.load(len(codes.codes)) if kept is not None else None
            if points is None:
                points = yield from _tsne(codes.codes)
                if kept is not None:
                    kept.save(points)
            laid_out = min(MOST, len(points))
            return CodeMap(method, points, codes.codes, codes.indices, None, laid_out)


def _tsne(codes: NDArray[np.float32]) -> Generator[EncodeProgress, None, NDArray[np.float32]]:
    """All of codes (M,D): MOST of them by t-SNE, the others between those."""
    rows = spread_indices(len(codes), MOST)
    points = yield from lay_out(codes[rows])
    if len(rows) == len(codes):
        return points
    every = np.empty((len(codes), 2), np.float32)
    every[rows] = points
    others = np.setdiff1d(np.arange(len(codes)), rows)
    known = codes[rows]
    for start in range(0, len(others), PLACED_AT_A_TIME):
        part = others[start : start + PLACED_AT_A_TIME]
        for row in part:
            every[row] = _between(known, points, codes[row])
        done = start + len(part)
        yield EncodeProgress(
            done, len(others), tr("Placing the others: {done} of {total}", done=done, total=len(others))
        )
    return every


def _between(
    codes: NDArray[np.float32], points: NDArray[np.float32], code: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean of the points of the nearest codes, weighted by 1/distance²."""
    found = nearest(codes, code, AROUND)
    weights = 1.0 / np.maximum(found.distances.astype(np.float64), 1e-6) ** 2
    return (weights @ points[found.rows] / weights.sum()).astype(np.float32)
