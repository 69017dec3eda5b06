"""The verb heat: where dials act on one picture, as a heat map and a sentence each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro
from pydantic import Field

from core.acting import Acting, acting, dial_step
from core.codec import Codec
from core.config import ImportConfig
from core.errors import ConfigError
from core.export.heat import draw_heat
from core.export.recipe import save_png
from core.export.typeset import ThemeName
from core.latents import effects, statistics
from core.runs import Run
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import Options, data_help, parse, positional
from core.verbs.opening import check_index, codes_of, opened_for

_SHOWN = 3  # dials where none is named: those with the greatest effect


class HeatOptions(Options):
    """The options of heat; policy holds only what was asked for."""

    run: str
    data: str
    index: int
    dial: tuple[int, ...]
    as_json: bool
    out: str | None
    scale: int
    theme: ThemeName
    policy: dict[str, Any]


def parse_heat(args: Sequence[str], policy: ImportConfig) -> HeatOptions:
    """The options of heat, with policy for what is not given. Raises: ConfigError."""
    fields: dict[str, Any] = {
        "run": (positional("RUN"), Field(description=tr("The run's folder."))),
        "data": (
            str,
            Field("", description=data_help() + " " + tr("Without it, what the run was trained on.")),
        ),
        "index": (int, Field(0, description=tr("Which picture of the data, counted from 0."))),
        "dial": (
            Annotated[tuple[int, ...], tyro.conf.UseAppendAction],
            Field(
                (),
                description=tr(
                    "A dial, counted from 0; give it again for each further one. Without it, the three with"
                    " the greatest effect."
                ),
            ),
        ),
        "as_json": (
            Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")],
            Field(False, description=tr("Write what was measured as JSON.")),
        ),
        "out": (str | None, Field(None, description=tr("A .png for the heat maps."))),
        "scale": (int, Field(4, description=tr("Each pixel becomes a square of this many, 1 to 32."))),
        "theme": (
            Literal["light", "dark"],
            Field("light", description=tr("Dark on light, or light on dark.")),
        ),
    }
    values = parse(
        "heat",
        fields,
        args,
        tr(
            "Say and show where dials act on one picture: how much each pixel changes when a dial moves by"
            " one standard deviation either way, averaged over the channels."
        ),
        ("heat run --index 7 --dial 3 --dial 12 --out heat.png", "heat run --data test.npy --index 2 --json"),
        (policy,),
    )
    return HeatOptions(
        **{name: values[name] for name in fields},
        policy={name: values[name] for name in ImportConfig.model_fields},
    )


def run(args: list[str]) -> int:
    """Do what the command line of heat says and give the exit code."""
    trained = Run.open(parse_heat(args, ImportConfig()).run)
    options = parse_heat(args, trained.config.data.policy)
    if options.out is not None and not options.out.lower().endswith(".png"):
        raise ConfigError(tr("--out {path} must end in .png.", path=options.out))
    codec = Codec.from_run(trained)
    for dial in options.dial:
        if not 0 <= dial < codec.latent_dim:
            raise ConfigError(
                tr("There is no dial {dial}: they are 0 to {last}.", dial=dial, last=codec.latent_dim - 1)
            )
    with ProgressLine() as line:
        dataset = opened_for(trained, options.data, options.policy, line)
        check_index(dataset, options.index)
        codes = codes_of(trained, codec, dataset, line).codes
        stats = statistics(codes)
        dials = options.dial or tuple(
            int(dial) for dial in np.argsort(-effects(codec, codes, stats), kind="stable")[:_SHOWN]
        )
    code = codec.encode(dataset.pictures([options.index]))[0]
    acts = [
        (dial, acting(codec, code, dial_step(codec.latent_dim, dial, float(stats.std[dial]))))
        for dial in dials
    ]
    if options.as_json:
        print(json.dumps([_facts(dial, act) for dial, act in acts], indent=2))
    else:
        for dial, act in acts:
            print(f"z{dial}  {act.sentence(tr('+1σ'))}")
    if options.out is not None:
        title = tr("Where dials act on #{index} of {name}", index=options.index, name=dataset.identity.name)
        named = [(f"z{dial}", act) for dial, act in acts]
        image = draw_heat(codec.decode(code)[0], named, title, scale=options.scale, theme=options.theme)
        save_png(image, None, Path(options.out).expanduser())
        print(tr("Written: {path}", path=options.out))
    return 0


def _facts(dial: int, act: Acting) -> dict[str, Any]:
    return {
        "dial": dial,
        "mean": act.mean,
        "most": act.most,
        "part": act.part.name.lower(),
        "share": act.share,
        "brightness": act.brightness,
        "colour": list(act.colour),
        "sentence": act.sentence(tr("+1σ")),
    }
