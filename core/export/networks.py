"""Encoder and decoder as ONNX, for other programs, and the check that onnxruntime gives the same pictures.

onnx and onnxruntime are optional packages. torch's TorchScript exporter is used, not the newer one: with
torch 2.13 it needs neither onnxscript nor ten seconds a network, and says nothing on the terminal.
"""

import importlib.util
import json
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.atomic import write_bytes
from core.codec import Codec
from core.encoding import EncodeProgress
from core.errors import ExportError
from core.export.folders import check_new_folder, new_folder
from core.models.network import Network
from core.pixels import to_float
from core.runs import versions
from core.translate import tr
from core.usage import install_text

ENCODER, DECODER, ABOUT = "encoder.onnx", "decoder.onnx", "about.json"
OPSET = 17  # of 2022: what onnxruntime 1.13, OpenCV and browsers read
TOLERANCE = 1e-4  # of pictures in [-1,1]: an eightieth of a step of 255. 4e-7 was measured for fc and conv
LARGEST_BYTES = 2**31 - 2**20  # protobuf, the format of these files, ends at 2 GiB
_CHECKED = (1, 5)  # pictures at a time
_NAMES = {"pictures": {0: "n"}, "codes": {0: "n"}, "log_std": {0: "n"}}


@dataclass(frozen=True)
class OnnxCheck:
    """The largest differences of onnxruntime and torch: of codes, by the largest one, and of pictures."""

    codes: float
    pictures: float
    count: int

    def text(self) -> str:
        """It in a sentence."""
        return tr(
            "onnxruntime gives the same: {count} pictures differ by at most {pictures}, in [-1,1], and their"
            " codes by {codes} of the largest.",
            count=self.count,
            pictures=f"{self.pictures:.1e}",
            codes=f"{self.codes:.1e}",
        )


def missing_onnx() -> str:
    """What to do before networks can be written; empty where they can."""
    if all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime")):
        return ""
    return tr(
        "Writing networks needs onnx and onnxruntime, which are not installed: {command}.",
        command=install_text("onnx"),
    )


class _Encoder(nn.Module):
    """Pictures (n,C,H,W) in [-1,1] -> codes (n,D), and log_std of the noise for a vae."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        mean, log_std = self.network.posterior(pictures)
        return mean if log_std is None else (mean, log_std)


class _Decoder(nn.Module):
    """Codes (n,D) -> pictures (n,C,H,W) in [-1,1]."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, codes: Tensor) -> Tensor:
        return self.network.decode(codes)


def export_networks(
    codec: Codec, out: Path, pictures: NDArray[np.uint8] | None = None
) -> Generator[EncodeProgress, None, OnnxCheck]:
    """Write encoder.onnx, decoder.onnx and about.json into the new folder out, checked; yields on the way.

    The encoder takes "pictures" float32 (n,C,H,W) in [-1,1] and gives "codes" (n,D), the mean for a vae,
    whose "log_std" is a second output; the decoder takes codes and gives pictures. n is free. The check is
    done on pictures uint8 (M,H,W,C), noise unless given. Nothing stays where it fails. Raises: ExportError.
    """
    if missing := missing_onnx():
        raise ExportError(missing)
    check_new_folder(out)
    network = codec.network
    height, width, channels = codec.picture_shape
    rng = np.random.default_rng(0)
    if pictures is None or not len(pictures):
        pictures = rng.integers(0, 256, (max(_CHECKED), height, width, channels), np.uint8)
    x = to_float(np.resize(pictures, (max(_CHECKED), height, width, channels)))
    codes = torch.from_numpy(rng.standard_normal((2, codec.latent_dim), np.float32))
    with torch.inference_mode():
        has_spread = network.posterior(x[:1]).log_std is not None
    yield EncodeProgress(0, 3, tr("Writing the encoder"))
    outputs = ["codes", "log_std"] if has_spread else ["codes"]
    encoder = _onnx_bytes(_Encoder(network), x[:2].clone(), "pictures", outputs)
    yield EncodeProgress(1, 3, tr("Writing the decoder"))
    decoder = _onnx_bytes(_Decoder(network), codes, "codes", ["pictures"])
    yield EncodeProgress(2, 3, tr("Comparing with onnxruntime"))
    check = compared(network, encoder, decoder, x)
    if not check.pictures <= TOLERANCE or not check.codes <= TOLERANCE:  # nan fails as well
        raise ExportError(
            tr(
                "onnxruntime gives other pictures than this program: they differ by {pictures} in [-1,1],"
                " their codes by {codes} of the largest, and {most} is allowed; nothing was written.",
                pictures=f"{check.pictures:.1e}",
                codes=f"{check.codes:.1e}",
                most=f"{TOLERANCE:.0e}",
            )
        )
    with new_folder(out) as folder:
        write_bytes(folder / ENCODER, encoder)
        write_bytes(folder / DECODER, decoder)
        write_bytes(folder / ABOUT, (json.dumps(_about(codec, check, has_spread), indent=2) + "\n").encode())
    yield EncodeProgress(3, 3, tr("Written"))
    return check


