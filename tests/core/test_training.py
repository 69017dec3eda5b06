"""Training: exact resumption, what reaches disk, and that other people's code reads it."""

import itertools
import math
import signal
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from itertools import chain, islice, pairwise
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from core.config import NetworkName, TrainConfig
from core.datasets import open_dataset
from core.datasets.dataset import ImageDataset
from core.errors import TrainingError
from core.interrupts import interrupts_held
from core.models import build_network
from core.pixels import to_float
from core.runs import CHECKPOINT, METRICS, MODEL, Run
from core.training import REPORT_INTERVAL_S, TrainRecord, split_indices, train
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture(autouse=True)
def _a_report_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the steps at which a test closes do not depend on the machine."""
    assert 0.05 <= REPORT_INTERVAL_S <= 0.1
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """With more, torch's convolutions do not add up in the same order each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(folder: Path, config: TrainConfig, dataset: ImageDataset) -> Run:
    return Run.create(folder, config, dataset.identity)


def trained(folder: Path, config: TrainConfig, dataset: ImageDataset) -> tuple[Run, list[TrainRecord]]:
    run = made(folder, config, dataset)
    return run, list(train(dataset, config, run))


def contents(run: Run) -> dict[str, bytes]:
    """Every tensor of both files as bytes, by file and name."""
    return {
        f"{file}:{name}": tensor.numpy().tobytes()
        for file in (MODEL, CHECKPOINT)
        for name, tensor in safetensors.torch.load_file(run.path / file).items()
    }


@pytest.mark.parametrize(
    ("network", "objective"), [("fc", "ae"), ("fc", "vae"), ("conv", "ae"), ("conv", "vae")]
)
def test_stopping_anywhere_and_going_on_gives_the_same_bits(
    tmp_path: Path, network: str, objective: str, request: pytest.FixtureRequest
) -> None:
    if network == "conv":
        request.getfixturevalue("one_thread")
    dataset = tiny_dataset(37)
    config = tiny_config(network=network, objective=objective, batch_size=8)  # 33 to train on: 5 steps
    whole, records = trained(tmp_path / "whole", config, dataset)
    parts = made(tmp_path / "parts", config, dataset)
    steps = []
    for count in (2, 1, 4, 100):  # closed in mid-epoch, right after that, over an epoch's end, and never
        training = train(dataset, config, Run.open(parts.path), resume=True)
        steps += [record.step for record in islice(training, count)]
        training.close()
    assert steps == list(range(1, 16))
    assert contents(parts) == contents(whole)
    assert parts.progress().best_val_mse == whole.progress().best_val_mse
    for column in ("step", "epoch", "images", "loss", "reconstruction", "kl", "mse", "val_mse"):
        ours, theirs = getattr(parts.metrics(), column), getattr(whole.metrics(), column)
        np.testing.assert_array_equal(ours, theirs, err_msg=column)
    assert records[-1].step == parts.progress().step == 15
    assert parts.is_finished


def test_bfloat16_resumes_to_the_bit_as_well(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config(precision="bfloat16", objective="vae")
    whole, records = trained(tmp_path / "whole", config, dataset)
    parts = made(tmp_path / "parts", config, dataset)
    training = train(dataset, config, parts)
    next(training)
    training.close()
    list(train(dataset, config, parts, resume=True))
    assert contents(parts) == contents(whole)
    assert {record.precision for record in records} == {"bfloat16"}
    assert all(tensor.dtype == torch.float32 for tensor in parts.load_network().state_dict().values())


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    runs = [
        trained(tmp_path / str(i), tiny_config(seed=seed, objective="vae"), dataset)[0]
        for i, seed in enumerate((3, 3, 4))
    ]
    assert contents(runs[0]) == contents(runs[1])
    assert contents(runs[0]) != contents(runs[2])


def test_one_step_of_adam_is_torchs_own(tmp_path: Path) -> None:
    dataset = tiny_dataset(12)
    config = tiny_config(val_fraction=0.0, batch_size=100, epochs=1, seed=6)
    run, _ = trained(tmp_path / "run", config, dataset)
    sizes = [192, 1024, 512, 256, 128, 4]
    layers: list[nn.Module] = []
    for widths in (sizes, sizes[::-1]):
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.1)]
        layers.pop()
    plain = nn.Sequential(*layers, nn.Tanh())
    dice = torch.Generator().manual_seed(6)
    first = build_network(run.config.network, dice)
    first.begin(lambda: torch.zeros(1, 3, 8, 8), dice)
    plain.load_state_dict(dict(zip(plain.state_dict(), first.state_dict().values(), strict=True)))
    optimiser = torch.optim.Adam(plain.parameters(), lr=3e-4)
    x = (
        (torch.from_numpy(dataset.pictures(slice(None)).copy()).float() / 127.5 - 1)
        .permute(0, 3, 1, 2)
        .reshape(12, -1)
    )
    nn.functional.mse_loss(plain(x), x).backward()
    optimiser.step()
    weights = run.load_network("last").state_dict()
    for ours, theirs in zip(weights.values(), plain.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-6)


