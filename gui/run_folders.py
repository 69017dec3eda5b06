"""What the table of runs does beside the window: find and read runs, compare two, move some to the trash."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from PySide6.QtCore import QFile

from core.errors import LatentDialsError, RunError
from core.locking import HeldError, held
from core.places import runs_folder, state_folder
from core.run_files import LOCK
from core.translate import tr
from gui import heavy, memory
from gui.saved_work import SavedWork
from gui.session_folder import WORK, SessionFolder, living_folders

if TYPE_CHECKING:
    from core.catalogue import Difference, RunRow


class RunFolders(BaseModel):
    """The folders that a person added to the one in which the window makes runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: tuple[str, ...] = ()


def load_folders() -> RunFolders:
    """What was kept, or none."""
    return memory.load(state_folder() / "run_folders.json", RunFolders) or RunFolders()


def keep_folders(folders: RunFolders) -> None:
    """Keep them. Raises: OSError."""
    memory.save(state_folder() / "run_folders.json", folders)


@dataclass(frozen=True)
class Found:
    """The runs that there are, before they are read, and what could not be listed."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Two runs by their names, and in what they differ."""

    first: str
    second: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Trashed:
    """What became of a run that was to go: problem is empty where it has gone."""

    path: Path
    problem: str
    is_held: bool = False


@dataclass(frozen=True)
class Renamed:
    """Where a run was, and where it is now."""

    old: Path
    new: Path


def read_runs(added: Sequence[str], also: Path | None) -> Generator[Found | RunRow, None, None]:
    """The runs of the window's own folder and those added, and one more; first their paths, then each."""
    catalogue = heavy.catalogue
    paths: list[Path] = []
    problems: list[str] = []
    own = [runs_folder()] if os.path.isdir(runs_folder()) else []
    for folder in (*own, *(Path(folder) for folder in added)):
        try:
            paths += catalogue.run_paths(folder)
        except LatentDialsError as error:
            problems.append(str(error))
    if also is not None:
        paths.append(also)
    found = tuple(dict.fromkeys(path.absolute() for path in paths))
    yield Found(found, tuple(problems))
    yield from catalogue.read_rows(found)


def compare(first: Path, second: Path) -> Generator[Compared, None, None]:
    """In what two runs differ. Raises: LatentDialsError where one of them cannot be opened."""
    one, other = (heavy.runs.Run.open(path) for path in (first, second))
    yield Compared(one.name, other.name, heavy.catalogue.differences(one, other))


def move_to_trash(paths: Sequence[Path]) -> Generator[Trashed, None, None]:
    """Move runs to the system's trash, none that is being trained."""
    for path in paths:
        try:
            with held(path / LOCK):
                gone = QFile.moveToTrash(str(path))
            problem = "" if gone else tr("{path} cannot be moved to the trash.", path=path)
            yield Trashed(path, problem)
        except HeldError as error:
            yield Trashed(path, _held_text(path, error), is_held=True)
        except OSError as error:
            text = tr("{path} cannot be moved: {reason}.", path=path, reason=error.strerror or error)
            yield Trashed(path, text, is_held=True)


def rename(path: Path, name: str, own: SessionFolder | None) -> Generator[Renamed, None, None]:
    """Give a run's folder another name; own is this window's session. Raises: RunError, OSError.

    What was edited with the run goes with it, where that was done with the pictures that it was trained on.
    """
    for folder in living_folders():
        saved = memory.load(folder / WORK, SavedWork) if own is None or folder != own.path else None
        if saved is not None and saved.open_now.run == str(path):
            raise RunError(tr("{name} is open in another window: close it there first.", name=path.name))
    fingerprint = heavy.runs.Run.open(path).config.data.fingerprint
    there = memory.document_path(path, fingerprint)
    new = heavy.run_moves.rename_run(path, name)
    document = memory.load(there, memory.SavedDocument)
    if document is not None:
        memory.save(memory.document_path(new, fingerprint), document)
    yield Renamed(path, new)


def _held_text(path: Path, error: HeldError) -> str:
    holder = error.holder or tr("another process")
    return tr("{name} is being trained by {holder}: stop that first.", name=path.name, holder=holder)
