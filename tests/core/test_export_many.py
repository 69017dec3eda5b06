"""One adjustment on many pictures, codes and networks as files: held against the arrays themselves."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.codec import Codec
from core.datasets.dataset import ImageDataset, LabelColumn
from core.directions import Found
from core.edits import Direction, apply_edits, parse_edits
from core.encoding import finished
from core.errors import ConfigError, ExportError
from core.export import networks
from core.export.code_files import write_codes, write_directions_to
from core.export.many import edit_many, parse_indices
from core.export.networks import compared, export_networks
from core.models import NetworkConfig, build_network
from core.models.layer_list import Layer, LayerNetwork, Option
from core.painting import with_detail
from core.pixels import to_float
from tests.core.tiny import tiny_dataset


@pytest.fixture(scope="module")
def dataset() -> ImageDataset:
    plain = tiny_dataset(30)
    kinds = np.arange(30, dtype=np.int32) % 3 - 1
    sizes = np.linspace(0, 1, 30, dtype=np.float32)
    labels = (LabelColumn("kind, of it", kinds, ("left", "rïght")), LabelColumn("size", sizes))
    return ImageDataset(plain.pixels, plain.identity, plain.reading, labels)


@pytest.fixture(scope="module")
def codec() -> Codec:
    return tiny_codec("ae")


def tiny_codec(objective: str, network: str = "fc") -> Codec:
    config = NetworkConfig.model_validate(
        {
            "network": network,
            "objective": objective,
            "height": 8,
            "width": 8,
            "channels": 3,
            "latent_dim": 4,
            "hidden": (16,),
        }
    )
    return Codec(build_network(config, torch.Generator().manual_seed(5)))


def edited_by_hand(codec: Codec, dataset: ImageDataset, indices, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Reconstructed and edited pictures, one at a time."""
    before, after = [], []
    for index in indices:
        code = codec.encode(dataset.pictures([int(index)]))
        before.append(codec.decode(code)[0])
        after.append(codec.decode(apply_edits(parse_edits(text, 4), code))[0])
    return np.stack(before), np.stack(after)


# ---- many pictures ---------------------------------------------------------------------------------------


