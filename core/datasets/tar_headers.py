"""The members of a plain tar file, walked header by header: ustar, GNU's long names, pax.

Python's own tarfile is not for files from strangers: a negative size sends it round for ever, a header of
digits takes it minutes (CVE-2025-8194, CVE-2024-6232), and a header that lies about its length is read whole.
Here every step leads forward and nothing longer than MAX_HEADER_BYTES is read.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from core.translate import tr

BLOCK = 512
MAX_HEADER_BYTES = 64 * 1024  # of a long name or a pax header; a name on a disk has up to 4096
_ZEROS = bytes(BLOCK)
_REGULAR = b"0\x007"
_WITHOUT_DATA = b"123456"  # links, devices, folders, pipes
_LONG_NAME, _LONG_LINK, _SPARSE = b"L", b"K", b"S"
_PAX, _PAX_OF_ALL, _PAX_OF_SUN = b"x", b"g", b"X"
_EXTENDED = 482  # where a header of GNU's sparse files says that another block of their map follows
_EXTENDED_AGAIN = 504


@dataclass(frozen=True)
class TarMember:
    """A regular file's name as it stands there, and where its bytes are."""

    name: str
    offset: int
    size: int


def tar_members(file: BinaryIO) -> Iterator[TarMember]:
    """The regular files of a tar, in its order; links, devices, folders and sparse files are passed over.

    Raises: ValueError with the reason where it is damaged, none, or a member reaches beyond its end.
    """
    length = file.seek(0, os.SEEK_END)
    place = 0
    long_name, of_next, of_all = b"", dict[bytes, bytes](), dict[bytes, bytes]()
    while place < length:
        file.seek(place)
        header = file.read(BLOCK)
        if header == _ZEROS:
            return
        kind, size = header[156:157], _size(header, place)
        place += BLOCK
        if kind in (_PAX, _PAX_OF_ALL, _PAX_OF_SUN, _LONG_NAME, _LONG_LINK):
            content = _content(file, size, place)
            place += -(-size // BLOCK) * BLOCK
            if kind == _LONG_NAME:
                long_name = content.partition(b"\0")[0]
            elif kind == _PAX_OF_ALL:
                of_all |= _records(content, place)
            elif kind != _LONG_LINK:
                of_next |= _records(content, place)
            continue
        facts = of_all | of_next
        name = facts.get(b"path") or long_name or _name(header)
        is_sparse = kind == _SPARSE or any(key.startswith(b"GNU.sparse.") for key in facts)
        size = _number(facts[b"size"], place) if b"size" in facts else size
        long_name, of_next = b"", {}
        if kind == _SPARSE:
            place = _after_map(file, header, place)
        start = place
        if kind not in _WITHOUT_DATA:
            place += -(-size // BLOCK) * BLOCK
            if start + size > length:
                raise ValueError(tr("it is cut short"))
            if kind in _REGULAR and not is_sparse and not name.endswith(b"/"):
                yield TarMember(name.decode("utf-8", "backslashreplace"), start, size)
    if not length:
        raise ValueError(tr("it is empty"))


def _size(header: bytes, place: int) -> int:
    """The size that a header tells. Raises: ValueError unless it is one."""
    if len(header) < BLOCK:
        raise ValueError(tr("it is cut short"))
    try:
        expected = int(header[148:156].strip(b" \0") or b"0", 8)
    except ValueError:
        expected = -1
    found = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if expected != found:
        raise damaged(place)
    field = header[124:136]
    if field[0] & 0x80:  # a binary number; of those below zero there are none
        if field[0] != 0x80:
            raise damaged(place)
        return int.from_bytes(field[1:], "big")
    try:
        size = int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        size = -1
    if size < 0:
        raise damaged(place)
    return size


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _content(file: BinaryIO, size: int, place: int) -> bytes:
    if size > MAX_HEADER_BYTES:
        raise damaged(place)
    content = file.read(size)
    if len(content) < size:
        raise ValueError(tr("it is cut short"))
    return content


def _records(content: bytes, place: int) -> dict[bytes, bytes]:
    """The records of a pax header, each its own length in digits, a space, key=value and a line's end."""
    found: dict[bytes, bytes] = {}
    while content.rstrip(b"\0"):
        digits, space, _ = content[:8].partition(b" ")
        length = _number(digits, place) if space else 0
        key, equals, value = content[len(digits) + 1 : length].partition(b"=")
        if length > len(content) or not equals or not value.endswith(b"\n"):
            raise damaged(place)
        found[key] = value[:-1]
        content = content[length:]
    return found


def _number(digits: bytes, place: int) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise damaged(place)
    return int(digits)


def _after_map(file: BinaryIO, header: bytes, place: int) -> int:
    """Where the bytes of a sparse file begin, after the blocks that go on with its map."""
    more = header[_EXTENDED]
    while more:
        file.seek(place)
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise ValueError(tr("it is cut short"))
        more = block[_EXTENDED_AGAIN]
        place += BLOCK
    return place


def damaged(place: int) -> ValueError:
    """The error for a header that is none."""
    return ValueError(tr("it is damaged at byte {place:,}", place=place))
