"""Files that torch.save wrote: what they name, without reading them, and what they hold, after checks.

torch.load is called with weights_only and never otherwise. Before it, the zip's directory and every step of
the pickle are held against the file's own size, so that what torch then reads is no larger than the file.
"""

import io
import pickle
import threading
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch

from core.importing.allowed import is_class, shell
from core.importing.pickles import RefusedError, Survey, survey
from core.translate import tr

MOST_PICKLE_BYTES = 4_000_000
MOST_RECORDS = 20_000
_OLD_MAGIC = 0x1950A86A20F9469CFC6C  # what torch before 1.6 begins its files with
_SAFE_GLOBALS = threading.Lock()  # torch keeps one list of them for all threads


@dataclass(frozen=True, eq=False)
class TorchFile:
    """A file that torch.save wrote, as its pickle describes it."""

    path: Path
    found: Survey

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that it names, of layers and of whoever saved it."""
        return tuple(sorted(name for name in self.found.names if is_class(name)))

    def read(self) -> Any:
        """What it holds: tensors on the processor, shells for objects. Raises: RefusedError."""
        shells = [(shell(name), name) for name in self.classes]
        try:
            with (
                _SAFE_GLOBALS,
                torch.serialization.safe_globals(shells),  # pyright: ignore[reportArgumentType]
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")
                return torch.load(self.path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, KeyError, IndexError) as error:
            raise RefusedError(tr("torch cannot read it ({reason})", reason=_first_line(error))) from None
        except (EOFError, AttributeError, AssertionError, OSError, OverflowError, MemoryError) as error:
            raise RefusedError(tr("torch cannot read it ({reason})", reason=_first_line(error))) from None


def is_torch_file(path: Path) -> bool:
    """Whether a file begins as those of torch.save do."""
    with path.open("rb") as file:
        start = file.read(14)
    return start[:4] == b"PK\x03\x04" or start[:4] == b"\x80\x02\x8a\x0a"


def open_torch_file(path: Path) -> TorchFile:
    """What a file names and claims; no tensor is read, nothing is called. Raises: RefusedError, OSError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
        file.seek(0)
        if is_zip:
            _check_directory(file, size)
            found = _survey_zip(path)
            _check_storages(found, _records(file))
        else:
            found = _survey_old(file)
    if sum(storage.size for storage in found.storages.values()) > size:
        raise RefusedError(tr("its tensors claim more bytes than the file has"))
    return TorchFile(path, found)


def _records(file: IO[bytes]) -> dict[str, int]:
    """The sizes of a zip's records by their names."""
    with zipfile.ZipFile(file) as archive:
        return {record.filename: record.file_size for record in archive.infolist()}


def _check_directory(file: IO[bytes], size: int) -> None:
    """Raises: RefusedError for a zip that torch would not write: compressed, or with a name twice."""
    try:
        with zipfile.ZipFile(file) as archive:
            records = archive.infolist()
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError, OverflowError, MemoryError) as error:
        raise RefusedError(tr("its zip is damaged ({reason})", reason=_first_line(error))) from None
    names = {record.filename.casefold() for record in records}
    if len(records) > MOST_RECORDS:
        raise RefusedError(tr("its zip has more than {count} records", count=f"{MOST_RECORDS:,}"))
    if len(names) != len(records):
        raise RefusedError(tr("its zip has two records of one name"))
    if any(name.endswith(("/constants.pkl", "/data.ts")) for name in names):
        raise RefusedError(tr("it is a TorchScript archive, which holds code; save state_dict() instead"))
    if any(r.compress_type != zipfile.ZIP_STORED or r.compress_size != r.file_size for r in records):
        raise RefusedError(tr("its zip is compressed, which torch does not do"))
    if sum(record.file_size for record in records) > size:
        raise RefusedError(tr("its zip claims more bytes than the file has"))
    if any(r.file_size > MOST_PICKLE_BYTES for r in records if "/data/" not in r.filename):
        raise RefusedError(tr("its pickle is larger than {size} MB", size=MOST_PICKLE_BYTES // 1_000_000))


def _survey_zip(path: Path) -> Survey:
    """The survey of data.pkl, read by torch's own reader of zips: the bytes that torch.load will read."""
    try:
        reader = torch._C.PyTorchFileReader(str(path))
        program = reader.get_record("data.pkl")
    except (RuntimeError, ValueError) as error:
        raise RefusedError(tr("it is no file of torch.save ({reason})", reason=_first_line(error))) from None
    return survey(io.BytesIO(program))


def _check_storages(found: Survey, records: dict[str, int]) -> None:
    sizes = {name.partition("/")[2]: size for name, size in records.items()}
    for key, storage in found.storages.items():
        if sizes.get(f"data/{key}", -1) < storage.size:
            raise RefusedError(tr("tensor memory {key} is shorter than it claims", key=ascii(key)[1:-1][:40]))


def _survey_old(file: IO[bytes]) -> Survey:
    """The survey of a file of torch before 1.6: five pickles, then the numbers, each with its count first."""
    program = io.BytesIO(file.read(MOST_PICKLE_BYTES))
    plain = [survey(program) for _ in range(3)]  # the mark, the version of the format, the machine
    if plain[0].value != _OLD_MAGIC or plain[1].value != 1001:
        raise RefusedError(tr("it is no file of torch.save"))
    found = survey(program)
    keys = survey(program).value
    if type(keys) is not list or sorted(map(str, keys)) != sorted(found.storages):
        raise RefusedError(tr("its tensors are not those that it lists"))
    place = program.tell()
    for key in keys:
        storage = found.storages[key]
        file.seek(place)
        if int.from_bytes(file.read(8), "little", signed=True) != storage.count:
            raise RefusedError(tr("tensor memory {key} is shorter than it claims", key=ascii(key)[1:-1][:40]))
        place += 8 + storage.size
    if place > file.seek(0, 2):
        raise RefusedError(tr("it ends before its tensors do"))
    return found


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120].rstrip(".")
