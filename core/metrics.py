"""metrics.csv: one row a report, appended as training goes and read whole for the plot."""

import io
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.atomic import append_line, sync_file, write_text
from core.errors import RunError
from core.run_files import read_bounded
from core.translate import tr


@dataclass(frozen=True)
class MetricsRow:
    """One report: where training stood, and means over the steps since the report before.

    epoch counts from 1. seconds is the time spent working, without pauses. kl is 0 for an ae. val_mse is
    the mean squared error per pixel of the pictures held out, of the decoded mean in float32; nan (and
    written as nan) where it was not measured.
    """

    step: int
    epoch: int
    images: int
    seconds: float
    loss: float
    reconstruction: float
    kl: float
    mse: float
    val_mse: float


COLUMNS = tuple(field.name for field in fields(MetricsRow))
WHOLE = COLUMNS[:3]
REAL = COLUMNS[3:]
HEADER = ",".join(COLUMNS).encode()
MAX_BYTES = 96 * 2**20  # a million rows
LIMIT = 2**53  # whole numbers below it are exact as float64


@dataclass(frozen=True, eq=False)
class Metrics:
    """All rows as columns of one length; val_mse is nan where it was not measured."""

    step: NDArray[np.int64]
    epoch: NDArray[np.int64]
    images: NDArray[np.int64]
    seconds: NDArray[np.float64]
    loss: NDArray[np.float64]
    reconstruction: NDArray[np.float64]
    kl: NDArray[np.float64]
    mse: NDArray[np.float64]
    val_mse: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.step)

    def of_last_epoch(self, name: str) -> float:
        """The mean of a column over the pictures of the newest epoch, as far as it goes; nan without rows."""
        if not len(self):
            return math.nan
        first = int(np.searchsorted(self.epoch, self.epoch[-1]))
        before = int(self.images[first - 1]) if first else 0
        return mean_of_pictures(self.images[first:], getattr(self, name)[first:], before)


def mean_of_pictures(
    images: Sequence[int] | NDArray[np.int64], values: Sequence[float] | NDArray[np.float64], before: int
) -> float:
    """The mean of values, each of the pictures since the one before; images are counted on from before.

    Where none were added, as after a stop between an epoch's last step and its report, the last value.
    """
    added = np.diff(np.asarray(images), prepend=before)
    return float(np.average(values, weights=added)) if added.any() else float(values[-1])


@dataclass(frozen=True)
class NewRows:
    """What a look at metrics.csv found; anew: these are all rows, and those that were known are no more."""

    rows: tuple[MetricsRow, ...]
    anew: bool


