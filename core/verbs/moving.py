"""What the verbs of moving pictures have in common: how sheets and animations look, how they are written."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.codec import Codec
from core.config import Settings
from core.export.animation import FORMATS, FPS, Animation, animation_format, check_fps, write_animation
from core.export.gif import Dither
from core.export.moving import MOST_FRAMES, MOST_STEPS, Film, check_count
from core.export.recipe import save_png
from core.export.sheet import Sheet, check_scale, comfortable_scale, render_sheet
from core.export.typeset import ThemeName
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.usage import install_text
from core.verbs.asking import RunOptions
from core.verbs.inputs import inputs_of
from core.verbs.opening import check_out, shown

SHEET = ".png"


class MovingOptions(RunOptions):
    """The options of a verb that makes sheets and moving pictures."""

    out: str = Field(
        description=tr(
            "The file to write: .png for a sheet, .gif, .webp or .mp4 for moving pictures (.mp4 needs"
            " {command}).",
            command=install_text("video"),
        )
    )


class Look(Settings):
    """How a sheet or moving pictures look; scale 0 and frames 0 are chosen for it."""

    scale: Annotated[
        int, Field(description="Each pixel becomes a square of this many, 1 to 32; 0 chooses.")
    ] = 0
    theme: Annotated[ThemeName, Field(description="Dark on light, or light on dark.")] = "light"
    plain: Annotated[bool, Field(description="Pictures alone, without words and margins.")] = False
    frames: Annotated[
        int, Field(description="How many frames moving pictures have, 2 to 2000; 0 chooses.")
    ] = 0
    fps: Annotated[int, Field(description="Frames a second, 1 to 50.")] = FPS
    dither: Annotated[
        Dither,
        Field(
            description=(
                "How a GIF's 256 colours stand for others: by the nearest, or mixed of dots, which is"
                " smoother from afar, flickers, and takes twice the room."
            )
        ),
    ] = "none"


def look_of(run: Run, options: MovingOptions, steps: int = MOST_STEPS) -> tuple[Path, Look]:
    """Where to write, and the look; steps of a sheet. Raises: ConfigError, ExportError for what cannot be."""
    out = check_out(options.out, SHEET, *FORMATS, inputs=inputs_of(run, options))
    look = Look(**options.of(Look))
    if out.suffix.lower() != SHEET:
        animation_format(out)
    if look.scale:
        check_scale(look.scale)
    if look.frames:
        check_count(tr("The number of frames"), look.frames, 2, MOST_FRAMES)
    check_fps(look.fps)
    check_count(tr("The number of steps"), steps, 2, MOST_STEPS)
    return out, look


def write(
    out: Path,
    look: Look,
    codec: Codec,
    sheet: Callable[[], Sheet],
    film: Callable[[], Film],
    line: ProgressLine,
) -> None:
    """Write what out asks for: the sheet, or the film. Raises: ExportError."""
    side = max(codec.picture_shape[:2])
    if out.suffix.lower() == SHEET:
        made = sheet()
        if look.plain:
            made = Sheet(made.rows, is_bare=True)
        scale = look.scale or comfortable_scale(side, max(len(row) for row in made.rows))
        save_png(render_sheet(made, scale=scale, theme=look.theme), None, out)
    else:
        moving = film()
        scale = look.scale or comfortable_scale(side, max(5, 2 * moving.columns))
        animation = Animation(moving, codec, scale, look.theme, look.fps, look.dither, look.plain)
        shown(write_animation(animation, out), line)
    say(tr("Written: {path}", path=out))
