"""The built-in faces as a source, "faces" or "faces:count=9,size=96,seed=1"; drawn into the cache once."""

import hashlib
import os
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from core.config import MAX_PICTURE_PX, MIN_PICTURE_PX, ImportConfig
from core.datasets.cache import CacheWriter, check_room, load_entry
from core.datasets.dataset import ImportProgress, Inspection, LabelColumn
from core.datasets.faces import Faces, draw_faces
from core.datasets.parallel import in_order
from core.datasets.resizing import check_size, to_channels
from core.datasets.source import About, Import, digest, inspection_of
from core.errors import DataError
from core.translate import tr

FACES = "faces"
LIMITS = {"count": (1, 1_000_000), "size": (MIN_PICTURE_PX, MAX_PICTURE_PX), "seed": (0, 2**31 - 1)}
DRAWING_VERSION = 1  # raise it when the same spec would give clearly other faces
CHUNK_PIXELS = 1024 * 64 * 64  # draw_faces sorts like to like, so larger chunks cost less a picture
WORKERS = max(1, (os.cpu_count() or 1) // 2)  # it uses two threads itself


@dataclass(frozen=True)
class FacesSpec:
    """Which faces are drawn; str() is the source text, in full only where it differs from the default."""

    count: int = 5000
    size: int = 64
    seed: int = 0

    def __str__(self) -> str:
        if self == FacesSpec():
            return FACES
        return f"{FACES}:count={self.count},size={self.size},seed={self.seed}"


def is_faces(source: str) -> bool:
    """Whether a source text means the built-in faces; a folder of that name is opened as ./faces."""
    return source == FACES or source.startswith(f"{FACES}:")


def parse_faces(source: str) -> FacesSpec:
    """The spec of a source text. Raises: DataError."""
    values: dict[str, int] = {}
    _, _, settings = source.partition(":")
    for setting in filter(None, settings.split(",")):
        name, _, text = (part.strip() for part in setting.partition("="))
        low, high = LIMITS.get(name, (0, -1))
        if not text.isascii() or not text.isdigit() or not low <= int(text[:12]) <= high:
            raise DataError(
                tr(
                    "{setting} in {source} is not understood: write faces:count=10000,size=96,seed=1, with"
                    " count up to 1000000 and size 8 to 512, or a part of it.",
                    setting=repr(setting),
                    source=repr(source),
                )
            )
        values[name] = int(text)
    return FacesSpec(**values)


class FacesSource:
    """The built-in faces; policy.size is their size where it is not 0."""

    def __init__(self, source: str, policy: ImportConfig) -> None:
        spec = parse_faces(source)
        if policy.size:
            check_size(policy.size, policy.size, tr("The size asked for"))
        self._spec = spec
        self._size = policy.size or spec.size
        self._channels = 1 if policy.colour == "grey" else 3
        self._first = draw_faces(min(8, spec.count), self._size, spec.seed)
        content = f"drawing {DRAWING_VERSION}, {spec}"
        self._about = About("faces", tr("Faces"), str(spec), policy, content)
        # The key holds what is drawn, so that a change in the drawing never shows an old cache. The identity
        # does not: processors may round a pixel differently, and the same spec is the same data.
        drawn = hashlib.sha256(self._first.pixels.tobytes()).hexdigest()
        self._key = digest(self._about.fingerprint, drawn)

    def inspect(self) -> Inspection:
        """What will be drawn; the first eight are drawn at once."""
        if entry := load_entry(self._key):
            return inspection_of(self._about.cached_dataset(entry))
        return Inspection(
            kind="faces",
            name=self._about.name,
            count=self._spec.count,
            reading=self._reading(),
            height=self._size,
            width=self._size,
            channels=self._channels,
            samples=to_channels(self._first.pixels, self._channels),
            cached=False,
            label_names=tuple(label.name for label in self._first.labels),
        )

    def load(self) -> Import:
        """Draw the faces into the cache, or open them there."""
        entry = load_entry(self._key)
        if entry is None:
            count = self._spec.count
            check_room(count * self._size * self._size * self._channels, self._about.source)
            step = max(1, CHUNK_PIXELS // (self._size * self._size))
            parts: list[tuple[LabelColumn, ...]] = []

            def draw(start: int) -> Faces:
                return draw_faces(min(step, count - start), self._size, self._spec.seed, start=start)

            with (
                CacheWriter(self._key) as writer,
                closing(in_order(draw, range(0, count, step), WORKERS)) as chunks,
            ):
                for faces in chunks:
                    if faces is not None:
                        writer.append(to_channels(faces.pixels, self._channels))
                        parts.append(faces.labels)
                    yield ImportProgress(writer.count, count, tr("Drawing faces"))
                entry = writer.finish(self._reading(), _joined(parts))
        return self._about.cached_dataset(entry)

    def _reading(self) -> str:
        values = {"count": self._spec.count, "size": self._size, "seed": self._spec.seed}
        if self._channels == 3:
            return tr("{count:,} built-in faces of {size}×{size}, seed {seed}, drawn in colour", **values)
        return tr("{count:,} built-in faces of {size}×{size}, seed {seed}, read as grey", **values)


def _joined(parts: list[tuple[LabelColumn, ...]]) -> tuple[LabelColumn, ...]:
    return tuple(
        LabelColumn(
            columns[0].name, np.concatenate([column.values for column in columns]), columns[0].classes
        )
        for columns in zip(*parts, strict=True)
    )
