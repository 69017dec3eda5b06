"""What one hostile file is, and the small pieces that several kinds are made of."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Case:
    """A file (or folder) and the reader that is given it; named is what the sentence must name.

    may_open: what is wrong with it may be left out, so that the rest is read.
    """

    name: str
    path: Path
    reader: str
    named: str = ""
    may_open: bool = False

    @property
    def shown(self) -> str:
        """What the sentence must name: the file, unless it is told otherwise."""
        return self.named or self.path.name


class Place:
    """Hands out a folder of its own for each case of a kind."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._kind = kind

    def folder(self, name: str) -> Path:
        """A new folder."""
        made = self._folder / self._kind / name.replace("/", "-").replace(" ", "-")
        made.mkdir(parents=True)
        return made

    def case(self, name: str, file: str, content: bytes, reader: str, named: str = "") -> Case:
        """A case of one file in a new folder."""
        path = self.folder(name) / file
        path.write_bytes(content)
        return Case(f"{self._kind}: {name}", path, reader, named)

    def in_folder(
        self, name: str, file: str, content: bytes, reader: str = "pictures", named: str = ""
    ) -> Case:
        """A case that is the new folder with one file in it."""
        case = self.case(name, file, content, reader, named or file)
        return Case(case.name, case.path.parent, reader, case.named)


def chunk(kind: bytes, content: bytes, length: int | None = None) -> bytes:
    """A chunk of a PNG, of which the length may be a lie."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content) if length is None else length) + kind + content + checksum


def png(
    width: int, height: int, body: bytes = b"", *, bits: int = 8, colour: int = 2, notes: bytes = b""
) -> bytes:
    """A PNG that claims a size, whatever its packed body holds; notes are chunks before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return PNG_SIGNATURE + header + notes + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def zeros_packed(count: int) -> bytes:
    """count zeros as zlib packs them, a thousandth of it."""
    packer = zlib.compressobj(9)
    block = bytes(min(count, 2**20))
    parts = [packer.compress(block) for _ in range(count // len(block))] if count else []
    parts.append(packer.compress(bytes(count - len(parts) * len(block))))
    return b"".join(parts) + packer.flush()
