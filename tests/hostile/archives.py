"""Zips, .npz and tars that lead elsewhere, unpack without end, overlap or lie."""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np

from tests.hostile.arrays import of
from tests.hostile.case import Case, Place, zeros_packed
from tests.hostile.pictures import saved

PNG = saved("PNG")
ESCAPES = (
    "../../escaped.png",
    "/tmp/escaped.png",
    "..\\..\\escaped.png",
    "C:\\escaped.png",
    "a/../../../escaped.png",
)
UNPRINTABLE = ("a\x1b]0;owned\x07.png", "a\nb.png", "a\x00b.png", "\u202egnp.exe.png", "a\x7f.png")


def cases(folder: Path) -> Iterator[Case]:
    """All of them."""
    yield from _zips(Place(folder, "zip"))
    yield from _npzs(Place(folder, "npz"))
    yield from _tars(Place(folder, "tar"))


def _zips(place: Place) -> Iterator[Case]:
    for name in ESCAPES:
        yield place.case(f"slip {name}", "a.zip", zipped({name: PNG}), "pictures")
    for number, name in enumerate(UNPRINTABLE):
        yield place.case(f"control characters {number}", "a.zip", zipped({name: PNG}), "pictures")
    yield place.case("a link out of it", "a.zip", _link(), "pictures")
    yield place.case("nothing in it", "a.zip", zipped({}), "pictures")
    yield place.case("zips in zips", "a.zip", _nested(9), "pictures")
    yield place.case("no picture but 60 MB of zeros", "a.zip", member(b"a.png", 60 * 2**20), "pictures")
    yield place.case("many times 64 MB of zeros", "a.zip", _flat_bomb(60), "pictures")
    yield place.case("members that overlap", "a.zip", _overlapping(2000), "pictures")
    yield place.case("a member that is larger than it says", "a.zip", _lying(PNG, 10), "pictures")
    yield place.case("a member that is smaller than it says", "a.zip", _lying(PNG, 2**31), "pictures")
    yield place.case("a member of four exabytes", "a.zip", _lying(PNG, 2**62), "pictures")
    yield place.case("cut short", "a.zip", zipped({"a.png": PNG})[:-30], "pictures")
    yield place.case("only its beginning", "a.zip", b"PK\x03\x04" + bytes(40), "pictures")
    yield place.case("an end that claims 2**32 members", "a.zip", _false_end(), "pictures")
    yield place.case("encrypted", "a.zip", _patched(zipped({"a.png": PNG}), flag=1), "pictures")
    yield place.case(
        "packed in an unknown way", "a.zip", _patched(zipped({"a.png": PNG}), method=99), "pictures"
    )
    yield place.case(
        "a wrong checksum", "a.zip", zipped({"a.png": PNG}).replace(PNG, PNG[:-1] + b"!"), "pictures"
    )
    yield place.case("a list of members that is most of it", "a.zip", _only_a_list(200_000), "pictures")


def _npzs(place: Place) -> Iterator[Case]:
    objects = of("'|O'", "(4,)", b"cos\nsystem\n(S'touch canary'\ntR.")
    yield place.case("Python objects", "a.npz", zipped({"images.npy": objects}), "pictures")
    yield place.case("10**12 floats", "a.npz", zipped({"x.npy": of("'<f4'", "(1000000000000,)")}), "pictures")
    yield place.case(
        "a shape of 4000 digits",
        "a.npz",
        zipped({"x.npy": of("'|u1'", "(" + "9" * 4000 + ", 8, 8)")}),
        "pictures",
    )
    lie = of("'|u1'", "(9000, 8, 8)", bytes(100))
    yield place.case("fewer numbers than it claims", "a.npz", zipped({"images.npy": lie}), "pictures")
    yield place.case("a gigabyte of zeros", "a.npz", _zeros_npz(1), "pictures")
    yield place.case("ten gigabytes of zeros", "a.npz", _zeros_npz(10), "pictures")
    two = {"a.npy": _array(), "b.npy": _array()}
    yield place.case("two arrays of pictures", "a.npz", zipped(two), "pictures")
    names = {f"{'x' * 60_000}{index}.npy": _array() for index in range(3)}
    yield place.case("names of 60,000 characters", "a.npz", zipped(names), "pictures")
    yield place.case(
        "a pickle", "a.npz", zipped({"images.pkl": b"cos\nsystem\n(S'touch canary'\ntR."}), "pictures"
    )
    yield place.case("overlapping", "a.npz", _overlapping(200, b".npy"), "pictures")


