"""Labels for pictures that are open, from a CSV or CelebA's list_attr file: read, matched, put with them.

Labels that come with the pictures themselves (folders, npz, idx) are core.datasets' business.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from core.datasets.dataset import ImageDataset, LabelColumn
from core.errors import DataError
from core.labels.matching import Key, match
from core.labels.table import Table
from core.translate import tr


@dataclass(frozen=True, eq=False)
class Labels:
    """Columns that fit a data set, picture by picture, and how they were matched to it.

    matched counts the pictures that have labels now; unused counts the file's rows that are of no picture.
    """

    columns: tuple[LabelColumn, ...]
    by: Key
    matched: int
    unused: int
    source: str
    left_out: tuple[str, ...] = ()

    def text(self) -> str:
        """What was read, in a sentence or two."""
        how = {
            "name": tr("by their files' names"),
            "index": tr("by the index column"),
            "order": tr("in their order"),
        }[self.by]
        count, matched = len(self.columns), f"{self.matched:,}"
        labels = tr("1 label") if count == 1 else tr("{count} labels", count=count)
        pictures = tr("1 picture") if self.matched == 1 else tr("{count} pictures", count=matched)
        parts = [tr("{labels} for {pictures}, matched {how}.", labels=labels, pictures=pictures, how=how)]
        name, unused = Path(self.source).name, f"{self.unused:,}"
        if self.unused and self.by == "index":  # such as a file for all pictures, and a part of them open
            parts.append(
                tr(
                    "Rows of {name} that are of no picture here: {count}. Unless the pictures here are the"
                    " first that it counts, its labels are of others.",
                    count=unused,
                    name=name,
                )
            )
        elif self.unused:
            parts.append(tr("Rows of {name} that are of no picture here: {count}.", count=unused, name=name))
        if self.left_out:
            parts.append(tr("Not read, being no labels: {names}.", names=", ".join(self.left_out[:5])))
        return " ".join(parts)


def read_labels(path: str | Path, dataset: ImageDataset) -> Labels:
    """The labels in a file for the pictures of a data set.

    Rows are matched by file name where both have names, else by a column called index, else by their order
    where there are as many rows as pictures. A column of whole numbers or words becomes categories, another
    of numbers stays numbers. Raises: DataError with what would match, where nothing does: names or a column
    called index that are of no picture are never passed over to go by the order.
    """
    path = Path(os.path.expanduser(path))
    table = Table(path, len(dataset), prefers_names=bool(dataset.files))
    rows, by = match(table, dataset)  # (N,): the row of each picture, -1 for none
    columns: list[LabelColumn] = []
    left_out: list[str] = []
    for column in table.columns:
        made = column.made(rows)
        if made is None:
            left_out.append(column.name)
        else:
            columns.append(made)
    if not columns:
        raise DataError(tr("{path} holds no column of labels beside the names.", path=path))
    matched = int((rows >= 0).sum())
    return Labels(tuple(columns), by, matched, table.count - matched, str(path), tuple(left_out))


def with_labels(dataset: ImageDataset, labels: Labels) -> ImageDataset:
    """The data set with these labels too; a column of the same name takes the place of the older one."""
    names = {column.name for column in labels.columns}
    kept = tuple(column for column in dataset.labels if column.name not in names)
    return replace(dataset, labels=(*kept, *labels.columns))
