"""Weights of some epochs: which are kept, what they give, what is refused; training never suffers."""

import errno
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from core.checkpoints import weights_to_bytes
from core.codec import Codec
from core.config import TrainConfig
from core.errors import LatentDialsError, RunError
from core.models import NetworkConfig, build_network
from core.run_files import EPOCHS
from core.runs import Run
from core.snapshots import FREE_S, SnapshotKeeper, kept_snapshots, load_snapshot, wanted_epochs
from core.training import train
from tests.core.tiny import tiny_config, tiny_dataset


def epochs_of(run: Run) -> list[int]:
    return [snapshot.epoch for snapshot in kept_snapshots(run.path)]


def trained(path: Path, **changes: object) -> Run:
    dataset, config = tiny_dataset(), tiny_config(**changes)
    run = Run.create(path, config, dataset.identity)
    for _record in train(dataset, config, run):
        pass
    return run


@pytest.mark.parametrize(
    ("epochs", "keep", "expected"),
    [
        (20, 8, (1, 2, 3, 4, 6, 8, 11, 15)),
        (1, 8, ()),
        (2, 8, (1,)),
        (5, 8, (1, 2, 3, 4)),
        (9, 8, (1, 2, 3, 4, 5, 6, 7, 8)),
        (50, 0, ()),
        (1000, 1, (1,)),
    ],
)
def test_wanted_epochs_are_denser_at_first(epochs: int, keep: int, expected: tuple[int, ...]) -> None:
    assert wanted_epochs(epochs, keep) == expected


def test_wanted_epochs_ascend_and_spread_whatever_is_asked() -> None:
    for epochs, keep in itertools.product((1, 2, 3, 7, 20, 50, 333, 100_000), (0, 1, 2, 8, 30, 100)):
        wanted = wanted_epochs(epochs, keep)
        assert len(wanted) == min(keep, epochs - 1)
        assert list(wanted) == sorted(set(wanted))
        assert all(0 < epoch < epochs for epoch in wanted)
    wanted = np.array(wanted_epochs(100_000, 8))  # evenly in the logarithm
    assert np.ptp(np.diff(np.log(np.append(wanted, 100_000)))) < 0.01 * np.log(100_000)


def test_training_keeps_epochs_whose_networks_differ(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=6, keep_epochs=3)
    assert epochs_of(run) == list(wanted_epochs(6, 3))
    first, last = (Codec(load_snapshot(run, epoch)) for epoch in (epochs_of(run)[0], epochs_of(run)[-1]))
    pixels = tiny_dataset().pictures(slice(None))
    assert last.errors(pixels).mean() < first.errors(pixels).mean()


def test_a_snapshot_gives_the_pictures_of_its_epoch(tmp_path: Path) -> None:
    """Held against the float32 weights that training handed out at the end of the same epoch."""
    dataset, config = tiny_dataset(), tiny_config(epochs=3, keep_epochs=8)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    weights = {}
    for record in train(dataset, config, run, snapshot_interval_s=0.0):
        if record.val_mse == record.val_mse:
            weights[record.epoch] = record.weights
    pixels = dataset.pictures(slice(None))
    blank = Codec(build_network(run.config.network, torch.Generator()))
    for epoch in epochs_of(run):
        exact, kept = blank.update(weights[epoch]), Codec(load_snapshot(run, epoch))
        assert np.abs(exact.reconstruct(pixels).astype(int) - kept.reconstruct(pixels)).max() <= 1


def test_none_are_kept_where_none_are_asked_for(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=4, keep_epochs=0)
    assert kept_snapshots(run.path) == ()
    assert not (run.path / EPOCHS).exists()


def test_resuming_repeats_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=3, keep_epochs=2)
    straight = trained(tmp_path / "straight", epochs=9, keep_epochs=4)
    assert epochs_of(run) == [1, 2]
    source = (
        (straight.path / EPOCHS / "000005.safetensors").read_bytes() if 5 in epochs_of(straight) else b"x"
    )
    (run.path / EPOCHS / "000005.safetensors").write_bytes(source)  # of a process that died before it saved
    (run.path / EPOCHS / ".000007.safetensors.00.part").write_bytes(b"half")
    config = run.config.train.model_copy(update={"epochs": 9, "keep_epochs": 4})
    for _record in train(tiny_dataset(), config, run, resume=True):
        break
    assert epochs_of(run) == [1, 2]
    assert not list((run.path / EPOCHS).glob(".*"))
    for _record in train(tiny_dataset(), config, run, resume=True):
        pass
    assert len(epochs_of(run)) <= 4
    assert max(epochs_of(run)) in range(4, 9)
    for epoch in set(epochs_of(run)) & set(epochs_of(straight)):  # exact resumption holds for them too
        one, other = (load_snapshot(at, epoch).state_dict() for at in (run, straight))
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_fewer_are_kept_where_a_resumed_run_asks_for_fewer(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=6, keep_epochs=5)
    assert epochs_of(run) == [1, 2, 3, 4, 5]
    config = run.config.train.model_copy(update={"epochs": 7, "keep_epochs": 2})
    for _record in train(tiny_dataset(), config, run, resume=True):
        pass
    assert epochs_of(run)[0] == 1
    assert len(epochs_of(run)) == 2


