"""Pictures -> codes -> pictures for interactive use. Statistics over many codes live in core.latents."""

import copy
import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import ModelError
from core.models.network import Network, NetworkConfig
from core.pixels import to_float, to_uint8
from core.runs import Run
from core.translate import tr

# Bounds the memory of one call.
BATCH = 256
# What was fastest for many pictures on a processor, at 64x64. fc reads its weights once a batch: 512 gave
# 1.03 to 1.15 times the pictures a second of 256. conv's widest layer stays below 32 MB, beyond which the C
# library asks for fresh pages at every call: 128 gave 1.3 times those of 256 on a busy machine, as many on a
# quiet one.
READING_BATCH = {"fc": 512, "conv": 128}


class Codec:
    """A network frozen for reading: any number of threads may encode and decode at the same time.

    Pictures are uint8 (n,H,W,C), codes float32 (n,D); a code is the posterior mean, without noise.
    """

    def __init__(self, network: Network) -> None:
        self._network = network.eval().requires_grad_(False)
        # Convolutions with channels last gave 1.5 times the pictures a second on a processor; fc has none.
        for weight in network.parameters():
            if weight.dim() == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        self._device = next(network.parameters()).device

    @classmethod
    def from_run(cls, run: Run, which: Literal["best", "last"] = "best") -> "Codec":
        """The codec of a run's weights. Raises: RunError or ModelError as Run.load_network."""
        return cls(run.load_network(which))

    @property
    def config(self) -> NetworkConfig:
        """What the network is."""
        return self._network.config

    @property
    def network(self) -> Network:
        """The network itself, in evaluation mode; not to be changed."""
        return self._network

    @property
    def latent_dim(self) -> int:
        """The number of elements of a code."""
        return self.config.latent_dim

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 in hex of what the network is and of its weights, whatever file they came from."""
        digest = hashlib.sha256(self.config.model_dump_json().encode())
        for name, tensor in self._network.state_dict().items():
            digest.update(name.encode())
            digest.update(memoryview(tensor.cpu().contiguous().numpy()).cast("B"))
        return digest.hexdigest()

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every picture that goes in or comes out."""
        return self.config.height, self.config.width, self.config.channels

    @property
    def batch(self) -> int:
        """How many pictures at a time are encoded and compared fastest."""
        return READING_BATCH.get(self.config.network, BATCH)

    def update(self, state_dict: Mapping[str, Tensor]) -> "Codec":
        """A new codec of these weights, which it keeps without a copy; this one stays valid.

        Raises: ModelError for weights of another network.
        """
        # Sharing every tensor in the copy makes it cost microseconds; assign=True then binds the new ones.
        shared = {id(t): t for t in (*self._network.parameters(), *self._network.buffers())}
        network = copy.deepcopy(self._network, shared)
        try:
            network.load_state_dict(state_dict, strict=True, assign=True)
        except RuntimeError as error:
            raise ModelError(
                tr("These weights belong to another network: {reason}.", reason=_brief(error))
            ) from None
        return Codec(network)

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Codes (n,D) of pictures. Raises: ModelError for pictures of another shape."""
        self._check_pictures(pixels)
        codes = np.empty((len(pixels), self.latent_dim), np.float32)
        with torch.inference_mode():
            for part in _batches(len(pixels), self.batch):
                codes[part] = self._network.encode(to_float(pixels[part], self._device)).cpu().numpy()
        return codes

    def posterior(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Mean and log_std (n,D) of the codes of pictures; only a vae has a log_std. Raises: ModelError."""
        self._check_pictures(pixels)
        mean = np.empty((len(pixels), self.latent_dim), np.float32)
        log_std: NDArray[np.float32] | None = None
        with torch.inference_mode():
            for part in _batches(len(pixels), self.batch):
                found = self._network.posterior(to_float(pixels[part], self._device))
                mean[part] = found.mean.cpu().numpy()
                if found.log_std is not None:
                    log_std = np.empty_like(mean) if log_std is None else log_std
                    log_std[part] = found.log_std.cpu().numpy()
        return mean, log_std

    def decode(self, z: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Pictures (n,H,W,C) of codes (n,D) or of one code (D,). Raises: ModelError for another length."""
        z = self._checked_codes(z)
        if len(z) <= BATCH:
            return to_uint8(self.decode_float(z))
        pixels = np.empty((len(z), *self.picture_shape), np.uint8)
        for part in _batches(len(z)):
            pixels[part] = to_uint8(self.decode_float(z[part]))
        return pixels

    def decode_float(self, z: NDArray[np.float32]) -> Tensor:
        """Pictures (n,C,H,W) in [-1,1] of codes (n,D) or (D,), as the network gives them, in one batch.

        A code so far out that the network overflows gives mid-grey where it has no value.
        """
        z = self._checked_codes(z)
        with torch.inference_mode():
            pictures = self._network.decode(torch.from_numpy(z).to(self._device))
            return torch.nan_to_num_(pictures, nan=0.0, posinf=1.0, neginf=-1.0)

    def reconstruct(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the network makes of pictures: decode(encode(pixels))."""
        return self.decode(self.encode(pixels))

    def errors(self, pixels: NDArray[np.uint8], z: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Mean squared error of each picture's reconstruction (n,), measured in [-1,1] before rounding.

        z is the pictures' codes (n,D) where they are known. Raises: ModelError as encode and decode.
        """
        self._check_pictures(pixels)
        codes = self._checked_codes(z if z is not None else self.encode(pixels))
        errors = np.empty(len(pixels), np.float32)
        with torch.inference_mode():
            for part in _batches(len(pixels), self.batch):
                recon = self._network.decode(torch.from_numpy(codes[part]).to(self._device))
                recon.sub_(to_float(pixels[part], self._device))
                errors[part] = recon.square_().mean((1, 2, 3)).cpu().numpy()
        return errors

    def _check_pictures(self, pixels: NDArray[np.uint8]) -> None:
        if pixels.ndim != 4 or pixels.shape[1:] != self.picture_shape:
            raise ModelError(
                tr(
                    "The model reads pictures of {expected}, and these are {found}: train a model on them,"
                    " or open them at that size and colour.",
                    expected=shape_text(self.picture_shape),
                    found=shape_text(pixels.shape[1:]),
                )
            )

    def _checked_codes(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        z = np.ascontiguousarray(z, dtype=np.float32)
        if z.ndim == 1:
            z = z[np.newaxis]
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ModelError(
                tr(
                    "A code of this model has {expected} elements, not {found}.",
                    expected=self.latent_dim,
                    found=z.shape[-1],
                )
            )
        return z if z.flags.writeable else z.copy()  # torch warns about memory that it must not write


def shape_text(shape: tuple[int, ...]) -> str:
    """A picture's shape as a person reads it: "64×64 colour"."""
    match shape:
        case (height, width, 1):
            return tr("{width}×{height} grey", width=width, height=height)
        case (height, width, 3):
            return tr("{width}×{height} colour", width=width, height=height)
        case _:
            return "×".join(str(n) for n in shape)


def weights_fingerprint(path: Path) -> str:
    """SHA-256 in hex of a weights file, which tells one training from another. Raises: ModelError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            tr("The weights {path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
        ) from None


def _batches(count: int, size: int = BATCH) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _brief(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[1] if len(lines) > 1 else lines[0])[:200].rstrip(".")
