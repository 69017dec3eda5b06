"""Pickles that would run something when they are read, in every wrapping of a model or an array."""

import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.archives import member, zipped
from tests.hostile.arrays import of
from tests.hostile.case import Case, Place

# What is called, and with which arguments. CANARY stands for the file that none of them may make.
CANARY = "CANARY"
TOUCH = f"touch {CANARY}"
PYTHON = f"open({CANARY!r}, 'w')"
CALLS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("os.system", (TOUCH,)),
    ("posix.system", (TOUCH,)),
    ("nt.system", (TOUCH,)),
    ("os.popen", (TOUCH,)),
    ("os.execvp", ("touch", ["touch", CANARY])),
    ("os.posix_spawn", ("/usr/bin/touch", ["touch", CANARY], {})),
    ("os.remove", (CANARY,)),
    ("shutil.rmtree", ("target",)),
    ("subprocess.Popen", (["touch", CANARY],)),
    ("subprocess.check_output", (["touch", CANARY],)),
    ("subprocess.getoutput", (TOUCH,)),
    ("_posixsubprocess.fork_exec", ()),
    ("pty.spawn", (["touch", CANARY],)),
    ("builtins.eval", (PYTHON,)),
    ("builtins.exec", (PYTHON,)),
    ("builtins.compile", (PYTHON, "x", "exec")),
    ("builtins.open", (CANARY, "w")),
    ("builtins.__import__", ("antigravity",)),
    ("builtins.getattr", ("x", "__class__")),
    ("builtins.breakpoint", ()),
    ("__builtin__.eval", (PYTHON,)),
    ("__builtin__.apply", ()),
    ("io.open", (CANARY, "w")),
    ("_io.FileIO", (CANARY, "w")),
    ("pathlib.Path.touch", (CANARY,)),
    ("runpy.run_path", (CANARY,)),
    ("runpy._run_code", (PYTHON, {})),
    ("code.interact", ()),
    ("codeop.compile_command", (PYTHON,)),
    ("importlib.import_module", ("antigravity",)),
    ("operator.attrgetter", ("__class__",)),
    ("operator.methodcaller", ("write_text", "x")),
    ("functools.partial", (print, "x")),
    ("functools.reduce", (print, ["x"])),
    ("itertools.starmap", (print, [("x",)])),
    ("types.FunctionType", ()),
    ("types.CodeType", ()),
    ("marshal.loads", (b"c",)),
    ("pickle.loads", (f"cos\nsystem\n(S'{TOUCH}'\ntR.".encode(),)),
    ("_pickle.loads", (f"cos\nsystem\n(S'{TOUCH}'\ntR.".encode(),)),
    ("copyreg._reconstructor", ()),
    ("copyreg.add_extension", ("os", "system", 66)),
    ("timeit.timeit", (PYTHON,)),
    ("cProfile.run", (PYTHON,)),
    ("profile.run", (PYTHON,)),
    ("trace.Trace", ()),
    ("pdb.run", (PYTHON,)),
    ("bdb.Bdb.run", (PYTHON,)),
    ("doctest.debug_script", (PYTHON,)),
    ("pydoc.pipepager", ("x", TOUCH)),
    ("pip.main", (["install", "x"],)),
    ("ensurepip._run_pip", (["install", "x"],)),
    ("venv.create", (CANARY,)),
    ("zipimport.zipimporter", (CANARY,)),
    ("ctypes.CDLL", ("libc.so.6",)),
    ("ctypes.util.find_library", ("c",)),
    ("socket.create_connection", (("127.0.0.1", 9),)),
    ("urllib.request.urlopen", ("http://127.0.0.1:9/",)),
    ("http.client.HTTPConnection", ("127.0.0.1",)),
    ("smtplib.SMTP", ("127.0.0.1",)),
    ("webbrowser.open", ("http://127.0.0.1:9/",)),
    ("asyncio.create_subprocess_shell", (TOUCH,)),
    ("multiprocessing.util.spawnv_passfds", (b"/usr/bin/touch", [b"touch"], [])),
    ("logging.config.listen", ()),
    ("tempfile.NamedTemporaryFile", ()),
    ("sys.exit", (0,)),
    ("os._exit", (0,)),
    ("os.abort", ()),
    ("signal.raise_signal", (9,)),
    ("numpy.load", (CANARY,)),
    ("numpy.lib.npyio.load", (CANARY,)),
    ("numpy.testing._private.utils.runstring", (PYTHON, {})),
    ("numpy.f2py.compile", ("x",)),
    ("numpy.core.multiarray._reconstruct", ()),
    ("numpy.distutils.exec_command.exec_command", (TOUCH,)),
    ("torch.load", (CANARY,)),
    ("torch.save", ("x", CANARY)),
    ("torch.storage._load_from_bytes", (b"x",)),
    ("torch.hub.load", ("a/b", "c")),
    ("torch.hub._import_module", ("x", CANARY)),
    ("torch.utils.collect_env.run", (TOUCH,)),
    ("torch.utils.bottleneck.__main__.run_cprofile", (PYTHON, {})),
    ("torch.utils._config_module.ConfigModule.load_config", ("x", b"x")),
    ("torch.utils.cpp_extension.load_inline", ("x", "y")),
    ("torch.jit.unsupported_tensor_ops.execWrapper", (PYTHON, {}, {})),
    ("torch.jit.load", (CANARY,)),
    ("torch.ops.load_library", (CANARY,)),
    ("torch.classes.load_library", (CANARY,)),
    ("torch.package.PackageImporter", (CANARY,)),
    ("torch.serialization.load", (CANARY,)),
    ("torch.serialization.add_safe_globals", ([],)),
    ("torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression", (PYTHON, [])),
    ("torch.fx.graph_module.reduce_graph_module", ({}, "")),
    ("torch._dynamo.guards.GuardBuilder.get", (PYTHON,)),
    ("torch._inductor.codecache.compile_file", (TOUCH,)),
    ("torch._inductor.runtime.compile_tasks._reload_python_module", ("x", CANARY)),
    ("torch.distributed.rpc.rpc_sync", ("x", print)),
    ("torch.multiprocessing.reductions.rebuild_storage_fd", ()),
    ("torch._utils._rebuild_wrapper_subclass", ()),
    ("torch._tensor._rebuild_from_type_v2", (print, print, ("x",), {})),
    ("torch.nn.Module.apply", ()),
    ("torch.nn.modules.container.Sequential.__getattribute__", ()),
    ("safetensors.torch.save_file", ({}, CANARY)),
    ("PIL.ImageShow.show", ("x",)),
    ("PIL.Image.open", (CANARY,)),
    ("core.atomic.write_text", (CANARY, "x")),
    ("core.runs.Run.create", (CANARY,)),
    ("__main__.model", ("x",)),
)


