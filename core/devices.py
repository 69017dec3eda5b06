"""Where and in which number format to compute: what the hardware has, and what a short trial measures."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch

from core.allocation import recycled_memory
from core.errors import TrainingError
from core.translate import tr

Precision = Literal["float32", "bfloat16"]

AVAILABLE: dict[str, Callable[[], bool]] = {  # in order of preference
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "cpu": lambda: True,
}

# The trial: a layer of the size of the assignment's, forward and backward.
TRIAL_WIDTHS = (256, 2048, 1024)  # pictures, inputs, outputs
TRIAL_RUNS = 3
WORTH_IT = 1.15  # below it the rounding buys nothing


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
    """The number format of that name; auto is bfloat16 where a trial on device finds it faster."""
    match name:
        case "float32" | "bfloat16":
            return name
        case "auto":
            return "bfloat16" if bfloat16_gain(device.type) >= WORTH_IT else "float32"
        case _:
            raise TrainingError(tr("There is no precision {name}.", name=repr(name)))


@cache
def bfloat16_gain(device_type: str) -> float:
    """How many times as fast device goes through a layer in bfloat16 as in float32; 0 where it cannot.

    Measured once per process, in about 0.1 s on a processor. The best of a few runs of each in turn: other
    work on the machine can only make a run slower.
    """
    if not has_bfloat16(torch.device(device_type)):
        return 0.0
    pictures, inputs, outputs = TRIAL_WIDTHS
    x = torch.ones(pictures, inputs, device=device_type)
    weight = torch.ones(outputs, inputs, device=device_type)

    def seconds(precision: Precision) -> float:
        with rounded_products(precision, device_type, has_convolutions=False):
            start = time.perf_counter()
            _layer(x, weight)
            if device_type == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - start

    formats: tuple[Precision, ...] = ("float32", "bfloat16")
    with recycled_memory(), torch.inference_mode():
        times = [[seconds(precision) for precision in formats] for _ in range(TRIAL_RUNS + 1)]
    in_float32, in_bfloat16 = (min(column) for column in zip(*times[1:], strict=True))  # the first warms up
    return in_float32 / in_bfloat16


@contextmanager
def rounded_products(precision: Precision, device_type: str, *, has_convolutions: bool) -> Iterator[None]:
    """Within the block, forward and backward, matrix products and convolutions take bfloat16 factors.

    Float32 tensors whose products alone are rounded, summed up in float32, cost a processor no more than
    autocast where layers are fully connected (87 ms a step of the assignment's network both), and gradients
    then do not depend on how a batch is divided among processes. Convolutions need autocast, which keeps
    what is between them in bfloat16 too: 583 pictures/s against 324 of conv. Cards have autocast for both,
    and so have processors that cannot do the first (rounds_float32).
    The first way is a switch of the whole process: other threads round as well while the block lasts.
    """
    if precision == "float32":
        yield
    elif device_type == "cpu" and not has_convolutions and rounds_float32():
        with _products_of_float32("bf16"):
            yield
    else:
        with torch.autocast(device_type, torch.bfloat16):
            yield


@cache
def rounds_float32() -> bool:
    """Whether this processor multiplies float32 matrices by factors rounded to bfloat16, where told to.

    oneDNN does so with AMX and ignores the wish elsewhere, also where bfloat16 is multiplied in hardware.
    """
    between = torch.full((64, 64), 1.0 + 2.0**-10)  # two numbers of bfloat16
    with torch.inference_mode(), _products_of_float32("bf16"):
        return bool((between @ torch.eye(64) == 1.0).all())


@contextmanager
def exact_products() -> Iterator[None]:
    """Within the block, no thread of the process rounds its products, whatever rounded_products had begun."""
    with _products_of_float32("ieee"):
        yield


@contextmanager
def _products_of_float32(kind: str) -> Iterator[None]:
    """How oneDNN multiplies float32 matrices within the block; torch has it, its type stubs do not."""
    products = getattr(torch.backends.mkldnn, "matmul")  # noqa: B009
    before = products.fp32_precision
    products.fp32_precision = kind
    try:
        yield
    finally:
        products.fp32_precision = before


def _layer(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The three products of a layer: forward, the gradient of its input, the gradient of its weight."""
    y = x @ weight.T  # (pictures, outputs)
    torch.mm(y, weight)  # (pictures, inputs)
    return y.T @ x  # (outputs, inputs)


def has_bfloat16(device: torch.device) -> bool:
    """Whether device multiplies bfloat16 matrices in hardware: elsewhere a trial would be lost time."""
    match device.type:
        case "cuda":
            return torch.cuda.is_bf16_supported(including_emulation=False)
        case "cpu":
            has = torch.cpu.get_capabilities()
            return any(has.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
        case _:
            return False
