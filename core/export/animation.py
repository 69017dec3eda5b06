"""Writes a film as GIF, animated WebP or MP4: a frame after the other, the file whole or not at all."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

from core.atomic import replacing
from core.codec import Codec
from core.encoding import EncodeProgress
from core.errors import ExportError
from core.export import gif, video, webp
from core.export.folders import not_written
from core.export.gif import Dither, GifFrames
from core.export.moving import Film
from core.export.recipe import picture_image
from core.export.sheet import SheetLayout, blank_sheet, draw_caption, sheet_layout
from core.export.typeset import THEMES, ThemeName
from core.export.video import Mp4Writer, missing_video
from core.export.webp import WebpFrames
from core.translate import tr

__all__ = ["FORMATS", "Animation", "animation_format", "delays", "missing_video", "write_animation"]

FORMATS = (".gif", ".webp", ".mp4")
LEAST_FPS, MOST_FPS = 1, 50  # browsers show frames of less than 20 ms for 100 ms
FPS = 25
_LARGEST_SIDE = {".gif": gif.LARGEST_SIDE, ".webp": webp.LARGEST_SIDE, ".mp4": video.LARGEST_SIDE}
_SAMPLED_FRAMES = 24  # whose colours decide the palette
_TEXT_SHADES = 7  # between the ground and each colour of letters


@dataclass(frozen=True, eq=False)
class Animation:
    """A film and how it is drawn; is_bare: pictures alone, without words and margins."""

    film: Film
    codec: Codec
    scale: int = 1
    theme: ThemeName = "light"
    fps: int = FPS
    dither: Dither = "none"
    is_bare: bool = False
    layout: SheetLayout = field(init=False)

    def __post_init__(self) -> None:
        film = self.film
        check_fps(self.fps)
        rows = [min(film.columns, film.tiles - start) for start in range(0, film.tiles, film.columns)]
        layout = sheet_layout(
            rows,
            [caption for captions in film.captions for caption in captions],
            self.codec.picture_shape[:2],
            scale=self.scale,
            title=film.title,
            subtitle=film.subtitle,
            is_bare=self.is_bare,
        )
        object.__setattr__(self, "layout", layout)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a frame in pixels."""
        return self.layout.size

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.film.count / self.fps

    def pictures(self, frame: int) -> NDArray[np.uint8]:
        """The decoded pictures of a frame (T,H,W,C)."""
        film = self.film
        return film.stills(frame) if film.stills is not None else self.codec.decode(film.codes(frame))

    def ground(self) -> Image.Image:
        """What is the same in all frames."""
        return blank_sheet(self.layout, (), self.theme)

    def patches(self, frame: int) -> Iterator[tuple[Image.Image, tuple[int, int], bool]]:
        """What a frame lays on the ground: image, place, and whether it is a picture or writing."""
        layout = self.layout
        boxes = [box for row in layout.boxes for box in row]
        captions = self.film.captions[frame]
        for pixels, box, caption in zip(self.pictures(frame), boxes, captions, strict=True):
            yield picture_image(pixels, self.scale), box[:2], True
            if self.is_bare or not caption:
                continue
            lines = caption.count("\n") + 1
            size = (layout.column_width, lines * layout.body.line_height)
            writing = Image.new("RGB", size, THEMES[self.theme].window)
            draw = ImageDraw.Draw(writing)
            draw.fontmode = "L"
            draw_caption(draw, layout, (0, 0), caption, self.theme)
            yield writing, (box[0], box[3] + layout.caption_gap), False

    def frame(self, number: int, ground: Image.Image | None = None) -> Image.Image:
        """Frame number, counted from 0, as an RGB image."""
        image = (ground or self.ground()).copy()
        for patch, place, _is_picture in self.patches(number):
            image.paste(patch, place)
        return image


def check_fps(fps: int) -> None:
    """Raises: ExportError for frames a second that are too few or too many."""
    if not LEAST_FPS <= fps <= MOST_FPS:
        raise ExportError(
            tr(
                "There are {fps} frames a second; it must be {least} to {most}.",
                fps=fps,
                least=LEAST_FPS,
                most=MOST_FPS,
            )
        )


