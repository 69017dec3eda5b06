"""Every dial as numbers: how its codes are spread, its KL, its effect; as a table, as CSV and JSON."""

import csv
import io
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.atomic import write_text
from core.batches import spread_indices
from core.codec import Codec
from core.config import is_variational
from core.datasets.dataset import ImageDataset
from core.encoding import CODES_LIMIT, EncodeProgress, codes_key
from core.latents import CodeStatistics, dead_dimensions
from core.objectives import kl_of_dims
from core.run_files import read_bounded
from core.translate import tr

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
KL_FILE = "dials.json"
_MAX_FILE_BYTES = 8 * 2**20


def measure_kl(
    codec: Codec, dataset: ImageDataset, limit: int = CODES_LIMIT
) -> Generator[EncodeProgress, None, NDArray[np.float32] | None]:
    """KL of each dimension (D,) in nats, averaged over at most limit pictures, evenly spread; None for an ae.

    The formula is core.objectives.kl_of_dims: what training minimises, and shows live. Yields after every
    batch. Raises: ModelError.
    """
    if not is_variational(codec.config.objective):
        return None
    indices = spread_indices(len(dataset), limit)
    total = np.zeros(codec.latent_dim, np.float64)
    for start in range(0, len(indices), codec.batch):
        part = indices[start : start + codec.batch]
        mean, log_std = codec.posterior(dataset.pictures(part))
        if log_std is None:
            return None
        each = kl_of_dims(torch.from_numpy(mean), torch.from_numpy(log_std))
        total += each.sum(dim=0, dtype=torch.float64).numpy()
        done = start + len(part)
        yield EncodeProgress(
            done, len(indices), tr("Measuring KL: {done} of {total}", done=done, total=len(indices))
        )
    return (total / max(len(indices), 1)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class DialNumbers:
    """The numbers of D dials: statistics of their codes, effect (D,) of 255, KL (D,) in nats or None."""

    stats: CodeStatistics
    effect: NDArray[np.float32]
    kl: NDArray[np.float32] | None

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Which dials (D,) hardly vary or change nothing that can be seen."""
        return dead_dimensions(self.stats, self.effect)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column (D,) by its short name, in the order of the table; without kl where there is none."""
        columns: dict[str, NDArray[Any]] = {
            "dial": np.arange(len(self.effect)),
            "mean": self.stats.mean,
            "std": self.stats.std,
        }
        columns |= {f"p{percent}": self.stats.percentile(percent) for percent in PERCENTILES}
        if self.kl is not None:
            columns["kl"] = self.kl
        columns["effect"] = self.effect
        columns["active"] = (~self.dead).astype(np.int64)
        return columns

    def order(self, by: str) -> NDArray[np.int64]:
        """The dials, greatest first by a column, and dead ones last; by their number for "dial"."""
        values = self.columns()[by].astype(np.float64)
        if by == "dial":
            return np.arange(len(values))
        return np.lexsort((np.arange(len(values)), -values, self.dead)).astype(np.int64)

    def _ordered(self, by: str) -> dict[str, NDArray[Any]]:
        order = self.order(by)
        return {name: column[order] for name, column in self.columns().items()}

    def csv_text(self, by: str = "dial") -> str:
        """One line a dial, in the order of a column; see order()."""
        columns = self._ordered(by)
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        lists = [[_short(value) for value in column.tolist()] for column in columns.values()]
        writer.writerows(zip(*lists, strict=True))
        return file.getvalue()

    def facts(self, by: str = "dial") -> dict[str, Any]:
        """The same as plain values for JSON."""
        columns = {name: column.tolist() for name, column in self._ordered(by).items()}
        dials = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return {
            "pictures": self.stats.count,
            "active": int((~self.dead).sum()),
            "kl": None if self.kl is None else float(self.kl.sum()),
            "dials": [dial | {"active": bool(dial["active"])} for dial in dials],
        }


def strongest_pairs(correlation: NDArray[np.float32], count: int) -> list[tuple[int, int, float]]:
    """The pairs of dials whose correlation (D,D) is greatest in size: (dial, dial, correlation)."""
    rows, columns = np.triu_indices(len(correlation), k=1)
    values = correlation[rows, columns]
    best = np.argsort(-np.abs(values), kind="stable")[:count]
    return [(int(rows[at]), int(columns[at]), float(values[at])) for at in best]


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.7g}"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kl: tuple[Annotated[float, Field(ge=-1.0, allow_inf_nan=False)], ...]


class KlFile:
    """The file in a run's folder where the KL of one codec's weights, one data set and one limit is kept."""

    def __init__(self, folder: Path, codec: Codec, dataset: ImageDataset, limit: int = CODES_LIMIT) -> None:
        self.path = folder / KL_FILE
        count = min(limit, len(dataset))
        self.key = codes_key(codec.fingerprint, dataset.identity.fingerprint, count)
        self._dims = codec.latent_dim

    def load(self) -> NDArray[np.float32] | None:
        """What is kept; None where there is nothing of this key, or it is damaged."""
        try:
            kept = _Kept.model_validate_json(read_bounded(self.path, _MAX_FILE_BYTES))
        except (OSError, ValueError, ValidationError, RecursionError):
            return None
        fits = kept.key == self.key and len(kept.kl) == self._dims
        return np.array(kept.kl, np.float32) if fits else None

    def save(self, kl: NDArray[np.float32]) -> None:
        """Keep it in place of what is kept; a disk that cannot be written to costs time and nothing else."""
        if not np.isfinite(kl).all():
            return
        try:
            write_text(self.path, json.dumps({"key": self.key, "kl": kl.tolist()}))
        except OSError:
            return


def kept_kl(
    codec: Codec, dataset: ImageDataset, limit: int = CODES_LIMIT, kept: KlFile | None = None
) -> Generator[EncodeProgress, None, NDArray[np.float32] | None]:
    """measure_kl, unless the file holds it, which holds it afterwards."""
    known = kept.load() if kept is not None else None
    if known is not None:
        return known
    found = yield from measure_kl(codec, dataset, limit)
    if kept is not None and found is not None:
        kept.save(found)
    return found
