"""The sound files that fuzzing starts from: some of every kind, each small."""

import gzip
import json
import tarfile
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import nn

from core.checkpoints import Checkpoint, Progress, checkpoint_to_bytes, weights_to_bytes
from core.lab.keeping import LAB_FOLDER
from core.metrics import HEADER
from core.models import NetworkConfig, build_network
from tests.hostile.archives import tarred, zipped
from tests.hostile.arrays import idx
from tests.hostile.case import chunk, png
from tests.hostile.readers import blur_kept_in
from tests.hostile.texts import DOCUMENT, NETWORK

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)


def pictures() -> list[tuple[str, bytes]]:
    """(suffix, content) of pictures of every format and of some of their ways."""
    picture = Image.fromarray(np.kron(PIXELS[0], np.ones((3, 3, 1), np.uint8)))
    ways = (
        ("png", "RGB", {}),
        ("png", "RGBA", {}),
        ("png", "P", {"transparency": 0}),
        ("png", "I;16", {}),
        ("png", "1", {}),
        ("jpg", "RGB", {}),
        ("jpg", "L", {"progressive": True}),
        ("jpg", "CMYK", {}),
        ("gif", "P", {}),
        ("gif", "P", {"save_all": True}),
        ("webp", "RGB", {}),
        ("webp", "RGBA", {"lossless": True}),
        ("tif", "RGB", {}),
        ("tif", "L", {"compression": "tiff_lzw"}),
        ("tif", "CMYK", {"compression": "tiff_deflate"}),
        ("tif", "1", {"compression": "group4"}),
        ("tif", "RGB", {"compression": "jpeg"}),
        ("tif", "RGB", {"compression": "packbits"}),
        ("bmp", "RGB", {}),
        ("bmp", "P", {}),
        ("ppm", "RGB", {}),
        ("ppm", "1", {}),
    )
    kinds = {"jpg": "JPEG", "tif": "TIFF"}
    exif = Image.Exif()
    exif[0x0112] = 6
    found: list[tuple[str, bytes]] = []
    for suffix, mode, options in ways:
        file = BytesIO()
        image = picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode)
        more = {"append_images": [image.rotate(90)]} if "save_all" in options else {}
        if suffix in ("jpg", "webp"):
            more = {"exif": exif}
        image.save(file, kinds.get(suffix, suffix), **options, **more)
        found.append((suffix, file.getvalue()))
    return found


def npy() -> list[bytes]:
    """Arrays in several types and orders."""
    arrays = (
        PIXELS,
        PIXELS[..., 0],
        np.asfortranarray(PIXELS),
        PIXELS.astype(np.float32) / 255,
        PIXELS.astype(">i4"),
    )
    return [_saved(np.save, array) for array in arrays]


def npz() -> list[bytes]:
    """Plain arrays with labels, packed and not, and MedMNIST's splits."""
    labels = np.arange(6)
    return [
        _saved(np.savez, images=PIXELS, labels=labels),
        _saved(np.savez_compressed, x_train=PIXELS, y_train=labels, x_test=PIXELS[:2], y_test=labels[:2]),
        _saved(np.savez_compressed, data=PIXELS.astype(np.float32) / 255, words=np.array(list("abcdef"))),
    ]


def idx_files() -> list[bytes]:
    """Plain and packed."""
    plain = idx(0x08, (6, 8, 8)) + PIXELS[..., 0].tobytes()
    floats = idx(0x0D, (2, 8, 8)) + (PIXELS[:2, ..., 0] / 255).astype(">f4").tobytes()
    return [plain, gzip.compress(plain, mtime=0), floats]


def zips() -> list[bytes]:
    """Zips of pictures, packed and not."""
    members = {f"{kind}/{index}.{kind}": content for index, (kind, content) in enumerate(pictures()[:8])}
    return [zipped(members), zipped(members, 8)]


def tars() -> list[bytes]:
    """Tars as their three kinds are written, with a label and a long name."""
    found = [tarred("a.png", pictures()[0][1])]
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=kind) as tar:
            for index, (suffix, content) in enumerate(pictures()[:3]):
                for name, data in (
                    (f"{'d' * 90}/é{index}.{suffix}", content),
                    (f"{'d' * 90}/é{index}.cls", b"7"),
                ):
                    info = tarfile.TarInfo(name)
                    info.size, info.mtime = len(data), 1
                    tar.addfile(info, BytesIO(data))
        found.append(file.getvalue())
    return found