def test_records_count_what_was_done(tmp_path: Path) -> None:
    dataset = tiny_dataset(40)
    run, records = trained(tmp_path / "run", tiny_config(batch_size=16), dataset)  # 36: 16 + 16 + 4
    assert [record.step for record in records] == list(range(1, 10))
    assert [record.epoch for record in records] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [record.images for record in records] == [16, 32, 36, 52, 68, 72, 88, 104, 108]
    assert [math.isfinite(record.val_mse) for record in records] == [False, False, True] * 3
    assert [record.finished for record in records] == [False] * 8 + [True]
    assert {(record.steps_total, record.epochs, record.device) for record in records} == {(9, 3, "cpu")}
    assert all(record.images_per_s > 0 for record in records)
    assert records[-1].eta_s == 0
    assert records[0].weights is not None
    assert records[-1].weights is not None
    assert sum(record.weights is not None for record in records) == 2  # the rest came within 3 s
    with pytest.raises(FrozenInstanceError):
        records[0].step = 7  # pyright: ignore[reportAttributeAccessIssue]
    assert run.metrics().step.tolist() == list(range(1, 10))
    assert run.metrics().loss[-1] == pytest.approx(records[-1].loss, rel=1e-8)


def test_reports_are_means_over_the_steps_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, config = tiny_dataset(), tiny_config(epochs=2, objective="vae")
    _, each = trained(tmp_path / "each", config, dataset)
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 1e9)
    _, few = trained(tmp_path / "few", config, dataset)
    assert [record.step for record in few] == [1, 3, 6]
    for column in ("loss", "reconstruction", "kl", "mse"):
        values = [getattr(record, column) for record in each]
        means = [values[0], sum(values[1:3]) / 2, sum(values[3:]) / 3]
        assert [getattr(record, column) for record in few] == pytest.approx(means)


def test_copies_of_weights_are_not_touched_by_the_steps_after(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    training = train(dataset, config, made(tmp_path / "run", config, dataset), snapshot_interval_s=0.0)
    first = next(training).weights
    assert first is not None
    kept = {name: tensor.clone() for name, tensor in first.items()}
    second = next(training).weights
    training.close()
    assert second is not None
    assert all(torch.equal(kept[name], tensor) for name, tensor in first.items())
    assert not torch.equal(first["encoder.0.weight"], second["encoder.0.weight"])
    with pytest.raises(TypeError):
        first["encoder.0.weight"] = kept["encoder.0.weight"]  # pyright: ignore[reportIndexIssue]


def marks_on_black(count: int, side: int = 28) -> ImageDataset:
    """White squares of 8 pixels on black, as scarce as ink is among digits."""
    like = tiny_dataset(count, side, side, channels=1)
    pixels = np.zeros((count, side, side, 1), np.uint8)
    for picture, (y, x) in zip(
        pixels, np.random.default_rng(0).integers(0, side - 8, (count, 2)), strict=True
    ):
        picture[y : y + 8, x : x + 8] = 255
    return ImageDataset(pixels, like.identity, reading="made for a test")


def test_a_conv_vae_learns_pictures_that_are_nearly_black(tmp_path: Path) -> None:
    dataset = marks_on_black(512)
    config = tiny_config(
        network="conv", objective="vae", latent_dim=16, epochs=8, batch_size=64, learning_rate=1e-3
    )
    last = list(train(dataset, config, made(tmp_path / "run", config, dataset)))[-1]
    ink = (dataset.pixels[:] > 0).mean()
    assert last.mse < 4 * ink * (1 - ink)  # the error of the best grey everywhere; that of black is 4 * ink
    assert last.kl > 1.0


def test_copies_of_weights_come_less_often_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(0.0, 0.05)
    monkeypatch.setattr("core.clocks.time.perf_counter", lambda: next(ticks))
    monkeypatch.setattr("core.training.REPORT_INTERVAL_S", 0.0)
    dataset, config = tiny_dataset(), tiny_config(epochs=100)
    training = train(dataset, config, made(tmp_path / "run", config, dataset), snapshot_interval_s=5.0)
    copied = [record.seconds for record in training if record.weights is not None][:-1]  # the last is the end
    assert len(copied) > 4
    assert np.diff(copied[:3]) == pytest.approx([5.0, 5.0], abs=1.5)
    assert np.diff(copied[2:]) == pytest.approx([10.0] * (len(copied) - 3), abs=1.5)


def test_time_in_which_nobody_asks_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    now = [0.0]
    monkeypatch.setattr("core.clocks.time.perf_counter", lambda: now[0])
    records = []
    for record in train(dataset, config, made(tmp_path / "run", config, dataset)):
        records.append(record)
        now[0] += 1000.0
    assert records[-1].seconds == 0


def test_the_model_is_the_best_by_validation(tmp_path: Path) -> None:
    dataset = tiny_dataset(30)
    config = tiny_config(epochs=12, learning_rate=0.003, batch_size=8)
    run = made(tmp_path / "run", config, dataset)
    values: dict[float, dict[str, torch.Tensor]] = {}
    for record in train(dataset, config, run, snapshot_interval_s=0.0):
        if math.isfinite(record.val_mse):
            assert record.weights is not None
            values[record.val_mse] = dict(record.weights)
    best = values[min(values)]
    loaded = run.load_network("best").state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in best.items())
    assert list(values)[-1] != min(values), "the last must not be the best for this test to tell them apart"
    last = run.load_network("last").state_dict()
    assert all(torch.equal(last[name], tensor) for name, tensor in list(values.values())[-1].items())
    _, held_out = split_indices(30, config.val_fraction, config.seed)
    x = to_float(dataset.pictures(held_out))
    with torch.inference_mode():
        measured = (run.load_network("best")(x).recon - x).square().mean().item()
    assert run.progress().best_val_mse == pytest.approx(measured, rel=1e-5)


