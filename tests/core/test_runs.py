"""A run's folder: what is written, what is refused, and that its files are read by others than us."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from core.errors import ModelError, RunError
from core.metrics import COLUMNS, Metrics, MetricsRow, mean_of_pictures
from core.models import build_network
from core.runs import CHECKPOINT, CONFIG, METRICS, MODEL, Run
from tests.core.tiny import tiny_config, tiny_dataset


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "my run", tiny_config(), tiny_dataset().identity)


def row(step: int, val_mse: float = math.nan) -> MetricsRow:
    return MetricsRow(step, 1 + step // 10, step * 16, step / 8, 0.5, 0.25, 0.125, 1 / 3, val_mse)


def test_a_run_opens_as_it_was_made(run: Run) -> None:
    again = Run.open(run.path)
    assert again.config == run.config
    assert again.name == "my run"
    assert not again.has_weights
    assert not again.is_finished
    values = json.loads((run.path / CONFIG).read_text())
    assert sorted(values) == ["data", "format_version", "network", "train", "versions"]
    assert values["format_version"] == 1
    assert values["network"]["height"] == values["data"]["height"] == 8
    assert values["versions"]["torch"] == torch.__version__


def test_a_second_run_in_the_same_folder_is_refused(run: Run) -> None:
    before = (run.path / CONFIG).read_bytes()
    with pytest.raises(RunError, match="already holds a run"):
        Run.create(run.path, tiny_config(epochs=9), tiny_dataset().identity)
    assert (run.path / CONFIG).read_bytes() == before


def test_a_folder_with_a_stray_model_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes(b"somebody's own")
    with pytest.raises(RunError, match=MODEL):
        Run.create(tmp_path, tiny_config(), tiny_dataset().identity)


def test_a_run_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        Run.create(tmp_path / "taken", tiny_config(), tiny_dataset().identity)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no config.json"),
        (b"{", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"[]", "format None"),
        (b'{"format_version": 2}', "format 2"),
        (b'{"format_version": 1}', "damaged at train"),
        (b'{"model_type": "VAE"}', "format None"),
    ],
)
def test_a_foreign_folder_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / CONFIG).write_bytes(content)
    with pytest.raises(RunError, match=message) as caught:
        Run.open(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_an_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a folder"):
        Run.open(tmp_path / "nowhere")


def test_the_mean_of_an_epoch_is_over_its_pictures() -> None:
    """Two epochs of 40 pictures; that the second was stopped once leaves a report without any."""
    images = np.array([32, 40, 72, 72, 80])
    mse = np.array([0.9, 0.4, 0.2, 7.0, 0.1])
    epoch = np.array([1, 1, 2, 2, 2])
    rest = np.zeros(5)
    metrics = Metrics(np.arange(5), epoch, images, rest, rest, rest, rest, mse, rest)
    assert metrics.of_last_epoch("mse") == pytest.approx((32 * 0.2 + 8 * 0.1) / 40)
    first = Metrics(*(getattr(metrics, field.name)[:2] for field in dataclasses.fields(metrics)))
    assert first.of_last_epoch("mse") == pytest.approx((32 * 0.9 + 8 * 0.4) / 40)
    assert mean_of_pictures([40], [0.3], before=40) == 0.3


def test_metrics_come_back_as_columns(run: Run) -> None:
    assert len(run.metrics()) == 0
    for step in (1, 4, 9):
        run.append_metrics(row(step, 0.0625 if step == 9 else math.nan))
    lines = (run.path / METRICS).read_text().splitlines()
    assert lines[0] == "step,epoch,images,seconds,loss,reconstruction,kl,mse,val_mse"
    assert lines[1] == "1,1,16,0.125,0.5,0.25,0.125,0.333333333,nan"
    metrics = run.metrics()
    assert metrics.step.tolist() == [1, 4, 9]
    assert metrics.step.dtype == np.int64
    np.testing.assert_allclose(metrics.mse, 1 / 3, rtol=1e-8)
    assert np.isnan(metrics.val_mse).tolist() == [True, True, False]
    assert metrics.val_mse[2] == 0.0625


@pytest.mark.parametrize(
    "torn", ["7,1,112", "7,1,112,1,0.5,0.5,0,0.5,na", "7,1,112,1,0.5,0.5,0,0.5\n", "x" * 40]
)
def test_a_torn_last_line_is_left_out_and_repaired(run: Run, torn: str) -> None:
    for step in (1, 4):
        run.append_metrics(row(step))
    with (run.path / METRICS).open("a") as file:
        file.write(torn)
    assert run.metrics().step.tolist() == [1, 4]
    run.keep_metrics_to(100)
    run.append_metrics(row(8))
    assert run.metrics().step.tolist() == [1, 4, 8]


def test_rows_after_the_checkpoint_are_dropped(run: Run) -> None:
    for step in (1, 4, 9):
        run.append_metrics(row(step))
    run.keep_metrics_to(4)
    assert run.metrics().step.tolist() == [1, 4]
    assert (run.path / METRICS).read_text().splitlines()[0] == ",".join(COLUMNS)


def test_weights_go_out_and_in(run: Run) -> None:
    network = build_network(run.config.network, torch.Generator().manual_seed(8))
    run.save_weights(network.state_dict())
    theirs = safetensors.torch.load_file(run.path / MODEL)
    assert sorted(theirs) == sorted(network.state_dict())
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in network.state_dict().items())
    loaded = run.load_network()
    assert not loaded.training
    assert not any(weight.requires_grad for weight in loaded.parameters())
    x = torch.zeros(1, 3, 8, 8)
    assert torch.equal(loaded(x).recon, network(x).recon)


def test_a_run_without_weights_says_so(run: Run) -> None:
    for which in ("best", "last"):
        with pytest.raises(RunError, match="no weights yet"):
            run.load_network(which)


@pytest.mark.parametrize("file", [MODEL, CHECKPOINT])
@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\x02\0\0\0\0\0\0\0{}"])
def test_damaged_weights_are_a_sentence(run: Run, file: str, content: bytes) -> None:
    (run.path / file).write_bytes(content)
    expected = ModelError if file == MODEL and content.endswith(b"{}") else RunError
    with pytest.raises((expected, ModelError), match=file):
        run.load_network("best" if file == MODEL else "last")
    if file == CHECKPOINT:
        with pytest.raises(RunError, match=file):
            run.load_checkpoint()


def test_weights_of_another_network_are_refused(run: Run) -> None:
    weights = build_network(run.config.network).state_dict()
    cases = {
        "has no weight": {k: v for k, v in weights.items() if k != "decoder.0.bias"},
        "where the network has": weights | {"decoder.0.bias": torch.zeros(3)},
        "that the network has not": weights | {"decoder.11.bias": torch.zeros(3)},
        "is not finite": weights | {"decoder.0.bias": torch.full_like(weights["decoder.0.bias"], math.nan)},
    }
    for message, wrong in cases.items():
        run.save_weights(wrong)
        with pytest.raises(ModelError, match=message):
            run.load_network()
