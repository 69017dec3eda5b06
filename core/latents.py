"""What a data set's codes look like: statistics, effects of dimensions, traversals and random codes."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray

from core.atomic import write_bytes
from core.codec import BATCH, Codec
from core.config import ObjectiveName
from core.datasets.dataset import ImageDataset
from core.errors import ModelError
from core.translate import tr

QUANTILES = 401  # every quarter of a percent: finer than what is said to a person
# The window and the command line keep the same codes, so that both say the same sigmas.
CODES_FILE = "codes.safetensors"
CODES_LIMIT = 20_000
DEAD_STD = 0.02  # of the largest standard deviation among the dimensions
DEAD_EFFECT = 0.25  # of 255: a change of one standard deviation that nobody can see

T = TypeVar("T")


@dataclass(frozen=True)
class EncodeProgress:
    """How far a long measurement is."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes (M,D) of some of a data set's pictures, their reconstruction errors (M,) and indices (M,)."""

    codes: NDArray[np.float32]
    errors: NDArray[np.float32]
    indices: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CodeStatistics:
    """How each dimension (D) is distributed over the data's own codes.

    low and high are the 5 % and 95 % quantiles; quantiles is (Q,D), evenly spaced from 0 to 1. active is
    False for a dimension whose codes hardly vary. factor (D,D): factor @ factor.T is the covariance.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    quantiles: NDArray[np.float32]
    active: NDArray[np.bool_]
    factor: NDArray[np.float32]
    count: int

    def rarity(self, dim: int, value: float) -> float:
        """Share of the data that is nearer to the median (by rank) than value: 0.97 is rarer than 97 %."""
        column = self.quantiles[:, dim]
        last = len(column) - 1
        below = float(np.searchsorted(column, value, side="left"))
        above = float(np.searchsorted(column, value, side="right"))
        if below == above:  # between two quantiles
            if below in (0, last + 1):
                return 1.0
            left, right = column[int(below) - 1], column[int(below)]
            rank = below - 1 + (value - left) / (right - left)
        else:  # on one, or on a run of equal ones: the nearest of them to the middle
            rank = float(np.clip(last / 2, below, above - 1))
        return float(min(1.0, abs(2.0 * rank / last - 1.0)))

    def sigmas(self, dim: int, delta: float) -> float:
        """delta in standard deviations of the data's codes; infinite where they do not vary at all."""
        std = float(self.std[dim])
        if std > 0.0:
            return delta / std
        return 0.0 if delta == 0.0 else float(np.copysign(np.inf, delta))


def finished(work: Generator[object, None, T]) -> T:
    """The return value of a generator of progress, run to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def spread_indices(count: int, limit: int) -> NDArray[np.int64]:
    """At most limit indices, evenly spread over count pictures, in order."""
    kept = min(count, limit)
    return np.arange(kept, dtype=np.int64) * count // max(kept, 1)


def encode_dataset(
    codec: Codec, dataset: ImageDataset, limit: int = 20_000, batch: int = BATCH
) -> Generator[EncodeProgress, None, Codes]:
    """Encode at most limit pictures, evenly spread; yields after every batch. Raises: ModelError."""
    indices = spread_indices(len(dataset), limit)
    codes = np.empty((len(indices), codec.latent_dim), np.float32)
    errors = np.empty(len(indices), np.float32)
    for start in range(0, len(indices), batch):
        part = slice(start, start + batch)
        codes[part], errors[part] = codec.codes_and_errors(dataset.pictures(indices[part]))
        done = min(start + batch, len(indices))
        yield EncodeProgress(
            done, len(indices), tr("Encoding pictures: {done} of {total}", done=done, total=len(indices))
        )
    return Codes(codes, errors, indices)


def statistics(codes: NDArray[np.float32]) -> CodeStatistics:
    """The statistics of codes (M,D). Raises: ModelError when there are none or they are not finite."""
    if codes.ndim != 2 or not len(codes):
        raise ModelError(tr("There are no codes to measure."))
    if not np.isfinite(codes).all():
        raise ModelError(tr("Some codes are not finite: the weights are damaged, or training diverged."))
    exact = codes.astype(np.float64)
    std = exact.std(axis=0)
    quantiles = np.quantile(exact, np.linspace(0.0, 1.0, QUANTILES), axis=0)
    low, high = np.quantile(exact, (0.05, 0.95), axis=0)
    centred = exact - exact.mean(axis=0)
    # eigh stands rank deficiency (dead dimensions, fewer codes than dimensions), where Cholesky fails
    variances, directions = np.linalg.eigh(centred.T @ centred / len(codes))
    return CodeStatistics(
        mean=exact.mean(axis=0).astype(np.float32),
        std=std.astype(np.float32),
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        quantiles=quantiles.astype(np.float32),
        active=std > max(DEAD_STD * float(std.max()), 1e-6),
        factor=(directions * np.sqrt(variances.clip(0.0))).astype(np.float32),
        count=len(codes),
    )


def measure_effects(
    codec: Codec, codes: NDArray[np.float32], stats: CodeStatistics, count: int = 16
) -> Generator[EncodeProgress, None, NDArray[np.float32]]:
    """Mean absolute change of the picture (D,), of 255, when a dimension moves by ±1 standard deviation.

    Averaged over count of the codes, both directions and all pixels; yields after every few dimensions.
    """
    sample = codes[spread_indices(len(codes), count)]
    base = codec.decode_float(sample).clamp(-1.0, 1.0)  # (n, C, H, W)
    effect = np.zeros(codec.latent_dim, np.float32)
    at_once = max(1, BATCH // (2 * len(sample)))
    for start in range(0, codec.latent_dim, at_once):
        dims = np.arange(start, min(start + at_once, codec.latent_dim))
        moved = np.broadcast_to(sample, (len(dims), 2, *sample.shape)).copy()  # (dims, 2, n, D)
        for row, dim in enumerate(dims):
            moved[row, 0, :, dim] += stats.std[dim]
            moved[row, 1, :, dim] -= stats.std[dim]
        pictures = codec.decode_float(moved.reshape(-1, codec.latent_dim)).clamp(-1.0, 1.0)
        with torch.inference_mode():
            change = pictures.view(len(dims), 2, *base.shape).sub(base).abs_().mean((1, 2, 3, 4, 5))
        effect[dims] = change.mul(127.5).cpu().numpy()
        done = int(dims[-1]) + 1
        yield EncodeProgress(
            done,
            codec.latent_dim,
            tr("Measuring the dials: {done} of {total}", done=done, total=codec.latent_dim),
        )
    return effect


def effects(
    codec: Codec, codes: NDArray[np.float32], stats: CodeStatistics, count: int = 16
) -> NDArray[np.float32]:
    """measure_effects run to its end."""
    return finished(measure_effects(codec, codes, stats, count))


def dead_dimensions(stats: CodeStatistics, effect: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which dimensions (D,) hardly vary, or change the picture by less than can be seen."""
    return ~stats.active | (effect < DEAD_EFFECT)


