"""Which files a list of shards means: a pattern with braces, a text file of paths, a folder of shards.

data/shard-{000..127}.tar is WebDataset's own way to write it, a{x,y}.npy the shell's.
"""

import re
from pathlib import Path

from core.errors import DataError
from core.translate import tr

SUFFIXES = (".npy", ".tar")
LIST_SUFFIXES = (".txt", ".lst")
MAX_SHARDS = 100_000
MAX_PATTERN = 1000  # characters, which are there once a shard
MAX_LIST_BYTES = 16 * 1024 * 1024
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,12})\.\.(\d{1,12})")


def is_pattern(source: str) -> bool:
    """Whether a source text is a pattern of shards and not one file's name."""
    return bool(_BRACES.search(source)) and source.endswith(SUFFIXES)


def is_list(path: Path) -> bool:
    """Whether a file is a list of shards, by its suffix."""
    return path.suffix.lower() in LIST_SUFFIXES


def expand(pattern: str) -> list[str]:
    """What a pattern means, in its order. Raises: DataError."""
    if not _BRACES.search(pattern):
        return [pattern]
    if len(pattern) > MAX_PATTERN:
        raise DataError(tr("A pattern of shards is too long: up to {most:,} characters.", most=MAX_PATTERN))
    names, end = [""], 0
    for match in _BRACES.finditer(pattern):
        parts = _parts(match[1], pattern)
        if len(names) * len(parts) > MAX_SHARDS:
            raise DataError(
                tr("{pattern} means more than {most:,} shards.", pattern=repr(pattern), most=MAX_SHARDS)
            )
        before, end = pattern[end : match.start()], match.end()
        names = [f"{name}{before}{part}" for name in names for part in parts]
    return [f"{name}{pattern[end:]}" for name in names]


def _parts(braces: str, pattern: str) -> list[str]:
    """What stands for a pair of braces, from what is between them. Raises: DataError."""
    numbers = _RANGE.fullmatch(braces)
    if numbers is None:
        return braces.split(",")
    first, last = int(numbers[1]), int(numbers[2])
    if last < first or last - first >= MAX_SHARDS:
        raise DataError(
            tr(
                "{pattern} counts from {first} to {last}: write as {{000..127}}, up to {most:,} shards.",
                pattern=repr(pattern),
                first=first,
                last=last,
                most=MAX_SHARDS,
            )
        )
    width = len(numbers[1])
    return [f"{number:0{width}}" for number in range(first, last + 1)]


def read_list(path: Path) -> list[Path]:
    """The shards that a text file names, one a line and relative to it; # begins a comment.

    Raises: DataError.
    """
    if path.stat().st_size > MAX_LIST_BYTES:
        raise DataError(tr("{file} is too large for a list of files.", file=str(path)))
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        raise DataError(tr("{file} is no text: a list names a shard a line.", file=str(path))) from None
    names = [name for line in lines if (name := line.strip()) and not name.startswith("#")]
    shards: list[str] = []
    for name in names:
        shards += expand(name)
        if len(shards) > MAX_SHARDS:
            raise DataError(tr("{file} names more than {most:,} shards.", file=str(path), most=MAX_SHARDS))
    if not shards:
        raise DataError(tr("{file} names no shards: write the path of one a line.", file=str(path)))
    return [path.parent / shard for shard in shards]


def shards_in(folder: Path) -> list[Path]:
    """The shards in a folder that holds nothing else, in the order of their names; else none."""
    found = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    suffixes = {
        entry.suffix.lower()
        for entry in found
        if entry.suffix.lower() not in (".json", ".md", *LIST_SUFFIXES)
    }
    if len(suffixes) == 1 and suffixes <= set(SUFFIXES) and all(entry.is_file() for entry in found):
        return [entry for entry in found if entry.suffix.lower() in SUFFIXES]
    return []


def check(shards: list[Path], source: str) -> str:
    """The suffix that all shards share. Raises: DataError where one is absent or of another kind."""
    for shard in shards:
        if not shard.is_file():
            raise DataError(
                tr("{source} names the shard {file}, which is not there.", source=source, file=str(shard))
            )
    suffixes = {shard.suffix.lower() for shard in shards}
    if len(suffixes) != 1 or not suffixes <= set(SUFFIXES):
        raise DataError(
            tr("{source} names files of several kinds: shards are all .npy or all .tar.", source=source)
        )
    return suffixes.pop()
