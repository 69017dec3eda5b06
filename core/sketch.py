"""Decodes one code at a time, as soon as that can be done, for a picture seen while a hand moves."""

import copy
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.codec import Codec
from core.devices import has_bfloat16
from core.models.network import Network, NetworkConfig

# Weights of a layer from which on half the bytes are read sooner: fc's last has 12.6 million.
LARGE = 4_000_000
_WARMING = 3  # calls until what was recorded runs at its speed

Recording = Callable[..., Tensor]

# Of the kinds of network that were turned last: 0.4 MB each of fc, 1.5 MB of conv.
_MOST_RECORDINGS = 4
_recordings: OrderedDict[tuple[NetworkConfig, torch.device], Recording] = OrderedDict()


class Sketch:
    """Decodes as a codec does, nearly: a pixel may differ by a level or two of 255, seldom by three.

    - The decoder is recorded once and runs as one call. Layer by layer, each of its operations waits for the
      interpreter while the window paints or a network trains: conv then took 15 ms, and as one call 4 ms.
    - Large layers are kept in bfloat16, where the processor multiplies that: fc took 3.8 ms and not 5.1.
    - Convolutions are too, all of a decoder's, with a pixel's channels side by side: 1.1 ms and not 2.1.

    The recording is used again wherever a network is the same but for its weights, which takes 20 ms and not
    150. Any number of threads may decode at the same time.
    """

    def __init__(self, codec: Codec) -> None:
        self._device = next(codec.network.parameters()).device
        screen = _Screen(_lightened(codec.network, self._device))
        tensors = {name: tensor for name, tensor in screen.state_dict().items() if ".decoder." in name}
        self._weights = tuple(tensors.values())
        kind = (codec.config, self._device)
        self._run = _recordings.pop(kind, None) or _recorded(screen, tuple(tensors), self._weights)
        _recordings[kind] = self._run
        while len(_recordings) > _MOST_RECORDINGS:
            _recordings.popitem(last=False)

    def decode(self, z: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The picture (H,W,C) of one code (D,)."""
        with torch.inference_mode():
            code = torch.from_numpy(np.array(z, dtype=np.float32)[np.newaxis]).to(self._device)
            return self._run(code, *self._weights).cpu().numpy()


class _Screen(nn.Module):
    """From a code (1,D) to bytes (H,W,C), as codec and pixels do it: recorded whole, without a way back."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        pictures = torch.nan_to_num(self.network.decode(z), nan=0.0, posinf=1.0, neginf=-1.0)
        levels = pictures.clamp(-1.0, 1.0).add(1.0).mul(127.5).round().to(torch.uint8)
        return levels[0].permute(1, 2, 0).contiguous()


class _Cast(nn.Module):
    """Its input in another type."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        return x.to(self.dtype)


class _HalfLinear(nn.Module):
    """A linear layer for one row whose weights are kept in bfloat16; bias and result stay float32."""

    weight: Tensor
    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("weight", linear.weight.detach().to(torch.bfloat16))
        self.register_buffer("bias", linear.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        # mv, since linear() copies bfloat16 weights into another order at every call.
        return torch.mv(self.weight, x[0].to(torch.bfloat16)).float()[None] + self.bias


def _lightened(network: Network, device: torch.device) -> Network:
    """A network that shares the weights of another, but for large layers of its decoder."""
    shared = {id(tensor): tensor for tensor in network.state_dict(keep_vars=True).values()}
    lighter = copy.deepcopy(network, shared)
    if device.type != "cpu" or not has_bfloat16(device):
        return lighter
    if any(isinstance(layer, nn.Conv2d) for layer in lighter.decoder.modules()):
        half = copy.deepcopy(network.decoder).to(torch.bfloat16)
        half = half.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        lighter.decoder = nn.Sequential(_Cast(torch.bfloat16), *half, _Cast(torch.float32))
    else:
        for place, layer in enumerate(lighter.decoder):
            if isinstance(layer, nn.Linear) and layer.weight.numel() >= LARGE:
                lighter.decoder[place] = _HalfLinear(layer)
    return lighter


def _recorded(screen: _Screen, names: tuple[str, ...], weights: tuple[Tensor, ...]) -> Recording:
    """The screen as one call that takes a code and all weights of these names; the screen is used up."""

    def run(z: Tensor, *weights: Tensor) -> Tensor:
        for name, weight in zip(names, weights, strict=True):
            module, _, attribute = name.rpartition(".")
            layer = screen.get_submodule(module)
            delattr(layer, attribute)  # a parameter may not be replaced by a plain tensor
            setattr(layer, attribute, weight)
        return screen(z)

    code = torch.zeros(1, screen.network.config.latent_dim, device=weights[0].device)
    with torch.inference_mode(), warnings.catch_warnings():
        # torch warns of what a layer decides from its shapes, which stay.
        warnings.simplefilter("ignore")
        # The two steps of torch.jit.trace(), which itself keeps what it made until the process ends.
        graph, _picture = torch._C._create_graph_by_tracing(run, (code, *weights), _unnamed, True, False)
        recorded = cast(Recording, torch._C._create_function_from_graph("sketch", graph))
        for _ in range(_WARMING):
            recorded(code, *weights)
    return recorded


def _unnamed(_value: Tensor) -> str:
    """What the recording calls a value: its own numbers do."""
    return ""
