"""Where samples of WebDataset's tar shards lie: headers are walked once, and the places kept in the cache.

A sample is the members that share a name up to its first dot. Names are read and never used as paths; links,
devices and sparse members are left out, and a member that reaches beyond its file is an error.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.atomic import write_bytes
from core.datasets.arrays import file_stamp
from core.datasets.decoding import is_picture_name
from core.datasets.source import digest
from core.datasets.tar_headers import tar_members
from core.errors import DataError, is_plain, one_line
from core.places import cache_folder
from core.translate import tr

INDEX_VERSION = 1
MAX_MEMBER_BYTES = 64 * 1024 * 1024
MAX_LABEL_BYTES = 64


@dataclass(frozen=True, eq=False)
class TarIndex:
    """The pictures of a shard in its order: names, where their bytes are (N,), labels, empty where none."""

    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    labels: tuple[str, ...]


def index_of(path: Path) -> TarIndex:
    """The index of a shard, from the cache where it was walked before. Raises: DataError."""
    key = digest(str(INDEX_VERSION), str(path), file_stamp(path))
    kept = cache_folder() / "shards" / f"{key[:40]}.npz"
    try:
        with np.load(kept, allow_pickle=False) as stored:
            names, labels = (
                tuple(stored[part].tobytes().decode().split("\n")) for part in ("names", "labels")
            )
            index = TarIndex(names, stored["offsets"], stored["sizes"], labels)
        if len(names) == len(labels) == len(index.offsets) == len(index.sizes):
            return index
    except Exception:  # absent, or damaged in whatever way: it is walked again
        pass
    index = _walk(path)
    if index.names:
        content = BytesIO()
        names, labels = (
            np.frombuffer("\n".join(texts).encode(), np.uint8) for texts in (index.names, index.labels)
        )
        np.savez(content, offsets=index.offsets, sizes=index.sizes, names=names, labels=labels)
        with suppress(OSError):  # a full disk costs time at the next opening and nothing else
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(kept, content.getvalue())
    return index


def _walk(path: Path) -> TarIndex:
    samples: dict[str, _Sample] = {}
    try:
        with path.open("rb") as file:
            for member in tar_members(file):
                folder, _, last = member.name.rpartition("/")
                stem, _, suffix = last.partition(".")
                if not stem or not is_plain(member.name):
                    continue
                sample = samples.setdefault(f"{folder}/{stem}", _Sample())
                if is_picture_name(f"x.{suffix}") and member.size <= MAX_MEMBER_BYTES:
                    sample.add_picture(member.name, suffix, member.offset, member.size)
                elif suffix == "cls" and member.size <= MAX_LABEL_BYTES:
                    file.seek(member.offset)
                    sample.label = one_line(file.read(member.size).decode("utf-8", "replace").strip())
    except ValueError as error:
        raise DataError(
            tr(
                "{file} is no readable tar ({reason}): shards are plain tar files, not compressed ones; copy"
                " or make it again, or leave it out.",
                file=str(path),
                reason=error,
            )
        ) from None
    found = [sample for sample in samples.values() if sample.name]
    return TarIndex(
        tuple(sample.name for sample in found),
        np.array([sample.offset for sample in found], np.int64),
        np.array([sample.size for sample in found], np.int64),
        tuple(sample.label for sample in found),
    )


class _Sample:
    """What was found of one sample so far."""

    __slots__ = ("label", "name", "offset", "size", "suffix")

    def __init__(self) -> None:
        self.name = self.suffix = self.label = ""
        self.offset = self.size = 0

    def add_picture(self, name: str, suffix: str, offset: int, size: int) -> None:
        """Take a picture: "jpg" before "seg.png", else the first."""
        if not self.name or ("." in self.suffix and "." not in suffix):
            self.name, self.suffix, self.offset, self.size = name, suffix, offset, size


def label_values(texts: Iterable[str]) -> tuple[NDArray[np.str_], NDArray[np.bool_]] | None:
    """Labels as an array and which of them there are, None where there is none."""
    values: Sequence[str] = list(texts)
    present = np.array([bool(value) for value in values], np.bool_)
    return (np.array(values), present) if present.any() else None
