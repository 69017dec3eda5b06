"""What a traversal, an interpolation and a sample show: as a sheet, and as a film, whose frames are codes.

core.export.sheet draws the first, core.export.animation writes the second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.codec import Codec
from core.errors import EditError, ExportError
from core.export.sheet import Sheet, Tile, columns_for, in_rows
from core.export.walks import Loop, PathName, between, eased_shares, round_trip
from core.latents import CodeStatistics
from core.latents import traversal as traversal_codes
from core.translate import tr

MOST_STEPS = 64
MOST_FRAMES = 2000
MOST_SAMPLES = 1024
MOST_TILES = 64  # of a film: each is decoded anew in every frame
FRAMES = 60  # of a way there and back
FRAMES_OF_A_CODE = 10  # of a walk through random codes, from one to the next
MOST_FRAMES_OF_A_WALK = 480  # that are chosen without being asked for
_IN_A_ROW = 12


@dataclass(frozen=True, eq=False)
class Film:
    """Moving pictures: codes gives those of a frame (T,D), counted from 0, of T tiles in columns.

    captions holds one of each tile for each frame. is_loop: after the last comes the first. stills gives
    the pictures of a frame (T,H,W,C) themselves, where more than one network made them.
    """

    count: int
    codes: Callable[[int], NDArray[np.float32]]
    captions: tuple[tuple[str, ...], ...]
    columns: int = 1
    title: str = ""
    subtitle: str = ""
    is_loop: bool = True
    stills: Callable[[int], NDArray[np.uint8]] | None = None

    @property
    def tiles(self) -> int:
        """How many pictures are in a frame."""
        return len(self.captions[0])


@dataclass(frozen=True)
class Titles:
    """What is written above a sheet or a film."""

    title: str = ""
    subtitle: str = ""


def strongest_dims(effect: NDArray[np.float32], count: int) -> tuple[int, ...]:
    """The count dimensions of the greatest effect, strongest first."""
    return tuple(int(dim) for dim in np.argsort(-effect, kind="stable")[:count])


def check_dims(dims: Sequence[int], latent_dim: int) -> None:
    """Raises: EditError for a dimension that the code does not have."""
    for dim in dims:
        if not 0 <= dim < latent_dim:
            raise EditError(
                tr(
                    "There is no dimension {dim}: the code has {count}, numbered 0 to {last}.",
                    dim=dim,
                    count=latent_dim,
                    last=latent_dim - 1,
                )
            )


def check_count(name: str, value: int, least: int, most: int) -> None:
    """Raises: ExportError for a number out of its range."""
    if not least <= value <= most:
        raise ExportError(
            tr(
                "{name} is {value}; it must be {least} to {most}.",
                name=name,
                value=value,
                least=least,
                most=most,
            )
        )


def span(stats: CodeStatistics, dim: int, sigmas: float = 0.0) -> tuple[float, float]:
    """From where to where a dimension is walked: the data's own 5 % to 95 %, or sigmas around their mean."""
    if sigmas > 0.0:
        mean, std = float(stats.mean[dim]), float(stats.std[dim])
        return mean - sigmas * std, mean + sigmas * std
    return float(stats.low[dim]), float(stats.high[dim])


def traversal_sheet(
    codec: Codec,
    stats: CodeStatistics,
    z: NDArray[np.float32],
    dims: Sequence[int],
    steps: int = 9,
    *,
    sigmas: float = 0.0,
    titles: Titles | None = None,
) -> Sheet:
    """A row for each of dims: z (D,) with that element in equal steps over its span; its own is outlined."""
    check_dims(dims, codec.latent_dim)
    check_count(tr("The number of steps"), steps, 2, MOST_STEPS)
    check_count(tr("The number of dials"), len(dims), 1, MOST_TILES)
    rows: list[tuple[Tile, ...]] = []
    for dim in dims:
        low, high = span(stats, dim, sigmas)
        codes = traversal_codes(z, dim, low, high, steps)
        own = float(z[dim])
        nearest = int(np.abs(codes[:, dim] - own).argmin()) if low <= own <= high else -1
        tiles = zip(codec.decode(codes), codes[:, dim], strict=True)
        rows.append(
            tuple(
                Tile(pixels, value_caption(stats, dim, float(value)), step == nearest)
                for step, (pixels, value) in enumerate(tiles)
            )
        )
    titles = titles or Titles()
    return Sheet(tuple(rows), tuple(f"z{dim}" for dim in dims), titles.title, titles.subtitle)


