"""Arrays and idx files whose headers lie, and those that hold Python objects."""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.hostile.case import Case, Place

MAGIC = b"\x93NUMPY"


def npy(
    header: str, content: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None
) -> bytes:
    """A .npy file with any text as its header, whose length may be a lie."""
    text = header.encode("latin-1")
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text) if length is None else length)
    return MAGIC + bytes(version) + size + text + content


def of(descr: str, shape: str, content: bytes = bytes(1000), fortran: str = "False") -> bytes:
    """A .npy file of a header in the usual form."""
    return npy(f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n", content)


def cases(folder: Path) -> Iterator[Case]:
    """All of them."""
    place = Place(folder, "array")
    for name, content in NPY.items():
        yield place.case(name, "a.npy", content, "pictures")
    for name, content in IDX.items():
        yield place.case(name, "a-images-idx3-ubyte", content, "pictures")
        packed = gzip.compress(content)
        yield place.case(f"{name}, packed", "a-images-idx3-ubyte.gz", packed, "pictures")
    zeros = gzip.compress(idx(0x08, (1_000_000, 64, 64)) + bytes(2**24))
    yield place.case("idx.gz of a thousand times its size", "a.gz", zeros, "pictures")
    yield place.case(
        "gzip cut short", "a.gz", gzip.compress(idx(8, (10, 8, 8)) + bytes(640))[:30], "pictures"
    )
    labels = place.folder("idx with labels that lie")
    (labels / "a-images-idx3-ubyte").write_bytes(idx(0x08, (10, 8, 8)) + bytes(range(64)) * 10)
    (labels / "a-labels-idx1-ubyte").write_bytes(idx(0x08, (2**32 - 1,)) + bytes(10))
    yield Case("array: idx with labels that lie", labels / "a-images-idx3-ubyte", "pictures", "a-labels")
    nan = np.full((4, 8, 8), np.nan, np.float32)
    yield place.case("floats that are none", "a.npy", of("'<f4'", "(4, 8, 8)", nan.tobytes()), "pictures")
    infinite = np.full((4, 8, 8), 1e300).tobytes()
    yield place.case("floats beyond all ranges", "a.npy", of("'<f8'", "(4, 8, 8)", infinite), "pictures")
    hole = place.folder("a hole of four terabytes") / "a.npy"
    with hole.open("wb") as file:
        file.write(of("'<f4'", "(1000000000000,)", b""))
        file.truncate(4 * 10**12 + 200)
    yield Case("array: a hole of four terabytes", hole, "pictures")


def idx(kind: int, shape: tuple[int, ...]) -> bytes:
    """The header of an idx file."""
    return bytes((0, 0, kind, len(shape))) + struct.pack(f">{len(shape)}I", *shape)


NPY = {
    "10**12 floats in 144 bytes": of("'<f4'", "(1000000000000,)", bytes(16)),
    "10**12 pictures": of("'|u1'", "(1000000000000, 64, 64, 3)"),
    "a shape beyond 64 bits": of("'|u1'", f"({2**64}, 64, 64, 3)"),
    "a shape of 4000 digits": of("'|u1'", f"({'9' * 4000}, {'9' * 4000}, 64, 3)"),
    "a negative shape": of("'|u1'", "(-4, 64, 64, 3)"),
    "a shape of True": of("'|u1'", "(True, True, True, True)"),
    "a shape of floats": of("'|u1'", "(1.5, 64, 64, 3)"),
    "no axes": of("'|u1'", "()"),
    "a hundred axes": of("'|u1'", f"({'1, ' * 100})"),
    "no height": of("'|u1'", "(4, 0, 64, 3)", b""),
    "Python objects": of("'|O'", "(1,)", b"cos\nsystem\n(S'touch canary'\ntR."),
    "Python objects in a structure": of("[('a', '|O'), ('b', '<f4')]", "(1,)"),
    "a structure": of("[('a', '<f4'), ('b', '<f4', (3,))]", "(4, 8, 8)"),
    "texts": of("'<U64'", "(4, 8, 8)", bytes(4 * 64 * 256)),
    "texts of 2 GB each": of("'<U500000000'", "(4, 8, 8)"),
    "bytes of 2 GB each": of("'|V2147483647'", "(4, 8, 8)"),
    "dates": of("'<M8[s]'", "(4, 8, 8)", bytes(2048)),
    "complex numbers": of("'<c16'", "(4, 8, 8)", bytes(4096)),
    "a type that is code": of("__import__('os').system('touch canary')", "(4, 8, 8)"),
    "a shape that is code": of("'|u1'", "(__import__('os').system('touch canary'),)"),
    "a type of a thousand levels": of("[('a', " * 900 + "'<f4'" + ")]" * 900, "(4, 8, 8)"),
    "brackets without end": npy("(" * 9000),
    "minuses without end": npy("-" * 9000 + "1"),
    "a header that claims 4 GB": npy("{", version=(2, 0), length=2**32 - 1),
    "a header that is longer than the file": npy("{'descr'", length=60_000),
    "a header of another version": npy("{}", version=(9, 9)),
    "a header that is no dict": npy("[1, 2, 3]\n"),
    "a header without keys": npy("{'a': 1}\n"),
    "nothing after the magic": MAGIC,
    "half a file": of("'|u1'", "(4, 8, 8)", bytes(100)),
}
IDX = {
    "idx that claims 2**128 pictures": idx(0x08, (2**32 - 1,) * 4),
    "idx that claims 4 billion pictures": idx(0x08, (2**32 - 1, 28, 28)) + bytes(100),
    "idx of 255 axes": bytes((0, 0, 8, 4)) + bytes(8),
    "idx of no pictures": idx(0x08, (0, 28, 28)),
    "idx of no height": idx(0x08, (9, 0, 28)),
    "idx of labels": idx(0x08, (5,)) + bytes(5),
    "idx of doubles that are none": idx(0x0E, (2, 8, 8)) + struct.pack(">d", float("nan")) * 128,
}