def traversal(z: NDArray[np.float32], dim: int, low: float, high: float, steps: int) -> NDArray[np.float32]:
    """Codes (steps,D) equal to z (D,) but for dim, which goes from low to high in equal steps."""
    codes = np.repeat(np.asarray(z, np.float32)[np.newaxis], steps, axis=0)
    codes[:, dim] = np.linspace(low, high, steps)
    return codes


def interpolate(a: NDArray[np.float32], b: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Codes (steps,D) on the straight line from a to b, both ends included."""
    share = np.linspace(0.0, 1.0, steps)[:, np.newaxis]
    return (a * (1.0 - share) + b * share).astype(np.float32)


def random_codes(
    stats: CodeStatistics | None,
    objective: ObjectiveName,
    count: int,
    seed: int,
    latent_dim: int | None = None,
) -> NDArray[np.float32]:
    """Codes (count,D): from the prior N(0,1) for a vae, from a Gaussian fitted to the codes for an ae.

    An ae has no prior: without statistics its codes come from N(0,1) too, which may look like nothing.
    latent_dim is needed only without statistics.
    """
    dims = len(stats.mean) if stats is not None else latent_dim
    if dims is None:
        raise ValueError("random_codes needs statistics or latent_dim")
    noise = np.random.default_rng(seed).standard_normal((count, dims), np.float32)
    if objective == "ae" and stats is not None:
        return (stats.mean + noise @ stats.factor.T).astype(np.float32)
    return noise


def save_codes(path: Path, codes: Codes, key: str) -> None:
    """Keep codes in a file; key says which weights and data they are of (see codes_key). Raises: OSError."""
    arrays = {"codes": codes.codes, "errors": codes.errors, "indices": codes.indices}
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_bytes(path, safetensors.numpy.save(contiguous, {"latent-dials": json.dumps({"key": key})}))


def load_codes(path: Path, key: str) -> Codes | None:
    """The codes kept in a file, or None when it is absent, damaged or of another key: then encode again."""
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = json.loads((file.metadata() or {}).get("latent-dials", "{}"))
            if metadata.get("key") != key:
                return None
            codes = Codes(*(file.get_tensor(name) for name in ("codes", "errors", "indices")))
    except (OSError, ValueError, safetensors.SafetensorError):
        return None
    count = len(codes.codes)
    fits = codes.codes.ndim == 2 and codes.errors.shape == codes.indices.shape == (count,)
    return codes if fits and np.isfinite(codes.codes).all() else None


def codes_key(weights: str, data: str, limit: int) -> str:
    """The key of codes: the fingerprint of the weights, that of the data, and how many at most."""
    return f"1:{weights}:{data}:{limit}"
