"""One adjustment applied to many pictures: the edited pictures, and what changed on the whole.

Pictures are read, edited and written a batch at a time, so that their number does not matter.
"""

import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.atomic import CheckedFile, replacing
from core.batches import spread_indices
from core.codec import Codec
from core.datasets.dataset import ImageDataset
from core.edits import AnyEdit, apply_edits, edits_text
from core.encoding import EncodeProgress
from core.errors import ConfigError, ExportError
from core.export.folders import check_new_folder, new_folder, not_written
from core.export.recipe import picture_image, png_bytes
from core.export.sheet import Sheet, Tile, comfortable_scale, in_rows, render_sheet
from core.export.typeset import ThemeName
from core.painting import with_detail
from core.translate import tr

ON_THE_SHEET = 36  # pictures, evenly spread
_ACROSS = 12
_GAINS = (32, 16, 8, 4, 2, 1)
_GREY = 128  # no change, in the picture of the mean change


@dataclass(frozen=True)
class Change:
    """How one picture changed, of 255: on average, as the root of the mean square, in brightness, at most."""

    index: int
    mean_absolute: float
    root_mean_square: float
    brightness: float
    largest: int


@dataclass(frozen=True, eq=False)
class ManyEdited:
    """What came of it: where it lies, a picture's change each, and what is said of all of them.

    mean_change and spread (H,W,C): mean and standard deviation of edited minus reconstructed pixels.
    """

    path: Path
    sheet: Path
    changes: tuple[Change, ...]
    mean_change: NDArray[np.float64]
    spread: NDArray[np.float64]

    def text(self) -> str:
        """The change in a sentence."""
        sizes = np.array([change.mean_absolute for change in self.changes])
        if len(sizes) == 1:
            return tr("1 picture changed by {mean} of 255.", mean=f"{sizes[0]:.2f}")
        return tr(
            "{count} pictures changed by {mean} ± {spread} of 255 on average.",
            count=f"{len(sizes):,}",
            mean=f"{sizes.mean():.2f}",
            spread=f"{sizes.std():.2f}",
        )


def parse_indices(text: str, count: int) -> NDArray[np.int64]:
    """The indices of a text like "0-99,200", in its order, each once. Raises: ConfigError."""
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ConfigError(
                tr(
                    "'{text}' names no pictures; write indices and ranges, such as 0-99,200.",
                    text=part.strip(),
                )
            )
        start, end = int(first), int(last or first)
        if end < start or end >= count:
            raise ConfigError(
                tr(
                    "There are no pictures {text}: they are numbered 0 to {last}.",
                    text=part.strip(),
                    last=count - 1,
                )
            )
        found.update(dict.fromkeys(range(start, end + 1)))
    return np.fromiter(found, np.int64, len(found))


