"""Picture files in folders and zips: which are read, what they become, and what is said of the rest."""

import io
import os
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.config import ImportConfig
from core.datasets import import_dataset, inspect_source, open_dataset
from core.datasets.resizing import to_channels
from core.errors import DataError


def _picture(seed: int, width: int = 32, height: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _save(path: Path, pixels: NDArray[np.uint8], **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def _png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG by hand, whose header may claim what its body does not hold."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(body)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_folder_is_read_in_the_order_of_its_paths_with_classes(tmp_path: Path) -> None:
    _save(tmp_path / "cats" / "2.png", _picture(2))
    _save(tmp_path / "cats" / "1.PNG", _picture(1), format="PNG")
    _save(tmp_path / "dogs" / "deep" / "3.bmp", _picture(3))
    _save(tmp_path / "4.tiff", _picture(4))
    _save(tmp_path / ".hidden" / "5.png", _picture(5))
    _save(tmp_path / "cats" / "._6.png", _picture(6))
    (tmp_path / "notes.txt").write_text("not a picture")
    dataset = open_dataset(tmp_path)
    assert dataset.files == ("4.tiff", "cats/1.PNG", "cats/2.png", "dogs/deep/3.bmp")
    np.testing.assert_array_equal(dataset.pixels, np.stack([_picture(i) for i in (4, 1, 2, 3)]))
    (column,) = dataset.labels
    assert column.name == "class"
    assert column.classes == ("cats", "dogs")
    assert [column.text(i) for i in range(4)] == ["", "cats", "cats", "dogs"]
    assert dataset.skipped == ()
    assert dataset.file_of(1) == tmp_path / "cats" / "1.PNG"
    assert isinstance(dataset.pixels, np.ndarray)
    assert not dataset.pixels.flags.writeable
    assert (dataset.identity.kind, dataset.identity.name, dataset.identity.count) == (
        "folder",
        tmp_path.name,
        4,
    )


def test_split_folders_become_a_split_and_a_class(tmp_path: Path) -> None:
    for index, place in enumerate(("set/train/cat", "set/train/dog", "set/val/cat")):
        _save(tmp_path / place / f"{index}.png", _picture(index))
    split, classes = open_dataset(tmp_path).labels
    assert [split.text(i) for i in range(3)] == ["train", "train", "val"]
    assert (classes.name, [classes.text(i) for i in range(3)]) == ("class", ["cat", "dog", "cat"])


def test_every_format_is_read(tmp_path: Path) -> None:
    pixels = np.repeat(np.repeat(_picture(0, 4, 4), 8, 0), 8, 1)  # flat blocks survive lossy formats
    options = {"webp": {"lossless": True}, "jpg": {"quality": 95}}
    for suffix in ("png", "bmp", "gif", "ppm", "tif", "webp", "jpg"):
        _save(tmp_path / f"a.{suffix}", pixels, **options.get(suffix, {}))
    _save(tmp_path / "b.pgm", pixels[:, :, 0])
    dataset = open_dataset(tmp_path)
    assert dataset.skipped == ()
    for file, read in zip(dataset.files, dataset.pictures(slice(None)), strict=True):
        expected = np.repeat(pixels[:, :, :1], 3, 2) if file == "b.pgm" else pixels
        difference = np.abs(read.astype(int) - expected.astype(int))
        assert difference.mean() < (12 if file.endswith((".jpg", ".gif")) else 0.001), file


def test_broken_files_are_skipped_and_listed(tmp_path: Path) -> None:
    _save(tmp_path / "good.jpg", _picture(1, 89, 109))
    whole = (tmp_path / "good.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "words.jpg").write_text("hello")
    (tmp_path / "bomb.png").write_bytes(_png(20_000, 20_000))
    (tmp_path / "near.png").write_bytes(_png(10_000, 10_000))
    (tmp_path / "lie.png").write_bytes(_png(64, 64, b"\0" * 100))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = open_dataset(tmp_path)
    assert dataset.files == ("good.jpg",)
    reasons = {skipped.file: skipped.reason for skipped in dataset.skipped}
    assert sorted(reasons) == ["bomb.png", "empty.png", "half.jpg", "lie.png", "near.png", "words.jpg"]
    assert "megapixels" in reasons["bomb.png"]
    assert "megapixels" in reasons["near.png"]
    assert "cut short" in reasons["half.jpg"]
    assert "no picture" in reasons["words.jpg"]


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        open_dataset(tmp_path)
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(DataError, match=r"None of the 1 pictures .* a\.png"):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match="is not there"):
        open_dataset(tmp_path / "absent")


def test_links_that_loop_end_and_each_folder_is_read_once(tmp_path: Path) -> None:
    _save(tmp_path / "b" / "1.png", _picture(1))
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a").symlink_to(tmp_path / "b")
    assert open_dataset(tmp_path).files == ("b/1.png",)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(tmp_path: Path, orientation: int) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:8, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    _save(tmp_path / "a.png", pixels, exif=exif)
    # What the camera's owner sees, from the table of the Exif standard .
    turn = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: np.rot90(pixels, -1),
        7: pixels[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(pixels),
    }
    np.testing.assert_array_equal(open_dataset(tmp_path).pixels[0], turn[orientation])


def test_crop_pad_and_stretch(tmp_path: Path) -> None:
    stripes = np.zeros((16, 48, 3), np.uint8)
    stripes[:, :16, 0], stripes[:, 16:32, 1], stripes[:, 32:, 2] = 200, 200, 200
    _save(tmp_path / "a.png", stripes)
    crop = open_dataset(tmp_path, ImportConfig(size=16)).pictures(slice(None))[0]
    np.testing.assert_array_equal(crop, stripes[:, 16:32])
    pad = open_dataset(tmp_path, ImportConfig(size=48, fit="pad")).pixels[0]
    np.testing.assert_array_equal(pad[16:32], stripes)
    assert not pad[:16].any()
    assert not pad[32:].any()
    stretch = open_dataset(tmp_path, ImportConfig(size=48, fit="stretch")).pixels[0]
    np.testing.assert_array_equal(stretch, np.repeat(stripes, 3, axis=0))


def test_shrinking_is_antialiased(tmp_path: Path) -> None:
    board = np.indices((128, 128)).sum(0) % 2 * 255
    _save(tmp_path / "a.png", np.repeat(board[..., None], 3, 2).astype(np.uint8))
    small = open_dataset(tmp_path, ImportConfig(size=16)).pictures(slice(None))
    assert np.abs(small.astype(int) - 127.5).max() < 4  # a sampling without a filter gives 0 or 255


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([(96, 96)], 96), ([(128, 128)], 128), ([(129, 129)], 64), ([(32, 32), (40, 40)], 64), ([(4, 4)], 64)],
)
def test_size_of_files_by_their_own(tmp_path: Path, sizes: list[tuple[int, int]], expected: int) -> None:
    for index, (width, height) in enumerate(sizes):
        _save(tmp_path / f"{index}.png", _picture(index, width, height))
    assert open_dataset(tmp_path).picture_shape == (expected, expected, 3)
    assert inspect_source(tmp_path, ImportConfig()).height == expected


