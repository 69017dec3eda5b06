"""Nearest neighbours among features, exact, by blocks of matrix products."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 512  # queries at a time: 16 MB of distances to 4,000 references in float64


def nearest(
    queries: NDArray[np.floating], reference: NDArray[np.floating], count: int = 1, *, itself: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Euclidean distances and rows of the nearest references of each query, (n, count) each, nearest first.

    itself: the queries are the reference, and none counts as its own neighbour. Raises: ValueError for fewer
    references than asked for.
    """
    if count + itself > len(reference):
        raise ValueError(f"{len(reference)} references have no {count} neighbours")
    reference = np.asarray(reference, np.float64)
    sizes = np.square(reference).sum(axis=1)
    distances = np.empty((len(queries), count))
    rows = np.empty((len(queries), count), np.int64)
    for start in range(0, len(queries), BLOCK):
        part = np.asarray(queries[start : start + BLOCK], np.float64)
        squared = np.square(part).sum(axis=1)[:, np.newaxis] + sizes - 2 * part @ reference.T
        if itself:
            own = np.arange(len(part))
            squared[own, start + own] = np.inf
        found = np.argpartition(squared, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(squared, found, 1), axis=1, kind="stable")
        found = np.take_along_axis(found, order, 1)
        # once more from the differences: a product's rounding would make two equal pictures differ
        exact = np.linalg.norm(part[:, np.newaxis] - reference[found], axis=2)
        distances[start : start + BLOCK], rows[start : start + BLOCK] = exact, found
    return distances, rows
