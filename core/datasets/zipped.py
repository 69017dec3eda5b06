"""Pictures in a .zip, read from it without a file being written under a name of its choosing."""

from io import BytesIO
from pathlib import Path, PurePosixPath
from threading import Lock
from zipfile import ZipFile, ZipInfo

from core.config import ImportConfig
from core.datasets.dataset import Inspection
from core.datasets.decoding import is_picture_name
from core.datasets.picture_files import PictureFiles
from core.datasets.source import About, Import, digest
from core.errors import DataError
from core.translate import tr

MAX_MEMBER_BYTES = 64 * 1024 * 1024
ENCRYPTED = 0x1


class ZipSource(PictureFiles):
    """A zip's pictures in the order of their names; its content is known by names, sizes and checksums."""

    def __init__(self, path: Path, policy: ImportConfig) -> None:
        self._path = path
        self._lock = Lock()  # opening members from several threads at once loses count of ZipFile's users
        self._zip: ZipFile | None = None
        with open_zip(path) as archive:
            members = [info for info in archive.infolist() if _is_picture(info)]
        self._members = sorted(members, key=lambda info: info.filename)
        content = digest("zip", *(f"{i.filename}\0{i.file_size}\0{i.CRC}" for i in self._members))
        about = About("zip", path.stem, str(path), policy, content)
        super().__init__(about, tuple(info.filename for info in self._members))

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
    """The zip at path, open for reading. Raises: DataError when it is none or damaged."""
    try:
        return ZipFile(path)
    except OSError:
        raise
    except Exception as error:  # BadZipFile, struct.error, NotImplementedError, … by what is damaged
        raise DataError(
            tr("{file} is no readable zip ({reason}): copy or make it again.", file=str(path), reason=error)
        ) from None


def _is_picture(info: ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not info.filename.endswith("/") and not hidden and is_picture_name(info.filename)
