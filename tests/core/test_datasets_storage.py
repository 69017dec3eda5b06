"""Reading pictures by pread gives what numpy's map gives, for every layout, and leaves no memory behind."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.datasets import open_dataset, storage
from core.datasets.dataset import ImageDataset
from core.datasets.storage import file_rows, index_array
from core.errors import DataError

pytestmark = pytest.mark.skipif(not storage.CAN_PREAD, reason="this system reads through the map")

LAYOUTS = {
    "colour": (40, 9, 11, 3),
    "grey": (40, 9, 11),
    "alpha": (40, 9, 11, 4),
    "channels first": (40, 3, 9, 11),
    "grey first": (40, 1, 9, 11),
}


@pytest.fixture
def small_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "SMALL_BYTES", 0)


def _open(folder: Path, shape: tuple[int, ...]) -> tuple[ImageDataset, NDArray[np.uint8]]:
    path = folder / "pictures.npy"
    stored = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    np.save(path, stored)
    dataset = open_dataset(path)
    return dataset, np.array(dataset.pixels)


@pytest.mark.usefixtures("small_files_too")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pictures_are_those_of_the_array(tmp_path: Path, layout: str) -> None:
    dataset, expected = _open(tmp_path, LAYOUTS[layout])
    assert file_rows(dataset.pixels) is not None
    random = np.random.default_rng(2)
    for indices in (
        np.sort(random.choice(40, 20, replace=False)),
        random.integers(-40, 40, 30),
        np.array([39, 0, 0, 1, 2, 3], np.int64),
        np.zeros(0, np.int64),
    ):
        read = dataset.pictures(indices)
        assert read.flags.c_contiguous
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, expected[indices])
        dataset.prefetch(np.abs(indices))
    np.testing.assert_array_equal(dataset.pictures(slice(30, 2, -3)), expected[30:2:-3])
    np.testing.assert_array_equal(dataset.pictures([7, 39]), expected[[7, 39]])
    for bad in (40, -41):
        with pytest.raises(IndexError):
            dataset.pictures([3, bad])


@pytest.mark.usefixtures("small_files_too")
def test_views_that_are_no_rows_of_a_file_are_left_to_numpy(tmp_path: Path) -> None:
    dataset, expected = _open(tmp_path, (12, 8, 8, 3))
    pixels = dataset.pixels
    assert isinstance(pixels, np.ndarray)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(expected))
    fortran = open_dataset(tmp_path / "fortran.npy")
    np.testing.assert_array_equal(fortran.pictures([3, 5]), expected[[3, 5]])
    for view in (pixels[::-1], pixels[:, ::-1], fortran.pixels, expected, pixels.copy(), pixels[:0]):
        assert file_rows(view) is None
    for view in (pixels[3:], pixels[::2], pixels[:, 2:5], pixels[:, :, ::2], pixels[..., :1]):
        rows = file_rows(view)
        assert rows is not None
        indices = np.arange(len(view), dtype=np.int64)
        np.testing.assert_array_equal(rows.read(indices), np.array(view))


@pytest.mark.usefixtures("small_files_too")
def test_a_file_that_becomes_shorter_is_a_sentence(tmp_path: Path) -> None:
    dataset, expected = _open(tmp_path, (40, 8, 8, 3))
    os.truncate(tmp_path / "pictures.npy", 5000)
    np.testing.assert_array_equal(dataset.pictures([0, 1]), expected[:2])
    with pytest.raises(DataError, match=r"pictures\.npy cannot be read any more: it became shorter"):
        dataset.pictures([0, 39])


@pytest.mark.usefixtures("small_files_too")
def test_another_file_of_the_same_name_does_not_change_what_is_open(tmp_path: Path) -> None:
    dataset, expected = _open(tmp_path, (40, 8, 8, 3))
    np.save(tmp_path / "other.npy", 255 - expected)
    os.replace(tmp_path / "other.npy", tmp_path / "pictures.npy")
    np.testing.assert_array_equal(dataset.pictures([4, 9]), expected[[4, 9]])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_reading_a_large_file_leaves_memory_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "sparse.npy"
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (40_000, 64, 64, 3)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 40_000 * 64 * 64 * 3)
    dataset = open_dataset(path)
    before = _resident_file_mb()
    random = np.random.default_rng(0)
    for _ in range(40):
        dataset.pictures(np.sort(random.choice(40_000, 256, replace=False)))
    assert _resident_file_mb() - before < 10  # 120 MB were read


def _resident_file_mb() -> float:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("RssFile:") + 1]) / 1024


def test_indices_mean_what_they_mean_to_numpy() -> None:
    things = np.arange(10) * 7
    for wanted in (slice(None), slice(8, None, -2), [3, -1], np.array([0, 9, -10]), things > 20):
        np.testing.assert_array_equal(things[index_array(wanted, 10)], things[wanted])
