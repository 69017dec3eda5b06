"""Files of other programs: what kind one is, what it names, and the network in it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from core.config import ForeignConfig
from core.errors import ModelError
from core.importing.allowed import Shell
from core.importing.chains import draft_of_state_dict, unwrapped
from core.importing.draft import Choice, Draft, Numbers
from core.importing.libraries import (
    DISENTANGLING_CONFIG,
    PYTHAE_CONFIG,
    draft_of_disentangling,
    draft_of_pythae,
    is_disentangling,
)
from core.importing.modules import draft_of_module
from core.importing.pickles import RefusedError, TensorPlace
from core.importing.safetensors_files import SafetensorsFile, is_safetensors, open_safetensors
from core.importing.torch_files import TorchFile, is_torch_file, open_torch_file
from core.models import NetworkConfig
from core.translate import tr

LARGEST_FILE = 8 * 2**30
# Where programs keep the weights in a checkpoint that holds more.
_KEYS = (
    "model_state_dict", "state_dict", "model_state", "model", "net", "network", "weights", "params",
    "autoencoder", "ae", "vae",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Foreign:
    """A file with the network in it.

    classes are those it names. Either draft is what it describes, or own is the network that it says it is:
    a file of this program. weights says the name and shape of each tensor. is_read: the numbers are here too.
    """

    path: Path
    kind: str
    classes: tuple[str, ...]
    weights: tuple[tuple[str, tuple[int, ...]], ...]
    draft: Draft | None
    own: tuple[NetworkConfig, Mapping[str, Numbers]] | None = None
    is_read: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What is assumed or left out, a sentence each."""
        return self.draft.notes if self.draft else ()

    def guess(self, asked: ForeignConfig, shape: tuple[int, int, int] | None = None) -> Choice | None:
        """The likeliest answers to what the file leaves open; None for a file of this program.

        Raises: ModelError where pictures of no size pass through its layers.
        """
        if self.draft is None:
            return None
        try:
            return self.draft.guess(asked, shape)
        except RefusedError as error:
            raise refusal(self.path, error) from None

    def network(self, choice: Choice | None) -> tuple[NetworkConfig, dict[str, Numbers]]:
        """The network with the choice made, and its numbers by their names in it. Raises: ModelError."""
        if self.own is not None:
            return self.own[0], dict(self.own[1])
        if self.draft is None or choice is None:
            raise TypeError("a draft needs a choice")
        try:
            return self.draft.resolved(choice)
        except RefusedError as error:
            raise refusal(self.path, error) from None


def look_at(path: str | Path) -> Foreign:
    """What a file names and the network that it describes, without its numbers: no tensor is read.

    path may be the folder in which a library left model.pt and its settings. Nothing in the file is imported
    or called, here and in read_foreign. Raises: ModelError, one sentence, for what is refused.
    """
    return _found(path, reads=False)


def read_foreign(path: str | Path) -> Foreign:
    """look_at with the numbers read: tensors on the processor. Raises: ModelError."""
    return _found(path, reads=True)


def classes_of(path: str | Path) -> tuple[str, ...]:
    """The classes that a file names, read off it without reading it. Raises: ModelError as look_at."""
    opened = _opened(path)[1]
    return opened.classes if isinstance(opened, TorchFile) else ()


def refusal(path: Path, error: RefusedError) -> ModelError:
    """The sentence for a file that is refused."""
    return ModelError(tr("{path} cannot be imported: {reason}.", path=path, reason=str(error).rstrip(".")))


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error))


def _file(path: str | Path) -> Path:
    """The file of weights that a path means. Raises: ModelError."""
    file = Path(os.path.expanduser(path))
    if file.is_dir():
        inside = [file / name for name in ("model.pt", "model.safetensors") if (file / name).is_file()]
        if not inside:
            raise ModelError(
                tr("{path} is a folder without a model.pt in it; give the file of the weights.", path=file)
            )
        file = inside[0]
    if not file.is_file():
        raise ModelError(tr("{path} is not a file.", path=file))
    return file


