"""Codes and directions as files for other programs: .npz, CSV, and JSON for directions. No pickle."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.atomic import CheckedFile, replacing, write_bytes
from core.codec import Codec
from core.datasets.dataset import ImageDataset, LabelColumn
from core.directions import Found
from core.encoding import Codes, EncodeProgress
from core.errors import ExportError
from core.export.folders import not_written
from core.translate import tr

CODE_FORMATS = (".npz", ".csv")
DIRECTION_FORMATS = (".npz", ".csv", ".json")
MEASURED = ("share_of_variance", "held_out_accuracy", "held_out_balanced_accuracy")  # of Found.values()
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def write_codes(
    codec: Codec, dataset: ImageDataset, path: Path, indices: NDArray[np.int64] | None = None
) -> Generator[EncodeProgress, None, None]:
    """Write codes, errors, indices and labels of pictures, all unless given, as .npz or CSV by path's ending.

    The .npz holds indices int64 (M,), codes float32 (M,D), errors float32 (M,), the mean squared error of
    each reconstruction in [-1,1], labels_<name> (M,) for each column of labels. The CSV holds the same,
    a row a picture, with as many digits as float32 needs to come back and nothing where there is no label,
    and is written as it is measured; a label called as another column is (index, error, z0) has label_ before
    its name.
    Closing the generator leaves path as it was. Raises: ExportError, ModelError, DataError.
    """
    indices = np.arange(len(dataset), dtype=np.int64) if indices is None else indices
    suffix = check_suffix(path, CODE_FORMATS)
    if not len(indices):
        raise ExportError(tr("No pictures are chosen."))
    try:
        if suffix == ".csv":
            yield from _write_csv(codec, dataset, path, indices)
        else:
            yield from _write_npz(codec, dataset, path, indices)
    except OSError as error:
        raise not_written(path, error) from None


def _measured(
    codec: Codec,
    dataset: ImageDataset,
    indices: NDArray[np.int64],
    take: Callable[[slice, Codes], None],
) -> Generator[EncodeProgress, None, None]:
    """Hand codes and errors to take, a batch at a time, with their place among indices."""
    for start in range(0, len(indices), codec.batch):
        part = indices[start : start + codec.batch]
        pictures = dataset.pictures(part)
        codes = codec.encode(pictures)
        done = start + len(part)
        take(slice(start, done), Codes(codes, codec.errors(pictures, codes), part))
        yield EncodeProgress(
            done, len(indices), tr("Writing codes: {done} of {total}", done=done, total=len(indices))
        )


def _write_csv(
    codec: Codec, dataset: ImageDataset, path: Path, indices: NDArray[np.int64]
) -> Generator[EncodeProgress, None, None]:
    header = ["index", "error", *(f"z{dim}" for dim in range(codec.latent_dim))]
    header += _distinct([column.name for column in dataset.labels], header)
    with replacing(path) as file:
        file.write(_rows([header]))

        def take(_place: slice, codes: Codes) -> None:
            rows = [
                [int(index), f"{error:.9g}", *(f"{value:.9g}" for value in code)]
                + [_label_cell(column, int(index)) for column in dataset.labels]
                for index, error, code in zip(codes.indices, codes.errors, codes.codes, strict=True)
            ]
            file.write(_rows(rows))

        yield from _measured(codec, dataset, indices, take)


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Names of columns, each with label_ before it as often as it takes to be that of no other column."""
    known, distinct = {*taken}, list[str]()
    for at, name in enumerate(names):
        others = {*names[:at], *names[at + 1 :]}
        while name in known or (name != names[at] and name in others):
            name = f"label_{name}"
        known.add(name)
        distinct.append(name)
    return distinct


def _rows(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _write_npz(
    codec: Codec, dataset: ImageDataset, path: Path, indices: NDArray[np.int64]
) -> Generator[EncodeProgress, None, None]:
    codes = np.empty((len(indices), codec.latent_dim), np.float32)
    errors = np.empty(len(indices), np.float32)

    def take(place: slice, found: Codes) -> None:
        codes[place], errors[place] = found.codes, found.errors

    with replacing(path) as file:  # first, so that a folder that cannot be written to is said at once
        yield from _measured(codec, dataset, indices, take)
        arrays: dict[str, NDArray[Any]] = {"indices": indices, "codes": codes, "errors": errors}
        for column in dataset.labels:
            name = f"labels_{_PLAIN_NAME.sub('_', column.name)}"
            while name in arrays:
                name += "_"
            arrays[name] = _label_array(column, indices)
        _write_arrays(file, arrays)


def _label_cell(column: LabelColumn, index: int) -> str:
    """The label of a picture with all its digits, empty where there is none."""
    value = column.values[index]
    return column.text(index) if column.classes or np.isnan(value) else f"{float(value):.9g}"


def _label_array(column: LabelColumn, indices: NDArray[np.int64]) -> NDArray[Any]:
    """The labels of pictures: numbers, or texts of one length, empty where there is none."""
    if not column.classes:
        return column.values[indices]
    return np.array([*column.classes, ""])[
        column.values[indices].astype(np.int64)
    ]  # -1, no label, is the last


class _Stream(io.RawIOBase):
    """A file of ours as zipfile wants one: it is only appended to."""

    def __init__(self, file: CheckedFile) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return self._file.write(content)


def _write_arrays(file: CheckedFile, arrays: Mapping[str, NDArray[Any]]) -> None:
    """The arrays as numpy's own .npz, uncompressed. Raises: ValueError for one that would be pickled."""
    with zipfile.ZipFile(_Stream(file), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def write_directions_to(directions: Sequence[Found], path: Path) -> None:
    """Write directions as .npz, CSV or JSON, by path's ending; a vector is one standard deviation along it.

    The .npz holds names (K,), kinds (K,) and vectors float64 (K,D), and float64 (K,) of each of MEASURED, nan
    where it was not; the CSV the same, a row each; the JSON all of Found.values().
    Raises: ExportError for another ending, for none, and for a disk that does not take it.
    """
    suffix = check_suffix(path, DIRECTION_FORMATS)
    if not directions:
        raise ExportError(tr("This run has no directions yet: find some first."))
    vectors = np.stack([found.direction.array for found in directions])
    known = [found.values() for found in directions]
    try:
        if suffix == ".npz":
            with replacing(path) as file:
                names = np.array([found.name for found in directions])
                kinds = np.array([found.kind for found in directions])
                facts = {name: np.array([values[name] for values in known], np.float64) for name in MEASURED}
                _write_arrays(file, {"names": names, "kinds": kinds, **facts, "vectors": vectors})
        elif suffix == ".csv":
            header = ["name", "kind", "source", *MEASURED]
            rows = [[*(one[name] for name in header), *map(repr, one["vector"])] for one in known]
            dims = (f"z{dim}" for dim in range(vectors.shape[1]))
            write_bytes(path, _rows([[*header, *dims], *rows]))
        else:
            write_bytes(path, (json.dumps(known, indent=2) + "\n").encode())
    except OSError as error:
        raise not_written(path, error) from None


def check_suffix(path: Path, allowed: Sequence[str]) -> str:
    """The ending of path, in small letters. Raises: ExportError for another than those allowed."""
    suffix = path.suffix.lower()
    if suffix not in allowed:
        raise ExportError(tr("{path} must end in {endings}.", path=path, endings=", ".join(allowed)))
    return suffix
