"""Directions found from a data set's codes: principal components, attributes of labels, groups of pictures.

Each is scaled so that an amount of 1 moves a code by one standard deviation of those codes along it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from core.datasets.dataset import LabelColumn
from core.directions.found import Accuracy, Found, Kind
from core.directions.planes import difference, normal
from core.edits import Direction
from core.encoding import Codes
from core.errors import EditError
from core.latents import MOST_DECOMPOSED
from core.translate import tr

METHODS: tuple[Kind, Kind] = ("mean-difference", "classifier")  # of finding what tells two sides apart
HELD_OUT = 0.2  # of each side, on which the accuracy is measured
LEAST_HELD_OUT = 5  # pictures of a side, below which none can be spared to measure it


def principal_components(codes: NDArray[np.float32], count: int, weights: str = "") -> tuple[Found, ...]:
    """The count directions of greatest variance of codes (N,D), greatest first, named "PC 1", "PC 2", ….

    Härkönen et al. 2020 (GANSpace, arXiv:2004.02546), section 3.1. A component's sign is such that its
    largest element is positive. Raises: EditError where the codes do not vary that much.
    """
    centred = codes.astype(np.float64)
    centred -= centred.mean(axis=0)
    rows, dims = centred.shape
    total = float(np.square(centred).sum()) / max(rows, 1)
    if not math.isfinite(total) or total <= 0.0:
        raise EditError(tr("The codes do not vary: there are no components of them."))
    count = min(count, dims, rows - 1)
    if dims <= MOST_DECOMPOSED:
        variances, vectors = np.linalg.eigh(centred.T @ centred / rows)
        variances, vectors = variances[::-1][:count], vectors[:, ::-1][:, :count]
    else:
        variances, vectors = _leading(centred, count)
    found: list[Found] = []
    for place, (variance, vector) in enumerate(zip(variances, vectors.T, strict=True), start=1):
        if variance <= 1e-9 * total:
            break
        signed = vector * np.sign(vector[np.abs(vector).argmax()])
        direction = Direction(f"PC {place}", _tuple(signed * math.sqrt(variance)))
        source = tr("Principal component {place}", place=place)
        found.append(Found(direction, "pca", source, float(variance) / total, weights=weights))
    return tuple(found)


def _leading(centred: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The count largest variances and their vectors (D,count), without a matrix of D by D.

    Subspace iteration from a seeded start: Halko, Martinsson, Tropp 2011, algorithm 4.4.
    """
    rows, dims = centred.shape
    start = np.random.default_rng(0).standard_normal((dims, min(count + 10, dims, rows)))
    basis = np.linalg.qr(start)[0]
    for _ in range(12):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    _left, lengths, right = np.linalg.svd(centred @ basis, full_matrices=False)
    return np.square(lengths[:count]) / rows, basis @ right[:count].T


def sides_of(column: LabelColumn, value: str | float) -> NDArray[np.int8]:
    """1 where a picture has the attribute, -1 where it has not, 0 where it has no label: (N,).

    value is a class against all others, or for a column of numbers the threshold that must be passed.
    Raises: EditError for a class that the column does not have.
    """
    if column.classes:
        if value not in column.classes:
            raise EditError(
                tr(
                    "The label {name} has no class '{value}': it has {classes}.",
                    name=column.name,
                    value=value,
                    classes=", ".join(column.classes[:20]),
                )
            )
        wanted = column.classes.index(str(value))
        sides = np.where(column.values == wanted, 1, -1)
        return np.where(column.values < 0, 0, sides).astype(np.int8)
    numbers = column.values.astype(np.float64)
    sides = np.where(numbers > float(value), 1, -1)
    return np.where(np.isnan(numbers), 0, sides).astype(np.int8)


def middle_of(column: LabelColumn) -> float:
    """The median of a column of numbers: the threshold that makes both sides alike.

    Where no number is above it, as of ones and noughts that are mostly ones, it is the middle between the
    greatest number and the next below, so that both sides have pictures.
    """
    numbers = column.values[np.isfinite(column.values)].astype(np.float64)
    if not len(numbers):
        return 0.0
    median, greatest = float(np.median(numbers)), float(numbers.max())
    below = numbers[numbers < greatest]
    return median if median < greatest or not len(below) else (greatest + float(below.max())) / 2.0


def attribute_direction(
    codes: Codes,
    sides: NDArray[np.int8],
    name: str,
    kind: Kind,
    source: str,
    seed: int = 0,
    weights: str = "",
) -> Found:
    """The direction from the pictures at -1 to those at 1 of sides (N,), which has one entry a picture.

    The accuracy is that of the same method on a fifth of either side, drawn by seed, found from the others;
    the direction itself is of all of them. Raises: EditError where a side has no picture, or all are alike.
    """
    known = sides[codes.indices]
    return group_direction(
        codes.codes[known > 0], codes.codes[known < 0], codes.codes, name, kind, source, seed, weights
    )


def group_direction(
    positive: NDArray[np.float32],
    negative: NDArray[np.float32],
    data: NDArray[np.float32],
    name: str,
    kind: Kind = "groups",
    source: str = "",
    seed: int = 0,
    weights: str = "",
) -> Found:
    """The direction from the codes negative (n,D) to the codes positive (p,D), in sigmas of data (N,D).

    Raises: EditError as attribute_direction.
    """
    for codes, side in ((positive, tr("has it")), (negative, tr("lacks it"))):
        if not len(codes):
            raise EditError(
                tr(
                    "No picture {side}: a direction needs pictures on both sides ({source}).",
                    side=side,
                    source=source or name,
                )
            )
    find = normal if kind == "classifier" else difference
    vector, _threshold = find(positive, negative)
    return Found(
        Direction(name, _tuple(vector * _spread(vector, data, name))),
        kind,
        source,
        positive=len(positive),
        negative=len(negative),
        accuracy=_held_out(positive, negative, kind, seed),
        weights=weights,
    )


def _held_out(
    positive: NDArray[np.float32], negative: NDArray[np.float32], kind: Kind, seed: int
) -> Accuracy | None:
    if min(len(positive), len(negative)) < LEAST_HELD_OUT:
        return None
    random = np.random.default_rng(seed)
    parts: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []  # (found from, held out) of each side
    for codes in (positive, negative):
        order = random.permutation(len(codes))
        held = max(1, round(HELD_OUT * len(codes)))
        parts.append((codes[order[held:]], codes[order[:held]]))
    find = normal if kind == "classifier" else difference
    vector, threshold = find(parts[0][0], parts[1][0])
    right = [
        int((parts[0][1] @ vector > threshold).sum()),
        int((parts[1][1] @ vector <= threshold).sum()),
    ]
    counts = [len(held) for _, held in parts]
    return Accuracy(
        balanced=(right[0] / counts[0] + right[1] / counts[1]) / 2,
        plain=sum(right) / sum(counts),
        majority=max(counts) / sum(counts),
        count=sum(counts),
    )


def _spread(vector: NDArray[np.float64], data: NDArray[np.float32], name: str) -> float:
    """The standard deviation of data (N,D) along a vector of length 1."""
    spread = float((data @ vector.astype(np.float64)).std())
    if not math.isfinite(spread) or spread <= 0.0:
        raise EditError(tr("The data's codes do not vary along {name}.", name=name))
    return spread


def _tuple(vector: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in vector.astype(np.float32))
