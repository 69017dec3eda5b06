"""How a batch is divided among processes, and what tells that there are several."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from torch import distributed
from torch.distributed import HashStore  # pyright: ignore[reportPrivateImportUsage]

from core.errors import TrainingError
from core.ranks import NEEDED, Ranks, is_launched, joined, lost_ranks_named, restarts, unused_part


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment as no launcher has left it."""
    for name in [*NEEDED, "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT"]:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64])
def test_the_shares_are_a_partition_in_order(size: int) -> None:
    for count in [*range(3 * size + 2), 256, 1000, 65_536]:
        shares = [range(count)[Ranks(rank, size).share(count)] for rank in range(size)]
        assert [place for share in shares for place in share] == list(range(count))
        lengths = [len(share) for share in shares]
        assert max(lengths) - min(lengths) <= 1


def test_one_process_by_itself_joins_nobody(alone: pytest.MonkeyPatch) -> None:
    assert not is_launched()
    assert restarts() == 0
    with joined("cpu") as ranks:
        assert ranks == Ranks(0, 1, 0)
        assert ranks.writes
        assert ranks.from_first(7) == 7
        ranks.wait()
        assert not distributed.is_initialized()


def test_what_a_launcher_leaves_in_the_environment_is_needed_in_full(alone: pytest.MonkeyPatch) -> None:
    values = dict(zip(NEEDED, ("2", "0", "127.0.0.1", "29500"), strict=True))
    for name, value in values.items():
        assert not is_launched(), os.environ
        alone.setenv(name, value)
    assert is_launched()
    alone.setenv("WORLD_SIZE", "1")
    assert not is_launched()
    alone.setenv("TORCHELASTIC_RESTART_COUNT", "2")
    assert restarts() == 2


def test_others_that_cannot_be_found_are_a_sentence(alone: pytest.MonkeyPatch) -> None:
    for name, value in zip(NEEDED, ("2", "0", "127.0.0.1", "nowhere"), strict=True):
        alone.setenv(name, value)
    with pytest.raises(TrainingError, match=r"do not find each other.*nowhere"), joined("cpu"):
        pass
    assert not distributed.is_initialized()


def test_only_the_errors_of_a_lost_process_become_ours() -> None:
    with pytest.raises(TrainingError, match=r"Connection closed by peer.*--resume"), lost_ranks_named():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.2]:10123")
    with pytest.raises(TrainingError), lost_ranks_named():
        raise distributed.DistNetworkError("the client socket has timed out")
    with pytest.raises(RuntimeError, match="size mismatch") as caught, lost_ranks_named():
        raise RuntimeError("size mismatch")
    assert not isinstance(caught.value, TrainingError)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_each_start_has_a_part_of_the_store_of_its_own(order: Sequence[int]) -> None:
    """In the part of those who come back is nothing of those who have gone, whoever is first."""
    store = HashStore()
    store.set_timeout(timedelta(seconds=20))
    for start in ("first", "second", "third"):
        with ThreadPoolExecutor(3) as threads:
            given = threads.map(lambda rank: unused_part(store, rank, 3), order)
            parts = dict(zip(order, given, strict=True))
        for rank, part in parts.items():
            assert not part.check([f"address of {rank}"])
            part.set(f"address of {rank}", start)
        for part in parts.values():
            assert [part.get(f"address of {rank}") for rank in range(3)] == [start.encode()] * 3


def test_one_who_never_comes_ends_the_waiting() -> None:
    store = HashStore()
    store.set_timeout(timedelta(seconds=0.1))
    with pytest.raises(RuntimeError, match="1 of 2"):
        unused_part(store, 0, 2)
