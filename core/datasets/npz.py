"""numpy's .npz: MedMNIST's splits, x_train and its kin, and plain arrays, with the labels beside them.

A .npz is a zip of .npy files; each is read as a stream whose header was compared with what the zip declares.
"""

import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from core.config import ImportConfig
from core.datasets.arrays import ArraySource, Unpack, file_stamp
from core.datasets.cache import check_room, scratch_file
from core.datasets.dataset import ImportProgress, LabelColumn
from core.datasets.labels import label_columns
from core.datasets.npyheader import NpyHeader, parse_npy_header, shape_text
from core.datasets.parallel import REPORT_INTERVAL_S
from core.datasets.source import About, digest
from core.datasets.zipped import ENCRYPTED, check_sizes, open_zip
from core.errors import DataError
from core.translate import tr

READ_BYTES = 4 * 1024 * 1024
MAX_LABEL_BYTES = 128 * 1024 * 1024
MAX_RATIO = 1100  # deflate packs at most 1032 to 1
SPLITS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
PICTURE_PATTERNS = ("{}_images", "x_{}", "{}_x", "images_{}", "{}")
LABEL_PATTERNS = ("{}_labels", "y_{}", "{}_y", "labels_{}")
PICTURE_NAMES = ("images", "imgs", "x", "pictures", "data")
LABEL_NAMES = ("labels", "label", "y", "target", "targets")


@dataclass(frozen=True)
class _Member:
    """One array of the file."""

    name: str
    info: ZipInfo
    header: NpyHeader


