"""Weights and checkpoints as safetensors bytes, and back; no folders and no training here."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import safetensors
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from core.errors import ModelError, RunError
from core.flaws import first_flaw
from core.models import Network
from core.tensor_headers import FLOATS, read_tensor_header
from core.translate import tr

WEIGHTS = "weights/"
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's two, kept as adam/<moment>/<weight>
NOISE = "generator/noise"
MAX_COUNT = 2**53  # whole numbers below it are exact wherever they go

Parts = list[bytes | memoryview]  # of a file, one after the other
# Number formats that are written as they are; all others become float32.
_KINDS = {torch.uint8: ("U8", torch.uint8), torch.float16: ("F16", torch.float16)}


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
    pending_kl: tuple[float, ...] = ()  # and of the KL of each dimension
    best_val_mse: float | None = None
    stale_epochs: int = 0  # since the best one
    val_images: int = 0  # pictures held out that are measured after the last batch, and their errors' sum
    val_error: float = 0.0
    device: str = ""
    precision: str = ""

    def is_done(self, epochs: int, patience: int) -> bool:
        """Whether training ends here: all epochs are done, or it has not got better for patience of them."""
        return self.epoch >= epochs or (self.batch == 0 and 0 < patience <= self.stale_epochs)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that training needs to go on as if it had not stopped; tensors by the names of the weights."""

    progress: Progress
    weights: Mapping[str, Tensor]
    moments: Mapping[str, Mapping[str, Tensor]]  # by moment, then by weight
    noise: Tensor  # the state of the generator that a vae draws its noise from

    def is_finite(self) -> bool:
        """Whether every number is one, nan and infinity being none; 13 ms for the assignment's network."""
        groups = (self.weights, *self.moments.values())
        return all(math.isfinite(tensor.sum().item()) for group in groups for tensor in group.values())


def copy_of_weights(network: Network) -> Mapping[str, Tensor]:
    """The weights in float32 on the processor, which nothing changes any more."""
    return MappingProxyType(
        {
            name: tensor.detach().to("cpu", torch.float32, copy=True).contiguous()
            for name, tensor in network.state_dict().items()
        }
    )


def weights_to_bytes(weights: Mapping[str, Tensor], description: Mapping[str, str]) -> Parts:
    """A safetensors file of weights, in parts, with description as its metadata: float16 or float32."""
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
        kind, dtype = _KINDS.get(tensor.dtype, ("F32", torch.float32))
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
        progress = TypeAdapter(Progress).validate_json(read_tensor_header(path).metadata["progress"])
    except ValidationError as error:
        raise damaged(path, ValueError(first_flaw(error).reason)) from None
    except (OSError, KeyError, ValueError) as error:
        raise damaged(path, error) from None
    for name, value in vars(progress).items():
        least = -MAX_COUNT if name in ("pending_sums", "pending_kl") else 0  # estimates may be below it
        if not all(math.isfinite(number) and least <= number < MAX_COUNT for number in _numbers(value)):
            raise damaged(path, ValueError(tr("its position is impossible")))
    return progress


def _numbers(value: object) -> tuple[int | float, ...]:
    if isinstance(value, int | float):
        return (value,)
    return tuple(value) if isinstance(value, tuple) else ()


def read_checkpoint(path: Path, shapes: Mapping[str, Tensor]) -> Checkpoint:
    """The checkpoint in path for weights of these names and shapes. Raises: RunError for any other file."""
    progress = read_progress(path)
    try:
        _check_types(path)
        with safetensors.safe_open(path, framework="pt") as file:

            def tensors(prefix: str) -> dict[str, Tensor]:
                found = {name: file.get_tensor(prefix + name) for name in shapes}
                for name, tensor in found.items():
                    if tensor.shape != shapes[name].shape:
                        raise damaged(path, ValueError(f"{prefix}{name}: {tuple(tensor.shape)}"))
                    if not torch.isfinite(tensor).all():
                        raise damaged(path, ValueError(tr("{name} is not finite", name=prefix + name)))
                return found

            return Checkpoint(
                progress,
                tensors(WEIGHTS),
                {moment: tensors(f"adam/{moment}/") for moment in MOMENTS},
                _checked_noise(file.get_tensor(NOISE), progress.device),
            )
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise damaged(path, error) from None


def _check_types(path: Path) -> None:
    """Raises: ValueError for a tensor that is of no type in which weights or states are written, OSError."""
    for name, (dtype, _) in read_tensor_header(path).tensors.items():
        if dtype != "U8" if name == NOISE else dtype not in FLOATS:
            raise ValueError(tr("{name} is of the type {dtype}", name=name, dtype=dtype))


def _checked_noise(state: Tensor, device: str) -> Tensor:
    """The state of a device's generator, tried where that is the processor. Raises: ValueError."""
    if state.dim() == 1 and device != "cpu":
        return state
    try:
        torch.Generator().set_state(state)
    except (RuntimeError, TypeError):
        raise ValueError(tr("{name} is no state of a generator", name=NOISE)) from None
    return state


def read_weights(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """The tensors of path whose names start with prefix, without it. Raises: RunError for a damaged file."""
    try:
        _check_types(path)
        with safetensors.safe_open(path, framework="pt") as file:
            keys = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118 (not a dict)
            return {key.removeprefix(prefix): file.get_tensor(key) for key in keys}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
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