def call(path: str, arguments: tuple[object, ...]) -> bytes:
    """A pickle of protocol 2 that calls what path names; arguments that cannot be pickled are left out."""
    module, _, name = path.rpartition(".")
    plain = tuple(None if callable(argument) else argument for argument in arguments)
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + pickle.dumps(plain, 2)[2:-1] + b"R."


def by_stack(path: str, arguments: tuple[object, ...]) -> bytes:
    """The same with the name put together on the stack, in protocol 4, where a search for text misses it."""
    module, _, name = path.rpartition(".")
    names = b"".join(b"\x8c" + bytes((len(part),)) + part.encode() for part in (module, name))
    return b"\x80\x04" + names + b"\x93" + pickle.dumps(arguments, 2)[2:-1] + b"R."


SYSTEM = call("posix.system", (TOUCH,))
SHAPES: dict[str, bytes] = {
    "by a name on the stack": by_stack("posix.system", (TOUCH,)),
    "in protocol 0": f"cposix\nsystem\n(S'{TOUCH}'\ntR.".encode(),
    "by INST": f"(S'{TOUCH}'\niposix\nsystem\n.".encode(),
    "by OBJ": f"(cposix\nsystem\nS'{TOUCH}'\no.".encode(),
    "by NEWOBJ": "\x80\x02csubprocess\nPopen\n(]X\x05\0\0\0touchat\x81.".encode("latin-1"),
    "by NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n)}\x92.",
    "by BUILD": b"\x80\x02c__main__\nmodel\n)\x81}X\x0c\0\0\0__setstate__cposix\nsystem\nsb.",
    "by a name with dots": b"\x80\x04\x8c\x08builtins\x8c\x0d__import__.os\x93.",
    "by a name that is a path": b"\x80\x04\x8c\x05torch\x8c\x12serialization.os.sy\x93.",
    "by an extension code": b"\x80\x02\x82\x42.",
    "by a persistent id": b"\x80\x02cposix\nsystem\nQ.",
    "by getattr of getattr": b"\x80\x02cbuiltins\ngetattr\ncbuiltins\n__import__\nX\x04\0\0\0selfh\x86R.",
    "after a sound value": b"\x80\x02}q\0." + SYSTEM,
    "in a list in a dict": b"\x80\x02}X\x01\0\0\0a]" + SYSTEM[2:-1] + b"as.",
    "with its value thrown away": b"\x80\x02" + SYSTEM[2:-1] + b"0}.",
    "in a state dict": b"\x80\x02ccollections\nOrderedDict\n)RX\x01\0\0\0w" + SYSTEM[2:-1] + b"s.",
    "in a class of torch": b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81}X\x05\0\0\0hooks"
    + SYSTEM[2:-1]
    + b"sb.",
    "by torch's own rebuilding": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + SYSTEM[2:-1] + b"tR.",
}
BOMBS: dict[str, bytes] = {
    "a text of 4 GB": b"\x80\x02X\xff\xff\xff\xff.",
    "a text of 2**63 bytes": b"\x80\x04\x8d" + struct.pack("<Q", 2**63 - 1) + b".",
    "a bytearray of 2**40 bytes": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",
    "a frame of 2**60 bytes": b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b".",
    "a number of 2 GB": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "a memo of 2**32 places": b"\x80\x02]r\xff\xff\xff\xff.",
    "lists ten thousand deep": b"\x80\x02" + b"]" * 10_000 + b"a" * 9_999 + b".",
    "tuples a hundred thousand deep": b"\x80\x02)" + b"\x85" * 100_000 + b".",
    "a billion laughs": b"\x80\x02]q\0" + b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(60)) + b".",
    "a key that hashes for ever": b"\x80\x02)"
    + b"".join(b"q%ch%c\x86" % (n, n) for n in range(60))
    + b"N}h\x00Ns.",
    "a list that holds itself": b"\x80\x02]q\0h\0a.",
    "a stack that is empty": b"\x80\x02R.",
    "no end": b"\x80\x02}",
    "half a million steps": b"\x80\x02" + b"N0" * 500_000 + b"}.",
    "a bytearray by call": b"\x80\x02cbuiltins\nbytearray\n\x8a\x06\0\0\0\0\0\x10\x85R.",
}


