"""A text file of labels as columns, held to limits; which row is of which picture is core.labels.matching."""

import csv
import io
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.dataset import LabelColumn
from core.datasets.decoding import is_picture_name
from core.datasets.labels import MAX_CLASSES
from core.errors import DataError, one_line
from core.run_files import read_bounded
from core.translate import tr

MAX_BYTES = 128 * 2**20  # CelebA's file of 202,599 rows has 26 MB
MAX_COLUMNS = 256
MAX_ROWS = 5_000_000
MAX_TEXT = 200  # characters of a name or a class
LONGEST_CELL = 2000
NAME_HEADERS = frozenset(
    {"image_id", "image", "img", "file", "filename", "file_name", "name", "path", "picture"}
)
INDEX_HEADERS = frozenset({"index", "idx", "id", "#", ""})
_ROWS_AT_ONCE = 4096
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})


class Column:
    """The cells of one column as they come: each different text once, or numbers where they are many."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._places: dict[str, int] = {}
        self._codes = array("i")
        self._numbers: array[float] | None = None
        self._is_none = False  # neither numbers nor few enough words

    def add(self, cells: Sequence[str]) -> None:
        """Take some cells more. Raises: DataError for one that can be no label."""
        if self._is_none:
            return
        if self._numbers is None:
            for text in set(cells).difference(self._places):
                if text[:1] == "=" or len(text) > LONGEST_CELL:
                    raise DataError(
                        tr(
                            "{path}: the column {name} holds '{text}': a formula or a text is no label.",
                            path=self._path,
                            name=self.name,
                            text=text[:40],
                        )
                    )
                self._places[text] = len(self._places)
            self._codes.extend(map(self._places.__getitem__, cells))
            if len(self._places) <= MAX_CLASSES:
                return
        try:
            if self._numbers is None:
                known = np.asarray([_number(text) for text in self._places])
                self._numbers = array("d", known[np.asarray(self._codes)])
                self._codes = array("i")
            else:
                self._numbers.extend(map(_number, cells))
        except ValueError:
            self._is_none, self._numbers = True, None
            self._places.clear()
            self._codes = array("i")

    def made(self, rows: NDArray[np.int64]) -> LabelColumn | None:
        """The column for pictures whose rows these are, -1 for none; None where it is no label."""
        if self._is_none:
            return None
        has_row = rows >= 0
        if self._numbers is not None:
            return self._made_of(np.asarray(self._numbers), rows, has_row)
        texts = list(self._places)
        try:
            values = [_number(text) for text in texts]
        except ValueError:
            values = None
        codes = np.asarray(self._codes)
        if values is not None and not all(math.isnan(value) or value.is_integer() for value in values):
            return self._made_of(np.asarray(values)[codes], rows, has_row)
        used = [
            at
            for at in np.unique(codes[rows[has_row]]).tolist()
            if texts[at].strip().casefold() not in _MISSING
        ]
        if not used:
            return None
        if values is not None:  # "1" and "01" and "1.0" are one class
            shown = {at: str(int(values[at])) for at in used}
            classes = sorted(set(shown.values()), key=int)
        else:
            shown = {at: one_line(texts[at].strip())[:MAX_TEXT] for at in used}
            classes = sorted(set(shown.values()))
        place = {text: at for at, text in enumerate(classes)}
        lookup = np.full(len(texts), -1, np.int32)
        for at, text in shown.items():
            lookup[at] = place[text]
        found = np.where(has_row, lookup[codes[rows]], -1).astype(np.int32)
        return LabelColumn(self.name, found, tuple(classes))

    def _made_of(
        self, cells: NDArray[np.float64], rows: NDArray[np.int64], has_row: NDArray[np.bool_]
    ) -> LabelColumn | None:
        values = np.where(has_row, cells[rows], np.nan)
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if np.isinf(single).any():
            raise DataError(
                tr(
                    "{path}: the column {name} holds a number that is not finite.",
                    path=self._path,
                    name=self.name,
                )
            )
        return LabelColumn(self.name, single) if np.isfinite(single).any() else None


def _number(text: str) -> float:
    """The number of a cell, nan for none. Raises: ValueError."""
    text = text.strip()
    if text.casefold() in _MISSING:
        return math.nan
    if not text.isascii() or "_" in text:  # which Python would read
        raise ValueError(text)
    return float(text)


class Table:
    """A file's columns of labels for count pictures, and its column of names or of indices if it has one."""

    def __init__(self, path: Path, count: int, *, prefers_names: bool) -> None:
        self.path = path
        self.names: list[str] | None = None
        self.indices: NDArray[np.int64] | None = None
        self.index_name = ""
        self.count = 0
        header, rows = _header(path, _text(path), count)
        self.columns = [Column(name, path) for name in header]
        key, kind = _key(header, prefers_names=prefers_names)
        first = list(islice(rows, 1))
        if not first:
            raise DataError(tr("{path} has a header and no rows.", path=path))
        if key < 0 and (named := [at for at, cell in enumerate(first[0][1]) if is_picture_name(cell)]):
            key, kind = named[0], "name"
        cells: list[str] = []
        for part in _parts(first, rows):
            for number, row in part:
                _check_row(path, number, row, len(header))
            self.count += len(part)
            if self.count > MAX_ROWS:
                raise DataError(tr("{path} has more than {count:,} rows.", path=path, count=MAX_ROWS))
            for at, column in enumerate(zip(*(row for _, row in part), strict=True)):
                if at == key:
                    cells.extend(column)
                else:
                    self.columns[at].add(column)
        if key >= 0:
            self._take_key(cells, key, kind)
        self.columns = [column for at, column in enumerate(self.columns) if at != key]

    def _take_key(self, cells: list[str], key: int, kind: str) -> None:
        if kind == "name":
            self.names = [cell.strip() for cell in cells]
            return
        try:
            self.indices = np.asarray([int(cell) for cell in cells], np.int64)
            self.index_name = self.columns[key].name
        except (ValueError, OverflowError):
            self.columns[key].add(cells)  # a column that is only called so
            self.columns.append(self.columns[key])


