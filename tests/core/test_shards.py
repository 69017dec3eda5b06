"""Shards, .npy and tar: one data set without a copy, in order, with labels, and refused when hostile."""

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.config import ImportConfig
from core.datasets import inspect_source, open_dataset, shards, tars
from core.datasets.decoding import decode
from core.datasets.shard_names import expand
from core.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), np.uint8)
PARTS = (PIXELS[:7], PIXELS[7:30], PIXELS[30:31], PIXELS[31:])


def _npy(folder: Path, parts: Sequence[NDArray[Any]] = PARTS) -> None:
    folder.mkdir(exist_ok=True)
    for index, part in enumerate(parts):
        np.save(folder / f"p-{index:02}.npy", part)


def test_patterns_mean_what_they_mean_in_a_shell() -> None:
    assert expand("s-{08..11}.tar") == ["s-08.tar", "s-09.tar", "s-10.tar", "s-11.tar"]
    assert expand("{a,b}/{0..1}.npy") == ["a/0.npy", "a/1.npy", "b/0.npy", "b/1.npy"]
    assert expand("one.npy") == ["one.npy"]
    for bad in ("{9..1}.npy", "{0..99999999}.npy", "{0..999}{0..999}.npy"):
        with pytest.raises(DataError):
            expand(bad)


@pytest.mark.parametrize("way", ["pattern", "folder", "list"])
def test_npy_shards_are_one_set(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "OPEN_FILES", 2)
    _npy(tmp_path / "set")
    (tmp_path / "all.txt").write_text("# parts\nset/p-{00..02}.npy\n\nset/p-03.npy\n")
    source = {"pattern": "set/p-{00..03}.npy", "folder": "set", "list": "all.txt"}[way]
    dataset = open_dataset(tmp_path / source)
    assert len(dataset) == 50
    assert dataset.picture_shape == (16, 16, 3)
    random = np.random.default_rng(1)
    for indices in (random.integers(-50, 50, 40), np.zeros(0, np.int64), np.array([49, 6, 7, 30, 31])):
        np.testing.assert_array_equal(dataset.pictures(indices), PIXELS[indices])
        dataset.prefetch(np.abs(indices))
    np.testing.assert_array_equal(dataset.pictures(slice(5, 33)), PIXELS[5:33])
    np.testing.assert_array_equal(dataset.pixels[-1], PIXELS[-1])
    assert dataset.identity.fingerprint == open_dataset(tmp_path / "set").identity.fingerprint
    assert inspect_source(tmp_path / source).count == 50
    assert "4 files, (50,16,16,3)" in dataset.reading


def test_grey_channels_first_and_colour(tmp_path: Path) -> None:
    _npy(tmp_path / "first", tuple(part.transpose(0, 3, 1, 2) for part in PARTS))
    np.testing.assert_array_equal(open_dataset(tmp_path / "first").pictures([3, 40]), PIXELS[[3, 40]])
    _npy(tmp_path / "grey", tuple(part[..., 0] for part in PARTS))
    colour = open_dataset(tmp_path / "grey", ImportConfig(colour="colour")).pictures([8])
    np.testing.assert_array_equal(colour, np.repeat(PIXELS[[8], :, :, :1], 3, 3))


def test_shards_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    _npy(tmp_path / "a")
    np.save(tmp_path / "a" / "p-02.npy", PIXELS[:3, :8])
    with pytest.raises(DataError, match=r"p-02\.npy holds \(3,8,16,3\)"):
        open_dataset(tmp_path / "a")
    with pytest.raises(DataError, match=r"p-04\.npy, which is not there"):
        open_dataset(tmp_path / "a" / "p-{00..04}.npy")
    _npy(tmp_path / "b", (PIXELS.astype(np.float32),) * 2)
    with pytest.raises(DataError, match="save them as"):
        open_dataset(tmp_path / "b")
    _npy(tmp_path / "c")
    with pytest.raises(DataError, match="save them as"):
        open_dataset(tmp_path / "c", ImportConfig(size=8))
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(DataError, match="names no shards"):
        open_dataset(tmp_path / "empty.txt")
    (tmp_path / "mixed.txt").write_text("a/p-00.npy\nempty.txt\n")
    with pytest.raises(DataError, match="several kinds"):
        open_dataset(tmp_path / "mixed.txt")