def _tars(place: Place) -> Iterator[Case]:
    for name in (*ESCAPES[:2], *UNPRINTABLE[:2]):
        content = tarred(name, b"no picture")
        yield place.case(f"escape {name!a}", "a.tar", content, "pictures")
    header = bytearray(tarred("a.png", PNG)[:512])
    for name, size in (
        ("a negative size", b"\xff" * 12),
        ("a size of 2**80", b"\x80" + b"\xff" * 11),
        ("a size that is no number", b"not a size!\0"),
        ("8 GB", b"77777777777\0"),
    ):
        yield place.case(name, "a.tar", _summed(header, size) + bytes(2048), "pictures")
    yield place.case(
        "a wrong checksum", "a.tar", tarred("a.png", PNG).replace(b"a.png", b"b.png", 1), "pictures"
    )
    yield place.case("cut short", "a.tar", tarred("a.png", PNG * 20)[:900], "pictures")
    pax = tarfile.TarInfo("x")
    for name, text in (
        ("pax of a negative size", b"12 size=-99\n"),
        ("pax of no size", b"13 size=1e99\n"),
        ("pax of digits", b"9" * 60_000),
        ("pax that is longer than it", b"999999999 path=a\n"),
        ("pax of length 0", b"0 path=a\n"),
    ):
        pax.type, pax.size = tarfile.XHDTYPE, len(text)
        content = pax.tobuf(tarfile.USTAR_FORMAT) + text + bytes(-len(text) % 512) + tarred("a.png", PNG)
        yield place.case(name, "a.tar", content, "pictures")
    pax.size = 0
    yield place.case(
        "ten thousand pax headers", "a.tar", pax.tobuf(tarfile.USTAR_FORMAT) * 10_000, "pictures"
    )
    pax.size = 2**33
    yield place.case("a pax header of 8 GB", "a.tar", pax.tobuf(tarfile.GNU_FORMAT) + bytes(512), "pictures")
    for kind, name in (
        (tarfile.SYMTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
    ):
        info = tarfile.TarInfo("a.png")
        info.type, info.linkname = kind, "/etc/passwd"
        yield place.case(name, "a.tar", info.tobuf() + bytes(1024), "pictures")
    yield place.case("nothing in it", "a.tar", bytes(1024), "pictures")
    yield place.case("no bytes", "a.tar", b"", "pictures")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of members under their names as they are."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, method
            archive.writestr(info, content)
    return file.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    """A tar of one member."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512) + bytes(1024)


def member(name: bytes, unpacked: int) -> bytes:
    """A zip of one member of zeros."""
    return _by_hand([(name, raw_deflate(unpacked), unpacked)])


def raw_deflate(zeros: int) -> bytes:
    """Zeros as a zip's member holds them."""
    return zeros_packed(zeros)[2:-4]


def _by_hand(members: list[tuple[bytes, bytes, int]], same_place: bool = False) -> bytes:
    """A zip of (name, packed bytes, claimed size); with same_place all but the first are only in the list."""
    body, entries = bytearray(), bytearray()
    for index, (name, packed, size) in enumerate(members):
        place = 0 if same_place else len(body)
        claimed = min(size, 2**32 - 1)
        facts = struct.pack("<HHHIIIHH", 8, 0, 0, 0, len(packed), claimed, len(name), 0)
        if not same_place or index == 0:
            body += b"PK\x03\x04" + struct.pack("<HH", 20, 0) + facts + name + packed
        large = struct.pack("<HHQ", 1, 8, size) if size >= 2**32 else b""
        facts = facts[:-2] + struct.pack("<H", len(large))
        entries += b"PK\x01\x02" + struct.pack("<HHH", 20, 45 if large else 20, 0) + facts
        entries += struct.pack("<HHHII", 0, 0, 0, 0, place) + name + large
    count = len(members) & 0xFFFF
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(entries), len(body), 0)
    return bytes(body + entries + end)


def _flat_bomb(count: int) -> bytes:
    packed = raw_deflate(2**26)
    return _by_hand([(b"%d.png" % index, packed, 2**26) for index in range(count)])


def _overlapping(count: int, suffix: bytes = b".png") -> bytes:
    """Fifield's idea: thousands of members are the same packed bytes."""
    packed = raw_deflate(2**24)
    return _by_hand([(b"%d%s" % (index, suffix), packed, 2**24) for index in range(count)], same_place=True)


def _lying(content: bytes, size: int) -> bytes:
    return _by_hand([(b"a.png", zlib.compress(content)[2:-4], size)])


def _only_a_list(count: int) -> bytes:
    return _by_hand([(b"%06d" % index, b"", 0) for index in range(count)], same_place=True)


def _false_end() -> bytes:
    return (
        zipped({"a.png": PNG})[:-22]
        + b"PK\x05\x06"
        + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 5, 0)
    )


def _nested(levels: int) -> bytes:
    content = PNG
    for level in range(levels):
        content = zipped({f"{level}-{copy}.zip": content for copy in range(3)}, zipfile.ZIP_DEFLATED)
    return content


def _link() -> bytes:
    info = zipfile.ZipInfo("a.png")
    info.external_attr = 0o120777 << 16
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def _patched(content: bytes, flag: int = 0, method: int = 0) -> bytes:
    """A zip whose one member has other flags or another method, in both of its headers."""
    changed = bytearray(content)
    for at in (6, content.index(b"PK\x01\x02") + 8):
        struct.pack_into("<HH", changed, at, flag, method)
    return bytes(changed)


def _zeros_npz(gigabytes: int) -> bytes:
    """A .npz of black pictures, packed a thousandfold; only the first 16 MB of it are really there."""
    count = gigabytes * 10**9 // 12_288
    head = of("'|u1'", f"({count}, 64, 64, 3)", b"")
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(head) + packed.compress(bytes(2**24)) + packed.flush()
    body += bytes(gigabytes * 10**6)  # so that the ratio is one that deflate can reach
    return _by_hand([(b"images.npy", body, len(head) + count * 12_288)])


def _array() -> bytes:
    file = BytesIO()
    np.save(file, np.zeros((4, 8, 8), np.uint8))
    return file.getvalue()


def _summed(header: bytearray, size: bytes) -> bytes:
    """A tar's header with another size and the checksum that follows from it."""
    changed = bytearray(header)
    changed[124:136] = size
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)
