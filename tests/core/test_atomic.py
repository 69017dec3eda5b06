"""The one writer: what it leaves whatever fails, and that nothing else in the program writes files."""

import ast
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.atomic import (
    LARGEST_WRITE,
    append_line,
    check_place,
    remove_parts,
    replacing,
    write_bytes,
    write_text,
)
from tests.core.faulty import CODES, OPERATIONS, FaultyDisk, files_of
from tests.test_layers import modules

# What writes without core.atomic, and why it may.
ALLOWED = {
    "core.locking: os.open": "a lock file, which is nothing but a lock, and a probe of the disk's clock",
    "core.datasets.unfinished: open 'ab'": "a lock file",
    "core.datasets.cache: np.save": "into memory, which write_bytes then writes",
    "core.datasets.tar_index: np.savez": "into memory, which write_bytes then writes",
    "core.mapping.maps: save": "into memory, which write_bytes then writes",
    "core.export.report_html: save": "into memory: pictures within the page",
    "core.export.recipe: save": "into memory, which write_bytes then writes",
    "core.encoding: save": "into memory, which write_bytes then writes",
    "core.lab.keeping: save": "into memory, which write_bytes then writes",
    "core.export.code_files: open 'w'": "a part of a zip, through the CheckedFile of replacing",
    "core.export.video: open 'w'": "memory, which replacing then writes",
    "core.export.webp: save": "into memory, which replacing then writes",
    "core.cli: os.open": "nowhere (os.devnull), in place of a reader who has gone",
    "core.datasets.decode_worker: fdopen": "a pipe to the process that asked",
    "gui.loss_plot: save": "into memory, which write_bytes then writes",
    "gui.loss_plot: open WriteOnly": "memory, which write_bytes then writes",
    "gui.session_folder: open 'ab'": "a lock file",
    "gui.session_keeper: open 'ab'": "a lock file",
}
FREE = (
    "core.atomic",  # the writer itself
    "gui.faults",  # logs are appended to as a crash happens: no time for a second file
    "gui.crash_log",
)
# Whose save() writes no file itself: painters, and our own that end in core.atomic.
OWN_SAVES = (
    "painter",
    "self",
    "memory",
    "window_memory",
    "writer",
    "kept",
    "trainer",
    "heavy",
    "keeper",
    "session",
)
WRITERS = (
    *("write_text", "write_bytes", "tofile", "savez", "savez_compressed", "save_file", "save", "fdopen"),
    *("mkstemp", "NamedTemporaryFile", "copyfile", "copy2", "copy", "copytree", "QFile", "QSaveFile"),
)


def writes(module: str, source: str) -> Iterator[str]:
    """What a source calls that writes files, or may."""
    own = {
        alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "core.atomic"
        for alias in node.names
    }
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        last = name.rpartition(".")[2]
        if name in own:
            continue
        if last == "open":
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            modes = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            mode = next((text for text in modes if set(text) & set("wax+") and len(text) < 4), None)
            flags = ast.unparse(node)
            if name == "os.open" and any(flag in flags for flag in ("O_WRONLY", "O_RDWR", "O_CREAT")):
                yield f"{module}: os.open"
            elif mode is not None:
                yield f"{module}: open {mode!r}"
            elif "WriteOnly" in flags:
                yield f"{module}: open WriteOnly"
            elif any(isinstance(a, ast.IfExp) for a in node.args):
                yield f"{module}: open of some mode"
        elif name in ("np.save", "np.savez"):
            yield f"{module}: {name}"
        elif last in WRITERS and name.split(".")[0] not in OWN_SAVES:
            if last in ("copy", "save") and not isinstance(node.func, ast.Attribute):
                continue
            if last == "copy" and name.split(".")[0] != "shutil":
                continue
            yield f"{module}: {last}"


def test_nothing_else_writes_files() -> None:
    found = {line for module, path in modules() for line in writes(module, path.read_text("utf-8"))}
    assert {line for line in found if line not in ALLOWED and line.split(":")[0] not in FREE} == set()


