"""A network laid open for reading: one row a layer, and the rows as text that can be copied into a report."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from core.config import TrainConfig, objective_text
from core.models import Network, NetworkConfig, blank_network, empty_network
from core.translate import tr

LARGE = 2**26  # weights of the encoder; of the assignment's it is a fifth


@dataclass(frozen=True)
class LayerRow:
    """One layer: its name in the state dict, what it is, its output's shape per picture, its weights."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


def architecture(network: Network | NetworkConfig) -> tuple[LayerRow, ...]:
    """The layers in the order in which a picture passes them.

    One picture goes through weights that are whatever the memory holds: 10 ms for the assignment's network.
    The meta device would compute no number, but its first use imports sympy: 2 s and 90 MB. So it is for
    networks that are large, or whose config says so: 10 s and more for weights that may never have been.
    """
    config = network.config if isinstance(network, Network) else network
    is_large = _most_weights(config) > LARGE
    shapes_only = (blank_network if is_large else empty_network)(config).eval()
    device = "meta" if is_large else "cpu"
    picture = torch.empty(1, config.channels, config.height, config.width, device=device)
    rows: list[LayerRow] = []

    def watch(name: str, module: nn.Module) -> None:
        def note(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            count = sum(weight.numel() for weight in module.parameters())
            rows.append(LayerRow(name, _kind(module), tuple(output.shape[1:]), count))

        module.register_forward_hook(note)

    for name, module in shapes_only.named_modules():
        if not any(True for _ in module.children()):
            watch(name, module)
    with torch.inference_mode():
        shapes_only(picture)
    return tuple(rows)


def _most_weights(config: NetworkConfig) -> int:
    """The weights of an encoder of linear layers; networks of other kinds have fewer, or a bound."""
    pixels = config.channels * config.height * config.width
    widths = (pixels, *config.hidden, config.code_outputs)
    return sum(inputs * outputs for inputs, outputs in pairwise(widths))


def parameter_count(network: Network | NetworkConfig) -> int:
    """Weights and biases of the whole network."""
    return sum(row.parameters for row in architecture(network))


def architecture_text(network: Network | NetworkConfig, train: TrainConfig | None = None) -> str:
    """The rows as lines in aligned columns, with the total at the end; train says what it is trained for."""
    config = network.config if isinstance(network, Network) else network
    rows = architecture(config)
    table = [(tr("layer"), tr("what it is"), tr("output"), tr("parameters"))]
    table += [(row.name, row.kind, _shape(row.output_shape), f"{row.parameters:,}") for row in rows]
    total = sum(row.parameters for row in rows)
    table.append((tr("total"), "", "", f"{total:,}"))
    widths = [max(len(line[column]) for line in table) for column in range(4)]
    lines = [
        f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {shape:>{widths[2]}}  {count:>{widths[3]}}"
        for name, kind, shape, count in table
    ]
    rule = "-" * len(lines[0])
    heading = tr(
        "{network} {objective}, {height}x{width}x{channels} pictures, {latent_dim} dimensions",
        network=config.network,
        objective=config.objective,
        height=config.height,
        width=config.width,
        channels=config.channels,
        latent_dim=config.latent_dim,
    )
    trained = [tr("trained for {aim}", aim=objective_text(train))] if train is not None else []
    return "\n".join([heading, *trained, "", lines[0], rule, *lines[1:-1], rule, lines[-1]]) + "\n"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)


def _kind(module: nn.Module) -> str:
    """The layer in a few words: its class, and what it joins where it has weights."""
    match module:
        case nn.Linear():
            return f"Linear {module.in_features} -> {module.out_features}"
        case nn.Conv2d() | nn.ConvTranspose2d():
            stride = f", stride {module.stride[0]}" if module.stride[0] > 1 else ""
            size = f"{module.kernel_size[0]}x{module.kernel_size[1]}"
            kind = "Conv" if isinstance(module, nn.Conv2d) else "ConvTranspose"
            return f"{kind} {size}{stride}, {module.in_channels} -> {module.out_channels}"
        case nn.GroupNorm():
            return f"GroupNorm, {module.num_groups} groups"
        case nn.LeakyReLU():
            return f"LeakyReLU({module.negative_slope})"
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return f"{type(module).__name__} {module.num_features}"
        case nn.PixelShuffle():
            return f"PixelShuffle({module.upscale_factor})"
        case _:
            return type(module).__name__
