"""The processes that train one run together, as torchrun starts them; a process by itself is rank 0 of 1.

torch.distributed does the work. Nothing here knows what is trained.
"""

import os
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from core.errors import TrainingError
from core.translate import tr

# Set by torchrun for each process that it starts.
WORLD_SIZE = "WORLD_SIZE"
LOCAL_RANK = "LOCAL_RANK"
RESTART_COUNT = "TORCHELASTIC_RESTART_COUNT"
NEEDED = (WORLD_SIZE, "RANK", "MASTER_ADDR", "MASTER_PORT")  # without one of them nobody can be found

# For one process of a machine to import the pictures while the others wait: half an hour, which is usual
# between steps, is too short for a million of them.
LONGEST_WAIT = timedelta(days=1)
POLL_S = 0.02


@dataclass(frozen=True)
class Ranks:
    """This process among size of them: rank counts over all machines, local_rank over those of this one."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes the run."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """The part of a batch of count pictures that is this rank's; the parts differ by one at most."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def summed(self, tensor: Tensor) -> Tensor:
        """The sum of tensor over all ranks, in place. Raises: TrainingError where another has gone."""
        if self.size > 1:
            with lost_ranks_named():
                distributed.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Go on when all ranks have come here. Raises: TrainingError where another has gone."""
        if self.size > 1:
            with lost_ranks_named():
                group = distributed.new_group(backend="gloo", timeout=LONGEST_WAIT)
                distributed.barrier(cast(distributed.ProcessGroup, group))  # of which every rank is a member

    def from_first(self, number: int) -> int:
        """The number that rank 0 gives, whatever this one gives."""
        if self.size == 1:
            return number
        shared = torch.tensor([number if self.rank == 0 else 0])
        return int(self.summed(shared if _on_processor() else shared.cuda())[0])


@dataclass(frozen=True)
class Part:
    """This rank's part of a batch of count pictures, for terms that need the codes of the whole batch."""

    count: int
    ranks: Ranks = Ranks()

    def whole(self, own: Tensor) -> Tensor:
        """The rows of all ranks in their order (count, …); gradients reach those of this one.

        Raises: TrainingError where another rank has gone.
        """
        if self.ranks.size == 1:
            return own
        place = self.ranks.share(self.count)
        length = place.stop - place.start  # a rank without a picture has one that does not count
        rows = own.new_zeros(self.count, *own.shape[1:])
        rows[place] = own[:length].detach()
        rows = self.ranks.summed(rows)
        return torch.cat([rows[: place.start], own[:length], rows[place.stop :]])

    def of_all(self, term: Tensor) -> Tensor:
        """A term of the whole batch, which every rank has computed, as this rank's loss may contain it.

        A rank's loss is weighted by its share of the batch. The term's value, the same in all of them, stands
        that; its gradients by this rank's codes, which no other rank has, must be as many times as large.
        """
        place = self.ranks.share(self.count)
        length = place.stop - place.start
        if self.ranks.size == 1 or not length:
            return term
        return term.detach() + (term - term.detach()) * (self.count / length)


def is_launched() -> bool:
    """Whether torchrun, or another launcher that speaks as it does, started this process among several."""
    return all(os.environ.get(name) for name in NEEDED) and int(os.environ[WORLD_SIZE]) > 1


def restarts() -> int:
    """How often torchrun has started this job anew after a process was lost."""
    return int(os.environ.get(RESTART_COUNT) or 0)


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """This process among those that train together on device, a name as in TrainConfig.

    A process group that the caller made is used and left as it is. Raises: TrainingError where the others
    are not found, or device is none for several processes.
    """
    if not distributed.is_available() or not (distributed.is_initialized() or is_launched()):
        yield Ranks()
        return
    local_rank = int(os.environ.get(LOCAL_RANK) or 0)
    ours = not distributed.is_initialized()
    if ours:
        _join(device, local_rank)
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size(), local_rank)
    finally:
        if ours:
            distributed.destroy_process_group()


