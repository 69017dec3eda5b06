"""Files that mean harm, or were cut and turned: each is refused in one sentence and nothing in it runs."""

import io
import json
import os
import pickle
import random
import struct
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import nn

from core.config import ForeignConfig
from core.errors import ModelError, RunError
from core.importing import Fit, Foreign, classes_of, look_at, read_foreign, write_run
from core.importing.allowed import Shell, is_allowed
from core.models.architecture import architecture
from core.runs import Run
from tests.core.foreign_models import Conv, save_whole, seeded

READERS: tuple[Callable[[Path], object], ...] = (look_at, read_foreign)


class Calls:
    """Pickles as a call of a function with arguments."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def torch_zip(path: Path, program: bytes, compression: int = zipfile.ZIP_STORED, **records: bytes) -> Path:
    """A file as torch.save lays it out, with any pickle in it."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program)
        for name, content in {"version": b"3\n", "byteorder": b"little", **records}.items():
            archive.writestr(f"archive/{name.replace('__', '/')}", content)
    return path


def refused(path: Path) -> str:
    """The sentence with which every reader refuses a file, within a moment."""
    said = ""
    for reader in READERS:
        began = time.perf_counter()
        with pytest.raises(ModelError) as error:
            reader(path)
        assert time.perf_counter() - began < 2.0
        said = str(error.value)
    return said


def program_of(*steps: bytes) -> bytes:
    """A pickle of protocol 2."""
    return b"\x80\x02" + b"".join(steps) + b"."


def call_of(name: str, arguments: bytes = b"U\x01x\x85") -> bytes:
    """The steps that call module.function with a text."""
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n".encode() + arguments.replace(b"U\x01x", b"X\x01\x00\x00\x00x") + b"R"


HARMFUL = (
    "os.system", "posix.system", "nt.system", "subprocess.Popen", "subprocess.check_output", "builtins.eval",
    "builtins.exec", "builtins.getattr", "builtins.__import__", "builtins.open", "builtins.bytearray",
    "__builtin__.eval", "__builtin__.apply", "commands.getoutput", "sys.exit", "importlib.import_module",
    "runpy.run_path", "pty.spawn", "webbrowser.open", "socket.create_connection", "shutil.rmtree",
    "ctypes.CDLL", "code.interact", "pickle.loads", "marshal.loads", "types.CodeType", "types.FunctionType",
    "functools.partial", "functools.reduce", "operator.attrgetter", "operator.methodcaller",
    "copyreg._reconstructor", "copy_reg._reconstructor", "codecs.decode", "_codecs.encode", "timeit.timeit",
    "cProfile.run", "pdb.run", "asyncio.run", "logging.config.dictConfig", "numpy.load",
    "numpy.testing._private.utils.runstring", "torch.load", "torch.hub.load", "torch.jit.load",
    "torch.storage._load_from_bytes", "torch.serialization._get_layout", "torch.utils.cpp_extension.load",
    "torch.nn.Module", "torch.Tensor", "torch.FloatTensor", "torch._utils._rebuild_wrapper_subclass",
    "torch._utils._rebuild_device_tensor_from_numpy", "torch._tensor._rebuild_from_type_v2",
    "torch.distributed.rpc.internal._run_function", "torch._dynamo.guards.GuardBuilder.get",
    "torch.nn.modules.module.Module", "torch.nn.modules.linear.Linear", "__main__.Net", "__main__.os.system",
    "model.Net", "dill._dill._create_function", "cloudpickle.cloudpickle._make_function", "builtins.print",
)  # fmt: skip


