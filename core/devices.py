"""Where and in which number format to compute, decided from the hardware alone."""

from collections.abc import Callable
from typing import Literal

import torch

from core.config import TrainConfig
from core.errors import TrainingError
from core.translate import tr

Precision = Literal["float32", "bfloat16"]

AVAILABLE: dict[str, Callable[[], bool]] = {  # in order of preference
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "cpu": lambda: True,
}


def resolve_device(name: str) -> torch.device:
    """The device of name; auto is CUDA, then MPS, then the processor. Raises: TrainingError if absent."""
    if name == "auto":
        name = next(device for device, available in AVAILABLE.items() if available())
    elif not AVAILABLE[name]():
        raise TrainingError(
            tr("This machine has no {device} device that torch can use; choose auto or cpu.", device=name)
        )
    return torch.device(name)


def resolve_precision(name: str, device: torch.device) -> Precision:
    """The number format of that name; auto is bfloat16 where device multiplies it in hardware."""
    formats: dict[str, Precision] = {
        "float32": "float32",
        "bfloat16": "bfloat16",
        "auto": "bfloat16" if has_bfloat16(device) else "float32",
    }
    return formats[name]


def has_bfloat16(device: torch.device) -> bool:
    """Whether device multiplies bfloat16 matrices in hardware: elsewhere it would be slower, not faster."""
    match device.type:
        case "cuda":
            return torch.cuda.is_bf16_supported(including_emulation=False)
        case "cpu":
            has = torch.cpu.get_capabilities()
            return any(has.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
        case _:
            return False


def resolve(config: TrainConfig) -> tuple[torch.device, Precision]:
    """Device and precision that config gives on this machine. Raises: TrainingError."""
    device = resolve_device(config.device)
    return device, resolve_precision(config.precision, device)