class NpzSource(ArraySource):
    """The pictures of a .npz: all splits in the order train, val, test, or the one array of pictures."""

    def __init__(self, path: Path, policy: ImportConfig) -> None:
        self._path = path
        with open_zip(path) as archive:
            infos = archive.infolist()
            check_sizes(path, infos)
            self._members = _members(archive, path)
        self._splits, self._parts = _pictures(self._members, path)
        first = self._parts[0].header
        for part in self._parts[1:]:
            if part.header.shape[1:] != first.shape[1:] or part.header.dtype != first.dtype:
                raise DataError(
                    tr(
                        "{file}: {one} is {one_shape} {one_dtype} and {other} is {other_shape} {other_dtype};"
                        " the splits must hold pictures of one size.",
                        file=str(path),
                        one=self._parts[0].name,
                        one_shape=shape_text(first.shape),
                        one_dtype=str(first.dtype),
                        other=part.name,
                        other_shape=shape_text(part.header.shape),
                        other_dtype=str(part.header.dtype),
                    )
                )
        count = sum(part.header.shape[0] for part in self._parts)
        self._check_lengths()
        content = digest("npz", *(f"{i.filename}\0{i.file_size}\0{i.CRC}" for i in infos))
        about = About("npz", path.stem, str(path), policy, content)
        super().__init__(about, (count, *first.shape[1:]), first.dtype, file_stamp(path))

    def mapped(self) -> None:
        return None

    def first(self, count: int) -> NDArray[Any]:
        part = next((part for part in self._parts if part.header.shape[0]), self._parts[0])
        shape = part.header.shape
        if part.header.fortran_order:
            return np.zeros((0, *shape[1:]), self.dtype)
        count = min(count, shape[0])
        wanted = part.header.data_bytes // max(1, shape[0]) * count
        with open_zip(self._path) as archive, _opened(archive, part, self._path) as stream:
            content = stream.read(wanted)
        return np.frombuffer(content, self.dtype).reshape((count, *shape[1:]))

    def unpack(self, folder: Path) -> Unpack:
        total = sum(part.header.data_bytes for part in self._parts)
        check_room(total, self.about.source)
        text = tr("Unpacking {name}", name=self.about.name)
        target = folder / "unpacked.raw"
        done, reported = 0, 0.0
        with open_zip(self._path) as archive, scratch_file(target) as file:
            for part in self._parts:
                with _opened(archive, part, self._path) as stream:
                    left = part.header.data_bytes
                    while left:
                        content = stream.read(min(READ_BYTES, left))
                        if not content:
                            raise DataError(_damaged(self._path, part.name, tr("it is cut short")))
                        file.write(content)
                        left -= len(content)
                        done += len(content)
                        if time.monotonic() - reported >= REPORT_INTERVAL_S:
                            reported = time.monotonic()
                            yield ImportProgress(done * self.shape[0] // total, self.shape[0], text)
        order = "F" if self._parts[0].header.fortran_order else "C"
        return np.memmap(target, self.dtype, "r", shape=self.shape, order=order)

    def label_names(self) -> tuple[str, ...]:
        names = [name for name, _ in self._label_parts()]
        return tuple([*names, "split"] if self._splits else names)

    def labels(self) -> tuple[LabelColumn, ...]:
        columns: list[LabelColumn] = []
        lengths = [part.header.shape[0] for part in self._parts]
        with open_zip(self._path) as archive:
            for name, parts in self._label_parts():
                arrays = [None if part is None else _read(archive, part, self._path) for part in parts]
                known = [array for array in arrays if array is not None]
                blank = np.zeros((1, *known[0].shape[1:]), known[0].dtype)
                filled = [
                    np.repeat(blank, length, axis=0) if array is None else array
                    for array, length in zip(arrays, lengths, strict=True)
                ]
                present = np.repeat([array is not None for array in arrays], lengths)
                columns.extend(label_columns(name, np.concatenate(filled), present))
        if self._splits:
            codes = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
            columns.append(LabelColumn("split", codes, self._splits))
        return tuple(columns)

    def _check_lengths(self) -> None:
        """Raises: DataError where an array is called as labels are, and there are more or fewer of them."""
        for labels, pictures in self._called_labels():
            count = pictures.header.shape[0]
            if labels is None or not _may_be_label(labels) or labels.header.shape[0] == count:
                continue
            raise DataError(
                tr(
                    "{file}: {labels} has {found} labels and {pictures} has {count} pictures: put the right"
                    " ones there, or give what is no label another name.",
                    file=str(self._path),
                    labels=labels.name,
                    found=f"{labels.header.shape[0]:,}",
                    pictures=pictures.name,
                    count=f"{count:,}",
                )
            )

    def _called_labels(self) -> list[tuple[_Member | None, _Member]]:
        """What is called as labels are, with the pictures that it is of: one a split, or of one array."""
        by_name = {member.name.lower(): member for member in self._members}
        if not self._splits:
            return [(by_name.get(name), self._parts[0]) for name in LABEL_NAMES]
        found = [_first_of(by_name, LABEL_PATTERNS, SPLITS[split]) for split in self._splits]
        return list(zip(found, self._parts, strict=True))

    def _label_parts(self) -> list[tuple[str, list[_Member | None]]]:
        """(column name, one array or None a split) for each kind of label."""
        if self._splits:
            found = [
                member if member and _is_label(member, part.header.shape[0]) else None
                for member, part in self._called_labels()
            ]
            kinds = {(m.header.shape[1:], m.header.dtype) for m in found if m is not None}
            return [("label", found)] if len(kinds) == 1 else []
        return [
            ("label" if member.name.lower() in LABEL_NAMES else member.name, [member])
            for member in self._members
            if member is not self._parts[0] and _is_label(member, self.shape[0])
        ]


def _members(archive: ZipFile, path: Path) -> list[_Member]:
    members: list[_Member] = []
    for info in archive.infolist():
        if not info.filename.endswith(".npy"):
            continue
        name = info.filename.removesuffix(".npy")
        if info.flag_bits & ENCRYPTED:
            raise DataError(_damaged(path, name, tr("it is encrypted")))
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(_damaged(path, name, tr("it is packed in an unusual way")))
        try:
            with archive.open(info) as stream:
                header = parse_npy_header(cast(BinaryIO, stream), info.file_size, f"{path}: {name}")
        except DataError:
            continue  # metadata as Python objects beside the pictures is common, and is never read
        except Exception as error:  # zlib.error, BadZipFile, EOFError, …
            raise DataError(_damaged(path, name, str(error))) from None
        if not header.is_exact or info.file_size > info.compress_size * MAX_RATIO + READ_BYTES:
            raise DataError(
                _damaged(
                    path, name, tr("it claims {shape}, which it cannot hold", shape=shape_text(header.shape))
                )
            )
        members.append(_Member(name, info, header))
    return members


def _pictures(members: list[_Member], path: Path) -> tuple[tuple[str, ...], list[_Member]]:
    """(names of the splits or none, the arrays of pictures)."""
    arrays = [m for m in members if len(m.header.shape) in (3, 4) and m.header.dtype.kind in "buif"]
    by_name = {member.name.lower(): member for member in arrays}
    found = {split: _first_of(by_name, PICTURE_PATTERNS, names) for split, names in SPLITS.items()}
    splits = {split: member for split, member in found.items() if member is not None}
    if splits:
        parts = list(splits.values())
        if len(parts) > 1 and any(part.header.fortran_order for part in parts):
            raise DataError(_damaged(path, parts[0].name, tr("splits in Fortran order are not read")))
        return tuple(splits), parts
    named = [by_name[name] for name in PICTURE_NAMES if name in by_name]
    if named:
        return (), named[:1]
    if len(arrays) == 1:
        return (), arrays
    if arrays:
        raise DataError(
            tr(
                "{file} holds several arrays that may be pictures ({names}): name the right one images.",
                file=str(path),
                names=", ".join(member.name for member in arrays),
            )
        )
    raise DataError(
        tr(
            "{file} holds no array of pictures, only {names}: (N,H,W), (N,H,W,C) or (N,C,H,W) is read.",
            file=str(path),
            names=", ".join(f"{m.name} {shape_text(m.header.shape)}" for m in members)
            or tr("nothing readable"),
        )
    )


def _first_of(
    by_name: dict[str, _Member], patterns: tuple[str, ...], names: tuple[str, ...]
) -> _Member | None:
    wanted = (pattern.format(name) for name in names for pattern in patterns)
    return next((by_name[name] for name in wanted if name in by_name), None)


def _may_be_label(member: _Member) -> bool:
    header = member.header
    return (
        header.data_bytes <= MAX_LABEL_BYTES and len(header.shape) in (1, 2) and header.dtype.kind in "biufSU"
    )


def _is_label(member: _Member, count: int) -> bool:
    return _may_be_label(member) and member.header.shape[0] == count


@contextmanager
def _opened(archive: ZipFile, member: _Member, path: Path) -> Iterator[BinaryIO]:
    """The member's numbers as a stream."""
    try:
        with archive.open(member.info) as stream:
            stream.read(member.header.offset)
            yield cast(BinaryIO, stream)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise DataError(_damaged(path, member.name, str(error))) from None


def _read(archive: ZipFile, member: _Member, path: Path) -> NDArray[Any]:
    with _opened(archive, member, path) as stream:
        content = stream.read(member.header.data_bytes)
    flat = np.frombuffer(content, member.header.dtype)
    return flat.reshape(member.header.shape, order="F" if member.header.fortran_order else "C")


def _damaged(path: Path, name: str, reason: str) -> str:
    return tr("{file}: {name} cannot be read: {reason}.", file=str(path), name=name, reason=reason)