@pytest.mark.parametrize(("count", "val_fraction"), [(1, 0.1), (2, 0.5), (20, 0.0)])
def test_few_pictures_and_no_validation(tmp_path: Path, count: int, val_fraction: float) -> None:
    run, records = trained(
        tmp_path / "run", tiny_config(val_fraction=val_fraction, batch_size=64), tiny_dataset(count)
    )
    assert len(records) == 3
    assert math.isfinite(records[-1].val_mse) == (count == 2)
    assert run.has_weights


def test_split_is_the_same_each_time_and_whole() -> None:
    for count, fraction in ((1, 0.1), (2, 0.1), (10, 0.0), (100, 0.1), (7, 0.5)):
        kept, held_out = split_indices(count, fraction, 3)
        assert sorted([*kept, *held_out]) == list(range(count))
        assert len(kept) >= 1
        assert len(held_out) == (0 if count == 1 or not fraction else max(1, round(count * fraction)))
        again = split_indices(count, fraction, 3)
        np.testing.assert_array_equal(held_out, again[1])
    assert split_indices(100, 0.1, 3)[1].tolist() != split_indices(100, 0.1, 4)[1].tolist()


def test_every_epoch_sees_every_picture_once_in_another_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, config = tiny_dataset(20), tiny_config(val_fraction=0.0, batch_size=6, epochs=2)
    asked: list[list[int]] = []
    original = ImageDataset.pictures

    def watched(self: ImageDataset, indices: np.ndarray) -> np.ndarray:
        asked.append(indices.tolist())
        return original(self, indices)

    monkeypatch.setattr(ImageDataset, "pictures", watched)
    trained(tmp_path / "run", config, dataset)
    first, second = asked[:4], asked[4:]
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(20))
    assert first != second
    assert [len(batch) for batch in first] == [6, 6, 6, 2]


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    run = made(tmp_path / "run", config, dataset)
    training = train(dataset, config, run)
    next(training)
    training.close()
    kept = contents(run)
    monkeypatch.setattr("core.batches.to_float", lambda pixels, device: to_float(pixels, device) * math.inf)
    with pytest.raises(TrainingError, match=r"not finite at step 2.*learning rate"):
        list(train(dataset, config, run, resume=True))
    assert contents(run) == kept
    assert Run.open(run.path).load_network()


def test_memory_that_is_full_is_a_sentence_with_a_smaller_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, config = tiny_dataset(), tiny_config()

    def full(pixels: np.ndarray, device: torch.device) -> torch.Tensor:
        if len(pixels) > 5:
            return torch.empty(2**60, dtype=torch.uint8)  # the processor's real allocator refuses this
        return to_float(pixels, device)

    monkeypatch.setattr("core.batches.to_float", full)
    with pytest.raises(TrainingError, match=r"for batches of 16 pictures.*batch size of 4\."):
        list(train(dataset, config, made(tmp_path / "run", config, dataset)))


