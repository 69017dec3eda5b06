"""What a network is trained for: one function each, with its formula and its paper. No training loop here."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.config import ObjectiveName, ReconstructionName
from core.densities import KERNEL_SCALES, kernel_sum, log_normal, log_sums
from core.models.network import Forward, Noise
from core.ranks import Part
from core.reconstruction import RECONSTRUCTIONS


class Loss(NamedTuple):
    """Scalars of one batch in float32. total is what is minimised; mse is always the mean over all pixels.

    kl is the mean KL of the posteriors to N(0, 1), be it a part of total or not, and 0 for what is not
    variational. kl_of_dims (D,) has no gradient and says how much of it each dimension has; None without one.
    """

    total: Tensor
    reconstruction: Tensor
    kl: Tensor
    mse: Tensor
    kl_of_dims: Tensor | None = None


@dataclass(frozen=True)
class Terms:
    """What an objective needs to know beside the pictures.

    share is how much of what is asked of the codes counts by now, 0 to 1. noise_std is a denoising-ae's.
    pictures is the number of those to train on, which beta-tcvae needs; 0 for those of the batch. part says
    of which batch the pictures are a part; None where they are all of it.
    """

    reconstruction: ReconstructionName = "mse"
    share: float = 1.0
    noise_std: float = 0.3
    pictures: int = 0
    part: Part | None = None


PLAIN = Terms()

# A network, or what wraps one for several processes; pictures; noise as noise_shape says; beta; all else.
Objective = Callable[[nn.Module, Tensor, Noise, float, Terms], Loss]


def noise_shape(
    objective: ObjectiveName, latent_dim: int, picture: tuple[int, int, int]
) -> tuple[int, ...] | None:
    """The shape per picture (C,H,W) of the noise that an objective takes; None for none."""
    match objective:
        case "ae":
            return None
        case "denoising-ae":
            return picture
        case "mmd-vae":  # the posterior's, and codes of the prior
            return (2 * latent_dim,)
        case "vae" | "beta-vae" | "beta-tcvae":
            return (latent_dim,)
        case _:
            raise ValueError(objective)


def warmed_up(step: int, steps: int) -> float:
    """How much of what is asked of the codes counts at a step, counted from 0: 0 at first, 1 after steps.

    Bowman et al. 2016, arXiv:1511.06349, section 3.1; linear as in Sønderby et al. 2016, arXiv:1602.02282.
    """
    return 1.0 if step >= steps else step / steps


def kl_of_dims(mean: Tensor, log_std: Tensor) -> Tensor:
    """KL of N(mean, exp(log_std)^2) to N(0, 1) in each dimension (N, D): 1/2 (mean^2 + exp(2s) - 1 - 2s).

    Kingma and Welling 2013, arXiv:1312.6114, appendix B, with s the log of the standard deviation.
    """
    return 0.5 * (mean.square() + (2 * log_std).exp() - 1 - 2 * log_std)


def kl_to_prior(mean: Tensor, log_std: Tensor) -> Tensor:
    """KL of N(mean, exp(log_std)^2) to N(0, 1) per picture (N,): the sum of that over the dimensions."""
    return kl_of_dims(mean, log_std).sum(dim=1)


def ae(network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 1.0, terms: Terms = PLAIN) -> Loss:
    """Autoencoder: the mean squared error over all pixels, or another term. noise and beta are not used."""
    return _plain(network(x), x, terms)


def denoising_ae(
    network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 1.0, terms: Terms = PLAIN
) -> Loss:
    """Denoising autoencoder: how far the reconstruction of x + noise_std * noise is from x itself.

    Vincent et al. 2010, "Stacked denoising autoencoders" (JMLR 11), with Gaussian noise (N,C,H,W);
    pixels may leave [-1,1] by it. Without noise it is an autoencoder; beta is not used.
    """
    if isinstance(noise, torch.Generator):
        noise = torch.randn(x.shape, generator=noise, device=noise.device).to(x.device)
    seen = x if noise is None else torch.add(x, noise, alpha=terms.noise_std)  # (N, C, H, W)
    return _plain(network(seen), x, terms)


def vae(network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 1.0, terms: Terms = PLAIN) -> Loss:
    """Variational autoencoder: squared error summed per picture plus beta times KL, averaged over the batch.

    Kingma and Welling 2013; beta as in Higgins et al. 2017 (beta-VAE). With both terms summed per picture,
    beta = 1 is the evidence lower bound of a decoder of variance 1/2 at every picture and batch size.
    """
    forward = network(x, noise)
    mean, log_std = _posterior(forward)
    reconstruction, mse = _summed(forward.recon.float(), x, terms)
    kls = kl_of_dims(mean, log_std)  # (N, D)
    kl = kls.sum(dim=1).mean()
    return Loss(reconstruction + beta * terms.share * kl, reconstruction, kl, mse, kls.detach().mean(dim=0))


def beta_vae(
    network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 4.0, terms: Terms = PLAIN
) -> Loss:
    """beta-VAE: reconstruction + beta * KL with beta above 1, so that dimensions share less.

    Higgins et al. 2017, "beta-VAE" (ICLR), formula 4. It is vae's; only what beta is by default differs.
    """
    return vae(network, x, noise, beta, terms)


def beta_tcvae(
    network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 6.0, terms: Terms = PLAIN
) -> Loss:
    """beta-TCVAE: reconstruction + I(z; n) + beta * TC(z) + the sum of KL(q(z_d) || p(z_d)) over dimensions.

    Chen et al. 2018, arXiv:1802.04942, section 3.2, with alpha = gamma = 1. total_correlation_terms says how
    the three are estimated from drawn codes; kl is the mean KL in closed form, no part of the loss.
    """
    forward = network(x, noise)
    mean, log_std = _posterior(forward)
    reconstruction, mse = _summed(forward.recon.float(), x, terms)
    kls = kl_of_dims(mean.detach(), log_std.detach())  # (N, D)
    part = terms.part or Part(len(x))
    z, mean, log_std = part.whole(torch.cat([forward.z.float(), mean, log_std], dim=1)).chunk(3, dim=1)
    information, correlation, marginals = total_correlation_terms(z, mean, log_std, terms.pictures or len(z))
    asked = part.of_all(information + beta * correlation + marginals)
    return Loss(
        reconstruction + terms.share * asked, reconstruction, kls.sum(dim=1).mean(), mse, kls.mean(dim=0)
    )


def total_correlation_terms(
    z: Tensor, mean: Tensor, log_std: Tensor, pictures: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Index-code information, total correlation and dimension-wise KL of a batch of codes (M, D), as scalars.

    With q(z|n) the posterior of picture n of N, minibatch-weighted sampling (Chen et al. 2018, section 3.1):
    log q(z) is estimated as log (1/(N M) sum_m q(z|n_m)), each log q(z_d) likewise. It is biased by what no
    gradient sees, of the order of D log N, for batches of any size M, one included.
    """
    count, dims = z.shape
    joint, product = log_sums(z, mean, log_std)  # (M,) each
    log_weight = math.log(count * pictures)
    joint, product = joint - log_weight, product - dims * log_weight
    own = log_normal(z, mean, log_std).sum(dim=1)  # log q(z|n) (M,)
    prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(dim=1)
    return (own - joint).mean(), (joint - product).mean(), (product - prior).mean()


