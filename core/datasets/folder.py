"""Pictures in a folder and the folders below it."""

import os
from pathlib import Path

from core.config import ImportConfig
from core.datasets.dataset import Skipped
from core.datasets.decoding import is_picture_name
from core.datasets.picture_files import PictureFiles, unsafe_name
from core.datasets.source import About, digest
from core.errors import DataError, is_plain, one_line
from core.translate import tr


class FolderSource(PictureFiles):
    """A folder, read recursively in the order of the files' relative paths; hidden files are left out.

    Its content is known by its files' relative paths, sizes and times, so that an unchanged folder opens
    without a picture being read.
    """

    def __init__(self, path: Path, policy: ImportConfig) -> None:
        self._path = path
        found, refused = _picture_files(path)
        content = digest("folder", *(f"{name}\0{size}\0{time_ns}" for name, size, time_ns in found))
        about = About("folder", path.name or str(path), str(path), policy, content)
        super().__init__(about, tuple(name for name, _, _ in found), refused)

    def open(self, index: int) -> Path:
        return self._path / self.files[index]


def _picture_files(root: Path) -> tuple[list[tuple[str, int, int]], tuple[Skipped, ...]]:
    """(relative path with /, size, mtime_ns) of each picture, sorted, and files that cannot be named."""
    own_place = os.path.realpath(root)
    found: list[tuple[str, int, int]] = []
    refused: list[Skipped] = []
    seen: set[tuple[int, int]] = set()  # folders by device and number, so that a loop of links ends
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        try:
            stat = os.stat(root / relative)
            if (stat.st_dev, stat.st_ino) in seen:
                continue
            seen.add((stat.st_dev, stat.st_ino))
            with os.scandir(root / relative) as listing:
                entries = sorted(listing, key=lambda entry: (entry.is_symlink(), entry.name))
        except OSError as error:
            if not relative:
                raise DataError(
                    tr("{folder} cannot be read: {reason}.", folder=str(root), reason=error.strerror or error)
                ) from error
            refused.append(
                Skipped(
                    one_line(relative),
                    tr("The folder cannot be read ({reason}).", reason=error.strerror or error),
                )
            )
            continue
        folders: list[str] = []
        for entry in entries:
            name = f"{relative}{entry.name}"
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            try:
                if entry.is_dir():
                    folders.append(f"{name}/")
                elif is_picture_name(entry.name) and entry.is_file():
                    stat = entry.stat()
                    if is_plain(name):
                        found.append((name, stat.st_size, stat.st_mtime_ns))
                    else:
                        refused.append(Skipped(one_line(name), unsafe_name()))
            except OSError as error:
                refused.append(
                    Skipped(
                        one_line(name), tr("It cannot be read ({reason}).", reason=error.strerror or error)
                    )
                )
        # Links last, so that a folder that is reached both ways keeps the name of its own place.
        links = {name for name in folders if os.path.islink(root / name.rstrip("/"))}
        waiting[:0] = (name for name in folders if name in links and not _leads_up(root / name, own_place))
        waiting.extend(name for name in folders if name not in links)
    return sorted(found), tuple(refused)


def _leads_up(link: Path, own_place: str) -> bool:
    """Whether a link is to a folder above own_place: a whole disk would be searched for pictures."""
    target = os.path.realpath(link)
    return target != own_place and os.path.commonpath((target, own_place)) == target