def test_a_shard_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    _npy(tmp_path / "a")
    dataset = open_dataset(tmp_path / "a" / "p-{00..03}.npy")
    fresh = shards.NpyShards([tmp_path / "a" / f"p-{i:02}.npy" for i in range(4)], ImportConfig())
    (tmp_path / "a" / "p-03.npy").unlink()
    np.testing.assert_array_equal(dataset.pictures([49]), PIXELS[[49]])  # it is still open
    with pytest.raises(DataError, match=r"p-03\.npy cannot be read any more"):
        fresh[49]
    np.save(tmp_path / "a" / "p-00.npy", PIXELS[:2])
    with pytest.raises(DataError, match="changed while it was open"):
        fresh[0]


# Tar


def _jpeg(index: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS[index]).resize((40, 30)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _tars(folder: Path) -> None:
    """Two shards of 20 samples with the same names in both; number 5 of the second is damaged."""
    folder.mkdir(exist_ok=True)
    for shard in range(2):
        with tarfile.open(folder / f"s-{shard}.tar", "w", format=tarfile.PAX_FORMAT) as tar:
            for sample in range(20):
                picture = _jpeg(20 * shard + sample)
                _add(tar, f"x/{sample:04}.cls", b"%d" % (sample % 3))
                _add(tar, f"x/{sample:04}.json", b"{")
                _add(tar, f"x/{sample:04}.seg.png", b"no picture of ours")
                _add(tar, f"x/{sample:04}.jpg", picture[:300] if shard and sample == 5 else picture)
            link = tarfile.TarInfo("y/9999.jpg")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)


def _expected(size: int) -> NDArray[np.uint8]:
    return np.stack([decode(io.BytesIO(_jpeg(i)), 3, size, "crop") for i in range(40) if i != 25])


@pytest.mark.parametrize("streamed", [False, True])
def test_tar_shards_are_one_set(tmp_path: Path, streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if streamed:
        monkeypatch.setattr(tars, "IMPORTED_BYTES", 0)
    _tars(tmp_path / "set")
    policy = ImportConfig(size=24)
    assert inspect_source(tmp_path / "set", policy).label_names == ("class",)
    for _ in range(2):  # walked and decoded, then from the cache
        dataset = open_dataset(tmp_path / "set" / "s-{0..1}.tar", policy)
        assert len(dataset) == 39
        assert dataset.picture_shape == (24, 24, 3)
        assert dataset.identity.height == 24
        assert isinstance(dataset.pixels, tars.TarPictures) is streamed
        np.testing.assert_array_equal(dataset.pictures(slice(None)), _expected(24))
        picked = np.array([38, 2, 2, -1])
        np.testing.assert_array_equal(dataset.pictures(picked), _expected(24)[picked])
        dataset.prefetch(np.arange(39))
        assert [item.file for item in dataset.skipped] == ["s-1.tar/x/0005.jpg"]
        (column,) = dataset.labels
        assert [column.text(at) for at in (0, 1, 24, 25)] == ["0", "1", "1", "0"]
        assert dataset.file_of(0) is None
    pattern, folder = (open_dataset(tmp_path / "set" / one, policy) for one in ("s-{0..1}.tar", ""))
    assert pattern.identity.fingerprint == folder.identity.fingerprint
    assert len(open_dataset(tmp_path / "set" / "s-0.tar", policy)) == 20


def test_a_streamed_member_that_is_gone_names_shard_and_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tars, "IMPORTED_BYTES", 0)
    _tars(tmp_path / "set")
    dataset = open_dataset(tmp_path / "set")
    with (tmp_path / "set" / "s-0.tar").open("r+b") as file:
        file.write(bytes(5000))
    with pytest.raises(DataError, match=r"s-0\.tar/x/0000\.jpg cannot be read any more"):
        dataset.pictures([30, 0])


@pytest.mark.parametrize("damage", ["cut", "header", "compressed", "noise", "empty"])
def test_hostile_tars_are_refused_in_a_sentence(tmp_path: Path, damage: str) -> None:
    _tars(tmp_path / "set")
    path = tmp_path / "set" / "s-0.tar"
    content = path.read_bytes()
    if damage == "cut":
        os.truncate(path, len(content) // 2 - 300)
    elif damage == "header":
        place = content.index(b"x/0010.cls")
        path.write_bytes(content[:place] + b"?" * 200 + content[place + 200 :])
    elif damage == "compressed":
        with tarfile.open(path, "w:gz") as tar:
            _add(tar, "0.jpg", _jpeg(0))
    elif damage == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(5000))
    else:
        with tarfile.open(path, "w"):
            pass
    with pytest.raises(DataError, match=r"s-0\.tar"):
        open_dataset(path)