def animation_format(path: Path) -> str:
    """The ending of a file that an animation can be written to. Raises: ExportError for another."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ExportError(tr("{path} must end in .gif, .webp or .mp4 for moving pictures.", path=path))
    if suffix == ".mp4" and (missing := missing_video()):
        raise ExportError(missing)
    return suffix


def delays(count: int, fps: int, units_per_s: int) -> tuple[int, ...]:
    """How long each of count frames is shown, in whole units: together as long as they ought to be."""
    ends = [round(number * units_per_s / fps) for number in range(count + 1)]
    return tuple(after - before for before, after in pairwise(ends))


def write_animation(animation: Animation, path: Path) -> Generator[EncodeProgress, None, None]:
    """Write an animation in the format that path's ending names; yields after each frame.

    Closing the generator leaves path as it was. Raises: ExportError.
    """
    suffix = animation_format(path)
    largest = _LARGEST_SIDE[suffix]
    if max(animation.size) > largest:
        raise ExportError(
            tr(
                "A frame of {width}×{height} pixels is too large for {format}; choose a smaller scale.",
                width=animation.size[0],
                height=animation.size[1],
                format=suffix.removeprefix(".").upper(),
            )
        )
    try:
        yield from _WRITERS[suffix](animation, path)
    except OSError as error:
        raise not_written(path, error) from None


def _write_gif(animation: Animation, path: Path) -> Generator[EncodeProgress, None, None]:
    count = animation.film.count
    sampled = np.unique(np.linspace(0, count - 1, min(count, _SAMPLED_FRAMES)).astype(int))
    palette = gif.best_palette(
        (
            np.broadcast_to(picture, (*picture.shape[:2], 3))
            for n in sampled
            for picture in animation.pictures(int(n))
        ),
        _theme_colours(animation.theme, animation.is_bare),
    )
    frames = GifFrames(animation.size, palette, animation.dither)
    ground = frames.indexed(animation.ground())
    with replacing(path) as file:
        file.write(frames.header(animation.film.is_loop))
        for number, delay in enumerate(delays(count, animation.fps, 100)):
            image = ground.copy()
            for patch, place, is_picture in animation.patches(number):
                image.paste(frames.indexed(patch, animation.scale if is_picture else 0), place)
            file.write(frames.frame(image, delay))
            yield _progress(number, count)
        file.write(frames.END)


def _write_webp(animation: Animation, path: Path) -> Generator[EncodeProgress, None, None]:
    count = animation.film.count
    frames, ground = WebpFrames(animation.size, animation.film.is_loop), animation.ground()
    with replacing(path) as file:
        file.write(frames.header())
        for number, delay in enumerate(delays(count, animation.fps, 1000)):
            file.write(frames.frame(animation.frame(number, ground), delay))
            yield _progress(number, count)
        file.seek(0)
        file.write(frames.header())


def _write_mp4(animation: Animation, path: Path) -> Generator[EncodeProgress, None, None]:
    count, ground = animation.film.count, animation.ground()
    with closing(Mp4Writer(animation.size, animation.fps)) as writer, replacing(path) as file:
        for number in range(count):
            writer.add(animation.frame(number, ground))
            yield _progress(number, count)
        file.write(writer.finish())


_WRITERS: dict[str, Callable[[Animation, Path], Generator[EncodeProgress, None, None]]] = {
    ".gif": _write_gif,
    ".webp": _write_webp,
    ".mp4": _write_mp4,
}


def _progress(number: int, count: int) -> EncodeProgress:
    return EncodeProgress(
        number + 1, count, tr("Writing frames: {done} of {total}", done=number + 1, total=count)
    )


def _theme_colours(theme: ThemeName, is_bare: bool) -> NDArray[np.uint8]:
    """The colours (k,3) of what is not a picture: ground, lines, and letters with their soft edges."""
    colours = THEMES[theme]
    ground = np.array(ImageColor.getrgb(colours.window), np.float64)
    if is_bare:
        return ground[np.newaxis].astype(np.uint8)
    found = [ground, np.array(ImageColor.getrgb(colours.line), np.float64)]
    for name in (colours.text, colours.secondary):
        ink = np.array(ImageColor.getrgb(name), np.float64)
        found += [ground + (ink - ground) * part / _TEXT_SHADES for part in range(1, _TEXT_SHADES + 1)]
    return np.array(found).round().astype(np.uint8)
