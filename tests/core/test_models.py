"""The networks against the assignment's own layers in plain torch, and their shapes at many sizes."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from core.models import NETWORKS, NetworkConfig, blank_network, build_network, empty_network
from core.models.architecture import architecture, architecture_text, parameter_count
from core.models.network import LOG_STD_LIMIT

WIDTHS = [12288, 1024, 512, 256, 128, 64]


def config(network: str = "fc", objective: str = "ae", side: int = 64, **changes: object) -> NetworkConfig:
    values = {"height": side, "width": side, "channels": 3, "latent_dim": 64}
    return NetworkConfig.model_validate({"network": network, "objective": objective, **values, **changes})


def plain(widths: list[int], last: list[nn.Module]) -> nn.Sequential:
    """The assignment's layers, written down independently of ours."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        modules += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.1)]
    return nn.Sequential(*modules[:-1], *last)


def test_fc_is_the_assignments_network_with_torchs_own_first_weights() -> None:
    generator = torch.Generator().manual_seed(5)
    ours = build_network(config(), generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        theirs = nn.ModuleDict({"encoder": plain(WIDTHS, []), "decoder": plain(WIDTHS[::-1], [nn.Tanh()])})
    expected = theirs.state_dict()
    assert list(ours.state_dict()) == list(expected)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in ours.state_dict().items())
    assert sorted({name.rsplit(".", 1)[0] for name in expected}) == sorted(
        f"{part}.{index}" for part in ("encoder", "decoder") for index in (0, 2, 4, 6, 8)
    )
    x = torch.rand(3, 3, 64, 64, generator=generator) * 2 - 1
    with torch.inference_mode():
        z = theirs["encoder"](x.reshape(3, -1))
        recon, own_z, mean, log_std = ours(x)
        torch.testing.assert_close(own_z, z, rtol=0, atol=1e-6)
        torch.testing.assert_close(recon.reshape(3, -1), theirs["decoder"](z), rtol=0, atol=1e-6)
    assert mean is own_z
    assert log_std is None


def test_a_vae_adds_noise_of_the_spread_that_its_encoder_gives() -> None:
    network = build_network(config(objective="vae", side=8, latent_dim=6))
    x = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    raw = network.encoder(x.flatten(1))
    assert raw.shape == (5, 12)
    mean, log_std = raw[:, :6], raw[:, 6:]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        noise = torch.randn(5, 6)
    forward = network(x, torch.Generator().manual_seed(9))
    torch.testing.assert_close(forward.z, mean + torch.exp(log_std) * noise)
    torch.testing.assert_close(forward.log_std, log_std)
    torch.testing.assert_close(network.encode(x), mean)
    torch.testing.assert_close(network(x).z, mean)  # no generator, no noise


def test_a_wild_log_std_stays_finite_and_a_sane_one_is_untouched() -> None:
    network = build_network(config(objective="vae", side=8, latent_dim=2))
    last = network.encoder[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    last.bias.data = torch.tensor([0.0, 0.0, 1e6, 9.5])
    log_std = network.posterior(torch.zeros(1, 3, 8, 8)).log_std
    assert log_std is not None
    assert log_std.tolist() == [[LOG_STD_LIMIT, 9.5]]


@pytest.mark.parametrize("objective", ["ae", "vae"])
@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (9, 31, 3), (96, 64, 3)])
def test_every_network_takes_every_picture(network: str, objective: str, shape: tuple[int, int, int]) -> None:
    height, width, channels = shape
    built = build_network(
        config(network, objective, height=height, width=width, channels=channels, latent_dim=5)
    )
    forward = built(torch.rand(2, channels, height, width) * 2 - 1, torch.Generator())
    assert forward.recon.shape == (2, channels, height, width)
    assert forward.z.shape == forward.mean.shape == (2, 5)
    assert (forward.log_std is None) == (objective == "ae")
    assert forward.recon.detach().abs().max().item() <= 1
    forward.recon.sum().backward()
    unreached = [name for name, weight in built.named_parameters() if weight.grad is None]
    assert unreached == []


@pytest.mark.parametrize("network", list(NETWORKS))
def test_an_empty_network_draws_nothing_and_has_the_shapes_of_a_full_one(network: str) -> None:
    described = config(network, side=16)
    before = torch.get_rng_state()
    empty = empty_network(described)
    torch.testing.assert_close(torch.get_rng_state(), before)
    full = build_network(described)
    assert all(weight.device.type == "cpu" for weight in empty.parameters())
    assert [(name, tensor.shape) for name, tensor in empty.state_dict().items()] == [
        (name, tensor.shape) for name, tensor in full.state_dict().items()
    ]
    empty.load_state_dict(full.state_dict())
    x = torch.zeros(1, described.channels, described.height, described.width)
    torch.testing.assert_close(empty(x).recon, full(x).recon)


