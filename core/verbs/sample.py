"""The verb sample: pictures of random codes, as a sheet, or as one picture that walks through them."""

import numpy as np
from pydantic import Field

from core.codec import Codec
from core.config import is_variational
from core.errors import ConfigError
from core.export.moving import MOST_SAMPLES, Titles, sample_film, sample_sheet
from core.export.panels import comparison_subtitle
from core.latents import random_codes, statistics
from core.terminal import ProgressLine
from core.translate import tr
from core.verbs.asking import DATA, About
from core.verbs.moving import Look, MovingOptions, look_of, write
from core.verbs.opening import asked, check_seed, codes_of, opened_for

ABOUT = About(
    "sample",
    tr(
        "Decode random codes: a sheet of pictures, or one picture that goes from code to code and back to"
        " the first."
    ),
    ("sample run --count 64 --seed 0 --out grid.png", "sample run --count 8 --seed 1 --out walk.gif"),
)


class SampleOptions(MovingOptions):
    """The options of sample."""

    data: str = Field(
        "",
        description=DATA
        + " "
        + tr(
            "An autoencoder's codes are drawn from a Gaussian fitted to the codes of these, without it of"
            " what the run was trained on; a vae's from N(0, 1)."
        ),
    )
    count: int = Field(64, description=tr("How many codes are drawn, 1 to 1024."))
    seed: int = Field(0, description=tr("The same seed gives the same pictures."))


def run(args: list[str]) -> int:
    """Do what the command line of sample says and give the exit code."""
    trained, options = asked(SampleOptions, ABOUT, args, Look())
    out, look = look_of(trained, options)
    count, seed = options.count, options.seed
    if not 1 <= count <= MOST_SAMPLES:
        raise ConfigError(tr("--count is {count}; it must be 1 to {most}.", count=count, most=MOST_SAMPLES))
    check_seed(seed)
    codec = Codec.from_run(trained)
    objective = codec.config.objective
    with ProgressLine() as line:
        centre = np.zeros(codec.latent_dim, np.float32)
        if is_variational(objective):
            codes = random_codes(None, objective, count, seed, codec.latent_dim)
            drawn_from = tr("N(0, 1)")
        else:
            dataset = opened_for(trained, options, line)
            stats = statistics(codes_of(trained, codec, dataset, line).codes)
            codes, centre = random_codes(stats, objective, count, seed), stats.mean
            drawn_from = tr("a Gaussian fitted to the codes of {data}", data=dataset.identity.name)
        titles = Titles(
            tr("Random codes, seed {seed}", seed=seed),
            tr(
                "{model}; drawn from {origin}",
                model=comparison_subtitle(codec.config, trained.name),
                origin=drawn_from,
            ),
        )
        write(
            out,
            look,
            codec,
            lambda: sample_sheet(codec, codes, titles),
            lambda: sample_film(codes, look.frames, centre=centre, titles=titles),
            line,
        )
    return 0
