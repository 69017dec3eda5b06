"""JSON without end or bottom, numbers that are none, and tensors that share bytes: runs, recipes, memory."""

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.metrics import HEADER
from tests.hostile.case import Case, Place, chunk, png, zeros_packed

TRAIN: dict[str, Any] = {
    "latent_dim": 4,
    "epochs": 3,
    "batch_size": 16,
    "device": "cpu",
    "precision": "float32",
}
DATA: dict[str, Any] = {
    "name": "d",
    "source": "/nowhere",
    "kind": "npy",
    "count": 9,
    "height": 8,
    "width": 8,
    "channels": 3,
    "policy": {},
    "fingerprint": "0" * 64,
}
NETWORK: dict[str, Any] = {
    "network": "fc",
    "objective": "ae",
    "height": 8,
    "width": 8,
    "channels": 3,
    "latent_dim": 4,
    "hidden": [8],
}
RUN: dict[str, Any] = {"format_version": 1, "train": TRAIN, "network": NETWORK, "data": DATA, "versions": {}}
RECIPE: dict[str, Any] = {
    "run": {"name": "r", "path": "/nowhere", "fingerprint": "0"},
    "data": DATA,
    "index": 1,
    "start": [0.0] * 4,
    "code": [0.0] * 4,
    "directions": [{"name": "smile", "vector": [1.0, 0.0, 0.5, 0.0]}],
    "adjustments": [{"edits": "0+1,@smile-2", "note": "n"}],
}
DIRECTIONS: dict[str, Any] = {
    "format_version": 1,
    "directions": [
        {"name": "smile", "vector": [1.0, 0.5, 0.0, -1.0], "kind": "classifier", "source": "Smiling: 1",
         "positive": 9, "negative": 8, "weights": "0",
         "accuracy": {"balanced": 0.7, "plain": 0.7, "majority": 0.5, "count": 17}},
        {"name": "PC 1", "vector": [1.0, 0.0, 0.0, 0.0], "kind": "pca", "share": 0.5},
    ],
}  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "index": 1,
    "state": {"start_text": "a", "start": [0.0], "edits": "0+1", "moves": [[0, 2.0]]},
    "kept": [],
    "presets": {},
    "directions": [{"name": "smile", "vector": [1.0]}],
    "groups": [[1, 2], [3]],
    "locked": [0],
    "locked_directions": ["smile"],
}
DEEP = b"[" * 1_000_000 + b"]" * 1_000_000
# Values of any field, as JSON: each is wrong for it, or a number that no machine holds.
WRONG = (
    "null",
    "true",
    "[]",
    "{}",
    '""',
    '"\\u0000"',
    '"\\ud800"',
    "-1",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "1e308",
    "1.5",
    "9" * 400,
    "9" * 5000,
    '"' + "x" * 100_000 + '"',
    "[[[[[[[[[[]]]]]]]]]]",
    '{"a": {"a": {}}}',
    "0x10",
)


def cases(folder: Path) -> Iterator[Case]:
    """All of them."""
    yield from _configs(Place(folder, "config"))
    yield from _metrics(Place(folder, "metrics"))
    yield from _recipes(Place(folder, "recipe"))
    yield from _labels(Place(folder, "labels"))
    yield from _directions(Place(folder, "directions"))
    yield from _memory(Place(folder, "memory"))
    yield from _tensors(Place(folder, "safetensors"))


