"""Folders of things that are no files, names that no terminal should be shown, and links in circles."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.case import Case, Place
from tests.hostile.pictures import saved

PNG = saved("PNG")
NAMES = {
    "an escape sequence": "a\x1b[2J\x1b]0;owned\x07.png",
    "a line's end": "a\nb.png",
    "a return": "a\rb.png",
    "the direction of writing turned round": "a\u202egnp.png",
    "a line separator": "a\u2028b.png",
    "bytes that are no UTF-8": os.fsdecode(b"a\xff\xfe.png"),
    "a backspace": "a\x08.png",
    "a C1 control character": "a\x9b2J.png",
}


def cases(folder: Path) -> Iterator[Case]:
    """All of them."""
    place = Place(folder, "place")
    for name, file in NAMES.items():
        yield place.in_folder(f"a name with {name}", file, PNG, named="a")
        inside = place.folder(f"a folder named with {name}") / file
        inside.mkdir()
        (inside / "b.png").write_bytes(PNG)
        yield Case(f"place: a folder named with {name}", inside, "pictures", "a")
        yield Case(f"place: a run named with {name}", inside, "run", "a")
    loop = place.folder("links in a circle")
    (loop / "a.png").symlink_to("b.png")
    (loop / "b.png").symlink_to("a.png")
    (loop / "c").symlink_to("d")
    (loop / "d").symlink_to("c")
    (loop / "e").symlink_to(".")
    (loop / "f").symlink_to("/")
    yield Case("place: links in a circle", loop, "pictures")
    yield Case("place: a link in a circle itself", loop / "a.png", "pictures")
    devices = place.folder("devices and pipes")
    for name, target in (
        ("a.png", "/dev/zero"),
        ("b.png", "/dev/random"),
        ("c.png", "/dev/stdin"),
        ("d.png", "/dev/tty"),
    ):
        (devices / name).symlink_to(target)
    os.mkfifo(devices / "e.png")
    os.mkfifo(devices / "f.npy")
    yield Case("place: devices and pipes", devices, "pictures")
    for name in ("a.png", "e.png", "f.npy"):
        yield Case(f"place: a {name} that is no file", devices / name, "pictures")
        yield Case(f"place: a {name} that is no file, as a model", devices / name, "import")
        yield Case(f"place: a {name} that is no file, as a recipe", devices / name, "recipe")
        yield Case(f"place: a {name} that is no file, as memory", devices / name, "memory")
    only = place.folder("a pipe that is named as a shard")
    os.mkfifo(only / "a.tar")
    yield Case("place: a pipe that is named as a shard", only, "pictures")
    pipes = place.folder("a run of pipes")
    for name in ("config.json", "metrics.csv", "model.safetensors", "checkpoint.safetensors"):
        os.mkfifo(pipes / name)
    yield Case("place: a run of pipes", pipes, "run")
    bound = place.folder("a socket")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(bound)  # such a path has 108 bytes at most
        server.bind("a.png")
        os.chdir(here)
    yield Case("place: a socket", bound, "pictures")
    deep = place.folder("hundreds of folders deep")
    here = os.getcwd()
    os.chdir(deep)
    for _ in range(300):
        os.mkdir("deeper")
        os.chdir("deeper")
    os.chdir(here)
    yield Case("place: hundreds of folders deep", deep, "pictures")
    for number, source in enumerate(PATTERNS):
        yield Case(f"place: pattern {number}", Path(source), "pattern", source[:4])
    text = place.folder("a list of shards") / "a.txt"
    text.write_text("x{000000..099999}.npy\n" * 9)
    yield Case("place: a list of a million shards", text, "pictures")
    binary = place.folder("a list that is no text") / "a.txt"
    binary.write_bytes(b"\xff\xfe\0")
    yield Case("place: a list that is no text", binary, "pictures")
    escape = place.folder("a list that leads to a device") / "a.lst"
    escape.write_text("/dev/zero\n")
    yield Case("place: a list that leads to a device", escape, "pictures")


PATTERNS = (
    "{0..99999}{0..99999}.npy",
    "{" + "," * 90_000 + "}" + "{a,b}" + ".npy",
    "{a,b}" * 40 + ".npy",
    "{0..99}" + "x" * 100_000 + ".npy",
    "{999999999999..000000000000}.npy",
    "{0..1}" * 5000 + ".tar",
)