def test_a_folder_holds_every_picture_and_what_changed(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    indices = np.array([4, 0, 29, 7])
    out = tmp_path / "edited"
    edits = parse_edits("0+2,3=-1", 4)
    result = finished(edit_many(codec, dataset, indices, edits, out))
    before, after = edited_by_hand(codec, dataset, indices, "0+2,3=-1")
    for index, picture in zip(indices, after, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(out / f"{index:05}.png")), picture)
    change = after.astype(np.float64) - before
    np.testing.assert_allclose(result.mean_change, change.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(result.spread, change.std(axis=0), atol=1e-9)
    rows = list(csv.DictReader((out / "changes.csv").read_text().splitlines()))
    assert [int(row["index"]) for row in rows] == indices.tolist()
    for row, one in zip(rows, change, strict=True):
        assert float(row["mean_absolute"]) == pytest.approx(np.abs(one).mean(), rel=1e-5)
        assert float(row["root_mean_square"]) == pytest.approx(np.sqrt((one**2).mean()), rel=1e-5)
        assert float(row["brightness"]) == pytest.approx(one.mean(), rel=1e-5, abs=1e-5)
        assert int(row["largest"]) == np.abs(one).max()
    summary = json.loads((out / "summary.json").read_text())
    sizes = np.abs(change).mean(axis=(1, 2, 3))
    assert summary["pictures"] == 4
    assert summary["adjustment"] == "0+2,3=-1"
    assert summary["mean_absolute_change"]["mean"] == pytest.approx(sizes.mean())
    assert summary["mean_absolute_change"]["standard_deviation"] == pytest.approx(sizes.std())
    assert summary["most_changed"] == indices[sizes.argmax()]
    gain = int(summary["mean-change.png"].split()[2])
    shown = np.asarray(Image.open(out / "mean-change.png"))
    np.testing.assert_array_equal(shown, np.clip((128 + gain * change.mean(axis=0)).round(), 0, 255))
    shown = np.asarray(Image.open(out / "mean-after.png"))
    np.testing.assert_array_equal(shown, after.mean(axis=0).round())
    assert np.asarray(Image.open(out / "sheet.png")).shape[1] > 8 * 8
    assert result.sheet == out / "sheet.png"


def test_an_array_holds_the_same_in_the_order_asked_for(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    indices = np.array([9, 3, 3 + 20])
    path = tmp_path / "edited.npy"
    result = finished(edit_many(codec, dataset, indices, parse_edits("1*-2", 4), path))
    array = np.load(path, allow_pickle=False)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, edited_by_hand(codec, dataset, indices, "1*-2")[1])
    assert result.sheet == tmp_path / "edited-sheet.png"
    assert result.sheet.is_file()
    assert (tmp_path / "edited-changes.csv").is_file()


def test_the_original_s_detail_is_put_back_into_every_picture(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    indices, out = np.array([9, 2]), tmp_path / "all.npy"
    result = finished(edit_many(codec, dataset, indices, parse_edits("0+20", 4), out, detail=True))
    originals = dataset.pictures(indices)
    before, after = edited_by_hand(codec, dataset, indices, "0+20")
    expected = [with_detail(*three) for three in zip(originals, before, after, strict=True)]
    assert np.array_equal(np.load(out), expected)
    sizes = [change.mean_absolute for change in result.changes]
    assert sizes == pytest.approx(np.abs(np.array(expected, float) - originals).mean(axis=(1, 2, 3)))
    assert json.loads((tmp_path / "all-summary.json").read_text())["originals_detail"] is True


def test_nothing_stays_of_what_is_given_up_and_nothing_is_overwritten(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    edits = parse_edits("0+2", 4)
    for name in ("folder", "array.npy"):
        work = edit_many(codec, dataset, np.arange(30), edits, tmp_path / name)
        next(work)
        work.close()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="already holds files"):
        finished(edit_many(codec, dataset, np.arange(3), edits, tmp_path / "full"))
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    finished(edit_many(codec, dataset, np.arange(3), edits, tmp_path / "empty"))
    assert (tmp_path / "empty" / "00002.png").is_file()


def test_indices_are_read_as_they_are_written() -> None:
    assert parse_indices("0-2, 9,1", 10).tolist() == [0, 1, 2, 9]
    for text, sentence in (
        ("0-10", "no pictures 0-10"),
        ("a", "'a' names no"),
        ("5-2", "5-2"),
        ("1,,2", "''"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            parse_indices(text, 10)


# ---- codes and directions --------------------------------------------------------------------------------


def test_codes_come_back_to_the_bit(codec: Codec, dataset: ImageDataset, tmp_path: Path) -> None:
    pictures = dataset.pictures(slice(None))
    wanted = codec.encode(pictures)
    finished(write_codes(codec, dataset, tmp_path / "codes.npz"))
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as file:
        assert sorted(file) == ["codes", "errors", "indices", "labels_kind_of_it", "labels_size"]
        np.testing.assert_allclose(file["codes"], wanted, atol=1e-6)
        recon = codec.decode_float(wanted)
        errors = (recon - to_float(pictures)).square().mean((1, 2, 3)).numpy()
        np.testing.assert_allclose(file["errors"], errors, rtol=1e-5)
        assert file["indices"].tolist() == list(range(30))
        assert file["labels_kind_of_it"].tolist()[:4] == ["", "left", "rïght", ""]
        codes = file["codes"]
    some = np.array([3, 1])
    finished(write_codes(codec, dataset, tmp_path / "codes.csv", some))
    rows = list(csv.reader(io.StringIO((tmp_path / "codes.csv").read_text("utf-8"))))
    assert rows[0] == ["index", "error", "z0", "z1", "z2", "z3", "kind, of it", "size"]
    assert [int(row[0]) for row in rows[1:]] == [3, 1]
    read = np.array([[float(cell) for cell in row[2:6]] for row in rows[1:]], np.float32)
    np.testing.assert_allclose(read, codes[some], atol=1e-6)
    np.testing.assert_array_equal(read, codec.encode(dataset.pictures(some)))
    assert rows[2][6] == "left"
    assert np.float32(rows[2][7]) == dataset.labels[1].values[1]


def test_labels_that_are_numbers_keep_their_digits(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(0).normal(0, 1e5, 30).astype(np.float32)
    numbers[:3] = 12345, np.nan, 0.1
    sizes = LabelColumn("size", numbers)
    finished(write_codes(codec, replace(dataset, labels=(sizes,)), tmp_path / "codes.csv"))
    cells = [line.rsplit(",", 1)[1] for line in (tmp_path / "codes.csv").read_text().splitlines()[1:]]
    assert cells[:2] == ["12345", ""]
    assert sizes.text(1) == ""
    np.testing.assert_array_equal(np.array([float(cell or "nan") for cell in cells], np.float32), numbers)


def test_no_two_columns_of_the_codes_have_one_name(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    names = ("index", "error", "z0", "z99", "label_index", "label", "label_index_2", "label")
    labels = tuple(LabelColumn(name, np.full(30, at, np.float32)) for at, name in enumerate(names))
    finished(write_codes(codec, replace(dataset, labels=labels), tmp_path / "codes.csv"))
    rows = list(csv.reader((tmp_path / "codes.csv").read_text().splitlines()))
    assert len(set(rows[0])) == len(rows[0])
    assert rows[0][2 + codec.latent_dim :] == [
        "label_label_index", "label_error", "label_z0", "z99", "label_index", "label", "label_index_2",
        "label_label",
    ]  # fmt: skip
    assert rows[1][2 + codec.latent_dim :] == [str(at) for at in range(len(names))]


def test_codes_of_what_cannot_be_written_are_refused(
    codec: Codec, dataset: ImageDataset, tmp_path: Path
) -> None:
    for name, sentence in (
        ("codes.txt", r"must end in \.npz, \.csv"),
        ("absent/codes.csv", "folder is not there"),
    ):
        with pytest.raises(ExportError, match=sentence):
            finished(write_codes(codec, dataset, tmp_path / name))
    work = write_codes(codec, dataset, tmp_path / "codes.npz")
    next(work)
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_directions_go_out_in_three_formats(tmp_path: Path) -> None:
    found = [
        Found(Direction("smile", (1.0, 0.5, -0.25, 0.1)), "mean-difference", "Smiling: 1", positive=3),
        Found(Direction("first, of all", (0.0, 0.0, 1e-8, 2.0)), "pca", share=0.5),
    ]
    vectors = [list(one.direction.vector) for one in found]
    for suffix in (".npz", ".csv", ".json"):
        write_directions_to(found, tmp_path / f"d{suffix}")
    with np.load(tmp_path / "d.npz", allow_pickle=False) as file:
        assert file["names"].tolist() == ["smile", "first, of all"]
        np.testing.assert_array_equal(file["vectors"], vectors)
    rows = list(csv.reader((tmp_path / "d.csv").read_text().splitlines()))
    assert rows[0][:3] == ["name", "kind", "source"]
    at = rows[0].index("z0")
    assert rows[0][at:] == ["z0", "z1", "z2", "z3"]
    assert [[float(cell) for cell in row[at:]] for row in rows[1:]] == vectors
    facts = json.loads((tmp_path / "d.json").read_text())
    assert [one["vector"] for one in facts] == vectors
    assert facts[1]["share_of_variance"] == 0.5
    with pytest.raises(ExportError, match="no directions yet"):
        write_directions_to([], tmp_path / "none.json")


# ---- networks --------------------------------------------------------------------------------------------


def layered_codec() -> Codec:
    """A network as an imported one: convolutions, pictures in 0..1, log-variance."""
    line: dict[str, Option] = {
        "in_channels": 3,
        "out_channels": 4,
        "kernel_size": 4,
        "stride": 2,
        "padding": 1,
    }
    back: dict[str, Option] = {
        "in_channels": 4,
        "out_channels": 3,
        "kernel_size": 4,
        "stride": 2,
        "padding": 1,
    }
    layers = LayerNetwork(
        encoder=(
            Layer(kind="Conv2d", options=line),
            Layer(kind="BatchNorm2d", options={"num_features": 4}),
            Layer(kind="ReLU"),
            Layer(kind="Flatten"),
        ),
        mean=(Layer(kind="Linear", options={"in_features": 64, "out_features": 5}),),
        spread=(Layer(kind="Linear", options={"in_features": 64, "out_features": 5}),),
        decoder=(
            Layer(kind="Linear", options={"in_features": 5, "out_features": 64}),
            Layer(kind="Unflatten", options={"dim": 1, "unflattened_size": (4, 4, 4)}),
            Layer(kind="ConvTranspose2d", options=back),
            Layer(kind="Sigmoid"),
        ),
        spread_meaning="log_variance",
        value_range="0..1",
        order="pictures",
        code_shape=(5,),
    )
    config = NetworkConfig(
        network="layers", objective="vae", height=8, width=8, channels=3, latent_dim=5, layers=layers
    )
    return Codec(filled(config))


def filled(config: NetworkConfig):
    from core.models import empty_network

    network = empty_network(config)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) * 0.2 + 0.05)
    return network


@pytest.mark.parametrize("kind", ["fc ae", "conv vae", "layers"])
def test_onnxruntime_gives_the_same_pictures(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: pip install latent-dials[onnx]")
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    codec = layered_codec() if kind == "layers" else tiny_codec(kind.split()[1], kind.split()[0])
    pictures = tiny_dataset(7).pictures(slice(None))
    out = tmp_path / "network"
    check = finished(export_networks(codec, out, pictures))
    assert check.pictures < 1e-5
    sessions = [onnxruntime.InferenceSession(str(out / f"{name}.onnx")) for name in ("encoder", "decoder")]
    for count in (1, 3, 7):  # any number, not only those of the check
        x = pictures[:count].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1.0
        found = sessions[0].run(None, {"pictures": x})
        np.testing.assert_allclose(found[0], codec.encode(pictures[:count]), atol=1e-5)
        (decoded,) = sessions[1].run(["pictures"], {"codes": found[0]})
        np.testing.assert_allclose(decoded, codec.decode_float(found[0]).numpy(), atol=1e-5)
        names = [output.name for output in sessions[0].get_outputs()]
        assert names == (["codes"] if kind.endswith(" ae") else ["codes", "log_std"])
    about = json.loads((out / "about.json").read_text())
    assert about["checked_with_onnxruntime"]["largest_difference"] == check.pictures


def test_a_network_that_gives_other_pictures_is_not_written(
    codec: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    other = tiny_codec("ae")
    with torch.no_grad():
        for weight in other.network.decoder.parameters():
            weight.mul_(1.01)
    written: list[bytes] = []
    original = networks._onnx_bytes

    def of_another(module, example, name, outputs):
        if name == "codes":
            module = networks._Decoder(other.network)
        written.append(original(module, example, name, outputs))
        return written[-1]

    monkeypatch.setattr(networks, "_onnx_bytes", of_another)
    with pytest.raises(ExportError, match=r"onnxruntime gives other pictures .* nothing was written"):
        finished(export_networks(codec, tmp_path / "network"))
    assert list(tmp_path.iterdir()) == []
    x = to_float(tiny_dataset(5).pictures(slice(None)))
    assert compared(codec.network, written[0], written[1], x).pictures > 1e-4


def test_without_the_packages_a_sentence_says_what_to_install(
    codec: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ExportError, match=r'pip install -e "\.\[onnx\]"'):
        finished(export_networks(codec, tmp_path / "network"))
