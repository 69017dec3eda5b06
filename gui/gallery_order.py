"""Which pictures the gallery shows, in which order: search, filter and sort over a data set. No widget."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.datasets.dataset import ImageDataset, LabelColumn


_NUMBER = re.compile(r"(#?)(\d{1,12})")


class Sort(Enum):
    """What the pictures are ordered by."""

    INDEX = "index"
    ERROR_WORST = "error_worst"
    ERROR_BEST = "error_best"
    LABEL = "label"
    LIKENESS = "likeness"


@dataclass(frozen=True)
class Query:
    """What is asked of the gallery; column numbers count the data set's label columns, -1 is none.

    search is words, all of which must be found in a picture's labels or file name; a number is an index.
    """

    search: str = ""
    filter_column: int = -1
    filter_class: int = -1
    sort: Sort = Sort.INDEX
    sort_column: int = -1


def find_pictures(
    dataset: ImageDataset,
    query: Query,
    errors: NDArray[np.float32] | None = None,
    likeness: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """Indices of the pictures that a query shows, in its order; equals stay in order of their index.

    errors and likeness (a distance) are of each picture, NaN where unknown.
    """
    shown = np.ones(len(dataset), dtype=np.bool_)
    if 0 <= query.filter_column < len(dataset.labels):
        shown &= dataset.labels[query.filter_column].values == query.filter_class
    for word in query.search.casefold().split():
        shown &= _having(dataset, word)
    indices = np.flatnonzero(shown).astype(np.int64)
    match query.sort:
        case Sort.INDEX:
            return indices
        case Sort.ERROR_WORST | Sort.ERROR_BEST:
            if errors is None or len(errors) != len(dataset):
                return indices
            keys = errors[indices]
            if query.sort is Sort.ERROR_WORST:
                keys = -keys  # a picture without a known error is NaN, and stays last either way
            return indices[_stable_order(keys)]
        case Sort.LIKENESS:
            if likeness is None or len(likeness) != len(dataset):
                return indices
            return indices[_stable_order(likeness[indices])]
        case Sort.LABEL:
            if not 0 <= query.sort_column < len(dataset.labels):
                return indices
            return indices[_stable_order(_label_keys(dataset.labels[query.sort_column])[indices])]


def _label_keys(column: LabelColumn) -> NDArray[np.float32]:
    """Sortable numbers (N,): classes in their own order; pictures without a label come last."""
    keys = column.values.astype(np.float32)  # exact: there are at most thousands of classes
    return np.where(keys < 0, np.float32(np.inf), keys) if column.classes else keys


def _stable_order(keys: NDArray[np.float32]) -> NDArray[np.int64]:
    """np.argsort(keys, kind="stable"), which counts 16 bits at a time and so takes a fraction of the time.

    Seen as whole numbers, floats are in order once the bits of negative ones are turned round.
    """
    bits = np.where(np.isnan(keys), np.float32(np.nan), keys + np.float32(0.0)).view(np.uint32)
    bits = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    order = np.argsort(bits.astype(np.uint16), kind="stable")
    return order[np.argsort((bits >> 16).astype(np.uint16)[order], kind="stable")]


def _having(dataset: ImageDataset, word: str) -> NDArray[np.bool_]:
    """Which pictures a word finds (N,): by index, or as part of a label or of a file's name."""
    found = np.zeros(len(dataset), dtype=np.bool_)
    number = _NUMBER.fullmatch(word.replace(",", ""))
    if number is not None:
        if int(number[2]) < len(dataset):
            found[int(number[2])] = True
        if number[1]:
            return found
    for column in dataset.labels:
        # A number must be the whole label: else 7 would find 17 and 70 as well.
        hits = [
            at
            for at, name in enumerate(column.classes)
            if (name.casefold() == word if number is not None else word in name.casefold())
        ]
        if hits:
            is_hit = np.zeros(len(column.classes) + 1, dtype=np.bool_)  # the last one is for no label, -1
            is_hit[hits] = True
            found |= is_hit[np.maximum(column.values, -1).astype(np.intp, copy=False)]
    if dataset.files and number is None:
        found |= np.fromiter((word in name for name in dataset.folded_files), np.bool_, len(dataset))
    return found