class MetricsReader:
    """Reads what another process appends to metrics.csv: at each look the new bytes only.

    A last line that is still being written waits for the next look. A file that is another one now, shorter,
    or whose rows jump back (training was resumed from a checkpoint) is read anew.
    """

    def __init__(self, path: Path, known: int = 0, step: int = 0) -> None:
        """known rows have been read by other means, up to step; the first look finds what follows them."""
        self._path = path
        self._known, self._step = known, step
        self._offset = 0
        self._seen: tuple[int, int] | None = None  # size and inode at the last look

    def read(self) -> NewRows:
        """The rows since the last look. Raises: OSError where the file is there and cannot be read."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                seen = status.st_size, status.st_ino
                if seen == self._seen:
                    return NewRows((), anew=False)
                replaced = self._seen is not None and (seen[1] != self._seen[1] or seen[0] < self._offset)
                rows = None if replaced else self._rows_after(file)
                found = NewRows(tuple(rows), anew=False) if rows is not None else self._read_anew(file)
                self._seen = seen
                return found
        except FileNotFoundError:
            return NewRows((), anew=False)  # nothing is reported yet

    def _rows_after(self, file: BinaryIO) -> list[MetricsRow] | None:
        """The rows after those that are known; None where they are not what they were."""
        if not self._offset:
            self._offset = _bytes_of(file, self._known, self._step)
            if not self._offset:
                return None
        file.seek(self._offset)
        content = file.read()
        rows, taken = _rows_of(content, self._step)
        if not rows and b"\n" in content:  # a whole line that does not follow on
            return None
        self._take(rows, taken)
        return rows

    def _read_anew(self, file: BinaryIO) -> NewRows:
        had, self._offset, self._known, self._step = self._known, 0, 0, 0
        file.seek(0)
        header, _, rest = file.read().partition(b"\n")
        if header != HEADER:  # empty, or its first line is still being written
            return NewRows((), anew=had > 0)
        self._offset = len(header) + 1
        rows, taken = _rows_of(rest, 0)
        self._take(rows, taken)
        return NewRows(tuple(rows), anew=True)

    def _take(self, rows: list[MetricsRow], taken: int) -> None:
        self._offset += taken
        self._known += len(rows)
        self._step = rows[-1].step if rows else self._step


def append_row(path: Path, row: MetricsRow) -> None:
    """Add one row at the end, with the header first where the file is new. Raises: OSError; no row then."""
    append_line(path, _line(_texts(row)).encode(), _line(COLUMNS).encode())


def sync_rows(path: Path) -> None:
    """Bring the rows to the disk, so that a power cut does not take them. Raises: OSError."""
    sync_file(path)


def read_metrics(path: Path) -> Metrics:
    """The whole rows of path, as far as they can be read: a torn last line is left out."""
    table = _read_table(path)
    if table is None:
        rows = [astuple(row) for row in _read_rows(path)]
        table = np.array(rows, np.float64).reshape(-1, len(COLUMNS))
    columns = np.ascontiguousarray(table.T)
    whole = columns[: len(WHOLE)].astype(np.int64)
    real = dict(zip(REAL, columns[len(WHOLE) :], strict=True))
    return Metrics(whole[0], whole[1], whole[2], **real)


def keep_rows_to(path: Path, step: int) -> None:
    """Drop the rows after step and a torn last line, so that what is appended next follows on."""
    write_rows(path, [row for row in _read_rows(path) if row.step <= step])


def write_rows(path: Path, rows: Iterable[MetricsRow]) -> None:
    """Make these rows the whole of path. Raises: OSError."""
    write_text(path, _line(COLUMNS) + "".join(_line(_texts(row)) for row in rows))


def _content(path: Path) -> bytes:
    """All bytes of a file. Raises: RunError where it is not one of ours by its size or kind, OSError."""
    try:
        return read_bounded(path, MAX_BYTES)
    except ValueError as error:
        raise RunError(tr("{path} cannot be read: {reason}.", path=path, reason=error)) from None


def _read_table(path: Path) -> NDArray[np.float64] | None:
    """All rows at once (n, columns), which takes a fourteenth of the time; None where one of them is odd."""
    if not path.exists():
        return None
    header, _, rest = _content(path).partition(b"\n")
    whole = rest[: rest.rfind(b"\n") + 1]
    if header != HEADER or not whole.strip():
        return None
    try:
        table = np.loadtxt(io.BytesIO(whole), delimiter=",", comments=None, ndmin=2, encoding="ascii")
    except ValueError:
        return None
    counts = table[:, : len(WHOLE)]
    is_odd = (
        table.shape != (whole.count(b"\n"), len(COLUMNS))
        or not ((counts == np.floor(counts)) & (counts >= 0) & (counts < LIMIT)).all()
        or table[0, 0] == 0
        or (np.diff(table[:, 0]) <= 0).any()
    )
    return None if is_odd else table


def _read_rows(path: Path) -> list[MetricsRow]:
    """Rows up to the first that is torn, not a number, or not after the one before it."""
    if not path.exists():
        return []
    header, _, rest = _content(path).partition(b"\n")
    return _rows_of(rest, 0)[0] if header == HEADER else []


def _rows_of(content: bytes, step: int) -> tuple[list[MetricsRow], int]:
    """The whole rows of content after step, each after the one before, and how many bytes they take."""
    rows: list[MetricsRow] = []
    taken = 0
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n"):  # it is still being written
            break
        try:
            step_text, epoch, images, *real = line.decode("ascii").rstrip("\r\n").split(",")
            row = MetricsRow(int(step_text), int(epoch), int(images), *[float(cell) for cell in real])
        except (ValueError, TypeError):  # not numbers, or not as many as there are columns
            break
        if row.step <= step or not all(0 <= getattr(row, name) < LIMIT for name in WHOLE):
            break
        step = row.step
        taken += len(line)
        rows.append(row)
    return rows, taken


def _bytes_of(file: BinaryIO, known: int, step: int) -> int:
    """The bytes of the header and the first known rows, of which the last must be of step; else 0."""
    file.seek(0)
    if file.readline() != HEADER + b"\n":
        return 0
    last = b""
    for _ in range(known):
        last = file.readline()
    is_step = not known or (last.endswith(b"\n") and last.partition(b",")[0] == str(step).encode())
    return file.tell() if is_step else 0


def _texts(row: MetricsRow) -> tuple[str, ...]:
    """The cells: floats with 9 significant digits, which is all that a float32 holds."""
    return tuple(
        str(getattr(row, name)) if name in WHOLE else f"{getattr(row, name):.9g}" for name in COLUMNS
    )


def _line(cells: tuple[str, ...]) -> str:
    return ",".join(cells) + "\n"
