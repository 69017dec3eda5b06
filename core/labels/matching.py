"""Which row of a file of labels is of which picture: by name, by index, or by order."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.datasets.dataset import ImageDataset
from core.errors import DataError
from core.labels.table import MAX_TEXT, Table
from core.translate import tr

Key = Literal["name", "index", "order"]
# A column that is called so must fit. One called id, or pandas' nameless one of rows that were picked out,
# may number the rows of something larger; where none fits, rows are matched in their order.
_INDEX_NAMES = ("index", "idx", "#")


def match(table: Table, dataset: ImageDataset) -> tuple[NDArray[np.int64], Key]:
    """The row of each picture (N,), -1 for none, and how they were told. Raises: DataError."""
    count = len(dataset)
    if table.names is not None and dataset.files:
        return _by_name(table, table.names, dataset.files), "name"
    if table.indices is not None:
        rows = _by_index(table, table.indices, count)
        if (rows >= 0).any():
            return rows, "index"
    if table.count == count:
        return np.arange(count, dtype=np.int64), "order"
    have = (
        tr("The pictures have no file names")
        if table.names is not None
        else tr("It has no column of file names")
    )
    raise DataError(
        tr(
            "{path} has {rows} rows and there are {count} pictures. {have}: give it a column 'index' from 0"
            " on, or as many rows as pictures.",
            path=table.path,
            rows=f"{table.count:,}",
            count=f"{count:,}",
            have=have,
        )
    )


def _by_index(table: Table, indices: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if len(np.unique(indices)) != len(indices):
        values, times = np.unique(indices, return_counts=True)
        raise DataError(
            tr("{path}: the index {index} stands there twice.", path=table.path, index=values[times.argmax()])
        )
    first = 1 if len(indices) == count and indices.min() == 1 and indices.max() == count else 0
    places = indices - first
    inside = (places >= 0) & (places < count)
    if not inside.any() and table.index_name.lower() in _INDEX_NAMES:
        raise DataError(
            tr(
                "No index in {path} is that of a picture: its column '{column}' goes from {least} to {most},"
                " and the pictures here from 0 to {last}; number the rows so, or take the column out to match"
                " them in their order.",
                path=table.path,
                column=table.index_name,
                least=indices.min(),
                most=indices.max(),
                last=count - 1,
            )
        )
    rows = np.full(count, -1, np.int64)
    rows[places[inside]] = np.flatnonzero(inside)
    return rows


def _by_name(table: Table, names: Sequence[str], files: Sequence[str]) -> NDArray[np.int64]:
    """By the path below the folder, else by the file's own name, else by that without its ending."""
    best = np.full(len(files), -1, np.int64)
    for short in (_as_is, _own_name, _stem):
        places: dict[str, int] = {}
        twice: set[str] = set()
        for row, name in enumerate(map(short, names)):
            if places.setdefault(name, row) != row:
                twice.add(name)
        seen: set[str] = set()
        several = {name for name in map(short, files) if name in seen or seen.add(name)}
        rows = np.asarray(
            [-1 if name in several or name in twice else places.get(name, -1) for name in map(short, files)],
            np.int64,
        )
        if short is _as_is and twice:
            raise DataError(
                tr("{path}: '{name}' stands there twice.", path=table.path, name=min(twice)[:MAX_TEXT])
            )
        if (rows >= 0).sum() > (best >= 0).sum():
            best = rows
    if not (best >= 0).any():
        raise DataError(
            tr(
                "No name in {path} is that of a picture: there it is '{name}', and here '{file}'.",
                path=table.path,
                name=names[0][:MAX_TEXT],
                file=files[0],
            )
        )
    return best


def _as_is(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _own_name(name: str) -> str:
    return _as_is(name).rpartition("/")[2]


def _stem(name: str) -> str:
    own = _own_name(name)
    return (own.rpartition(".")[0] or own).casefold()