class _Sums:
    """Sums over pictures, exact: mean and standard deviation follow from them."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.count = 0
        self._sum = np.zeros(shape, np.int64)
        self._squares = np.zeros(shape, np.int64)

    def add(self, values: NDArray[np.int64]) -> None:
        self.count += len(values)
        self._sum += values.sum(axis=0)
        self._squares += np.square(values).sum(axis=0)

    def mean(self) -> NDArray[np.float64]:
        return self._sum / self.count

    def deviation(self) -> NDArray[np.float64]:
        return np.sqrt(np.maximum(self._squares / self.count - np.square(self.mean()), 0.0))


class _Target(Protocol):
    """Where edited pictures go; note() keeps a further file beside them."""

    def add(self, indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None: ...
    def note(self, name: str, content: bytes) -> None: ...


class _Folder:
    """A PNG a picture, named by its index."""

    def __init__(self, folder: Path, digits: int) -> None:
        self._folder = folder
        self._digits = digits

    def add(self, indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        for index, picture in zip(indices, pictures, strict=True):
            self.note(f"{index:0{self._digits}}.png", png_bytes(picture_image(picture), None))

    def note(self, name: str, content: bytes) -> None:
        with replacing(self._folder / name, durable=False) as file:
            file.write(content)


class _Array:
    """One .npy (N,H,W,C), row by row in the order of the indices; what else there is lies beside it."""

    def __init__(self, path: Path, file: CheckedFile) -> None:
        self._path = path
        self._file = file

    def add(self, indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> None:
        self._file.write(np.ascontiguousarray(pictures).data)

    def note(self, name: str, content: bytes) -> None:
        with replacing(self._path.with_name(f"{self._path.stem}-{name}")) as file:
            file.write(content)


@contextmanager
def _target(out: Path, shape: tuple[int, int, int, int], digits: int) -> Iterator[_Target]:
    if out.suffix.lower() != ".npy":
        with new_folder(out) as folder:
            yield _Folder(folder, digits)
        return
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    try:
        with replacing(out) as file:
            file.write(header.getvalue())
            yield _Array(out, file)
    except OSError as error:
        raise not_written(out, error) from None


def check_target(out: Path) -> None:
    """Raises: ExportError where the edited pictures cannot be put, before any work is done."""
    if out.suffix.lower() != ".npy":
        check_new_folder(out, ".npy")


def edit_many(
    codec: Codec,
    dataset: ImageDataset,
    indices: NDArray[np.int64],
    edits: Sequence[AnyEdit],
    out: Path,
    *,
    theme: ThemeName = "light",
    title: str = "",
    detail: bool = False,
) -> Generator[EncodeProgress, None, ManyEdited]:
    """Apply edits to the pictures at indices and write them to out, a folder or a .npy; yields on the way.

    Beside the pictures: sheet.png (reconstructed and edited ones), mean-before.png and mean-after.png,
    mean-change.png and change-spread.png, changes.csv (a row a picture) and summary.json. A folder is there
    whole or not at all; closing the generator leaves nothing. detail puts back what the network lost of each
    original (core.painting.with_detail), and originals then take the place of reconstructions everywhere.
    Raises: ExportError, ModelError, DataError.
    """
    if not len(indices):
        raise ExportError(tr("No pictures are chosen."))
    check_target(out)
    shape = codec.picture_shape
    before_sums, after_sums, change_sums = _Sums(shape), _Sums(shape), _Sums(shape)
    changes: list[Change] = []
    tiles: list[Tile] = []
    on_sheet = set(spread_indices(len(indices), ON_THE_SHEET).tolist())
    digits = max(5, len(str(len(dataset) - 1)))
    with _target(out, (len(indices), *shape), digits) as target:
        for start in range(0, len(indices), codec.batch):
            part = indices[start : start + codec.batch]
            originals = dataset.pictures(part)
            codes = codec.encode(originals)
            before, after = codec.decode(codes), codec.decode(apply_edits(edits, codes))
            if detail:
                after = np.stack(
                    [with_detail(*three) for three in zip(originals, before, after, strict=True)]
                )
                before = originals
            target.add(part, after)
            change = after.astype(np.int64) - before
            before_sums.add(before.astype(np.int64))
            after_sums.add(after.astype(np.int64))
            change_sums.add(change)
            changes += _changes(part, change)
            for row in range(len(part)):
                if start + row in on_sheet:
                    tiles += [Tile(before[row], f"{part[row]}"), Tile(after[row], tr("edited"))]
            done = start + len(part)
            yield EncodeProgress(
                done, len(indices), tr("Editing pictures: {done} of {total}", done=done, total=len(indices))
            )
        mean, spread = change_sums.mean(), change_sums.deviation()
        mean_gain, spread_gain = _gain(np.abs(mean), _GREY - 1), _gain(spread, 255)
        sheet = Sheet(in_rows(tiles, _ACROSS), (), title, edits_text(edits))
        scale = comfortable_scale(max(shape[:2]), _ACROSS)
        target.note("sheet.png", png_bytes(render_sheet(sheet, scale=scale, theme=theme), None))
        for name, pixels in (
            ("mean-before.png", before_sums.mean()),
            ("mean-after.png", after_sums.mean()),
            ("mean-change.png", _GREY + mean_gain * mean),
            ("change-spread.png", spread_gain * spread),
        ):
            picture = np.clip(pixels.round(), 0, 255).astype(np.uint8)
            target.note(name, png_bytes(picture_image(picture), None))
        target.note("changes.csv", _table(changes))
        summary = _summary(edits, dataset, changes, mean, spread, mean_gain, spread_gain)
        summary["originals_detail"] = detail
        target.note("summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    sheet_path = out.with_name(f"{out.stem}-sheet.png") if out.suffix.lower() == ".npy" else out / "sheet.png"
    return ManyEdited(out, sheet_path, tuple(changes), mean, spread)


def _changes(indices: NDArray[np.int64], change: NDArray[np.int64]) -> Iterator[Change]:
    for index, one in zip(indices, change, strict=True):
        size = np.abs(one)
        yield Change(
            int(index),
            float(size.mean()),
            float(np.sqrt(np.square(one).mean())),
            float(one.mean()),
            int(size.max()),
        )


def _gain(size: NDArray[np.float64], room: int) -> int:
    """The greatest power of two up to 32 that keeps 99.5 % of the numbers within room."""
    largest = float(np.quantile(size, 0.995))
    return next((gain for gain in _GAINS if largest * gain <= room), 1)


def _table(changes: Sequence[Change]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", "mean_absolute", "root_mean_square", "brightness", "largest"])
    for one in changes:
        numbers = (one.mean_absolute, one.root_mean_square, one.brightness)
        writer.writerow([one.index, *(f"{number:.6g}" for number in numbers), one.largest])
    return text.getvalue().encode()


def _summary(
    edits: Sequence[AnyEdit],
    dataset: ImageDataset,
    changes: Sequence[Change],
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
    mean_gain: int,
    spread_gain: int,
) -> dict[str, Any]:
    """The numbers of all pictures together, of 255."""
    sizes = np.array([change.mean_absolute for change in changes])
    brightness = np.array([change.brightness for change in changes])
    return {
        "adjustment": edits_text(edits),
        "data": dataset.identity.name,
        "data_fingerprint": dataset.identity.fingerprint,
        "pictures": len(changes),
        "mean_absolute_change": _described(sizes),
        "brightness_change": _described(brightness),
        "least_changed": changes[int(sizes.argmin())].index,
        "most_changed": changes[int(sizes.argmax())].index,
        "mean_change": {"mean": float(mean.mean()), "least": float(mean.min()), "most": float(mean.max())},
        "change_spread": {"mean": float(spread.mean()), "most": float(spread.max())},
        "mean-change.png": f"{_GREY} + {mean_gain} x change",
        "change-spread.png": f"{spread_gain} x standard deviation",
    }


def _described(values: NDArray[np.float64]) -> dict[str, float]:
    return {
        "mean": float(values.mean()),
        "standard_deviation": float(values.std()),
        "least": float(values.min()),
        "most": float(values.max()),
    }
