"""t-SNE of codes by openTSNE, which is an optional extra.

Why this one and not umap-learn: it brings scikit-learn and scipy and no compiler, has wheels for every Python
and system that we run on, gives the same map for the same seed, and can be left after any few steps.
"""

import warnings
from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.encoding import EncodeProgress
from core.errors import ConfigError
from core.translate import tr
from core.usage import install_text

PERPLEXITY = 30.0
EARLY_STEPS, STEPS = 250, 500  # Kobak and Berens 2019: exaggerated 12-fold at first
AT_A_TIME = 10  # between two of which it can be left
ROWS = 512  # whose neighbours are sought at once
MOST = 20_000  # codes that are laid out; more are placed between their neighbours


def lay_out(
    codes: NDArray[np.float32], seed: int = 0
) -> Generator[EncodeProgress, None, NDArray[np.float32]]:
    """Places (M,2) of codes (M,D) by t-SNE (van der Maaten and Hinton 2008); neighbours stay neighbours.

    It begins with the principal components. Yields after every few steps. Raises: ConfigError where openTSNE
    is not installed.
    """
    # At once: its library takes seconds to import.
    yield EncodeProgress(
        0, len(codes), tr("Looking for neighbours: {done} of {total}", done=0, total=len(codes))
    )
    library = _library()
    perplexity = min(PERPLEXITY, (len(codes) - 1) / 3)
    if perplexity < 1.0:
        raise ConfigError(tr("t-SNE needs at least 4 pictures, and there are {count}.", count=len(codes)))
    neighbours, distances = yield from _neighbours(codes, min(len(codes) - 1, int(3 * perplexity)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its libraries' own ways
        known = library.nearest_neighbors.PrecomputedNeighbors(neighbours, distances)
        affinities = library.affinity.PerplexityBasedNN(perplexity=perplexity, knn_index=known, n_jobs=1)
        begin = library.initialization.pca(codes, random_state=seed)
        embedding = library.TSNEEmbedding(
            begin, affinities, n_jobs=1, random_state=seed, negative_gradient_method=_gradient(len(codes))
        )
    done, whole = 0, EARLY_STEPS + STEPS
    for steps, options in (
        (EARLY_STEPS, {"exaggeration": 12.0, "momentum": 0.5}),
        (STEPS, {"exaggeration": 1.0, "momentum": 0.8}),
    ):
        for _part in range(0, steps, AT_A_TIME):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                embedding.optimize(AT_A_TIME, inplace=True, **options)
            done += AT_A_TIME
            yield EncodeProgress(
                done, whole, tr("Drawing the map: {done} of {total}", done=done, total=whole)
            )
    return np.ascontiguousarray(embedding, dtype=np.float32)


def _gradient(count: int) -> str:
    return "bh" if count < 2_000 else "fft"  # each where it is the faster


def _library() -> Any:
    """openTSNE with its parts. Raises: ConfigError."""
    try:
        import openTSNE
        import openTSNE.affinity
        import openTSNE.initialization
        import openTSNE.nearest_neighbors
    except ImportError:
        raise ConfigError(
            tr("A t-SNE map needs openTSNE, which is not installed: {command}.", command=install_text("map"))
        ) from None
    return openTSNE


def _neighbours(
    codes: NDArray[np.float32], count: int
) -> Generator[EncodeProgress, None, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """The exact neighbours (M,count) of every code and their distances, nearest first, without itself."""
    every = torch.from_numpy(np.ascontiguousarray(codes))
    norms = every.square().sum(1)
    rows = np.empty((len(codes), count), np.int64)
    distances = np.empty((len(codes), count), np.float64)
    for start in range(0, len(codes), ROWS):
        part = every[start : start + ROWS]
        own = torch.arange(len(part))
        squared = torch.addmm(norms, part, every.T, alpha=-2.0).add_(norms[start : start + ROWS, None])
        squared[own, own + start] = torch.inf
        near = squared.topk(count, largest=False).indices
        # Once more from the differences: products lose the digits that tell near codes apart.
        exact = (every[near] - part[:, None]).square_().sum(2).sqrt_()
        exact, order = exact.sort(dim=1, stable=True)
        rows[start : start + ROWS] = near.gather(1, order).numpy()
        distances[start : start + ROWS] = exact.numpy()
        done = min(start + ROWS, len(codes))
        yield EncodeProgress(
            done, len(codes), tr("Looking for neighbours: {done} of {total}", done=done, total=len(codes))
        )
    return rows, distances
