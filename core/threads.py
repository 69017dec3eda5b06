"""How many threads torch computes with, chosen by each thread for itself.

torch.set_num_threads alone also decides for every thread that has not computed yet, and a thread's first work
undoes what it was set to before: training in the window ran on one of two cores, as lanes of the window had
chosen one for themselves (1,300 pictures/s instead of 2,000). A thread that asks for its number first keeps
what it is set to.
"""

import torch

# At the first import, before anybody chose.
ALL = torch.get_num_threads()


def use_all() -> None:
    """Let the calling thread compute with as many threads as torch would take by itself."""
    _use(ALL)


def use_one() -> None:
    """Let the calling thread compute alone."""
    _use(1)


def _use(count: int) -> None:
    torch.get_num_threads()
    torch.set_num_threads(count)
