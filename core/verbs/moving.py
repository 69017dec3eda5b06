"""What the verbs of moving pictures have in common: how sheets and animations look, how they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from core.codec import Codec
from core.config import ImportConfig
from core.errors import ConfigError
from core.export.animation import FORMATS, FPS, Animation, animation_format, write_animation
from core.export.gif import Dither
from core.export.moving import Film
from core.export.recipe import save_png
from core.export.sheet import Sheet, check_scale, comfortable_scale, render_sheet
from core.export.typeset import ThemeName
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Flag, parse, positional
from core.verbs.opening import shown

SHEET = ".png"


@dataclass(frozen=True)
class Look:
    """Where a sheet or an animation is written, and how it looks; scale 0 and frames 0 are chosen for it."""

    out: Path
    scale: int
    theme: ThemeName
    is_bare: bool
    frames: int
    fps: int
    dither: Dither

    @property
    def is_sheet(self) -> bool:
        """Whether it is one picture."""
        return self.out.suffix.lower() == SHEET


def parsed(
    verb: str,
    fields: dict[str, Any],
    args: Sequence[str],
    description: str,
    examples: Sequence[str],
    policy: ImportConfig,
    *,
    fps: int = FPS,
) -> dict[str, Any]:
    """The options of a verb that makes sheets and animations: its own fields, and those of Look with fps."""
    every = (
        {"run": (positional("RUN"), Field(description=tr("The run's folder.")))} | fields | _look_fields(fps)
    )
    values = parse(verb, every, args, description, examples, (policy,))
    values["policy"] = {name: values.pop(name) for name in ImportConfig.model_fields}
    return values


def _look_fields(fps: int) -> dict[str, Any]:
    return {
        "out": (
            str,
            Field(
                description=tr(
                    "The file to write: .png for a sheet, .gif, .webp or .mp4 for moving pictures (.mp4 needs"
                    ' pip install "latent-dials[video]").'
                )
            ),
        ),
        "scale": (
            int,
            Field(0, description=tr("Each pixel becomes a square of this many, 1 to 32; 0 chooses.")),
        ),
        "theme": (
            Literal["light", "dark"],
            Field("light", description=tr("Dark on light, or light on dark.")),
        ),
        "plain": (Flag, Field(False, description=tr("Pictures alone, without words and margins."))),
        "frames": (
            int,
            Field(0, description=tr("How many frames moving pictures have, 2 to 2000; 0 chooses.")),
        ),
        "fps": (int, Field(fps, description=tr("Frames a second, 1 to 50."))),
        "dither": (
            Literal["none", "diffusion"],
            Field(
                "none",
                description=tr(
                    "How a GIF's 256 colours stand for others: by the nearest, or mixed of dots, which is"
                    " smoother from afar, flickers, and takes twice the room."
                ),
            ),
        ),
    }


def look_of(values: dict[str, Any]) -> Look:
    """The options of the look. Raises: ConfigError, ExportError for one that cannot be done."""
    look = Look(
        Path(values["out"]).expanduser(),
        values["scale"],
        values["theme"],
        values["plain"],
        values["frames"],
        values["fps"],
        values["dither"],
    )
    if not look.is_sheet:
        if look.out.suffix.lower() not in FORMATS:
            raise ConfigError(tr("--out {path} must end in .png, .gif, .webp or .mp4.", path=values["out"]))
        animation_format(look.out)
    if look.scale:
        check_scale(look.scale)
    return look


def write(
    look: Look,
    codec: Codec,
    sheet: Callable[[], Sheet],
    film: Callable[[], Film],
    line: ProgressLine,
) -> None:
    """Write what look asks for: the sheet, or the film. Raises: ExportError."""
    side = max(codec.picture_shape[:2])
    if look.is_sheet:
        made = sheet()
        if look.is_bare:
            made = Sheet(made.rows, is_bare=True)
        scale = look.scale or comfortable_scale(side, max(len(row) for row in made.rows))
        save_png(render_sheet(made, scale=scale, theme=look.theme), None, look.out)
    else:
        moving = film()
        scale = look.scale or comfortable_scale(side, max(5, 2 * moving.columns))
        animation = Animation(moving, codec, scale, look.theme, look.fps, look.dither, look.is_bare)
        shown(write_animation(animation, look.out), line)
    print(tr("Written: {path}", path=look.out))
