"""Weights in safetensors from elsewhere: the header is held against the file before anything is read."""

from dataclasses import dataclass
from pathlib import Path

import safetensors
from torch import Tensor

from core.importing.pickles import RefusedError, TensorPlace
from core.tensor_headers import read_tensor_header
from core.translate import tr


@dataclass(frozen=True, eq=False)
class SafetensorsFile:
    """A safetensors file as its header describes it."""

    path: Path
    places: dict[str, TensorPlace]
    metadata: dict[str, str]

    def read(self) -> dict[str, Tensor]:
        """Its tensors by name. Raises: RefusedError."""
        try:
            with safetensors.safe_open(self.path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in self.places}
        except (safetensors.SafetensorError, OSError, MemoryError) as error:
            raise RefusedError(tr("it cannot be read ({reason})", reason=str(error)[:100])) from None


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as a safetensors file does."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") < 2**40


def open_safetensors(path: Path) -> SafetensorsFile:
    """What a file's header says. Raises: RefusedError, OSError."""
    try:
        header = read_tensor_header(path)
    except ValueError as error:
        raise RefusedError(str(error)) from None
    places = {name: TensorPlace(shape) for name, (_type, shape) in header.tensors.items()}
    return SafetensorsFile(path, places, header.metadata)