def test_a_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    run = made(tmp_path / "run", config, dataset)
    training = train(dataset, config, run)
    next(training)
    run.path.rename(tmp_path / "elsewhere")
    with pytest.raises(TrainingError, match="cannot be written"):
        next(training)


def test_ctrl_c_leaves_a_run_that_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    whole, _ = trained(tmp_path / "whole", config, dataset)
    run = made(tmp_path / "run", config, dataset)
    original = torch.optim.Adam.step
    steps: list[int] = []

    def interrupted(self: torch.optim.Adam) -> None:
        steps.append(1)
        if len(steps) == 5:
            signal.raise_signal(signal.SIGINT)  # in the midst of a step, before Adam has done its part
        original(self)

    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.Adam, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(train(dataset, config, run))
    assert run.progress().step == 5
    list(train(dataset, config, run, resume=True))
    assert contents(run) == contents(whole)


def test_ctrl_c_after_the_noise_was_drawn_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig(
        objective="vae", latent_dim=3, epochs=2, batch_size=8, device="cpu", precision="float32"
    )
    dataset = tiny_dataset(40)
    whole, _ = trained(tmp_path / "whole", config, dataset)
    run = made(tmp_path / "run", config, dataset)
    backward, calls = torch.Tensor.backward, []

    def interrupted(self: torch.Tensor) -> None:
        calls.append(self)
        if len(calls) == 3:
            raise KeyboardInterrupt
        backward(self)

    with monkeypatch.context() as patched:
        patched.setattr(torch.Tensor, "backward", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(train(dataset, config, run))
    assert run.progress().step == 2
    list(train(dataset, config, Run.open(run.path), resume=True))
    ours, theirs = (r.load_network("last").state_dict() for r in (run, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_interrupts_are_held_and_then_delivered() -> None:
    reached: list[bool] = []

    def held() -> None:
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            reached.append(True)
        reached.append(False)

    with pytest.raises(KeyboardInterrupt):
        held()
    assert reached == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_checkpoints_are_written_as_time_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, config = tiny_dataset(), tiny_config(checkpoint_interval_s=1.0)
    run = made(tmp_path / "run", config, dataset)
    now = [0.0]

    def clock() -> float:
        now[0] += 0.05
        return now[0]

    monkeypatch.setattr("core.clocks.time.perf_counter", clock)
    saved = [run.progress().step for _ in train(dataset, config, run)]
    assert 2 < len(set(saved)) < 9
    assert saved[-1] == 9


def test_a_crash_loses_only_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    whole, _ = trained(tmp_path / "whole", config, dataset)
    run = made(tmp_path / "run", config, dataset)
    training = train(dataset, config, run)
    list(islice(training, 4))
    training.close()
    with (run.path / METRICS).open("a") as file:  # rows that a killed process had written after it
        file.write("5,2,80,9,1,1,0,1,nan\n6,2,96,9,1,1,0,1")
    records = list(train(dataset, config, Run.open(run.path), resume=True))
    assert [record.step for record in records] == [5, 6, 7, 8, 9]
    np.testing.assert_array_equal(run.metrics().loss, whole.metrics().loss)


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    run = made(tmp_path / "run", config, dataset)
    (run.path / METRICS).write_text(
        "step,epoch,images,seconds,loss,reconstruction,kl,mse,val_mse\n1,1,16,1,1"
    )
    records = list(train(dataset, config, Run.open(run.path), resume=True))
    assert run.metrics().step.tolist() == [record.step for record in records] == list(range(1, 10))


def test_a_finished_run_goes_on_with_more_epochs_as_if_they_had_been_asked_for(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    whole, _ = trained(tmp_path / "whole", tiny_config(epochs=4), dataset)
    run, _ = trained(tmp_path / "run", tiny_config(epochs=2), dataset)
    with pytest.raises(TrainingError, match="finished its 2 epochs"):
        list(train(dataset, run.config.train, run, resume=True))
    list(train(dataset, run.with_epochs(4), run, resume=True))
    assert contents(run) == contents(whole)
    assert Run.open(run.path).config.train.epochs == 4
    assert run.is_finished


def test_what_does_not_fit_the_run_is_refused(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(), tiny_config()
    run, _ = trained(tmp_path / "run", config, dataset)
    more = run.with_epochs(9)
    cases: dict[str, Iterator[TrainRecord]] = {
        "trained before": train(dataset, more, run),
        "batch_size 16, not 8": train(dataset, more.model_copy(update={"batch_size": 8}), run, resume=True),
        "other pictures": train(tiny_dataset(seed=1), more, run, resume=True),
        "takes pictures of": train(replace(dataset, pixels=dataset.pixels[:, :4]), more, run, resume=True),
    }
    before = contents(run)
    for message, training in cases.items():
        with pytest.raises(TrainingError, match=message):
            next(training)
    assert contents(run) == before


def test_a_device_that_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("core.devices").devices.AVAILABLE, "cuda", lambda: False)
    dataset, config = tiny_dataset(), tiny_config(device="cuda")
    with pytest.raises(TrainingError, match="no cuda device"):
        next(train(dataset, config, made(tmp_path / "run", config, dataset)))


def test_a_long_validation_gives_signs_of_life_that_are_not_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.SIGN_OF_LIFE_INTERVAL_S", 0.0)
    monkeypatch.setattr("core.training.VALIDATION_BATCH", 2)
    dataset, config = tiny_dataset(), tiny_config(epochs=2)
    whole, records = trained(tmp_path / "whole", config, dataset)
    signs = [record for record in records if not record.reported]
    assert len(signs) == 4  # two batches at each of two epochs' ends
    assert len(whole.metrics()) == len(records) - len(signs) == 6
    parts = made(tmp_path / "parts", config, dataset)
    training = train(dataset, config, parts)
    while next(training).reported:
        pass
    training.close()  # in the midst of validation, with a step done that no row tells of yet
    assert parts.metrics().step.tolist() == [1, 2]
    list(train(dataset, config, parts, resume=True))
    assert contents(parts) == contents(whole)
    np.testing.assert_array_equal(parts.metrics().loss, whole.metrics().loss)
    np.testing.assert_array_equal(parts.metrics().val_mse, whole.metrics().val_mse)


def test_real_faces_in_plain_torch(real_data: Path, tmp_path: Path) -> None:
    """The assignment: its own layers load our file strictly and give our reconstructions and edits."""
    faces = open_dataset(real_data / "faces_test.npy")
    config = TrainConfig(epochs=2, batch_size=128, device="cpu")
    run = Run.create(tmp_path / "run", config, faces.identity)
    records = [record for record in train(faces, config, run) if math.isfinite(record.val_mse)]
    assert records[-1].val_mse < records[0].val_mse < 0.5
    widths = [12288, 1024, 512, 256, 128, 64]
    parts: dict[str, nn.Module] = {}
    for part, sizes in (("encoder", widths), ("decoder", widths[::-1])):
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.1)]
        parts[part] = nn.Sequential(*layers[:-1], *([nn.Tanh()] if part == "decoder" else []))
    plain = nn.ModuleDict(parts)
    plain.load_state_dict(safetensors.torch.load_file(run.path / MODEL), strict=True)
    pixels = np.load(real_data / "faces_test.npy")[:8]
    x = torch.from_numpy(pixels).float().permute(0, 3, 1, 2) / 127.5 - 1
    network = run.load_network()
    with torch.inference_mode():
        z = plain["encoder"](x.reshape(8, -1))
        torch.testing.assert_close(
            network.encode(to_float(faces.pictures(slice(0, 8)))), z, rtol=0, atol=1e-5
        )
        for dim in (None, 0, 63):
            edited = z.clone()
            if dim is not None:
                edited[:, dim] += 20
            theirs = plain["decoder"](edited).reshape(8, 3, 64, 64)
            torch.testing.assert_close(network.decode(edited), theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("network", ["fc", "conv"])
def test_waiting_between_layers_changes_no_bit_and_leaves_other_threads_exact(
    network: NetworkName, one_thread: None, tmp_path: Path
) -> None:
    dataset = tiny_dataset()
    config = tiny_config(network=network, precision="bfloat16", epochs=1)
    plain, _ = trained(tmp_path / "plain", config, dataset)
    seen: list[str] = []
    products = getattr(torch.backends.mkldnn, "matmul")  # noqa: B009  (its type stubs do not know it)

    def between() -> None:
        seen.append(products.fp32_precision)

    run = made(tmp_path / "waited", config, dataset)
    records = list(train(dataset, config, run, between_layers=between))
    assert contents(run) == contents(plain)
    layers = sum(not list(module.children()) for module in run.load_network().modules())
    weights = len(run.load_network().state_dict())
    assert len(seen) >= records[-1].step * (layers + weights)
    assert set(seen) == {"ieee"}
    assert products.fp32_precision != "bf16"