def mmd_vae(
    network: nn.Module, x: Tensor, noise: Noise = None, beta: float = 1000.0, terms: Terms = PLAIN
) -> Loss:
    """InfoVAE with MMD, a Wasserstein autoencoder: reconstruction + beta * MMD^2(codes, draws from N(0, 1)).

    Zhao et al. 2017, arXiv:1706.02262, with alpha = 1 and lambda = beta; Tolstikhin et al. 2018,
    arXiv:1711.01558, algorithm 2. The encoder is stochastic, as a vae's is, but how far one posterior is from
    the prior costs nothing, so kl is no part of the loss: only all codes together must lie as N(0, 1) does,
    and dimensions that the pictures do not need may stay noise, which a deterministic encoder would have to
    make up (Rubenstein et al. 2018, arXiv:1802.03761). noise (N, 2D): the posteriors', and the prior's draws.
    """
    if noise is None:
        raise TypeError("the mmd-vae objective needs noise: without it there are no draws from the prior")
    if isinstance(noise, torch.Generator):
        forward = network(x, noise)
        prior = torch.randn(forward.z.shape, generator=noise, device=noise.device).to(x.device)
    else:
        of_posterior, prior = noise.chunk(2, dim=1)  # (N, D) each
        forward = network(x, of_posterior)
    mean, log_std = _posterior(forward)
    reconstruction, mse = _summed(forward.recon.float(), x, terms)
    kls = kl_of_dims(mean.detach(), log_std.detach())  # (N, D)
    part = terms.part or Part(len(x))
    asked = part.of_all(squared_mmd(part.whole(forward.z.float()), part.whole(prior.float())))
    return Loss(
        reconstruction + beta * terms.share * asked,
        reconstruction,
        kls.sum(dim=1).mean(),
        mse,
        kls.mean(dim=0),
    )