def _text(path: Path) -> str:
    if not path.exists():
        raise DataError(tr("{path} is not there: give a CSV with labels, or CelebA's list_attr.", path=path))
    try:
        content = read_bounded(path, MAX_BYTES)
    except ValueError as error:
        raise DataError(tr("{path} is no file of labels: {reason}.", path=path, reason=error)) from None
    except OSError as error:
        raise DataError(
            tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
        ) from None
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        raise DataError(tr("{path} is no text: labels come as a CSV or as CelebA's list_attr.", path=path))
    return text


Row = tuple[int, list[str]]  # the number of its line, and its cells


def _rows(path: Path, text: str) -> Iterator[Row]:
    """The rows of a text that are not empty: CSV by comma, semicolon or tab, else by white space.

    One column of words of its own may have spaces in them.
    """
    lines = io.StringIO(text)
    head = list(islice(lines, 3)) or [""]
    lines.seek(0)
    delimiter = max((",", ";", "\t"), key="".join(head[:2]).count)
    words = [line.split(None, MAX_COLUMNS + 2) for line in head]
    is_spaced = any(len(cells) > 1 and is_picture_name(cells[0]) for cells in words) or len(words[0]) > 1
    if is_spaced and not any(delimiter in line for line in head[:2]):
        for number, line in enumerate(lines, start=1):
            if cells := line.split(None, MAX_COLUMNS + 2):
                yield number, cells
        return
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(
            tr("{path}, line {line}: {reason}.", path=path, line=reader.line_num, reason=error)
        ) from None


