"""Memory that is full: how it is told from other errors, and a batch size for which there is enough."""

import errno
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from core.errors import TrainingError
from core.translate import tr

# What torch's allocator, oneDNN's, C++'s and Python's threads say on a processor.
SIGNS_OF_FULL_MEMORY = (
    "allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "could not create a memory object",
    "could not create a primitive",
    "can't start new thread",
)
# Copies of the weights that training comes to need beside its steps: Adam's two, a snapshot, the best ones.
COPIES = 4


def memory_error(size: int, smaller: int) -> TrainingError:
    """The error for batches of size pictures that the memory does not hold; those of smaller fit, if any."""
    if smaller < 1:
        return TrainingError(
            tr("There is not enough memory for this network, even picture by picture; try a smaller one.")
        )
    return TrainingError(
        tr(
            "There is not enough memory for batches of {size} pictures; train a new run with a batch size of"
            " {smaller}.",
            size=size,
            smaller=smaller,
        )
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator gave up: CUDA's, Python's, the system's, or one whose error has no type."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in SIGNS_OF_FULL_MEMORY)


def largest_that_fits(size: int, weights: Iterable[Tensor], attempt: Callable[[int], None]) -> int:
    """The first of size, a half of it, a quarter and so on with which attempt finds memory; 0 for none."""
    try:
        copies = [torch.empty_like(weight) for weight in weights for _ in range(COPIES)]
    except (RuntimeError, MemoryError):
        return 0
    while size and not _finds_memory(attempt, size):
        size //= 2
    del copies
    return size


def _finds_memory(attempt: Callable[[int], None], size: int) -> bool:
    try:
        attempt(size)
    except (OSError, RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True
