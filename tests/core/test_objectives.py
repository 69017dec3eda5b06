"""The losses against torch.distributions and sums written out by hand."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from core.models import NetworkConfig, build_network
from core.objectives import OBJECTIVES, kl_to_prior


def test_kl_is_the_one_of_torch_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(7, 5, generator=generator, dtype=torch.float64) * 3
    log_std = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    expected = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_to_prior(mean, log_std), expected)


def test_kl_of_the_prior_is_nothing() -> None:
    assert kl_to_prior(torch.zeros(2, 3), torch.zeros(2, 3)).tolist() == [0, 0]


def batch_and_network(objective: str):
    network = build_network(
        NetworkConfig.model_validate(
            {
                "network": "fc",
                "objective": objective,
                "height": 8,
                "width": 12,
                "channels": 3,
                "latent_dim": 4,
            }
        )
    )
    return torch.rand(6, 3, 8, 12, generator=torch.Generator().manual_seed(2)) * 2 - 1, network


def test_ae_is_the_mean_squared_error_over_all_pixels() -> None:
    x, network = batch_and_network("ae")
    loss = OBJECTIVES["ae"](network, x, None, 7.0)
    expected = ((network(x).recon - x) ** 2).sum().item() / (6 * 3 * 8 * 12)
    assert loss.total.item() == pytest.approx(expected, rel=1e-5)
    assert loss.total.item() == loss.reconstruction.item() == loss.mse.item()
    assert loss.kl.item() == 0


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_vae_sums_per_picture_and_averages_over_the_batch(beta: float) -> None:
    x, network = batch_and_network("vae")
    loss = OBJECTIVES["vae"](network, x, torch.Generator().manual_seed(3), beta)
    forward = network(x, torch.Generator().manual_seed(3))
    reconstruction, kl = 0.0, 0.0
    for i in range(6):
        reconstruction += sum((forward.recon[i] - x[i]).flatten().pow(2).tolist()) / 6
        for m, s in zip(forward.mean[i].tolist(), forward.log_std[i].tolist(), strict=True):
            kl += 0.5 * (m**2 + math.exp(2 * s) - 1 - 2 * s) / 6
    assert loss.reconstruction.item() == pytest.approx(reconstruction, rel=1e-4)
    assert loss.kl.item() == pytest.approx(kl, rel=1e-3)
    assert loss.total.item() == pytest.approx(reconstruction + beta * kl, rel=1e-4)
    assert loss.mse.item() == pytest.approx(reconstruction / (3 * 8 * 12), rel=1e-4)
