"""An import of picture files that breaks off goes on later, and gives what one without a break gives."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import ImportConfig
from core.datasets import ImageDataset, ImportProgress, decode_pool, import_dataset, open_dataset
from core.datasets.cache import CacheWriter, pictures_folder
from core.datasets.decode_pool import Target, decode_files
from core.datasets.decoding import decode_any
from core.datasets.unfinished import PREFIX, claim

COUNT = 200
POLICY = ImportConfig(size=32, colour="colour")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of PNGs, of which one in ten is damaged."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(COUNT):
        path = folder / f"{index:03}.png"
        Image.fromarray(random.integers(0, 256, (40, 40 + index % 3, 3), np.uint8)).save(path)
        if index % 10 == 5:
            os.truncate(path, 600)
    return folder


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress after every task, and one core, so that an import can be left where a test wants it."""
    monkeypatch.setattr("core.datasets.picture_files.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr(decode_pool, "cores", lambda: 1)


def _finish(steps: Generator[ImportProgress, None, ImageDataset]) -> tuple[ImageDataset, list[int]]:
    done = []
    while True:
        try:
            done.append(next(steps).done)
        except StopIteration as end:
            return end.value, done


def _expected(folder: Path) -> tuple[np.ndarray, list[str]]:
    decoded = {p.name: decode_any(p, 3, 32, "crop").pixels for p in sorted(folder.iterdir())}
    return np.stack([d for d in decoded.values() if d is not None]), [
        n for n, d in decoded.items() if d is None
    ]


def _check(dataset: ImageDataset, folder: Path) -> None:
    pixels, broken = _expected(folder)
    np.testing.assert_array_equal(dataset.pictures(slice(None)), pixels)
    assert [item.file for item in dataset.skipped] == broken
    assert len(broken) == COUNT // 10
    assert not list(pictures_folder().glob(f"{PREFIX}*"))


@pytest.mark.usefixtures("eager")
def test_a_cancelled_import_goes_on_where_it_was(pictures: Path) -> None:
    reached = 0
    for wanted in (40, 41, 120):
        steps = import_dataset(pictures, POLICY)
        first = next(steps).done
        assert first >= reached
        done = first
        while done < wanted:
            done = next(steps).done
        reached = done
        steps.close()
    dataset, done = _finish(import_dataset(pictures, POLICY))
    assert done[0] >= reached
    _check(dataset, pictures)


@pytest.mark.usefixtures("eager")
def test_a_changed_source_starts_anew(pictures: Path) -> None:
    steps = import_dataset(pictures, POLICY)
    while next(steps).done < 100:
        pass
    steps.close()
    Image.fromarray(np.full((40, 40, 3), 9, np.uint8)).save(pictures / "000.png")
    dataset, done = _finish(import_dataset(pictures, POLICY))
    assert done[0] <= decode_pool.FILES_IN_A_TASK
    assert (dataset.pictures([0]) == 9).all()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("damage", ["rows", "state", "count", "no pixels"])
def test_damaged_leftovers_are_made_again(pictures: Path, damage: str) -> None:
    steps = import_dataset(pictures, POLICY)
    while next(steps).done < 100:
        pass
    steps.close()
    (folder,) = pictures_folder().glob(f"{PREFIX}*")
    rows = json.loads((folder / "rows.json").read_text())
    if damage == "rows":
        os.truncate(folder / "pixels.npy", 4000)
    elif damage == "state":
        (folder / "rows.json").write_text("{")
    elif damage == "count":
        (folder / "rows.json").write_text(json.dumps(rows | {"count": rows["count"] - 1}))
    else:
        (folder / "pixels.npy").unlink()
    dataset, done = _finish(import_dataset(pictures, POLICY))
    assert done[0] <= decode_pool.FILES_IN_A_TASK
    _check(dataset, pictures)


KILLED = """
import sys, time
from core.config import ImportConfig
from core.datasets import import_dataset, picture_files
picture_files.SAVE_INTERVAL_S = picture_files.REPORT_INTERVAL_S = 0.0
for progress in import_dataset(sys.argv[1], ImportConfig(size=32, colour="colour")):
    if progress.done >= 100:
        print(progress.done, flush=True)
        time.sleep(60)
"""


def test_a_killed_import_goes_on_too_and_beside_a_living_one_begins_its_own(pictures: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(pictures)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        reached = int(process.stdout.readline())
        name = next(pictures_folder().glob(f"{PREFIX}*")).name.removeprefix(PREFIX)
        assert claim(pictures_folder(), name, patience_s=0.0) is None
        process.kill()
    dataset, done = _finish(import_dataset(pictures, POLICY))
    assert done[0] >= reached - decode_pool.FILES_IN_A_TASK
    _check(dataset, pictures)


def test_two_imports_of_one_source_at_once_give_the_same(pictures: Path) -> None:
    results: list[ImageDataset] = []
    threads = [
        threading.Thread(target=lambda: results.append(open_dataset(pictures, POLICY))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    for dataset in results:
        _check(dataset, pictures)


def test_a_second_writer_beside_the_first_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.datasets.unfinished.PATIENCE_S", 0.0)
    monkeypatch.setattr("core.datasets.cache.claim", lambda parent, name: claim(parent, name, 0.0))
    pixels = np.zeros((5, 8, 8, 3), np.uint8)
    with CacheWriter("key", lambda: (5, "")) as first:
        first.append(pixels)
        with CacheWriter("key", lambda: (5, "")) as second:
            assert second.resumed is None
            assert second.folder != first.folder
            second.append(pixels)
            second.finish("read so")
        assert first.finish("read so").reading == "read so"
    assert len(list(pictures_folder().iterdir())) == 1


def test_leftovers_that_nobody_goes_on_with_are_removed_after_days() -> None:
    for age_days, stays in ((6, True), (8, False)):
        with CacheWriter("key", lambda: (5, "")) as writer:
            writer.append(np.zeros((5, 8, 8, 3), np.uint8))
        (folder,) = pictures_folder().glob(f"{PREFIX}*")
        then = time.time() - age_days * 24 * 3600
        os.utime(folder, (then, then))
        with CacheWriter("other"):
            assert folder.exists() is stays


@pytest.mark.parametrize("late", ["colour", "size"])
def test_a_late_header_that_changes_the_plan(
    tmp_path: Path, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first look misses: one picture that is not grey, or not as large as the others."""
    monkeypatch.setattr("core.datasets.picture_files.HEADERS_IN_A_LOOK", 2)
    for index in range(80):
        Image.fromarray(np.full((24, 24), index, np.uint8)).save(tmp_path / f"{index:03}.png")
    odd = np.full((24, 24, 3), (9, 99, 0), np.uint8) if late == "colour" else np.full((30, 50), 5, np.uint8)
    Image.fromarray(odd).save(tmp_path / "070.png")
    dataset = open_dataset(tmp_path)
    assert dataset.picture_shape == ((24, 24, 3) if late == "colour" else (64, 64, 1))
    values = dataset.pictures(slice(None))[:, 3, 3, 0]
    expected = np.arange(80)
    expected[70] = odd.flat[0]
    np.testing.assert_array_equal(values, expected)


# Processes


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_pool, "PROCESSES_FROM", 2)
    monkeypatch.setattr(decode_pool, "cores", lambda: 2)


@pytest.mark.usefixtures("processes")
def test_processes_decode_as_threads_do(pictures: Path) -> None:
    _check(open_dataset(pictures, POLICY), pictures)


@pytest.mark.usefixtures("processes")
def test_a_file_that_breaks_the_decoder_down_is_skipped(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault ends the process over one file, as a crash in a decoder would."""
    broken = (
        "import sys, os; sys.path.insert(0, {root!r})\n"
        "from core.datasets import decode_worker as w\n"
        "d = w.decode_any\n"
        "w.decode_any = lambda f, *a: os._exit(9) if str(f).endswith('007.png') else d(f, *a)\n"
        "w.main()"
    )
    monkeypatch.setattr(decode_pool, "START", broken)
    dataset = open_dataset(pictures, POLICY)
    assert len(dataset) == COUNT - COUNT // 10 - 1
    assert dataset.skipped[1].file == "007.png"
    assert "broke down" in dataset.skipped[1].reason


@pytest.mark.usefixtures("processes")
def test_without_processes_it_is_done_here(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_pool, "START", "raise SystemExit(3)")
    _check(open_dataset(pictures, POLICY), pictures)
    monkeypatch.setattr(sys, "executable", str(pictures / "absent"))
    files = sorted(pictures.iterdir())
    answers = [
        a for some in decode_files(files.__getitem__, range(9), Target(32, 3, "crop")) for a in some or []
    ]
    assert [answer.pixels is None for answer in answers] == [at == 5 for at in range(9)]