def wrong_texts(value: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """(what is wrong, the JSON) with each field in turn replaced by each of some wrong values."""
    for number, path in enumerate(paths(value)):
        wrong = WRONG[number % len(WRONG)]
        marked = json.loads(json.dumps(value))
        put(marked, path, "@@@")
        yield f"{'.'.join(map(str, path))} {wrong[:12]}", json.dumps(marked).replace('"@@@"', wrong).encode()


def paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places in a JSON value, outer before inner."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from paths(inner, (*above, key))


def put(value: Any, path: tuple[str | int, ...], new: Any) -> None:
    """Replace what is at a place in a JSON value."""
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def _documents(value: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    text = json.dumps(value).encode()
    yield "a million brackets deep", DEEP
    yield "a thousand objects deep", b'{"a":' * 1000 + b"1" + b"}" * 1000
    yield "nothing", b""
    yield "half of it", text[: len(text) // 2]
    yield "no UTF-8", b"\xff\xfe" + text
    yield "a list", b"[1, 2]"
    yield "a number of a million digits", b"9" * 1_000_000
    yield "a megabyte of spaces", b" " * 1_100_000 + b"["


def _gigabyte(place: Place, file: str) -> Path:
    """A folder with a file of a gigabyte, of which only the first bytes are on the disk."""
    folder = place.folder("a gigabyte")
    with (folder / file).open("wb") as written:
        written.write(b'{"a": "')
        written.truncate(2**30)
    return folder


def _configs(place: Place) -> Iterator[Case]:
    yield Case("config: a gigabyte", _gigabyte(place, "config.json"), "run")
    documents = list(_documents(RUN))
    for width in ([2**40] * 3, [65_536] * 60, [1] * 100_000, [2**63], [-1]):
        documents.append(
            (
                f"{len(width)} layers of {width[0]}",
                json.dumps(RUN | {"network": NETWORK | {"hidden": width}}).encode(),
            )
        )
    documents.append(
        ("a code of 2**62", json.dumps(RUN | {"network": NETWORK | {"latent_dim": 2**62}}).encode())
    )
    documents.append(("a key of 100 KB", json.dumps(RUN | {"x\x1b" * 50_000: 1}).encode()))
    documents.append(("a format of 100 KB", json.dumps(RUN | {"format_version": "x" * 100_000}).encode()))
    for number, (name, content) in enumerate(documents):
        folder = place.folder(f"{number} {name[:60]}")
        (folder / "config.json").write_bytes(content)
        (folder / "model.safetensors").write_bytes(safetensors({"a": ("F32", [1], 0, 4)}, bytes(4)))
        yield Case(f"config: {name[:60]}", folder, "run")
    for number, (name, content) in enumerate(wrong_texts(RUN)):
        folder = place.folder(f"wrong {number}")
        (folder / "config.json").write_bytes(content)
        yield Case(f"config: {name[:60]}", folder, "run", may_open=True)


def _metrics(place: Place) -> Iterator[Case]:
    row = b"1,1,1,1,1,1,1,1,1\n"
    texts = {
        "no columns": b"a,b\n1,2\n",
        "nothing": b"",
        "empty lines": HEADER + b"\n\n\n\n",
        "a number of 5000 digits": HEADER + b"\n" + b"9" * 5000 + b"," + row[2:],
        "1e999": HEADER + b"\n" + b"1e999,1e999,1e999,1e999,nan,inf,-inf,1e999,1e999\n",
        "negative": HEADER + b"\n-1,-1,-1,-1,-1,-1,-1,-1,-1\n",
        "2**63": HEADER + b"\n9223372036854775808,1,1,1,1,1,1,1,1\n",
        "zeros": bytes(1_000_000),
        "no ASCII": HEADER + "\n١,١,١,١,١,١,١,١,١\n".encode(),
        "a million columns": HEADER + b"\n" + b"1," * 1_000_000 + b"1\n",
        "rows that jump back": HEADER + b"\n2" + row[1:] + row,
    }
    for name, content in texts.items():
        folder = place.folder(name)
        (folder / "config.json").write_text(json.dumps(RUN))
        (folder / "metrics.csv").write_bytes(content)
        yield Case(f"metrics: {name}", folder, "metrics", may_open=True)
    folder = _gigabyte(place, "metrics.csv")
    (folder / "config.json").write_text(json.dumps(RUN))
    yield Case("metrics: a gigabyte", folder, "metrics", "metrics.csv")


def _labels(place: Place) -> Iterator[Case]:
    texts = {
        "nothing": b"",
        "a picture": png(8, 8, zeros_packed(200)),
        "zeros": bytes(1_000_000),
        "one line of a million cells": b"a" + b",1" * 1_000_000,
        "a cell of a megabyte": b"index,a\n0," + b"x" * 2**20 + b"\n",
        "a number of 5000 digits": b"index,a\n" + b"9" * 5000 + b",1\n0,2\n",
        "a count of 5000 digits": b"9" * 5000 + b"\nSmiling\n000001.jpg 1\n",
        "names twice": b"3\nSmiling Smiling\n000001.jpg 1 1\n",
        "rows that are short": b"3\nSmiling Male\n000001.jpg 1 1\n000002.jpg 1\n",
        "a formula": b"index,a\n0,=HYPERLINK(1)\n",
        "endless": b"index,a\n0,1e999\n1,0.5\n",
        "an open quotation mark": b'index,a\n0,"' + b"1\n" * 100_000,
        "names of no picture": b"image_id,a\n../../etc/passwd,1\n",
    }
    for name, content in texts.items():
        yield place.case(name, "list_attr.txt", content, "labels")
    yield Case("labels: a gigabyte", _gigabyte(place, "list.csv") / "list.csv", "labels", "list.csv")


def _directions(place: Place) -> Iterator[Case]:
    for name, content in (*_documents(DIRECTIONS), *wrong_texts(DIRECTIONS)):
        case = place.in_folder(name, "directions.json", content, "directions")
        yield replace(case, may_open=True)  # a wrong note or number of pictures is as good as another


def _recipes(place: Place) -> Iterator[Case]:
    texts = list(_documents(RECIPE))
    texts += [
        (f"edits {edits[:20]}", json.dumps(RECIPE | {"adjustments": [{"edits": edits}]}).encode())
        for edits in (
            "0+1e999",
            "0+" + "9" * 5000,
            "999999+1",
            "9" * 5000 + "+1",
            "0" + "+" * 100_000,
            "0+1," * 60_000,
            "__import__('os')",
        )
    ]
    texts.append(("a code of a million numbers", json.dumps(RECIPE | {"code": [0.0] * 500_000}).encode()))
    texts.append(("a code beyond float32", json.dumps(RECIPE | {"code": [1e300] * 4}).encode()))
    for number, (name, text) in enumerate(texts):
        notes = chunk(b"iTXt", b"latent-dials\0\0\0\0\0" + text)
        yield place.case(f"{number} {name[:60]}", "a.png", png(8, 8, notes=notes), "recipe")
    for number, (name, text) in enumerate(wrong_texts(RECIPE)):
        path = place.folder(f"wrong {number}") / "a.png"
        path.write_bytes(png(8, 8, notes=chunk(b"iTXt", b"latent-dials\0\0\0\0\0" + text)))
        yield Case(f"recipe: {name}", path, "recipe", may_open=True)
    packed = b"latent-dials\0\1\0\0\0" + zeros_packed(2**26)
    yield place.case("unpacks to 64 MB", "a.png", png(8, 8, notes=chunk(b"iTXt", packed)), "recipe")
    yield place.case(
        "no packed text", "a.png", png(8, 8, notes=chunk(b"iTXt", b"latent-dials\0\1\0\0\0xxx")), "recipe"
    )
    claimed = chunk(b"iTXt", b"latent-dials\0\0\0\0\0{}", 2**31)
    yield place.case("a note of 2 GB", "a.png", png(8, 8, notes=claimed), "recipe")
    yield place.case(
        "a wrong checksum",
        "a.png",
        png(8, 8, notes=chunk(b"iTXt", b"latent-dials\0\0\0\0\0{}")[:-1] + b"!"),
        "recipe",
    )
    yield place.case(
        "half a million other notes", "a.png", png(8, 8, notes=chunk(b"iTXt", b"a") * 500_000), "recipe"
    )


def _memory(place: Place) -> Iterator[Case]:
    yield Case("memory: a gigabyte", _gigabyte(place, "document.json") / "document.json", "memory")
    for name, text in _documents(DOCUMENT):
        yield place.case(name[:60], "document.json", text, "memory")
    for number, (name, text) in enumerate(wrong_texts(DOCUMENT)):
        path = place.folder(f"wrong {number}") / "document.json"
        path.write_bytes(text)
        yield Case(f"memory: {name}", path, "memory", may_open=True)


def safetensors(
    tensors: dict[str, tuple[str, list[int], int, int]], content: bytes, header: bytes | None = None
) -> bytes:
    """A safetensors file of (type, shape, begin, end), or with any header."""
    described = {
        name: {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
        for name, (kind, shape, begin, end) in tensors.items()
    }
    text = json.dumps(described).encode() if header is None else header
    return struct.pack("<Q", len(text)) + text + content


def _tensors(place: Place) -> Iterator[Case]:
    nan = struct.pack("<f", float("nan"))
    one = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    name = "encoder.0.weight"
    files = {
        "overlapping": safetensors({"a": ("F32", [2], 0, 8), "b": ("F32", [2], 4, 12)}, bytes(12)),
        "the same bytes": safetensors({"a": ("F32", [2], 0, 8), "b": ("F32", [2], 0, 8)}, bytes(8)),
        "with a gap": safetensors({"a": ("F32", [1], 0, 4), "b": ("F32", [1], 8, 12)}, bytes(12)),
        "a name twice": safetensors({}, bytes(4), f'{{"a":{one},"a":{one}}}'.encode()),
        "a name twice with other bytes": safetensors(
            {}, bytes(8), f'{{"a":{one},"a":{one.replace("[0,4]", "[4,8]")}}}'.encode()
        ),
        "a header of 2**63 bytes": struct.pack("<Q", 2**63) + b"{}",
        "a header longer than the file": struct.pack("<Q", 1000) + b"{}",
        "a header of 100 MB": struct.pack("<Q", 99_000_000)
        + b'{"__metadata__":{'
        + b" " * (99_000_000 - 19)
        + b"}}",
        "a header of nothing": struct.pack("<Q", 0),
        "a header of a million brackets": safetensors({}, b"", DEEP),
        "a header that is no JSON": safetensors({}, b"", b"{" + b"\xff" * 50),
        "a header that is a list": safetensors({}, b"", b"[]"),
        "a shape of 2**63": safetensors({"a": ("F32", [2**63], 0, 4)}, bytes(4)),
        "a negative shape": safetensors({"a": ("F32", [-1], 0, 4)}, bytes(4)),
        "a shape that multiplies to nothing": safetensors({"a": ("F32", [2**62, 2**62, 16], 0, 4)}, bytes(4)),
        "an end before the beginning": safetensors({"a": ("F32", [1], 4, 0)}, bytes(4)),
        "a tensor beyond the file": safetensors({"a": ("F32", [2**30], 0, 2**32)}, bytes(4)),
        "an unknown type": safetensors({"a": ("F99", [1], 0, 4)}, bytes(4)),
        "whole numbers": safetensors({name: ("I64", [1], 0, 8)}, bytes(8)),
        "NaN": safetensors({name: ("F32", [8, 192], 0, 6144)}, nan * 1536),
        "a name with a path": safetensors({"../../a": ("F32", [1], 0, 4)}, bytes(4)),
        "a name of a megabyte": safetensors({"a\x1b" * 500_000: ("F32", [1], 0, 4)}, bytes(4)),
        "bytes that belong to nothing": safetensors({"a": ("F32", [1], 0, 4)}, bytes(400)),
        "cut short": safetensors({"a": ("F32", [100], 0, 400)}, bytes(100)),
        "nothing": b"",
        "seven bytes": bytes(7),
    }
    for kind, content in files.items():
        yield place.case(f"{kind}, imported", "model.safetensors", content, "import")
        for file in ("model.safetensors", "checkpoint.safetensors"):
            folder = place.folder(f"{kind} {file}")
            (folder / "config.json").write_text(json.dumps(RUN))
            (folder / file).write_bytes(content)
            yield Case(f"safetensors: {kind}, {file}", folder, "run", file)
    for progress in wrong_texts(
        {"epoch": 1, "seconds": 1.0, "pending_sums": [0.0] * 4, "best_val_mse": 0.5, "device": "cpu"}
    ):
        header = json.dumps({"__metadata__": {"progress": progress[1].decode()}}).encode()
        folder = place.folder(f"progress {progress[0]}"[:80])
        (folder / "config.json").write_text(json.dumps(RUN))
        (folder / "checkpoint.safetensors").write_bytes(safetensors({}, b"", header))
        yield Case(f"safetensors: progress {progress[0]}", folder, "run")
