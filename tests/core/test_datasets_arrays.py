"""npy, npz and idx: layouts, ranges, labels, and files that claim what they do not hold."""

import gzip
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets import inspect_source, open_dataset
from core.errors import DataError
from core.places import cache_folder

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (20, 16, 24, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (20, 16, 24), dtype=np.uint8)


def _npy(folder: Path, array: NDArray[Any], name: str = "a.npy") -> Path:
    np.save(folder / name, array)
    return folder / name


@pytest.mark.parametrize(
    ("stored", "expected", "reading"),
    [
        (COLOUR, COLOUR, "(20,16,24,3) uint8, 0..255, read as colour"),
        (GREY, GREY[..., None], "(20,16,24) uint8, 0..255, read as grey"),
        (GREY[..., None], GREY[..., None], "(20,16,24,1) uint8, 0..255, read as grey"),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR, "(20,3,16,24) uint8, 0..255, channels first, read as colour"),
        (np.asfortranarray(COLOUR), COLOUR, "(20,16,24,3) uint8, 0..255, read as colour"),
        (
            np.concatenate([COLOUR, GREY[..., None]], 3),
            COLOUR,
            "(20,16,24,4) uint8, 0..255, alpha dropped, read as colour",
        ),
    ],
)
def test_bytes_are_read_where_they_lie(
    tmp_path: Path, stored: NDArray[Any], expected: NDArray[np.uint8], reading: str
) -> None:
    path = _npy(tmp_path, stored)
    dataset = open_dataset(path)
    np.testing.assert_array_equal(dataset.pixels, expected)
    assert not (cache_folder() / "pictures").exists()
    assert dataset.reading == reading
    inspection = inspect_source(path, ImportConfig())
    assert inspection.cached
    assert inspection.reading == reading
    np.testing.assert_array_equal(inspection.samples[0], expected[0])
    os.truncate(path, 100)  # a map would end the process now
    np.testing.assert_array_equal(dataset.pictures(slice(None)), expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize(("name", "low", "high"), [("0..1", 0, 1), ("-1..1", -1, 1), ("0..255", 0, 255)])
def test_floats_give_back_the_bytes_they_were_made_of(
    tmp_path: Path, dtype: Any, name: str, low: int, high: int
) -> None:
    pixels = COLOUR.copy()
    pixels[0, 0, 0] = (0, 255, 128)
    stored = (pixels / 255.0 * (high - low) + low).astype(dtype)
    path = _npy(tmp_path, stored)
    assert name in inspect_source(path, ImportConfig()).reading
    dataset = open_dataset(path)
    assert name in dataset.reading
    tolerance = 0 if dtype != np.float16 or name == "-1..1" else 1  # 11 bits, halved by the offset
    assert np.abs(dataset.pictures(slice(None)).astype(int) - pixels).max() <= tolerance
    assert inspect_source(path, ImportConfig()).cached


def test_other_integers_are_read_when_they_fit(tmp_path: Path) -> None:
    np.testing.assert_array_equal(open_dataset(_npy(tmp_path, COLOUR.astype(np.int64))).pixels, COLOUR)
    with pytest.raises(DataError, match="numbers from 0 to 300"):
        open_dataset(_npy(tmp_path, np.tile(np.array([0, 300], np.uint16), (2, 8, 8))))
    clipped = open_dataset(
        _npy(tmp_path, np.tile(np.array([0, 300], np.uint16), (2, 8, 8))), ImportConfig(value_range="0..255")
    )
    assert clipped.pictures(slice(None)).max() == 255


def test_masks_of_zero_and_one_are_seen(tmp_path: Path) -> None:
    for mask in (GREY > 100, (GREY > 100).astype(np.uint8)):
        dataset = open_dataset(_npy(tmp_path, mask))
        assert "0..1" in dataset.reading
        np.testing.assert_array_equal(dataset.pixels[..., 0], (GREY > 100) * 255)
    black = open_dataset(_npy(tmp_path, np.zeros_like(GREY)))
    assert "0..255" in black.reading


def test_policy_resizes_and_recolours_arrays(tmp_path: Path) -> None:
    flat = np.full((3, 100, 100, 3), (10, 20, 30), np.uint8)
    dataset = open_dataset(_npy(tmp_path, flat), ImportConfig(size=32))
    np.testing.assert_array_equal(dataset.pixels, flat[:, :32, :32])
    assert "32×32" in dataset.reading
    assert open_dataset(tmp_path / "a.npy", ImportConfig(colour="grey")).picture_shape == (100, 100, 1)
    twice = open_dataset(_npy(tmp_path, GREY), ImportConfig(colour="colour"))
    np.testing.assert_array_equal(twice.pictures([1, 2]), np.repeat(GREY[1:3, ..., None], 3, 3))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 16, 16, 2), np.uint8), "2 channels"),
        (np.zeros((4, 16, 16, 5), np.uint8), "5 channels"),
        (np.zeros((4, 768), np.uint8), r"\(4,768\)"),
        (np.zeros((64, 64, 3), np.uint8), "one picture"),
        (np.zeros((0, 16, 16), np.uint8), "no pictures"),
        (np.zeros((4, 6, 6), np.uint8), "--size 64"),
        (np.zeros((1, 600, 600), np.uint8), "--size 64"),
        (np.zeros((4, 16, 16), np.complex64), "complex64"),
        (np.full((4, 16, 16), "x"), "<U1"),
        (np.full((4, 16, 16), None), "Python objects"),
        (np.full((4, 16, 16), np.nan, np.float32), "first in picture 0"),
        (np.full((4, 16, 16), 1e6, np.float32), "1e\\+06"),
        (np.tile(np.array([0.0, 2.5]), (4, 8, 8)), "from 0 to 2.5"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence(
    tmp_path: Path, array: NDArray[Any], message: str
) -> None:
    path = _npy(tmp_path, array)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(path)
    assert "\n" not in str(caught.value)
    assert list((cache_folder() / "pictures").glob("*")) == []


def test_an_infinite_number_far_in_is_found_and_named(tmp_path: Path) -> None:
    array = np.zeros((400, 64, 64), np.float32)
    array[371, 5, 5] = np.inf
    with pytest.raises(DataError, match="picture 371"):
        open_dataset(_npy(tmp_path, array))


def test_large_pictures_open_with_a_size(tmp_path: Path) -> None:
    path = _npy(tmp_path, np.full((2, 600, 700), 9, np.uint8))
    assert open_dataset(path, ImportConfig(size=64)).picture_shape == (64, 64, 1)


def test_headers_that_lie_are_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (1000, 1000, 1000, 1000)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(DataError, match="cut short"):
        open_dataset(path)
    with pytest.raises(DataError, match="cut short"):
        inspect_source(path, ImportConfig())
    _npy(tmp_path, COLOUR)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="cut short"):
        open_dataset(path)
    path.write_bytes(b"\x93NUMPY\x01\x00\x10\x00" + b"os.system('x')  \n")
    with pytest.raises(DataError, match="header"):
        open_dataset(path)