def _onnx_bytes(module: nn.Module, example: Tensor, name: str, outputs: list[str]) -> bytes:
    """The network as an ONNX file. Raises: ExportError where ONNX has no word for one of its layers."""
    size = sum(weight.numel() * weight.element_size() for weight in module.parameters())
    if size > LARGEST_BYTES:
        raise ExportError(tr("The network is larger than 2 GB, which is more than an ONNX file holds."))
    with TemporaryDirectory() as folder:  # of the system's: the exporter wants a path
        file = Path(folder) / "network.onnx"
        _export(module, example, name, outputs, file)
        return file.read_bytes()


def _export(module: nn.Module, example: Tensor, name: str, outputs: list[str], file: Path) -> None:
    try:
        with warnings.catch_warnings():
            # That this exporter goes with a later torch, and that sizes are fixed: only the batch's is free.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module.eval(),
                (example,),
                str(file),
                input_names=[name],
                output_names=outputs,
                dynamic_axes={key: _NAMES[key] for key in (name, *outputs)},
                opset_version=OPSET,
                dynamo=False,
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        raise ExportError(tr("The network cannot be written as ONNX: {reason}.", reason=reason)) from None


def compared(network: Network, encoder: bytes, decoder: bytes, x: Tensor) -> OnnxCheck:
    """How far onnxruntime's pictures and codes lie from torch's, for pictures x, one and a few at a time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a few pictures; more would spin beside a training
    sessions = [
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for content in (encoder, decoder)
    ]
    of_codes = of_pictures = 0.0
    for count in _CHECKED:
        part = x[:count]
        with torch.inference_mode():
            codes = network.encode(part)
            pictures = network.decode(codes).numpy()
        found = np.asarray(sessions[0].run(["codes"], {"pictures": part.numpy()})[0])
        decoded = np.asarray(sessions[1].run(["pictures"], {"codes": found})[0])
        if found.shape != tuple(codes.shape) or decoded.shape != pictures.shape:
            return OnnxCheck(np.inf, np.inf, sum(_CHECKED))
        largest = max(1.0, float(codes.abs().max()))
        of_codes = max(of_codes, float(np.abs(found - codes.numpy()).max()) / largest)
        of_pictures = max(of_pictures, float(np.abs(decoded - pictures).max()))
    return OnnxCheck(of_codes, of_pictures, sum(_CHECKED))


def _about(codec: Codec, check: OnnxCheck, has_spread: bool) -> dict[str, object]:
    height, width, channels = codec.picture_shape
    return {
        "encoder": {
            "file": ENCODER,
            "takes": {"pictures": f"float32 (n, {channels}, {height}, {width}), -1 black to 1 white"},
            "gives": {"codes": f"float32 (n, {codec.latent_dim})"}
            | ({"log_std": "logarithm of the noise's standard deviation"} if has_spread else {}),
        },
        "decoder": {
            "file": DECODER,
            "takes": {"codes": f"float32 (n, {codec.latent_dim})"},
            "gives": {"pictures": f"float32 (n, {channels}, {height}, {width})"},
        },
        "opset": OPSET,
        "checked_with_onnxruntime": {"largest_difference": check.pictures, "of_codes": check.codes},
        "network": codec.config.model_dump(mode="json"),
        "versions": versions(),
    }