@pytest.mark.parametrize("name", HARMFUL)
def test_a_call_of_anything_is_refused(name: str, tmp_path: Path) -> None:
    path = torch_zip(tmp_path / "x.pt", program_of(call_of(name)))
    with pytest.raises(ModelError):
        classes_of(path)
    assert "cannot be imported" in refused(path)
    # The same in the format of before torch 1.6, and among weights that are sound.
    old = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {})) + program_of(
        call_of(name)
    )
    (tmp_path / "old.pt").write_bytes(old + pickle.dumps([], 2))
    refused(tmp_path / "old.pt")
    within = program_of(b"}(X\x01\x00\x00\x00a", call_of(name), b"u")
    refused(torch_zip(tmp_path / "within.pt", within))


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_runs(protocol: int, tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    for number, harm in enumerate((
        Calls(os.system, f"touch {mark}"),
        Calls(eval, f"open({str(mark)!r}, 'w')"),
        {"model_state_dict": Calls(exec, f"open({str(mark)!r}, 'w')")},
        [nn.Linear(2, 2), Calls(os.mkdir, str(mark))],
    )):  # fmt: skip
        program = pickle.dumps(harm, protocol)
        refused(torch_zip(tmp_path / f"{number}.pt", program))
        (tmp_path / f"{number}.pkl").write_bytes(program)
        refused(tmp_path / f"{number}.pkl")
        torch.save(harm, tmp_path / f"{number}.old.pt", _use_new_zipfile_serialization=False)
        refused(tmp_path / f"{number}.old.pt")
    assert not mark.exists()


def test_no_layer_is_ever_made(tmp_path: Path) -> None:
    """A file that torch itself would build with the allow-list: a Linear of 40 TB by its constructor."""
    big = program_of(b"ctorch.nn.modules.linear\nLinear\nJ\x00\x00\x00\x40J\x00\x00\x00\x10\x86R")
    assert "wants to call torch.nn.modules.linear.Linear" in refused(torch_zip(tmp_path / "x.pt", big))
    made = program_of(b"ctorch.nn.modules.linear\nLinear\nJ\x00\x00\x00\x40J\x00\x00\x00\x10\x86\x81")
    refused(torch_zip(tmp_path / "y.pt", made))
    assert not hasattr(Shell(), "forward")


def tensor_of(count: int, shape: tuple[int, ...], stride: tuple[int, ...], key: bytes = b"0") -> bytes:
    """The steps that make a tensor of a storage of count floats."""

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", n) for n in values) + b"t"

    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00" + key + b"X\x03\x00\x00\x00cpu"
    )
    storage += b"\x8a\x08" + struct.pack("<q", count) + b"tQ"
    rest = numbers(shape) + numbers(stride) + b"\x89ccollections\nOrderedDict\n)Rt"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00" + rest + b"R"


@pytest.mark.parametrize(
    ("count", "shape", "stride"),
    [
        (10**12, (10**6, 10**6), (10**6, 1)),
        (4, (10**6, 10**6), (0, 0)),
        (4, (2, 3), (3, 1)),
        (4, (4,), (2,)),
        (4, (-1,), (1,)),
        (4, (2**62, 4), (0, 0)),
        (-4, (0,), (1,)),
    ],
)
def test_tensors_that_claim_more_than_there_is(
    count: int, shape: tuple[int, ...], stride: tuple[int, ...], tmp_path: Path
) -> None:
    program = program_of(b"}(X\x01\x00\x00\x00a", tensor_of(count, shape, stride), b"u")
    refused(torch_zip(tmp_path / "x.pt", program, data__0=bytes(16)))
    old = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {}))
    (tmp_path / "old.pt").write_bytes(
        old + program + pickle.dumps(["0"], 2) + struct.pack("<q", count) + bytes(16)
    )
    refused(tmp_path / "old.pt")


def test_zips_that_lie(tmp_path: Path) -> None:
    program = program_of(b"}(X\x01\x00\x00\x00a", tensor_of(4, (4,), (1,)), b"u")
    bomb = torch_zip(tmp_path / "bomb.pt", program, zipfile.ZIP_DEFLATED, data__0=bytes(50_000_000))
    assert bomb.stat().st_size < 100_000
    assert "compressed" in refused(bomb)
    buffer = io.BytesIO(torch_zip(tmp_path / "x.pt", program, data__0=bytes(16)).read_bytes())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("archive/data.pkl", program_of(call_of("os.system")))
    (tmp_path / "two.pt").write_bytes(buffer.getvalue())
    assert "two records of one name" in refused(tmp_path / "two.pt")
    content = bytearray((tmp_path / "x.pt").read_bytes())
    at = content.rindex(b"PK\x01\x02", 0, content.index(b"archive/data/0", content.index(b"PK\x01\x02")))
    content[at + 20 : at + 28] = struct.pack("<II", 2**31, 2**31)  # sizes of a record in the directory
    (tmp_path / "sizes.pt").write_bytes(content)
    refused(tmp_path / "sizes.pt")
    code: dict[str, bytes] = {"data__0": bytes(16), "constants.pkl": b"x"}
    for way in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # torch.jit.save compresses its code
        script = torch_zip(tmp_path / "script.pt", program, way, **code)
        assert "TorchScript" in refused(script)