def test_a_copy_is_the_same_data_and_a_change_is_not(tmp_path: Path) -> None:
    first = open_dataset(_npy(tmp_path, COLOUR, "a.npy")).identity
    copy = open_dataset(_npy(tmp_path, COLOUR, "b.npy")).identity
    changed = COLOUR.copy()
    changed[11, 3, 4, 1] ^= 1
    assert copy.fingerprint == first.fingerprint
    assert open_dataset(_npy(tmp_path, changed, "c.npy")).identity.fingerprint != first.fingerprint
    sized = open_dataset(tmp_path / "a.npy", ImportConfig(size=32)).identity
    assert sized.fingerprint != first.fingerprint


def test_a_changed_file_is_imported_anew(tmp_path: Path) -> None:
    path = _npy(tmp_path, COLOUR / 255.0)
    open_dataset(path)
    _npy(tmp_path, COLOUR[::-1] / 255.0)
    np.testing.assert_array_equal(open_dataset(path).pixels, COLOUR[::-1])


def test_medmnist_splits_are_joined_in_order(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (10, 28, 28, 3), dtype=np.uint8)
    labels = RNG.integers(0, 4, (10, 1), dtype=np.uint8)
    parts = {"test": slice(8, 10), "train": slice(0, 5), "val": slice(5, 8)}
    arrays: dict[str, Any] = {f"{split}_images": images[part] for split, part in parts.items()}
    arrays |= {f"{split}_labels": labels[part] for split, part in parts.items()}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    inspection = inspect_source(tmp_path / "a.npz", ImportConfig())
    assert (inspection.count, inspection.label_names, inspection.cached) == (10, ("label", "split"), False)
    dataset = open_dataset(tmp_path / "a.npz")
    np.testing.assert_array_equal(dataset.pixels, images)
    label, split = dataset.labels
    assert [label.text(i) for i in range(10)] == [str(value) for value in labels[:, 0]]
    assert [split.text(i) for i in range(10)] == ["train"] * 5 + ["val"] * 3 + ["test"] * 2
    assert inspect_source(tmp_path / "a.npz", ImportConfig()).cached
    np.testing.assert_array_equal(inspection.samples[0], images[0])


def test_plain_npz_arrays_and_their_labels(tmp_path: Path) -> None:
    age, kind = RNG.normal(size=20), np.array(["cat", "dog"] * 10)
    path = tmp_path / "a.npz"
    np.savez(path, anything=GREY, y=np.arange(20) % 3, age=age, kind=kind, other=np.zeros(3))
    dataset = open_dataset(path)
    np.testing.assert_array_equal(dataset.pixels[..., 0], GREY)
    columns = {column.name: column for column in dataset.labels}
    assert sorted(columns) == ["age", "kind", "label"]
    np.testing.assert_array_equal(columns["age"].values, age.astype(np.float32))
    assert columns["age"].classes == ()
    assert columns["kind"].text(1) == "dog"
    assert columns["label"].classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"), ("x", "Y")],
)
def test_npz_labels_of_another_length_are_refused(tmp_path: Path, pictures: str, labels: str) -> None:
    path = tmp_path / "a.npz"
    for count in (len(GREY) - 1, len(GREY) + 1):
        np.savez(path, **{pictures: GREY, labels: np.arange(count) % 3})
        with pytest.raises(DataError) as refused:
            open_dataset(path)
        assert f"{path}: {labels} has {count} labels and {pictures} has 20 pictures" in str(refused.value)
        np.savez(path, **{pictures: GREY, labels: np.arange(20) % 3, "weights": np.arange(float(count))})
        assert "label" in [
            column.name for column in open_dataset(path).labels
        ]  # what is no label is passed by