def _header(path: Path, text: str, count: int) -> tuple[list[str], Iterator[Row]]:
    """The columns' names, and the rows that follow; columns without names are counted."""
    rows = _rows(path, text)
    begun = list(islice(rows, 3))
    if begun and len(begun[0][1]) == 1 and begun[0][1][0].strip().isdecimal() and len(begun) > 2:
        names, first = begun[1][1], begun[2][1]
        if len(names) == len(first) - 1:  # CelebA's: a count, the names, then rows that begin with a file
            return _checked(path, ["image_id", *names]), _again(begun[2:], rows)
    if not begun:
        raise DataError(tr("{path} is empty.", path=path))
    cells = begun[0][1]
    _check_columns(path, cells)
    if len(begun) > 1 and len(begun[1][1]) == len(cells) + 1:  # names for all but the column of files
        return _checked(path, ["image_id", *cells]), _again(begun[1:], rows)
    has_numbers = any(_is_number(cell) for cell in cells)
    if any(map(is_picture_name, cells)) or (has_numbers and not _is_header(path, text, count, begun)):
        names = [tr("column {number}", number=number) for number in range(1, len(cells) + 1)]
        return _checked(path, names), _again(begun, rows)
    return _checked(path, cells), _again(begun[1:], rows)


def _is_header(path: Path, text: str, count: int, begun: list[Row]) -> bool:
    """Whether a first row with numbers in it names the columns, as pandas does: ",0", "0", "index,0,1".

    It does where it begins with the name of a key, where only the row below has a picture's name, and where
    one row more than there are pictures could be matched to them in no other way.
    """
    cells = [cell.strip().casefold() for cell in begun[0][1]]
    if cells[0] in NAME_HEADERS | INDEX_HEADERS:
        return bool(cells[0]) or len(set(cells)) == len(cells)  # or the first label of all is missing
    if len(begun) > 1 and any(map(is_picture_name, begun[1][1])):
        return True
    return sum(1 for _ in islice(_rows(path, text), count + 2)) == count + 1


def _again(begun: list[Row], rows: Iterator[Row]) -> Iterator[Row]:
    yield from begun
    yield from rows


def _parts(first: list[Row], rows: Iterator[Row]) -> Iterator[list[Row]]:
    part = first
    while part:
        yield part
        part = list(islice(rows, _ROWS_AT_ONCE))


def _check_columns(path: Path, cells: Sequence[str]) -> None:
    """Raises: DataError for too many."""
    if len(cells) > MAX_COLUMNS:
        raise DataError(
            tr(
                "{path} has more than {count} columns: keep those that are labels.",
                path=path,
                count=MAX_COLUMNS,
            )
        )


def _checked(path: Path, names: Sequence[str]) -> list[str]:
    """Raises: DataError for too many columns, and for names that are too long or stand there twice."""
    _check_columns(path, names)
    clean = [one_line(name.strip()) for name in names]
    for name in clean:
        if len(name) > MAX_TEXT or clean.count(name) > 1:
            raise DataError(
                tr("{path}: the column '{name}' stands there twice.", path=path, name=name)
                if len(name) <= MAX_TEXT
                else tr("{path}: the name of a column, '{name}…', is too long.", path=path, name=name[:40])
            )
    return clean


def _check_row(path: Path, number: int, row: Sequence[str], width: int) -> None:
    if len(row) != width:
        raise DataError(
            tr(
                "{path}, line {line}: {found} cells, where the header has {expected}.",
                path=path,
                line=number,
                found=len(row) if len(row) <= MAX_COLUMNS else tr("more than {count}", count=MAX_COLUMNS),
                expected=width,
            )
        )


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(_number(cell))
    except ValueError:
        return False


def _key(header: Sequence[str], *, prefers_names: bool) -> tuple[int, str]:
    """The place of the column that says which picture a row is of, -1 for none, and of which kind it is."""
    lower = [name.casefold() for name in header]
    kinds = (("name", NAME_HEADERS), ("index", INDEX_HEADERS))
    for kind, wanted in kinds if prefers_names else reversed(kinds):
        for at, name in enumerate(lower):
            if name in wanted:
                return at, kind
    return -1, ""
