"""The verb heat: where dials act on one picture, as a heat map and a sentence each."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.acting import Acting, dial_step, measure_acting
from core.codec import Codec
from core.edits import Direction, moves_of
from core.errors import ConfigError
from core.export.heat import draw_heat
from core.export.recipe import save_png
from core.export.sheet import check_scale
from core.export.typeset import ThemeName
from core.latents import CodeStatistics, effects, statistics
from core.runs import Run
from core.terminal import ProgressLine, say
from core.translate import tr
from core.verbs.asking import About, Json, RunOptions, Texts
from core.verbs.inputs import inputs_of
from core.verbs.opening import adjustment_of, asked, check_index, check_out, codes_of, opened_for

_SHOWN = 3  # dials where none is named: those with the greatest effect


ABOUT = About(
    "heat",
    tr(
        "Say and show where dials act on one picture: how much each pixel changes when a dial moves by"
        " one standard deviation either way, averaged over the channels."
    ),
    (
        "heat run --index 7 --dial 3 --dial 12 --out heat.png",
        "heat run --index 7 --dial @smile --out heat.png",
        "heat run --data test.npy --index 2 --json",
    ),
)


class HeatOptions(RunOptions):
    """The options of heat."""

    index: int = Field(0, description=tr("Which picture of the data, counted from 0."))
    dial: Texts = Field(
        (),
        description=tr(
            "A dial, counted from 0, or @NAME, a direction that the run keeps; give it again for each further"
            " one. Without it, the three dimensions with the greatest effect."
        ),
    )
    as_json: Json = Field(False, description=tr("Write what was measured as JSON."))
    out: str | None = Field(None, description=tr("A .png for the heat maps."))
    scale: int = Field(4, description=tr("Each pixel becomes a square of this many, 1 to 32."))
    theme: ThemeName = Field("light", description=tr("Dark on light, or light on dark."))


def run(args: list[str]) -> int:
    """Do what the command line of heat says and give the exit code."""
    trained, options = asked(HeatOptions, ABOUT, args)
    inputs = inputs_of(trained, options)
    out = check_out(options.out, ".png", inputs=inputs) if options.out is not None else None
    check_scale(options.scale)
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dials = [_dial(text, trained, codec, line) for text in options.dial]
        dataset = opened_for(trained, options, line)
        check_index(dataset, options.index)
        codes = codes_of(trained, codec, dataset, line).codes
    stats = statistics(codes)
    if not dials:
        dials = np.argsort(-effects(codec, codes, stats), kind="stable")[:_SHOWN].tolist()
    code = codec.encode(dataset.pictures([options.index]))[0]
    acts = [(dial, measure_acting(codec, code, _step(dial, stats))) for dial in dials]
    if out is not None:
        title = tr("Where dials act on #{index} of {name}", index=options.index, name=dataset.identity.name)
        named = [(_name(dial), act) for dial, act in acts]
        image = draw_heat(codec.decode(code)[0], named, title, scale=options.scale, theme=options.theme)
        save_png(image, None, out)
    if options.as_json:
        say(json.dumps([_facts(dial, act) for dial, act in acts], indent=2))
        return 0
    for dial, act in acts:
        say(f"{_name(dial)}  {act.sentence(tr('+1σ'))}")
    if out is not None:
        say(tr("Written: {path}", path=options.out))
    return 0


def _dial(text: str, trained: Run, codec: Codec, line: ProgressLine) -> int | Direction:
    """The dimension or the direction that --dial names. Raises: ConfigError, EditError, RunError."""
    if text.startswith("@"):
        name = text[1:].strip().strip('"')
        return moves_of(adjustment_of(trained, codec, f'@"{name}"+1', line))[0].direction
    number = text.strip().lower().removeprefix("z")
    if not number.isdecimal() or len(number) > 6:
        raise ConfigError(
            tr("'{text}' is no dial: write its number, such as 3, or @NAME for a direction.", text=text)
        )
    if int(number) >= codec.latent_dim:
        raise ConfigError(
            tr("There is no dial {dial}: they are 0 to {last}.", dial=number, last=codec.latent_dim - 1)
        )
    return int(number)


def _step(dial: int | Direction, stats: CodeStatistics) -> NDArray[np.float32]:
    """One standard deviation of the data's codes along it (D,)."""
    if isinstance(dial, Direction):
        return dial.array.astype(np.float32)
    return dial_step(len(stats.std), dial, float(stats.std[dial]))


def _name(dial: int | Direction) -> str:
    return dial.name if isinstance(dial, Direction) else f"z{dial}"


def _facts(dial: int | Direction, act: Acting) -> dict[str, Any]:
    return {
        "dial": dial.name if isinstance(dial, Direction) else dial,
        "mean": act.mean,
        "most": act.most,
        "part": act.part.name.lower(),
        "share": act.share,
        "brightness": act.brightness,
        "colour": list(act.colour),
        "sentence": act.sentence(tr("+1σ")),
    }
