"""Damage done to bytes: bits, lengths, pieces; and to JSON as JSON."""

import json
import random
import struct
from collections.abc import Callable
from typing import Any

from tests.hostile.texts import WRONG, paths, put

LENGTHS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    2**63 - 1,
    2**64 - 1,
)
TEXTS = (
    b"9" * 30,
    b"-1",
    b"1e999",
    b"NaN",
    b"(",
    b"[" * 500,
    b"\0",
    b"\n",
    b"\xff\xfe",
    b"../",
    b"None",
    b"{}",
)


def mutated(content: bytes, random_: random.Random, others: list[bytes]) -> bytes:
    """One to three pieces of damage, of kinds that random_ chooses; others are where pieces come from."""
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        content = random_.choice(DAMAGES)(bytearray(content), random_, others)
    return content


def mutated_json(content: bytes, random_: random.Random, others: list[bytes]) -> bytes:
    """Sound JSON with wrong values in one to three places, or damage to its bytes."""
    if random_.random() < 0.3:
        return mutated(content, random_, others)
    value = json.loads(content)
    wrong: list[str] = []
    for _ in range(random_.choice((1, 1, 2, 3))):
        places = list(paths(value))
        if not places:
            break
        place = random_.choice(places)
        what = random_.random()
        if what < 0.15:
            _remove(value, place)
        elif what < 0.3:
            whole = json.loads(json.dumps(value))
            put(value, place, [whole, whole] if random_.random() < 0.2 else {"more": 1})
        else:
            put(value, place, f"@@{len(wrong)}@@")
            wrong.append(random_.choice(WRONG))
    text = json.dumps(value)
    for index, replacement in enumerate(wrong):
        text = text.replace(f'"@@{index}@@"', replacement)
    return text.encode("utf-8", "surrogatepass")


def _remove(value: Any, place: tuple[str | int, ...]) -> None:
    for key in place[:-1]:
        value = value[key]
    del value[place[-1]]


def _flip_bits(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    for _ in range(random_.choice((1, 1, 2, 8, 64))):
        if content:
            content[_somewhere(content, random_)] ^= 1 << random_.randrange(8)
    return bytes(content)


def _bytes(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    for _ in range(random_.choice((1, 4))):
        if content:
            content[_somewhere(content, random_)] = random_.choice(
                (0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256))
            )
    return bytes(content)


def _truncate(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    return bytes(content[: random_.randrange(len(content) + 1)])


def _cut_out(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    start = _somewhere(content, random_) if content else 0
    del content[start : start + random_.choice((1, 4, 64, 4096))]
    return bytes(content)


def _repeat(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    start = _somewhere(content, random_) if content else 0
    piece = content[start : start + random_.choice((1, 12, 512))]
    content[start:start] = piece * random_.choice((1, 2, 50))
    return bytes(content)


def _splice(content: bytearray, random_: random.Random, others: list[bytes]) -> bytes:
    other = random_.choice(others)
    start = random_.randrange(len(other) + 1)
    at = _somewhere(content, random_) if content else 0
    piece = other[start : start + random_.choice((4, 16, 256, len(other)))]
    if random_.random() < 0.5:
        content[at : at + len(piece)] = piece
    else:
        content[at:at] = piece
    return bytes(content)


def _length(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    """An extreme number, or one near what is there, written over some bytes."""
    form = random_.choice(("<H", ">H", "<I", ">I", "<Q", ">Q", "B"))
    size = struct.calcsize(form)
    if len(content) < size:
        return bytes(content)
    at = min(_somewhere(content, random_), len(content) - size)
    (there,) = struct.unpack_from(form, content, at)
    number = random_.choice((*LENGTHS, there + 1, there - 1, there * 2, len(content), len(content) - at))
    struct.pack_into(form, content, at, number % 256**size)
    return bytes(content)


def _text(content: bytearray, random_: random.Random, _others: list[bytes]) -> bytes:
    at = _somewhere(content, random_) if content else 0
    text = random_.choice(TEXTS)
    content[at : at + random_.choice((0, len(text)))] = text
    return bytes(content)


def _somewhere(content: bytearray, random_: random.Random) -> int:
    """A place, half of the time among the first 200 bytes or the last 100, where headers and lists are."""
    where = random_.random()
    if where < 0.4:
        return random_.randrange(min(len(content), 200))
    if where < 0.5:
        return len(content) - 1 - random_.randrange(min(len(content), 100))
    return random_.randrange(len(content))


Damage = Callable[[bytearray, random.Random, list[bytes]], bytes]
DAMAGES: tuple[Damage, ...] = (
    _flip_bits, _flip_bits, _bytes, _truncate, _cut_out, _repeat, _splice, _length, _length, _text,
)  # fmt: skip
