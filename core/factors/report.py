"""What codes tell of known factors, as one value: measured, written as JSON, kept in a run's folder."""

import hashlib
import json
import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.atomic import write_text
from core.codec import Codec
from core.datasets.dataset import ImageDataset, LabelColumn
from core.encoding import Codes, EncodeProgress, codes_key
from core.errors import DataError
from core.factors.columns import LeftOut, factors_of
from core.factors.importance import measure_importance
from core.factors.information import chance_shares, gaps, measure_information
from core.run_files import read_bounded
from core.translate import tr

FACTORS_FILE = "factors.json"
MAX_FILE_BYTES = 64 * 2**20
_VERSION = 3  # goes up where a measure comes to other numbers


@dataclass(frozen=True, eq=False)
class FactorReport:
    """D dials against F factors of count pictures.

    shares (D,F): mutual information over the factor's entropy; gaps (F,) the difference of the two best.
    weights (D,F): how much each dial helps to read each factor, columns with a sum of 1 or 0. disentanglement
    (D,), completeness (F,), score (F,) and accuracy (F,) as in core.factors.importance. chance (F,): what an
    unrelated dial would seem to know of a factor, since the pictures are few. overall_disentanglement is nan
    where there is one factor alone: no dial can serve another one.
    """

    names: tuple[str, ...]
    classes: tuple[int, ...]
    is_number: tuple[bool, ...]
    count: int
    shares: NDArray[np.float64]
    gaps: NDArray[np.float64]
    chance: NDArray[np.float64]
    weights: NDArray[np.float64]
    disentanglement: NDArray[np.float64]
    completeness: NDArray[np.float64]
    score: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    overall_disentanglement: float
    left_out: tuple[LeftOut, ...]

    @property
    def mig(self) -> float:
        """The mutual information gap: the mean of gaps."""
        return float(self.gaps.mean())

    @property
    def overall_completeness(self) -> float:
        """The mean of completeness."""
        return float(self.completeness.mean())

    @property
    def informativeness(self) -> float:
        """The mean of score."""
        return float(self.score.mean())

    def best_dial(self, factor: int) -> int:
        """The dial that knows most of a factor."""
        return int(self.shares[:, factor].argmax())

    def facts(self) -> dict[str, Any]:
        """All of it as plain values for JSON; what is not known is null."""
        return {
            "pictures": self.count,
            "scores": {
                "mig": self.mig,
                "disentanglement": _known(self.overall_disentanglement),
                "completeness": self.overall_completeness,
                "informativeness": self.informativeness,
            },
            "factors": [
                {
                    "name": name,
                    "kind": "number" if self.is_number[at] else "category",
                    "classes": self.classes[at],
                    "gap": float(self.gaps[at]),
                    "best_dial": self.best_dial(at),
                    "completeness": float(self.completeness[at]),
                    "informativeness": float(self.score[at]),
                    "accuracy": _known(self.accuracy[at]),
                    "chance": float(self.chance[at]),
                }
                for at, name in enumerate(self.names)
            ],
            "left_out": [{"name": left.name, "reason": left.reason} for left in self.left_out],
            "disentanglement_of_dials": self.disentanglement.tolist() if len(self.names) > 1 else None,
            "normalised_mutual_information": self.shares.tolist(),
            "importance": self.weights.tolist(),
        }


def measure_factors(
    codes: Codes, columns: tuple[LabelColumn, ...]
) -> Generator[EncodeProgress, None, FactorReport]:
    """What the codes of some pictures tell of all pictures' label columns. Raises: DataError without one."""
    if not columns:
        raise DataError(
            tr(
                "These pictures have no labels, and without known factors there is nothing to hold the dials"
                " against: the built-in faces have some, sub-folders and label files give some."
            )
        )
    factors, left_out = factors_of(columns, codes.indices)
    if not factors:
        first = left_out[0]
        raise DataError(
            tr(
                "None of the {count} label columns can be measured; {name}: {reason}.",
                count=len(left_out),
                name=first.name,
                reason=first.reason,
            )
        )
    shares = yield from measure_information(codes.codes, factors)
    importance = yield from measure_importance(codes.codes, factors, shares)
    return FactorReport(
        names=tuple(factor.name for factor in factors),
        classes=tuple(factor.classes for factor in factors),
        is_number=tuple(factor.numbers is not None for factor in factors),
        count=len(codes.codes),
        shares=shares,
        gaps=gaps(shares),
        chance=chance_shares(factors),
        weights=importance.weights,
        disentanglement=importance.disentanglement(),
        completeness=importance.completeness(),
        score=importance.score,
        accuracy=importance.accuracy,
        overall_disentanglement=importance.overall_disentanglement() if len(factors) > 1 else math.nan,
        left_out=left_out,
    )


