"""The losses against torch.distributions, pythae's numbers and sums written out by hand."""

import math
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from core.config import ObjectiveName, ReconstructionName, is_variational
from core.densities import log_sums
from core.errors import ConfigError
from core.models import Forward, NetworkConfig, build_network
from core.objectives import (
    OBJECTIVES,
    PLAIN,
    Loss,
    Terms,
    kl_to_prior,
    squared_mmd,
    total_correlation_terms,
    warmed_up,
)
from core.ranks import Part, Ranks
from core.reconstruction import RECONSTRUCTIONS, check_reconstruction


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
    loss = OBJECTIVES["ae"](network, x, None, 7.0, PLAIN)
    expected = ((network(x).recon - x) ** 2).sum().item() / (6 * 3 * 8 * 12)
    assert loss.total.item() == pytest.approx(expected, rel=1e-5)
    assert loss.total.item() == loss.reconstruction.item() == loss.mse.item()
    assert loss.kl.item() == 0


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_vae_sums_per_picture_and_averages_over_the_batch(beta: float) -> None:
    x, network = batch_and_network("vae")
    loss = OBJECTIVES["vae"](network, x, torch.Generator().manual_seed(3), beta, PLAIN)
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


# ---- the other objectives ---------------------------------------------------------------------

DIMS, PICTURES = 3, 5


def numbers(count: int, dims: int, frequency: float) -> np.ndarray:
    """Numbers (count, dims) that any program can make again: sin((i + 1) frequency)."""
    return np.sin((np.arange(count * dims) + 1.0) * frequency).reshape(count, dims)


MEAN, LOG_STD = 1.5 * numbers(PICTURES, DIMS, 1.3), 0.5 * numbers(PICTURES, DIMS, 0.7) - 0.5
NOISE, PRIOR = numbers(PICTURES, DIMS, 2.1), 1.2 * numbers(PICTURES, DIMS, 0.9)
CODES = MEAN + np.exp(LOG_STD) * NOISE
X, RECON = numbers(PICTURES, 4, 0.31), numbers(PICTURES, 4, 0.37)

# pythae 0.1.2 on these numbers, in float64. Its squared error has a factor 1/2, so it is given apart.
PYTHAE_HALF_ERROR = 0.5788219335505254
PYTHAE_BETA_VAE = 9.868870403311004  # BetaVAE.loss_function, beta 4
PYTHAE_KL = 2.3225121174401195
PYTHAE_BETA_TCVAE = 53.64010499849341  # BetaTCVAE.loss_function, 6 TC, use_mss=False, of 100 pictures
PYTHAE_MMD = -0.3830648913904193  # INFOVAE_MMD.loss_function and WAE_MMD's, imq, bandwidth 1, their scales


class Given(nn.Module):
    """A network whose encoder and decoder give the numbers above, whatever the picture."""

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Forward:
        mean, log_std = torch.tensor(MEAN), torch.tensor(LOG_STD)
        z = mean if noise is None else mean + log_std.exp() * noise
        return Forward(torch.tensor(RECON, dtype=torch.float64).view(PICTURES, 1, 2, 2), z, mean, log_std)


def loss_of(objective: ObjectiveName, noise: np.ndarray, beta: float, **terms: Any) -> Loss:
    x = torch.tensor(X, dtype=torch.float32).view(PICTURES, 1, 2, 2)
    return OBJECTIVES[objective](Given(), x, torch.tensor(noise), beta, Terms(**terms))


def test_beta_vae_is_pythaes_but_for_the_half_of_its_squared_error() -> None:
    loss = loss_of("beta-vae", NOISE, 4.0)
    assert loss.total.item() == pytest.approx(PYTHAE_BETA_VAE + PYTHAE_HALF_ERROR, rel=1e-5)
    assert loss.kl.item() == pytest.approx(PYTHAE_KL, rel=1e-5)
    assert loss.kl_of_dims is not None
    assert loss.kl_of_dims.sum().item() == pytest.approx(PYTHAE_KL, rel=1e-5)


def test_beta_tcvae_is_pythaes_and_a_sum_written_out() -> None:
    loss = loss_of("beta-tcvae", NOISE, 6.0, pictures=100)
    assert loss.total.item() == pytest.approx(PYTHAE_BETA_TCVAE + PYTHAE_HALF_ERROR, rel=1e-5)
    assert loss.kl.item() == pytest.approx(PYTHAE_KL, rel=1e-5)

    def density(i: int, j: int, d: int) -> float:
        std = math.exp(LOG_STD[j, d])
        return math.exp(-0.5 * ((CODES[i, d] - MEAN[j, d]) / std) ** 2) / (std * math.sqrt(2 * math.pi))

    information = correlation = marginals = 0.0
    weight = 1 / (100 * PICTURES)
    for i in range(PICTURES):
        own = math.prod(density(i, i, d) for d in range(DIMS))
        joint = weight * sum(math.prod(density(i, j, d) for d in range(DIMS)) for j in range(PICTURES))
        product = math.prod(weight * sum(density(i, j, d) for j in range(PICTURES)) for d in range(DIMS))
        prior = math.prod(math.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) for z in CODES[i])
        information += math.log(own / joint) / PICTURES
        correlation += math.log(joint / product) / PICTURES
        marginals += math.log(product / prior) / PICTURES
    found = total_correlation_terms(torch.tensor(CODES), torch.tensor(MEAN), torch.tensor(LOG_STD), 100)
    assert [term.item() for term in found] == pytest.approx([information, correlation, marginals], rel=1e-9)