def test_what_takes_for_ever_to_hash_or_to_walk(tmp_path: Path) -> None:
    twice = b")" + b"".join(b"q\x00h\x00\x86" for _ in range(64))
    assert "keys" in refused(torch_zip(tmp_path / "key.pt", program_of(b"}(", twice, b"Nu")))
    refused(torch_zip(tmp_path / "set.pt", program_of(b"c__builtin__\nset\n](", twice, b"e\x85R")))
    # Sequentials that each hold the one before twice: 2^40 layers.
    sequential = b"ctorch.nn.modules.container\nSequential\n)\x81"
    names = b"X\x08\x00\x00\x00_modules"

    def of(children: bytes) -> bytes:
        return b"}" + names + b"}(" + children + b"usb"

    child = sequential + of(b"")
    steps = child + b"q\x01"
    for _ in range(40):
        steps += sequential + of(b"X\x01\x00\x00\x000h\x01X\x01\x00\x00\x001h\x01") + b"q\x01"
    whole = b"c__main__\nNet\n)\x81" + of(b"X\x07\x00\x00\x00encoderh\x01X\x07\x00\x00\x00decoderh\x01")
    assert "nested" in refused(torch_zip(tmp_path / "deep.pt", program_of(steps, whole)))
    refused(torch_zip(tmp_path / "long.pt", program_of(b"(" * 500_000)))
    # 3^14 visits of Sequentials, and not one layer at their bottom.
    steps = child + b"q\x01"
    for _ in range(14):
        held = b"".join(b"X\x01\x00\x00\x00" + digit + b"h\x01" for digit in (b"0", b"1", b"2"))
        steps += sequential + of(held) + b"q\x01"
    assert "too many" in refused(torch_zip(tmp_path / "empty.pt", program_of(steps, whole)))
    parallel = b"ctorch.nn.parallel.data_parallel\nDataParallel\n)\x81q\x01"
    itself = program_of(parallel, of(b"X\x06\x00\x00\x00moduleh\x01"))
    assert "nested" in refused(torch_zip(tmp_path / "itself.pt", itself))


def test_names_that_grow_or_have_no_end(tmp_path: Path) -> None:
    one = torch.zeros(1, 1)
    torch.save({"ae." * 200_000 + "w": one}, tmp_path / "wrapped.pt")
    refused(tmp_path / "wrapped.pt")
    torch.save({part + "x" * 10_000: {"a": one} for part in ("enc", "dec")}, tmp_path / "long.pt")
    assert "no state dict that is known" in refused(tmp_path / "long.pt")


def test_settings_beside_that_lie(tmp_path: Path) -> None:
    torch.save({"model_state_dict": {"encoder.a.weight": torch.zeros(2, 4)}}, tmp_path / "model.pt")
    for text in ("[" * 100_000, "[]", "{", '{"input_dim": [1e99, 2, 3]}', '{"input_dim": "x"}', "\udcff"):
        (tmp_path / "model_config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        refused(tmp_path / "model.pt")


def safetensors_of(path: Path, header: object, numbers: bytes = b"", length: int | None = None) -> Path:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + numbers)
    return path