Share = Annotated[float, Field(ge=-1e-6, le=1.000001, allow_inf_nan=False)]
Row = tuple[Share, ...]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


class _Kept(BaseModel):
    """The file: the fields of a report as they stand, and whose they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    names: Annotated[tuple[Annotated[str, Field(max_length=10_000)], ...], Field(min_length=1)]
    classes: tuple[Annotated[int, Field(ge=2, le=2**31)], ...]
    is_number: tuple[bool, ...]
    count: Annotated[int, Field(ge=1, le=2**40)]
    shares: Annotated[tuple[Row, ...], Field(min_length=1)]
    gaps: Row
    chance: Row
    weights: tuple[Row, ...]
    disentanglement: Row
    completeness: Row
    score: Row
    accuracy: tuple[Share | None, ...]
    overall_disentanglement: Share | None
    left_out: tuple[tuple[str, str], ...]


class FactorsFile:
    """The file in a run's folder where the report on one codec's weights, data and labels is kept.

    As with kept codes, a disk that cannot be written to costs time and nothing else: failed says it.
    """

    def __init__(self, folder: Path, codec: Codec, dataset: ImageDataset, count: int) -> None:
        self.path = folder / FACTORS_FILE
        codes = codes_key(codec.fingerprint, dataset.identity.fingerprint, count)
        self.key = f"{_VERSION}:{codes}:{labels_fingerprint(dataset.labels)}"
        self.failed = False

    def load(self) -> FactorReport | None:
        """What is kept; None where there is nothing of this key, or it is damaged."""
        try:
            kept = _Kept.model_validate_json(read_bounded(self.path, MAX_FILE_BYTES))
            return _report(kept) if kept.key == self.key else None
        except (OSError, ValueError, ValidationError, RecursionError):
            return None

    def save(self, report: FactorReport) -> None:
        """Keep a report in place of what is kept."""
        values = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(report).items()
        }
        values |= {
            "key": self.key,
            "accuracy": [_known(value) for value in report.accuracy],
            "overall_disentanglement": _known(report.overall_disentanglement),
            "left_out": [(left.name, left.reason) for left in report.left_out],
        }
        try:
            write_text(self.path, json.dumps(values))
        except OSError:
            self.failed = True


def _report(kept: _Kept) -> FactorReport:
    """Raises: ValueError where the sizes do not fit each other."""
    dims, factors = len(kept.shares), len(kept.names)
    for rows in (kept.shares, kept.weights):
        if len(rows) != dims or any(len(row) != factors for row in rows):
            raise ValueError("rows")
    per_factor = (kept.classes, kept.is_number, kept.gaps, kept.chance, kept.completeness, kept.score,
                  kept.accuracy)  # fmt: skip
    if any(len(values) != factors for values in per_factor) or len(kept.disentanglement) != dims:
        raise ValueError("columns")
    arrays = {
        name: np.array(getattr(kept, name), np.float64)
        for name in (
            "shares", "gaps", "chance", "weights", "disentanglement", "completeness", "score", "accuracy",
        )
    }  # fmt: skip
    apart = kept.overall_disentanglement
    return FactorReport(
        names=kept.names,
        classes=kept.classes,
        is_number=kept.is_number,
        count=kept.count,
        overall_disentanglement=math.nan if apart is None else apart,
        left_out=tuple(LeftOut(name, reason) for name, reason in kept.left_out),
        **arrays,
    )


def labels_fingerprint(columns: tuple[LabelColumn, ...]) -> str:
    """SHA-256 in hex of what label columns say, which may change while the pictures stay."""
    digest = hashlib.sha256()
    for column in columns:
        digest.update(json.dumps([column.name, str(column.values.dtype), column.classes]).encode())
        digest.update(column.values.tobytes())
    return digest.hexdigest()