def cases(folder: Path) -> Iterator[Case]:
    """All of them; the payloads name a file CANARY in the folder that they are opened in."""
    place = Place(folder, "pickle")
    for path, arguments in CALLS:
        yield place.case(path, "model.pt", torch_zip(call(path, arguments)), "import")
    for name, content in (SHAPES | BOMBS).items():
        yield place.case(name, "model.pt", torch_zip(content), "import")
        yield place.case(f"{name}, bare", "model.pth", content, "import")
        yield place.case(f"{name}, of old torch", "model.pt", legacy(content), "import")
    wrapped: dict[str, tuple[str, Callable[[], bytes]]] = {
        "a tar of older torch": ("model.pt", lambda: _tar(SYSTEM)),
        "a pickle named as safetensors": ("model.safetensors", lambda: SYSTEM),
        "a script of torch": ("model.pt", _script),
        "data.pkl twice": ("model.pt", lambda: _twice(b"\x80\x02}.", SYSTEM)),
        "data.pkl that leads out": (
            "model.pt",
            lambda: zipped({"../../data.pkl": SYSTEM, "../version": b"3"}),
        ),
        "data.pkl of 64 MB of zeros": ("model.pt", lambda: member(b"archive/data.pkl", 2**26)),
        "a record of 2**40 numbers": ("model.pt", lambda: torch_zip(_storage(2**40))),
        "a tensor beyond its record": ("model.pt", lambda: torch_zip(_storage(4, shape=10**9))),
        "a tensor of negative strides": ("model.pt", lambda: torch_zip(_storage(4, stride=-1))),
        "a record that is absent": ("model.pt", lambda: torch_zip(_storage(4, key="absent"))),
        "encoder.pkl of pythae": ("encoder.pkl", lambda: SYSTEM),
        "an array of objects": ("model.pt", lambda: of("'|O'", "(1,)", SYSTEM)),
        "a program": ("model.pt", lambda: b"import os; os.system('touch CANARY')"),
        "a zip of nothing": ("model.pt", lambda: zipped({})),
        "nothing": ("model.pt", lambda: b""),
    }
    for name, (file, make) in wrapped.items():
        yield place.case(name, file, make(), "import")
    for reader in ("pictures", "run"):
        yield place.case(f"a model given as {reader}", "model.pt", torch_zip(SYSTEM), reader)
        yield place.case(f"a pickle given as {reader}", "a.npy", SYSTEM, reader)
    yield place.case("in an array of objects", "a.npy", of("'|O'", "(1,)", SYSTEM), "pictures")
    yield place.case("in a .npz", "a.npz", zipped({"images.npy": of("'|O'", "(1,)", SYSTEM)}), "pictures")
    library = place.folder("beside settings of disentangling-vae")
    (library / "model.pt").write_bytes(torch_zip(SYSTEM))
    (library / "specs.json").write_text('{"img_size": [1e999, {}, []], "latent_dim": "__import__(\'os\')"}')
    yield Case("pickle: beside settings of disentangling-vae", library, "import", "model.pt")