def traversal_film(
    stats: CodeStatistics,
    z: NDArray[np.float32],
    dims: Sequence[int],
    frames: int = FRAMES,
    *,
    loop: Loop = "back",
    sigmas: float = 0.0,
    titles: Titles | None = None,
) -> Film:
    """A tile for each of dims, in which that element of z (D,) goes through its span, all at once."""
    check_dims(dims, len(z))
    check_count(tr("The number of frames"), frames, 2, MOST_FRAMES)
    check_count(tr("The number of dials"), len(dims), 1, MOST_TILES)
    shares = eased_shares(frames, loop)
    spans = [span(stats, dim, sigmas) for dim in dims]

    def values(frame: int) -> list[float]:
        return [low + (high - low) * float(shares[frame]) for low, high in spans]

    def codes(frame: int) -> NDArray[np.float32]:
        moved = np.repeat(np.asarray(z, np.float32)[np.newaxis], len(dims), axis=0)
        moved[np.arange(len(dims)), list(dims)] = values(frame)
        return moved

    captions = tuple(
        tuple(
            f"z{dim} {value_caption(stats, dim, value)}"
            for dim, value in zip(dims, values(frame), strict=True)
        )
        for frame in range(frames)
    )
    titles = titles or Titles()
    columns = min(len(dims), max(3, columns_for(len(dims))))
    return Film(frames, codes, captions, columns, titles.title, titles.subtitle, loop == "back")


def value_caption(stats: CodeStatistics, dim: int, value: float) -> str:
    """The value of a dial, and below it how far that is from the data's mean in standard deviations."""
    sigmas = stats.sigmas(dim, value - float(stats.mean[dim]))
    text = f"{value:+.2f}" if abs(value) < 1e5 else f"{value:+.2e}"
    return f"{text}\n{tr('{sigmas} sigma', sigmas=f'{sigmas:+.1f}')}" if np.isfinite(sigmas) else text


def interpolation_sheet(
    codec: Codec,
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    steps: int = 9,
    *,
    path: PathName = "line",
    ends: tuple[str, str] = ("", ""),
    titles: Titles | None = None,
) -> Sheet:
    """Pictures of codes in equal steps from a to b (D,), both included; ends name them."""
    check_count(tr("The number of steps"), steps, 2, MOST_STEPS)
    shares = np.linspace(0.0, 1.0, steps)
    pictures = codec.decode(np.stack([between(a, b, float(share), path) for share in shares]))
    captions = [_share_caption(float(share), ends) for share in shares]
    tiles = [Tile(pixels, caption) for pixels, caption in zip(pictures, captions, strict=True)]
    titles = titles or Titles()
    return Sheet(in_rows(tiles, _IN_A_ROW), (), titles.title, titles.subtitle)


def interpolation_film(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    frames: int = FRAMES,
    *,
    path: PathName = "line",
    loop: Loop = "back",
    ends: tuple[str, str] = ("", ""),
    titles: Titles | None = None,
) -> Film:
    """One picture that becomes another: codes from a to b (D,), and back where it is a loop."""
    check_count(tr("The number of frames"), frames, 2, MOST_FRAMES)
    shares = eased_shares(frames, loop)
    titles = titles or Titles()
    return Film(
        frames,
        lambda frame: between(a, b, float(shares[frame]), path)[np.newaxis],
        tuple((_share_caption(float(share), ends),) for share in shares),
        1,
        titles.title,
        titles.subtitle,
        loop == "back",
    )


def _share_caption(share: float, ends: tuple[str, str]) -> str:
    text = tr("{percent} %", percent=round(100 * share))
    if share <= 0.0 and ends[0]:
        return f"{text}\n{ends[0]}"
    if share >= 1.0 and ends[1]:
        return f"{text}\n{ends[1]}"
    return text


def sample_sheet(codec: Codec, codes: NDArray[np.float32], titles: Titles | None = None) -> Sheet:
    """The pictures of codes (M,D) in a square, without captions."""
    check_count(tr("The number of samples"), len(codes), 1, MOST_SAMPLES)
    titles = titles or Titles()
    tiles = [Tile(pixels) for pixels in codec.decode(codes)]
    return Sheet(in_rows(tiles, columns_for(len(codes))), (), titles.title, titles.subtitle)


def sample_film(
    codes: NDArray[np.float32],
    frames: int = 0,
    *,
    path: PathName = "sphere",
    centre: NDArray[np.float32] | None = None,
    titles: Titles | None = None,
) -> Film:
    """One picture that walks through codes (M,D) and back to the first; 0 frames are as many as it needs.

    path sphere goes on arcs about centre, the mean of what the codes were drawn from.
    """
    check_count(tr("The number of samples of a walk"), len(codes), 2, MOST_SAMPLES)
    frames = frames or min(FRAMES_OF_A_CODE * len(codes), max(MOST_FRAMES_OF_A_WALK, len(codes)))
    check_count(tr("The number of frames"), frames, 2, MOST_FRAMES)
    count = len(codes)
    titles = titles or Titles()
    return Film(
        frames,
        lambda frame: round_trip(codes, frame / frames, path, centre)[np.newaxis],
        tuple(
            (tr("code {number} of {count}", number=round(frame / frames * count) % count + 1, count=count),)
            for frame in range(frames)
        ),
        1,
        titles.title,
        titles.subtitle,
    )
