"""Streams of random numbers drawn from one seed, each independent of the others."""

import numpy as np

# Which stream is for what; ORDER is in core.datasets.order, which draws from it.
SPLIT, _ORDER, NOISE = range(3)


def random_stream(seed: int, *stream: int) -> np.random.Generator:
    """numpy's generator of a stream of seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))


def stream_seed(seed: int, *stream: int) -> int:
    """A seed for a generator of another library, from a stream of seed."""
    return int(np.random.SeedSequence(seed, spawn_key=stream).generate_state(1, np.uint64)[0])
