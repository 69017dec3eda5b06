"""A folder of many files that is there whole or not at all, and single files beside each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.atomic import failure_text, making_folder
from core.errors import ExportError
from core.translate import tr

# Of files that this program reads or writes: with one of them a file is meant.
_TEXTS = (".csv", ".html", ".json", ".md")
_PICTURES = (".gif", ".jpeg", ".jpg", ".mp4", ".png", ".webp")
FILE_ENDINGS = frozenset([*_TEXTS, *_PICTURES, ".npy", ".npz", ".onnx", ".zip"])


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which becomes path at the end of the block; where it raises, nothing stays.

    path may be there if it is empty. Raises: ExportError for any other, and where the disk does not take it.
    """
    check_new_folder(path)
    try:
        with making_folder(path) as part:
            yield part
    except OSError as error:
        raise not_written(path, error) from None


def check_new_folder(path: Path, or_file: str = "") -> None:
    """Raises: ExportError where something would be overwritten, or where the name is one of a file.

    or_file: the ending with which the caller writes one file instead, to be named as a way out.
    """
    ending = path.suffix
    if ending.lower() in FILE_ENDINGS:
        way_out = tr("leave it off for a folder, or choose {file}", file=or_file)
        raise ExportError(
            tr(
                "{path} would be a folder, and {ending} is the ending of a file; {way_out}.",
                path=path,
                ending=ending,
                way_out=way_out if or_file else tr("leave it off"),
            )
        )
    if path.exists() and not path.is_dir():
        raise ExportError(tr("{path} is a file; choose another name for the folder.", path=path))
    try:
        is_full = path.is_dir() and any(path.iterdir())
    except OSError as error:
        raise not_written(path, error) from None
    if is_full:
        raise ExportError(tr("{path} already holds files; choose a folder that is new or empty.", path=path))


def not_written(path: Path, error: OSError) -> ExportError:
    """The sentence for a disk that does not take a file."""
    return ExportError(tr("{path} cannot be written: {reason}.", path=path, reason=failure_text(error)))
