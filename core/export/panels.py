"""What a comparison shows, as values: panels, captions, figures. core.export.comparison draws them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.codec import Codec
from core.describe import describe_change
from core.edits import AnyEdit, Edit, Move, Operation, apply_edits, moves_of
from core.latents import CodeStatistics
from core.models.network import NetworkConfig
from core.painting import with_detail
from core.translate import tr

CAPTION_LINES = 4


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture uint8 (H,W,C) of a figure; caption may have several lines, figure is its measured error."""

    pixels: NDArray[np.uint8]
    title: str
    caption: str = ""
    figure: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A figure: the original (None for a code that is no picture's), its reconstruction, the adjustments.

    has_detail: the adjustments have the original's detail, and change the original, not the reconstruction.
    """

    original: Panel | None
    reconstruction: Panel
    adjustments: tuple[Panel, ...]
    title: str
    subtitle: str = ""
    has_detail: bool = False
    panels: tuple[Panel, ...] = field(init=False)

    def __post_init__(self) -> None:
        first = () if self.original is None else (self.original,)
        object.__setattr__(self, "panels", (*first, self.reconstruction, *self.adjustments))


def adjustment_caption(
    edits: Sequence[AnyEdit],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    stats: CodeStatistics | None = None,
) -> str:
    """A line for each dimension that edits touch: "z[0]: 1.31 -> 21.31 (+20, 9.1 sigma)".

    Moves along directions come first, "smile: +2 sigma"; what they make of single dimensions is not said.
    More than CAPTION_LINES lines are summed up in the last one.
    """
    own = [edit for edit in edits if isinstance(edit, Edit)]
    moves = moves_of(edits)
    dims = list(dict.fromkeys(edit.dim for edit in own))
    if not dims and not moves:
        return tr("no adjustment")
    if len(moves) + bool(dims) > CAPTION_LINES:
        lines = [_move_line(move) for move in moves[: CAPTION_LINES - 1]]
        rest = len(moves) - len(lines)
        return "\n".join([*lines, tr("and {count} more dials", count=rest + len(dims))])
    if moves:  # where a dial is afterwards is then not what its own edits say
        after = apply_edits(own, before)
    lines = [_move_line(move) for move in moves]
    room = CAPTION_LINES - len(lines)
    shown = dims if len(dims) <= room else dims[: room - 1]
    lines += [_dimension_line(dim, own, before, after, stats) for dim in shown]
    rest = dims[len(shown) :]
    if rest:
        sigmas = (
            [abs(stats.sigmas(dim, float(after[dim]) - float(before[dim]))) for dim in rest] if stats else []
        )
        finite = [sigma for sigma in sigmas if np.isfinite(sigma)]
        if finite:
            lines.append(
                tr(
                    "and {count} more dials, up to {sigmas} sigma",
                    count=len(rest),
                    sigmas=_sigma_number(max(finite)),
                )
            )
        else:
            lines.append(tr("and {count} more dials", count=len(rest)))
    return "\n".join(lines)


def _move_line(move: Move) -> str:
    return tr("{name}: {amount} sigma", name=move.direction.name, amount=f"{move.amount:+.3g}")


def _dimension_line(
    dim: int,
    edits: Sequence[Edit],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    stats: CodeStatistics | None,
) -> str:
    operations = " ".join(_operation_text(edit) for edit in edits if edit.dim == dim)
    old, new = float(before[dim]), float(after[dim])
    sigmas = abs(stats.sigmas(dim, new - old)) if stats is not None else np.inf
    if not np.isfinite(sigmas):
        return tr(
            "z[{dim}]: {old} -> {new} ({operations})",
            dim=dim,
            old=_value(old),
            new=_value(new),
            operations=operations,
        )
    return tr(
        "z[{dim}]: {old} -> {new} ({operations}, {sigmas} sigma)",
        dim=dim,
        old=_value(old),
        new=_value(new),
        operations=operations,
        sigmas=_sigma_number(sigmas),
    )


def _operation_text(edit: Edit) -> str:
    if edit.operation is Operation.ADD:
        return f"{edit.value:+.4g}"
    return f"{edit.operation.value}{edit.value:.4g}"


def _sigma_number(sigmas: float) -> str:
    return f"{sigmas:.1f}" if sigmas < 1e4 else f"{sigmas:.0e}"


def _value(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 1e5 else f"{value:.2e}"


def make_comparison(
    codec: Codec,
    stats: CodeStatistics | None,
    picture: NDArray[np.uint8] | None,
    index: int | None,
    adjustments: Sequence[tuple[Sequence[AnyEdit], str | None]],
    *,
    start: NDArray[np.float32] | None = None,
    title: str = "",
    subtitle: str = "",
    detail: bool = False,
) -> Comparison:
    """A picture (H,W,C), its reconstruction and each adjustment (its edits, the person's words).

    Words that are None become the measured description. start, a code (D,), takes the place of the
    picture's own code; without a picture it is needed. detail puts back into the adjustments what the network
    lost of the picture (core.painting.with_detail); what changed is then measured against the picture.
    Raises: ModelError for a picture of another shape, EditError for a dimension that the code does not have.
    """
    if picture is None and start is None:
        raise ValueError("make_comparison needs a picture or a start")
    if detail and (picture is None or start is not None):
        raise ValueError("make_comparison puts back the detail of a picture that begins with its own code")
    original = None
    if picture is not None:
        original = Panel(
            picture,
            tr("ORIGINAL"),
            tr("picture {index}", index=index) if index is not None else "",
        )
    z = codec.encode(picture[np.newaxis])[0] if start is None and picture is not None else start
    assert z is not None
    edited = [apply_edits(edits, z) for edits, _ in adjustments]
    base, *changed = codec.decode(np.stack([z, *edited]))
    caption = figure = ""
    if picture is not None:
        mse = float(codec.errors(picture[np.newaxis])[0]) if start is None else _mse(base, picture)
        caption = tr("mean squared error {mse}", mse=f"{mse:.4f}")
        figure = tr("root mean square {level} of 255", level=f"{127.5 * mse**0.5:.1f}")
    title_of_base = tr("RECONSTRUCTION") if start is None else tr("STARTING CODE")
    reconstruction = Panel(base, title_of_base, caption, figure)
    panels: list[Panel] = []
    for (edits, note), code, made in zip(adjustments, edited, changed, strict=True):
        before, pixels, caption = base, made, adjustment_caption(edits, z, code, stats)
        if detail and picture is not None:
            before, pixels = picture, with_detail(picture, base, made)
            caption += "\n" + tr("with the original's detail")
        change = describe_change(before, pixels)
        panels.append(
            Panel(
                pixels,
                tr("ADJUSTED {number}", number=len(panels) + 1) if len(adjustments) > 1 else tr("ADJUSTED"),
                caption,
                tr("mean change {level} of 255", level=f"{change.mean_abs:.1f}"),
                change.text if note is None else note,
            )
        )
    return Comparison(
        original,
        reconstruction,
        tuple(panels),
        title or comparison_title(index),
        subtitle or comparison_subtitle(codec.config),
        detail,
    )


def comparison_title(index: int | None, data_name: str = "") -> str:
    """The first line of a figure: which picture it shows."""
    if index is None:
        return tr("A code of its own")
    if data_name:
        return tr("Picture {index} of {data}", index=index, data=data_name)
    return tr("Picture {index}", index=index)


def comparison_subtitle(config: NetworkConfig, run_name: str = "") -> str:
    """The second line of a figure: which model made it."""
    network, objective, count = config.network, config.objective, config.latent_dim
    if run_name:
        return tr(
            "Run {run}: {network} {objective}, {count} dimensions",
            run=run_name,
            network=network,
            objective=objective,
            count=count,
        )
    return tr("{network} {objective}, {count} dimensions", network=network, objective=objective, count=count)


def _mse(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """The mean squared difference of two pictures, measured in [-1,1]."""
    return float(np.square((a.astype(np.float64) - b) / 127.5).mean())