def test_sizes_out_of_range_are_refused(tmp_path: Path) -> None:
    _save(tmp_path / "a.png", _picture(0))
    with pytest.raises(DataError, match="--size 64"):
        open_dataset(tmp_path, ImportConfig(size=7))


def test_grey_stays_grey_and_the_policy_overrides(tmp_path: Path) -> None:
    grey = _picture(0)[:, :, 0]
    _save(tmp_path / "a.png", grey)
    assert open_dataset(tmp_path).picture_shape == (32, 32, 1)
    colour = open_dataset(tmp_path, ImportConfig(colour="colour"))
    np.testing.assert_array_equal(colour.pixels[0], np.repeat(grey[..., None], 3, 2))
    _save(tmp_path / "b.png", _picture(1))
    assert open_dataset(tmp_path).picture_shape == (32, 32, 3)
    read = open_dataset(tmp_path, ImportConfig(colour="grey")).pixels[1, :, :, 0]
    weights = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    assert np.abs(read - _picture(1) @ weights).max() < 0.51
    np.testing.assert_array_equal(to_channels(_picture(1)[None], 1)[0, :, :, 0], read)


def test_sixteen_bits_and_transparency(tmp_path: Path) -> None:
    deep = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32) * 64
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(open_dataset(tmp_path).pixels[0, :, :, 0], deep // 256)
    clear = np.dstack([_picture(0), np.zeros((32, 32), np.uint8)])
    clear[:16, :, 3] = 255
    _save(tmp_path / "deep.png", clear)
    read = open_dataset(tmp_path).pixels[0]
    np.testing.assert_array_equal(read[:16], clear[:16, :, :3])
    assert (read[16:] == 255).all()


def test_reopening_decodes_nothing_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3):
        _save(tmp_path / f"{index}.png", _picture(index))
    first = open_dataset(tmp_path)
    opened: list[object] = []
    real_open = Image.open
    monkeypatch.setattr(
        Image, "open", lambda *args, **named: opened.append(args) or real_open(*args, **named)
    )
    again = open_dataset(tmp_path)
    assert inspect_source(tmp_path, ImportConfig()).cached
    assert opened == []
    assert again.identity == first.identity
    assert again.files == first.files
    np.testing.assert_array_equal(again.pixels, first.pixels)
    _save(tmp_path / "1.png", _picture(9))
    changed = open_dataset(tmp_path)
    assert opened
    assert changed.identity.fingerprint != first.identity.fingerprint
    np.testing.assert_array_equal(changed.pixels[1], _picture(9))


