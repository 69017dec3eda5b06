"""Label columns from arrays of numbers or words, and from the folders that picture files lie in."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets.dataset import LabelColumn

MAX_CLASSES = 1000
MAX_COLUMNS = 64
SPLIT_NAMES = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


def label_columns(
    name: str, values: NDArray[Any], present: NDArray[np.bool_] | None = None
) -> list[LabelColumn]:
    """Columns of an array (N,) or (N,k): whole numbers and words become categories, others stay numbers.

    Rows where present is False have no label. Arrays that are no labels give no column.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and 1 < values.shape[1] <= MAX_COLUMNS:
        return [
            column
            for index in range(values.shape[1])
            for column in label_columns(f"{name} {index}", values[:, index], present)
        ]
    if values.ndim != 1 or values.dtype.kind not in "biufSU":
        return []
    present = np.ones(len(values), dtype=bool) if present is None else present
    if values.dtype.kind == "f":
        return [LabelColumn(name, np.where(present, values, np.nan).astype(np.float32))]
    classes, places = np.unique(values[present], return_inverse=True)
    if len(classes) > MAX_CLASSES:
        if values.dtype.kind in "SU":
            return []
        return [LabelColumn(name, np.where(present, values, np.nan).astype(np.float32))]
    if not len(classes):
        return []
    if values.dtype.kind == "b":
        classes = classes.astype(np.uint8)
    if values.dtype.kind == "S":
        texts = tuple(value.decode("utf-8", "replace") for value in classes.tolist())
    else:
        texts = tuple(str(value) for value in classes.tolist())
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[present] = places
    return [LabelColumn(name, codes, texts)]


def folder_columns(files: Sequence[str]) -> tuple[LabelColumn, ...]:
    """The column "class" from the first folder below the one that all files share.

    Where those folders are named train, val and test, they become the column "split" and the folders
    below them the class. Files that lie beside the folders have no class; without folders there is no column.
    """
    folders = [PurePosixPath(file).parts[:-1] for file in files]
    shared = 0
    if folders:
        shortest, first = min(len(parts) for parts in folders), folders[0]
        while shared < shortest and all(parts[shared] == first[shared] for parts in folders):
            shared += 1
    columns: list[LabelColumn] = []
    first_names = [parts[shared] if len(parts) > shared else "" for parts in folders]
    if any(first_names) and {name.lower() for name in first_names} <= SPLIT_NAMES:
        columns.append(_column("split", first_names))
        first_names = [parts[shared + 1] if len(parts) > shared + 1 else "" for parts in folders]
    if any(first_names):
        columns.append(_column("class", first_names))
    return tuple(columns)


def _column(name: str, texts: list[str]) -> LabelColumn:
    classes = tuple(sorted(set(texts) - {""}))
    index = {text: place for place, text in enumerate(classes)}
    return LabelColumn(name, np.array([index.get(text, -1) for text in texts], dtype=np.int32), classes)
