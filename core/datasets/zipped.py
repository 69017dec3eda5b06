"""Pictures in a .zip, read from it without a file being written under a name of its choosing."""

import os
import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from threading import Lock
from zipfile import ZipFile, ZipInfo

from core.config import ImportConfig
from core.datasets.dataset import Inspection, Skipped
from core.datasets.decoding import is_picture_name
from core.datasets.picture_files import PictureFiles, unsafe_name
from core.datasets.source import About, Import, digest
from core.errors import DataError, is_plain, one_line
from core.translate import tr

MAX_MEMBER_BYTES = 64 * 1024 * 1024
UNPACKED_BYTES = 256 * 1024 * 1024  # which a small file may well unpack to
MAX_RATIO = 300
DIRECTORY_BYTES = 8 * 1024 * 1024
ENCRYPTED = 0x1
_END, _LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES = 22 + 65_535 + 20  # with the longest comment, and what leads to a larger zip's own end
_LOCAL_BYTES = 30  # of a member's own header, without its name


class ZipSource(PictureFiles):
    """A zip's pictures in the order of their names; its content is known by names, sizes and checksums."""

    def __init__(self, path: Path, policy: ImportConfig) -> None:
        self._path = path
        self._lock = Lock()  # opening members from several threads at once loses count of ZipFile's users
        self._zip: ZipFile | None = None
        with open_zip(path) as archive:
            members = [info for info in archive.infolist() if _is_picture(info)]
        refused = {info.filename: _reason_against(info.filename) for info in members}
        check_sizes(path, [info for info in members if info.file_size <= MAX_MEMBER_BYTES])
        members = [info for info in members if not refused[info.filename]]
        self._members = sorted(members, key=lambda info: info.filename)
        content = digest("zip", *(f"{i.filename}\0{i.file_size}\0{i.CRC}" for i in self._members))
        about = About("zip", path.stem, str(path), policy, content)
        skipped = (Skipped(one_line(name), reason) for name, reason in sorted(refused.items()) if reason)
        super().__init__(about, tuple(info.filename for info in self._members), tuple(skipped))

    def inspect(self) -> Inspection:
        try:
            return super().inspect()
        finally:
            self.close()

    def load(self) -> Import:
        try:
            return (yield from super().load())
        finally:
            self.close()

    def close(self) -> None:
        """Close the file; the next open() opens it again."""
        with self._lock:
            if self._zip is not None:
                self._zip.close()
                self._zip = None

    def open(self, index: int) -> BytesIO:
        info = self._members[index]
        if info.flag_bits & ENCRYPTED:
            raise DataError(tr("It is encrypted."))
        if info.file_size > MAX_MEMBER_BYTES:
            raise DataError(tr("It claims {size:,} bytes, too many for a picture.", size=info.file_size))
        try:
            with self._lock:
                if self._zip is None:
                    self._zip = open_zip(self._path)
                with self._zip.open(info) as member:
                    # One byte more than declared: a member that holds more is not what it says.
                    content = member.read(info.file_size + 1)
        except DataError:
            raise
        except Exception as error:  # zlib.error, BadZipFile, NotImplementedError, EOFError, OSError, …
            raise DataError(tr("It is damaged in the zip ({reason}).", reason=error)) from None
        if len(content) != info.file_size:
            raise DataError(tr("It is not as long as the zip says."))
        return BytesIO(content)


def open_zip(path: Path) -> ZipFile:
    """The zip at path, open for reading. Raises: DataError when it is none, damaged, or made to harm."""
    try:
        check_directory(path)
        archive = ZipFile(path)
    except (OSError, DataError):
        raise
    except Exception as error:  # BadZipFile, struct.error, NotImplementedError, … by what is damaged
        raise _unreadable(path, str(error)) from None
    try:
        _check_places(archive, path)
    except DataError:
        archive.close()
        raise
    return archive


def check_sizes(path: Path, members: Sequence[ZipInfo]) -> None:
    """Raises: DataError where members would unpack to far more than pictures do: a bomb."""
    unpacked = sum(info.file_size for info in members)
    check_unpacked(path, unpacked, path.stat().st_size)


def check_unpacked(path: Path, unpacked: int, packed: int) -> None:
    """Raises: DataError where packed bytes of a file claim to be unpacked ones that no pictures pack into.

    dSprites, white figures on black, is the most that is known of real pictures: 116 to one.
    """
    if unpacked > UNPACKED_BYTES and unpacked > MAX_RATIO * packed:
        raise DataError(
            tr(
                "{file} would unpack to {unpacked:.1f} GB, {ratio:,} times its size: no pictures do, it is"
                " made to fill a disk.",
                file=str(path),
                unpacked=unpacked / 1e9,
                ratio=unpacked // max(1, packed),
            )
        )


def check_directory(path: Path) -> None:
    """Raises: DataError where a zip's list of members is most of a large file; Python reads it all at once.

    A picture takes more than its line in the list, which is at least 46 bytes and some 700 once it is read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(-min(size, _END_BYTES), os.SEEK_END)
        tail = file.read()
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < 22:
            return  # ZipFile says what it thinks of it
        (listed,) = struct.unpack_from("<I", tail, at + 12)
        locator = at - 20
        if locator >= 0 and tail[locator : locator + 4] == _LOCATOR:
            (place,) = struct.unpack_from("<Q", tail, locator + 8)
            file.seek(min(place, size))
            record = file.read(56)
            listed = struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else size
    if listed > DIRECTORY_BYTES and 2 * listed > size:
        raise _unreadable(path, tr("its list of members is larger than they are"))


def _check_places(archive: ZipFile, path: Path) -> None:
    """Raises: DataError where two members share bytes: a small file of them could unpack to any size."""
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    end = 0
    for info in infos:
        if info.header_offset < end:
            raise _unreadable(path, tr("its members overlap"))
        end = info.header_offset + _LOCAL_BYTES + info.compress_size


def _unreadable(path: Path, reason: str) -> DataError:
    return DataError(
        tr("{file} is no readable zip ({reason}): copy or make it again.", file=str(path), reason=reason)
    )


def _reason_against(name: str) -> str:
    """Why a member of this name is not read; empty where nothing is wrong with it."""
    if not is_plain(name):
        return unsafe_name()
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
        return tr("Its name leads out of the zip: it is made to harm.")
    return ""


def _is_picture(info: ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not info.filename.endswith("/") and not hidden and is_picture_name(info.filename)
