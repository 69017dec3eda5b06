"""Weights and checkpoints as safetensors bytes, and back; no folders and no training here."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from core.errors import ModelError, RunError
from core.models import Network
from core.translate import tr

WEIGHTS = "weights/"
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's two, kept as adam/<moment>/<weight>
NOISE = "generator/noise"

Parts = list[bytes | memoryview]  # of a file, one after the other


@dataclass(frozen=True)
class Progress:
    """Where training stands: the next batch to take, what is behind, and on what it was computed."""

    epoch: int = 0  # whole epochs done
    batch: int = 0  # batches done of the epoch after them
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    pending_steps: int = 0  # steps since the last report, and the sums of their losses' parts
    pending_sums: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    best_val_mse: float | None = None
    device: str = ""
    precision: str = ""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that training needs to go on as if it had not stopped; tensors by the names of the weights."""

    progress: Progress
    weights: Mapping[str, Tensor]
    moments: Mapping[str, Mapping[str, Tensor]]  # by moment, then by weight
    noise: Tensor  # the state of the generator that a vae draws its noise from


def weights_to_bytes(weights: Mapping[str, Tensor], description: Mapping[str, str]) -> Parts:
    """A safetensors file of weights as float32, in parts, with description as its metadata."""
    return _to_bytes(weights, {"format": "pt", **description})


def checkpoint_to_bytes(checkpoint: Checkpoint) -> Parts:
    """A safetensors file, in parts, of everything in checkpoint; progress is JSON in its metadata."""
    tensors = {WEIGHTS + name: tensor for name, tensor in checkpoint.weights.items()}
    for moment, by_name in checkpoint.moments.items():
        tensors |= {f"adam/{moment}/{name}": tensor for name, tensor in by_name.items()}
    tensors[NOISE] = checkpoint.noise
    progress = TypeAdapter(Progress).dump_json(checkpoint.progress).decode()
    return _to_bytes(tensors, {"format": "pt", "progress": progress})


def _to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Parts:
    """A safetensors file: 8 bytes of header length, the header in JSON, the numbers of each tensor in turn.

    safetensors.torch.save gives the same, but holds three copies on the way: 1.5 GB for the assignment's
    network with its Adam state. Here the parts are the tensors' own memory where it lies as it is written,
    which must not change until then: a checkpoint took 0.9 s instead of 1.8.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    parts: Parts = []
    end = 0
    for name, tensor in tensors.items():
        kind, dtype = ("U8", torch.uint8) if tensor.dtype == torch.uint8 else ("F32", torch.float32)
        numbers = tensor.detach().to("cpu", dtype).contiguous().numpy().reshape(-1)
        if sys.byteorder == "big":
            numbers = numbers.astype(numbers.dtype.newbyteorder("<"))
        start, end = end, end + numbers.nbytes
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, end]}
        parts.append(numbers.view(np.uint8).data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    return [len(text).to_bytes(8, "little") + text, *parts]


def read_progress(path: Path) -> Progress:
    """The position in a checkpoint, without its tensors. Raises: RunError for a foreign or damaged file."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
        return TypeAdapter(Progress).validate_json(metadata["progress"])
    except (safetensors.SafetensorError, OSError, KeyError, ValidationError) as error:
        raise damaged(path, error) from None


def read_checkpoint(path: Path, shapes: Mapping[str, Tensor]) -> Checkpoint:
    """The checkpoint in path for weights of these names and shapes. Raises: RunError for any other file."""
    progress = read_progress(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:

            def tensors(prefix: str) -> dict[str, Tensor]:
                found = {name: file.get_tensor(prefix + name) for name in shapes}
                for name, tensor in found.items():
                    if tensor.shape != shapes[name].shape:
                        raise damaged(path, ValueError(f"{prefix}{name}: {tuple(tensor.shape)}"))
                return found

            return Checkpoint(
                progress,
                tensors(WEIGHTS),
                {moment: tensors(f"adam/{moment}/") for moment in MOMENTS},
                file.get_tensor(NOISE),
            )
    except (safetensors.SafetensorError, OSError) as error:
        raise damaged(path, error) from None


def read_weights(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """The tensors of path whose names start with prefix, without it. Raises: RunError for a damaged file."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            keys = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118 (not a dict)
            return {key.removeprefix(prefix): file.get_tensor(key) for key in keys}
    except (safetensors.SafetensorError, OSError) as error:
        raise damaged(path, error) from None


def load_weights(network: Network, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy weights into network, in place. Raises: ModelError naming the first weight that does not fit."""
    expected = network.state_dict()
    for name, tensor in expected.items():
        if name not in weights:
            raise ModelError(
                tr("{source} has no weight {name}; it is of another network.", source=source, name=name)
            )
        if weights[name].shape != tensor.shape:
            raise ModelError(
                tr(
                    "Weight {name} in {source} is {found} where the network has {expected}.",
                    name=name,
                    source=source,
                    found=tuple(weights[name].shape),
                    expected=tuple(tensor.shape),
                )
            )
        if not torch.isfinite(weights[name]).all():
            raise ModelError(tr("Weight {name} in {source} is not finite.", name=name, source=source))
    for name in weights:
        if name not in expected:
            raise ModelError(
                tr("{source} has a weight {name} that the network has not.", source=source, name=name)
            )
    network.load_state_dict(dict(weights))


def damaged(path: Path, error: Exception) -> RunError:
    """The error for a file of a run that cannot be read."""
    return RunError(
        tr(
            "{path} cannot be read ({reason}); train again or bring the file back.",
            path=path,
            reason=str(error).splitlines()[0] if str(error) else type(error).__name__,
        )
    )
