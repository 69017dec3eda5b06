"""metrics.csv: one row a report, appended as training goes and read whole for the plot."""

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import write_text


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


def append_row(path: Path, row: MetricsRow) -> None:
    """Add one row at the end, with the header first where the file is new."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write((_line(COLUMNS) if new else "") + _line(_texts(row)))


def read_metrics(path: Path) -> Metrics:
    """The whole rows of path, as far as they can be read: a torn last line is left out."""
    rows = _read_rows(path)
    whole = {name: np.array([getattr(row, name) for row in rows], dtype=np.int64) for name in WHOLE}
    real = {name: np.array([getattr(row, name) for row in rows], dtype=np.float64) for name in REAL}
    return Metrics(whole["step"], whole["epoch"], whole["images"], **real)


def keep_rows_to(path: Path, step: int) -> None:
    """Drop the rows after step and a torn last line, so that what is appended next follows on."""
    rows = [row for row in _read_rows(path) if row.step <= step]
    write_text(path, _line(COLUMNS) + "".join(_line(_texts(row)) for row in rows))


def _read_rows(path: Path) -> list[MetricsRow]:
    """Rows up to the first that is torn, not a number, or not after the one before it."""
    rows: list[MetricsRow] = []
    if not path.exists():
        return rows
    text = path.read_text(encoding="utf-8", errors="replace")
    whole, _, _torn = text.rpartition("\n")
    reader = csv.reader(io.StringIO(whole))
    if tuple(next(reader, ())) != COLUMNS:
        return rows
    for cells in reader:
        try:
            step, epoch, images, *real = cells
            row = MetricsRow(int(step), int(epoch), int(images), *[float(cell) for cell in real])
        except (ValueError, TypeError):  # not numbers, or not as many as there are columns
            break
        if rows and row.step <= rows[-1].step:
            break
        rows.append(row)
    return rows


def _texts(row: MetricsRow) -> tuple[str, ...]:
    """The cells: floats with 9 significant digits, which is all that a float32 holds."""
    return tuple(
        str(getattr(row, name)) if name in WHOLE else f"{getattr(row, name):.9g}" for name in COLUMNS
    )


def _line(cells: tuple[str, ...]) -> str:
    return ",".join(cells) + "\n"