def _join(device: str, local_rank: int) -> None:
    on_card = device in ("auto", "cuda") and torch.cuda.is_available()
    if on_card:
        cards = torch.cuda.device_count()
        if local_rank >= cards:
            raise TrainingError(
                tr(
                    "This machine has {cards} cards for more processes than that; start {cards} of them, or"
                    " give --device cpu.",
                    cards=cards,
                )
            )
        torch.cuda.set_device(local_rank)
    elif device == "mps" or (device == "auto" and torch.backends.mps.is_available()):
        raise TrainingError(tr("Several processes cannot train on mps together; give --device cpu."))
    try:
        store, rank, size = next(distributed.rendezvous("env://"))  # pyright: ignore[reportPrivateImportUsage]
        store = unused_part(store, rank, size)
        backend = "nccl" if on_card else "gloo"
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            tr(
                "The processes that are to train together do not find each other: {reason}.",
                reason=str(error).strip().splitlines()[0][:200].rstrip("."),
            )
        ) from error


def unused_part(store: Any, rank: int, size: int) -> Any:
    """A part of store (both are torch's Stores) for the processes of this start, each of which calls this.

    torchrun 2.13 keeps its store over restarts: without this, those who come back first read the addresses
    of those who have gone. It cannot be told by the count of restarts, which each machine's torchrun keeps
    for itself. So rank 0 asks everybody into a part with a new name, and waits until all have answered.
    Raises: RuntimeError where one of them does not come within the store's timeout.
    """
    if rank > 0:
        own_name = uuid.uuid4().hex
        store.set(f"here/{rank}", own_name)
        part = store.get(own_name).decode()  # which it waits for
        store.set(f"{part}/here/{rank}", "")
        return distributed.PrefixStore(part, store)  # pyright: ignore[reportPrivateImportUsage]
    part = uuid.uuid4().hex
    asked: dict[int, bytes] = {}
    absent = set(range(1, size))
    deadline = time.monotonic() + store.timeout.total_seconds()
    while absent:
        for other in sorted(absent):
            if store.check([f"{part}/here/{other}"]):
                absent.discard(other)
            elif store.check([f"here/{other}"]) and (name := store.get(f"here/{other}")) != asked.get(other):
                store.set(name.decode(), part)  # of one who has gone, nobody reads it
                asked[other] = name
        if absent and time.monotonic() > deadline:
            raise RuntimeError(tr("{count} of {size} did not come", count=len(absent), size=size))
        time.sleep(POLL_S)
    return distributed.PrefixStore(part, store)  # pyright: ignore[reportPrivateImportUsage]


def averaged(network: nn.Module, device: torch.device) -> DistributedDataParallel:
    """network as a module whose gradients are means over all ranks once backward() has returned."""
    # Which way a 1x1 kernel's gradient lies in memory is ambiguous; the copy costs nothing.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    cards = [device] if device.type == "cuda" else None
    return DistributedDataParallel(network, device_ids=cards, gradient_as_bucket_view=True)


@contextmanager
def lost_ranks_named() -> Iterator[None]:
    """What torch raises when another process has gone, as a TrainingError."""
    try:
        yield
    except RuntimeError as error:  # gloo's and nccl's own errors are children of it
        if not is_lost_rank(error):
            raise
        raise TrainingError(
            tr(
                "Another process that trains this run has gone ({reason}); start all of them again with"
                " --resume, or let torchrun do it with --max-restarts.",
                reason=str(error).strip().splitlines()[0][:200],
            )
        ) from error


def is_lost_rank(error: RuntimeError) -> bool:
    """Whether the error is that of talking to a process that is not there any more."""
    if isinstance(error, distributed.DistError):
        return True
    text = str(error)
    return any(sign in text for sign in ("Connection closed by peer", "Connection reset", "gloo", "NCCL"))


def _on_processor() -> bool:
    return distributed.get_backend() == "gloo"