def squared_mmd(z: Tensor, prior: Tensor) -> Tensor:
    """The squared maximum mean discrepancy of codes z and draws from N(0, 1), (M, D) each; a scalar.

    The unbiased estimate, which may be below 0: means of k over pairs within z and within the draws, minus
    twice the mean over pairs of both (Gretton et al. 2012, lemma 6). k is the inverse multiquadratic kernel,
    summed over seven bandwidths: see kernel_sum. A batch of one picture has no pairs: 0.
    """
    count = len(z)
    if count < 2:
        return (z * 0.0).sum()
    of_itself = count * len(KERNEL_SCALES)  # k(a, a) is 1 at each scale
    within = kernel_sum(z, z) + kernel_sum(prior, prior) - 2 * of_itself
    return within / (count * (count - 1)) - 2.0 * kernel_sum(z, prior) / count**2


OBJECTIVES: dict[ObjectiveName, Objective] = {
    "ae": ae,
    "denoising-ae": denoising_ae,
    "vae": vae,
    "beta-vae": beta_vae,
    "beta-tcvae": beta_tcvae,
    "mmd-vae": mmd_vae,
}


def _plain(forward: Forward, x: Tensor, terms: Terms) -> Loss:
    """The loss of what has no distribution of codes: a mean over all pixels."""
    recon = forward.recon.float()  # (N, C, H, W)
    if terms.reconstruction == "mse":
        mse = functional.mse_loss(recon, x)  # in one sweep, forward and back
        return Loss(mse, mse, torch.zeros_like(mse), mse)
    error = RECONSTRUCTIONS[terms.reconstruction](recon, x)
    return Loss(error, error, torch.zeros_like(error), functional.mse_loss(recon.detach(), x))


def _summed(recon: Tensor, x: Tensor, terms: Terms) -> tuple[Tensor, Tensor]:
    """The reconstruction term summed per picture and averaged over the batch, and the mse."""
    if terms.reconstruction == "mse":
        squared = (recon - x).square()  # (N, C, H, W)
        return squared.sum(dim=(1, 2, 3)).mean(), squared.mean()
    error = RECONSTRUCTIONS[terms.reconstruction](recon, x)
    return error * x[0].numel(), functional.mse_loss(recon.detach(), x)


def _posterior(forward: Forward) -> tuple[Tensor, Tensor]:
    """Mean and log_std in float32, (N, D) each."""
    if forward.log_std is None:
        raise TypeError("a variational objective needs a network that was built for one")
    return forward.mean.float(), forward.log_std.float()