def test_the_gradients_of_the_densities_are_those_of_small_steps() -> None:
    parts = [torch.tensor(part, requires_grad=True) for part in (CODES, MEAN, LOG_STD)]
    assert torch.autograd.gradcheck(log_sums, parts)


def test_mmd_vae_is_pythaes_and_a_sum_written_out() -> None:
    loss = loss_of("mmd-vae", np.concatenate([NOISE, PRIOR], axis=1), 10.0)
    assert loss.total.item() == pytest.approx(2 * PYTHAE_HALF_ERROR + 10 * PYTHAE_MMD, rel=1e-5)
    assert loss.kl.item() == pytest.approx(PYTHAE_KL, rel=1e-5)  # which is not in the loss

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        scales = (2 * DIMS * s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))
        return sum(c / (c + float(((a - b) ** 2).sum())) for c in scales)

    every = range(PICTURES)
    pairs = [(i, j) for i in every for j in every if i != j]
    within = sum(kernel(a[i], a[j]) for a in (CODES, PRIOR) for i, j in pairs) / len(pairs)
    across = sum(kernel(CODES[i], PRIOR[j]) for i in every for j in every) / PICTURES**2
    found = squared_mmd(torch.tensor(CODES), torch.tensor(PRIOR))
    assert found.item() == pytest.approx(within - 2 * across, rel=1e-9)


def test_the_mmd_of_equal_distributions_is_nothing_and_grows_with_their_distance() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 500, 8, generator=generator)
    found = [squared_mmd(a + shift, b).item() for shift in (0.0, 0.5, 1.0, 2.0)]
    assert abs(found[0]) < 0.01
    assert found == sorted(found)
    assert squared_mmd(0.1 * a, b).item() > 1.0


@pytest.mark.parametrize("objective", ["beta-tcvae", "mmd-vae"])
def test_a_batch_of_one_picture_has_finite_gradients(objective: ObjectiveName) -> None:
    x, network = batch_and_network(objective)
    loss = OBJECTIVES[objective](network, x[:1], torch.Generator().manual_seed(1), 5.0, Terms(pictures=6))
    loss.total.backward()
    assert math.isfinite(loss.total.item())
    assert all(
        torch.isfinite(weight.grad).all() for weight in network.parameters() if weight.grad is not None
    )


def test_denoising_ae_gets_noisy_pictures_and_is_asked_for_clean_ones() -> None:
    x, network = batch_and_network("denoising-ae")
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(5))
    expected = ((network(x + 0.4 * noise).recon - x) ** 2).mean().item()
    terms = Terms(noise_std=0.4)
    assert OBJECTIVES["denoising-ae"](network, x, noise, 1.0, terms).total.item() == pytest.approx(expected)
    drawn = OBJECTIVES["denoising-ae"](network, x, torch.Generator().manual_seed(5), 1.0, terms)
    assert drawn.total.item() == pytest.approx(expected)
    assert drawn.kl_of_dims is None
    clean = OBJECTIVES["denoising-ae"](network, x, None, 1.0, terms).total.item()
    assert clean == OBJECTIVES["ae"](network, x, None, 1.0, PLAIN).total.item() != pytest.approx(expected)


@pytest.mark.parametrize("objective", ["vae", "beta-vae", "beta-tcvae", "mmd-vae"])
def test_warm_up_scales_all_that_is_asked_of_the_codes(objective: ObjectiveName) -> None:
    noise = np.concatenate([NOISE, PRIOR], axis=1) if objective == "mmd-vae" else NOISE
    none, half, whole = (loss_of(objective, noise, 4.0, share=share).total for share in (0.0, 0.5, 1.0))
    assert none.item() == pytest.approx(2 * PYTHAE_HALF_ERROR, rel=1e-5)
    assert (half - none).item() == pytest.approx(0.5 * (whole - none).item(), rel=1e-5)


def test_warm_up_rises_evenly_from_nothing() -> None:
    assert [warmed_up(step, 4) for step in range(6)] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert warmed_up(0, 0) == 1.0


class Together(Ranks):
    """One of several ranks, without the others: what they would add is known."""

    def summed(self, tensor: Tensor) -> Tensor:
        return EVERY_ROW[: len(tensor), : tensor.shape[1]].clone()


EVERY_ROW = torch.tensor(CODES)