def test_first_weights_depend_on_the_generator_alone() -> None:
    torch.manual_seed(1)
    first = build_network(config("conv", side=16), torch.Generator().manual_seed(3)).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = build_network(config("conv", side=16), torch.Generator().manual_seed(3)).state_dict()
    other = build_network(config("conv", side=16), torch.Generator().manual_seed(4)).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["encoder.0.weight"], other["encoder.0.weight"])


def test_conv_fits_the_bundle() -> None:
    assert parameter_count(config("conv", "vae")) <= 1_900_000


@pytest.mark.parametrize("network", list(NETWORKS))
def test_architecture_tells_every_layer_and_all_the_weights(network: str) -> None:
    described = config(network, "vae", 24)
    rows = architecture(described)
    blank = blank_network(described)
    assert sum(row.parameters for row in rows) == sum(weight.numel() for weight in blank.parameters())
    leaves = [name for name, module in blank.named_modules() if not list(module.children())]
    assert [row.name for row in rows] == leaves
    assert rows[-1].output_shape[-1] in (24, 24 * 24 * 3)
    text = architecture_text(described)
    lines = [line for line in text.splitlines() if line]
    assert len({len(line) for line in lines[1:]}) == 1  # aligned
    assert lines[-1].endswith(f"{parameter_count(build_network(described)):,}")


def test_the_assignments_architecture_in_numbers() -> None:
    rows = {row.name: row for row in architecture(config())}
    assert rows["encoder.0"].parameters == 12288 * 1024 + 1024
    assert rows["encoder.8"].output_shape == (64,)
    assert rows["decoder.8"].kind == "Linear 1024 -> 12288"
    expected = sum(a * b + b for a, b in pairwise(WIDTHS)) + sum(a * b + b for a, b in pairwise(WIDTHS[::-1]))
    assert parameter_count(config()) == expected


@pytest.mark.parametrize("side", [16, 28])
def test_conv_begins_at_the_mean_colour(side: int) -> None:
    network = build_network(config("conv", "vae", side))
    dice = torch.Generator().manual_seed(2)
    x = torch.rand((40, 3, side, side), generator=dice) * torch.tensor([0.1, 0.5, 1.0])[:, None, None] - 1.0
    x[:, 1] = 1.0  # a colour that tanh never reaches
    network.begin(lambda: x, dice)
    last = [layer for layer in network.decoder if isinstance(layer, nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight.zero_()
        decoded = network.decode(torch.randn((2, 64), generator=dice))
    expected = torch.stack([x[:, 0].mean(), torch.tensor(0.99), x[:, 2].mean()])
    assert torch.allclose(decoded, expected[:, None, None].expand_as(decoded), atol=1e-5)


@pytest.mark.parametrize("objective", ["ae", "vae"])
def test_fc_begins_as_a_linear_map_that_keeps_lengths(objective: str) -> None:
    network = build_network(config("fc", objective)).eval()
    network.begin(lambda: torch.ones((2, 3, 64, 64)), torch.Generator().manual_seed(1))
    dice = torch.Generator().manual_seed(2)
    z, x = torch.randn((64, 64), generator=dice), torch.randn((64, 3, 64, 64), generator=dice)
    with torch.no_grad():
        encoded, before_tanh = network.encode, network.decoder[:-1]
        for map_of, given in ((encoded, x), (before_tanh, z)):
            once = map_of(given)
            torch.testing.assert_close(map_of(-3.0 * given), -3.0 * once, rtol=1e-4, atol=1e-4)
            mixed = map_of(given + given.flip(0))
            torch.testing.assert_close(mixed, once + once.flip(0), rtol=1e-4, atol=1e-4)
        columns = before_tanh(torch.eye(64))  # the decoder's matrix, (D, C*H*W)
    rows = torch.autograd.functional.jacobian(lambda one: encoded(one)[0], x[:1])  # the encoder's
    # 512 random rows of 12,288 have singular values of 1 +- sqrt(512 / 12288) (Marchenko and Pastur 1967)
    edge = (512 / 12288) ** 0.5
    for matrix in (columns, rows.reshape(64, 12288)):
        lengths = torch.linalg.svdvals(matrix)
        assert 1 - edge < lengths.min()
        assert lengths.max() < 1 + edge
    if objective == "vae":
        log_std = network.posterior(x).log_std
        assert log_std is not None
        assert log_std.abs().max() == 0


def test_fc_begins_so_with_widths_that_are_odd_and_by_the_generator_alone() -> None:
    described = config("fc", side=8, latent_dim=3, hidden=(17, 9))
    networks = [build_network(described, torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    for network in networks:
        network.begin(lambda: torch.ones((2, 3, 8, 8)), torch.Generator().manual_seed(5))
    first, second = (network.state_dict() for network in networks)
    assert all(torch.equal(first[name], second[name]) for name in first)
    for name, weight in first.items():
        assert weight.isfinite().all()
        assert weight.count_nonzero() == (weight.numel() if "weight" in name else 0)