@pytest.mark.parametrize(
    "source",
    [
        "from pathlib import Path\nPath('x').write_text('y')",
        "with open(path, 'w') as file: pass",
        "path.open('ab')",
        "path.open(mode='w+b')",
        "np.save(path, array)",
        "array.tofile(path)",
        "image.save(path)",
        "torch.save(network, path)",
        "os.open(path, os.O_WRONLY)",
        "tempfile.NamedTemporaryFile()",
    ],
)
def test_a_planted_writer_is_found(source: str) -> None:
    assert list(writes("core.planted", source))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("old", [None, b"old content"])
def test_the_old_or_the_new_is_there_whatever_fails(
    tmp_path: Path, old: bytes | None, operation: str, code: int
) -> None:
    path = tmp_path / "file"
    number = 0
    while True:
        number += 1
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        disk = FaultyDisk(operation, number, code)
        with disk.failing():
            if number > 9:
                break
            try:
                write_bytes(path, b"new ", b"content")
                error = None
            except OSError as caught:
                error = caught.errno
        assert error == (code if disk.has_failed else None)
        content = files_of(tmp_path)
        assert content in ({} if old is None else {"file": old}, {"file": b"new content"})
        if not disk.has_failed:
            assert content == {"file": b"new content"}
            break
    assert 1 < number < 9, "every call failed once, and then none"


def test_what_is_written_in_pieces_replaces_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 120)  # its bytes are as many as a name may have, so a temporary one is shorter
    path.write_bytes(b"old")

    def break_off() -> None:
        with replacing(path) as file:
            file.write(b"half of it")
            assert path.read_bytes() == b"old"
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert files_of(tmp_path) == {path.name: b"old"}
    with replacing(path) as file:
        assert file.write(b"") == 0
        assert file.write(memoryview(bytearray(LARGEST_WRITE + 5)).cast("B")) == LARGEST_WRITE + 5
    assert path.stat().st_size == LARGEST_WRITE + 5


def test_the_mode_is_that_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "text")
        append_line(tmp_path / "lines", b"a\n", b"header\n")
    finally:
        os.umask(before)
    for name in ("file", "lines"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = {"model", ".models.1.part", ".other.1.part", "model.1.part", ".model.1.par"}
    for name in (*kept, ".model.1.part", ".model.22.part"):
        (tmp_path / name).write_bytes(b"")
    remove_parts(tmp_path / "model", older_than_s=60)
    assert len(files_of(tmp_path)) == 7
    remove_parts(tmp_path / "model")
    assert set(files_of(tmp_path)) == kept
    remove_parts(tmp_path / "absent" / "model")


@pytest.mark.parametrize("code", CODES)
def test_a_line_is_appended_whole_or_not_at_all(tmp_path: Path, code: int) -> None:
    path = tmp_path / "lines"
    for number in (1, 2, 3):
        path.unlink(missing_ok=True)
        disk = FaultyDisk("write", number, code)
        whole, errors = [], []
        with disk.failing():
            for line in (b"one\n", b"two\n", b"three\n"):
                try:
                    append_line(path, line, b"header\n")
                    whole.append(line)
                except OSError as error:
                    errors.append(error.errno)
        assert (len(whole), errors) == (2, [code])
        assert path.read_bytes() == b"header\n" + b"".join(whole)


def test_a_torn_line_is_taken_back_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    text = b"header\none\ntwo\n"
    for cut in range(len(text) + 1):
        path.write_bytes(text[:cut])
        append_line(path, b"new\n", b"header\n")
        whole = text[:cut][: text[:cut].rfind(b"\n") + 1] or b"header\n"
        assert path.read_bytes() == whole + b"new\n", cut


def test_a_place_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    check_place(file)
    assert not list(tmp_path.iterdir())
    file.write_text("kept")
    check_place(file)
    assert [one.name for one in tmp_path.iterdir()] == ["file.txt"]
    assert file.read_text() == "kept"
    with pytest.raises(FileNotFoundError):
        check_place(tmp_path / "missing" / "file.txt")
    with pytest.raises(IsADirectoryError):
        check_place(tmp_path)
    with pytest.raises(NotADirectoryError):
        check_place(file / "below.txt")