def weights() -> list[bytes]:
    """Our own weights, and those of a state dict."""
    network = build_network(NetworkConfig.model_validate(NETWORK))
    own = b"".join(weights_to_bytes(network.state_dict(), {"network": json.dumps(NETWORK)}))
    return [own, safetensors.torch.save(dict(network.state_dict()))]


@cache
def kept_measure() -> tuple[str, bytes]:
    """(name, content) of a measure that is kept in the laboratory's folder."""
    with TemporaryDirectory() as folder:
        blur_kept_in(Path(folder))
        (path,) = (Path(folder) / LAB_FOLDER).iterdir()
        return path.name, path.read_bytes()


def checkpoints() -> list[bytes]:
    """What training goes on from."""
    network = build_network(NetworkConfig.model_validate(NETWORK))
    moments = {name: network.state_dict() for name in ("exp_avg", "exp_avg_sq")}
    progress = Progress(epoch=1, step=9, images=90, seconds=1.5, device="cpu", precision="float32")
    noise = torch.Generator().manual_seed(0).get_state()
    return [b"".join(checkpoint_to_bytes(Checkpoint(progress, network.state_dict(), moments, noise)))]


class Autoencoder(nn.Module):
    """As a student would write it, and save it whole."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(192, 8), nn.ReLU(), nn.Linear(8, 4))
        self.decoder = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 192), nn.Tanh())


def models() -> list[bytes]:
    """State dicts and whole modules, in torch's format of now and of before 1.6."""
    torch.manual_seed(0)
    model = Autoencoder()
    Autoencoder.__module__ = "__main__"  # as it is where it was trained
    main = __import__("__main__")
    main.Autoencoder = Autoencoder
    found: list[bytes] = []
    for what in (model.state_dict(), {"epoch": 3, "model_state_dict": model.state_dict()}, model):
        for new in (True, False):
            if what is model and not new:
                continue
            found.append(
                _saved(
                    lambda file, value, new=new: torch.save(value, file, _use_new_zipfile_serialization=new),
                    what,
                )
            )
    return found


def labels() -> list[bytes]:
    """CelebA's list_attr, a CSV by index, one of a spreadsheet."""
    names = [b"%06d.jpg" % number for number in range(1, 10)]
    rows = b"".join(b"%s  1 -1\n" % name for name in names)
    return [
        b"9\nSmiling Male\n" + rows,
        b"index,kind,score\n" + b"".join(b"%d,k%d,%d.5\n" % (n, n % 3, n) for n in range(9)),
        "image_id;größe\n".encode("utf-16")
        + b"".join(f"{n.decode()};1\n".encode("utf-16-le") for n in names),
    ]


def json_of(value: object) -> list[bytes]:
    """One value."""
    return [json.dumps(value).encode()]


def recipe_png(text: bytes) -> bytes:
    """A PNG that carries a text as its recipe."""
    return png(8, 8, notes=chunk(b"iTXt", b"latent-dials\0\0\0\0\0" + text))


def metrics() -> list[bytes]:
    """A few rows."""
    rows = b"".join(b"%d,1,%d,0.5,0.25,0.25,0,0.25,nan\n" % (step, 16 * step) for step in range(1, 9))
    return [HEADER + b"\n" + rows]


SESSION = {"source": "/nowhere/a.npy", "policy": {}, "run": "/nowhere/run", "index": 3}
WINDOW = {"geometry": "AAAA", "docks": "AAAA", "theme": "dark", "folder": "/nowhere", "training": {}}
WORK = {
    "saved_at": 1.5,
    "open_now": SESSION,
    "document": DOCUMENT,
    "window": WINDOW,
    "history": {
        "states": [{"edits": "0+1"}],
        "kept": [[1, [[0, "note"]]]],
        "documents": [[1, 0, [0]]],
        "steps": [["turn", 0, 0]],
        "done": 1,
    },
}


def _saved(write: Callable[..., object], *arrays: object, **named: object) -> bytes:
    file = BytesIO()
    write(file, *arrays, **named)
    return file.getvalue()
