"""open_dataset, import_dataset and inspect_source: from what a person names to its pictures."""

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from core.config import ImportConfig
from core.datasets.arrays import NpySource
from core.datasets.builtin import FacesSource, is_faces
from core.datasets.dataset import ImageDataset, ImportProgress, Inspection
from core.datasets.decoding import is_picture_name
from core.datasets.folder import FolderSource
from core.datasets.idx import IdxSource, is_idx
from core.datasets.npyheader import MAGIC
from core.datasets.npz import NpzSource
from core.datasets.shard_names import check, expand, is_list, is_pattern, read_list, shards_in
from core.datasets.shards import NpyShardsSource
from core.datasets.source import Source
from core.datasets.storage import in_memory
from core.datasets.tars import TarShardsSource
from core.datasets.zipped import ZipSource, open_zip
from core.errors import DataError, is_plain
from core.translate import tr

ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
DEFAULT_POLICY = ImportConfig()


def import_dataset(
    source: str | Path, policy: ImportConfig = DEFAULT_POLICY
) -> Generator[ImportProgress, None, ImageDataset]:
    """Open pictures as a generator: it yields progress, and the data set is its return value.

    source is a folder, a .npy, .npz, idx, idx.gz or .zip file, "faces" for the built-in ones (see
    builtin.py), or shards, all .npy or all .tar: a pattern (data/shard-{000..127}.tar), a .txt or .lst file
    with a path a line, or a folder that holds nothing else. Closing the generator cancels; what was read of
    picture files is kept for some days, and the next import of the same files goes on from there.
    Raises: DataError.
    """
    try:
        dataset = yield from find_source(source, policy).load()
        return replace(dataset, pixels=in_memory(dataset.pixels))
    except OSError as error:
        raise _unreadable(source, error) from error


def open_dataset(source: str | Path, policy: ImportConfig = DEFAULT_POLICY) -> ImageDataset:
    """The pictures of a source, imported first where that is needed; see import_dataset."""
    steps = import_dataset(source, policy)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def inspect_source(source: str | Path, policy: ImportConfig = DEFAULT_POLICY) -> Inspection:
    """A quick look at a source before it is imported, with a few pictures as they will look."""
    try:
        return find_source(source, policy).inspect()
    except OSError as error:
        raise _unreadable(source, error) from error


def is_at_hand(source: str) -> bool:
    """Whether what source means is there: the built-in faces, a path, the first shard of a pattern."""
    if not source:  # of a run that was imported without pictures
        return False
    try:
        if is_faces(source) or Path(source).exists():
            return True
        return is_pattern(source) and Path(expand(source)[0]).exists()
    except (DataError, OSError):  # a pattern of too many, a name that is too long for any file
        return False


def find_source(source: str | Path, policy: ImportConfig) -> Source:
    """The source that a text or path means, told by what it holds and not by its name. Raises: DataError."""
    if isinstance(source, str) and is_faces(source):
        return FacesSource(source, policy)
    if not str(source).strip():
        raise DataError(
            tr("No pictures are named: give a folder, .npy, .npz, .zip, .tar or idx file, or faces.")
        )
    path = Path(os.path.abspath(os.path.expanduser(source)))
    if not is_plain(str(path)):
        raise DataError(
            tr("{path}: its name holds control characters or is not valid UTF-8; rename it.", path=str(path))
        )
    if is_pattern(str(path)) and not path.exists():
        return _shards([Path(name) for name in expand(str(path))], path, policy)
    if path.is_dir():
        shards = shards_in(path)
        return _shards(shards, path, policy) if shards else FolderSource(path, policy)
    if not path.exists():
        raise DataError(
            tr(
                "{path} is not there: give a folder, .npy, .npz, .zip, .tar or idx file, or faces.",
                path=str(path),
            )
        )
    if not path.is_file():
        raise DataError(tr("{path} is neither a file nor a folder.", path=str(path)))
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(MAGIC):
        return NpySource(path, policy)
    if start.startswith(ZIP_MAGICS):
        return NpzSource(path, policy) if _is_npz(path) else ZipSource(path, policy)
    if path.suffix.lower() == ".tar":
        return _shards([path], path, policy)
    if is_list(path):
        return _shards(read_list(path), path, policy)
    if is_idx(path):
        return IdxSource(path, policy)
    if is_picture_name(path.name):
        raise DataError(tr("{path} is a single picture: open the folder that it lies in.", path=str(path)))
    raise DataError(
        tr(
            "{path} is of no known kind: a folder, .npy, .npz, .zip, .tar or idx file of pictures is read, or"
            " it is damaged.",
            path=str(path),
        )
    )


def _shards(shards: list[Path], path: Path, policy: ImportConfig) -> Source:
    """The source of shards that path, a pattern, a list or a folder, means."""
    if check(shards, str(path)) == ".tar":
        return TarShardsSource(shards, str(path), path.stem, policy)
    return NpyShardsSource(shards, str(path), path.stem, policy)


def _is_npz(path: Path) -> bool:
    with open_zip(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    return path.suffix.lower() == ".npz" or (bool(names) and all(name.endswith(".npy") for name in names))


def _unreadable(source: str | Path, error: OSError) -> DataError:
    return DataError(
        tr("{source} cannot be read: {reason}.", source=str(source), reason=error.strerror or str(error))
    )
