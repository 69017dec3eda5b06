"""One picture's edited view by the networks of the epochs that a run has kept: as a sheet, and as a film."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.codec import Codec
from core.edits import AnyEdit, apply_edits
from core.encoding import EncodeProgress
from core.errors import ExportError, RunError
from core.export.moving import MOST_FRAMES, Film, Titles, check_count
from core.export.sheet import Sheet, Tile, in_rows
from core.painting import with_detail
from core.runs import Run
from core.snapshots import kept_snapshots, load_snapshot
from core.translate import tr

EPOCHS_A_SECOND = 2
REST_S = 1.5  # that the network as it is now stays on at least, before the film begins anew
_IN_A_ROW = 12


@dataclass(frozen=True, eq=False)
class EpochView:
    """The edited picture (H,W,C) by one network, its edited code (D,), and what it is called: "epoch 3"."""

    caption: str
    code: NDArray[np.float32]
    pixels: NDArray[np.uint8]


def epoch_views(
    run: Run,
    now: Codec,
    picture: NDArray[np.uint8],
    edits: Sequence[AnyEdit] = (),
    *,
    detail: bool = False,
    now_epoch: int = 0,
) -> Generator[EncodeProgress, None, tuple[EpochView, ...]]:
    """The views of a picture (H,W,C) by every kept epoch and, last, by the network as it is now.

    Each network encodes the picture itself; edits are then made to that code. detail puts back what each of
    them lost (core.painting.with_detail). now_epoch is that of now, as epoch_now has it, 0 where it is not
    known. Yields after each. Raises: ExportError where no epochs are kept, RunError for one that cannot be
    read.
    """
    epochs = [snapshot.epoch for snapshot in kept_snapshots(run.path)]
    if not epochs and run.config.train.epochs == 1 and run.config.train.keep_epochs:
        raise ExportError(
            tr(
                "{run} was trained for one epoch, whose weights are the run's own, and a replay needs those"
                " of two: train it on with --resume --epochs 3 or more, or anew with 2 or more.",
                run=run.name,
            )
        )
    if not epochs:
        raise ExportError(
            tr(
                "{run} has kept the weights of no epochs: train with --keep-epochs of 1 or more.",
                run=run.name,
            )
        )
    views: list[EpochView] = []
    total = len(epochs) + 1
    for epoch in epochs:
        codec = Codec(load_snapshot(run, epoch))
        views.append(_view(tr("epoch {epoch}", epoch=epoch), codec, picture, edits, detail=detail))
        yield _progress(len(views), total)
    views.append(_view(_name_of_now(run, now_epoch), now, picture, edits, detail=detail))
    yield _progress(total, total)
    return tuple(views)


def epoch_now(run: Run) -> int:
    """The epoch after which a run's own weights were taken: the best of those that were measured by held-out
    pictures, the last where none were; 0 where they are between two, or it cannot be told.
    """
    try:
        progress = run.progress()
    except RunError:
        return 0
    if progress.best_val_mse is not None:
        return max(0, progress.epoch - progress.stale_epochs)
    return progress.epoch if progress.batch == 0 else 0


def _name_of_now(run: Run, epoch: int) -> str:
    """What the network as it is now is called, which is not always that of the last epoch."""
    if not epoch:
        return tr("now")
    progress = run.progress()
    if (progress.epoch, progress.batch) == (epoch, 0):
        return tr("epoch {epoch}, now", epoch=epoch)
    return tr("now (best: epoch {epoch})", epoch=epoch)


def epochs_film(
    views: Sequence[EpochView],
    frames: int = 0,
    *,
    fps: int = EPOCHS_A_SECOND,
    is_loop: bool = True,
    titles: Titles | None = None,
) -> Film:
    """A frame an epoch, or as many frames as are asked for, shared out evenly.

    The film does not go round: it rests on the last epoch, for REST_S or half of all the frames, before it
    begins anew. fps is what it is played at.
    """
    if frames:
        check_count(tr("The number of frames"), frames, 2, MOST_FRAMES)
    last, rest = len(views) - 1, round(REST_S * fps)
    moving = max(frames - rest, frames // 2) if frames else last
    shown = [views[frame * last // moving] for frame in range(moving)]
    shown += [views[last]] * (frames - moving if frames else rest)
    titles = titles or Titles()
    return Film(
        len(shown),
        lambda frame: shown[frame].code[np.newaxis],
        tuple((view.caption,) for view in shown),
        1,
        titles.title,
        titles.subtitle,
        is_loop,
        lambda frame: shown[frame].pixels[np.newaxis],
    )


def epochs_sheet(views: Sequence[EpochView], titles: Titles | None = None) -> Sheet:
    """All of them beside each other."""
    titles = titles or Titles()
    rows = -(-len(views) // _IN_A_ROW)
    tiles = [Tile(view.pixels, view.caption) for view in views]
    return Sheet(in_rows(tiles, -(-len(views) // rows)), (), titles.title, titles.subtitle)


def _view(
    caption: str, codec: Codec, picture: NDArray[np.uint8], edits: Sequence[AnyEdit], *, detail: bool
) -> EpochView:
    own = codec.encode(picture[np.newaxis])[0]
    code = apply_edits(edits, own)
    reconstruction, edited = codec.decode(np.stack([own, code]))
    return EpochView(caption, code, with_detail(picture, reconstruction, edited) if detail else edited)


def _progress(done: int, total: int) -> EncodeProgress:
    return EncodeProgress(done, total, tr("Reading epochs: {done} of {total}", done=done, total=total))
