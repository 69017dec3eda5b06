"""What the animation window asks for, as a value, and the film or sheet that it becomes beside the window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from core.config import is_variational
from gui import heavy
from gui.qimage import to_qimage

if TYPE_CHECKING:
    from core.codec import Codec
    from core.datasets import ImageDataset
    from core.edits import AnyEdit
    from core.encoding import EncodeProgress
    from core.export.animation import Animation
    from core.export.epochs import EpochView
    from core.export.moving import Film, Titles
    from core.export.sheet import Sheet
    from core.export.typeset import ThemeName
    from core.export.walks import Loop
    from core.latents import CodeStatistics
    from core.runs import Run

PREVIEW_FRAMES = 60
PREVIEW_PX = 460  # a longer side is drawn at a smaller scale


class What(Enum):
    """What moves."""

    DIAL = "dial"
    STRONGEST = "strongest"
    TO_TARGET = "target"
    TO_EDITED = "edited"
    RANDOM = "random"
    EPOCHS = "replay"


@dataclass(frozen=True, eq=False)
class OverEpochs:
    """What each kept epoch shows: the picture (H,W,C), edited; now_epoch is 0 while the run is trained."""

    run: Run
    picture: NDArray[np.uint8]
    edits: tuple[AnyEdit, ...]
    detail: bool
    now_epoch: int


@dataclass(frozen=True, eq=False)
class AnimationRequest:
    """All that an animation depends on; dims are those of a traversal, target the index of a picture.

    over is what a replay over the epochs shows, views what was made of it; frames 0 are an epoch each.
    """

    what: What
    codec: Codec
    statistics: CodeStatistics | None
    dataset: ImageDataset
    own_code: NDArray[np.float32]
    edited_code: NDArray[np.float32]
    dims: tuple[int, ...]
    target: int
    target_name: str
    count: int
    seed: int
    sigmas: float
    loop: Loop
    frames: int
    fps: int
    scale: int
    theme: ThemeName
    has_captions: bool
    title: str
    subtitle: str
    over: OverEpochs | None = None
    views: tuple[EpochView, ...] = ()

    def viewed(self) -> Generator[EncodeProgress, None, AnimationRequest]:
        """This request with the views of a replay over the epochs, if it is one. Raises: LatentDialsError."""
        over = self.over
        if over is None:
            return self
        views = yield from heavy.epochs.epoch_views(
            over.run, self.codec, over.picture, over.edits, detail=over.detail, now_epoch=over.now_epoch
        )
        return replace(self, views=views)

    def _titles(self) -> Titles:
        return heavy.moving.Titles(self.title, self.subtitle)

    def _ends(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self.what is What.TO_TARGET:
            return self.own_code, self.codec.encode(self.dataset.pictures([self.target]))[0]
        return self.own_code, self.edited_code

    def _random(self) -> NDArray[np.float32]:
        objective, dims = self.codec.config.objective, self.codec.latent_dim
        return heavy.latents.random_codes(self.statistics, objective, self.count, self.seed, dims)

    def film(self) -> Film:
        """The moving pictures. Raises: LatentDialsError."""
        if self.what is What.RANDOM:
            variational = is_variational(self.codec.config.objective)
            centre = None if variational or self.statistics is None else self.statistics.mean
            return heavy.moving.sample_film(self._random(), self.frames, centre=centre, titles=self._titles())
        if self.what is What.EPOCHS:
            return heavy.epochs.epochs_film(self.views, self.frames, fps=self.fps, titles=self._titles())
        if self.what in (What.TO_TARGET, What.TO_EDITED):
            a, b = self._ends()
            return heavy.moving.interpolation_film(
                a, b, self.frames, loop=self.loop, ends=("", self.target_name), titles=self._titles()
            )
        assert self.statistics is not None
        return heavy.moving.traversal_film(
            self.statistics,
            self.edited_code,
            self.dims,
            self.frames,
            loop=self.loop,
            sigmas=self.sigmas,
            titles=self._titles(),
        )

    def sheet(self, steps: int) -> Sheet:
        """The same as one picture, in so many steps. Raises: LatentDialsError."""
        codec, titles = self.codec, self._titles()
        if self.what is What.RANDOM:
            sheet = heavy.moving.sample_sheet(codec, self._random(), titles)
        elif self.what is What.EPOCHS:
            sheet = heavy.epochs.epochs_sheet(self.views, titles)
        elif self.what in (What.TO_TARGET, What.TO_EDITED):
            a, b = self._ends()
            ends = ("", self.target_name)
            sheet = heavy.moving.interpolation_sheet(codec, a, b, steps, ends=ends, titles=titles)
        else:
            assert self.statistics is not None
            sheet = heavy.moving.traversal_sheet(
                codec, self.statistics, self.edited_code, self.dims, steps, sigmas=self.sigmas, titles=titles
            )
        return sheet if self.has_captions else heavy.sheet.Sheet(sheet.rows, is_bare=True)

    def animation(self) -> Animation:
        """The film with how it is drawn. Raises: LatentDialsError."""
        return heavy.animation.Animation(
            self.film(), self.codec, self.scale, self.theme, self.fps, is_bare=not self.has_captions
        )

    def for_preview(self) -> AnimationRequest:
        """The same in fewer frames and smaller, for the window."""
        across = max(1, min(len(self.dims), 3)) if self.what in (What.DIAL, What.STRONGEST) else 1
        side = max(self.codec.picture_shape[:2]) * across
        frames = min(self.frames, PREVIEW_FRAMES) if self.what is not What.RANDOM else self.frames
        return replace(self, frames=frames, scale=max(1, min(self.scale, PREVIEW_PX // side)))


@dataclass(frozen=True, eq=False)
class PreviewFrame:
    """One frame of a preview: its image, which of how many; size, frames and seconds of the whole."""

    image: QImage
    number: int
    count: int
    size: tuple[int, int]
    frames: int
    seconds: float


def preview(request: AnimationRequest) -> Generator[PreviewFrame | EncodeProgress, None, None]:
    """The frames of a preview, one after the other; a long walk's are some, evenly chosen.

    Before them comes how far the networks of a replay have been read. Raises: LatentDialsError.
    """
    request = yield from request.viewed()
    whole = request.animation()
    shown = request.for_preview().animation()
    ground = shown.ground()
    chosen = np.unique(
        np.linspace(0, shown.film.count - 1, min(shown.film.count, PREVIEW_FRAMES)).astype(int)
    )
    for number in chosen:
        image = to_qimage(np.asarray(shown.frame(int(number), ground)))
        yield PreviewFrame(image, int(number), len(chosen), whole.size, whole.film.count, whole.seconds)


def written(request: AnimationRequest, path: Path, steps: int) -> Generator[EncodeProgress, None, None]:
    """Write the animation, or the sheet where path ends in .png; yields on the way. Raises: ExportError."""
    request = yield from request.viewed()
    if path.suffix.lower() == ".png":
        image = heavy.sheet.render_sheet(request.sheet(steps), scale=request.scale, theme=request.theme)
        heavy.recipe.save_png(image, None, path)
    else:
        yield from heavy.animation.write_animation(request.animation(), path)
