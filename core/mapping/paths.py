"""A path drawn on a map made into an interpolation: codes that lead past real pictures near it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.mapping.neighbours import smallest, squared_distances

STOPS = 7  # real pictures on the longest path; fewer on a short one
APART = 0.12  # of the map's extent: stops are not nearer to each other
CANDIDATES = 24  # of the codes nearest on the map, the one taken is most like the stop before


@dataclass(frozen=True, eq=False)
class MapPath:
    """Codes (n,D) along a path; stops (n,) is the row of the real code that one of them is, -1 between."""

    codes: NDArray[np.float32]
    stops: NDArray[np.int64]


def codes_along(
    line: NDArray[np.float32],
    points: NDArray[np.float32],
    codes: NDArray[np.float32],
    count: int,
    begin: NDArray[np.float32] | None = None,
) -> MapPath:
    """count codes along a line (L,2) over a map of codes (M,D) at points (M,2).

    A place on the map says two numbers of a code and leaves the others open. Means of the codes around it
    would be blurred, and those of the picture in hand would not be what lies there. So the path goes from one
    real code to the next: those near the line, of which the one most like its forerunner is taken; between
    them codes are interpolated. begin, the edited code, is where it starts if given.
    """
    line = _without_repeats(line)
    travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    extent = float(np.max(np.ptp(points, axis=0))) or 1.0
    wanted = int(np.clip(round(travelled[-1] / (APART * extent)) + 1, 2, min(STOPS, count)))
    at = np.linspace(0.0, travelled[-1], wanted)
    places = np.stack([np.interp(at, travelled, line[:, axis]) for axis in (0, 1)], 1).astype(np.float32)
    known = [] if begin is None else [np.asarray(begin, np.float32)]
    rows = [] if begin is None else [-1]
    for place in places[len(known) :]:
        near = smallest(squared_distances(points, place), CANDIDATES).rows
        near = near[~np.isin(near, rows)] if len(near) > len(rows) else near
        if known:
            like = squared_distances(codes[near], known[-1])
            near = near[np.argsort(like, kind="stable")]
        rows.append(int(near[0]))
        known.append(codes[rows[-1]])
    share = np.linspace(0.0, len(known) - 1.0, count)
    first = np.minimum(share.astype(np.int64), len(known) - 2)
    part = (share - first)[:, np.newaxis]
    stack = np.stack(known).astype(np.float64)
    between = stack[first] * (1.0 - part) + stack[first + 1] * part
    stops = np.full(count, -1, np.int64)
    for number, row in enumerate(rows):
        step = round(number * (count - 1) / (len(rows) - 1))
        stops[step], between[step] = row, stack[number]  # each stop is one of the codes, not only passed
    return MapPath(between.astype(np.float32), stops)


def _without_repeats(line: NDArray[np.float32]) -> NDArray[np.float32]:
    line = np.asarray(line, np.float32).reshape(-1, 2)
    moved = np.concatenate([[True], (np.diff(line, axis=0) != 0).any(axis=1)])
    kept = line[moved]
    return kept if len(kept) > 1 else np.repeat(line[:1], 2, axis=0)