def test_npz_of_dsprites_kind_never_reads_its_objects(tmp_path: Path) -> None:
    masks = (GREY > 100).astype(np.uint8)
    latents = np.stack([np.arange(20) % 3, np.arange(20) % 5], 1)
    np.savez_compressed(
        tmp_path / "a.npz", imgs=masks, latents_classes=latents, metadata=np.array({"a": 1}, dtype=object)
    )
    dataset = open_dataset(tmp_path / "a.npz")
    np.testing.assert_array_equal(dataset.pixels[..., 0], masks * 255)
    assert [column.name for column in dataset.labels] == ["latents_classes 0", "latents_classes 1"]


def test_npz_that_is_unclear_or_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, one=GREY, two=GREY)
    with pytest.raises(DataError, match="one, two"):
        open_dataset(path)
    np.savez(path, words=np.zeros(3))
    with pytest.raises(DataError, match="no array of pictures"):
        open_dataset(path)
    with zipfile.ZipFile(path, "w") as archive, archive.open("images.npy", "w") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (10**9, 64, 64)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(DataError, match="cannot hold"):
        open_dataset(path)
    np.savez(path, train_images=GREY, test_images=GREY[:, :, :20])
    with pytest.raises(DataError, match="one size"):
        open_dataset(path)


def test_npz_damaged_within_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=np.tile(COLOUR, (40, 1, 1, 1)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="images cannot be read"):
        open_dataset(path)
    assert list((cache_folder() / "pictures").glob("*")) == []
    assert list((cache_folder() / "pictures").glob(".*")) == []


def _idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_idx_with_labels_beside_it(tmp_path: Path, packed: bool) -> None:
    labels = (np.arange(20) % 10).astype(np.uint8)
    pack = gzip.compress if packed else bytes
    end = ".gz" if packed else ""
    path = tmp_path / f"train-images-idx3-ubyte{end}"
    path.write_bytes(pack(_idx(GREY)))
    (tmp_path / f"train-labels-idx1-ubyte{end}").write_bytes(pack(_idx(labels)))
    inspection = inspect_source(path, ImportConfig())
    assert inspection.cached is not packed
    np.testing.assert_array_equal(inspection.samples[0, :, :, 0], GREY[0])
    dataset = open_dataset(path)
    np.testing.assert_array_equal(dataset.pixels[..., 0], GREY)
    assert [dataset.labels[0].text(i) for i in range(20)] == [str(label) for label in labels]
    assert (cache_folder() / "pictures").exists() is packed


def test_idx_that_lies_or_is_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a-idx3-ubyte"
    lie = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 64, 64)
    for content in (lie, gzip.compress(lie), _idx(GREY)[:-1]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cannot hold"):
            open_dataset(path)
    path.write_bytes(gzip.compress(_idx(GREY)[:-1]))
    with pytest.raises(DataError, match="cut short"):
        open_dataset(path)
    path.write_bytes(gzip.compress(_idx(GREY))[:-200])
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset(path)
    path.write_bytes(_idx(np.zeros(5, np.uint8)))
    with pytest.raises(DataError, match="holds labels"):
        open_dataset(path)


def test_unknown_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No pictures are named"):
        open_dataset("")
    (tmp_path / "a.bin").write_bytes(b"whatever it is")
    with pytest.raises(DataError, match="no known kind"):
        open_dataset(tmp_path / "a.bin")


def test_real_arrays(real_data: Path) -> None:
    faces = open_dataset(real_data / "faces_train.npy")
    assert faces.reading == "(4500,64,64,3) uint8, 0..255, read as colour"
    np.testing.assert_array_equal(faces.pixels[7], np.load(real_data / "faces_train.npy", mmap_mode="r")[7])
    assert open_dataset(real_data / "olivetti_grey.npy").picture_shape == (64, 64, 1)
    digits = open_dataset(real_data / "t10k-images-idx3-ubyte.gz")
    raw = gzip.decompress((real_data / "t10k-images-idx3-ubyte.gz").read_bytes())
    np.testing.assert_array_equal(
        digits.pictures(slice(None)).reshape(-1), np.frombuffer(raw, np.uint8, offset=16)
    )
    assert [digits.labels[0].text(i) for i in range(5)] == ["7", "2", "1", "0", "4"]
