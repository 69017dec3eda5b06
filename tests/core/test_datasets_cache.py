"""The cache, cancelling, bounds on memory, and the built-in faces as a source."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import ImportConfig
from core.datasets import LabelColumn, import_dataset, inspect_source, open_dataset
from core.datasets.builtin import FacesSpec, parse_faces
from core.datasets.cache import CacheWriter, load_entry, pictures_folder
from core.datasets.dataset import Skipped
from core.datasets.faces import draw_faces
from core.datasets.parallel import TASKS_PER_WORKER, in_order
from core.datasets.unfinished import PREFIX
from core.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 12, 10, 3), dtype=np.uint8)


def _write(key: str) -> None:
    labels = (
        LabelColumn("kind", np.arange(30, dtype=np.int32) % 2 - 1, ("only",)),
        LabelColumn("age", np.linspace(0, 1, 30, dtype=np.float32)),
    )
    with CacheWriter(key) as writer:
        writer.append(PIXELS[:7])
        writer.append(PIXELS[7:])
        writer.finish("read so", labels, [f"{i}.png" for i in range(30)], [Skipped("é.png", "It is broken.")])


def test_an_entry_comes_back_as_it_was_written() -> None:
    _write("key")
    entry = load_entry("key")
    assert entry is not None
    np.testing.assert_array_equal(entry.pixels, PIXELS)
    np.testing.assert_array_equal(np.load(next(pictures_folder().glob("*/pixels.npy"))), PIXELS)
    assert entry.reading == "read so"
    assert [column.name for column in entry.labels] == ["kind", "age"]
    assert entry.labels[0].text(1) == "only"
    np.testing.assert_array_equal(entry.labels[1].values, np.linspace(0, 1, 30, dtype=np.float32))
    assert entry.files[29] == "29.png"
    assert entry.skipped == (Skipped("é.png", "It is broken."),)


def test_leaving_before_the_end_leaves_nothing() -> None:
    def fail() -> None:
        with CacheWriter("key") as writer:
            writer.append(PIXELS)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(pictures_folder().iterdir()) == []
    assert load_entry("key") is None


@pytest.mark.parametrize("damage", ["cut", "longer", "meta", "count", "labels", "no pixels", "garbage"])
def test_a_damaged_entry_is_taken_for_absent_and_made_again(damage: str) -> None:
    _write("key")
    (folder,) = pictures_folder().iterdir()
    pixels, meta = folder / "pixels.npy", folder / "meta.json"
    if damage == "cut":
        os.truncate(pixels, pixels.stat().st_size - 1)
    elif damage == "longer":
        os.truncate(pixels, pixels.stat().st_size + 1)
    elif damage == "meta":
        meta.write_text("{")
    elif damage == "count":
        meta.write_text(json.dumps(json.loads(meta.read_text()) | {"count": 29}))
    elif damage == "labels":
        np.save(folder / "labels-0.npy", np.full(30, 5, np.int32))
    elif damage == "no pixels":
        pixels.unlink()
    else:
        pixels.write_bytes(b"\x93NUMPY garbage")
    assert load_entry("key") is None
    _write("key")
    entry = load_entry("key")
    assert entry is not None
    np.testing.assert_array_equal(entry.pixels, PIXELS)


def test_the_same_entry_made_twice_at_once_is_one() -> None:
    with CacheWriter("key") as slower:
        slower.append(PIXELS)
        _write("key")
        assert slower.finish("read so").reading == "read so"
    assert len(list(pictures_folder().iterdir())) == 1


def test_leftovers_of_killed_imports_are_removed() -> None:
    old, young = pictures_folder() / ".part-old", pictures_folder() / ".part-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    _write("key")
    assert not old.exists()
    assert young.exists()


def _folder_of_pictures(folder: Path, count: int, side: int = 24) -> None:
    for index in range(count):
        Image.fromarray(np.full((side, side, 3), index % 256, np.uint8)).save(folder / f"{index:04}.png")


@pytest.mark.parametrize("kind", ["folder", "npy", "faces"])
def test_closing_an_import_leaves_no_cache_and_no_thread(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        _folder_of_pictures(tmp_path, 100)
        source = str(tmp_path)
    elif kind == "npy":
        np.save(tmp_path / "a.npy", np.random.default_rng(0).random((500, 64, 64, 3), np.float32))
        source = str(tmp_path / "a.npy")
    else:
        source = "faces:count=200,size=32"
    threads = threading.active_count()
    total = open_dataset(source, ImportConfig(size=40)).identity.count
    for wanted in (0, 1, total):  # the last record comes before the cache is put in its place
        steps = import_dataset(source, ImportConfig(size=48))
        while next(steps).done < wanted:
            pass
        steps.close()
        assert threading.active_count() == threads
        left = [path.name for path in pictures_folder().iterdir() if not path.name.startswith(PREFIX)]
        assert len(left) == 1, wanted  # that of size 40
    assert open_dataset(source, ImportConfig(size=48)).picture_shape == (48, 48, 3)


def test_progress_comes_in_order_and_reaches_the_total(tmp_path: Path) -> None:
    _folder_of_pictures(tmp_path, 60)
    records = list(import_dataset(tmp_path, ImportConfig(size=16, colour="colour")))
    assert [record.done for record in records] == sorted(record.done for record in records)
    assert records[-1].done == records[-1].total == 60
    assert all(record.text for record in records)


def test_work_in_flight_is_bounded_and_in_order() -> None:
    begun: list[int] = []

    def items() -> Iterator[int]:
        for index in range(100):
            begun.append(index)
            yield index

    results: list[int] = []
    for result in in_order(lambda index: index * index, items(), workers=2):
        if result is not None:
            results.append(result)
            assert len(begun) - len(results) <= 2 * TASKS_PER_WORKER
    assert results == [index * index for index in range(100)]


def test_slow_work_still_reports() -> None:
    gate = threading.Event()
    steps = in_order(lambda _: gate.wait(20.0), [0], workers=1)
    assert next(steps) is None
    assert next(steps) is None
    gate.set()
    assert next(result for result in steps if result is not None) is True
    steps.close()


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 16, 16), np.float32))
    usage = type("Usage", (), {"free": 10})()
    monkeypatch.setattr("core.datasets.cache.shutil.disk_usage", lambda _: usage)
    with pytest.raises(DataError, match="free"):
        open_dataset(tmp_path / "a.npy")


def test_a_cache_that_cannot_be_written_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LATENT_DIALS_HOME", str(tmp_path / "file"))
    np.save(tmp_path / "a.npy", np.zeros((2, 16, 16), np.float32))
    with pytest.raises(DataError, match="LATENT_DIALS_HOME"):
        open_dataset(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("source", "spec"),
    [
        ("faces", FacesSpec(5000, 64, 0)),
        ("faces:", FacesSpec()),
        ("faces:count=10000,size=96,seed=1", FacesSpec(10000, 96, 1)),
        ("faces: size = 96", FacesSpec(size=96)),
    ],
)
def test_faces_specs_are_parsed(source: str, spec: FacesSpec) -> None:
    assert parse_faces(source) == spec
    assert parse_faces(str(spec)) == spec


@pytest.mark.parametrize(
    "settings", ["count=0", "size=4", "size=513", "seed=-1", "hats=3", "count", "count=1e9", "size=²"]
)
def test_faces_specs_that_are_wrong_are_refused(settings: str) -> None:
    with pytest.raises(DataError, match="not understood"):
        open_dataset(f"faces:{settings}")


def test_faces_are_those_that_were_drawn() -> None:
    source = "faces:count=70,size=48,seed=3"
    inspection = inspect_source(source, ImportConfig())
    dataset = open_dataset(source)
    drawn = draw_faces(70, 48, 3)
    np.testing.assert_array_equal(dataset.pixels, drawn.pixels)
    np.testing.assert_array_equal(inspection.samples, drawn.pixels[:8])
    assert [column.name for column in dataset.labels] == [column.name for column in drawn.labels]
    for ours, theirs in zip(dataset.labels, drawn.labels, strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values)
        assert ours.classes == theirs.classes
    assert inspect_source(source, ImportConfig()).cached
    assert (dataset.identity.source, dataset.identity.kind) == (source, "faces")
    assert open_dataset(source, ImportConfig(size=32, colour="grey")).picture_shape == (32, 32, 1)