def test_zip_is_read_as_its_folder_would_be(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for index, name in enumerate(("a/1.png", "a/2.png", "b/1.png")):
        _save(folder / name, _picture(index))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
        archive.writestr("__MACOSX/a/1.png", b"fork")
        archive.writestr("a/.hidden.png", b"x")
        archive.writestr("read.me", b"x")
    packed, plain = open_dataset(tmp_path / "set.zip"), open_dataset(folder)
    np.testing.assert_array_equal(packed.pixels, plain.pixels)
    assert packed.files == plain.files
    assert packed.labels[0].classes == plain.labels[0].classes == ("a", "b")
    assert packed.identity.kind == "zip"
    assert packed.file_of(0) is None
    assert packed.skipped == ()


def test_hostile_zip_members_are_skipped(tmp_path: Path) -> None:
    good = io.BytesIO()
    Image.fromarray(_picture(0)).save(good, "PNG")
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../outside.png", good.getvalue())
        archive.writestr("good.png", good.getvalue())
        archive.writestr("big.png", b"\0" * (65 * 1024 * 1024))
        archive.writestr("flip.png", good.getvalue(), zipfile.ZIP_STORED)
    content = path.read_bytes()
    place = content.index(b"flip.png") + 60
    path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
    dataset = open_dataset(path)
    assert dataset.files == ("good.png",)
    assert {skipped.file for skipped in dataset.skipped} == {"big.png", "flip.png"}
    assert not (tmp_path.parent.parent / "outside.png").exists()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="no readable zip"):
        open_dataset(path)


def test_inspection_shows_what_the_import_gives(tmp_path: Path) -> None:
    for index in range(20):
        _save(tmp_path / ("a" if index % 2 else "b") / f"{index:02}.png", _picture(index, 40, 30))
    (tmp_path / "a" / "zz.png").write_text("broken")
    inspection = inspect_source(tmp_path, ImportConfig())
    dataset = open_dataset(tmp_path)
    assert (inspection.kind, inspection.count, inspection.cached) == ("folder", 21, False)
    assert (inspection.height, inspection.width, inspection.channels) == dataset.picture_shape == (64, 64, 3)
    assert inspection.label_names == ("class",)
    assert "40×30" in inspection.reading
    np.testing.assert_array_equal(inspection.samples[0], dataset.pixels[0])
    assert len(inspection.samples) == 8


@pytest.mark.parametrize(("width", "height"), [(1200, 900), (901, 1203)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_small_without_a_shift(
    tmp_path: Path, width: int, height: int, fit: Literal["crop", "pad", "stretch"], orientation: int
) -> None:
    rows, columns = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(rows / 40), np.cos(columns / 55), np.sin((rows + columns) / 70)], 2)
    exif = Image.Exif()
    exif[0x0112] = orientation
    _save(tmp_path / "a.jpg", (127.5 + 100 * waves).astype(np.uint8), quality=92, exif=exif)
    with Image.open(tmp_path / "a.jpg") as image:
        whole = image.transpose(Image.Transpose.ROTATE_270) if orientation == 6 else image.convert("RGB")
    width, height = whole.size
    if fit == "crop":
        whole = ImageOps.fit(whole, (min(width, height), min(width, height)))
    elif fit == "pad":
        square = Image.new("RGB", (max(width, height), max(width, height)))
        square.paste(whole, ((square.width - width) // 2, (square.height - height) // 2))
        whole = square
    expected = np.asarray(whole.resize((64, 64), Image.Resampling.LANCZOS)).astype(int)
    difference = np.abs(open_dataset(tmp_path, ImportConfig(size=64, fit=fit)).pixels[0] - expected)
    if fit == "pad":  # where the bars meet the picture, a resampling of both together blends them
        assert np.median(difference) <= 1
    else:
        assert difference.mean() < 0.5
        assert difference.max() <= 4


def test_real_jpegs_with_broken_ones_among_them(real_data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(real_data / "faces_jpeg.zip") as archive:
        names = archive.namelist()[:120]
        archive.extractall(tmp_path, names)
    files = sorted(path for path in tmp_path.rglob("*.jpg"))
    files[3].write_bytes(files[3].read_bytes()[:900])
    files[50].write_bytes(b"")
    progress: list[int] = []
    steps = import_dataset(tmp_path)
    while True:
        try:
            progress.append(next(steps).done)
        except StopIteration as end:
            dataset = end.value
            break
    assert len(dataset) == len(files) - 2
    assert {skipped.file for skipped in dataset.skipped} == {
        files[3].relative_to(tmp_path).as_posix(),
        files[50].relative_to(tmp_path).as_posix(),
    }
    assert progress[-1] == len(files)
    with Image.open(files[7]) as image:
        width, height = image.size
        top = (height - width) // 2
        square = image.crop((0, top, width, top + width)).resize((64, 64), Image.Resampling.LANCZOS)
    place = dataset.files.index(files[7].relative_to(tmp_path).as_posix())
    np.testing.assert_array_equal(dataset.pixels[place], np.asarray(square))