def test_a_term_of_the_whole_batch_has_the_gradients_of_one_process() -> None:
    """Each rank's loss is weighted by its share of the batch, and gradients are summed over the ranks."""
    codes, prior = torch.tensor(CODES, requires_grad=True), torch.tensor(PRIOR)
    expected = torch.autograd.grad(squared_mmd(codes, prior), codes)[0]
    found = torch.zeros_like(expected)
    for rank in range(2):
        part = Part(PICTURES, Together(rank, 2))
        share = part.ranks.share(PICTURES)
        own = EVERY_ROW[share].clone().requires_grad_()
        term = part.of_all(squared_mmd(part.whole(own), prior))
        assert term.item() == pytest.approx(squared_mmd(codes, prior).item())
        found[share] = torch.autograd.grad(term * len(own) / PICTURES, own)[0]
    torch.testing.assert_close(found, expected)


# ---- reconstruction terms ---------------------------------------------------------------------


def test_reconstruction_terms_are_what_they_say() -> None:
    generator = torch.Generator().manual_seed(4)
    recon, x = torch.rand(2, 3, 3, 8, 8, generator=generator) * 2 - 1
    p, t = ((part.double().numpy() + 1) / 2 for part in (recon, x))
    assert RECONSTRUCTIONS["mse"](recon, x).item() == pytest.approx(4 * ((p - t) ** 2).mean(), rel=1e-5)
    assert RECONSTRUCTIONS["l1"](recon, x).item() == pytest.approx(2 * abs(p - t).mean(), rel=1e-5)
    entropy = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    assert RECONSTRUCTIONS["bce"](recon, x).item() == pytest.approx(entropy, rel=1e-5)


def test_bce_stays_finite_where_a_tanh_in_bfloat16_is_full() -> None:
    recon = torch.tensor([[-1.0, 1.0, 1.0, 0.5]]).bfloat16().float().requires_grad_()
    loss = RECONSTRUCTIONS["bce"](recon, torch.tensor([[1.0, -1.0, 1.0, 0.5]]))
    loss.backward()
    assert loss.item() == pytest.approx((2 * -math.log(1e-6) + 0.5623) / 4, rel=1e-2)
    assert recon.grad is not None
    assert torch.isfinite(recon.grad).all()


def test_ms_ssim_is_the_librarys_where_that_has_room_for_five_scales() -> None:
    library = pytest.importorskip("pytorch_msssim")
    generator = torch.Generator().manual_seed(6)
    rough = torch.rand(2, 3, 12, 12, generator=generator)
    x = functional.interpolate(rough, size=(176, 176), mode="bilinear") * 2 - 1
    recon = (x + 0.3 * torch.randn(x.shape, generator=generator)).clamp(-1, 1)
    expected = library.ms_ssim((recon + 1) / 2, (x + 1) / 2, data_range=1.0).item()
    assert RECONSTRUCTIONS["ms-ssim"](recon, x).item() == pytest.approx(1 - expected, rel=1e-5)


@pytest.mark.parametrize("side", [8, 9, 11, 28, 43, 64])
def test_ms_ssim_of_small_pictures_has_fewer_scales_and_finite_slopes(side: int) -> None:
    pytest.importorskip("pytorch_msssim")
    x = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(7)) * 2 - 1
    term = RECONSTRUCTIONS["ms-ssim"]
    assert term(x, x).item() == pytest.approx(0.0, abs=1e-5)
    recon = (-x).requires_grad_()  # the opposite: contrast and structure are below 0
    term(recon, x).backward()
    assert recon.grad is not None
    assert torch.isfinite(recon.grad).all()
    near, far = (term((x + amount).clamp(-1, 1), x).item() for amount in (0.1, 0.5))
    assert 0.0 < near < far < 1.0


def test_without_its_package_ms_ssim_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_msssim.ssim", None)
    check_reconstruction("bce")
    with pytest.raises(ConfigError, match=r"ms-ssim needs the package pytorch-msssim: pip install"):
        check_reconstruction("ms-ssim")


@pytest.mark.parametrize("reconstruction", ["l1", "bce", "ms-ssim"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_takes_every_term(
    objective: ObjectiveName, reconstruction: ReconstructionName
) -> None:
    pytest.importorskip("pytorch_msssim")
    x, network = batch_and_network(objective)
    generator = torch.Generator().manual_seed(2)
    loss = OBJECTIVES[objective](network, x, generator, 0.0, Terms(reconstruction=reconstruction))
    recon = network(x, torch.Generator().manual_seed(2)).recon if is_variational(objective) else None
    if recon is not None:
        expected = RECONSTRUCTIONS[reconstruction](recon, x).item() * 3 * 8 * 12
        assert loss.reconstruction.item() == pytest.approx(expected, rel=1e-4)
        assert loss.mse.item() == pytest.approx(((recon - x) ** 2).mean().item(), rel=1e-5)
    loss.total.backward()
    assert all(torch.isfinite(w.grad).all() for w in network.parameters() if w.grad is not None)