def test_safetensors_that_lie(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    for header, numbers, length in (
        ({"a": entry, "b": entry}, bytes(4), None),  # the same bytes twice
        ({"a": entry}, bytes(9), None),
        ({"a": entry | {"shape": [2**40]}}, bytes(4), None),
        (b'{"a": 1, "a": 2}', b"", None),
        (b'{"a": ' + b"[" * 200_000, b"", None),
        ({"a": entry}, bytes(4), 2**62),
        ({"a": entry, "__metadata__": {"network": "{}"}}, bytes(4), None),
        ({"a": entry, "__metadata__": {"network": '{"network": "layers"}'}}, bytes(4), None),
        ({"a": entry, "__metadata__": {"network": json.dumps(_huge())}}, bytes(4), None),
    ):
        refused(safetensors_of(tmp_path / "x.safetensors", header, numbers, length))


def _huge() -> dict[str, object]:
    """A network of 16 TB, by its description."""
    linear = {"kind": "Linear", "options": {"in_features": 2**21, "out_features": 2**21}}
    layers = {"encoder": [linear], "decoder": [linear], "code_shape": [2**21]}
    size = {"height": 64, "width": 64, "channels": 3, "latent_dim": 2**21}
    return {"network": "layers", "objective": "ae", "layers": layers, **size}


def test_files_that_were_cut_or_turned(tmp_path: Path) -> None:
    """Every outcome is a network or our own sentence."""
    whole = save_whole(seeded(Conv()), tmp_path / "conv.pt").read_bytes()
    torch.save(
        {f"{n}.weight": torch.zeros(4, 4) for n in "ab"},
        tmp_path / "w.pt",
        _use_new_zipfile_serialization=False,
    )
    old = (tmp_path / "w.pt").read_bytes()
    chance = random.Random(7)
    read = 0
    for turn in range(300):
        content = bytearray(chance.choice((whole, old)))
        match turn % 3:
            case 0:
                del content[chance.randrange(len(content)) :]
            case 1:
                for _ in range(chance.randrange(1, 6)):
                    content[chance.randrange(min(len(content), 7000))] = chance.randrange(256)
            case _:
                start = chance.randrange(len(content))
                content[start : start + 8] = struct.pack("<q", chance.choice((-1, 2**31, 2**62, 0)))
        (tmp_path / "x.pt").write_bytes(content)
        with suppress(ModelError):  # and nothing else
            read += isinstance(read_foreign(tmp_path / "x.pt"), Foreign)
    assert read < 300


def test_names_from_a_file_are_shown_harmlessly(tmp_path: Path) -> None:
    name = "a\x1b[31m\n" * 40
    torch.save({name: torch.zeros(3, 3, 3)}, tmp_path / "x.pt")
    said = refused_by_reading(tmp_path / "x.pt")
    assert "\x1b" not in said
    assert "\n" not in said
    assert len(said) < 500


def refused_by_reading(path: Path) -> str:
    """The sentence of a file whose classes are harmless."""
    with pytest.raises(ModelError) as error:
        read_foreign(path)
    return str(error.value)


def test_torchs_own_list_of_safe_names_is_left_as_it_was(tmp_path: Path) -> None:
    before = set(torch.serialization.get_safe_globals())
    read_foreign(save_whole(seeded(Conv()), tmp_path / "conv.pt"))
    assert set(torch.serialization.get_safe_globals()) == before
    assert not is_allowed("__main__.a.b")
    assert not is_allowed("torch.nn.modules.module.Module")


@pytest.mark.parametrize(
    "change",
    [
        {"encoder": [{"kind": "Linear", "options": {}}]},
        {"encoder": [{"kind": "Linear", "options": {"in_features": 191, "out_features": 4}}]},
        {"encoder": [{"kind": "Linear", "options": {"in_features": "x", "out_features": 4}}]},
        {"encoder": [{"kind": "Lambda"}]},
        {"encoder": [{"kind": "ReLU", "options": {"inplace": True}}]},
        {"decoder": [{"kind": "Unflatten", "options": {"dim": 1, "unflattened_size": [4, 1, 1]}},
                     {"kind": "Upsample", "options": {"scale_factor": 4_000_000}}]},
        {"encoder": [{"kind": "Conv2d", "options": {"in_channels": 3, "out_channels": 3, "kernel_size": 3,
                                                    "stride": 0}}], "order": "pictures"},
        {"encoder": [{"kind": "GroupNorm", "options": {"num_groups": 0, "num_channels": 192}}]},
        {"encoder": [{"kind": "PixelShuffle", "options": {"upscale_factor": 0}}], "order": "pictures"},
        {"decoder": [{"kind": "ReLU"}]},
        {"decoder": []},
        {"code_shape": [5]},
        {"order": "NHWC"},
        {"encoder": [{"kind": "Flatten"}] * 1001},
    ],
)  # fmt: skip
def test_a_run_whose_layers_were_tampered_with(change: dict[str, object], tmp_path: Path) -> None:
    sizes = {"encoder.0": (192, 4), "decoder.0": (4, 192)}
    torch.save({f"{n}.weight": torch.zeros(o, i) for n, (i, o) in sizes.items()}, tmp_path / "w.pt")
    foreign = read_foreign(tmp_path / "w.pt")
    run = write_run(foreign, Fit(foreign.guess(ForeignConfig())), tmp_path / "run")
    values = json.loads((run.path / "config.json").read_text())
    values["network"]["layers"] |= change
    (run.path / "config.json").write_text(json.dumps(values))
    with pytest.raises((ModelError, RunError)):
        architecture(Run.open(run.path).config.network)
    with pytest.raises((ModelError, RunError)):
        Run.open(run.path).load_network()
