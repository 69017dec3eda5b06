"""What is written to a terminal: lines of text, and one line that is written over again and again."""

import shutil
import sys
from types import TracebackType
from typing import TextIO

from core.errors import one_line

_CLEAR = "\r\x1b[2K"


def say(text: str, stream: TextIO | None = None) -> None:
    """Write lines of text; a name in it that came with a file cannot command the terminal."""
    out: TextIO = sys.stdout if stream is None else stream
    out.write("\n".join(map(one_line, text.split("\n"))) + "\n")
    out.flush()


class ProgressLine:
    """What long work says on standard error while it runs.

    On a terminal show() writes over the line before; in a file or a pipe it writes nothing, and milestone()
    writes a line in both.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._shown = False

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.clear()

    def show(self, text: str) -> None:
        """Write over the line with text, on a terminal."""
        if self._live:
            # a line that wraps could not be taken back
            self._stream.write(_CLEAR + one_line(text)[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()
            self._shown = True

    def milestone(self, text: str) -> None:
        """Write a line that stays."""
        self.clear()
        say(text, self._stream)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._shown = False


class SilentLine(ProgressLine):
    """Says nothing: one process of several speaks for all."""

    def show(self, text: str) -> None:
        """Nothing."""

    def milestone(self, text: str) -> None:
        """Nothing."""