def test_nothing_is_removed_or_written_through_a_link(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", epochs=1, keep_epochs=0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("000123.safetensors", "film.part"):
        (elsewhere / name).write_bytes(b"mine")
    (run.path / EPOCHS).symlink_to(elsewhere)
    config = run.config.train.model_copy(update={"epochs": 4, "keep_epochs": 2})
    records = list(train(tiny_dataset(), config, run, resume=True))
    assert any("is a link" in record.problem for record in records)
    assert sorted(os.listdir(elsewhere)) == ["000123.safetensors", "film.part"]


def test_a_full_disk_costs_the_snapshot_and_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, path: Path, *, durable: bool) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("core.snapshots.replacing", Full)
    dataset, config = tiny_dataset(), tiny_config(epochs=4)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    records = list(train(dataset, config, run))
    assert records[-1].finished
    assert "epoch 1" in next(record.problem for record in records if record.problem)
    assert any("disk is full" in record.problem for record in records)
    assert records[-1].problem == ""
    assert run.is_finished
    assert kept_snapshots(run.path) == ()


def test_keeping_costs_a_hundredth_of_the_time(tmp_path: Path) -> None:
    """A slow disk, by a clock of ours: each snapshot takes 2 s of an epoch of 30 s."""
    dataset, config = tiny_dataset(), tiny_config(epochs=1000)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    network = build_network(run.config.network, torch.Generator().manual_seed(0))
    seconds, spent = 0.0, 0.0

    def clock() -> float:
        return seconds

    keeper = SnapshotKeeper(run, 1000, 100, 0, clock)
    write = keeper._write

    def slow(epoch: int, network: torch.nn.Module) -> None:
        nonlocal seconds, spent
        seconds, spent = seconds + 2.0, spent + 2.0
        write(epoch, network)  # pyright: ignore[reportArgumentType]

    keeper._write = slow
    for epoch in range(1, 1000):
        seconds += 30.0
        keeper.offer(epoch, network)
    assert 2.0 < spent <= FREE_S + 0.01 * seconds + 2.0
    assert epochs_of(run)[0] == 1


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("kept") / "run", epochs=3, keep_epochs=2)


def changed(run: Run, **marks: object) -> bytes:
    """The snapshot of epoch 1 with other marks in its header, its numbers untouched."""
    path = run.path / EPOCHS / "000001.safetensors"
    weights = safetensors.torch.load_file(path)
    description = {"network": run.config.network.model_dump_json()}
    known = {"epoch": 1, "data": run.config.data.fingerprint, "objective": "ae", "seed": 0}
    description["snapshot"] = json.dumps(known | marks)
    return b"".join(bytes(part) for part in weights_to_bytes(weights, description))


def test_what_is_of_another_run_or_damaged_is_refused(kept: Run) -> None:
    path = kept.path / EPOCHS / "000002.safetensors"
    whole = path.read_bytes()
    other = NetworkConfig.model_validate(kept.config.network.model_dump() | {"latent_dim": 5})
    weights = build_network(other, torch.Generator()).state_dict()
    marks = json.dumps({"epoch": 2, "data": kept.config.data.fingerprint, "objective": "ae", "seed": 0})
    of_another = {"network": other.model_dump_json(), "snapshot": marks}
    lies = {"network": kept.config.network.model_dump_json(), "snapshot": marks}
    for content, words in (
        (changed(kept, epoch=1), "another run"),
        (changed(kept, epoch=2, data="other pictures"), "another run"),
        (changed(kept, epoch=2, seed=7), "another run"),
        (b"".join(bytes(part) for part in weights_to_bytes(weights, of_another)), "another run"),
        (b"".join(bytes(part) for part in weights_to_bytes(weights, lies)), "000002"),
        (whole[:-7], "000002"),
        (whole[:20], "000002"),
        (b"", "000002"),
        (b"[" * 100_000, "000002"),
    ):
        path.write_bytes(content)
        with pytest.raises(LatentDialsError, match=words):
            load_snapshot(kept, 2)
    path.write_bytes(changed(kept, epoch=2))
    assert load_snapshot(kept, 2).config == kept.config.network  # the same, unharmed
    with pytest.raises(RunError, match="epoch 9"):
        load_snapshot(kept, 9)


def test_names_that_are_not_ours_are_left_alone(kept: Run) -> None:
    names = ("1.safetensors", "000000.safetensors", "0000001.safetensors", "x.safetensors", "000009.txt")
    for name in names:
        (kept.path / EPOCHS / name).write_bytes(b"")
    assert epochs_of(kept) == [1, 2]


def test_numbers_too_large_for_half_precision_stay_whole(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), TrainConfig(latent_dim=4, epochs=3)
    run = Run.create(tmp_path / "run", config, dataset.identity)
    network = build_network(run.config.network, torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.state_dict()["encoder.0.bias"][0] = 1e6
    keeper = SnapshotKeeper(run, 3, 2, 0, lambda: 0.0)
    keeper.offer(1, network)
    assert load_snapshot(run, 1).state_dict()["encoder.0.bias"][0] == 1e6
    with torch.no_grad():
        network.state_dict()["encoder.0.bias"][0] = torch.nan
    keeper.offer(2, network)
    assert epochs_of(run) == [1]