def _opened(path: str | Path) -> tuple[Path, TorchFile | SafetensorsFile]:
    """The file that a path means, looked at but not read. Raises: ModelError."""
    file = _file(path)
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise RefusedError(tr("it is larger than {size} GB", size=LARGEST_FILE // 2**30))
        if is_torch_file(file):
            return file, open_torch_file(file)
        if is_safetensors(file):
            return file, open_safetensors(file)
    except RefusedError as error:
        raise refusal(file, error) from None
    except OSError as error:
        raise _unreadable(file, error) from None
    raise ModelError(
        tr(
            "{path} cannot be imported: it is neither a file of torch.save (.pt, .pth) nor of safetensors.",
            path=file,
        )
    )


def _found(path: str | Path, reads: bool) -> Foreign:
    """The network in the file that a path means. Raises: ModelError."""
    file, opened = _opened(path)
    try:
        return _of_torch(opened, reads) if isinstance(opened, TorchFile) else _of_safetensors(opened, reads)
    except RefusedError as error:
        raise refusal(file, error) from None
    except OSError as error:
        raise _unreadable(file, error) from None


def _of_torch(file: TorchFile, reads: bool) -> Foreign:
    content = file.read() if reads else file.found.value
    for holder in _holders(content):
        if isinstance(holder, Shell):
            draft = draft_of_module(holder)
            weights = _weights_of(draft)
            return Foreign(file.path, draft.kind, file.classes, weights, draft, is_read=reads)
    tensors = _state_dict(content)
    draft = _draft_of(file.path, tensors)
    weights = tuple((name, tuple(tensor.shape)) for name, tensor in tensors.items())
    return Foreign(file.path, draft.kind, file.classes, weights, draft, is_read=reads)


def _of_safetensors(file: SafetensorsFile, reads: bool) -> Foreign:
    tensors: Mapping[str, Numbers] = file.read() if reads else file.places
    weights = tuple((name, tuple(place.shape)) for name, place in file.places.items())
    if "progress" in file.metadata:
        raise RefusedError(
            tr("it is the checkpoint of a run: open the run's folder, or its model.safetensors")
        )
    if "network" in file.metadata:
        try:
            config = NetworkConfig.model_validate_json(file.metadata["network"])
        except (ValidationError, RecursionError):
            raise RefusedError(tr("what it says of its network cannot be read")) from None
        kind = tr(
            "weights of this program, {network} {objective}",
            network=config.network,
            objective=config.objective,
        )
        return Foreign(file.path, kind, (), weights, None, (config, tensors), reads)
    draft = _draft_of(file.path, tensors)
    return Foreign(file.path, draft.kind, (), weights, draft, is_read=reads)


def _draft_of(path: Path, tensors: Mapping[str, Numbers]) -> Draft:
    if not tensors:
        raise RefusedError(tr("it holds no weights"))
    names = unwrapped(tensors)
    if is_disentangling(names):
        return draft_of_disentangling(path, names)
    beside = path.parent / PYTHAE_CONFIG
    if beside.is_file() and not (path.parent / DISENTANGLING_CONFIG).is_file():
        return draft_of_pythae(path, tensors)
    return draft_of_state_dict(tensors)


def _holders(content: Any) -> list[Any]:
    """What a file may keep its weights in: itself, or one of its entries."""
    inside = [content[key] for key in _KEYS if key in content] if isinstance(content, dict) else []
    return [content, *inside]


def _state_dict(content: Any) -> dict[str, Numbers]:
    """The tensors of a checkpoint by their names. Raises: RefusedError."""
    if not isinstance(content, dict):
        raise RefusedError(tr("it holds neither a state dict nor a model"))
    for holder in _holders(content):
        if isinstance(holder, dict) and holder and all(_is_tensor(value) for value in holder.values()):
            return {str(name): value for name, value in holder.items()}
    # Each name in a part gets the part's before it: a long one many times over would be larger than memory.
    parts = {key: value for key, value in content.items() if isinstance(value, dict) and len(str(key)) < 100}
    pairs = [
        (key, part) for key, part in parts.items() if "enc" in str(key).lower() or "dec" in str(key).lower()
    ]
    if len(pairs) >= 2:  # a state dict for each half
        return {
            f"{key}.{name}": value for key, part in pairs for name, value in part.items() if _is_tensor(value)
        }
    raise RefusedError(
        tr(
            "it holds no state dict that is known (it has {names}); save the model's state_dict() alone",
            names=", ".join(ascii(str(name))[1:-1][:30] for name in list(content)[:6]) or tr("nothing"),
        )
    )


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor | TensorPlace)


def _weights_of(draft: Draft) -> tuple[tuple[str, tuple[int, ...]], ...]:
    lines = (
        ("encoder", draft.encoder),
        ("mean", draft.mean),
        ("spread", draft.spread),
        ("decoder", draft.decoder),
    )
    return tuple(
        (f"{name}.{place}.{part}", tuple(tensor.shape))
        for name, line in lines
        for place, piece in enumerate(line)
        for part, tensor in piece.numbers.items()
    )
