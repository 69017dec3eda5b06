"""The verb map: the codes of all pictures on a plane, as numbers or as a picture."""

import numpy as np
from PIL import Image, ImageDraw
from pydantic import Field

from core.codec import Codec
from core.datasets import ImageDataset
from core.encoding import codes_key
from core.errors import ConfigError
from core.export.recipe import save_png
from core.mapping import CodeMap, Method, TsneFile, make_map
from core.places import kept_folder
from core.terminal import ProgressLine, say
from core.translate import tr
from core.usage import install_text
from core.verbs.asking import About, LabelOptions
from core.verbs.inputs import inputs_of
from core.verbs.opening import (
    asked,
    check_out,
    codes_of,
    labelled,
    opened_for,
    shown,
    write_out,
)

SIDE_PX = 1000
MARGIN_PX = 24
GREY = (120, 126, 138)
COLOURS = (
    (22, 103, 217), (180, 95, 6), (18, 128, 92), (194, 39, 75), (111, 66, 193), (11, 124, 140),
    (133, 116, 0), (176, 48, 143), (77, 122, 30), (138, 75, 32),
)  # fmt: skip


ABOUT = About(
    "map",
    tr(
        "Place the code of every picture on a plane. t-SNE needs openTSNE: {command}.",
        command=install_text("map"),
    ),
    (
        "map run --out codes.csv",
        "map run --data test.npy --method tsne --out map.png",
        "map run --labels list_attr_celeba.txt --label Smiling --out map.png",
    ),
)


class MapOptions(LabelOptions):
    """The options of map."""

    out: str = Field(description=tr("What to write: a .csv of index,x,y or a .png of dots."))
    method: Method = Field(
        "pca", description=tr("pca: principal components. tsne: neighbours stay neighbours.")
    )
    label: str = Field("", description=tr("The label whose classes colour the dots of a .png."))


def run(args: list[str]) -> int:
    """Do what the command line of map says and give the exit code."""
    trained, options = asked(MapOptions, ABOUT, args)
    out = check_out(options.out, ".csv", ".png", inputs=inputs_of(trained, options))
    codec = Codec.from_run(trained)
    with ProgressLine() as line:
        dataset = labelled(opened_for(trained, options, line), options.labels, line)
        column = _column(dataset, options.label)
        codes = codes_of(trained, codec, dataset, line, len(dataset))
        key = codes_key(codec.fingerprint, dataset.identity.fingerprint, len(codes.indices))
        found = shown(make_map(codes, options.method, TsneFile(kept_folder(trained.path), key)), line)
    if out.suffix.lower() == ".csv":
        rows = zip(found.indices.tolist(), found.points.tolist(), strict=True)
        text = "".join(f"{index},{x:.9g},{y:.9g}\n" for index, (x, y) in rows)
        write_out(out, f"index,x,y\n{text}")
    else:
        save_png(dots(found, dataset, column), None, out)
    say(tr("Written: {path}", path=options.out))
    return 0


def _column(dataset: ImageDataset, name: str) -> int | None:
    if not name:
        return None
    named = [at for at, column in enumerate(dataset.labels) if column.name == name and column.classes]
    if not named:
        known = ", ".join(column.name for column in dataset.labels if column.classes) or tr("none")
        raise ConfigError(
            tr("--label {name} is no label with classes; there are: {known}.", name=name, known=known)
        )
    return named[0]


def dots(found: CodeMap, dataset: ImageDataset, column: int | None) -> Image.Image:
    """The map as a picture, a dot a code; classes beyond the palette and unlabelled pictures are grey."""
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    scale = (SIDE_PX - 2 * MARGIN_PX) / max(float((high - low).max()), 1e-6)
    middle = (low + high) / 2
    places = (found.points - middle) * np.array([scale, -scale]) + SIDE_PX / 2
    values = None if column is None else dataset.labels[column].values[found.indices].astype(np.int64)
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), "white")
    draw = ImageDraw.Draw(image)
    radius = 2.5 if len(places) < 5000 else 1.5
    for row in np.random.default_rng(0).permutation(len(places)).tolist():
        x, y = places[row].tolist()
        value = -1 if values is None else int(values[row])
        colour = COLOURS[value] if 0 <= value < len(COLOURS) else GREY
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image