def torch_zip(content: bytes) -> bytes:
    """A file as torch.save writes it, around any pickle."""
    return zipped(
        {
            "archive/data.pkl": content,
            "archive/version": b"3\n",
            "archive/data/0": bytes(16),
            "archive/byteorder": b"little",
        }
    )


def legacy(content: bytes) -> bytes:
    """A file as torch before 1.6 wrote it."""
    parts = (
        0x1950A86A20F9469CFC6C,
        1001,
        {"protocol_version": 1001, "little_endian": True, "type_sizes": {}},
    )
    return b"".join(pickle.dumps(part, 2) for part in parts) + content + pickle.dumps(["0"], 2) + bytes(24)


def _tar(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _script() -> bytes:
    code = b"import os\ndef forward(self, x):\n  return os.system('touch CANARY')\n"
    return zipped(
        {"m/data.pkl": SYSTEM, "m/constants.pkl": SYSTEM, "m/code/__torch__.py": code, "m/version": b"3\n"}
    )


def _twice(first: bytes, second: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (
            ("archive/data.pkl", first),
            ("archive/data.pkx", second),
            ("archive/version", b"3\n"),
        ):
            archive.writestr(name, content)
    return file.getvalue().replace(b"data.pkx", b"data.pkl")


def _storage(count: int, shape: int = 4, stride: int = 1, key: str = "0") -> bytes:
    """A state dict of one tensor, pickled as torch does."""
    number = lambda n: pickle.dumps(n, 2)[2:-1]  # noqa: E731
    text = lambda t: b"X" + struct.pack("<I", len(t)) + t.encode()  # noqa: E731
    storage = (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + number(count) + b"tQ"
    )
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + b"K\0"
        + number(shape)
        + b"\x85"
        + number(stride)
        + b"\x85\x89ccollections\nOrderedDict\n)RtR"
    )
    return b"\x80\x02}" + text("encoder.0.weight") + tensor + b"s."
